"""Cross margin at Bybit: one pool in USD for the whole account. Part of `margin`."""

from __future__ import annotations

from monitor.domain.accounts import Account, Balance
from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, PoolKey, Symbol
from monitor.domain.tables import Tables
from monitor.margin.pool import DEFAULT_STAGES, LIQUIDATION, Leg, Pool, Stage, VenueFigures
from monitor.venues.bybit.margin_coins import DUST, Parts, add_coins
from monitor.venues.bybit.margin_legs import (
    Contract,
    as_hedged,
    contract_for,
    leg_of,
    order_legs,
    positions_of,
    total,
    venue_line,
)
from monitor.venues.bybit.margin_options import option_leg
from monitor.venues.bybit.parameters import Parameters

CROSS = "multi-assets"
RATIO_NAME = "accountMMRate"
RATIO_DECIMALS = 4  #: the venue cuts off what follows
ORDERS_CANCELLED = "orders-cancelled"
WITH_ORDERS = (Stage(name=ORDERS_CANCELLED, orders=True), Stage(name=LIQUIDATION), *DEFAULT_STAGES[1:])


def cross(account: Account, tables: Tables, parameters: Parameters) -> list[Pool]:
    """Cross margin: the pool, or none if there is nothing in the account."""
    parts = Parts()
    said, contracts = parts.said, dict[Symbol, Contract]()
    legs: list[Leg] = []
    for position in positions_of(account):
        contract = contracts[position.symbol] = contract_for(position.symbol, account, tables, said)
        if contract.payoff is Payoff.OPTION:
            option = option_leg(position, contract, tables, parameters, said, portfolio=False)
            legs += [] if option is None else [option]
        else:
            legs.append(leg_of(position, contract, account, tables, parameters, said, isolated=False))
    legs, orders = order_legs(account, tables, parameters, contracts, as_hedged(legs, account, contracts, said), said)
    add_coins(account, tables, parameters, [*legs, *orders], parts, options_back=False)
    if not legs and not orders and not parts.holdings:
        return []
    haircut = account.venue.haircut
    if haircut is None and any(balance.frozen for balance in account.balances.values()):
        said.reasons.append("what open spot orders may cost of collateral's value is unknown: it is not counted")
    return [
        Pool(
            key=PoolKey(*account.key, CROSS),
            numeraire=USD,
            cash=-(haircut or 0.0),
            holdings=tuple(parts.holdings),
            debts=tuple(parts.debts),
            legs=(*legs, *orders),
            stages=WITH_ORDERS if orders else DEFAULT_STAGES,
            venue=_cross_figures(account, contracts, parameters, orders=bool(orders)),
            reasons=tuple(dict.fromkeys(said.reasons)),
            unknown=tuple(dict.fromkeys(said.unknown)),
        )
    ]


def _cross_figures(
    account: Account, contracts: dict[Symbol, Contract], parameters: Parameters, *, orders: bool
) -> VenueFigures:
    """The account's totals. Maintenance and ratio count resting orders: where there are some, the maintenance of the
    positions alone is that of the coins, and the ratio speaks of the stage in which orders stand.
    """
    venue = account.venue
    equity = None if venue.equity is None else venue.equity - (venue.haircut or 0.0)
    maintenance = venue.maintenance_margin
    if orders:
        owed = any(row.borrowed > DUST for row in account.balances.values())
        maintenance = None if owed else total(_in_usd(row) for row in account.balances.values())
    return VenueFigures(
        equity=equity,
        maintenance_margin=maintenance,
        initial_margin=venue.initial_margin,
        ratio=venue.ratio,
        ratio_name=RATIO_NAME,
        ratio_stage=ORDERS_CANCELLED if orders else LIQUIDATION,
        ratio_decimals=RATIO_DECIMALS,
        lines=tuple(
            line
            for position in positions_of(account)
            for line in venue_line(position, contracts[position.symbol], parameters.estimate_tolerance)
        ),
    )


def _in_usd(balance: Balance) -> float | None:
    margin = balance.venue_maintenance_margin
    if not margin:
        return margin
    return None if balance.price_usd is None else margin * balance.price_usd
