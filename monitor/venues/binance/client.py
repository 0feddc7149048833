"""Asking Binance: one budget, one clock and one connection pool for the venue, whatever the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import Budget
from monitor.venues.asking import VenueClient
from monitor.venues.binance import answers, refusals
from monitor.venues.binance.calls import ADDED, KEYED, SIGNED_LIKE
from monitor.venues.binance.endpoint import LIMITS_PER_MINUTE, ORIGINS, Endpoint, Pool
from monitor.venues.binance.endpoints import SERVER_TIME, USED_WEIGHT_HEADER
from monitor.venues.binance.settings import BinanceSettings
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials

VENUE = refusals.VENUE
_TOLD = frozenset({Pool.FUTURES, Pool.PAPI})  #: pools whose answers carry the venue's own count


class Client(VenueClient):
    """Sends requests within the budget and turns refusals into our errors."""

    def __init__(self, settings: BinanceSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        self._settings, self._recorder = settings, recorder
        origins = {origin: getattr(settings.urls, host.value) for host, origin in ORIGINS.items()}
        rest = Rest(
            VENUE,
            "binance",
            origins,
            clock,
            settings.timings.request_seconds,
            added=ADDED,
            signed_like=SIGNED_LIKE,
        )
        limits = {**LIMITS_PER_MINUTE, Pool.FUTURES: settings.weight_per_minute}
        self._gates = {pool: Gate(WeightBudget(VENUE, limits[pool], settings.weight_share), clock) for pool in Pool}
        super().__init__(VENUE, rest, tuple(self._gates.values()), emit, clock)

    def view(self) -> Budget:
        """How much we use of the limit that we are nearest to, and until when we may ask nothing, by our own clock."""
        now = self.venue_now()
        used = max(gate.budget.view(now).used_ratio for gate in self._gates.values())
        return replace(super().view(), used_ratio=used)

    def budget_of(self, pool: Pool) -> WeightBudget:
        """What may be asked that counts against this limit; `budget` is that of the futures."""
        return self._gates[pool].budget

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
        gate = self._gates[endpoint.pool]
        weight = endpoint.weight if weight is None else weight
        async with gate.request(endpoint.what, weight, priority, waits) as request:
            answer = await self._rest.call(endpoint.ccxt, params, endpoint.what, credentials)
            body = b"" if endpoint in KEYED else answer.body
            self._recorder.answer(VENUE, account, endpoint.name, answer.status, body, answer.asked, answer.received)
            if endpoint.pool in _TOLD:
                request.measured = _whole(answer.headers.get(USED_WEIGHT_HEADER))
            error = refusals.judge(answer, endpoint.what, self._settings.timings.rate_limited_seconds)
            if isinstance(error, RateLimited):
                self.hold(error, banned=answer.status == refusals.BANNED_STATUS)
        if isinstance(error, MalformedAnswer) and endpoint not in KEYED:
            self.keep(error, answer)
        if error is not None:
            raise error
        return answer

    async def _ask_time(self) -> Answer:
        return await self._ask_once(SERVER_TIME, {}, None, None, None, Priority.NEEDED)

    def _time_in(self, answer: Answer) -> float:
        return answers.server_time(answer.body)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() else None
