"""Scenario grids: a venue's own worst-case requirement, revalued between readings. See docs/kernel.md."""

from __future__ import annotations

import numpy as np

from monitor.margin.arrays import Floats
from monitor.margin.dual import Dual
from monitor.margin.pool import ScenarioGrid


def grid_at(grid: ScenarioGrid, price: Dual) -> tuple[Dual, Dual]:
    """The grid's profit since its reading (middle column) and its requirement, with the asset at `price`.

    With m the move since the reading, the scenarios are taken from there: move j leads to (1 + m) * (1 + moves[j]) - 1.
    requirement = scale * max over v, j of (middle(m) - profit_v(that place)) + contingency. Profits between and beyond
    the moves follow straight lines. Where the grid gives requirements, these at m take the place of the worst loss, and
    beyond the moves the outermost is held.
    """
    moves = np.array(grid.moves)
    here = price * (1.0 / np.full(len(price.v), grid.reference_price)) - np.ones(len(price.v))
    profit = _line(moves, np.array(_middle(grid)), here)
    if grid.requirements:
        # A gap anywhere makes it unknown everywhere: a search along the ray must not pass over one as if it were safe.
        gap = 0.0 * np.full(len(price.v), sum(grid.requirements) + sum(_middle(grid)))
        return profit + gap, _scaled(grid, _line(moves, np.array(grid.requirements), _within(moves, here)) + gap)
    worst: Dual | None = None
    for column in grid.profits:
        for move in grid.moves:
            there = here * np.full(len(price.v), 1.0 + move) + np.full(len(price.v), move)
            loss = profit - _line(moves, np.array(column), there)
            worst = loss if worst is None else loss.where(~(loss.v <= worst.v), worst)
    assert worst is not None
    return profit, _scaled(grid, worst)


def _scaled(grid: ScenarioGrid, needed: Dual) -> Dual:
    ones = np.ones(len(needed.v))
    return needed * (grid.scale * ones) + grid.contingency * ones


def _middle(grid: ScenarioGrid) -> tuple[float, ...]:
    """The profits at unchanged volatility; without any the grid tells no profit."""
    return grid.profits[len(grid.profits) // 2] if grid.profits else (0.0,) * len(grid.moves)


def kinks(grid: ScenarioGrid, price: float) -> list[float]:
    """Where the straight pieces meet, as moves x of the asset from `price`: at (1 + m) = (1 + m_i) / (1 + m_j), and
    where the grid gives requirements at (1 + m) = (1 + m_i).
    """
    places = {(1.0 + a) / (1.0 + b) for a in grid.moves for b in ((0.0,) if grid.requirements else grid.moves)}
    return [place * grid.reference_price / price - 1.0 for place in sorted(places)]


def _within(moves: Floats, at: Dual) -> Dual:
    """The same between the outermost moves, where it stands still beyond them; NaN stays NaN."""
    inside = (at.v >= moves[0]) & (at.v <= moves[-1])
    clipped = np.clip(at.v, moves[0], moves[-1])
    return Dual(clipped, None if at.d is None else np.where(inside, at.d, 0.0))


def _line(moves: Floats, profits: Floats, at: Dual) -> Dual:
    """Straight lines through the points, the outer ones continued."""
    piece = np.clip(np.searchsorted(moves, at.v, side="right") - 1, 0, len(moves) - 2)
    slope = (profits[piece + 1] - profits[piece]) / (moves[piece + 1] - moves[piece])
    return (at - moves[piece]) * slope + profits[piece]
