"""What a pool lacks for none of its lines to be nearer than a wanted distance: health there, and no root is looked for.

Cash raises health by the same amount wherever prices stand. So what a line lacks is minus health at the wanted
distance where health is concave (it was healthy before, so it is healthy all the way), and otherwise also at each
breakpoint and step on the way, the same ones at which the search for the line looks. What closing a part of a leg
comes to is told by the same formula, with the leg's columns made smaller and its profit paid.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from monitor.domain.names import USD, Asset
from monitor.margin.arrays import Floats, Ints
from monitor.margin.assembly import both_ways
from monitor.margin.book import STABLECOINS, Book
from monitor.margin.breaks import breakpoints
from monitor.margin.columns import Block
from monitor.margin.health import Values, health
from monitor.margin.lines import assets, market, positions
from monitor.margin.pool import Pool, VenueFigures
from monitor.margin.prices import Prices
from monitor.margin.roots import _DOWN, _UP, TOP
from monitor.margin.shapes import Shape, shapes
from monitor.margin.solve import NOWHERE, standing_now, values_at
from monitor.margin.speeds import Kind, MovingLegs, Speeds, together
from monitor.margin.terms import FLOOR, Terms
from monitor.margin.tiers import Shelf

#: Health is this part of the sum of its absolute terms above zero where it counts as healthy: more than rounding errs.
SURE = 1e-12

NOTHING = VenueFigures()


@dataclass(frozen=True, slots=True)
class Lack:
    """The cash (numeraire) that is missing at the worst place; not positive: none. NaN unknown, -inf: nothing is left
    that could be liquidated. With `sure` more the line is at the wanted distance whatever the rounding.
    """

    amount: float
    sure: float

    @property
    def enough(self) -> bool:
        """Whether it is far enough with certainty."""
        return self.amount + self.sure <= 0.0


class Stress:
    """One pool at the wanted distance. `legs` are those (by place in the pool) of which a part may be closed."""

    def __init__(
        self,
        pool: Pool,
        prices: Prices,
        distance_ratio: float,
        legs: Sequence[int] = (),
        *,
        betas: Mapping[Asset, float] | None = None,
        stablecoins: Collection[Asset] = STABLECOINS,
    ) -> None:
        book = Book(prices, stablecoins)
        book.replace(pool.key.owner, [replace(pool, backstop=None, view_of=None, venue=NOTHING)])
        plan = book.plan()
        assert plan is not None
        self._pool, self._shelf, self._block = pool, book.shelf, plan.block
        self._distance = distance_ratio
        self._orders = bool(plan.block.pools.orders[0])
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            self._tick = standing_now(book, plan)
            self._exposed = bool((self._tick.exposed | plan.empty_liquidates)[0])
            self._terms = self._rays(prices, legs, betas or {}, book.stablecoins)
            self._values = self._resting()
            self._shapes = shapes(self._block, self._terms)
            missing, sure = self._lacks_of(self._terms, self._values, self._shapes)
        self._lacks = np.where(self._depeg, -np.inf, missing), np.where(self._depeg, 0.0, sure)

    @property
    def numeraire_usd(self) -> float:
        """USD a unit of the numeraire; NaN unknown."""
        return float(self._tick.marked.numeraire_usd[0])

    @property
    def size(self) -> float:
        """How large the pool is, in its numeraire: the largest of equity, requirement and the legs' notionals, 1 where
        there are none.
        """
        marked, found = self._tick.marked, self._tick.assessment(orders=self._orders)
        notional = marked.notional * marked.price[self._block.legs.row]
        return max(abs(float(found.equity[0])), float(found.maintenance[0]), float(notional.max(initial=0.0))) or 1.0

    def now(self) -> Lack:
        """What is missing as the pool stands."""
        if self._pool.unknown:
            return Lack(np.nan, 0.0)
        if not self._exposed:
            return Lack(-np.inf, 0.0)
        found = self._tick.assessment(orders=self._orders)
        load = float(self._block.pools.load[0])
        equity, weighed = float(found.equity[0]), load * float(found.maintenance[0]) if load else 0.0
        missing, sure = weighed - equity, SURE * float(found.health.size[0])
        # Here a pool without health is liquidated, while at the wanted distance it is only a line as far as wanted.
        here = missing + sure if missing >= 0.0 else missing, sure
        amounts, sures = (np.append(column, value) for column, value in zip(self._lacks, here, strict=True))
        return Lack(float(amounts.max()), float(sures.max()))

    def after_closing(self, edits: Sequence[tuple[int, float]]) -> list[Lack]:
        """What is missing after a fraction (0-1) of a leg has been closed at its mark, for each (leg, fraction).

        Only lines that lack something now, or that the legs move, are looked at: a smaller leg makes no other nearer.
        """
        wanted = self._to_look_at([leg for leg, _ in edits])
        copies = np.repeat(np.arange(len(edits), dtype=np.intp), len(wanted))
        terms, places = self._terms.take(np.tile(wanted, len(edits)))
        values = self._values.take(places)
        self._close(terms, values, copies, edits)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            lacks = self._lacks_of(terms, values, self._shapes[places.problems])
        worst = [column.reshape(len(edits), -1).max(axis=1).tolist() for column in lacks]
        return [
            Lack(-np.inf, 0.0) if fraction == 1.0 and not np.isnan(amount) and self._only(leg) else Lack(amount, sure)
            for (leg, fraction), amount, sure in zip(edits, *worst, strict=True)
        ]

    def _only(self, leg: int) -> bool:
        """Whether nothing is left to liquidate without this leg."""
        pool = self._pool
        others = any(place != leg and (self._orders or not other.order) for place, other in enumerate(pool.legs))
        lent = any(holding.borrow is not None for holding in pool.holdings)
        return not (others or lent or pool.debts or pool.grids or pool.empty_liquidates)

    def _rays(
        self, prices: Prices, legs: Sequence[int], betas: Mapping[Asset, float], held: Collection[Asset]
    ) -> Terms:
        """The lines of positions, coins and the market, with the legs that may be closed among the parts of each."""
        block = self._block
        names = prices.asset_names()
        speed = np.array([0.0 if name == USD or name in held else betas.get(name, 1.0) for name in names])
        every = np.ones(1, np.bool_)
        speeds = together([positions(block, Kind.POSITION, every), assets(block, every), market(block, every, speed)])
        terms = both_ways(block, _with_still(speeds, legs), orders=self._orders)
        stable = np.array([name in held for name in names], np.bool_)
        rays = speeds.rays
        self._depeg = np.tile((rays.kind == Kind.ASSET) & stable[rays.key * (rays.kind == Kind.ASSET)], 2)
        return terms

    def _resting(self) -> Values:
        """The numbers of all problems, with what rests besides the parts that are in them."""
        terms = self._terms
        found = self._tick.assessment(orders=self._orders)
        values = values_at(terms, self._tick, found)
        moving = health(terms, values, self._shelf, self._block, np.zeros(terms.count))
        values.equity = found.equity[0] - moving.equity
        values.requirement = found.maintenance[0] - moving.requirement
        return values

    def _to_look_at(self, legs: Sequence[int]) -> Ints:
        """The problems that closing parts of these legs has to mend, or could make worse."""
        if self._pool.isolated:  # the cash leaves with the leg, so that any line may come nearer
            return np.flatnonzero(~self._depeg)
        moving = self._terms.legs
        moved = np.isin(moving.leg, legs) & ((moving.rise != 0.0) | (moving.sink != 0.0))
        missing, sure = self._lacks
        wanted = ~(missing + sure <= 0.0)
        wanted[moving.problem[moved]] = True
        return np.flatnonzero(wanted & ~self._depeg)

    def _close(self, terms: Terms, values: Values, copies: Ints, edits: Sequence[tuple[int, float]]) -> None:
        """Make each copy's leg smaller, and pay its profit into the holding of what it settles in. The cash of an
        isolated pool, and the profit, leave with the leg instead.
        """
        legs = terms.legs
        leg, fraction = (np.array(column) for column in zip(*edits, strict=True))
        chosen = np.flatnonzero(legs.leg == leg[copies[legs.problem]])
        part = fraction[copies[legs.problem[chosen]]]
        for column in (legs.c, legs.constant, values.notional, values.fee):
            column[chosen] *= 1.0 - part
        if self._pool.isolated:
            values.equity -= fraction[copies] * self._pool.cash
        else:
            np.add.at(values.net, legs.row[chosen], part * self._paid()[legs.leg[chosen]])

    def _paid(self) -> Floats:
        """What closing each leg whole pays: its profit, or the whole value of an option that is no part of equity."""
        legs, options = self._block.legs, self._block.options
        profit = self._tick.assessment(orders=self._orders).health.profit
        outside = legs.option >= 0
        outside[outside] = ~options.in_equity[legs.option[outside]]
        return np.where(outside, legs.c * self._tick.marked.u, profit)

    def _lacks_of(self, terms: Terms, values: Values, shape: Ints) -> tuple[Floats, Floats]:
        """By problem: what is missing at the worst place of the ray, and what makes it sure."""
        direction = terms.problems.direction
        end = np.clip(direction * self._distance, NOWHERE, TOP)
        owner, x = np.arange(terms.count, dtype=np.intp), end
        bent = np.flatnonzero(shape != Shape.CONCAVE)
        if len(bent):
            owner, x = _on_the_way(terms, values, self._shelf, self._block, bent, shape, end)
            terms, places = terms.take(owner)
            values = values.take(places)
        found = health(terms, values, self._shelf, self._block, x)
        load = terms.problems.load
        missing = np.where(load == 0.0, 0.0, load * found.requirement) - found.equity
        sure = SURE * found.size / np.maximum(1.0 + terms.problems.scale_b * x, FLOOR)
        if len(bent):
            missing, sure = _worst(owner, missing, len(end)), _worst(owner, sure, len(end))
        return missing, sure


def _with_still(speeds: Speeds, legs: Sequence[int]) -> Speeds:
    """The same rays, with these legs among the parts of each: those that a ray does not move stand still."""
    rays, moving = len(speeds.rays.pool), speeds.legs
    count = rays * len(legs)
    still = np.zeros(count)
    return replace(
        speeds,
        legs=MovingLegs(
            np.concatenate([moving.ray, np.repeat(np.arange(rays, dtype=np.intp), len(legs))]),
            np.concatenate([moving.part, np.tile(np.array(legs, np.intp), rays)]),
            np.concatenate([moving.rise, still]),
            np.concatenate([moving.sink, still]),
            np.concatenate([moving.by_asset, still > 0.0]),
        ),
    )


def _on_the_way(
    terms: Terms, values: Values, shelf: Shelf, block: Block, bent: Ints, shape: Ints, end: Floats
) -> tuple[Ints, Floats]:
    """(problem, x) of all places to look at: the end of each ray and, of those whose health is not concave, what the
    search for a line looks at before it.
    """
    place, x = breakpoints(terms, values, shelf, block, bent)
    rough = np.flatnonzero(shape == Shape.ROUGH)
    steps = [_DOWN if end[problem] < 0.0 else _UP for problem in rough]
    owner = np.concatenate(
        [np.arange(terms.count, dtype=np.intp), bent[place], np.repeat(rough, [len(one) for one in steps])]
    )
    x = np.concatenate([end, x, *steps])
    before = np.abs(x) <= np.abs(end[owner])
    return owner[before], x[before]


def _worst(owner: Ints, values: Floats, count: int) -> Floats:
    """The greatest value of each owner; NaN where one is unknown."""
    worst = np.full(count, -np.inf)
    np.maximum.at(worst, owner, values)
    return worst
