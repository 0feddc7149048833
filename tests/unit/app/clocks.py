"""A clock for tests: sleeping takes no time and moves it on."""

from __future__ import annotations

import asyncio


class FakeClock:
    """Starts at 1,000,000 s; `sleeps` holds every wait that was asked for."""

    def __init__(self) -> None:
        self.time = 1_000_000.0
        self.sleeps: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)
