"""What a view of the screen gives: rows of a list, and what there is to say of the chosen one. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from monitor.cli.top.levels import Levels
from monitor.cli.top.painted import Line
from monitor.cli.top.picture import Picture

Json = Mapping[str, Any]
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Curve:
    """The health curve that was asked for: what moves, what else could, and the answer or why there is none."""

    of: str = ""
    choices: Sequence[str] = ()
    answer: Json | None = None
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is painted with: the picture, the monitor's time, the thresholds, and the room that there is."""

    picture: Picture
    now: float
    columns: int
    rows: int = 24
    levels: Levels = field(default_factory=Levels)
    curve: Curve = field(default_factory=Curve)
    may_change: bool = False
    why_not: str = ""
    live: bool = True  #: whether the picture is of now: else no quality is shown as if it were


class View(Protocol, Generic[Item]):
    """One list and its details."""

    title: str
    empty: str  #: said where the list is
    keys: Sequence[tuple[str, str]]  #: of its own, for the foot of the screen

    def items(self, picture: Picture, wanted: str) -> Sequence[Item]:
        """What is listed of it; `wanted` is what somebody looks for, in small letters."""
        ...

    def key(self, item: Item) -> Hashable:
        """By which it is known again."""
        ...

    def head(self, columns: int) -> Line:
        """The titles of the columns."""
        ...

    def row(self, item: Item, scene: Scene, *, chosen: bool) -> Line:
        """One item on one line."""
        ...

    def details(self, item: Item, scene: Scene) -> list[Line]:
        """All there is to say of it."""
        ...


def found(wanted: str, *texts: str) -> bool:
    """Whether each word that is looked for stands in one of the texts."""
    return not wanted or all(any(word in text.lower() for text in texts) for word in wanted.split())
