"""What a codec makes of one frame: events, and how the frame itself is to be counted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from monitor.domain.events import Event


class FrameKind(StrEnum):
    """How a frame is counted. Nothing that arrives is dropped without a count."""

    DATA = "data"  #: understood, gave events (perhaps none that we hold anything of)
    IGNORED = "ignored"  #: a known kind that says nothing about risk
    ACKNOWLEDGED = "acknowledged"  #: the answer to a request of ours, id in `request_id`
    REFUSED = "refused"  #: the venue refused a request of ours, words in `why`
    KEY_EXPIRED = "key_expired"  #: the stream's key is no longer valid
    UNRECOGNISED = "unrecognised"  #: well-formed, of a kind that we have never heard of
    MALFORMED = "malformed"  #: not what its kind promises; kept for diagnosis


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One bad row costs that row, not its frame. `text` is the row as it came, shortened, for diagnosis."""

    row: str
    why: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Decoded:
    """One frame, decoded. `kind` is the venue's name of it in `name` ("markPriceUpdate"), `stream` where it came on."""

    kind: FrameKind
    name: str = ""
    stream: str = ""
    events: tuple[Event, ...] = ()
    problems: tuple[RowProblem, ...] = ()
    why: str = ""
    request_id: int | str | None = None
    venue_time: float | None = None


class Frame(Protocol):
    """A frame whose events wait for the engine, so that it is counted as what becomes of it: once, when all is said."""

    def seen(self) -> None:
        """The engine takes one of its events."""
        ...

    def replaced(self) -> None:
        """A newer price took the place of one of its prices before anybody saw that."""
        ...
