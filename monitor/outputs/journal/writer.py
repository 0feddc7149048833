"""The thread that writes: what waits becomes blocks on the disk, twice a second, whatever the disk says.

When writing fails, what cannot be kept is counted and one line of the log says so. From then on a new segment is tried,
ever less often; it begins with the facts that stand and tells what is missing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import structlog

from monitor.domain.clock import Clock
from monitor.domain.errors import MarginwatchError
from monitor.domain.names import Venue
from monitor.outputs.journal.pen import Pen
from monitor.outputs.journal.queue import Item, Losses, NewSegment, Queue
from monitor.outputs.journal.records import (
    KIND_NAMES,
    NEXT,
    STOPPED,
    Answer,
    Baseline,
    Frame,
    encode,
    encode_baseline,
    encode_event,
)

log = structlog.get_logger(__name__)

EVERY_SECONDS = 0.5  #: between two blocks
FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 1.0, 60.0
BREATH_SECONDS = 0.0002  #: that the loop is given after what may hold it up, and after so many items
BREATH_ITEMS = 100
LONG_EVENT_BYTES = 16 * 1024
BUG = "a bug in the journal, see the log"
_HEADS = ("Run", "Baseline", "Lost", "End")  #: kinds that are made here: nothing that happened is lost with them

Redact = Callable[[Venue, str, bytes], bytes]


class Writer:
    """Takes items from the queue and writes them. `work` is one round of it; `start` has a thread do the rounds.

    `make_pen` is called in that thread, and again as long as it fails. `redact` takes a venue, a name and a text of an
    account and returns the text without what tells whose it is.
    """

    def __init__(self, queue: Queue, make_pen: Callable[[], Pen], clock: Clock, redact: Redact) -> None:
        self._queue, self._make_pen, self._clock, self._redact = queue, make_pen, clock, redact
        self._thread: threading.Thread | None = None
        self._wake, self._stopping = threading.Event(), False
        self._pen: Pen | None = None
        self._lost = Losses()
        self._begun = False  #: whether a first segment was tried
        self._asked = False  #: whether the loop was asked for the facts that stand
        self._retry_at, self._wait = 0.0, FIRST_RETRY_SECONDS
        self.new_segment_wanted = False  #: the loop is to hand over the facts that stand; it takes the word back
        self.busy_since: float | None = None  #: since when (steady time) the round that is under way got no further
        self.reason = ""  #: why nothing is written; "" if it is, or was not tried yet
        self.records_total = self.lost_total = self.written_bytes_total = self.kept_bytes = self.segments = 0

    @property
    def is_running(self) -> bool:
        """Whether a thread writes."""
        return self._thread is not None

    def start(self) -> None:
        """Begin to write, in a thread that does not keep the process alive."""
        self._thread = threading.Thread(target=self._rounds, name="journal", daemon=True)
        self._thread.start()

    def hurry(self) -> None:
        """Write now: much waits."""
        self._wake.set()

    def stop(self, within_seconds: float) -> None:
        """Write what waits, close in good order, and wait for that at most so long. It blocks."""
        self._stopping = True
        self._wake.set()
        if self._thread is None:
            self._last_round()
        else:
            self._thread.join(within_seconds)

    def _rounds(self) -> None:
        while not self._stopping:
            self.work()
            self._wake.wait(EVERY_SECONDS)
            self._wake.clear()
        self._last_round()

    def _last_round(self) -> None:
        self.work()
        pen = self._pen
        if pen is not None:
            if pen.is_down:
                self._guarded(lambda: pen.end(STOPPED))
            pen.folder.release()
        self.reason = self.reason or "the monitor stops"

    def work(self) -> None:
        """One round: all that waits is written, or counted as lost."""
        self.busy_since = self._clock.monotonic()
        if not self._begun:
            self._begun = True
            self._guarded(lambda: self._begin(None))
        for number, item in enumerate(self._queue.take(), 1):
            self._one(item)
            if number % BREATH_ITEMS == 0:
                self.busy_since = self._clock.monotonic()
                time.sleep(BREATH_SECONDS)
        if self._pen is not None and self._pen.is_down:
            self._guarded(self._round_off)
        elif not self._asked and self._clock.monotonic() >= self._retry_at:
            self._ask()
        self._count()
        self.busy_since = None

    def _one(self, item: Item) -> None:
        """Write one item; what goes wrong is its loss."""
        pen = self._pen
        if isinstance(item, NewSegment):
            if not self._guarded(lambda: self._next(item)):
                self._lose(item)
        elif pen is None or not pen.is_down or not self._guarded(lambda: pen.add(self._finished(item))):
            self._lose(item)
        elif pen.block_is_full:
            self._guarded(pen.flush)
            time.sleep(BREATH_SECONDS)

    def _next(self, order: NewSegment) -> None:
        self._asked = False
        if self._pen is not None and self._pen.is_down:
            self._pen.end(NEXT)
        self._begin(order)

    def _begin(self, order: NewSegment | None) -> None:
        """Begin a segment with the facts that stand and with what is missing before it."""
        self._pen = pen = self._pen or self._make_pen()
        if order is None:
            pen.begin(self._first_records(None), pen.started, None)
        else:
            pen.begin(self._first_records(order), order.baseline.at, order.reached)
        self._lost.clear()
        if self.reason or order is None:
            log.info("journal writes", folder=str(pen.folder.path), segment=pen.segment, lost=self.lost_total)
        self.reason, self._wait = "", FIRST_RETRY_SECONDS

    def _first_records(self, order: NewSegment | None) -> Iterator[bytes]:
        if order is not None:
            yield self._baseline(order.baseline)
            if order.lost is not None:
                yield encode(order.lost)
        if self._lost:
            yield encode(self._lost.told())

    def _baseline(self, baseline: Baseline) -> bytes:
        """The facts that stand, one after the other: all tables at once would hold the loop for milliseconds."""
        events = []
        for event in baseline.events:
            name, body = encode_event(event)
            events.append((name, body))
            if len(memoryview(body)) > LONG_EVENT_BYTES:
                time.sleep(BREATH_SECONDS)
        return encode_baseline(baseline, events)

    def _finished(self, item: bytes | Frame | Answer) -> bytes:
        """An item as a record; one of an account without what tells whose it is."""
        if isinstance(item, bytes):
            return item
        if item.account is not None:
            name = item.stream if isinstance(item, Frame) else item.name
            item = replace(item, raw=self._redact(item.venue, name, item.raw))
            time.sleep(BREATH_SECONDS)
        return encode(item)

    def _round_off(self) -> None:
        assert self._pen is not None
        self._pen.flush()
        self._pen.look_after()
        if self._pen.segment_is_full and not self._asked:
            self._ask()

    def _ask(self) -> None:
        self._asked = self.new_segment_wanted = True

    def _guarded(self, action: Callable[[], None]) -> bool:
        """Do it; what goes wrong ends the segment, never the thread. Whether it went well."""
        try:
            action()
        except (OSError, MarginwatchError) as error:
            self._fail(_words(error))
        except Exception:  # the last boundary of this thread: a bug costs the journal, not the monitor
            log.exception("the journal failed")
            self._fail(BUG)
        else:
            return True
        return False

    def _fail(self, why: str) -> None:
        """Nothing is written from here on, until a new segment can be begun."""
        if not self.reason:
            log.error("journal does not write", reason=why)
        else:
            self._wait = min(LONGEST_RETRY_SECONDS, 2.0 * self._wait)
        self.reason, self._asked = why, False
        self._retry_at = self._clock.monotonic() + self._wait
        if self._pen is not None:
            for kind, count in self._pen.drop_block().items():
                if kind not in _HEADS:
                    self._count_lost(kind, count)
            self._pen.folder.close_segment()

    def _lose(self, item: Item) -> None:
        if not isinstance(item, NewSegment):
            self._count_lost(KIND_NAMES[item[:1]] if isinstance(item, bytes) else type(item).__name__, 1)
        elif item.lost is not None:  # counted where they were lost; only the word of it is carried on
            for kind, count in item.lost.counts.items():
                self._lost.add(kind, item.lost.last, item.lost.why, count)

    def _count_lost(self, kind: str, count: int) -> None:
        self._lost.add(kind, self._clock.now(), self.reason, count)
        self.lost_total += count

    def _count(self) -> None:
        """Tell the loop how it goes: plain numbers, which it may read at any time."""
        if self._pen is not None:
            self.records_total, self.written_bytes_total = self._pen.records_total, self._pen.written_bytes_total
            self.kept_bytes, self.segments = self._pen.folder.kept_bytes, self._pen.folder.segments


def _words(error: Exception) -> str:
    """What the system said, and of which file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__
