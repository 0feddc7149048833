"""An alert as Alertmanager has it: a set of labels with the severity among them, words, and when it began and ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.alerts import Alert
from monitor.domain.fingerprints import alert_name, fingerprint, identity
from monitor.outputs.channels.wording import Like, built_in, timestamp, words_of

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """One alert there. `fingerprint` is Alertmanager's own of these labels, `identity` is ours, without the
    severity. `since` is in seconds since 1970.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    since: float
    url: str = ""
    identity: str
    fingerprint: str

    def body(self, ends: float) -> dict[str, object]:
        """What is posted; it never ends before it began, which would be refused."""
        body: dict[str, object] = {
            "labels": dict(self.labels),
            "annotations": dict(self.annotations),
            "startsAt": timestamp(self.since),
            "endsAt": timestamp(max(ends, self.since)),
        }
        if self.url:
            body["generatorURL"] = self.url
        return body


def posted(
    alert: Alert,
    *,
    level: str | None = None,
    labels: Mapping[str, str] | None = None,
    like: Like = built_in,
    link: str = "",
    runbook: str = "",
) -> Posted:
    """The alert with its level, or with another one that it had. Our own labels win over those that are added.

    The severity is a built-in one, for that is what others' routes know; a level of the user's own stands beside it.
    """
    own = str(level or alert.severity)
    severity = str(like(own))
    found = {label_name(name): value for name, value in {**(labels or {}), **alert.labels}.items() if value}
    found |= {"alertname": alert_name(alert.rule), "severity": severity}
    if own != severity:
        found["level"] = own
    return Posted(
        labels=found,
        annotations=words_of(alert, runbook),
        since=alert.since,
        url=link,
        identity=identity(alert.rule, alert.labels),
        fingerprint=fingerprint(found),
    )


def label_name(name: str) -> str:
    """A name of letters, digits and underscores: what every version of Alertmanager takes."""
    found = _NOT_IN_NAMES.sub("_", name)
    return found if found and not found[0].isdigit() else f"_{found}"
