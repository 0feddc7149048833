"""Isolated margin at Bybit: each position with its own margin, and what is left of each coin. Part of `margin`."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

from monitor.domain.accounts import Account, Position
from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, PoolKey
from monitor.domain.tables import Tables
from monitor.margin.pool import NAN, Basis, Leg, Pool, VenueFigures
from monitor.venues.bybit.margin_legs import Contract, Said, contract_for, leg_of, positions_of, tiered, venue_line
from monitor.venues.bybit.parameters import Parameters

LESS_THAN_SET = 0.01  #: how far a margin may lie below the one that its leverage asks for, before it is mentioned


def pools(account: Account, tables: Tables, parameters: Parameters) -> list[Pool]:
    """The free balance of each coin, then the positions."""
    alone = [_isolated(account, tables, parameters, position) for position in positions_of(account)]
    free = _free(account, alone)
    known = {pool.numeraire: pool.key for pool in free}
    return [*free, *(_topped_up(account, pool, known) for pool in alone)]


def _isolated(account: Account, tables: Tables, parameters: Parameters, position: Position) -> Pool:
    said = Said()
    contract = contract_for(position.symbol, account, tables, said)
    key = PoolKey(*account.key, f"isolated:{position.symbol}:{position.side}")
    if contract.payoff is Payoff.OPTION:
        said.unknown.append(f"{position.symbol}: there are no rules for options in isolated margin")
        return Pool(key=key, numeraire=contract.settle, isolated=True, unknown=tuple(said.unknown))
    leg = leg_of(position, contract, account, tables, parameters, said, isolated=True)
    margin = _margin(position, leg, contract, said)
    printed = position.venue
    return Pool(
        key=key,
        numeraire=contract.settle,
        isolated=True,
        cash=NAN if margin is None else margin,
        legs=(leg,),
        venue=VenueFigures(
            maintenance_margin=printed.maintenance_margin,
            initial_margin=printed.initial_margin,
            lines=venue_line(position, contract, parameters.exact_tolerance),
        ),
        reasons=tuple(dict.fromkeys(said.reasons)),
        unknown=tuple(dict.fromkeys(said.unknown)),
    )


def _margin(position: Position, leg: Leg, contract: Contract, said: Said) -> float | None:
    """The position's margin with the fee to close in it, in the settlement asset; None makes the pool unknown.

    What was added by hand stands in no field. The venue's liquidation price is the real one in this mode, so the margin
    is what makes the position reach its maintenance there. Where none is printed, the initial margin is taken.
    """
    if position.isolated_wallet is not None:  # no answer of the venue has it: somebody supposes it
        return position.isolated_wallet
    name = f"{position.symbol} {position.side}"
    entry, printed = position.entry_price, position.venue
    price = printed.liquidation.price
    if entry is not None and price is not None and leg.tiers is not None:
        here = entry if leg.basis is Basis.ENTRY else price
        required = tiered(leg.tiers, contract.value(position.quantity, here))
        fee = contract.value(position.quantity, entry) * leg.fee_rate
        margin = required + fee - _profit(position.quantity, entry, price, contract)
        leverage = position.leverage
        if leverage is not None:
            asked = contract.value(position.quantity, entry) / leverage + fee
            if margin < asked * (1.0 - LESS_THAN_SET):
                said.reasons.append(
                    f"the margin of {name} that its liquidation price tells is less than its leverage asks for: "
                    "funding was paid from it, or its tier is another"
                )
        return margin
    if printed.initial_margin is not None:
        said.reasons.append(
            f"the venue prints no liquidation price of {name}: margin added by hand is counted only if its initial "
            "margin holds it"
        )
        return printed.initial_margin
    said.unknown.append(f"nothing tells the margin of {name}")
    return None


def _profit(quantity: float, entry: float, price: float, contract: Contract) -> float:
    if contract.inverse:
        return quantity * (1.0 / entry - 1.0 / price)
    return quantity * (price - entry)


def _free(account: Account, alone: list[Pool]) -> list[Pool]:
    taken: dict[Asset, float] = {}
    for pool in alone:
        taken[pool.numeraire] = taken.get(pool.numeraire, 0.0) + pool.cash
    made: list[Pool] = []
    for balance in sorted(account.balances.values(), key=lambda row: row.asset):
        if balance.cross_wallet:
            cash = balance.cross_wallet - taken.get(balance.asset, 0.0)
            why = f"what positions have of the {balance.asset} is unknown"
            made.append(
                Pool(
                    key=PoolKey(*account.key, f"cross:{balance.asset}"),
                    numeraire=balance.asset,
                    cash=cash,
                    unknown=(why,) if isnan(cash) else (),
                )
            )
    return made


def _topped_up(account: Account, pool: Pool, known: dict[Asset, PoolKey]) -> Pool:
    """The pool with that behind it from which the venue adds margin by itself, if the position is set so."""
    settings = (account.symbols.get(leg.symbol) for leg in pool.legs)
    if any(setting is not None and setting.auto_add_margin for setting in settings):
        return replace(pool, backstop=known.get(pool.numeraire))
    return pool
