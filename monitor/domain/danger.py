"""Which pool to look at first: the order in which table, page and lists show pools."""

from __future__ import annotations

from collections.abc import Iterable
from math import inf

from monitor.domain.lines import Line, State, nearer
from monitor.domain.quality import Quality
from monitor.domain.reports import PoolReport


def nearest_line(pool: PoolReport) -> Line:
    """The nearest of all lines of a pool, each measured by its own distance; UNKNOWN hides nothing but a nearer one."""
    coins = (line for lines in pool.coins.values() for line in lines.values())
    depegs = (line for lines in pool.depegs.values() for line in lines.values())
    return nearer(*coins, *depegs, *pool.market.values(), *(position.line for position in pool.positions))


def danger(pool: PoolReport) -> tuple[int, float]:
    """The place of a pool in the order of danger; see `place`."""
    return place(pool.ratio.state, pool.ratio.value, pool.quality)


def place(ratio: State, value: float | None, quality: Quality) -> tuple[int, float]:
    """Sorts the most dangerous first: liquidatable now, then what is not believed, then by falling margin ratio.

    A pool that is not believed stands before every pool that is known to be safe: unknown is not safe. Among those, one
    without a figure comes first, then the one whose last figure was the worst. `value` is the ratio's; a ratio that is
    liquidatable without one has no equity left.
    """
    if ratio is State.LIQUIDATABLE:
        return (0, -inf if value is None else -value)
    if ratio is State.UNKNOWN or value is None:
        return (1, -inf)
    return (2 if quality.figures_shown else 1, -value)


def by_danger(pools: Iterable[PoolReport]) -> list[PoolReport]:
    """The pools, most dangerous first; equally dangerous ones in the order of their names."""
    return sorted(pools, key=lambda pool: (danger(pool), pool.key))
