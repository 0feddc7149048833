"""What becomes of a change: who gets a message, how loud, not before when and of use until when. Pure.

* A loud change is a message of its own to everybody whom the routes name.
* Of what gets better, is acknowledged or silenced, those hear who were told: where a service edits, the message that
  stands there is edited; where it takes a key of ours, it is told; elsewhere only the end is a message.
* A message that still waits is replaced by the newer one of its incident, and keeps its place.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from math import inf

from monitor.alerts import message as words
from monitor.alerts.escalation import due_step, promised
from monitor.alerts.routing import (
    RoutingSettings,
    channels_of,
    grouping_seconds,
    is_critical,
    overdue_seconds,
    rank,
    reachable,
    way_round,
)
from monitor.alerts.schedule import MinuteAt, next_digest, quiet_until
from monitor.domain import alerts
from monitor.domain.alerts import AlertChange, AlertState, Change, Level
from monitor.domain.delivery import Message
from monitor.domain.keeping import Escalation, OutboxEntry, OutboxState
from monitor.domain.posting import LOUD, URGENT, Plan, Standing, Traits

REPLACED = "replaced by a newer one of its incident"
HUSHED = "silenced or held back before it was sent"
NOWHERE = Standing()
_HUSHED = (AlertState.SILENCED, AlertState.INHIBITED)
_NO_NEWS_ALONE = (Change.EASED, Change.UNACKNOWLEDGED)
_DIGESTED = alerts.LOUD | {Change.EASED, Change.RESOLVED}


def entry_id(key: str, channel: str) -> str:
    """The name of a message in the outbox."""
    return f"{key}@{channel}"


class Dispatcher:
    """The decisions of delivery; satisfies `monitor.domain.posting.Decisions`."""

    def __init__(self, settings: RoutingSettings, channels: Sequence[Traits], minute_at: MinuteAt) -> None:
        self._settings, self._minute_at = settings, minute_at
        self._channels = {traits.name: traits for traits in channels}

    @property
    def fallback_after_seconds(self) -> float:
        """So long a channel may fail before another one is told."""
        return self._settings.fallback_after_seconds

    def told(
        self, change: AlertChange, standing: Mapping[str, Standing], promises: Sequence[Escalation], now: float
    ) -> Plan:
        """What comes of a change; `promises` are those of its incident that are not done."""
        routed = channels_of(change.alert, self._settings, self._channels)
        entries: list[OutboxEntry] = []
        for name, traits in self._channels.items():
            where = standing.get(name, NOWHERE)
            if self._hears(change, traits, where, name in routed):
                entries += self._in_place(where.waiting, self._entry(change, traits, where, now))
            elif where.waiting is not None and change.alert.state in _HUSHED:
                entries.append(_dropped(where.waiting, HUSHED))
        entries += self._digested(change, standing, now)
        return Plan(entries=tuple(entries), escalations=promised(change, promises, self._settings, now))

    def escalated(
        self, promise: Escalation, change: AlertChange | None, standing: Mapping[str, Standing], now: float
    ) -> Plan:
        """What comes of a promise that is due; `change` is the newest of its incident, None if nothing is known."""
        kept = (replace(promise, done=True),)
        step = due_step(promise, change, self._settings)
        if step is None or change is None:
            return Plan(escalations=kept)
        if change.change not in alerts.LOUD:  # whoever comes next is called, whatever the last change was
            change = replace(change, change=Change.REPEATED)
        entries = []
        for name in step.channels:
            where = standing.get(name, NOWHERE)
            if name in self._channels and where.waiting is None:
                told = words.message(change, name, self._settings.external_url, now)
                told = replace(told, key=f"{change.key}-{promise.route}-{promise.step}")
                told = words.unacknowledged(told, step.after_seconds)
                loudness = self._loudness(change.alert.severity, loud=True)
                entries.append(self._new(told, self._channels[name], change.alert.severity, loudness, now))
        return Plan(entries=tuple(entries), escalations=kept)

    def stand_in(
        self, entry: OutboxEntry, tried: Collection[str], standing: Mapping[str, Standing], now: float
    ) -> OutboxEntry | None:
        """The entry that goes by another channel in the place of one that fails; None if there is no other way."""
        other = way_round(entry.message.channel, tried, self._settings, self._channels)
        where = standing.get(other, NOWHERE)
        if not other or where.waiting is not None or where.last == entry.message.key:
            return None
        told = words.in_place_of(replace(entry.message, repeated=False), other)
        return OutboxEntry(
            id=entry_id(told.key, other),
            message=told,
            loudness=entry.loudness,
            created=now,
            not_before=now,
            deadline=entry.deadline,
            stands_for=entry.id,
        )

    def gathered(self, entries: Sequence[OutboxEntry], now: float) -> Message:
        """One message for several entries of one channel, the loudest first."""
        messages = [entry.message for entry in entries]
        return words.grouped(messages, self._settings.external_url, now, digest=entries[0].digest)

    def superseded(self, change: AlertChange, channel: str, now: float) -> Message:
        """What an older message of an incident is edited to, when a newer one was sent."""
        return words.superseded(change, channel, self._settings.external_url, now)

    def unkept(self, entry: OutboxEntry) -> OutboxEntry:
        """The entry, saying that it could not be written down."""
        return replace(entry, message=words.not_kept(entry.message))

    def test(self, channel: str, now: float) -> Message:
        """A message that tries the way."""
        return words.test(channel, self._settings.external_url, now)

    def reachable(self) -> tuple[str, ...]:
        """All channels that some route, escalation, digest or fallback leads to."""
        return reachable(self._settings, self._channels)

    def _hears(self, change: AlertChange, traits: Traits, where: Standing, routed: bool) -> bool:
        """Whether a change is told on a channel at all."""
        known = where.told or where.waiting is not None
        if traits.machine:
            return routed or known
        hushed = change.alert.state in _HUSHED
        if routed and _calls(change):
            return True
        if traits.keyed:
            return known and (where.told or not hushed)
        if where.waiting is not None and not hushed:
            return True
        if where.told and where.editable:
            return True
        return where.told and change.change is Change.RESOLVED and change.alert.state is not AlertState.SILENCED

    def _entry(self, change: AlertChange, traits: Traits, where: Standing, now: float) -> OutboxEntry:
        change, waiting = _to_those(where, change), where.waiting
        told = words.message(change, traits.name, self._settings.external_url, now)
        loud = _calls(change)
        level = change.alert.severity
        entry = self._new(told, traits, level, self._loudness(level, loud=loud), now)
        if not loud and where.told and where.editable:
            entry = replace(entry, not_before=now)  # an edit wakes nobody
        if waiting is None:
            return entry
        stands_for = f"{change.key}@{waiting.stands_for.rpartition('@')[2]}" if waiting.stands_for else ""
        return replace(entry, created=waiting.created, stands_for=stands_for)

    def _new(self, told: Message, traits: Traits, level: Level, loudness: int, now: float) -> OutboxEntry:
        not_before, deadline = now, inf
        if loudness < URGENT:
            if not traits.machine:
                not_before = self._quiet_until(level, now)
            if not traits.keyed and not_before == now:
                not_before += grouping_seconds(level, self._settings)
            deadline = not_before + overdue_seconds(level, self._settings)
        return OutboxEntry(
            id=entry_id(told.key, traits.name),
            message=told,
            loudness=loudness,
            created=now,
            not_before=not_before,
            deadline=deadline,
        )

    def _in_place(self, waiting: OutboxEntry | None, entry: OutboxEntry) -> Iterator[OutboxEntry]:
        if waiting is not None and waiting.id != entry.id:
            yield _dropped(waiting, REPLACED)
        yield entry

    def _digested(self, change: AlertChange, standing: Mapping[str, Standing], now: float) -> Iterator[OutboxEntry]:
        level = change.alert.severity
        for digest in self._settings.digests:
            where = standing.get(digest.channel, NOWHERE).digest
            wanted = level in digest.levels and change.change in _DIGESTED and change.alert.state not in _HUSHED
            if digest.channel not in self._channels or not (wanted or where is not None):
                continue
            told = words.message(change, digest.channel, self._settings.external_url, now)
            told = replace(told, key=f"{change.key}-digest")
            due = next_digest(now, digest, self._minute_at) if where is None else where.not_before
            entry = OutboxEntry(
                id=entry_id(told.key, digest.channel),
                message=told,
                loudness=rank(level, self._settings.order),
                created=now if where is None else where.created,
                not_before=due,
                deadline=due + max(digest.every_seconds, overdue_seconds(level, self._settings)),
                digest=True,
            )
            yield from self._in_place(where, entry)

    def _quiet_until(self, level: Level, now: float) -> float:
        hours = self._settings.quiet_hours
        if hours is None or level not in hours.levels:
            return now
        return quiet_until(now, hours, self._minute_at)

    def _loudness(self, level: Level, *, loud: bool) -> int:
        base = 0 if not loud else URGENT if is_critical(level, self._settings) else LOUD
        return base + rank(level, self._settings.order)


def _calls(change: AlertChange) -> bool:
    """Whether it calls for somebody. What is heard of again, and somebody took care of meanwhile, does not."""
    return change.change in alerts.LOUD and change.alert.state is AlertState.FIRING


def _to_those(where: Standing, change: AlertChange) -> AlertChange:
    """A change as it is to those whom it is told: to somebody who was never told of what fires, that is the news."""
    owed = where.waiting is not None and not where.told
    if owed and change.alert.state is AlertState.FIRING and change.change in _NO_NEWS_ALONE:
        return replace(change, change=Change.FIRED)
    return change


def _dropped(entry: OutboxEntry, why: str) -> OutboxEntry:
    return replace(entry, state=OutboxState.DROPPED, reason=why)
