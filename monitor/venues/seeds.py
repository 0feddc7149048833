"""Seeds of volatility: candles of each symbol held, read once, behind everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.names import Symbol
from monitor.venues.readings import Reading
from monitor.venues.settings import Timings
from monitor.venues.wake import Pace

SEED_TRIES = 3


class Seeds:
    """Which symbols were seeded, and those that wait. A symbol without candles goes without."""

    def __init__(
        self,
        read: Callable[[Symbol], Awaitable[None]],
        row: Reading,
        clock: Clock,
        timings: Timings,
        *,
        wanted: bool = True,
    ) -> None:
        """`read` reads and emits one symbol's; `row` shows how that goes; not `wanted`: nothing is ever read."""
        self._read, self._row, self._clock, self._timings = read, row, clock, timings
        self._wanted = wanted
        self._unseeded: asyncio.Queue[tuple[Symbol, int]] = asyncio.Queue()
        self._seen: set[Symbol] = set()  #: seeded, or to be

    def held(self, symbols: Collection[Symbol]) -> None:
        """These are held: each gets its seed, once."""
        if self._wanted:
            for symbol in symbols:
                if symbol not in self._seen:
                    self._seen.add(symbol)
                    self._unseeded.put_nowait((symbol, 1))

    def keep(self, worth: Callable[[Symbol], bool]) -> None:
        """Forget of which symbols not: should they come back, they are seeded anew."""
        self._seen = {symbol for symbol in self._seen if worth(symbol)}

    async def run(self) -> None:
        """Read for ever what waits."""
        pace = Pace(self._clock, self._timings)
        while True:
            if self._unseeded.empty():
                # What could not be read is given up: the volatility grows from the stream alone.
                self._row.idle(self._row.reason)
            symbol, attempt = await self._unseeded.get()
            try:
                await self._read(symbol)
            except VenueError as exc:
                self._row.failed(exc)
                if attempt < SEED_TRIES:
                    self._unseeded.put_nowait((symbol, attempt + 1))
                await self._clock.sleep(pace.pause(exc, keyless=True))
