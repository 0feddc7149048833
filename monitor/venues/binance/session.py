"""The session at Binance: one budget, one clock and one public stream for all accounts, and a desk for each account."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from functools import partial

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.events import PollFailed
from monitor.domain.names import AccountKey, Symbol, Venue
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import Budget, FeedStatus
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.desk import AccountDesk
from monitor.venues.binance.market import ASSETS, MARKS, Bridge, MarketStream
from monitor.venues.binance.polls import PublicReadings, planned_weight
from monitor.venues.binance.settings import BinanceSettings
from monitor.venues.session import Job, Put
from monitor.venues.wake import Pace, Poll

SEED_TRIES = 3


class BinanceSession:
    """A `venues.session.Session`. Jobs may be started anew one by one; the session itself keeps what they share."""

    def __init__(self, settings: BinanceSettings, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        """`recorder` is told every frame and answer as it came, without listen keys."""
        self._settings, self._emit, self._clock = settings, emit, clock
        timings = settings.timings
        self._client = Client(settings, emit, clock, recorder)
        self._market = MarketStream(settings.urls, self._client, emit, clock, timings, self._lagged, recorder)
        self._readings = PublicReadings(self._client, emit, clock, timings, self._market.ledger.count_rows)
        self._bridge = Bridge(self._market, self._readings, emit, clock, timings, self.stretch)
        self._clock_poll = Poll(
            self._readings.clock,
            lambda: timings.clock_every_seconds,
            lambda exc: self._failed("clock", exc),
            clock,
            timings,
            keyless=True,
        )
        self._instruments_poll = Poll(
            self._read_instruments,
            lambda: timings.instruments_every_seconds,
            lambda exc: self._failed("instruments", exc),
            clock,
            timings,
            keyless=True,
        )
        self._clock_doubted = float("-inf")
        self._unseeded: asyncio.Queue[tuple[Symbol, int]] = asyncio.Queue()
        self._seen: set[Symbol] = set()  #: seeded, or to be
        self._desks = {
            one.key: AccountDesk(
                one, settings.urls, self._client, emit, clock, timings, self.stretch, self._held, recorder
            )
            for one in settings.accounts
        }

    @property
    def venue(self) -> Venue:
        """The venue's name."""
        return VENUE

    def jobs(self) -> tuple[Job, ...]:
        """The venue's own jobs first, then each account's."""
        rows = self._readings.rows
        public = (
            Job("clock", None, partial(rows["clock"].watched, self._clock_poll.run)),
            Job("market stream", None, self._market.run),
            Job("market bridge", None, self._bridge.run),
            Job("instruments", None, partial(rows["instruments"].watched, self._instruments_poll.run)),
            Job("candles", None, partial(rows["candles"].watched, self._seed)),
        )
        return (*public, *(job for desk in self._desks.values() for job in desk.jobs()))

    def resync(self, account: AccountKey, why: str, *, config: bool = False) -> None:
        """Have an account read again soon. An account that is not ours is nobody's."""
        desk = self._desks.get(account)
        if desk is not None:
            desk.resync(why, config)

    def read_flows(self, account: AccountKey, since: float) -> None:
        """Have an account's cash flows read from the venue's history. An account that is not ours is nobody's."""
        desk = self._desks.get(account)
        if desk is not None:
            desk.read_flows(since)

    def feeds(self) -> tuple[FeedStatus, ...]:
        """The public streams and readings, then each account's."""
        public = (*self._market.ledger.statuses(), *(row.status() for row in self._readings.rows.values()))
        return (*public, *(row for desk in self._desks.values() for row in desk.feeds()))

    def malformed(self) -> tuple[str, ...]:
        """The last frames, answers and rows that could not be read, shortened and without keys, for diagnosis."""
        rows = (text for row in self._readings.rows.values() for text in row.kept)
        public = (*self._market.ledger.malformed, *self._client.malformed, *rows)
        return (*public, *(text for desk in self._desks.values() for text in desk.malformed()))

    def budgets(self) -> tuple[Budget, ...]:
        """The request weight of this address."""
        return (self._client.view(),)

    def clock_offset(self) -> float | None:
        """Venue clock minus ours in seconds."""
        return self._client.offset_seconds

    def stretch(self) -> float:
        """By how much all intervals grow so that the planned requests fit the budget."""
        blind = sum(not desk.user.up for desk in self._desks.values())
        bridging = sum(not self._market.up(stream) for stream in (MARKS, ASSETS))
        planned = planned_weight(len(self._desks), self._settings.timings, blind_accounts=blind, bridging=bridging)
        return self._client.budget.stretch(planned, self._client.venue_now())

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()

    def _lagged(self, seconds: float) -> None:
        """Frames that come late, or before their own time, may speak of a clock: measure it, but not for each frame."""
        timings, now = self._settings.timings, self._clock.monotonic()
        if self._client.offset_seconds is None or abs(seconds) < timings.clock_doubt_seconds:
            return
        if now - self._clock_doubted >= timings.clock_doubt_spacing_seconds:
            self._clock_doubted = now
            self._clock_poll.ring()

    def _failed(self, what: str, exc: VenueError) -> None:
        self._readings.rows[what].failed(exc)
        self._emit(PollFailed(VENUE, None, what, self._clock.now(), exc.why))

    def _held(self, symbols: Collection[Symbol]) -> None:
        """An account holds these: contracts that are not known yet were listed since, and volatilities need seeds."""
        if self._readings.listed.worth_reading(symbols, self._clock.monotonic()):
            self._instruments_poll.ring()
        if self._settings.seed_candles > 0:
            for symbol in symbols:
                if symbol not in self._seen:
                    self._seen.add(symbol)
                    self._unseeded.put_nowait((symbol, 1))

    async def _read_instruments(self) -> None:
        await self._readings.instruments()
        # What is neither listed nor held any more is forgotten. What is listed stays seeded while nobody holds it.
        held = {symbol for desk in self._desks.values() for symbol in desk.held}
        self._seen = {symbol for symbol in self._seen if symbol in self._readings.listed or symbol in held}

    # Seeds of volatility

    async def _seed(self) -> None:
        """Read candles of each symbol held, once, behind everything else. A symbol without any goes without."""
        pace, row = Pace(self._clock, self._settings.timings), self._readings.rows["candles"]
        while True:
            if self._unseeded.empty():
                # What could not be read is given up: the volatility grows from the stream alone.
                row.idle(row.reason)
            symbol, attempt = await self._unseeded.get()
            try:
                await self._readings.candles(symbol, self._settings.seed_candles)
            except VenueError as exc:
                row.failed(exc)
                if attempt < SEED_TRIES:
                    self._unseeded.put_nowait((symbol, attempt + 1))
                await self._clock.sleep(pace.pause(exc, keyless=True))
