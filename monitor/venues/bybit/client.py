"""Asking Bybit: one budget, one clock and one connection pool for the venue, whatever the account."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.asking import VenueClient
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.bybit import answers, refusals
from monitor.venues.bybit.endpoints import CALLS_LEFT_HEADER, CALLS_RESET_HEADER, SERVER_TIME, Endpoint
from monitor.venues.bybit.settings import VENUE, BybitSettings
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials

ORIGIN = "https://api.{hostname}"  #: as the library writes it
WINDOW_SECONDS = 5.0  #: in which the venue counts the requests of an address
BANS_APART_SECONDS = 60.0  #: a ban has no end of its own: each refusal would begin it anew
MOST_SECONDS_TO_RESET = 2.0  #: limits of an account are of one second; what is told to take longer is not believed
MAX_PAGES = 50  #: of one question: who never ends is not followed for ever


class Client(VenueClient):
    """Sends requests within the limits and turns refusals into our errors."""

    def __init__(self, settings: BybitSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        self._settings, self._recorder = settings, recorder
        rest = Rest(VENUE, "bybit", {ORIGIN: settings.urls.rest}, clock, settings.timings.request_seconds)
        in_window = max(1, round(settings.requests_per_minute * WINDOW_SECONDS / 60.0))
        budget = WeightBudget(VENUE, in_window, settings.weight_share, window_seconds=WINDOW_SECONDS)
        self._gate = Gate(budget, clock)
        super().__init__(VENUE, rest, (self._gate,), emit, clock)
        self._resets: dict[tuple[str, str], float] = {}  #: (account, path): until when it has no call left

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
        """Send one request when the budget allows and return its data; `waits` is told where that takes long.
        `account` is the name of the one that is asked about, None for what everybody may see.

        A refused timestamp is answered by measuring the clock and asking once more. Raises `RateLimited` at once while
        the venue holds us off, and the other `VenueError`s as `refusals` reads them.
        """
        try:
            return await self._ask_once(endpoint, params or {}, credentials, account, priority, waits)
        except ClockSkewed:
            await self.measure_clock()
            return await self._ask_once(endpoint, params or {}, credentials, account, priority, waits)

    async def pages(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str | int] | None = None,
        credentials: Credentials | None = None,
        *,
        account: str | None = None,
        priority: Priority = Priority.NEEDED,
        waits: Callable[[str], None] | None = None,
    ) -> list[Answer]:
        """All pages of an answer, or the one that it has. MalformedAnswer if they never end."""
        asked: dict[str, str | int] = dict(params or {})
        if endpoint.page_rows:
            asked["limit"] = endpoint.page_rows
        found: list[Answer] = []
        while len(found) < MAX_PAGES:
            answer = await self.ask(endpoint, asked, credentials, account=account, priority=priority, waits=waits)
            found.append(answer)
            cursor = self._cursor(endpoint, answer) if endpoint.paged else ""
            if not cursor or cursor == asked.get("cursor"):
                return found
            asked["cursor"] = cursor
        raise MalformedAnswer(VENUE, endpoint.what, f"more than {MAX_PAGES} pages")

    def _cursor(self, endpoint: Endpoint, answer: Answer) -> str:
        try:
            return answers.next_cursor(answer.body, VENUE, endpoint.what)
        except MalformedAnswer as exc:
            self.keep(exc, answer)
            raise

    async def _ask_once(
        self,
        endpoint: Endpoint,
        params: Mapping[str, str | int],
        credentials: Credentials | None,
        account: str | None,
        priority: Priority,
        waits: Callable[[str], None] | None = None,
    ) -> Answer:
        self._gate.check(endpoint.what)
        await self._until_reset(account, endpoint)
        async with self._gate.request(endpoint.what, 1, priority, waits):
            answer = await self._rest.call(endpoint.ccxt, params, endpoint.what, credentials)
        self._recorder.answer(VENUE, account, endpoint.name, answer.status, answer.body, answer.asked, answer.received)
        self._note_reset(account, endpoint, answer)
        wait, offset = self._settings.timings.rate_limited_seconds, self._gate.offset_seconds
        error = refusals.judge(answer, endpoint.what, wait, offset)
        if isinstance(error, RateLimited) and not refusals.is_own(error):
            self.hold(error, banned=refusals.is_ban(error), apart_seconds=BANS_APART_SECONDS)
        if isinstance(error, MalformedAnswer):
            self.keep(error, answer)
        if error is not None:
            raise error
        return answer

    # Limits

    async def _until_reset(self, account: str | None, endpoint: Endpoint) -> None:
        """An account that has no call left here waits for its next second."""
        until = self._resets.pop((account or "", endpoint.path), None)
        if until is not None and until > self._clock.now():
            await self._clock.sleep(until - self._clock.now())

    def _note_reset(self, account: str | None, endpoint: Endpoint, answer: Answer) -> None:
        left, reset = answer.headers.get(CALLS_LEFT_HEADER), answer.headers.get(CALLS_RESET_HEADER, "")
        if left != "0" or not (reset.isascii() and reset.isdigit()):
            return
        until = int(reset) / 1000.0 - self._gate.offset_seconds
        if 0.0 < until - answer.received <= MOST_SECONDS_TO_RESET:
            self._resets[account or "", endpoint.path] = until

    # The clock

    async def _ask_time(self) -> Answer:
        return await self._ask_once(SERVER_TIME, {}, None, None, Priority.NEEDED)

    def _time_in(self, answer: Answer) -> float:
        return answers.server_time(answer.body, VENUE)
