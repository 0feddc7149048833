"""When each price was last told, by a frame or an answer, and whether the stream tells what REST shows. Pure.

A ticker's delta leaves out what did not change, so a symbol on which nobody trades sends nothing for a while, or sends
without a mark; that proves no mark. What was not told for `QUIET_SECONDS` is therefore read over REST, which makes its
mark new again well within the limit of its age; and where REST shows that it moves while its topic tells nothing, the
topic is dead, however alive its connection is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.domain.events import AssetTick, Event, Tick, Ticks

QUIET_SECONDS = 1.5  #: without a price for this long it is read over REST
MOVES_TO_DOUBT = 2  #: moves that REST showed in a row and the stream did not tell


@dataclass(slots=True)
class _Known:
    price: float
    at: float  #: steady time
    untold: int = 0  #: moves that only REST showed


class Freshness:
    """Prices of symbols, or of assets."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def streamed(self, event: Event, now: float) -> None:
        """A frame told this."""
        for name, price in _prices(event):
            self._known[name] = _Known(price, now)

    def read(self, event: Event, now: float) -> list[str]:
        """REST told this; returns what moved again and again without a word of its stream."""
        doubtful = []
        for name, price in _prices(event):
            known = self._known.setdefault(name, _Known(price, now))
            if known.price != price:
                known.untold += 1
            known.price, known.at = price, now
            if known.untold >= MOVES_TO_DOUBT:
                known.untold = 0
                doubtful.append(name)
        return doubtful

    def quiet(self, names: Iterable[str], now: float, seconds: float = QUIET_SECONDS) -> tuple[str, ...]:
        """Which of these were not told for so long, or never."""
        return tuple(name for name in names if name not in self._known or now - self._known[name].at >= seconds)

    def price(self, name: str) -> float | None:
        """The price that was told last; None: never."""
        known = self._known.get(name)
        return None if known is None else known.price

    def keep(self, names: Iterable[str]) -> None:
        """Forget all others."""
        kept = set(names)
        self._known = {name: known for name, known in self._known.items() if name in kept}


def _prices(event: Event) -> Iterable[tuple[str, float]]:
    match event:
        case Tick():
            return ((event.symbol, event.mark),)
        case Ticks():
            return zip(event.symbols, event.marks, strict=True)
        case AssetTick():
            return ((event.asset, event.price_usd),)
        case _:
            return ()
