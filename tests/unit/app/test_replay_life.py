"""The life of alerts among people is replayed too: commands are events, and what stood before is told at the head."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.app.replay import ReplayedStep, Replayer
from monitor.app.replay_findings import Findings, looks_back_seconds
from monitor.app.replay_settings import configured
from monitor.domain.alerts import AlertChange, AlertMemory, Change, Matcher, Silence
from monitor.domain.commands import AcknowledgeAlert, AlertsRestored, EndSilence, SilenceAlerts
from monitor.domain.events import Elapsed
from monitor.outputs.journal.records import Record
from tests.unit.app.recorded_runs import AROUND, RUN, Live, T, by_segment, marks, prices, standing, written


def findings_of(records: list[Record]) -> Findings:
    findings = Findings()
    for item in Replayer(configured, lambda _: ()).items(written(records)):
        findings.take(item)
    return findings


def eventful(baseline_before: tuple[int, ...] = ()) -> Live:
    """A fall of an hour and back, on which somebody acknowledges, silences and ends the silence."""
    live = Live(baseline_before=baseline_before)
    live.mark = 60_000.0
    live.step(standing(T, live.mark), T, AROUND)
    for second, mark in enumerate(marks(60), start=1):
        now = T + second
        batch = [*prices(mark, now), Elapsed(now)]
        firing = live.decider.view.alerts
        if second == 25:
            assert firing
            batch += [
                AcknowledgeAlert(fingerprint=each.fingerprint, author="ann", via="cli", at=now) for each in firing
            ]
        if second == 27:
            matchers = (Matcher(name="venue", value="bin.*", regex=True),)
            quiet = Silence(id="s1", matchers=matchers, starts=now, ends=now + 60.0, author="bob", comment="")
            batch.append(SilenceAlerts(silence=quiet, via="web", at=now))
        if second == 33:
            batch.append(EndSilence(id="s1", author="bob", via="web", at=now))
        live.step(batch, now)
        live.mark = mark
    return live


def changes(live: Live) -> list[AlertChange]:
    return [change for decision in live.decisions for change in decision.changes]


def test_what_people_did_is_repeated_to_the_byte() -> None:
    live = eventful()
    assert {change.change for change in changes(live)} >= {
        Change.ACKNOWLEDGED, Change.SILENCED, Change.UNSILENCED, Change.RESOLVED,
    }  # fmt: skip
    findings = findings_of(live.records)
    assert findings.same
    assert findings.compared_exactly == findings.steps == 61


def test_a_run_that_begins_with_what_was_remembered_is_repeated_to_the_byte() -> None:
    first = eventful()
    kept: dict[str, AlertMemory] = {}
    for decision in first.decisions[:40]:
        kept |= {each.alert.fingerprint: each for each in decision.memory.keep}
        kept = {name: each for name, each in kept.items() if name not in decision.memory.forget}
    assert kept
    second = Live(replace(RUN, run="20260922T010000-2"))
    second.mark = 50_000.0
    second.step((AlertsRestored(alerts=tuple(kept.values()), silences=(), at=T), *standing(T, 50_000.0)), T, AROUND)
    for number in range(1, 20):
        second.step((*prices(50_000.0, T + number), Elapsed(T + number)), T + number)
    assert Change.FIRED not in {change.change for change in changes(second)}, "what stood is not told anew"
    findings = findings_of(second.records)
    assert findings.same
    assert findings.compared_exactly == 20


@pytest.mark.parametrize("number", [24, 26, 30, 36])
def test_a_later_segment_knows_which_alerts_fired_and_who_keeps_them_quiet(number: int) -> None:
    live = eventful(baseline_before=(number,))
    _, second = by_segment(live.records)
    items = list(Replayer(configured, lambda _: ()).items(written(second)))
    (first, *_) = (item for item in items if isinstance(item, ReplayedStep))
    was = live.decisions[number - 1].view
    assert [(each.incident, each.state, each.by) for each in first.decision.view.alerts] == [
        (each.incident, each.state, each.by) for each in was.alerts
    ]
    assert first.decision.view.silences == was.silences
    findings = findings_of(second)
    assert findings.same, [each.change for each in findings.differences]


@pytest.mark.parametrize(
    ("rule", "seconds"),
    [("worsening", 900.0), ("unexplained_loss", 3600.0), ("margin_ratio", 0.0), ("a rule of another version", 0.0)],
)
def test_rules_that_look_back_may_differ_for_as_long_after_a_beginning_in_the_middle(rule: str, seconds: float) -> None:
    assert looks_back_seconds(rule) == seconds
