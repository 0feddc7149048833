"""How fast things change: bounded, without a clock, and silent about what is not known yet."""

from __future__ import annotations

import sys
from dataclasses import replace
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.catalogue import default_rules
from monitor.alerts.settings import AlertSettings, mistakes
from monitor.alerts.trend import SAMPLES, Trend, Trends, seconds_left, share_lost
from monitor.domain.names import AccountKey, PoolKey
from tests.unit.alerts.desk import Desk, at_ratio

MAIN = PoolKey("paper", "main", "cross:USDT")
SPARE = PoolKey("paper", "spare", "cross:USDT")


def trend(*rooms: float, every: float = 60.0, window: float = 900.0) -> tuple[Trend, float]:
    """A trend that saw these rooms, and when it saw the last of them."""
    found, now = Trend(window), 0.0
    for place, room in enumerate(rooms):
        now = place * every
        found.see(room, now)
    return found, now


def test_the_share_that_is_lost_is_of_the_most_that_there_was() -> None:
    found, _ = trend(800.0, 1_000.0, 900.0)

    assert share_lost(found, 250.0) == 0.75
    assert share_lost(found, 1_000.0) == 0.0
    assert share_lost(found, 1_200.0) == 0.0, "there was never as much"
    assert share_lost(found, -50.0) == 1.0, "more than everything cannot be lost"


def test_nothing_is_lost_where_nothing_was() -> None:
    found, _ = trend(0.0, -10.0)
    assert share_lost(found, -20.0) == 0.0


def test_what_is_older_than_the_window_is_forgotten() -> None:
    found, _ = trend(1_000.0, *[400.0] * 16)
    assert share_lost(found, 400.0) == 0.0


def test_a_number_stands_until_another_one_is_seen() -> None:
    found, _ = trend(1_000.0, 1_000.0)
    found.see(400.0, 60.5)  # seen just after the last look, and then nothing for an hour
    found.see(400.0, 3_660.0)

    assert share_lost(found, 400.0) == 0.0


@given(
    st.lists(st.tuples(st.floats(0.01, 700.0), st.sampled_from([100.0, 400.0, 900.0, 1_000.0])), min_size=1),
    st.lists(st.floats(0.0, 1.0), max_size=3),
)
def test_it_does_not_matter_how_often_one_looks_while_nothing_changes(
    changes: list[tuple[float, float]], looks: list[float]
) -> None:
    seldom, often, now, room = Trend(900.0), Trend(900.0), 0.0, 500.0
    for seconds, other in changes:
        for each in (seldom, often):
            each.see(room, now)
        for part in sorted(looks):
            often.see(room, now + part * seconds)
        now, room = now + seconds, other
    for each in (seldom, often):
        each.see(room, now)
    assert (often.most, often.begin(now)) == (seldom.most, seldom.begin(now))


def test_the_time_left_is_that_of_the_loss_over_the_whole_window() -> None:
    rooms = [1_000.0 - 20.0 * minute for minute in range(16)]
    found, now = trend(*rooms)

    assert seconds_left(found, rooms[-1], now) == pytest.approx(700.0 / 20.0 * 60.0)
    assert seconds_left(found, 0.0, now) == 0.0


@pytest.mark.parametrize("minutes", [0, 1, 14])
def test_before_the_window_is_full_no_time_is_told(minutes: int) -> None:
    found, now = trend(*[1_000.0 - minute for minute in range(minutes + 1)])
    assert seconds_left(found, 500.0, now) is None


def test_a_trend_that_saw_nothing_tells_nothing() -> None:
    assert seconds_left(Trend(), 500.0, 1e9) is None


def test_what_does_not_shrink_lasts_for_ever() -> None:
    found, now = trend(*[1_000.0] * 16)
    assert seconds_left(found, 1_000.0, now) == inf
    assert seconds_left(found, 1_200.0, now) == inf


def test_a_clock_that_was_set_back_begins_anew() -> None:
    found, now = trend(*[1_000.0] * 16)
    found.see(100.0, now - 300.0)

    assert share_lost(found, 100.0) == 0.0
    assert seconds_left(found, 100.0, now) is None


