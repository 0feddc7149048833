"""How near everything stands, as columns: the figures by which a tick is judged before anything is put into words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.book import Book
from monitor.margin.compile import liquidation_stage
from monitor.margin.general import State
from monitor.margin.plan import Plan
from monitor.margin.pool import Requirement
from monitor.margin.solve import Tick
from monitor.margin.speeds import Kind

#: The lines that a sweep tells of.
SWEPT = (Kind.POSITION, Kind.ASSET, Kind.MARKET)


@dataclass(slots=True, eq=False)
class Sweep:
    """Some accounts' pools and how far their lines are. Arrays may be reused by the next sweep: copy what you keep.

    `token` is the same object as long as pools and lines are the same ones in the same order. `distance` has an entry
    for each position, coin, depeg and market line and direction; `ray_pool` says whose it is. Left out are lines of
    plain pools whose answer another one gives already, and directions in which they can have none.
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
    search: Collection[AccountKey] | bool = True,
    together: bool = True,
) -> tuple[Sweep, ...]:
    """Ratios and distances of at least these accounts (all where None) at the book's prices.

    Lines that need a search are solved of the accounts in `search` only (of all or none), else they stand where they
    were solved last (NaN before).
    Without `together` the same holds for lines of plain pools that move several legs (of a hedge, both sides of one
    instrument): what is left are the position lines of one leg, and what answers the same. Not for decisions: such a
    line is as old as it is, and a pool that was liquidatable or unknown since has 0 or NaN there until it is solved.
    """
    plain, general = book.shards(accounts, betas or {})
    result = []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for shard in plain:
            found = shard.solved(book.prices, together=together)
            result.append(Sweep(shard.token, shard.keys, found.ratio, found.ray_pool, found.distance))
        result += [_swept(shard.solved(betas or {}, search=search)) for shard in general]
    return tuple(result)


def _swept(state: State) -> Sweep:
    assert state.found is not None, "lines were asked for"
    plan, tick = state.plan, state.tick
    lines, solved = state.found
    chosen = np.flatnonzero(np.isin(lines.kind, SWEPT))
    pool = lines.pool[chosen]
    described = plan.block.described
    unknown = np.array([bool(one.unknown) for one in described])
    distance = np.full(2 * len(pool), np.nan)
    if solved is not None:
        now = np.where(unknown[pool], np.nan, solved.now[chosen])
        done = np.where(tick.exposed[pool], now <= 0.0, plan.empty_liquidates[pool] & (now < 0.0))
        never = ~(tick.exposed | plan.empty_liquidates)[pool] | (now <= 0.0)
        for part, roots in ((slice(len(pool)), solved.down), (slice(len(pool), None), solved.up)):
            x = roots[chosen]
            there = np.where(np.isnan(x), np.inf, np.abs(x))
            known = state.searched[pool] & ~np.isnan(now)
            distance[part] = np.where(done, 0.0, np.where(never, np.inf, np.where(known, there, np.nan)))
    keys = tuple(one.key for one in described)
    return Sweep(lines, keys, _ratio(plan, tick, unknown), np.concatenate([pool, pool]), distance)


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
