"""Whether marks that are told by their places are told under the right names. Pure.

A frame of all marks names no perpetual: it holds them in the order of the universe that was read. Two things prove that
place i still is perpetual i. What an account holds has a mark of its own in the account's states, by its name; and no
venue's prices leap all at once. Marks of a dex that fail either are held back, and the perpetuals are read anew: until
then the last good marks stand, and grow old as any others do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.domain.events import AssetTick, Event, FundingRates, Ticks
from monitor.domain.frames import Decoded, RowProblem
from monitor.domain.names import Symbol
from monitor.venues.hyperliquid.codec_prices import STALE_UNIVERSE
from monitor.venues.hyperliquid.names import FIRST_DEX, Universe, dex_of
from monitor.venues.hyperliquid.oracles import Contexts

ODD = 0.05  #: ratio by which no mark moves between a frame of marks and one of states: the perpetuals are read anew
LEAP = 0.25  #: ratio beyond which a mark is taken for that of another perpetual
LEAPING_SHARE = 0.1  #: of a dex's perpetuals; fewer may leap by themselves
LEAPING = 2  #: at least
OWN_SECONDS = 10.0  #: as long as a mark out of an account's states speaks against others
LAST_SECONDS = 60.0  #: after which prices may be anywhere


@dataclass(slots=True)
class Places:
    """What is known by name, and what was streamed last; times are those of receipt, in seconds since 1970."""

    _own: dict[Symbol, tuple[float, float]] = field(default_factory=dict)  #: by accounts' states, and when
    _last: dict[str, tuple[Mapping[Symbol, float], Universe, float]] = field(default_factory=dict)  #: by dex

    def own(self, symbol: Symbol, mark: float, now: float) -> bool:
        """Keep the mark that an account's own states tell; whether it is odd beside the last one streamed."""
        self._own[symbol] = mark, now
        marks, _, _ = self._last.get(dex_of(symbol), ({}, None, now))
        return symbol in marks and _off(marks[symbol], mark) > ODD

    def put(self, decoded: Decoded, known: Universe, now: float) -> Decoded:
        """A frame as the codec gave it: without the dexs whose places cannot be right."""
        ticks = next((event for event in decoded.events if isinstance(event, Ticks)), None)
        if ticks is None or not isinstance(decoded, Contexts):
            return decoded
        by_dex: dict[str, dict[Symbol, float]] = {}
        for symbol, mark in zip(ticks.symbols, ticks.marks, strict=True):
            by_dex.setdefault(dex_of(symbol), {})[symbol] = mark
        doubted: list[str] = []
        for dex, marks in by_dex.items():
            if self._contradicted(marks, now) or self._leapt(dex, marks, known, now):
                doubted.append(dex)
            else:
                self._last[dex] = marks, known, now
        return _without(decoded, frozenset(doubted)) if doubted else decoded

    def _contradicted(self, marks: Mapping[Symbol, float], now: float) -> bool:
        return any(
            symbol in marks and _off(marks[symbol], own) > LEAP
            for symbol, (own, at) in self._own.items()
            if abs(now - at) <= OWN_SECONDS
        )

    def _leapt(self, dex: str, marks: Mapping[Symbol, float], known: Universe, now: float) -> bool:
        """Whether many marks leapt at once, and the perpetuals were not read anew since."""
        before, read, at = self._last.get(dex, ({}, known, now))
        if read is not known or now - at > LAST_SECONDS:
            return False
        leaps = sum(1 for symbol, mark in marks.items() if symbol in before and _off(mark, before[symbol]) > LEAP)
        return leaps >= max(LEAPING, LEAPING_SHARE * len(marks))


def _off(mark: float, other: float) -> float:
    return max(mark / other, other / mark) - 1.0


def _without(decoded: Contexts, doubted: frozenset[str]) -> Decoded:
    events: list[Event] = []
    for event in decoded.events:
        if isinstance(event, Ticks):
            rows = zip(event.symbols, event.marks, event.venue_times, strict=True)
            kept = [row for row in rows if dex_of(row[0]) not in doubted]
            if kept:
                symbols, marks, times = zip(*kept, strict=True)
                events.append(replace(event, symbols=symbols, marks=marks, venue_times=times))
        elif isinstance(event, FundingRates):
            paid = [
                row
                for row in zip(event.symbols, event.rates, event.next_times, strict=True)
                if dex_of(row[0]) not in doubted
            ]
            if paid:
                names, rates, due = zip(*paid, strict=True)
                events.append(replace(event, symbols=names, rates=rates, next_times=due))
        elif not (isinstance(event, AssetTick) and FIRST_DEX in doubted):
            events.append(event)
    why = "marks are quite others than those of accounts' own states or of before: held back"
    problems = tuple(RowProblem(f"dex {dex[:12] or 'first'}", why) for dex in sorted(doubted))
    oracles = {dex: prices for dex, prices in decoded.oracles.items() if dex not in doubted}
    return replace(
        decoded, events=tuple(events), problems=(*decoded.problems, *problems), why=STALE_UNIVERSE, oracles=oracles
    )
