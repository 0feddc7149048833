"""Positions and resting orders of Bybit as legs of a pool. Part of `margin`; formulas stand in README.md."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import isnan

from monitor.domain.accounts import Account, Order, Position
from monitor.domain.instruments import Instrument, Payoff
from monitor.domain.lines import State
from monitor.domain.names import Asset, PositionKey, Side, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierTable
from monitor.margin.pool import INFINITE, NAN, Basis, Leg, VenueLine
from monitor.venues.bybit.coins import coin_of, contract_of, option_of
from monitor.venues.bybit.parameters import Parameters


@dataclass(slots=True)
class Said:
    """What was assumed (`reasons`) and what makes the pool unknown, in words, while a pool is put together."""

    reasons: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Contract:
    """What a symbol is made of. `fee_group` is what the user's fees are looked up by."""

    payoff: Payoff
    base: Asset
    quote: Asset
    settle: Asset
    coin: Asset
    fee_group: str
    instrument: Instrument | None

    @property
    def inverse(self) -> bool:
        """Settled in its base: value = quantity / price."""
        return self.payoff is Payoff.INVERSE

    def value(self, quantity: float, price: float) -> float:
        """What so much is worth at a price, in the settlement asset."""
        return abs(quantity) / price if self.inverse else abs(quantity) * price


def contract_for(symbol: Symbol, account: Account, tables: Tables, said: Said) -> Contract:
    """The contract of a position or an order; what only its name tells is a reason."""
    one = tables.instruments.get(symbol)
    if one is not None:
        return Contract(one.payoff, one.base, one.quote, one.settle, one.coin, one.fee_group or symbol, one)
    legs = (account.positions.get(PositionKey(symbol, side)) for side in Side)
    position = next((row for row in legs if row is not None), None)
    settle = None if position is None else position.margin_asset
    option = option_of(symbol)
    kind = "option" if option else "linear" if settle in ("USDT", "USDC") else "inverse"
    named = contract_of(symbol, kind) or contract_of(symbol, "linear")
    if named is None:
        said.unknown.append(f"no contract data for {symbol}")
        return Contract(Payoff.LINEAR, symbol, "USDT", "USDT", symbol, symbol, None)
    said.reasons.append(f"no contract data for {symbol}: base and quote taken from its name")
    payoff = Payoff.OPTION if option else Payoff.INVERSE if named[1] == "USD" else Payoff.LINEAR
    return Contract(payoff, *named, coin_of(named[0])[0], symbol, None)


def taker_fee(symbol: Symbol, contract: Contract, account: Account, parameters: Parameters, said: Said) -> float:
    """What the user pays for taking, as a ratio; one that was not read is assumed, and said."""
    rate = account.fees.get(contract.fee_group)
    if rate is None:
        rate = parameters.taker_fee
        said.reasons.append(f"no fee rate for {symbol}: {rate:g} is assumed")
    return rate


def closing_fee_rate(taker: float, contract: Contract, quantity: float, leverage: float | None) -> float:
    """The fee to close at the bankruptcy price, as a rate of the value at entry: t (1 - s/L), inverse t (1 + s/L)."""
    share = 0.0 if not leverage else (1.0 if quantity > 0 else -1.0) / leverage
    return taker * (1.0 + share if contract.inverse else 1.0 - share)


def leg_of(
    position: Position,
    contract: Contract,
    account: Account,
    tables: Tables,
    parameters: Parameters,
    said: Said,
    *,
    isolated: bool,
) -> Leg:
    """A contract held: maintenance of its tier at the mark, and the fee to close, fixed at the entry."""
    symbol, side, entry = position.symbol, position.side, position.entry_price
    if entry is None:
        said.unknown.append(f"no entry price of {symbol} {side}")
    leverage = position.leverage
    if leverage is None:
        said.reasons.append(f"no leverage of {symbol} {side}: its initial margin is unknown, its fee to close assumed")
    taker = taker_fee(symbol, contract, account, parameters, said)
    fee_rate = closing_fee_rate(taker, contract, position.quantity, leverage) * _since_opened(position, contract)
    return Leg(
        symbol=symbol,
        side=side,
        quantity=position.quantity,
        entry=NAN if entry is None else entry,
        base=contract.base,
        quote=contract.quote,
        settle=contract.settle,
        coin=contract.coin,
        payoff=contract.payoff,
        tiers=tables.tiers.get(symbol),
        basis=parameters.basis,
        fee_rate=fee_rate,
        fee_basis=Basis.ENTRY,
        initial_margin_rate=None if leverage is None else 1.0 / leverage,
        initial_basis=Basis.ENTRY if isolated else parameters.basis,
        constant_initial=NAN if entry is None else contract.value(position.quantity, entry) * fee_rate,
    )


