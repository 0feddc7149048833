"""The unified account of KuCoin: one pool in USD. Part of `margin`.

Risk ratio = (maintenance of positions + fees of closing) / adjusted equity, which is each coin through its discount.
The venue documents neither what a loan asks for nor its stages: the pool says so, and reconciliation shows the rest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from monitor.domain.accounts import Account, Balance, MarginMode, Position
from monitor.domain.names import USD, Asset, PoolKey, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierBy, TierTable, flat
from monitor.margin.pool import (
    FULL,
    LIQUIDATION,
    Curve,
    Holding,
    Leg,
    Pool,
    Requirement,
    Stage,
    Step,
    VenueFigures,
)
from monitor.venues.kucoin.margin_cross import ORDERS_CANCELLED, RATIO_NAME, total
from monitor.venues.kucoin.margin_isolated import unified_isolated_pool
from monitor.venues.kucoin.margin_legs import (
    SAME_RATE,
    Contract,
    Opening,
    Said,
    contract_for,
    leg_of,
    opening,
    order_leg,
    positions_of,
    rate_at,
    taker_fee,
    venue_rate,
)
from monitor.venues.kucoin.names import DOLLARS
from monitor.venues.kucoin.parameters import flag, parameter

UNIFIED_POOL = "multi-assets"
DUST = 1e-9
UNPUBLISHED = (
    "the venue does not publish the unified account's rule of liquidation: risk ratio 1 is assumed, and compared with "
    "its own"
)


def unified_pools(account: Account, tables: Tables) -> list[Pool]:
    """The pool of everything in cross margin, and one for each isolated position."""
    positions = positions_of(account)
    alone = [
        unified_isolated_pool(account, tables, position)
        for position in positions
        if position.margin_mode is MarginMode.ISOLATED
    ]
    cross = [position for position in positions if position.margin_mode is not MarginMode.ISOLATED]
    return [*_cross(account, tables, cross), *alone]


def _cross(account: Account, tables: Tables, cross: list[Position]) -> list[Pool]:
    said = Said([UNPUBLISHED])
    coins = {row.asset: row for row in account.balances.values() if row.wallet or row.borrowed}
    known = bool(coins) or account.venue.equity == 0.0
    resting = opening(account)
    legs, closing = _legs(account, tables, cross, resting, said)
    orders = _orders(account, tables, cross, resting, said)
    if not legs and not orders and not coins and not account.venue.equity:
        return []
    if not known and account.venue.equity is None:
        said.unknown.append("neither the account's coins nor its adjusted equity were read")
    elif not known:
        said.reasons.append(
            "the account's coins were not read: its adjusted equity is held, but for what positions earn"
        )
        legs = [_from_here(leg, cross, said) for leg in legs]
    if len(cross) < len(account.positions):
        said.reasons.append(
            "whether a coin's balance holds the margins of isolated positions is not published: it is taken not to"
        )
    holdings = _holdings(account, tables, coins, [*legs, *orders], cross, said)
    maintenance, fees = account.venue.maintenance_margin, total(closing)
    stages: tuple[Stage, ...] = (
        Stage(name=LIQUIDATION, threshold=parameter(tables, "unified_threshold")),
        Stage(name="bankruptcy", requirement=Requirement.NONE),
    )
    if orders:
        ratio = parameter(tables, "unified_orders_ratio")
        stages = (Stage(name=ORDERS_CANCELLED, threshold=ratio, orders=True), *stages)
    pool = Pool(
        key=PoolKey(*account.key, UNIFIED_POOL),
        numeraire=USD,
        cash=0.0 if known else account.venue.equity or 0.0,
        holdings=tuple(holdings),
        legs=(*legs, *orders),
        stages=stages,
        venue=VenueFigures(
            equity=account.venue.equity,
            maintenance_margin=None if maintenance is None or fees is None or orders else maintenance + fees,
            initial_margin=account.venue.initial_margin,
            ratio=account.venue.ratio if legs else None,
            ratio_name=RATIO_NAME,
            ratio_stage=ORDERS_CANCELLED if orders else LIQUIDATION,
        ),
        reasons=tuple(dict.fromkeys(said.reasons)),
        unknown=tuple(dict.fromkeys(said.unknown)),
    )
    return [pool]


def _legs(
    account: Account, tables: Tables, cross: list[Position], resting: list[Opening], said: Said
) -> tuple[list[Leg], list[float | None]]:
    """The positions, and what closing each costs now by the venue's own value, in dollars; None where it is unknown."""
    legs: list[Leg] = []
    closing: list[float | None] = []
    for position in cross:
        contract = contract_for(position.symbol, position.margin_asset, tables, said)
        if position.margin_mode is None:
            said.unknown.append(f"cannot tell whether {position.symbol} {position.side} is cross or isolated")
        fee = taker_fee(contract, account, tables, said)
        sizes = _sizes(contract, cross, resting)
        tiers = _tiers(position, contract, sizes, tables, said)
        legs.append(leg_of(position, contract, tiers, fee, said, tier_group=position.symbol))
        value = position.venue.notional
        # The venue's sum is in dollars, and what a coin is worth is not known here.
        closing.append(None if value is None or contract.settle not in DOLLARS else value * fee)
    return legs, closing


