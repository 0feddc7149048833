"""The one real clock. Everything else gets time as an argument."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable


class SystemClock:
    """Wall time, monotonic time and sleeping, as the operating system and the running loop give them.

    Where the system's clock is set back, ours goes on from where it was, and stays ahead by as much until the process
    ends: a reading asked for after that would seem older than the one before it, and what is held would never age. The
    measured offset of a venue's clock takes the difference out again.
    """

    def __init__(self, wall: Callable[[], float] = time.time) -> None:
        self._wall = wall
        self._ahead_seconds = 0.0
        self._last = 0.0

    def now(self) -> float:
        """Seconds since 1970; never less than before."""
        now = self._wall() + self._ahead_seconds
        if now < self._last:
            self._ahead_seconds += self._last - now
            now = self._last
        self._last = now
        return now

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean something."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`."""
        await asyncio.sleep(seconds)
