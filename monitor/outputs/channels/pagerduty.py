"""PagerDuty's Events API v2: one open incident there for each of ours that is loud.

A key is one page there: whoever acknowledged it hears no more of that key, however bad it becomes. So what grows worse
has a key of its own, made of the change alone: it pages once, and again after no retry. The new incident is opened
first, then the older one resolved.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite

from monitor.domain.alerts import AlertChange, Change, Level, Severity
from monitor.domain.clock import Clock
from monitor.domain.delivery import Message
from monitor.domain.fingerprints import alert_name
from monitor.outputs.channels.http import Http, to_json
from monitor.outputs.channels.recent import Recent
from monitor.outputs.channels.wording import Like, built_in, cut, links, timestamp, whole_text

SUMMARY_LIMIT, DETAIL_LIMIT = 1024, 20_000  #: PagerDuty takes events of 512 kB; nobody reads that much
SWEEP = 20  #: keys of an incident that may be open since before our start

#: Changes that page by a key of their own.
PAGES = frozenset({Change.FIRED, Change.WORSENED, Change.ESCALATED, Change.UNSILENCED, Change.UNINHIBITED})

#: Changes after which no incident is open there; what we keep quiet is none there either.
ENDS = frozenset({Change.RESOLVED, Change.SILENCED, Change.INHIBITED})

_SEVERITIES: Mapping[Level, str] = {
    Severity.INFO: "info", Severity.WARNING: "warning", Severity.CRITICAL: "critical",
}  # fmt: skip

Event = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutySettings:
    """The integration key of a service, and where its region takes events."""

    name: str
    routing_key: str = field(repr=False)
    url: str = "https://events.pagerduty.com/v2/enqueue"
    timeout_seconds: float = 10.0


class PagerDutyChannel:
    """One service. A retry repeats events that were taken, which changes nothing there."""

    kind, keyed, edits = "pagerduty", True, False

    def __init__(self, settings: PagerDutySettings, clock: Clock, like: Like = built_in) -> None:
        self.name, self._settings, self._like = settings.name, settings, like
        self._http = Http(settings.name, clock, settings.timeout_seconds)
        self._open: Recent[str, str] = Recent()  #: the key that is open, "" for none, by our incident

    async def send(self, message: Message, handle: str | None) -> str | None:  # noqa: ARG002  # nothing to edit
        """The events of each change, in order."""
        if not message.changes:
            await self._post(trial_event(message))
        for change in message.changes:
            events, left_open = render(message, change, self._open.get(_thread(message, change)), self._like)
            for event in events[:1]:
                await self._post(event)
            # The rest are ends, of which after a restart there are many; their order means nothing.
            await asyncio.gather(*(self._post(event) for event in events[1:]))
            if left_open is not None:
                self._open.put(_thread(message, change), left_open)
        return None

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close()

    async def _post(self, event: Event) -> None:
        body = to_json({"routing_key": self._settings.routing_key, **event})
        answer = await self._http.call("POST", self._settings.url, body)
        if not answer.good:
            raise self._http.failed(answer)
        if answer["status"] != "success":
            raise self._http.garbled(answer)


def render(
    message: Message, change: AlertChange, is_open: str | None, like: Like = built_in
) -> tuple[tuple[Event, ...], str | None]:
    """The events of a change without the integration key, and the key that is open after them.

    `is_open` is the key that was open before, "" for none. None: not known, for the monitor was started since; then
    all that it can be are ended.
    """
    thread = _thread(message, change)
    before = _candidates(thread, change.number) if is_open is None else (is_open,) if is_open else ()
    follow: Event = {
        "client": "marginwatch",
        "links": [{"href": url, "text": word} for word, url in links(message)],
        **({"client_url": message.link} if message.link else {}),
    }
    if change.change in ENDS:
        return tuple(_ended("resolve", before, follow)), ""
    if change.change is Change.ACKNOWLEDGED:
        return tuple(_ended("acknowledge", before, follow)), is_open
    if change.change in PAGES or (change.change is Change.REPEATED and not is_open):
        own = thread if change.number <= 1 else f"{thread}-{change.number}"
    elif change.change is Change.REPEATED and is_open:
        own = is_open  # whoever resolved it there by hand is paged again
    else:
        return (), is_open  # what gets better wakes nobody, and is said by the next page or the end
    trigger: Event = {"event_action": "trigger", "dedup_key": own, **follow, "payload": _payload(message, change, like)}
    return (trigger, *_ended("resolve", (key for key in before if key != own), follow)), own


def trial_event(message: Message) -> Event:
    """An incident by which somebody tries the way; people resolve it there."""
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


def _thread(message: Message, change: AlertChange) -> str:
    return change.alert.incident or message.thread


def _candidates(thread: str, number: int) -> tuple[str, ...]:
    """Every key that the changes before this one may have opened, the oldest first."""
    return (thread, *(f"{thread}-{earlier}" for earlier in range(max(2, number - SWEEP), number)))


def _ended(action: str, keys: Iterable[str], follow: Event) -> Iterable[Event]:
    return ({"event_action": action, "dedup_key": key, **follow} for key in keys)


def _payload(message: Message, change: AlertChange, like: Like) -> Event:
    alert, single = change.alert, len(message.changes) == 1
    details: Event = {
        **alert.labels,
        "text": cut(whole_text(message) if single else alert.text, DETAIL_LIMIT),
        "reason": change.reason,
        "level": str(alert.severity),
        "value": _figure(alert.value),
        "threshold": _figure(alert.threshold),
    }
    source = "/".join(alert.labels[name] for name in ("venue", "account") if alert.labels.get(name))
    payload: Event = {
        "summary": cut((message.title if single else alert.summary) or alert_name(alert.rule), SUMMARY_LIMIT),
        "source": source or "marginwatch",
        "severity": _SEVERITIES.get(like(alert.severity), "warning"),
        "timestamp": timestamp(change.at),
        "component": alert.labels.get("pool", ""),
        "class": alert_name(alert.rule),
        "custom_details": {name: value for name, value in details.items() if value not in ("", None)},
    }
    return {name: value for name, value in payload.items() if value != ""}


def _figure(value: float | None) -> float | str | None:
    """JSON has no infinity."""
    return value if value is None or isfinite(value) else str(value)
