"""Which contracts a table has, and when it is worth reading again for one that it lacks. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor.domain.names import Symbol


class Contents:
    """What one table contains of what is held. One that was never read lacks nothing: it is being read anyway.

    A contract listed since the last reading is found by the first new one. What is still missing then is looked for
    again after `spacing_seconds`, then after twice as long, and so on up to `cap_seconds`: a contract that the table
    never gets costs a handful of readings, and then no more than the table's own interval.
    """

    def __init__(self, spacing_seconds: float, cap_seconds: float) -> None:
        self._spacing, self._cap = min(spacing_seconds, cap_seconds), cap_seconds
        self._there: frozenset[Symbol] | None = None
        self._looked_for: dict[Symbol, tuple[float, float]] = {}  #: until when it is not again, and how long that was

    def read(self, symbols: Iterable[Symbol], now: float) -> None:
        """The table was read. An empty one is a bad answer, and takes no other's place."""
        there = frozenset(symbols)
        if there or self._there is None:
            self._there = there
        # What was not asked for in the meantime is no longer held.
        self._looked_for = {
            symbol: (until, wait)
            for symbol, (until, wait) in self._looked_for.items()
            if symbol not in self._there and now < until + self._cap
        }

    def __contains__(self, symbol: object) -> bool:
        """Whether the table has it, as it was last read."""
        return self._there is not None and symbol in self._there

    def worth_reading(self, held: Iterable[Symbol], now: float) -> bool:
        """Whether to read the table now for one of these; True is an answer that will be acted upon."""
        if self._there is None:
            return False
        due = False
        for symbol in held:
            if symbol not in self._there:
                until, waited = self._looked_for.get(symbol, (now, 0.0))
                if now >= until:
                    wait = min(max(2.0 * waited, self._spacing), self._cap)
                    self._looked_for[symbol] = (now + wait, wait)
                    due = True
        return due
