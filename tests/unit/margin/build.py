"""Pools of a made-up venue, as short as a test can say them."""

from __future__ import annotations

from typing import Any

from monitor.domain.instruments import Payoff
from monitor.domain.names import AccountKey, PoolKey, Side
from monitor.domain.tiers import Tier, TierTable, flat
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Leg, Option, Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult

VENUE = "venue"
ACCOUNT = AccountKey(VENUE, "main")
MARKS = {"BTCUSDT": 100.0, "ETHUSDT": 10.0, "BTCUSD": 100.0, "ETHBTC": 0.1, "CALL": 5.0}
ASSETS = {"USDT": 1.0, "USDC": 1.0, "BTC": 100.0, "ETH": 10.0}
#: 2 % of the whole from 120 on, 0.5 % below: it jumps.
JUMPING = TierTable((Tier(0.0, 0.005), Tier(120.0, 0.02)))


def key(name: str = "pool") -> PoolKey:
    return PoolKey(VENUE, "main", name)


def prices(marks: dict[str, float] | None = None, assets: dict[str, float] | None = None) -> Prices:
    result = Prices()
    for symbol, mark in (MARKS if marks is None else marks).items():
        result.set_mark(VENUE, symbol, mark)
    for asset, usd in (ASSETS if assets is None else assets).items():
        result.set_asset(VENUE, asset, usd)
    return result


def leg(quantity: float, symbol: str = "BTCUSDT", **facts: Any) -> Leg:
    base = facts.pop("base", symbol[:3])
    facts.setdefault("entry", MARKS.get(symbol, 1.0))
    facts.setdefault("tiers", flat(0.01))
    return Leg(
        symbol=symbol,
        side=Side.LONG if quantity > 0 else Side.SHORT,
        quantity=quantity,
        base=base,
        quote=facts.pop("quote", symbol[3:] or "USDT"),
        settle=facts.pop("settle", "USDT"),
        **facts,
    )


def inverse(quantity: float, **facts: Any) -> Leg:
    """A BTCUSD contract settled in BTC; the quantity in USD."""
    return leg(quantity, "BTCUSD", settle="BTC", payoff=Payoff.INVERSE, **facts)


TERMS = Option(strike=100.0, call=True, volatility=0.5, years=0.1, underlying=100.0, index_rate=0.03, mark_add=1.0)


def option(quantity: float, *, terms: Option = TERMS, **facts: Any) -> Leg:
    """A call on BTC at 100 with the forward there."""
    facts.setdefault("entry", 5.0)
    facts.setdefault("tiers", flat(0.0))
    return leg(quantity, "CALL", base="BTC", quote="USDT", payoff=Payoff.OPTION, option=terms, **facts)


def pool(*legs: Leg, **facts: Any) -> Pool:
    facts.setdefault("cash", 20.0)
    facts.setdefault("numeraire", "USDT")
    return Pool(key=facts.pop("key", key()), legs=legs, **facts)


def ask(*pools: Pool, at: Prices | None = None, **how: Any) -> PoolResult:
    """The first pool's result."""
    book = Book(prices() if at is None else at)
    book.replace(ACCOUNT, pools)
    return evaluate(book, **how)[pools[0].key]
