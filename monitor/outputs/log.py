"""Alert changes to the log: one line each, with a stable event name, its reason and the alert's labels as context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Protocol, cast

import structlog

from monitor.domain.alerts import LOUD, AlertChange, AlertState, Change, Level, Severity

EVENTS: Mapping[Change, str] = {
    Change.FIRED: "alert_fired",
    Change.WORSENED: "alert_worsened",
    Change.ESCALATED: "alert_escalated",
    Change.REPEATED: "alert_repeated",
    Change.EASED: "alert_eased",
    Change.RESOLVED: "alert_resolved",
    Change.ACKNOWLEDGED: "alert_acknowledged",
    Change.UNACKNOWLEDGED: "alert_unacknowledged",
    Change.SILENCED: "alert_silenced",
    Change.UNSILENCED: "alert_unsilenced",
    Change.INHIBITED: "alert_inhibited",
    Change.UNINHIBITED: "alert_uninhibited",
}

#: An alert in one of these states is not told to anybody, whatever becomes of it.
QUIET = frozenset({AlertState.SILENCED, AlertState.INHIBITED})


class Log(Protocol):
    """The part of a structlog logger that is used here."""

    def info(self, event: str, **context: object) -> object:
        """Something that needs nobody."""
        ...

    def warning(self, event: str, **context: object) -> object:
        """Something that needs somebody."""
        ...

    def error(self, event: str, **context: object) -> object:
        """Something that needs somebody now."""
        ...


def render(change: AlertChange) -> dict[str, object]:
    """The context of one line: what the alert says on one line, why it changed, who had a part in it, its numbers."""
    alert = change.alert
    context: dict[str, object] = {"rule": alert.rule, "severity": str(alert.severity), "summary": alert.summary}
    words = {
        "reason": change.reason,
        "state": "" if alert.state is AlertState.FIRING else alert.state.value,
        "by": alert.by,
        "note": alert.note,
        "incident": alert.incident,
    }
    context |= {name: word for name, word in words.items() if word}
    context |= {name: value for name, value in alert.labels.items() if name not in context and name != "event"}
    if change.previous is not None and change.previous != alert.severity:
        context["previous"] = str(change.previous)
    if alert.value is not None:
        # Logs are JSON to machines, which has no infinity.
        context["value"] = alert.value if isfinite(alert.value) else str(alert.value)
    if alert.threshold is not None:
        context["threshold"] = alert.threshold
    return context


def nearest(level: Level) -> Severity:
    """A level that everybody has, for one of the user's own: a warning, where nobody says better."""
    return next((severity for severity in Severity if severity == level), Severity.WARNING)


class AlertLog:
    """Writes changes to the log, as loud as the alert: what nobody needs to hear of is never loud.

    `like` tells for a user's own level which of those that everybody has comes next to it.
    """

    def __init__(self, log: Log | None = None, like: Callable[[Level], Severity] = nearest) -> None:
        self._log = log or cast(Log, structlog.get_logger("alerts"))
        self._like = like

    def write(self, changes: Iterable[AlertChange]) -> None:
        """One line a change."""
        for change in changes:
            self._method(change)(EVENTS[change.change], **render(change))

    def _method(self, change: AlertChange) -> Callable[..., object]:
        severity = self._like(change.alert.severity)
        if change.change not in LOUD or change.alert.state in QUIET or severity is Severity.INFO:
            return self._log.info
        return self._log.error if severity is Severity.CRITICAL else self._log.warning
