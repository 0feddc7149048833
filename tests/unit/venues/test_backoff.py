"""Whether to try again, and when."""

from __future__ import annotations

from itertools import islice

import pytest

from monitor.domain.errors import (
    AuthRejected,
    ClockSkewed,
    ConfigError,
    FeedLost,
    KeyTooPowerful,
    MalformedAnswer,
    RateLimited,
    Refused,
)
from monitor.venues.backoff import Backoff, Verdict, delays, verdict
from monitor.venues.settings import Timings


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FeedLost("v", "marks", "closed", 1006), Verdict.RETRY),
        (ClockSkewed("v", "account", "timestamp", -1021), Verdict.RETRY),
        (MalformedAnswer("v", "account", "no JSON"), Verdict.RETRY),
        (RateLimited("v", "account", "banned", 1_000.0, 418), Verdict.WAIT_UNTIL),
        (AuthRejected("v", "account", "key", -2015), Verdict.STOP),
        (KeyTooPowerful("v", "main", "withdraws"), Verdict.STOP),
        (Refused("v", "account", "no", -1121), Verdict.STOP),
        (ConfigError("accounts", "x", "y"), Verdict.STOP),
        (KeyError("symbol"), Verdict.BUG),
        (ConnectionResetError(), Verdict.BUG),  # the transport translates these; one that gets here was forgotten
        (ExceptionGroup("both", [FeedLost("v", "a", "b"), KeyError("c")]), Verdict.BUG),
        (ExceptionGroup("both", [FeedLost("v", "a", "b"), AuthRejected("v", "a", "b")]), Verdict.STOP),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
def test_an_error_has_one_verdict(error: BaseException, expected: Verdict) -> None:
    assert verdict(error) is expected


def test_delays_grow_to_the_cap_and_are_at_most_halved_by_chance() -> None:
    assert [round(x, 3) for x in islice(delays(1.0, 2.0, 5.0, jitter=lambda: 1.0), 5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    assert [round(x, 3) for x in islice(delays(1.0, 2.0, 5.0, jitter=lambda: 0.0), 5)] == [0.5, 1.0, 2.0, 2.5, 2.5]


def test_a_handshake_earns_no_fresh_delays_but_a_while_of_life_does() -> None:
    timings = Timings(backoff_first_seconds=1, backoff_factor=2, backoff_cap_seconds=60, live_seconds=30)
    backoff = Backoff(timings, jitter=lambda: 1.0)
    assert [backoff.after(live) for live in (0.0, 0.0, 29.9)] == [1.0, 2.0, 4.0]
    assert [backoff.after(live) for live in (30.0, 0.0)] == [1.0, 2.0]
