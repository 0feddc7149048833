"""Cross and portfolio margin at Bybit: one pool in USD for the whole account. Part of `margin`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.domain.accounts import Account, Balance, Position, RiskUnit
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.names import USD, Asset, PoolKey, Symbol
from monitor.domain.tables import CollateralTerms, Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import (
    DEFAULT_STAGES,
    FULL,
    LIQUIDATION,
    Curve,
    Debt,
    Holding,
    Leg,
    Pool,
    ScenarioGrid,
    Stage,
    Step,
    VenueFigures,
    VenueLine,
    counted_at,
)
from monitor.venues.bybit.margin_legs import (
    Contract,
    Said,
    as_hedged,
    contract_for,
    leg_of,
    option_leg,
    order_legs,
    positions_of,
    total,
)
from monitor.venues.bybit.parameters import Parameters
from monitor.venues.bybit.table_answers import NO_COLLATERAL

CROSS = "multi-assets"
PORTFOLIO = "portfolio-margin"
RATIO_NAME = "accountMMRate"
RATIO_DECIMALS = 4  #: the venue cuts off what follows
ORDERS_CANCELLED = "orders-cancelled"
DUST = 1e-8  #: of a coin: below the venue's last digit
CONTINGENCY_AGREES = 0.05  #: of a unit's maintenance, by which its parts may miss it before that is mentioned


@dataclass(slots=True)
class _Parts:
    """What a pool of the whole account is put together from."""

    said: Said = field(default_factory=Said)
    holdings: list[Holding] = field(default_factory=list)
    debts: list[Debt] = field(default_factory=list)


def cross(account: Account, tables: Tables, parameters: Parameters) -> list[Pool]:
    """Cross margin: the pool, or none if there is nothing in the account."""
    parts = _Parts()
    said, contracts = parts.said, dict[Symbol, Contract]()
    legs: list[Leg] = []
    for position in positions_of(account):
        contract = contracts[position.symbol] = contract_for(position.symbol, account, tables, parameters, said)
        if contract.payoff is Payoff.OPTION:
            option = option_leg(position, contract, tables, parameters, said, portfolio=False)
            legs += [] if option is None else [option]
        else:
            legs.append(leg_of(position, contract, tables, parameters, said, isolated=False))
    legs, orders = order_legs(account, tables, parameters, contracts, as_hedged(legs, account, contracts, said), said)
    _coins(account, tables, parameters, [*legs, *orders], parts)
    if not legs and not orders and not parts.holdings:
        return []
    haircut = account.venue.haircut
    if haircut is None and any(balance.frozen for balance in account.balances.values()):
        said.reasons.append("what open spot orders may cost of collateral's value is unknown: it is not counted")
    stages = (Stage(name=ORDERS_CANCELLED, orders=True), Stage(name=LIQUIDATION), *DEFAULT_STAGES[1:])
    return [
        Pool(
            key=PoolKey(*account.key, CROSS),
            numeraire=USD,
            cash=-(haircut or 0.0),
            holdings=tuple(parts.holdings),
            debts=tuple(parts.debts),
            legs=(*legs, *orders),
            stages=stages if orders else DEFAULT_STAGES,
            venue=_cross_figures(account, contracts, parameters, orders=bool(orders)),
            reasons=tuple(dict.fromkeys(said.reasons)),
            unknown=tuple(dict.fromkeys(said.unknown)),
        )
    ]


def _coins(account: Account, tables: Tables, parameters: Parameters, legs: Sequence[Leg], parts: _Parts) -> None:
    """Every coin of the wallet, and every one that a contract settles in."""
    settled = {leg.settle for leg in legs}
    balances = {row.asset: row for row in account.balances.values() if _matters(row)}
    for asset in sorted(settled | balances.keys()):
        balance = balances.get(asset) or account.balances.get(asset)
        terms = tables.collateral.get(asset)
        amount = 0.0 if balance is None else balance.cross_wallet
        if amount is None:
            parts.said.unknown.append(f"no wallet balance of {asset} in the account")
            continue
        if balance is None:
            parts.said.reasons.append(f"no balance of {asset} in the account: taken as 0")
        counted = _counted(asset, balance, terms, tables, settled, parameters, parts.said)
        borrow = None if terms is None else terms.borrow
        if borrow is None and (asset in settled or amount < 0.0):
            parts.said.reasons.append(f"no loan tiers of {asset}: a loan of it asks for no margin here")
        parts.holdings.append(Holding(asset=asset, amount=amount, collateral=counted, borrow=borrow))
        lent = 0.0 if balance is None else _lent_beside(balance)
        if lent > DUST:
            parts.said.reasons.append(f"{lent:g} {asset} are owed while as much is held: the loan asks for its margin")
            table = flat(0.0) if borrow is None else borrow
            parts.debts.append(Debt(asset=asset, amount=lent, counted=False, requirement=table))


def _matters(balance: Balance) -> bool:
    return bool(balance.cross_wallet or balance.wallet or balance.borrowed)


def _lent_beside(balance: Balance) -> float:
    """What is owed of a coin beyond what is missing of it: its margin is asked for though nothing is missing."""
    net = balance.venue_equity if balance.venue_equity is not None else balance.cross_wallet or 0.0
    missing = max(0.0, -min(net, balance.cross_wallet or 0.0))
    return balance.borrowed - missing


def _counted(
    asset: Asset,
    balance: Balance | None,
    terms: CollateralTerms | None,
    tables: Tables,
    settled: set[Asset],
    parameters: Parameters,
    said: Said,
) -> Curve:
    """What each further unit of a coin counts for while it is positive."""
    switched = None if balance is None else balance.collateral
    held = balance is not None and (balance.cross_wallet or 0.0) > 0.0
    if switched is False:
        return counted_at(0.0)
    if terms is None or terms.steps == NO_COLLATERAL:
        if not tables.collateral:
            said.unknown.append(f"no collateral ratios were read: cannot tell what {asset} counts for")
        elif asset in parameters.full_collateral:
            said.reasons.append(f"the venue lists no collateral ratio of {asset}: it is counted in full")
            return FULL
        elif asset in settled:
            said.unknown.append(f"no collateral ratio of {asset}, in which contracts settle")
        elif held:
            said.reasons.append(f"{asset} has no collateral ratio: it counts nothing")
        return counted_at(0.0)
    if switched is None and held:
        said.reasons.append(f"the venue does not say whether {asset} is used as collateral: it is counted")
    steps = tuple(Step(floor, rate) for floor, rate in terms.steps)
    return FULL if steps == FULL.steps else Curve(steps, terms.by_value)


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
            if (line := _estimate(position, contracts[position.symbol], parameters)) is not None
        ),
    )


def _in_usd(balance: Balance) -> float | None:
    margin = balance.venue_maintenance_margin
    if not margin:
        return margin
    return None if balance.price_usd is None else margin * balance.price_usd


def _estimate(position: Position, contract: Contract, parameters: Parameters) -> VenueLine | None:
    """The venue's estimate: this contract alone moves; with an inverse one its coin does, in which it settles.

    None where the venue prints none: that says «outside of the prices that it may have», which is less than «never».
    """
    printed = position.venue
    if printed.liquidation.state is not State.AT:
        return None
    return VenueLine(
        symbol=position.symbol,
        side=position.side,
        printed=printed.liquidation,
        mark=printed.mark_price,
        moves=((position.symbol, 1.0),),
        asset_moves=((contract.base, 1.0),) if contract.inverse else (),
        tolerance=parameters.estimate_tolerance,
    )


def portfolio(account: Account, tables: Tables, parameters: Parameters) -> list[Pool]:
    """Portfolio margin: the pool, or none if there is nothing in the account."""
    parts = _Parts()
    said = parts.said
    legs: list[Leg] = []
    for position in positions_of(account):
        contract = contract_for(position.symbol, account, tables, parameters, said)
        if contract.payoff is Payoff.OPTION:
            option = option_leg(position, contract, tables, parameters, said, portfolio=True)
            legs += [] if option is None else [option]
        else:
            legs.append(_scenario_leg(position, contract, said))
    # What a contract's fee would be plays no part in scenarios.
    said.reasons = [reason for reason in said.reasons if not reason.startswith("no fee rate")]
    _coins(account, tables, parameters, legs, parts)
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
