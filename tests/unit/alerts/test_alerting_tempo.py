"""What a step costs and what it may not miss: nothing new is next to nothing, and nothing is told later for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.alerts import alerting as module
from monitor.alerts.alerting import LOOK_SECONDS, Alerting
from monitor.alerts.catalogue import default_rules
from monitor.alerts.outside import venue_readings
from monitor.alerts.rules import account_readings
from monitor.alerts.settings import AlertSettings
from monitor.domain.alerts import AlertChange, Change, Severity
from monitor.domain.lines import Line
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, Notice
from monitor.domain.view import View
from tests.sample_reports import MAIN, NOW, account, feed, pool, position, view
from tests.unit.alerts.desk import NEAR, SAFE, VERY_NEAR, at_ratio, happened


def others(report: AccountReport) -> AccountReport:
    """The same, said of another account."""
    pools = tuple(replace(each, key=each.key._replace(account="other")) for each in report.pools)
    return replace(report, key=AccountKey("binance", "other"), pools=pools)


OTHER = others(SAFE)


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[AccountKey | None]:
    """Whose readings were taken, in order: None for the surroundings'."""
    taken: list[AccountKey | None] = []

    def accounts(report: AccountReport, *more: Any) -> Iterator[Any]:
        taken.append(report.key)
        return account_readings(report, *more)

    def rest(*more: Any) -> Iterator[Any]:
        taken.append(None)
        return venue_readings(*more)

    monkeypatch.setattr(module, "account_readings", accounts)
    monkeypatch.setattr(module, "venue_readings", rest)
    return taken


def test_a_step_with_nothing_new_reads_nothing(readings: list[AccountKey | None]) -> None:
    alerting, shown = Alerting(AlertSettings()), view(SAFE, OTHER)
    alerting.step(shown, [], NOW)
    assert readings == [MAIN, OTHER.key, None]
    for number in range(1, 10):
        assert alerting.step(replace(shown, at=NOW + number / 100), [], NOW + number / 100) == ()
    assert readings == [MAIN, OTHER.key, None]


def test_of_many_reports_only_the_new_ones_are_read(readings: list[AccountKey | None]) -> None:
    alerting, shown = Alerting(AlertSettings()), view(SAFE, OTHER)
    alerting.step(shown, [], NOW)
    readings.clear()
    alerting.step(replace(shown, accounts=(SAFE, replace(OTHER, at=NOW))), [], NOW + 0.01)
    assert readings == [OTHER.key]


@pytest.mark.parametrize("what", ["feeds", "budgets", "clock_offsets", "journal"])
def test_surroundings_are_read_when_they_are_others(what: str, readings: list[AccountKey | None]) -> None:
    alerting, shown = Alerting(AlertSettings()), view(SAFE)
    alerting.step(shown, [], NOW)
    readings.clear()
    changed: dict[str, Any] = {what: {"journal": None, "clock_offsets": {}}.get(what, ())}
    alerting.step(replace(shown, **changed), [], NOW + 0.01)
    assert readings == [None]


def test_once_a_second_everything_is_looked_at_for_what_time_alone_changes(
    readings: list[AccountKey | None],
) -> None:
    alerting, shown = Alerting(AlertSettings()), view(SAFE)
    alerting.step(shown, [], NOW)
    readings.clear()
    alerting.step(shown, [], NOW + LOOK_SECONDS)
    assert readings == [None], "what was reported a moment ago is not another by itself"
    alerting.step(shown, [], NOW + 60.0)
    assert readings == [None, MAIN, None]
    alerting.step(shown, [], NOW - 60.0)
    assert readings[3:] == [MAIN, None], "also where the clock was set back"


def test_of_many_old_reports_some_are_read_in_each_look(readings: list[AccountKey | None]) -> None:
    alerting = Alerting(AlertSettings())
    shown = view(*(replace(SAFE, key=AccountKey("binance", f"a{number}")) for number in range(50)))
    alerting.step(shown, [], NOW)
    read = []
    for second in range(60, 64):
        readings.clear()
        alerting.step(shown, [], NOW + second)
        read.append(len(readings) - 1)
    assert read == [20, 20, 10, 0]


def test_an_account_that_left_the_view_is_noticed_at_once(readings: list[AccountKey | None]) -> None:
    alerting = Alerting(AlertSettings())
    both = view(SAFE, OTHER)
    alerting.step(both, [], NOW)
    readings.clear()
    alerting.step(replace(both, accounts=(SAFE,)), [], NOW + 0.01)
    alerting.step(both, [], NOW + 0.02)
    assert readings == [None, OTHER.key, None], "and read anew when it is back"


def test_an_alert_fires_when_its_time_has_come_not_a_second_later() -> None:
    alerting, shown = Alerting(AlertSettings()), view(NEAR)
    alerting.step(shown, [], NOW)
    for hundredths in range(1, 500):
        assert alerting.step(shown, [], NOW + hundredths / 100) == ()
    (told,) = alerting.step(shown, [], NOW + 5.0)
    assert (told.alert.rule, told.change) == ("margin_ratio", Change.FIRED)


def test_what_fires_is_the_same_tuple_while_nothing_changes() -> None:
    alerting, shown = Alerting(AlertSettings()), view(NEAR)
    assert not alerting.firing
    alerting.step(shown, [], NOW)
    alerting.step(shown, [], NOW + 5.0)
    assert [alert.rule for alert in alerting.firing] == ["margin_ratio"]
    assert alerting.firing is alerting.firing


