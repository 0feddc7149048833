"""What the store keeps, and the one transaction by which it is told. Times in seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import inf
from typing import Protocol

from monitor.domain.alerts import AlertChange, AlertMemory, MemoryChange, Silence
from monitor.domain.delivery import Message, StoreStatus
from monitor.domain.errors import MarginwatchError
from monitor.domain.memory import AccountFacts, VolatilityFact
from monitor.domain.names import AccountKey


class OutboxState(StrEnum):
    """Where a message is on its way. SENDING: an attempt began; whether it arrived is not known before SENT."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxEntry:
    """One message on its way to one channel. `id` is the message's key and the channel's name.

    `loudness` orders what waits, the greater first. It is not sent before `not_before` and of no use after `deadline`.
    `stands_for` is the id of the entry whose channel failed and in whose place this one goes. `reason` says why it was
    dropped.
    """

    id: str
    message: Message
    loudness: int
    created: float
    not_before: float = 0.0
    deadline: float = inf
    state: OutboxState = OutboxState.WAITING
    attempts: int = 0
    stands_for: str = ""
    digest: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """The message of a thread that a channel can edit."""

    channel: str
    thread: str
    handle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A promise to tell the next ones of an incident at `due` unless somebody acknowledged it: step `step` of a route.

    `done`: it was kept, or is no longer needed.
    """

    incident: str
    route: str
    step: int
    due: float
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """One line of the audit that is no change of an alert: a command, a drop, a loss. `what` is one word."""

    at: float
    what: str
    who: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """What is written together or not at all. Entries, handles and escalations replace those of the same identity."""

    changes: tuple[AlertChange, ...] = ()
    memory: MemoryChange = MemoryChange()
    facts: tuple[AccountFacts, ...] = ()
    forgotten: tuple[AccountKey, ...] = ()
    volatility: tuple[VolatilityFact, ...] = ()
    entries: tuple[OutboxEntry, ...] = ()
    handles: tuple[Handle, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    audit: tuple[Audit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What the store knows at the start. `entries` are those neither sent nor dropped, `escalations` those not done."""

    alerts: tuple[AlertMemory, ...] = ()
    silences: tuple[Silence, ...] = ()
    facts: tuple[AccountFacts, ...] = ()
    volatility: tuple[VolatilityFact, ...] = ()
    entries: tuple[OutboxEntry, ...] = ()
    handles: tuple[Handle, ...] = ()
    escalations: tuple[Escalation, ...] = ()


class StoreFailed(MarginwatchError):
    """Something could not be written or read; the words say what ails the disk or the file, and the cure."""


class Keeper(Protocol):
    """Keeps what must survive. Nothing blocks the event loop; what cannot be kept is counted in `status`."""

    async def commit(self, commit: Commit) -> None:
        """Write; on the disk when it returns. Raises `StoreFailed`."""
        ...

    async def history(self, fingerprint: str, limit: int = 100) -> tuple[AlertChange, ...]:
        """The changes of an alert, newest first. Raises `StoreFailed`."""
        ...

    def status(self) -> StoreStatus:
        """How it does."""
        ...
