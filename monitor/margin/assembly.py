"""Rays sorted into terms: every moving part gathered by problem, with its groups' other members."""

from __future__ import annotations

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, spread
from monitor.margin.columns import Block, Valued
from monitor.margin.speeds import Kind, Moving, MovingLegs, Rays, Speeds, together
from monitor.margin.terms import CapTerms, DebtTerms, GridTerms, GroupTerms, LegTerms, ProblemTerms, RowTerms, Terms


def standing(block: Block, *, orders: bool) -> Terms:
    """All parts of all pools, nothing moving: what `assess` sums."""
    legs, rows, pools = block.legs, block.rows, block.pools
    nothing = np.zeros(block.count)
    pool, leg = np.arange(block.count, dtype=np.intp), np.arange(len(legs.pool), dtype=np.intp)
    still = np.zeros(len(leg))
    rays = Rays(
        pool, np.full(block.count, Kind.STANDING, np.intp), np.zeros(block.count, np.intp), pools.load, nothing, nothing
    )
    speeds = Speeds(
        rays,
        MovingLegs(legs.pool, leg, still, still, still > 0.0),
        _all_still(rows.pool),
        _all_still(block.debts.pool),
        _all_still(block.grid.pool),
    )
    return assembled(block, speeds, nothing, orders=orders)


def _all_still(pool: Ints) -> Moving:
    return Moving(pool, np.arange(len(pool), dtype=np.intp), np.zeros(len(pool)))


def both_ways(block: Block, speeds: Speeds, *, orders: bool) -> Terms:
    """The problems of all rays: first each one downwards, then each one upwards."""
    direction = np.repeat([-1.0, 1.0], len(speeds.rays.pool))
    return assembled(block, together([speeds, speeds]), direction, orders=orders)


def assembled(block: Block, speeds: Speeds, direction: Floats, *, orders: bool) -> Terms:
    """Sort what moves into terms, with the groups' other members and the holdings that legs pay into."""
    legs, rows = block.legs, block.rows
    problem, leg, rise, sink, by_asset = _with_members(block, speeds.legs, orders)
    row_problem, row, row_b = _with_holdings(block, speeds.rows, problem, leg)
    width = max(1, len(rows.pool))
    row_key = row_problem * width + row
    leg_row = np.searchsorted(row_key, problem * width + legs.row[leg])

    group_keys, group = _local(problem, legs.group[leg], block.groups)
    netting_keys, netting = _local(problem, legs.netting[leg], block.nettings)
    cap_keys, cap = _local(row_problem, rows.cap[row], len(block.caps.pool))
    caps_width = max(1, len(block.caps.pool))

    moves = (legs.valued[leg] == Valued.MARK) | ((legs.valued[leg] == Valued.INDEX) & by_asset)
    fee_moves = (legs.fee_valued[leg] == Valued.MARK) | ((legs.fee_valued[leg] == Valued.INDEX) & by_asset)
    fixed = (legs.fixed_tier_orders if orders else legs.fixed_tier)[leg]
    debts = np.argsort(speeds.debts.ray, kind="stable")
    grids = np.argsort(speeds.grids.ray, kind="stable")
    rays = speeds.rays
    return Terms(
        ProblemTerms(rays.pool, rays.load, rays.numeraire_b, rays.scale_b, direction),
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
            (legs.size_orders if orders else legs.size)[leg],
            (legs.share_orders if orders else legs.share)[leg],
            legs.alone[leg],
            legs.constant_requirement[leg],
            group,
            netting,
            legs.long[leg],
            legs.option[leg],
            by_asset,
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
        DebtTerms(speeds.debts.ray[debts], speeds.debts.part[debts], speeds.debts.b[debts]),
        GridTerms(speeds.grids.ray[grids], speeds.grids.part[grids], speeds.grids.b[grids]),
        CapTerms(cap_keys // caps_width, block.caps.limit[cap_keys % caps_width]),
        GroupTerms(group_keys // max(1, block.groups)),
        GroupTerms(netting_keys // max(1, block.nettings)),
        moving=bool(direction.any()),
        plain_rows=bool(rows.plain[row].all()),
        any_fee=bool((legs.fee_rate[leg] != 0.0).any()),
        any_held=not bool(moves.all()),
        any_order=orders and bool(legs.order[leg].any()),
        any_option=bool((legs.option[leg] >= 0).any()),
        all_fixed=bool((fixed >= 0).all()),
    )


def _with_members(block: Block, moving: MovingLegs, orders: bool) -> tuple[Ints, Ints, Floats, Floats, Bools]:
    """The moving legs by problem, and with them all members of their tier and netting groups, sorted."""
    legs = block.legs
    width = max(1, len(legs.pool))
    problem, leg = moving.ray, moving.part
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
    if not orders:
        kept = ~legs.order[keys % width]
        keys, first = keys[kept], first[kept]
    known = first < len(moving.part)
    place = np.where(known, first, 0)
    rise = np.where(known, moving.rise[place], 0.0)
    sink = np.where(known, moving.sink[place], 0.0)
    return keys // width, keys % width, rise, sink, known & moving.by_asset[place]


def _with_holdings(block: Block, moving: Moving, problem: Ints, leg: Ints) -> tuple[Ints, Ints, Floats]:
    """The moving holdings by problem, those that the legs pay into, and the others of their cap groups, sorted."""
    rows = block.rows
    width = max(1, len(rows.pool))
    row_problem = np.concatenate([moving.ray, problem])
    row = np.concatenate([moving.part, block.legs.row[leg]])
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
    speed = np.append(moving.b, 0.0)  # the last one for holdings that only receive profits
    return keys // width, keys % width, speed[np.minimum(first, len(moving.b))]


def _local(problem: Ints, group: Ints, count: int) -> tuple[Ints, Ints]:
    """Groups numbered within the set of problems: keys problem * count + group in order, and each part's number."""
    grouped = group >= 0
    keys = np.unique(problem[grouped] * max(1, count) + group[grouped])
    local = np.searchsorted(keys, problem * max(1, count) + group)
    return keys, np.where(grouped, local, -1)
