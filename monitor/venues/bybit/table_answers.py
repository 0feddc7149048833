"""REST answers to tables: maintenance tiers, collateral ratios and loans by amount. Pure; part of `answers`."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

import msgspec

from monitor.domain.events import CollateralLoaded, TiersLoaded
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.domain.tables import CollateralTerms
from monitor.domain.tiers import Tier, TierTable
from monitor.venues.bybit.reading import pages, rows
from monitor.venues.fields import BadField, Loose, finite, optional, positive, word
from monitor.venues.rows import each

NO_COLLATERAL = ((0.0, 0.0),)  #: the steps of a coin that the ratios do not list
AGREES = 1e-6  #: how far a published deduction may lie off the one that its edges give, relative to that edge's amount


class _LimitRow(msgspec.Struct, gc=False):
    symbol: str
    riskLimitValue: Loose = None
    maintenanceMargin: Loose = None
    initialMargin: Loose = None
    maxLeverage: Loose = None
    mmDeduction: Loose = None


class _RatioStep(msgspec.Struct, gc=False):
    minQty: Loose = None
    maxQty: Loose = None
    collateralRatio: Loose = None


class _RatioRow(msgspec.Struct, gc=False):
    currency: str
    collateralRatioList: list[_RatioStep]


class _LoanStep(msgspec.Struct, gc=False):
    borrowLimit: Loose = None
    positionMMR: Loose = None
    positionIMR: Loose = None


class _LoanRow(msgspec.Struct, gc=False):
    currency: str
    positionTiersRatioList: list[_LoanStep]


def tiers(
    raws: Iterable[bytes | str], venue: Venue, received: float, problems: list[RowProblem] | None = None
) -> TiersLoaded:
    """risk-limit: maintenance tiers by value (quote of a linear contract, base of an inverse one), of all pages.

    The venue's deductions are taken as given; where they leave a gap in the requirement, `problems` names it. A symbol
    whose tiers cannot be read has no table, and is not safe by it.
    """
    found: dict[Symbol, list[_LimitRow]] = {}
    for row in each(pages(raws, venue, "risk-limit"), _LimitRow, lambda row: row, "tier", problems):
        found.setdefault(row.symbol, []).append(row)
    tables: list[tuple[Symbol, TierTable]] = []
    for symbol, limits in found.items():
        try:
            tables.append((word("symbol", symbol), _tier_table(symbol, limits, problems)))
        except BadField as error:
            if problems is not None:
                problems.append(RowProblem(f"tiers of {symbol}", str(error)))
    return TiersLoaded(venue, None, tuple(tables), received)


def _tier_table(symbol: Symbol, limits: list[_LimitRow], problems: list[RowProblem] | None) -> TierTable:
    read = [(positive("riskLimitValue", row.riskLimitValue), _rate(row), row.mmDeduction) for row in limits]
    steps = sorted(read, key=lambda step: step[:2])
    made: list[Tier] = []
    floor = 0.0
    for cap, rate, published in steps:
        last = made[-1] if made else None
        if last is not None and (cap <= floor or rate < last.rate):
            raise BadField("the tiers do not rise")
        continuous = 0.0 if last is None else last.deduction + floor * (rate - last.rate)
        given = optional(published)  # "" for the first tier
        if given is not None and abs(given - continuous) > AGREES * max(1.0, floor * rate) and problems is not None:
            problems.append(RowProblem(f"tiers of {symbol}", f"a deduction of {given:g} where {continuous:g} joins"))
        made.append(Tier(floor, rate, continuous if given is None else given))
        floor = cap
    return TierTable(tuple(made), cap=floor)


def _rate(row: _LimitRow) -> float:
    """The maintenance rate. Some answers give percent: initial margin times leverage is about 1, or about 100."""
    rate = positive("maintenanceMargin", row.maintenanceMargin)
    initial, leverage = optional(row.initialMargin), optional(row.maxLeverage)
    if initial is None or leverage is None or not initial * leverage > 0.0:
        raise BadField("no initial margin and leverage to tell percent from ratio by")
    product = initial * leverage
    scale = 1.0 if 0.5 < product < 2.0 else 0.01 if 50.0 < product < 200.0 else 0.0
    if not scale or not 0.0 < rate * scale <= 1.0:
        raise BadField("maintenanceMargin is neither a ratio nor a percentage")
    return rate * scale


def collateral(
    ratio_raws: Iterable[bytes | str],
    loan_raws: Iterable[bytes | str],
    venue: Venue,
    account: AccountKey | None,
    received: float,
    problems: list[RowProblem] | None = None,
) -> CollateralLoaded:
    """spot-margin-trade/collateral, and position-tiers where it was read: how coins count, and what a loan asks for.

    A coin with a loan table that the ratios do not list counts nothing while it is positive. Without any ratio there
    are no terms at all: loans alone do not say what anything counts for.
    """
    ratios = each(pages(ratio_raws, venue, "collateral"), _RatioRow, _ratio_steps, "ratios", problems)
    steps: dict[Asset, tuple[tuple[float, float], ...]] = dict(ratios)
    loans: dict[Asset, tuple[TierTable, float | None]] = {}
    for raw in loan_raws:
        loans |= dict(each(rows(raw, venue, "position-tiers").rows, _LoanRow, _loan, "loan tiers", problems))
    terms: list[tuple[Asset, CollateralTerms]] = []
    for asset in sorted(steps.keys() | loans.keys()) if steps else ():
        borrow, initial = loans.get(asset, (None, None))
        terms.append(
            (
                asset,
                CollateralTerms(steps=steps.get(asset, NO_COLLATERAL), borrow=borrow, borrow_initial_rate=initial),
            )
        )
    return CollateralLoaded(venue, account, tuple(terms), received)


def _ratio_steps(row: _RatioRow) -> tuple[Asset, tuple[tuple[float, float], ...]]:
    brackets = sorted(row.collateralRatioList, key=lambda step: finite("minQty", step.minQty))
    steps: list[tuple[float, float]] = []
    end = 0.0
    for bracket in brackets:
        floor, rate = finite("minQty", bracket.minQty), finite("collateralRatio", bracket.collateralRatio)
        if not 0.0 <= rate <= 1.0:
            raise BadField("collateralRatio is not between 0 and 1")
        if floor != end:
            raise BadField("the ratios leave a gap")
        steps.append((floor, rate))
        ceiling = optional(bracket.maxQty)  # "": without end
        end = inf if ceiling is None else ceiling
        if end <= floor:
            raise BadField("maxQty is not above minQty")
    if not steps:
        raise BadField("there are no ratios")
    if end != inf:
        steps.append((end, 0.0))  # what is above the last bracket counts nothing
    return word("currency", row.currency), tuple(steps)


def _loan(row: _LoanRow) -> tuple[Asset, tuple[TierTable, float | None]]:
    """Loan tiers by cumulative limits: the whole loan asks the rate of the tier that it has reached."""
    limits = sorted(row.positionTiersRatioList, key=lambda step: positive("borrowLimit", step.borrowLimit))
    made: list[Tier] = []
    floor = 0.0
    for step in limits:
        rate, limit = finite("positionMMR", step.positionMMR), positive("borrowLimit", step.borrowLimit)
        if not 0.0 <= rate <= 1.0 or limit <= floor:
            raise BadField("positionMMR is not between 0 and 1, or borrowLimit does not rise")
        made.append(Tier(floor, rate))
        floor = limit
    if not made:
        raise BadField("there are no loan tiers")
    return word("currency", row.currency), (TierTable(tuple(made), cap=floor), optional(limits[0].positionIMR))
