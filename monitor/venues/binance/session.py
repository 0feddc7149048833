"""The session at Binance: one client, one clock and one public stream for all accounts, and a desk for each account."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from monitor.domain.clock import Clock
from monitor.domain.events import ParametersSet
from monitor.domain.names import AccountKey, Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.binance.client import VENUE, Client
from monitor.venues.binance.desk import Common, desk
from monitor.venues.binance.endpoint import Pool
from monitor.venues.binance.market import ASSETS, MARKS, MarketStream
from monitor.venues.binance.market_polls import COINM, USDM, PublicReadings
from monitor.venues.binance.planned import SHARES_FUTURES, planned_weights, pools_of, product_of
from monitor.venues.binance.prices import MarketSpeech, Prices
from monitor.venues.binance.settings import BinanceSettings
from monitor.venues.binance.shared import Shared
from monitor.venues.bridge import Bridge, Part
from monitor.venues.room import Room
from monitor.venues.seeds import Seeds
from monitor.venues.session import Job, Put


class BinanceSession(Room):
    """A `venues.session.Session`. Jobs may be started anew one by one; the session itself keeps what they share."""

    def __init__(self, settings: BinanceSettings, emit: Put, clock: Clock, recorder: Recorder = UNRECORDED) -> None:
        """`recorder` is told every frame and answer as it came, without listen keys and tokens."""
        timings = settings.timings
        self._settings = settings
        self._products = {one.key: product_of(one.product) for one in settings.accounts}
        self._client = Client(settings, emit, clock, recorder)
        prices = Prices(self._client, emit, clock, timings)
        self._market = MarketStream(
            settings.urls, self._client, emit, clock, timings, self._lagged, recorder, partial(MarketSpeech, prices)
        )
        ledger = self._market.ledger
        families = (USDM, COINM) if SHARES_FUTURES & set(self._products.values()) else (USDM,)
        self._families = len(families)
        self._readings = PublicReadings(self._client, emit, clock, timings, ledger.count_rows, families)
        rows = self._readings.rows
        super().__init__(VENUE, self._client, ledger, rows, self._readings.clock, emit, clock, timings)
        parts = (
            Part(MARKS, lambda: not ledger.up(MARKS), self._readings.marks),
            Part(ASSETS, lambda: not ledger.up(ASSETS), self._readings.assets),
            Part(ASSETS, lambda: bool(prices.missing()), prices.read),
        )
        self._bridge = Bridge(VENUE, parts, ledger, emit, clock, timings, partial(self.stretch, Pool.FUTURES))
        self._instruments_poll = self._public_poll(
            "instruments", self._read_instruments, lambda: timings.instruments_every_seconds
        )
        self._seeds = Seeds(self._read_candles, rows["candles"], clock, timings, wanted=settings.seed_candles > 0)
        common = Common(
            urls=settings.urls,
            client=self._client,
            emit=emit,
            clock=clock,
            timings=timings,
            held=self._held,
            prices=prices,
            shared=Shared(clock, timings.tiers_every_seconds),
            recorder=recorder,
        )
        for one in settings.accounts:
            pools = pools_of(self._products[one.key])
            self._desk_of[one.key] = desk(one, common, partial(self.stretch, *pools))
        emit(ParametersSet(VENUE, tuple(sorted(settings.parameters.items())), clock.now()))

    def _public_jobs(self) -> tuple[Job, ...]:
        return (
            Job("market stream", None, self._market.run),
            Job("market bridge", None, self._bridge.run),
            self._watched("instruments", self._instruments_poll.run),
            self._watched("candles", self._seeds.run),
        )

    def stretch(self, *pools: Pool) -> float:
        """By how much intervals grow so that the planned requests fit the budgets of these pools."""
        bridging = sum(not self._market.up(stream) for stream in (MARKS, ASSETS))
        planned = planned_weights(
            self._products.values(),
            self._settings.timings,
            blind=[self._product(key) for key, desk in self._desk_of.items() if not desk.user.up],
            bridging=bridging * self._families,
        )
        now = self._client.venue_now()
        return max(self._client.budget_of(pool).stretch(planned[pool], now) for pool in pools or (Pool.FUTURES,))

    def _product(self, key: AccountKey) -> str:
        return self._products[key]

    def _held(self, symbols: Collection[Symbol]) -> None:
        """An account holds these: contracts that are not known yet were listed since, and volatilities need seeds."""
        if self._readings.listed.worth_reading(symbols, self._clock.monotonic()):
            self._instruments_poll.ring()
        self._seeds.held(symbols)

    async def _read_instruments(self) -> None:
        await self._readings.instruments()
        # What is neither listed nor held any more is forgotten. What is listed stays seeded while nobody holds it.
        held = {symbol for desk in self._desk_of.values() for symbol in desk.held}
        self._seeds.keep(lambda symbol: symbol in self._readings.listed or symbol in held)

    async def _read_candles(self, symbol: Symbol) -> None:
        await self._readings.candles(symbol, self._settings.seed_candles)
