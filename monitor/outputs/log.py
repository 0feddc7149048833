"""Alert changes to the log: one line each, with a stable event name and the alert's labels as context."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from typing import Protocol

from monitor.domain.alerts import AlertChange, Change, Severity

EVENTS: Mapping[Change, str] = {
    Change.FIRED: "alert_fired",
    Change.WORSENED: "alert_worsened",
    Change.ESCALATED: "alert_escalated",
    Change.REPEATED: "alert_repeated",
    Change.EASED: "alert_eased",
    Change.RESOLVED: "alert_resolved",
}


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
    """The context of one line: what the alert says on one line, its rule, severity and labels, and its number."""
    alert = change.alert
    context: dict[str, object] = {"rule": alert.rule, "severity": alert.severity.value, "summary": alert.summary}
    context |= {name: value for name, value in alert.labels.items() if name not in context and name != "event"}
    if change.previous is not None and change.previous is not alert.severity:
        context["previous"] = change.previous.value
    if alert.value is not None:
        # Logs are JSON to machines, which has no infinity.
        context["value"] = alert.value if isfinite(alert.value) else str(alert.value)
    if alert.threshold is not None:
        context["threshold"] = alert.threshold
    return context


def write(changes: Iterable[AlertChange], log: Log) -> None:
    """One line a change, as loud as the alert; what got better is never loud."""
    for change in changes:
        _method(change, log)(EVENTS[change.change], **render(change))


def _method(change: AlertChange, log: Log) -> Callable[..., object]:
    if change.change in (Change.RESOLVED, Change.EASED) or change.alert.severity is Severity.INFO:
        return log.info
    return log.error if change.alert.severity is Severity.CRITICAL else log.warning
