"""What the terminal paints with, out of sample reports, as the stream tells them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from monitor.cli.top.levels import Levels
from monitor.cli.top.painted import Line, Role, text_of
from monitor.cli.top.picture import Picture
from monitor.cli.top.views import Curve, Scene
from monitor.domain.view import View
from monitor.web.changes import Changes
from tests.sample_reports import NOW, account, pool, view
from tests.unit.web.staging import alert

LEVELS: dict[str, dict[str, float]] = {
    "margin_ratio": {"warning": 0.6, "critical": 0.8},
    "distance_ratio": {"warning": 0.1, "critical": 0.05},
}
TOLD = Levels.told({"levels": LEVELS})


class Teller:
    """Tells a picture of the daemon as its stream does."""

    def __init__(self) -> None:
        self._changes = Changes()
        self._told = 0

    def tell(self, shown: View) -> tuple[str, dict[str, Any]]:
        """(name of the event, what it says)."""
        for _ in self._changes.take(shown):
            pass
        pieces = self._changes.since(self._told)
        self._told = self._changes.number
        name, body = ("snapshot", self._changes.snapshot()) if pieces is None else ("change", pieces)
        found = json.loads(b"".join(body))
        assert isinstance(found, dict)
        return name, found


def document(shown: View) -> dict[str, Any]:
    """The snapshot of a picture."""
    return Teller().tell(shown)[1]


def calm(**changed: Any) -> View:
    """One account with one calm pool, of which an alert fires."""
    return replace(view(account(pool()), alerts=(alert(),)), **changed)


def picture(shown: View | None = None, now: float = 0.0) -> Picture:
    """What the terminal holds after a snapshot."""
    held = Picture()
    held.take(document(calm() if shown is None else shown), now)
    return held


def scene(held: Picture, columns: int = 100, rows: int = 40, curve: Curve | None = None, **more: Any) -> Scene:
    """A scene at the time of the sample reports."""
    return Scene(held, NOW, columns, rows, **{"levels": TOLD, "curve": curve or Curve(), "may_change": True, **more})


def roles(line: Line, text: str) -> set[Role]:
    """The meanings of the pieces that a text touches."""
    whole = text_of(line)
    assert text in whole, whole
    begin, found, at = whole.index(text), set(), 0
    for piece, role in line:
        if at < begin + len(text) and at + len(piece) > begin and piece.strip():
            found.add(role)
        at += len(piece)
    return found


def written(lines: list[Line]) -> str:
    """All lines as text."""
    return "\n".join(text_of(line) for line in lines)
