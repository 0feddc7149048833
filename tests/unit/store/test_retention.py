"""What is too old or too much goes; what is needed stays."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from monitor.domain.alerts import MemoryChange, Silence
from monitor.domain.keeping import Audit, Commit, Escalation, Handle, OutboxState
from monitor.store.database import Database
from monitor.store.pending import Pending
from monitor.store.retention import LAST_LINES
from monitor.store.settings import StoreSettings
from tests.unit.app.clocks import FakeClock
from tests.unit.store.desk import alert, entry, memory

DAY = 86_400.0
NOW = 1_700_000_000.0


class Desk:
    """A database whose owner's thread is the test."""

    def __init__(self, path: Path, settings: StoreSettings) -> None:
        self.clock = FakeClock()
        self.clock.time = NOW
        self.database = Database(path, settings, self.clock)
        self.database.start()

    def write(self, commit: Commit) -> None:
        pending = Pending()
        pending.add(commit, 0.0)
        self.database.write(pending)

    def trim(self) -> int:
        """Until nothing is left to do; returns how many rounds that took."""
        rounds = 1
        while self.database.look_after(idle=True):
            rounds += 1
        return rounds

    def count(self, table: str) -> int:
        with closing(self.database.read()) as reader:
            return int(reader.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def lines(count: int, at: float, text: str = "x") -> Commit:
    return Commit(audit=tuple(Audit(at=at, what="note", who="tests", text=text) for _ in range(count)))


def sent(count: int, text: str = "x") -> Commit:
    one = alert()
    entries = tuple(entry(one, f"channel {number}", state=OutboxState.SENT, reason=text) for number in range(count))
    return Commit(entries=entries)


def test_lines_that_are_too_old_go_but_for_the_last_thousand(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings())
    desk.write(lines(300, NOW - 91 * DAY))
    desk.write(lines(LAST_LINES, NOW))
    desk.trim()
    assert desk.count("audit") == LAST_LINES
    desk.clock.time += 1000 * DAY  # a clock that was set wrong
    desk.trim()
    assert desk.count("audit") == LAST_LINES


def test_lines_and_messages_that_are_too_many_go_a_portion_at_a_time_the_oldest_first(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings(keep_rows=1200))
    desk.write(lines(1500, NOW, "old"))
    desk.write(lines(1000, NOW, "new"))
    desk.write(sent(1500))
    assert desk.trim() > 2
    assert desk.count("audit WHERE text = 'new'") == 1000
    assert desk.count("audit WHERE text = 'old'") == 200
    assert desk.count("outbox") == 1200


def test_messages_that_are_done_with_go_by_their_age_and_those_that_wait_stay(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings())
    desk.write(sent(3))
    desk.write(Commit(entries=(entry(alert("ETHUSDT")),)))
    desk.clock.time += 91 * DAY
    desk.trim()
    assert desk.count("outbox") == 1
    assert desk.count("outbox WHERE state = 'waiting'") == 1


def test_what_can_be_edited_of_an_alert_that_fires_stays_however_old(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings())
    firing = alert()
    desk.write(
        Commit(
            memory=MemoryChange(keep=(memory(firing),)),
            handles=(
                Handle(channel="telegram", thread=firing.incident, handle="1"),
                Handle(channel="telegram", thread="over", handle="2"),
            ),
        )
    )
    desk.clock.time += 91 * DAY
    desk.trim()
    assert desk.count("handles") == desk.count(f"handles WHERE thread = '{firing.incident}'") == 1


def test_handles_that_are_too_many_go_but_those_of_alerts_that_fire(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings(keep_rows=5))
    firing = alert()
    handles = [Handle(channel="slack", thread=f"over {number}", handle="1") for number in range(10)]
    desk.write(
        Commit(
            memory=MemoryChange(keep=(memory(firing),)),
            handles=(Handle(channel="slack", thread=firing.incident, handle="1"), *handles),
        )
    )
    desk.trim()
    assert desk.count("handles") == 5
    assert desk.count(f"handles WHERE thread = '{firing.incident}'") == 1


def test_promises_kept_and_silences_over_go_and_those_that_hold_stay(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings())
    promise = Escalation(incident="i", route="r", step=0, due=NOW)
    silence = Silence(id="a", matchers=(), starts=NOW, ends=NOW + 60.0, author="x", comment="")
    desk.write(
        Commit(
            escalations=(promise, replace(promise, step=1, done=True)),
            memory=MemoryChange(silences=(silence, replace(silence, id="b", ends=NOW + 100 * DAY))),
        )
    )
    desk.clock.time += 95 * DAY
    desk.trim()
    assert (desk.count("escalations"), desk.count("silences")) == (1, 1)


@pytest.mark.parametrize("kind", ["lines", "messages"])
def test_the_file_stays_below_its_bound_and_gives_room_back(tmp_path: Path, kind: str) -> None:
    path, bound = tmp_path / "db", 2_000_000
    desk = Desk(path, StoreSettings(max_bytes=bound))
    for _ in range(5):
        desk.write(lines(1000, NOW, "x" * 1000) if kind == "lines" else sent(1000, "x" * 1000))
        desk.write(Commit(entries=(entry(alert("ETHUSDT")),)))
        desk.trim()
    desk.database.close()
    assert path.stat().st_size < bound + 500_000


def test_whoever_reads_is_not_held_up_while_nothing_is_removed(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings())
    desk.write(lines(10, NOW))
    assert desk.trim() == 1


def carried_over(desk: Desk) -> list[str]:
    """The statements by which the log is carried over, from now on."""
    seen: list[str] = []
    connection = desk.database._connection
    assert connection is not None
    connection.set_trace_callback(lambda sql: seen.append(sql) if "wal_checkpoint" in sql else None)
    return seen


def test_while_commits_keep_coming_the_log_is_carried_over_every_five_seconds(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings())
    seen = carried_over(desk)
    for _ in range(12):
        desk.clock.time += 1.0
        desk.write(lines(1, NOW))
        desk.database.look_after(idle=False)
    assert len(seen) == 2


def test_a_long_log_is_carried_over_within_a_second(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings())
    seen = carried_over(desk)
    desk.write(lines(1000, NOW, "x" * 5000))
    desk.database.look_after(idle=False)
    assert seen == []
    desk.clock.time += 1.0
    desk.database.look_after(idle=False)
    assert len(seen) == 1
    desk.write(lines(1, NOW))
    assert (tmp_path / "db-wal").stat().st_size <= 2 * 1024 * 1024  # and is cut


def test_what_is_too_old_is_looked_for_though_commits_keep_coming(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "db", StoreSettings(keep_rows=1000))
    desk.write(lines(3000, NOW))
    assert not desk.database.look_after(idle=False)
    assert desk.count("audit") == 3000
    desk.clock.time += 61.0
    while desk.database.look_after(idle=False):
        desk.write(lines(1, NOW))
    assert 1000 <= desk.count("audit") <= 1005
