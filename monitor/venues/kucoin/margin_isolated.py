"""Isolated positions of KuCoin: each a pool with its own margin. Part of `margin`; formulas stand in README.md.

Since 2025-05-22 maintenance = value at mark x (rate of the user's risk level + liquidation fee), against the margin
with profit. The fee is in no field: the venue's own printed price tells it, where it is sane. Before that day
maintenance was an amount fixed at entry, and the margin held the closing fee frozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from monitor.domain.accounts import Account, Position
from monitor.domain.lines import State
from monitor.domain.names import Asset, PoolKey
from monitor.domain.tables import Tables
from monitor.domain.tiers import TierTable, flat
from monitor.margin.pool import Leg, Pool, VenueFigures, VenueLine
from monitor.venues.kucoin.margin_legs import Contract, Said, contract_for, leg_of, line_printed, venue_rate
from monitor.venues.kucoin.parameters import flag, parameter

LINE_TOLERANCE = 1e-4
TOO_COARSE = 2e-5  #: a tick of more than this ratio of the price tells too little of a fee of 0.06 %
RULE = "isolated_rule_2025"


def isolated_pool(account: Account, tables: Tables, position: Position, shared: Mapping[Asset, PoolKey]) -> Pool:
    """The pool of one isolated position. `shared` are the cross pools by currency: what tops it up if it is set so."""
    said = Said()
    contract = contract_for(position.symbol, position.margin_asset, tables, said)
    name = f"{position.symbol} {position.side}"
    wallet = position.isolated_wallet
    if wallet is None:
        said.unknown.append(f"no margin of {name} in the venue's answer")
    if flag(tables, RULE):
        leg = _leg(position, contract, tables, said)
    else:
        leg = _leg_before(position, contract, said)
    profit = position.venue.unrealized_pnl
    printed = line_printed(position, contract)
    lines = () if printed.state is State.UNKNOWN else (_line(position, contract),)
    setting = account.symbols.get(position.symbol)
    return Pool(
        key=PoolKey(*account.key, f"isolated:{position.symbol}:{position.side}"),
        numeraire=contract.settle,
        isolated=True,
        cash=wallet or 0.0,
        legs=(leg,),
        backstop=shared.get(contract.settle) if setting is not None and setting.auto_add_margin else None,
        venue=VenueFigures(
            equity=None if wallet is None or profit is None else wallet + profit,
            maintenance_margin=position.venue.maintenance_margin,
            initial_margin=position.venue.initial_margin,
            lines=lines,
        ),
        reasons=tuple(dict.fromkeys(said.reasons)),
        unknown=tuple(dict.fromkeys(said.unknown)),
    )


def _leg(position: Position, contract: Contract, tables: Tables, said: Said) -> Leg:
    tiers, rate = _level(position, tables, said)
    fee = parameter(tables, "liquidation_fee")
    if rate is not None and flag(tables, "calibrate_liquidation_fee"):
        fee = _calibrated(position, contract, rate, fee, parameter(tables, "liquidation_fee_max"), said)
    return leg_of(position, contract, tiers, fee, said)


def _level(position: Position, tables: Tables, said: Said) -> tuple[TierTable | None, float | None]:
    """The rate of the level that the user chose, which is that of the whole position whatever its size."""
    rate = position.maintenance_rate
    if rate is not None:
        return flat(rate), rate
    table = tables.isolated_tiers.get(position.symbol)
    if table is None:
        said.unknown.append(f"no maintenance rate of {position.symbol}: neither its row nor a table of risk levels")
        return None, None
    said.reasons.append(
        f"the venue does not say the risk level of {position.symbol} {position.side}: that of its value is assumed, "
        "and the user's own may ask for more"
    )
    return table, None


def _calibrated(
    position: Position, contract: Contract, rate: float, assumed: float, highest: float, said: Said
) -> float:
    """The liquidation fee that the printed price tells, if it can and is sane; else the one that is assumed.

    At the printed price L the margin with profit equals L's value x (rate + fee). A price rounded to a coarse tick does
    not tell a fee of 0.06 %, and one that agrees with the assumed fee to its last digit says nothing new.
    """
    price, wallet, entry = line_printed(position, contract).price, position.isolated_wallet, position.entry_price
    if price is None or wallet is None or entry is None or contract.tick is None:
        return assumed
    quantity = position.quantity * contract.size
    value = contract.value(quantity, price)
    profit = quantity * (1.0 / entry - 1.0 / price) if contract.inverse else quantity * (price - entry)
    fee = (wallet + profit) / value - rate
    coarse = contract.tick / price
    if abs(fee - assumed) <= max(2.0 * coarse, 1e-9) or coarse > TOO_COARSE:
        return assumed
    if -2.0 * coarse <= fee <= highest:
        return max(0.0, fee)  # none at all, but for the tick
    said.reasons.append(
        f"the venue's price for {position.symbol} {position.side} tells a liquidation fee of {fee:.4%}, which is no "
        f"such fee: {assumed:.4%} is assumed"
    )
    return assumed


def _leg_before(position: Position, contract: Contract, said: Said) -> Leg:
    """By the rule before 2025-05-22: the venue's maintenance, fixed at entry, whatever the mark does."""
    required = position.venue.maintenance_margin
    if required is None:
        said.unknown.append(f"no maintenance of {position.symbol} {position.side} in the venue's answer")
    leg = leg_of(position, contract, flat(0.0), 0.0, said)
    return replace(leg, constant_requirement=required or 0.0)


def _line(position: Position, contract: Contract) -> VenueLine:
    """Its price is rounded up for longs in answers and not at all in pushes, to a step that no field tells for sure."""
    mark = position.venue.mark_price
    coarse = 2.0 * contract.tick / mark if contract.tick and mark else 0.0
    return VenueLine(
        symbol=position.symbol,
        side=position.side,
        printed=line_printed(position, contract),
        mark=mark,
        moves=((position.symbol, 1.0),),
        tolerance=max(LINE_TOLERANCE, coarse),
        bounds=(0.0, contract.max_price),
    )


def margin_told_by_price(position: Position, contract: Contract, rate: float, fee: float) -> float | None:
    """The margin that the printed price tells, where the venue does not say it (unified account). None where it tells
    none above zero: with less the position would be gone already.
    """
    price, entry = line_printed(position, contract).price, position.entry_price
    if price is None or entry is None:
        return None
    quantity = position.quantity * contract.size
    profit = quantity * (1.0 / entry - 1.0 / price) if contract.inverse else quantity * (price - entry)
    told = contract.value(quantity, price) * (rate + fee) - profit
    return told if told > 0.0 else None


def unified_isolated_pool(account: Account, tables: Tables, position: Position) -> Pool:
    """The same in the unified account, which tells the margin by its price alone, or not at all."""
    said = Said()
    contract = contract_for(position.symbol, position.margin_asset, tables, said)
    rate = venue_rate(position)
    told = (
        None if rate is None else margin_told_by_price(position, contract, rate, parameter(tables, "liquidation_fee"))
    )
    pool = isolated_pool(account, tables, position if told is None else replace(position, isolated_wallet=told), {})
    why = "the unified account does not say an isolated position's margin: "
    why += "its initial margin is taken" if told is None else "it is taken from the venue's liquidation price"
    return replace(pool, reasons=(*pool.reasons, why))
