"""Delivery: what was decided is written down, then sent, each channel at its own pace; what fails goes another way.

One task looks after all that is decided or has waited long enough; each channel has a task of its own that sends. A
channel that hangs, or a store that does not answer, delays nothing but itself.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import structlog

from monitor.domain.alerts import AlertChange, Change
from monitor.domain.clock import Clock
from monitor.domain.delivery import Channel, ChannelStatus, DeliveryFailed, Message
from monitor.domain.keeping import Audit, Commit, Escalation, Keeper, OutboxEntry, OutboxState, Saved
from monitor.domain.posting import URGENT, Decisions, Plan, Standing
from monitor.outputs.delivery.attempt import attempt
from monitor.outputs.delivery.books import Books
from monitor.outputs.delivery.lane import Lane
from monitor.outputs.delivery.queue import Waiting
from monitor.outputs.delivery.sender import ELSEWHERE, Sender
from monitor.outputs.delivery.settings import DeliverySettings

log = structlog.get_logger(__name__)

#: The points of a message's way at which a process may end, in order; see docs/delivery.md for what comes of it.
CRASH_POINTS = ("decided", "persisting", "persisted", "picked", "marked", "sending", "accepted", "closed")

OVERDUE = "overdue: of no use any more"
CROWDED_OUT = "too many messages wait"
NO_CHANNEL = "the channel is no longer configured"
NOT_THERE = "no such channel"

NOTHING_SAVED, DEFAULTS, EMPTY = Saved(), DeliverySettings(), Commit()


def nothing(_: str) -> None:
    """No crash."""


@dataclass(slots=True)
class _Work:
    """What one turn brings besides what came in: to be written in one transaction, and then sent."""

    entries: list[OutboxEntry] = field(default_factory=list)
    escalations: list[Escalation] = field(default_factory=list)
    audit: list[Audit] = field(default_factory=list)

    def commit(self, commit: Commit = EMPTY) -> Commit:
        """Together with what came in."""
        return replace(
            commit,
            entries=commit.entries + tuple(self.entries),
            escalations=commit.escalations + tuple(self.escalations),
            audit=commit.audit + tuple(self.audit),
        )

    def __bool__(self) -> bool:
        return bool(self.entries or self.escalations or self.audit)


def _channel(entry_id: str) -> str:
    """The channel that an entry's id names."""
    return entry_id.rpartition("@")[2]


