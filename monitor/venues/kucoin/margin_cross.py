"""Cross margin of a classic futures account: one pool a settlement currency. Part of `margin`.

Risk rate = (maintenance of positions + of orders as if filled + fees of closing) / (margin with profit - fees of
opening the orders). At 95 % orders are cancelled, at 100 % the account is liquidated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from monitor.domain.accounts import Account, MarginMode, Position
from monitor.domain.lines import State
from monitor.domain.names import Asset, PoolKey, Side, Symbol
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierBy
from monitor.margin.pool import DEFAULT_STAGES, LIQUIDATION, Leg, Pool, Stage, VenueFigures, VenueLine
from monitor.venues.kucoin.margin_isolated import LINE_TOLERANCE
from monitor.venues.kucoin.margin_legs import (
    Contract,
    Said,
    contract_for,
    growing_rate,
    leg_of,
    line_printed,
    opening,
    order_leg,
    order_rate,
    positions_of,
    taker_fee,
)
from monitor.venues.kucoin.parameters import parameter

RATIO_NAME = "riskRatio"
ORDERS_CANCELLED = "orders-cancelled"
FAR = 0.9  #: equity over the value of all positions from which on longs would fall to nothing, or nearly so


def cross_pools(account: Account, tables: Tables) -> list[Pool]:
    """The pools, by currency: those with a balance, and those with a position without one, which are unknown."""
    held: dict[Asset, list[tuple[Position, Contract]]] = {}
    said: dict[Asset, Said] = {}
    for position in positions_of(account):
        if position.margin_mode is MarginMode.ISOLATED:
            continue
        words = Said()
        contract = contract_for(position.symbol, position.margin_asset, tables, words)
        if position.margin_mode is None:
            words.unknown.append(f"cannot tell whether {position.symbol} {position.side} is cross or isolated")
        held.setdefault(contract.settle, []).append((position, contract))
        known = said.setdefault(contract.settle, Said())
        known.reasons += words.reasons
        known.unknown += words.unknown
    assets = held.keys() | {row.asset for row in account.balances.values() if row.wallet or row.cross_wallet}
    return [_pool(account, tables, asset, held.get(asset, ()), said.get(asset, Said())) for asset in sorted(assets)]


def _pool(
    account: Account, tables: Tables, asset: Asset, held: Sequence[tuple[Position, Contract]], said: Said
) -> Pool:
    balance = account.balances.get(asset)
    if balance is None or balance.cross_wallet is None:
        said.unknown.append(f"no wallet of {asset} in the account")
    orders = _orders(account, tables, asset, held, said)
    grouped = {leg.tier_group for leg in orders}
    legs: list[Leg] = []
    closing: list[float | None] = []
    for position, contract in held:
        fee = taker_fee(contract, account, tables, said)
        tiers = growing_rate(position, contract, tables, said)
        by_size = tiers is not None and tiers.by is TierBy.BASE
        place = _group(position.symbol, position.side if position.hedge else None)
        group = place if by_size and place in grouped else None
        legs.append(leg_of(position, contract, tiers, fee, said, tier_group=group))
        maintenance, value = position.venue.maintenance_margin, position.venue.notional
        closing.append(None if maintenance is None or value is None else maintenance + value * fee)
    _name_hedges(held, said)
    profit = total(position.venue.unrealized_pnl for position, _ in held)
    cash = None if balance is None else balance.cross_wallet
    cancelled = Stage(name=ORDERS_CANCELLED, threshold=parameter(tables, "orders_cancelled_ratio"), orders=True)
    return Pool(
        key=PoolKey(*account.key, f"cross:{asset}"),
        numeraire=asset,
        cash=cash or 0.0,
        legs=(*legs, *orders),
        stages=(cancelled, *DEFAULT_STAGES) if orders else DEFAULT_STAGES,
        venue=VenueFigures(
            equity=None if cash is None or profit is None else cash + profit,
            maintenance_margin=total(closing),
            initial_margin=total(position.venue.initial_margin for position, _ in held),
            # Orders alone can lose nothing: what the venue's ratio says of them is nobody's danger.
            ratio=None if balance is None or not legs else balance.venue_ratio,
            ratio_name=RATIO_NAME,
            ratio_stage=ORDERS_CANCELLED if orders else LIQUIDATION,
            lines=tuple(_lines(held, tables, None if cash is None or profit is None else cash + profit)),
        ),
        reasons=tuple(dict.fromkeys(said.reasons)),
        unknown=tuple(dict.fromkeys(said.unknown)),
    )


def _orders(
    account: Account, tables: Tables, asset: Asset, held: Sequence[tuple[Position, Contract]], said: Said
) -> list[Leg]:
    """What cross orders of this currency would open, at the rate of the size that they would lead to."""
    known = {
        _group(position.symbol, position.side if position.hedge else None): (position, contract)
        for position, contract in held
    }
    made: list[Leg] = []
    for one in opening(account):
        symbol, place = one.order.symbol, _group(one.order.symbol, one.order.side)
        words = Said()
        contract = known[place][1] if place in known else contract_for(symbol, one.order.margin_asset, tables, words)
        if contract.settle != asset:
            continue
        said.reasons += [*words.reasons, *(f"{why}: its orders are not counted" for why in words.unknown)]
        if words.unknown:
            continue
        tiers = order_rate(one, contract, known[place][0] if place in known else None, tables, said)
        if tiers is None:
            said.reasons.append(f"no maintenance rate of {symbol}: its orders are not counted")
            continue
        group = place if tiers.by is TierBy.BASE else None
        made.append(order_leg(one, contract, tiers, taker_fee(contract, account, tables, said), tier_group=group))
    return made


def _group(symbol: Symbol, side: Side | None) -> str:
    """Whose sizes add up to one rate: a symbol's, or of a hedge those of one side."""
    return symbol if side is None else f"{symbol} {side}"


