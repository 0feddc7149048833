"""The plain formula, top to bottom: where plain pools stand, and their lines in closed form (docs/kernel.md).

Every leg adds to its pool's equity and requirement what is straight in u, its mark or the mark's reciprocal:

    profit = c * (u - u0)        requirement = charge * u - relief        health h = equity - load * requirement

so that within its tier it adds k * u + lift to health, k = c - load * charge and lift = load * relief (c * u0 apart).
Along a path u = u now * (1 + weight * y), so that h is straight in y between tiers, and concave. With the tiers that
hold at the root (remembered from the last one, checked, and looked up anew where a leg has left its own)

    y = -(h with those tiers at y = 0) / (sum of weight * k * u)

The work arrays are kept, and tables are in the order of pools, because that is what makes a pass cheap.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, spread, sums
from monitor.margin.newton import first_roots, legs_of
from monitor.margin.plain_columns import Plain
from monitor.margin.roots import NOWHERE, TOP
from monitor.margin.tiers import Shelf


class Scratch:
    """Work arrays that the shards of a book share, because they take turns."""

    def __init__(self) -> None:
        self._floats, self._bools = np.zeros((3, 0)), np.zeros((2, 0), np.bool_)

    def of(self, count: int) -> tuple[Floats, Floats, Floats, Bools, Bools]:
        """Three columns of numbers and two of flags."""
        if count > self._bools.shape[1]:
            self._floats, self._bools = np.zeros((3, count)), np.zeros((2, count), np.bool_)
        a, b, c = self._floats
        d, e = self._bools
        return a[:count], b[:count], c[:count], d[:count], e[:count]


@dataclass(slots=True)
class Side:
    """The paths' tiers at their roots on one side, and how far up (+1) or down (-1) y has gone there."""

    sign: float
    k: Floats  # by move
    low: Floats
    high: Floats
    lift: Floats  # by path
    last: Bools
    y: Floats


