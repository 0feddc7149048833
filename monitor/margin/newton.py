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
#: A size in the last tier of any table.
FARTHEST = 1e300
#: Halvings that then find the gap.
HALVINGS = 80


@dataclass(slots=True)
class Tiers:
    """One tier a leg: requirement = charge * u - relief and its part in health, k * u + lift, while low <= u < high."""

    charge: Floats
    relief: Floats
    k: Floats
    lift: Floats
    low: Floats
    high: Floats


@dataclass(slots=True)
class Legs:
    """Some legs, sorted by path, and what their tiers are worked out from."""

    legs: PlainLegs
    places: Ints
    weight: Floats  # along the path
    table: Ints
    size: Floats  # |c|
    c: Floats
    load: Floats
    moving: Ints  # those whose tier follows u

    def tiers_at(self, shelf: Shelf, u: Floats) -> Tiers:
        """The tiers at these u."""
        which = self.moving
        table, size = self.table[which], self.size[which]
        rows = shelf.rows(table, np.minimum(size * u[which], FARTHEST))
        legs, places = self.legs, self.places
        charge, relief = legs.charge[places], legs.relief[places]
        low, high = np.full(len(places), -np.inf), np.full(len(places), np.inf)
        charge[which] = (shelf.rate[rows] + legs.fee[places[which]]) * size
        relief[which] = shelf.deduction[rows] - legs.constant[places[which]]
        low[which] = np.where(rows == shelf.first[table], -np.inf, shelf.floor[rows] / size)
        high[which] = shelf.ceiling[rows] / size
        ignored = self.load == 0.0
        k = self.c - np.where(ignored, 0.0, self.load * charge)
        return Tiers(charge, relief, k, np.where(ignored, 0.0, self.load * relief), low, high)


def legs_of(legs: PlainLegs, places: Ints, weight: Floats | None = None) -> Legs:
    """The legs at some places."""
    table, c = legs.table[places], legs.c[places]
    weight = np.ones(len(places)) if weight is None else weight
    return Legs(legs, places, weight, table, np.abs(c), c, legs.load[places], np.flatnonzero(table >= 0))


@dataclass(slots=True)
class Root:
    """y of each path's first root (infinite: never), the tiers of its legs there, and whether they are the last ones.

    `gap`: there is none in any tier, the requirement jumps across it; the tiers then hold for no other u.
    """

    y: Floats
    tiers: Tiers
    last: Bools
    gap: Bools  # by leg

    def low(self) -> Floats:
        """From which u on the tiers hold."""
        return np.where(self.gap, np.inf, self.tiers.low)

    def high(self) -> Floats:
        """Up to which u the tiers hold."""
        return np.where(self.gap, -np.inf, self.tiers.high)


def first_roots(shelf: Shelf, legs: Legs, u: Floats, begins: Ints, rest: Floats, sign: Floats, y: Floats) -> Root:
    """The root of each path on one side (sign -1 down, +1 up), healthy at y = 0.

    `begins` is where each path's legs begin, `rest` the health of all that the path does not move, and of what its
    legs add no u to. `y` is where to begin: the root in any tiers, infinite where health did not fall in them.
    """
    counts = np.diff(np.append(begins, len(u)))
    path = np.repeat(np.arange(len(begins), dtype=np.intp), counts)

    def at(y: Floats) -> Floats:
        return u * (1.0 + legs.weight * y[path])

    def step(tiers: Tiers) -> tuple[Floats, Bools]:
        """Where the straight line in these tiers is zero, and whether it falls at all on this side."""
        adds = tiers.k * u
        slope = np.add.reduceat(adds * legs.weight, begins)
        falls = slope * sign < 0.0
        y = -(rest + np.add.reduceat(adds + tiers.lift, begins)) / slope
        return np.where(falls, y, sign * np.inf), falls

    # Where health does not fall y is infinite, and the tiers there are the outermost ones.
    y = np.where(y * sign > 0.0, y, sign * np.inf)
    tiers = legs.tiers_at(shelf, at(y))
    for _ in range(STEPS):
        before = y
        y, falls = step(tiers)
        there = at(y)
        left = np.logical_or.reduceat((there < tiers.low) | (there > tiers.high), begins)
        if not left.any():
            return Root(y, tiers, ~falls, np.zeros(len(u), np.bool_))
        tiers = legs.tiers_at(shelf, there)
    unsafe = np.where(np.abs(before) > np.abs(y), before, y)
    y = np.where(left, _halved(shelf, legs, u, begins, rest, np.where(left, unsafe, 0.0), path), y)
    return Root(y, tiers, ~falls, left[path])


def _halved(shelf: Shelf, legs: Legs, u: Floats, begins: Ints, rest: Floats, unsafe: Floats, path: Ints) -> Floats:
    """Where the requirement jumps past equity, between y = 0 and a y where it is past."""
    safe = np.zeros(len(unsafe))
    for _ in range(HALVINGS):
        middle = 0.5 * (safe + unsafe)
        there = u * (1.0 + legs.weight * middle[path])
        tiers = legs.tiers_at(shelf, there)
        good = rest + np.add.reduceat(tiers.k * there + tiers.lift, begins) > 0.0
        safe, unsafe = np.where(good, middle, safe), np.where(good, unsafe, middle)
    return unsafe
