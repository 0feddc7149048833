"""Portfolio margin at Bybit: one pool in USD, its requirement the venue's own scenarios. Part of `margin`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.accounts import Account, Position, RiskUnit
from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, Asset, PoolKey
from monitor.domain.tables import Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import DEFAULT_STAGES, LIQUIDATION, NAN, Leg, Pool, ScenarioGrid, VenueFigures
from monitor.venues.bybit.margin_coins import DUST, Parts, add_coins
from monitor.venues.bybit.margin_cross import ORDERS_CANCELLED, RATIO_DECIMALS, RATIO_NAME, WITH_ORDERS
from monitor.venues.bybit.margin_legs import Contract, Said, contract_for, order_legs, positions_of
from monitor.venues.bybit.margin_options import option_leg
from monitor.venues.bybit.parameters import Parameters
from monitor.venues.bybit.table_answers import NO_COLLATERAL

PORTFOLIO = "portfolio-margin"
LATER_SECONDS = 1.0  #: by the venue's clock, which is not quite ours; a push has the scenarios read again sooner
CARRIED = 0.25  #: of what the scenarios require: how much may stand still beside the worst losses without a word
CONTINGENCY_AGREES = 0.05  #: of a unit's maintenance, by which its parts may miss it before that is mentioned


def portfolio(account: Account, tables: Tables, parameters: Parameters) -> list[Pool]:
    """Portfolio margin: the pool, or none if there is nothing in the account."""
    parts = Parts()
    said = parts.said
    legs: list[Leg] = []
    for position in positions_of(account):
        contract = contract_for(position.symbol, account, tables, said)
        if contract.payoff is Payoff.OPTION:
            option = option_leg(position, contract, tables, parameters, said, portfolio=True)
            legs += [] if option is None else [option]
        else:
            legs.append(_scenario_leg(position, contract, said))
    orders = _orders(account, tables, parameters, legs, said)
    add_coins(account, tables, parameters, [*legs, *orders], parts, options_back=True)
    if not legs and not orders and not parts.holdings:
        return []
    grids, held, initial = _scenarios(account, tables, {leg.coin or leg.base for leg in legs}, said)
    equity = _portfolio_equity(account)
    haircut = _portfolio_haircut(account, equity)
    venue = account.venue
    return [
        Pool(
            key=PoolKey(*account.key, PORTFOLIO),
            numeraire=USD,
            cash=-haircut,
            holdings=tuple(parts.holdings),
            debts=tuple(parts.debts),
            legs=(*legs, *orders),
            grids=tuple(grids),
            constant_requirement=held,
            constant_initial=initial,
            stages=WITH_ORDERS if orders else DEFAULT_STAGES,
            venue=VenueFigures(
                equity=None if equity is None else equity - haircut,
                maintenance_margin=venue.maintenance_margin,
                initial_margin=venue.initial_margin,
                ratio=venue.ratio,
                ratio_name=RATIO_NAME,
                ratio_stage=ORDERS_CANCELLED if orders else LIQUIDATION,
                ratio_decimals=RATIO_DECIMALS,
            ),
            reasons=tuple(dict.fromkeys(said.reasons)),
            unknown=tuple(dict.fromkeys(said.unknown)),
        )
    ]


def _scenario_leg(position: Position, contract: Contract, said: Said) -> Leg:
    """A contract whose requirement is in the scenarios."""
    if position.entry_price is None:
        said.unknown.append(f"no entry price of {position.symbol} {position.side}")
    return Leg(
        symbol=position.symbol,
        side=position.side,
        quantity=position.quantity,
        entry=position.entry_price or 0.0,
        base=contract.base,
        quote=contract.quote,
        settle=contract.settle,
        coin=contract.coin,
        payoff=contract.payoff,
        tiers=flat(0.0),
        initial_margin_rate=0.0,
    )


def _orders(account: Account, tables: Tables, parameters: Parameters, legs: Sequence[Leg], said: Said) -> list[Leg]:
    """Resting orders: what they would lose at once comes off equity; what they ask for is in the venue's scenarios."""
    if not any(order.quantity for order in account.orders.values()):
        return []
    said.reasons.append("what resting orders ask for is counted as the venue's scenarios do")
    _, found = order_legs(account, tables, parameters, {}, legs, Said())
    return [
        replace(
            leg, tiers=flat(0.0), tier_group=None, group_deduction=True, initial_margin_rate=0.0, constant_initial=0.0
        )
        for leg in found
    ]


