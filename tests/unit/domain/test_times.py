"""Moments in words."""

from __future__ import annotations

from monitor.domain.times import utc, utc_time


def test_a_moment_is_told_in_utc_to_the_minute() -> None:
    assert utc(1_700_000_000.9) == "2023-11-14 22:13 UTC"
    assert utc_time(1_700_000_000.9) == "22:13 UTC"