REPORTS = (
    SAFE,
    NEAR,
    VERY_NEAR,
    at_ratio(1.3),
    at_ratio(0.59),
    account(pool(quality=Quality.UNKNOWN, reasons=("no mark",)), up=False, quality=Quality.UNKNOWN),
    account(pool(positions=(position(line=Line.at(92.0, 0.08)),))),
    account(pool(positions=())),
    account(),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([0.25, 0.25, 0.5, 1.0, 3.0, 5.0, 60.0, 301.0, 3600.0]),
        st.none() | st.integers(0, len(REPORTS) - 1),
        st.none() | st.integers(0, len(REPORTS) - 1),
        st.none() | st.sampled_from(["mode_changed", "position_vanished"]),
        st.none() | st.booleans(),
    ),
    max_size=25,
)


def told_by(steps: Sequence[tuple[View, list[Notice], float]]) -> list[tuple[Any, ...]]:
    alerting = Alerting(AlertSettings(rules=default_rules()))
    found: list[AlertChange] = []
    for shown, notices, now in steps:
        found += alerting.step(shown, notices, now)
    return [(each.at, each.change, each.alert.rule, each.alert.severity, dict(each.alert.labels)) for each in found]


@given(STEPS)
@example(  # a room that shrank just after a look, and then nothing for an hour: what was lost is older than the window
    [
        (60.0, None, None, None, None),
        (0.25, None, None, None, None),
        (0.25, None, 1, None, None),
        (3600.0, None, None, None, None),
    ]
)
def test_nothing_is_told_later_or_otherwise_than_if_all_were_looked_at_each_time(
    happenings: list[tuple[float, int | None, int | None, str | None, bool | None]],
) -> None:
    shown, now = view(SAFE, OTHER), NOW
    steps: list[tuple[View, list[Notice], float]] = []
    for seconds, one, two, event, up in happenings:
        # Short stretches in which nothing comes in, as between two prices of a busy second.
        for part in range(1, 4):
            steps.append((shown, [], now + 0.25 * part / 4))
        now += seconds
        reports = list(shown.accounts)
        if one is not None:
            reports[0] = replace(REPORTS[one], at=now)
        if two is not None:
            reports[1] = others(replace(REPORTS[two], at=now))
        if one is not None or two is not None:
            shown = replace(shown, accounts=tuple(reports))
        if up is not None:
            shown = replace(shown, feeds=(feed(up=up), feed("user", account="main", up=up)))
        steps.append((shown, [] if event is None else [happened(event)], now))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "LOOK_SECONDS", 0.0)
        always = told_by(steps)
    assert told_by(steps) == always


def test_a_journal_that_cannot_be_written_is_told_with_its_reason_and_the_cure() -> None:
    alerting, shown = Alerting(AlertSettings()), view(SAFE)
    assert shown.journal is not None
    alerting.step(shown, [], NOW)
    stopped = replace(shown, journal=replace(shown.journal, writing=False, reason="no space left on the disk"))
    (told,) = alerting.step(stopped, [], NOW + 1)
    assert (told.alert.rule, told.alert.severity, told.change) == ("journal", Severity.WARNING, Change.FIRED)
    assert dict(told.alert.labels) == {"trouble": "writing"}
    assert told.alert.summary == "journal: not written: no space left on the disk"
    assert "Make room on its disk" in told.alert.text
    assert alerting.step(shown, [], NOW + 2) == ()
    (over,) = alerting.step(shown, [], NOW + 302)
    assert (over.change, over.alert.summary) == (Change.RESOLVED, "journal: written")


def test_records_that_the_journal_lost_are_counted_and_each_loss_is_told_once() -> None:
    alerting, shown = Alerting(AlertSettings()), view(SAFE)
    assert shown.journal is not None
    alerting.step(shown, [], NOW)
    lost = replace(shown, journal=replace(shown.journal, lost_total=1_200))
    (told,) = alerting.step(lost, [], NOW + 1)
    assert dict(told.alert.labels) == {"trouble": "records"}
    assert told.alert.summary == "journal: 1,200 records lost since the start"
    assert alerting.step(lost, [], NOW + 2) == (), "they stay lost, which is no news"
    (over,) = alerting.step(lost, [], NOW + 302)
    assert over.change is Change.RESOLVED
    more = replace(lost, journal=replace(shown.journal, lost_total=1_300, reason="its queue was full"))
    (again,) = alerting.step(more, [], NOW + 400)
    assert again.alert.summary == "journal: 1,300 records lost since the start: its queue was full"


def test_records_lost_before_the_first_look_are_told_too() -> None:
    alerting, shown = Alerting(AlertSettings()), view(SAFE)
    assert shown.journal is not None
    (told,) = alerting.step(replace(shown, journal=replace(shown.journal, lost_total=7)), [], NOW)
    assert told.alert.rule == "journal"


def test_without_a_journal_there_is_nothing_to_say_of_it() -> None:
    alerting, shown = Alerting(AlertSettings()), replace(view(SAFE), journal=None)
    assert alerting.step(shown, [], NOW) == ()
    stopped = view(SAFE).journal
    assert stopped is not None
    alerting.step(replace(shown, journal=replace(stopped, writing=False)), [], NOW + 1)
    assert alerting.firing[0].summary == "journal: not written"
    alerting.step(shown, [], NOW + 400)
    assert [alert.rule for alert in alerting.firing] == ["journal"], "what cannot be read any more is not over"
