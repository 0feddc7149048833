"""Scenario grids: a venue's own worst-case requirement, revalued between readings. See docs/kernel.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints
from monitor.margin.dual import Dual
from monitor.margin.pool import ScenarioGrid

#: Kinks nearer to each other than this (relative to the price) are one, told apart by rounding only.
APART = 2e-15
#: How many grids' pieces are remembered: an account is described anew more often than its grids are read.
REMEMBERED = 1024


@dataclass(slots=True)
class Pieces:
    """A grid as straight pieces of m, its asset's move since the reading.

    From `knots` on (the first is m = -1, price zero) the profit since the reading is `profit` + `profit_slope` * (m -
    knot), and the requirement, scaled and with its contingency, likewise. `bends`: where health may bend upwards.
    """

    reference_price: float
    in_equity: bool
    knots: Floats
    profit: Floats
    profit_slope: Floats
    needed: Floats
    needed_slope: Floats
    bends: Floats


class Grids:
    """Some grids' pieces, one grid after the other, so that all of them are read at once."""

    def __init__(self, grids: Sequence[ScenarioGrid]) -> None:
        pieces = [pieces_of(grid) for grid in grids]
        self.bends = [one.bends for one in pieces]
        self.reference_price: Floats = np.array([one.reference_price for one in pieces])
        self.in_equity: Bools = np.array([one.in_equity for one in pieces], np.bool_)
        none = np.zeros(0)
        self._knots, self._profit, self._profit_slope, self._needed, self._needed_slope = (
            np.concatenate([none, *(getattr(one, name) for one in pieces)])
            for name in ("knots", "profit", "profit_slope", "needed", "needed_slope")
        )
        counts = np.array([len(one.knots) for one in pieces], np.intp)
        self._first: Ints = np.cumsum(counts) - counts
        self._last: Ints = self._first + counts - 1
        # All knots as one rising column: a grid's own lie in a span of their own.
        self._top = float(self._knots.max(initial=0.0)) + 1.0
        self._keys: Floats = self._knots + np.repeat(np.arange(len(pieces)) * (self._top + 2.0), counts)

    def at(self, which: Ints, price: Dual) -> tuple[Dual, Dual]:
        """Each grid's profit since its reading (middle column) and its requirement, with its asset at `price`.

        With m the move since the reading, the scenarios are taken from there: move j leads to (1 + m) * (1 + moves[j])
        - 1. Requirement = scale * max over v, j of (middle(m) - profit_v(that place)) + contingency. Profits between
        and beyond the moves follow straight lines. Where the grid gives requirements, these at m take the place of the
        worst loss, and beyond the moves the outermost is held.
        """
        here = price * (1.0 / self.reference_price[which]) - np.ones(len(which))
        # Rounding of a key may give the piece beside: right at a knot, where both are the same.
        key = np.clip(here.v, -1.0, self._top) + which * (self._top + 2.0)
        piece = np.clip(self._keys.searchsorted(key, "right") - 1, self._first[which], self._last[which])
        since = here - self._knots[piece]
        profit = since * self._profit_slope[piece] + self._profit[piece]
        return profit, since * self._needed_slope[piece] + self._needed[piece]


