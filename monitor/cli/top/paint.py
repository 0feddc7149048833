"""Meanings become the colours of the user's own terminal. What is not live has none: all of it is grey.

Colours are the sixteen of the terminal's theme, so that dark and light ones both read; with NO_COLOR the application
drops them, and what they say stands in words and signs beside them.
"""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from monitor.cli.top.painted import Line, Role, filled
from monitor.cli.words_folded import printable

_STYLES: dict[Role, Style] = {
    Role.PLAIN: Style(),
    Role.SOFT: Style(dim=True),
    Role.STRONG: Style(bold=True),
    Role.TITLE: Style(bold=True),
    Role.KEY: Style(bold=True, color="cyan"),
    Role.CHOSEN: Style(bold=True, reverse=True),
    Role.BAR: Style(bold=True),
    Role.GONE: Style(bold=True, reverse=True),
    Role.CALM: Style(color="green"),
    Role.INFO: Style(color="cyan"),
    Role.WARNING: Style(color="yellow", bold=True),
    Role.CRITICAL: Style(color="red", bold=True),
    Role.BLIND: Style(color="magenta", bold=True),
    Role.BADGE_CALM: Style(color="green"),
    Role.BADGE_WARNING: Style(color="yellow"),
    Role.BADGE_BLIND: Style(color="magenta", bold=True, reverse=True),
    Role.EQUITY: Style(color="cyan", bold=True),
    Role.REQUIRED: Style(color="yellow"),
    Role.LOST: Style(color="red", dim=True),
}
_GREY = Style(dim=True)
_GONE: dict[Role, Style] = dict.fromkeys(Role, _GREY) | {
    Role.CHOSEN: Style(dim=True, reverse=True),
    Role.KEY: _STYLES[Role.KEY],
    Role.GONE: _STYLES[Role.GONE],
}


def strip(line: Line, columns: int, *, live: bool = True) -> Strip:
    """A line as cells, exactly so many. Nothing in it moves the cursor or is markup, whoever wrote it."""
    styles = _STYLES if live else _GONE
    segments = [
        Segment(text if text.isprintable() else printable(text), styles[role]) for text, role in filled(line, columns)
    ]
    return Strip(segments).adjust_cell_length(columns, _STYLES[Role.PLAIN])
