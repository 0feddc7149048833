"""Waiting: for a time, or until somebody asks; and trying again at a pace. Shared by all polls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from monitor.domain.clock import Clock
from monitor.domain.errors import MarginwatchError, RateLimited, Refused, VenueError
from monitor.venues.backoff import Backoff, Verdict, verdict
from monitor.venues.settings import Timings

OVER_SECONDS = 1e-6  #: what is left of a wait when it counts as over: less than that may round to no step of a clock
RECONSIDERED_SECONDS = 2.0  #: a wait longer than this looks halfway whether it is still to be so long


T = TypeVar("T")


async def together(*work: Coroutine[Any, Any, T]) -> list[T]:
    """All of these at once, and what each gave. The first that fails ends the others, and its error comes out as it
    was: one of ours before a bug that it caused.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one) for one in work]
    except BaseExceptionGroup as failed:
        ours = [one for one in failed.exceptions if isinstance(one, MarginwatchError)]
        raise (ours or failed.exceptions)[0] from None
    return [task.result() for task in tasks]


class Wake:
    """A bell: many rings before somebody looks are one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Never blocks."""
        self._rung.set()

    def forget(self) -> None:
        """Whoever rang until now is answered by what is done now."""
        self._rung.clear()

    async def wait(self, seconds: float) -> bool:
        """Wait until the bell rings (True) or the time is over (False); the ring is used up."""
        ring = asyncio.ensure_future(self._rung.wait())
        timer = asyncio.ensure_future(self._clock.sleep(max(0.0, seconds)))
        try:
            await asyncio.wait({ring, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ring.cancel()
            timer.cancel()
        rung = self._rung.is_set()
        self._rung.clear()
        return rung


class Pace:
    """How long to wait after each failure of one thing. It never gives up: who did would be blind until a restart.

    What a person must cure is asked for ever more rarely: venues also refuse good keys for a moment, but one that is
    refused `REFUSALS` times in a row waits for a person, who may cure it at the venue, where we are not told of it.
    """

    REFUSALS = 3

    def __init__(self, clock: Clock, timings: Timings) -> None:
        self._clock, self._timings = clock, timings
        self._backoff = Backoff(timings)
        self._refusals = 0

    def worked(self) -> None:
        """It succeeded once; refusals are counted anew. The back-off only starts anew by what `pause` is told."""
        self._refusals = 0

    def pause(self, exc: VenueError, *, live_seconds: float = 0.0, keyless: bool = False) -> float:
        """Seconds to wait after this failure. `keyless`: asked without a key, so that no person can cure a refusal."""
        match verdict(exc):
            case Verdict.WAIT_UNTIL if isinstance(exc, RateLimited):
                return max(0.0, exc.until - self._clock.now())
            case Verdict.STOP:
                self._refusals += 1
                for_good = self._refusals >= self.REFUSALS and not keyless
                return self._timings.refused_every_seconds if for_good else self._timings.rate_limited_seconds
            case _:
                return self._backoff.after(live_seconds)


class Poll:
    """Something that is read at an interval, at once after a start, and soon after a ring.

    `read` raises our errors; `failed` is told of each. `keyless` as in `Pace.pause`.
    """

    def __init__(
        self,
        read: Callable[[], Awaitable[None]],
        interval: Callable[[], float],
        failed: Callable[[VenueError], None],
        clock: Clock,
        timings: Timings,
        *,
        keyless: bool = False,
    ) -> None:
        self._read, self._interval, self._failed = read, interval, failed
        self._clock, self._timings, self._keyless = clock, timings, keyless
        self._bell = Wake(clock)

    def ring(self) -> None:
        """Have it read soon."""
        self._bell.ring()

    async def run(self) -> None:
        """Read for ever."""
        pace = Pace(self._clock, self._timings)
        good_since: float | None = None
        while True:
            began = self._clock.monotonic()
            self._bell.forget()
            try:
                await self._read()
            except VenueError as exc:
                self._failed(exc)
                good = 0.0 if good_since is None else began - good_since
                good_since = None
                pause = pace.pause(exc, live_seconds=good, keyless=self._keyless)
                # A limit's end is waited for, whatever the interval; all else is tried again within it.
                await self._clock.sleep(pause if isinstance(exc, RateLimited | Refused) else self._within(pause))
                continue
            pace.worked()
            good_since = began if good_since is None else good_since
            await self._until_next(began)

    def _within(self, pause: float) -> float:
        return min(pause, self._interval())

    async def _until_next(self, began: float) -> None:
        """To the end of the interval, or to a ring: then a moment longer, for rings come in bursts.

        How long the interval is, is asked again on the way: what made it long may be over before it is.
        """
        rung, since = False, self._clock.monotonic()
        while not rung:
            left = self._interval() - (self._clock.monotonic() - since)
            if left <= OVER_SECONDS:
                return
            rung = await self._bell.wait(left if left <= RECONSIDERED_SECONDS else left / 2)
        spacing = self._timings.resync_spacing_seconds - (self._clock.monotonic() - began)
        await self._clock.sleep(max(self._timings.resync_settle_seconds, spacing))
