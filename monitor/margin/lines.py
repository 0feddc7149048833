"""Which rays a block of pools has: position, bankruptcy, coin, depeg and market lines, and the venues' own."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.columns import Block
from monitor.margin.compile import liquidation_stage, load
from monitor.margin.pool import VenueLine
from monitor.margin.prices import Prices
from monitor.margin.speeds import Kind, Moving, MovingLegs, Rays, Speeds, no_parts


def positions(block: Block, kind: Kind, chosen: Bools) -> Speeds:
    """One ray for each instrument held in each of the chosen pools: it alone moves, all its legs with it."""
    legs, pools = block.legs, block.pools
    width = int(legs.mark.max(initial=0)) + 1
    leg_key = legs.pool * width + legs.mark
    keys = np.unique(leg_key[chosen[legs.pool] & ~legs.order])
    pool, mark = keys // width, keys % width
    leg = np.flatnonzero(np.isin(leg_key, keys))
    ray = np.searchsorted(keys, leg_key[leg])
    inverse = legs.inverse[leg].astype(np.float64)
    # The health of an inverse leg is straight in 1 / price: times the price it is straight in the price.
    scale_b = np.zeros(len(keys))
    scale_b[ray] = inverse
    weight = np.zeros(len(keys)) if kind is Kind.BANKRUPTCY else pools.load[pool]
    rays = Rays(pool, np.full(len(keys), kind, np.intp), mark, weight, np.zeros(len(keys)), scale_b)
    moving = MovingLegs(ray, leg, 1.0 - inverse, inverse, np.zeros(len(leg), np.bool_))
    return Speeds(rays, moving, no_parts(), no_parts(), no_parts())


def assets(block: Block, chosen: Bools) -> Speeds:
    """One ray for each asset that moves a chosen pool: coin lines, and depeg lines of stablecoins. USD never moves."""
    pool, asset = _depends(block)
    width = int(asset.max(initial=0)) + 1
    keys = np.unique((pool * width + asset)[chosen[pool] & (asset != 0)])
    return _asset_speeds(block, Kind.ASSET, keys // width, keys % width, None)


def market(block: Block, chosen: Bools, speed: Floats) -> Speeds:
    """One ray for each chosen pool: every asset moves at its own speed (by place in Prices; 0 for stablecoins)."""
    pool, asset = _depends(block)
    pools = np.unique(pool[chosen[pool] & (speed[asset] != 0.0)])
    return _asset_speeds(block, Kind.MARKET, pools, np.zeros(len(pools), np.intp), speed)


def _depends(block: Block) -> tuple[Ints, Ints]:
    """All (pool, asset) on which anything in a pool depends."""
    legs, rows, debts = block.legs, block.rows, block.debts
    pool = np.concatenate([legs.pool, legs.pool, legs.pool, rows.pool, debts.pool, block.grid.pool])
    asset = np.concatenate([legs.coin, legs.quote, legs.settle, rows.asset, debts.asset, block.grid.asset])
    return pool, asset


def _asset_speeds(block: Block, kind: Kind, pool: Ints, asset: Ints, market: Floats | None) -> Speeds:
    """Speeds where assets move: one asset a ray, or (market) all by their own speed, one ray a pool."""
    legs, rows, debts, grid, numeraire = block.legs, block.rows, block.debts, block.grid, block.pools.numeraire
    width = max(int(column.max(initial=0)) for column in (asset, numeraire, _depends(block)[1])) + 1
    keys = pool if market is not None else pool * width + asset

    def moved(part_pool: Ints, *assets_of_part: Ints) -> tuple[Ints, Ints]:
        """(ray, part) for each part that a ray moves; a moving numeraire moves all parts."""
        part = np.arange(len(part_pool), dtype=np.intp)
        touching = (*assets_of_part, numeraire[part_pool])
        if market is None:
            key = np.concatenate([part_pool * width + of for of in touching])
            part = np.tile(part, len(touching))
        else:
            part = np.flatnonzero(np.any([market[of] != 0.0 for of in touching], axis=0))
            key = part_pool[part]
        ray = np.searchsorted(keys, key)
        found = np.isin(key, keys)
        pairs = np.unique(ray[found] * max(1, len(part_pool)) + part[found])
        return pairs // max(1, len(part_pool)), pairs % max(1, len(part_pool))

    def speed(ray: Ints, of: Ints) -> Floats:
        return market[of] if market is not None else (asset[ray] == of).astype(np.float64)

    def moving(part_pool: Ints, part_asset: Ints) -> Moving:
        ray, part = moved(part_pool, part_asset)
        return Moving(ray, part, speed(ray, part_asset[part]))

    ray, leg = moved(legs.pool, legs.coin, legs.quote, legs.settle)
    base, quote, inverse = speed(ray, legs.coin[leg]), speed(ray, legs.quote[leg]), legs.inverse[leg]
    numeraire_b = speed(np.arange(len(pool), dtype=np.intp), numeraire[pool])
    rays = Rays(
        pool, np.full(len(pool), kind, np.intp), asset, block.pools.load[pool], numeraire_b, scale_b=numeraire_b
    )
    return Speeds(
        rays,
        MovingLegs(
            ray, leg, np.where(inverse, quote, base), np.where(inverse, base, quote), np.ones(len(leg), np.bool_)
        ),
        moving(rows.pool, rows.asset),
        moving(debts.pool, debts.asset),
        moving(grid.pool, grid.asset),
    )


def venue_lines(block: Block, prices: Prices, *, orders: bool) -> Speeds:
    """One ray for each price that a venue prints, on the venue's own terms."""
    parts = _VenueParts()
    ranges = [_ranges(columns.pool, block.count) for columns in (block.legs, block.rows, block.debts)]
    for number, pool in enumerate(block.described):
        for place, line in enumerate(pool.venue.lines):
            if line.orders == orders:
                parts.add(block, prices, number, place, line, *(begins[number] for begins in ranges))
    return parts.speeds()


