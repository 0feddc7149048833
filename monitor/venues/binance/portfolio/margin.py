"""What backs what in portfolio margin at Binance: one pool in USD for spot loans and both kinds of futures.

An asset counts with what there is of it in all wallets, less what is owed, plus the profit of the contracts that settle
in it: at its rate if positive, whole if negative. Contracts require by their brackets. What a loan requires depends on
a table that the venue does not publish: a parameter, and a pool with loans is partial. Of SPAN accounts the venue's
own requirement is carried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.accounts import Account, Balance, Position
from monitor.domain.names import USD, PoolKey
from monitor.domain.tables import Tables
from monitor.domain.tiers import flat
from monitor.margin.pool import (
    LIQUIDATION,
    Curve,
    Debt,
    Description,
    Holding,
    Leg,
    Pool,
    Requirement,
    Stage,
    Step,
    VenueFigures,
    counted_at,
)
from monitor.venues.binance.legs import legs_of, printed_lines
from monitor.venues.binance.parameters import parameter
from monitor.venues.binance.portfolio.answers import RETAIL, SPAN

PORTFOLIO = "portfolio-margin"
RATIO_NAME = "uniMMR"
MARGIN_CALL, REDUCE_ONLY, CLAIM = "margin-call", "reduce-only", "claim"

# How the venue reaches the prices that it prints is not documented: of one record the level could only be narrowed
# down to between 1 and 1.05.
LINE_TOLERANCE = 0.05
LEAST = 0.01  #: USD that are something

Reasons = list[str]


def describe(account: Account, tables: Tables) -> Description:
    """A portfolio margin account as one pool; none where it neither holds nor owes anything."""
    positions = sorted(account.positions.values(), key=lambda position: position.key)
    if not positions and not account.balances:
        return Description((), _nothing_listed(account))
    span = account.mode.kind == SPAN
    legs, assumed, unreadable = legs_of(positions, account, tables, lambda contract: contract.settle)
    reasons, unknown = list(assumed), list(unreadable)
    if span:
        legs = tuple(replace(leg, tiers=flat(0.0)) for leg in legs)
    rows = sorted(account.balances.values(), key=lambda row: row.asset)
    pool = Pool(
        key=PoolKey(*account.key, PORTFOLIO),
        numeraire=USD,
        cash=_open_loss(account, rows, reasons),
        holdings=_holdings(account, tables, legs, reasons, unknown),
        debts=_loans(rows, tables, reasons, span=span),
        legs=legs,
        constant_requirement=_given(account, reasons, unknown) if span else 0.0,
        stages=stages(tables),
        # Of retail's accounts the venue also takes one whose adjusted equity is below zero, with nothing open.
        empty_liquidates=account.mode.kind == RETAIL,
        venue=_figures(account, tables, positions),
        reasons=tuple(reasons),
        unknown=tuple(unknown),
    )
    return Description((pool,))


def _nothing_listed(account: Account) -> tuple[str, ...]:
    """Nothing listed is nothing there only where the venue's totals say so, too."""
    told = {"equity": account.venue.equity, "maintenance margin": account.venue.maintenance_margin}
    return tuple(
        f"the venue tells {what} of {amount:g}, and lists neither balances nor positions"
        for what, amount in told.items()
        if amount is not None and abs(amount) >= LEAST
    )


def stages(tables: Tables) -> tuple[Stage, ...]:
    """By uniMMR, as the venue names them: reminder, reduce-only, liquidation, liquidation with a claim."""
    found = [
        Stage(name=name, threshold=1.0 / parameter(tables, level))
        for name, level in (
            (MARGIN_CALL, "portfolio_margin_call_unimmr"),
            (REDUCE_ONLY, "portfolio_reduce_only_unimmr"),
            (LIQUIDATION, "portfolio_liquidation_unimmr"),
        )
    ]
    return (*found, Stage(name=CLAIM), Stage(name="bankruptcy", requirement=Requirement.NONE))


