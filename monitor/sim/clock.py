"""The clock that a simulator reads when none is given. Tests give one that they move by hand."""

from __future__ import annotations

import asyncio
import time


class WallClock:
    """The machine's time."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never jump."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`."""
        await asyncio.sleep(seconds)


class ManualClock:
    """A clock that moves only when told to; `sleep` moves it and yields once, so that nothing really waits."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._start = now

    def now(self) -> float:
        """Seconds since 1970."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since this clock was made."""
        return self._now - self._start

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self._now += seconds

    async def sleep(self, seconds: float) -> None:
        """Let `seconds` pass and give the others a turn."""
        self._now += seconds
        await asyncio.sleep(0)
