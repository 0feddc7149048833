"""A disk that fails when a test says so: the statements of a real SQLite, with errors of its own in between."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

WORDS = {
    sqlite3.SQLITE_FULL: "database or disk is full",
    sqlite3.SQLITE_IOERR: "disk I/O error",
    sqlite3.SQLITE_CORRUPT: "database disk image is malformed",
    sqlite3.SQLITE_READONLY: "attempt to write a readonly database",
    sqlite3.SQLITE_BUSY: "database is locked",
    sqlite3.SQLITE_CANTOPEN: "unable to open database file",
}


class Disk:
    """`code`: what every statement that writes fails with, 0 none. `after` of them succeed before. `hangs`: they wait
    for `answers`.
    """

    def __init__(self) -> None:
        self.code = 0
        self.after = 0
        self.hangs = False
        self.answers = threading.Event()

    def connect(self, *arguments: Any, **options: Any) -> sqlite3.Connection:
        disk = self

        class Connection(sqlite3.Connection):
            def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
                disk.statement(sql)
                return super().execute(sql, *values)

        return sqlite3.connect(*arguments, factory=Connection, **options)

    def statement(self, sql: str) -> None:
        if sql.startswith(("PRAGMA", "SELECT", "ROLLBACK")):
            return
        if self.hangs:
            self.answers.wait(20.0)
        if self.code and self.after <= 0:
            error = (sqlite3.OperationalError if self.code != sqlite3.SQLITE_CORRUPT else sqlite3.DatabaseError)(
                WORDS[self.code]
            )
            error.sqlite_errorcode = self.code
            raise error
        self.after -= 1


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own, of a megabyte."""
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("needs root, to mount a small file system")
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"cannot mount a small file system here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(file: Path) -> None:
    """Write until the disk is full."""
    with suppress(OSError), file.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))
