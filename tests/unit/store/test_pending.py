"""What waits: of states the newest, of lines each, never more than the bounds, and every loss counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.alerts import MemoryChange
from monitor.domain.keeping import Commit, Escalation, Handle, OutboxState
from monitor.store.pending import Bounds, Pending
from tests.unit.outputs.journal.values import values
from tests.unit.store.desk import FEW, alert, entry, memory, note, page

COMMITS = st.lists(values(Commit), max_size=5)


def melted(commits: Sequence[Commit], bounds: Bounds | None = None) -> tuple[Pending, int]:
    pending = Pending(bounds=bounds or Bounds())
    return pending, sum(pending.add(commit, float(number)) for number, commit in enumerate(commits))


def test_nothing_waits_at_first() -> None:
    assert not Pending()
    assert len(Pending()) == 0
    assert Pending().oldest is None


def test_an_empty_commit_waits_too_for_somebody_waits_for_it() -> None:
    assert melted([Commit()])[0]


def test_the_age_is_that_of_the_oldest() -> None:
    assert melted([note("a"), note("b")])[0].oldest == 0.0


@FEW
@given(older=COMMITS, newer=COMMITS)
def test_what_could_not_be_written_stands_before_what_came_since(older: list[Commit], newer: list[Commit]) -> None:
    failed, _ = melted(older)
    pending, _ = melted(newer)
    assert pending.after(failed) == 0
    expected, _ = melted([*older, *newer])
    assert [dict(each) for each in pending._states()] == [dict(each) for each in expected._states()]
    assert list(pending.lines) == list(expected.lines)
    assert pending.commits == expected.commits
    assert (pending.oldest is None) == (expected.oldest is None)


def test_of_lines_that_are_too_many_the_oldest_go_and_are_counted() -> None:
    pending, lost = melted([note(str(number)) for number in range(10)], Bounds(lines=4))
    assert lost == 6
    assert [line.text for line in pending.lines if not hasattr(line, "alert")] == ["6", "7", "8", "9"]


def test_of_entries_that_are_too_many_those_go_first_that_are_done_with() -> None:
    one = alert()
    sent = Commit(entries=tuple(entry(one, f"sent {n}", state=OutboxState.SENT) for n in range(3)))
    waiting = Commit(entries=tuple(entry(one, f"waiting {n}") for n in range(5)))
    pending, lost = melted([waiting, sent], Bounds(entries=4))
    assert lost == 4
    assert [each.message.channel for each in pending.entries.values()] == [f"waiting {n}" for n in range(1, 5)]


def test_promises_and_handles_are_bounded_as_well() -> None:
    promise = Escalation(incident="i", route="r", step=0, due=1.0)
    promises = tuple(replace(promise, step=step, done=step % 2 == 0) for step in range(6))
    handles = tuple(Handle(channel="c", thread=str(number), handle="h") for number in range(6))
    pending, lost = melted([Commit(escalations=promises, handles=handles)], Bounds(entries=3))
    assert lost == 6
    assert [one.step for one in pending.escalations.values()] == [1, 3, 5]
    assert [one.thread for one in pending.handles.values()] == ["3", "4", "5"]


def test_the_memory_of_alerts_is_never_dropped() -> None:
    pages = [page(f"COIN{number}") for number in range(100)]
    pending, _ = melted(pages, Bounds(lines=1, entries=1))
    assert len(pending.alerts) == 100


def test_a_picture_of_the_file_holds_what_stands_and_not_what_is_over() -> None:
    one, promise = alert(), Escalation(incident="i", route="r", step=0, due=1.0)
    standing, _ = melted([])
    first, _ = melted([page(), Commit(escalations=(promise,))])
    standing.settle(first)
    assert standing.alerts == {one.fingerprint: memory(one)}
    assert len(standing) == 3
    over = Commit(
        memory=MemoryChange(forget=(one.fingerprint,)),
        entries=(entry(one, state=OutboxState.DROPPED),),
        escalations=(replace(promise, done=True),),
    )
    standing.settle(melted([over])[0])
    assert len(standing) == 0