def _open_loss(account: Account, rows: Sequence[Balance], reasons: Reasons) -> float:
    """What resting margin orders would lose at once (USD, <= 0): retail's equity is less by it."""
    loss = account.venue.order_loss
    if account.mode.kind != RETAIL:
        return 0.0
    if loss is None and any(row.frozen for row in rows):
        reasons.append("what open margin orders would lose is not in the venue's answer: counted as 0")
    return loss or 0.0


def _owed(row: Balance) -> float:
    return row.borrowed + row.interest


def _holdings(
    account: Account, tables: Tables, legs: Sequence[Leg], reasons: Reasons, unknown: Reasons
) -> tuple[Holding, ...]:
    """Each asset of the account, and each in which a contract settles. Below zero all of it counts."""
    settled = {leg.settle for leg in legs}
    by_value = parameter(tables, "portfolio_collateral_by_value") != 0.0
    found: list[Holding] = []
    for asset in sorted(settled | account.balances.keys()):
        row = account.balances.get(asset)
        amount = 0.0 if row is None else row.wallet + _options(row, reasons)
        if row is None:
            reasons.append(f"no balance of {asset} in the account: taken as 0")
        terms = tables.collateral.get(asset)
        if asset not in settled and amount >= 0.0 and (terms is None or not any(rate for _, rate in terms.steps)):
            # It counts nothing, whatever its price, which may not be known either.
            if amount > 0.0 and not tables.collateral:
                unknown.append(f"no collateral rate of {asset}")
            elif amount > 0.0 and terms is None:
                reasons.append(f"{asset} has no collateral rate: it counts nothing")
            continue
        if terms is None and asset in settled:
            unknown.append(f"no collateral rate of {asset}")
        steps = ((0.0, 0.0),) if terms is None else terms.steps
        curve = (
            counted_at(steps[0][1])
            if len(steps) == 1
            else Curve(tuple(Step(floor, rate) for floor, rate in steps), by_value=by_value)
        )
        found.append(Holding(asset=asset, amount=amount, collateral=curve))
    return tuple(found)


def _options(row: Balance, reasons: Reasons) -> float:
    """Of options' equity only a loss is taken: how a profit counts, and what they require, is not documented."""
    if not row.option_value:
        return 0.0
    reasons.append(f"options settled in {row.asset}: only a loss of theirs is counted, and no requirement")
    return min(0.0, row.option_value)


def _loans(rows: Sequence[Balance], tables: Tables, reasons: Reasons, *, span: bool) -> tuple[Debt, ...]:
    owed = [row for row in rows if _owed(row) > 0.0]
    rate = 0.0 if span else parameter(tables, "portfolio_loan_maintenance_rate")
    if owed and not span:
        names = ", ".join(row.asset for row in owed)
        reasons.append(f"loans in {names}: what they require is not published, {rate:.0%} of them is assumed")
    return tuple(
        Debt(asset=row.asset, amount=_owed(row), counted=False, requirement=flat(rate), initial_margin_rate=None)
        for row in owed
    )


def _given(account: Account, reasons: Reasons, unknown: Reasons) -> float:
    """SPAN: the requirement that the venue last told, held still until it tells it again."""
    told = account.venue.maintenance_margin
    if told is None:
        unknown.append("a SPAN account whose maintenance margin is not in the venue's answer")
        return 0.0
    reasons.append("SPAN: the venue's own maintenance margin, held still between its answers")
    return told


def _figures(account: Account, tables: Tables, positions: Sequence[Position]) -> VenueFigures:
    """The account's totals, and its printed prices, which move the contract and hold the index of collateral."""
    venue = account.venue
    level = parameter(tables, "portfolio_line_unimmr")
    return VenueFigures(
        equity=venue.equity,
        maintenance_margin=venue.maintenance_margin,
        initial_margin=venue.initial_margin,
        ratio=venue.ratio,
        ratio_name=RATIO_NAME,
        ratio_inverted=True,
        lines=printed_lines(positions, LINE_TOLERANCE, threshold=1.0 / level),
    )
