"""What a segment holds, counted, and whether all of it is there: for `journal ls` and `journal verify`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, pairwise
from pathlib import Path

from monitor.outputs.journal.records import (
    KIND_NAMES,
    NEXT,
    STOPPED,
    BadRecord,
    Baseline,
    End,
    Lost,
    Run,
    Step,
    decode,
    split,
)
from monitor.outputs.journal.segment import Damage, blocks

_HEADS = frozenset({b"R", b"B", b"L", b"E"})


@dataclass(slots=True)
class Survey:
    """One file. `first` and `last` are its first and last step, `end` why it was closed, "" if it never was."""

    path: Path
    size: int
    head: Run | None = None
    baseline: Baseline | None = None
    counts: Counter[str] = field(default_factory=Counter)
    lost: list[Lost] = field(default_factory=list)
    damages: list[Damage] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)  #: steps that are missing inside, in words
    first: Step | None = None
    last: Step | None = None
    end: str = ""

    @property
    def torn(self) -> bool:
        """Whether it merely ends before its time, as after a crash."""
        return not self.end

    @property
    def steps_lost(self) -> bool:
        """Whether it says itself that steps are missing."""
        return any("Step" in lost.counts for lost in self.lost)


def survey(path: Path, *, whole: bool) -> Survey:
    """Read a file to its end. `whole`: decode each record, and look whether its steps follow one another.

    Without it only heads and the first and last step are decoded, which is several times as fast. Raises
    FileNotFoundError where the file is gone: a monitor that writes removes the oldest.
    """
    found = Survey(path, path.stat().st_size)
    last: bytes | None = None
    try:
        for block in blocks(path):
            if isinstance(block, Damage):
                found.damages.append(block)
                continue
            try:
                for kind, view in split(block):
                    found.counts[KIND_NAMES.get(kind, "unknown")] += 1
                    if kind == b"S":
                        last = bytes(view) if found.first is not None else None
                    if whole or kind in _HEADS or (kind == b"S" and found.first is None):
                        _note(found, kind, view, whole=whole)
            except BadRecord as error:
                found.damages.append(Damage(path, 0, str(error)))
    except FileNotFoundError:
        raise
    except OSError as error:
        found.damages.append(Damage(path, 0, f"cannot be read: {error.strerror or type(error).__name__}"))
    if not whole and last is not None:
        _note(found, b"S", last, whole=False)
    return found


def _note(found: Survey, kind: bytes, body: bytes | memoryview, *, whole: bool) -> None:
    """Remember what a record says. `whole`: every step comes by here."""
    match decode(kind, body):
        case Run() as run:
            found.head = run
        case Baseline() as baseline:
            found.baseline = baseline
        case Lost() as lost:
            found.lost.append(lost)
        case End() as end:
            found.end = end.why
        case Step() as step:
            before = found.last
            if found.first is None:
                found.first = step
            elif whole and before is not None and step.number != before.number + 1:
                found.gaps.append(f"steps {before.number + 1} to {step.number - 1} are missing")
            found.last = step
        case _:
            pass


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to say of a file. `grave`: what was written is not there any more, or was changed."""

    path: Path
    words: str
    grave: bool


def findings(surveys: Iterable[Survey]) -> Iterator[Finding]:
    """What is wrong or missing in these files, which stand in their order."""
    before: Survey | None = None
    for found, after in pairwise(chain(surveys, (None,))):
        assert found is not None
        stub = _is_stub(found, after)
        if before is not None and not (
            _same_run(before, found) or (stub and _run_of(before.path) == _run_of(found.path))
        ):
            yield from _unclosed(before)
            before = None
        if stub:
            yield Finding(found.path, "holds nothing: it is being begun, or the monitor was killed just then", False)
            before = None
            continue
        yield from _inside(found)
        if before is not None:
            yield from _between(before, found)
        elif found.head is not None and found.head.segment > 1:
            yield Finding(
                found.path, f"begins with segment {found.head.segment} of its run: older ones are gone", False
            )
        before = found
    if before is not None:
        yield from _unclosed(before)


def _is_stub(found: Survey, after: Survey | None) -> bool:
    """Whether this is the beginning of a run's last segment, without so much as its head."""
    bare = found.head is None and not found.counts and all(damage.torn for damage in found.damages)
    return bare and (after is None or _run_of(after.path) != _run_of(found.path))


def _run_of(path: Path) -> str:
    return path.stem.rpartition("-")[0]


def _same_run(before: Survey, found: Survey) -> bool:
    return before.head is not None and found.head is not None and before.head.run == found.head.run


def _inside(found: Survey) -> Iterator[Finding]:
    for damage in found.damages:
        if not damage.torn:
            yield Finding(found.path, f"damaged at byte {damage.offset}: {damage.what}", True)
    if found.head is None:
        yield Finding(found.path, "has no head: nothing says whose records these are", True)
    for gap in found.gaps:
        yield Finding(found.path, gap, not found.steps_lost)
    for lost in found.lost:
        counted = ", ".join(f"{count} {kind}" for kind, count in sorted(lost.counts.items()))
        yield Finding(found.path, f"says itself that records were lost: {counted} ({lost.why})", False)


def _between(before: Survey, found: Survey) -> Iterator[Finding]:
    assert before.head is not None
    assert found.head is not None
    if found.head.segment != before.head.segment + 1:
        yield Finding(found.path, f"segment {before.head.segment + 1} of its run is missing before it", True)
        return
    if before.end != NEXT and not found.lost:
        yield Finding(before.path, "its end is missing: it was cut", True)
    after = found.baseline.after if found.baseline is not None else None
    if before.last is not None and after is not None and after != before.last.number and not found.steps_lost:
        yield Finding(found.path, f"steps {before.last.number + 1} to {after} are missing before it", True)


def _unclosed(found: Survey) -> Iterator[Finding]:
    """The last segment that there is of a run. What came after it is missed by nobody who copied a part, nor was it
    ever written where the disk was full just then.
    """
    if found.end == NEXT:
        words = "what came after is not here: it was not copied, was removed, or could not be written"
        yield Finding(found.path, words, False)
    elif found.end != STOPPED:
        torn = next((f": {damage.what}" for damage in found.damages if damage.torn), "")
        words = f"was not closed{torn}: the monitor still writes it, or was killed; at most its last second is missing"
        yield Finding(found.path, words, False)
