"""Breakpoints: the moves x at which a problem's health may jump or bend the wrong way, known before it is evaluated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from monitor.margin.arrays import Floats, Ints
from monitor.margin.columns import Block
from monitor.margin.health import Values
from monitor.margin.terms import Terms
from monitor.margin.tiers import Shelf

Add = Callable[[Ints, Floats], None]

#: A jump is looked at from both sides, this far (relative to the price) from where it should be.
BESIDE = 1e-13


def breakpoints(terms: Terms, values: Values, shelf: Shelf, block: Block, problems: Ints) -> tuple[Ints, Floats]:
    """(place in `problems`, x) of all breakpoints of some problems, on their side of x = 0, just before and just after.

    A leg's notional n * (1 + rise * x) / (1 + sink * x) stands at a floor where x = (floor - n) / (n * rise - floor *
    sink); a group's likewise with sums; an option's forward at its strike likewise. An asset's price is held at zero
    from x = -1 / b.
    """
    wanted = np.full(terms.count, -1, np.intp)
    wanted[problems] = np.arange(len(problems))
    owners, places = [], []

    def add(problem: Ints, x: Floats) -> None:
        """Breakpoints of problems (numbered as in `terms`)."""
        owners.append(wanted[problem])
        places.append(x)

    _of_legs(terms, values, shelf, block, add)
    if len(terms.groups.problem):
        _of_groups(terms, values, shelf, add)
    if terms.any_option:
        _of_options(terms, block, add)
    for problem, b in (
        (terms.legs.problem, terms.legs.rise),
        (terms.legs.problem, terms.legs.sink),
        (terms.rows.problem, terms.rows.b),
        (terms.debts.problem, terms.debts.b),
        (terms.grids.problem, terms.grids.b),
    ):
        moving = b != 0.0
        add(problem[moving], -1.0 / b[moving])
    grids = terms.grids
    for number, (which, b, price) in enumerate(zip(grids.grid, grids.b, values.grid_price, strict=True)):
        if b != 0.0 and not np.isnan(price):
            bends = block.scenarios.bends[which]
            x = ((1.0 + bends) * (block.scenarios.reference_price[which] / price) - 1.0) / b
            add(np.full(len(x), grids.problem[number], np.intp), x)

    owner, x = np.concatenate(owners), np.concatenate(places)
    beside = BESIDE * (1.0 + np.abs(x))
    owner, x = np.concatenate([owner, owner]), np.concatenate([x - beside, x + beside])
    direction = np.where(owner >= 0, terms.problems.direction[problems[owner]], 0.0)
    keep = (x * direction > 0.0) & (x > -1.0) & np.isfinite(x)
    return owner[keep], x[keep]


def _of_legs(terms: Terms, values: Values, shelf: Shelf, block: Block, add: Add) -> None:
    """Floors of tables that are looked up by the leg's own notional and are not convex."""
    legs = terms.legs
    moves = ((legs.rise != 0.0) | (legs.sink != 0.0)) & legs.requirement_moves
    bent = np.flatnonzero(block.legs.bent[legs.leg] & ((legs.group < 0) | legs.alone) & moves)
    for place, floor in _floors(shelf, bent, legs.table[bent]):
        n = values.notional[place]
        with np.errstate(divide="ignore", invalid="ignore"):
            add(legs.problem[place], (floor - n) / (n * legs.rise[place] - floor * legs.sink[place]))


def _of_groups(terms: Terms, values: Values, shelf: Shelf, add: Add) -> None:
    """Floors that a whole group reaches; where its legs divide by different speeds this is only a guess, and the
    problem is searched in steps besides.
    """
    legs, count = terms.legs, len(terms.groups.problem)
    members = np.flatnonzero(legs.group >= 0)
    group, moves = legs.group[members], legs.requirement_moves[members]
    n = values.notional[members]
    total = np.bincount(group, n, count)
    rise = np.bincount(group, n * legs.rise[members] * moves, count)
    sink = np.zeros(count)
    np.maximum.at(sink, group, legs.sink[members] * moves)
    # Only moving legs divide: n_moving * (1 + rise x) / (1 + sink x) + n_still = floor.
    still = np.bincount(group, n * ((legs.rise[members] == 0.0) & (legs.sink[members] == 0.0) | ~moves), count)
    for place, floor in _floors(shelf, members, legs.table[members]):
        g = legs.group[place]
        with np.errstate(divide="ignore", invalid="ignore"):
            add(legs.problem[place], (floor - total[g]) / (rise[g] - (floor - still[g]) * sink[g]))


def _of_options(terms: Terms, block: Block, add: Add) -> None:
    """Strikes: near expiry what an option is worth bends there, so that a book of several may be worst just there."""
    legs = terms.legs
    place = np.flatnonzero((legs.option >= 0) & legs.by_asset)
    which = legs.option[place]
    strike = block.options.strike[which] / block.options.underlying[which]
    with np.errstate(divide="ignore", invalid="ignore"):
        add(legs.problem[place], (strike - 1.0) / (legs.rise[place] - strike * legs.sink[place]))


def _floors(shelf: Shelf, places: Ints, tables: Ints) -> list[tuple[Ints, Floats]]:
    """Each leg with each floor of its table but the first: one pair of columns a step of the ladder."""
    known = tables >= 0
    places, ladder = places[known], shelf.ladder[tables[known]]
    result = []
    for step in range(ladder.shape[1]):
        there = np.isfinite(ladder[:, step])
        result.append((places[there], ladder[there, step]))
    return result
