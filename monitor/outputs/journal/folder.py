"""The folder of a journal: one writer at a time, files that only grow, the oldest removed when there is too much.

Age is counted in *uptime*: the seconds that the folder was written, all runs together, by a clock that nobody sets.
Each segment holds at its head the uptime at which it began; the lock holds what it came to since. A wall clock that is
wrong can so never make a history old. While the monitor is off nothing grows older: that keeps too long, not too short,
and the size bounds it.

Everything here may block and raises OSError; it runs in the writer's thread.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from monitor.domain.errors import MarginwatchError
from monitor.outputs.journal.segment import SUFFIX, file_header, in_order, serial_of, uptime_of

LOCK = "lock"
_LONGEST_UPTIME = 2**32 - 1  #: seconds that the head of a segment has room for
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class FolderTaken(MarginwatchError):
    """Another process writes its journal into this folder."""


class Folder:
    """Writes segments. `write` is how bytes reach a file (tests break it). Times (`at`) are those of a steady clock."""

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
        self._uptimes: dict[Path, int | None] = {}  #: at which each began; None: it does not say
        self._serial = 1  #: of this writer: the names of its segments begin with it
        self._born = 0.0  #: when, by the steady clock, the uptime was zero
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

    def acquire(self, at: float) -> None:
        """Make the folder if need be, and be its only writer. Raises `FolderTaken`."""
        if self._lock is not None and not _is_at(self._lock, self.path / LOCK):
            self.release()  # somebody removed the folder, or moved it away: what we hold keeps nobody out
        if self._lock is None:
            self.path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
            said = os.pread(lock, 64, 0).decode(errors="replace").split()
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = said[0] if said else ""
                os.close(lock)
                by = f" (process {holder})" if holder.isdigit() else ""
                raise FolderTaken(f"another monitor{by} writes its journal into {self.path}") from None
            self._lock = lock
            self._look()
            self._serial = 1 + max(map(serial_of, self._sizes), default=0)
            before = int(said[1]) if len(said) == 2 and said[1].isascii() and said[1].isdigit() else 0
            self._born = at - max([before, *(uptime for uptime in self._uptimes.values() if uptime is not None)])
            self._sign(at)
        else:
            self._look()

    def _look(self) -> None:
        """What is there."""
        self._sizes = {file: file.stat().st_size for file in self._files()}
        self._uptimes = {file: uptime_of(file) for file in self._sizes}

    def _sign(self, at: float) -> None:
        """Who holds the lock, and the uptime: a full disk may leave an older one, which makes nothing older."""
        assert self._lock is not None
        with suppress(OSError):
            os.pwrite(self._lock, f"{os.getpid():<10} {self._uptime(at):010}\n".encode(), 0)

    def _uptime(self, at: float) -> int:
        return min(_LONGEST_UPTIME, max(0, int(at - self._born)))

    def open(self, name: str, at: float, room_bytes: int) -> None:
        """Begin a segment, with room for so many bytes in what all may take together."""
        self.acquire(at)
        self._prune(at, room_bytes)
        path = self.path / f"{self._serial:08}-{name}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, _FILE_MODE)
        self._current, self.size, self._sizes[path] = path, 0, 0
        self._uptimes[path] = self._uptime(at)
        self.append(file_header(self._uptime(at)))

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

    def prune(self, at: float) -> None:
        """Remove the oldest segments that are too old or too many, but never the open one."""
        self._sign(at)
        self._prune(at, 0)

    def _prune(self, at: float, room_bytes: int) -> None:
        """The same, leaving so much room in what all may take together."""
        files = in_order(self._sizes)
        for place, file in enumerate(files):
            if file == self._current:
                continue
            old = self._age_seconds(files[place + 1 :], at) > self._max_age_seconds
            if self.kept_bytes + room_bytes <= self._max_bytes and not old:
                return
            file.unlink(missing_ok=True)
            del self._sizes[file]

    def _age_seconds(self, later: Sequence[Path], at: float) -> float:
        """The uptime since the last record of the segment before these, which ended when the next one began."""
        ends = (uptime for file in later if (uptime := self._uptimes[file]) is not None)
        now = self._uptime(at)
        return now - next(ends, now)

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
