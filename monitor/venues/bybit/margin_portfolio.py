"""Portfolio margin at Bybit: one pool in USD, its requirement the venue's own scenarios. Part of `margin`."""

from __future__ import annotations

from monitor.domain.accounts import Account, Position, RiskUnit
from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, Asset, PoolKey
from monitor.domain.tables import Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import Leg, Pool, ScenarioGrid, VenueFigures
from monitor.venues.bybit.margin_coins import DUST, Parts, add_coins
from monitor.venues.bybit.margin_cross import RATIO_DECIMALS, RATIO_NAME
from monitor.venues.bybit.margin_legs import Contract, Said, contract_for, positions_of
from monitor.venues.bybit.margin_options import option_leg
from monitor.venues.bybit.parameters import Parameters

PORTFOLIO = "portfolio-margin"
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
    add_coins(account, tables, parameters, legs, parts)
    if not legs and not parts.holdings:
        return []
    grids, held, initial = _scenarios(account, {leg.coin or leg.base for leg in legs}, said)
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
            legs=tuple(legs),
            grids=tuple(grids),
            constant_requirement=held,
            constant_initial=initial,
            venue=VenueFigures(
                equity=None if equity is None else equity - haircut,
                maintenance_margin=venue.maintenance_margin,
                initial_margin=venue.initial_margin,
                ratio=venue.ratio,
                ratio_name=RATIO_NAME,
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


def _scenarios(account: Account, coins: set[Asset], said: Said) -> tuple[list[ScenarioGrid], float, float]:
    """The grids, and the maintenance and initial margin that stand beside them as they were read."""
    venue = account.venue
    grids: list[ScenarioGrid] = []
    held = initial = counted = 0.0
    for unit in sorted(venue.risk_units, key=lambda unit: unit.asset):
        initial += unit.initial_margin or 0.0
        if unit.maintenance_margin is None:
            said.unknown.append(f"no maintenance margin of {unit.asset} in the venue's scenarios")
            continue
        counted += unit.maintenance_margin
        grid = _grid(unit, account, unit.maintenance_margin, said)
        if grid is None:
            held += unit.maintenance_margin
        else:
            grids.append(grid)
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


def _grid(unit: RiskUnit, account: Account, required: float, said: Said) -> ScenarioGrid | None:
    """One coin's scenarios. What the venue asks for beside the worst loss holds still, so that ours is the venue's."""
    balance = account.balances.get(unit.asset)
    price = unit.reference_price or (None if balance is None else balance.price_usd)
    if price is None or not unit.profits:
        said.reasons.append(f"the scenarios of {unit.asset} cannot be moved: what they require is held as it was read")
        return None
    middle = unit.profits[len(unit.profits) // 2][unit.moves.index(0.0)]
    contingency = required - (middle - min(min(column) for column in unit.profits))
    if len(unit.profits) == 1 and unit.profits[0][unit.moves.index(0.0)] != 0.0:
        said.reasons.append(f"the scenarios of {unit.asset} are known for the worst volatility alone")
    told = unit.contingency
    if told is not None and abs(contingency - told) > CONTINGENCY_AGREES * max(1.0, required):
        said.reasons.append(
            f"of {unit.asset} the venue requires {required:g}, which is not its worst loss and the {told:g} beside it: "
            "the difference is held"
        )
    return ScenarioGrid(
        asset=unit.asset,
        reference_price=price,
        moves=unit.moves,
        profits=unit.profits,
        contingency=contingency,
    )


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
