"""Which segments a window of time needs, though the clock was set back between runs or inside one.

The steps of a segment follow one another in time, but for `SLACK_SECONDS`: the journal begins a segment where the clock
steps back by more. So none of them is earlier than its head says, and the head of the next one says how far the run
had come. What cannot be told from the heads is read: rather too much than too little.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from monitor.outputs.journal.records import Run
from monitor.outputs.journal.survey import survey

SLACK_SECONDS = 1.0  #: by which a step may be earlier than one before it in its segment


@dataclass(frozen=True, slots=True)
class Segment:
    """A file of the journal and the record at its head; None where that cannot be read."""

    path: Path
    head: Run | None
    size: int


@dataclass(frozen=True, slots=True)
class Part:
    """A segment to be read. `last`: no later one of its run holds steps of the window; what it holds after the window
    is of no use, and the one behind it is wanted only for what its head tells.
    """

    path: Path
    last: bool


def parts(
    segments: Sequence[Segment], since: float | None, until: float | None, *, whole: bool
) -> Iterator[Sequence[Part]]:
    """The segments of each run that has steps in the window, in order, from one that tells what stood before it.

    `whole`: from the run's first on. The newest run is kept whenever its steps may reach the window.
    """
    if len(segments) == 1:
        yield (Part(segments[0].path, True),)
        return
    for run in _runs(segments):
        last = max((place for place, each in enumerate(run) if _begins_by(each, until)), default=-1)
        first = max((place for place in range(last + 1) if _holds_what_stood(run[place], since)), default=0)
        if last < 0 or (first == last and run[last] is not segments[-1] and not _reaches(run[last], since)):
            continue
        begin = 0 if whole else first
        yield [Part(each.path, place >= last) for place, each in enumerate(run[: last + 2])][begin:]


def _runs(segments: Sequence[Segment]) -> list[list[Segment]]:
    """The segments of each run. One without a head is taken for one of the run before it."""
    found: list[list[Segment]] = []
    owner = ""
    for each in segments:
        if not found or (each.head is not None and each.head.run != owner):
            found.append([])
        found[-1].append(each)
        owner = owner if each.head is None else each.head.run
    return found


def _begins_by(segment: Segment, until: float | None) -> bool:
    return until is None or segment.head is None or segment.head.began - SLACK_SECONDS <= until


def _holds_what_stood(segment: Segment, since: float | None) -> bool:
    """Whether nothing of the window stands before this segment of its run."""
    head = segment.head
    if since is None or head is None:
        return False
    return head.began <= since and (head.reached is None or head.reached < since)


def _reaches(segment: Segment, since: float | None) -> bool:
    """Whether the last segment of a run, of which no head tells, has steps so late."""
    if since is None:
        return True
    try:
        seen = survey(segment.path, whole=False)
    except FileNotFoundError:  # a monitor that writes removes the oldest
        return False
    return seen.last is None or seen.last.now + SLACK_SECONDS >= since
