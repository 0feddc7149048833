"""What surrounds the accounts, and the monitor itself: what is read of it, and what another alert tells already."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.alerts.catalogue import RULES
from monitor.alerts.outside import OUTSIDE, venue_readings
from monitor.alerts.reading import Reading
from monitor.alerts.trend import Trends
from monitor.domain.alerts import Change, Severity
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.view import Budget, View
from tests.sample_reports import NOW, account, feed, view
from tests.unit.alerts.desk import Desk

STORE = StoreStatus(writing=True)
PHONE = ChannelStatus(name="phone", kind="telegram", up=True)
HEDGER = HeartbeatStatus(name="hedger", every_seconds=60.0, last=None, since=NOW)


def read(shown: View, *rules: str, before: View | None = None) -> list[Reading]:
    """What is read of these rules if all is asked for."""
    return list(venue_readings(shown, before, NOW, lambda rule, value, state: rule in rules, Trends({})))


def test_the_rules_that_read_the_surroundings_are_rules() -> None:
    assert RULES.keys() >= OUTSIDE
    everything = view(store=STORE, channels=(PHONE,), heartbeats=(HEDGER,), feeds=(feed(), feed(polled=True)))
    assert {reading.subject.rule for reading in read(everything, *RULES)} == OUTSIDE


def test_a_store_that_does_not_write_is_told_and_not_also_that_it_is_late() -> None:
    desk = Desk()
    full = StoreStatus(writing=False, reason="the disk is full", oldest_seconds=500.0)

    assert desk.hold(account(), seconds=60, store=full) == [("store_down", Change.FIRED)]
    assert desk.alert("store_down").labels == {"trouble": "writing"}


def test_a_store_that_is_slow_is_told() -> None:
    desk = Desk()
    told = desk.hold(account(), seconds=20, store=replace(STORE, oldest_seconds=15.0))
    assert told == [("store_lag", Change.FIRED)]


def test_what_the_store_lost_is_told_once() -> None:
    desk = Desk()
    lost = replace(STORE, lost_total=3)
    desk.see(account(), store=STORE)

    first = read(view(store=lost), "store_down", before=view(store=STORE))
    later = read(view(store=lost), "store_down", before=view(store=lost))

    assert [reading.state for reading in first] == ["", "lost"]
    assert [reading.state for reading in later] == ["", ""]


def test_a_channel_that_is_down_is_told_and_not_also_that_it_is_late() -> None:
    desk = Desk()
    down = replace(PHONE, up=False, reason="502", oldest_seconds=5_000.0)

    assert desk.hold(account(), seconds=115, channels=(down,)) == []
    assert desk.hold(account(), seconds=10, channels=(down,)) == [("channel_down", Change.FIRED)]
    assert desk.alert("channel_down").labels == {"channel": "phone"}


def test_a_channel_that_is_late_is_told() -> None:
    desk = Desk()
    slow = (replace(PHONE, oldest_seconds=130.0), replace(PHONE, name="mail"))
    assert desk.hold(account(), seconds=20, channels=slow) == [("channel_lag", Change.FIRED)]


def test_a_sign_of_life_that_does_not_come_is_told_by_time_alone() -> None:
    desk = Desk()
    beats = (HEDGER,)

    assert desk.hold(account(), seconds=119, heartbeats=beats) == []
    assert desk.hold(account(), seconds=2, heartbeats=beats) == [("heartbeat_missed", Change.FIRED)]
    assert desk.alert("heartbeat_missed").labels == {"heartbeat": "hedger"}
    alive = (replace(HEDGER, last=desk.now),)
    assert desk.hold(account(), seconds=63, heartbeats=alive) == [("heartbeat_missed", Change.RESOLVED)]


def test_a_clock_that_was_set_back_misses_no_heartbeat() -> None:
    (reading,) = read(view(heartbeats=(replace(HEDGER, last=NOW + 500.0),)), "heartbeat_missed")
    assert reading.value == 0.0


def test_a_long_stall_of_the_loop_is_told_at_once() -> None:
    desk = Desk()
    desk.see(account())

    assert desk.see(account(), late_seconds=31.0) == [("monitor_late", Change.FIRED)]
    assert desk.alert("monitor_late").severity is Severity.CRITICAL
    assert desk.hold(account(), seconds=5) == [], "nor is it over at once"


def test_what_waits_for_the_engine_is_told_when_it_stays() -> None:
    desk = Desk()
    waiting = (feed(waiting=5_000),)

    assert desk.see(account(), inbox_depth=20_000, feeds=waiting) == []
    told = desk.hold(account(), seconds=20, inbox_depth=20_000, feeds=waiting)
    assert sorted(told) == [("feed_backlog", Change.FIRED), ("inbox_backlog", Change.FIRED)]


def test_a_budget_is_told_once_a_venue_for_the_worst_of_its_addresses() -> None:
    budgets = tuple(Budget(venue="binance", used_ratio=used) for used in (0.2, 0.9, 0.5))
    assert [reading.value for reading in read(view(budgets=budgets), "weight_budget")] == [0.9]


def test_a_ban_of_one_address_is_not_hidden_by_another() -> None:
    budgets = tuple(
        Budget(venue="binance", used_ratio=0.1, banned_until=until) for until in (NOW + 60.0, None, NOW - 1)
    )
    assert [reading.state for reading in read(view(budgets=budgets), "venue_ban")] == ["banned"]


def test_what_there_is_not_is_not_read() -> None:
    nothing = view(journal=None, store=None, channels=(), feeds=(), budgets=())
    assert read(nothing, "journal", "store_down", "feed_down", "channel_down") == []


@pytest.mark.parametrize(
    ("changed", "value"),
    [({}, 4.0), ({"up": False}, None)],
    ids=["delivering nevertheless", "down: that alert says why"],
)
def test_subscriptions_that_are_not_acknowledged(changed: dict[str, Any], value: float | None) -> None:
    trends = Trends({})
    for stream in (feed(), feed(missed_acknowledgements=3, refused=1, **changed)):
        found = list(
            venue_readings(view(feeds=(stream,)), None, NOW, lambda rule, *_: rule == "unacknowledged", trends)
        )

    assert [reading.value for reading in found] == [value]
    assert found[0].subject.labels == {"venue": "binance", "stream": "marks"}


def test_a_stream_that_must_be_subscribed_again_and_again_is_told_although_it_delivers() -> None:
    desk = Desk()
    desk.hold(account(), seconds=10, feeds=(feed(),))

    told = desk.hold(account(), seconds=10, feeds=(feed(missed_acknowledgements=3),))

    assert told == [("unacknowledged", Change.FIRED)]


def test_what_is_polled_has_no_subscription() -> None:
    assert read(view(feeds=(feed(polled=True, missed_acknowledgements=9),)), "unacknowledged") == []
