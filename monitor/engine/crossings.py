"""Whether a figure has crossed a level at which somebody would change his mind: one comparison of columns a batch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from monitor.domain.names import AccountKey, PoolKey
from monitor.margin.arrays import Bools, Ints
from monitor.margin.sweep import Sweep

LIQUIDATION = 1.0  #: the ratio that is always a level


@dataclass(slots=True, eq=False)
class _Seen:
    """Between which levels the figures of one sweep's pools lay: by pool, and by ray."""

    token: object
    place: dict[PoolKey, int]
    ratio: Ints
    ray_pool: Ints
    distance: Ints
    held: int  #: of how many pools these are the latest figures; then it can go


class Crossings:
    """Remembers between which levels each pool's figures lie. A pool that is new has crossed."""

    def __init__(self, ratio_levels: Iterable[float], distance_levels: Iterable[float]) -> None:
        # Without equity (+inf) and unknown (NaN) lie beyond a level of their own each.
        self._ratio_levels = np.array([*sorted({*ratio_levels, LIQUIDATION}), math.inf, math.nan])
        self._distance_levels = np.array([*sorted({*distance_levels}), math.inf, math.nan])
        self._seen: dict[int, _Seen] = {}  #: by the identity of its token
        self._of: dict[PoolKey, _Seen] = {}

    def forget(self, pools: Iterable[PoolKey]) -> None:
        """These pools are gone, or are others now."""
        for key in pools:
            self._let_go(key)

    def _let_go(self, key: PoolKey) -> None:
        seen = self._of.pop(key, None)
        if seen is not None:
            seen.held -= 1
            if not seen.held:
                self._seen.pop(id(seen.token), None)

    def crossed(self, sweeps: Iterable[Sweep]) -> dict[AccountKey, None]:
        """The accounts of pools of which a figure lies between other levels than it did in the sweep before."""
        return {pool.owner: None for one in sweeps for pool in self._crossed(one)}

    def _crossed(self, one: Sweep) -> Iterator[PoolKey]:
        # «At least» begins a ratio's alert, «at most» a distance's: a figure on its level counts as beyond it.
        ratio = self._ratio_levels.searchsorted(one.ratio, "right")
        distance = self._distance_levels.searchsorted(one.distance, "left")
        seen = self._seen.get(id(one.token))
        if seen is None:
            changed = self._succeed(one, ratio, distance)
        else:
            other = distance != seen.distance
            changed = ratio != seen.ratio
            if other.any():
                changed[seen.ray_pool[other]] = True
            seen.ratio, seen.distance = ratio, distance
        return (one.pools[number] for number in np.flatnonzero(changed).tolist()) if changed.any() else iter(())

    def _succeed(self, one: Sweep, ratio: Ints, distance: Ints) -> Bools:
        """Remember a sweep of other pools or rays than any before: which of its pools differ from what they were."""
        place = {key: number for number, key in enumerate(one.pools)}
        now = _Seen(one.token, place, ratio, one.ray_pool.copy(), distance, held=len(place))
        changed = np.ones(len(place), np.bool_)
        for before in {id(seen): seen for seen in map(self._of.get, place) if seen is not None}.values():
            changed &= _differ(before, now, [self._of.get(key) is before for key in place])
            self._seen.pop(id(before.token), None)
        for key in place:
            self._let_go(key)
        self._of |= dict.fromkeys(place, now)
        self._seen[id(one.token)] = now
        return changed


def _differ(before: _Seen, now: _Seen, asked: list[bool]) -> Bools:
    """By pool of `now`: whether it was not asked for, or its figures do not lie where they lay before."""
    was = np.array([before.place[key] if mine else -1 for key, mine in zip(now.place, asked, strict=True)], np.intp)
    old, new = _by_pool(before), _by_pool(now)
    same = (was >= 0) & (before.ratio[was] == now.ratio) & (old.count[was] == new.count)
    pool = now.ray_pool[new.order]
    of_same = same[pool]
    rank = (np.arange(len(pool)) - new.begin[pool])[of_same]
    pool = pool[of_same]
    then = before.distance[old.order[old.begin[was[pool]] + rank]]
    same[pool[then != now.distance[new.order[of_same]]]] = False
    changed: Bools = ~same
    return changed


@dataclass(slots=True)
class _ByPool:
    """Rays sorted by pool: the order, and by pool how many there are and where they begin."""

    order: Ints
    count: Ints
    begin: Ints


def _by_pool(seen: _Seen) -> _ByPool:
    count = np.bincount(seen.ray_pool, minlength=len(seen.place))
    return _ByPool(np.argsort(seen.ray_pool, kind="stable"), count, np.cumsum(count) - count)
