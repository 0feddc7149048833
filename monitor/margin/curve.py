"""Equity and requirement of one pool along one ray, at any places of it, and where each of its stages begins there.

The places are those of the same formula in which the lines are roots. A stage's own lines are those of the pool if that
stage were its liquidation, so that the liquidation's are the pool's lines.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan

import numpy as np

from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, Ratio, State
from monitor.domain.names import USD, Asset, PoolKey
from monitor.margin.answers import price_from_marks
from monitor.margin.arrays import Floats, Ints
from monitor.margin.assembly import both_ways
from monitor.margin.book import STABLECOINS, Book
from monitor.margin.evaluate import evaluate
from monitor.margin.health import health
from monitor.margin.lines import assets, market
from monitor.margin.plan import Plan
from monitor.margin.pool import LIQUIDATION, NAN, Pool, Requirement, VenueFigures
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult, Sides
from monitor.margin.solve import standing_now, values_at
from monitor.margin.speeds import Speeds
from monitor.margin.terms import FLOOR

UNSEARCHED = Line.unknown("where initial margin is used up is not searched for")


@dataclass(frozen=True, slots=True)
class StageOnRay:
    """A stage's ratio now, and where it begins along the ray."""

    name: str
    ratio: Ratio
    sides: Sides


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Columns by move, in USD; NaN unknown. `required_usd` is the equity at which the pool is liquidated there.

    `price_now` is the USD price of what moves, NaN where none is known and for the market. `movers` are the assets that
    move the pool: along any other it stands still.
    """

    price_now: float
    equity_usd: Floats
    required_usd: Floats
    stages: tuple[StageOnRay, ...]
    movers: frozenset[Asset]


def curve(
    pool: Pool,
    prices: Prices,
    of: Asset | None,
    moves: Sequence[float],
    *,
    betas: Mapping[Asset, float] | None = None,
    stablecoins: Collection[Asset] = STABLECOINS,
) -> Curve:
    """The pool where the price of `of` (None: of the market, by `betas`) has moved by each of `moves` (-1: to zero).

    It stands alone: no pool tops it up. Raises BadPool.
    """
    alone = replace(pool, backstop=None, view_of=None, venue=VenueFigures())
    equity, required = _columns(alone, prices, of, np.array(moves, np.float64), betas or {}, stablecoins)
    if pool.unknown:
        equity, required = np.full(len(moves), np.nan), np.full(len(moves), np.nan)
    whole, ending = _results(alone, prices, betas or {}, stablecoins)
    lines = {LIQUIDATION: sides_of(whole, of)} | {name: sides_of(result, of) for name, result in ending.items()}
    unsearched = Sides(down=UNSEARCHED, up=UNSEARCHED)
    return Curve(
        price_now=_price(pool, prices, of),
        equity_usd=equity,
        required_usd=required,
        stages=tuple(StageOnRay(name, ratio, lines.get(name, unsearched)) for name, ratio in whole.stages.items()),
        movers=frozenset(whole.coins) | frozenset(whole.depegs),
    )


def _columns(
    pool: Pool,
    prices: Prices,
    of: Asset | None,
    moves: Floats,
    betas: Mapping[Asset, float],
    stablecoins: Collection[Asset],
) -> tuple[Floats, Floats]:
    """Equity, and requirement times the load of the liquidation stage, in USD."""
    book = Book(prices, stablecoins)
    book.replace(pool.key.owner, [pool])
    plan = book.plan()
    assert plan is not None  # the account is in the book
    block = plan.block
    orders, weight = bool(block.pools.orders[0]), float(block.pools.load[0])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        tick = standing_now(book, plan)
        found = tick.assessment(orders=orders)
        usd = float(tick.marked.numeraire_usd[0])
        speeds, ray = _ray(plan, prices, of, betas, book.stablecoins)
        if ray is None:  # nothing of it moves
            equity, required = np.full(len(moves), found.equity[0]), np.full(len(moves), found.maintenance[0])
            return equity * usd, _weighed(required, weight) * usd
        terms = both_ways(block, speeds, orders=orders)
        values = values_at(terms, tick, found)
        here = health(terms, values, book.shelf, block, np.zeros(terms.count))
        values.equity = found.equity[0] - here.equity
        values.requirement = found.maintenance[0] - here.requirement
        up = len(speeds.rays.pool)
        wanted: Ints = np.where(moves < 0.0, ray, ray + up)
        there, places = terms.take(wanted)
        at = health(there, values.take(places), book.shelf, block, moves, slopes=False)
        usd_there = usd * np.maximum(FLOOR, 1.0 + there.problems.numeraire_b * moves)
        return at.equity * usd_there, _weighed(at.requirement, weight) * usd_there


def _weighed(requirement: Floats, weight: float) -> Floats:
    """What liquidation compares with equity: nothing where equity alone decides, even if the requirement is unknown."""
    return requirement * weight if weight else np.zeros(len(requirement))


def _ray(
    plan: Plan, prices: Prices, of: Asset | None, betas: Mapping[Asset, float], held: Collection[Asset]
) -> tuple[Speeds, int | None]:
    """All rays of the kind, and which of them it is; None: nothing of the pool moves along it."""
    every, names, venue = np.ones(1, np.bool_), prices.asset_names(), plan.block.described[0].key.venue
    if of is None:
        speed = np.array([0.0 if name == USD or name in held else betas.get(name, 1.0) for name in names])
        speeds = market(plan.block, every, speed)
        return speeds, 0 if len(speeds.rays.pool) else None
    speeds = assets(plan.block, every)
    chosen = np.flatnonzero(speeds.rays.key == prices.asset_place(venue, of))
    return speeds, int(chosen[0]) if len(chosen) else None


def _results(
    pool: Pool, prices: Prices, betas: Mapping[Asset, float], stablecoins: Collection[Asset]
) -> tuple[PoolResult, dict[str, PoolResult]]:
    """The pool's own result, and by name those of its stages: each as if it were the liquidation."""
    searched = [stage for stage in pool.stages if stage.name != LIQUIDATION]
    ending = {
        stage.name: replace(
            pool,
            key=PoolKey(*pool.key.owner, f"{pool.key.pool} at stage {place}"),
            stages=(replace(stage, name=LIQUIDATION),),
        )
        for place, stage in enumerate(searched)
        if stage.requirement is not Requirement.INITIAL
    }
    book = Book(prices, stablecoins)
    book.replace(pool.key.owner, [pool, *ending.values()])
    results = evaluate(book, betas=betas)
    return results[pool.key], {name: results[one.key] for name, one in ending.items()}


def sides_of(result: PoolResult, of: Asset | None) -> Sides:
    """The lines of a result along a ray, None: along that of the market."""
    if of is None:
        return result.market
    return result.coins.get(of) or result.depegs.get(of) or _standing(result)


def _standing(result: PoolResult) -> Sides:
    """The lines of what no move changes: liquidated now, or never."""
    now = {State.LIQUIDATABLE: LIQUIDATABLE, State.UNKNOWN: Line.unknown(*result.ratio.reasons)}
    line = now.get(result.ratio.state, NEVER)
    return Sides(down=line, up=line)


def _price(pool: Pool, prices: Prices, of: Asset | None) -> float:
    """As the lines of coins have it."""
    if of is None:
        return NAN
    venue = pool.key.venue
    price = prices.asset(venue, of)
    return price_from_marks(pool, of, [prices.mark(venue, leg.symbol) for leg in pool.legs]) if isnan(price) else price
