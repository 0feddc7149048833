"""A journal run again: the same decisions, and a word wherever they cannot be the same."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import replace

import pytest

from monitor.app.replay import Began, Ended, Item, Missing, ReplayedStep, Replayer
from monitor.app.replay_findings import SETTLES_SECONDS, Findings
from monitor.app.replay_settings import configured
from monitor.domain.alerts import Change
from monitor.domain.quality import Quality
from monitor.outputs.journal.records import Baseline, End, Lost, Outcome, PoolOutcome, Record, Run, Step
from monitor.outputs.journal.segment import Damage
from tests.programs import ROOT
from tests.unit.app.recorded_runs import CROWD, RUN, Live, T, crowd, marks, written


def no_strangers(_: Run) -> tuple[str, ...]:
    return ()


def replayed(records: Iterable[Record | Damage], strangers: tuple[str, ...] = ()) -> list[Item]:
    return list(Replayer(configured, lambda _: strangers).items(records))


def found(items: Iterable[Item]) -> Findings:
    findings = Findings()
    for item in items:
        findings.take(item)
    return findings


def steps(items: Iterable[Item]) -> list[ReplayedStep]:
    return [item for item in items if isinstance(item, ReplayedStep)]


def test_a_whole_run_is_repeated_to_the_byte() -> None:
    live = Live().all()
    items = replayed(written(live.records))
    assert all(step.ours == step.recorded for step in steps(items))
    assert [step.decision for step in steps(items)] == live.decisions
    findings = found(items)
    assert findings.same
    assert (findings.steps, findings.compared_exactly, findings.differing_steps) == (41, 41, 0)
    assert {change.change for each in live.decisions for change in each.changes} >= {Change.FIRED, Change.RESOLVED}
    assert findings.changes == findings.recorded_changes > 0


def test_the_run_is_told_at_its_beginning_and_at_its_end() -> None:
    live = Live().all()
    stopped = [*live.records, End(at=T + 41, why="stopped")]
    first, *_, last = replayed(written(stopped))
    assert first == Began(run=RUN, at=T, whole=True)
    assert isinstance(first, Began)
    assert first.exact
    assert last == Ended(run=RUN.run, cleanly=True, replayed=True)
    assert replayed(live.records)[-1] == Ended(run=RUN.run, cleanly=False, replayed=True), "killed, or still running"


def test_a_figure_that_was_recorded_otherwise_is_found() -> None:
    records = written(Live().all().records)
    place = next(place for place, each in enumerate(records) if isinstance(each, Outcome) and each.number == 20)
    tampered = records[place]
    assert isinstance(tampered, Outcome)
    (pool,) = tampered.pools
    assert pool.equity_usd is not None
    wrong = replace(pool, equity_usd=pool.equity_usd * 1.01)
    records[place] = replace(tampered, pools=(wrong,), digest=b"0" * 16)
    findings = found(replayed(records))
    assert not findings.same
    assert findings.differing_steps == 1
    assert findings.first_difference == (T + 19, 20, "reports")
    ((key, name), difference) = next(iter(findings.figures.differences.items()))
    assert (key.pool, name) == ("cross:USDT", "equity_usd")
    assert (difference.first.ours, difference.first.recorded) == (pool.equity_usd, wrong.equity_usd)
    assert difference.first.at == T + 19
    assert difference.largest.size == pytest.approx(0.01 / 1.01)


def test_an_alert_that_was_not_recorded_is_found_and_one_that_is_not_told_here() -> None:
    records = written(Live().all().records)
    for place, each in enumerate(records):
        if isinstance(each, Outcome) and each.changes:
            records[place] = replace(each, changes=())
            break
    findings = found(replayed(records))
    assert not findings.same
    assert all(each.ours and not each.excused for each in findings.differences)
    assert findings.first_difference is not None
    assert findings.first_difference[2] == "alerts"


def test_on_another_build_figures_may_differ_within_the_bound_and_not_beyond_it() -> None:
    records = written(Live().all().records)

    def equity(pool: PoolOutcome, ratio: float) -> PoolOutcome:
        assert pool.equity_usd is not None
        return replace(pool, equity_usd=pool.equity_usd * (1.0 + ratio))

    def shaken(ratio: float) -> list[Record]:
        return [
            replace(each, digest=b"0" * 16, pools=tuple(equity(pool, ratio) for pool in each.pools))
            if isinstance(each, Outcome)
            else each
            for each in records
        ]

    near = found(replayed(shaken(1e-12), strangers=("another build",)))
    assert near.same
    assert (near.compared_exactly, near.identical_steps) == (0, 0)
    assert near.figures.within == near.figures.compared // 5 > 0, "one of five figures"
    assert near.figures.largest_within == pytest.approx(1e-12, rel=0.01)
    far = found(replayed(shaken(1e-6), strangers=("another build",)))
    assert not far.same
    assert {name for _, name in far.figures.differences} == {"equity_usd"}


def test_from_the_middle_it_goes_on_from_the_facts_that_stood() -> None:
    live = Live(baseline_before=(21,)).all()
    second = [each for each in live.records if not isinstance(each, Run)]
    place = next(place for place, each in enumerate(second) if isinstance(each, Baseline))
    items = replayed([replace(RUN, segment=2), *second[place:]])
    assert isinstance(items[0], Began)
    assert not items[0].whole
    assert not items[0].exact
    assert [step.number for step in steps(items)] == list(range(21, 42))
    findings = found(items)
    assert findings.figures.compared > 0
    assert findings.figures.differences == {}
    assert findings.same, [each.excused for each in findings.one_sided]


def test_what_is_doubted_on_one_side_only_after_a_beginning_in_the_middle_settles() -> None:
    live = Live(baseline_before=(21,)).all(marks(140))
    second = [each for each in live.records if not isinstance(each, Run)]
    place = next(place for place, each in enumerate(second) if isinstance(each, Baseline))

    def doubted(number: int) -> Findings:
        records: list[Record] = [replace(RUN, segment=2)]
        for each in second[place:]:
            if isinstance(each, Outcome) and each.number == number:
                each = replace(each, pools=tuple(replace(pool, quality=Quality.PARTIAL) for pool in each.pools))
            records.append(each)
        return found(replayed(records))

    soon, late = doubted(30), doubted(21 + int(SETTLES_SECONDS) + 1)
    assert (soon.same, soon.figures.settling) == (True, 1)
    assert (late.same, late.figures.settling) == (False, 0)
    assert {name for _, name in late.figures.differences} == {"quality"}


def test_a_rule_that_waits_longer_than_has_been_replayed_may_tell_at_another_time() -> None:
    """Whoever began in the middle begins to wait there, and the recorded alert was told or forgotten since."""
    live = Live(baseline_before=(21,)).all(marks(140))
    second = [each for each in live.records if not isinstance(each, Run)]
    place = next(place for place, each in enumerate(second) if isinstance(each, Baseline))
    fired = next(each for step in live.decisions for each in step.changes if each.change is Change.FIRED)

    def told(rule: str, after_seconds: int) -> Findings:
        records: list[Record] = [replace(RUN, segment=2)]
        for each in second[place:]:
            if isinstance(each, Outcome) and each.number == 21 + after_seconds:
                alert = replace(fired.alert, rule=rule, value=None, threshold=None)
                each = replace(each, changes=(*each.changes, replace(fired, alert=alert, at=T + 20 + after_seconds)))
            records.append(each)
        return found(replayed(records))

    waited = int(SETTLES_SECONDS) + 30
    assert told("one_sided_leverage", waited).same, "it waits for a minute, and for five until it ends"
    assert not told("liquidatable", waited).same, "it waits for nothing"


def test_a_baseline_on_the_way_changes_nothing() -> None:
    live = Live(baseline_before=(11, 21)).all()
    findings = found(replayed(written(live.records)))
    assert findings.compared_exactly == 41
    assert findings.same
    assert len(findings.runs) == 1


def test_after_lost_steps_it_says_so_and_begins_anew_at_the_next_baseline() -> None:
    live = Live(baseline_before=(21,)).all()
    lost = Lost(counts={"Step": 2, "Outcome": 2}, first=T + 9, last=T + 10, why="the disk is full")
    records = [each for each in live.records if not (isinstance(each, (Step, Outcome)) and each.number in (10, 11))]
    place = next(place for place, each in enumerate(records) if isinstance(each, Step) and each.number == 12)
    items = replayed(written([*records[:place], lost, *records[place:]]))
    (gap,) = [item for item in items if isinstance(item, Missing)]
    assert gap.goes_on
    assert gap.steps == 11, "10 to 20: two that are lost, and nine that cannot be replayed without them"
    assert gap.why == "records were lost while it ran: the disk is full"
    assert (gap.first, gap.last) == (T + 8, T + 19), "nothing is known of what came after step 9"
    assert [step.number for step in steps(items)] == [*range(1, 10), *range(21, 42)]
    assert found(items).same


def test_lost_steps_after_which_no_baseline_comes_are_told_at_the_end() -> None:
    live = Live().all()
    records = [each for each in live.records if not (isinstance(each, Step) and each.number == 30)]
    items = replayed(records)
    assert [(item.steps, item.goes_on) for item in items if isinstance(item, Missing)] == [(12, False)]
    assert [step.number for step in steps(items)] == list(range(1, 30))


def test_lost_outcomes_and_frames_leave_the_run_whole() -> None:
    live = Live().all()
    lost = Lost(counts={"Outcome": 1, "Frame": 7}, first=T, last=T, why="the queue was full")
    records: list[Record] = []
    for each in live.records:
        records.append(lost if isinstance(each, Outcome) and each.number == 7 else each)
    items = replayed(written(records))
    findings = found(items)
    assert findings.missing == []
    assert (findings.steps, findings.without_outcome, findings.compared_exactly) == (41, 1, 40)
    assert findings.same


def test_a_torn_tail_costs_nothing_that_was_whole() -> None:
    live = Live().all()
    torn = Damage(file=ROOT / "1.mwj", offset=99, what="the last block is not whole", torn=True)
    items = replayed([*live.records[:-2], torn])
    assert len(steps(items)) == 40
    assert steps(items)[-1].recorded is not None
    last = items[-1]
    assert isinstance(last, Ended)
    assert not last.cleanly
    assert "the last block is not whole" in last.why
    assert found(items).same


def test_a_step_whose_outcome_was_torn_off_is_replayed_without_comparison() -> None:
    findings = found(replayed(Live().all().records[:-1]))
    assert (findings.steps, findings.without_outcome) == (41, 1)
    assert findings.same


def test_several_runs_have_an_engine_each() -> None:
    again = replace(RUN, run="20260922T010000-1", started=T + 3600.0, began=T + 3600.0)
    records = [*Live().all().records, *Live(run=again).all().records]
    findings = found(replayed(written(records)))
    assert [run.run.run for run in findings.runs] == [RUN.run, again.run]
    assert (findings.steps, findings.differing_steps) == (82, 0)
    assert findings.same


def test_segments_without_a_head_of_their_own_are_passed_over() -> None:
    live = Live().all()
    assert replayed(live.records[1:]) == []


def test_an_overrun_is_replayed() -> None:
    live = Live().all()
    live.step((), T + 60.0, overrun="too many events waited")
    assert live.decisions[-1].resyncs
    items = replayed(written(live.records))
    assert steps(items)[-1].decision.resyncs == live.decisions[-1].resyncs
    assert found(items).same


def test_many_accounts_whose_reports_are_made_in_slices_are_repeated_to_the_byte() -> None:
    live = crowd()
    reported = [len(each.result.reports) for each in live.decisions]
    assert max(reported[2:]) < len(CROWD), "no step after the first ones reports them all"
    assert max(len(each.changes) for each in live.decisions) > 3, "several alerts change in one step"
    items = replayed(written(live.records))
    assert [repr(step.decision) for step in steps(items)] == [repr(each) for each in live.decisions]
    assert found(items).same


PRINT_DIGEST = """
import hashlib, sys
sys.path.insert(0, {root!r})
from tests.unit.app.recorded_runs import crowd
print(hashlib.blake2b(repr(crowd(seconds=8).decisions).encode()).hexdigest())
"""


def test_what_is_decided_does_not_depend_on_the_order_of_a_hash() -> None:
    """Nor the order in which anything is told: the text of all decisions holds that, too."""
    digests = set()
    for seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", PRINT_DIGEST.format(root=str(ROOT))],
            env=os.environ | {"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        digests.add(done.stdout)
    assert len(digests) == 1
