"""Positions and resting orders of KuCoin as legs of a pool, and the rates that go with them. Part of `margin`.

`Position.quantity` counts lots; legs count base units (linear) or dollars (inverse).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from monitor.domain.accounts import Account, MarginMode, Order, Position
from monitor.domain.instruments import Payoff
from monitor.domain.lines import NEVER, Line
from monitor.domain.names import Asset, PositionKey, Side, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierBy, TierTable, flat
from monitor.margin.pool import INFINITE, Leg
from monitor.venues.kucoin.names import coin_of, contract_of
from monitor.venues.kucoin.parameters import flag, parameter

SAME_RATE = 1e-4  #: to which a rate that the venue tells and one that a table gives are the same


@dataclass(slots=True)
class Said:
    """What was assumed (`reasons`) and what makes the pool unknown, in words, while a pool is put together."""

    reasons: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Contract:
    """What a symbol is made of. `size` is what one lot stands for, in base units or dollars (inverse)."""

    symbol: Symbol
    payoff: Payoff
    base: Asset
    quote: Asset
    settle: Asset
    coin: Asset
    size: float
    fee: float | None = None
    tick: float | None = None
    max_price: float = INFINITE

    @property
    def inverse(self) -> bool:
        """Settled in its base: value = quantity / price."""
        return self.payoff is Payoff.INVERSE

    def value(self, quantity: float, price: float) -> float:
        """What so many base units, or dollars, are worth at a price, in the settlement asset."""
        return abs(quantity) / price if self.inverse else abs(quantity) * price


def contract_for(symbol: Symbol, settle: Asset | None, tables: Tables, said: Said) -> Contract:
    """The contract of a position or an order. What a lot stands for is in no name: without a table the pool is
    unknown, but for inverse contracts, of which one lot is one dollar.
    """
    one = tables.instruments.get(symbol)
    if one is not None:
        return Contract(
            symbol,
            one.payoff,
            one.base,
            one.quote,
            one.settle,
            one.coin,
            one.contract_size,
            one.liquidation_fee_rate,
            one.tick_size,
            one.max_price or INFINITE,
        )
    named = contract_of(symbol, settle)
    if named is None or not named[3]:
        said.unknown.append(f"no contract data for {symbol}: what one lot of it stands for is unknown")
        base, quote, paid = (symbol, "USDT", settle or "USDT") if named is None else named[:3]
        return Contract(symbol, Payoff.LINEAR, base, quote, paid, coin_of(base)[0], 1.0)
    base, quote, paid, _ = named
    said.reasons.append(f"no contract data for {symbol}: taken from its name, one dollar a lot")
    return Contract(symbol, Payoff.INVERSE, base, quote, paid, coin_of(base)[0], 1.0)


def taker_fee(contract: Contract, account: Account, tables: Tables, said: Said) -> float:
    """What closing costs as a ratio of the value: the user's rate, the contract's, or one that is assumed."""
    own = account.fees.get(contract.symbol) if flag(tables, "user_taker_fee") else None
    rate = own if own is not None else contract.fee
    if rate is None:
        rate = parameter(tables, "taker_fee")
        said.reasons.append(f"no fee rate for {contract.symbol}: {rate:g} is assumed")
    return rate


def venue_rate(position: Position) -> float | None:
    """The maintenance rate that the venue tells of a position: itself, or as maintenance over value."""
    if position.maintenance_rate is not None:
        return position.maintenance_rate
    maintenance, value = position.venue.maintenance_margin, position.venue.notional
    return maintenance / value if maintenance and value else None


def growing_rate(position: Position, contract: Contract, tables: Tables, said: Said) -> TierTable | None:
    """The rate of a cross position: the curve of its contract, unless the venue's own rate says otherwise.

    The venue's rate is of this size only: where it is used, lines are right and advice on other sizes is approximate.
    """
    table, told = curve_of(position.symbol, tables), venue_rate(position)
    mark = position.venue.mark_price or position.entry_price
    curve = None if table is None else _at_size(table, contract, abs(position.quantity) * contract.size, mark)
    if told is None:
        if curve is None:
            why = f"no maintenance rate of {position.symbol}: the venue tells none and its contract has none"
            said.unknown.append(why)
            return None
        if contract.inverse:
            said.reasons.append(by_coins(position.symbol))
            return flat(curve)
        return table
    if curve is not None and not contract.inverse and abs(curve - told) <= SAME_RATE * told:
        return table
    if contract.inverse:
        return flat(told)
    if curve is not None:
        said.reasons.append(
            f"the maintenance rate of {position.symbol} {position.side} is {told:g} by the venue and {curve:g} by the "
            "curve of its contract: the venue's is used, as it stands"
        )
    else:
        said.reasons.append(f"no curve of the maintenance rate of {position.symbol}: the venue's of now is used")
    return flat(told)


def curve_of(symbol: Symbol, tables: Tables) -> TierTable | None:
    """The curve of a contract's rate, with the cap or without it; what goes by notional is none."""
    table = tables.tiers.get(symbol)
    if table is None or table.by is not TierBy.BASE:
        return None
    return table if flag(tables, "mmr_capped") else TierTable(table.tiers[:1], by=table.by)


