"""A paper venue: the plainest description of an account, and short words for its events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.accounts import (
    Account,
    AccountMode,
    Balance,
    CollateralMode,
    MarginMode,
    Order,
    Position,
    SymbolConfig,
    VenueAccount,
    VenuePosition,
)
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    BalanceChanged,
    CollateralLoaded,
    Event,
    InstrumentsLoaded,
    OptionMarks,
    OrderChanged,
    PositionChanged,
    Tick,
    TiersLoaded,
)
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.lines import Line, State
from monitor.domain.names import USD, AccountKey, PoolKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport, StepResult
from monitor.domain.tables import AssetRates, CollateralTerms, Tables
from monitor.domain.tiers import Tier, TierTable, flat
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.engine.tables import tiers_of
from monitor.margin.pool import (
    DEFAULT_STAGES,
    Curve,
    Description,
    Holding,
    Leg,
    Pool,
    Stage,
    Step,
    VenueFigures,
    VenueLine,
    counted_at,
)

VENUE = "paper"
MAIN = AccountKey(VENUE, "main")
OTHER = AccountKey(VENUE, "other")
LONG, SHORT = Side.LONG, Side.SHORT
CROSS, ISOLATED = MarginMode.CROSS, MarginMode.ISOLATED
ONE_WAY = AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=False)
HEDGE = AccountMode(collateral=CollateralMode.SINGLE_ASSET, hedge=True)
MULTI = AccountMode(collateral=CollateralMode.MULTI_ASSETS, hedge=False)
UNREADABLE = AccountMode(collateral=None, hedge=False)
TIERS = {
    "BTCUSDT": TierTable((Tier(0.0, 0.004), Tier(50_000.0, 0.005, 50.0), Tier(250_000.0, 0.01, 1_300.0))),
    "ETHUSDT": flat(0.005),
}
COINS = ("BTC", "ETH")
T = 1_000_000.0  #: when the tests begin


def describe(account: Account, tables: Tables) -> Description:
    """One isolated pool a position, and one cross pool an asset, or one in USD with holdings in multi-assets mode."""
    pools: list[Pool] = []
    cross = [position for position in account.positions.values() if position.margin_mode is not ISOLATED]
    if account.mode.collateral is CollateralMode.MULTI_ASSETS:
        holdings = []
        for asset, balance in account.balances.items():
            rates = tables.rates.get(asset, AssetRates(positive_rate=1.0, negative_rate=1.0, requirement_rate=1.0))
            terms = tables.collateral.get(asset)
            curve = counted_at(rates.positive_rate)
            if terms is not None:
                curve = Curve(tuple(Step(*step) for step in terms.steps), terms.by_value)
            holdings.append(Holding(asset=asset, amount=balance.cross_wallet or 0.0, collateral=curve))
        pools.append(
            Pool(
                key=PoolKey(*account.key, "multi-assets"),
                numeraire=USD,
                holdings=tuple(holdings),
                legs=tuple(_leg(position, tables) for position in cross),
                venue=VenueFigures(equity=account.venue.equity, ratio=account.venue.ratio),
            )
        )
    else:
        for asset, balance in account.balances.items():
            legs = tuple(_leg(position, tables) for position in cross) if asset == "USDT" else ()
            resting = tuple(_resting(each, tables) for each in account.orders.values()) if asset == "USDT" else ()
            pools.append(
                Pool(
                    key=PoolKey(*account.key, f"cross:{asset}"),
                    numeraire=asset,
                    cash=balance.cross_wallet if balance.cross_wallet is not None else balance.wallet,
                    legs=legs + resting,
                    stages=(Stage(name="orders", orders=True), *DEFAULT_STAGES) if resting else DEFAULT_STAGES,
                    venue=VenueFigures(
                        equity=balance.venue_margin_balance,
                        maintenance_margin=balance.venue_maintenance_margin,
                        lines=tuple(_line(position) for position in cross) if legs else (),
                    ),
                )
            )
    for position in account.positions.values():
        if position.margin_mode is ISOLATED:
            pools.append(
                Pool(
                    key=PoolKey(*account.key, f"isolated:{position.symbol}:{position.side}"),
                    numeraire="USDT",
                    isolated=True,
                    cash=position.isolated_wallet or 0.0,
                    legs=(_leg(position, tables),),
                    venue=VenueFigures(maintenance_margin=position.venue.maintenance_margin, lines=(_line(position),)),
                )
            )
    return Description(tuple(pools))


def _leg(position: Position, tables: Tables) -> Leg:
    base = position.symbol.removesuffix("USDT")
    return Leg(
        symbol=position.symbol,
        side=position.side,
        quantity=position.quantity,
        entry=position.entry_price or 0.0,
        base=base,
        quote="USDT",
        settle="USDT",
        tiers=tiers_of(tables, position),
    )


def _resting(order: Order, tables: Tables) -> Leg:
    """An order that counts before it is filled, at its price."""
    entry = order.price or 0.0
    position = held(order.symbol, order.quantity, entry)
    return replace(_leg(position, tables), order=True)


def _line(position: Position) -> VenueLine:
    return VenueLine(
        symbol=position.symbol,
        side=position.side,
        printed=position.venue.liquidation,
        mark=position.venue.mark_price,
        moves=((position.symbol, 1.0),),
    )


def engine(*accounts: AccountKey, lines_every_seconds: float = 0.0, **more: object) -> Engine:
    """An engine for the paper venue that solves lines at each step, and seeks no advice unless a test wants it."""
    chosen = {"lines_every_seconds": lines_every_seconds, "wanted_distance_ratio": 0.0, **more}
    settings = EngineSettings(accounts=accounts or (MAIN,), **chosen)  # type: ignore[arg-type]  # a test's freedom
    return Engine({VENUE: describe}, settings)


def tick(symbol: str, mark: float, at: float = T) -> Tick:
    return Tick(VENUE, symbol, mark, venue_time=at, received=at + 0.05)


def asset(name: str, price: float, at: float = T, rates: AssetRates | None = None) -> AssetTick:
    return AssetTick(VENUE, name, price, venue_time=at, received=at + 0.05, rates=rates)


def held(
    symbol: str,
    quantity: float,
    entry: float,
    *,
    hedge: bool = False,
    isolated: float | None = None,
    venue: VenuePosition | None = None,
    at: float | None = None,
) -> Position:
    """A position as a reading shows it; `isolated` is its wallet."""
    return Position(
        symbol=symbol,
        side=LONG if quantity > 0 else SHORT,
        quantity=quantity,
        entry_price=entry,
        margin_mode=CROSS if isolated is None else ISOLATED,
        hedge=hedge,
        isolated_wallet=isolated,
        venue=venue or VenuePosition(),
        update_time=at,
    )


def usdt(wallet: float, *, at: float | None = None, equity: float | None = None) -> Balance:
    return Balance(asset="USDT", wallet=wallet, cross_wallet=wallet, venue_margin_balance=equity, update_time=at)


def reading(
    *positions: Position,
    balances: Sequence[Balance] = (usdt(10_000.0),),
    asked: float = T,
    account: AccountKey = MAIN,
    marks: Sequence[tuple[str, float]] = (),
    problems: Sequence[str] = (),
    venue: VenueAccount | None = None,
    orders: Sequence[Order] = (),
) -> AccountSnapshot:
    return AccountSnapshot(
        account=account,
        positions=positions,
        balances=tuple(balances),
        asked=asked,
        received=asked + 0.2,
        marks=tuple(marks),
        problems=tuple(problems),
        venue=venue or VenueAccount(),
        orders=tuple(orders),
    )


def config(
    mode: AccountMode = ONE_WAY,
    *symbols: SymbolConfig,
    asked: float = T,
    account: AccountKey = MAIN,
    problems: Sequence[str] = (),
    fees: Sequence[tuple[str, float]] = (),
) -> AccountConfig:
    return AccountConfig(
        account=account,
        mode=mode,
        symbols=symbols,
        asked=asked,
        received=asked + 0.1,
        problems=tuple(problems),
        fees=tuple(fees),
    )


def pushed(
    symbol: str,
    quantity: float,
    entry: float | None = None,
    *,
    at: float,
    side: Side | None = None,
    mode: MarginMode | None = CROSS,
    wallet: float | None = None,
    received: float | None = None,
    account: AccountKey = MAIN,
) -> PositionChanged:
    return PositionChanged(
        account=account,
        symbol=symbol,
        side=side,
        quantity=quantity,
        entry_price=entry,
        margin_mode=mode,
        isolated_wallet=wallet,
        venue_time=at,
        received=at + 0.05 if received is None else received,
    )


def paid(asset_name: str, wallet: float | None, *, at: float, cross: float | None = None) -> BalanceChanged:
    return BalanceChanged(
        account=MAIN, asset=asset_name, wallet=wallet, cross_wallet=cross, venue_time=at, received=at + 0.05
    )


def order(name: str, quantity: float, price: float | None = 50_000.0, *, at: float | None = None) -> Order:
    return Order(id=name, symbol="BTCUSDT", quantity=quantity, price=price, update_time=at)


def ordered(resting: Order, *, at: float, received: float | None = None) -> OrderChanged:
    return OrderChanged(
        account=MAIN, order=resting, venue_time=at, received=at + 0.05 if received is None else received
    )


def collateral(at: float = T, account: AccountKey | None = None, **terms: CollateralTerms) -> CollateralLoaded:
    return CollateralLoaded(VENUE, account, tuple(terms.items()), at)


def option_marks(at: float, **marks: tuple[float, float]) -> OptionMarks:
    """By symbol the volatility and the forward."""
    return OptionMarks(
        VENUE, tuple(marks), tuple(each[0] for each in marks.values()), tuple(each[1] for each in marks.values()), at
    )


def instruments(at: float = T) -> InstrumentsLoaded:
    return InstrumentsLoaded(VENUE, tuple(instrument(coin) for coin in COINS), at)


def instrument(coin: str) -> Instrument:
    return Instrument(
        venue=VENUE, symbol=f"{coin}USDT", payoff=Payoff.LINEAR, base=coin, quote="USDT", settle="USDT", coin=coin
    )


def tiers(at: float = T, account: AccountKey | None = None, **tables: TierTable) -> TiersLoaded:
    return TiersLoaded(VENUE, account, tuple((tables or TIERS).items()), at)


def started(*positions: Position, mode: AccountMode = ONE_WAY, at: float = T, wallet: float = 10_000.0) -> list[Event]:
    """Everything that one account needs to be LIVE: tables, prices, configuration, a first reading."""
    return [
        instruments(at),
        tiers(at),
        tick("BTCUSDT", 60_000.0, at),
        tick("ETHUSDT", 3_000.0, at),
        asset("USDT", 1.0, at),
        asset("BTC", 60_000.0, at),
        asset("ETH", 3_000.0, at),
        config(mode, asked=at),
        reading(*positions, balances=(usdt(wallet),), asked=at),
    ]


def report(result: StepResult | Engine, account: AccountKey = MAIN) -> AccountReport:
    """The report of one account."""
    reports = result.reports() if isinstance(result, Engine) else result.reports
    return next(found for found in reports if found.key == account)


def pool(result: StepResult | Engine | AccountReport, name: str) -> PoolReport:
    """The report of one pool."""
    account = result if isinstance(result, AccountReport) else report(result)
    return next(found for found in account.pools if found.key.pool == name)


def at_price(price: float, mark: float) -> Line:
    return Line.at(price, abs(price / mark - 1.0))


def is_at(line: Line) -> bool:
    return line.state is State.AT


BTC = held("BTCUSDT", 1.0, 60_000.0)
ALONE = held("ETHUSDT", -5.0, 3_000.0, isolated=2_000.0)


def running(*positions: Position, mode: AccountMode = ONE_WAY, **more: object) -> Engine:
    """An engine with one account, LIVE at T."""
    found = engine(**more)  # type: ignore[arg-type]  # settings as the test names them
    result = found.step(started(*positions, mode=mode), T)
    assert report(result).quality is Quality.LIVE
    return found


def kinds(result: StepResult) -> list[tuple[str, str]]:
    return [(notice.kind, notice.key) for notice in result.notices]
