"""Which things move in which problem: the sparse table between problems (pool x ray x direction) and pool parts.

Every ray is described by relative speeds. At x, an asset stands at 1 + b * x of its price (never below FLOOR), an
instrument's u at (1 + rise * x) / (1 + sink * x) of its own; the parts that stand still are constants of the problem.
So a position line, a coin line and a venue's own line are the same sum with other speeds. Parts are sorted by problem.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, spread, taken

#: The least factor of a price: price zero, with which reciprocals stay finite.
FLOOR = 1e-12


@dataclass(slots=True)
class LegTerms:
    """The legs that move, or whose group does. Columns as in LegColumns, but `row`, `group`, `netting` are local."""

    problem: Ints
    leg: Ints
    row: Ints
    rise: Floats
    sink: Floats
    requirement_moves: Bools  # the basis moves with u
    fee_moves: Bools
    c: Floats
    u0: Floats
    order: Bools
    opening_fee: Floats
    table: Ints
    fixed: Ints
    size: Floats
    share: Floats
    alone: Bools
    constant: Floats
    group: Ints
    netting: Ints
    long: Bools
    option: Ints
    by_asset: Bools


@dataclass(slots=True)
class RowTerms:
    """Holdings whose price or profit moves. `b` is the asset's speed, `cap` local."""

    problem: Ints
    row: Ints
    b: Floats
    collateral: Ints
    by_value: Bools
    negative_rate: Floats
    requirement_rate: Floats
    borrow: Ints
    borrow_fee_rate: Floats
    cap: Ints


@dataclass(slots=True)
class DebtTerms:
    """Loans whose price moves."""

    problem: Ints
    debt: Ints
    b: Floats


@dataclass(slots=True)
class GridTerms:
    """Scenario grids whose asset moves."""

    problem: Ints
    grid: Ints
    b: Floats


@dataclass(slots=True)
class CapTerms:
    """Cap groups with a holding among the rows."""

    problem: Ints
    limit: Floats


@dataclass(slots=True)
class GroupTerms:
    """Tier groups by notional, and netting groups: only whose they are."""

    problem: Ints


@dataclass(slots=True)
class ProblemTerms:
    """The problems themselves. `scale_b`: health is multiplied by 1 + scale_b * x, which keeps its sign and makes it
    concave where the pool counts in what moves (a coin pool) or the moving leg is inverse.
    """

    pool: Ints
    load: Floats
    numeraire_b: Floats
    scale_b: Floats
    direction: Floats  # -1 down, +1 up, 0: nothing moves


@dataclass(slots=True)
class Terms:
    """A set of problems. The flags say which parts of the formula are needed at all."""

    problems: ProblemTerms
    legs: LegTerms
    rows: RowTerms
    debts: DebtTerms
    grids: GridTerms
    caps: CapTerms
    groups: GroupTerms
    nettings: GroupTerms
    moving: bool
    plain_rows: bool
    any_fee: bool
    any_held: bool
    any_order: bool
    any_option: bool
    all_fixed: bool
    found_runs: dict[str, tuple[Ints, Ints]] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """The number of problems."""
        return len(self.problems.pool)

    def runs(self, part: str) -> tuple[Ints, Ints]:
        """Beginning and length of each problem's run in a part."""
        found = self.found_runs.get(part)
        if found is None:
            counts = np.bincount(getattr(self, part).problem, minlength=self.count)
            found = self.found_runs[part] = np.cumsum(counts) - counts, counts
        return found

    def take(self, wanted: Ints) -> tuple[Terms, Taken]:
        """The problems at `wanted` (some, or some several times), and where their parts stood."""
        places: dict[str, Ints] = {}
        parts: dict[str, Any] = {}
        shifts: dict[str, Ints] = {}
        for part in ("legs", "rows", "debts", "grids", "caps", "groups", "nettings"):
            begins, counts = self.runs(part)
            taken_counts = counts[wanted]
            places[part] = np.repeat(begins[wanted], taken_counts) + spread(taken_counts)
            parts[part] = taken(getattr(self, part), places[part])
            parts[part].problem = np.repeat(np.arange(len(wanted), dtype=np.intp), taken_counts)
            shifts[part] = np.cumsum(taken_counts) - taken_counts - begins[wanted]
        legs, rows = parts["legs"], parts["rows"]
        legs.row = legs.row + shifts["rows"][legs.problem]
        legs.group = np.where(legs.group < 0, -1, legs.group + shifts["groups"][legs.problem])
        legs.netting = np.where(legs.netting < 0, -1, legs.netting + shifts["nettings"][legs.problem])
        rows.cap = np.where(rows.cap < 0, -1, rows.cap + shifts["caps"][rows.problem])
        terms = Terms(
            taken(self.problems, wanted),
            **parts,
            moving=self.moving,
            plain_rows=self.plain_rows,
            any_fee=self.any_fee,
            any_held=self.any_held,
            any_order=self.any_order,
            any_option=self.any_option,
            all_fixed=self.all_fixed,
        )
        return terms, Taken(wanted, places["legs"], places["rows"], places["debts"], places["grids"])


@dataclass(slots=True)
class Taken:
    """Where the parts of some problems stood in the set they were taken from."""

    problems: Ints
    legs: Ints
    rows: Ints
    debts: Ints
    grids: Ints
