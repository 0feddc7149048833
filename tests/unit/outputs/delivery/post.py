"""A post office for tests: channels that do as they are told, a store in memory, and virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from monitor.alerts.dispatch import Dispatcher
from monitor.alerts.routing import RoutingSettings
from monitor.domain.alerts import Alert, AlertChange, AlertMemory, AlertState, Change, Level, MemoryChange, Severity
from monitor.domain.delivery import Message, StoreStatus
from monitor.domain.fingerprints import identity, incident
from monitor.domain.keeping import Commit, Escalation, Handle, OutboxEntry, OutboxState, Saved, StoreFailed
from monitor.domain.names import AccountKey
from monitor.outputs.delivery.service import Delivery
from monitor.outputs.delivery.settings import DeliverySettings, Rate, traits
from tests.soak.virtual import VirtualClock, in_virtual_time

T = TypeVar("T")
NOON = 1_800_014_400.0  #: seconds since 1970, twelve o'clock of some day in UTC
INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
FAST = Rate(per_minute=6000.0, burst=1000.0)
Send = Callable[[Message, str | None], Awaitable[str | None]]


def alert(name: str = "main", level: Level = CRITICAL, since: float = NOON, **more: Any) -> Alert:
    """An alert of one account."""
    labels = {"venue": "sim", "account": name}
    fingerprint = identity("margin_ratio", labels)
    given: dict[str, Any] = {
        "rule": "margin_ratio",
        "severity": level,
        "labels": labels,
        "since": since,
        "value": 0.85,
        "summary": f"{name} cross: margin ratio 85 %",
        "text": f"{name} cross: margin ratio 85 %\nAdd 100 USD.",
        "worst": 0.9,
        "fingerprint": fingerprint,
        "incident": incident(fingerprint, since),
    }
    return Alert(**(given | more))


def change(what: Change = Change.FIRED, about: Alert | None = None, number: int = 1, at: float = NOON) -> AlertChange:
    """A change of an alert."""
    about = about or alert()
    states = {
        Change.ACKNOWLEDGED: AlertState.ACKNOWLEDGED,
        Change.SILENCED: AlertState.SILENCED,
        Change.INHIBITED: AlertState.INHIBITED,
    }
    if what in states:
        about = replace(about, state=states[what])
    return AlertChange(change=what, alert=about, at=at, number=number)


def remembered(each: AlertChange) -> AlertMemory:
    """What the store keeps of an alert that fires."""
    about = each.alert
    return AlertMemory(
        rule=about.rule,
        account=AccountKey("sim", about.labels["account"]),
        pool="",
        detail=(),
        levels={},
        severity=about.severity,
        since=about.since,
        told_at=each.at,
        told_room=None,
        worst_room=None,
        number=each.number,
        alert=about,
    )


def commit(*changes: AlertChange) -> Commit:
    """What a step decides."""
    over = [each for each in changes if each.change is Change.RESOLVED]
    keep = tuple(remembered(each) for each in changes if each not in over)
    memory = MemoryChange(keep=keep, forget=tuple(each.alert.fingerprint for each in over))
    return Commit(changes=changes, memory=memory)


@dataclass
class FakeChannel:
    """Keeps what was sent, with its time; `behave` may wait, fail, or answer a handle."""

    name: str
    kind: str = "fake"
    keyed: bool = False
    edits: bool = False
    behave: Send | None = None
    sent: list[tuple[float, Message, str | None]] = field(default_factory=list)
    attempts: int = 0

    async def send(self, message: Message, handle: str | None) -> str | None:
        self.attempts += 1
        given = None if self.behave is None else await self.behave(message, handle)
        self.sent.append((asyncio.get_running_loop().time(), message, handle))
        return given or (handle or f"{self.name}-{len(self.sent)}" if self.edits else None)

    async def close(self) -> None:
        pass

    @property
    def titles(self) -> list[str]:
        """The titles of all messages that arrived, an edit marked."""
        return [("edit: " if handle else "") + message.title for _, message, handle in self.sent]

    @property
    def changes(self) -> list[Change]:
        """All changes told, in order."""
        return [each.change for _, message, _ in self.sent for each in message.changes]


class DictKeeper:
    """A store in memory, which can fail or hang; every commit is kept for the tests to look at."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.entries: dict[str, OutboxEntry] = {}
        self.handles: dict[tuple[str, str], Handle] = {}
        self.escalations: dict[tuple[str, str, int], Escalation] = {}
        self.alerts: dict[str, AlertMemory] = {}
        self.why = ""
        self.takes_seconds = 0.0

    async def commit(self, commit: Commit) -> None:
        if self.takes_seconds:
            await asyncio.sleep(self.takes_seconds)
        if self.why:
            raise StoreFailed(self.why)
        self.commits.append(commit)
        self.entries |= {entry.id: entry for entry in commit.entries}
        self.handles |= {(one.channel, one.thread): one for one in commit.handles}
        self.escalations |= {(one.incident, one.route, one.step): one for one in commit.escalations}
        self.alerts |= {memory.alert.fingerprint: memory for memory in commit.memory.keep}
        for fingerprint in commit.memory.forget:
            self.alerts.pop(fingerprint, None)

    async def history(self, fingerprint: str, limit: int = 100) -> tuple[AlertChange, ...]:
        return ()

    def status(self) -> StoreStatus:
        return StoreStatus(writing=not self.why)

    def saved(self) -> Saved:
        """What a start would find."""
        open_states = (OutboxState.WAITING, OutboxState.SENDING)
        return Saved(
            alerts=tuple(self.alerts.values()),
            entries=tuple(entry for entry in self.entries.values() if entry.state in open_states),
            handles=tuple(self.handles.values()),
            escalations=tuple(one for one in self.escalations.values() if not one.done),
        )

    def states(self) -> dict[str, OutboxState]:
        """The state of each message in the outbox."""
        return {key: entry.state for key, entry in self.entries.items()}


