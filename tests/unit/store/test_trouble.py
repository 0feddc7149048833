"""The disk, the file and other programs fail: what is said of it, and what is there afterwards."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.alerts import MemoryChange
from monitor.domain.keeping import Commit, Handle, OutboxState, Saved, StoreFailed
from monitor.domain.memory import AccountFacts, VolatilityFact
from monitor.store import store as store_module
from monitor.store.pending import Bounds
from monitor.store.settings import StoreSettings
from monitor.store.store import Store
from tests.unit.app.clocks import FakeClock
from tests.unit.store.desk import MAIN, SINCE, alert, entry, kept, memory, note, page, reopened, working
from tests.unit.store.disk import Disk, fill, small_disk


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20.0):
        while not holds():  # noqa: ASYNC110 -- a thread of the store's own gets there, without a word
            await asyncio.sleep(0.01)


async def until_full(store: Store) -> None:
    for number in range(1000):  # the log may have a little room of its own
        await store.commit(page(f"COIN{number}"))


async def test_on_a_full_disk_a_commit_says_so_and_is_written_when_there_is_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        async with kept(disk / "db") as (store, _):
            await store.commit(page("BTCUSDT"))
            fill(disk / "filler")
            with pytest.raises(StoreFailed, match="space"):
                await until_full(store)
            status = store.status()
            assert (status.writing, status.waiting, status.lost_total) == (False, 1, 0)
            assert "free some" in status.reason
            with pytest.raises(StoreFailed):
                await store.commit(page("ETHUSDT"))
            (disk / "filler").unlink()
            await until(lambda: store.status().writing)  # by itself, nobody has to come
            assert store.status().waiting == 0
        names = {one.alert.labels["symbol"] for one in reopened(disk / "db").alerts}
        assert names >= {"BTCUSDT", "ETHUSDT"}
        assert names - {"BTCUSDT", "ETHUSDT"} == {f"COIN{number}" for number in range(len(names) - 2)}


async def test_a_monitor_that_starts_on_a_full_disk_knows_what_was_kept(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        async with kept(disk / "db") as (store, _):
            await store.commit(page())
        fill(disk / "filler")
        async with kept(disk / "db") as (store, saved):
            assert saved.alerts == (memory(alert()),)
            with pytest.raises(StoreFailed, match="space"):
                await store.commit(page("ETHUSDT"))
            (disk / "filler").unlink()
            await store.commit(page("SOLUSDT"))
        assert len(reopened(disk / "db").alerts) == 3


def remount(disk: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(disk)], check=True)


async def test_a_read_only_disk_is_read_and_said_and_written_once_it_can_be(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        async with kept(disk / "db") as (store, _):
            await store.commit(page())
        remount(disk, "ro")
        async with kept(disk / "db") as (store, saved):
            assert saved.alerts == (memory(alert()),)
            with pytest.raises(StoreFailed, match=r"(?i)read-only"):
                await store.commit(page("ETHUSDT"))
            remount(disk, "rw")
            await store.commit(page("SOLUSDT"))
        assert len(reopened(disk / "db").alerts) == 3


async def test_where_the_folder_cannot_be_made_the_monitor_begins_with_nothing_and_goes_on_trying(
    tmp_path: Path,
) -> None:
    (tmp_path / "state").touch()
    async with kept(tmp_path / "state" / "db") as (store, saved):
        assert saved == Saved()
        assert not store.status().writing
        assert "Not a directory" in store.status().reason or "File exists" in store.status().reason
        with pytest.raises(StoreFailed):
            await store.commit(page())
        (tmp_path / "state").unlink()
        await store.commit(page("ETHUSDT"))
        assert store.status().writing
    assert len(reopened(tmp_path / "state" / "db").alerts) == 2


async def test_what_could_not_be_read_at_the_start_does_not_keep_an_alert_quiet_after_the_next(tmp_path: Path) -> None:
    path = tmp_path / "state" / "db"
    async with kept(path) as (store, _):
        await store.commit(page())
    (tmp_path / "state").rename(tmp_path / "elsewhere")
    (tmp_path / "state").touch()
    async with kept(path) as (store, saved):  # knows of no alert
        assert saved == Saved()
        (tmp_path / "state").unlink()
        (tmp_path / "elsewhere").rename(tmp_path / "state")
        await store.commit(page("ETHUSDT"))
    assert reopened(path).alerts == (memory(alert("ETHUSDT")),)
    assert reopened(path).entries == (entry(alert("ETHUSDT")),)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (sqlite3.SQLITE_FULL, "no space left on the disk: free some"),
        (sqlite3.SQLITE_IOERR, "the disk fails"),
        (sqlite3.SQLITE_READONLY, "read-only"),
        (sqlite3.SQLITE_BUSY, "another program holds it locked"),
        (sqlite3.SQLITE_CANTOPEN, "cannot be opened"),
    ],
)
async def test_each_failure_has_its_words_and_nothing_is_lost_of_it(tmp_path: Path, code: int, words: str) -> None:
    disk = Disk()
    async with kept(tmp_path / "db", connect=disk.connect) as (store, _):
        await store.commit(page("BTCUSDT"))
        disk.code, disk.after = code, 2  # in the midst of a transaction
        with pytest.raises(StoreFailed, match=words):
            await store.commit(page("ETHUSDT"))
        assert words in store.status().reason
        with pytest.raises(StoreFailed, match=words):
            await store.commit(page("SOLUSDT"))
        disk.code = 0
        await store.commit(note("the disk is back"))
        assert store.status().lost_total == 0
        assert [line.what for line in await store.audit()] == ["note", "fired", "fired", "fired"]
    assert len(reopened(tmp_path / "db").alerts) == 3


@given(data=st.data())
def test_whenever_the_disk_fails_a_commit_is_there_whole_once_it_is_back(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("failing") / "db"
    disk = Disk()

    async def run(store: Store) -> None:
        for number in range(data.draw(st.integers(1, 5))):
            disk.code = data.draw(st.sampled_from([0, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR]))
            disk.after = data.draw(st.integers(0, 6))
            expected.append(page(f"COIN{number}"))
            try:
                await store.commit(expected[-1])
            except StoreFailed:
                continue
        disk.code = 0
        await store.commit(note("back"))

    expected: list[Commit] = []
    with working(path, connect=disk.connect) as (store, _):
        asyncio.run(run(store))
    saved = reopened(path)
    alerts = {one.alert.fingerprint: one for one in saved.alerts}
    assert alerts == {one.alert.fingerprint: one for commit in expected for one in commit.memory.keep}
    assert len(saved.entries) == len(expected)
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT count(*) FROM audit WHERE what = 'fired'").fetchone() == (len(expected),)


async def test_while_another_program_writes_a_commit_fails_and_the_next_takes_it_along(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(StoreFailed, match="end the transaction that it has open"):
                await store.commit(page())
            other.execute("ROLLBACK")
        await store.commit(page("ETHUSDT"))
    assert len(reopened(tmp_path / "db").alerts) == 2


async def test_another_program_that_reads_holds_up_nothing(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(page())
        with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as reader:
            reader.execute("BEGIN")
            assert reader.execute("SELECT count(*) FROM alerts").fetchone() == (1,)
            await store.commit(page("ETHUSDT"))
            assert reader.execute("SELECT count(*) FROM alerts").fetchone() == (1,)


@pytest.mark.parametrize("damage", ["not a database at all, and long enough to look like one" * 200, "torn", "holes"])
def test_a_damaged_file_is_kept_aside_and_a_new_one_begun_and_that_is_told(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "db"
    with working(path) as (store, _):
        asyncio.run(_pages(store, 200))
    whole = path.read_bytes()
    if damage == "torn":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "holes":
        middle = len(whole) // 2
        path.write_bytes(whole[:4096] + os.urandom(middle - 4096) + whole[middle:])
    else:
        path.write_text(damage)
    spoilt = path.read_bytes()
    with working(path) as (store, saved):
        assert saved == Saved()
        asyncio.run(store.commit(page()))
        status = store.status()
        assert (status.writing, status.lost_total) == (True, 1)
        assert "was damaged" in status.reason
        [aside] = [file for file in tmp_path.iterdir() if ".damaged-" in file.name and file.name.endswith("Z-01")]
        assert aside.read_bytes() == spoilt
        assert aside.name in status.reason
        assert [line.what for line in asyncio.run(store.audit())] == ["fired", "damaged"]
    with working(path) as (store, saved):
        assert len(saved.alerts) == 1
        assert store.status().reason == ""


async def _pages(store: Store, count: int) -> None:
    await asyncio.gather(*(store.commit(page(f"COIN{number}")) for number in range(count)))


def working_at(path: Path, now: float) -> None:
    clock = FakeClock()
    clock.time = now
    store = Store(path, clock)
    store.open()
    store.close(10.0)


def test_of_damaged_files_the_newest_three_are_kept(tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / "db").write_text(f"damage {number} " * 100)
        working_at(tmp_path / "db", SINCE + number // 2)
    found = {file.read_text()[:8] for file in tmp_path.iterdir() if ".damaged-" in file.name}
    assert found == {"damage 2", "damage 3", "damage 4"}


def test_a_file_whose_tables_are_others_counts_as_damaged(tmp_path: Path) -> None:
    reopened(tmp_path / "db")
    with closing(sqlite3.connect(tmp_path / "db")) as hand:
        hand.execute("ALTER TABLE outbox DROP COLUMN title")
    with working(tmp_path / "db") as (store, _):
        assert "not those of its version" in store.status().reason


async def test_damage_found_while_running_costs_the_audit_and_not_what_stands(tmp_path: Path) -> None:
    disk = Disk()
    async with kept(tmp_path / "db", connect=disk.connect) as (store, _):
        await store.commit(page("BTCUSDT"))
        disk.code = sqlite3.SQLITE_CORRUPT
        with pytest.raises(StoreFailed, match="moved aside"):
            await store.commit(page("ETHUSDT"))
        disk.code = 0
        (tmp_path / "db").write_text("damaged indeed " * 1000)
        for beside in ("db-wal", "db-shm"):
            (tmp_path / beside).unlink(missing_ok=True)
        await store.commit(page("SOLUSDT"))
        assert "was damaged" in store.status().reason
    assert len(reopened(tmp_path / "db").alerts) == 3


async def test_a_file_that_is_removed_under_a_running_monitor_is_made_anew_with_what_stands(tmp_path: Path) -> None:
    path = tmp_path / "state" / "db"
    async with kept(path) as (store, _):
        await store.commit(page("BTCUSDT"))
        await store.commit(Commit(memory=MemoryChange(keep=(memory(alert("XRPUSDT")),))))
        await store.commit(Commit(memory=MemoryChange(forget=(alert("XRPUSDT").fingerprint,))))
        for file in path.parent.iterdir():
            file.unlink()
        path.parent.rmdir()
        await store.commit(page("ETHUSDT"))
        assert "was removed" in store.status().reason
        assert "gone" in {line.what for line in await store.audit()}
    names = {one.alert.labels["symbol"] for one in reopened(path).alerts}
    assert names == {"BTCUSDT", "ETHUSDT"}


async def test_a_value_that_has_no_form_keeps_no_new_file_from_being_begun(tmp_path: Path) -> None:
    strange: Any = object()
    fact = VolatilityFact(venue="binance", symbol="BTCUSDT", variance=strange, weight=1.0, samples=1, price=1.0, at=1.0)
    async with kept(tmp_path / "db") as (store, _):
        with pytest.raises(StoreFailed, match="could not be stored"):
            await store.commit(replace(page(), volatility=(fact,)))
        (tmp_path / "db").unlink()
        await store.commit(page("ETHUSDT"))
        assert "refused" in {line.what for line in await store.audit()}
    assert len(reopened(tmp_path / "db").alerts) == 2


async def test_a_row_that_is_not_understood_counts_as_not_there_and_the_rest_is_read(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(page("BTCUSDT"))
        await store.commit(page("ETHUSDT"))
    with closing(sqlite3.connect(tmp_path / "db")) as hand, hand:
        hand.execute("UPDATE alerts SET body = '{}' WHERE fingerprint = ?", (alert("BTCUSDT").fingerprint,))
    async with kept(tmp_path / "db") as (store, saved):
        assert saved.alerts == (memory(alert("ETHUSDT")),)
        assert "not understood" in store.status().reason
        await store.commit(note("the first write puts down what this run knows"))
    async with kept(tmp_path / "db") as (store, saved):
        assert saved.alerts == (memory(alert("ETHUSDT")),)
        assert store.status().reason == ""


async def test_facts_that_are_not_understood_are_removed_and_told_once(tmp_path: Path) -> None:
    facts = AccountFacts(account=MAIN, at=SINCE, mode=None, positions=(), permissions=None)
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(Commit(facts=(facts,)))
    with closing(sqlite3.connect(tmp_path / "db")) as hand, hand:
        hand.execute("UPDATE facts SET body = 'nothing'")
    async with kept(tmp_path / "db") as (store, saved):
        assert (saved.facts, store.status().lost_total) == ((), 1)
        await store.commit(Commit())
    async with kept(tmp_path / "db") as (store, saved):
        assert (saved.facts, store.status().lost_total) == ((), 0)


async def test_a_start_with_a_sound_file_writes_nothing_of_it_again(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(Commit(handles=(Handle(channel="slack", thread="i", handle="1"),)))
    later = FakeClock()
    later.time += 100.0
    store = Store(tmp_path / "db", later)
    store.open()
    await store.commit(note("a first commit"))
    store.close(10.0)
    with closing(sqlite3.connect(tmp_path / "db")) as reader:
        assert reader.execute("SELECT written FROM handles").fetchall() == [(1_000_000.0,)]


async def test_while_much_waits_a_full_disk_is_not_asked_for_each_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "LARGE_BACKLOG", 5)
    disk, clock = Disk(), FakeClock()
    store = Store(tmp_path / "db", clock, connect=disk.connect)
    store.open()
    disk.code = sqlite3.SQLITE_FULL
    for number in range(10):
        with pytest.raises(StoreFailed, match="no space left"):
            await store.commit(page(f"COIN{number}"))
    disk.code = 0
    with pytest.raises(StoreFailed, match="no space left"):
        await store.commit(page("BTCUSDT"))
    clock.time += 60.0
    await store.commit(page("ETHUSDT"))
    store.close(10.0)
    assert len(reopened(tmp_path / "db").alerts) == 12


async def test_a_bug_is_said_and_ends_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def bug(*_: object) -> None:
        raise RuntimeError("planted")

    async with kept(tmp_path / "db") as (store, _):
        with monkeypatch.context() as patch:
            patch.setattr("monitor.store.rows.rows", bug)
            with pytest.raises(StoreFailed, match="a bug in the store: RuntimeError"):
                await store.commit(page())
        await store.commit(page("ETHUSDT"))
        with monkeypatch.context() as patch:
            patch.setattr(store._database, "look_after", bug)
            await store.commit(note("is looked after next"))
            await until(lambda: "a bug in the store" in store.status().reason)
            assert store.status().writing
        await store.commit(note("still there"))
    assert len(reopened(tmp_path / "db").alerts) == 2


async def test_a_file_that_cannot_be_looked_after_is_said_while_commits_are_written(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(page())
        with closing(sqlite3.connect(tmp_path / "db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # after the commit, so that only the rest finds it locked
            await until(lambda: "locked" in store.status().reason)
            assert store.status().writing
            other.execute("ROLLBACK")
        await store.commit(page("ETHUSDT"))
        await until(lambda: store.status().reason == "")


async def test_a_disk_that_does_not_answer_holds_up_nobody_and_is_said(tmp_path: Path) -> None:
    disk, clock = Disk(), FakeClock()
    store = Store(tmp_path / "db", clock, StoreSettings(patience_seconds=0.05), connect=disk.connect)
    store.open()
    disk.hangs = True
    with pytest.raises(StoreFailed, match="does not answer"):
        await store.commit(page())
    assert store.status().writing  # not yet: disks are slow at times
    clock.time += 11.0
    status = store.status()
    assert (status.writing, status.waiting, status.oldest_seconds) == (False, 1, 11.0)
    assert "does not answer" in status.reason
    disk.answers.set()
    store.close(10.0)
    assert len(reopened(tmp_path / "db").alerts) == 1


async def test_what_finds_no_room_in_memory_is_counted_and_told_and_the_state_is_the_newest(tmp_path: Path) -> None:
    disk, settings = Disk(), StoreSettings(bounds=Bounds(lines=3, entries=2))
    one = alert()
    async with kept(tmp_path / "db", settings, connect=disk.connect) as (store, _):
        await store.commit(note("before"))
        disk.code = sqlite3.SQLITE_FULL
        for number in range(5):
            with pytest.raises(StoreFailed):
                await store.commit(note(f"line {number}"))
            kept_now = memory(one, number=number)
            waiting = entry(one, f"channel {number}", state=OutboxState.SENT if number > 1 else OutboxState.WAITING)
            with pytest.raises(StoreFailed):
                await store.commit(Commit(memory=MemoryChange(keep=(kept_now,)), entries=(waiting,)))
        assert store.status().lost_total == 2 + 3
        disk.code = 0
        await store.commit(Commit())
        found = [line.text for line in await store.audit()]
        assert found[:3] == ["line 4", "line 3", "line 2"]
        assert found[3].startswith("5 things could not be kept: ")
        assert "no space left" in found[3]
        assert found[4:] == ["before"]
    saved = reopened(tmp_path / "db")
    assert saved.alerts == (memory(one, number=4),)
    assert {each.message.channel for each in saved.entries} == {"channel 0", "channel 1"}


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


SECRETS = ("123456:planted-bot-token", 'pass"word\\planted', "a b/planted")


async def test_a_secret_that_came_this_far_is_not_in_the_file(tmp_path: Path) -> None:
    text = f"{SECRETS[0]} and {SECRETS[1]} and {SECRETS[2]} and a%20b%2Fplanted"
    one = alert(summary=text, text=text)
    async with kept(tmp_path / "db", secrets=SECRETS) as (store, _):
        await store.commit(note(text))
        await store.commit(
            Commit(memory=MemoryChange(keep=(memory(one),)), entries=(entry(one, reason=text),), changes=())
        )
        written = everything_in(tmp_path)
        assert b"main" in written
        assert b"planted" not in written
    assert b"planted" not in (tmp_path / "db").read_bytes()
    assert len(reopened(tmp_path / "db").entries) == 1


@pytest.mark.parametrize("word", ["main", "critical", "binance", "margin_ratio", "1", "100.0"])
async def test_a_password_that_is_an_ordinary_word_does_not_spoil_what_is_kept(tmp_path: Path, word: str) -> None:
    one = alert(rule="margin_ratio")
    async with kept(tmp_path / "db", secrets=(word,)) as (store, _):
        await store.commit(Commit(memory=MemoryChange(keep=(memory(one),)), entries=(entry(one),)))
    saved = reopened(tmp_path / "db")
    assert saved.alerts == (memory(one),)
    assert saved.entries == (entry(one),)
