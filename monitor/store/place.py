"""The files of a store: the folder, the lock that keeps a second monitor out, and a damaged file moved aside."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from monitor.store.failures import StoreTaken

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
BESIDE = ("-wal", "-shm")  #: what SQLite puts beside a database
DAMAGED_KEPT = 3  #: damaged files that are kept for diagnosis


class Place:
    """Where a database lies. Everything here may block and raises OSError."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = None
        self._file: tuple[int, int] | None = None  #: device and inode of the database that is open

    def acquire(self) -> None:
        """Make the folder and the file if need be, and be the only one who has it. Raises `StoreTaken`."""
        self.path.parent.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        if self._lock is not None and not _is_at(self._lock, self._lock_path):
            self.release()  # somebody removed the folder, or moved it away: what we hold keeps nobody out
        if self._lock is None:
            self._lock = self._take()
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE))
        with suppress(OSError):  # whose file it is, but not ours: what we can write, others may be able to read
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(_FILE_MODE)

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _take(self) -> int:
        lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(lock, 32, 0).decode(errors="replace").strip()
            os.close(lock)
            raise StoreTaken(self.path, holder if holder.isdigit() else "") from None
        except BaseException:
            os.close(lock)
            raise
        with suppress(OSError):  # a full disk: nobody reads then who it is
            os.pwrite(lock, f"{os.getpid():<10}\n".encode(), 0)
        return lock

    def release(self) -> None:
        """Let another one have it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def is_same(self) -> bool:
        """Whether the file at the path is the one that was noted."""
        return self._file is not None and self._file == self._stat()

    def note(self) -> None:
        """Remember which file is open."""
        self._file = self._stat()

    def _stat(self) -> tuple[int, int] | None:
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return None
        return (found.st_dev, found.st_ino)

    def move_aside(self, now: float) -> Path:
        """Keep a damaged database, with what lies beside it, under another name; of older ones the newest few stay."""
        stem = f"{self.path.name}.damaged-{datetime.fromtimestamp(now, UTC):%Y%m%dT%H%M%SZ}"
        numbers = (f"{stem}-{number:02}" for number in count(1))
        target = next(file for name in numbers if not (file := self.path.with_name(name)).exists())
        for suffix in (*BESIDE, ""):  # the log first: one that is left behind would be read into the next database
            with suppress(FileNotFoundError):
                os.replace(self.path.with_name(self.path.name + suffix), target.with_name(target.name + suffix))
        for old in sorted(self.path.parent.glob(f"{self.path.name}.damaged-*Z-[0-9][0-9]"))[:-DAMAGED_KEPT]:
            for suffix in ("", *BESIDE):
                old.with_name(old.name + suffix).unlink(missing_ok=True)
        return target


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file still stands at this path."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
