"""What is delivered to whom: messages, and how those do that carry them. Times in seconds since 1970."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from monitor.domain.alerts import AlertChange
from monitor.domain.errors import MarginwatchError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message for one channel.

    `key` is the same for ever for this message on this channel: a service that takes a key of ours shows it once.
    `thread` is the incident: what belongs together. `changes` are those told, the loudest first: one, or several where
    a grouping window or a digest gathered them. `title` fits a lock screen; `text` says the rest, without links; `link`
    and `runbook` are addresses, "" where `web.external_url` is not set. `repeated`: it may have been delivered before,
    and says so. `test`: somebody tries the way.
    """

    key: str
    thread: str
    channel: str
    changes: tuple[AlertChange, ...]
    title: str
    text: str
    link: str = ""
    runbook: str = ""
    at: float = 0.0
    repeated: bool = False
    test: bool = False


class Channel(Protocol):
    """One way to people or machines. `send` has the deadline of its caller: it may be cancelled at any await.

    `keyed`: the service takes `Message.key` (or the thread) and shows a repetition once. `edits`: a message that was
    sent can be edited by its handle.
    """

    name: str
    kind: str
    keyed: bool
    edits: bool

    async def send(self, message: Message, handle: str | None) -> str | None:
        """Deliver; returns a handle by which it can be edited later, None where there is none.

        `handle`: of the message of the same thread that is to be edited instead of sending another one.
        Raises `DeliveryFailed`.
        """
        ...

    async def close(self) -> None:
        """Let go of connections."""
        ...


class DeliveryFailed(MarginwatchError):
    """A channel did not take a message. The words hold neither address nor token.

    `retry_after_seconds`: what the service asks for. `final`: trying again is of no use (the message is refused, not
    the moment). `handle_lost`: what was to be edited is gone, a new message may be sent. `uncertain`: the service may
    have taken it all the same, so that trying again may repeat it.
    """

    def __init__(
        self,
        channel: str,
        why: str,
        *,
        retry_after_seconds: float | None = None,
        final: bool = False,
        handle_lost: bool = False,
        uncertain: bool = False,
    ) -> None:
        super().__init__(f"{channel}: {why}")
        self.channel, self.why = channel, why
        self.retry_after_seconds, self.final, self.handle_lost = retry_after_seconds, final, handle_lost
        self.uncertain = uncertain


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelStatus:
    """How one channel does. `up`: its last attempt succeeded, or there was none; `reason` says why not.

    Totals are since the start: delivered, attempts that failed, and messages dropped (overdue or refused).
    `oldest_seconds` is the age of the oldest message that waits, 0 if none does.
    """

    name: str
    kind: str
    up: bool
    reason: str = ""
    waiting: int = 0
    oldest_seconds: float = 0.0
    delivered_total: int = 0
    failed_total: int = 0
    dropped_total: int = 0
    last_delivered: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """How the store does. `writing`: its last write succeeded; `lost_total` counts what could not be written."""

    writing: bool
    reason: str = ""
    lost_total: int = 0
    waiting: int = 0
    oldest_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatStatus:
    """A sign of life that somebody else owes us: `last` None, none came since the start at `since`."""

    name: str
    every_seconds: float
    last: float | None
    since: float
