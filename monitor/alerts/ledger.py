"""What is told at the end of a step, and what of the memory is another then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from monitor.alerts.memory import Standing, remembered
from monitor.alerts.reading import Subject
from monitor.domain.alerts import LOUD, Alert, AlertChange, AlertMemory, Change, Level, MemoryChange, Silence


@dataclass(frozen=True, slots=True)
class _Entry:
    """A change whose alert is looked up at the end of the step, or is `ended` and stays as it is."""

    standing: Standing
    change: Change
    reason: str
    previous: Level | None
    number: int
    ended: Alert | None


class Ledger:
    """Notes the changes of one step in their order, each with its number."""

    def __init__(self, order: tuple[Level, ...]) -> None:
        self._order = order
        self._entries: list[_Entry] = []
        self._told: list[AlertChange] = []
        self._loud: dict[Subject, Change] = {}
        self._keep: dict[Subject, None] = {}
        self._forget: dict[str, None] = {}

    def note(
        self, subject: Subject, standing: Standing, change: Change, reason: str, previous: Level | None = None
    ) -> None:
        """A change of an alert that goes on. The memory of it is kept."""
        self._number(standing, change, reason, previous, None)
        self._keep[subject] = None
        if change in LOUD:
            self._loud[subject] = change

    def end(self, subject: Subject, standing: Standing, alert: Alert, reason: str) -> None:
        """An alert is over: `alert` is its last word. The memory of it is forgotten."""
        self._number(standing, Change.RESOLVED, reason, alert.severity, alert)
        self._keep.pop(subject, None)
        self._forget[alert.fingerprint] = None

    def drop(self, memory: AlertMemory, reason: str, now: float) -> None:
        """What was remembered and cannot come back is over."""
        self._told.append(
            AlertChange(
                change=Change.RESOLVED,
                alert=memory.alert,
                at=now,
                previous=memory.severity,
                reason=reason,
                number=memory.number + 1,
            )
        )
        self._forget[memory.alert.fingerprint] = None

    def keep(self, subject: Subject) -> None:
        """What is remembered of a subject is another."""
        self._keep[subject] = None

    def loud(self, subject: Subject) -> Change | None:
        """The change of this step that somebody is told of anyway."""
        return self._loud.get(subject)

    def settle(self, now: float) -> tuple[AlertChange, ...]:
        """All changes of the step, those of the loudest alert first, and those of one alert in their order."""
        told = self._told + [
            AlertChange(
                change=entry.change,
                alert=entry.ended or alert,
                at=now,
                previous=entry.previous,
                reason=entry.reason,
                number=entry.number,
            )
            for entry in self._entries
            if (alert := entry.standing.alert) is not None
        ]
        self._entries, self._told, self._loud = [], [], {}
        loudness: dict[str, int] = {}
        for change in told:
            name, severity = change.alert.incident, change.alert.severity
            place = self._order.index(severity) if severity in self._order else -1
            loudness[name] = max(loudness.get(name, -1), place)
        return tuple(sorted(told, key=lambda change: -loudness[change.alert.incident]))

    def memory(
        self,
        standing: Mapping[Subject, Standing],
        silences: tuple[Silence, ...],
        ended: tuple[str, ...],
        now: float,
    ) -> MemoryChange:
        """What is to be kept and forgotten after the step."""
        known = ((subject, standing[subject]) for subject in self._keep if subject in standing)
        firing = [(subject, each, each.alert) for subject, each in known if each.alert is not None]
        keep = tuple(remembered(subject, each, alert) for subject, each, alert in firing)
        for _, each, alert in firing:
            each.kept_at, each.stale = now, False
            self._forget.pop(alert.fingerprint, None)
        changed = MemoryChange(keep=keep, forget=tuple(self._forget), silences=silences, ended_silences=ended)
        self._keep, self._forget = {}, {}
        return changed

    def _number(
        self, standing: Standing, change: Change, reason: str, previous: Level | None, ended: Alert | None
    ) -> None:
        standing.incident = replace(standing.incident, number=standing.incident.number + 1)
        self._entries.append(_Entry(standing, change, reason, previous, standing.incident.number, ended))
