"""Asking Binance: one budget, one clock and one connection pool for the venue, whatever the account."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.events import Banned, ClockRead
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import Budget
from monitor.venues.binance import answers, refusals
from monitor.venues.binance.endpoints import KEYED, SERVER_TIME, USED_WEIGHT_HEADER, Endpoint, Host
from monitor.venues.binance.settings import BinanceSettings
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.ledger import KEPT_FRAMES, shortened
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials

VENUE = refusals.VENUE
FAPI_ORIGIN, SAPI_ORIGIN = "https://fapi.binance.com", "https://api.binance.com"
SAPI_WEIGHT_PER_MINUTE = 6000
CLOCK_SAMPLES = 3


class Client:
    """Sends requests within the budget and turns refusals into our errors."""

    def __init__(self, settings: BinanceSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        self._settings, self._emit, self._clock, self._recorder = settings, emit, clock, recorder
        origins = {FAPI_ORIGIN: settings.urls.fapi, SAPI_ORIGIN: settings.urls.sapi}
        self._rest = Rest(VENUE, "binance", origins, clock, settings.timings.request_seconds)
        self.budget = WeightBudget(VENUE, settings.weight_per_minute, settings.weight_share)
        self.offset_seconds: float | None = None
        self.malformed: deque[str] = deque(maxlen=KEPT_FRAMES)  #: answers that were no data at all, shortened
        self._gates = {
            Host.FAPI: Gate(self.budget, clock),
            Host.SAPI: Gate(WeightBudget(VENUE, SAPI_WEIGHT_PER_MINUTE, settings.weight_share), clock),
        }

    def venue_now(self) -> float:
        """The venue's time as far as we know it."""
        return self._gates[Host.FAPI].now()

    async def ask(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str | int] | None = None,
        credentials: Credentials | None = None,
        *,
        account: str | None = None,
        weight: int | None = None,
        priority: Priority = Priority.NEEDED,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        """Send one request when the budget allows and return its data; `waits` is told where that takes long.
        `account` is the name of the one that is asked about, None for what everybody may see.

        A refused timestamp is answered by measuring the clock and asking once more. Raises `RateLimited` at once while
        the venue holds us off, and the other `VenueError`s as `refusals` reads them.
        """
        try:
            return await self._ask_once(endpoint, params or {}, credentials, account, weight, priority, waits)
        except ClockSkewed:
            await self.measure_clock()
            return await self._ask_once(endpoint, params or {}, credentials, account, weight, priority, waits)

    async def _ask_once(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str | int],
        credentials: Credentials | None,
        account: str | None,
        weight: int | None,
        priority: Priority,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        gate = self._gates[endpoint.host]
        weight = endpoint.weight if weight is None else weight
        async with gate.request(endpoint.what, weight, priority, waits) as request:
            answer = await self._rest.call(endpoint.ccxt, params, endpoint.what, credentials)
            body = b"" if endpoint in KEYED else answer.body
            self._recorder.answer(VENUE, account, endpoint.name, answer.status, body, answer.asked, answer.received)
            if endpoint.host is Host.FAPI:
                request.measured = _whole(answer.headers.get(USED_WEIGHT_HEADER))
            error = refusals.judge(answer, endpoint.what, self._settings.timings.rate_limited_seconds)
            if isinstance(error, RateLimited):
                self._hold(error, banned=answer.status == refusals.BANNED_STATUS)
        if isinstance(error, MalformedAnswer):
            self.malformed.append(shortened(f"{endpoint.what}: {error.why}", answer.body))
        if error is not None:
            raise error
        return answer

    def _hold(self, error: RateLimited, *, banned: bool) -> None:
        """Let nothing pass before the time that the venue named, on any of its hosts: they share our address."""
        known = self.budget.banned_until or 0.0
        for gate in self._gates.values():
            gate.budget.hold(error.until + gate.offset_seconds, banned=banned)
        # Requests that were under way are refused too, with the same end to within the rounding of the header.
        if banned and (self.budget.banned_until or 0.0) > known + 1.0:
            self._emit(Banned(VENUE, error.until, self._clock.now()))

    async def measure_clock(self) -> tuple[Answer, ...]:
        """Measure the venue's clock and use it: the sample with the shortest way there and back counts."""
        samples = []
        said = [await self._ask_once(SERVER_TIME, {}, None, None, None, Priority.NEEDED) for _ in range(CLOCK_SAMPLES)]
        for answer in said:
            middle = (answer.asked + answer.received) / 2
            samples.append((answer.received - answer.asked, self._time(answer) - middle))
        round_trip, offset = min(samples)
        self.offset_seconds = offset
        self._rest.apply_offset(offset)
        for gate in self._gates.values():
            gate.offset_seconds = offset
        self._emit(ClockRead(VENUE, offset, round_trip, self._clock.now()))
        return tuple(said)

    def _time(self, answer: Answer) -> float:
        try:
            return answers.server_time(answer.body)
        except MalformedAnswer as exc:
            self.malformed.append(shortened(f"{exc.what}: {exc.why}", answer.body))
            raise

    def view(self) -> Budget:
        """The request weight of this address, with times by our own clock."""
        budget = self.budget.view(self.venue_now())
        if budget.banned_until is None:
            return budget
        return replace(budget, banned_until=budget.banned_until - (self.offset_seconds or 0.0))

    async def close(self) -> None:
        """Let go of connections."""
        await self._rest.close()


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
