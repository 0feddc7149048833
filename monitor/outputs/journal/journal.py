"""The journal as the loop sees it: every call takes microseconds, none blocks, none fails."""

from __future__ import annotations

import secrets as dice
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import structlog

from monitor.domain.alerts import AlertChange, MemoryChange
from monitor.domain.clock import Clock
from monitor.domain.events import Event
from monitor.domain.names import AccountKey, Venue
from monitor.domain.reports import StepResult
from monitor.domain.view import JournalStatus, Surroundings
from monitor.outputs.journal import identity
from monitor.outputs.journal.folder import Folder
from monitor.outputs.journal.pen import Bounds, Pen
from monitor.outputs.journal.queue import RAW_SHARE, WHY_FULL, Item, Losses, NewSegment, Queue
from monitor.outputs.journal.records import Answer, Baseline, Frame, Run, encode, encode_step, outcome
from monitor.outputs.journal.standing import Standing
from monitor.outputs.journal.window import SLACK_SECONDS
from monitor.outputs.journal.writer import Redact, Writer

log = structlog.get_logger(__name__)

HURRY_SHARE = 0.25  #: of the queue, from which on the writer does not wait for its half second
RESUME_SHARE = 0.5  #: of the queue, below which steps are written again after some were lost
STALLED_SECONDS = 10.0  #: without any progress of the writer, after which the disk is said not to answer
HEAD_BYTES = 100  #: about what a raw record takes beside its text


class Raw(StrEnum):
    """Which frames and answers are kept as they came."""

    ALL = "all"
    PRIVATE = "private"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalSettings:
    """How much may wait, how much may lie on the disk, and which raw texts are kept."""

    raw: Raw = Raw.ALL
    queue_records: int = 50_000
    queue_bytes: int = 32 * 1024 * 1024
    bounds: Bounds = Bounds()


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What stands at the head of each segment. `config` is the effective configuration as TOML, without secrets."""

    instance: str
    version: str
    config: str
    accounts: tuple[AccountKey, ...]


class Decided(Protocol):
    """What a step came to, as far as it is kept."""

    @property
    def result(self) -> StepResult:
        """The reports."""
        ...

    @property
    def changes(self) -> tuple[AlertChange, ...]:
        """What somebody was told."""
        ...

    @property
    def memory(self) -> MemoryChange:
        """What of the alerts' memory is another."""
        ...


