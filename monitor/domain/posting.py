"""What becomes of a change on its way to people: the words that decisions and delivery share. Times since 1970."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from monitor.domain.alerts import AlertChange
from monitor.domain.delivery import Message
from monitor.domain.keeping import Escalation, OutboxEntry

#: Loudness of an entry: the rank of its level, and one of these on top. What is below LOUD wakes nobody.
LOUD, URGENT = 100, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What the decisions know of a channel. `machine`: it shows states and has quiet hours and groups of its own."""

    name: str
    keyed: bool = False
    edits: bool = False
    machine: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one incident stands on one channel.

    `told`: a message of it was sent, or is just being sent; `editable`: that one can be edited. `waiting` is the entry
    that was not sent yet, `digest` the one that waits for the next digest. `last` is the key of the newest message
    that was sent, "" where that is not known.
    """

    told: bool = False
    editable: bool = False
    waiting: OutboxEntry | None = None
    digest: OutboxEntry | None = None
    last: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a change comes to: entries to send, entries that are replaced (DROPPED), promises made, kept and ended."""

    entries: tuple[OutboxEntry, ...] = ()
    escalations: tuple[Escalation, ...] = ()


class Decisions(Protocol):
    """Who is told what and when. Pure; `standing` is by the name of the channel."""

    @property
    def fallback_after_seconds(self) -> float:
        """So long a channel may fail before another one is told."""
        ...

    def told(
        self, change: AlertChange, standing: Mapping[str, Standing], promises: Sequence[Escalation], now: float
    ) -> Plan:
        """What comes of a change; `promises` are those of its incident that are not done."""
        ...

    def escalated(
        self, promise: Escalation, change: AlertChange | None, standing: Mapping[str, Standing], now: float
    ) -> Plan:
        """What comes of a promise that is due; `change` is the newest of its incident, None if nothing is known."""
        ...

    def stand_in(
        self, entry: OutboxEntry, tried: Collection[str], standing: Mapping[str, Standing], now: float
    ) -> OutboxEntry | None:
        """The entry that goes by another channel in the place of one that fails; None if there is no other way."""
        ...

    def gathered(self, entries: Sequence[OutboxEntry], now: float) -> Message:
        """One message for several entries of one channel, the loudest first."""
        ...

    def superseded(self, change: AlertChange, channel: str, now: float) -> Message:
        """What an older message of an incident is edited to, when a newer one was sent."""
        ...

    def unkept(self, entry: OutboxEntry) -> OutboxEntry:
        """The entry, saying that it could not be written down."""
        ...

    def test(self, channel: str, now: float) -> Message:
        """A message that tries the way."""
        ...

    def reachable(self) -> tuple[str, ...]:
        """All channels that some route, escalation, digest or fallback leads to."""
        ...
