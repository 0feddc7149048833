"""Time as it passes on a machine that has nothing else to do.

A test in which a simulator and a monitor share one event loop is about seconds: so long silent, and a stream is down.
What else the machine does meanwhile is none of its business. On a `SteadyLoop` the time for which the process was not
let run, and all of a long computation but its beginning, does not count: neither for timers, nor for either clock.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from monitor.app.clock import SystemClock
from monitor.sim.clock import WallClock

COUNTED_SECONDS = 0.02  #: of what happens between two looks for events, however long it takes


class _Counting(selectors.BaseSelector):
    """The usual selector, which adds up the time that counts."""

    def __init__(self) -> None:
        self._real = selectors.DefaultSelector()
        self._counted = self._since = time.monotonic()

    def now(self) -> float:
        return self._counted + min(time.monotonic() - self._since, COUNTED_SECONDS)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """As long as it was to wait at most counts; how much later the process was woken does not."""
        self._counted, self._since = self.now(), time.monotonic()
        found = self._real.select(timeout)
        waited = time.monotonic() - self._since
        self._counted += waited if timeout is None else min(waited, max(timeout, 0.0))
        self._since += waited
        return found

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._real.modify(fileobj, events, data)

    def close(self) -> None:
        self._real.close()

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._real.get_map()


class SteadyLoop(asyncio.SelectorEventLoop):
    """An event loop whose time stands still while the machine does something else."""

    def __init__(self) -> None:
        self._counting = _Counting()
        super().__init__(self._counting)
        self._started = time.time() - self.time()
        _RUNNING.append(self)

    def close(self) -> None:
        if self in _RUNNING:
            _RUNNING.remove(self)
        super().close()

    def time(self) -> float:
        return self._counting.now()

    def wall(self) -> float:
        """Seconds since 1970 by this loop's time."""
        return self._started + self.time()


_RUNNING: list[SteadyLoop] = []  #: threads of a monitor read its clock, too, and run on no loop


def monotonic() -> float:
    """Seconds of the loop that runs, whichever thread asks; those of the machine where there is none."""
    return _RUNNING[-1].time() if _RUNNING else time.monotonic()


def now() -> float:
    """Seconds since 1970 by the time of the loop that runs."""
    return _RUNNING[-1].wall() if _RUNNING else time.time()


def steady_clocks() -> Iterator[None]:
    """While this lasts, the clocks of monitors and simulated venues go by the loop that they run on."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(WallClock, "now", lambda _: now())
        patch.setattr(WallClock, "monotonic", lambda _: monotonic())
        patch.setattr(SystemClock, "now", lambda _: now())
        patch.setattr(SystemClock, "monotonic", lambda _: monotonic())
        yield
