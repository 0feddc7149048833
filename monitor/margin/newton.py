"""Roots of paths whose tiers are not the remembered ones: Newton's steps from tier to tier, and where they find none.

Of all tiers the true one requires most, so a straight line in any tiers lies above health and its root, on the side
where it falls, is the true root or past it. From there tangents lead back without ever passing the root again, and end
after finitely many tiers. Health falls fastest in the outermost tiers: what does not fall there never reaches zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.plain_columns import PlainLegs
from monitor.margin.tiers import Shelf

#: Steps from tier to tier. More are needed only where a table's deductions leave a gap just at the root.
STEPS = 40
#: Halvings that then find the gap.
HALVINGS = 80
#: Beyond the last floor of any table.
FARTHEST = 1e300


@dataclass(slots=True)
class Tiers:
    """One tier a leg: requirement = charge * u - relief and its part in health, k * u + lift, while low <= u < high."""

    charge: Floats
    relief: Floats
    k: Floats
    lift: Floats
    low: Floats
    high: Floats


def tiers_at(shelf: Shelf, legs: PlainLegs, places: Ints, u: Floats) -> Tiers:
    """The tiers of some legs (with tiers that follow u) at these u. They are told by the very bounds that are checked
    at the next tick, so that the same tier is found whichever one was left.
    """
    table, c, load = legs.table[places], legs.c[places], legs.load[places]
    size = np.abs(c)
    reached = shelf.ladder[table] / size[:, None] <= np.minimum(u, FARTHEST)[:, None]
    row = shelf.first[table] + np.count_nonzero(reached, axis=1)
    charge = (shelf.rate[row] + legs.fee[places]) * size
    relief = shelf.deduction[row] - legs.constant[places]
    low = np.where(row == shelf.first[table], -np.inf, shelf.floor[row] / size)
    return Tiers(charge, relief, c - load * charge, load * relief, low, shelf.ceiling[row] / size)


@dataclass(slots=True)
class Paths:
    """Some paths: their legs path by path, with weights, u now, and what each adds to health in its present tier."""

    legs: PlainLegs
    places: Ints
    weight: Floats
    u: Floats
    begins: Ints  # where each path's legs begin
    k: Floats
    lift: Floats
    low: Floats
    high: Floats

    def path(self) -> Ints:
        """By leg: the number of its path."""
        counts = np.diff(np.append(self.begins, len(self.u)))
        return np.repeat(np.arange(len(self.begins), dtype=np.intp), counts)

    def take(self, chosen: Bools) -> tuple[Paths, Ints]:
        """Some of the paths, and the places of their legs."""
        path = self.path()
        where = np.flatnonzero(chosen[path])
        of: Ints = np.cumsum(chosen)[path[where]] - 1
        begins: Ints = np.searchsorted(of, np.arange(int(chosen.sum())))
        columns = (getattr(self, name)[where] for name in ("k", "lift", "low", "high"))
        return Paths(self.legs, self.places[where], self.weight[where], self.u[where], begins, *columns), where


def paths_of(legs: PlainLegs, places: Ints, weight: Floats, u: Floats, begins: Ints) -> Paths:
    """Paths over these legs, in the tiers that hold now."""
    columns = (column[places] for column in (legs.k, legs.lift, legs.low, legs.high))
    return Paths(legs, places, weight, u, begins, *columns)


@dataclass(slots=True)
class Root:
    """y of each path's first root (infinite: health never falls to zero, and the tiers are the outermost ones)."""

    y: Floats
    never: Bools


def find_roots(shelf: Shelf, paths: Paths, rest: Floats, sign: Floats) -> Root:
    """The root of each path on one side (sign -1 down, +1 up), healthy at y = 0. The paths' tiers become those there.

    `rest` is the health of all that the path does not move, and of what its legs add no u to. Where the requirement
    jumps past equity no tier has a root: then low and high are such that the tiers hold nowhere. Terms are added up as
    `straight` does, to the same bits.
    """
    u, weight, begins, path = paths.u, paths.weight, paths.begins, paths.path()
    y = np.zeros(len(begins))
    for _ in range(STEPS):
        before = y
        adds = paths.k * u
        slope = np.add.reduceat(adds * weight, begins)
        falls = slope * sign < 0.0
        y = -(rest + np.add.reduceat(adds, begins) + np.add.reduceat(paths.lift, begins)) / slope
        y = np.where(falls, y, sign * np.inf)
        there = u * (1.0 + weight * y[path])
        left = np.flatnonzero((there < paths.low) | (there > paths.high))
        if not len(left):
            return Root(y, ~falls)
        tiers = tiers_at(shelf, paths.legs, paths.places[left], there[left])
        for name in ("k", "lift", "low", "high"):
            getattr(paths, name)[left] = getattr(tiers, name)
        open_ = np.zeros(len(begins), np.bool_)
        open_[path[left]] = True
        if 2 * int(open_.sum()) < len(open_):
            some, where = paths.take(open_)
            found = find_roots(shelf, some, rest[open_], sign[open_])
            y[open_], falls[open_] = found.y, ~found.never
            for name in ("k", "lift", "low", "high"):
                getattr(paths, name)[where] = getattr(some, name)
            return Root(y, ~falls)
    unsafe = np.where(np.abs(before) > np.abs(y), before, y)
    y = np.where(open_, _halved(shelf, paths, rest, np.where(open_, unsafe, 0.0)), y)
    by_leg = open_[path]
    paths.low, paths.high = np.where(by_leg, np.inf, paths.low), np.where(by_leg, -np.inf, paths.high)
    return Root(y, ~falls)


def _halved(shelf: Shelf, paths: Paths, rest: Floats, unsafe: Floats) -> Floats:
    """Where the requirement jumps past equity, between y = 0 and a y where it is past."""
    path = paths.path()
    follow = np.flatnonzero(paths.legs.table[paths.places] >= 0)
    safe = np.zeros(len(unsafe))
    for _ in range(HALVINGS):
        middle = 0.5 * (safe + unsafe)
        there = paths.u * (1.0 + paths.weight * middle[path])
        adds = paths.k * there + paths.lift
        tiers = tiers_at(shelf, paths.legs, paths.places[follow], there[follow])
        adds[follow] = tiers.k * there[follow] + tiers.lift
        good = rest + np.add.reduceat(adds, paths.begins) > 0.0
        safe, unsafe = np.where(good, middle, safe), np.where(good, unsafe, middle)
    return unsafe
