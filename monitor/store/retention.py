"""What is too old or too much goes, a little at a time, so that no commit waits long for it."""

from __future__ import annotations

import sqlite3

from monitor.store.settings import StoreSettings

CHUNK_ROWS = 500  #: removed at a time from each table
CHUNK_PAGES = 500  #: given back to the file system at a time
FREE_PAGES = 100  #: that stay in the file for what comes next
HANDLES_KEPT = 10_000  #: of messages that can be edited: all are read at the start
LAST_LINES = 1_000  #: of the audit that stay whatever their age: a clock that was wrong must not empty it

_SURPLUS_LINES = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id <= ? ORDER BY id LIMIT ?)"
_OLD_LINES = "DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE id <= ? AND at < ? ORDER BY id LIMIT ?)"
_OLD_MESSAGES = """DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE state IN ('sent', 'dropped') AND written < ? LIMIT ?)"""
_SURPLUS_MESSAGES = """DELETE FROM outbox WHERE id IN (
    SELECT id FROM outbox WHERE state IN ('sent', 'dropped') ORDER BY written LIMIT ?)"""
_OLD_HANDLES = """DELETE FROM handles WHERE rowid IN (
    SELECT rowid FROM handles WHERE written < ? AND thread NOT IN (SELECT incident FROM alerts) LIMIT ?)"""
_SURPLUS_HANDLES = """DELETE FROM handles WHERE rowid IN (
    SELECT rowid FROM handles WHERE thread NOT IN (SELECT incident FROM alerts) ORDER BY written LIMIT ?)"""
_OLD_ESCALATIONS = """DELETE FROM escalations WHERE rowid IN (
    SELECT rowid FROM escalations WHERE done = 1 AND written < ? LIMIT ?)"""
_OLD_SILENCES = "DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends < ? LIMIT ?)"


def trim(connection: sqlite3.Connection, settings: StoreSettings, now: float) -> bool:
    """Remove one portion and give its room back; whether there may be more."""
    oldest = now - settings.keep_seconds
    removed = 0
    connection.execute("BEGIN IMMEDIATE")
    try:
        removed += _lines(connection, settings, oldest)
        removed += _messages(connection, settings, oldest)
        removed += connection.execute(_OLD_HANDLES, (oldest, CHUNK_ROWS)).rowcount
        surplus = _count(connection, "SELECT count(*) FROM handles") - min(HANDLES_KEPT, settings.keep_rows)
        if surplus > 0:
            removed += connection.execute(_SURPLUS_HANDLES, (min(surplus, CHUNK_ROWS),)).rowcount
        removed += connection.execute(_OLD_ESCALATIONS, (oldest, CHUNK_ROWS)).rowcount
        removed += connection.execute(_OLD_SILENCES, (oldest, CHUNK_ROWS)).rowcount
        if not removed and used_bytes(connection) > settings.max_bytes:
            removed += connection.execute(_SURPLUS_LINES, (_newest(connection) - LAST_LINES, CHUNK_ROWS)).rowcount
            removed += connection.execute(_SURPLUS_MESSAGES, (CHUNK_ROWS,)).rowcount
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    surplus = _count(connection, "PRAGMA freelist_count") - FREE_PAGES
    if surplus > 0:
        # `execute` would stop after the first page: each is a row without a column.
        connection.executescript(f"PRAGMA incremental_vacuum({min(surplus, CHUNK_PAGES)})")
    return removed >= CHUNK_ROWS or surplus > CHUNK_PAGES


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the rows take, without the pages that wait to be used again."""
    pages = _count(connection, "PRAGMA page_count") - _count(connection, "PRAGMA freelist_count")
    return pages * _count(connection, "PRAGMA page_size")


def _lines(connection: sqlite3.Connection, settings: StoreSettings, oldest: float) -> int:
    newest = _newest(connection)
    removed = connection.execute(_SURPLUS_LINES, (newest - settings.keep_rows, CHUNK_ROWS)).rowcount
    return removed + connection.execute(_OLD_LINES, (newest - LAST_LINES, oldest, CHUNK_ROWS)).rowcount


def _messages(connection: sqlite3.Connection, settings: StoreSettings, oldest: float) -> int:
    removed = connection.execute(_OLD_MESSAGES, (oldest, CHUNK_ROWS)).rowcount
    done = _count(connection, "SELECT count(*) FROM outbox WHERE state IN ('sent', 'dropped')")
    surplus = min(done - settings.keep_rows, CHUNK_ROWS)
    return removed + (connection.execute(_SURPLUS_MESSAGES, (surplus,)).rowcount if surplus > 0 else 0)


def _newest(connection: sqlite3.Connection) -> int:
    return _count(connection, "SELECT coalesce(max(id), 0) FROM audit")


def _count(connection: sqlite3.Connection, sql: str) -> int:
    return int(connection.execute(sql).fetchone()[0])