def _since_opened(position: Position, contract: Contract) -> float:
    """Value at the price of opening over that at the price from which profit counts: contracts in USDC pay their profit
    every session, and the fee to close goes by the former, of which `positionValue` is made.
    """
    opened, entry = position.venue.notional, position.entry_price
    if contract.settle != "USDC" or not opened or not entry:
        return 1.0
    return opened / contract.value(position.quantity, entry)


def printed_between(contract: Contract) -> tuple[float, float] | None:
    """Between which prices the venue prints a liquidation price; None where that is unknown."""
    instrument = contract.instrument
    if instrument is None or instrument.min_price is None or instrument.max_price is None:
        return None
    return instrument.min_price, instrument.max_price


def venue_line(position: Position, contract: Contract, tolerance: float) -> tuple[VenueLine, ...]:
    """The venue's price: this contract alone moves; with an inverse one its coin does, in which it settles.

    Where the venue prints none, that says «outside of the prices that it may have»: compared where those are known.
    """
    printed, bounds = position.venue, printed_between(contract)
    if printed.liquidation.state is State.UNKNOWN or (bounds is None and printed.liquidation.state is State.NEVER):
        return ()
    return (
        VenueLine(
            symbol=position.symbol,
            side=position.side,
            printed=printed.liquidation,
            mark=printed.mark_price,
            moves=((position.symbol, 1.0),),
            asset_moves=((contract.base, 1.0),) if contract.inverse else (),
            tolerance=tolerance,
            bounds=bounds or (0.0, INFINITE),
        ),
    )


def tiered(table: TierTable, value: float) -> float:
    """What a value asks for in its tier, in the settlement asset."""
    tier = next(tier for tier in reversed(table.tiers) if tier.floor <= value or tier.floor == 0.0)
    return value * tier.rate - tier.deduction


def as_hedged(legs: Sequence[Leg], account: Account, contracts: dict[Symbol, Contract], said: Said) -> list[Leg]:
    """Legs of a hedge ask for less than each by itself, by a rule that no document gives: their maintenance is scaled,
    so that it is the venue's at the venue's own mark and falls below nothing nowhere.
    """
    sides: dict[Symbol, set[Side]] = {}
    for leg in legs:
        sides.setdefault(leg.symbol, set()).add(leg.side)
    hedged = {symbol for symbol, both in sides.items() if len(both) > 1}
    made: list[Leg] = []
    for leg in legs:
        if leg.symbol not in hedged or leg.payoff is Payoff.OPTION:
            made.append(leg)
            continue
        share = _share_of_alone(leg, account.positions[PositionKey(leg.symbol, leg.side)], contracts[leg.symbol])
        if share is None or leg.tiers is None:
            said.reasons.append(f"{leg.symbol} is hedged: each leg is counted as if it were alone, which is too much")
            made.append(leg)
            continue
        said.reasons.append(
            f"{leg.symbol} is hedged: the venue's maintenance of its {leg.side} at its mark is taken, and how it moves "
            "from there is assumed"
        )
        made.append(replace(leg, tiers=_scaled(leg.tiers, share), fee_rate=leg.fee_rate * share))
    return made


def _share_of_alone(leg: Leg, position: Position, contract: Contract) -> float | None:
    """The venue's maintenance of a leg over what it would ask for by itself, at the venue's mark; None: not told."""
    venue = position.venue
    if venue.maintenance_margin is None or venue.mark_price is None or leg.tiers is None or isnan(leg.entry):
        return None
    alone = tiered(leg.tiers, contract.value(leg.quantity, venue.mark_price))
    alone += contract.value(leg.quantity, leg.entry) * leg.fee_rate
    return venue.maintenance_margin / alone if alone > 0.0 else None


def _scaled(table: TierTable, share: float) -> TierTable:
    tiers = (replace(tier, rate=tier.rate * share, deduction=tier.deduction * share) for tier in table.tiers)
    return replace(table, tiers=tuple(tiers))


