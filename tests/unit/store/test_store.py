"""The store on real files: what is written is there again, for whoever asks."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.alerts import MemoryChange
from monitor.domain.keeping import Commit, Keeper, OutboxState, Saved, StoreFailed
from monitor.domain.memory import VolatilityFact
from monitor.store.failures import StoreRefused, StoreTaken
from monitor.store.store import Store
from tests.unit.app.clocks import FakeClock
from tests.unit.outputs.journal.values import values
from tests.unit.store.desk import FEW, alert, entry, fired, kept, memory, note, page, reopened, working


async def test_what_was_committed_is_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "state" / "marginwatch.db"
    async with kept(path) as (store, saved):
        assert saved == Saved()
        keeper: Keeper = store
        await keeper.commit(page())
        assert keeper.status().writing
    one = alert()
    assert reopened(path) == Saved(alerts=(memory(one),), entries=(entry(one),))


async def test_only_we_can_read_the_files(tmp_path: Path) -> None:
    path = tmp_path / "state" / "marginwatch.db"
    async with kept(path) as (store, _):
        await store.commit(page())
        assert path.parent.stat().st_mode & 0o777 == 0o700
        assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o600}


async def test_a_file_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "marginwatch.db"
    path.touch(0o644)
    async with kept(path):
        assert path.stat().st_mode & 0o777 == 0o600


async def test_the_history_of_an_alert_is_newest_first_and_ends_where_it_was_asked_to(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        one = alert()
        changes = [fired(one, number) for number in range(1, 5)]
        await store.commit(Commit(changes=tuple(changes)))
        await store.commit(page("ETHUSDT"))
        assert await store.history(one.fingerprint) == tuple(reversed(changes))
        assert await store.history(one.fingerprint, limit=2) == (changes[3], changes[2])
        assert await store.history("0" * 16) == ()


async def test_the_audit_tells_changes_and_what_else_happened_in_their_order(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(page())
        await store.commit(note("a person looked"))
        found = await store.audit()
        assert [(line.what, line.who, line.text) for line in found] == [
            ("note", "tests", "a person looked"),
            ("fired", "", "main BTCUSDT: 7 % to liquidation: 0.07 < 0.1"),
        ]
        assert await store.audit(limit=1) == found[:1]


async def test_what_is_forgotten_or_done_with_is_not_there_again(tmp_path: Path) -> None:
    one = alert()
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(page())
        await store.commit(
            Commit(memory=MemoryChange(forget=(one.fingerprint,)), entries=(entry(one, state=OutboxState.SENT),))
        )
    assert reopened(tmp_path / "db") == Saved()


async def test_an_alert_that_ends_and_begins_again_in_one_step_is_kept(tmp_path: Path) -> None:
    again = alert(since=1_700_000_100.0)
    async with kept(tmp_path / "db") as (store, _):
        await store.commit(page())
        await store.commit(Commit(memory=MemoryChange(keep=(memory(again),), forget=(again.fingerprint,))))
    assert reopened(tmp_path / "db").alerts == (memory(again),)


async def test_many_commits_at_once_share_transactions_and_all_are_answered(tmp_path: Path) -> None:
    transactions: list[str] = []

    async with kept(tmp_path / "db") as (store, _):
        await store.commit(note("the first"))
        connection = store._database._connection
        assert connection is not None
        connection.set_trace_callback(transactions.append)
        await asyncio.gather(*(store.commit(page(f"COIN{number}")) for number in range(200)))
        connection.set_trace_callback(None)
        assert len(await store.audit(1000)) == 201
    assert 1 <= transactions.count("COMMIT") < 20
    assert len(reopened(tmp_path / "db").alerts) == 200


async def test_whoever_stops_waiting_does_not_take_the_commit_back(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (store, _):
        waiting = asyncio.create_task(store.commit(page()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
    assert len(reopened(tmp_path / "db").alerts) == 1


async def test_closing_writes_what_waits_and_takes_nothing_more(tmp_path: Path) -> None:
    store = Store(tmp_path / "db", FakeClock())
    store.open()
    waiting = asyncio.create_task(store.commit(page()))
    await asyncio.sleep(0)
    store.close(10.0)
    await waiting
    with pytest.raises(StoreFailed, match="closed"):
        await store.commit(page("ETHUSDT"))
    assert not store.status().writing
    assert len(reopened(tmp_path / "db").alerts) == 1


def test_a_store_that_was_never_opened_can_be_closed(tmp_path: Path) -> None:
    Store(tmp_path / "db", FakeClock()).close(1.0)
    assert not (tmp_path / "db").exists()


async def test_a_second_instance_on_the_same_file_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    async with kept(tmp_path / "db") as (first, _):
        with pytest.raises(
            StoreTaken, match=r"another monitor \(process \d+\) keeps its state in .*give one of"
        ) as said:
            Store(tmp_path / "db", FakeClock()).open()
        assert isinstance(said.value, StoreFailed)
        await first.commit(page())
    assert len(reopened(tmp_path / "db").alerts) == 1


def test_a_database_of_another_program_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "db"
    with sqlite3.connect(path) as foreign:
        foreign.execute("CREATE TABLE theirs (x)")
    foreign.close()
    before = path.read_bytes()
    with pytest.raises(StoreRefused, match="another program"):
        Store(path, FakeClock()).open()
    assert path.read_bytes() == before


async def test_a_value_that_has_no_form_is_counted_and_keeps_nothing_else_from_being_written(tmp_path: Path) -> None:
    strange: Any = object()
    async with kept(tmp_path / "db") as (store, _):
        with pytest.raises(StoreFailed, match="could not be stored"):
            await store.commit(replace(page(), volatility=(strange_volatility(strange),)))
        assert store.status().lost_total == 1
        await store.commit(page("ETHUSDT"))
        assert store.status().writing
    assert len(reopened(tmp_path / "db").alerts) == 2


def strange_volatility(value: Any) -> Any:
    return VolatilityFact(venue="binance", symbol="BTCUSDT", variance=value, weight=1.0, samples=1, price=1.0, at=1.0)


COMMITS = st.lists(values(Commit), max_size=4)


class Model:
    """What a store must know after commits, as plain dicts."""

    def __init__(self) -> None:
        self.alerts: dict[str, Any] = {}
        self.silences: dict[str, Any] = {}
        self.facts: dict[Any, Any] = {}
        self.volatility: dict[Any, Any] = {}
        self.entries: dict[str, Any] = {}
        self.handles: dict[Any, Any] = {}
        self.escalations: dict[Any, Any] = {}

    def take(self, commit: Commit) -> None:
        for fingerprint in commit.memory.forget:
            self.alerts.pop(fingerprint, None)
        self.alerts |= {one.alert.fingerprint: one for one in commit.memory.keep}
        for id_ in commit.memory.ended_silences:
            self.silences.pop(id_, None)
        self.silences |= {one.id: one for one in commit.memory.silences}
        for account in commit.forgotten:
            self.facts.pop(account, None)
        self.facts |= {one.account: one for one in commit.facts}
        self.volatility |= {(one.venue, one.symbol): one for one in commit.volatility}
        self.entries |= {one.id: one for one in commit.entries}
        self.handles |= {(one.channel, one.thread): one for one in commit.handles}
        self.escalations |= {(one.incident, one.route, one.step): one for one in commit.escalations}

    def saved(self) -> Saved:
        waiting = (OutboxState.WAITING, OutboxState.SENDING)
        return Saved(
            alerts=tuple(sorted(self.alerts.values(), key=lambda one: (one.since, one.alert.fingerprint.encode()))),
            silences=tuple(sorted(self.silences.values(), key=lambda one: (one.starts, one.id.encode()))),
            facts=tuple(sorted(self.facts.values(), key=lambda one: tuple(map(str.encode, one.account)))),
            volatility=tuple(
                sorted(self.volatility.values(), key=lambda one: (one.venue.encode(), one.symbol.encode()))
            ),
            entries=tuple(
                sorted(
                    (one for one in self.entries.values() if one.state in waiting),
                    key=lambda one: (one.created, one.id.encode()),
                )
            ),
            handles=tuple(sorted(self.handles.values(), key=lambda one: (one.channel.encode(), one.thread.encode()))),
            escalations=tuple(
                sorted(
                    (one for one in self.escalations.values() if not one.done),
                    key=lambda one: (one.due, one.incident.encode(), one.route.encode(), one.step),
                )
            ),
        )


@FEW
@given(commits=COMMITS, data=st.data())
def test_any_commits_give_what_plain_dicts_give(
    tmp_path_factory: pytest.TempPathFactory, commits: list[Commit], data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("any") / "db"
    model = Model()
    rest = commits
    while rest:  # a restart after any number of them, and any number at once
        count = data.draw(st.integers(1, len(rest)))
        now, rest = rest[:count], rest[count:]
        with working(path) as (store, saved):
            assert saved == model.saved()
            asyncio.run(_all(store, now, one_by_one=data.draw(st.booleans())))
        for commit in now:
            model.take(commit)
    assert reopened(path) == model.saved()


async def _all(store: Store, commits: list[Commit], one_by_one: bool) -> None:
    if one_by_one:
        for commit in commits:
            await store.commit(commit)
    else:
        await asyncio.gather(*(store.commit(commit) for commit in commits))
