"""Which pool to look at first: the order in which table, page, terminal and lists show pools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import inf

from monitor.domain.lines import Line, State, nearer
from monitor.domain.quality import Quality
from monitor.domain.reports import PoolReport

Place = tuple[int, float, float]


def nearest_line(pool: PoolReport) -> Line:
    """The nearest of all lines of a pool, each measured by its own distance; UNKNOWN hides nothing but a nearer one."""
    return nearer(*_lines(pool))


def danger(pool: PoolReport) -> Place:
    """The place of a pool in the order of danger; see `place`."""
    lines = ((line.state, line.distance_ratio) for line in _lines(pool))
    return place(pool.ratio.state, pool.ratio.value, pool.quality, lines)


def place(ratio: str, value: float | None, quality: Quality, lines: Iterable[tuple[str, float | None]]) -> Place:
    """Sorts the most dangerous first: liquidatable now, then what is not believed, then the rest; in each of the three
    by the distance of the nearest line, then by falling margin ratio.

    A pool that is not believed stands before every pool that is known to be safe: unknown is not safe. Distance comes
    before the ratio, because a pool with much leverage is near at a ratio that is calm with little. `value` is the
    ratio's; one that is not known, or liquidatable without a value, counts as the highest. `lines` are states and
    distances of all lines; states are those of `State`, as members or as their words.
    """
    of_ratio = -inf if ratio == State.UNKNOWN or value is None else -value
    if ratio == State.LIQUIDATABLE:
        known = 0
    else:
        known = 2 if quality.figures_shown and ratio != State.UNKNOWN and value is not None else 1
    return (known, _distance(lines), of_ratio)


def by_danger(pools: Iterable[PoolReport]) -> list[PoolReport]:
    """The pools, most dangerous first; equally dangerous ones in the order of their names."""
    return sorted(pools, key=lambda pool: (danger(pool), pool.key))


def _lines(pool: PoolReport) -> Iterator[Line]:
    for table in (pool.coins, pool.depegs):
        for sides in table.values():
            yield from sides.values()
    yield from pool.market.values()
    for position in pool.positions:
        yield position.line


def _distance(lines: Iterable[tuple[str, float | None]]) -> float:
    """Of the nearest that is known; before all others where none is, behind them where there is none."""
    nearest, unknown = inf, False
    for state, distance in lines:
        if state == State.AT and distance is not None:
            nearest = min(nearest, distance)
        elif state == State.LIQUIDATABLE:
            return 0.0
        elif state == State.UNKNOWN:
            unknown = True
    return -1.0 if unknown and nearest == inf else nearest
