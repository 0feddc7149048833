"""A journal whose rounds a test turns by hand: no thread, no waiting, a clock that stands."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.domain.alerts import AlertChange, MemoryChange
from monitor.domain.events import Elapsed, Event
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport, StepResult
from monitor.domain.view import Surroundings
from monitor.outputs.journal.folder import Folder
from monitor.outputs.journal.journal import About, Journal, JournalSettings
from monitor.outputs.journal.reader import read
from monitor.outputs.journal.records import KINDS, Record
from monitor.outputs.journal.segment import Damage
from tests.unit.app.clocks import FakeClock

ABOUT = About(instance="main", version="1.0", config='instance = "main"\n', accounts=(AccountKey("binance", "main"),))


@dataclass
class Decided:
    """What a step came to."""

    result: StepResult
    changes: tuple[AlertChange, ...] = ()
    memory: MemoryChange = MemoryChange()


class Clocks(FakeClock):
    """The wall clock is `ahead` of the steady one."""

    def __init__(self, ahead: float) -> None:
        super().__init__()
        self.ahead = ahead

    def now(self) -> float:
        return self.time + self.ahead


class Disk:
    """How bytes reach a file: `free` more of them find room (None: all). `full` is what the system says then."""

    def __init__(self) -> None:
        self.free: int | None = None
        self.error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def write(self, file: int, data: bytes | memoryview) -> int:
        if self.free is None:
            return os.write(file, data)
        if not self.free:
            raise self.error
        count = os.write(file, data[: self.free])
        self.free -= count
        return count


class Desk:
    """A journal in a folder, and what it wrote."""

    def __init__(
        self,
        folder: Path,
        settings: JournalSettings | None = None,
        secrets: Sequence[str] = (),
        disk: Disk | None = None,
        ahead: float = 0.0,
    ) -> None:
        self.folder, self.clock, self.disk = folder, Clocks(ahead), disk or Disk()
        self.journal = Journal(
            self.where,
            settings or JournalSettings(),
            ABOUT,
            self.clock,
            lambda _venue, name, raw: b"<" + name.encode() + b" redacted>",
            secrets,
            open_folder=lambda path, **bounds: Folder(path, write=self.disk.write, **bounds),
        )
        self.number = 0

    def where(self) -> Path:
        return self.folder

    def step(self, *events: Event, around: Surroundings | None = None, reports: Sequence[AccountReport] = ()) -> None:
        """A step and its outcome, a second after the last one."""
        self.number += 1
        self.clock.time += 1.0
        now = self.clock.now()
        self.journal.step(self.number, events or (Elapsed(now),), now, around, "")
        self.journal.outcome(self.number, Decided(StepResult(at=now, reports=tuple(reports))))

    def frame(self, raw: bytes, account: str | None = None) -> None:
        self.journal.frame("binance", account, "marks", raw, self.clock.time)

    def write(self) -> None:
        """One round of the writer."""
        self.journal.writer.work()

    def next_segment(self) -> None:
        """The next step begins one."""
        self.journal.writer.new_segment_wanted = True

    def stop(self) -> None:
        self.journal.writer.stop(1.0)

    def read(self) -> list[Record | Damage]:
        return list(read(self.folder))

    def kinds(self) -> str:
        """One letter a record, a word a segment: R run, B baseline, S step, O outcome, F frame, A answer, L, E."""
        text = "".join("!" if isinstance(row, Damage) else KINDS[type(row)].decode() for row in self.read())
        return " ".join("R" + part for part in text.split("R")[1:])
