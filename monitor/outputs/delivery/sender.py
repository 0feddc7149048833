"""What sends the messages of one channel, one after the other. It waits for its channel and the store, for no other."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import structlog

from monitor.domain.alerts import Change
from monitor.domain.clock import Clock
from monitor.domain.delivery import DeliveryFailed, Message
from monitor.domain.keeping import Audit, Commit, Handle, OutboxEntry, OutboxState
from monitor.domain.posting import LOUD, URGENT, Decisions
from monitor.outputs.delivery.attempt import attempt
from monitor.outputs.delivery.lane import Lane
from monitor.outputs.delivery.queue import Waiting
from monitor.outputs.delivery.settings import DeliverySettings

log = structlog.get_logger(__name__)

REPLACED = "replaced by a newer one of its incident"
ELSEWHERE = "told by another channel"
GONE = "the message that was to be edited is gone"
TRIES_BEFORE_LAST = 3  #: failures after which a message lets all others go first


class Post(Protocol):
    """What a sender needs of the delivery around it."""

    async def keep(self, commit: Commit) -> bool:
        """Have it written; False if it could not be."""
        ...

    def stand_in(self, lane: Lane, waiting: Waiting, now: float) -> OutboxEntry | None:
        """An entry that goes by another channel, already in its queue and held there."""
        ...

    def release(self, entries: Iterable[OutboxEntry]) -> None:
        """Entries that were held may go."""
        ...

    def look_after(self) -> None:
        """Something may be due that was not before."""
        ...

    def answered(self, entry: OutboxEntry) -> list[OutboxEntry]:
        """Entries on other channels that need not be sent because this one was; they are dropped."""
        ...

    def delivered(self, lane: Lane, message: Message, now: float) -> None:
        """A message arrived."""
        ...

    def crash(self, point: str) -> None:
        """A point at which tests end the process."""
        ...


class Sender:
    """Sends what waits in a lane until `closing`, and then what is urgent and may go at once."""

    def __init__(self, lane: Lane, post: Post, decisions: Decisions, clock: Clock, settings: DeliverySettings) -> None:
        self._lane, self._post, self._decisions = lane, post, decisions
        self._clock, self._settings = clock, settings
        self.closing = False
        self._sending = False
        self._closing: set[asyncio.Task[None]] = set()  #: what writes down that something arrived

    @property
    def is_busy(self) -> bool:
        """With a message, or with writing down what became of it."""
        return self._sending or bool(self._closing)

    async def run(self) -> None:
        """For ever, or until it closes and nothing urgent is left that may go."""
        lane = self._lane
        while True:
            now = self._clock.now()
            wait = lane.wait_seconds(now)
            if self.closing and (wait > 0.0 or not self._is_urgent_next(now)):
                return
            if wait > 0.0:
                await lane.sleep(wait)
                continue
            taken = lane.take(now)
            self._sending = True
            await self._deliver(taken)
            self._sending = False

    def wake(self) -> None:
        """Look at once whether there is something to do, or to end."""
        self._lane.woken.set()

    @property
    def is_urgent(self) -> bool:
        """Whether something urgent is under way."""
        return any(each.entry.loudness >= URGENT for each in self._lane.queue.flying.values())

    def _is_urgent_next(self, now: float) -> bool:
        first = self._lane.queue.first(now)
        return first is not None and first.entry.loudness >= URGENT

    async def _deliver(self, taken: list[Waiting]) -> None:
        lane, post = self._lane, self._post
        post.crash("picked")
        first = taken[0].entry
        edit = len(taken) == 1 and lane.is_edit(first)
        for each in taken:
            each.entry = replace(each.entry, state=OutboxState.SENDING, attempts=each.entry.attempts + 1)
        # What cannot be told twice without being seen twice is marked first: whoever finds the mark after a crash
        # says that it may be a repetition.
        marked = not lane.channel.keyed and not edit
        if marked:
            await post.keep(Commit(entries=tuple(each.entry for each in taken)))
            post.crash("marked")
        now = self._clock.now()
        lone = len(taken) == 1 and not first.digest
        message = taken[0].entry.message if lone else self._decisions.gathered([each.entry for each in taken], now)
        lane.pace.bucket.take(now)
        post.crash("sending")
        handle = lane.handle(first.message.thread) if edit else None
        came = await attempt(lane.channel, message, handle, lane.timeout_seconds)
        if isinstance(came, DeliveryFailed):
            await self._failed(taken, came, marked=marked, edit=edit)
        else:
            post.crash("accepted")
            await self._arrived(taken, message, came or handle or "", edit=edit)

    async def _arrived(self, taken: list[Waiting], message: Message, handle: str, *, edit: bool) -> None:
        lane, post, now = self._lane, self._post, self._clock.now()
        lane.pace.succeeded()
        lane.queue.hurry(now)
        older = "" if edit or taken[0].entry.digest else lane.handle(message.thread)
        entries, handles = [], []
        for each in taken:
            lane.queue.flying.pop(each.entry.id, None)
            entry = replace(each.entry, state=OutboxState.SENT)
            entries.append(entry)
            if not entry.digest:
                handles.append(self._stands(entry, handle if len(taken) == 1 else lane.handle(entry.message.thread)))
            entries += post.answered(entry)
        lane.delivered(len(taken), now)
        post.delivered(lane, message, now)
        closed = self._close(Commit(entries=tuple(entries), handles=tuple(handles)))
        if lane.channel.keyed:  # a repetition is seen by nobody: the next message need not wait for the disk
            task = asyncio.create_task(closed, name=f"delivery:{lane.name}:close")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)
        else:
            await closed
        if older and older != handle:
            await self._supersede(message, older)

    async def _close(self, commit: Commit) -> None:
        await self._post.keep(commit)
        self._post.crash("closed")

    def _stands(self, entry: OutboxEntry, handle: str) -> Handle:
        """What of an incident stands on the channel now; that "" stands there means: told, and cannot be edited."""
        thread = entry.message.thread
        if entry.message.changes[-1].change is Change.RESOLVED:
            self._lane.forget(thread)
        else:
            self._lane.remember(thread, handle, entry.message.key)
        return Handle(channel=self._lane.name, thread=thread, handle=handle)

    async def _supersede(self, message: Message, older: str) -> None:
        """Let the older message say that there is a newer one. It is no loss where that fails."""
        told = self._decisions.superseded(message.changes[-1], self._lane.name, self._clock.now())
        self._lane.pace.bucket.take(self._clock.now())
        came = await attempt(self._lane.channel, told, older, self._lane.timeout_seconds)
        if isinstance(came, DeliveryFailed):
            log.debug("older message not edited", channel=self._lane.name, reason=came.why)
            if came.retry_after_seconds is not None:
                self._lane.pace.failed(self._clock.now(), came.retry_after_seconds)

    async def _failed(self, taken: list[Waiting], failure: DeliveryFailed, *, marked: bool, edit: bool) -> None:
        lane, now = self._lane, self._clock.now()
        if failure.handle_lost and edit:
            await self._handle_lost(taken[0], now)
            return
        lane.failed(failure.why, now)
        if failure.final and len(taken) > 1:  # one of them may be at fault: each by itself then
            lane.pace.failed(now, failure.retry_after_seconds)
            for each in taken:
                each.alone = True
            await self._back(taken, now, uncertain=failure.uncertain, kept=marked)
        elif failure.final:
            await self._refused(taken[0], failure, now)
        else:
            free = lane.pace.failed(now, failure.retry_after_seconds)
            await self._back(taken, free, uncertain=failure.uncertain and marked, kept=marked)

    async def _handle_lost(self, each: Waiting, now: float) -> None:
        """Whoever deleted the message need not hear of what gets better, but that it is over."""
        lane = self._lane
        lane.remember(each.entry.message.thread, "")
        if each.entry.message.changes[-1].change is Change.RESOLVED:
            await self._back([each], now, uncertain=False, kept=False)
            return
        lane.queue.flying.pop(each.entry.id, None)
        await self._post.keep(Commit(entries=(replace(each.entry, state=OutboxState.DROPPED, reason=GONE),)))

    async def _back(self, taken: Sequence[Waiting], free: float, *, uncertain: bool, kept: bool) -> None:
        """They wait again, from `free` on. `kept`: that they were under way is on the disk, and has to be undone."""
        lane, now = self._lane, self._clock.now()
        entries = []
        for each in taken:
            if each.answered:
                lane.queue.flying.pop(each.entry.id, None)
                entries.append(replace(each.entry, state=OutboxState.DROPPED, reason=ELSEWHERE))
                continue
            last = each.entry.attempts >= TRIES_BEFORE_LAST and len(lane.queue) > len(taken)
            entry = replace(
                each.entry,
                state=OutboxState.WAITING,
                not_before=free + (free - now if last else 0.0),
                message=replace(each.entry.message, repeated=each.entry.message.repeated or uncertain),
            )
            replaced = lane.queue.back(each, entry)
            if replaced is not None:
                entries.append(replace(replaced, state=OutboxState.DROPPED, reason=REPLACED))
            elif kept:
                entries.append(entry)
        if entries:
            await self._post.keep(Commit(entries=tuple(entries)))
        self._post.look_after()  # it may be overdue by now, or another channel's turn

    async def _refused(self, each: Waiting, failure: DeliveryFailed, now: float) -> None:
        """Another channel is told at once. What is urgent and has no other way is tried again, if rarely."""
        lane, post = self._lane, self._post
        entry = each.entry
        lane.pace.failed(now, failure.retry_after_seconds)
        other = None
        if not each.stood_in and entry.loudness >= LOUD and not entry.digest:
            other = post.stand_in(lane, each, now)
            if other is None and entry.loudness >= URGENT:
                each.alone = True
                await self._back([each], now + self._settings.refused_seconds, uncertain=False, kept=True)
                return
        lane.queue.flying.pop(entry.id, None)
        gone = replace(entry, state=OutboxState.DROPPED, reason=f"refused: {failure.why}")
        lane.dropped(gone)
        told = Audit(at=now, what="dropped", who=lane.name, text=f"{entry.message.title}: {gone.reason}")
        await post.keep(Commit(entries=(gone,) if other is None else (gone, other), audit=(told,)))
        if other is not None:
            post.release((other,))