def _ranges(pool: Ints, count: int) -> list[range]:
    begins = np.searchsorted(pool, np.arange(count + 1)).tolist()
    return [range(begin, end) for begin, end in pairwise(begins)]


class _VenueParts:
    """Speeds of venue lines, gathered line by line when an account is described."""

    def __init__(self) -> None:
        self._rays: list[tuple[int, int, float, float, float]] = []
        self._legs: list[tuple[int, int, float, float]] = []
        self._rows: list[tuple[int, int, float]] = []
        self._debts: list[tuple[int, int, float]] = []

    def add(
        self,
        block: Block,
        prices: Prices,
        number: int,
        place: int,
        line: VenueLine,
        legs: range,
        rows: range,
        debts: range,
    ) -> None:
        pool, ray = block.described[number], len(self._rays)
        venue = pool.key.venue
        moves = {prices.mark_place(venue, symbol): speed for symbol, speed in line.moves or ((line.symbol, 1.0),)}
        assets = {prices.asset_place(venue, asset): speed for asset, speed in line.asset_moves}
        numeraire_b = assets.get(int(block.pools.numeraire[number]), 0.0)
        straight_in_reciprocal = not assets
        for leg in legs:
            speed, inverse = moves.get(int(block.legs.mark[leg]), 0.0), bool(block.legs.inverse[leg])
            straight_in_reciprocal &= inverse or not speed
            if speed or numeraire_b or assets.get(int(block.legs.settle[leg]), 0.0):
                self._legs.append((ray, leg, 0.0 if inverse else speed, speed if inverse else 0.0))
        for part, columns, moving in ((rows, block.rows.asset, self._rows), (debts, block.debts.asset, self._debts)):
            for one in part:
                b = assets.get(int(columns[one]), 0.0)
                if b or numeraire_b:
                    moving.append((ray, one, b))
        own_speed = moves.get(prices.mark_place(venue, line.symbol), 0.0)
        scale_b = own_speed if straight_in_reciprocal else numeraire_b
        self._rays.append((number, place, load(liquidation_stage(pool), line.threshold), numeraire_b, scale_b))

    def speeds(self) -> Speeds:
        pool, key, weight, numeraire_b, scale_b = _columns(self._rays, 5)
        kind = np.full(len(pool), Kind.VENUE, np.intp)
        ray, leg, rise, sink = _columns(self._legs, 4)
        return Speeds(
            Rays(pool.astype(np.intp), kind, key.astype(np.intp), weight, numeraire_b, scale_b),
            MovingLegs(ray.astype(np.intp), leg.astype(np.intp), rise, sink, np.zeros(len(leg), np.bool_)),
            _moving(self._rows),
            _moving(self._debts),
            no_parts(),
        )


def _moving(records: list[tuple[int, int, float]]) -> Moving:
    ray, part, b = _columns(records, 3)
    return Moving(ray.astype(np.intp), part.astype(np.intp), b)


def _columns(records: Sequence[tuple[float, ...]], width: int) -> Floats:
    return np.array(records, np.float64).reshape(-1, width).T
