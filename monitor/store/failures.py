"""What can be wrong with the disk or the file, in words that hold a cure."""

from __future__ import annotations

import errno
import os
import sqlite3
from pathlib import Path

from monitor.domain.keeping import StoreFailed


class StoreRefused(StoreFailed):
    """The store must not be used, and trying again does not help: a person has to choose."""


class StoreTaken(StoreRefused):
    """Another process has this file open."""

    def __init__(self, path: Path, holder: str) -> None:
        by = f" (process {holder})" if holder else ""
        super().__init__(
            f"another monitor{by} keeps its state in {path}: stop it, or give one of the two another [store] directory"
        )
        self.path, self.holder = path, holder


class NewerSchema(StoreRefused):
    """The file was written by a later version of the program."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"{path} has schema version {found}, and this program knows up to {known}: run the later version that "
            f"wrote it, or move the file away (alerts that fire are then announced anew) or put back the copy that was "
            f"made before it was migrated, {path.name}.before-v{found}"
        )
        self.path, self.found, self.known = path, found, known


_PRIMARY_CODE = 0xFF  #: SQLite's extended codes hold the primary one in the last byte

_CURES = {
    sqlite3.SQLITE_FULL: "no space left on the disk: free some",
    sqlite3.SQLITE_READONLY: "the file or its file system is read-only: remount it, or mend the permissions",
    sqlite3.SQLITE_BUSY: "another program holds it locked: end the transaction that it has open",
    sqlite3.SQLITE_LOCKED: "another program holds it locked: end the transaction that it has open",
    sqlite3.SQLITE_IOERR: "the disk fails (see the kernel's log), or has no space left: free some, or replace it",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: mend the permissions of its folder, and see whether there is space",
    sqlite3.SQLITE_PERM: "the permissions do not allow it: mend those of the file and its folder",
    sqlite3.SQLITE_NOMEM: "no memory left",
}


def is_damage(error: BaseException) -> bool:
    """Whether the error says that the file holds no sound database."""
    return code_of(error) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def code_of(error: BaseException) -> int | None:
    """SQLite's primary code, None where the error is not SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & _PRIMARY_CODE if isinstance(code, int) else None


def failed(error: BaseException, path: Path) -> StoreFailed:
    """Our error for one of SQLite or of the operating system."""
    if isinstance(error, StoreFailed):
        return error
    if is_damage(error):
        return StoreFailed(f"{path}: the database is damaged; it is moved aside and a new one begun")
    if isinstance(error, OSError):
        cure = "free some" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "mend it, it is tried again by itself"
        return StoreFailed(f"{path}: {os.strerror(error.errno or 0)}: {cure}")
    code = code_of(error)
    why = _CURES.get(code, "") if code is not None else ""
    return StoreFailed(f"{path}: {why or f'{error}: it is tried again by itself'}")
