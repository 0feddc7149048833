"""What makes a described pool impossible to compute. Unknown (NaN) is not impossible where a venue may not know."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise

from monitor.domain.errors import BadPool
from monitor.domain.instruments import Payoff
from monitor.domain.names import AccountKey, PoolKey
from monitor.domain.tiers import TierBy, TierTable
from monitor.margin.pool import LIQUIDATION, Basis, Curve, Debt, Holding, Leg, Option, Pool, Requirement, ScenarioGrid


class _Judge:
    """Raises BadPool naming the pool, the field and the value."""

    def __init__(self, key: PoolKey) -> None:
        self._name = "/".join(key)

    def refuse(self, field: str, value: object, why: str) -> BadPool:
        return BadPool(f"pool {self._name}: {field} = {value!r}: {why}")

    def need(self, good: bool, field: str, value: object, why: str) -> None:
        if not good:
            raise self.refuse(field, value, why)

    def finite(self, field: str, *values: float) -> None:
        for value in values:
            self.need(math.isfinite(value), field, value, "must be a finite number")

    def known_or_nan(self, field: str, *values: float) -> None:
        for value in values:
            self.need(not math.isinf(value), field, value, "must be a number, or NaN where unknown")

    def rising(self, field: str, floors: Sequence[float]) -> None:
        self.need(len(floors) > 0 and floors[0] == 0.0, field, tuple(floors), "must begin with floor 0")
        self.finite(field, *floors)
        for lower, upper in pairwise(floors):
            self.need(lower < upper, field, upper, f"must rise, and follows {lower!r}")

    def table(self, field: str, table: TierTable) -> None:
        self.rising(f"{field} floor", [tier.floor for tier in table.tiers])
        for tier in table.tiers:
            self.finite(field, tier.rate, tier.deduction, tier.growth)

    def curve(self, field: str, curve: Curve) -> None:
        self.rising(f"{field} floor", [step.floor for step in curve.steps])
        self.finite(field, *(step.rate for step in curve.steps))


def check(pool: Pool) -> None:
    """Raise BadPool unless the pool can be computed."""
    judge = _Judge(pool.key)
    judge.known_or_nan("cash", pool.cash)
    judge.known_or_nan("constant_requirement", pool.constant_requirement)
    judge.known_or_nan("constant_initial", pool.constant_initial)
    _stages(judge, pool)
    _distinct(judge, "holdings asset", [holding.asset for holding in pool.holdings])
    caps = [name for name, _ in pool.caps]
    _distinct(judge, "caps", caps)
    judge.finite("caps", *(limit for _, limit in pool.caps))
    for holding in pool.holdings:
        _holding(judge, holding, caps)
    for debt in pool.debts:
        _debt(judge, debt)
    nettings = [name for name, _ in pool.netting_groups]
    _distinct(judge, "netting_groups", nettings)
    for leg in pool.legs:
        _leg(judge, leg, nettings)
    _tier_groups(judge, pool.legs)
    for grid in pool.grids:
        _grid(judge, grid)


def check_account(account: AccountKey, pools: Sequence[Pool]) -> None:
    """Raise BadPool unless every pool can be computed and belongs to the account, and their names differ."""
    for pool in pools:
        judge = _Judge(pool.key)
        judge.need(pool.key.owner == account, "key", pool.key, f"does not belong to {account!r}")
        check(pool)
    names = [pool.key.pool for pool in pools]
    for pool in pools:
        _Judge(pool.key).need(names.count(pool.key.pool) == 1, "key", pool.key, "is used twice")


def _distinct(judge: _Judge, field: str, names: list[str]) -> None:
    for name in names:
        judge.need(names.count(name) == 1, field, name, "must appear once")


def _stages(judge: _Judge, pool: Pool) -> None:
    names = [stage.name for stage in pool.stages]
    _distinct(judge, "stages", names)
    judge.need(LIQUIDATION in names, "stages", tuple(names), f"must hold one stage named {LIQUIDATION!r}")
    for stage in pool.stages:
        judge.need(math.isfinite(stage.scale) and stage.scale >= 0.0, "stage scale", stage.scale, "must be >= 0")
        judge.need(
            math.isfinite(stage.threshold) and stage.threshold > 0.0, "stage threshold", stage.threshold, "must be > 0"
        )
        judge.need(
            stage.name != LIQUIDATION or stage.requirement is not Requirement.INITIAL,
            "liquidation stage requirement",
            stage.requirement.value,
            "give the initial rates as the legs' tiers instead",
        )
    for line in pool.venue.lines:
        threshold = line.threshold
        judge.need(
            threshold is None or (math.isfinite(threshold) and threshold > 0.0),
            "venue line threshold",
            threshold,
            "must be > 0",
        )


def _holding(judge: _Judge, holding: Holding, caps: Iterable[str]) -> None:
    field = f"holding {holding.asset}"
    judge.known_or_nan(f"{field} amount", holding.amount)
    judge.finite(field, holding.negative_rate, holding.requirement_rate, holding.borrow_fee_rate)
    judge.curve(f"{field} collateral", holding.collateral)
    if holding.borrow is not None:
        judge.table(f"{field} borrow", holding.borrow)
    judge.need(
        holding.cap_group is None or holding.cap_group in caps, f"{field} cap_group", holding.cap_group, "has no cap"
    )


def _debt(judge: _Judge, debt: Debt) -> None:
    field = f"debt {debt.asset}"
    judge.known_or_nan(f"{field} amount", debt.amount)
    judge.need(not debt.amount < 0.0, f"{field} amount", debt.amount, "is what is owed and must not be negative")
    judge.finite(field, debt.fee_rate, 0.0 if debt.initial_margin_rate is None else debt.initial_margin_rate)
    judge.curve(f"{field} liability", debt.liability)
    judge.table(f"{field} requirement", debt.requirement)


def _leg(judge: _Judge, leg: Leg, nettings: Iterable[str]) -> None:
    field = f"leg {leg.symbol} {leg.side.value}"
    judge.finite(f"{field} quantity", leg.quantity)
    judge.finite(f"{field} multiplier", leg.multiplier)
    judge.known_or_nan(f"{field} entry", leg.entry)
    judge.need(not leg.entry < 0.0, f"{field} entry", leg.entry, "must not be negative")
    judge.known_or_nan(f"{field} snapshot_mark", leg.snapshot_mark)
    judge.need(not leg.snapshot_mark <= 0.0, f"{field} snapshot_mark", leg.snapshot_mark, "must be > 0")
    judge.finite(f"{field} fee_rate", leg.fee_rate)
    judge.known_or_nan(f"{field} constant_requirement", leg.constant_requirement)
    judge.known_or_nan(f"{field} constant_initial", leg.constant_initial)
    judge.finite(f"{field} opening_fee", leg.opening_fee)
    if leg.initial_margin_rate is not None:
        judge.finite(f"{field} initial_margin_rate", leg.initial_margin_rate)
    if leg.tiers is not None:
        judge.table(f"{field} tiers", leg.tiers)
        judge.need(
            leg.tiers.by is not TierBy.CONTRACTS or leg.contracts is not None,
            f"{field} contracts",
            leg.contracts,
            "its tiers go by contracts",
        )
    if leg.contracts is not None:
        judge.finite(f"{field} contracts", leg.contracts)
    judge.need(
        leg.netting_group is None or leg.netting_group in nettings,
        f"{field} netting_group",
        leg.netting_group,
        "has no rule in the pool's netting_groups",
    )
    judge.need(
        (leg.payoff is Payoff.OPTION) == (leg.option is not None),
        f"{field} option",
        leg.option,
        "goes with Payoff.OPTION",
    )
    if leg.option is not None:
        _option(judge, field, leg, leg.option)


def _option(judge: _Judge, field: str, leg: Leg, option: Option) -> None:
    judge.need(math.isfinite(option.strike) and option.strike > 0.0, f"{field} strike", option.strike, "must be > 0")
    judge.need(math.isfinite(option.years), f"{field} years", option.years, "must be a finite number")
    judge.known_or_nan(f"{field} volatility", option.volatility)
    judge.known_or_nan(f"{field} underlying", option.underlying)
    judge.need(not option.volatility < 0.0, f"{field} volatility", option.volatility, "must not be negative")
    judge.need(not option.underlying <= 0.0, f"{field} underlying", option.underlying, "must be > 0")
    judge.finite(f"{field} option rates", option.index_rate, option.mark_rate, option.mark_add, option.index_add)
    for name, basis in (("basis", leg.basis), ("fee_basis", leg.fee_basis), ("initial_basis", leg.initial_basis)):
        judge.need(basis is not Basis.INDEX, f"{field} {name}", basis.value, "an option is valued at its mark")


def _tier_groups(judge: _Judge, legs: Sequence[Leg]) -> None:
    ways: dict[str, TierBy] = {}
    for leg in legs:
        if leg.tier_group is not None and leg.tiers is not None:
            by = ways.setdefault(leg.tier_group, leg.tiers.by)
            judge.need(
                by is leg.tiers.by, f"tier_group {leg.tier_group}", leg.tiers.by.value, f"others go by {by.value}"
            )


def _grid(judge: _Judge, grid: ScenarioGrid) -> None:
    field = f"grid {grid.asset}"
    judge.known_or_nan(f"{field} reference_price", grid.reference_price)
    judge.need(not grid.reference_price <= 0.0, f"{field} reference_price", grid.reference_price, "must be > 0")
    judge.finite(f"{field} moves", *grid.moves)
    judge.need(len(grid.moves) >= 2 and 0.0 in grid.moves, f"{field} moves", grid.moves, "must hold 0 and another move")
    lowest = grid.moves[0]
    least = lowest >= -1.0 if grid.requirements else lowest > -1.0  # a profit is looked up from each move onwards
    judge.need(least, f"{field} moves", lowest, "must be above -1")
    for lower, upper in pairwise(grid.moves):
        judge.need(lower < upper, f"{field} moves", upper, f"must rise, and follows {lower!r}")
    told = not grid.in_equity and bool(grid.requirements)
    judge.need(told or len(grid.profits) > 0, f"{field} profits", grid.profits, "must hold a column")
    count = len(grid.requirements)
    judge.need(count in (0, len(grid.moves)), f"{field} requirements", grid.requirements, "must hold one a move")
    judge.known_or_nan(f"{field} requirements", *grid.requirements)
    for column in grid.profits:
        judge.need(len(column) == len(grid.moves), f"{field} profits", column, "must hold one profit a move")
        judge.known_or_nan(f"{field} profits", *column)
    judge.finite(field, grid.scale, grid.contingency)
