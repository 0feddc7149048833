"""Plain pools as columns, one row a pool, leg, path and line. No price enters.

A *path* is a set of legs whose u moves together, u = u now * (1 + weight * y): each leg alone is one, known by the leg
itself, and `PlainPaths` are those of several legs. A *line* reads y of a path as the relative move x of what moves.
Indices into another table (`LegPlace`, ...) are shifted when tables are put under each other; -1 is none.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, LegPlace, PathPlace, PoolPlace


@dataclass(slots=True)
class PlainPools:
    """One row a pool: first those of several legs or none, then those of one."""

    legs: Ints  # how many it has
    cash: Floats
    constant: Floats  # requirement of no leg
    load: Floats
    unknown: Bools  # the description says that the pool is unknown whole
    empty_liquidates: Bools


@dataclass(slots=True)
class PlainLegs:
    """One row a leg, by pool. Profit = c * (u - u0), requirement = charge * u - relief while low <= u < high."""

    pool: PoolPlace
    place: Ints  # of its u in Prices.coordinates
    c: Floats
    u0: Floats
    table: Ints  # on the shelf, where the tier follows the mark; -1: one tier for good
    fee: Floats  # rate
    constant: Floats  # requirement that no price moves
    load: Floats  # of its pool
    reach: Floats  # |y| beyond which there is no line; -1: the leg has no path of its own
    divides: Bools  # inverse: u is the mark's reciprocal
    held: Bools  # no mark moves the requirement, known or not
    # The present tier: the requirement as above, and what the leg adds to health, k * u + lift (- c * u0).
    charge: Floats
    relief: Floats
    k: Floats
    lift: Floats
    low: Floats
    high: Floats
    # The tier at the root of the leg's own path: there k and lift are these, `pull` is -1 / k, and the shifts are their
    # differences from the present ones.
    root_k: Floats
    root_lift: Floats
    pull: Floats
    shift_u: Floats
    shift: Floats
    root_low: Floats
    root_high: Floats


@dataclass(slots=True)
class PlainPaths:
    """One row a path of several legs, by pool. Lift: sum over its legs at the root; last: the outermost tiers hold."""

    pool: PoolPlace
    legs: Ints  # how many it moves
    down_lift: Floats
    down_last: Bools
    up_lift: Floats
    up_last: Bools


@dataclass(slots=True)
class PlainMoves:
    """One row a leg of a path, by path, with its tiers at the roots of both sides."""

    path: PathPlace
    leg: LegPlace
    weight: Floats
    down_k: Floats
    down_low: Floats
    down_high: Floats
    up_k: Floats
    up_low: Floats
    up_high: Floats


@dataclass(slots=True)
class PlainLines:
    """One row a line, by pool. It reads a leg's own path, a path of several, or (both -1) nothing that moves.

    x = y / beta, or where it `divides` 1 + beta * x = 1 / (1 + y). `shown`: a sweep tells of it, because no other line
    of the pool has the same answer for certain.
    """

    pool: PoolPlace
    kind: Ints
    key: Ints
    leg: LegPlace
    path: PathPlace
    divides: Bools
    beta: Floats
    shown: Bools


@dataclass(slots=True)
class Plain:
    """All tables of some accounts' plain pools."""

    pools: PlainPools
    legs: PlainLegs
    paths: PlainPaths
    moves: PlainMoves
    lines: PlainLines

    def counts(self) -> Counts:
        """Rows by table."""
        return Counts(*(len(getattr(table, fields(table)[0].name)) for table in self.tables()))

    def tables(self) -> tuple[Any, ...]:
        """The tables in their order."""
        return self.pools, self.legs, self.paths, self.moves, self.lines


class Counts(NamedTuple):
    """Rows by table, or where an account's rows begin."""

    pools: int = 0
    legs: int = 0
    paths: int = 0
    moves: int = 0
    lines: int = 0

    def plus(self, other: Counts) -> Counts:
        """The sum, table by table."""
        a, b, c, d, e = self
        f, g, h, i, j = other
        return Counts(a + f, b + g, c + h, d + i, e + j)

    def minus(self, other: Counts) -> Counts:
        """The difference, table by table."""
        a, b, c, d, e = self
        f, g, h, i, j = other
        return Counts(a - f, b - g, c - h, d - i, e - j)


#: A stretch of rows (from, to) in each table of some tables.
Stretch = tuple[Plain, Counts, Counts]


def under_each_other(stretches: list[Stretch]) -> Plain:
    """The stretches' rows one after the other, with their indices shifted to where the rows now are."""
    begins = [Counts()]
    for _, begin, end in stretches:
        begins.append(begins[-1].plus(end).minus(begin))
    return Plain(*(_joined(name, stretches, begins) for name in NAMES))


def halves(plain: Plain) -> tuple[tuple[Counts, Counts], tuple[Counts, Counts]]:
    """Where the rows of pools of several legs (or none) begin and end, and those of one leg, which stand behind."""
    several = int(np.count_nonzero(plain.pools.legs != 1))
    legs, paths, lines = (int(np.searchsorted(t.pool, several)) for t in (plain.legs, plain.paths, plain.lines))
    middle = Counts(several, legs, paths, int(np.searchsorted(plain.moves.path, paths)), lines)
    return (Counts(), middle), (middle, plain.counts())


NAMES = Counts._fields
_SPACES = {"PoolPlace": "pools", "LegPlace": "legs", "PathPlace": "paths"}


def _joined(name: str, stretches: list[Stretch], begins: list[Counts]) -> Any:
    tables = [getattr(plain, name) for plain, _, _ in stretches]
    columns = []
    for f in fields(tables[0]):
        parts = []
        space = _SPACES.get(str(f.type))
        for table, (_, begin, end), now in zip(tables, stretches, begins, strict=False):
            part = getattr(table, f.name)[getattr(begin, name) : getattr(end, name)]
            if space is not None:
                shift = getattr(now, space) - getattr(begin, space)
                part = np.where(part < 0, -1, part + shift) if shift else part
            parts.append(part)
        columns.append(np.concatenate(parts))
    return type(tables[0])(*columns)
