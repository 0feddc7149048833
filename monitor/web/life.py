"""The JSON form of what happens to alerts: their state, their history, silences. Described in docs/api.md."""

from __future__ import annotations

from monitor.domain.alerts import Alert, AlertChange, Silence
from monitor.domain.fingerprints import alert_name, identity
from monitor.domain.schema import Json, alert_json, number
from monitor.domain.silences import written
from monitor.domain.view import View


def fingerprint_of(alert: Alert) -> str:
    """The name of an alert's identity, also of one that does not carry it."""
    return alert.fingerprint or identity(alert.rule, alert.labels)


def find(view: View, fingerprint: str) -> Alert | None:
    """The alert with this fingerprint that fires, or else is pending."""
    return next((each for each in (*view.alerts, *view.pending) if fingerprint_of(each) == fingerprint), None)


def fires(view: View, fingerprint: str) -> Alert | None:
    """The alert with this fingerprint that fires."""
    return next((each for each in view.alerts if fingerprint_of(each) == fingerprint), None)


def life_json(alert: Alert, *, pending: bool = False) -> Json:
    """One alert as `/api/v1/pools` has it, and its life."""
    return alert_json(alert) | {
        "name": alert_name(alert.rule),
        "fingerprint": fingerprint_of(alert),
        "incident": alert.incident,
        "state": "pending" if pending else alert.state.value,
        "by": alert.by,
        "note": alert.note,
        "worst": number(alert.worst),
    }


def change_json(change: AlertChange) -> Json:
    """One change in the life of an alert, with the alert as it was then."""
    return {
        "change": change.change.value,
        "at": number(change.at),
        "previous": None if change.previous is None else str(change.previous),
        "reason": change.reason,
        "number": change.number,
        "alert": life_json(change.alert),
    }


def silence_json(silence: Silence) -> Json:
    """One silence; `text` has its matchers as people write them."""
    return {
        "id": silence.id,
        "matchers": [
            {"name": each.name, "value": each.value, "regex": each.regex, "negative": each.negative}
            for each in silence.matchers
        ],
        "text": ", ".join(map(written, silence.matchers)),
        "starts": number(silence.starts),
        "ends": number(silence.ends),
        "author": silence.author,
        "comment": silence.comment,
    }
