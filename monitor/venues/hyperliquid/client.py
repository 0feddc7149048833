"""Asking Hyperliquid: one question after another of one path, one budget and one clock for all addresses. No key."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, RateLimited
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.asking import VenueClient
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.hyperliquid import answers, refusals
from monitor.venues.hyperliquid.endpoints import CCXT, STATUS, Info, weight_of
from monitor.venues.hyperliquid.settings import VENUE, HyperliquidSettings
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit

ORIGIN = "https://api.{hostname}"  #: as the library writes it


class Client(VenueClient):
    """Sends requests within the budget and turns refusals into our errors."""

    def __init__(
        self, settings: HyperliquidSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED
    ) -> None:
        self._settings, self._recorder = settings, recorder
        rest = Rest(VENUE, "hyperliquid", {ORIGIN: settings.urls.rest}, clock, settings.timings.request_seconds)
        # What we used is our own count: the venue tells none.
        self._gate = Gate(WeightBudget(VENUE, settings.weight_per_minute, settings.weight_share), clock)
        super().__init__(VENUE, rest, [self._gate], emit, clock)

    async def ask(
        self,
        info: Info,
        params: Mapping[str, object] | None = None,
        *,
        account: str | None = None,
        priority: Priority = Priority.NEEDED,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        """Send one question when the budget allows, and return its answer; `waits` is told where that takes long.
        `account` is the name of the one that is asked about, None for what everybody may see.

        Raises `RateLimited` at once while the venue holds us off, and the other `VenueError`s as `refusals` reads them.
        """
        async with self._gate.request(info.what, info.weight, priority, waits):
            answer = await self._rest.call(CCXT, {"type": info.type, **(params or {})}, info.what)
        self._recorder.answer(VENUE, account, info.name, answer.status, answer.body, answer.asked, answer.received)
        error = refusals.judge(answer, info.what, self._settings.timings.rate_limited_seconds)
        if isinstance(error, RateLimited):
            # There is no limit but that of the address.
            self.hold(error, banned="retry-after" in answer.headers)
        if isinstance(error, MalformedAnswer):
            self.keep(error, answer)
        if error is not None:
            raise error
        self._weigh_rows(info, answer)
        return answer

    def _weigh_rows(self, info: Info, answer: Answer) -> None:
        """Long answers weigh more than was known when they were asked for."""
        more = weight_of(info, rows_in(answer.body)) - info.weight if info.rows_a_weight else 0
        if more:
            now = self._gate.now()
            self.budget.take(more, now)
            self.budget.settle(more, None, now)

    async def _ask_time(self) -> Answer:
        return await self.ask(STATUS)

    def _time_in(self, answer: Answer) -> float:
        return answers.server_time(answer.body)


def rows_in(body: bytes) -> int:
    """How many rows an answer has; 0 where it is no list."""
    try:
        return len(msgspec.json.decode(body, type=list[msgspec.Raw]))
    except (ValueError, RecursionError):
        return 0
