"""Alert changes in the log: one line each, as loud as the alert."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.domain.alerts import Alert, AlertChange, Change, Severity
from monitor.outputs.log import AlertLog


def logged(change: Change, severity: Severity, previous: Severity | None = None, **alert: Any) -> dict[str, Any]:
    fired = Alert(rule="margin_ratio", severity=severity, labels={"account": "main", "pool": "cross:USDT"}, **alert)
    with capture_logs() as lines:
        AlertLog().write([AlertChange(change=change, alert=fired, at=0.0, previous=previous)])
    assert len(lines) == 1
    return dict(lines[0])


@pytest.mark.parametrize(
    ("change", "severity", "level"),
    [
        (Change.FIRED, Severity.CRITICAL, "error"),
        (Change.FIRED, Severity.WARNING, "warning"),
        (Change.FIRED, Severity.INFO, "info"),
        (Change.WORSENED, Severity.WARNING, "warning"),
        (Change.REPEATED, Severity.CRITICAL, "error"),
        (Change.EASED, Severity.WARNING, "info"),
        (Change.RESOLVED, Severity.CRITICAL, "info"),
    ],
)
def test_a_line_is_as_loud_as_its_alert_and_better_news_is_quiet(
    change: Change, severity: Severity, level: str
) -> None:
    assert logged(change, severity)["log_level"] == level


def test_the_line_names_rule_labels_number_and_threshold() -> None:
    line = logged(Change.FIRED, Severity.CRITICAL, summary="main cross:USDT: near", value=0.85, threshold=0.8)

    assert line == {
        "event": "alert_fired", "log_level": "error", "rule": "margin_ratio", "severity": "critical",
        "account": "main", "pool": "cross:USDT", "summary": "main cross:USDT: near", "value": 0.85, "threshold": 0.8,
    }  # fmt: skip


def test_an_escalation_says_from_where() -> None:
    assert logged(Change.ESCALATED, Severity.CRITICAL, Severity.WARNING)["previous"] == "warning"


def test_infinity_is_text_because_json_has_none() -> None:
    assert logged(Change.FIRED, Severity.CRITICAL, value=inf)["value"] == "inf"


def test_every_change_has_an_event_name() -> None:
    assert {logged(change, Severity.INFO)["event"] for change in Change} == {f"alert_{change}" for change in Change}
