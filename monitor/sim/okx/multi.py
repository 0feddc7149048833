"""Accounts whose currencies back each other: multi-currency margin (level 3), and spot mode with borrowing (level 1).

All amounts are USD unless a name says otherwise. A positive equity counts at its discount, a negative one whole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from monitor.domain.names import Asset
from monitor.sim.okx.board import Prices
from monitor.sim.okx.holdings import Holdings, assets, cross_equity, needs, order_fees
from monitor.sim.okx.listing import Product
from monitor.sim.okx.positions import Position
from monitor.sim.okx.tables import discounted, loan_tiers, tier_for

HIGHEST_FACTOR = 1000.0  #: beyond it no price is searched
STEPS = 200
EXACT = 1e-14  #: of the present health: nearer to zero is zero


def discounted_equity(held: Holdings, asset: Asset, prices: Prices) -> float:
    """`disEq` of one currency."""
    equity = cross_equity(held, asset, prices)
    if equity <= 0.0:
        return equity * prices.usd(asset)
    counted = 0.0 if asset in held.not_collateral else discounted(asset, equity)
    return counted * prices.usd(asset)


def adjusted_equity(held: Holdings, prices: Prices, *, with_orders: bool = True) -> float:
    """`adjEq`: what all currencies count together, less the fees of opening orders."""
    total = sum(discounted_equity(held, asset, prices) for asset in assets(held))
    if with_orders:
        total -= sum(order_fees(held, asset) * prices.usd(asset) for asset in settled_in(held))
    return total


def settled_in(held: Holdings) -> tuple[Asset, ...]:
    """The currencies that positions and orders settle in."""
    found = dict.fromkeys(position.settle for position in held.positions.values())
    found |= dict.fromkeys(order.settle for order in held.orders.values() if order.settle)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Borrowing:
    """What one currency's debt is and needs, in USD. `fee` is what liquidating it would cost."""

    owed: float
    maintenance: float
    initial: float
    fee: float


def borrowing(held: Holdings, asset: Asset, prices: Prices) -> Borrowing:
    """The need of a negative equity: the rates of the loan tier that its amount falls into."""
    amount = max(0.0, -cross_equity(held, asset, prices))
    if not amount:
        return Borrowing(0.0, 0.0, 0.0, 0.0)
    tier, owed = tier_for(loan_tiers(asset), amount), amount * prices.usd(asset)
    fee = owed * (1.0 + tier.mmr) * held.margin_taker_rate
    return Borrowing(owed, owed * tier.mmr, owed * tier.imr, fee)


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """The figures of the account. `ratio` is None while there is nothing to maintain."""

    equity: float
    initial: float
    maintenance: float
    fees: float
    owed: float

    @property
    def ratio(self) -> float | None:
        """`mgnRatio`: liquidated at 1."""
        needed = self.maintenance + self.fees
        return self.equity / needed if needed > 0.0 else None

    @property
    def health(self) -> float:
        """Equity beyond what is needed."""
        return self.equity - self.maintenance - self.fees


def whole(held: Holdings, prices: Prices, *, with_orders: bool = True) -> Whole:
    """The account's figures at these prices; `with_orders=False` as if nothing rested."""
    initial = maintenance = fees = owed = 0.0
    for need in needs(held, prices, with_orders=with_orders):
        usd = prices.usd(need.settle)
        initial += need.initial * usd
        maintenance += need.maintenance * usd
        fees += need.closing_fee * usd
    for asset in assets(held):
        debt = borrowing(held, asset, prices)
        initial, maintenance = initial + debt.initial, maintenance + debt.maintenance
        fees, owed = fees + debt.fee, owed + debt.owed
    equity = adjusted_equity(held, prices, with_orders=with_orders)
    return Whole(equity=equity, initial=initial, maintenance=maintenance, fees=fees, owed=owed)


def liquidation_price(held: Holdings, position: Position, prices: Prices) -> float | None:
    """Where the move of the position's own contract alone brings the ratio to 1, orders left out; None where none does.

    Searched on the side on which the contract loses, by the account's own health, so that brackets and debts that
    begin on the way count.
    """
    if position.instrument.product is Product.OPTION:
        return None
    name, mark = position.instrument.name, prices.mark(position.instrument)
    factor = first_root(lambda share: whole(held, prices.with_marks({name: mark * share}), with_orders=False).health)
    return None if factor is None else mark * factor


def first_root(health: Callable[[float], float]) -> float | None:
    """The price factor at which `health` reaches zero, on the side where it falls; None if it never does.

    Health is made of straight pieces, so that a secant finds the root in a few steps; each one that falls twice on the
    same side halves the weight of the other end.
    """
    now = health(1.0)
    if now <= 0.0:
        return None
    edge = 1e-6 if health(0.999) < now else HIGHEST_FACTOR
    a, at_a, b, at_b = 1.0, now, edge, health(edge)
    if at_b > 0.0:
        return None
    middle, fell = b, 0
    for _ in range(STEPS):
        middle = b - at_b * (b - a) / (at_b - at_a)
        there = health(middle)
        if abs(there) <= EXACT * now or middle in (a, b):
            break
        if there > 0.0:
            a, at_a, at_b, fell = middle, there, at_b * (0.5 if fell > 0 else 1.0), 1
        else:
            b, at_b, at_a, fell = middle, there, at_a * (0.5 if fell < 0 else 1.0), -1
    return middle


def frozen_by_orders(held: Holdings, prices: Prices) -> float:
    """`ordFroz`: the initial margin of resting orders."""
    with_them = sum(n.initial * prices.usd(n.settle) for n in needs(held, prices))
    return with_them - sum(n.initial * prices.usd(n.settle) for n in needs(held, prices, with_orders=False))
