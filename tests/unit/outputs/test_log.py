"""Alert changes in the log: one line each, as loud as the alert."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest
from structlog.testing import capture_logs

from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity
from monitor.outputs.log import AlertLog


def logged(
    change: Change, severity: str, previous: Severity | None = None, reason: str = "", **alert: Any
) -> dict[str, Any]:
    labels = alert.pop("labels", {"account": "main", "pool": "cross:USDT"})
    fired = Alert(rule="margin_ratio", severity=severity, labels=labels, **alert)
    with capture_logs() as lines:
        AlertLog().write([AlertChange(change=change, alert=fired, at=0.0, previous=previous, reason=reason)])
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
        (Change.UNSILENCED, Severity.CRITICAL, "error"),
        (Change.UNINHIBITED, Severity.WARNING, "warning"),
        (Change.ACKNOWLEDGED, Severity.CRITICAL, "info"),
        (Change.UNACKNOWLEDGED, Severity.CRITICAL, "info"),
        (Change.SILENCED, Severity.CRITICAL, "info"),
        (Change.INHIBITED, Severity.CRITICAL, "info"),
        (Change.FIRED, "urgent", "warning"),
    ],
)
def test_a_line_is_as_loud_as_its_alert_and_better_news_is_quiet(change: Change, severity: str, level: str) -> None:
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


@pytest.mark.parametrize("state", [AlertState.SILENCED, AlertState.INHIBITED])
def test_what_nobody_is_told_of_is_not_loud_in_the_log(state: AlertState) -> None:
    line = logged(Change.WORSENED, Severity.CRITICAL, state=state, by="silence 1a")

    assert (line["log_level"], line["state"], line["by"]) == ("info", state.value, "silence 1a")


def test_a_level_of_the_user_s_own_is_as_loud_as_he_says() -> None:
    with capture_logs() as lines:
        AlertLog(like=lambda level: Severity.CRITICAL).write(
            [AlertChange(change=Change.FIRED, alert=Alert(rule="drift", severity="page the boss"), at=0.0)]
        )
    assert (lines[0]["log_level"], lines[0]["severity"]) == ("error", "page the boss")


def test_the_line_says_why_and_who() -> None:
    line = logged(
        Change.ACKNOWLEDGED, Severity.CRITICAL, reason="acknowledged over the command line", by="Ada", note="mine",
        state=AlertState.ACKNOWLEDGED, incident="i1",
    )  # fmt: skip

    said = {"reason": "acknowledged over the command line", "by": "Ada", "note": "mine", "state": "acknowledged"}
    assert said | {"incident": "i1"} == {name: line[name] for name in (*said, "incident")}


def test_a_label_does_not_take_the_place_of_what_the_line_says() -> None:
    line = logged(Change.FIRED, Severity.INFO, labels={"event": "x", "reason": "y", "rule": "z"}, summary="s")

    assert (line["event"], line["rule"], line["reason"]) == ("alert_fired", "margin_ratio", "y")
