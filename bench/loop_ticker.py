"""How late an event loop is: a tick each millisecond notes how long after its time it came."""

from __future__ import annotations

import asyncio
import time
from bisect import bisect_left

TICK_SECONDS = 0.001


class Ticker:
    """Ticks until it is cancelled. Times are those of the monotonic clock."""

    def __init__(self) -> None:
        self.due: list[float] = []
        self.late: list[float] = []

    async def run(self) -> None:
        """Tick for ever. A tick that comes late does not make the next ones late."""
        while True:
            due = time.monotonic() + TICK_SECONDS
            await asyncio.sleep(TICK_SECONDS)
            self.due.append(due)
            self.late.append(max(0.0, time.monotonic() - due))

    def worst(self, begin: float, end: float) -> float:
        """The greatest lateness of the ticks that were due, or came, between two moments; 0 without any."""
        first, last = bisect_left(self.due, begin - TICK_SECONDS), bisect_left(self.due, end)
        return max(self.late[first:last], default=0.0)