def order_legs(
    account: Account,
    tables: Tables,
    parameters: Parameters,
    contracts: dict[Symbol, Contract],
    legs: Sequence[Leg],
    said: Said,
) -> tuple[list[Leg], list[Leg]]:
    """The position legs and the order legs: orders ask at the rate of the tier of position and orders together."""
    made: list[Leg] = []
    left_out: set[Symbol] = set()
    leverages = _leverages(account)
    room = {leg.symbol: -leg.quantity for leg in legs if _alone(leg, account)}
    for order in sorted(account.orders.values(), key=_first_filled):
        contract = contracts.get(order.symbol)
        if contract is None:
            contract = contracts[order.symbol] = contract_for(order.symbol, account, tables, said)
        if order.price is None or order.reduce_only or not order.quantity:
            continue
        if contract.payoff is Payoff.OPTION:
            left_out.add(order.symbol)
            continue
        quantity = _beyond(order, room)
        if quantity:
            taker = taker_fee(order.symbol, contract, account, parameters, said)
            made.append(_order_leg(order, quantity, order.price, taker, contract, leverages.get(order.symbol), tables))
    if left_out:
        said.reasons.append(f"orders of options are not counted: {', '.join(sorted(left_out))}")
    grouped = {leg.tier_group for leg in made}
    groups = [leg.symbol if _alone(leg, account) else _group_of_side(leg.symbol, leg.side) for leg in legs]
    held = [
        replace(leg, tier_group=group, group_lookup=False) if group in grouped else leg
        for leg, group in zip(legs, groups, strict=True)
    ]
    return held, made


def _group_of_side(symbol: Symbol, side: Side) -> str:
    """In hedge mode each side has a tier of its own: the venue gives each a risk limit."""
    return f"{symbol} {side}"


def _first_filled(order: Order) -> tuple[Symbol, float, str]:
    """Bids from the highest down, asks from the lowest up: in this order a position would be closed."""
    price = order.price or 0.0
    return order.symbol, -price if order.quantity > 0 else price, order.id


def _alone(leg: Leg, account: Account) -> bool:
    """Whether the leg is a position in one-way mode."""
    position = account.positions.get(PositionKey(leg.symbol, leg.side))
    return position is not None and not position.hedge


def _beyond(order: Order, room: dict[Symbol, float]) -> float:
    """What of an order would open something: in one-way mode the part against the position only closes it, in hedge
    mode an order against its own leg can do nothing else.
    """
    if order.side is not None:
        return order.quantity if (order.quantity > 0) == (order.side is Side.LONG) else 0.0
    left = room.get(order.symbol, 0.0)
    if left * order.quantity <= 0.0:
        return order.quantity
    closing = min(abs(left), abs(order.quantity)) * (1.0 if order.quantity > 0 else -1.0)
    room[order.symbol] = left - closing
    return order.quantity - closing


def _leverages(account: Account) -> dict[Symbol, float]:
    """The leverage of each symbol: that of a position in it, else as it is set."""
    found = {symbol: one.leverage for symbol, one in account.symbols.items() if one.leverage}
    return found | {key.symbol: row.leverage for key, row in account.positions.items() if row.leverage}


def _order_leg(
    order: Order,
    quantity: float,
    price: float,
    taker: float,
    contract: Contract,
    set_for_symbol: float | None,
    tables: Tables,
) -> Leg:
    side = order.side or (Side.LONG if quantity > 0 else Side.SHORT)
    leverage = order.leverage or set_for_symbol
    fees = taker + closing_fee_rate(taker, contract, quantity, leverage)  # to open, and to close
    return Leg(
        symbol=order.symbol,
        side=side,
        quantity=quantity,
        entry=price,
        base=contract.base,
        quote=contract.quote,
        settle=contract.settle,
        coin=contract.coin,
        payoff=contract.payoff,
        tiers=tables.tiers.get(order.symbol),
        basis=Basis.ENTRY,
        initial_margin_rate=None if leverage is None else 1.0 / leverage,
        initial_basis=Basis.ENTRY,
        constant_initial=contract.value(quantity, price) * fees,
        tier_group=order.symbol if order.side is None else _group_of_side(order.symbol, side),
        group_deduction=False,
        order=True,
    )


def positions_of(account: Account) -> list[Position]:
    """The positions in a fixed order."""
    return sorted(account.positions.values(), key=lambda position: position.key)


def total(values: Iterable[float | None]) -> float | None:
    """A sum; None where a part is unknown."""
    found = 0.0
    for value in values:
        if value is None:
            return None
        found += value
    return found
