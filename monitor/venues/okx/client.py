"""Asking OKX: one budget, one clock and one connection pool for the venue, whatever the account."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.asking import VenueClient
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.okx import answers, refusals
from monitor.venues.okx.endpoints import DEMO_HEADER, SERVER_TIME, Endpoint
from monitor.venues.okx.limits import Dials, EndpointLimits
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials

ORIGIN = "https://{hostname}"  #: as the library writes it
NO_REASON = "429"  #: too many requests, says something in front of the venue, and not which


class Client(VenueClient):
    """Sends requests within the limits and turns refusals into our errors."""

    def __init__(self, settings: OkxSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        self._settings, self._recorder = settings, recorder
        headers = dict([DEMO_HEADER]) if settings.demo else {}
        origins = {ORIGIN: settings.urls.rest}
        rest = Rest(VENUE, "okx", origins, clock, settings.timings.request_seconds, headers=headers)
        # What we used is our own count: the venue tells none.
        self._gate = Gate(WeightBudget(VENUE, settings.requests_per_minute, settings.weight_share), clock)
        super().__init__(VENUE, rest, [self._gate], emit, clock)
        self._limits = EndpointLimits(settings.weight_share, clock)
        self.dials = Dials(clock)
        self._measuring: asyncio.Task[tuple[Answer, ...]] | None = None

    async def ask(
        self,
        endpoint: Endpoint,
        params: Mapping[str, object] | None = None,
        credentials: Credentials | None = None,
        *,
        account: str | None = None,
        priority: Priority = Priority.NEEDED,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        """Send one request when its limits and the budget allow, and return its data; `waits` is told where the budget
        makes that take long. `account` is the name of the one that is asked about, None for what everybody may see.

        A refused timestamp is answered by measuring the clock and asking once more. Raises `RateLimited` at once while
        the venue holds us off, and the other `VenueError`s as `refusals` reads them.
        """
        try:
            return await self._ask_once(endpoint, params or {}, credentials, account, priority, waits)
        except ClockSkewed:
            await self.measure_clock()
            return await self._ask_once(endpoint, params or {}, credentials, account, priority, waits)

    async def _ask_once(
        self,
        endpoint: Endpoint,
        params: Mapping[str, object],
        credentials: Credentials | None,
        account: str | None,
        priority: Priority,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        self._gate.check(endpoint.what)
        await self._limits.pass_by(endpoint, account)
        async with self._gate.request(endpoint.what, endpoint.weight, priority, waits):
            answer = await self._rest.call(endpoint.ccxt, params, endpoint.what, credentials)
        self._recorder.answer(VENUE, account, endpoint.name, answer.status, answer.body, answer.asked, answer.received)
        error = refusals.judge(answer, endpoint.what, self._settings.timings.rate_limited_seconds)
        if isinstance(error, RateLimited):
            wait = error.until - answer.received
            if error.code in refusals.LIMITS and wait <= max(endpoint.seconds, refusals.LIMIT_WINDOW_SECONDS):
                self._limits.reached(endpoint, account, wait)
            else:
                # No limit's window lasts so long, or none was named: it is our address that is turned away.
                self.hold(error, banned=str(error.code) != NO_REASON)
        if isinstance(error, MalformedAnswer):
            self.keep(error, answer)
        if error is not None:
            raise error
        return answer

    async def measure_clock(self) -> tuple[Answer, ...]:
        """Measure the venue's clock and use it. Whoever asks while it is being measured waits for that measurement."""
        if self._measuring is None or self._measuring.done():
            self._measuring = asyncio.create_task(super().measure_clock())
        return await asyncio.shield(self._measuring)

    async def _ask_time(self) -> Answer:
        return await self._ask_once(SERVER_TIME, {}, None, None, Priority.NEEDED)

    def _time_in(self, answer: Answer) -> float:
        return answers.server_time(answer.body)

    async def close(self) -> None:
        """Let go of connections."""
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.gather(self._measuring, return_exceptions=True)
        await super().close()
