"""PagerDuty's Events API v2: one event for each change; those of an incident of ours share one incident there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from monitor.domain.alerts import AlertChange, Change, Level, Severity
from monitor.domain.clock import Clock
from monitor.domain.delivery import Message
from monitor.domain.fingerprints import alert_name
from monitor.outputs.channels.http import Http, to_json
from monitor.outputs.channels.wording import Like, built_in, cut, links, timestamp, whole_text

SUMMARY_LIMIT = 1024
DETAIL_LIMIT = 20_000  #: PagerDuty takes events of 512 kB; nobody reads that much

#: What a change does to the incident there. What we keep quiet is none there either; told again, it is a new one.
ACTIONS: Mapping[Change, str] = {
    Change.FIRED: "trigger",
    Change.WORSENED: "trigger",
    Change.ESCALATED: "trigger",
    Change.REPEATED: "trigger",
    Change.EASED: "trigger",
    Change.UNACKNOWLEDGED: "trigger",
    Change.UNSILENCED: "trigger",
    Change.UNINHIBITED: "trigger",
    Change.ACKNOWLEDGED: "acknowledge",
    Change.SILENCED: "resolve",
    Change.INHIBITED: "resolve",
    Change.RESOLVED: "resolve",
}

_SEVERITIES: Mapping[Level, str] = {
    Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutySettings:
    """The integration key of a service, and where its region takes events."""

    name: str
    routing_key: str = field(repr=False)
    url: str = "https://events.pagerduty.com/v2/enqueue"
    timeout_seconds: float = 10.0


class PagerDutyChannel:
    """One service. PagerDuty tells a repetition by the key of the incident, so each is one page there."""

    kind, keyed, edits = "pagerduty", True, False

    def __init__(self, settings: PagerDutySettings, clock: Clock, like: Like = built_in) -> None:
        self.name, self._settings, self._like = settings.name, settings, like
        self._http = Http(settings.name, clock, settings.timeout_seconds)

    async def send(self, message: Message, handle: str | None) -> str | None:  # noqa: ARG002  # nothing to edit
        """One event a change, in order; a retry repeats those that were taken, which changes nothing there."""
        for event in render(message, self._like):
            body = to_json({"routing_key": self._settings.routing_key, **event})
            answer = await self._http.call("POST", self._settings.url, body)
            if not answer.good:
                raise self._http.failed(answer)
            if answer["status"] != "success":
                raise self._http.garbled(answer)
        return None

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()


def render(message: Message, like: Like = built_in) -> tuple[dict[str, object], ...]:
    """The events without the integration key."""
    if not message.changes:
        return (_test(message),)
    single = len(message.changes) == 1
    return tuple(_event(message, change, like, single=single) for change in message.changes)


def _event(message: Message, change: AlertChange, like: Like, *, single: bool) -> dict[str, object]:
    alert = change.alert
    event: dict[str, object] = {
        "event_action": ACTIONS[change.change],
        "dedup_key": alert.incident or message.thread,
        "client": "marginwatch",
        "links": [{"href": url, "text": word} for word, url in links(message)],
    }
    if message.link:
        event["client_url"] = message.link
    if ACTIONS[change.change] != "trigger":
        return event
    details: dict[str, object] = {
        "text": cut(whole_text(message) if single else alert.text, DETAIL_LIMIT),
        "reason": change.reason,
        "level": str(alert.severity),
        "value": _figure(alert.value),
        "threshold": _figure(alert.threshold),
        **alert.labels,
    }
    event["payload"] = {
        "summary": cut((message.title if single else alert.summary) or alert_name(alert.rule), SUMMARY_LIMIT),
        "source": "/".join(alert.labels[name] for name in ("venue", "account") if alert.labels.get(name))
        or "marginwatch",
        "severity": _SEVERITIES.get(like(alert.severity), "warning"),
        "timestamp": timestamp(change.at),
        "component": alert.labels.get("pool", ""),
        "class": alert_name(alert.rule),
        "custom_details": {name: value for name, value in details.items() if value not in ("", None)},
    }
    return event


def _test(message: Message) -> dict[str, object]:
    return {
        "event_action": "trigger",
        "dedup_key": message.thread or message.key,
        "client": "marginwatch",
        "links": [{"href": url, "text": word} for word, url in links(message)],
        "payload": {
            "summary": cut(message.title or "marginwatch", SUMMARY_LIMIT),
            "source": "marginwatch",
            "severity": "info",
            "timestamp": timestamp(message.at),
            "custom_details": {"text": cut(whole_text(message), DETAIL_LIMIT)},
        },
    }


def _figure(value: float | None) -> float | str | None:
    """JSON has no infinity."""
    return value if value is None or isfinite(value) else str(value)
