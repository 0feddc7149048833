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


@dataclass(slots=True)
class Tiers:
    """One tier a leg: requirement = charge * u - relief and its part in health, k * u + lift, while low <= u < high."""

    row: Ints  # on the shelf; -1: one tier for good
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
        return self._tiers(shelf, shelf.rows(self.table[which], self.size[which] * u[which]))

    def outermost(self, shelf: Shelf, up: Bools) -> Tiers:
        """The last tiers (up) or the first ones."""
        which = self.moving
        table = self.table[which]
        return self._tiers(shelf, np.where(up[which], shelf.last[table], shelf.first[table]))

    def _tiers(self, shelf: Shelf, rows: Ints) -> Tiers:
        legs, places, which = self.legs, self.places, self.moving
        row = np.full(len(places), -1, np.intp)
        row[which] = rows
        charge, relief = legs.charge[places], legs.relief[places]
        low, high = np.full(len(places), -np.inf), np.full(len(places), np.inf)
        size = self.size[which]
        charge[which] = (shelf.rate[rows] + legs.fee[places[which]]) * size
        relief[which] = shelf.deduction[rows] - legs.constant[places[which]]
        low[which] = np.where(rows == shelf.first[self.table[which]], -np.inf, shelf.floor[rows] / size)
        high[which] = shelf.ceiling[rows] / size
        ignored = self.load == 0.0
        k = self.c - np.where(ignored, 0.0, self.load * charge)
        return Tiers(row, charge, relief, k, np.where(ignored, 0.0, self.load * relief), low, high)


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


def first_roots(shelf: Shelf, legs: Legs, u: Floats, begins: Ints, rest: Floats, sign: Floats) -> Root:
    """The root of each path on one side (sign -1 down, +1 up), healthy at y = 0.

    `begins` is where each path's legs begin, `rest` the health of all that the path does not move, and of what its
    legs add no u to.
    """
    counts = np.diff(np.append(begins, len(u)))
    path = np.repeat(np.arange(len(begins), dtype=np.intp), counts)

    def step(tiers: Tiers) -> tuple[Floats, Bools]:
        """Where the straight line in these tiers is zero, and whether it falls at all on this side."""
        adds = tiers.k * u
        slope = np.add.reduceat(adds * legs.weight, begins)
        falls = slope * sign < 0.0
        y = -(rest + np.add.reduceat(adds + tiers.lift, begins)) / slope
        return np.where(falls, y, sign * np.inf), falls

    def at(y: Floats) -> Tiers:
        return legs.tiers_at(shelf, u * (1.0 + legs.weight * y[path]))

    def chosen(first: Bools, one: Tiers, other: Tiers) -> Tiers:
        by_leg = first[path]
        return Tiers(*(np.where(by_leg, getattr(one, n), getattr(other, n)) for n in Tiers.__slots__))

    def halved(unsafe: Floats) -> Floats:
        """Where the requirement jumps past equity, between y = 0 and an unsafe y."""
        safe = np.zeros(len(unsafe))
        for _ in range(HALVINGS):
            middle = 0.5 * (safe + unsafe)
            tiers = at(middle)
            adds = tiers.k * u * (1.0 + legs.weight * middle[path]) + tiers.lift
            good = rest + np.add.reduceat(adds, begins) > 0.0
            safe, unsafe = np.where(good, middle, safe), np.where(good, unsafe, middle)
        return unsafe

    tiers = legs.tiers_at(shelf, u)
    y, falls = step(tiers)
    last = ~falls
    if last.any():
        tiers = chosen(falls, tiers, legs.outermost(shelf, (sign > 0.0)[path]))
        y, falls = step(tiers)
    never = ~falls
    moving = falls.copy()
    for _ in range(STEPS):
        there = chosen(moving, at(np.where(moving, y, 0.0)), tiers)
        moving = np.logical_or.reduceat(there.row != tiers.row, begins)
        if not moving.any():
            break
        tiers = there
        y = np.where(moving, step(tiers)[0], y)
    gap = moving
    if gap.any():
        other, _ = step(at(np.where(gap, y, 0.0)))
        outer = np.where(gap & (np.abs(other) > np.abs(y)), other, y)
        y = np.where(gap, halved(outer), y)
    return Root(y, tiers, never, gap[path])
