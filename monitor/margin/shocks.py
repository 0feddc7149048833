"""Where pools stand after prices have moved by given amounts, each asset by its own, and where on the way there each of
them is liquidated: the formula at the end of a ray, and the first root along it.

A shock is a ray that ends. All assets move together, each from its price of now to its own end, so that «0.4» means
that each has made 0.4 of its way. Shocks and pools are one set of problems, because a pass of numpy costs the same for
one of them and for a hundred.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isnan, nan
from typing import NamedTuple

import numpy as np

from monitor.domain.lines import Ratio
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.margin.arrays import Floats, Ints
from monitor.margin.assembly import assembled
from monitor.margin.book import STABLECOINS, Book
from monitor.margin.evaluate import evaluate
from monitor.margin.health import health
from monitor.margin.lines import market
from monitor.margin.plan import Plan
from monitor.margin.pool import Pool, VenueFigures
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.margin.roots import solve
from monitor.margin.shapes import Shape, shapes
from monitor.margin.solve import Tick, standing_now, values_at
from monitor.margin.speeds import together
from monitor.margin.terms import FLOOR

SHOCKS_AT_ONCE = 8  #: whose problems are solved together, which bounds the memory
NOWHERE_KNOWN = "a price or a requirement there is not known"


@dataclass(frozen=True, slots=True)
class Shock:
    """By asset, how far its USD price moves: a ratio, -1 to zero; 0 where it is not named. With `gap` it is there at
    once, and nothing is liquidated on the way.
    """

    moves: Mapping[Asset, float]
    gap: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shocked:
    """One pool after a shock; amounts in USD, None unknown.

    `equity_usd` is what would be there if nothing had been liquidated on the way, `required_usd` that at which it is
    liquidated there, and `ratio` the one over the other. `begins` is the part of the way at which it is liquidated
    first: 0 now, 1 at the end, None not at all (with an unknown `ratio`: unknown), and `left_usd` its equity there,
    which the liquidation takes at most.
    """

    ratio: Ratio
    equity_usd: float | None
    required_usd: float | None
    begins: float | None
    left_usd: float | None


def shocked(
    pools: Sequence[Pool],
    prices: Prices,
    shocks: Sequence[Shock],
    *,
    stablecoins: Collection[Asset] = STABLECOINS,
) -> tuple[dict[PoolKey, PoolResult], list[dict[PoolKey, Shocked]]]:
    """Where the pools of any accounts stand now, without lines, and after each shock. Each pool stands alone: no other
    tops it up. Raises BadPool.
    """
    book = Book(prices, stablecoins)
    accounts: dict[AccountKey, list[Pool]] = {}
    for pool in pools:
        alone = replace(pool, backstop=None, view_of=None, venue=VenueFigures())
        accounts.setdefault(pool.key.owner, []).append(alone)
    for account, its in accounts.items():
        book.replace(account, its)
    plan = book.plan()
    if plan is None:
        return {}, [{} for _ in shocks]
    now, found = evaluate(book, lines=False), []
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        tick = standing_now(book, plan)
        for begin in range(0, len(shocks), SHOCKS_AT_ONCE):
            some = _Shocks(book, plan, tick, shocks[begin : begin + SHOCKS_AT_ONCE])
            found += [some.read(number, now) for number in range(some.count)]
    return now, found


class _Shocks:
    """Some shocks of all pools of a plan, as columns: a row a shock, a column a pool; NaN unknown."""

    def __init__(self, book: Book, plan: Plan, tick: Tick, shocks: Sequence[Shock]) -> None:
        self._book, self._plan, self._tick = book, plan, tick
        self._gap = np.array([shock.gap for shock in shocks], np.bool_)
        names = book.prices.asset_names()
        moves = np.array([[shock.moves.get(name, 0.0) for name in names] for shock in shocks])
        # A ray down ends where a price is zero, and its speeds are not negative where everything falls: so most shocks
        # are rays of the usual kind. Only what rises alone goes up.
        self._direction = np.where((moves > 0.0).any(axis=1) & ~(moves < 0.0).any(axis=1), 1.0, -1.0)
        self._speeds = moves * self._direction[:, None]
        self.count = len(shocks)
        pools = plan.block.pools
        counted = np.where(pools.orders, tick.counted.equity, tick.out.equity)
        needed = np.where(pools.orders, tick.counted.maintenance, tick.out.maintenance)
        weighed = np.where(pools.load == 0.0, 0.0, pools.load * needed)
        usd = tick.marked.numeraire_usd
        shape = (self.count, plan.block.count)
        self._health = np.tile(counted - weighed, (self.count, 1))
        self._now = self._health.copy()
        self._equity, self._required = np.tile(counted, (self.count, 1)), np.tile(weighed, (self.count, 1))
        self._usd = np.tile(usd, (self.count, 1))
        self._at, self._left_usd = np.full(shape, np.nan), np.full(shape, np.nan)
        for orders in (False, True):
            self._solve(orders=orders)

    def _solve(self, *, orders: bool) -> None:
        """Where the pools that count resting orders, or do not, stand at the ends of the rays, and their roots."""
        block, shelf = self._plan.block, self._book.shelf
        chosen = block.pools.orders == orders
        parts = [market(block, chosen, speed) for speed in self._speeds]
        speeds = together(parts)
        if not len(speeds.rays.pool):
            return
        shock: Ints = np.repeat(np.arange(self.count, dtype=np.intp), [len(part.rays.pool) for part in parts])
        terms = assembled(block, speeds, self._direction[shock], orders=orders)
        pool, load, end = terms.problems.pool, terms.problems.load, terms.problems.direction
        assessed = self._tick.assessment(orders=orders)
        values = values_at(terms, self._tick, assessed)
        still = np.zeros(terms.count)
        moving = health(terms, values, shelf, block, still)
        equity, requirement = assessed.equity[pool], assessed.maintenance[pool]
        values.equity, values.requirement = equity - moving.equity, requirement - moving.requirement
        now = equity - np.where(load == 0.0, 0.0, load * requirement)
        slope = moving.slope + terms.problems.scale_b * (now - moving.health)
        now = np.where(np.isfinite(slope) & np.isfinite(moving.health), now, np.nan)
        there = health(terms, values, shelf, block, end, slopes=False)

        shape = shapes(block, terms)
        safe = (shape == Shape.CONCAVE) & (there.health > 0.0)  # at both ends, and so all the way
        exposed = (self._tick.exposed | self._plan.empty_liquidates)[pool]
        open_ = (now > 0.0) & exposed & ~safe & ~self._gap[shock]
        roots = solve(terms, values, shelf, block, shape, now, slope, open_, np.ones(terms.count))
        found = np.abs(roots.x) <= 1.0

        def usd(x: Floats) -> Floats:
            return self._tick.marked.numeraire_usd[pool] * np.maximum(FLOOR, 1.0 + terms.problems.numeraire_b * x)

        self._now[shock, pool] = now
        self._health[shock, pool] = there.health
        self._equity[shock, pool] = there.equity
        self._required[shock, pool] = np.where(load == 0.0, 0.0, load * there.requirement)
        self._usd[shock, pool] = usd(end)
        self._at[shock, pool] = np.where(found, np.abs(roots.x), np.nan)
        self._left_usd[shock, pool] = np.where(found, roots.equity * usd(roots.x), np.nan)

    def read(self, number: int, now: Mapping[PoolKey, PoolResult]) -> dict[PoolKey, Shocked]:
        """One of the shocks, by pool; `now` is where they stand without it."""
        columns = (self._now, self._health, self._equity, self._required, self._usd, self._at, self._left_usd)
        rows = zip(*(column[number].tolist() for column in columns), strict=True)
        exposed = self._tick.exposed.tolist()
        return {
            pool.key: _read(pool, now[pool.key], is_exposed, _Row(*row))
            for pool, is_exposed, row in zip(self._plan.block.described, exposed, rows, strict=True)
        }


class _Row(NamedTuple):
    """One pool after one shock, in its numeraire but for `usd` (of the numeraire) and `left_usd`; NaN unknown."""

    now: float  #: health before it
    health: float
    equity: float
    required: float
    usd: float
    at: float  #: the root: NaN none
    left_usd: float


def _read(pool: Pool, result: PoolResult, exposed: bool, row: _Row) -> Shocked:
    if pool.unknown:
        dark = Ratio.unknown(*pool.unknown)
        return Shocked(ratio=dark, equity_usd=None, required_usd=None, begins=None, left_usd=None)
    begins, left_usd = None, nan
    if (exposed and row.now <= 0.0) or (pool.empty_liquidates and row.now < 0.0):
        begins, left_usd = 0.0, nan if result.equity_usd is None else result.equity_usd
    elif not isnan(row.at):
        begins, left_usd = row.at, row.left_usd
    elif (exposed and row.health <= 0.0) or (pool.empty_liquidates and row.health < 0.0):
        begins, left_usd = 1.0, row.equity * row.usd
    return Shocked(
        ratio=_ratio(pool, exposed, row, result.unknown or (NOWHERE_KNOWN,)),
        equity_usd=_known(row.equity * row.usd),
        required_usd=_known(row.required * row.usd),
        begins=begins,
        left_usd=_known(left_usd if isnan(left_usd) else max(left_usd, 0.0)),
    )


def _ratio(pool: Pool, exposed: bool, row: _Row, unknown: tuple[str, ...]) -> Ratio:
    """As of any pool: +inf without equity, 0 without anything to liquidate."""
    if isnan(row.equity):
        return Ratio.unknown(*unknown)
    if not exposed:
        return Ratio.of(inf if pool.empty_liquidates and row.equity < 0.0 else 0.0)
    if row.equity <= 0.0:
        return Ratio.of(inf)
    return Ratio.unknown(*unknown) if isnan(row.required) else Ratio.of(max(0.0, row.required / row.equity))


def _known(value: float) -> float | None:
    return None if isnan(value) else value + 0.0
