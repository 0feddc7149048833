"""One account at Binance: the desk that all venues have, with the readings, streams and tables of its product."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial

from monitor.domain.clock import Clock
from monitor.domain.events import AccountSnapshot
from monitor.domain.names import Asset, Symbol
from monitor.domain.recording import UNRECORDED, Recorder
from monitor.venues.binance import keyed
from monitor.venues.binance.client import Client
from monitor.venues.binance.keyed import KeyedRoute
from monitor.venues.binance.loans import codec as loans_codec
from monitor.venues.binance.loans.polls import CrossReadings, IsolatedReadings
from monitor.venues.binance.loans.tokens import CROSS
from monitor.venues.binance.loans.user import BalanceStream
from monitor.venues.binance.market_polls import coin_margined
from monitor.venues.binance.planned import product_of
from monitor.venues.binance.polls import AccountReadings, CoinmReadings
from monitor.venues.binance.portfolio import codec as portfolio_codec
from monitor.venues.binance.portfolio.polls import PortfolioReadings, ProReadings, RetailReadings
from monitor.venues.binance.prices import Prices
from monitor.venues.binance.settings import COINM, ISOLATED_MARGIN, MARGIN, PORTFOLIO, PORTFOLIO_PRO, BinanceUrls
from monitor.venues.binance.several import Several, SeveralDesk
from monitor.venues.binance.shared import Shared
from monitor.venues.binance.streams import BinanceSpeech, Decode
from monitor.venues.binance.user import UserStream
from monitor.venues.desk import Desk, Further
from monitor.venues.session import Put
from monitor.venues.settings import AccountSettings, Timings

PRO_UPDATE, PRO_UPDATE_SECONDS = "PM_PRO_ACCOUNT_UPDATE", 20.0  #: comes every 5 s; without it for so long: dead
Held = Callable[[Collection[Symbol]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What all desks of the venue are made with. `held` is told which contracts have a position."""

    urls: BinanceUrls
    client: Client
    emit: Put
    clock: Clock
    timings: Timings
    held: Held
    prices: Prices
    shared: Shared
    recorder: Recorder = UNRECORDED


def desk(settings: AccountSettings, common: Common, stretch: Callable[[], float]) -> Desk:
    """The desk of this account's product. `stretch` is the factor on all its intervals."""
    match product_of(settings.product):
        case found if found == MARGIN:
            return CrossDesk(settings, common, stretch)
        case found if found == ISOLATED_MARGIN:
            return IsolatedDesk(settings, common, stretch)
        case found if found in (PORTFOLIO, PORTFOLIO_PRO):
            return PortfolioDesk(settings, common, stretch)
        case _:
            return FuturesDesk(settings, common, stretch)


class FuturesDesk(Desk):
    """An account of USDⓈ-M or COIN-M futures: it tells which symbols have a position, and reads the user's tiers."""

    def __init__(self, settings: AccountSettings, common: Common, stretch: Callable[[], float]) -> None:
        self._tell_held, timings = common.held, common.timings
        kind = CoinmReadings if settings.product == COINM else AccountReadings
        self._futures = kind(settings, common.client, common.emit, common.clock, timings)
        super().__init__(
            settings.key,
            self._futures,
            _keyed_stream(settings, common, self.resync, self._holds_symbols),
            common.emit,
            common.clock,
            timings,
            stretch,
            self._holds_all,
            (Further("tiers", self._futures.tiers, lambda: timings.tiers_every_seconds),),
        )

    def _holds_all(self, snapshot: AccountSnapshot) -> None:
        self._holds_symbols({position.symbol for position in snapshot.positions})

    def _holds_symbols(self, symbols: Collection[Symbol]) -> None:
        """These are held. Where there are no tiers of one, it was listed since they were read."""
        if self._futures.tiered.worth_reading(symbols, self._clock.monotonic()):
            self.ring("tiers")
        self._tell_held(symbols)


class PortfolioDesk(SeveralDesk):
    """An account of portfolio margin: positions of both futures, and loans and collateral that prices are asked for."""

    def __init__(self, settings: AccountSettings, common: Common, stretch: Callable[[], float]) -> None:
        self._tell_held, timings, pro = common.held, common.timings, settings.product == PORTFOLIO_PRO
        self._hold = partial(common.prices.hold, settings.key, settings.credentials, portfolio=True)
        kind = ProReadings if pro else RetailReadings
        self._portfolio: PortfolioReadings = kind(
            settings, common.client, common.emit, common.clock, timings, common.shared
        )
        own = _keyed_stream(
            settings,
            common,
            self.resync,
            self._holds_symbols,
            decode=portfolio_codec.decode,
            # What Pro tells every 5 s moves with prices: the account is read at its own pace.
            hints=portfolio_codec.HINTS - {PRO_UPDATE},
            ticking=(PRO_UPDATE, PRO_UPDATE_SECONDS) if pro else None,
        )
        self.further_streams = (
            ()
            if not pro
            else tuple(
                _keyed_stream(
                    settings,
                    common,
                    self.resync,
                    self._holds_symbols,
                    decode=portfolio_codec.decode,  # a balance of theirs is one wallet of three
                    hints=portfolio_codec.HINTS,
                    route=one,
                )
                for one in keyed.pro_futures(common.urls)
            )
        )
        super().__init__(
            settings.key,
            self._portfolio,
            Several(own, self.further_streams, self._check_positions if pro else own.cross_check),
            common.emit,
            common.clock,
            timings,
            stretch,
            self._holds_all,
            (
                Further("tiers", self._portfolio.tiers, lambda: timings.tiers_every_seconds),
                Further("collateral", self._portfolio.collateral, lambda: timings.tiers_every_seconds),
            ),
        )

    def _check_positions(self, snapshot: AccountSnapshot) -> None:
        """Each kind of futures tells of its own positions; balances are told by none of Pro's streams for certain."""
        for stream, coins in zip(self.further_streams, (False, True), strict=True):
            theirs = [one for one in snapshot.positions if coin_margined(one.symbol) is coins]
            stamps = [one.update_time for one in theirs if one.update_time is not None]
            stream.must_have_told(max(stamps, default=float("-inf")))

    def _holds_all(self, snapshot: AccountSnapshot) -> None:
        self._holds_symbols({position.symbol for position in snapshot.positions})
        self._hold(_assets(snapshot))

    def _holds_symbols(self, symbols: Collection[Symbol]) -> None:
        """These are held. Where there are no tiers of one, it was listed since they were read."""
        if self._portfolio.tiered.worth_reading(symbols, self._clock.monotonic()):
            self.ring("tiers")
        self._tell_held(symbols)