def by_coins(symbol: Symbol) -> str:
    """What is said where an inverse contract's curve had to do."""
    return f"what the maintenance rate of {symbol} grows with is not known: its curve is taken by value in coins"


def _at_size(table: TierTable, contract: Contract, size: float, mark: float | None) -> float | None:
    """The rate at so many base units, or dollars at a mark (inverse)."""
    if not contract.inverse:
        return rate_at(table, size)
    return None if mark is None else rate_at(table, size / mark)


def order_rate(one: Opening, contract: Contract, held: Position | None, tables: Tables, said: Said) -> TierTable | None:
    """The rate that an order is asked for once it is filled: of the size that it leads to. None where it is unknown.

    Linear ones carry their curve and are looked up together with what is held.
    """
    table = curve_of(one.order.symbol, tables)
    if table is None or not contract.inverse:
        return table or (None if held is None else growing_rate(held, contract, tables, Said()))
    joint = abs(one.quantity) + (0.0 if held is None else abs(held.quantity))
    said.reasons.append(by_coins(one.order.symbol))
    return flat(rate_at(table, joint * contract.size / one.price))


def rate_at(table: TierTable, size: float) -> float:
    """The rate of a table that goes by size, at a size."""
    tier = next(one for one in reversed(table.tiers) if size >= one.floor)
    return tier.rate + tier.growth * size


def leg_of(
    position: Position,
    contract: Contract,
    tiers: TierTable | None,
    fee_rate: float,
    said: Said,
    *,
    tier_group: str | None = None,
    settle: Asset | None = None,
) -> Leg:
    """A position as a leg: its rate, and the fee at mark."""
    if position.entry_price is None:
        said.unknown.append(f"no entry price of {position.symbol} {position.side}")
    return Leg(
        symbol=position.symbol,
        side=position.side,
        quantity=position.quantity * contract.size,
        entry=position.entry_price or 0.0,
        base=contract.base,
        quote=contract.quote,
        settle=settle or contract.settle,
        coin=contract.coin,
        payoff=contract.payoff,
        contracts=abs(position.quantity),
        tiers=tiers,
        fee_rate=fee_rate,
        initial_margin_rate=1.0 / position.leverage if position.leverage else None,
        tier_group=tier_group,
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """A resting order, or what of it would open something: `quantity` in lots, signed."""

    order: Order
    quantity: float
    price: float


def opening(account: Account, symbols: Iterable[Symbol] | None = None) -> list[Opening]:
    """What resting cross orders would open. One against a one-way position closes it first, the nearest to the market
    before the others; orders without a price wait for something and count nothing.
    """
    wanted = None if symbols is None else set(symbols)
    by_side: dict[tuple[Symbol, float], list[Order]] = defaultdict(list)
    for order in account.orders.values():
        counts = order.price is not None and not order.reduce_only and order.margin_mode is not MarginMode.ISOLATED
        if counts and order.quantity and (wanted is None or order.symbol in wanted):
            by_side[order.symbol, 1.0 if order.quantity > 0 else -1.0].append(order)
    found: list[Opening] = []
    for (symbol, sign), orders in sorted(by_side.items()):
        against = account.positions.get(PositionKey(symbol, Side.SHORT if sign > 0 else Side.LONG))
        closes = abs(against.quantity) if against is not None and not against.hedge else 0.0
        for order in sorted(orders, key=lambda one: -sign * (one.price or 0.0)):
            if order.side is not None and (order.side is Side.LONG) != (sign > 0):
                continue  # it closes a leg of a hedge
            closed = min(closes, abs(order.quantity))
            closes -= closed
            left = abs(order.quantity) - closed
            if left > 0.0 and order.price is not None:
                found.append(Opening(order, sign * left, order.price))
    return found


def order_leg(
    one: Opening,
    contract: Contract,
    tiers: TierTable | None,
    fee_rate: float,
    *,
    tier_group: str | None = None,
    settle: Asset | None = None,
) -> Leg:
    """What an order would open, as a leg: with the fee of opening at its price and that of closing at mark."""
    quantity = one.quantity * contract.size
    leverage = one.order.leverage
    return Leg(
        symbol=one.order.symbol,
        side=Side.LONG if quantity > 0 else Side.SHORT,
        quantity=quantity,
        entry=one.price,
        base=contract.base,
        quote=contract.quote,
        settle=settle or contract.settle,
        coin=contract.coin,
        payoff=contract.payoff,
        contracts=abs(one.quantity),
        tiers=tiers,
        fee_rate=fee_rate,
        initial_margin_rate=1.0 / leverage if leverage else None,
        order=True,
        opening_fee=contract.value(quantity, one.price) * fee_rate,
        tier_group=tier_group,
    )


def line_printed(position: Position, contract: Contract) -> Line:
    """The venue's price, without its word for «none» of a short: the highest price that the contract may have."""
    line = position.venue.liquidation
    return NEVER if line.price is not None and line.price >= contract.max_price else line


def positions_of(account: Account) -> Sequence[Position]:
    """The positions in a fixed order."""
    return sorted(account.positions.values(), key=lambda position: position.key)
