"""How a database is opened: whole, of today's version, with the log that lets others read; or, in need, only read."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from monitor.store.failures import StoreRefused
from monitor.store.rows import Loaded, load
from monitor.store.schema import Step, expected_tables, migrate, tables_of

APPLICATION_ID = 0x6D77_6163  #: stands in the head of every database of ours
BUSY_SECONDS = 0.25  #: that another program may hold a lock before a statement fails
LOG_KEPT_BYTES = 2 * 1024 * 1024  #: to which the write-ahead log is cut when it begins anew

Connect = Callable[..., sqlite3.Connection]


class Damaged(Exception):
    """The file was read, and is no sound database."""


def sound(
    path: Path, connect: Connect, *, sync_each: bool, now: float, steps: Sequence[Step]
) -> tuple[sqlite3.Connection, Loaded]:
    """A connection to a database that is whole and of today's version, and what it holds.

    Raises `Damaged`, `StoreRefused`, and whatever SQLite raises.
    """
    connection = connect(str(path), isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
    try:
        _prepare(connection, path, sync_each)
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise Damaged(verdict)
        migrate(connection, path, now, steps)
        if not tables_of(connection) >= expected_tables(steps):
            raise Damaged("its tables are not those of its version")
        return connection, load(connection)
    except BaseException:
        connection.close()
        raise


def _prepare(connection: sqlite3.Connection, path: Path, sync_each: bool) -> None:
    tables = _one(connection, "SELECT count(*) FROM sqlite_master")
    if tables and _one(connection, "PRAGMA application_id") != APPLICATION_ID:
        raise StoreRefused(f"{path} is a database of another program: give [store] another directory")
    if not tables:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    journalled = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0] == "wal"
    full = sync_each or not journalled  # without the log only that keeps a file whole
    connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
    connection.execute("PRAGMA wal_autocheckpoint = 0")  # we do, when nobody waits for a commit
    connection.execute(f"PRAGMA journal_size_limit = {LOG_KEPT_BYTES}")
    connection.execute("PRAGMA temp_store = MEMORY")


def unwritable(path: Path, connect: Connect) -> Loaded | None:
    """What a file holds that cannot be written now; None if it cannot be read either.

    A full disk has no room for the index that readers share: a connection that keeps all others out needs none. A
    file system that is read-only can be read as one that nobody changes, if nothing waits in the log beside it.
    """
    log = path.with_name(path.name + "-wal")
    ways = [("mode=rw", True)]
    with suppress(OSError):
        if not log.exists() or log.stat().st_size == 0:
            ways.append(("mode=ro&immutable=1", False))
    for way, alone in ways:
        with suppress(sqlite3.Error):
            connection = connect(_address(path, way), uri=True, isolation_level=None, timeout=BUSY_SECONDS)
            try:
                if alone:
                    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                return load(connection)
            finally:
                connection.close()
    return None


def reader(path: Path, connect: Connect) -> sqlite3.Connection:
    """A connection beside the one that writes, which only reads."""
    return connect(_address(path, "mode=ro"), uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def _address(path: Path, how: str) -> str:
    return f"file:{quote(str(path))}?{how}"


def _one(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
