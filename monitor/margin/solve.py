"""One tick for a whole plan: where the pools stand, and the first root of every line."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from monitor.margin.arrays import Bools, Floats, sums
from monitor.margin.assess import Assessment, Marked, assess, marked
from monitor.margin.book import Book
from monitor.margin.health import Health, Values, health
from monitor.margin.plan import Plan, Set
from monitor.margin.roots import solve
from monitor.margin.terms import Terms
from monitor.margin.tiers import Shelf

#: A root this near to price zero is none.
NOWHERE = -1.0 + 1e-11


@dataclass(slots=True)
class Solved:
    """The roots of a set: by problem the move x (NaN: never), and health at x = 0 (NaN: unknown)."""

    of: Set
    x: Floats
    equity: Floats  # of the pool, at the root
    now: Floats  # health


@dataclass(slots=True)
class Tick:
    """Everything that one evaluation found, as columns."""

    marked: Marked
    out: Assessment  # resting orders left out
    counted: Assessment  # resting orders counted (the same object where there are none)
    exposed: Bools
    positions: list[Solved] = field(default_factory=list)
    bankruptcies: list[Solved] = field(default_factory=list)
    assets: list[Solved] = field(default_factory=list)
    market: list[Solved] = field(default_factory=list)
    venue: list[Solved] = field(default_factory=list)
    backstops: list[Solved] = field(default_factory=list)

    def assessment(self, *, orders: bool) -> Assessment:
        """Where pools stand with or without resting orders."""
        return self.counted if orders else self.out


def standing_now(book: Book, plan: Plan) -> Tick:
    """Where all pools stand at the book's prices."""
    block = plan.block
    book.shelf.stack()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        now = marked(block, book.prices)
        out = assess(block, plan.standing[0], now, book.shelf)
        same = plan.standing[1] is plan.standing[0]
        counted = out if same else assess(block, plan.standing[1], now, book.shelf)
    net = np.where(block.pools.orders[block.rows.pool], counted.health.net, out.health.net)
    borrows = sums(block.rows.pool, ((block.rows.borrow >= 0) & (net < 0.0)).astype(np.float64), block.count) > 0.0
    return Tick(now, out, counted, plan.exposed | borrows)


def solve_lines(book: Book, plan: Plan, tick: Tick, markets: list[Set]) -> None:
    """Fill in the lines of a tick."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for sets, found in (
            (plan.positions, tick.positions),
            (plan.bankruptcies, tick.bankruptcies),
            (plan.assets, tick.assets),
            (markets, tick.market),
            (plan.venue, tick.venue),
        ):
            found.extend(_solved(book.shelf, plan, tick, one, None) for one in sets)
        backed = plan.backstop >= 0
        if backed.any():
            free = free_balance(plan, tick)
            tick.backstops.extend(_solved(book.shelf, plan, tick, one, free) for one in plan.positions)


def free_balance(plan: Plan, tick: Tick) -> Floats:
    """By pool, in its numeraire: what its backstop could add, its equity above initial and maintenance margin."""
    usd = tick.marked.numeraire_usd
    found = tick.out
    needed = np.fmax(found.initial, found.maintenance)
    free = np.maximum(found.equity - needed, 0.0) * usd
    place = np.maximum(plan.backstop, 0)
    return np.where(plan.backstop >= 0, free[place] / usd, 0.0)


def values_at(terms: Terms, tick: Tick, assessed: Assessment) -> Values:
    """The numbers of a set: what moves, at today's prices, and what is left of holdings and pools without it."""
    now, legs, rows = tick.marked, terms.legs, terms.rows
    found = assessed.health
    alone = np.where(legs.netting < 0, found.leg_requirement[legs.leg], 0.0)
    return Values(
        now.u[legs.leg],
        now.notional[legs.leg],
        now.fee[legs.leg],
        now.price[rows.row],
        now.debt_price[terms.debts.debt],
        now.grid_price[terms.grids.grid],
        found.net[rows.row] - sums(legs.row, found.profit[legs.leg], len(rows.row)),
        found.owed[rows.row] - sums(legs.row, alone, len(rows.row)),
        np.zeros(terms.count),
        np.zeros(terms.count),
    )


def _solved(shelf: Shelf, plan: Plan, tick: Tick, of: Set, added: Floats | None) -> Solved:
    problems = of.problems
    terms, block = problems.terms, plan.block
    assessed = tick.assessment(orders=problems.orders)
    values = values_at(terms, tick, assessed)
    start = health(terms, values, shelf, block, np.zeros(terms.count))
    pool = terms.problems.pool
    equity = assessed.equity[pool] + (0.0 if added is None else added[pool])
    values.equity = equity - start.equity
    values.requirement = assessed.maintenance[pool] - start.requirement
    load = terms.problems.load
    needed = np.where(load == 0.0, 0.0, load * assessed.maintenance[pool])
    rest = equity - needed - start.health
    start = _raised(start, equity - needed, start.slope + terms.problems.scale_b * rest)
    exposed = (tick.exposed | plan.empty_liquidates)[pool]
    open_ = np.isfinite(start.health) & (start.health > 0.0) & exposed
    roots = solve(terms, values, shelf, block, problems.shape, start, open_)
    nowhere = roots.x <= NOWHERE
    return Solved(of, np.where(nowhere, np.nan, roots.x), roots.equity, start.health)


def _raised(start: Health, now: Floats, slope: Floats) -> Health:
    start.health, start.slope = now, slope
    return start
