"""The venue's public streams, for what all accounts hold: a socket for each category, opened when it is needed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.events import AssetTick, Event, Tick
from monitor.domain.frames import Decoded, Frame
from monitor.domain.names import USD, Asset, Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.bybit.client import Client
from monitor.venues.bybit.coins import coin_of, contract_of
from monitor.venues.bybit.endpoints import CATEGORIES, PUBLIC_ROUTE, TICKER_TOPIC
from monitor.venues.bybit.freshness import Freshness
from monitor.venues.bybit.needs import INVERSE, LINEAR, OPTION, SPOT, UNIT, Needs, category_of, pair_of
from monitor.venues.bybit.settings import VENUE, BybitSettings
from monitor.venues.bybit.speech import BybitSpeech
from monitor.venues.conversation import Conversation
from monitor.venues.feed import Feed
from monitor.venues.ledger import Ledger
from monitor.venues.session import Put
from monitor.venues.settings import Secret, Timings
from monitor.venues.subscriptions import LedgerLimits
from monitor.venues.wake import Pace, together

MARKS, ASSETS, OPTIONS = "marks", "assets", "options"
ROW_OF = {LINEAR: MARKS, INVERSE: MARKS, OPTION: OPTIONS, SPOT: ASSETS}


def ledger_limits(timings: Timings) -> LedgerLimits:
    """How long a subscription may go without its acknowledgement."""
    return LedgerLimits(
        acknowledge_seconds=timings.acknowledge_seconds,
        reconnect_seconds=timings.reconnect_seconds,
        refused_again_seconds=timings.refused_again_seconds,
    )


class MarketStream:
    """Sockets for everybody. What is subscribed to follows what accounts hold and order.

    The row `marks` is of linear and inverse contracts, `options` of options with their marks, `assets` of USD prices.
    Each topic sends a snapshot when it is subscribed to: without one it is dead. After that it may be quiet, and what
    keeps its price new then is told in `freshness`.
    """

    def __init__(
        self,
        settings: BybitSettings,
        client: Client,
        emit: Put,
        clock: Clock,
        lagged: Callable[[float], None],
        recorder: Recorder = UNRECORDED,
    ) -> None:
        """`lagged` is told how many seconds after its own stamp a frame came, by the venue's clock as we know it: where
        that is so long, or so far before, that it may speak of a clock.
        """
        self._lagged, self._recorder = lagged, recorder
        self._client, self._emit, self._clock, self._timings = client, emit, clock, settings.timings
        self._base = settings.urls.public.rstrip("/") + PUBLIC_ROUTE
        self.ledger = Ledger(VENUE, None, (), ledger_limits(settings.timings), rows=(MARKS, ASSETS, OPTIONS))
        self.prices, self.coins = Freshness(), Freshness()
        self.needs = Needs()
        self.indexed: frozenset[Asset] | None = None  #: assets that have a pair which tells their price; None: not read
        self._live_since: dict[str, float] = {}
        self._want(self.needs)

    def need(self, needs: Needs) -> None:
        """From now on these instruments and assets are streamed, and no others. Of an asset without a pair the price
        stands in wallets only.
        """
        self._want(needs)
        for edge in self.ledger.edges(self._clock.now()):
            self._emit(edge)  # a stream that was down may not be needed any more

    def _want(self, needs: Needs) -> None:
        self.needs = needs
        silent = {LINEAR: self._timings.marks_silent_seconds, SPOT: self._timings.assets_silent_seconds}
        for category in CATEGORIES:
            symbols = self._pairs(needs) if category == SPOT else needs.marked_in(category)
            self.ledger.want(
                ROW_OF[category],
                [TICKER_TOPIC + symbol for symbol in symbols],
                route=category,
                first_seconds=silent.get(category, self._timings.marks_silent_seconds),
            )
        self.prices.keep({symbol for category in (LINEAR, INVERSE, OPTION) for symbol in needs.marked_in(category)})
        self.coins.keep(needs.assets)

    def _pairs(self, needs: Needs) -> list[Symbol]:
        known = needs.assets if self.indexed is None else needs.assets & self.indexed
        return [pair_of(asset) for asset in sorted(known - {UNIT})]

    def up(self, stream: str) -> bool:
        """Whether this stream delivers."""
        return self.ledger.up(stream)

    # What REST has to tell in place of the streams

    def quiet_in(self, *categories: str) -> tuple[str, ...]:
        """Symbols of these categories whose mark was not told for a while."""
        symbols = [symbol for category in categories for symbol in self.needs.marked_in(category)]
        return self.prices.quiet(symbols, self._clock.monotonic())

    def quiet_coins(self) -> tuple[str, ...]:
        """Assets whose USD price was not told for a while."""
        told = self.needs.assets if self.indexed is None else self.needs.assets & (self.indexed | {UNIT})
        return self.coins.quiet(sorted(told), self._clock.monotonic())

    def counted(self, tick: AssetTick) -> None:
        """Pass on at which price the venue counted an asset, where no stream has told it lately."""
        now = self._clock.monotonic()
        if self.coins.quiet((tick.asset,), now):
            self.coins.streamed(tick, now)
            self._emit(tick)

    def _of_contract(self, event: Event) -> AssetTick | None:
        """What a contract's index says of its coin, where that has no pair and its USD price matters all the same, as
        in portfolio margin; None of any other.
        """
        if not isinstance(event, Tick) or event.index is None or self.indexed is None:
            return None
        category = category_of(event.symbol)
        contract = contract_of(event.symbol, category)
        if contract is None or category == OPTION:
            return None
        coin, multiplier = coin_of(contract[0])
        if coin not in self.needs.assets or coin in self.indexed:
            return None
        dollars = 1.0 if contract[1] == USD else self.coins.price(contract[1])
        if dollars is None:
            return None
        return AssetTick(VENUE, coin, event.index * dollars / multiplier, event.venue_time, event.received)

    def _tell_coin(self, event: Event) -> None:
        price = self._of_contract(event)
        if price is not None:
            self.coins.streamed(price, self._clock.monotonic())
            self._emit(price)

    def read(self, event: Event) -> None:
        """Pass on what REST told, and doubt topics that should have told it."""
        now = self._clock.monotonic()
        for symbol in self.prices.read(event, now):
            for category in (LINEAR, INVERSE, OPTION):
                self._doubt(category, symbol, now)
        for coin in self.coins.read(event, now):
            if coin != UNIT:
                self._doubt(SPOT, pair_of(coin), now)
        self._emit(event)
        self._tell_coin(event)

    def _doubt(self, category: str, symbol: str, now: float) -> None:
        attempt = self.ledger.attempts.get(category)
        if attempt is not None:
            attempt.doubt(TICKER_TOPIC + symbol, "it does not tell what REST shows", now)

    # Sockets

    async def run(self) -> None:
        """Keep the streams up for ever."""
        await together(*(self._keep(category) for category in CATEGORIES))

    async def _keep(self, category: str) -> None:
        pace = Pace(self._clock, self._timings)
        while True:
            while not self.ledger.wanted(category):
                await self._clock.sleep(self._timings.watch_every_seconds)
            self._live_since.pop(category, None)
            address, talk = self._address_of(category), self._talk_of(category)
            try:
                await Feed(VENUE, category, address, talk, self._clock, self._timings).run()
            except VenueError as exc:
                since = self._live_since.get(category)
                live = 0.0 if since is None else self._clock.monotonic() - since
                await self._clock.sleep(pace.pause(exc, live_seconds=live, keyless=True))

    def _address_of(self, category: str) -> Callable[[], Awaitable[Secret]]:
        async def address() -> Secret:
            return Secret(self._base + category)

        return address

    def _talk_of(self, category: str) -> Callable[[], Conversation]:
        row = ROW_OF[category]
        lag_of = self.ledger.counters[row]
        fresh = self.coins if category == SPOT else self.prices

        def heard(_: Decoded) -> None:
            if category not in self._live_since and self.ledger.attempts[category].up:
                self._live_since[category] = self._clock.monotonic()
            lag = lag_of.lag_seconds
            if lag is not None and abs(lag) >= self._timings.clock_doubt_seconds:
                self._lagged(lag)

        def put(event: Event, frame: Frame | None = None, /) -> None:
            fresh.streamed(event, self._clock.monotonic())
            self._emit(event, frame)
            self._tell_coin(event)

        def record(raw: bytes, received: float) -> None:
            self._recorder.frame(VENUE, None, category, raw, received)

        return lambda: Conversation(
            self.ledger,
            BybitSpeech(self._timings, self._client.venue_now, numbered=category != OPTION),
            put,
            lambda: self._client.offset_seconds or 0.0,
            what=category,
            route=category,
            heard=heard,
            record=None if self._recorder is UNRECORDED else record,
        )
