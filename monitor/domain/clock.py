"""Time as an argument: what a clock offers. Reading one is the business of `app` and of the venues' transport only."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Wall time for stamps, monotonic time for ages and deadlines, and sleeping."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait at least `seconds`."""
        ...
