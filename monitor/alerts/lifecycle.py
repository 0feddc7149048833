"""The life of one alert: pending, firing at a level, resolved. Pure: what was, a grade and a time in; what is, out.

* A level fires after its condition has held for `for_seconds`; at once if the worst has come.
* It is given up when a sure reading has been past the hysteresis for `keep_firing_seconds` without a break.
* A reading that cannot be told or is not believed changes no firing level: missing data never resolves.
* While it fires it is told again when the room left has shrunk to `worsening_factor` of what was told last.
* While it is quiet (somebody took care, or keeps it quiet) it is not repeated; what is worse is told all the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import NamedTuple

from monitor.alerts import reasons
from monitor.alerts.reading import Grade
from monitor.alerts.rule import RuleSettings
from monitor.alerts.settings import BUILT_IN
from monitor.domain.alerts import Change, Level, LevelMemory

NEWS_QUIET_SECONDS = 60.0  #: the same event again within this time is not told again


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What is remembered of a subject between two readings; plain values, so that it can be stored.

    `severity` is None while pending. `told_room` is the room in the latest message, `worst_room` the least ever seen.
    `number` counts the changes that were told of it.
    """

    levels: Mapping[Level, LevelMemory] = field(default_factory=dict)
    severity: Level | None = None
    since: float = 0.0
    told_at: float = 0.0
    told_room: float | None = None
    worst_room: float | None = None
    number: int = 0


class Turn(NamedTuple):
    """What one reading did: the incident now (None: there is none any more), and what to tell (None: nothing), with the
    reason in words.
    """

    incident: Incident | None
    change: Change | None
    reason: str = ""


def advance(
    incident: Incident | None,
    grade: Grade,
    settings: RuleSettings,
    now: float,
    order: tuple[Level, ...] = BUILT_IN,
    *,
    quiet: bool = False,
) -> Turn:
    """One reading later. `order` are all levels, the quietest first. `quiet`: it is not to be repeated."""
    before = incident or Incident()
    reached, held = _place(grade.reached, order), _place(grade.held, order)
    levels, loudest = {}, None
    for place, severity in enumerate(order):
        known = before.levels.get(severity)
        level = _level(known, reached >= place, held >= place, grade, settings, now)
        if level is not None:
            levels[severity] = level
            loudest = severity if level.firing else loudest
    # A louder level that only waits for its time will tell all: no page just before it.
    awaited = any(not level.firing for level in levels.values())
    change, reason = _change(before, loudest, grade, settings, now, order, awaited=awaited, quiet=quiet)
    if not levels:
        return Turn(None, change, reason)
    rooms = [room for room in (before.worst_room, grade.room) if room is not None]
    after = replace(before, levels=levels, severity=loudest, worst_room=min(rooms, default=None))
    if change is not None:
        after = replace(after, told_at=now, told_room=before.told_room if grade.room is None else grade.room)
    if change is Change.FIRED:
        after = replace(after, since=now)
    return Turn(after, change, reason)


def wakes(incident: Incident, settings: RuleSettings, *, quiet: bool = False) -> float:
    """When time alone changes what is told of it, if its reading stays what it was; +inf if never."""
    ends = [level.since + settings.for_seconds for level in incident.levels.values() if not level.firing]
    ends += [
        level.clear_since + settings.keep_firing_seconds
        for level in incident.levels.values()
        if level.clear_since is not None
    ]
    repeat = None if incident.severity is None else settings.repeat_seconds.get(incident.severity)
    if repeat is not None and not quiet:
        ends.append(incident.told_at + repeat)
    return min(ends, default=inf)


def _level(
    level: LevelMemory | None, reached: bool, held: bool, grade: Grade, settings: RuleSettings, now: float
) -> LevelMemory | None:
    if reached:
        level = level or LevelMemory(now)
        return LevelMemory(level.since, level.firing or grade.extreme or now - level.since >= settings.for_seconds)
    if level is None:
        return None
    if grade.sure and not held:
        if not level.firing:
            return None
        clear_since = now if level.clear_since is None else level.clear_since
        return None if now - clear_since >= settings.keep_firing_seconds else replace(level, clear_since=clear_since)
    # Within the hysteresis, or not to be told: what began goes on, and a recovery must begin anew.
    return LevelMemory(level.since, level.firing or now - level.since >= settings.for_seconds)


def _change(
    before: Incident,
    severity: Level | None,
    grade: Grade,
    settings: RuleSettings,
    now: float,
    order: tuple[Level, ...],
    *,
    awaited: bool,
    quiet: bool,
) -> tuple[Change | None, str]:
    previous = before.severity
    if severity is None:
        return (None, "") if previous is None else (Change.RESOLVED, reasons.recovered(settings))
    if previous is None:
        return Change.FIRED, reasons.fired(severity, settings, extreme=grade.extreme, event=grade.news)
    if severity != previous:
        if _place(severity, order) > _place(previous, order):
            return Change.ESCALATED, reasons.escalated(previous, severity)
        return Change.EASED, reasons.eased(previous, severity, settings)
    told, room = before.told_room, grade.room
    if not awaited and told is not None and room is not None and _is_worse(told, room, settings.worsening_factor):
        return Change.WORSENED, reasons.worsened(told, room)
    if grade.news and now - before.told_at >= NEWS_QUIET_SECONDS:
        return Change.REPEATED, reasons.again()
    repeat = settings.repeat_seconds.get(severity)
    if repeat is None or quiet or now - before.told_at < repeat:
        return None, ""
    return Change.REPEATED, reasons.repeated(before.since, before.told_at, now)


def _is_worse(told: float, room: float, factor: float) -> bool:
    return factor > 0 and room < told and room <= factor * told


def _place(severity: Level | None, order: tuple[Level, ...]) -> int:
    """How loud a level is; -1 for none, and for one that does not exist."""
    return order.index(severity) if severity in order else -1
