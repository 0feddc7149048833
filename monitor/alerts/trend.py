"""How fast things change: what was seen lately of a number, bounded and without a clock.

A number is kept about every thirtieth of its window, so that a pool costs some forty pairs of numbers however often it
is looked at. What is kept does not survive a restart: for the length of a window nothing older is known, and what
cannot be told yet is None.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from math import inf

from monitor.domain.names import AccountKey, PoolKey

SAMPLES = 30  #: kept over one window
WINDOW_SECONDS = 900.0


class Trend:
    """One number over one window."""

    __slots__ = ("_every", "_most", "_samples", "window_seconds")

    def __init__(self, window_seconds: float = WINDOW_SECONDS) -> None:
        self.window_seconds = window_seconds
        self._every = window_seconds / SAMPLES
        self._samples: deque[tuple[float, float]] = deque()
        self._most = -inf

    def see(self, value: float, now: float) -> None:
        """The number is `value` at `now`. A clock that was set back begins anew."""
        samples = self._samples
        if samples and now < samples[-1][0]:
            samples.clear()
        if samples and now - samples[-1][0] < self._every:
            return
        samples.append((now, value))
        # The newest that is as old as the window stays: from it on the whole window is known.
        while len(samples) > 1 and samples[1][0] <= now - self.window_seconds:
            samples.popleft()
        self._most = max(each for _, each in samples)

    @property
    def most(self) -> float:
        """The greatest number within the window; -inf before there is any."""
        return self._most

    def begin(self, now: float) -> tuple[float, float] | None:
        """(seconds ago, number) at the beginning of the window; None while less than the window is known."""
        at, value = self._samples[0] if self._samples else (now, 0.0)
        return (now - at, value) if now - at >= self.window_seconds else None


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
    return inf if lost <= 0.0 else max(0.0, room) * seconds / lost
