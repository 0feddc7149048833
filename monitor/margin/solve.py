"""One tick for a whole plan: where the pools stand, and the first root of every line."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np

from monitor.margin.arrays import Bools, Floats, sums
from monitor.margin.assess import Assessment, Marked, assess, marked
from monitor.margin.health import Values, health
from monitor.margin.plan import Lines, Plan, Problems
from monitor.margin.prices import Prices
from monitor.margin.roots import NOWHERE, solve
from monitor.margin.speeds import Kind
from monitor.margin.terms import Terms
from monitor.margin.tiers import Shelf

__all__ = ["NOWHERE", "Solved", "Tick", "free_balance", "solve_lines", "stand", "standing_now", "values_at"]


@dataclass(slots=True)
class Solved:
    """By ray, counted through all sets of problems: the moves x down and up to its root (NaN: never), the pool's equity
    there, and health now (NaN: unknown).
    """

    down: Floats
    up: Floats
    equity_down: Floats
    equity_up: Floats
    now: Floats


@dataclass(slots=True)
class Tick:
    """Where pools stand, as columns."""

    marked: Marked
    out: Assessment  # resting orders left out
    counted: Assessment  # resting orders counted (the same object where there are none)
    exposed: Bools

    def assessment(self, *, orders: bool) -> Assessment:
        """Where pools stand with or without resting orders."""
        return self.counted if orders else self.out


class Stock(Protocol):
    """What a plan is computed with: a book, for one."""

    prices: Prices
    shelf: Shelf


def standing_now(book: Stock, plan: Plan) -> Tick:
    """Where all pools stand at the book's prices."""
    return stand(book.prices, book.shelf, plan)


def stand(prices: Prices, shelf: Shelf, plan: Plan) -> Tick:
    """Where all pools stand at these prices."""
    block = plan.block
    shelf.stack()
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        now = marked(block, prices)
        out = assess(block, plan.standing[0], now, shelf)
        same = plan.standing[1] is plan.standing[0]
        counted = out if same else assess(block, plan.standing[1], now, shelf)
    net = np.where(block.pools.orders[block.rows.pool], counted.health.net, out.health.net)
    borrows = sums(block.rows.pool, ((block.rows.borrow >= 0) & (net < 0.0)).astype(np.float64), block.count) > 0.0
    return Tick(now, out, counted, plan.exposed | borrows)


def solve_lines(
    shelf: Shelf, plan: Plan, tick: Tick, lines: Lines, asked: Bools | None = None, before: Solved | None = None
) -> Solved:
    """The first roots of all rays. `before` are those of the same lines at other prices: they tell where to begin, and
    they stay for pools that are not `asked` for (None: all are). Health now is told of all.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        added = free_balance(plan, tick)
        found, begin = [], 0
        for one in lines.sets:
            rays = slice(begin, begin := begin + len(one.rays.pool))
            unknown = np.full(2 * (rays.stop - rays.start), np.nan)
            known = unknown if before is None else np.concatenate([before.down[rays], before.up[rays]])
            found.append(_solved(shelf, plan, tick, one, added, asked, known))
    columns = [np.concatenate([getattr(one, f.name) for one in found] or [np.zeros(0)]) for f in fields(Solved)]
    result = Solved(*columns)
    if asked is not None and before is not None:
        anew = asked[lines.pool]
        for name in ("down", "up", "equity_down", "equity_up"):
            setattr(result, name, np.where(anew, getattr(result, name), getattr(before, name)))
    return result


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


def _solved(
    shelf: Shelf, plan: Plan, tick: Tick, problems: Problems, added: Floats, asked: Bools | None, before: Floats
) -> Solved:
    terms, rays, block = problems.terms, problems.rays, plan.block
    assessed = tick.assessment(orders=problems.orders)
    values = values_at(terms, tick, assessed)
    moving = health(terms, values, shelf, block, np.zeros(terms.count))

    pool, load = terms.problems.pool, terms.problems.load
    backed = np.tile(rays.kind == Kind.BACKED, 2)
    equity = assessed.equity[pool] + np.where(backed, added[pool], 0.0)
    requirement = assessed.maintenance[pool]
    values.equity, values.requirement = equity - moving.equity, requirement - moving.requirement
    # Along the ray health changes by what moves, and by the scale times what rests.
    now = equity - np.where(load == 0.0, 0.0, load * requirement)
    slope = moving.slope + terms.problems.scale_b * (now - moving.health)
    now = np.where(np.isfinite(slope) & np.isfinite(moving.health), now, np.nan)

    exposed = (tick.exposed | plan.empty_liquidates)[pool]
    open_ = (now > 0.0) & exposed if asked is None else (now > 0.0) & exposed & asked[pool]
    roots = solve(terms, values, shelf, block, problems.shape, now, slope, open_, before)
    x = np.where(roots.x <= NOWHERE, np.nan, roots.x)
    half = len(rays.pool)
    return Solved(x[:half], x[half:], roots.equity[:half], roots.equity[half:], now[:half])
