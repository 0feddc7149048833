"""Pools whose lines need a search: grids and options, collateral with haircuts and loans, tiers by contracts."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from bench.kernel_account import VENUE
from monitor.domain.instruments import Payoff
from monitor.domain.names import PoolKey, Side
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.pool import FULL, Curve, Holding, Leg, Option, Pool, ScenarioGrid, Stage, Step
from monitor.margin.tiers import from_rates

COINS = {"BTC": 90_000.0, "ETH": 3_000.0, "SOL": 150.0, "XRP": 2.2, "BNB": 700.0, "DOGE": 0.2}
MOVES = (-0.2, -0.16, -0.12, -0.08, -0.04, 0.0, 0.04, 0.08, 0.12, 0.16, 0.2)
COLUMNS = (-0.3, 0.0, 0.3)  #: relative moves of volatility
HAIRCUTS = Curve((Step(0.0, 0.95), Step(2.0, 0.9), Step(20.0, 0.8), Step(200.0, 0.5), Step(2000.0, 0.0)))
BORROWING = from_rates([(0.0, 0.02), (5.0, 0.04), (50.0, 0.08)])
BRACKETS = from_rates([(0.0, 0.004), (3e5, 0.005), (1e6, 0.01), (5e6, 0.025), (2e7, 0.05)])
BY_CONTRACTS = TierTable((Tier(0.0, 0.004), Tier(500.0, 0.006), Tier(2000.0, 0.01)), TierBy.CONTRACTS)
WITH_ORDERS = (Stage(name="liquidation"), Stage(name="cancel", orders=True), Stage(name="restricted", threshold=0.8))


@dataclass(frozen=True, slots=True)
class Rough:
    """A described account, and the prices that it stands at: marks by symbol, assets in USD."""

    pools: tuple[Pool, ...]
    marks: dict[str, float]
    assets: dict[str, float]


def _key(name: str, account: str) -> PoolKey:
    return PoolKey(VENUE, account, name)


def _side(quantity: float) -> Side:
    return Side.LONG if quantity > 0 else Side.SHORT


def _perpetual(coin: str, quantity: float, **facts: object) -> Leg:
    leg = Leg(
        symbol=f"{coin}USDT",
        side=_side(quantity),
        quantity=quantity,
        entry=COINS[coin],
        base=coin,
        quote="USDT",
        settle="USDT",
        tiers=flat(0.0),
    )
    return replace(leg, **facts)  # type: ignore[arg-type]  # the fields of a Leg, by name


def portfolio(account: str = "main", seed: int = 4) -> Rough:
    """(a) Three coins with a grid of 11 moves x 3 columns each; 13 legs, of which 8 are options."""
    rng = random.Random(seed)
    marks = {f"{coin}USDT": price for coin, price in COINS.items()}
    legs = [_perpetual(coin, rng.choice((-1, 1)) * 5e4 / COINS[coin]) for coin in ("BTC", "ETH", "SOL")]
    inverse = {"base": "BTC", "quote": "USD", "settle": "BTC", "payoff": Payoff.INVERSE}
    legs.append(_perpetual("BTC", -2e4, symbol="BTCUSD", **inverse))
    legs.append(_perpetual("ETH", 6.0, symbol="ETHPERP", settle="USDC"))
    marks |= {"BTCUSD": COINS["BTC"], "ETHPERP": COINS["ETH"]}
    for number, coin in enumerate(("BTC", "BTC", "BTC", "BTC", "ETH", "ETH", "SOL", "SOL")):
        price, call = COINS[coin], bool(number % 2)
        terms = Option(
            strike=price * rng.uniform(0.8, 1.2),
            call=call,
            volatility=0.6,
            years=rng.uniform(0.02, 0.3),
            underlying=price * 1.002,
            index_rate=0.03,
            mark_add=1.0,
        )
        symbol, quantity = f"{coin}-{number}", rng.choice((-1, 1, -1)) * 3e4 / price
        marks[symbol] = 0.06 * price
        legs.append(
            Leg(
                symbol=symbol,
                side=_side(quantity),
                quantity=quantity,
                entry=0.0,
                base=coin,
                quote="USDT",
                settle="USDT",
                payoff=Payoff.OPTION,
                tiers=flat(0.0),
                option=terms,
            )
        )
    grids = tuple(_grid(coin, rng) for coin in ("BTC", "ETH", "SOL"))
    holdings = (
        Holding(asset="USDT", amount=4e4),
        Holding(asset="USDC", amount=1e4),
        Holding(asset="BTC", amount=0.3, collateral=HAIRCUTS),
        Holding(asset="ETH", amount=4.0, collateral=HAIRCUTS),
    )
    pool = Pool(
        key=_key("portfolio-margin", account), numeraire="USD", holdings=holdings, legs=tuple(legs), grids=grids
    )
    return Rough((pool,), marks, {**COINS, "USDT": 1.0, "USDC": 1.0})


def _grid(coin: str, rng: random.Random) -> ScenarioGrid:
    delta, gamma, vega = rng.uniform(-4e4, 4e4), rng.uniform(-6e4, 2e4), rng.uniform(-3e3, 3e3)
    profits = tuple(tuple(delta * move + gamma * move * move + vega * at for move in MOVES) for at in COLUMNS)
    return ScenarioGrid(
        asset=coin, reference_price=COINS[coin] * 1.001, moves=MOVES, profits=profits, contingency=150.0
    )


def collateral(account: str = "main", seed: int = 5) -> Rough:
    """(b) A cross pool in USD: 20 legs in four settlement assets, six coins with tiered haircuts and borrow tiers."""
    rng = random.Random(seed)
    marks, legs = {}, []
    for number in range(20):
        coin = tuple(COINS)[number % len(COINS)]
        symbol, settle = f"{coin}{number}", ("USDT", "USDT", "USDC", coin)[number % 4]
        marks[symbol] = COINS[coin]
        sign = rng.choice((-1, 1))
        facts = {"symbol": symbol, "settle": settle, "tiers": BRACKETS, "fee_rate": 0.0006}
        if settle == coin:
            legs.append(_perpetual(coin, sign * 1e4, payoff=Payoff.INVERSE, **(facts | {"quote": "USD"})))
        else:
            legs.append(_perpetual(coin, sign * 1e4 / COINS[coin], **facts))
    holdings = tuple(
        Holding(asset=coin, amount=rng.uniform(-0.2, 1.0) * 2e4 / price, collateral=HAIRCUTS, borrow=BORROWING)
        for coin, price in COINS.items()
    )
    cash = (
        Holding(asset="USDT", amount=3e4, collateral=FULL, borrow=BORROWING),
        Holding(asset="USDC", amount=-4e3, borrow=BORROWING),
    )
    pool = Pool(key=_key("multi-assets", account), numeraire="USD", holdings=holdings + cash, legs=tuple(legs))
    return Rough((pool,), marks, {**COINS, "USDT": 1.0, "USDC": 1.0})


def families(account: str = "main", seed: int = 6) -> Rough:
    """(c) 20 legs with tiers by contracts, the contracts of a family counted together, some of them resting orders."""
    rng = random.Random(seed)
    marks: dict[str, float] = {}
    legs = []
    for number in range(20):
        coin = tuple(COINS)[number % len(COINS)]
        order = number >= 14
        symbol = f"{coin}{number % 14}" if order else f"{coin}{number}"
        price = COINS[coin]
        marks.setdefault(symbol, price)
        contracts = rng.choice((-1, 1)) * rng.uniform(20.0, 900.0)
        legs.append(
            _perpetual(
                coin,
                contracts,
                symbol=symbol,
                multiplier=30.0 / price,
                contracts=abs(contracts),
                tiers=BY_CONTRACTS,
                tier_group=coin,
                fee_rate=0.0005,
                order=order,
            )
        )
    holdings = (
        Holding(asset="USDT", amount=2e4),
        Holding(asset="BTC", amount=0.3, collateral=HAIRCUTS),
        Holding(asset="ETH", amount=6.0, collateral=HAIRCUTS),
    )
    pool = Pool(key=_key("cross", account), numeraire="USD", holdings=holdings, legs=tuple(legs), stages=WITH_ORDERS)
    return Rough((pool,), marks, {**COINS, "USDT": 1.0})
