"""What an account of the simulated OKX holds, and what its cross derivatives need, whatever its level.

Sizes are looked up by product and family: all contracts of a family together, both sides added, and opening orders
with them. The rate of that tier holds for every position and order of the family.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from monitor.domain.names import Asset
from monitor.sim.okx.board import Prices
from monitor.sim.okx.listing import Instrument, Product
from monitor.sim.okx.options import sell_order_initial, short_initial, short_maintenance, unit
from monitor.sim.okx.positions import CROSS, ISOLATED, LONG, NET, Loan, Position, Resting, notional
from monitor.sim.okx.tables import Tier, tier_of

TAKER_RATE, MARGIN_TAKER_RATE = 0.0005, 0.001
DERIVATIVES = (Product.SWAP, Product.FUTURES, Product.OPTION)


class Level(IntEnum):
    """`acctLv`."""

    SPOT = 1
    FUTURES = 2
    MULTI_CURRENCY = 3
    PORTFOLIO = 4


@dataclass(slots=True, kw_only=True)
class Holdings:
    """Cash by currency, positions, loans and orders. Cash is negative where it is borrowed."""

    level: Level = Level.FUTURES
    cash: dict[Asset, float] = field(default_factory=dict)
    interest: dict[Asset, float] = field(default_factory=dict)  #: accrued and not yet paid, by currency
    positions: dict[tuple[str, str, str], Position] = field(default_factory=dict)  #: by name, mode, side
    loans: dict[str, Loan] = field(default_factory=dict)  #: isolated spot margin, by pair
    orders: dict[str, Resting] = field(default_factory=dict)  #: by number
    not_collateral: set[Asset] = field(default_factory=set)  #: switched off by the owner
    borrows: bool = False  #: `enableSpotBorrow` of spot mode; in the modes above it `autoLoan`
    taker_rate: float = TAKER_RATE
    margin_taker_rate: float = MARGIN_TAKER_RATE

    def cross(self, settle: Asset | None = None) -> list[Position]:
        """The cross positions, or those that settle in one currency."""
        return [p for p in self.positions.values() if p.mode == CROSS and settle in (None, p.settle)]

    def isolated(self, settle: Asset | None = None) -> list[Position]:
        """The isolated positions, or those that settle in one currency."""
        return [p for p in self.positions.values() if p.mode == ISOLATED and settle in (None, p.settle)]

    def resting(self, mode: str, settle: Asset | None = None) -> list[Resting]:
        """The derivative orders of a margin mode, or those that settle in one currency."""
        return [
            o
            for o in self.orders.values()
            if o.mode == mode and o.instrument.product in DERIVATIVES and settle in (None, o.settle)
        ]

    def opens(self, order: Resting) -> float:
        """How many contracts an order would open; what reduces a position opens none."""
        if order.reduce_only:
            return 0.0
        if order.side != NET:
            return order.size if order.buy == (order.side == LONG) else 0.0
        held = self.positions.get((order.instrument.name, order.mode, NET))
        against = held.contracts if held is not None else 0.0
        if against and (against > 0.0) != order.buy:
            return max(0.0, order.size - abs(against))
        return order.size


def tier_at(held: Holdings, instrument: Instrument, *, with_orders: bool) -> Tier:
    """The tier that cross holdings of an instrument's family have reached."""
    alike = (instrument.product, instrument.family)
    size = sum(abs(p.contracts) for p in held.cross() if (p.instrument.product, p.instrument.family) == alike)
    if with_orders:
        size += sum(
            held.opens(order)
            for order in held.resting(CROSS)
            if (order.instrument.product, order.instrument.family) == alike
        )
    return tier_of(instrument, size)


class Need(NamedTuple):
    """What a position or order needs, in its settlement currency. `closing_fee` is what liquidating it would cost."""

    settle: Asset
    notional: float
    maintenance: float
    initial: float
    closing_fee: float


def position_need(held: Holdings, position: Position, prices: Prices, *, with_orders: bool) -> Need:
    """The need of one cross position, at the mark."""
    tier = tier_at(held, position.instrument, with_orders=with_orders)
    if position.instrument.product is Product.OPTION:
        coins = abs(position.contracts) * position.instrument.face
        value = coins * unit(position.instrument, prices)
        if position.long:
            return Need(position.settle, value, 0.0, 0.0, 0.0)
        initial = short_initial(position.instrument, prices, tier.option_factor) * coins
        maintenance = short_maintenance(position.instrument, prices, tier.option_factor) * coins
        return Need(position.settle, value, maintenance, initial, value * held.taker_rate)
    value = position.value(prices)
    return Need(position.settle, value, value * tier.mmr, value / position.lever, value * held.taker_rate)