@lru_cache(maxsize=REMEMBERED)
def pieces_of(grid: ScenarioGrid) -> Pieces:
    """Profit and requirement of a grid as straight pieces. A gap makes either unknown everywhere: a search along a ray
    must not pass over one as if it were safe.
    """
    moves, middle = np.array(grid.moves), np.array(_middle(grid))
    starts = _starts(grid)
    within = np.append(0.5 * (starts[1:] + starts[:-1]), starts[-1] + 1.0)
    at = _straight(moves, middle, within)
    profit, profit_slope = at.value + at.slope * (starts - within), at.slope
    if grid.requirements:
        asked = _straight(moves, np.array(grid.requirements), within)
        inside = (within > moves[0]) & (within < moves[-1])
        slope = np.where(inside, asked.slope, 0.0)
        held = np.where(within < moves[0], grid.requirements[0], grid.requirements[-1])
        needed = np.where(inside, asked.value + asked.slope * (starts - within), held)
        gap = 0.0 * (sum(grid.requirements) + sum(_middle(grid)))
        profit, needed = profit + gap, needed + gap
    else:
        value, slopes = [], []
        for column in grid.profits:
            for move in grid.moves:
                there = _straight(moves, np.array(column), (1.0 + within) * (1.0 + move) - 1.0)
                slopes.append(profit_slope - there.slope * (1.0 + move))
                value.append(at.value - there.value + slopes[-1] * (starts - within))
        gap = 0.0 * sum(sum(column) for column in grid.profits)
        ends = np.append(starts[1:] - starts[:-1], np.inf)
        interval, since, needed, slope = _largest(np.array(value).T, np.array(slopes).T, ends)
        profit = profit[interval] + profit_slope[interval] * since + 0.0 * sum(_middle(grid))
        profit_slope, starts, needed = profit_slope[interval], starts[interval] + since, needed + gap
    needed, slope = grid.scale * needed + grid.contingency, grid.scale * slope
    upwards = (np.diff(slope) < 0.0) | (np.diff(profit_slope) > 0.0)
    return Pieces(
        grid.reference_price, grid.in_equity, starts, profit, profit_slope, needed, slope, starts[1:][upwards]
    )


@dataclass(slots=True)
class _Straight:
    value: Floats
    slope: Floats


def _straight(moves: Floats, values: Floats, at: Floats) -> _Straight:
    """Straight lines through the points, the outer ones continued."""
    piece = np.clip(np.searchsorted(moves, at, side="right") - 1, 0, len(moves) - 2)
    slope = (values[piece + 1] - values[piece]) / (moves[piece + 1] - moves[piece])
    return _Straight((at - moves[piece]) * slope + values[piece], slope)


def _starts(grid: ScenarioGrid) -> Floats:
    """Where the straight pieces begin: at price zero, at each move, and where a scenario leads to one: at (1 + m) =
    (1 + m_i) / (1 + m_j).
    """
    through = (0.0,) if grid.requirements else grid.moves
    places = np.unique([-1.0, *((1.0 + a) / (1.0 + b) - 1.0 for a in grid.moves for b in through)])
    kept: Floats = places[np.append(True, np.diff(places) > APART * (1.0 + places[1:]))]
    return kept


def _largest(value: Floats, slope: Floats, ends: Floats) -> tuple[Ints, Floats, Floats, Floats]:
    """The largest of straight lines in each of some intervals (lines by interval and line, with their values where the
    interval begins): the pieces in order as (interval, where from its beginning, value there, slope).
    """
    intervals = np.arange(len(ends), dtype=np.intp)
    highest = value == value.max(axis=1, keepdims=True)
    line = np.where(highest, slope, -np.inf).argmax(axis=1)
    since = np.zeros(len(ends))
    found: list[tuple[Ints, Floats, Floats, Floats]] = []
    while len(intervals):
        mine, rise = value[intervals, line], slope[intervals, line]
        found.append((intervals, since, mine + rise * since, rise))
        steeper = slope[intervals] > rise[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            meets = (mine[:, None] - value[intervals]) / (slope[intervals] - rise[:, None])
        meets = np.where(steeper, np.maximum(meets, since[:, None]), np.inf)
        since = meets.min(axis=1)
        line = np.where(meets == since[:, None], slope[intervals], -np.inf).argmax(axis=1)
        goes_on = since < ends[intervals]
        intervals, line, since = intervals[goes_on], line[goes_on], since[goes_on]
    columns = [np.concatenate(column) for column in zip(*found, strict=True)]
    order = np.lexsort((columns[1], columns[0]))
    interval, where, first, steep = (column[order] for column in columns)
    return interval.astype(np.intp), where, first, steep


def _middle(grid: ScenarioGrid) -> tuple[float, ...]:
    """The profits at unchanged volatility; without any the grid tells no profit."""
    return grid.profits[len(grid.profits) // 2] if grid.profits else (0.0,) * len(grid.moves)