def _sizes(contract: Contract, cross: list[Position], resting: list[Opening]) -> tuple[float | None, float | None]:
    """What the tier of a contract goes by, in its quote: its positions, and its positions and orders; None where the
    venue does not say what a position is worth. Dollars are what an inverse contract's lots count.
    """
    held, ordered = 0.0, 0.0
    for one in cross:
        if one.symbol == contract.symbol:
            lots = abs(one.quantity) * contract.size
            mark = one.venue.mark_price
            value = lots if contract.inverse else one.venue.notional or (None if mark is None else lots * mark)
            if value is None:
                return None, None
            held += value
    for order in resting:
        if order.order.symbol == contract.symbol:
            ordered += abs(order.quantity) * contract.size * (1.0 if contract.inverse else order.price)
    return held, held + ordered


def _tiers(
    position: Position,
    contract: Contract,
    sizes: tuple[float | None, float | None],
    tables: Tables,
    said: Said,
) -> TierTable | None:
    """The venue's tiers, where they give its own rate of the position; else that one. Those of inverse contracts go by
    dollars, which no price moves.
    """
    table, told = _table(position.symbol, tables), venue_rate(position)
    rates = [] if table is None else [rate_at(table, size) for size in sizes if size is not None]
    if table is not None and (told is None or not rates or any(abs(one - told) <= SAME_RATE * told for one in rates)):
        return flat(rates[0]) if contract.inverse and rates else table
    if told is None:
        said.unknown.append(f"no maintenance tiers of {position.symbol}")
        return None
    said.reasons.append(
        f"no tiers of {position.symbol} that give the venue's own rate {told:g} for its size: it is used as it stands"
    )
    return flat(told)


def _table(symbol: Symbol, tables: Tables) -> TierTable | None:
    """The account's own tiers. What is common to all accounts is the growing rate of classic ones."""
    table = tables.tiers.get(symbol)
    return table if table is not None and table.by is TierBy.NOTIONAL else None


def _orders(account: Account, tables: Tables, cross: list[Position], resting: list[Opening], said: Said) -> list[Leg]:
    """Resting orders, whose value counts in the tier of their contract."""
    made: list[Leg] = []
    for one in resting:
        symbol, words = one.order.symbol, Said()
        contract, tiers = contract_for(symbol, one.order.margin_asset, tables, words), _table(symbol, tables)
        if words.unknown or tiers is None:
            said.reasons.append(f"no contract data or tiers of {symbol}: its orders are not counted")
            continue
        if contract.inverse:
            tiers = flat(rate_at(tables.tiers[symbol], _sizes(contract, cross, resting)[1] or 0.0))
        fee = taker_fee(contract, account, tables, said)
        made.append(order_leg(one, contract, tiers, fee, tier_group=symbol))
    return made


def _from_here(leg: Leg, cross: list[Position], said: Said) -> Leg:
    """The leg with its profit counted from the mark at which the venue computed the equity."""
    row = next(one for one in cross if one.symbol == leg.symbol and one.side is leg.side)
    mark = row.venue.mark_price
    if mark is None:
        said.unknown.append(f"no mark of {leg.symbol} beside the account's equity")
        return leg
    return replace(leg, entry=mark)


def _holdings(
    account: Account,
    tables: Tables,
    coins: dict[Asset, Balance],
    legs: list[Leg],
    cross: list[Position],
    said: Said,
) -> list[Holding]:
    """Every coin, and every asset that a contract settles in, at its discount."""
    inside = flag(tables, "unified_balance_with_profit")
    found: list[Holding] = []
    settled = {leg.settle for leg in legs}
    for asset in sorted(coins.keys() | settled):
        row = coins.get(asset)
        # A balance below zero is one that the debt was taken off already.
        amount = (
            0.0 if row is None else min(row.wallet, -row.borrowed) if row.wallet < 0.0 else row.wallet - row.borrowed
        )
        if inside and row is not None:
            own = {(leg.symbol, leg.side) for leg in legs if leg.settle == asset and not leg.order}
            profit = total(one.venue.unrealized_pnl for one in cross if (one.symbol, one.side) in own)
            if profit is None:
                said.unknown.append(f"no profit of the positions that settle in {asset}")
            amount -= profit or 0.0
        if amount < -DUST:
            said.reasons.append(f"{asset} is owed: what the venue asks for a loan is not published, and not counted")
        collateral = _curve(asset, amount, tables, settled, said)
        if collateral is not None:
            found.append(Holding(asset=asset, amount=amount, collateral=collateral))
    if account.venue.equity is None:
        said.reasons.append("the venue does not say the account's adjusted equity: nothing is compared")
    return found


def _curve(asset: Asset, amount: float, tables: Tables, settled: Iterable[Asset], said: Said) -> Curve | None:
    """How a coin counts; None where it counts nothing, so that not even its price matters."""
    terms = tables.collateral.get(asset)
    if terms is not None:
        return Curve(tuple(Step(floor, rate) for floor, rate in terms.steps), by_value=terms.by_value)
    if asset in DOLLARS:
        said.reasons.append(f"no discount of {asset}: it counts in full")
        return FULL
    if tables.collateral and asset not in settled and amount >= 0.0:
        if amount > DUST:
            said.reasons.append(f"{asset} is not in the venue's list of collateral: it counts nothing")
        return None
    said.unknown.append(f"no discount of {asset}")
    return FULL
