"""A restart announces nothing anew and misses nothing: what changed meanwhile is said once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.alerting import Alerting
from monitor.alerts.catalogue import default_rules
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import AlertChange, AlertMemory, AlertState, Change, Matcher, MemoryChange, Silence
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, AlertsRestored, SilenceAlerts
from monitor.domain.lines import Ratio
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, Notice
from tests.sample_reports import MAIN, NOW, account, feed, pool, view
from tests.unit.alerts.desk import CRITICAL, HOUR, NEAR, SAFE, VERY_NEAR, WARNING, Desk, at_ratio, happened

UNREAD = account(up=False, quality=Quality.UNKNOWN, reasons=("not read yet",), ratio=Ratio.unknown("not read yet"))


@dataclass
class Kept:
    """What a store would hold."""

    alerts: dict[str, AlertMemory] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)

    def keep(self, memory: MemoryChange) -> None:
        for name in memory.forget:
            del self.alerts[name]
        for name in memory.ended_silences:
            self.silences.pop(name, None)
        self.alerts |= {each.alert.fingerprint: each for each in memory.keep}
        self.silences |= {each.id: each for each in memory.silences}

    def restored(self, now: float) -> AlertsRestored:
        return AlertsRestored(alerts=tuple(self.alerts.values()), silences=tuple(self.silences.values()), at=now)


class Shop(Desk):
    """A desk whose memory is kept, and that can be closed and opened again."""

    def __init__(self, settings: AlertSettings | None = None, **rules: RuleSettings) -> None:
        rules.setdefault("worsening", RuleSettings(enabled=False))
        super().__init__(settings, **rules)
        self.settings = settings or AlertSettings(rules=rules)
        self.kept = Kept()

    def see(self, *accounts: AccountReport, **changed: Any) -> list[tuple[str, Change]]:
        told = super().see(*accounts, **changed)
        self.kept.keep(self.alerting.memory)
        return told

    def restart(
        self, *accounts: AccountReport, after: float = 60.0, settings: AlertSettings | None = None, **changed: Any
    ) -> list[tuple[str, Change]]:
        """Closed for a while, and opened; what is told in the first step."""
        self.alerting = Alerting(settings or self.settings)
        restored = self.kept.restored(self.now + after)
        return self.see(*(accounts or (UNREAD,)), seconds=after, commands=[restored], **changed)


def test_what_fires_goes_on_with_its_words_and_is_not_told_again() -> None:
    shop = Shop()
    shop.hold(VERY_NEAR, seconds=20)
    before = shop.alert("margin_ratio")

    assert shop.restart() == []
    assert shop.alert("margin_ratio") == before
    assert shop.hold(UNREAD, seconds=20) == []
    assert shop.alert("margin_ratio") == before
    assert shop.hold(VERY_NEAR, seconds=60) == []
    assert shop.alert("margin_ratio").incident == before.incident


def test_a_recovery_while_it_was_down_is_told_once_after_its_time() -> None:
    shop = Shop()
    shop.hold(VERY_NEAR, seconds=20)
    shop.restart()

    assert shop.hold(SAFE, seconds=300) == []
    assert shop.hold(SAFE, seconds=2) == [("margin_ratio", Change.RESOLVED)]
    assert shop.told[-1].number == 2
    assert shop.kept.alerts == {}


def test_a_breach_while_it_was_down_is_told() -> None:
    shop = Shop()
    shop.hold(SAFE, seconds=20)
    shop.restart()

    assert shop.hold(VERY_NEAR, seconds=6) == [("margin_ratio", Change.FIRED)]


def test_what_grew_worse_while_it_was_down_is_told() -> None:
    shop = Shop()
    shop.hold(NEAR, seconds=20)
    shop.restart()
    assert shop.hold(VERY_NEAR, seconds=7) == [("margin_ratio", Change.ESCALATED)]

    shop.restart()
    assert shop.see(at_ratio(0.93)) == [("margin_ratio", Change.WORSENED)]


def test_a_pool_that_was_closed_while_it_was_down_is_over() -> None:
    shop = Shop()
    shop.hold(VERY_NEAR, seconds=20)
    shop.restart()

    assert shop.see(account()) == [("margin_ratio", Change.RESOLVED)]


def test_missing_data_after_a_restart_resolves_nothing() -> None:
    shop = Shop()
    shop.hold(VERY_NEAR, seconds=20)
    shop.restart()

    told = shop.hold(UNREAD, seconds=3000)
    assert ("margin_ratio", Change.RESOLVED) not in told
    assert ("margin_ratio", CRITICAL) in shop.firing


def test_it_is_repeated_when_that_was_due_anyway() -> None:
    shop = Shop()
    shop.hold(VERY_NEAR, seconds=6)
    shop.restart(VERY_NEAR, after=HOUR - 100)

    assert shop.hold(VERY_NEAR, seconds=99) == []
    assert shop.hold(VERY_NEAR, seconds=2) == [("margin_ratio", Change.REPEATED)]


def test_an_acknowledgement_outlives_a_restart() -> None:
    shop = Shop()
    shop.hold(VERY_NEAR, seconds=6)
    told = AcknowledgeAlert(fingerprint=shop.alert("margin_ratio").fingerprint, author="ann", via="web", at=shop.now)
    shop.see(VERY_NEAR, commands=[told])

    assert shop.restart(VERY_NEAR, after=3 * HOUR) == []
    assert shop.alert("margin_ratio").state is AlertState.ACKNOWLEDGED
    assert shop.see(at_ratio(0.93)) == [("margin_ratio", Change.WORSENED)]


class TestSilences:
    def silenced(self, seconds: float) -> Shop:
        shop = Shop()
        shop.hold(VERY_NEAR, seconds=6)
        matchers = (Matcher(name="account", value="main"),)
        quiet = Silence(id="s1", matchers=matchers, starts=0.0, ends=shop.now + seconds, author="ann", comment="")
        shop.see(VERY_NEAR, commands=[SilenceAlerts(silence=quiet, via="cli", at=shop.now)])
        return shop

    def test_one_that_holds_goes_on(self) -> None:
        shop = self.silenced(HOUR)

        assert shop.restart(VERY_NEAR) == []
        assert shop.alert("margin_ratio").state is AlertState.SILENCED
        assert [each.id for each in shop.alerting.silences] == ["s1"]

    def test_one_that_ended_meanwhile_tells_what_still_fires(self) -> None:
        shop = self.silenced(30.0)

        assert shop.restart() == [("margin_ratio", Change.UNSILENCED)]
        assert shop.alerting.memory.ended_silences == ("s1",)
        assert shop.kept.silences == {}


class TestInhibited:
    DEAD = (feed(up=False, reason="closed"), feed("user", account="main"))
    STALE = account(pool(quality=Quality.STALE))

    def inhibited(self) -> Shop:
        shop = Shop()
        shop.hold(SAFE, seconds=16, feeds=self.DEAD)
        shop.hold(self.STALE, seconds=20, feeds=self.DEAD)
        assert shop.alert("data_quality").state is AlertState.INHIBITED
        return shop

    def test_it_stays_so_while_its_cause_stands(self) -> None:
        shop = self.inhibited()

        assert shop.restart(self.STALE, feeds=self.DEAD) == []
        assert shop.alert("data_quality").state is AlertState.INHIBITED

    def test_it_has_a_minute_where_the_cause_did_not_come_back(self) -> None:
        shop = self.inhibited()
        shop.kept.alerts = {name: each for name, each in shop.kept.alerts.items() if each.rule == "data_quality"}

        assert shop.restart(self.STALE) == []
        assert shop.hold(self.STALE, seconds=59) == []
        assert shop.hold(self.STALE, seconds=2) == [("data_quality", Change.UNINHIBITED)]


def test_an_event_ends_by_its_own_time_once_its_account_is_read() -> None:
    shop = Shop()
    shop.see(SAFE, notices=[happened()])

    assert shop.restart(after=HOUR) == []
    assert shop.hold(UNREAD, seconds=20) == []
    assert shop.see(SAFE) == [("mode_changed", Change.RESOLVED)]


def test_an_event_of_a_moment_ago_goes_on_for_the_rest_of_its_time() -> None:
    shop = Shop()
    shop.see(SAFE, notices=[happened()])
    at = shop.now
    shop.restart()
    shop.hold(UNREAD, seconds=20)
    while shop.see(SAFE, seconds=1) == []:
        pass

    assert shop.now - at == HOUR


def test_an_event_that_happens_again_after_the_restart_is_told() -> None:
    shop = Shop()
    shop.see(SAFE, notices=[happened()])

    assert shop.restart(after=120, notices=[happened()]) == [("mode_changed", Change.REPEATED)]


def test_an_event_is_told_again_though_the_clock_was_ahead_before_the_restart() -> None:
    shop = Shop()
    shop.see(SAFE, notices=[happened()])
    shop.restart(SAFE, after=-HOUR / 2)

    assert shop.see(SAFE, seconds=120, notices=[happened()]) == [("mode_changed", Change.REPEATED)]


def test_what_lasts_is_repeated_though_the_clock_was_ahead_before_the_restart() -> None:
    shop = Shop()
    shop.hold(VERY_NEAR, seconds=6)
    shop.restart(VERY_NEAR, after=-HOUR / 2)

    assert shop.hold(VERY_NEAR, seconds=HOUR + 2) == [("margin_ratio", Change.REPEATED)]


class TestWhatCannotComeBack:
    def shop(self) -> Shop:
        shop = Shop()
        shop.hold(VERY_NEAR, seconds=6)
        return shop

    def test_an_account_that_is_no_longer_configured(self) -> None:
        shop = self.shop()

        assert shop.restart(account(key=AccountKey("binance", "other"))) == [("margin_ratio", Change.RESOLVED)]
        assert (shop.told[-1].reason, shop.told[-1].number) == ("no longer configured", 2)
        assert shop.kept.alerts == {}

    def test_a_venue_without_any_account(self) -> None:
        shop = Shop()
        dead = (feed(up=False, reason="closed"),)
        shop.hold(SAFE, seconds=16, feeds=dead)
        assert shop.restart(UNREAD, feeds=()) == []

        assert shop.restart(account(key=AccountKey("paper", "main")), feeds=()) == [("feed_down", Change.RESOLVED)]

    def test_a_stream_that_is_not_listed_any_more_is_over_after_ten_minutes(self) -> None:
        shop = Shop()
        dead = (feed("old", up=False, reason="closed"), feed())
        shop.hold(SAFE, seconds=16, feeds=dead)

        shop.restart(SAFE, feeds=(feed(),))
        assert shop.hold(SAFE, seconds=599, feeds=(feed(),)) == []
        assert shop.see(SAFE, feeds=(feed(),)) == [("feed_down", Change.RESOLVED)]
        assert shop.told[-1].reason == "no longer configured"

    def test_one_that_is_listed_stands_for_as_long_as_it_is_down(self) -> None:
        shop = Shop()
        dead = (feed(up=False, reason="closed"),)
        shop.hold(SAFE, seconds=16, feeds=dead)

        shop.restart(SAFE, feeds=dead)
        assert shop.hold(SAFE, seconds=3600, feeds=dead) == []
        assert shop.firing == [("feed_down", WARNING)]

    def test_what_concerns_no_account_and_no_venue_always_can(self) -> None:
        shop = Shop()
        stopped = replace(view().journal, writing=False)  # type: ignore[type-var]  # the sample has one
        shop.see(SAFE, journal=stopped)

        assert shop.restart(journal=stopped) == []
        assert shop.firing == [("journal", WARNING)]

    @pytest.mark.parametrize(
        ("settings", "reason"),
        [
            (AlertSettings(rules={"margin_ratio": RuleSettings(enabled=False)}), "its rule is switched off"),
            (AlertSettings(any_key=frozenset({MAIN})), ""),
        ],
    )
    def test_a_rule_that_is_switched_off(self, settings: AlertSettings, reason: str) -> None:
        shop = self.shop()
        shop.restart(settings=settings)

        assert [change.reason for change in shop.told[1:]] == ([reason] if reason else [])

    def test_a_rule_that_does_not_exist_any_more(self) -> None:
        shop = self.shop()
        (name, memory) = shop.kept.alerts.popitem()
        shop.kept.alerts[name] = replace(memory, rule="moon_phase")

        shop.restart()
        assert shop.told[-1].reason == "its rule does not exist any more"

    def test_a_level_that_does_not_exist_any_more(self) -> None:
        order = ("info", "warning", "critical", "panic")
        rules = {"margin_ratio": RuleSettings(thresholds={"panic": 0.8}), "worsening": RuleSettings(enabled=False)}
        shop = Shop(AlertSettings(levels=order, rules=rules))
        shop.hold(VERY_NEAR, seconds=6)

        shop.restart(settings=AlertSettings())
        assert shop.told[-1].reason == "its level does not exist any more"
        assert shop.firing == []

    def test_what_stands_already_is_not_restored_over_it(self) -> None:
        shop = self.shop()
        before = shop.alert("margin_ratio")

        assert shop.see(VERY_NEAR, commands=[shop.kept.restored(shop.now)]) == []
        assert shop.alert("margin_ratio") == before


def test_what_is_kept_of_a_worsening_number_is_never_much_older_than_it() -> None:
    shop = Shop()
    shop.hold(NEAR, seconds=20)
    kept = [shop.kept.alerts[shop.alert("margin_ratio").fingerprint]]
    for number in range(30):
        shop.see(at_ratio(0.651 + number / 1000))
        now = shop.kept.alerts[shop.alert("margin_ratio").fingerprint]
        if now is not kept[-1]:
            kept.append(now)

    assert [each.alert.worst for each in kept] == [0.65, 0.651, 0.661, 0.671]


# Any story, cut anywhere.

STATES = (SAFE, NEAR, VERY_NEAR, at_ratio(0.93), at_ratio(1.2), at_ratio(0.59), account())
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from([1.0, 2.0, 10.0, 120.0, 400.0, 4000.0]),
        st.integers(0, len(STATES) - 1),
        st.sampled_from(["", "", "", "event", "ack", "unack", "silence", "long silence", "down"]),
    ),
    max_size=20,
)
AT_ONCE = {
    "margin_ratio": replace(default_rules()["margin_ratio"], for_seconds=0.0, keep_firing_seconds=0.0),
    "feed_down": replace(default_rules()["feed_down"], for_seconds=0.0, keep_firing_seconds=0.0),
    "worsening": RuleSettings(enabled=False),
}


def commanded(what: str, alerting: Alerting, now: float, number: int) -> list[AlertCommand]:
    if what in ("ack", "unack"):
        return [
            AcknowledgeAlert(
                fingerprint=alert.fingerprint, author=f"a{number}", via="cli", at=now, withdrawn=what == "unack"
            )
            for alert in alerting.firing
        ]
    if "silence" in what:
        ends = now + (90.0 if what == "silence" else 3000.0)
        matchers = (Matcher(name="rule", value="margin_ratio"),)
        quiet = Silence(id=f"s{number}", matchers=matchers, starts=0.0, ends=ends, author="ann", comment="")
        return [SilenceAlerts(silence=quiet, via="cli", at=now)]
    return []


def lived(
    happenings: list[tuple[float, int, str]], cuts: frozenset[int]
) -> tuple[list[tuple[Any, ...]], dict[str, AlertMemory]]:
    """What is told over a story that is cut, and begun again at once, before some of its steps."""
    settings = AlertSettings(rules=AT_ONCE)
    alerting, kept, now = Alerting(settings), Kept(), NOW
    told: list[AlertChange] = []
    for number, (seconds, state, what) in enumerate(happenings):
        now += seconds
        commands: list[AlertCommand] = commanded(what, alerting, now, number)
        if number in cuts:
            alerting = Alerting(settings)
            commands.insert(0, kept.restored(now))
        notices: list[Notice] = [happened()] if what == "event" else []
        feeds = (feed(up=what != "down"),)
        for after in (0.0, 0.5):  # whatever happened, the next step comes soon
            shown = view(replace(STATES[state], at=now + after), at=now + after, heartbeats=(), feeds=feeds)
            told += alerting.step(shown, notices, now + after, commands)
            kept.keep(alerting.memory)
            notices, commands = [], []
        assert {each.fingerprint for each in alerting.firing} == kept.alerts.keys()
        assert {each.id for each in alerting.silences} == kept.silences.keys()
    lines = [
        (each.at, each.change, each.reason, each.alert.rule, each.alert.severity, each.alert.state, each.key)
        for each in told
    ]
    return sorted(lines, key=str), kept.alerts


@given(HAPPENINGS, st.frozensets(st.integers(0, 19)))
def test_whatever_happens_a_restart_changes_nothing_of_what_is_told(
    happenings: list[tuple[float, int, str]], cuts: frozenset[int]
) -> None:
    """But for what only waits: here nothing does, and everything is read at once."""
    whole, cut = lived(happenings, frozenset()), lived(happenings, cuts)

    assert cut[0] == whole[0]
    assert {name: (each.number, each.told_at, each.severity) for name, each in cut[1].items()} == {
        name: (each.number, each.told_at, each.severity) for name, each in whole[1].items()
    }


@given(HAPPENINGS)
def test_each_incident_counts_its_changes_without_a_hole(happenings: list[tuple[float, int, str]]) -> None:
    told, _ = lived(happenings, frozenset({3, 7, 11}))
    keys = [line[-1] for line in told]
    assert len(keys) == len(set(keys))
    by_incident: dict[str, list[int]] = {}
    for key in keys:
        name, _, number = key.rpartition("-")
        by_incident.setdefault(name, []).append(int(number))
    for numbers in by_incident.values():
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
