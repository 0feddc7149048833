"""The folder of a journal: one writer at a time, files that only grow, the oldest removed when there is too much.

Everything here may block and raises OSError; it runs in the writer's thread.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from monitor.domain.errors import MarginwatchError
from monitor.outputs.journal.segment import SUFFIX, file_header

LOCK = "lock"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class FolderTaken(MarginwatchError):
    """Another process writes its journal into this folder."""


class Folder:
    """Writes segments. `write` is how bytes reach a file (tests break it)."""

    def __init__(
        self,
        path: Path,
        *,
        max_bytes: int,
        max_age_seconds: float,
        write: Callable[[int, bytes | memoryview], int] = os.write,
    ) -> None:
        self.path, self._max_bytes, self._max_age_seconds = path, max_bytes, max_age_seconds
        self._write = write
        self._lock: int | None = None
        self._file: int | None = None
        self._current: Path | None = None
        self._sizes: dict[Path, int] = {}
        self.size = 0  #: bytes of the open segment

    @property
    def kept_bytes(self) -> int:
        """What all segments take."""
        return sum(self._sizes.values())

    @property
    def segments(self) -> int:
        """How many there are."""
        return len(self._sizes)

    @property
    def is_open(self) -> bool:
        """Whether a segment is being written."""
        return self._file is not None

    def acquire(self) -> None:
        """Make the folder if need be, and be its only writer. Raises `FolderTaken`."""
        if self._lock is not None and not _is_at(self._lock, self.path / LOCK):
            self.release()  # somebody removed the folder, or moved it away: what we hold keeps nobody out
        if self._lock is None:
            self.path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(lock, 32).decode(errors="replace").strip()
                os.close(lock)
                by = f" (process {holder})" if holder.isdigit() else ""
                raise FolderTaken(f"another monitor{by} writes its journal into {self.path}") from None
            self._lock = lock
            with suppress(OSError):  # who holds the lock is told for convenience; a full disk does not matter here
                os.ftruncate(lock, 0)
                os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._sizes = {file: file.stat().st_size for file in self._files()}

    def open(self, name: str, now: float, room_bytes: int) -> None:
        """Begin a segment, with room for so many bytes in what all may take together."""
        self.acquire()
        self._prune(now, room_bytes)
        path = self.path / (name + SUFFIX)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, _FILE_MODE)
        self._current, self.size, self._sizes[path] = path, 0, 0
        self.append(file_header())

    def discard(self) -> None:
        """Remove the open segment: not even its head could be written."""
        path = self._current
        self.close_segment()
        if path is not None:
            with suppress(OSError):
                path.unlink()
                del self._sizes[path]

    def append(self, block: bytes) -> int:
        """Add a block whole; returns its size. If that fails the file ends where it did, as far as the disk obeys."""
        assert self._file is not None
        assert self._current is not None
        view = memoryview(block)
        try:
            while view:
                view = view[self._write(self._file, view) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self.size)
            raise
        self.size += len(block)
        self._sizes[self._current] = self.size
        return len(block)

    def sync(self) -> None:
        """Have the kernel put down what was written. Raises FileNotFoundError if the open segment was removed: what is
        written into such a file nobody will ever read.
        """
        if self._file is not None and self._current is not None:
            os.fdatasync(self._file)
            if not _is_at(self._file, self._current):
                raise FileNotFoundError(
                    errno.ENOENT, "somebody removed the segment that is written", str(self._current)
                )

    def prune(self, now: float) -> None:
        """Remove the oldest segments that are too old or too many, but never the open one."""
        self._prune(now, 0)

    def _prune(self, now: float, room_bytes: int) -> None:
        """The same, leaving so much room in what all may take together."""
        for file in sorted(self._sizes):
            if file == self._current:
                continue
            if self.kept_bytes + room_bytes <= self._max_bytes and not self._is_old(file, now):
                return
            file.unlink(missing_ok=True)
            del self._sizes[file]

    def _is_old(self, file: Path, now: float) -> bool:
        try:
            return now - file.stat().st_mtime > self._max_age_seconds
        except FileNotFoundError:
            return True

    def close_segment(self) -> None:
        """Finish the open segment, if there is one; what the disk says to it no longer matters."""
        file, self._file, self._current = self._file, None, None
        if file is not None:
            with suppress(OSError):
                os.fdatasync(file)
            with suppress(OSError):
                os.close(file)

    def release(self) -> None:
        """Finish, and let another one write here."""
        self.close_segment()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _files(self) -> list[Path]:
        return [file for file in self.path.iterdir() if file.suffix == SUFFIX and file.is_file()]


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file still stands at this path."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False
