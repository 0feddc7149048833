"""What waits for the disk. It is bounded, and what finds no room is counted by kind: nothing is lost silently.

Raw frames and answers fill at most half of it, so that they go before a step does. One thread puts, another takes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from monitor.outputs.journal.records import Answer, Baseline, Frame, Lost

RAW_SHARE = 0.5  #: of the queue, for frames and answers
WHY_FULL = "the queue of the journal was full"


@dataclass(frozen=True, slots=True)
class NewSegment:
    """Asks the writer to begin a segment with these facts, and with the word of what is missing before it.

    `reached` is the latest time of a step before it.
    """

    baseline: Baseline
    lost: Lost | None
    reached: float


Item = bytes | Frame | Answer | NewSegment  #: encoded records, and what the writer finishes by itself


@dataclass(slots=True)
class Losses:
    """Records that are lost and of which the journal does not tell yet."""

    counts: dict[str, int] = field(default_factory=dict)
    first: float = 0.0
    last: float = 0.0
    why: str = ""

    def __bool__(self) -> bool:
        return bool(self.counts)

    def add(self, kind: str, at: float, why: str, count: int = 1) -> None:
        """Count records of a kind."""
        if not self.counts:
            self.first, self.why = at, why
        self.counts[kind] = self.counts.get(kind, 0) + count
        self.last = at

    def told(self) -> Lost:
        """The record that tells it."""
        return Lost(counts=dict(self.counts), first=self.first, last=self.last, why=self.why)

    def clear(self) -> None:
        """It is told: nothing is left to tell."""
        self.counts.clear()


class Queue:
    """A bounded queue between the loop, which puts, and the writer, which takes."""

    def __init__(self, records: int, size: int) -> None:
        self._records, self._size = records, size
        self._items: deque[tuple[int, Item]] = deque()
        # Each counter is written by one thread only: their difference is what waits.
        self._put_bytes, self._taken_bytes = 0, 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def waiting_bytes(self) -> int:
        """The size of what waits."""
        return self._put_bytes - self._taken_bytes

    def has_room(self, size: int, share: float = 1.0) -> bool:
        """Whether an item of this size finds room in this share of the queue."""
        return len(self._items) < self._records * share and self.waiting_bytes + size <= self._size * share

    def put(self, item: Item, size: int) -> None:
        """Add an item; whoever has to ask for room has done so."""
        self._put_bytes += size
        self._items.append((size, item))

    def take(self) -> Iterator[Item]:
        """What waits now, oldest first. What is put meanwhile waits for the next call."""
        for _ in range(len(self._items)):
            size, item = self._items.popleft()
            self._taken_bytes += size
            yield item