def order_need(held: Holdings, order: Resting, prices: Prices) -> Need:
    """The need of what one cross order would open: maintenance and fee at the mark, initial margin at its price."""
    instrument, opened = order.instrument, held.opens(order)
    tier = tier_at(held, instrument, with_orders=True)
    if instrument.product is Product.OPTION:
        coins = opened * instrument.face
        initial = 0.0 if order.buy else sell_order_initial(instrument, prices, tier.option_factor, order.price) * coins
        return Need(order.settle, coins * unit(instrument, prices), 0.0, initial, 0.0)
    marked = notional(instrument, opened, prices.mark(instrument))
    at_price = notional(instrument, opened, order.price)
    return Need(order.settle, marked, marked * tier.mmr, at_price / order.lever, marked * held.taker_rate)


def needs(held: Holdings, prices: Prices, settle: Asset | None = None, *, with_orders: bool = True) -> Iterator[Need]:
    """The needs of all cross positions, and of what orders would open."""
    for position in held.cross(settle):
        yield position_need(held, position, prices, with_orders=with_orders)
    for order in held.resting(CROSS, settle) if with_orders else ():
        yield order_need(held, order, prices)


def order_fee(held: Holdings, order: Resting) -> float:
    """The fee of what an order would open, at its price, as a taker."""
    if order.instrument.product is Product.OPTION:
        return 0.0
    return notional(order.instrument, held.opens(order), order.price) * held.taker_rate


def order_fees(held: Holdings, settle: Asset) -> float:
    """The fees of all orders that settle in a currency, cross and isolated."""
    return sum(order_fee(held, order) for mode in (CROSS, ISOLATED) for order in held.resting(mode, settle))


def option_buy_cost(held: Holdings, settle: Asset) -> float:
    """The premiums that orders to buy options would pay."""
    return sum(
        order.size * order.instrument.face * order.price
        for order in held.resting(CROSS, settle)
        if order.instrument.product is Product.OPTION and order.buy
    )


def isolated_order_margin(held: Holdings, settle: Asset) -> float:
    """The margin of orders that would open isolated positions."""
    return sum(
        notional(order.instrument, held.opens(order), order.price) / order.lever
        for order in held.resting(ISOLATED, settle)
    )


def spot_frozen(held: Holdings, asset: Asset) -> float:
    """What spot orders would give away of a currency."""
    frozen = 0.0
    for order in held.orders.values():
        if order.instrument.product in DERIVATIVES:
            continue
        if order.buy and order.instrument.quote == asset:
            frozen += order.size * order.price
        elif not order.buy and order.instrument.coin == asset:
            frozen += order.size
    return frozen


def cross_profit(held: Holdings, asset: Asset, prices: Prices) -> float:
    """Unrealised profit of cross swaps and futures that settle in a currency; options count by their value."""
    return sum(p.profit(prices) for p in held.cross(asset) if p.instrument.product is not Product.OPTION)


def option_value(held: Holdings, asset: Asset, prices: Prices) -> float:
    """What cross options that settle in a currency are worth together."""
    return sum(p.option_value(prices) for p in held.cross(asset))


def cross_equity(held: Holdings, asset: Asset, prices: Prices) -> float:
    """Cash, cross profit and options, less accrued interest."""
    return (
        held.cash.get(asset, 0.0)
        + cross_profit(held, asset, prices)
        + option_value(held, asset, prices)
        - held.interest.get(asset, 0.0)
    )


def isolated_equity(held: Holdings, asset: Asset, prices: Prices) -> float:
    """Margin and profit of the isolated positions of a currency, spot margin included."""
    derivatives = sum((p.margin or 0.0) + p.profit(prices) for p in held.isolated(asset))
    loans = sum(loan.margin + loan.profit(prices) for loan in held.loans.values() if loan.held_asset == asset)
    return derivatives + loans


def assets(held: Holdings) -> tuple[Asset, ...]:
    """Every currency that the account has something of, or owes something in."""
    found = dict.fromkeys(asset for asset, amount in held.cash.items() if amount)
    found |= dict.fromkeys(position.settle for position in held.positions.values())
    found |= dict.fromkeys(loan.held_asset for loan in held.loans.values())
    found |= dict.fromkeys(asset for asset, amount in held.interest.items() if amount)
    return tuple(found)


def families(positions: Iterable[Position]) -> dict[str, list[Position]]:
    """Swaps and futures by family: what moves together when one of them is asked for its liquidation price."""
    found: dict[str, list[Position]] = {}
    for position in positions:
        if position.instrument.product is not Product.OPTION:
            found.setdefault(position.instrument.family, []).append(position)
    return found
