"""One channel with all that delivery knows of it: what waits, how fast it may go, who was told, how it does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from math import inf

import structlog

from monitor.domain.alerts import Change
from monitor.domain.delivery import Channel, ChannelStatus
from monitor.domain.keeping import OutboxEntry
from monitor.domain.posting import LOUD, URGENT, Standing
from monitor.outputs.delivery.pace import Pace
from monitor.outputs.delivery.queue import Queue, Waiting
from monitor.outputs.delivery.settings import DeliverySettings

log = structlog.get_logger(__name__)

CALM_SECONDS = 60.0  #: after a recovery, before the same failure is news again
THREADS_LIMIT = 20_000  #: incidents of which a lane remembers that they were told; the oldest is forgotten


class Lane:
    """A channel's own way; nothing in it waits for another one."""

    def __init__(self, channel: Channel, settings: DeliverySettings, now: float, jitter: Callable[[], float]) -> None:
        self.channel, self.name = channel, channel.name
        self.queue = Queue(settings, groups=not channel.keyed)
        self.pace = Pace(settings, settings.rate_of(channel), now, jitter)
        self.timeout_seconds = settings.timeout(channel.name)
        self.woken = asyncio.Event()
        self._handles: dict[str, str] = {}  #: of the incidents told, "" where the message cannot be edited
        self._last: dict[str, str] = {}  #: the key of the newest message of an incident
        self._reason = self._last_reason = self._told_reason = ""
        self._recovered_at = -inf
        self._delivered = self._failed = self._dropped = 0
        self._last_delivered: float | None = None

    # What goes next

    def wait_seconds(self, now: float) -> float:
        """Until the next message may go; 0 if one may go now, +inf if nothing waits."""
        first = self.queue.first(now)
        if first is None:
            return max(0.0, self.queue.ripe_at() - now)
        return max(0.0, self.pace.free_at(now, urgent=first.entry.loudness >= URGENT) - now)

    def take(self, now: float) -> list[Waiting]:
        """What goes next, in one message."""
        return self.queue.take(now, self.is_edit)

    async def sleep(self, seconds: float) -> None:
        """Wait so long, or until something is new."""
        if seconds < inf:
            loop = asyncio.get_running_loop()
            alarm = loop.call_later(seconds, self.woken.set)
            try:
                await self.woken.wait()
            finally:
                alarm.cancel()
        else:
            await self.woken.wait()
        self.woken.clear()

    # Who was told

    def standing(self, thread: str) -> Standing:
        """Where an incident stands on this channel."""
        flying = any(
            each.entry.message.thread == thread and not each.entry.digest for each in self.queue.flying.values()
        )
        handle = self._handles.get(thread)
        return Standing(
            told=flying or handle is not None,
            editable=self.channel.edits and (flying or bool(handle)),
            waiting=self.queue.of(thread),
            digest=self.queue.of(thread, digest=True),
            last=self._last.get(thread, ""),
        )

    def is_edit(self, entry: OutboxEntry) -> bool:
        """Whether an entry is told by editing the message that stands."""
        return entry.loudness < LOUD and not entry.digest and bool(self.handle(entry.message.thread))

    def handle(self, thread: str) -> str:
        """By which the message of an incident is edited, "" if there is none that can be."""
        return self._handles.get(thread, "") if self.channel.edits else ""

    def remember(self, thread: str, handle: str, key: str = "") -> None:
        """A message of an incident stands on this channel."""
        self._handles.pop(thread, None)
        self._handles[thread] = handle
        self._last[thread] = key
        while len(self._handles) > THREADS_LIMIT:
            self.forget(next(iter(self._handles)))

    def forget(self, thread: str) -> None:
        """An incident is over and was told to be."""
        self._handles.pop(thread, None)
        self._last.pop(thread, None)

    # How it does

    def delivered(self, count: int, now: float) -> None:
        """So many messages arrived."""
        self._delivered += count
        self._last_delivered = now
        if self._told_reason:
            log.warning("channel delivers again", channel=self.name, waiting=len(self.queue))
            self._told_reason, self._recovered_at = "", now
        self._reason = ""

    def failed(self, why: str, now: float) -> None:
        """An attempt failed. One line for each new reason; repetitions are counted, and what comes and goes is not said
        each time.
        """
        self._failed += 1
        news = why != self._last_reason or now - self._recovered_at >= CALM_SECONDS
        if news and why != self._told_reason:
            log.warning("channel fails", channel=self.name, reason=why, waiting=len(self.queue))
            self._told_reason = why
        self._reason = self._last_reason = why

    def dropped(self, entry: OutboxEntry) -> None:
        """A message is given up; its reason says why."""
        self._dropped += 1
        tell = log.error if entry.loudness >= URGENT else log.warning
        tell("message dropped", channel=self.name, message=entry.id, title=entry.message.title, reason=entry.reason)
        if entry.message.changes and entry.message.changes[-1].change is Change.RESOLVED:
            self.forget(entry.message.thread)

    def status(self, now: float) -> ChannelStatus:
        """How it does. What waits for a later hour on purpose is not old."""
        ages = [now - each.since for each in self.queue]
        return ChannelStatus(
            name=self.name,
            kind=self.channel.kind,
            up=not self._reason,
            reason=self._reason,
            waiting=len(self.queue),
            oldest_seconds=max(0.0, max(ages, default=0.0)),
            delivered_total=self._delivered,
            failed_total=self._failed,
            dropped_total=self._dropped,
            last_delivered=self._last_delivered,
        )