@given(st.lists(st.tuples(st.floats(0.01, 120.0), st.floats(-1e6, 1e6)), max_size=300))
def test_however_often_it_is_looked_at_it_stays_small_and_tells_shares_only(steps: list[tuple[float, float]]) -> None:
    found, now = Trend(900.0), 0.0
    for seconds, room in steps:
        now += seconds
        found.see(room, now)
        assert 0.0 <= share_lost(found, room) <= 1.0
        left = seconds_left(found, room, now)
        assert left is None or left >= 0.0
        assert len(found._stretches) <= SAMPLES + 2  # its bound is what is tested


def test_pools_and_accounts_that_are_gone_are_forgotten() -> None:
    trends = Trends({})
    for key in (MAIN, MAIN._replace(pool="cross:BTC"), SPARE):
        trends.pool("worsening", key, 1_000.0, 0.0)

    trends.keep_pools(MAIN.owner, [MAIN])
    trends.keep_pools(AccountKey("paper", "never seen"), [])
    trends.keep({MAIN.owner})

    assert share_lost(trends.pool("worsening", MAIN, 500.0, 60.0), 500.0) == 0.5
    for gone in (MAIN._replace(pool="cross:BTC"), SPARE):
        assert share_lost(trends.pool("worsening", gone, 500.0, 60.0), 500.0) == 0.0


def test_a_rule_looks_back_as_far_as_the_user_says() -> None:
    trends = Trends({"worsening": 60.0, "trend_time": None})

    assert trends.window_seconds("worsening") == 60.0
    assert trends.window_seconds("trend_time") == trends.window_seconds("unheard of") == 900.0
    trends.pool("worsening", MAIN, 1_000.0, 0.0)
    trends.pool("worsening", MAIN, 500.0, 30.0)
    assert share_lost(trends.pool("worsening", MAIN, 500.0, 95.0), 500.0) == 0.0


def test_a_counter_grows_within_the_window_only() -> None:
    trends, stream = Trends({}), ("paper", "", "marks")

    assert trends.growth("unacknowledged", stream, 7.0, 0.0) == 0.0, "what was before the start is not known"
    assert trends.growth("unacknowledged", stream, 9.0, 60.0) == 2.0
    assert trends.growth("unacknowledged", stream, 10.0, 65.0) == 3.0, "also between two samples"
    assert trends.growth("unacknowledged", stream, 0.0, 70.0) == 0.0, "it began anew"
    late = [trends.growth("unacknowledged", stream, 10.0, 100.0 + 60.0 * minute) for minute in range(40)]
    assert late[-1] == 0.0


def test_a_trend_is_small() -> None:
    found, _ = trend(*[float(room) for room in range(1_000)])
    assert sys.getsizeof(found._stretches) < 2_000  # what a pool costs is promised in the docstring


@pytest.mark.parametrize(
    ("rule", "window", "cure"),
    [
        ("trend_time", 899.0, "must be 900 seconds or more"),
        ("trend_time", inf, "must be 900 seconds or more"),
        ("worsening", 59.0, "must be 60 seconds or more"),
        ("margin_ratio", 900.0, "does not look back"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(rule: str, window: float, cure: str) -> None:
    settings = replace(default_rules()[rule], window_seconds=window)
    (mistake,) = mistakes(AlertSettings(rules={rule: settings}))

    assert mistake.key == f"alerts.{rule}.window_seconds"
    assert cure in str(mistake)


@pytest.mark.parametrize(("rule", "window"), [("trend_time", 900.0), ("worsening", 60.0), ("unacknowledged", None)])
def test_a_window_that_makes_sense_is_taken(rule: str, window: float | None) -> None:
    settings = replace(default_rules()[rule], window_seconds=window)
    assert list(mistakes(AlertSettings(rules={rule: settings}))) == []


def test_the_alerting_looks_back_as_far_as_the_rule_says() -> None:
    desk = Desk(worsening=replace(default_rules()["worsening"], window_seconds=120.0))
    for minute in range(11):
        desk.see(at_ratio(0.01, equity_usd=100_000.0 - 9_500.0 * minute), seconds=60.0)
    assert desk.alert("worsening").text.count("within 2 min") == 1
