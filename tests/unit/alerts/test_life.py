"""The life of an alert among people: acknowledged, silenced, inhibited, and told again when it matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.alerts.quiet import MOST_SILENCES
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import Alert, AlertState, Change, Matcher, Silence
from monitor.domain.commands import AcknowledgeAlert, EndSilence, SilenceAlerts
from monitor.domain.lines import Line
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.domain.view import Budget
from tests.sample_reports import NOW, account, feed, pool, position
from tests.unit.alerts.desk import (
    CRITICAL,
    HOUR,
    NEAR,
    SAFE,
    VERY_NEAR,
    WARNING,
    Desk,
    at_ratio,
    happened,
)

RATIO = Matcher(name="rule", value="margin_ratio")


def desk() -> Desk:
    """One that speaks of nothing but what tests mean."""
    return Desk(worsening=RuleSettings(enabled=False))


def acknowledge(alert: Alert, **changed: Any) -> AcknowledgeAlert:
    """Somebody takes care."""
    calm = AcknowledgeAlert(fingerprint=alert.fingerprint, author="ann", via="cli", at=NOW, comment="on it")
    return replace(calm, **changed)


def silence(*matchers: Matcher, ends: float, id: str = "s1", **changed: Any) -> SilenceAlerts:
    """Somebody wants to hear nothing."""
    calm = Silence(id=id, matchers=matchers or (RATIO,), starts=0.0, ends=ends, author="bob", comment="we add margin")
    return SilenceAlerts(silence=replace(calm, **changed), via="web", at=NOW)


class TestAcknowledged:
    def test_it_says_who_takes_care_and_why(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        alert = one.alert("margin_ratio")

        assert one.see(VERY_NEAR, commands=[acknowledge(alert)]) == [("margin_ratio", Change.ACKNOWLEDGED)]
        assert one.told[-1].reason == "acknowledged by ann (cli): on it"
        after = one.alert("margin_ratio")
        assert (after.state, after.by, after.note) == (AlertState.ACKNOWLEDGED, "ann", "on it")
        assert after.incident == alert.incident

    def test_it_is_not_repeated(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[acknowledge(one.alert("margin_ratio"))])

        assert [one.see(VERY_NEAR, seconds=60) for _ in range(120)] == [[]] * 120

    def test_nothing_wakes_it_while_it_is_not_repeated(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[acknowledge(one.alert("margin_ratio"))])
        one.see(VERY_NEAR, seconds=3 * HOUR)

        assert one.alerting._wakes_at == float("inf")

    def test_what_grows_worse_ends_it_and_says_so(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[acknowledge(one.alert("margin_ratio"))])

        assert one.see(at_ratio(0.93)) == [("margin_ratio", Change.WORSENED)]
        assert one.told[-1].reason.endswith("that ends the acknowledgement by ann")
        assert (one.alert("margin_ratio").state, one.alert("margin_ratio").by) == (AlertState.FIRING, "")

    def test_a_louder_level_ends_it(self) -> None:
        one = desk()
        one.hold(NEAR, seconds=6)
        one.see(NEAR, commands=[acknowledge(one.alert("margin_ratio"))])

        assert one.hold(VERY_NEAR, seconds=6) == [("margin_ratio", Change.ESCALATED)]
        assert one.alert("margin_ratio").state is AlertState.FIRING

    def test_a_quieter_level_does_not(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[acknowledge(one.alert("margin_ratio"))])

        assert one.hold(NEAR, seconds=302) == [("margin_ratio", Change.EASED)]
        assert one.alert("margin_ratio").state is AlertState.ACKNOWLEDGED

    def test_it_ends_with_the_incident_and_the_next_one_pages(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        first = one.alert("margin_ratio")
        one.see(VERY_NEAR, commands=[acknowledge(first)])
        assert one.hold(SAFE, seconds=302) == [("margin_ratio", Change.RESOLVED)]

        assert one.hold(VERY_NEAR, seconds=6) == [("margin_ratio", Change.FIRED)]
        second = one.alert("margin_ratio")
        assert second.state is AlertState.FIRING
        assert second.fingerprint == first.fingerprint
        assert second.incident != first.incident

    def test_it_can_be_withdrawn_and_is_repeated_when_that_is_due(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        alert = one.alert("margin_ratio")
        one.see(VERY_NEAR, commands=[acknowledge(alert)])

        withdrawn = acknowledge(alert, withdrawn=True, comment="")
        assert one.see(VERY_NEAR, commands=[withdrawn]) == [("margin_ratio", Change.UNACKNOWLEDGED)]
        assert one.told[-1].reason == "acknowledgement withdrawn by ann (cli)"
        assert one.see(VERY_NEAR, seconds=HOUR) == [("margin_ratio", Change.REPEATED)]

    def test_an_event_that_happens_again_is_news(self) -> None:
        one = desk()
        one.see(SAFE, notices=[happened()])
        one.see(SAFE, commands=[acknowledge(one.alert("mode_changed"))])

        assert one.see(SAFE, notices=[happened()], seconds=120) == [("mode_changed", Change.REPEATED)]
        assert one.told[-1].reason == "it happened again; that ends the acknowledgement by ann"

    def test_said_twice_it_is_told_once(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        alert = one.alert("margin_ratio")
        one.see(VERY_NEAR, commands=[acknowledge(alert)])

        assert one.see(VERY_NEAR, commands=[acknowledge(alert)]) == []
        assert one.see(VERY_NEAR, commands=[acknowledge(alert, author="cem")]) == [
            ("margin_ratio", Change.ACKNOWLEDGED)
        ]

    def test_both_are_told_in_their_order_when_it_grows_louder_in_the_same_step(self) -> None:
        one = desk()
        one.hold(NEAR, seconds=6)
        alert = one.alert("margin_ratio")

        assert one.see(at_ratio(1.2), commands=[acknowledge(alert)]) == [
            ("margin_ratio", Change.ACKNOWLEDGED),
            ("margin_ratio", Change.ESCALATED),
        ]
        assert [change.number for change in one.told] == [1, 2, 3]
        assert len({change.key for change in one.told}) == 3

    def test_what_does_not_fire_cannot_be_acknowledged(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        alert = one.alert("margin_ratio")

        wrong = [
            acknowledge(alert, fingerprint="0" * 16),
            acknowledge(alert, incident="another"),
            acknowledge(alert, withdrawn=True),
        ]
        assert one.see(VERY_NEAR, commands=wrong) == []
        assert one.alerting.refusals == (
            "no alert 0000000000000000 fires",
            "incident another is over; another one of this alert fires",
            f"alert {alert.fingerprint} is not acknowledged",
        )
        one.see(VERY_NEAR)
        assert not one.alerting.refusals


class TestSilenced:
    def test_what_fires_is_silenced_and_told_when_the_silence_is_over(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)

        ends = one.now + 600
        assert one.see(VERY_NEAR, commands=[silence(ends=ends)]) == [("margin_ratio", Change.SILENCED)]
        assert one.told[-1].reason == "silence s1 by bob: we add margin"
        alert = one.alert("margin_ratio")
        assert (alert.state, alert.by, alert.note) == (AlertState.SILENCED, "silence s1", "we add margin")
        assert [each.id for each in one.alerting.silences] == ["s1"]

        assert one.hold(VERY_NEAR, seconds=598) == []
        assert one.see(VERY_NEAR) == [("margin_ratio", Change.UNSILENCED)]
        assert one.told[-1].reason == "silence s1 is over"
        assert one.alert("margin_ratio").state is AlertState.FIRING
        assert one.alerting.silences == ()
        assert one.alerting.memory.ended_silences == ("s1",)

    def test_it_is_over_at_its_time_and_not_a_second_later(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[silence(ends=one.now + 10.25)])

        assert one.see(VERY_NEAR, seconds=9.2) == []
        assert one.see(VERY_NEAR, seconds=0.05) == [("margin_ratio", Change.UNSILENCED)]

    def test_its_changes_carry_the_silence(self) -> None:
        one = desk()
        one.see(NEAR, commands=[silence(ends=NOW + HOUR)])

        assert one.hold(NEAR, seconds=5) == [("margin_ratio", Change.FIRED)]
        assert one.hold(VERY_NEAR, seconds=6) == [("margin_ratio", Change.ESCALATED)]
        assert one.see(at_ratio(0.95)) == [("margin_ratio", Change.WORSENED)]
        assert one.hold(SAFE, seconds=302) == [("margin_ratio", Change.RESOLVED)]
        assert {change.alert.state for change in one.told} == {AlertState.SILENCED}

    def test_it_is_not_repeated_and_what_is_told_at_its_end_counts_as_told(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[silence(ends=one.now + 3 * HOUR)])
        assert one.see(VERY_NEAR, seconds=2 * HOUR) == []
        assert one.see(VERY_NEAR, seconds=HOUR) == [("margin_ratio", Change.UNSILENCED)]

        assert one.see(VERY_NEAR, seconds=HOUR - 1) == []
        assert one.see(VERY_NEAR) == [("margin_ratio", Change.REPEATED)]

    def test_one_that_is_ended_by_hand_says_by_whom(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[silence(ends=one.now + HOUR)])

        ended = EndSilence(id="s1", author="ann", via="cli", at=one.now)
        assert one.see(VERY_NEAR, commands=[ended]) == [("margin_ratio", Change.UNSILENCED)]
        assert one.told[-1].reason == "silence s1 was ended by ann"
        one.see(VERY_NEAR, commands=[ended])
        assert one.alerting.refusals == ("there is no silence s1",)

    def test_another_silence_goes_on(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        short, long = silence(ends=one.now + 60), silence(id="s2", ends=one.now + HOUR)
        one.see(VERY_NEAR, commands=[short, long])

        assert one.hold(VERY_NEAR, seconds=120) == []
        assert one.alert("margin_ratio").by == "silence s2"

    def test_one_that_begins_later_waits(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)

        later = silence(starts=one.now + 60, ends=one.now + 120)
        assert one.see(VERY_NEAR, commands=[later]) == []
        assert one.see(VERY_NEAR, seconds=58.5) == []
        assert one.see(VERY_NEAR, seconds=0.5) == [("margin_ratio", Change.SILENCED)]

    def test_one_of_warnings_does_not_hold_of_what_grows_critical(self) -> None:
        one = desk()
        one.hold(NEAR, seconds=6)
        quiet = silence(Matcher(name="severity", value="warning"), ends=one.now + HOUR)
        one.see(NEAR, commands=[quiet])

        assert one.hold(VERY_NEAR, seconds=6) == [("margin_ratio", Change.ESCALATED)]
        assert one.told[-1].alert.state is AlertState.FIRING
        assert one.hold(NEAR, seconds=302) == [("margin_ratio", Change.EASED), ("margin_ratio", Change.SILENCED)]

    def test_one_that_is_replaced_may_hold_no_more(self) -> None:
        one = desk()
        one.hold(VERY_NEAR, seconds=6)
        one.see(VERY_NEAR, commands=[silence(ends=one.now + HOUR)])

        other = silence(Matcher(name="account", value="other"), ends=one.now + HOUR)
        assert one.see(VERY_NEAR, commands=[other]) == [("margin_ratio", Change.UNSILENCED)]
        assert one.told[-1].reason == "silence s1 does not hold of it any more"

    def test_a_group_can_be_silenced(self) -> None:
        one = Desk(AlertSettings(groups={SAFE.key: "quants"}, rules={"worsening": RuleSettings(enabled=False)}))
        one.see(VERY_NEAR, commands=[silence(Matcher(name="group", value="q.*", regex=True), ends=NOW + HOUR)])
        one.hold(VERY_NEAR, seconds=6)

        assert one.alert("margin_ratio").state is AlertState.SILENCED

    @pytest.mark.parametrize(
        ("changed", "cure"),
        [
            ({"ends": NOW - 1}, "in the future"),
            ({"starts": NOW + 3 * HOUR}, "begin before it ends"),
            ({"ends": NOW + 365 * 24 * HOUR}, "within 90 days"),
            ({"matchers": ()}, "needs at least one"),
            ({"matchers": (Matcher(name="symbol", value="(a+)+", regex=True),)}, "may not repeat a group"),
        ],
    )
    def test_one_that_makes_no_sense_is_refused_with_the_reason(self, changed: dict[str, Any], cure: str) -> None:
        one = desk()
        one.see(SAFE, commands=[silence(**{"ends": NOW + HOUR, **changed})])

        assert len(one.alerting.refusals) == 1
        assert cure in one.alerting.refusals[0]
        assert one.alerting.silences == ()

    def test_there_are_never_too_many(self) -> None:
        one = desk()
        many = [silence(id=str(number), ends=NOW + HOUR) for number in range(MOST_SILENCES + 1)]
        one.see(SAFE, commands=many)

        assert len(one.alerting.silences) == MOST_SILENCES
        assert "end some of them" in one.alerting.refusals[0]
        one.see(SAFE, commands=[silence(id="7", ends=NOW + 2 * HOUR)])
        assert one.alerting.refusals == (), "one that is there already can be replaced"


def stale(quality: Quality = Quality.STALE) -> AccountReport:
    return account(pool(quality=quality, reasons=("no mark",)))


DEAD = (feed(up=False, reason="closed"), feed("user", account="main"))


class TestInhibited:
    def test_a_venue_whose_prices_are_gone_is_one_page_and_not_one_a_pool(self) -> None:
        one = desk()
        one.hold(SAFE, seconds=16, feeds=DEAD)
        assert one.firing == [("feed_down", WARNING)]

        many = account(*(pool(f"isolated:C{number}", quality=Quality.STALE) for number in range(20)))
        told = one.hold(many, seconds=20, feeds=DEAD)
        assert told == [("data_quality", Change.FIRED)] * 20
        assert {change.alert.state for change in one.told[1:]} == {AlertState.INHIBITED}
        down = one.alert("feed_down")
        assert {(change.alert.by, change.alert.note) for change in one.told[1:]} == {(down.fingerprint, down.summary)}

    def test_what_fired_before_is_inhibited_when_the_cause_is_known(self) -> None:
        one = desk()
        one.hold(stale(), seconds=16)

        told = one.hold(stale(), seconds=17, feeds=DEAD)
        assert told == [("feed_down", Change.FIRED), ("data_quality", Change.INHIBITED)]
        assert one.told[-1].reason.startswith("told by another alert: binance marks: not delivering")

    def test_it_is_told_if_it_still_fires_a_minute_after_the_cause_is_gone(self) -> None:
        one = desk()
        one.hold(SAFE, seconds=16, feeds=DEAD)
        one.hold(stale(), seconds=20, feeds=DEAD)

        assert one.hold(stale(), seconds=61) == [("feed_down", Change.RESOLVED)]
        assert one.hold(stale(), seconds=58) == []
        assert one.hold(stale(), seconds=3) == [("data_quality", Change.UNINHIBITED)]
        assert one.told[-1].alert.state is AlertState.FIRING

    def test_it_recovers_untold_within_that_minute(self) -> None:
        one = desk()
        one.hold(SAFE, seconds=16, feeds=DEAD)
        one.hold(stale(), seconds=20, feeds=DEAD)

        told = one.hold(SAFE, seconds=200)
        assert told == [("data_quality", Change.RESOLVED), ("feed_down", Change.RESOLVED)]

    def test_what_grows_louder_than_its_cause_is_told(self) -> None:
        one = desk()
        one.hold(SAFE, seconds=16, feeds=DEAD)
        one.hold(stale(), seconds=20, feeds=DEAD)

        assert one.hold(stale(Quality.UNKNOWN), seconds=16, feeds=DEAD) == [("data_quality", Change.ESCALATED)]
        assert one.told[-1].alert.state is AlertState.FIRING

    def test_a_cause_that_comes_back_within_the_minute_holds_on(self) -> None:
        one = desk()
        one.hold(SAFE, seconds=16, feeds=DEAD)
        one.hold(stale(), seconds=20, feeds=DEAD)
        one.hold(stale(), seconds=61)

        assert one.hold(stale(), seconds=100, feeds=DEAD) == [("feed_down", Change.FIRED)]
        assert one.alert("data_quality").state is AlertState.INHIBITED

    def test_a_ban_of_the_venue_keeps_its_polls_and_accounts_quiet(self) -> None:
        one = desk()
        banned = (Budget(venue="binance", used_ratio=0.5, banned_until=NOW + HOUR),)
        down = account(up=False, reasons=("not read",))

        one.hold(down, seconds=40, budgets=banned)
        assert one.alert("account_down").state is AlertState.INHIBITED
        assert one.alert("venue_ban").state is AlertState.FIRING

    def test_danger_of_liquidation_is_never_hidden_by_an_alert_on_data(self) -> None:
        one = desk()
        banned = (Budget(venue="binance", used_ratio=0.5, banned_until=NOW + HOUR),)

        one.hold(at_ratio(0.9), seconds=20, budgets=banned, feeds=DEAD)
        assert one.alert("margin_ratio").state is AlertState.FIRING

    def test_a_pool_near_its_end_speaks_for_its_lines_until_they_are_as_loud(self) -> None:
        one = desk()
        ratio = at_ratio(0.85).pools[0].ratio

        def near(distance: float) -> AccountReport:
            line = Line.at(60_000 * (1 - distance), distance)
            return account(pool(ratio=ratio, positions=(position(line=line),)))

        one.hold(near(0.08), seconds=6)
        assert [(change.alert.rule, change.alert.state) for change in one.told] == [
            ("margin_ratio", AlertState.FIRING),
            ("position_distance", AlertState.INHIBITED),
        ]
        assert one.firing == [("margin_ratio", CRITICAL), ("position_distance", WARNING)]
        assert one.hold(near(0.04), seconds=6) == [("position_distance", Change.ESCALATED)]
        assert one.told[-1].alert.state is AlertState.FIRING

    def test_a_silence_over_it_is_the_first_reason(self) -> None:
        one = desk()
        one.hold(SAFE, seconds=16, feeds=DEAD)
        one.hold(stale(), seconds=20, feeds=DEAD)
        quiet = silence(Matcher(name="rule", value="data_quality"), ends=one.now + 60)

        assert one.see(stale(), feeds=DEAD, commands=[quiet]) == [("data_quality", Change.SILENCED)]
        assert one.hold(stale(), seconds=60, feeds=DEAD) == [("data_quality", Change.UNSILENCED)]
        assert one.told[-1].alert.state is AlertState.INHIBITED
        assert one.told[-1].alert.note.startswith("binance marks")


class TestWhatEveryChangeSays:
    def test_each_has_a_reason_and_its_number(self) -> None:
        one = desk()
        one.hold(NEAR, seconds=6)
        one.hold(VERY_NEAR, seconds=6)
        one.see(at_ratio(0.93))
        one.see(at_ratio(0.93), seconds=HOUR)
        one.hold(NEAR, seconds=302)
        one.hold(SAFE, seconds=302)

        assert [(change.number, change.change, change.reason) for change in one.told] == [
            (1, Change.FIRED, "warning for 5 s"),
            (2, Change.ESCALATED, "grew from warning to critical"),
            (3, Change.WORSENED, "the room left is 47% of what was told last"),
            (4, Change.REPEATED, "still so after 60 min; told last 60 min ago"),
            (5, Change.EASED, "eased from critical to warning, for 5 min"),
            (6, Change.RESOLVED, "over for 5 min"),
        ]
        assert {change.alert.worst for change in one.told[2:]} == {0.93}
        assert len({change.alert.incident for change in one.told}) == 1

    def test_the_worst_has_its_own_reason(self) -> None:
        one = desk()
        one.see(at_ratio(1.2))
        one.see(account())

        assert [change.reason for change in one.told] == [
            "the worst has come: not waited for",
            "what it speaks of is closed",
        ]

    def test_a_pending_alert_is_shown_with_its_level_and_time(self) -> None:
        one = desk()
        one.see(VERY_NEAR)

        (alert,) = one.alerting.pending
        assert (alert.rule, alert.severity, alert.since, alert.value) == ("margin_ratio", CRITICAL, one.now, 0.85)
        assert alert.incident == ""
        assert one.alerting.pending is one.alerting.pending
        one.hold(VERY_NEAR, seconds=5)
        assert one.alerting.pending == ()
