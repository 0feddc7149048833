"""All problems of a block, prepared: what an evaluation at a tick runs through. No price enters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from monitor.domain.names import USD, Asset, PoolKey
from monitor.margin.arrays import Bools, Floats, Ints, sums
from monitor.margin.assembly import both_ways, standing
from monitor.margin.columns import Block
from monitor.margin.lines import assets, market, positions, venue_lines
from monitor.margin.prices import Prices
from monitor.margin.shapes import shapes
from monitor.margin.speeds import Kind, Rays, together
from monitor.margin.terms import Terms
from monitor.margin.tiers import Shelf


@dataclass(slots=True)
class Problems:
    """All rays with (or all without) resting orders, in both directions: ray i goes down as problem i and up as
    problem i + count of rays. One set, because a pass of numpy costs the same for one ray and for a hundred.
    """

    terms: Terms
    rays: Rays
    shape: Ints
    orders: bool


@dataclass(slots=True)
class Plan:
    """What a block needs at a tick."""

    block: Block
    prices: Prices
    stablecoins: Collection[Asset]
    standing: tuple[Terms, Terms]  # resting orders out, in (the same where there are none)
    exposed: Bools  # pools with legs, debts or grids: something that a price can liquidate
    empty_liquidates: Bools
    backstop: Ints  # the pool's number, -1 none, -2 not described
    _lines: dict[tuple[tuple[Asset, float], ...], Lines] = field(default_factory=dict)

    def lines(self, betas: Mapping[Asset, float] | None) -> Lines:
        """The problems of all lines; `betas` are the market line's speeds, the last ones asked for are kept."""
        key = tuple(sorted((betas or {}).items()))
        found = self._lines.get(key)
        if found is None:
            self._lines.clear()
            found = self._lines[key] = self._prepared(dict(key))
        return found

    def _prepared(self, betas: Mapping[Asset, float]) -> Lines:
        block, names = self.block, self.prices.asset_names()
        held = self.stablecoins
        speed = np.array([0.0 if name == USD or name in held else betas.get(name, 1.0) for name in names])
        sets = []
        for orders in (False, True):
            chosen = block.pools.orders == orders
            speeds = together(
                [
                    positions(block, Kind.POSITION, chosen),
                    positions(block, Kind.BACKED, chosen & (self.backstop >= 0)),
                    positions(block, Kind.BANKRUPTCY, chosen),
                    assets(block, chosen),
                    market(block, chosen, speed),
                    venue_lines(block, self.prices, orders=orders),
                ]
            )
            if len(speeds.rays.pool):
                terms = both_ways(block, speeds, orders=orders)
                sets.append(Problems(terms, speeds.rays, shapes(block, terms), orders))
        return Lines(tuple(sets), names)


class Lines:
    """The sets of problems, and what the rays of all of them answer, one after the other."""

    def __init__(self, sets: tuple[Problems, ...], names: tuple[Asset, ...]) -> None:
        self.sets = sets
        self.names = names  # by key of the rays of assets
        none = np.zeros(0, np.intp)
        self.kind: Ints = np.concatenate([none, *(one.rays.kind for one in sets)])
        self.key: Ints = np.concatenate([none, *(one.rays.key for one in sets)])
        self.pool: Ints = np.concatenate([none, *(one.rays.pool for one in sets)])


def planned(block: Block, prices: Prices, shelf: Shelf, stablecoins: Collection[Asset]) -> Plan:
    """Prepare a block."""
    shelf.stack()
    out = standing(block, orders=False)
    return Plan(
        block,
        prices,
        stablecoins,
        (out, standing(block, orders=True) if block.legs.order.any() else out),
        _exposed(block),
        np.array([pool.empty_liquidates for pool in block.described], np.bool_),
        _backstops(block),
    )


def _exposed(block: Block) -> Bools:
    legs = block.legs
    counted = ~legs.order | block.pools.orders[legs.pool]
    weight: Floats = sums(legs.pool, counted.astype(np.float64), block.count)
    weight += np.bincount(block.debts.pool, minlength=block.count)
    weight += np.bincount(block.grid.pool, minlength=block.count)
    return weight > 0.0


def _backstops(block: Block) -> Ints:
    numbers: dict[PoolKey, int] = {pool.key: number for number, pool in enumerate(block.described)}
    return np.array(
        [-1 if pool.backstop is None else numbers.get(pool.backstop, -2) for pool in block.described], np.intp
    )
