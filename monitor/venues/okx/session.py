"""The session at OKX: one budget, one clock and one public stream for all accounts, and a desk for each account.

What is asked and streamed of the market follows what the accounts hold and order: each snapshot and each push may ask
for tables and topics that nobody needed before.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from monitor.domain.accounts import CollateralMode
from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, Event
from monitor.domain.names import AccountKey
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.bridge import Bridge, Part
from monitor.venues.desk import Desk, Further
from monitor.venues.okx import needs
from monitor.venues.okx.client import Client
from monitor.venues.okx.endpoints import InstType, inst_type
from monitor.venues.okx.market import ASSETS, MARKS, OPTIONS, MarketStream
from monitor.venues.okx.needs import Needs
from monitor.venues.okx.polls import AccountReadings, planned_requests
from monitor.venues.okx.settings import VENUE, OkxSettings
from monitor.venues.okx.tables import PublicReadings
from monitor.venues.okx.user import UserStream
from monitor.venues.room import Room
from monitor.venues.seeds import Seeds
from monitor.venues.session import Job, Put
from monitor.venues.settings import AccountSettings


class OkxSession(Room):
    """A `venues.session.Session`. Jobs may be started anew one by one; the session itself keeps what they share."""

    def __init__(self, settings: OkxSettings, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        """`recorder` is told every frame and answer as it came."""
        self._settings = settings
        timings = settings.timings
        self._client = Client(settings, emit, clock, recorder)
        self._market = MarketStream(settings, self._client, emit, clock, self._lagged, recorder)
        misread = self._market.ledger.count_rows
        self._readings = PublicReadings(self._client, emit, clock, timings, self._needs, misread)
        rows = self._readings.rows
        super().__init__(VENUE, self._client, self._market.ledger, rows, self._readings.clock, emit, clock, timings)
        self._recorder, self._put = recorder, emit
        self._of: dict[AccountKey, AccountReadings] = {}
        read = self._readings
        self._instruments = self._public_poll(
            "instruments", self._read_instruments, lambda: timings.instruments_every_seconds
        )
        self._tiers = self._public_poll("tiers", read.tiers, lambda: timings.tiers_every_seconds)
        self._collateral = self._public_poll("collateral", read.collateral, lambda: timings.tiers_every_seconds)
        parts = (
            Part(MARKS, lambda: not self._market.up(MARKS), read.marks),
            Part(ASSETS, lambda: not self._market.up(ASSETS), read.assets),
            Part(OPTIONS, lambda: not self._market.up(OPTIONS), read.options),
        )
        self._bridge = Bridge(VENUE, parts, self._market.ledger, emit, clock, timings, self.stretch)
        self._seeds = Seeds(
            partial(self._readings.candles, count=settings.seed_candles),
            rows["candles"],
            clock,
            timings,
            wanted=settings.seed_candles > 0,
        )
        for account in settings.accounts:
            self._desk_of[account.key] = self._desk(account)
        if not settings.accounts:
            self._market.need(Needs())

    def _public_jobs(self) -> tuple[Job, ...]:
        return (
            Job("market stream", None, self._market.run),
            Job("market bridge", None, self._bridge.run),
            self._watched("instruments", self._instruments.run),
            self._watched("tiers", self._tiers.run),
            self._watched("collateral", self._collateral.run),
            self._watched("candles", self._seeds.run),
        )

    def _desk(self, account: AccountSettings) -> Desk:
        readings = AccountReadings(account, self._settings, self._client, self._put, self._clock)
        self._of[account.key] = readings

        def shown(events: Iterable[Event]) -> None:
            found = needs.of_events(events)
            if not found <= readings.needs:
                readings.needs |= found
                self._follow(account.key)

        def resync(why: str, config: bool) -> None:
            desk.resync(why, config)
            if readings.mode is CollateralMode.PORTFOLIO:
                desk.ring("risk")  # its scenarios are of what was held before

        async def risk() -> None:
            if await readings.risk():
                desk.resync("there are new scenarios")

        user = UserStream(account, self._settings, self._client, self._put, self._clock, resync, shown, self._recorder)
        desk = Desk(
            account.key,
            readings,
            user,
            self._put,
            self._clock,
            self._settings.timings,
            self.stretch,
            lambda snapshot: self._holds(account.key, snapshot),
            (Further("risk", risk, lambda: desk.stretched(self._settings.simulate_every_seconds)),),
        )
        return desk

    def stretch(self) -> float:
        """By how much all intervals grow so that the planned requests fit the budget."""
        planned = planned_requests(
            len(self._desk_of),
            self._settings,
            blind_accounts=sum(not desk.user.up for desk in self._desk_of.values()),
            simulated=sum(one.mode is CollateralMode.PORTFOLIO for one in self._of.values()),
            bridging=sum(not self._market.up(stream) for stream in (MARKS, ASSETS, OPTIONS)),
        )
        return self._client.budget.stretch(planned, self._client.venue_now())

    # What accounts hold

    def _needs(self) -> Needs:
        """What all accounts together hold and order."""
        return needs.together(one.needs for one in self._of.values())

    def _holds(self, account: AccountKey, snapshot: AccountSnapshot) -> None:
        """An account was read: what it needs is just that."""
        self._of[account].needs = needs.of_snapshot(snapshot)
        self._follow(account)
        if self._of[account].mode is not CollateralMode.PORTFOLIO and self._readings.doubts_tiers(snapshot):
            self._tiers.ring()
        # An option moves with its coin, whose other contracts have candles of their own.
        symbols = [position.symbol for position in snapshot.positions]
        self._seeds.held([symbol for symbol in symbols if inst_type(symbol) != InstType.OPTION])

    def _follow(self, account: AccountKey) -> None:
        """Ask and subscribe for what was not needed before, and let go of what no longer is."""
        every = self._needs()
        self._market.need(every)
        if self._readings.lacks_instruments(every):
            self._instruments.ring()
        if self._readings.lacks_tiers(every):
            self._tiers.ring()
        if self._readings.lacks_collateral(every):
            self._collateral.ring()
        if self._of[account].lacks_fees():
            self._desk_of[account].ring("config")

    async def _read_instruments(self) -> None:
        await self._readings.instruments()
        # What is neither listed nor held any more is forgotten. What is listed stays seeded while nobody holds it.
        held = {symbol for desk in self._desk_of.values() for symbol in desk.held}
        self._seeds.keep(lambda symbol: self._readings.lists(symbol) or symbol in held)
