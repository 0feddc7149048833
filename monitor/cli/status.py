"""`marginwatch status`: one look at a running monitor, for people and for scripts."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from monitor.cli import words, words_status
from monitor.cli.codes import Exit, Unavailable
from monitor.cli.daemon import Daemon
from monitor.cli.words_folded import folded

COLUMNS = 80  #: of a file or a pipe
MOST_COLUMNS = 120  #: further apart nobody finds the next line


def status(daemon: Daemon, *, as_json: bool) -> Exit:
    """Print what a running monitor knows; the exit code says how bad it is."""
    document = daemon.get("/api/v1/pools")
    try:
        code = judge(document)
        told = [json.dumps(document)] if as_json else folded(words_status.lines(document), columns())
        print("\n".join(told))
    except (KeyError, TypeError) as error:
        raise Unavailable(f"{daemon.url} answers, but not as a monitor does ({type(error).__name__})") from None
    return code


def columns() -> int:
    """How wide to print."""
    if not sys.stdout.isatty():
        return COLUMNS
    return max(20, min(MOST_COLUMNS, shutil.get_terminal_size((COLUMNS, 24)).columns))


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
