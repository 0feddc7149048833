"""A webhook that is told in Alertmanager's format, version 4, signed, with a key that tells a repetition."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor.domain.alerts import AlertChange, Change, Severity
from monitor.domain.clock import Clock
from monitor.domain.delivery import Message
from monitor.domain.fingerprints import fingerprint
from monitor.outputs.channels.http import Http, to_json
from monitor.outputs.channels.posted import posted
from monitor.outputs.channels.wording import Like, alert_link, built_in, runbook_link, timestamp, whole_text

#: When it is not over yet Alertmanager writes the zero of its language's clock.
NOT_OVER = "0001-01-01T00:00:00Z"

TIMESTAMP_HEADER, SIGNATURE_HEADER, KEY_HEADER = (
    "X-Marginwatch-Timestamp", "X-Marginwatch-Signature", "Idempotency-Key",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """Where to, signed with what (empty: not signed), and further headers, which may hold a token.

    `external_url` is the monitor's own address, for links; "" for none.
    """

    name: str
    url: str = field(repr=False)
    secret: str = field(default="", repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float = 10.0
    external_url: str = ""


class WebhookChannel:
    """One address. Success is any status from 200 to 299; the body of the answer is not read."""

    kind, keyed, edits = "webhook", True, False

    def __init__(self, settings: WebhookSettings, clock: Clock, like: Like = built_in) -> None:
        self.name, self._settings, self._clock, self._like = settings.name, settings, clock, like
        self._http = Http(settings.name, clock, settings.timeout_seconds)

    async def send(self, message: Message, handle: str | None) -> str | None:  # noqa: ARG002  # nothing to edit
        """Post it."""
        body = to_json(render(message, self._settings.external_url, self._like))
        headers = {"User-Agent": "marginwatch", KEY_HEADER: message.key, **self._settings.headers}
        if self._settings.secret:
            stamp = str(int(self._clock.now()))
            headers[TIMESTAMP_HEADER] = stamp
            headers[SIGNATURE_HEADER] = signature(self._settings.secret, stamp, body)
        answer = await self._http.call("POST", self._settings.url, body, headers)
        if not answer.good:
            raise self._http.failed(answer)
        return None

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()


def signature(secret: str, stamp: str, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp's text, a full stop, and the body as it is sent."""
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def render(message: Message, external_url: str = "", like: Like = built_in) -> dict[str, object]:
    """The body. A change of level is two alerts there: the new one fires, the old one is resolved."""
    alerts = [alert for change in message.changes for alert in _alerts(message, change, external_url, like)]
    if not alerts:
        alerts = [_test(message, external_url)]
    labels = [_strings(alert["labels"]) for alert in alerts]
    return {
        "version": "4",
        "groupKey": f'{{}}:{{incident="{message.thread}"}}',
        "truncatedAlerts": 0,
        "status": "firing" if any(alert["status"] == "firing" for alert in alerts) else "resolved",
        "receiver": message.channel,
        "groupLabels": _common(labels) if len(message.changes) == 1 else {},
        "commonLabels": _common(labels),
        "commonAnnotations": _common([_strings(alert["annotations"]) for alert in alerts]),
        "externalURL": external_url,
        "alerts": alerts,
    }


def _alerts(message: Message, change: AlertChange, external_url: str, like: Like) -> Iterator[dict[str, object]]:
    alert, single = change.alert, len(message.changes) == 1
    link = alert_link(external_url, alert) or (message.link if single else "")
    runbook = runbook_link(external_url, alert) or (message.runbook if single else "")
    over = change.change is Change.RESOLVED
    told = {
        "change": str(change.change),
        "state": str(alert.state),
        "reason": change.reason,
        "title": message.title if single else "",
        "text": whole_text(message) if single else "",
    }
    levels = [alert.severity]
    if change.previous is not None and change.previous != alert.severity and not over:
        levels.append(change.previous)
    for level in levels:
        one = posted(alert, level=level, like=like, link=link, runbook=runbook)
        ended = over or level != alert.severity
        yield {
            "status": "resolved" if ended else "firing",
            "labels": dict(one.labels),
            "annotations": {**one.annotations, **{name: value for name, value in told.items() if value}},
            "startsAt": timestamp(one.since),
            "endsAt": timestamp(max(change.at, one.since)) if ended else NOT_OVER,
            "generatorURL": one.url,
            "fingerprint": one.fingerprint,
        }


def _test(message: Message, external_url: str) -> dict[str, object]:
    labels = {"alertname": "MarginwatchTest", "severity": str(Severity.INFO)}
    return {
        "status": "firing",
        "labels": labels,
        "annotations": {"summary": message.title, "description": whole_text(message)},
        "startsAt": timestamp(message.at),
        "endsAt": NOT_OVER,
        "generatorURL": message.link or external_url,
        "fingerprint": fingerprint(labels),
    }


def _strings(value: object) -> dict[str, str]:
    return value if isinstance(value, dict) else {}


def _common(sets: list[dict[str, str]]) -> dict[str, str]:
    """What all have alike."""
    first, *others = sets
    return {name: value for name, value in first.items() if all(other.get(name) == value for other in others)}
