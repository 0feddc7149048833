"""What `journal verify` says: what is damaged or missing is named, and what a crash leaves is no damage."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from monitor.outputs.journal.segment import Packer, file_header
from monitor.outputs.journal.survey import findings, survey
from tests.unit.outputs.journal.desk import Desk


def three_segments(folder: Path, close: bool = True) -> list[Path]:
    """Two steps a segment."""
    desk = Desk(folder)
    for number in range(6):
        if number in (2, 4):
            desk.next_segment()
        desk.step()
        desk.write()
    if close:
        desk.stop()
    else:
        desk.journal.writer._pen.folder.release()  # type: ignore[union-attr]  # as the end of a process does
    return sorted(folder.glob("*.mwj"))


def _full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def found_in(folder: Path) -> tuple[list[str], list[str]]:
    """What is grave and what is only told, without the files' names."""
    rows = list(findings(survey(file, whole=True) for file in sorted(folder.glob("*.mwj"))))
    return [row.words for row in rows if row.grave], [row.words for row in rows if not row.grave]


def test_of_what_is_whole_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert len(three_segments(tmp_path)) == 3
    assert found_in(tmp_path) == ([], [])


def test_what_is_counted_is_what_is_there(tmp_path: Path) -> None:
    first = three_segments(tmp_path)[0]
    for whole in (True, False):
        seen = survey(first, whole=whole)
        assert seen.counts == {"Run": 1, "Step": 2, "Outcome": 2, "End": 1}
        assert seen.first is not None
        assert seen.last is not None
        assert (seen.first.number, seen.last.number, seen.end) == (1, 2, "next segment")


def test_a_run_that_was_killed_is_no_damage(tmp_path: Path) -> None:
    last = three_segments(tmp_path, close=False)[-1]
    grave, told = found_in(tmp_path)
    assert grave == []
    assert told == ["was not closed: the monitor still writes it, or was killed; at most its last second is missing"]
    last.write_bytes(last.read_bytes()[:-5])
    grave, [told_now] = found_in(tmp_path)
    assert grave == []
    assert "the last block is not whole" in told_now


@pytest.mark.parametrize("left", [0, 7, 12, 40])
def test_a_kill_while_a_segment_is_begun_is_no_damage(tmp_path: Path, left: int) -> None:
    last = three_segments(tmp_path, close=False)[-1]
    last.write_bytes(last.read_bytes()[:left])
    told = ["holds nothing: it is being begun, or the monitor was killed just then"]
    assert found_in(tmp_path) == ([], told)
    for file in sorted(tmp_path.glob("*.mwj"))[:2]:
        file.unlink()
    assert found_in(tmp_path) == ([], told)
    (last.parent / "29991231T000000Z-ffffff-000001.mwj").write_bytes(file_header())  # of another run
    assert found_in(tmp_path) == ([], told * 2)


def test_a_file_that_is_removed_meanwhile_is_not_taken_for_damage(tmp_path: Path) -> None:
    first = three_segments(tmp_path)[0]
    first.unlink()
    with pytest.raises(FileNotFoundError):
        survey(first, whole=True)


def _cut(files: list[Path]) -> None:
    files[0].write_bytes(files[0].read_bytes()[:-30])


def _empty(files: list[Path]) -> None:
    files[1].write_bytes(file_header())


def _change(files: list[Path]) -> None:
    data = bytearray(files[1].read_bytes())
    data[-1] ^= 1
    files[1].write_bytes(data)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_cut, "its end is missing: it was cut"),
        (_empty, "has no head: nothing says whose records these are"),
        (_change, "damaged at byte"),
        (lambda files: files[1].unlink(), "segment 2 of its run is missing before it"),
    ],
)
def test_what_is_missing_or_changed_is_named(tmp_path: Path, harm: Callable[[list[Path]], None], words: str) -> None:
    harm(three_segments(tmp_path))
    grave, _ = found_in(tmp_path)
    assert any(words in row for row in grave), grave


def test_segments_that_were_removed_because_there_was_too_much_are_no_damage(tmp_path: Path) -> None:
    three_segments(tmp_path)[0].unlink()
    assert found_in(tmp_path) == ([], ["begins with segment 2 of its run: older ones are gone"])


@pytest.mark.parametrize("kept", [(0,), (1,), (0, 1)])
def test_a_copy_of_a_part_is_no_damage(tmp_path: Path, kept: tuple[int, ...]) -> None:
    for number, file in enumerate(three_segments(tmp_path)):
        if number not in kept:
            file.unlink()
    grave, told = found_in(tmp_path)
    assert grave == []
    assert told[-1].startswith("what came after is not here")


def test_a_disk_that_is_full_between_two_segments_until_the_monitor_stops_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.write()
    desk.next_segment()
    desk.step()
    pen = desk.journal.writer._pen
    assert pen is not None
    monkeypatch.setattr(pen.folder, "open", _full)  # there is room for the end of one, and none for another
    desk.write()
    desk.stop()
    grave, told = found_in(tmp_path)
    assert grave == []
    assert [row[:27] for row in told] == ["what came after is not here"]


def test_what_the_journal_lost_by_its_own_word_is_told_and_no_damage(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.write()
    desk.disk.free = 0
    desk.step()
    desk.write()
    desk.disk.free = None
    desk.clock.time += 2.0
    desk.write()
    desk.step()
    desk.stop()
    grave, told = found_in(tmp_path)
    assert grave == []
    assert told == ["says itself that records were lost: 1 Outcome, 1 Step (No space left on device)"]


def test_steps_that_are_missing_without_a_word_are_damage(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.number += 3
    desk.step()
    desk.stop()
    assert found_in(tmp_path)[0] == ["steps 2 to 4 are missing"]


def test_steps_that_are_missing_between_two_segments_are_damage(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.write()
    desk.journal._last = desk.number = 4
    desk.next_segment()
    desk.step()
    desk.stop()
    assert found_in(tmp_path)[0] == ["steps 2 to 4 are missing before it"]


def test_a_file_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.mwj").mkdir()
    grave, _ = found_in(tmp_path)
    assert any("cannot be read: Is a directory" in row for row in grave)


def test_a_block_of_broken_records_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.mwj").write_bytes(file_header() + Packer().pack(b"S\0"))
    grave, _ = found_in(tmp_path)
    assert any("head is cut" in row for row in grave)