class CrossDesk(SeveralDesk):
    """An account of cross margin: balances by a token, debts and the venue's warnings on a stream of their own."""

    def __init__(self, settings: AccountSettings, common: Common, stretch: Callable[[], float]) -> None:
        timings, self._client = common.timings, common.client
        self._hold = partial(common.prices.hold, settings.key, settings.credentials)
        self._before: AccountSnapshot | None = None
        readings = CrossReadings(settings, common.client, common.emit, common.clock, timings, common.shared)
        self._balances = _balances(settings, common, self.resync)
        self._warnings = _keyed_stream(
            settings, common, self.resync, _nothing, decode=loans_codec.decode, hints=loans_codec.HINTS
        )
        self.further_streams = (self._warnings,)
        super().__init__(
            settings.key,
            readings,
            Several(self._balances, self.further_streams, self._check),
            common.emit,
            common.clock,
            timings,
            stretch,
            lambda snapshot: self._hold(_assets(snapshot)),
            (Further("collateral", readings.collateral, lambda: timings.tiers_every_seconds),),
        )

    def _check(self, snapshot: AccountSnapshot) -> None:
        """What is owned is told by balances, what is owed by the venue's warnings."""
        self._balances.cross_check(snapshot)
        before, self._before = self._before, snapshot
        if before is not None and _debts(before) != _debts(snapshot):
            # Rows have no time: a debt changed after the earlier of the two readings was asked for.
            self._warnings.must_have_told(before.asked + (self._client.offset_seconds or 0.0))


class IsolatedDesk(Desk):
    """All pairs of an account of isolated margin: a token for each pair, and its tiers."""

    def __init__(self, settings: AccountSettings, common: Common, stretch: Callable[[], float]) -> None:
        timings = common.timings
        self._hold = partial(common.prices.hold, settings.key, settings.credentials)
        self._isolated = IsolatedReadings(
            settings,
            common.client,
            common.emit,
            common.clock,
            timings,
            common.prices.stand_in,
            lambda: common.prices.dollars,
        )
        self._balances = _balances(settings, common, self.resync, places=())
        super().__init__(
            settings.key,
            self._isolated,
            self._balances,
            common.emit,
            common.clock,
            timings,
            stretch,
            self._holds_all,
            (Further("tiers", self._isolated.tiers, lambda: timings.tiers_every_seconds),),
        )

    def _holds_all(self, snapshot: AccountSnapshot) -> None:
        self._hold(_assets(snapshot))
        self._balances.need(self._isolated.pairs)
        if self._isolated.tiered.worth_reading(self._isolated.pairs, self._clock.monotonic()):
            self.ring("tiers")


def _keyed_stream(
    settings: AccountSettings,
    common: Common,
    resync: Callable[[str, bool], None],
    held: Held,
    *,
    decode: Decode | None = None,
    hints: Collection[str] = (),
    ticking: tuple[str, float] | None = None,
    route: KeyedRoute | None = None,
) -> UserStream:
    """A stream with a listen key, the product's own if no other is named."""
    route = route or keyed.routes(common.urls)[product_of(settings.product)]
    speech = None if decode is None else partial(BinanceSpeech, settings.key, decode)
    return UserStream(
        settings,
        route,
        common.client,
        common.emit,
        common.clock,
        common.timings,
        resync,
        held,
        common.recorder,
        speech=speech,
        hints=hints,
        ticking=ticking,
    )


def _balances(
    settings: AccountSettings,
    common: Common,
    resync: Callable[[str, bool], None],
    places: Collection[str] = (CROSS,),
) -> BalanceStream:
    return BalanceStream(
        settings,
        common.urls,
        common.client,
        common.emit,
        common.clock,
        common.timings,
        resync,
        places,
        common.recorder,
    )


def _assets(snapshot: AccountSnapshot) -> set[Asset]:
    """What is owned or owed."""
    balances = [*snapshot.balances, *(one for wallet in snapshot.wallets for one in wallet.balances.values())]
    return {one.asset for one in balances if one.wallet or one.borrowed or one.interest}


def _debts(snapshot: AccountSnapshot) -> dict[Asset, tuple[float, float]]:
    return {one.asset: (one.borrowed, one.interest) for one in snapshot.balances if one.borrowed or one.interest}


def _nothing(_: Collection[Symbol]) -> None:
    """Nothing that is pushed here is a position."""
