"""The last hours of every pool in memory: a point a minute of its margin ratio and of its nearest distance.

They begin empty with the process. What is not known is a gap, and a pool that is gone is forgotten with its last point.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from math import isfinite, nan

import msgspec

from monitor.domain.danger import nearest_line
from monitor.domain.lines import Line, State
from monitor.domain.names import PoolKey
from monitor.domain.reports import PoolReport
from monitor.domain.view import View

STEP_SECONDS = 60.0
POINTS = 360  #: six hours
MOST_POOLS = 5000  #: that are remembered; about 3 KB each
LARGEST_RATIO = 10.0  #: what is above, and what has no equity left, counts as this
_AT_ONCE = 25  #: pools between two turns of the event loop


class _Ring:
    __slots__ = ("distance", "last", "ratio")

    def __init__(self) -> None:
        self.ratio, self.distance = array("f"), array("f")
        self.last = -1  #: the minute of the last point

    def put(self, minute: int, ratio: float, distance: float) -> None:
        """One point; minutes in between were not seen."""
        missed = min(POINTS, max(0, minute - self.last - 1)) if self.ratio else 0
        for column, value in ((self.ratio, ratio), (self.distance, distance)):
            column.extend([nan] * missed + [value])
            del column[:-POINTS]
        self.last = minute


class Rings:
    """Takes pictures, and tells what it remembers of them."""

    def __init__(self) -> None:
        self._rings: dict[PoolKey, _Ring] = {}
        self._minute = -1

    def take(self, view: View) -> Iterator[None]:
        """A point of each pool if a new minute has begun by the picture's own time, else of those that are new.

        A few pools at a time.
        """
        minute = int(view.at // STEP_SECONDS)
        if minute < self._minute:
            return  # the clock was set back: time passes here when it has caught up
        began, self._minute = minute > self._minute, minute
        pools = [pool for account in view.accounts for pool in account.pools]
        for place, pool in enumerate(pools):
            ring = self._rings.get(pool.key)
            if ring is not None and not began:
                continue
            if ring is None:
                if len(self._rings) >= MOST_POOLS:
                    continue
                ring = self._rings[pool.key] = _Ring()
            ring.put(minute, _ratio(pool), _distance(pool))
            if place % _AT_ONCE == _AT_ONCE - 1:
                yield
        for key in [key for key, ring in self._rings.items() if minute - ring.last >= POINTS]:
            del self._rings[key]

    def pieces(self, at: float, wanted: dict[str, str]) -> Iterator[bytes]:
        """The JSON text, to be joined, of the pools whose `venue`, `account` and `pool` are the wanted ones."""
        yield msgspec.json.encode({"schema": 1, "at": at, "step_seconds": STEP_SECONDS})[:-1] + b',"pools":['
        comma = b""
        for key, ring in list(self._rings.items()):
            named = {"venue": key.venue, "account": key.account, "pool": key.pool}
            if any(named[name] != value for name, value in wanted.items()):
                continue
            points = {
                "end": ring.last * STEP_SECONDS,
                "ratio": _told(ring.ratio),
                "distance_ratio": _told(ring.distance),
            }
            yield comma + msgspec.json.encode(named | points)
            comma = b","
        yield b"]}"


def _ratio(pool: PoolReport) -> float:
    ratio = pool.ratio
    if not pool.quality.figures_shown or ratio.state is State.UNKNOWN:
        return nan
    if ratio.value is None:
        return LARGEST_RATIO if ratio.state is State.LIQUIDATABLE else nan
    return min(ratio.value, LARGEST_RATIO)


def _distance(pool: PoolReport) -> float:
    """Of the nearest line, 0 where there is no way left; no point where no price would do it, or none is known."""
    if not pool.quality.figures_shown:
        return nan
    line: Line = nearest_line(pool)
    if line.state is State.LIQUIDATABLE:
        return 0.0
    return nan if line.state is not State.AT or line.distance_ratio is None else line.distance_ratio


def _told(column: array[float]) -> list[float | None]:
    return [round(value, 5) if isfinite(value) else None for value in column]
