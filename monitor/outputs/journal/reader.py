"""Reads a journal back: records in the order in which they were written, and every place where some are missing.

for found in read(path):
    match found:
        case Damage(): ...  # what stood here is gone; only a `Run` is a new beginning
        case Run(): ...  # a segment begins; from its second on a `Baseline` follows
        case Step(): ...
"""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Generator, Iterator
from pathlib import Path

from monitor.domain.errors import InputMissing
from monitor.outputs.journal.records import (
    KINDS,
    Answer,
    BadRecord,
    Baseline,
    End,
    Frame,
    Lost,
    Outcome,
    Record,
    Run,
    Step,
    decode,
    split,
)
from monitor.outputs.journal.segment import SUFFIX, Damage, blocks, in_order
from monitor.outputs.journal.window import SLACK_SECONDS, Segment, parts

ALWAYS = frozenset({Run, Baseline, Lost, End})  #: without these what is read cannot be understood
REPLAYED = frozenset({Step, Outcome})  #: what a replay needs besides; `Frame` and `Answer` are for people


def files(path: Path) -> tuple[Path, ...]:
    """The segments of a folder in the order in which they were written, or the one file that is named.

    Names begin with a number that rises from writer to writer and end with the segment's, so that their order is that
    of writing whatever the clock said. Raises `InputMissing` where there is none.
    """
    try:
        one = path.is_file()
        there = [path] if one else [file for file in path.iterdir() if file.suffix == SUFFIX and file.is_file()]
        found = in_order(there)
        for file in found:
            if file.exists() and not os.access(file, os.R_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
    except FileNotFoundError:
        raise InputMissing(f"{path} is not there: name a folder of a journal, or one of its files") from None
    except PermissionError as error:
        raise InputMissing(
            f"{error.filename} cannot be read: {error.strerror}; run this as the user who runs the monitor, or as root"
        ) from None
    except OSError as error:
        raise InputMissing(f"{path} cannot be read: {error.strerror}") from None
    if not found:
        raise InputMissing(f"{path} holds no journal: no file there ends in {SUFFIX}")
    return tuple(found)


def segments(path: Path) -> tuple[Segment, ...]:
    """The same with the head of each."""
    return tuple(Segment(file, head_of(file), file.stat().st_size) for file in files(path))


def head_of(file: Path) -> Run | None:
    """The first record of a file; None if it cannot be read."""
    first = next(read_file(file, kinds=()), None)
    return first if isinstance(first, Run) else None


def read(
    path: Path,
    *,
    kinds: Collection[type] | None = None,
    since: float | None = None,
    until: float | None = None,
    whole: bool = False,
) -> Iterator[Record | Damage]:
    """All records of a file or folder, in order; damaged places stand where they were found.

    `kinds` are the records wanted (None: all); `Run`, `Baseline`, `Lost` and `End` always come. `since` and `until`
    (seconds since 1970) leave out segments: of each run with steps between them those come from the one whose
    `Baseline` tells what stood, or with `whole` from its first, and a run ends with its last step until then. Where the
    clock was set back, steps outside the window stand between those inside: whoever reads looks at their time. Raises
    `InputMissing`.
    """
    if since is None and until is None:
        for file in files(path):
            yield from read_file(file, kinds=kinds)
        return
    for run in parts(segments(path), since, until, whole=whole):
        for part in run:
            records = read_file(part.path, kinds=kinds)
            if until is None or not part.last:
                yield from records
            elif (yield from _up_to(records, until)):
                break


def _up_to(records: Iterator[Record | Damage], until: float) -> Generator[Record | Damage, None, bool]:
    """The records of a segment until its last step in the window; whether any step came after it."""
    held: list[Record | Damage] = []  #: behind a step after the window, which one inside may yet follow
    for found in records:
        if isinstance(found, Step):
            if found.now > until + SLACK_SECONDS:
                return True
            if found.now <= until:
                yield from held
                held.clear()
                yield found
                continue
            held.append(found)
        elif held:
            held.append(found)
        else:
            yield found
    return bool(held)


def read_file(file: Path, *, kinds: Collection[type] | None = None) -> Iterator[Record | Damage]:
    """The records of one file. A record that cannot be read is a `Damage`, and the next one follows."""
    wanted = None if kinds is None else {KINDS[kind] for kind in {*kinds, *ALWAYS}}
    try:
        for block in blocks(file):
            if isinstance(block, Damage):
                yield block
                continue
            yield from _records(file, block, wanted)
    except OSError as error:
        yield Damage(file, 0, f"cannot be read: {error.strerror or type(error).__name__}")


def _records(file: Path, block: bytes, wanted: set[bytes] | None) -> Iterator[Record | Damage]:
    try:
        for kind, body in split(block):
            if wanted is None or kind in wanted or kind not in _KNOWN:
                try:
                    yield decode(kind, body)
                except BadRecord as error:
                    yield Damage(file, 0, str(error))
    except BadRecord as error:
        yield Damage(file, 0, str(error))


_KNOWN = frozenset(KINDS.values())


def time_of(record: Record) -> float | None:
    """When a record was made, in seconds since 1970; None for an outcome, which follows its step."""
    match record:
        case Run():
            return record.began
        case Baseline() | End():
            return record.at
        case Step():
            return record.now
        case Frame() | Answer():
            return record.received
        case Lost():
            return record.last
        case Outcome():
            return None
