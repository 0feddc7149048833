"""Reading a window of time: nothing of it is passed over, however often the clock was set back."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from monitor.outputs.journal.export import rows
from monitor.outputs.journal.reader import files, read
from monitor.outputs.journal.records import Run, Step
from tests.sample_reports import account, pool
from tests.unit.outputs.journal.desk import Desk

B = 1_000_000.0


def run_of(folder: Path, *times: float, segments_at: tuple[float, ...] = ()) -> list[float]:
    """A run with a step at each of these seconds, and a new segment before those that are named."""
    desk = Desk(folder, ahead=times[0] - 1.0)
    for at in times:
        desk.clock.ahead = B + at - 1.0 - desk.clock.time
        if at in segments_at:
            desk.next_segment()
        desk.step(reports=(account(pool()),))
        desk.write()
    desk.stop()
    return list(times)


def seconds_read(folder: Path, since: float | None, until: float | None, whole: bool = False) -> list[float]:
    window = [None if at is None else B + at for at in (since, until)]
    found = read(folder, since=window[0], until=window[1], whole=whole)
    return [row.now - B for row in found if isinstance(row, Step)]


def test_each_step_of_a_window_is_read_wherever_the_clock_was_set_back(tmp_path: Path) -> None:
    times = run_of(tmp_path, 100, 150, 200, 150.5, 170, 260, 120, 130, 300, segments_at=(170, 260))
    times += run_of(tmp_path, 90, 140, 141)
    times += run_of(tmp_path, 400, 399.5, 401, 400.5, 410)
    times += run_of(tmp_path, 50, 60, 180, segments_at=(60,))
    edges = [None, *sorted({edge for at in times for edge in (at, at - 0.25)}), 1_000.0]
    for since, until in itertools.product(edges, edges):
        wanted = [at for at in times if (since is None or at >= since) and (until is None or at <= until)]
        found = seconds_read(tmp_path, since, until)
        inside = [at for at in found if (since is None or at >= since) and (until is None or at <= until)]
        assert inside == wanted, (since, until)
        everything = seconds_read(tmp_path, since, until, whole=True)
        assert [at for at in everything if at in found] == found, (since, until)


def test_a_window_leaves_out_runs_and_segments_that_have_no_part_in_it(tmp_path: Path) -> None:
    run_of(tmp_path, 10, 20, 30, segments_at=(20, 30))
    run_of(tmp_path, 110, 120, 130, 140, segments_at=(120, 130, 140))
    run_of(tmp_path, 210, 220)
    assert seconds_read(tmp_path, 125, 135) == [120, 130]
    assert seconds_read(tmp_path, 125, 135, whole=True) == [110, 120, 130]
    assert seconds_read(tmp_path, 40, 50) == []
    runs = {row.run for row in read(tmp_path, since=B + 125, until=B + 135) if isinstance(row, Run)}
    assert len(runs) == 1


def test_a_run_that_was_killed_is_read_to_its_end(tmp_path: Path) -> None:
    run_of(tmp_path, 10, 20, 30, segments_at=(20,))
    last = files(tmp_path)[-1]
    last.write_bytes(last.read_bytes()[:-20])  # its last record
    run_of(tmp_path, 5, 6)
    assert seconds_read(tmp_path, 25, None)[:2] == [20, 30]


@pytest.mark.parametrize("harm", [b"", b"no segment"])
def test_a_segment_without_a_head_hides_nothing(tmp_path: Path, harm: bytes) -> None:
    run_of(tmp_path, 10, 20, 30, 40, segments_at=(20, 30, 40))
    files(tmp_path)[1].write_bytes(harm)
    assert seconds_read(tmp_path, 25, 35) == [10, 30]
    assert seconds_read(tmp_path, 35, 45) == [30, 40]


def test_an_export_holds_what_lies_in_the_window_and_nothing_else(tmp_path: Path) -> None:
    run_of(tmp_path, 100, 200, 300, 150, 160, segments_at=())
    times = [row[0].timestamp() - B for row in rows(tmp_path, B + 140, B + 210)]
    assert sorted(set(times)) == [150, 160, 200]
