"""The figures of a plain pool: its columns, and the lines that only an answer in words names."""

from __future__ import annotations

from math import fabs, isnan, nan

import numpy as np

from monitor.domain.instruments import Payoff
from monitor.domain.names import PoolKey
from monitor.margin.arrays import Bools, Floats
from monitor.margin.book import Book
from monitor.margin.compile import reciprocal
from monitor.margin.figures import Amounts, Figures, Ray, Rays
from monitor.margin.newton import find_roots, paths_of
from monitor.margin.pool import Basis, Leg, Pool
from monitor.margin.speeds import Kind
from monitor.margin.straight import Straight, read


class PlainFigures:
    """Reads the columns of a shard at the last tick."""

    def __init__(self, pools: tuple[Pool, ...], straight: Straight, book: Book, *, lines: bool) -> None:
        self._pools, self._straight, self._lines = pools, straight, lines
        self._prices, self._shelf, self._stablecoins = book.prices, book.shelf, book.stablecoins
        self._lines_begin = np.searchsorted(straight.plain.lines.pool, np.arange(len(pools) + 1))
        self._numbers: dict[PoolKey, int] | None = None
        self._names = book.prices.asset_names()

    def of(self, number: int) -> Figures:
        """One pool."""
        pool, straight = self._pools[number], self._straight
        legs = straight.plain.legs
        begin = int(straight.first_leg[number])
        some = slice(begin, begin + len(pool.legs))
        u = straight.u[some]
        c = legs.c[some]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            mark = self._prices.marks[legs.place[some] >> 1]
            profit = c * (u - legs.u0[some])
            needed = np.where(legs.held[some], 0.0, legs.charge[some] * u) - legs.relief[some]
            rays = self._rays(number, pool, some, u) if self._lines else None
        usd, assumed = self._usd(pool)
        amounts = self._amounts(number)
        lines, which = straight.plain.lines, slice(self._lines_begin[number], self._lines_begin[number + 1])
        keys = lines.key[which][lines.kind[which] == Kind.ASSET].tolist() if self._lines else []
        return Figures(
            pool=pool,
            usd=usd,
            assumed=assumed,
            exposed=bool(pool.legs),
            out=amounts,
            counted=amounts,
            mark_place=(legs.place[some] >> 1).tolist(),
            mark=mark.tolist(),
            notional=np.abs(c * u).tolist(),
            settle_usd=[usd] * len(pool.legs),
            profit=profit.tolist(),
            needed=needed.tolist(),
            rays=rays,
            assets=[(self._names[key], key) for key in keys],
        )

    def _usd(self, pool: Pool) -> tuple[float, bool]:
        """What the numeraire is worth in USD, and whether that is assumed."""
        known = self._prices.asset(pool.key.venue, pool.numeraire)
        assumed = isnan(known) and pool.numeraire in self._stablecoins
        return (1.0 if assumed else known), assumed

    def _amounts(self, number: int) -> Amounts:
        pool, straight = self._pools[number], self._straight
        begin = int(straight.first_leg[number])
        u = straight.u[begin : begin + len(pool.legs)].tolist()
        initial = pool.constant_initial + sum(_initial(leg, at) for leg, at in zip(pool.legs, u, strict=True))
        return Amounts(float(straight.equity[number]), float(straight.requirement[number]), initial)

    # -- rays ----------------------------------------------------------------------------------------------------------

    def _rays(self, number: int, pool: Pool, some: slice, u: Floats) -> Rays:
        """All lines of the pool: of positions, coins and the market, of bankruptcy, with its backstop, the venue's."""
        legs, straight = self._straight.plain.legs, self._straight
        equity, now = float(straight.equity[number]), float(straight.health[number])
        rays: Rays = {}
        own, ones = legs.reach[some] >= 0.0, np.ones(len(u))
        y = np.where(own, straight.y[some], np.nan)
        gain = legs.c[some] * u
        keys = (legs.place[some] >> 1).tolist()
        divides = legs.divides[some]
        for key, ray in zip(keys, self._read(y, divides, ones, gain, equity, now), strict=True):
            rays[Kind.POSITION, key] = ray
        self._read_lines(number, rays, equity, now)
        self._bankruptcies(rays, keys, divides, gain, equity)
        if pool.backstop is not None and (behind := self._number(pool.backstop)) is not None:
            for key, ray in zip(keys, self._backed(number, behind, some, u, divides, gain), strict=True):
                rays[Kind.BACKED, key] = ray
        for place, line in enumerate(pool.venue.lines):
            rays[Kind.VENUE, place] = rays[Kind.POSITION, self._prices.mark_place(pool.key.venue, line.symbol)]
        return rays

    def _read(self, y: Floats, divides: Bools, beta: Floats, gain: Floats, equity: float, now: float) -> list[Ray]:
        """Rays of paths that have one root at most: y < 0 or y > 0. `gain` is what equity gains by y."""
        down = ((gain > 0.0) != divides).tolist()
        distance = np.abs(read(y, divides, beta)).tolist()
        there = (equity + gain * y).tolist()
        return [
            Ray(-x, nan, beyond, nan, now) if below else Ray(nan, x, nan, beyond, now)
            for below, x, beyond in zip(down, distance, there, strict=True)
        ]

    def _read_lines(self, number: int, rays: Rays, equity: float, now: float) -> None:
        straight, lines = self._straight, self._straight.plain.lines
        which = slice(self._lines_begin[number], self._lines_begin[number + 1])
        leg, path, divides, beta = lines.leg[which], lines.path[which], lines.divides[which], lines.beta[which]
        down, up, gain = (np.full(len(leg), np.nan) for _ in range(3))
        single, several = np.flatnonzero(leg >= 0), np.flatnonzero(path >= 0)
        of_single = straight.plain.legs.c[leg[single]] * straight.u[leg[single]]
        gain[single], gain[several] = of_single, straight.gain_of_paths(path[several])
        for y, side in zip((down, up), straight.sides, strict=True):
            here = single[np.sign(of_single) == -side.sign]
            y[here], y[several] = straight.y[leg[here]], side.y[path[several]]
        forward, backward = read(down, divides, beta), read(up, divides, beta)
        there = [equity + gain * down, equity + gain * up]
        first, second = np.where(divides, backward, forward), np.where(divides, forward, backward)
        equities = np.where(divides, there[1], there[0]), np.where(divides, there[0], there[1])
        columns = (column.tolist() for column in (lines.kind[which], lines.key[which], first, second, *equities))
        for kind, key, x_down, x_up, equity_down, equity_up in zip(*columns, strict=True):
            rays[kind, key] = Ray(x_down, x_up, equity_down, equity_up, now)

    def _bankruptcies(self, rays: Rays, keys: list[int], divides: Bools, gain: Floats, equity: float) -> None:
        """Where equity alone is gone: no tier enters, y = -equity / (sum of c * u) over the legs of the symbol."""
        place = {key: number for number, key in enumerate(dict.fromkeys(keys))}
        together = np.zeros(len(place))
        inverse = np.zeros(len(place), np.bool_)
        numbers = [place[key] for key in keys]
        np.add.at(together, numbers, gain)
        inverse[numbers] = divides
        y = np.where(together == 0.0, np.nan, -equity / together)
        for key, ray in zip(place, self._read(y, inverse, np.ones(len(y)), together, equity, equity), strict=True):
            rays[Kind.BANKRUPTCY, key] = ray

    def _number(self, key: PoolKey) -> int | None:
        if self._numbers is None:
            self._numbers = {pool.key: number for number, pool in enumerate(self._pools)}
        return self._numbers.get(key)

    def _backed(self, number: int, behind: int, some: slice, u: Floats, divides: Bools, gain: Floats) -> list[Ray]:
        """Position lines with the free balance of the pool behind: equity above initial and maintenance margin."""
        straight, legs = self._straight, self._straight.plain.legs
        found = self._amounts(behind)
        free = found.equity - float(np.fmax(found.initial, found.maintenance))
        added = max(free, 0.0) if not isnan(free) else nan
        added *= self._usd(self._pools[behind])[0] / self._usd(self._pools[number])[0]
        now, equity = float(straight.health[number]) + added, float(straight.equity[number]) + added
        if not now > 0.0:
            return [Ray(nan, nan, nan, nan, now)] * len(u)
        places = np.arange(some.start, some.stop)
        rest = now - (legs.k[some] * u + legs.lift[some])
        columns: list[list[float]] = []
        for sign in (-1.0, 1.0):
            signs = np.full(len(u), sign)
            begins = np.arange(len(u))
            y = find_roots(self._shelf, paths_of(legs, places, np.ones(len(u)), u, begins), rest, signs).y
            columns += [read(y, divides, np.ones(len(u))).tolist(), (equity + gain * y).tolist()]
        rays = []
        for flips, first, there, second, beyond in zip(divides.tolist(), *columns, strict=True):
            rays.append(Ray(second, first, beyond, there, now) if flips else Ray(first, second, there, beyond, now))
        return rays


def _initial(leg: Leg, u: float) -> float:
    """Initial margin: rate * notional + constant."""
    rate = leg.initial_margin_rate
    if rate == 0.0:
        return leg.constant_initial
    if leg.initial_basis is not Basis.MARK:
        held = leg.entry if leg.initial_basis is Basis.ENTRY else leg.snapshot_mark
        u = reciprocal(held) if leg.payoff is Payoff.INVERSE else held
    return nan if rate is None else rate * fabs(leg.quantity * leg.multiplier) * u + leg.constant_initial
