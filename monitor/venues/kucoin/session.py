"""The session at KuCoin: one clock and one set of public streams for all accounts, and a desk for each account.

What is asked and streamed of the market follows what the accounts hold and order: each snapshot and each push may ask
for tables and topics that nobody needed before.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, Event, ParametersSet
from monitor.domain.names import AccountKey
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.bridge import Bridge, Part
from monitor.venues.kucoin import needs
from monitor.venues.kucoin.client import Client
from monitor.venues.kucoin.desk import AccountDesk
from monitor.venues.kucoin.endpoints import Pool
from monitor.venues.kucoin.market import ASSETS, MARKS, MarketStream
from monitor.venues.kucoin.needs import Needs
from monitor.venues.kucoin.polls import UNIFIED, planned_weights, public_weight
from monitor.venues.kucoin.settings import VENUE, KucoinSettings
from monitor.venues.kucoin.tables import FUNDING_EVERY_SECONDS, PublicReadings
from monitor.venues.kucoin.weights import Owner
from monitor.venues.room import Room
from monitor.venues.seeds import Seeds
from monitor.venues.session import Job, Put


class KucoinSession(Room):
    """A `venues.session.Session`. Jobs may be started anew one by one; the session itself keeps what they share."""

    def __init__(self, settings: KucoinSettings, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        """`recorder` is told every frame and answer as it came, but for those that hold tokens."""
        timings = settings.timings
        self._settings = settings
        self._client = Client(settings, emit, clock, recorder)
        self._market = MarketStream(settings, self._client, emit, clock, self._lagged, recorder)
        self._desks: dict[AccountKey, AccountDesk] = {}
        read = self._readings = PublicReadings(
            self._client, self._market, emit, clock, timings, self._needs, self._classic, self._weighs
        )
        super().__init__(VENUE, self._client, self._market.ledger, read.rows, read.clock, emit, clock, timings)
        emit(ParametersSet(VENUE, tuple(sorted(settings.parameters.items())), clock.now()))
        self._instruments = self._public_poll(
            "instruments", self._read_instruments, lambda: timings.instruments_every_seconds
        )
        self._tiers = self._public_poll("tiers", read.tiers, lambda: timings.tiers_every_seconds)
        self._collateral = self._public_poll("collateral", read.collateral, lambda: timings.tiers_every_seconds)
        self._funding = self._public_poll("funding", read.funding, lambda: FUNDING_EVERY_SECONDS * self.stretch())
        parts = (
            Part(MARKS, lambda: not self._market.up(MARKS), read.marks),
            Part(ASSETS, self._market.lacks_prices, read.assets),
        )
        self._bridge = Bridge(VENUE, parts, self._market.ledger, emit, clock, timings, self.stretch)
        self._seeds = Seeds(
            partial(read.candles, count=settings.seed_candles),
            read.rows["candles"],
            clock,
            timings,
            wanted=settings.seed_candles > 0,
        )
        for account in settings.accounts:
            self._desks[account.key] = AccountDesk(
                account,
                settings,
                self._client,
                emit,
                clock,
                self.stretch,
                self._holds,
                self._shows,
                read.settle_currencies,
                recorder,
            )
        self._desk_of.update(self._desks)
        if not settings.accounts:
            self._market.need(Needs())

    def _public_jobs(self) -> tuple[Job, ...]:
        return (
            Job("market stream", None, self._market.run),
            Job("market bridge", None, self._bridge.run),
            self._watched("instruments", self._instruments.run),
            self._watched("tiers", self._tiers.run),
            self._watched("collateral", self._collateral.run),
            self._watched("funding", self._funding.run),
            self._watched("candles", self._seeds.run),
        )

    def stretch(self) -> float:
        """By how much all intervals grow so that the planned requests fit into the pools that they are taken out of."""
        planned: dict[tuple[Pool, Owner], float] = {}
        for desk in self._desks.values():
            for pool, weight in planned_weights(desk.asked, self._timings).items():
                place = pool, desk.settings.credentials.api_key
                planned[place] = planned.get(place, 0.0) + weight
        marks = 0 if self._market.up(MARKS) else len(self._needs().symbols)
        planned[Pool.PUBLIC, None] = public_weight(
            self._timings,
            marks=marks,
            assets=self._market.lacks_prices(),
            priced=sum(not desk.is_classic for desk in self._desks.values()),
        )
        return self._client.stretch([(pool, key, weight) for (pool, key), weight in planned.items()])

    # What accounts hold

    def _needs(self) -> Needs:
        """What all accounts together hold and order."""
        return needs.together(desk.needs for desk in self._desks.values())

    def _classic(self) -> dict[AccountKey, Needs]:
        """What the classic accounts of futures hold and order."""
        return {key: desk.needs for key, desk in self._desks.items() if desk.is_classic}

    def _weighs(self) -> bool:
        """Whether an account counts collateral by the venue's table."""
        return any(desk.readings.kind == UNIFIED for desk in self._desks.values())

    def _holds(self, snapshot: AccountSnapshot) -> None:
        """An account was read: what it needs is just that."""
        self._follow()
        self._seeds.held([position.symbol for position in snapshot.positions])

    def _shows(self, account: AccountKey, events: Sequence[Event]) -> None:
        """A push showed something that may not be followed yet."""
        desk, found = self._desks[account], needs.of_events(events)
        if not found <= desk.needs:
            desk.readings.needs |= found
            self._follow()

    def _follow(self) -> None:
        """Ask and subscribe for what was not needed before, and let go of what no longer is."""
        every = self._needs()
        if self._market.follow(every):
            self._bridge.ring()
        if self._readings.lacks_instruments(every):
            self._instruments.ring()
        self._readings.tell_tiers()
        if self._readings.lacks_tiers():
            self._tiers.ring()
        if self._readings.lacks_funding(every):
            self._funding.ring()
        if self._weighs() and not self._readings.weighed:
            self._collateral.ring()

    async def _read_instruments(self) -> None:
        await self._readings.instruments()
        # What is neither listed nor held any more is forgotten. What is listed stays seeded while nobody holds it.
        held = {symbol for desk in self._desks.values() for symbol in desk.held}
        self._seeds.keep(lambda symbol: self._readings.lists(symbol) or symbol in held)
