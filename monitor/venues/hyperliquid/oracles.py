"""How long the oracle of a builder's dex has stood still.

No answer and no frame says when a deployer fed its oracle last, and after ten seconds without feeding the venue goes by
the dex's own book. One coin may rest, but where *all* oracle prices of a dex stand still, nobody feeds it: then its
marks are as old as the last change, and the engine's limit on the age of a mark says the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.domain.events import Event, Ticks
from monitor.domain.frames import Decoded
from monitor.venues.hyperliquid.names import FIRST_DEX, dex_of


@dataclass(frozen=True, slots=True)
class Contexts(Decoded):
    """A frame of marks, with the oracle prices that it showed: all of a dex, by its name."""

    oracles: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class Oracles:
    """What the oracles of all builders' dexs said last, and since when. One is held for each connection."""

    limit_seconds: float
    _last: dict[str, tuple[tuple[float | None, ...], float]] = field(default_factory=dict)

    def put(self, decoded: Decoded, now: float) -> Decoded:
        """A frame as the codec gave it: marks of a dex that stands still have the time of its last change."""
        if not isinstance(decoded, Contexts):
            return decoded
        for dex, prices in decoded.oracles.items():
            if dex != FIRST_DEX and (dex not in self._last or self._last[dex][0] != prices):
                self._last[dex] = prices, now
        still = self.still(now)
        if not still:
            return decoded
        return replace(decoded, events=tuple(_aged(event, still) for event in decoded.events))

    def still(self, now: float) -> dict[str, float]:
        """Dexs whose oracles stand still for longer than the limit, with the time of their last change."""
        return {dex: at for dex, (_, at) in self._last.items() if now - at > self.limit_seconds}


def _aged(event: Event, still: Mapping[str, float]) -> Event:
    if not isinstance(event, Ticks):
        return event
    columns = zip(event.symbols, event.venue_times, strict=True)
    return replace(event, venue_times=tuple(min(at, still.get(dex_of(symbol), at)) for symbol, at in columns))