class Delivery:
    """Takes what each step decided; tells whom it concerns. `saved` is what the store knew at the start."""

    def __init__(
        self,
        channels: Sequence[Channel],
        decisions: Decisions,
        keeper: Keeper | None,
        clock: Clock,
        saved: Saved = NOTHING_SAVED,
        *,
        settings: DeliverySettings = DEFAULTS,
        crash: Callable[[str], None] = nothing,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._decisions, self._clock, self._settings, self.crash = decisions, clock, settings, crash
        self._books = Books(keeper, settings.store_seconds)
        now = clock.now()
        self._lanes = {channel.name: Lane(channel, settings, now, jitter) for channel in channels}
        self._senders = [Sender(lane, self, decisions, clock, settings) for lane in self._lanes.values()]
        self._intake: list[Commit] = []
        self._woken = asyncio.Event()
        self._turning = self._closing = False
        self._newest: dict[str, AlertChange] = {}  #: of each incident that is not over
        self._promises: dict[str, dict[tuple[str, int], Escalation]] = {}
        self._stand_ins: dict[str, str] = {}  #: from an entry to the one that goes in its place
        self._due_at = -inf  #: when time alone has something done, or earlier
        self._first = _Work()  #: what the start itself brings
        self._restore(saved, now)
        self.on_delivered: Callable[[str, float], None] | None = None

    def take(self, commit: Commit) -> None:
        """What one step decided. It neither blocks nor fails."""
        self.crash("decided")
        self._intake.append(commit)
        self._woken.set()

    async def run(self) -> None:
        """For ever. When it is cancelled, what is urgent and under way has a little time; the rest is written down."""
        senders = {asyncio.create_task(sender.run(), name="delivery:send"): sender for sender in self._senders}
        clerk = asyncio.create_task(self._clerk(), name="delivery:clerk")
        try:
            done, _ = await asyncio.wait({clerk, *senders}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:  # none ends by itself: this is a bug, and the process has to end
                task.result()
        finally:
            await self._close(clerk, senders)

    def is_idle(self) -> bool:
        """Whether all that was decided was sent or given up, and is written down."""
        busy = self._turning or any(sender.is_busy for sender in self._senders)
        return not busy and not self._intake and not any(len(lane.queue) for lane in self._lanes.values())

    def statuses(self) -> tuple[ChannelStatus, ...]:
        """How each channel does."""
        now = self._clock.now()
        return tuple(lane.status(now) for lane in self._lanes.values())

    async def test(self, channel: str | None) -> tuple[tuple[str, str], ...]:
        """Try the way of one channel, or of all that are in use: (channel, "" or why it failed)."""
        names = self._decisions.reachable() if channel is None else (channel,)
        return tuple(zip(names, await asyncio.gather(*map(self._test, names)), strict=True))

    async def _test(self, name: str) -> str:
        lane = self._lanes.get(name)
        if lane is None:
            return NOT_THERE
        came = await attempt(lane.channel, self._decisions.test(name, self._clock.now()), None, lane.timeout_seconds)
        return came.why if isinstance(came, DeliveryFailed) else ""

    # What a sender needs

    async def keep(self, commit: Commit) -> bool:
        """Have it written; False if it could not be."""
        return await self._books.keep((commit,))

    def stand_in(self, lane: Lane, waiting: Waiting, now: float) -> OutboxEntry | None:
        """An entry that goes by another channel, already in its queue and held there."""
        entry = waiting.entry
        other = self._decisions.stand_in(entry, self._tried(entry), self._standing(entry.message.thread), now)
        waiting.stood_in = True
        if other is None or other.message.channel not in self._lanes:
            return None
        log.warning("another channel is told", channel=lane.name, instead=other.message.channel, message=entry.id)
        self._lanes[other.message.channel].queue.put(other, now, held=True)
        self._stand_ins[entry.id] = other.id
        return other

    def release(self, entries: Iterable[OutboxEntry]) -> None:
        """Entries that were held may go."""
        for entry in entries:
            lane = self._lanes.get(entry.message.channel)
            each = None if lane is None else lane.queue.release(entry.id)
            if lane is not None and each is not None:
                lane.woken.set()
                self._due_at = min(self._due_at, each.entry.deadline, self._stands_in_at(lane, each))

    def look_after(self) -> None:
        """Something may be due that was not before."""
        self._due_at = -inf
        self._woken.set()

    def answered(self, entry: OutboxEntry) -> list[OutboxEntry]:
        """Entries on other channels that need not be sent because this one was; they are dropped."""
        answered: list[OutboxEntry] = []
        told = [entry]
        while told:
            one = told.pop()
            for id_ in (self._stand_ins.pop(one.id, ""), one.stands_for):
                lane = self._lanes.get(_channel(id_))
                gone = None if lane is None else lane.queue.answer(id_)
                if gone is not None:
                    answered.append(replace(gone, state=OutboxState.DROPPED, reason=ELSEWHERE))
                    told.append(gone)
        return answered

    def delivered(self, lane: Lane, message: Message, now: float) -> None:
        """A message arrived."""
        if self.on_delivered is not None:
            for change in message.changes:
                self.on_delivered(lane.name, max(0.0, now - change.at))

    # The clerk

    async def _clerk(self) -> None:
        while not self._closing:
            self._turning = True
            await self._turn()
            self._turning = False
            if not self._intake and not self._closing:
                await self._sleep(max(0.0, self._due_at - self._clock.now()))

    async def _sleep(self, seconds: float) -> None:
        alarm = asyncio.get_running_loop().call_later(min(seconds, 3600.0), self._woken.set)
        try:
            await self._woken.wait()
        finally:
            alarm.cancel()
        self._woken.clear()

    async def _turn(self) -> None:
        """Decide what comes of all that came in and of all whose time has come; write it down; let it go."""
        now = self._clock.now()
        intake, self._intake = self._intake, []
        commits, fresh = [], list(self._first.entries)
        if self._first:
            commits.append(self._first.commit())
            self._first = _Work()
        for commit in intake:
            work = _Work()
            for change in commit.changes:
                self._decide(change, now, work)
            commits.append(work.commit(commit))
            fresh += work.entries
        work = _Work()
        if now >= self._due_at:
            self._keep_promises(now, work)
            self._stand_in_for_those_that_fail(now, work)
            self._drop_what_is_overdue(now, work)
            self._due_at = self._due()
        self._drop_what_has_no_room(now, work)
        if work:
            commits.append(work.commit())
            fresh += work.entries
        if not commits:
            return
        self.crash("persisting")
        if not await self._books.keep(commits):
            self._mark_unkept(fresh)
        self.crash("persisted")
        self.release(fresh)

    def _decide(self, change: AlertChange, now: float, work: _Work) -> None:
        incident = change.alert.incident
        promises = self._promises.get(incident, {})
        plan = self._decisions.told(change, self._standing(incident), tuple(promises.values()), now)
        self._apply(plan, work)
        if change.change is Change.RESOLVED:
            self._newest.pop(incident, None)
        else:
            self._newest[incident] = change

    def _apply(self, plan: Plan, work: _Work) -> None:
        """Put what is planned into the queues, held until it is written down."""
        old: dict[tuple[str, bool], Waiting] = {}
        for entry in plan.entries:
            lane = self._lanes[entry.message.channel]
            if entry.state is OutboxState.DROPPED:
                self._stand_ins.pop(entry.id, None)
                gone = lane.queue.remove(entry.id)
                if gone is not None:
                    old[lane.name, entry.digest] = gone
            else:
                before = old.get((lane.name, entry.digest)) or lane.queue.remove(entry.id)
                since = entry.not_before
                if before is not None and entry.loudness >= URGENT:
                    since = min(since, before.since)
                lane.queue.put(entry, since, held=True)
                if entry.stands_for:
                    self._stand_ins[entry.stands_for] = entry.id
        work.entries += plan.entries
        for promise in plan.escalations:
            work.escalations.append(promise)
            self._promise(promise)

    def _promise(self, promise: Escalation) -> None:
        of_incident = self._promises.setdefault(promise.incident, {})
        if promise.done:
            of_incident.pop((promise.route, promise.step), None)
        else:
            of_incident[promise.route, promise.step] = promise
            self._due_at = min(self._due_at, promise.due)
        if not of_incident:
            del self._promises[promise.incident]

    def _keep_promises(self, now: float, work: _Work) -> None:
        due = [one for of_incident in self._promises.values() for one in of_incident.values() if one.due <= now]
        for promise in sorted(due, key=lambda one: one.due):
            standing = self._standing(promise.incident)
            plan = self._decisions.escalated(promise, self._newest.get(promise.incident), standing, now)
            self._apply(plan, work)

    def _stand_in_for_those_that_fail(self, now: float, work: _Work) -> None:
        for lane in self._lanes.values():
            for each in list(lane.queue):
                if self._stands_in_at(lane, each) <= now:
                    other = self.stand_in(lane, each, now)
                    if other is not None:
                        work.entries.append(other)

    def _stands_in_at(self, lane: Lane, each: Waiting) -> float:
        """When another channel has to be told instead: after so long without success, at once while none succeeds."""
        if each.held or each.stood_in or not lane.queue.is_loud(each):
            return inf
        patience = self._decisions.fallback_after_seconds
        due = each.since + patience
        if lane.pace.failing_since is not None:
            due = min(due, max(each.since, lane.pace.failing_since + patience))
        return due

    def _drop_what_is_overdue(self, now: float, work: _Work) -> None:
        for lane in self._lanes.values():
            for entry in [each.entry for each in lane.queue if each.entry.deadline <= now]:
                self._drop(lane, entry, OVERDUE, now, work)

    def _drop_what_has_no_room(self, now: float, work: _Work) -> None:
        for lane in self._lanes.values():
            for entry in lane.queue.surplus():
                self._drop(lane, entry, CROWDED_OUT, now, work)

    def _drop(self, lane: Lane, entry: OutboxEntry, why: str, now: float, work: _Work) -> None:
        """Give an entry up, but not while it is under way."""
        if lane.queue.remove(entry.id) is None:
            return
        gone = replace(entry, state=OutboxState.DROPPED, reason=why)
        lane.dropped(gone)
        work.entries.append(gone)
        work.audit.append(Audit(at=now, what="dropped", who=lane.name, text=f"{entry.message.title}: {why}"))

    def _due(self) -> float:
        """When time alone has something done. It looks at everything: what comes in afterwards is compared with it."""
        times = [one.due for of_incident in self._promises.values() for one in of_incident.values()]
        for lane in self._lanes.values():
            for each in lane.queue:
                times.append(self._stands_in_at(lane, each))
                if each.entry.id not in lane.queue.flying:
                    times.append(each.entry.deadline)
        return min(times, default=inf)

    def _mark_unkept(self, entries: Iterable[OutboxEntry]) -> None:
        for entry in entries:
            lane = self._lanes.get(entry.message.channel)
            if lane is not None and entry.state is OutboxState.WAITING:
                lane.queue.change(self._decisions.unkept(entry))

    # What is known

    def _standing(self, thread: str) -> dict[str, Standing]:
        return {name: lane.standing(thread) for name, lane in self._lanes.items()}

    def _tried(self, entry: OutboxEntry) -> set[str]:
        """The channels in whose place this entry goes."""
        tried: set[str] = set()
        before: OutboxEntry | None = entry
        while before is not None and before.stands_for and _channel(before.stands_for) not in tried:
            tried.add(_channel(before.stands_for))
            lane = self._lanes.get(_channel(before.stands_for))
            before = None if lane is None else lane.queue.get(before.stands_for)
        return tried

    def _restore(self, saved: Saved, now: float) -> None:
        """Go on where the last run stopped. What may have been sent says so."""
        for memory in saved.alerts:
            self._newest[memory.alert.incident] = AlertChange(
                change=Change.FIRED, alert=memory.alert, at=memory.told_at, number=memory.number
            )
        for handle in saved.handles:
            lane = self._lanes.get(handle.channel)
            if lane is not None:
                lane.remember(handle.thread, handle.handle)
        self._stand_ins = {entry.stands_for: entry.id for entry in saved.entries if entry.stands_for}
        for entry in saved.entries:
            lane = self._lanes.get(entry.message.channel)
            if lane is None:
                self._first.entries.append(replace(entry, state=OutboxState.DROPPED, reason=NO_CHANNEL))
                log.error("message dropped", channel=entry.message.channel, message=entry.id, reason=NO_CHANNEL)
                continue
            doubtful = entry.state is OutboxState.SENDING and not lane.channel.keyed
            message = replace(entry.message, repeated=entry.message.repeated or doubtful)
            ripe = min(entry.not_before, now) if entry.attempts else entry.not_before
            entry = replace(entry, state=OutboxState.WAITING, message=message, not_before=ripe)
            lane.queue.put(entry, max(entry.created, entry.not_before, now))
            if entry.id in self._stand_ins:
                lane.queue.mark_stood_in(entry.id)
            if not entry.digest and entry.message.changes and not entry.stands_for:
                self._remember_newest(entry.message.changes[-1])
        for promise in saved.escalations:
            self._promise(promise)

    def _remember_newest(self, change: AlertChange) -> None:
        known = self._newest.get(change.alert.incident)
        if known is not None and change.number > known.number:
            self._newest[change.alert.incident] = change

    # The end

    async def _close(self, clerk: asyncio.Task[None], senders: dict[asyncio.Task[None], Sender]) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._settings.closing_seconds
        self._closing = True
        self._woken.set()
        await asyncio.wait({clerk}, timeout=self._settings.closing_seconds)
        clerk.cancel()
        if self._intake:  # decided, and not yet written down
            await self._turn()
        for task, sender in senders.items():
            sender.closing = True
            sender.wake()
            if sender.is_busy and not sender.is_urgent:
                task.cancel()
        if senders:  # without any channel there is nobody to wait for
            await asyncio.wait(senders, timeout=max(0.0, until - loop.time()))
        for task in senders:
            task.cancel()
        await asyncio.gather(clerk, *senders, return_exceptions=True)
        await self._books.settle(max(0.1, until - loop.time()))
