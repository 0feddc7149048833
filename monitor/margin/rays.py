"""Rays as sets of problems: what moves in a position line, a coin line, a market line, a venue's own line.

Built once for a block of columns (no price enters), evaluated at every tick. docs/kernel.md, "Rays".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, spread
from monitor.margin.columns import Block, Valued
from monitor.margin.terms import (
    CapTerms,
    DebtTerms,
    GridTerms,
    GroupTerms,
    LegTerms,
    ProblemTerms,
    RowTerms,
    Terms,
)


class Shape(IntEnum):
    """What is known of health along a ray, from the pool's shape alone; it decides how the root is found."""

    CONCAVE = 0  #: at most one root a side
    PIECES = 1  #: concave between breakpoints that are known beforehand
    ROUGH = 2  #: neither: options, products of two moving prices


@dataclass(slots=True)
class Speeds:
    """What moves, before it is sorted into terms: problems, and (problem, part, speed) for each part that does."""

    pool: Ints
    numeraire_b: Floats
    scale_b: Floats
    leg_problem: Ints
    leg: Ints
    rise: Floats
    sink: Floats
    row_problem: Ints
    row: Ints
    row_b: Floats
    debt_problem: Ints
    debt: Ints
    debt_b: Floats
    grid_problem: Ints
    grid: Ints
    grid_b: Floats
    index_moves: bool  # legs valued at the index move too (rays of assets)
    options_at_mark: bool


def standing(block: Block, *, orders: bool) -> Terms:
    """All parts of all pools, nothing moving: what `assess` sums."""
    legs, rows, debts = block.legs, block.rows, block.debts
    wanted = np.arange(len(legs.pool), dtype=np.intp)
    if not orders:
        wanted = np.flatnonzero(~legs.order)
    nothing = np.zeros(len(wanted))
    speeds = Speeds(
        np.arange(block.count, dtype=np.intp),
        np.zeros(block.count),
        np.zeros(block.count),
        legs.pool[wanted],
        wanted,
        nothing,
        nothing,
        rows.pool,
        np.arange(len(rows.pool), dtype=np.intp),
        np.zeros(len(rows.pool)),
        debts.pool,
        np.arange(len(debts.pool), dtype=np.intp),
        np.zeros(len(debts.pool)),
        block.grid.pool,
        np.arange(len(block.grid.pool), dtype=np.intp),
        np.zeros(len(block.grid.pool)),
        True,
        False,
    )
    terms = assembled(block, speeds, block.pools.load, np.zeros(block.count), orders=orders)
    terms.moving = False
    return terms


