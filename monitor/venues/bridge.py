"""REST in place of what is not streamed: once at the start, and for as long as a stream does not deliver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, VenueError
from monitor.domain.events import PollFailed
from monitor.domain.names import Venue
from monitor.venues.ledger import Ledger
from monitor.venues.session import Emit
from monitor.venues.settings import Timings
from monitor.venues.wake import Pace, Wake


class Part(NamedTuple):
    """What stands in for one row of the ledger: `needed` says whether now, `read` reads once and emits."""

    stream: str
    needed: Callable[[], bool]
    read: Callable[[], Awaitable[None]]


class Bridge:
    """Reads each part while it is needed."""

    def __init__(
        self,
        venue: Venue,
        parts: Sequence[Part],
        ledger: Ledger,
        emit: Emit,
        clock: Clock,
        timings: Timings,
        stretch: Callable[[], float],
    ) -> None:
        """`stretch` is the factor on the interval; bad answers are counted in the rows of `ledger`."""
        self._venue, self._parts, self._ledger, self._emit = venue, tuple(parts), ledger, emit
        self._clock, self._timings, self._stretch = clock, timings, stretch
        self._bell = Wake(clock)

    def ring(self) -> None:
        """Something is needed that was not before: have it read at once."""
        self._bell.ring()

    async def run(self) -> None:
        """Read what is not streamed, as often as the budget allows."""
        pace = Pace(self._clock, self._timings)
        while True:
            pause, failed = self._timings.watch_every_seconds, False
            self._bell.forget()
            for part in self._parts:
                if not part.needed():
                    continue
                pause = max(pause, self._timings.bridge_every_seconds * self._stretch())
                try:
                    await part.read()
                except VenueError as exc:
                    if isinstance(exc, MalformedAnswer):
                        self._ledger.counters[part.stream].malformed += 1
                    self._emit(PollFailed(self._venue, None, part.stream, self._clock.now(), exc.why))
                    pause, failed = max(pause, pace.pause(exc, keyless=True)), True
            if failed:
                await self._clock.sleep(pause)
            else:
                await self._bell.wait(pause)
