"""What all sessions have in common: rows, resyncs, budgets, and the doubt about the venue's clock."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

from monitor.domain.clock import Clock
from monitor.domain.errors import VenueError
from monitor.domain.events import PollFailed
from monitor.domain.names import AccountKey, Venue
from monitor.domain.view import Budget, FeedStatus
from monitor.venues.desk import Desk
from monitor.venues.ledger import Ledger
from monitor.venues.readings import Reading
from monitor.venues.session import Emit, Job
from monitor.venues.settings import Timings
from monitor.venues.wake import Poll


class Asker(Protocol):
    """What a session needs to know of a room's client."""

    @property
    def offset_seconds(self) -> float | None:
        """Venue clock minus ours, None before the first measurement."""
        ...

    @property
    def malformed(self) -> Iterable[str]:
        """Answers that were no data at all, shortened."""
        ...

    def view(self) -> Budget:
        """The requests of this address."""
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class Room(ABC):
    """The part of a `venues.session.Session` that is the same everywhere. A room adds its public jobs and desks."""

    def __init__(
        self,
        venue: Venue,
        client: Asker,
        ledger: Ledger,
        rows: Mapping[str, Reading],
        clock_reading: Callable[[], Awaitable[None]],
        emit: Emit,
        clock: Clock,
        timings: Timings,
    ) -> None:
        """`ledger` holds the public streams, `rows` the public readings, among them "clock"."""
        self._venue, self._asker, self._public_ledger, self._public_rows = venue, client, ledger, rows
        self._emit, self._clock, self._timings = emit, clock, timings
        self._desk_of: dict[AccountKey, Desk] = {}
        self._clock_poll = self._public_poll("clock", clock_reading, lambda: timings.clock_every_seconds)
        self._clock_doubted = float("-inf")

    @property
    def venue(self) -> Venue:
        """The venue's name."""
        return self._venue

    @abstractmethod
    def _public_jobs(self) -> tuple[Job, ...]:
        """The room's own jobs."""

    def jobs(self) -> tuple[Job, ...]:
        """The venue's own jobs first, then each account's."""
        return (
            self._watched("clock", self._clock_poll.run),
            *self._public_jobs(),
            *(job for desk in self._desk_of.values() for job in desk.jobs()),
        )

    def resync(self, account: AccountKey, why: str, *, config: bool = False) -> None:
        """Have an account, or its configuration alone, read again soon. An account that is not ours is nobody's."""
        desk = self._desk_of.get(account)
        if desk is None:
            return
        if config:
            desk.ring("config")
        else:
            desk.resync(why)

    def read_flows(self, account: AccountKey, since: float) -> None:
        """Have an account's cash flows read from the venue's history. An account that is not ours is nobody's."""
        desk = self._desk_of.get(account)
        if desk is not None:
            desk.read_flows(since)

    def feeds(self) -> tuple[FeedStatus, ...]:
        """The public streams and readings, then each account's."""
        public = (*self._public_ledger.statuses(), *(row.status() for row in self._public_rows.values()))
        return (*public, *(row for desk in self._desk_of.values() for row in desk.feeds()))

    def malformed(self) -> tuple[str, ...]:
        """The last frames, answers and rows that could not be read, shortened and without keys, for diagnosis."""
        rows = (text for row in self._public_rows.values() for text in row.kept)
        public = (*self._public_ledger.malformed, *self._asker.malformed, *rows)
        return (*public, *(text for desk in self._desk_of.values() for text in desk.malformed()))

    def budgets(self) -> tuple[Budget, ...]:
        """The requests of this address."""
        return (self._asker.view(),)

    def clock_offset(self) -> float | None:
        """Venue clock minus ours in seconds."""
        return self._asker.offset_seconds

    async def close(self) -> None:
        """Let go of connections."""
        await self._asker.close()

    # For rooms

    def _watched(self, what: str, run: Callable[[], Awaitable[None]]) -> Job:
        """A public job that reads, whose state is that of its row."""
        return Job(what, None, partial(self._public_rows[what].watched, run))

    def _public_poll(self, what: str, read: Callable[[], Awaitable[None]], every: Callable[[], float]) -> Poll:
        def failed(exc: VenueError) -> None:
            self._public_rows[what].failed(exc)
            self._emit(PollFailed(self._venue, None, what, self._clock.now(), exc.why))

        return Poll(read, every, failed, self._clock, self._timings, keyless=True)

    def _lagged(self, seconds: float) -> None:
        """Frames that come late, or before their own time, may speak of a clock: measure it, but not for each frame."""
        timings, now = self._timings, self._clock.monotonic()
        if self._asker.offset_seconds is None or abs(seconds) < timings.clock_doubt_seconds:
            return
        if now - self._clock_doubted >= timings.clock_doubt_spacing_seconds:
            self._clock_doubted = now
            self._clock_poll.ring()
