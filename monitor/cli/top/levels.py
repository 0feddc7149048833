"""How dangerous what is shown is: reports compared with the thresholds of the monitor's rules. Pure.

The thresholds are those that `GET /api/v1/session` tells. Until it has told them nothing is called calm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.cli import words
from monitor.cli.top.painted import Role

Json = Mapping[str, Any]

_WORST = (Role.PLAIN, Role.CALM, Role.INFO, Role.BLIND, Role.WARNING, Role.CRITICAL)
MARKS = {Role.CRITICAL: "!!", Role.WARNING: "! ", Role.BLIND: "? "}
NOT_NOW = "not now"
BADGES = {"LIVE": Role.BADGE_CALM, "PARTIAL": Role.BADGE_WARNING}


@dataclass(frozen=True, slots=True)
class Threshold:
    """Two numbers of one kind."""

    warning: float
    critical: float


@dataclass(frozen=True, slots=True)
class Levels:
    """The thresholds of margin ratio (rising) and of the distance of lines (falling); None: not told."""

    margin_ratio: Threshold | None = None
    distance_ratio: Threshold | None = None

    @classmethod
    def told(cls, session: Json) -> Levels:
        """Those of the answer of `/api/v1/session`; what is missing there or no number stays unknown."""
        table = session.get("levels")
        return cls(*(_threshold(table, name) for name in ("margin_ratio", "distance_ratio")))


def _threshold(table: object, name: str) -> Threshold | None:
    named = table.get(name) if isinstance(table, Mapping) else None
    if not isinstance(named, Mapping):
        return None
    numbers = [named.get("warning"), named.get("critical")]
    if not all(isinstance(each, int | float) for each in numbers):
        return None
    return Threshold(float(numbers[0] or 0.0), float(numbers[1] or 0.0))


def worst(levels: Iterable[Role]) -> Role:
    """The worst of some levels; PLAIN without any."""
    return max(levels, key=_WORST.index, default=Role.PLAIN)


def of_ratio(ratio: Json, levels: Levels) -> Role:
    """The level of a margin ratio."""
    if ratio["state"] == "liquidatable":
        return Role.CRITICAL
    if ratio["state"] != "at":
        return Role.BLIND
    if levels.margin_ratio is None:
        return Role.PLAIN
    if ratio["value"] >= levels.margin_ratio.critical:
        return Role.CRITICAL
    return Role.WARNING if ratio["value"] >= levels.margin_ratio.warning else Role.CALM


def of_line(line: Json, levels: Levels) -> Role:
    """The level of a line."""
    match line["state"]:
        case "liquidatable":
            return Role.CRITICAL
        case "never":
            return Role.CALM
        case "at":
            if levels.distance_ratio is None:
                return Role.PLAIN
            if line["distance_ratio"] <= levels.distance_ratio.critical:
                return Role.CRITICAL
            return Role.WARNING if line["distance_ratio"] <= levels.distance_ratio.warning else Role.CALM
    return Role.BLIND


def of_severity(severity: str) -> Role:
    """The level of an alert; one of the user's own is as loud as a warning."""
    return {"critical": Role.CRITICAL, "info": Role.INFO}.get(severity, Role.WARNING)


def of_pool(report: Json, levels: Levels, nearest: Json | None, alerted: Role) -> Role:
    """The level of a pool, or of an account without one: the worst of ratio, nearest line and what fires about it.

    What is not believed is BLIND, however calm it was when last known.
    """
    if report["margin_ratio"]["state"] == "liquidatable":
        return Role.CRITICAL
    if not words.believed(report):
        return Role.BLIND
    each = [of_ratio(report["margin_ratio"], levels), *([] if nearest is None else [of_line(nearest, levels)])]
    known = worst([*(level for level in each if level is not Role.BLIND), alerted])
    return Role.BLIND if Role.BLIND in each and known not in (Role.WARNING, Role.CRITICAL) else known


def badge(quality: str, *, live: bool = True) -> tuple[str, Role]:
    """How a quality is shown: in a picture that is not of now there is none."""
    return (quality, BADGES.get(quality, Role.BADGE_BLIND)) if live else (NOT_NOW, Role.BADGE_BLIND)
