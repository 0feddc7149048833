"""Puts records into the folder's open segment, block by block. It blocks, and raises OSError: it is the thread's.

A block is handed to the kernel whole, so that the end of the process costs at most the last one; every few seconds the
kernel is told to put it down for good, which bounds what a loss of power costs.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from urllib.parse import quote

from monitor.domain.clock import Clock
from monitor.outputs.journal.folder import Folder
from monitor.outputs.journal.records import KIND_NAMES, End, Run, encode
from monitor.outputs.journal.segment import Packer

SYNC_SECONDS = 5.0  #: between two orders to the kernel to put down what it has
PRUNE_SECONDS = 60.0  #: between two looks for segments that are too old
BLOCK_BYTES = 256 * 1024  #: of records, after which a block is written before its time


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """When a segment ends and when it goes; bytes on disk, seconds."""

    max_bytes: int = 2 * 1024**3
    max_age_seconds: float = 14 * 86_400.0
    segment_bytes: int = 64 * 1024**2
    segment_seconds: float = 3_600.0


class Pen:
    """Writes one run. `secrets` are masked in every spelling, by as many asterisks: no length changes."""

    def __init__(self, folder: Folder, bounds: Bounds, run: Run, clock: Clock, secrets: Collection[str] = ()) -> None:
        self.folder, self._bounds, self._run, self._clock = folder, bounds, run, clock
        spelled = {
            spelling.encode() for text in secrets for spelling in (text, json.dumps(text)[1:-1], quote(text, ""))
        }
        longest_first = sorted(spelled, key=len, reverse=True)  # one may hold another
        self._masks = [(text, b"*" * len(text)) for text in longest_first]
        self._packer = Packer()
        self._block: list[bytes] = []
        self._block_bytes = 0
        self._head_bytes = 0  #: that the open segment began with
        self._began = self._synced = self._pruned = clock.monotonic()
        self.records_total = self.written_bytes_total = 0

    @property
    def is_down(self) -> bool:
        """Whether a segment is open."""
        return self.folder.is_open

    @property
    def block_is_full(self) -> bool:
        """Whether the block should be written now."""
        return self._block_bytes >= BLOCK_BYTES

    @property
    def started(self) -> float:
        """When the run began."""
        return self._run.started

    @property
    def segment(self) -> int:
        """The number of the segment that was begun last; 0 before the first."""
        return self._run.segment

    def begin(self, first: Iterable[bytes], began: float, reached: float | None) -> None:
        """Begin the next segment with its head and these records. If that fails there is no such segment."""
        run = replace(self._run, segment=self._run.segment + 1, began=began, reached=reached)
        self.drop_block()
        try:
            self.folder.open(f"{run.run}-{run.segment:06d}", self._clock.monotonic(), self._bounds.segment_bytes)
            self._packer = Packer()
            self.add(encode(run))
            for record in first:
                self.add(record)
            self.flush()
        except BaseException:
            self.folder.discard()
            raise
        self._run, self._head_bytes = run, self.folder.size
        self._began = self._synced = self._pruned = self._clock.monotonic()

    def add(self, record: bytes) -> None:
        """Put a record into the block."""
        self._block.append(record)
        self._block_bytes += len(record)

    def flush(self) -> None:
        """Write the block. If that fails, the records are still in it (`drop_block`)."""
        if not self._block:
            return
        records = b"".join(self._block)
        for secret, mask in self._masks:
            records = records.replace(secret, mask)
        self.written_bytes_total += self.folder.append(self._packer.pack(records))
        self.records_total += len(self._block)
        self._block, self._block_bytes = [], 0

    def drop_block(self) -> Counter[str]:
        """Forget the records that could not be written; returns how many of each kind they were."""
        kinds = Counter(KIND_NAMES[record[:1]] for record in self._block)
        self._block, self._block_bytes = [], 0
        return kinds

    def end(self, why: str) -> None:
        """Close the segment in good order."""
        self.add(encode(End(at=self._clock.now(), why=why)))
        self.flush()
        self.folder.close_segment()

    def look_after(self) -> None:
        """Sync what is due, and remove what is too old or too much."""
        now = self._clock.monotonic()
        if now - self._synced >= SYNC_SECONDS:
            self.folder.sync()
            self._synced = now
        if now - self._pruned >= PRUNE_SECONDS or self.folder.kept_bytes > self._bounds.max_bytes:
            self.folder.prune(now)
            self._pruned = now

    @property
    def segment_is_full(self) -> bool:
        """Whether the next segment should begin. One whose baseline takes more room than a segment should is not full
        before that has paid: else each round would begin another.
        """
        age_seconds = self._clock.monotonic() - self._began
        return (
            self.folder.size >= max(self._bounds.segment_bytes, 2 * self._head_bytes)
            or age_seconds >= self._bounds.segment_seconds
        )
