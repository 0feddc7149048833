"""A file of an older version is brought forward, one of a later version is left alone."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from monitor.domain.keeping import StoreFailed
from monitor.store.database import Database
from monitor.store.failures import NewerSchema
from monitor.store.pending import Pending
from monitor.store.schema import STEPS, Step
from monitor.store.settings import StoreSettings
from monitor.store.store import Store
from tests.unit.app.clocks import FakeClock
from tests.unit.store.desk import alert, memory, page, working


def with_a_colour(connection: sqlite3.Connection) -> None:
    """A step as a later version may have it."""
    connection.execute("ALTER TABLE silences ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey'")
    connection.execute("CREATE TABLE extra (x)")


def that_fails(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE half (x)")
    raise sqlite3.OperationalError("half way")


def begun(path: Path) -> None:
    with working(path) as (store, _):
        asyncio.run(store.commit(page()))


def database(path: Path, steps: Sequence[Step]) -> Database:
    return Database(path, StoreSettings(), FakeClock(), steps=steps)


def tables(path: Path) -> set[str]:
    with closing(sqlite3.connect(path)) as reader:
        return {name for (name,) in reader.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def versions(path: Path) -> list[int]:
    with closing(sqlite3.connect(path)) as reader:
        return [version for (version,) in reader.execute("SELECT version FROM schema_version ORDER BY version")]


def test_an_older_file_is_brought_forward_and_holds_what_it_held_and_a_copy_is_made_first(tmp_path: Path) -> None:
    path = tmp_path / "db"
    begun(path)
    later = database(path, (*STEPS, with_a_colour))
    assert later.start().alerts == (memory(alert()),)
    later.close()
    assert versions(path) == [1, 2]
    assert "extra" in tables(path)
    copy = tmp_path / "db.before-v2"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert versions(copy) == [1]
    with working(copy) as (_, saved):
        assert saved.alerts == (memory(alert()),)


def test_a_file_of_today_is_not_copied(tmp_path: Path) -> None:
    begun(tmp_path / "db")
    begun(tmp_path / "db")
    assert not list(tmp_path.glob("*.before-*"))


def test_a_step_that_fails_leaves_the_file_as_it_was_and_what_it_holds_is_known_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "db"
    begun(path)
    later = database(path, (*STEPS, that_fails))
    assert later.start().alerts == (memory(alert()),)
    with pytest.raises(StoreFailed, match="half way"):
        later.write(Pending())
    later.close()
    assert versions(path) == [1]
    assert "half" not in tables(path)
    assert not list(tmp_path.glob("*.part"))


def test_a_later_file_is_refused_with_a_cure_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "db"
    later = database(path, (*STEPS, with_a_colour))
    later.start()
    later.close()
    before = path.read_bytes()
    store = Store(path, FakeClock())
    with pytest.raises(NewerSchema, match=r"schema version 2, and this program knows up to 1: run the later version"):
        store.open()
    assert path.read_bytes() == before
    again = database(path, (*STEPS, with_a_colour))  # and the lock is let go of
    again.start()
    again.close()
