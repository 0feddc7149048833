"""The formula: equity, requirement and health of many problems at once, with their slopes along the ray.

docs/kernel.md writes the same down on one page. Every quantity is a column with its derivative (`Dual`); parts of the
formula that no pool of the set uses are left out by the flags of `Terms`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Floats, Ints
from monitor.margin.columns import Block
from monitor.margin.dual import Dual, larger, positive, zeros
from monitor.margin.legs import Legs, at_speed, legs_at
from monitor.margin.terms import Taken, Terms
from monitor.margin.tiers import Shelf


@dataclass(slots=True)
class Values:
    """The numbers of a set of problems that ticks change, at x = 0, and the constants that do not move along the ray.

    `u`, `notional` (at the requirement's basis) and `fee` go by leg, `price` (in the numeraire) by holding,
    `debt_price` by loan, `grid_price` (USD) by grid; `net` and `owed` are what rests in a holding besides the moving
    legs: amount with profit, and requirement in its asset; `equity` and `requirement` what rests in the pool.
    """

    u: Floats
    notional: Floats
    fee: Floats
    price: Floats
    debt_price: Floats
    grid_price: Floats
    net: Floats
    owed: Floats
    equity: Floats
    requirement: Floats

    def take(self, places: Taken) -> Values:
        """The same for problems taken out of the set."""
        legs, rows = places.legs, places.rows
        return Values(
            self.u[legs],
            self.notional[legs],
            self.fee[legs],
            self.price[rows],
            self.debt_price[places.debts],
            self.grid_price[places.grids],
            self.net[rows],
            self.owed[rows],
            self.equity[places.problems],
            self.requirement[places.problems],
        )


@dataclass(slots=True)
class Health:
    """Answers by problem, and by leg and holding on the way.

    `health` = (equity - load * requirement) * scale, `size` the sum of its absolute terms.
    """

    health: Floats
    slope: Floats
    size: Floats
    equity: Floats
    requirement: Floats
    profit: Floats  # by leg
    leg_requirement: Floats
    worth: Floats  # by holding
    net: Floats
    owed: Floats


class _Sum:
    """equity and requirement as they add up, with the sum of absolute terms."""

    def __init__(self, equity: Floats, requirement: Floats) -> None:
        self.equity, self.requirement, self._count = Dual(equity), Dual(requirement), len(equity)
        self.equity_size, self.requirement_size = np.abs(equity), np.abs(requirement)

    def gain(self, problem: Ints, amount: Dual) -> None:
        """These amounts belong to equity."""
        self.equity += amount.total(problem, self._count)
        self.equity_size = self.equity_size + np.bincount(problem, np.abs(amount.v), self._count)

    def need(self, problem: Ints, amount: Dual) -> None:
        """These amounts belong to the requirement."""
        self.requirement += amount.total(problem, self._count)
        self.requirement_size = self.requirement_size + np.bincount(problem, np.abs(amount.v), self._count)


def health(terms: Terms, values: Values, shelf: Shelf, block: Block, x: Floats, *, slopes: bool = True) -> Health:
    """All problems, each at its own x. Without `slopes` those are 0."""
    rows, problems = terms.rows, terms.problems
    total = _Sum(values.equity, values.requirement)
    legs = legs_at(terms, values.u, values.notional, values.fee, shelf, block, x, slopes=slopes)

    net = legs.profit.total(terms.legs.row, len(rows.problem)) + values.net
    owed = _summed(terms, legs).total(terms.legs.row, len(rows.problem)) + values.owed
    price = _in_numeraire(terms, Dual(values.price), rows.problem, rows.b, x, slopes)
    rate = price * rows.requirement_rate
    worth = net * price if terms.plain_rows else _counted(terms, total, shelf, net, price)
    total.gain(rows.problem, worth)
    total.need(rows.problem, owed * rate)
    if len(terms.nettings.problem):
        total.need(terms.nettings.problem, _larger_sides(terms, legs.requirement * rate.at(terms.legs.row)))
    if len(terms.debts.problem):
        _debts(terms, total, shelf, block, _in_numeraire(terms, Dual(values.debt_price), *_of_debts(terms), x, slopes))
    if len(terms.grids.grid):
        _grids(terms, total, block, values, x, slopes)

    load = problems.load
    weighed, weighed_size = total.requirement * load, total.requirement_size * load
    ignored = load == 0.0
    if ignored.any():  # equity alone decides, even where the requirement is unknown
        weighed, weighed_size = zeros(terms.count).where(ignored, weighed), np.where(ignored, 0.0, weighed_size)
    result, size = total.equity - weighed, total.equity_size + weighed_size
    if terms.moving:
        scale = at_speed(problems.scale_b, x, slopes=slopes)
        result, size = result * scale, size * scale.v
    slope = np.zeros(terms.count) if result.d is None else result.d
    return Health(
        result.v,
        slope,
        size,
        total.equity.v,
        total.requirement.v,
        legs.profit.v,
        legs.requirement.v,
        worth.v,
        net.v,
        owed.v,
    )


def _in_numeraire(terms: Terms, price: Dual, problem: Ints, b: Floats, x: Floats, slopes: bool) -> Dual:
    """Prices in the numeraire when asset and numeraire have moved."""
    if not terms.moving:
        return price
    at = x[problem]
    return price * (at_speed(b, at, slopes=slopes) / at_speed(terms.problems.numeraire_b[problem], at, slopes=slopes))


def _summed(terms: Terms, legs: Legs) -> Dual:
    """Requirements that simply add up: all but those of netting groups."""
    if not len(terms.nettings.problem):
        return legs.requirement
    return legs.requirement * (terms.legs.netting < 0).astype(np.float64)


def _larger_sides(terms: Terms, requirement: Dual) -> Dual:
    """By netting group: the larger of the longs' and the shorts' requirements."""
    netting, count = terms.legs.netting, len(terms.nettings.problem)
    sides = []
    for side in (terms.legs.long, ~terms.legs.long):
        members = np.flatnonzero((netting >= 0) & side)
        sides.append(requirement.at(members).total(netting[members], count))
    return larger(*sides)


def _along(shelf: Shelf, tables: Ints, amount: Dual) -> Dual:
    """amount * rate - deduction + amount^2 * growth, in the tier that holds the amount."""
    tier = shelf.rows(tables, amount.v)
    result = amount * shelf.rate[tier] - shelf.deduction[tier]
    return result + amount * amount * shelf.growth[tier] if shelf.grows else result


def _counted(terms: Terms, total: _Sum, shelf: Shelf, net: Dual, price: Dual) -> Dual:
    """What holdings count for: a marginal curve on what is held, the negative rate on what is owed, caps on groups.
    What is owed may itself have a requirement (an implicit loan), added to the total here.
    """
    rows = terms.rows
    held = positive(net)
    short = net - held  # so that the slope of a net of nothing is counted once
    by_value = rows.by_value
    counted = _along(shelf, rows.collateral, (held * price).where(by_value, held))
    asset_value = counted.where(by_value, counted * price)
    worth = asset_value + short * price * rows.negative_rate
    if len(terms.caps.problem):
        capped = np.flatnonzero(rows.cap >= 0)
        together = asset_value.at(capped).total(rows.cap[capped], len(terms.caps.problem))
        total.gain(terms.caps.problem, -positive(together - terms.caps.limit))
    lent = np.flatnonzero((rows.borrow >= 0) & (net.v < 0.0))
    if len(lent):
        loan = -net.at(lent)
        needed = _along(shelf, rows.borrow[lent], loan) + loan * rows.borrow_fee_rate[lent]
        total.need(rows.problem[lent], needed * price.at(lent))
    return worth


def _of_debts(terms: Terms) -> tuple[Ints, Floats]:
    return terms.debts.problem, terms.debts.b


def _debts(terms: Terms, total: _Sum, shelf: Shelf, block: Block, price: Dual) -> None:
    """Loans: what they take from equity by their liability curve, what they require by their tiers and fee."""
    which, debts = terms.debts.debt, block.debts
    amount = Dual(debts.amount[which])
    value = price * debts.amount[which]
    liable_by_value, required_by_value = debts.liability_by_value[which], debts.requirement_by_value[which]
    liable = _along(shelf, debts.liability[which], value.where(liable_by_value, amount))
    liability = liable.where(liable_by_value, liable * price)
    total.gain(terms.debts.problem, -liability * debts.counted[which].astype(np.float64))
    needed = _along(shelf, debts.requirement[which], value.where(required_by_value, amount))
    total.need(terms.debts.problem, needed.where(required_by_value, needed * price) + value * debts.fee_rate[which])


def _grids(terms: Terms, total: _Sum, block: Block, values: Values, x: Floats, slopes: bool) -> None:
    """Scenario grids (portfolio margin)."""
    grids = terms.grids
    price = Dual(values.grid_price)
    if terms.moving:
        price = price * at_speed(grids.b, x[grids.problem], slopes=slopes)
    profit, needed = block.scenarios.at(grids.grid, price)
    total.gain(grids.problem, profit.where(block.scenarios.in_equity[grids.grid], zeros(len(grids.grid))))
    total.need(grids.problem, needed)
