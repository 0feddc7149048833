"""What holds of alerts among people whatever happens: nobody is told twice, and nothing dangerous is kept from them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.alerting import Alerting
from monitor.alerts.inhibition import ON_DATA
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import LOUD, Alert, AlertChange, AlertState, Change, Matcher, Severity, Silence
from monitor.domain.commands import AcknowledgeAlert, AlertCommand, EndSilence, SilenceAlerts
from monitor.domain.lines import Line, Ratio
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.domain.view import Budget
from tests.sample_reports import NOW, account, feed, pool, position, view

SETTINGS = AlertSettings(rules={"worsening": RuleSettings(enabled=False)})


def near(ratio: float, distance: float, quality: Quality = Quality.LIVE) -> AccountReport:
    line = Line.at(60_000 * (1 - distance), distance)
    return account(pool(ratio=Ratio.of(ratio), quality=quality, positions=(position(line=line),)))


REPORTS = (
    near(0.2, 0.5),
    near(0.65, 0.09),
    near(0.85, 0.09),
    near(0.9, 0.04),
    near(0.99, 0.01),
    near(0.85, 0.09, Quality.STALE),
    near(0.2, 0.5, Quality.UNKNOWN),
    account(),
    account(up=False, reasons=("not read",)),
)
HAPPENINGS = st.lists(
    st.tuples(
        st.sampled_from([1.0, 5.0, 15.0, 61.0, 301.0, 3700.0]),
        st.sampled_from(REPORTS),
        st.sampled_from(["", "", "", "down", "banned"]),
        st.sampled_from(["", "", "ack", "unack", "silence", "end"]),
    ),
    max_size=30,
)
Happenings = list[tuple[float, AccountReport, str, str]]


@dataclass
class Lived:
    """What one step told, and what fired before and after it."""

    before: tuple[Alert, ...]
    told: tuple[AlertChange, ...]
    after: tuple[Alert, ...]
    commands: list[AlertCommand]


def lived(happenings: Happenings) -> list[Lived]:
    alerting, now, steps = Alerting(SETTINGS), NOW, []
    for number, (seconds, report, around, asked) in enumerate(happenings):
        now += seconds
        before, commands = alerting.firing, list[AlertCommand]()
        if asked in ("ack", "unack"):
            commands += [
                AcknowledgeAlert(
                    fingerprint=each.fingerprint, author="ann", via="cli", at=now, withdrawn=asked == "unack"
                )
                for each in before
            ]
        if asked == "silence":
            matchers = (Matcher(name="rule", value="margin_ratio|position_.*", regex=True),)
            quiet = Silence(id="s", matchers=matchers, starts=now, ends=now + 200.0, author="bob", comment="")
            commands.append(SilenceAlerts(silence=quiet, via="cli", at=now))
        if asked == "end":
            commands.append(EndSilence(id="s", author="bob", via="cli", at=now))
        shown = view(
            replace(report, at=now),
            at=now,
            heartbeats=(),
            feeds=(feed(up=around != "down"), feed("user", account="main")),
            budgets=(Budget(venue="binance", used_ratio=0.1, banned_until=now + 30 if around == "banned" else None),),
        )
        told = alerting.step(shown, [], now, commands)
        assert len(told) == len({change.key for change in told}), number
        steps.append(Lived(before, told, alerting.firing, commands))
    return steps


@given(HAPPENINGS)
def test_every_change_leads_from_what_was_to_what_is(happenings: Happenings) -> None:
    for step in lived(happenings):
        stood = {each.incident for each in step.before}
        stands = {each.incident: each for each in step.after}
        last = {change.alert.incident: change for change in step.told}
        for name, change in last.items():
            assert (change.change is Change.RESOLVED) == (name not in stands)
            assert name not in stands or change.alert == stands[name], "what is told is what is shown"
        for change in step.told:
            assert change.reason
            assert (change.number == 1) == (change.change is Change.FIRED) == (change.alert.incident not in stood)
        told = {change.alert.incident for change in step.told}
        assert (stood ^ stands.keys()) <= told, "nothing begins or ends untold"
        for each in step.before:
            if each.incident in stands and stands[each.incident].state is not each.state:
                assert each.incident in told, "no state changes untold"


@given(HAPPENINGS)
def test_an_acknowledged_alert_is_not_told_again_before_it_is_worse(happenings: Happenings) -> None:
    worse = {Change.WORSENED, Change.ESCALATED}
    for step in lived(happenings):
        acknowledged = {each.incident for each in step.before if each.state is AlertState.ACKNOWLEDGED}
        withdrawn = {change.alert.incident for change in step.told if change.change is Change.UNACKNOWLEDGED}
        for change in step.told:
            if change.alert.incident in acknowledged - withdrawn and change.change in LOUD - worse:
                assert change.alert.state is not AlertState.FIRING
            if change.change in worse:
                assert change.alert.state is not AlertState.ACKNOWLEDGED


@given(HAPPENINGS)
def test_a_critical_danger_is_kept_quiet_by_people_or_by_one_as_critical_alone(happenings: Happenings) -> None:
    for step in lived(happenings):
        by_name = {each.fingerprint: each for each in (*step.before, *step.after)}
        for each in step.after:
            if each.state is AlertState.INHIBITED and each.severity == Severity.CRITICAL and each.rule not in ON_DATA:
                source = by_name[each.by]
                assert source.severity == Severity.CRITICAL
                assert source.rule not in ON_DATA


@given(HAPPENINGS)
def test_what_is_no_longer_kept_quiet_is_told(happenings: Happenings) -> None:
    kept = {AlertState.SILENCED, AlertState.INHIBITED}
    for step in lived(happenings):
        before = {each.incident: each.state for each in step.before}
        loud = {change.alert.incident for change in step.told if change.change in LOUD}
        for each in step.after:
            if before.get(each.incident) in kept and each.state is AlertState.FIRING:
                assert each.incident in loud
