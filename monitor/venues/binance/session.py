"""The session at Binance: one budget, one clock and one public stream for all accounts, and a desk for each account."""

from __future__ import annotations

from collections.abc import Collection

from monitor.domain.clock import Clock
from monitor.domain.names import Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.desk import AccountDesk
from monitor.venues.binance.market import ASSETS, MARKS, MarketStream
from monitor.venues.binance.polls import PublicReadings, planned_weight
from monitor.venues.binance.settings import BinanceSettings
from monitor.venues.bridge import Bridge, Part
from monitor.venues.room import Room
from monitor.venues.seeds import Seeds
from monitor.venues.session import Job, Put


class BinanceSession(Room):
    """A `venues.session.Session`. Jobs may be started anew one by one; the session itself keeps what they share."""

    def __init__(self, settings: BinanceSettings, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        """`recorder` is told every frame and answer as it came, without listen keys."""
        timings = settings.timings
        self._settings = settings
        self._client = Client(settings, emit, clock, recorder)
        self._market = MarketStream(settings.urls, self._client, emit, clock, timings, self._lagged, recorder)
        ledger = self._market.ledger
        self._readings = PublicReadings(self._client, emit, clock, timings, ledger.count_rows)
        rows = self._readings.rows
        super().__init__(VENUE, self._client, ledger, rows, self._readings.clock, emit, clock, timings)
        parts = (
            Part(MARKS, lambda: not ledger.up(MARKS), self._readings.marks),
            Part(ASSETS, lambda: not ledger.up(ASSETS), self._readings.assets),
        )
        self._bridge = Bridge(VENUE, parts, ledger, emit, clock, timings, self.stretch)
        self._instruments_poll = self._public_poll(
            "instruments", self._read_instruments, lambda: timings.instruments_every_seconds
        )
        self._seeds = Seeds(self._read_candles, rows["candles"], clock, timings, wanted=settings.seed_candles > 0)
        self._desks = {
            one.key: AccountDesk(
                one, settings.urls, self._client, emit, clock, timings, self.stretch, self._held, recorder
            )
            for one in settings.accounts
        }
        self._desk_of.update(self._desks)

    def _public_jobs(self) -> tuple[Job, ...]:
        return (
            Job("market stream", None, self._market.run),
            Job("market bridge", None, self._bridge.run),
            self._watched("instruments", self._instruments_poll.run),
            self._watched("candles", self._seeds.run),
        )

    def stretch(self) -> float:
        """By how much all intervals grow so that the planned requests fit the budget."""
        blind = sum(not desk.user.up for desk in self._desks.values())
        bridging = sum(not self._market.up(stream) for stream in (MARKS, ASSETS))
        planned = planned_weight(len(self._desks), self._settings.timings, blind_accounts=blind, bridging=bridging)
        return self._client.budget.stretch(planned, self._client.venue_now())

    def _held(self, symbols: Collection[Symbol]) -> None:
        """An account holds these: contracts that are not known yet were listed since, and volatilities need seeds."""
        if self._readings.listed.worth_reading(symbols, self._clock.monotonic()):
            self._instruments_poll.ring()
        self._seeds.held(symbols)

    async def _read_instruments(self) -> None:
        await self._readings.instruments()
        # What is neither listed nor held any more is forgotten. What is listed stays seeded while nobody holds it.
        held = {symbol for desk in self._desks.values() for symbol in desk.held}
        self._seeds.keep(lambda symbol: symbol in self._readings.listed or symbol in held)

    async def _read_candles(self, symbol: Symbol) -> None:
        await self._readings.candles(symbol, self._settings.seed_candles)
