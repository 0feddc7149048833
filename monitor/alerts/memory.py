"""What is remembered of one subject, and how it comes back after a restart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import inf

from monitor.alerts.catalogue import RULES
from monitor.alerts.lifecycle import Incident
from monitor.alerts.reading import Reading, Subject, Words
from monitor.alerts.rule import Kind, Rule
from monitor.domain.alerts import Acknowledgement, Alert, AlertMemory, AlertState, Level, LevelMemory

KEEP_SECONDS = 10.0  #: how old what is kept of a firing alert may be, but for what was told, which is kept at once
LINGERS_SECONDS = 60.0  #: how long a restored alert stays inhibited whose inhibitor did not come back
RECOVERS_SECONDS = 1.0  #: how often is looked whether a recovery goes on
SILENCE = "silence "  #: stands before the id of a silence where an alert says who keeps it quiet


@dataclass(slots=True)
class Standing:
    """What is remembered of one subject: `alert` is None while it is pending, `lost` while it can be read.

    `wakes_at` is when it is to be looked at though nothing new was read. `worst` is the worst number of the incident,
    `room` what was left at the last reading. `silence` is the id of what silences it, `inhibitor` the fingerprint of
    the alert that keeps it quiet ("": none), until `lingers_until` if that one is over; `because` is what either says.
    `unread`: it comes from before a restart, and nothing was read of it since; it is over at `gone_at` if nothing is
    until then. `kept_at` is when it was last kept,
    `stale` whether what was kept is not what is.
    """

    incident: Incident
    reading: Reading
    wakes_at: float = inf
    alert: Alert | None = None
    worded_at: float = 0.0
    lost: Reading | None = None
    worst: float | None = None
    room: float | None = None
    acknowledgement: Acknowledgement | None = None
    silence: str = ""
    inhibitor: str = ""
    lingers_until: float | None = None
    lingers_seconds: float = LINGERS_SECONDS
    because: str = ""
    unread: bool = False
    gone_at: float = inf
    kept_at: float = 0.0
    stale: bool = False

    @property
    def state(self) -> AlertState:
        """What holds of it: the first that keeps it quiet."""
        if self.silence:
            return AlertState.SILENCED
        if self.inhibitor:
            return AlertState.INHIBITED
        return AlertState.FIRING if self.acknowledgement is None else AlertState.ACKNOWLEDGED

    @property
    def quiet(self) -> bool:
        """Whether it is not to be repeated."""
        return bool(self.silence or self.inhibitor) or self.acknowledgement is not None

    def lingers(self, now: float) -> bool:
        """Whether it has time left to recover too, now that what kept it quiet does so no more. A number that is on its
        way back is waited for.
        """
        if self.lingers_until is None:
            self.lingers_until = now + self.lingers_seconds
        if now >= self.lingers_until and self._recovers:
            self.lingers_until = now + RECOVERS_SECONDS
        return now < self.lingers_until

    @property
    def _recovers(self) -> bool:
        level = self.incident.levels.get(self.incident.severity or "")
        number = RULES[self.reading.subject.rule].kind is Kind.NUMBER
        return number and level is not None and level.clear_since is not None

    def marked(self, alert: Alert) -> Alert:
        """The alert with what holds of it, and who or what is the cause."""
        state, by, note = self.state, "", ""
        if state is AlertState.SILENCED:
            by, note = SILENCE + self.silence, self.because
        elif state is AlertState.INHIBITED:
            by, note = self.inhibitor, self.because
        elif self.acknowledgement is not None:
            by, note = self.acknowledgement.author, self.acknowledgement.comment
        if (alert.state, alert.by, alert.note) == (state, by, note):
            return alert
        return replace(alert, state=state, by=by, note=note)

    def takes(self, reading: Reading, incident: Incident, room: float | None) -> bool:
        """Go on with a reading and what it made of the incident; whether it is another reading than before."""
        known = self.incident
        self.stale |= (known.levels, known.worst_room) != (incident.levels, incident.worst_room)
        changed = self.reading is not reading
        self.incident, self.reading = incident, reading
        self.lost = reading if reading is self.lost else None
        self.room = self.room if room is None else room
        value = reading.value
        if value is not None and (self.worst is None or is_worse(RULES[reading.subject.rule], value, self.worst)):
            self.worst = value
        return changed


def is_worse(rule: Rule, value: float, other: float) -> bool:
    """Whether a number is worse than another one of the same rule."""
    return value > other if rule.rising else value < other


def remembered(subject: Subject, standing: Standing, alert: Alert) -> AlertMemory:
    """What survives a restart of a subject that fires."""
    incident = standing.incident
    return AlertMemory(
        rule=subject.rule,
        account=subject.account,
        pool=subject.pool,
        detail=subject.detail,
        levels=incident.levels,
        severity=incident.severity,
        since=incident.since,
        told_at=incident.told_at,
        told_room=incident.told_room,
        worst_room=incident.worst_room,
        number=incident.number,
        alert=replace(alert, worst=standing.worst),
        acknowledgement=standing.acknowledgement,
    )


def subject_of(memory: AlertMemory) -> Subject:
    """What a memory is about."""
    return Subject(memory.rule, memory.account, memory.pool, memory.detail)


def restored(memory: AlertMemory, order: tuple[Level, ...]) -> Standing | None:
    """A subject as it stands after a restart; None where no level is left that fires.

    Its words stand until it is read anew. Nobody saw what happened meanwhile: what only waited for its time waits anew,
    and a recovery that was under way begins anew. But an event is over when its own time has passed.
    """
    alert, subject = memory.alert, subject_of(memory)
    event = RULES[memory.rule].kind is Kind.EVENT
    levels: Mapping[Level, LevelMemory] = {
        name: LevelMemory(level.since, True, memory.told_at if event else None)
        for name, level in memory.levels.items()
        if level.firing and name in order
    }
    if memory.severity not in levels:
        return None
    words = Words(alert.summary, alert.text)
    incident = Incident(
        levels=levels,
        severity=memory.severity,
        since=memory.since,
        told_at=memory.told_at,
        told_room=memory.told_room,
        worst_room=memory.worst_room,
        number=memory.number,
    )
    return Standing(
        incident,
        Reading(subject, None, "", False, lambda _: words),
        alert=alert,
        worded_at=memory.told_at,
        worst=alert.worst,
        acknowledgement=memory.acknowledgement,
        because=alert.note if alert.state in (AlertState.SILENCED, AlertState.INHIBITED) else "",
        silence=alert.by.removeprefix(SILENCE) if alert.state is AlertState.SILENCED else "",
        inhibitor=alert.by if alert.state is AlertState.INHIBITED else "",
        unread=True,
    )
