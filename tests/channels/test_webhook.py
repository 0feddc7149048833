"""A webhook in Alertmanager's format: what its receiver can rely on."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

import pytest

from monitor.domain.alerts import Change, Severity
from monitor.domain.fingerprints import fingerprint
from monitor.outputs.channels.webhook import NOT_OVER, WebhookChannel, WebhookSettings, render
from tests.channels.fakes import Fault, Webhook
from tests.channels.samples import AT, EXTERNAL, StillClock, alert, change, message, trial, using

SECRET = "a shared secret"


def _channel(fake: Webhook, secret: str = SECRET) -> WebhookChannel:
    settings = WebhookSettings(name="hook", url=fake.url, secret=secret, headers={"X-Team": "risk"})
    return WebhookChannel(settings, StillClock())


async def test_the_signature_is_over_the_time_and_the_body_as_documented() -> None:
    fake = Webhook()
    async with fake.running(), using(channel := _channel(fake)):
        await channel.send(message(), None)
    (asked,) = fake.asked
    stamp = asked.headers["X-Marginwatch-Timestamp"]
    expected = hmac.new(SECRET.encode(), f"{stamp}.".encode() + asked.raw, hashlib.sha256).hexdigest()
    assert asked.headers["X-Marginwatch-Signature"] == f"sha256={expected}"
    assert stamp == str(int(AT))
    assert asked.headers["X-Team"] == "risk"
    assert asked.headers["Content-Type"] == "application/json"


async def test_without_a_secret_nothing_is_signed() -> None:
    fake = Webhook()
    async with fake.running(), using(channel := _channel(fake, "")):
        await channel.send(message(), None)
    assert not {name for name in fake.asked[0].headers if name.startswith("X-Marginwatch")}


@pytest.mark.parametrize("fault", [Fault.TROUBLE, Fault.DROP, Fault.TRUNCATED])
async def test_a_retry_has_the_same_key(fault: Fault) -> None:
    fake = Webhook()
    async with fake.running(), using(channel := _channel(fake)):
        fake.break_down(fault, times=1)
        told = message()
        for _ in range(2):
            try:
                await channel.send(told, None)
            except Exception:
                continue
    assert [asked.headers["Idempotency-Key"] for asked in fake.asked] == [told.key] * 2


def _alerts(body: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["labels"]["severity"], one["status"]) for one in body["alerts"]]


@pytest.mark.parametrize(
    ("told", "status", "alerts"),
    [
        (change(), "firing", [("warning", "firing")]),
        (
            change(Change.ESCALATED, alert(Severity.CRITICAL), 2, previous=Severity.WARNING),
            "firing",
            [("critical", "firing"), ("warning", "resolved")],
        ),
        (
            change(Change.EASED, alert(), 3, previous=Severity.CRITICAL),
            "firing",
            [("warning", "firing"), ("critical", "resolved")],
        ),
        (change(Change.REPEATED, alert(), 4, previous=Severity.WARNING), "firing", [("warning", "firing")]),
        (change(Change.RESOLVED, alert(), 5, previous=Severity.CRITICAL), "resolved", [("warning", "resolved")]),
    ],
    ids=["fired", "escalated", "eased", "repeated", "resolved"],
)
def test_a_level_is_an_alert_of_its_own_and_the_old_one_ends(told: Any, status: str, alerts: list[Any]) -> None:
    body: Any = render(message(told))
    assert body["status"] == status
    assert _alerts(body) == alerts
    for one in body["alerts"]:
        assert one["fingerprint"] == fingerprint(one["labels"])
        assert (one["endsAt"] == NOT_OVER) is (one["status"] == "firing")


def test_every_value_of_labels_and_annotations_is_text_that_says_something() -> None:
    told = message(change(), change(Change.RESOLVED, alert(account="hedge"), 4))
    bodies: list[Any] = [render(told, EXTERNAL), render(trial())]
    for body in bodies:
        sets = [body["groupLabels"], body["commonLabels"], body["commonAnnotations"]]
        sets += [part for one in body["alerts"] for part in (one["labels"], one["annotations"])]
        assert all(isinstance(value, str) and value for found in sets for value in found.values())
        json.dumps(body, allow_nan=False)


def test_of_several_alerts_what_is_common_is_said_so() -> None:
    body: Any = render(message(change(), change(one=alert(account="hedge"))), EXTERNAL)
    assert "account" not in body["commonLabels"]
    assert body["commonLabels"]["venue"] == "binance"
    assert [one["generatorURL"].startswith(f"{EXTERNAL}/alerts/") for one in body["alerts"]] == [True, True]


def test_who_acknowledged_is_said() -> None:
    body: Any = render(message(change(Change.ACKNOWLEDGED, alert(by="ann", note="on it"), 2)))
    assert body["alerts"][0]["annotations"]["acknowledged_by"] == "ann: on it"
    assert body["alerts"][0]["annotations"]["state"] == "acknowledged"
