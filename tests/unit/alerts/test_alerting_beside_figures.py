"""What is told beside the figures: streams, bans, clocks, keys, and what happened to an account."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from monitor.alerts.alerting import REREAD_SECONDS, Alerting
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.domain.accounts import Permissions
from monitor.domain.alerts import Change
from monitor.domain.names import AccountKey
from monitor.domain.reports import Notice
from monitor.domain.view import Budget
from tests.sample_reports import MAIN, NOW, account, feed
from tests.unit.alerts.desk import CRITICAL, WARNING, Desk, happened


def test_a_lost_stream_is_told_once_and_its_return_once() -> None:
    desk = Desk()
    lost = (feed(up=False, phase="waiting", reason="closed by the venue"),)

    assert desk.hold(account(), seconds=60, feeds=lost) == [("feed_down", Change.FIRED)]
    assert "closed by the venue" in desk.alert("feed_down").summary
    assert desk.hold(account(), seconds=60, feeds=()) == [], "a stream that is not listed has not returned"
    assert desk.hold(account(), seconds=120, feeds=(feed(),)) == [("feed_down", Change.RESOLVED)]


def test_a_ban_is_told_at_once_and_ends_with_its_time() -> None:
    desk = Desk()
    banned = (Budget(venue="binance", used_ratio=0.5, banned_until=NOW + 120),)

    assert desk.see(account(), budgets=banned) == [("venue_ban", Change.FIRED)]
    assert desk.see(account(), budgets=banned, seconds=118) == []
    assert desk.see(account(), budgets=banned) == [("venue_ban", Change.RESOLVED)]


def test_a_skewed_clock_is_told() -> None:
    desk = Desk()

    assert desk.hold(account(), seconds=61, clock_offsets={"binance": -2.0}) == [("clock_offset", Change.FIRED)]
    assert "-2.000 s" in desk.alert("clock_offset").summary


def test_a_key_that_may_withdraw_is_told_and_stays_told_when_it_cannot_be_read() -> None:
    desk = Desk()
    strong = account(permissions=Permissions(can_trade=True, can_withdraw=True))
    desk.hold(strong, seconds=61)
    assert desk.firing == [("key_permission", CRITICAL)]

    desk.hold(account(permissions=None), seconds=600)
    assert desk.firing == [("key_permission", CRITICAL)]
    assert desk.hold(account(), seconds=2) == [("key_permission", Change.RESOLVED)]


def test_what_a_key_may_do_is_not_told_to_whom_it_does_not_matter() -> None:
    strong = account(permissions=Permissions(can_trade=True, can_withdraw=True))
    desk = Desk()
    desk.alerting = Alerting(AlertSettings(any_key=frozenset({MAIN})))
    other = replace(strong, key=AccountKey("binance", "other"))
    changed = Notice(kind="permissions", account=MAIN, key="key", text="the key may trade", at=NOW)
    notices = [changed, replace(changed, account=other.key)]
    assert desk.see(strong, other, notices=notices) == [("permissions_changed", Change.FIRED)]
    desk.hold(strong, other, seconds=61)
    assert [(alert.rule, alert.labels["account"]) for alert in desk.alerting.firing] == [
        ("key_permission", "other"), ("permissions_changed", "other"),
    ]  # fmt: skip


def test_time_alone_brings_a_key_to_its_expiry() -> None:
    desk = Desk()
    report = account(permissions=Permissions(can_trade=False, can_withdraw=False, expires=NOW + 8 * 86400))

    assert desk.see(report) == []
    assert desk.see(report, seconds=86400) == [("key_expiry", Change.FIRED)]
    assert "7 d" in desk.alert("key_expiry").summary
    assert desk.see(report, seconds=REREAD_SECONDS) == []


def test_an_event_is_told_at_once_and_stands_for_an_hour() -> None:
    desk = Desk()

    assert desk.see(account(), notices=[happened()]) == [("mode_changed", Change.FIRED)]
    assert desk.alert("mode_changed").summary == "main at binance: hedge mode was switched on"
    assert desk.hold(account(), seconds=3600) == []
    assert desk.hold(account(), seconds=2) == [("mode_changed", Change.RESOLVED)]


def test_an_event_does_not_end_while_its_account_cannot_be_seen() -> None:
    desk = Desk(account_down=RuleSettings(enabled=False))
    desk.see(account(), notices=[happened()])

    assert desk.hold(account(up=False), seconds=8000) == []
    assert desk.firing == [("mode_changed", WARNING)]


def test_an_event_that_happens_again_is_told_again() -> None:
    desk = Desk()
    desk.see(account(), notices=[happened()])
    desk.hold(account(), seconds=100)

    assert desk.see(account(), notices=[happened()]) == [("mode_changed", Change.REPEATED)]
    assert desk.see(account(), notices=[happened(), happened()]) == [], "a burst is one"
    assert desk.see(account(), notices=[happened(key="multi-assets")]) == [("mode_changed", Change.FIRED)]


def test_a_notice_without_a_rule_is_not_told() -> None:
    assert Desk().see(account(), notices=[happened(kind="full_moon")]) == []


def test_a_stream_that_stays_late_is_told_and_one_late_message_is_not() -> None:
    def late(seconds: float, ago: float = 0.5) -> dict[str, Any]:
        return {"feeds": (feed("user", account="main", lag_seconds=seconds, last_message=desk.now - ago),)}

    desk = Desk()
    for ago in range(120):
        assert desk.see(**late(12.0, ago)) == []
    for _ in range(30):
        assert desk.see(**late(2.0)) == []
    assert desk.see(**late(2.0)) == [("feed_lag", Change.FIRED)]
    assert desk.firing == [("feed_lag", WARNING)]
    assert desk.alert("feed_lag").labels == {"venue": "binance", "account": "main", "stream": "user"}
    assert [told for _ in range(31) for told in desk.see(**late(10.0))] == [("feed_lag", Change.ESCALATED)]
