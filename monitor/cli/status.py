"""`marginwatch status`: one look at a running monitor, for people and for scripts."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.cli import words
from monitor.cli.codes import Exit, Unavailable
from monitor.cli.daemon import Daemon

POLLED = "polled"  #: the phase of a stream that is read over REST instead: all is well, and slower than elsewhere


def status(daemon: Daemon, *, as_json: bool) -> Exit:
    """Print what a running monitor knows; the exit code says how bad it is."""
    document = daemon.get("/api/v1/pools")
    try:
        code = judge(document)
        told = [json.dumps(document)] if as_json else _lines(document)
    except (KeyError, TypeError) as error:
        raise Unavailable(f"{daemon.url} answers, but not as a monitor does ({type(error).__name__})") from None
    print("\n".join(told))
    return code


def _lines(document: Mapping[str, Any]) -> list[str]:
    lines: list[str] = []
    for account in document["accounts"]:
        lines += words.account_lines(account, document["at"])
    for group in document.get("groups", ()):
        lines += words.group_lines(group)
    return [*lines, *feed_lines(document["feeds"]), *words.alert_lines(document["alerts"])]


def feed_lines(feeds: Iterable[Mapping[str, Any]]) -> list[str]:
    """Streams and readings that do not deliver, and accounts that are polled where others are streamed."""
    lines: list[str] = []
    for feed in feeds:
        if not feed["up"] or feed["phase"] == POLLED:
            owner = f"{feed['venue']}/{feed['account']}" if feed["account"] else feed["venue"]
            reason = f": {feed['reason']}" if feed["reason"] else ""
            lines.append(f"{owner} {feed['stream']}: {feed['phase']}{reason}")
    return lines


def judge(document: Mapping[str, Any]) -> Exit:
    """The first that holds: critical, unknown, warning, fine."""
    pools = [pool for account in document["accounts"] for pool in account["pools"]]
    severities = {alert["severity"] for alert in document["alerts"]}
    if "critical" in severities or any(pool["margin_ratio"]["state"] == "liquidatable" for pool in pools):
        return Exit.CRITICAL
    if not document["accounts"] or not all(account["up"] for account in document["accounts"]):
        return Exit.UNKNOWN
    if not all(words.believed(pool) and pool["margin_ratio"]["state"] != "unknown" for pool in pools):
        return Exit.UNKNOWN
    # A level of the user's own, which a script knows nothing of, needs attention.
    return Exit.WARNING if severities - {"info", "critical"} else Exit.FINE
