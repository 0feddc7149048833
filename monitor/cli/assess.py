"""`marginwatch assess DIR`: an account computed offline from its venue's raw answers, the same way as the daemon does.

What a user attaches to a bug report, and how anyone can check our numbers against the venue's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from monitor import __version__
from monitor.app.rooms import VENUES, room
from monitor.cli import words
from monitor.cli.codes import Exit, complain
from monitor.domain.errors import InputMissing, MalformedAnswer, MarginwatchError
from monitor.domain.events import Elapsed
from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport
from monitor.domain.schema import document
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.venues import folder
from monitor.venues.offline import Offline


def assess(directory: Path, *, as_json: bool) -> Exit:
    """Print pools, lines and reconciliation of a folder. Missing optional files are named."""
    report, missing, problems = compute(directory)
    body = document([report], report.at, __version__) | {"missing": list(missing), "unreadable": list(problems)}
    if as_json:
        print(json.dumps(body, ensure_ascii=False, allow_nan=False))
    else:
        print("\n".join(words.account_lines(body["accounts"][0], report.at)))
    for cost in missing.values():
        complain(cost)
    for problem in problems:
        complain(problem)
    return Exit.FINE


def compute(directory: Path) -> tuple[AccountReport, Mapping[str, str], tuple[str, ...]]:
    """The report of a folder, its missing files with what each costs, and its unreadable rows.

    The clock stands at the folder's time.
    """
    engine, offline = engine_of(directory)
    reports = engine.reports()
    if not reports:
        raise InputMissing(f"{directory}: holds no account")
    return reports[0], offline.missing, offline.problems


def engine_of(directory: Path) -> tuple[Engine, Offline]:
    """An engine that was told all that a folder says, and what the folder lacks."""
    found = folder.read(directory)
    meta = found.meta
    if meta.venue not in VENUES:
        raise MarginwatchError(f"{directory / folder.META}: no such venue: {meta.venue}; known: {', '.join(VENUES)}")
    at = room(meta.venue)
    account = AccountKey(meta.venue, meta.account)
    try:
        offline = at.read(found.answers, account, meta.time)
    except MalformedAnswer as error:  # not the venue failed but the folder: it is there for good
        raise folder.BadFolder(f"{directory}: {error}") from None
    engine = Engine({meta.venue: at.describe}, EngineSettings(accounts=(account,), lines_every_seconds=0.0))
    engine.step(offline.events, meta.time)
    engine.step([Elapsed(meta.time)], meta.time)  # advice is sought in a step in which nothing happens
    return engine, offline
