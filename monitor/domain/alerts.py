"""What an alert is. Decisions about alerts are in `monitor.alerts`, delivery in `monitor.outputs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How loud. The order is that of danger."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Change(StrEnum):
    """Why somebody is told, in one word; it goes to the log and the message."""

    FIRED = "fired"
    WORSENED = "worsened"
    ESCALATED = "escalated"
    REPEATED = "repeated"
    EASED = "eased"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One firing rule on one subject. `labels` are its identity and hold no changing number.

    `text` says what, how near, what it would take, what to do, how sure; `value` is the number that fired it (a ratio,
    a distance) and `threshold` the level that it passed, None where the rule has no number.
    """

    rule: str
    severity: Severity
    labels: Mapping[str, str] = field(default_factory=dict)
    since: float = 0.0
    value: float | None = None
    threshold: float | None = None
    summary: str = ""
    text: str = ""

    @property
    def identity(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Rule and labels, without the severity: an escalation is the same alert."""
        return (self.rule, tuple(sorted(self.labels.items())))


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChange:
    """A decision to tell somebody, with its reason."""

    change: Change
    alert: Alert
    at: float
    previous: Severity | None = None
