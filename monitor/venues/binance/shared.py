"""Answers that are the same for everybody and dear: one account's key asks, and the others read what it was told."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable

from monitor.domain.clock import Clock
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.rest import Answer

YOUNG_SHARE = 0.5  #: of the interval at which each account reads a table: a younger answer is not asked for again


class Shared:
    """The last answer of each call. Whoever asks first does it for all who wait meanwhile."""

    def __init__(self, clock: Clock, every_seconds: float) -> None:
        self._clock, self._young_seconds = clock, YOUNG_SHARE * every_seconds
        self._answers: dict[Endpoint, Answer] = {}
        self._turns: defaultdict[Endpoint, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def answer(self, endpoint: Endpoint, ask: Callable[[Endpoint], Awaitable[Answer]]) -> Answer:
        """A young answer, or a new one; raises what asking raises."""
        async with self._turns[endpoint]:
            known = self._answers.get(endpoint)
            if known is None or self._clock.now() - known.received >= self._young_seconds:
                known = self._answers[endpoint] = await ask(endpoint)
            return known

    def forget(self, *endpoints: Endpoint) -> None:
        """What these told cannot be read."""
        for endpoint in endpoints:
            self._answers.pop(endpoint, None)