def _scenarios(
    account: Account, tables: Tables, coins: set[Asset], said: Said
) -> tuple[list[ScenarioGrid], float, float]:
    """The grids, and the maintenance and initial margin that stand beside them as they were read."""
    venue = account.venue
    grids: list[ScenarioGrid] = []
    held = initial = counted = 0.0
    for unit in sorted(venue.risk_units, key=lambda unit: unit.asset):
        initial += NAN if unit.initial_margin is None else unit.initial_margin
        if unit.maintenance_margin is None:
            said.unknown.append(f"no maintenance margin of {unit.asset} in the venue's scenarios")
            continue
        counted += unit.maintenance_margin
        grid = _grid(unit, account, tables, unit.maintenance_margin, said)
        if grid is None:
            held += unit.maintenance_margin
        else:
            grids.append(grid)
    if sum(abs(grid.contingency) for grid in grids) > CARRIED * counted:
        said.reasons.append(
            "much of what the venue requires stands beside the worst losses of its scenarios: no document says how it "
            "moves, and it is held as it was read"
        )
    changed = max((row.update_time or 0.0 for row in account.positions.values()), default=0.0)
    if venue.risk_asked is not None and changed > venue.risk_asked + LATER_SECONDS:
        said.reasons.append("a position changed after the venue's scenarios were read: what they require is of before")
    missing = sorted(coins - {unit.asset for unit in venue.risk_units})
    if missing:
        if venue.maintenance_margin is None:
            said.unknown.append(f"the venue's scenarios of {', '.join(missing)} were not read")
        else:
            said.reasons.append(
                f"the venue's scenarios of {', '.join(missing)} were not read: what it requires beside the others "
                "is held"
            )
            held += max(0.0, venue.maintenance_margin - counted)
    return grids, held, initial


def _grid(unit: RiskUnit, account: Account, tables: Tables, required: float, said: Said) -> ScenarioGrid | None:
    """One coin's scenarios. What the venue asks for beside the worst loss holds still, so that ours is the venue's."""
    balance = account.balances.get(unit.asset)
    price = unit.reference_price or (None if balance is None else balance.price_usd)
    if price is None or not unit.profits:
        said.reasons.append(f"the scenarios of {unit.asset} cannot be moved: what they require is held as it was read")
        return None
    if not _priced(unit.asset, account, tables):
        said.reasons.append(
            f"the venue tells no USD price of {unit.asset}: what its scenarios require is held as it was read"
        )
        return None
    middle = unit.profits[len(unit.profits) // 2][unit.moves.index(0.0)]
    contingency = required - (middle - min(min(column) for column in unit.profits))
    if len(unit.profits) == 1 and unit.profits[0][unit.moves.index(0.0)] != 0.0:
        said.reasons.append(f"the scenarios of {unit.asset} are known for the worst volatility alone")
    told = unit.contingency
    if told is not None and abs(contingency - told) > CONTINGENCY_AGREES * max(1.0, required):
        said.reasons.append(
            f"what the venue requires of {unit.asset} is not the worst loss of its scenarios and the contingency that "
            "it names: the difference is held"
        )
    return ScenarioGrid(
        asset=unit.asset,
        reference_price=price,
        moves=unit.moves,
        profits=unit.profits,
        contingency=contingency,
    )


def _priced(asset: Asset, account: Account, tables: Tables) -> bool:
    """Whether the venue tells a USD price of a coin: of collateral, of what lies in the wallet, and by the index of a
    contract that is held.
    """
    terms, balance = tables.collateral.get(asset), account.balances.get(asset)
    if terms is not None and terms.steps != NO_COLLATERAL:
        return True
    if balance is not None and balance.price_usd is not None:
        return True
    held = (tables.instruments.get(one.symbol) for one in account.positions.values())
    return any(one is not None and one.coin == asset and one.payoff is not Payoff.OPTION for one in held)


def _portfolio_equity(account: Account) -> float | None:
    """Margin balance and options' value: what portfolio margin counts as equity, in USD."""
    if account.venue.equity is None:
        return None
    options = 0.0
    for balance in account.balances.values():
        if balance.option_value is not None and abs(balance.option_value) > DUST:
            if balance.price_usd is None:
                return None
            options += balance.option_value * balance.price_usd
    return account.venue.equity + options


def _portfolio_haircut(account: Account, equity: float | None) -> float:
    venue = account.venue
    if equity is None or venue.initial_margin is None or venue.available is None or venue.available <= 0.0:
        return 0.0
    return max(0.0, equity - venue.initial_margin - venue.available)
