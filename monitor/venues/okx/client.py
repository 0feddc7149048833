"""Asking OKX: one budget, one clock and one connection pool for the venue, whatever the account."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.events import Banned, ClockRead
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import Budget
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.ledger import KEPT_FRAMES, shortened
from monitor.venues.okx import answers, refusals
from monitor.venues.okx.endpoints import DEMO_HEADER, SERVER_TIME, Endpoint
from monitor.venues.okx.limits import Dials, EndpointLimits
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials

ORIGIN = "https://{hostname}"  #: as the library writes it
CLOCK_SAMPLES = 3
NO_REASON = "429"  #: too many requests, says something in front of the venue, and not which


class Client:
    """Sends requests within the limits and turns refusals into our errors."""

    def __init__(self, settings: OkxSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        self._settings, self._emit, self._clock, self._recorder = settings, emit, clock, recorder
        headers = dict([DEMO_HEADER]) if settings.demo else {}
        origins = {ORIGIN: settings.urls.rest}
        self._rest = Rest(VENUE, "okx", origins, clock, settings.timings.request_seconds, headers=headers)
        self.budget = WeightBudget(VENUE, settings.requests_per_minute, settings.weight_share)
        self.offset_seconds: float | None = None
        self.malformed: deque[str] = deque(maxlen=KEPT_FRAMES)  #: answers that were no data at all, shortened
        self._gate = Gate(self.budget, clock)
        self._limits = EndpointLimits(settings.weight_share, clock)
        self.dials = Dials(clock)
        self._measuring: asyncio.Task[tuple[Answer, ...]] | None = None

    def venue_now(self) -> float:
        """The venue's time as far as we know it."""
        return self._gate.now()

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
                self._hold(error, banned=str(error.code) != NO_REASON)
        if isinstance(error, MalformedAnswer):
            self.malformed.append(shortened(f"{endpoint.what}: {error.why}", answer.body))
        if error is not None:
            raise error
        return answer

    def _hold(self, error: RateLimited, *, banned: bool) -> None:
        """Let nothing pass before that time."""
        known = self.budget.banned_until or 0.0
        self.budget.hold(error.until + self._gate.offset_seconds, banned=banned)
        # Requests that were under way are refused too, with the same end to within the rounding of the header.
        if banned and (self.budget.banned_until or 0.0) > known + 1.0:
            self._emit(Banned(VENUE, error.until, self._clock.now()))

    async def measure_clock(self) -> tuple[Answer, ...]:
        """Measure the venue's clock and use it: the sample with the shortest way there and back counts. Whoever asks
        while it is being measured waits for that measurement.
        """
        if self._measuring is None or self._measuring.done():
            self._measuring = asyncio.create_task(self._measure())
        return await asyncio.shield(self._measuring)

    async def _measure(self) -> tuple[Answer, ...]:
        said = [await self._ask_once(SERVER_TIME, {}, None, None, Priority.NEEDED) for _ in range(CLOCK_SAMPLES)]
        samples = []
        for answer in said:
            middle = (answer.asked + answer.received) / 2
            samples.append((answer.received - answer.asked, self._time(answer) - middle))
        round_trip, offset = min(samples)
        self.offset_seconds = offset
        self._rest.apply_offset(offset)
        self._gate.offset_seconds = offset
        self._emit(ClockRead(VENUE, offset, round_trip, self._clock.now()))
        return tuple(said)

    def _time(self, answer: Answer) -> float:
        try:
            return answers.server_time(answer.body)
        except MalformedAnswer as exc:
            self.malformed.append(shortened(f"{exc.what}: {exc.why}", answer.body))
            raise

    def view(self) -> Budget:
        """What we use of what our address may ask, with times by our own clock; by our own count, OKX tells none."""
        budget = self.budget.view(self.venue_now())
        if budget.banned_until is None:
            return budget
        return replace(budget, banned_until=budget.banned_until - (self.offset_seconds or 0.0))

    async def close(self) -> None:
        """Let go of connections."""
        if self._measuring is not None:
            self._measuring.cancel()
            await asyncio.gather(self._measuring, return_exceptions=True)
        await self._rest.close()
