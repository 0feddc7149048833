"""`marginwatch replay FILE|DIR`: a journal run again by the same engine and rules, and how it differs from what was."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor.app.replay import Began, Ended, Item, Missing, ReplayedStep, Replayer
from monitor.app.replay_findings import Findings, OneSided
from monitor.app.replay_settings import read_rules, strangers, under
from monitor.cli import replay_json, replay_words
from monitor.cli.codes import Exit, complain
from monitor.cli.replay_times import BadTime, clock, moment
from monitor.outputs.journal import reader
from monitor.outputs.journal.records import Record
from monitor.outputs.journal.segment import Damage

PROGRESS_SECONDS = 0.5
Print = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was asked for. Times are in seconds since 1970; `speed` None: as fast as possible.

    `whole`: begin with the start of the run that `since` lies in, instead of the last segment before it.
    """

    path: Path
    rules: Path | None = None
    speed: float | None = None
    since: float | None = None
    until: float | None = None
    as_json: bool = False
    reports: bool = False
    whole: bool = False

    def holds(self, at: float) -> bool:
        """Whether a time lies in the window: where the clock was set back, steps outside stand between those inside."""
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


def replay(
    path: Path,
    *,
    rules: Path | None,
    speed: float | None,
    since: str | None,
    until: str | None,
    as_json: bool,
    reports: bool,
    whole: bool,
) -> Exit:
    """Print what would have been reported and alerted, and the difference to what was.

    Exit: 0 if nothing differs by more than it may (with `rules` alerts may), 1 if something does, or nothing was there
    to be replayed.
    """
    now = time.time()
    try:
        wanted = Wanted(
            path=path,
            rules=rules,
            speed=speed,
            since=None if since is None else moment(since, now),
            until=None if until is None else moment(until, now),
            as_json=as_json,
            reports=reports,
            whole=whole,
        )
    except BadTime as error:
        return complain(str(error), Exit.USAGE)
    try:
        findings = run(wanted)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads it has seen enough: `marginwatch replay DIR | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FINE
    if not findings.steps:
        return complain(_nothing(wanted, findings))
    return Exit.FINE if findings.same else Exit.FAILED


def _nothing(wanted: Wanted, findings: Findings) -> str:
    when = "" if wanted.since is None and wanted.until is None else " in this time"
    why = f" ({findings.missing[0].why})" if findings.missing else ""
    return f"{wanted.path}: no step that can be replayed{when}{why}; see marginwatch journal ls"


def run(wanted: Wanted) -> Findings:
    """Replay and print. Raises `InputMissing`, and `ConfigMissing` or `ConfigRefused` for the rules."""
    rules = None
    if wanted.rules is not None:
        rules, passed_over, unnamed = read_rules(wanted.rules)
        if passed_over:
            complain(f"{wanted.rules}: only [alerts] is read, not {', '.join(passed_over)}")
        if unnamed:
            complain(f"{wanted.rules}: rules that it does not name have their defaults: {', '.join(unnamed)}")
    replayer = Replayer(under(rules), strangers, other_rules=rules is not None)
    printer = _Json(wanted.reports) if wanted.as_json else _Words()
    findings, pace, progress = Findings(), _Pace(wanted.speed), _Progress(wanted.path)
    started = time.monotonic()
    for item in replayer.items(records(wanted)):
        if isinstance(item, ReplayedStep):
            progress.show(item)
            if not wanted.holds(item.now):
                findings.warm(item)
                continue
            if not findings.steps:
                printer.standing(findings)
            pace.wait(item.now)
        if isinstance(item, Ended) and wanted.until is not None and not item.cleanly:
            continue  # it was not read to its end
        one_sided = findings.take(item)
        progress.clear(not isinstance(item, ReplayedStep) or bool(item.ours.changes or one_sided))
        printer.item(item, one_sided)
    progress.clear(True)
    printer.summary(findings, time.monotonic() - started)
    return findings


def records(wanted: Wanted) -> Iterator[Record | Damage]:
    """The records to be replayed, from the segment on that the window begins in, or from the start of its run."""
    return reader.read(wanted.path, kinds=reader.REPLAYED, since=wanted.since, until=wanted.until, whole=wanted.whole)


class _Pace:
    """Holds the output back to the recorded time, `speed` times as fast."""

    def __init__(self, speed: float | None) -> None:
        self._speed = speed
        self._begin: tuple[float, float] | None = None  #: recorded time and ours

    def wait(self, at: float) -> None:
        """Wait until a step may be shown."""
        if self._speed is None:
            return
        if self._begin is None:
            self._begin = (at, time.monotonic())
        left = self._begin[1] + (at - self._begin[0]) / self._speed - time.monotonic()
        if left > 0.0:
            sys.stdout.flush()
            time.sleep(left)


class _Progress:
    """One line on a terminal that says how far the replay is, and goes away for what is printed."""

    def __init__(self, path: Path) -> None:
        self._path, self._shows = path, sys.stderr.isatty()
        self._steps, self._next, self._shown = 0, time.monotonic() + PROGRESS_SECONDS, False

    def show(self, step: ReplayedStep) -> None:
        """One more step."""
        self._steps += 1
        if self._shows and self._steps % 16 == 0 and time.monotonic() >= self._next:
            print(f"\r{self._path}: at {clock(step.now)}, {self._steps:,} steps", end="\x1b[K", file=sys.stderr)
            self._next, self._shown = time.monotonic() + PROGRESS_SECONDS, True

    def clear(self, wanted: bool) -> None:
        """Take the line away."""
        if wanted and self._shown:
            print("\r", end="\x1b[K", file=sys.stderr, flush=True)
            self._shown = False


class _Words:
    """Prints for people."""

    def item(self, item: Item, one_sided: tuple[OneSided, ...]) -> None:
        """What one item is worth."""
        match item:
            case Began():
                _print(replay_words.began(item))
            case Missing():
                print(replay_words.missing(item))
            case Ended():
                _print(replay_words.ended(item))
            case ReplayedStep():
                _print(replay_words.changes(item, one_sided))

    def standing(self, findings: Findings) -> None:
        """What fires where the window begins."""
        _print(replay_words.standing(findings))

    def summary(self, findings: Findings, took_seconds: float) -> None:
        """The end."""
        _print(replay_words.summary(findings, took_seconds))


class _Json:
    """Prints for programs."""

    def __init__(self, reports: bool) -> None:
        self._reports = reports

    def item(self, item: Item, one_sided: tuple[OneSided, ...]) -> None:
        """What one item is worth."""
        match item:
            case Began():
                _dump(replay_json.began(item))
            case Missing():
                _dump(replay_json.missing(item))
            case Ended():
                _dump(replay_json.ended(item))
            case ReplayedStep():
                for line in replay_json.step(item, one_sided, reports=self._reports):
                    _dump(line)

    def standing(self, findings: Findings) -> None:
        """Nothing: the summary names every alert with the time at which it fired."""

    def summary(self, findings: Findings, took_seconds: float) -> None:
        """The end."""
        _dump(replay_json.summary(findings, took_seconds))


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


def _dump(line: replay_json.Json) -> None:
    print(json.dumps(line, ensure_ascii=False, allow_nan=False))
