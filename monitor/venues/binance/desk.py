"""One account at the venue: its readings, its user stream, and the question whether its key may be used at all."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Awaitable, Callable, Collection
from functools import partial

from monitor.domain.clock import Clock
from monitor.domain.errors import KeyTooPowerful, VenueError
from monitor.domain.events import PollFailed
from monitor.domain.names import Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.domain.view import FeedStatus
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.polls import AccountReadings
from monitor.venues.binance.settings import BinanceUrls
from monitor.venues.binance.user import UserStream
from monitor.venues.session import Job, Put
from monitor.venues.settings import AccountSettings, Timings
from monitor.venues.wake import Pace, Poll, Wake

Body = Callable[[], Awaitable[None]]
INCOME_IDLE = "read only where a wallet changed by what nothing explains"
INCOME_SPACING_SECONDS = 20.0  #: least time between two readings of an account's history of cash flows
SPREAD = (0.85, 0.97)  #: of an interval, by chance: accounts do not all ask in one second, none asks late


class AccountDesk:
    """All jobs of one account. None of them asks anything before the key's permissions were read, or could not be.

    While the key may do too much, its permissions are all that is read: once they were reduced, the others go on.
    """

    def __init__(
        self,
        settings: AccountSettings,
        urls: BinanceUrls,
        client: Client,
        emit: Put,
        clock: Clock,
        timings: Timings,
        stretch: Callable[[], float],
        held: Callable[[Collection[Symbol]], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`stretch` is the factor on all intervals; `held` is told which symbols have a position."""
        self.settings = settings
        self.held: frozenset[Symbol] = frozenset()  #: symbols with a position, as last read
        self._emit, self._clock, self._timings, self._stretch, self._tell_held = emit, clock, timings, stretch, held
        self._readings = AccountReadings(settings, client, emit, clock, timings)
        self.user = UserStream(settings, urls, client, emit, clock, timings, self.resync, self._holds, recorder)
        self._permitted = asyncio.Event()  #: the permissions were asked for, and do not forbid
        self._refused = asyncio.Event()  #: they were read, and forbid
        self._configured = asyncio.Event()  #: the modes were asked for: positions are read with them
        self._account = self._poll(self._read_account, self._account_interval, "account")
        self._config = self._poll(self._read_config, lambda: self._stretched(timings.config_every_seconds), "config")
        self._tiers = self._poll(self._readings.tiers, lambda: timings.tiers_every_seconds, "tiers")
        self._flows_bell, self._flows_since = Wake(clock), math.inf
        self._permissions = self._poll(self._read_permissions, lambda: timings.permissions_every_seconds, "permissions")

    def jobs(self) -> tuple[Job, ...]:
        """The account's jobs."""
        name = self.settings.name
        jobs: tuple[tuple[str, Body], ...] = (
            ("permissions", self._permissions.run),
            ("config", self._permitted_only(self._config.run)),
            ("account", self._permitted_only(self._after_config(self._account.run))),
            ("user stream", self._permitted_only(self.user.run)),
            ("tiers", self._permitted_only(self._tiers.run)),
            ("income", self._permitted_only(self._read_flows)),
        )
        rows = self._readings.rows
        return tuple(
            Job(what, name, partial(rows[what].watched, body) if what in rows else body) for what, body in jobs
        )

    def feeds(self) -> tuple[FeedStatus, ...]:
        """The user stream, then each reading."""
        return (*self.user.ledger.statuses(), *(row.status() for row in self._readings.rows.values()))

    def malformed(self) -> tuple[str, ...]:
        """What could not be read, for diagnosis."""
        return (*self.user.ledger.malformed, *(text for row in self._readings.rows.values() for text in row.kept))

    def resync(self, why: str, config: bool = False) -> None:  # noqa: ARG002  # the reason is for whoever logs it
        """Have the account read soon, and its configuration if asked."""
        if config:
            self._config.ring()
        self._account.ring()

    def read_flows(self, since: float) -> None:
        """Have the history of cash flows read soon, from the venue's time `since` on."""
        self._flows_since = min(self._flows_since, since)
        self._flows_bell.ring()

    def _poll(self, read: Body, interval: Callable[[], float], what: str) -> Poll:
        def failed(exc: VenueError) -> None:
            self._readings.rows[what].failed(exc)
            self._tell(what, exc.why)

        return Poll(read, interval, failed, self._clock, self._timings)

    def _tell(self, what: str, why: str) -> None:
        self._emit(PollFailed(VENUE, self.settings.name, what, self._clock.now(), why))

    def _stretched(self, seconds: float) -> float:
        # Chance here only spreads requests in time; it decides nothing.
        return seconds * self._stretch() * random.uniform(*SPREAD)

    def _account_interval(self) -> float:
        timings = self._timings
        seconds = timings.account_every_seconds if self.user.up else timings.account_every_blind_seconds
        return self._stretched(seconds)

    # Readings

    async def _read_account(self) -> None:
        snapshot = await self._readings.account_and_positions(self.user.event_since)
        self.user.cross_check(snapshot)
        self.held = frozenset(position.symbol for position in snapshot.positions)
        self._holds(self.held)

    def _holds(self, symbols: Collection[Symbol]) -> None:
        """These are held. Where there are no tiers of one, it was listed since they were read."""
        if self._readings.tiered.worth_reading(symbols, self._clock.monotonic()):
            self._tiers.ring()
        self._tell_held(symbols)

    async def _read_config(self) -> None:
        try:
            if await self._readings.config():
                self._account.ring()
        finally:
            self._configured.set()

    async def _read_flows(self) -> None:
        """Read the history whenever it is asked for, and never by itself: it is dear, and seldom needed."""
        pace, row = Pace(self._clock, self._timings), self._readings.rows["income"]
        row.idle(INCOME_IDLE)
        while True:
            if self._flows_since == math.inf:
                await self._flows_bell.wait(self._timings.config_every_seconds)
                continue
            since, self._flows_since = self._flows_since, math.inf
            try:
                await self._readings.income(since)
            except VenueError as exc:
                self._flows_since = min(self._flows_since, since)
                row.failed(exc)
                self._tell("income", exc.why)
                await self._clock.sleep(pace.pause(exc))
            else:
                pace.worked()
                row.idle(INCOME_IDLE)
                await self._clock.sleep(INCOME_SPACING_SECONDS)

    async def _read_permissions(self) -> None:
        # Unreadable permissions run, with an alert of their own; but they take back no refusal.
        refused = self._refused.is_set()
        try:
            await self._readings.permissions()
            refused = False
        except KeyTooPowerful as exc:
            refused = True
            self._refuse(exc.why)
            raise
        finally:
            if not refused:
                self._refused.clear()
                self._permitted.set()

    # Whether to work at all

    def _refuse(self, why: str) -> None:
        """Ask nothing more with this key, and say why nothing is known."""
        self._permitted.clear()
        self._refused.set()
        self.user.stop(why)
        for what, row in self._readings.rows.items():
            if what != "permissions":
                row.stopped(why)
                self._tell(what, why)

    def _permitted_only(self, body: Body) -> Body:
        async def run() -> None:
            while True:
                await self._permitted.wait()
                await self._until_refused(body)

        return run

    def _after_config(self, body: Body) -> Body:
        async def run() -> None:
            await self._configured.wait()
            await body()

        return run

    async def _until_refused(self, body: Body) -> None:
        """Run until it fails, or until the key turns out to be too powerful; returns then."""
        work = asyncio.ensure_future(body())
        refusal = asyncio.ensure_future(self._refused.wait())
        try:
            done, _ = await asyncio.wait({work, refusal}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in (work, refusal):
                if not one.done():
                    one.cancel()
            await asyncio.gather(work, refusal, return_exceptions=True)
        if refusal not in done:
            work.result()
