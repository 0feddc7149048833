"""The first root of health along each ray. docs/kernel.md, "Roots", says why none is missed and how exact it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints, taken
from monitor.margin.breaks import breakpoints
from monitor.margin.columns import Block
from monitor.margin.health import Health, Values, health
from monitor.margin.shapes import Shape
from monitor.margin.terms import FLOOR, Terms
from monitor.margin.tiers import Shelf

#: How far up a ray is followed: a line beyond a billion times today's price is none.
TOP = 1e9
#: A root this near to price zero is none.
NOWHERE = -1.0 + 1e-11
#: Health counts as zero below this part of the sum of its absolute terms (the promise is 1e-9).
EXACT = 1e-14
#: A bracket is closed below this width, relative to one and the move.
NARROW = 4e-16
#: Rounds of refinement; Newton needs about as many as there are tiers between, bisection 60.
ROUNDS = 200
#: How far beyond its last root, relative to it and the price, a walk looks first.
BEYOND = 1.03
#: Columns of legs evaluated at once, which bounds the memory of the walk.
CHUNK = 1_000_000

_LN = np.linspace(np.log(1e-4), np.log(TOP), 121)
_UP = np.exp(_LN)
_DOWN = -np.concatenate(
    [np.geomspace(1e-4, 1e-2, 16)[:-1], np.linspace(0.01, 0.99, 99), 1 - np.geomspace(5e-3, 1e-12, 25)]
)


@dataclass(slots=True)
class Roots:
    """Where health first reaches zero, as a relative move; NaN where it never does. `equity` is that at the root."""

    x: Floats
    equity: Floats


def solve(
    terms: Terms,
    values: Values,
    shelf: Shelf,
    block: Block,
    shape: Ints,
    now: Floats,
    slope: Floats,
    open_: Bools,
    before: Floats,
) -> Roots:
    """First roots of all problems that are `open_` (known, and healthy at x = 0); `now` and `slope` hold there.

    `before` are the roots of some tick before (NaN: none): a walk looks up to a little beyond them first, and farther
    only where nothing was found there, which spares work and changes no answer.
    """
    none = np.full(terms.count, np.nan)
    reach = np.where(np.isnan(before), np.inf, np.abs(before) * BEYOND + BEYOND - 1.0)
    search = _Search(terms, values, shelf, block, reach, none.copy(), none.copy())
    concave = np.flatnonzero(open_ & (shape == Shape.CONCAVE))
    if len(concave):
        search.concave(concave, now[concave], slope[concave])
    pieces = np.flatnonzero(open_ & (shape != Shape.CONCAVE))
    if len(pieces):
        search.walk(pieces, shape[pieces] == Shape.ROUGH)
    return Roots(search.x, search.equity)


def ends(direction: Floats) -> Floats:
    """Where a ray ends: at price zero, or at TOP."""
    return np.where(direction < 0.0, -1.0, TOP)


@dataclass(slots=True)
class _Search:
    terms: Terms
    values: Values
    shelf: Shelf
    block: Block
    reach: Floats
    x: Floats
    equity: Floats

    def _at(self, problems: Ints) -> Callable[[Floats], Health]:
        """Health of some problems as a function of their x."""
        if len(problems) == self.terms.count:
            return lambda x: health(self.terms, self.values, self.shelf, self.block, x)
        terms, places = self.terms.take(problems)
        values = self.values.take(places)
        return lambda x: health(terms, values, self.shelf, self.block, x)

    def concave(self, problems: Ints, h: Floats, slope: Floats) -> None:
        """Concave health: the tangent at x = 0 leads past the root or, where health rises, look from the far end.
        From the unsafe side Newton's steps never pass the root again.
        """
        direction = self.terms.problems.direction[problems]
        end = ends(direction)
        falls = slope * direction < 0.0
        x = np.where(falls, -h / np.where(falls, slope, 1.0), end)
        x = np.where(direction < 0.0, np.maximum(x, end), np.minimum(x, end))
        found = self._at(problems)(x)
        there = np.abs(found.health) <= EXACT * found.size
        self.x[problems[there]], self.equity[problems[there]] = x[there], found.equity[there]
        past = (found.health < 0.0) & ~there
        if past.any():
            self._refine(problems[past], np.zeros(int(past.sum())), x[past], _part(found, past))
        # Rounding of deductions can leave health a hair above zero where the tangent says zero: look again, in steps.
        doubtful = ~there & ~past & (x != end)
        if doubtful.any():
            self.walk(problems[doubtful], np.ones(int(doubtful.sum()), np.bool_))

    def walk(self, problems: Ints, rough: Bools) -> None:
        """Health at every breakpoint, from both sides, outwards; the first one at or below zero brackets the root."""
        owner, x = breakpoints(self.terms, self.values, self.shelf, self.block, problems)
        direction = self.terms.problems.direction[problems]
        samples = [np.flatnonzero(rough & (direction == side)) for side in (-1.0, 1.0)]
        places = [_DOWN, _UP]
        owner = np.concatenate(
            [owner, np.arange(len(problems)), *(np.repeat(s, len(p)) for s, p in zip(samples, places, strict=True))]
        )
        x = np.concatenate([x, ends(direction), *(np.tile(p, len(s)) for s, p in zip(samples, places, strict=True))])
        order = np.lexsort((np.abs(x), owner))
        owner, x = owner[order], x[order]
        first = np.full(len(problems), len(x))
        near = np.abs(x) <= self.reach[problems][owner]
        self._look(problems, owner, x, np.flatnonzero(near), first)
        self._look(problems, owner, x, np.flatnonzero(~near & (first == len(x))[owner]), first)
        hit = first < len(x)
        b = first[hit]
        before = np.where((b > 0) & (owner[b - 1] == owner[b]), x[b - 1], 0.0)
        if hit.any():
            self._refine(problems[hit], before, x[b], self._at(problems[hit])(x[b]))

    def _look(self, problems: Ints, owner: Ints, x: Floats, places: Ints, first: Ints) -> None:
        """Note by problem the first of these places at which health is not above zero."""
        if len(places):
            bad = places[self._all(problems[owner[places]], x[places]) <= 0.0]
            np.minimum.at(first, owner[bad], bad)

    def _all(self, problems: Ints, x: Floats) -> Floats:
        """Health of many (problem, x), in chunks."""
        _, counts = self.terms.runs("legs")
        weight = np.cumsum(counts[problems] + 1)
        chunks = np.searchsorted(weight, np.arange(CHUNK, weight[-1], CHUNK))
        result = []
        for part in np.split(np.arange(len(problems)), chunks):
            terms, places = self.terms.take(problems[part])
            values = self.values.take(places)
            result.append(health(terms, values, self.shelf, self.block, x[part], slopes=False).health)
        return np.concatenate(result)

    def _refine(self, problems: Ints, safe: Floats, unsafe: Floats, found: Health) -> None:
        """Close in on the root between a safe and an unsafe x: Newton from the end that was found last, else bisection.

        Where health is concave, Newton's steps from the unsafe end never pass the root; where it bends the other way,
        those from the safe end do not. A step that leaves the bracket or moves nothing is either rounding, or a kink
        right there, and then the root lies beside an end: that place is looked at once. Where a step does not halve
        health, it is a jump or a slope that misleads, and the bracket is halved.
        """
        brackets = _Ends.of(safe, unsafe, found)
        number = np.arange(len(problems), dtype=np.intp)
        at = self._at(problems)
        for _ in range(ROUNDS):
            open_ = ~brackets.done()
            if not open_.any():
                break
            if 2 * np.count_nonzero(open_) <= len(number):  # go on with those that are not there yet
                self._keep(problems[number], brackets)
                number, brackets = number[open_], taken(brackets, np.flatnonzero(open_))
                at = self._at(problems[number])
            brackets.narrow(at)
        self._keep(problems[number], brackets)

    def _keep(self, problems: Ints, found: _Ends) -> None:
        self.x[problems], self.equity[problems] = found.b, found.equity


@dataclass(slots=True)
class _Ends:
    """Brackets: safe at `a` and unsafe at `b`, with health and slope at both (NaN where `a` was not looked at)."""

    a: Floats
    h_a: Floats
    slope_a: Floats
    b: Floats
    h: Floats
    slope: Floats
    size: Floats
    equity: Floats
    from_a: Bools  # the safe end was found last
    probed: Bools  # beside an end, and the root was not there
    slow: Bools

    @classmethod
    def of(cls, safe: Floats, unsafe: Floats, found: Health) -> _Ends:
        """At the beginning only the unsafe ends were looked at."""
        unknown, no = np.full(len(safe), np.nan), np.zeros(len(safe), np.bool_)
        there = (unsafe.copy(), found.health, found.slope, found.size, found.equity)
        return cls(safe, unknown, unknown.copy(), *there, no, no.copy(), no.copy())

    def done(self) -> Bools:
        """Where health at `b` is zero, or no number lies between the ends."""
        result: Bools = (np.abs(self.h) <= EXACT * self.size) | (
            np.abs(self.b - self.a) <= NARROW * (1.0 + np.abs(self.b))
        )
        return result

    def narrow(self, at: Callable[[Floats], Health]) -> None:
        """One step of those that are not done."""
        a, b, from_a, done = self.a, self.b, self.from_a, self.done()
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(from_a, a - self.h_a / self.slope_a, b - self.h / self.slope)
        towards_a, beside = np.sign(a - b), 0.5 * NARROW * (1.0 + np.abs(b))
        probes = ~self.probed & ~self.slow
        by_end = probes & (np.abs(step - np.where(from_a, a, b)) <= beside)
        by_safe = probes & ((by_end & from_a) | (~from_a & ((step - a) * towards_a >= 0.0)))
        by_unsafe = by_end & ~from_a
        newton = ((step - b) * towards_a > 0.0) & ((a - step) * towards_a > 0.0) & ~self.slow
        x = np.where(newton, step, _between(a, b))
        x = np.where(by_unsafe, b + beside * towards_a, np.where(by_safe, a - beside * towards_a, x))
        x = np.where(done, b, x)
        there = at(x)
        stays = there.health > 0.0
        near = stays & (np.abs(there.health) <= EXACT * there.size)
        safe, unsafe = ~done & stays & ~near, ~done & (~stays | near)
        before = np.abs(np.where(from_a, self.h_a, self.h))
        self.slow = newton & ~by_safe & ~by_unsafe & (np.abs(there.health) > 0.5 * before)
        self.probed, self.from_a = by_safe | by_unsafe, np.where(done, from_a, safe)
        self.a, self.h_a = np.where(safe, x, a), np.where(safe, there.health, self.h_a)
        self.slope_a = np.where(safe, there.slope, self.slope_a)
        self.b, self.h = np.where(unsafe, x, b), np.where(unsafe, there.health, self.h)
        self.slope, self.size = np.where(unsafe, there.slope, self.slope), np.where(unsafe, there.size, self.size)
        self.equity = np.where(unsafe, there.equity, self.equity)


def _between(a: Floats, b: Floats) -> Floats:
    """The middle of a bracket: of the prices' logarithms where they differ much, else of the moves."""
    wide = np.maximum(1.0 + a, 1.0 + b) > 4.0 * np.minimum(1.0 + a, 1.0 + b)
    return np.where(wide, np.sqrt((1.0 + a) * np.maximum(1.0 + b, FLOOR)) - 1.0, 0.5 * (a + b))


def _part(found: Health, chosen: Bools) -> Health:
    """The problems' columns at some places (parts by leg and holding are not needed any more)."""
    return Health(
        found.health[chosen],
        found.slope[chosen],
        found.size[chosen],
        found.equity[chosen],
        found.requirement[chosen],
        found.profit,
        found.leg_requirement,
        found.worth,
        found.net,
        found.owed,
    )
