"""All problems of a block, prepared: what an evaluation at a tick runs through. No price enters."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np

from monitor.domain.names import USD, Asset, PoolKey
from monitor.margin.arrays import Bools, Floats, Ints, sums
from monitor.margin.columns import Block
from monitor.margin.lines import Problems, assets, market, positions, venue_lines
from monitor.margin.prices import Prices
from monitor.margin.rays import standing
from monitor.margin.terms import Terms
from monitor.margin.tiers import Shelf


@dataclass(slots=True)
class Set:
    """Problems of one kind, for the pools whose stage leaves resting orders out, or counts them.

    `label` says by ray whom it answers: a leg's symbol, an asset, a venue line.
    """

    problems: Problems
    asset: tuple[Asset, ...] = ()
    venue: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Plan:
    """What a block needs at a tick. Lists hold one entry, or two where resting orders count in some pools."""

    block: Block
    prices: Prices
    stablecoins: Collection[Asset]
    standing: tuple[Terms, Terms]  # orders out, in (the same where there are none)
    positions: list[Set]
    bankruptcies: list[Set]
    assets: list[Set]
    venue: list[Set]
    exposed: Bools  # legs, debts or grids
    empty_liquidates: Bools
    backstop: Ints  # the pool's number, -1 none, -2 not described
    markets: dict[tuple[tuple[Asset, float], ...], list[Set]] = field(default_factory=dict)

    def market(self, betas: Mapping[Asset, float] | None) -> list[Set]:
        """The market problems for these betas."""
        key = tuple(sorted((betas or {}).items()))
        found = self.markets.get(key)
        if found is None:
            stable, names = _stable(self.prices, self.stablecoins)
            beta = np.array([1.0 if betas is None else betas.get(name, 1.0) for name in names])
            self.markets.clear()
            found = self.markets[key] = [
                Set(market(self.block, stable, beta, orders=orders)) for orders in _variants(self.block)
            ]
        return found


def planned(block: Block, prices: Prices, shelf: Shelf, stablecoins: Collection[Asset]) -> Plan:
    """Prepare a block."""
    shelf.stack()
    stable, names = _stable(prices, stablecoins)
    variants = _variants(block)
    any_order = bool(block.legs.order.any())
    out = standing(block, orders=False)
    asset_sets = []
    for orders in variants:
        for depeg in (False, True):
            problems = assets(block, stable, orders=orders, depeg=depeg)
            asset_sets.append(Set(problems, asset=tuple(names[place] for place in problems.key)))
    venue_sets = []
    for orders in (False, True):
        problems, which = venue_lines(block, prices, orders=orders)
        if which:
            venue_sets.append(Set(problems, venue=tuple(which)))
    return Plan(
        block,
        prices,
        stablecoins,
        (out, standing(block, orders=True) if any_order else out),
        [Set(positions(block, orders=orders)) for orders in variants],
        [Set(positions(block, orders=orders, bankruptcy=True)) for orders in variants],
        asset_sets,
        venue_sets,
        _exposed(block),
        np.array([pool.empty_liquidates for pool in block.described], np.bool_),
        _backstops(block),
    )


def _variants(block: Block) -> tuple[bool, ...]:
    """Whether resting orders count: only as many sets of problems as the pools need."""
    return tuple(sorted({bool(orders) for orders in block.pools.orders}))


def _stable(prices: Prices, stablecoins: Collection[Asset]) -> tuple[Bools, tuple[Asset, ...]]:
    """By place of an asset in the prices: is it a stablecoin, and its name."""
    names = prices.asset_names()
    return np.array([name in stablecoins and name != USD for name in names], np.bool_), names


def _exposed(block: Block) -> Bools:
    """Pools with something that a price can liquidate: legs (orders where they count), debts, grids."""
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
