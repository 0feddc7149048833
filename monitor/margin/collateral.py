"""What each asset of a pool counts for in its equity: amount and profit, after the haircut."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.names import Asset
from monitor.margin.pool import Curve, Holding, Pool
from monitor.margin.prices import Prices


@dataclass(frozen=True, slots=True)
class Counted:
    """One asset: `net` is the holding with the profit of what settles in it, `value` (numeraire) what that counts for
    and `rate` what one unit more or less would count for, as a ratio of its price. NaN: unknown.
    """

    asset: Asset
    net: float
    value: float
    rate: float


def counted(pool: Pool, profits: Mapping[Asset, float], prices: Prices) -> tuple[Counted, ...]:
    """The assets of a pool, its cash among them where it has any; `profits` by settlement asset, in that asset.

    Values of holdings add up to the pool's equity, less its loans and what its grids have won.
    """
    listed = {holding.asset for holding in pool.holdings}
    cash = pool.cash + (profits.get(pool.numeraire, 0.0) if pool.numeraire not in listed else 0.0)
    found = [Counted(pool.numeraire, cash, cash, 1.0)] if cash or not pool.holdings else []
    numeraire = prices.asset(pool.key.venue, pool.numeraire)
    for holding in pool.holdings:
        net = holding.amount + profits.get(holding.asset, 0.0)
        price = 1.0
        if holding.asset != pool.numeraire:
            price = prices.asset(pool.key.venue, holding.asset) / (1.0 if pool.numeraire == "USD" else numeraire)
        found.append(_holding(holding, net, price))
    return tuple(_capped(found, pool.holdings, pool.caps))


def worth(curve: Curve, amount: float, price: float) -> tuple[float, float]:
    """What an amount (>= 0) counts for in the numeraire, and the rate of its last unit."""
    size = amount * price if curve.by_value else amount
    counts, rate = 0.0, curve.steps[0].rate
    for step, end in zip(curve.steps, [*(step.floor for step in curve.steps[1:]), math.inf], strict=True):
        if size > step.floor:
            counts, rate = counts + (min(size, end) - step.floor) * step.rate, step.rate
    return (counts if curve.by_value else counts * price), rate


def _holding(holding: Holding, net: float, price: float) -> Counted:
    if net < 0.0:
        return Counted(holding.asset, net, net * price * holding.negative_rate, holding.negative_rate)
    if math.isnan(net) or math.isnan(price):
        return Counted(holding.asset, net, math.nan, math.nan)
    value, rate = worth(holding.collateral, net, price)
    return Counted(holding.asset, net, value, rate)


def _capped(found: list[Counted], holdings: Sequence[Holding], caps: Sequence[tuple[str, float]]) -> list[Counted]:
    """Where the positive value of a group passes its cap, each of the group counts for its part of the cap."""
    groups = {holding.asset: holding.cap_group for holding in holdings if holding.cap_group is not None}
    for group, cap in caps:
        members = [one for one in found if groups.get(one.asset) == group and one.value > 0.0]
        total = sum(one.value for one in members)
        if total > cap:
            found = [
                Counted(one.asset, one.net, one.value * cap / total, 0.0) if one in members else one for one in found
            ]
    return found
