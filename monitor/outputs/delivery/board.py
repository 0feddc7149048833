"""Where everything stands: all lanes, the newest of each incident, what was promised, who stands in for whom.

Plain data and no waiting: what a turn changes is gathered in `Work`, to be written down before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from heapq import nsmallest
from itertools import islice
from math import inf

import structlog

from monitor.domain.alerts import AlertChange, Change
from monitor.domain.keeping import Audit, Commit, Escalation, OutboxEntry, OutboxState, Saved
from monitor.domain.posting import URGENT, Decisions, Plan, Standing
from monitor.outputs.delivery.lane import Lane
from monitor.outputs.delivery.queue import Waiting
from monitor.outputs.delivery.sender import ELSEWHERE

log = structlog.get_logger(__name__)

OVERDUE = "overdue: of no use any more"
CROWDED_OUT = "too many messages wait"
NO_CHANNEL = "the channel is no longer configured"
AT_ONCE = 200  #: of what is due in a storm: each look at all that waits takes its time too
EMPTY = Commit()


@dataclass(slots=True)
class Work:
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


class Board:
    """`due_at` is when time alone has something done, or earlier; `first` is what the start itself brings."""

    def __init__(self, lanes: Mapping[str, Lane], decisions: Decisions, saved: Saved, now: float) -> None:
        self._lanes, self._decisions = lanes, decisions
        self._newest: dict[str, AlertChange] = {}  #: of each incident that is not over
        self._promises: dict[str, dict[tuple[str, int], Escalation]] = {}
        self._stand_ins: dict[str, str] = {}  #: from an entry to the one that goes in its place
        self.due_at = -inf
        self.first = Work()
        self._restore(saved, now)

    def decide(self, change: AlertChange, now: float, work: Work) -> None:
        """What comes of a change."""
        incident = change.alert.incident
        promises = self._promises.get(incident, {})
        plan = self._decisions.told(change, self._standing(incident), tuple(promises.values()), now)
        self._apply(plan, work)
        if change.change is Change.RESOLVED:
            self._newest.pop(incident, None)
        else:
            self._newest[incident] = change

    def look(self, now: float, work: Work) -> None:
        """What time alone brings, and what there is no room for. Of much that is due a part: the rest stays due."""
        if now >= self.due_at:
            self._keep_promises(now, work)
            self._stand_in_for_those_that_fail(now, work)
            self._drop_what_is_overdue(now, work)
            self.due_at = self._due()
        self._drop_what_has_no_room(now, work)

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
                self.due_at = min(self.due_at, each.entry.deadline, self._stands_in_at(lane, each))

    def answered(self, entry: OutboxEntry) -> list[OutboxEntry]:
        """Entries on other channels that need not be sent because this one was; they are dropped."""
        answered: list[OutboxEntry] = []
        told = [entry]
        while told:
            one = told.pop()
            self._stand_ins.pop(one.stands_for, None)
            for id_ in (self._stand_ins.pop(one.id, ""), one.stands_for):
                lane = self._lanes.get(_channel(id_))
                gone = None if lane is None else lane.queue.answer(id_)
                if gone is not None:
                    answered.append(replace(gone, state=OutboxState.DROPPED, reason=ELSEWHERE))
                    told.append(gone)
        return answered

    def _apply(self, plan: Plan, work: Work) -> None:
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
            self.due_at = min(self.due_at, promise.due)
        if not of_incident:
            del self._promises[promise.incident]

    def _keep_promises(self, now: float, work: Work) -> None:
        due = [one for of_incident in self._promises.values() for one in of_incident.values() if one.due <= now]
        for promise in sorted(due, key=lambda one: one.due)[:AT_ONCE]:
            standing = self._standing(promise.incident)
            plan = self._decisions.escalated(promise, self._newest.get(promise.incident), standing, now)
            self._apply(plan, work)

    def _stand_in_for_those_that_fail(self, now: float, work: Work) -> None:
        due = ((lane, each) for lane in self._lanes.values() for each in lane.queue)
        due = ((lane, each) for lane, each in due if self._stands_in_at(lane, each) <= now)
        for lane, each in nsmallest(AT_ONCE, due, key=lambda one: -one[1].entry.loudness):
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

    def _drop_what_is_overdue(self, now: float, work: Work) -> None:
        waiting = ((lane, each.entry) for lane in self._lanes.values() for each in lane.queue)
        overdue = ((lane, one) for lane, one in waiting if one.deadline <= now and one.id not in lane.queue.flying)
        for lane, entry in list(islice(overdue, AT_ONCE)):
            self._drop(lane, entry, OVERDUE, now, work)

    def _drop_what_has_no_room(self, now: float, work: Work) -> None:
        for lane in self._lanes.values():
            for entry in lane.queue.surplus():
                self._drop(lane, entry, CROWDED_OUT, now, work)

    def _drop(self, lane: Lane, entry: OutboxEntry, why: str, now: float, work: Work) -> None:
        """Give an entry up, but not while it is under way."""
        if lane.queue.remove(entry.id) is None:
            return
        gone = replace(entry, state=OutboxState.DROPPED, reason=why)
        self._stand_ins.pop(entry.stands_for, None)
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

    def mark_unkept(self, entries: Iterable[OutboxEntry]) -> None:
        """These could not be written down, and say so."""
        for entry in entries:
            lane = self._lanes.get(entry.message.channel)
            if lane is not None and entry.state is OutboxState.WAITING:
                lane.queue.change(self._decisions.unkept(entry))

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
                self.first.entries.append(replace(entry, state=OutboxState.DROPPED, reason=NO_CHANNEL))
                log.error("message dropped", channel=entry.message.channel, message=entry.id, reason=NO_CHANNEL)
                continue
            doubtful = entry.state is OutboxState.SENDING and not lane.channel.keyed
            message = replace(entry.message, repeated=entry.message.repeated or doubtful)
            # Not longer than it was to wait when it was made: the clock may have been ahead then.
            waits = 0.0 if entry.attempts else max(0.0, entry.not_before - entry.created)
            ripe = min(entry.not_before, now + waits)
            entry = replace(entry, state=OutboxState.WAITING, message=message, not_before=ripe)
            lane.queue.put(entry, max(entry.created, entry.not_before, now))
            if entry.id in self._stand_ins:
                lane.queue.mark_stood_in(entry.id)
            if not entry.digest and entry.message.changes and not entry.stands_for:
                self._remember_newest(entry.message.changes[-1])
        for promise in saved.escalations:
            newest = self._newest.get(promise.incident)
            waits = promise.due - (now if newest is None else newest.at)
            self._promise(replace(promise, due=min(promise.due, now + max(0.0, waits))))  # as above

    def _remember_newest(self, change: AlertChange) -> None:
        known = self._newest.get(change.alert.incident)
        if known is not None and change.number > known.number:
            self._newest[change.alert.incident] = change
