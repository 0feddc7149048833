"""Which lines a block of pools has, as problems: position, bankruptcy, coin, depeg, market, venue lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.columns import Block
from monitor.margin.compile import liquidation_stage, load
from monitor.margin.pool import VenueLine
from monitor.margin.prices import Prices
from monitor.margin.rays import Speeds, assembled, both_ways, shapes
from monitor.margin.terms import Terms

_NONE = np.zeros(0, np.intp)


@dataclass(slots=True)
class Problems:
    """A set of problems in both directions, first all downwards, then all upwards.

    `key` says what each moves: a mark's place, an asset's place, or the number of a venue line.
    """

    terms: Terms
    shape: Ints
    key: Ints
    orders: bool

    @property
    def half(self) -> int:
        """How many rays there are; ray i goes down as problem i and up as problem i + half."""
        return self.terms.count // 2


@dataclass(slots=True)
class AssetKeys:
    """Which asset each part of a block moves with, as (pool, asset) keys."""

    width: int
    pool: Ints
    asset: Ints


def positions(block: Block, *, orders: bool, bankruptcy: bool = False) -> Problems:
    """One ray for each pool and instrument held there: the instrument alone moves, all its legs with it."""
    legs, pools = block.legs, block.pools
    chosen = pools.orders[legs.pool] == orders
    width = int(legs.mark.max(initial=0)) + 1
    keys = np.unique((legs.pool * width + legs.mark)[chosen & ~legs.order])
    pool, mark = keys // width, keys % width
    leg_key = legs.pool * width + legs.mark
    place = np.searchsorted(keys, leg_key)
    leg = np.flatnonzero(np.isin(leg_key, keys))
    inverse = legs.inverse[leg].astype(np.float64)
    scale = np.zeros(len(keys))
    scale[place[leg]] = inverse
    speeds = _speeds(pool, place[leg], leg, 1.0 - inverse, inverse, scale_b=scale, options_at_mark=True)
    weight = np.zeros(len(keys)) if bankruptcy else pools.load[pool]
    return _problems(block, speeds, weight, mark, orders)


def assets(block: Block, stable: Bools, *, orders: bool, depeg: bool) -> Problems:
    """One ray for each pool and asset that moves it: coin lines, or depeg lines of the stablecoins.

    `stable` says by place in Prices which assets are stablecoins. The asset moves in USD, all others stand.
    """
    width = len(stable)
    pool, asset = _moved_by(block)
    chosen = (asset != 0) & (stable[asset] == depeg) & (block.pools.orders[pool] == orders)
    keys = np.unique((pool * width + asset)[chosen])
    return _problems(
        block,
        _asset_speeds(block, keys // width, keys % width, None, width),
        block.pools.load[keys // width],
        keys % width,
        orders,
    )


def market(block: Block, stable: Bools, beta: Floats, *, orders: bool) -> Problems:
    """One ray for each pool: everything but stablecoins and USD moves, each asset by its beta."""
    pool, asset = _moved_by(block)
    chosen = (asset != 0) & ~stable[asset] & (block.pools.orders[pool] == orders)
    pools = np.unique(pool[chosen])
    speed = np.where(stable, 0.0, beta)
    speed[0] = 0.0
    return _problems(
        block,
        _asset_speeds(block, pools, np.zeros(len(pools), np.intp), speed, len(stable)),
        block.pools.load[pools],
        np.zeros(len(pools), np.intp),
        orders,
    )


def venue_lines(block: Block, prices: Prices, *, orders: bool) -> tuple[Problems, list[tuple[int, int]]]:
    """One ray for each price that a venue prints, on the venue's own terms; and (pool, number of the line) of each."""
    which = [
        (number, place)
        for number, pool in enumerate(block.described)
        for place, line in enumerate(pool.venue.lines)
        if line.orders == orders
    ]
    parts = _VenueParts()
    begins = np.searchsorted(block.legs.pool, np.arange(block.count + 1))
    rows_begin = np.searchsorted(block.rows.pool, np.arange(block.count + 1))
    debts_begin = np.searchsorted(block.debts.pool, np.arange(block.count + 1))
    for problem, (number, place) in enumerate(which):
        parts.add(
            block,
            prices,
            problem,
            number,
            block.described[number].venue.lines[place],
            range(begins[number], begins[number + 1]),
            range(rows_begin[number], rows_begin[number + 1]),
            range(debts_begin[number], debts_begin[number + 1]),
        )
    return _problems(block, parts.speeds(), np.array(parts.load), np.arange(len(which), dtype=np.intp), orders), which


