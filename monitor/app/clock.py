"""The one real clock. Everything else gets time as an argument."""

from __future__ import annotations

import asyncio
import time


class SystemClock:
    """Wall time, monotonic time and sleeping, as the operating system and the running loop give them."""

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean something."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`."""
        await asyncio.sleep(seconds)
