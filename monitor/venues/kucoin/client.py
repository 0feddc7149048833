"""Asking KuCoin: one clock and one connection pool for the venue, and pools of weight for our address and each key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import Budget
from monitor.venues.asking import VenueClient
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.kucoin import answers, bullet, endpoints, refusals
from monitor.venues.kucoin.bullet import Bullet
from monitor.venues.kucoin.endpoints import MARGIN_MARKS, SERVER_TIME, Endpoint, Host, Pool
from monitor.venues.kucoin.settings import VENUE, KucoinSettings
from monitor.venues.kucoin.weights import Owner, Pools, note
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials

FUTURES_ORIGIN, SPOT_ORIGIN = "https://api-futures.kucoin.com", "https://api.kucoin.com"  #: as the library writes them
SAME_MOMENT_SECONDS = 0.5  #: for so long a price that was read is of now
MAX_PAGES = 20  #: of one question: who never ends is not followed for ever


class Client(VenueClient):
    """Sends requests within the limits and turns refusals into our errors."""

    def __init__(self, settings: KucoinSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        self._settings, self._recorder = settings, recorder
        origins = {FUTURES_ORIGIN: settings.urls.futures, SPOT_ORIGIN: settings.urls.spot}
        rest = Rest(VENUE, "kucoin", origins, clock, settings.timings.request_seconds)
        self._pools = Pools(settings, clock)
        super().__init__(VENUE, rest, self._pools.gates(), emit, clock)
        dials = WeightBudget(VENUE, settings.connects_per_minute, share=1.0)
        self._dials = Gate(dials, clock)
        self._measuring: asyncio.Task[tuple[Answer, ...]] | None = None
        self._marks: asyncio.Task[Answer] | None = None

    async def ask(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str | int] | None = None,
        credentials: Credentials | None = None,
        *,
        account: str | None = None,
        priority: Priority = Priority.NEEDED,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        """Send one request when its pool has room, and return its data; `waits` is told where that takes long.
        `account` is the name of the one that is asked about, None for what everybody may see.

        A refused timestamp is answered by measuring the clock and asking once more. Raises `RateLimited` at once while
        the venue holds us off, and the other `VenueError`s as `refusals` reads them.
        """
        try:
            return await self._ask_once(endpoint, params or {}, credentials, account, priority, waits)
        except ClockSkewed:
            await self.measure_clock()
            return await self._ask_once(endpoint, params or {}, credentials, account, priority, waits)

    async def bullet(self, host: Host, credentials: Credentials | None, account: str | None) -> Bullet:
        """Leave to open one socket: of a user's own topics with `credentials`, else of public ones.

        What is answered holds a secret: it is neither recorded nor kept.
        """
        await self._dial()
        answer = await self.ask(endpoints.BULLETS[host, credentials is not None], {}, credentials, account=account)
        return bullet.read(answer.body, self._settings.urls.stream)

    async def unified_bullet(self, credentials: Credentials, account: str) -> Bullet:
        """The same for the push of a unified account."""
        await self._dial()
        answer = await self.ask(endpoints.UNIFIED_BULLET, {}, credentials, account=account)
        return bullet.read(answer.body, self._settings.urls.stream, endpoints.UNIFIED_STREAM)

    async def margin_marks(self) -> Answer:
        """The marks of margin of this moment: those who want them together are told of one answer."""
        asked = self._marks
        if asked is None or (asked.done() and not self._still_good(asked)):
            asked = self._marks = asyncio.create_task(self.ask(MARGIN_MARKS))
        return await asyncio.shield(asked)

    def _still_good(self, asked: asyncio.Task[Answer]) -> bool:
        if asked.cancelled() or asked.exception() is not None:
            return False
        return self._clock.now() - asked.result().received < SAME_MOMENT_SECONDS

    async def _dial(self) -> None:
        """Wait until another socket may be opened from our address."""
        async with self._dials.request(bullet.WHAT, 1):
            pass

    async def _ask_once(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str | int],
        credentials: Credentials | None,
        account: str | None,
        priority: Priority,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        gate = self._pools.of(endpoint, credentials)
        async with gate.request(endpoint.what, endpoint.weight, priority, waits):
            signing = credentials if endpoint.signed else None
            answer = await self._rest.call(endpoint.ccxt, {**params, **dict(endpoint.fixed)}, endpoint.what, signing)
            note(gate.budget, answer.headers, gate.now())
        if endpoint.what != bullet.WHAT:
            self._recorder.answer(
                VENUE, account, endpoint.name, answer.status, answer.body, answer.asked, answer.received
            )
        error = refusals.judge(answer, endpoint.what, self._settings.timings.rate_limited_seconds)
        if isinstance(error, RateLimited):
            if refusals.is_pool(error):
                gate.budget.hold(error.until + gate.offset_seconds)
            else:
                self.hold(error, banned=True)
        if isinstance(error, MalformedAnswer) and endpoint.what != bullet.WHAT:
            self.keep(error, answer)
        if error is not None:
            raise error
        return answer

    # Budgets

    def stretch(self, planned: Sequence[tuple[Pool, Owner, float]]) -> float:
        """By which factor all intervals must grow so that these weights a minute fit into their pools."""
        return self._pools.stretch(planned)

    def view(self) -> Budget:
        """What is used of the fullest of the pools, with times by our own clock."""
        used = self._pools.fullest().view(self.venue_now()).used_ratio
        return replace(super().view(), used_ratio=used)

    # The clock

    async def measure_clock(self) -> tuple[Answer, ...]:
        """Measure the venue's clock and use it. Readings that are refused together have it measured once."""
        if self._measuring is None or self._measuring.done():
            self._measuring = asyncio.create_task(super().measure_clock())
        return await asyncio.shield(self._measuring)

    async def _ask_time(self) -> Answer:
        return await self._ask_once(SERVER_TIME, {}, None, None, Priority.NEEDED)

    def _time_in(self, answer: Answer) -> float:
        return answers.server_time(answer.body, VENUE)

    async def close(self) -> None:
        """Let go of connections."""
        under_way = [one for one in (self._measuring, self._marks) if one is not None]
        for one in under_way:
            one.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await super().close()
