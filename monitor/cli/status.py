"""`marginwatch status`: one look at a running monitor, for people and for scripts."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from monitor.cli import words
from monitor.cli.codes import Exit, Unavailable, complain

TIMEOUT_SECONDS = 5.0
LARGEST_ANSWER = 256 * 1024 * 1024  #: bytes


def status(url: str, *, as_json: bool) -> Exit:
    """Print what the monitor at `url` knows; the exit code says how bad it is."""
    if not url.startswith(("http://", "https://")):
        return complain(f"--url {url}: must begin with http://", Exit.USAGE)
    raw = fetch(url.rstrip("/") + "/api/v1/pools")
    try:
        document = json.loads(raw)
        code = judge(document)
    except (ValueError, KeyError, TypeError) as error:
        raise Unavailable(f"{url} answers, but not as a monitor does ({type(error).__name__})") from None
    if as_json:
        print(raw.decode())
        return code
    for account in document["accounts"]:
        print("\n".join(words.account_lines(account, document["at"])))
    for group in document.get("groups", ()):
        print("\n".join(words.group_lines(group)))
    down = [feed for feed in document["feeds"] if not feed["up"]]
    for feed in down:
        owner = f"{feed['venue']}/{feed['account']}" if feed["account"] else feed["venue"]
        print(f"{owner} {feed['stream']}: {feed['phase']}{': ' + feed['reason'] if feed['reason'] else ''}")
    for text in words.alert_lines(document["alerts"]):
        print(text)
    return code


def fetch(url: str) -> bytes:
    """The body of an answer; raises `Unavailable` if there is none."""
    try:
        request = Request(url, headers={"Accept": "application/json"})
        with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            body: bytes = answer.read(LARGEST_ANSWER)
            return body
    except HTTPError as error:
        raise Unavailable(f"{url} answers with status {error.code}: is this a marginwatch?") from None
    except (URLError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Unavailable(f"no monitor answers at {url}: {reason}; start it with marginwatch run") from None


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
