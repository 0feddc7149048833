"""The session at Bybit: one budget, one clock and the public streams for all accounts, and a desk for each account.

What is asked and streamed of the market follows what the accounts hold and order: each snapshot and each push may ask
for tables and topics that nobody needed before.
"""

from __future__ import annotations

from collections.abc import Sequence

from monitor.domain.accounts import CollateralMode
from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot, Event
from monitor.domain.names import AccountKey, Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.bridge import Bridge, Part
from monitor.venues.bybit import needs
from monitor.venues.bybit.client import Client
from monitor.venues.bybit.desk import AccountDesk
from monitor.venues.bybit.market import ASSETS, MARKS, OPTIONS, MarketStream
from monitor.venues.bybit.needs import INVERSE, LINEAR, OPTION, UNIT, Needs
from monitor.venues.bybit.polls import planned_requests
from monitor.venues.bybit.settings import VENUE, BybitSettings
from monitor.venues.bybit.tables import PublicReadings
from monitor.venues.room import Room
from monitor.venues.seeds import Seeds
from monitor.venues.session import Job, Put


class BybitSession(Room):
    """A `venues.session.Session`. Jobs may be started anew one by one; the session itself keeps what they share."""

    def __init__(self, settings: BybitSettings, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        """`recorder` is told every frame and answer as it came."""
        timings = settings.timings
        self._settings = settings
        self._client = Client(settings, emit, clock, recorder)
        self._market = MarketStream(settings, self._client, emit, clock, self._lagged, recorder)
        ledger = self._market.ledger
        self._readings = PublicReadings(self._client, self._market.read, clock, timings, self._needs, ledger.count_rows)
        rows = self._readings.rows
        super().__init__(VENUE, self._client, ledger, rows, self._readings.clock, emit, clock, timings)
        self._instruments = self._public_poll(
            "instruments", self._read_instruments, lambda: timings.instruments_every_seconds
        )
        self._tiers = self._public_poll("tiers", self._read_tiers, lambda: timings.tiers_every_seconds)
        parts = (
            Part(MARKS, lambda: bool(self._market.quiet_in(LINEAR, INVERSE)), self._read_marks),
            Part(OPTIONS, lambda: bool(self._market.quiet_in(OPTION)), self._read_options),
            Part(ASSETS, lambda: bool(self._market.quiet_coins()), self._read_assets),
        )
        self._bridge = Bridge(VENUE, parts, ledger, emit, clock, timings, self.stretch)
        self._seeds = Seeds(self._read_candles, rows["candles"], clock, timings, wanted=settings.seed_candles > 0)
        self._pushed: dict[AccountKey, Needs] = {}  #: what pushes showed since the last snapshot
        self._desks = {
            one.key: AccountDesk(
                one,
                settings,
                self._client,
                emit,
                clock,
                self.stretch,
                self._held,
                self._shown,
                self._market.counted,
                recorder,
            )
            for one in settings.accounts
        }
        self._desk_of.update(self._desks)

    def _public_jobs(self) -> tuple[Job, ...]:
        return (
            Job("market stream", None, self._market.run),
            Job("market bridge", None, self._bridge.run),
            self._watched("instruments", self._instruments.run),
            self._watched("tiers", self._tiers.run),
            self._watched("candles", self._seeds.run),
        )

    def stretch(self) -> float:
        """By how much all intervals grow so that the planned requests fit the budget."""
        planned = planned_requests(
            len(self._desks),
            self._settings,
            blind_accounts=sum(not desk.user.up for desk in self._desks.values()),
            scenarios=sum(desk.mode is CollateralMode.PORTFOLIO for desk in self._desks.values()),
            bridging=sum(not self._market.up(stream) for stream in (MARKS, ASSETS, OPTIONS)),
        )
        return self._client.budget.stretch(planned, self._client.venue_now())

    # What is needed

    def _needs(self) -> Needs:
        return needs.together([*(desk.needs for desk in self._desks.values()), *self._pushed.values()])

    def _held(self, account: AccountKey, snapshot: AccountSnapshot) -> None:
        """An account was read: what it holds now is what it needs."""
        self._pushed.pop(account, None)
        self._seeds.held({position.symbol for position in snapshot.positions})
        self._readings.compare_ends(self._desks[account].tier_ends)
        self._follow()

    def _shown(self, account: AccountKey, events: Sequence[Event]) -> None:
        """Pushes showed something that is perhaps new: until the account is read it is needed beside the rest."""
        more = needs.of_events(events)
        if not more <= self._needs():
            self._pushed[account] = self._pushed.get(account, Needs()) | more
            self._follow()

    def _follow(self) -> None:
        """Stream what is needed, and have the tables read that lack it."""
        every, before = self._needs(), self._market.needs
        self._market.need(every)
        if not every <= before:
            self._bridge.ring()
        if self._readings.listed.worth_reading(sorted(every.symbols), self._clock.monotonic()):
            self._instruments.ring()
        if self._readings.tierless():
            self._tiers.ring()

    # Readings

    async def _read_instruments(self) -> None:
        await self._readings.instruments()
        # What is neither listed nor held any more is forgotten. What is listed stays seeded while nobody holds it.
        held = {symbol for desk in self._desks.values() for symbol in desk.held}
        self._seeds.keep(lambda symbol: symbol in self._readings.listed or symbol in held)
        self._market.indexed = self._readings.indexed
        self._market.need(self._market.needs)

    async def _read_tiers(self) -> None:
        await self._readings.tiers(self._settings.timings.tiers_every_seconds)

    async def _read_marks(self) -> None:
        await self._readings.marks(self._market.quiet_in(LINEAR, INVERSE))

    async def _read_options(self) -> None:
        await self._readings.options(self._market.quiet_in(OPTION))

    async def _read_assets(self) -> None:
        quiet = self._market.quiet_coins()
        await self._readings.assets([coin for coin in quiet if coin != UNIT])
        if UNIT in quiet:
            await self._read_unit()

    async def _read_unit(self) -> None:
        """The price of what has no pair stands in the wallet of each account that has enough of it to tell."""
        for desk in self._desks.values():
            if UNIT in desk.needs.assets and desk.may_ask and UNIT in await desk.read_prices():
                return

    async def _read_candles(self, symbol: Symbol) -> None:
        await self._readings.candles(symbol, self._settings.seed_candles)