def assembled(block: Block, speeds: Speeds, load: Floats, direction: Floats, *, orders: bool) -> Terms:
    """Sort what moves into terms, with the groups' other members and the holdings that legs pay into."""
    legs, rows = block.legs, block.rows
    problem, leg, rise, sink = _with_members(block, speeds, orders)
    row_problem, row, row_b = _with_holdings(block, speeds, problem, leg)
    width = max(1, len(rows.pool))
    row_key = row_problem * width + row
    leg_row = np.searchsorted(row_key, problem * width + legs.row[leg])

    group_keys, group = _local(problem, legs.group[leg], block.groups)
    netting_keys, netting = _local(problem, legs.netting[leg], block.nettings)
    cap_keys, cap = _local(row_problem, rows.cap[row], len(block.caps.pool))
    caps_width = max(1, len(block.caps.pool))

    moves = (legs.valued[leg] == Valued.MARK) | ((legs.valued[leg] == Valued.INDEX) & speeds.index_moves)
    fee_moves = (legs.fee_valued[leg] == Valued.MARK) | ((legs.fee_valued[leg] == Valued.INDEX) & speeds.index_moves)
    fixed = (legs.fixed_tier_orders if orders else legs.fixed_tier)[leg]
    debt_order = np.argsort(speeds.debt_problem, kind="stable")
    grid_order = np.argsort(speeds.grid_problem, kind="stable")
    return Terms(
        ProblemTerms(speeds.pool, load, speeds.numeraire_b, speeds.scale_b, direction),
        LegTerms(
            problem,
            leg,
            leg_row,
            rise,
            sink,
            moves,
            fee_moves,
            legs.c[leg],
            legs.u0[leg],
            legs.order[leg],
            legs.opening_fee[leg],
            legs.table[leg],
            fixed,
            (legs.share_orders if orders else legs.share)[leg],
            legs.constant_requirement[leg],
            group,
            legs.takes_deduction[leg],
            netting,
            legs.long[leg],
            legs.option[leg],
        ),
        RowTerms(
            row_problem,
            row,
            row_b,
            rows.collateral[row],
            rows.by_value[row],
            rows.negative_rate[row],
            rows.requirement_rate[row],
            rows.borrow[row],
            rows.borrow_fee_rate[row],
            cap,
        ),
        DebtTerms(speeds.debt_problem[debt_order], speeds.debt[debt_order], speeds.debt_b[debt_order]),
        GridTerms(speeds.grid_problem[grid_order], speeds.grid[grid_order], speeds.grid_b[grid_order]),
        CapTerms(cap_keys // caps_width, block.caps.limit[cap_keys % caps_width]),
        GroupTerms(group_keys // max(1, block.groups)),
        GroupTerms(netting_keys // max(1, block.nettings)),
        moving=True,
        plain_rows=bool(rows.plain[row].all()),
        any_fee=bool((legs.fee_rate[leg] != 0.0).any()),
        any_held=not bool(moves.all()),
        any_order=orders and bool(legs.order[leg].any()),
        any_option=bool((legs.option[leg] >= 0).any()),
        all_fixed=bool((fixed >= 0).all()),
        options_at_mark=speeds.options_at_mark,
    )


def _with_members(block: Block, speeds: Speeds, orders: bool) -> tuple[Ints, Ints, Floats, Floats]:
    """The moving legs by problem, and with them all members of their tier and netting groups, sorted."""
    legs = block.legs
    width = max(1, len(legs.pool))
    problem, leg = speeds.leg_problem, speeds.leg
    for groups in (legs.group, legs.netting):
        grouped = groups[leg] >= 0
        if grouped.any():
            pairs = np.unique(problem[grouped] * width + groups[leg[grouped]])
            members = np.argsort(groups, kind="stable")
            of_group = np.searchsorted(groups[members], np.arange(groups.max() + 2))
            which = pairs % width
            counts = of_group[which + 1] - of_group[which]
            problem = np.concatenate([problem, np.repeat(pairs // width, counts)])
            leg = np.concatenate([leg, members[np.repeat(of_group[which], counts) + spread(counts)]])
    keys, first = np.unique(problem * width + leg, return_index=True)
    known = first < len(speeds.leg)
    place = np.where(known, first, 0)
    rise = np.where(known, speeds.rise[place], 0.0)
    sink = np.where(known, speeds.sink[place], 0.0)
    problem, leg = keys // width, keys % width
    if orders:
        return problem, leg, rise, sink
    keep = ~legs.order[leg]
    return problem[keep], leg[keep], rise[keep], sink[keep]


def _with_holdings(block: Block, speeds: Speeds, problem: Ints, leg: Ints) -> tuple[Ints, Ints, Floats]:
    """The moving holdings by problem, those that the legs pay into, and the others of their cap groups, sorted."""
    rows = block.rows
    width = max(1, len(rows.pool))
    row_problem = np.concatenate([speeds.row_problem, problem])
    row = np.concatenate([speeds.row, block.legs.row[leg]])
    if len(block.caps.pool):
        capped = rows.cap[row] >= 0
        pairs = np.unique(row_problem[capped] * width + rows.cap[row[capped]])
        members = np.argsort(rows.cap, kind="stable")
        of_cap = np.searchsorted(rows.cap[members], np.arange(len(block.caps.pool) + 1))
        which = pairs % width
        counts = of_cap[which + 1] - of_cap[which]
        row_problem = np.concatenate([row_problem, np.repeat(pairs // width, counts)])
        row = np.concatenate([row, members[np.repeat(of_cap[which], counts) + spread(counts)]])
    keys, first = np.unique(row_problem * width + row, return_index=True)
    known = first < len(speeds.row)
    if not len(speeds.row):
        return keys // width, keys % width, np.zeros(len(keys))
    return keys // width, keys % width, np.where(known, speeds.row_b[np.where(known, first, 0)], 0.0)


def _local(problem: Ints, group: Ints, count: int) -> tuple[Ints, Ints]:
    """Groups numbered within the set of problems: keys problem * count + group in order, and each part's number."""
    grouped = group >= 0
    keys = np.unique(problem[grouped] * max(1, count) + group[grouped])
    local = np.searchsorted(keys, problem * max(1, count) + group)
    return keys, np.where(grouped, local, -1)


def both_ways(speeds: Speeds) -> Speeds:
    """The same problems twice: first all downwards, then all upwards."""
    count = len(speeds.pool)

    def twice(problem: Ints) -> Ints:
        return np.concatenate([problem, problem + count])

    return Speeds(
        np.tile(speeds.pool, 2),
        np.tile(speeds.numeraire_b, 2),
        np.tile(speeds.scale_b, 2),
        twice(speeds.leg_problem),
        np.tile(speeds.leg, 2),
        np.tile(speeds.rise, 2),
        np.tile(speeds.sink, 2),
        twice(speeds.row_problem),
        np.tile(speeds.row, 2),
        np.tile(speeds.row_b, 2),
        twice(speeds.debt_problem),
        np.tile(speeds.debt, 2),
        np.tile(speeds.debt_b, 2),
        twice(speeds.grid_problem),
        np.tile(speeds.grid, 2),
        np.tile(speeds.grid_b, 2),
        speeds.index_moves,
        speeds.options_at_mark,
    )


def shapes(block: Block, terms: Terms) -> Ints:
    """The Shape of each problem."""
    legs, rows, problems = terms.legs, terms.rows, terms.problems
    result = np.zeros(terms.count, np.intp)

    def mark(shape: Shape, problem: Ints, chosen: Bools) -> None:
        np.maximum.at(result, problem[chosen], shape)

    # u * price of settlement * scale must be straight: nothing but numerators, and only one of them moving.
    settled = rows.b[legs.row]
    scale = (problems.scale_b - problems.numeraire_b)[legs.problem]
    over = np.where(scale != 0.0, scale, settled)
    moves = (legs.rise != 0.0) | (legs.sink != 0.0)
    cancels = (legs.sink == over) | (legs.sink == 0.0) & ((legs.rise == 0.0) | (over == 0.0)) | (legs.rise == legs.sink)
    mark(Shape.ROUGH, legs.problem, moves & ~cancels)
    mark(Shape.ROUGH, legs.problem, (legs.option >= 0) & moves & (not terms.options_at_mark))
    # The scale itself bends what does not move with it.
    mark(Shape.PIECES, legs.problem, block.legs.bent[legs.leg] & (legs.group < 0) & moves & legs.requirement_moves)
    if len(terms.groups.problem):
        moving = legs.requirement_moves & (legs.group >= 0)
        mark(Shape.PIECES, legs.problem, moving & moves)
        mark(Shape.ROUGH, legs.problem, moving & (legs.sink != 0.0) & (legs.sink != over))
    mark(Shape.ROUGH, rows.problem, block.rows.bent[rows.row])
    mark(Shape.ROUGH, terms.debts.problem, block.debts.bent[terms.debts.debt])
    mark(Shape.PIECES, terms.grids.problem, terms.grids.b != 0.0)
    for problem, b in (
        (legs.problem, legs.rise),
        (legs.problem, legs.sink),
        (rows.problem, rows.b),
        (terms.debts.problem, terms.debts.b),
    ):
        mark(Shape.PIECES, problem, (b > 1.0) | (b < 0.0))
    return result