class Journal:
    """Both the core's journal of steps and the venues' recorder of raw texts: one order for all of it.

    `folder` is called in the writer's thread, as often as it fails. `redact` takes a venue, a name and a raw text of
    an account and leaves out what tells whose it is; `secrets` are masked in every byte that is written. `open_folder`
    is replaced where a test breaks the disk.
    """

    def __init__(
        self,
        folder: Callable[[], Path],
        settings: JournalSettings,
        about: About,
        clock: Clock,
        redact: Redact,
        secrets: Collection[str] = (),
        open_folder: Callable[..., Folder] = Folder,
    ) -> None:
        self._settings, self._about, self._clock, self._open_folder = settings, about, clock, open_folder
        self._folder, self._secrets, self._started = folder, secrets, clock.now()
        self._queue = Queue(settings.queue_records, settings.queue_bytes)
        self.writer = Writer(self._queue, self._pen, clock, redact)
        self._standing = Standing()
        self._around: Surroundings | None = None
        self._last = 0  #: the number of the last step
        self._reached = self._segment_reached = self._started  #: the latest time of a step; of this segment
        self._lost = Losses()  #: for want of room, and not told yet
        self._lost_total = 0
        self._broken = False  #: a step was lost: none is written before a new segment with the facts that stand

    def _pen(self) -> Pen:
        """Made in the writer's thread: it reads all sources of the package and opens the folder."""
        at = datetime.fromtimestamp(self._started, UTC)
        run = Run(
            run=f"{at:%Y%m%dT%H%M%SZ}-{dice.token_hex(3)}",
            segment=0,
            began=self._started,
            started=self._started,
            instance=self._about.instance,
            version=self._about.version,
            build=identity.build(),
            python=identity.python_version(),
            numpy=identity.numpy_version(),
            cpu=identity.cpu(),
            config=self._about.config,
            accounts=self._about.accounts,
        )
        bounds = self._settings.bounds
        folder = self._open_folder(self._folder(), max_bytes=bounds.max_bytes, max_age_seconds=bounds.max_age_seconds)
        return Pen(folder, bounds, run, self._clock, self._secrets)

    def start(self) -> None:
        """Begin to write."""
        self.writer.start()

    def close(self, within_seconds: float) -> None:
        """Write what waits and finish the segment; it blocks, at most so long. Nothing happens if it never began."""
        if self.writer.is_running:
            self.writer.stop(within_seconds)

    def step(self, number: int, batch: Sequence[Event], now: float, around: Surroundings | None, overrun: str) -> None:
        """Step `number` begins. `around` None: as in the step before."""
        set_back = now < self._segment_reached - SLACK_SECONDS  # so that a window of time can be found again
        if self._broken or self.writer.new_segment_wanted or set_back:
            self._new_segment(now)
        self._reached, self._segment_reached = max(self._reached, now), max(self._segment_reached, now)
        self._around = around or self._around
        self._last = number
        self._standing.see(batch)
        if self._broken:
            self._lose("Step", now, WHY_FULL)
            return
        try:
            record = encode_step(number, batch, now, around, overrun)
        except (TypeError, ValueError, OverflowError) as error:  # a value of a shape that nobody foresaw
            self._broken = True
            self._lose("Step", now, f"a step could not be written: {error}")
            return
        if not self._put(record, len(record), "Step", now):
            self._broken = True

    def outcome(self, number: int, decision: Decided) -> None:
        """What step `number` came to."""
        now = decision.result.at
        self._standing.remember(decision.memory)
        if self._broken:
            self._lose("Outcome", now, WHY_FULL)
            return
        try:
            record = encode(outcome(number, decision.result.reports, decision.changes, decision.result.groups))
        except (TypeError, ValueError, OverflowError) as error:
            self._lose("Outcome", now, f"an outcome could not be written: {error}")
            return
        self._put(record, len(record), "Outcome", now)

    def frame(self, venue: Venue, account: str | None, stream: str, raw: bytes, received: float) -> None:
        """One frame of a socket, as it came."""
        if self._wants(account):
            frame = Frame(venue=venue, account=account, stream=stream, raw=raw, received=received)
            self._put(frame, len(raw) + HEAD_BYTES, "Frame", received, RAW_SHARE)

    def answer(
        self, venue: Venue, account: str | None, name: str, status: int, raw: bytes, asked: float, received: float
    ) -> None:
        """One REST answer, as it came."""
        if self._wants(account):
            answer = Answer(
                venue=venue, account=account, name=name, status=status, raw=raw, asked=asked, received=received
            )
            self._put(answer, len(raw) + HEAD_BYTES, "Answer", received, RAW_SHARE)

    def status(self) -> JournalStatus:
        """How the recording does."""
        writer = self.writer
        reason = writer.reason or (self._lost.why if self._lost else "") or self._stall()
        return JournalStatus(
            writing=not reason,
            reason=reason,
            records_total=writer.records_total,
            lost_total=writer.lost_total + self._lost_total,
            written_bytes_total=writer.written_bytes_total,
            kept_bytes=writer.kept_bytes,
            segments=writer.segments,
            queue_depth=len(self._queue),
        )

    def _stall(self) -> str:
        """Said where a call to the disk does not come back: nobody else would notice before the queue is full."""
        since = self.writer.busy_since
        stalled = since is not None and self._clock.monotonic() - since > STALLED_SECONDS
        return "the disk does not answer" if stalled else ""

    def _wants(self, account: str | None) -> bool:
        raw = self._settings.raw
        return raw is Raw.ALL or (raw is Raw.PRIVATE and account is not None)

    def _new_segment(self, now: float) -> None:
        """Have the writer begin anew with what stands, once there is room again."""
        wanted = self.writer.new_segment_wanted and not self._broken
        if not wanted and not self._queue.has_room(0, RESUME_SHARE):
            return
        self.writer.new_segment_wanted = self._broken = False
        baseline = Baseline(at=now, after=self._last, events=self._standing.events(now), around=self._around)
        self._queue.put(NewSegment(baseline, self._lost.told() if self._lost else None, self._reached), 0)
        self._segment_reached = now
        self._told()

    def _put(self, item: Item, size: int, kind: str, at: float, share: float = 1.0) -> bool:
        """Queue an item, or count it as lost; whether there was room."""
        if not self._queue.has_room(size, share):
            self._lose(kind, at, WHY_FULL)
            return False
        if self._lost:
            self._queue.put(encode(self._lost.told()), HEAD_BYTES)
            self._told()
        self._queue.put(item, size)
        if not self._queue.has_room(0, HURRY_SHARE):
            self.writer.hurry()
        return True

    def _lose(self, kind: str, at: float, why: str) -> None:
        if not self._lost:
            log.error("journal loses records", reason=why, first=kind)
        self._lost.add(kind, at, why)
        self._lost_total += 1

    def _told(self) -> None:
        if self._lost:
            log.info("journal has room again", lost=dict(self._lost.counts))
            self._lost.clear()
