"""The life of one alert: pending, firing at a level, resolved. Pure: what was, a grade and a time in; what is, out.

* A level fires after its condition has held for `for_seconds`; at once if the worst has come.
* It is given up when a sure reading has been past the hysteresis for `keep_firing_seconds` without a break.
* A reading that cannot be told or is not believed changes no firing level: missing data never resolves.
* While it fires it is told again when the room left has shrunk to `worsening_factor` of what was told last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from monitor.alerts.reading import Grade
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import DANGER
from monitor.domain.alerts import Change, Level, LevelMemory

NEWS_QUIET_SECONDS = 60.0  #: the same event again within this time is not told again


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is remembered of a subject between two readings; plain values, so that it can be stored.

    `severity` is None while pending. `told_room` is the room in the latest message, `worst_room` the least ever seen.
    """

    levels: Mapping[Level, LevelMemory] = field(default_factory=dict)
    severity: Level | None = None
    since: float = 0.0
    told_at: float = 0.0
    told_room: float | None = None
    worst_room: float | None = None


class Turn(NamedTuple):
    """What one reading did: the incident now (None: there is none any more), and what to tell (None: nothing)."""

    incident: Incident | None
    change: Change | None


def advance(incident: Incident | None, grade: Grade, settings: RuleSettings, now: float) -> Turn:
    """One reading later."""
    before = incident or Incident()
    levels = {}
    for severity in DANGER:
        level = _level(before.levels.get(severity), severity, grade, settings, now)
        if level is not None:
            levels[severity] = level
    loudest = max((severity for severity in levels if levels[severity].firing), key=DANGER.index, default=None)
    # A louder level that only waits for its time will tell all: no page just before it.
    awaited = any(not level.firing for level in levels.values())
    change = _change(before, loudest, grade, settings, now, awaited)
    if not levels:
        return Turn(None, change)
    rooms = [room for room in (before.worst_room, grade.room) if room is not None]
    after = replace(before, levels=levels, severity=loudest, worst_room=min(rooms, default=None))
    if change is not None:
        after = replace(after, told_at=now, told_room=before.told_room if grade.room is None else grade.room)
    if change is Change.FIRED:
        after = replace(after, since=now)
    return Turn(after, change)


def wakes(incident: Incident, settings: RuleSettings) -> float:
    """When time alone changes what is told of it, if its reading stays what it was; +inf if never."""
    ends = [level.since + settings.for_seconds for level in incident.levels.values() if not level.firing]
    ends += [
        level.clear_since + settings.keep_firing_seconds
        for level in incident.levels.values()
        if level.clear_since is not None
    ]
    repeat = None if incident.severity is None else settings.repeat_seconds.get(incident.severity)
    if repeat is not None:
        ends.append(incident.told_at + repeat)
    return min(ends, default=inf)


def _level(
    level: LevelMemory | None, severity: Level, grade: Grade, settings: RuleSettings, now: float
) -> LevelMemory | None:
    if _at_least(grade.reached, severity):
        level = level or LevelMemory(now)
        return LevelMemory(level.since, level.firing or grade.extreme or now - level.since >= settings.for_seconds)
    if level is None:
        return None
    if grade.sure and not _at_least(grade.held, severity):
        if not level.firing:
            return None
        clear_since = now if level.clear_since is None else level.clear_since
        return None if now - clear_since >= settings.keep_firing_seconds else replace(level, clear_since=clear_since)
    # Within the hysteresis, or not to be told: what began goes on, and a recovery must begin anew.
    return LevelMemory(level.since, level.firing or now - level.since >= settings.for_seconds)


def _change(
    before: Incident, severity: Level | None, grade: Grade, settings: RuleSettings, now: float, awaited: bool
) -> Change | None:
    if severity is None:
        return Change.RESOLVED if before.severity is not None else None
    if before.severity is None:
        return Change.FIRED
    if severity is not before.severity:
        return Change.ESCALATED if _at_least(severity, before.severity) else Change.EASED
    if not awaited and _is_worse(before.told_room, grade.room, settings.worsening_factor):
        return Change.WORSENED
    if grade.news and now - before.told_at >= NEWS_QUIET_SECONDS:
        return Change.REPEATED
    repeat = settings.repeat_seconds.get(severity)
    return Change.REPEATED if repeat is not None and now - before.told_at >= repeat else None


def _is_worse(told: float | None, room: float | None, factor: float) -> bool:
    return factor > 0 and told is not None and room is not None and room < told and room <= factor * told


def _at_least(severity: Level | None, level: Level) -> bool:
    return severity is not None and DANGER.index(severity) >= DANGER.index(level)
