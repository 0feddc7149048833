"""When to try again, and whether: pure functions, so that tests read them like a list."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from enum import StrEnum

from monitor.domain.errors import ConfigError, ConfigRefused, RateLimited, Refused, VenueError
from monitor.venues.settings import Timings


class Verdict(StrEnum):
    """What to do about an error."""

    RETRY = "retry"  #: the other side or the way to it failed: wait, try again
    WAIT_UNTIL = "wait_until"  #: the venue named a time; the error carries it in `until`
    STOP = "stop"  #: a person must act: alert, do not hammer
    BUG = "bug"  #: ours: loud, and started again slowly


def verdict(exc: BaseException) -> Verdict:
    """Judge an error. The transport translates everything foreign into our errors, so a foreign one is a bug.

    Of a group, the gravest member decides.
    """
    match exc:
        case BaseExceptionGroup():
            grave = (Verdict.BUG, Verdict.STOP, Verdict.WAIT_UNTIL, Verdict.RETRY)
            return min((verdict(member) for member in exc.exceptions), key=grave.index)
        case RateLimited():
            return Verdict.WAIT_UNTIL
        case Refused() | ConfigError() | ConfigRefused():
            return Verdict.STOP
        case VenueError():
            return Verdict.RETRY
        case _:
            return Verdict.BUG


def delays(
    first: float = 1.0, factor: float = 1.6, cap: float = 60.0, jitter: Callable[[], float] = random.random
) -> Iterator[float]:
    """Seconds to wait before each further attempt: growing by `factor` to `cap`, each halved at most by chance.

    Without the chance, all that was cut off together would come back together.
    """
    while True:
        yield first * (0.5 + jitter() / 2)
        first = min(cap, first * factor)


class Backoff:
    """The delays of one thing that is tried again and again.

    It starts anew only after a success that lasted (`live_seconds`), not after a handshake: a server that accepts and
    closes would otherwise be called without a pause.
    """

    def __init__(self, timings: Timings, jitter: Callable[[], float] = random.random) -> None:
        self._timings, self._jitter = timings, jitter
        self._delays = self._anew()

    def _anew(self) -> Iterator[float]:
        t = self._timings
        return delays(t.backoff_first_seconds, t.backoff_factor, t.backoff_cap_seconds, self._jitter)

    def after(self, live_seconds: float) -> float:
        """Seconds to wait now, after a failure that came when things had been well for `live_seconds`."""
        if live_seconds >= self._timings.live_seconds:
            self._delays = self._anew()
        return next(self._delays)