def _name_hedges(held: Iterable[tuple[Position, Contract]], said: Said) -> None:
    sides: dict[Symbol, set[Side]] = {}
    for position, _ in held:
        sides.setdefault(position.symbol, set()).add(position.side)
    for symbol, both in sorted(sides.items()):
        if len(both) > 1:
            said.reasons.append(
                f"{symbol} is held long and short: the venue does not say whether both sides ask for maintenance; "
                "both are counted as its rows show them"
            )


def _lines(held: Sequence[tuple[Position, Contract]], tables: Tables, equity: float | None) -> Iterable[VenueLine]:
    """The venue's reference prices: it lets longs fall and shorts rise, all by the same ratio, and then takes each
    one's own rate alone. For a single position that is the line; among several it is near it.

    Nothing is compared where both sides of a symbol are held, for no mark can do both at once; nor where shorts are
    held beside longs whose prices would have to fall to nothing: the venue's formula goes on below zero.
    """
    by_symbol: dict[Symbol, int] = {}
    for position, _ in held:
        by_symbol[position.symbol] = by_symbol.get(position.symbol, 0) + 1
    speed = {position.symbol: 1.0 if position.side is Side.LONG else -1.0 for position, _ in held}
    tolerance = LINE_TOLERANCE if len(held) == 1 else parameter(tables, "cross_line_tolerance")
    value = total(position.venue.notional for position, _ in held)
    if len(set(speed.values())) > 1 and (equity is None or value is None or equity > FAR * value):
        return
    for position, contract in held:
        printed = line_printed(position, contract)
        if printed.state is State.UNKNOWN or max(by_symbol.values()) > 1:
            continue
        own = speed[position.symbol]
        mark, tick = position.venue.mark_price, contract.tick
        yield VenueLine(
            symbol=position.symbol,
            side=position.side,
            printed=printed,
            mark=mark,
            moves=tuple((symbol, own * each) for symbol, each in speed.items()),
            tolerance=max(tolerance, 2.0 * tick / mark if tick and mark else 0.0),
            bounds=(0.0, contract.max_price),
        )


def total(values: Iterable[float | None]) -> float | None:
    """The sum; None where one of them is unknown."""
    summed = 0.0
    for value in values:
        if value is None:
            return None
        summed += value
    return summed
