"""Alerts, silences and tests of channels as text for people, and spans of time as people write them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from monitor.cli.codes import Misused
from monitor.cli.replay_times import day_and_time, lasting

Json = Mapping[str, Any]

SHORT = 8  #: hex digits of a fingerprint that a list shows
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhd])")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def alert_lines(document: Json) -> Iterator[str]:
    """What fires and what is about to, one line each."""
    for alert in document["alerts"]:
        since = lasting(document["at"] - alert["since"])
        what = f"{alert['severity'].upper()} {state(alert)} for {since}"
        yield f"{alert['fingerprint'][:SHORT]} {what}: {summary(alert)}"
    for alert in document["pending"]:
        yield f"{alert['fingerprint'][:SHORT]} {alert['severity'].upper()} pending: {summary(alert)}"
    if not document["alerts"] and not document["pending"]:
        yield "no alert fires"


def silence_lines(document: Json, now: float) -> Iterator[str]:
    """Silences, one line each."""
    for each in document["silences"]:
        left = lasting(max(0.0, each["ends"] - now))
        comment = f": {each['comment']}" if each["comment"] else ""
        yield f"{each['id']} for another {left}, {each['text']} — {each['author']}{comment}"
    if not document["silences"]:
        yield "no silence is in force"


def history_lines(document: Json) -> Iterator[str]:
    """Changes of one alert, one line each."""
    for change in document["history"]:
        alert = change["alert"]
        by = f" by {alert['by']}" if alert["by"] else ""
        told = change["reason"] or summary(alert)
        yield f"{day_and_time(change['at'])} {change['change']}{by} {alert['severity']}: {told}"
    if not document["history"]:
        yield "nothing is kept of it"


def result_lines(document: Json) -> Iterator[str]:
    """How each channel did, one line each."""
    for result in document["results"]:
        yield f"{result['channel']}: {'delivered' if result['delivered'] else result['why']}"
    if not document["results"]:
        yield "there is no channel to try"


def seconds(text: str) -> float:
    """`90s`, `30m`, `2h`, `1h30m`, `7d` in seconds; raises `Misused`."""
    parts = _SPAN.findall(text.strip())
    if not parts or "".join(map("".join, parts)) != text.strip():
        raise Misused(f"--for {text}: write 30m, 2h, 1h30m or 7d")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def state(alert: Json) -> str:
    """What holds of an alert, and whose doing that is."""
    by = f" by {alert['by']}" if alert["by"] else ""
    note = f" ({alert['note']})" if alert["note"] else ""
    return f"{alert['state']}{by}{note}"


def summary(alert: Json) -> str:
    """What an alert says on one line."""
    return str(alert["summary"] or alert["name"])
