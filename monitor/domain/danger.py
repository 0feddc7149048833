"""Which pool to look at first: the order in which table, page and lists show pools."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from monitor.domain.lines import Line, State, nearer
from monitor.domain.reports import PoolReport


def nearest_line(pool: PoolReport) -> Line:
    """The nearest of all lines of a pool, each measured by its own distance; UNKNOWN hides nothing but a nearer one."""
    coins = (line for lines in pool.coins.values() for line in lines.values())
    depegs = (line for lines in pool.depegs.values() for line in lines.values())
    return nearer(*coins, *depegs, *pool.market.values(), *(position.line for position in pool.positions))


def danger(pool: PoolReport) -> tuple[int, float]:
    """Sorts the most dangerous pool first: liquidatable now, then what is not believed, then by falling margin ratio.

    A pool that is not believed stands before every pool that is known to be safe: unknown is not safe. Among those, one
    without a figure comes first, then the one whose last figure was the worst.
    """
    if pool.ratio.state is State.LIQUIDATABLE:
        return (0, -(pool.ratio.value or 0.0))
    if pool.ratio.state is State.UNKNOWN:
        return (1, -inf)
    if not pool.quality.figures_shown:
        return (1, -(pool.ratio.value or 0.0))
    return (2, -(pool.ratio.value or 0.0))


def by_danger(pools: Iterable[PoolReport]) -> list[PoolReport]:
    """The pools, most dangerous first; equally dangerous ones in the order of their names."""
    return sorted(pools, key=lambda pool: (danger(pool), pool.key))