class _VenueParts:
    """Speeds of venue lines, gathered line by line when an account is described."""

    def __init__(self) -> None:
        self.load: list[float] = []
        self._pool: list[int] = []
        self._scale: list[float] = []
        self._numeraire: list[float] = []
        self._legs: list[tuple[int, int, float, float]] = []
        self._rows: list[tuple[int, int, float]] = []
        self._debts: list[tuple[int, int, float]] = []

    def add(
        self,
        block: Block,
        prices: Prices,
        problem: int,
        number: int,
        line: VenueLine,
        legs: range,
        rows: range,
        debts: range,
    ) -> None:
        pool = block.described[number]
        venue = pool.key.venue
        moves = {prices.mark_place(venue, symbol): speed for symbol, speed in line.moves or ((line.symbol, 1.0),)}
        assets = {prices.asset_place(venue, asset): speed for asset, speed in line.asset_moves}
        all_inverse = True
        numeraire = assets.get(int(block.pools.numeraire[number]), 0.0)
        for leg in legs:
            speed = moves.get(int(block.legs.mark[leg]), 0.0)
            inverse = bool(block.legs.inverse[leg])
            all_inverse = all_inverse and (inverse or not speed)
            settles = assets.get(int(block.legs.settle[leg]), 0.0) != 0.0
            if speed or settles or numeraire:
                self._legs.append((problem, leg, 0.0 if inverse else speed, speed if inverse else 0.0))
        for row in rows:
            b = assets.get(int(block.rows.asset[row]), 0.0)
            if b or numeraire:
                self._rows.append((problem, row, b))
        for debt in debts:
            b = assets.get(int(block.debts.asset[debt]), 0.0)
            if b or numeraire:
                self._debts.append((problem, debt, b))
        self.load.append(load(liquidation_stage(pool), line.threshold))
        self._pool.append(number)
        self._numeraire.append(numeraire)
        self._scale.append(numeraire if assets else moves.get(prices.mark_place(venue, line.symbol), 0.0) * all_inverse)

    def speeds(self) -> Speeds:
        legs = _columns(self._legs, 4)
        rows, debts = _columns(self._rows, 3), _columns(self._debts, 3)
        return Speeds(
            np.array(self._pool, np.intp),
            np.array(self._numeraire, np.float64),
            np.array(self._scale, np.float64),
            legs[0].astype(np.intp),
            legs[1].astype(np.intp),
            legs[2],
            legs[3],
            rows[0].astype(np.intp),
            rows[1].astype(np.intp),
            rows[2],
            debts[0].astype(np.intp),
            debts[1].astype(np.intp),
            debts[2],
            _NONE,
            _NONE,
            np.zeros(0),
            False,
            True,
        )


def _columns(records: Sequence[tuple[float, ...]], width: int) -> Floats:
    return np.array(records, np.float64).reshape(-1, width).T


def _speeds(
    pool: Ints, leg_problem: Ints, leg: Ints, rise: Floats, sink: Floats, *, scale_b: Floats, options_at_mark: bool
) -> Speeds:
    """Speeds of rays on which instruments move and assets stand."""
    nothing = np.zeros(0)
    return Speeds(
        pool,
        np.zeros(len(pool)),
        scale_b,
        leg_problem,
        leg,
        rise,
        sink,
        *(_NONE, _NONE, nothing),
        *(_NONE, _NONE, nothing),
        *(_NONE, _NONE, nothing),
        False,
        options_at_mark,
    )


def _moved_by(block: Block) -> tuple[Ints, Ints]:
    """All (pool, asset) on which anything in a pool depends, from pools that have something to liquidate."""
    legs, rows, debts = block.legs, block.rows, block.debts
    pool = np.concatenate([legs.pool, legs.pool, legs.pool, rows.pool, debts.pool, block.grid.pool])
    asset = np.concatenate([legs.coin, legs.quote, legs.settle, rows.asset, debts.asset, block.grid.asset])
    return pool, asset


def _asset_speeds(block: Block, pool: Ints, asset: Ints, market: Floats | None, width: int) -> Speeds:
    """Speeds where assets move: one asset a problem, or (market) all by their own speed, one problem a pool."""
    legs, rows, debts, grid, numeraire = block.legs, block.rows, block.debts, block.grid, block.pools.numeraire
    keys = pool if market is not None else pool * width + asset

    def moved(part_pool: Ints, *assets_of_part: Ints) -> tuple[Ints, Ints]:
        """(problem, part) for each part that a problem moves; a moving numeraire moves all parts."""
        number = np.arange(len(part_pool), dtype=np.intp)
        touching = (*assets_of_part, numeraire[part_pool])
        if market is not None:
            moves = np.any([market[a] != 0.0 for a in touching], axis=0)
            key = part_pool[moves]
            number = number[moves]
        else:
            key = np.concatenate([part_pool * width + a for a in touching])
            number = np.tile(number, len(touching))
        place = np.searchsorted(keys, key)
        found = place < len(keys)
        found[found] = keys[place[found]] == key[found]
        pairs = np.unique(place[found] * max(1, len(part_pool)) + number[found])
        return pairs // max(1, len(part_pool)), pairs % max(1, len(part_pool))

    def speed(problem: Ints, of: Ints) -> Floats:
        """The speed of assets in their problems."""
        return market[of] if market is not None else (asset[problem] == of).astype(np.float64)

    leg_problem, leg = moved(legs.pool, legs.coin, legs.quote, legs.settle)
    row_problem, row = moved(rows.pool, rows.asset)
    debt_problem, debt = moved(debts.pool, debts.asset)
    grid_problem, which = moved(grid.pool, grid.asset)
    base, quote = speed(leg_problem, legs.coin[leg]), speed(leg_problem, legs.quote[leg])
    inverse = legs.inverse[leg]
    problem = np.arange(len(pool), dtype=np.intp)
    numeraire_b = speed(problem, numeraire[pool])
    return Speeds(
        pool,
        numeraire_b,
        numeraire_b,
        leg_problem,
        leg,
        np.where(inverse, quote, base),
        np.where(inverse, base, quote),
        row_problem,
        row,
        speed(row_problem, rows.asset[row]),
        debt_problem,
        debt,
        speed(debt_problem, debts.asset[debt]),
        grid_problem,
        which,
        speed(grid_problem, grid.asset[which]),
        True,
        False,
    )


def _problems(block: Block, speeds: Speeds, weight: Floats, key: Ints, orders: bool) -> Problems:
    count = len(speeds.pool)
    direction = np.repeat([-1.0, 1.0], count)
    terms = assembled(block, both_ways(speeds), np.tile(weight, 2), direction, orders=orders)
    return Problems(terms, shapes(block, terms), key, orders)
