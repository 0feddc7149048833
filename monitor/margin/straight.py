"""The plain formula, top to bottom: where plain pools stand, and their lines in closed form (docs/kernel.md).

Every leg adds to its pool's equity and requirement what is straight in u, its mark or the mark's reciprocal:

    profit = c * (u - u0)        requirement = charge * u - relief        health h = equity - load * requirement

so that within its tier it adds k * u + lift to health, k = c - load * charge and lift = load * relief (c * u0 apart).
Along a path u = u now * (1 + weight * y), so that h is straight in y between tiers, and concave. With the tiers that
hold at the root (remembered from the last one, checked, and looked up anew where a leg has left its own)

    y = -(h with those tiers at y = 0) / (sum of weight * k * u)

The work arrays are kept, and tables are in the order of pools, because that is what makes a pass cheap. Pools of one
leg (isolated ones, mostly) stand last: the sum over a pool's legs is there the leg's own amount, and a copy will do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, Scratch, distinct, spread, sums
from monitor.margin.newton import Paths, Tiers, find_roots, paths_of, tiers_at
from monitor.margin.plain_columns import Plain
from monitor.margin.roots import NOWHERE, TOP
from monitor.margin.tiers import Shelf

#: How often the tier at the last root found is tried before Newton's steps begin.
NEARBY = 2


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
        # Pools and legs before the first pool of one leg.
        self._several = int(np.count_nonzero(pools.legs != 1))
        self._of_several = held - (count - self._several)
        self._legs_of_several = pools.legs[: self._several]
        self._filled = np.flatnonzero(self._legs_of_several)
        self._begins = self.first_leg[self._filled]
        self._odd = bool(pools.unknown.any() or (pools.legs == 0).any())
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
        self._paid = pools.cash - self._by_pool(legs.c * legs.u0)
        self._relieved = pools.constant - self._by_pool(legs.relief)
        shown = np.flatnonzero(lines.shown)
        of_leg, of_path = shown[lines.leg[shown] >= 0], shown[lines.leg[shown] < 0]
        self._leg_shown, self._path_shown = lines.leg[of_leg], lines.path[of_path]
        others = np.concatenate([of_leg, of_path, of_path])
        self._divides_shown, self._beta_shown = lines.divides[others], lines.beta[others]
        #: By answer in `distance`: its pool.
        self.ray_pool: Ints = np.concatenate([legs.pool, lines.pool[others]])
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

        # What of profit and requirement no price moves is summed already.
        np.multiply(u, legs.c, out=amount)
        self.equity = self._paid + self._by_pool(amount)
        np.multiply(u, legs.charge, out=amount)
        if np.isnan(self.equity).any():  # what no mark moves is required whether the mark is known or not
            np.putmask(amount, legs.held, 0.0)
        self.requirement = self._relieved + self._by_pool(amount)

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
        result = np.zeros(len(self.equity))
        result[self._several :] = amount[self._of_several :]
        if len(self._filled):
            result[self._filled] = np.add.reduceat(amount[: self._of_several], self._begins)
        return result

    def _add_of_pool(self, amount: Floats, by_leg: Floats) -> None:
        """Add to each leg's number its pool's."""
        several, alone = by_leg[: self._of_several], by_leg[self._of_several :]
        np.add(several, np.repeat(amount[: self._several], self._legs_of_several), out=several)
        np.add(alone, amount[self._several :], out=alone)

    def _change_tiers(self, places: Ints) -> None:
        """These legs have left their tiers."""
        legs = self.plain.legs
        tiers = tiers_at(self._shelf, legs, places, self.u[places])
        legs.charge[places], legs.relief[places] = tiers.charge, tiers.relief
        legs.k[places], legs.lift[places] = tiers.k, tiers.lift
        legs.low[places], legs.high[places] = tiers.low, tiers.high
        legs.shift_u[places] = legs.root_k[places] - tiers.k
        legs.shift[places] = legs.root_lift[places] - tiers.lift
        pools = distinct(legs.pool[places])
        which, begins = self._legs_of(pools)
        self._relieved[pools] = self.plain.pools.constant[pools] - np.add.reduceat(legs.relief[which], begins)

    def _legs_of(self, pools: Ints) -> tuple[Ints, Ints]:
        """The legs of some pools, and where each pool's begin among them."""
        counts = self.plain.pools.legs[pools]
        return np.repeat(self.first_leg[pools], counts) + spread(counts), np.cumsum(counts) - counts

    # -- lines that move one leg ---------------------------------------------------------------------------------------

    def solve_legs(self) -> None:
        """y of each leg's own path. In the tier at the root the step from u is -(h + its change of tier) / k."""
        legs, u, step = self.plain.legs, self.u, self.y
        at, _, _, left, above = self._legs_scratch
        np.multiply(legs.shift_u, u, out=step)
        np.add(step, legs.shift, out=step)
        self._add_of_pool(self.health, step)
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
        tried = 0
        while len(places) and tried < NEARBY:
            # Most are in the next tier: that at the place where the root would be in the last one.
            at = self._root_in(places, tiers_at(self._shelf, legs, places, self.u[places] + self.y[places]))
            places = places[(at < legs.root_low[places]) | (at > legs.root_high[places])]
            tried += 1
        if len(places):
            self._search_roots(places)

    def _search_roots(self, places: Ints) -> None:
        """Newton's steps from the present tiers, and where the requirement jumps past equity: y of the jump."""
        legs, u, ones = self.plain.legs, self.u[places], np.ones(len(places))
        rest = self.health[legs.pool[places]] - (legs.k[places] * u + legs.lift[places])
        paths = paths_of(legs, places, ones, u, np.arange(len(places)))
        jump = find_roots(self._shelf, paths, rest, -np.sign(legs.c[places])).y * u
        self._root_in(places, paths)
        self.y[places] = np.where(paths.low > paths.high, jump, self.y[places])

    def _root_in(self, places: Ints, tiers: Tiers | Paths) -> Floats:
        """The roots of these legs' paths if they lie in these tiers, which are remembered."""
        legs, u = self.plain.legs, self.u[places]
        pull, shift_u, shift = -1.0 / tiers.k, tiers.k - legs.k[places], tiers.lift - legs.lift[places]
        legs.root_k[places], legs.root_lift[places], legs.pull[places] = tiers.k, tiers.lift, pull
        legs.shift_u[places], legs.shift[places] = shift_u, shift
        legs.root_low[places], legs.root_high[places] = tiers.low, tiers.high
        self.y[places] = step = (shift_u * u + shift + self.health[legs.pool[places]]) * pull
        root: Floats = u + step
        return root

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
        ahead = np.maximum(-side.sign * (rest + total + side.lift) / slope, 0.0)  # rounding never puts it behind
        side.y = np.where(falls, side.sign * ahead, side.sign * np.inf)

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
        begins: Ints = np.cumsum(counts) - counts
        leg, sign = moves.leg[places], np.full(len(which), side.sign)
        paths = paths_of(legs, leg, moves.weight[places], self.u[leg], begins)
        root = find_roots(self._shelf, paths, rest[which], sign)
        side.y[which], side.last[which] = side.sign * np.maximum(side.sign * root.y, 0.0), root.never
        side.lift[which] = np.add.reduceat(paths.lift, begins)
        side.k[places], side.low[places], side.high[places] = paths.k, paths.low, paths.high

    def gain_of_paths(self, which: Ints) -> Floats:
        """What equity gains by y along some paths: the sum of weight * c * u."""
        moves = self.plain.moves
        counts = self.plain.paths.legs[which]
        places = np.repeat(self._first_move[which], counts) + spread(counts)
        leg = moves.leg[places]
        gains = moves.weight[places] * self.plain.legs.c[leg] * self.u[leg]
        return sums(np.repeat(np.arange(len(which), dtype=np.intp), counts), gains, len(which))

    # -- distances -----------------------------------------------------------------------------------------------------

    def tell(self, *, together: bool) -> None:
        """Bring `distance` up to date: each leg's position line, and the other lines shown where `together`."""
        legs = self.plain.legs
        held = len(legs.c)
        near, far = self.distance[:held], self._legs_scratch[3]
        np.abs(self.y, out=near)
        np.greater(near, legs.reach, out=far)
        near[np.flatnonzero(far)] = np.inf  # a mask makes the processor guess at every leg, and guess wrong
        if len(self._dividing):
            distance = near[self._dividing]
            x = distance / (1.0 + self._dividing_sign * distance)
            near[self._dividing] = np.where(np.isinf(distance), np.inf, x)
        if together and len(self._beta_shown):
            down, up = (side.y[self._path_shown] for side in self.sides)
            y = np.concatenate([self.y[self._leg_shown], down, up])
            others = np.abs(read(y, self._divides_shown, self._beta_shown))
            np.putmask(others, np.isnan(others), np.inf)
            self.distance[held:] = others
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
        places, _ = self._legs_of(which)
        self.distance[places] = np.repeat(instead[which], pools.legs[which])
        others = self.ray_pool[held:]
        places = np.flatnonzero(~safe[others])
        self.distance[held + places] = instead[others[places]]


def read(y: Floats, divides: Bools, beta: Floats) -> Floats:
    """The relative move x of what a line moves, where its path has gone by y; NaN where that is no price."""
    x: Floats = np.where(divides, -y / (1.0 + y), y) / beta
    np.putmask(x, ~((x > NOWHERE) & (x <= TOP)) | (divides & (y <= -1.0)), np.nan)
    return x
