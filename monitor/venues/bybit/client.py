"""Asking Bybit: one budget, one clock and one connection pool for the venue, whatever the account."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import ClockSkewed, MalformedAnswer, RateLimited
from monitor.domain.events import Banned, ClockRead
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import Budget
from monitor.venues.budget import Gate, Priority, WeightBudget
from monitor.venues.bybit import answers, refusals
from monitor.venues.bybit.endpoints import CALLS_LEFT_HEADER, CALLS_RESET_HEADER, SERVER_TIME, Endpoint
from monitor.venues.bybit.settings import VENUE, BybitSettings
from monitor.venues.ledger import KEPT_FRAMES, shortened
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit
from monitor.venues.settings import Credentials

ORIGIN = "https://api.{hostname}"  #: as the library writes it
WINDOW_SECONDS = 5.0  #: in which the venue counts the requests of an address
CLOCK_SAMPLES = 3
MOST_SECONDS_TO_RESET = 2.0  #: limits of an account are of one second; what is told to take longer is not believed
MAX_PAGES = 50  #: of one question: who never ends is not followed for ever


class Client:
    """Sends requests within the limits and turns refusals into our errors."""

    def __init__(self, settings: BybitSettings, emit: Emit, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        self._settings, self._emit, self._clock, self._recorder = settings, emit, clock, recorder
        self._rest = Rest(VENUE, "bybit", {ORIGIN: settings.urls.rest}, clock, settings.timings.request_seconds)
        in_window = max(1, round(settings.requests_per_minute * WINDOW_SECONDS / 60.0))
        self.budget = WeightBudget(VENUE, in_window, settings.weight_share, window_seconds=WINDOW_SECONDS)
        self.offset_seconds: float | None = None
        self.malformed: deque[str] = deque(maxlen=KEPT_FRAMES)  #: answers that were no data at all, shortened
        self._gate = Gate(self.budget, clock)
        self._resets: dict[tuple[str, str], float] = {}  #: (account, path): until when it has no call left

    def venue_now(self) -> float:
        """The venue's time as far as we know it."""
        return self._gate.now()

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
            self.malformed.append(shortened(f"{endpoint.what}: {exc.why}", answer.body))
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
            self._hold(error)
        if isinstance(error, MalformedAnswer):
            self.malformed.append(shortened(f"{endpoint.what}: {error.why}", answer.body))
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

    def _hold(self, error: RateLimited) -> None:
        """Let nothing pass before that time: our address was turned away, whatever it asks."""
        known = self.budget.banned_until or 0.0
        banned = refusals.is_ban(error)
        self.budget.hold(error.until + self._gate.offset_seconds, banned=banned)
        # Requests that were under way are refused too, with the same end to within a moment.
        if banned and (self.budget.banned_until or 0.0) > known + 60.0:
            self._emit(Banned(VENUE, error.until, self._clock.now()))

    # The clock

    async def measure_clock(self) -> tuple[Answer, ...]:
        """Measure the venue's clock and use it: the sample with the shortest way there and back counts."""
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
            return answers.server_time(answer.body, VENUE)
        except MalformedAnswer as exc:
            self.malformed.append(shortened(f"{exc.what}: {exc.why}", answer.body))
            raise

    def view(self) -> Budget:
        """The requests of this address, with times by our own clock."""
        budget = self.budget.view(self.venue_now())
        if budget.banned_until is None:
            return budget
        return replace(budget, banned_until=budget.banned_until - (self.offset_seconds or 0.0))

    async def close(self) -> None:
        """Let go of connections."""
        await self._rest.close()
