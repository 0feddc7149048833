"""Maintenance tiers: lookup, requirement, deductions, scaling, convexity; and the shelf on which a book keeps them.

requirement(n, size) = n * rate - deduction + n * size * growth, in the tier that holds `size` (n itself unless the
table goes by contracts or base quantity, or a group's size is looked up). Marginal curves (haircuts) are the same
thing: with continuous deductions, sum over steps of rate * (amount in the step) = amount * rate - deduction.
See docs/kernel.md, "Requirement".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.arrays import Floats, Ints
from monitor.margin.pool import Curve

#: How far a deduction may lie off continuity, relative to the amounts of its floor (venues print few digits).
CONTINUITY = 1e-6

#: The table that requires nothing; it stands first on every shelf.
NOTHING = flat(0.0)


def from_rates(
    steps: Iterable[tuple[float, float]], by: TierBy = TierBy.NOTIONAL, cap: float | None = None
) -> TierTable:
    """Tiers from (floor, rate) whose deductions make the requirement continuous.

    deduction_n = floor_n * (rate_n - rate_{n-1}) + deduction_{n-1}, the first one 0.
    """
    tiers: list[Tier] = []
    for floor, rate in steps:
        before = tiers[-1] if tiers else Tier(0.0, rate)
        tiers.append(Tier(floor, rate, floor * (rate - before.rate) + before.deduction))
    return TierTable(tuple(tiers), by, cap)


def of_curve(curve: Curve) -> TierTable:
    """A marginal curve as tiers: the amount that counts is amount * rate - deduction."""
    return from_rates((step.floor, step.rate) for step in curve.steps)


def scaled(table: TierTable, coefficient: float) -> TierTable:
    """The table with floors, deductions and cap multiplied (a user's own bracket multiplier); rates stay."""
    return replace(
        table,
        tiers=tuple(
            Tier(t.floor * coefficient, t.rate, t.deduction * coefficient, t.growth / coefficient) for t in table.tiers
        ),
        cap=None if table.cap is None else table.cap * coefficient,
    )


def tier_at(table: TierTable, size: float) -> Tier:
    """The tier that holds `size` (>= 0): the last one whose floor is not above it."""
    return table.tiers[max(0, bisect_right(table.tiers, size, key=lambda tier: tier.floor) - 1)]


def requirement(table: TierTable, notional: float, size: float | None = None) -> float:
    """What `notional` requires when `size` is looked up (the notional itself where None), in its own unit."""
    looked_up = notional if size is None else size
    tier = tier_at(table, looked_up)
    return notional * tier.rate - tier.deduction + notional * looked_up * tier.growth


def is_convex(table: TierTable) -> bool:
    """Whether the requirement is continuous and bends upwards only, as a function of the notional."""
    for lower, upper in pairwise(table.tiers):
        floor = upper.floor
        jump = floor * (upper.rate - lower.rate) + floor * floor * (upper.growth - lower.growth)
        off = abs(jump - upper.deduction + lower.deduction)
        if off > CONTINUITY * max(floor * upper.rate, 1e-12):
            return False
        if upper.rate + 2 * floor * upper.growth < lower.rate + 2 * floor * lower.growth - 1e-15:
            return False
    return all(tier.growth >= 0.0 for tier in table.tiers)


def is_concave(curve: Curve) -> bool:
    """Whether the steps' rates only fall (as haircuts do)."""
    return all(lower.rate >= upper.rate for lower, upper in pairwise(curve.steps))


@dataclass(slots=True, frozen=True)
class Shelved:
    """A table's number on a shelf. `straight`: its requirement is the largest of straight lines in the notional."""

    table: TierTable
    number: int
    straight: bool
    least_rate: float
    top_rate: float


class Shelf:
    """All tables of a book, stacked into columns: row i is one tier of one table. Equal tables share their rows."""

    def __init__(self) -> None:
        self._numbers: dict[TierTable, int] = {}
        self._facts: dict[int, Shelved] = {}  # by the table's identity: a table's hash takes long
        self._tables: list[TierTable] = []
        self._starts: list[int] = []
        self._rows = 0
        self._stacked = 0
        self.add(NOTHING)

    def __len__(self) -> int:
        return len(self._tables)

    def add(self, table: TierTable) -> int:
        """The number of a table."""
        number = self._numbers.setdefault(table, len(self._tables))
        if number == len(self._tables):
            self._tables.append(table)
            self._starts.append(self._rows)
            self._rows += len(table.tiers)
        return number

    def facts(self, table: TierTable) -> Shelved:
        """What there is to know of a table, worked out once."""
        found = self._facts.get(id(table))
        if found is None:
            rates = [tier.rate for tier in table.tiers]
            straight = all(tier.growth == 0.0 for tier in table.tiers) and is_convex(table)
            if len(self._facts) > 2 * len(self._tables) + 1000:
                self._facts.clear()  # equal tables that were read again and again
            # The table is kept with the facts, so that its identity cannot become another one's.
            found = self._facts[id(table)] = Shelved(table, self.add(table), straight, min(rates), max(rates))
        return found

    def fixed_row(self, number: int, size: float) -> int:
        """The row of the tier that holds `size`, for a size that no price moves."""
        tiers = self._tables[number].tiers
        return self._starts[number] + max(0, bisect_right(tiers, size, key=lambda tier: tier.floor) - 1)

    def stack(self) -> None:
        """Bring the columns up to date with the tables."""
        if self._stacked == len(self._tables):
            return
        rows = [tier for table in self._tables for tier in table.tiers]
        counts = [len(table.tiers) for table in self._tables]
        self._stacked = len(self._tables)
        self.floor: Floats = np.array([tier.floor for tier in rows])
        self.rate: Floats = np.array([tier.rate for tier in rows])
        self.deduction: Floats = np.array([tier.deduction for tier in rows])
        self.growth: Floats = np.array([tier.growth for tier in rows])
        self.first: Ints = np.array(self._starts, np.intp)
        self.last: Ints = self.first + np.array(counts, np.intp) - 1
        self.grows = bool(self.growth.any())
        self.ceiling: Floats = np.append(self.floor[1:], np.inf)
        self.ceiling[self.last] = np.inf
        #: Floors by table, padded with +inf, the first floor left out: a size's tier is the count of those it reaches.
        self.ladder: Floats = np.full((len(counts), max(counts)), np.inf)
        for number, table in enumerate(self._tables):
            self.ladder[number, : counts[number] - 1] = [tier.floor for tier in table.tiers[1:]]

    def rows(self, tables: Ints, sizes: Floats) -> Ints:
        """The row of the tier that holds each size."""
        above: Ints = np.count_nonzero(self.ladder[tables] <= sizes[:, None], axis=1)
        # An overflown size is as large as the ladder's padding: it belongs to the last tier.
        rows: Ints = np.minimum(self.first[tables] + above, self.last[tables])
        return rows
