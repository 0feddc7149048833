"""The real clock: it never goes back, whatever the system's does."""

from __future__ import annotations

from monitor.app.clock import SystemClock


def test_a_clock_that_is_set_back_goes_on_from_where_it_was() -> None:
    wall = iter([100.0, 101.0, 41.0, 42.0, 52.0, 30.0, 31.0])
    clock = SystemClock(lambda: next(wall))
    assert [clock.now() for _ in range(7)] == [100.0, 101.0, 101.0, 102.0, 112.0, 112.0, 113.0]


def test_a_clock_that_is_set_forward_is_followed() -> None:
    wall = iter([100.0, 101.0, 3_700.0])
    clock = SystemClock(lambda: next(wall))
    assert [clock.now() for _ in range(3)] == [100.0, 101.0, 3_700.0]
