"""One outage of a venue is a few lines, not one for each of its readings; and none of them hides another trouble."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerts.catalogue import default_rules
from monitor.alerts.rule import RuleSettings
from monitor.domain.alerts import Change
from monitor.domain.view import Budget, FeedStatus
from tests.sample_reports import account, feed
from tests.unit.alerts.desk import Desk

READINGS = ("account", "config", "tiers")
UNTIL_POLLS_FIRE = 95
DISABLED = replace(default_rules()["venue_ban"], enabled=False)
SILENCED = replace(default_rules()["venue_ban"], severities={})


def reading(what: str = "account", *, up: bool = False, owner: str = "main") -> FeedStatus:
    """A reading of the account, down unless said otherwise."""
    return feed(what, account=owner, up=up, polled=True, phase="live" if up else "failing")


def own_stream(*, up: bool) -> FeedStatus:
    """The account's stream."""
    return feed("user", account="main", up=up)


def banned(desk: Desk) -> tuple[Budget, ...]:
    """A ban that is not over soon."""
    return (Budget(venue="binance", used_ratio=0.5, banned_until=desk.now + 3600.0),)


def test_a_reading_that_keeps_failing_beside_living_streams_is_told_after_all_tries_had_their_turn() -> None:
    desk = Desk()
    feeds = (feed(), own_stream(up=True), reading())

    assert desk.hold(account(), seconds=90, feeds=feeds) == []
    assert desk.see(account(), feeds=feeds) == [("poll_down", Change.FIRED)]
    assert desk.alert("poll_down").labels == {"venue": "binance", "account": "main", "stream": "account"}
    restored = (feed(), own_stream(up=True), reading(up=True))
    assert desk.hold(account(), seconds=62, feeds=restored) == [("poll_down", Change.RESOLVED)]


def test_while_the_venue_bans_us_only_the_ban_is_told() -> None:
    desk = Desk()
    feeds = (feed(), own_stream(up=True), *map(reading, READINGS))

    told = desk.hold(account(), seconds=300, feeds=feeds, budgets=banned(desk))

    assert told == [("venue_ban", Change.FIRED)]


def test_a_stream_that_is_down_is_told_during_a_ban_too() -> None:
    desk = Desk()

    told = desk.hold(account(), seconds=60, feeds=(feed(up=False),), budgets=banned(desk))

    assert told == [("venue_ban", Change.FIRED), ("feed_down", Change.FIRED)]


def test_another_venues_ban_silences_nothing() -> None:
    desk = Desk()
    elsewhere = (replace(banned(desk)[0], venue="other"),)

    desk.hold(account(), seconds=UNTIL_POLLS_FIRE, feeds=(own_stream(up=True), reading()), budgets=elsewhere)

    assert {alert.rule for alert in desk.alerting.firing} == {"venue_ban", "poll_down"}


@pytest.mark.parametrize("ban", [DISABLED, SILENCED], ids=["disabled", "without a severity"])
def test_where_the_user_wants_no_alert_of_bans_the_readings_speak(ban: RuleSettings) -> None:
    desk = Desk(venue_ban=ban)
    feeds = (own_stream(up=True), reading())

    told = desk.hold(account(), seconds=UNTIL_POLLS_FIRE, feeds=feeds, budgets=banned(desk))

    assert told == [("poll_down", Change.FIRED)]


def test_a_lost_venue_is_told_by_its_streams_alone() -> None:
    desk = Desk()
    public = [reading(what, owner="") for what in ("clock", "instruments")]
    feeds = (feed(up=False), feed("assets", up=False), own_stream(up=False), *map(reading, READINGS), *public)

    told = desk.hold(account(), seconds=300, feeds=feeds)

    assert told == [("feed_down", Change.FIRED)] * 3


def test_streams_of_others_do_not_speak_for_a_reading() -> None:
    desk = Desk()
    feeds = (feed(up=False), feed("assets"), own_stream(up=True), reading(), reading("clock", owner=""))

    desk.hold(account(), seconds=UNTIL_POLLS_FIRE, feeds=feeds)

    told = {(alert.rule, alert.labels["stream"]) for alert in desk.alerting.firing}
    assert told == {("feed_down", "marks"), ("poll_down", "account"), ("poll_down", "clock")}


def test_a_reading_without_any_stream_beside_it_speaks_for_itself() -> None:
    desk = Desk()

    assert desk.hold(account(), seconds=UNTIL_POLLS_FIRE, feeds=(reading(),)) == [("poll_down", Change.FIRED)]


def test_a_reading_that_failed_before_the_streams_did_is_not_told_and_after_them_begins_anew() -> None:
    desk = Desk()
    desk.hold(account(), seconds=60, feeds=(own_stream(up=True), reading()))

    lost = desk.hold(account(), seconds=120, feeds=(own_stream(up=False), reading()))
    back = desk.hold(account(), seconds=80, feeds=(own_stream(up=True), reading()))

    assert lost == [("feed_down", Change.FIRED)]
    assert back == [("feed_down", Change.RESOLVED)], "its next try is still to come"
    still = desk.hold(account(), seconds=15, feeds=(own_stream(up=True), reading()))
    assert still == [("poll_down", Change.FIRED)]


def test_a_reading_whose_alert_fires_is_not_resolved_by_a_greater_loss() -> None:
    desk = Desk()
    desk.hold(account(), seconds=UNTIL_POLLS_FIRE, feeds=(own_stream(up=True), reading()))

    told = desk.hold(account(), seconds=300, feeds=(own_stream(up=False), reading()))

    assert told == [("feed_down", Change.FIRED)]
    assert {alert.rule for alert in desk.alerting.firing} == {"feed_down", "poll_down"}
