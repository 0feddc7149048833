"""The log of feeds: one line when something fails, one when it is back."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from monitor.app.edges import Edges
from monitor.domain.events import (
    AssetTick,
    Banned,
    ClockRead,
    CollateralLoaded,
    Elapsed,
    Event,
    FeedDown,
    FeedUp,
    OptionMarks,
    PollFailed,
    Tick,
    Ticks,
    TiersLoaded,
)


def lines(*events: Event) -> list[tuple[str, object]]:
    edges = Edges()
    with capture_logs() as logs:
        for event in events:
            edges.see([event])
    return [(entry["event"], entry.get("after_failures")) for entry in logs]


def test_a_night_of_reconnects_is_two_lines() -> None:
    down = FeedDown("binance", "main", "user", 1.0, "closed")
    assert lines(*[down] * 40, FeedUp("binance", "main", "user", 2.0)) == [("feed down", None), ("feed up", 40)]


def test_two_streams_are_told_apart() -> None:
    assert len(lines(FeedDown("binance", "a", "user", 1.0, ""), FeedDown("binance", "b", "user", 1.0, ""))) == 2


def test_a_reading_that_fails_for_hours_is_one_line_until_it_works_again() -> None:
    failed = PollFailed("binance", None, "tiers", 1.0, "timeout")
    loaded = TiersLoaded("binance", None, (), 2.0)
    assert lines(loaded, failed, failed, loaded, loaded) == [("reading failed", None), ("reading works again", 2)]


def test_a_reading_that_waits_for_the_budget_did_not_fail() -> None:
    waits = PollFailed("binance", None, "tiers", 1.0, "used up", waiting=True)
    assert lines(waits, TiersLoaded("binance", None, (), 2.0)) == [("reading waits", None)]


@pytest.mark.parametrize(
    ("what", "proof"),
    [
        ("clock", ClockRead("binance", 0.1, 0.05, 2.0)),
        ("marks", Tick("binance", "BTCUSDT", 60_000.0, 2.0, 2.0)),
        ("marks", Ticks("binance", ("BTCUSDT",), (60_000.0,), (2.0,), 2.0)),
        ("assets", AssetTick("binance", "USDT", 1.0, 2.0, 2.0)),
        ("collateral", CollateralLoaded("binance", None, (), 2.0)),
        ("options", OptionMarks("binance", ("BTC-CALL",), (0.5,), (60_000.0,), 2.0)),
    ],
)
def test_a_public_reading_that_fails_again_later_is_told_again(what: str, proof: Event) -> None:
    failed = PollFailed("binance", None, what, 1.0, "timeout")
    told = lines(failed, failed, proof, proof, failed)
    assert told == [("reading failed", None), ("reading works again", 2), ("reading failed", None)]


def test_a_ban_is_told_and_time_is_not() -> None:
    assert lines(Banned("binance", 2.0, 1.0), Elapsed(1.0)) == [("venue says stop", None)]
