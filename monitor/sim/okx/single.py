"""Futures mode (account level 2): one pool for each settlement currency, which nothing else backs."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset
from monitor.sim.okx.board import Prices
from monitor.sim.okx.holdings import (
    Holdings,
    cross_profit,
    families,
    isolated_order_margin,
    needs,
    option_buy_cost,
    option_value,
    order_fees,
    position_need,
    spot_frozen,
    tier_at,
)
from monitor.sim.okx.listing import Product
from monitor.sim.okx.positions import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The figures of one currency, in it. `ratio` is None while no cross position draws on it."""

    available: float
    initial: float
    maintenance: float
    closing_fees: float
    order_fees: float
    order_margin: float
    backing: float
    ratio: float | None


def pool(held: Holdings, asset: Asset, prices: Prices) -> Pool:
    """What backs the cross positions of a currency, and what they and their opening orders need."""
    fees, margin = order_fees(held, asset), isolated_order_margin(held, asset)
    gained = cross_profit(held, asset, prices) + option_value(held, asset, prices)
    frozen = spot_frozen(held, asset) + option_buy_cost(held, asset)
    backing = held.cash.get(asset, 0.0) + gained - held.interest.get(asset, 0.0) - fees - frozen - margin
    wanted = list(needs(held, prices, asset))
    initial, maintenance = sum(n.initial for n in wanted), sum(n.maintenance for n in wanted)
    closing = sum(n.closing_fee for n in wanted)
    needed = maintenance + closing
    return Pool(
        available=backing - initial,
        initial=initial,
        maintenance=maintenance,
        closing_fees=closing,
        order_fees=fees,
        order_margin=margin,
        backing=backing,
        ratio=backing / needed if held.cross(asset) and needed > 0.0 else None,
    )


def liquidation_price(held: Holdings, position: Position, prices: Prices) -> float | None:
    """Where the family's move alone brings the currency's ratio to 1; orders do not count, and no tick is added.

    Contracts of the family move by the same ratio. None for options and where no price does it.
    """
    family = families(held.cross(position.settle)).get(position.instrument.family, [])
    if position not in family:
        return None
    base = held.cash.get(position.settle, 0.0) - held.interest.get(position.settle, 0.0)
    for other in (each for each in held.cross(position.settle) if each not in family):
        need = position_need(held, other, prices, with_orders=False)
        option = other.instrument.product is Product.OPTION
        base += other.option_value(prices) if option else other.profit(prices)
        base -= need.maintenance + need.closing_fee
    mark = prices.mark(position.instrument)
    slope, entry_value = 0.0, 0.0
    for leg in family:
        quantity = leg.contracts * leg.instrument.face
        share = prices.mark(leg.instrument) / mark
        rate = tier_at(held, leg.instrument, with_orders=False).mmr + held.taker_rate
        if leg.instrument.inverse:
            slope += (quantity + abs(quantity) * rate) / share
            entry_value += quantity / leg.average
        else:
            slope += (quantity - abs(quantity) * rate) * share
            entry_value += quantity * leg.average
    above, below = (slope, base + entry_value) if position.instrument.inverse else (entry_value - base, slope)
    if below == 0.0:
        return None
    price = above / below
    return price if price > 0.0 else None
