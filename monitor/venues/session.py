"""What a venue's session offers to the application. One session a venue; it emits events and never computes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from monitor.domain.events import Event
from monitor.domain.frames import Frame
from monitor.domain.names import AccountKey, Venue
from monitor.domain.view import Budget, FeedStatus

Emit = Callable[[Event], None]  #: where events go that no newer one replaces; it raises `Overrun` if there is no room


class Put(Protocol):
    """Where the events of frames go. `frame` is told of each whether the engine took it, or a newer price its place."""

    def __call__(self, event: Event, frame: Frame | None = None, /) -> None:
        """Pass an event on. Raises `Overrun` for a fact that finds no room."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Something to keep running. `account` None: it serves the venue as a whole. `name` is unique beside the account;
    a job that reads has the name of its row in `Session.feeds`, and no other has the name of any.

    `run` goes on until it is cancelled or fails; a job tries again by itself whatever trying again may cure, so what
    escapes is for a person (`AuthRejected` and its kin: the job is over) or a bug (restart it, slowly and loudly).
    """

    name: str
    account: str | None
    run: Callable[[], Awaitable[None]]


class Session(Protocol):
    """One venue: its jobs, and what it knows of its own health."""

    @property
    def venue(self) -> Venue:
        """The venue's name."""
        ...

    def jobs(self) -> tuple[Job, ...]:
        """Everything that has to run; each may be started anew after it failed."""
        ...

    def resync(self, account: AccountKey, why: str, *, config: bool = False) -> None:
        """Have an account, or (`config`) its configuration alone, read again soon. Never blocks; many calls cost one
        reading.
        """
        ...

    def read_flows(self, account: AccountKey, since: float) -> None:
        """Have the venue's history of an account's cash flows read, from its time `since` on. Never blocks."""
        ...

    def feeds(self) -> tuple[FeedStatus, ...]:
        """One row for each stream and each reading."""
        ...

    def malformed(self) -> tuple[str, ...]:
        """The last frames, answers and rows that could not be read, shortened, with the reason, for diagnosis."""
        ...

    def budgets(self) -> tuple[Budget, ...]:
        """One row for the venue's request weight."""
        ...

    def clock_offset(self) -> float | None:
        """Venue clock minus ours in seconds, None before the first measurement."""
        ...

    async def close(self) -> None:
        """Let go of connections. Jobs are cancelled first, by whoever runs them."""
        ...
