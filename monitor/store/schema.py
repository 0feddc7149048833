"""The tables, and how a file of an older version becomes one of today's. docs/store.md describes them to users."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import cache
from pathlib import Path

from monitor.store.failures import NewerSchema

Step = Callable[[sqlite3.Connection], None]

_FIRST = """
CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    what TEXT NOT NULL,
    who TEXT NOT NULL,
    text TEXT NOT NULL,
    fingerprint TEXT,
    incident TEXT,
    number INTEGER,
    rule TEXT,
    severity TEXT,
    body TEXT
);
CREATE INDEX audit_of_alert ON audit (fingerprint, id) WHERE fingerprint IS NOT NULL;
CREATE INDEX audit_at ON audit (at);
CREATE TABLE alerts (
    fingerprint TEXT PRIMARY KEY,
    incident TEXT NOT NULL,
    rule TEXT NOT NULL,
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    pool TEXT NOT NULL,
    severity TEXT,
    state TEXT NOT NULL,
    since REAL NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE silences (
    id TEXT PRIMARY KEY,
    starts REAL NOT NULL,
    ends REAL NOT NULL,
    author TEXT NOT NULL,
    comment TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE TABLE facts (
    venue TEXT NOT NULL,
    account TEXT NOT NULL,
    at REAL NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (venue, account)
);
CREATE TABLE volatility (
    venue TEXT NOT NULL,
    symbol TEXT NOT NULL,
    at REAL NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (venue, symbol)
);
CREATE TABLE outbox (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL,
    thread TEXT NOT NULL,
    state TEXT NOT NULL,
    loudness INTEGER NOT NULL,
    created REAL NOT NULL,
    written REAL NOT NULL,
    attempts INTEGER NOT NULL,
    title TEXT NOT NULL,
    reason TEXT NOT NULL,
    body TEXT NOT NULL
);
CREATE INDEX outbox_state ON outbox (state, written);
CREATE TABLE handles (
    channel TEXT NOT NULL,
    thread TEXT NOT NULL,
    handle TEXT NOT NULL,
    written REAL NOT NULL,
    PRIMARY KEY (channel, thread)
);
CREATE TABLE escalations (
    incident TEXT NOT NULL,
    route TEXT NOT NULL,
    step INTEGER NOT NULL,
    due REAL NOT NULL,
    done INTEGER NOT NULL,
    written REAL NOT NULL,
    PRIMARY KEY (incident, route, step)
);
"""


def first(connection: sqlite3.Connection) -> None:
    """The tables of version 1."""
    for statement in _FIRST.split(";"):
        if statement.strip():
            connection.execute(statement)


#: One function a version: the last one brings a file to today's. A step, once released, never changes.
STEPS: tuple[Step, ...] = (first,)


def version_of(connection: sqlite3.Connection) -> int:
    """The version of a file, 0 for one without tables."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'schema_version'").fetchone()
    if known is None:
        return 0
    return int(connection.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, path: Path, now: float, steps: Sequence[Step] = STEPS) -> int:
    """Bring a file to today's version, all steps in one transaction; returns the version that it had before.

    A copy of what was there is made beside it first. Raises `NewerSchema`, and whatever SQLite raises: the file is then
    as it was.
    """
    found = version_of(connection)
    if found > len(steps):
        raise NewerSchema(path, found, len(steps))
    if found == len(steps):
        return found
    if found:
        _copy(connection, path.with_name(f"{path.name}.before-v{len(steps)}"))
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY, at REAL NOT NULL)")
        for version, step in enumerate(steps[found:], found + 1):
            step(connection)
            connection.execute("INSERT INTO schema_version (version, at) VALUES (?, ?)", (version, now))
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return found


def tables_of(connection: sqlite3.Connection) -> frozenset[tuple[str, str]]:
    """The tables of a database and how each was made."""
    return frozenset(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'").fetchall())


@cache
def expected_tables(steps: Sequence[Step]) -> frozenset[tuple[str, str]]:
    """Those that a database has after these steps."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, Path(), 0.0, steps)
        return tables_of(connection)


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """A whole copy, readable by us alone, in place of an older one of the same name."""
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    try:
        connection.execute("VACUUM INTO ?", (str(part),))
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
