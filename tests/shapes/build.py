"""Short words for building pools by hand."""

from __future__ import annotations

from typing import Any

from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, Side, Symbol
from monitor.domain.tiers import Tier, TierBy, TierTable
from monitor.margin.pool import Leg, Pool
from tests.reference.kernel import key


def linear(symbol: Symbol, quantity: float, entry: float, **more: Any) -> Leg:
    """A position in a contract such as BTCUSDT: quantity signed, in base units; quote and settlement the last four."""
    given: dict[str, Any] = {"base": symbol[:-4], "quote": symbol[-4:], "settle": symbol[-4:], **more}
    return Leg(symbol=symbol, side=side_of(quantity), quantity=quantity, entry=entry, **given)


def inverse(symbol: Symbol, quantity_usd: float, entry: float, **more: Any) -> Leg:
    """A position in a contract such as BTCUSD: quantity signed, in USD; settled in the base asset."""
    base: Asset = symbol[:-3]
    given: dict[str, Any] = {"base": base, "quote": "USD", "settle": base, "payoff": Payoff.INVERSE, **more}
    return Leg(symbol=symbol, side=side_of(quantity_usd), quantity=quantity_usd, entry=entry, **given)


def side_of(quantity: float) -> Side:
    """The side that a signed quantity says."""
    return Side.LONG if quantity >= 0 else Side.SHORT


def tiers(*rows: tuple[float, float] | tuple[float, float, float], by: TierBy = TierBy.NOTIONAL) -> TierTable:
    """A table of (floor, rate) or (floor, rate, deduction)."""
    return TierTable(tuple(Tier(row[0], row[1], row[2] if len(row) == 3 else 0.0) for row in rows), by)


def pool(*legs: Leg, cash: float = 0.0, numeraire: Asset = "USDT", name: str = "pool", **more: Any) -> Pool:
    """A pool of one account of one venue."""
    return Pool(key=key(name), numeraire=numeraire, cash=cash, legs=legs, **more)
