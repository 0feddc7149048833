"""The flight recorder from the loop to the disk and back: order, bounds, losses that are told, secrets that are not."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import stat
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote

import pytest
from structlog.testing import capture_logs

from monitor.domain.errors import MarginwatchError
from monitor.domain.events import Elapsed, FeedUp, Tick
from monitor.domain.view import Surroundings
from monitor.outputs.journal.journal import JournalSettings, Raw
from monitor.outputs.journal.pen import Bounds
from monitor.outputs.journal.records import Answer, Baseline, Frame, Lost, Outcome, Run, Step
from monitor.outputs.journal.segment import SUFFIX, blocks
from tests.sample_reports import account
from tests.unit.outputs.journal.desk import ABOUT, Desk

UP = FeedUp("binance", None, "marks", 5.0)
TICK = Tick("binance", "BTCUSDT", 60_000.0, 10.0, 10.1)
AGEING = JournalSettings(bounds=Bounds(max_age_seconds=1_000.0))
SMALL = JournalSettings(queue_records=10, queue_bytes=100_000)


def lost_in(desk: Desk) -> list[dict[str, int]]:
    return [dict(row.counts) for row in desk.read() if isinstance(row, Lost)]


def segments_kept(desk: Desk, begin: bool = False) -> list[int]:
    """Numbers of the segments that are left after a step and a round."""
    if begin:
        desk.next_segment()
    desk.step()
    desk.write()
    return [int(file.stem[-6:]) for file in sorted(desk.folder.glob("*" + SUFFIX))]


def everything(folder: Path) -> bytes:
    """All records of all files, decompressed."""
    return b"".join(
        block for file in sorted(folder.glob("*" + SUFFIX)) for block in blocks(file) if isinstance(block, bytes)
    )


def test_what_happens_is_written_in_its_order(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    around = Surroundings(inbox_depth=3)
    desk.frame(b'{"p":"1"}')
    desk.step(TICK, around=around, reports=(account(),))
    desk.journal.answer("binance", None, "time", 200, b"{}", 5.0, 6.0)
    desk.step()
    desk.stop()
    run, frame, step, outcome, answer, *_ = desk.read()
    assert isinstance(run, Run)
    assert (run.instance, run.version, run.config, run.accounts) == ("main", "1.0", ABOUT.config, ABOUT.accounts)
    assert frame == Frame(venue="binance", account=None, stream="marks", raw=b'{"p":"1"}', received=1_000_000.0)
    assert step == Step(number=1, now=1_000_001.0, events=(TICK,), around=around)
    assert isinstance(outcome, Outcome)
    assert (outcome.number, len(outcome.digest), len(outcome.pools)) == (1, 16, len(account().pools))
    assert answer == Answer(venue="binance", account=None, name="time", status=200, raw=b"{}", asked=5.0, received=6.0)
    assert desk.kinds() == "RFSOASOE"


def test_nobody_else_may_read_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "state" / "journal")
    desk.step()
    desk.stop()
    assert stat.S_IMODE(desk.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in desk.folder.iterdir()} == {0o600}


def test_raw_texts_of_an_account_are_written_without_what_tells_whose_they_are(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.frame(b'{"listenKey":"abc"}', account="main")
    desk.journal.answer("binance", "main", "account", 200, b'{"uid":7}', 5.0, 6.0)
    desk.stop()
    assert [row.raw for row in desk.read() if isinstance(row, Frame | Answer)] == [
        b"<marks redacted>",
        b"<account redacted>",
    ]


def test_secrets_of_the_configuration_are_masked_wherever_they_stand(tmp_path: Path) -> None:
    key, secret = "the-key-of-an-account", 'the"secret of an account'
    desk = Desk(tmp_path, secrets=(key, secret))
    desk.frame(f"public {key} and {secret}".encode())
    desk.step(replace(UP, stream=f"marks {key}"))
    desk.stop()
    written = everything(tmp_path)
    assert key.encode() not in written
    assert secret.encode() not in written
    [frame] = [row for row in desk.read() if isinstance(row, Frame)]
    assert frame.raw == b"public " + b"*" * len(key) + b" and " + b"*" * len(secret)


def test_a_secret_is_masked_in_whatever_spelling_and_whole_though_another_begins_it(tmp_path: Path) -> None:
    short, long = "begin+of/a", 'begin+of/a"longer+one'
    desk = Desk(tmp_path, secrets=(short, long))
    for text in (long, json.dumps(long), quote(long, "")):
        desk.frame(text.encode())
    desk.stop()
    assert b"longer" not in everything(tmp_path)
    assert b"begin" not in everything(tmp_path)


@pytest.mark.parametrize(("raw", "kept"), [(Raw.ALL, 4), (Raw.PRIVATE, 2), (Raw.NONE, 0)])
def test_raw_texts_are_kept_as_far_as_somebody_wants_them(tmp_path: Path, raw: Raw, kept: int) -> None:
    desk = Desk(tmp_path, JournalSettings(raw=raw))
    for name in (None, "main"):
        desk.frame(b"{}", account=name)
        desk.journal.answer("binance", name, "account", 200, b"{}", 5.0, 6.0)
    desk.step()
    desk.stop()
    found = desk.kinds()
    assert found.count("F") + found.count("A") == kept
    assert "S" in found


def test_raw_texts_are_dropped_before_steps_and_what_is_lost_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SMALL)
    with capture_logs() as logs:
        for _ in range(9):
            desk.frame(b"{}")  # five of them fill half of the queue
        desk.step()
        desk.write()
        desk.step()
        desk.stop()
    assert desk.kinds() == "RFFFFFLSOSOE"
    assert lost_in(desk) == [{"Frame": 4}]
    assert desk.journal.status().lost_total == 4
    assert [line["event"] for line in logs if "journal lo" in line["event"] or "room" in line["event"]] == [
        "journal loses records",
        "journal has room again",
    ]


def test_bytes_are_bounded_as_well_as_records(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SMALL)
    desk.frame(bytes(40_000))
    desk.frame(bytes(20_000))  # more than half of 100,000
    desk.step()
    desk.write()
    assert lost_in(desk) == [{"Frame": 1}]
    assert desk.kinds() == "RFLSO"


def test_after_a_lost_step_a_new_segment_begins_with_what_stands(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SMALL)
    desk.step(UP)
    desk.write()
    for number in range(8):  # five of them fill the queue
        desk.step(replace(TICK, mark=float(number + 1)))
    assert not desk.journal.status().writing
    assert desk.journal.status().reason == "the queue of the journal was full"
    desk.write()
    desk.step(TICK)
    desk.stop()
    assert desk.kinds() == "RSOSOSOSOSOSOE RBLSOE"
    [baseline] = [row for row in desk.read() if isinstance(row, Baseline)]
    assert baseline.after == 9
    assert baseline.events == (UP, replace(TICK, mark=8.0))
    assert lost_in(desk) == [{"Step": 3, "Outcome": 3}]
    assert desk.journal.status().lost_total == 6


def test_a_step_that_cannot_be_written_is_lost_and_not_the_monitor(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.journal.step(2, (Elapsed(object()),), desk.clock.now(), None, "")  # type: ignore[arg-type]  # that is the test
    desk.number = 2
    desk.step()
    desk.stop()
    assert desk.kinds() == "RSOE RBLSOE"
    [lost] = [row for row in desk.read() if isinstance(row, Lost)]
    assert lost.why == "a step could not be written: object cannot be written"


def test_segments_follow_one_another_by_size_and_each_can_be_replayed_by_itself(tmp_path: Path) -> None:
    bounds = Bounds(max_bytes=1 << 20, segment_bytes=5_000)
    desk = Desk(tmp_path, JournalSettings(bounds=bounds))
    desk.step(UP, around=Surroundings(inbox_depth=7))
    for _ in range(3):
        desk.frame(os.urandom(4_000))
        desk.step()
        desk.write()
        desk.frame(os.urandom(2_000))
        desk.step()
        desk.write()
    desk.stop()
    assert desk.kinds() == "RSOFSOFSOFE RBSOFSOFSOFE RBSOE"
    runs = [row for row in desk.read() if isinstance(row, Run)]
    assert [run.segment for run in runs] == [1, 2, 3]
    assert len({run.run for run in runs}) == 1
    for row in desk.read():
        if isinstance(row, Step):
            last = row.number
        elif isinstance(row, Baseline):
            assert row == Baseline(at=row.at, after=last, events=(UP,), around=Surroundings(inbox_depth=7))


def test_a_baseline_that_is_larger_than_a_segment_does_not_make_each_step_one(tmp_path: Path) -> None:
    desk = Desk(tmp_path, JournalSettings(bounds=Bounds(segment_bytes=1)))
    desk.step(*(FeedUp("binance", None, secrets.token_hex(16), 5.0) for _ in range(1000)))
    for _ in range(20):
        desk.write()
        desk.step()
    desk.stop()
    assert desk.kinds().count("B") == 1


def test_a_new_segment_begins_after_its_time(tmp_path: Path) -> None:
    desk = Desk(tmp_path, JournalSettings(bounds=Bounds(segment_seconds=60.0)))
    desk.step()
    desk.write()
    desk.clock.time += 61.0
    desk.write()
    desk.step()
    desk.stop()
    assert desk.kinds() == "RSOE RBSOE"


def test_the_oldest_segments_go_when_there_is_too_much(tmp_path: Path) -> None:
    bounds = Bounds(max_bytes=40_000, segment_bytes=10_000)
    desk = Desk(tmp_path, JournalSettings(bounds=bounds))
    for _ in range(40):
        desk.frame(os.urandom(3_000))
        desk.step()
        desk.write()
        assert sum(file.stat().st_size for file in tmp_path.glob("*.mwj")) <= bounds.max_bytes
        assert desk.journal.status().kept_bytes <= bounds.max_bytes
    desk.stop()
    assert desk.kinds().startswith("RB")
    assert desk.journal.status().segments == len(list(tmp_path.glob("*.mwj")))


def test_segments_go_when_they_are_too_old(tmp_path: Path) -> None:
    desk = Desk(tmp_path, AGEING)
    assert segments_kept(desk) == [1]
    desk.clock.time += 900.0
    assert segments_kept(desk, begin=True) == [1, 2]
    desk.clock.time += 900.0
    assert segments_kept(desk) == [1, 2], "the first ended 900 s ago"
    desk.clock.time += 200.0
    assert segments_kept(desk) == [2], "the open one never goes"


def test_segments_grow_older_only_while_somebody_writes(tmp_path: Path) -> None:
    for _ in range(3):
        desk = Desk(tmp_path, AGEING)
        desk.clock.time += 1e9  # after a start of the machine the steady clock is any
        segments_kept(desk)
        desk.clock.time += 600.0
        kept = segments_kept(desk)
        desk.stop()
    assert len(kept) == 2, "600 s and 600 s: the first run's is too old, the second's is not"


@pytest.mark.parametrize("jump", [1e8, -1e8])
def test_no_jump_of_the_wall_clock_makes_a_history_old(tmp_path: Path, jump: float) -> None:
    desk = Desk(tmp_path, AGEING)
    segments_kept(desk)
    assert segments_kept(desk, begin=True) == [1, 2]
    for file in tmp_path.glob("*.mwj"):
        os.utime(file, (desk.clock.now(),) * 2)
    desk.clock.ahead = jump
    desk.clock.time += 61.0
    assert segments_kept(desk, begin=True) == [1, 2, 3]
    desk.stop()
    again = Desk(tmp_path, AGEING, ahead=jump)  # wrong from the start
    assert segments_kept(again) == [1, 2, 3, 1]
    again.clock.time += 61.0
    again.clock.ahead = 0.0
    assert segments_kept(again)[:4] == [1, 2, 3, 1]


def test_the_oldest_run_goes_first_though_the_clock_was_set_back(tmp_path: Path) -> None:
    bounds = Bounds(max_bytes=22_000, segment_bytes=10_000)
    began = []
    for ahead in (1e6, 0.0, -1e5):
        desk = Desk(tmp_path, JournalSettings(bounds=bounds), ahead=ahead)
        desk.frame(os.urandom(6_000))
        desk.step()
        desk.write()
        desk.stop()
        began += [row.started for row in desk.read() if isinstance(row, Run) and row.started not in began]
    assert began == [2_000_000.0, 1_000_000.0, 900_000.0], "the order of writing, not that of the clock"
    assert [row.started for row in desk.read() if isinstance(row, Run)] == began[1:]


def test_where_the_clock_is_set_back_a_segment_begins_that_says_how_far_the_run_had_come(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.step()
    desk.clock.ahead = -1.5  # a second later: half a second back, which is no more than a clock may tremble
    desk.step()
    desk.clock.ahead = -500.0
    desk.step()
    desk.step()
    desk.stop()
    assert desk.kinds() == "RSOSOSOE RBSOSOE"
    heads = [row for row in desk.read() if isinstance(row, Run)]
    assert [(head.began, head.reached) for head in heads] == [(1_000_000.0, None), (999_504.0, 1_000_002.0)]


def test_a_lock_that_was_damaged_makes_nothing_old(tmp_path: Path) -> None:
    first = Desk(tmp_path, AGEING)
    segments_kept(first)
    first.stop()
    (tmp_path / "lock").write_text("17 rubbish\n")
    assert len(segments_kept(Desk(tmp_path, AGEING))) == 2


def test_a_segment_that_does_not_say_when_it_began_is_kept_as_long_as_its_neighbours(tmp_path: Path) -> None:
    desk = Desk(tmp_path, AGEING)
    odd = tmp_path / "00000000-bare-000001.mwj"
    odd.write_bytes(b"")
    segments_kept(desk)
    assert odd.exists()
    desk.clock.time += 1_100.0
    segments_kept(desk)
    assert not odd.exists()


def test_a_full_disk_is_announced_and_a_new_segment_tells_what_is_missing(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    with capture_logs() as logs:
        desk.step(UP)
        desk.write()
        desk.disk.free = 30
        desk.step()
        desk.write()
        status = desk.journal.status()
        assert not status.writing
        assert status.reason == "No space left on device"
        assert status.lost_total == 2
        desk.step()  # nobody waits: it is lost, too
        desk.write()
        desk.disk.free = None
        desk.clock.time += 2.0
        desk.write()  # asks for the facts that stand
        desk.step()
        desk.write()
        desk.step()
        desk.stop()
    assert [line["event"] for line in logs] == ["journal writes", "journal does not write", "journal writes"]
    assert desk.kinds() == "RSO RBLSOSOE"  # no torn block: the file was cut back to what it held
    [baseline] = [row for row in desk.read() if isinstance(row, Baseline)]
    assert (baseline.after, baseline.events) == (3, (UP,))
    [lost] = [row for row in desk.read() if isinstance(row, Lost)]
    assert (lost.counts, lost.why) == ({"Step": 2, "Outcome": 2}, "No space left on device")
    assert desk.journal.status().lost_total == 4


def test_a_disk_that_stays_full_is_tried_ever_less_often_and_leaves_no_rubbish(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.write()
    desk.disk.free = 0
    tries: list[float] = []
    begin = desk.clock.time
    while desk.clock.time < begin + 300.0:
        before = desk.journal.writer.new_segment_wanted
        desk.step()
        desk.write()
        if before and not desk.journal.writer.new_segment_wanted:
            tries.append(desk.clock.time - begin)
    pauses = [later - sooner for sooner, later in pairwise(tries)]
    assert pauses == sorted(pauses)
    assert 60.0 <= pauses[-1] <= 62.0
    assert len(list(tmp_path.glob("*.mwj"))) == 1
    desk.disk.free = None
    desk.clock.time += 100.0
    for _ in range(3):
        desk.step()
        desk.write()
    assert desk.journal.status().writing
    assert sum(lost_in(desk)[0].values()) == desk.journal.status().lost_total


def test_a_folder_that_cannot_be_made_is_said_and_tried_again(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file, not a folder")
    desk = Desk(tmp_path / "state" / "journal")
    desk.step(UP)
    desk.write()
    assert desk.journal.status().reason.endswith("state/journal: Not a directory")
    (tmp_path / "state").unlink()
    desk.clock.time += 2.0
    desk.write()
    desk.step()
    desk.stop()
    assert desk.kinds() == "RBLSOE"


def test_a_place_that_is_not_known_is_said(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.journal._folder = lambda: (_ for _ in ()).throw(MarginwatchError("no home folder"))
    desk.step()
    desk.write()
    assert desk.journal.status().reason == "no home folder"
    desk.stop()
    assert list(tmp_path.iterdir()) == []


def test_two_monitors_do_not_write_into_one_folder(tmp_path: Path) -> None:
    first, second = Desk(tmp_path), Desk(tmp_path)
    first.step()
    first.write()
    second.step(UP)
    second.write()
    assert (
        second.journal.status().reason == f"another monitor (process {os.getpid()}) writes its journal into {tmp_path}"
    )
    first.stop()
    second.clock.time += 2.0
    second.write()
    second.step()
    second.stop()
    assert second.journal.status().lost_total == 2
    assert sorted(second.kinds().split()) == ["RBLSOE", "RSOE"]


def test_a_disk_that_does_not_answer_is_said_before_the_queue_is_full(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    asked, write = list[str](), desk.disk.write

    def slow(file: int, data: bytes | memoryview) -> int:
        for seconds in (5.0, 6.0):
            desk.clock.time += seconds
            asked.append(desk.journal.status().reason)
        return write(file, data)

    desk.step()
    desk.write()
    assert desk.journal.writer._pen is not None
    desk.journal.writer._pen.folder._write = slow
    desk.step()
    desk.write()
    assert asked == ["", "the disk does not answer"]
    assert desk.journal.status().writing, "and when it answers, all is well"


def test_a_folder_that_somebody_removes_is_made_anew_within_seconds(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "journal")
    desk.step(UP)
    desk.write()
    shutil.rmtree(tmp_path / "journal")
    desk.clock.time += 5.0
    desk.step()
    desk.write()
    assert "somebody removed the segment that is written" in desk.journal.status().reason
    second = Desk(tmp_path / "journal")
    desk.clock.time += 2.0
    desk.write()  # asks for the facts that stand
    desk.step()
    desk.write()
    assert desk.journal.status().writing
    second.step()
    second.write()
    assert "another monitor" in second.journal.status().reason, "the folder is ours, as before"
    desk.stop()
    assert desk.kinds() == "RBSOE"


def test_a_bug_costs_the_journal_and_not_the_monitor(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.step()
    desk.write()
    desk.journal.writer._redact = lambda _venue, _name, _raw: b"" * (1 // 0)
    with capture_logs() as logs:
        desk.frame(b"{}", account="main")
        desk.step()
        desk.write()
    assert [line["event"] for line in logs] == ["the journal failed", "journal does not write"]
    assert desk.journal.status().reason == "a bug in the journal, see the log"
    assert desk.journal.status().lost_total == 3


def test_an_order_to_begin_anew_that_fails_keeps_the_word_of_what_was_lost(tmp_path: Path) -> None:
    desk = Desk(tmp_path, SMALL)
    desk.step()
    desk.write()
    for _ in range(7):
        desk.step()
    desk.write()
    desk.disk.free = 0
    desk.step()  # brings the facts that stand; the disk has no room for them
    desk.write()
    desk.disk.free = None
    desk.clock.time += 2.0
    desk.write()
    desk.step()
    desk.stop()
    [counts] = lost_in(desk)
    assert sum(counts.values()) == desk.journal.status().lost_total
    assert counts["Step"] == 3


def test_the_journal_says_how_it_does(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    assert desk.journal.status().writing, "nobody is told of trouble before there is any"
    desk.step()
    assert desk.journal.status().queue_depth == 2
    desk.write()
    status = desk.journal.status()
    assert (status.writing, status.reason, status.records_total, status.queue_depth) == (True, "", 3, 0)
    assert status.kept_bytes == sum(file.stat().st_size for file in tmp_path.glob("*.mwj"))
    assert 0 < status.written_bytes_total <= status.kept_bytes
    assert status.segments == 1


def test_closing_one_that_never_began_writes_nothing(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "journal")
    desk.journal.close(1.0)
    assert not desk.folder.exists()


def test_the_thread_writes_by_itself_and_ends_when_it_is_told(tmp_path: Path) -> None:
    desk = Desk(tmp_path, JournalSettings(bounds=Bounds(segment_seconds=1e9)))
    desk.journal.start()
    for _ in range(2_000):
        desk.step()
    desk.journal.close(20.0)
    assert desk.kinds() == "R" + "SO" * 2_000 + "E"