def utc(seconds: float) -> int:
    """The minute of the day in UTC."""
    return int(seconds // 60) % 1440


@dataclass
class Office:
    """Delivery with its channels and its store, running."""

    delivery: Delivery
    channels: dict[str, FakeChannel]
    keeper: DictKeeper
    clock: VirtualClock
    task: asyncio.Task[None]
    latencies: list[tuple[str, float]]

    def decide(self, *changes: AlertChange) -> None:
        """One step decides these."""
        self.delivery.take(commit(*changes))

    async def pass_(self, seconds: float) -> None:
        """Let time pass."""
        await asyncio.sleep(seconds)

    def __getitem__(self, name: str) -> FakeChannel:
        return self.channels[name]

    async def stop(self) -> None:
        """Orderly, as at the end of the process."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


def open_office(
    channels: Sequence[FakeChannel],
    routing: RoutingSettings | None = None,
    settings: DeliverySettings | None = None,
    keeper: DictKeeper | None = None,
    **more: Any,
) -> Office:
    """Begin to work. The jitter is always at its most."""
    keeper = keeper or DictKeeper()
    clock = VirtualClock(NOON)
    decisions = Dispatcher(routing or RoutingSettings(), [traits(channel) for channel in channels], utc)
    settings = settings or DeliverySettings(rate=FAST)
    delivery = Delivery(
        channels, decisions, keeper, clock, keeper.saved(), settings=settings, jitter=lambda: 1.0, **more
    )
    latencies: list[tuple[str, float]] = []
    delivery.on_delivered = lambda name, seconds: latencies.append((name, seconds))
    task = asyncio.get_running_loop().create_task(delivery.run())
    return Office(delivery, {channel.name: channel for channel in channels}, keeper, clock, task, latencies)


def run(story: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Tell a story in virtual time."""
    return in_virtual_time(story())
