"""How late an event loop is: a tick each millisecond notes how long after its time it came."""

from __future__ import annotations

import asyncio
import os
import time
from bisect import bisect_left

TICK_SECONDS = 0.001


class Ticker:
    """Ticks until it is cancelled. Times are those of the monotonic clock.

    `late` is by tick how late it came, `waited` how long this thread had no core meanwhile though it wanted one.
    """

    def __init__(self) -> None:
        self.due: list[float] = []
        self.late: list[float] = []
        self.waited: list[float] = []

    async def run(self) -> None:
        """Tick for ever. A tick that comes late does not make the next ones late."""
        schedule = os.open("/proc/thread-self/schedstat", os.O_RDONLY)
        try:
            waited = _waited(schedule)
            while True:
                due = time.monotonic() + TICK_SECONDS
                await asyncio.sleep(TICK_SECONDS)
                self.due.append(due)
                self.late.append(max(0.0, time.monotonic() - due))
                before, waited = waited, _waited(schedule)
                self.waited.append(waited - before)
        finally:
            os.close(schedule)

    def worst(self, begin: float, end: float) -> float:
        """The greatest lateness of the ticks that were due, or came, between two moments; 0 without any. What others
        took of the core is no stall of this loop.
        """
        first, last = bisect_left(self.due, begin - TICK_SECONDS), bisect_left(self.due, end)
        return max(self.own()[first:last], default=0.0)

    def own(self) -> list[float]:
        """How late each tick came without what other processes, or threads of ours, took of the core."""
        return [max(0.0, late - waited) for late, waited in zip(self.late, self.waited, strict=True)]

    def clear(self) -> None:
        """Forget all ticks so far."""
        self.due.clear()
        self.late.clear()
        self.waited.clear()


def _waited(schedule: int) -> float:
    """Seconds that the thread spent waiting for a core."""
    return int(os.pread(schedule, 64, 0).split()[1]) * 1e-9