class Straight:
    """A shard's plain pools at the last tick."""

    def __init__(self, plain: Plain, shelf: Shelf, scratch: Scratch) -> None:
        self.plain, self._shelf = plain, shelf
        pools, legs, paths, moves, lines = plain.pools, plain.legs, plain.paths, plain.moves, plain.lines
        count, held = len(pools.legs), len(legs.c)
        self.first_leg: Ints = np.cumsum(pools.legs) - pools.legs
        self._first_move: Ints = np.cumsum(paths.legs) - paths.legs
        self._filled = np.flatnonzero(pools.legs > 0)
        self._begins = self.first_leg[self._filled]
        self._odd = bool(pools.unknown.any()) or len(self._filled) < count
        self._weighty = bool((pools.load == 0.0).any())
        self._legs_scratch, self._moves_scratch = scratch.of(held), scratch.of(len(moves.leg))
        self._weights = moves.weight if bool((moves.weight != 1.0).any()) else None
        self._dividing = np.flatnonzero(legs.divides)
        self._dividing_sign = np.where(legs.c[self._dividing] > 0.0, -1.0, 1.0)
        self.equity, self.requirement, self.health = np.zeros(count), np.zeros(count), np.zeros(count)
        self.ratio: Floats = np.zeros(count)
        self.u, self.y = np.zeros(held), np.zeros(held)  # y of each leg's own path
        self.sides = (
            Side(
                -1.0,
                moves.down_k,
                moves.down_low,
                moves.down_high,
                paths.down_lift,
                paths.down_last,
                np.zeros(len(paths.pool)),
            ),
            Side(1.0, moves.up_k, moves.up_low, moves.up_high, paths.up_lift, paths.up_last, np.zeros(len(paths.pool))),
        )
        shown = np.flatnonzero(lines.shown)
        self._of_leg, self._of_path = shown[lines.leg[shown] >= 0], shown[lines.leg[shown] < 0]
        self._path_shown = lines.path[self._of_path]
        self._others = np.concatenate([self._of_leg, self._of_path, self._of_path])
        #: By answer in `distance`: its pool.
        self.ray_pool: Ints = np.concatenate([legs.pool, lines.pool[self._others]])
        self.distance: Floats = np.full(len(self.ray_pool), np.nan)

    # -- where pools stand ---------------------------------------------------------------------------------------------

    def stand(self, coordinates: Floats) -> None:
        """Equity, requirement, health and ratio of each pool, at these u."""
        pools, legs, u = self.plain.pools, self.plain.legs, self.u
        amount, _, _, left, above = self._legs_scratch
        coordinates.take(legs.place, out=u, mode="clip")
        np.less(u, legs.low, out=left)
        np.greater_equal(u, legs.high, out=above)
        if np.logical_or(left, above, out=left).any():
            self._change_tiers(np.flatnonzero(left))

        np.subtract(u, legs.u0, out=amount)
        np.multiply(amount, legs.c, out=amount)  # the profit
        self.equity = pools.cash + self._by_pool(amount)
        np.multiply(u, legs.charge, out=amount)
        np.subtract(amount, legs.relief, out=amount)
        self.requirement = pools.constant + self._by_pool(amount)

        weighed = pools.load * self.requirement
        if self._weighty:  # equity alone decides, even where the requirement is unknown
            weighed[pools.load == 0.0] = 0.0
        self.health = self.equity - weighed
        self.ratio = np.maximum(weighed / self.equity, 0.0)
        gone = self.equity <= 0.0
        if gone.any():
            self.ratio[gone] = np.inf
        if self._odd:
            idle = (pools.legs == 0) & ~np.isnan(self.equity)
            self.ratio[idle] = np.where(pools.empty_liquidates & (self.equity < 0.0), np.inf, 0.0)[idle]
            self.ratio[pools.unknown] = np.nan

    def _by_pool(self, amount: Floats) -> Floats:
        """Sum over the legs of each pool."""
        if len(self._filled) == len(self.equity):
            return np.add.reduceat(amount, self._begins)
        result = np.zeros(len(self.equity))
        if len(amount):
            result[self._filled] = np.add.reduceat(amount, self._begins)
        return result

    def _change_tiers(self, places: Ints) -> None:
        """These legs have left their tiers."""
        legs = self.plain.legs
        some = legs_of(legs, places)
        tiers = some.tiers_at(self._shelf, self.u[places])
        legs.charge[places], legs.relief[places] = tiers.charge, tiers.relief
        legs.k[places], legs.lift[places] = tiers.k, tiers.lift
        legs.low[places], legs.high[places] = tiers.low, tiers.high
        legs.shift_u[places] = legs.root_k[places] - tiers.k
        legs.shift[places] = legs.root_lift[places] - tiers.lift

    # -- lines that move one leg ---------------------------------------------------------------------------------------

    def solve_legs(self) -> None:
        """y of each leg's own path. In the tier at the root the step from u is -(h + its change of tier) / k."""
        legs, u, step = self.plain.legs, self.u, self.y
        at, _, _, left, above = self._legs_scratch
        np.multiply(legs.shift_u, u, out=step)
        np.add(step, legs.shift, out=step)
        np.add(step, np.repeat(self.health, self.plain.pools.legs), out=step)
        np.multiply(step, legs.pull, out=step)
        np.add(u, step, out=at)
        np.less(at, legs.root_low, out=left)
        np.greater(at, legs.root_high, out=above)
        if np.logical_or(left, above, out=left).any():
            self._change_roots(np.flatnonzero(left))
        np.divide(step, u, out=step)

    def _change_roots(self, places: Ints) -> None:
        """The roots of these legs' paths lie in other tiers. Pools that are liquidatable now have none."""
        legs = self.plain.legs
        places = places[self.health[legs.pool[places]] > 0.0]
        if not len(places):
            return
        some = legs_of(legs, places)
        u = self.u[places]
        rest = self.health[legs.pool[places]] - (legs.k[places] * u + legs.lift[places])
        begins, sign = np.arange(len(places)), -np.sign(legs.c[places])
        root = first_roots(self._shelf, some, u, begins, rest, sign, self.y[places] / u)
        self.y[places] = root.y * u
        legs.root_k[places], legs.root_lift[places] = root.tiers.k, root.tiers.lift
        legs.pull[places] = -1.0 / root.tiers.k
        legs.shift_u[places] = root.tiers.k - legs.k[places]
        legs.shift[places] = root.tiers.lift - legs.lift[places]
        legs.root_low[places], legs.root_high[places] = root.low(), root.high()

    # -- lines that move several legs ----------------------------------------------------------------------------------

    def solve_paths(self) -> None:
        """y of each path of several legs, downwards and upwards."""
        legs, moves, paths = self.plain.legs, self.plain.moves, self.plain.paths
        if not len(paths.pool):
            return
        u, amount, _, _, _ = self._moves_scratch
        adds = self._legs_scratch[2]
        np.multiply(legs.k, self.u, out=adds)
        np.add(adds, legs.lift, out=adds)
        adds.take(moves.leg, out=amount, mode="clip")
        health = self.health[paths.pool]
        rest = health - np.add.reduceat(amount, self._first_move)
        self.u.take(moves.leg, out=u, mode="clip")
        for side in self.sides:
            self._solve_side(side, u, rest, health > 0.0)

    def _solve_side(self, side: Side, u: Floats, rest: Floats, safe: Bools) -> None:
        """With the tiers of the last root; paths whose legs are not in them at the root found are solved anew."""
        moves = self.plain.moves
        _, amount, _, left, above = self._moves_scratch
        np.multiply(side.k, u, out=amount)
        total = np.add.reduceat(amount, self._first_move)
        slope = total
        if self._weights is not None:
            slope = np.add.reduceat(np.multiply(amount, self._weights, out=amount), self._first_move)
        falls = slope * side.sign < 0.0
        side.y = np.where(falls, -(rest + total + side.lift) / slope, side.sign * np.inf)

        at = side.y.take(moves.path, out=amount, mode="clip")
        if self._weights is not None:
            np.multiply(at, self._weights, out=at)
        np.add(at, 1.0, out=at)
        np.multiply(at, u, out=at)
        np.less(at, side.low, out=left)
        np.greater(at, side.high, out=above)
        # Where health does not fall even with the outermost tiers it never reaches zero.
        again = ~falls & ~side.last
        if np.logical_or(left, above, out=left).any():
            again[moves.path[left]] = True
        again &= safe
        if again.any():
            self._solve_again(side, np.flatnonzero(again), rest)

    def _solve_again(self, side: Side, which: Ints, rest: Floats) -> None:
        legs, moves = self.plain.legs, self.plain.moves
        counts = self.plain.paths.legs[which]
        places = np.repeat(self._first_move[which], counts) + spread(counts)
        some = legs_of(legs, moves.leg[places], moves.weight[places])
        begins: Ints = np.cumsum(counts) - counts
        signs = np.full(len(which), side.sign)
        root = first_roots(self._shelf, some, self.u[moves.leg[places]], begins, rest[which], signs, side.y[which])
        side.y[which], side.last[which] = root.y, root.last
        side.lift[which] = np.add.reduceat(root.tiers.lift, begins)
        side.k[places], side.low[places], side.high[places] = root.tiers.k, root.low(), root.high()

    def gain_of_paths(self, which: Ints) -> Floats:
        """What equity gains by y along some paths: the sum of weight * c * u."""
        moves = self.plain.moves
        counts = self.plain.paths.legs[which]
        places = np.repeat(self._first_move[which], counts) + spread(counts)
        leg = moves.leg[places]
        gains = moves.weight[places] * self.plain.legs.c[leg] * self.u[leg]
        return sums(np.repeat(np.arange(len(which), dtype=np.intp), counts), gains, len(which))

    # -- distances -----------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        """Bring `distance` up to date: first each leg's position line, then the other lines shown."""
        legs, lines = self.plain.legs, self.plain.lines
        held = len(legs.c)
        near, far = self.distance[:held], self._legs_scratch[3]
        np.abs(self.y, out=near)
        np.greater(near, legs.reach, out=far)
        np.putmask(near, far, np.inf)
        if len(self._dividing):
            distance = near[self._dividing]
            near[self._dividing] = 1.0 / (1.0 / distance + self._dividing_sign)
        of_leg, of_path = self._of_leg, self._of_path
        if len(of_leg) or len(of_path):
            which = self._others
            down, up = (side.y[self._path_shown] for side in self.sides)
            y = np.concatenate([self.y[lines.leg[of_leg]], down, up])
            far_away = np.abs(read(y, lines.divides[which], lines.beta[which]))
            np.putmask(far_away, np.isnan(far_away), np.inf)
            self.distance[held:] = far_away
        self._mark_pools_without_lines()

    def _mark_pools_without_lines(self) -> None:
        """Pools that are liquidatable now, and those of which nobody knows."""
        pools, held = self.plain.pools, len(self.plain.legs.c)
        safe = self.health > 0.0
        if self._odd:
            safe &= ~pools.unknown
        if safe.all():
            return
        instead = np.where(pools.unknown | np.isnan(self.health), np.nan, 0.0)
        which = np.flatnonzero(~safe)
        counts = pools.legs[which]
        places = np.repeat(self.first_leg[which], counts) + spread(counts)
        self.distance[places] = np.repeat(instead[which], counts)
        others = self.ray_pool[held:]
        places = np.flatnonzero(~safe[others])
        self.distance[held + places] = instead[others[places]]


def read(y: Floats, divides: Bools, beta: Floats) -> Floats:
    """The relative move x of what a line moves, where its path has gone by y; NaN where that is no price."""
    inverted = np.where(np.isinf(y), np.nan, -y / (1.0 + y))
    x: Floats = np.where(divides, inverted, y) / beta
    there = (~divides | (1.0 + y > 0.0)) & (x > NOWHERE) & (x <= TOP)
    return np.where(there, x, np.nan)
