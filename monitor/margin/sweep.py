"""How near everything stands, as columns: the figures by which a tick is judged before anything is put into words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.book import Book
from monitor.margin.compile import liquidation_stage
from monitor.margin.plan import Lines, Plan
from monitor.margin.pool import Requirement
from monitor.margin.solve import Solved, Tick, solve_lines, standing_now
from monitor.margin.speeds import Kind

#: The lines that a sweep tells of.
SWEPT = (Kind.POSITION, Kind.ASSET, Kind.MARKET)


@dataclass(slots=True, eq=False)
class Sweep:
    """Some accounts' pools and how far their lines are. Arrays may be reused by the next sweep: copy what you keep.

    `token` is the same object as long as pools and lines are the same ones in the same order. `distance` has an entry
    for each direction of each position, coin, depeg and market line; `ray_pool` says whose it is.
    """

    token: object
    pools: tuple[PoolKey, ...]
    ratio: Floats  # by pool: PoolResult.ratio.value; +inf without equity, NaN unknown
    ray_pool: Ints
    distance: Floats  # Line.distance_ratio; +inf never, 0 liquidatable, NaN unknown


def sweep(
    book: Book,
    accounts: Collection[AccountKey] | None = None,
    *,
    betas: Mapping[Asset, float] | None = None,
    search: bool = True,
) -> tuple[Sweep, ...]:
    """Ratios and distances of at least these accounts (all where None) at the book's prices.

    Lines that need a search are solved only with `search`, else they stand where they were solved last (NaN before).
    """
    del search
    result = []
    for account in book.accounts:
        plan = book.plan([account]) if accounts is None or account in accounts else None
        if plan is not None and plan.block.count:
            tick = standing_now(book, plan)
            lines = plan.lines(betas)
            result.append(_swept(plan, tick, lines, solve_lines(book.shelf, plan, tick, lines)))
    return tuple(result)


def _swept(plan: Plan, tick: Tick, lines: Lines, solved: Solved) -> Sweep:
    none = [np.zeros(0, np.intp)]
    kind = np.concatenate([one.rays.kind for one in lines.sets] or none)
    chosen = np.flatnonzero(np.isin(kind, SWEPT))
    pool = np.concatenate([one.rays.pool for one in lines.sets] or none)[chosen]
    described = plan.block.described
    unknown = np.array([bool(one.unknown) for one in described])
    exposed = tick.exposed | plan.empty_liquidates
    now = np.where(unknown[pool], np.nan, solved.now[chosen])
    sides = [np.where(np.isnan(x), np.inf, np.abs(x)) for x in (solved.down[chosen], solved.up[chosen])]
    done = np.where(tick.exposed[pool], now <= 0.0, plan.empty_liquidates[pool] & (now < 0.0))
    never = ~exposed[pool] | (now <= 0.0)
    distance = [np.where(done, 0.0, np.where(never, np.inf, np.where(np.isnan(now), np.nan, x))) for x in sides]
    return Sweep(
        lines,
        tuple(one.key for one in described),
        _ratio(plan, tick, unknown),
        np.concatenate([pool, pool]),
        np.concatenate(distance),
    )


def _ratio(plan: Plan, tick: Tick, unknown: Bools) -> Floats:
    pools = plan.block.pools
    equity = np.where(pools.orders, tick.counted.equity, tick.out.equity)
    maintenance = np.where(pools.orders, tick.counted.maintenance, tick.out.maintenance)
    alone = np.array([liquidation_stage(one).requirement is Requirement.NONE for one in plan.block.described])
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(alone, 0.0, np.maximum(pools.load * maintenance / equity, 0.0))
    ratio = np.where(equity <= 0.0, np.inf, ratio)
    idle = np.where(plan.empty_liquidates & (equity < 0.0), np.inf, 0.0)
    ratio = np.where(tick.exposed, ratio, idle)
    return np.where(np.isnan(equity) | unknown, np.nan, ratio)
