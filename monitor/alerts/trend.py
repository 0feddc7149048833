"""How fast things change: what was seen lately of a number, bounded and without a clock.

A number stands until another one is seen, so that it does not matter how often one looks. Its window is cut into thirty
stretches of the clock, and of each is kept the greatest number that stood in it and the last one: a pool costs some
forty small tuples however often it is looked at. What is kept does not survive a restart: for the length of a window
nothing older is known, and what cannot be told yet is None.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Mapping
from itertools import dropwhile
from typing import NamedTuple

from monitor.domain.names import AccountKey, PoolKey

SAMPLES = 30  #: stretches in one window
WINDOW_SECONDS = 900.0


class _Stretch(NamedTuple):
    """Of one stretch of the clock: the greatest number that stood in it, and the last, which came at `at`."""

    number: int
    most: float
    last: float
    at: float


class Trend:
    """One number over one window."""

    __slots__ = ("_every", "_seen", "_since", "_stretches", "window_seconds")

    def __init__(self, window_seconds: float = WINDOW_SECONDS) -> None:
        self.window_seconds = window_seconds
        self._every = window_seconds / SAMPLES
        self._stretches: deque[_Stretch] = deque()
        self._since = math.inf  #: when it was seen first
        self._seen = -math.inf  #: and last

    def see(self, value: float, now: float) -> None:
        """The number is `value` at `now`. A clock that was set back begins anew."""
        stretches = self._stretches
        if now < self._seen:
            stretches.clear()
            self._since = math.inf
        self._since, self._seen = min(self._since, now), now
        number = math.floor(now / self._every)
        before = stretches[-1] if stretches else _Stretch(number, value, value, now)
        at = now if value != before.last else before.at
        if stretches and before.number == number:
            stretches[-1] = _Stretch(number, max(before.most, value), value, at)
        else:  # what stood until now stood in this stretch, too
            stretches.append(_Stretch(number, max(before.last, value), value, at))
        # The newest that ended before the window began stays: what stood last in it stood when the window began.
        begin = self._begins(now)
        while len(stretches) > 1 and stretches[1].number <= begin:
            stretches.popleft()

    @property
    def most(self) -> float:
        """The greatest number within the window; -inf before there is any."""
        begin = self._begins(self._seen) if self._stretches else 0
        within = (each.most if each.number > begin else each.last for each in self._stretches)
        return max(within, default=-math.inf)

    def begin(self, now: float) -> tuple[float, float] | None:
        """(seconds ago, number) at the beginning of the window; None while less than the window is known."""
        if now - self._since < self.window_seconds:
            return None
        later = dropwhile(lambda each: each.number > self._begins(now), reversed(self._stretches))
        stood = next(later)
        return min(self.window_seconds, now - stood.at), stood.last

    def _begins(self, now: float) -> int:
        """The stretch in which the window begins."""
        return math.floor((now - self.window_seconds) / self._every)


class Trends:
    """What rules on speed remember. `windows` are in seconds by rule, None or missing: the usual one."""

    def __init__(self, windows: Mapping[str, float | None]) -> None:
        self._windows = windows
        self._accounts: dict[AccountKey, dict[PoolKey, dict[str, Trend]]] = {}
        self._streams: dict[tuple[str, ...], Trend] = {}

    def pool(self, rule: str, key: PoolKey, room: float, now: float) -> Trend:
        """The trend of a pool's room for a rule, with what the room is now."""
        rules = self._accounts.setdefault(key.owner, {}).setdefault(key, {})
        trend = rules.get(rule)
        if trend is None:
            trend = rules[rule] = self._new(rule)
        trend.see(room, now)
        return trend

    def growth(self, rule: str, stream: tuple[str, ...], count: float, now: float) -> float:
        """By how much a counter of a stream grew within the window, as far as that is known."""
        trend = self._streams.get(stream)
        if trend is None:
            trend = self._streams[stream] = self._new(rule)
        trend.see(-count, now)
        return max(0.0, count + trend.most)

    def keep(self, accounts: Collection[AccountKey]) -> None:
        """Forget all other accounts."""
        for key in self._accounts.keys() - accounts:
            del self._accounts[key]

    def keep_pools(self, account: AccountKey, pools: Collection[PoolKey]) -> None:
        """Forget the account's other pools."""
        known = self._accounts.get(account, {})
        for key in known.keys() - pools:
            del known[key]

    def window_seconds(self, rule: str) -> float:
        """How far back a rule looks."""
        return self._windows.get(rule) or WINDOW_SECONDS

    def _new(self, rule: str) -> Trend:
        return Trend(self.window_seconds(rule))


def share_lost(trend: Trend, room: float) -> float:
    """Which part of the most room within the window is gone."""
    return 0.0 if trend.most <= 0.0 or room >= trend.most else 1.0 - max(0.0, room) / trend.most


def seconds_left(trend: Trend, room: float, now: float) -> float | None:
    """How long the room lasts if it goes on shrinking as over the whole window; +inf where it does not shrink, None
    while less than the window is known.
    """
    begin = trend.begin(now)
    if begin is None:
        return None
    seconds, before = begin
    lost = before - room
    return math.inf if lost <= 0.0 else max(0.0, room) * seconds / lost
