"""What a simulated venue sent: each frame by whose socket it went to, its stream and its kind; each REST answer.

Whoever listens must be able to account for every one of them. A frame that was written to a socket right before that
socket was cut may never have arrived: such frames are counted a second time, as doubtful.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import NamedTuple

IN_FLIGHT_SECONDS = 0.5  #: before the end of a socket: what was written since may not have been read
PUBLIC = ""  #: the owner of a public socket
USER = "user"  #: the stream of an account's own socket, whose real name is a secret key

ANSWER, REFUSAL = "answer", "refusal"  #: kinds: the venue's yes and no to a message of the client
SPOILT, RAW = "spoilt", "raw"  #: kinds: garbled by a fault; sent as it was given, whatever it is


class Line(NamedTuple):
    """One row of the account: `owner` is an account's name, `stream` as subscribed, `kind` the name of the event."""

    owner: str
    stream: str
    kind: str


class Answered(NamedTuple):
    """One row of the REST side. `account` is "" for public requests; `status` is HTTP's."""

    method: str
    path: str
    account: str
    status: int


@dataclass(slots=True)
class Sent:
    """Totals since the start. `doubtful` is the part of `frames` that may not have arrived."""

    frames: Counter[Line] = field(default_factory=Counter)
    doubtful: Counter[Line] = field(default_factory=Counter)
    answers: Counter[Answered] = field(default_factory=Counter)

    def count(self, owner: str, stream: str | None = None, *kinds: str) -> int:
        """Frames of one owner; `stream` and `kinds` narrow."""
        return _count(self.frames, owner, stream, kinds)

    def in_doubt(self, owner: str, stream: str | None = None, *kinds: str) -> int:
        """The doubtful ones among them."""
        return _count(self.doubtful, owner, stream, kinds)


def _count(frames: Counter[Line], owner: str, stream: str | None, kinds: tuple[str, ...]) -> int:
    return sum(
        number
        for line, number in frames.items()
        if line.owner == owner and stream in (None, line.stream) and (not kinds or line.kind in kinds)
    )


class Recent:
    """What one socket was given lately."""

    def __init__(self) -> None:
        self._lines: deque[tuple[float, Line]] = deque()

    def add(self, line: Line, now: float) -> None:
        """A frame was written at `now`."""
        self._lines.append((now, line))
        while self._lines[0][0] < now - IN_FLIGHT_SECONDS:
            self._lines.popleft()

    def since(self, moment: float) -> Counter[Line]:
        """What was written at or after a moment."""
        return Counter(line for at, line in self._lines if at >= moment)
