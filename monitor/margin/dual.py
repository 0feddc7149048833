"""A column with its derivative along the ray, so that a formula is written once and gives value and slope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, sums


@dataclass(slots=True, frozen=True)
class Dual:
    """`v` and its derivative `d` by x; None where it does not move, which also spares the work."""

    v: Floats
    d: Floats | None = None

    def __add__(self, other: Dual | Floats) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.v + other.v, _plus(self.d, other.d))
        return Dual(self.v + other, self.d)

    def __sub__(self, other: Dual | Floats) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.v - other.v, _plus(self.d, None if other.d is None else -other.d))
        return Dual(self.v - other, self.d)

    def __neg__(self) -> Dual:
        return Dual(-self.v, None if self.d is None else -self.d)

    def __mul__(self, other: Dual | Floats) -> Dual:
        if isinstance(other, Dual):
            return Dual(self.v * other.v, _plus(_times(self.d, other.v), _times(other.d, self.v)))
        return Dual(self.v * other, _times(self.d, other))

    def __truediv__(self, other: Dual) -> Dual:
        value = self.v / other.v
        if self.d is None and other.d is None:
            return Dual(value)
        change = _plus(self.d, None if other.d is None else -value * other.d)
        return Dual(value, None if change is None else change / other.v)

    def at(self, places: Ints) -> Dual:
        """The column at some places."""
        return Dual(self.v[places], None if self.d is None else self.d[places])

    def where(self, chosen: Bools, other: Dual) -> Dual:
        """This where chosen, else the other."""
        if self.d is None and other.d is None:
            return Dual(np.where(chosen, self.v, other.v))
        mine, its = (0.0 if d is None else d for d in (self.d, other.d))
        return Dual(np.where(chosen, self.v, other.v), np.where(chosen, mine, its))

    def total(self, places: Ints, count: int) -> Dual:
        """Sum by place."""
        return Dual(sums(places, self.v, count), None if self.d is None else sums(places, self.d, count))


def zeros(count: int) -> Dual:
    """Nothing, which does not move."""
    return Dual(np.zeros(count))


def larger(a: Dual, b: Dual) -> Dual:
    """The larger of two; NaN where one is."""
    return a.where((a.v >= b.v) | np.isnan(a.v), b)


def positive(a: Dual) -> Dual:
    """max(0, a); NaN stays NaN."""
    return larger(a, zeros(len(a.v)))


def negative(a: Dual) -> Dual:
    """min(0, a); NaN stays NaN."""
    return a.where(~(a.v > 0.0), zeros(len(a.v)))


def _plus(a: Floats | None, b: Floats | None) -> Floats | None:
    if a is None:
        return b
    return a if b is None else a + b


def _times(d: Floats | None, by: Floats) -> Floats | None:
    return None if d is None else d * by
