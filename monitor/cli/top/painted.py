"""Lines of text whose parts say what they mean; colours are found later, and may be missing. Pure.

Whatever a venue or a person wrote is text here and never markup: it is made printable where a line becomes cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import groupby

from monitor.cli import words_folded

ELLIPSIS = "…"


class Role(StrEnum):
    """What a piece of text means."""

    PLAIN = "plain"
    SOFT = "soft"  #: beside the matter
    STRONG = "strong"
    TITLE = "title"
    KEY = "key"  #: to be pressed
    CHOSEN = "chosen"  #: under the cursor
    BAR = "bar"  #: the ground of heads and feet
    GONE = "gone"  #: not live: nothing on the screen is of now
    CALM = "calm"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    BLIND = "blind"  #: not known, or not believed
    BADGE_CALM = "badge-calm"
    BADGE_WARNING = "badge-warning"
    BADGE_BLIND = "badge-blind"
    EQUITY = "equity"
    REQUIRED = "required"
    LOST = "lost"  #: where a pool is liquidated


Span = tuple[str, Role]
Line = tuple[Span, ...]

EMPTY: Line = ()


def plain(text: str) -> Line:
    """A line of one meaning: none."""
    return ((text, Role.PLAIN),)


def soft(text: str) -> Line:
    """A line beside the matter."""
    return ((text, Role.SOFT),)


def width(text: str) -> int:
    """How many columns a text takes."""
    return len(text) if text.isascii() else words_folded.width(text)


def length(line: Line) -> int:
    """How many columns a line takes."""
    return sum(width(text) for text, _ in line)


def clipped(text: str, columns: int) -> str:
    """A text in at most so many columns: what does not fit ends in an ellipsis."""
    if width(text) <= columns:
        return text
    if columns <= 0:
        return ""
    kept, taken = "", 0
    for character in text:
        taken += width(character)
        if taken > columns - 1:
            break
        kept += character
    return kept + ELLIPSIS


def shortened(text: str, columns: int) -> str:
    """The same, with the middle left out: of a name the beginning and the end are what one knows it by."""
    if width(text) <= columns or columns < 8 or not text.isascii():
        return clipped(text, columns)
    tail = columns // 3
    return text[: columns - tail - 1] + ELLIPSIS + text[-tail:]


def cell(text: str, columns: int, *, right: bool = False) -> str:
    """A text in exactly so many columns."""
    text = clipped(text, columns)
    blank = " " * (columns - width(text))
    return blank + text if right else text + blank


def fitted(line: Line, columns: int) -> Line:
    """A line in at most so many columns."""
    if length(line) <= columns:
        return line
    kept: list[Span] = []
    for text, role in line:
        if width(text) >= columns:
            kept.append((clipped(text + ELLIPSIS if width(text) == columns else text, columns), role))
            break
        kept.append((text, role))
        columns -= width(text)
    return tuple(kept)


def filled(line: Line, columns: int, role: Role = Role.PLAIN) -> Line:
    """A line in exactly so many columns."""
    line = fitted(line, columns)
    blank = columns - length(line)
    return (*line, (" " * blank, role)) if blank > 0 else line


def apart(left: Line, right: Line, columns: int, role: Role = Role.PLAIN) -> Line:
    """Two lines at the two ends of one; the left one gives way."""
    right = fitted(right, columns)
    room = columns - length(right)
    if right and room > 1:
        return (*filled(left, room - 1, role), (" ", role), *right)
    return filled(left, columns, role)


def folded(line: Line, columns: int, hanging: int = 0) -> Iterator[Line]:
    """A line as several of at most so many columns; the second and later ones begin further in. Words stay whole."""
    columns = max(columns, 8)
    row: list[Span] = []
    taken, empty = 0, True
    for text, role in _pieces(line):
        size = width(text)
        if taken + size > columns and not empty:
            yield _joined(row)
            row, taken, empty = [(" " * hanging, Role.PLAIN)] if hanging else [], hanging, True
        if empty and text.isspace() and row and hanging:
            continue
        while taken + size > columns:
            head = max(1, _fitting(text, columns - taken))
            yield _joined([*row, (text[:head], role)])
            row, taken = [(" " * hanging, Role.PLAIN)] if hanging else [], hanging
            text = text[head:]
            size = width(text)
        row.append((text, role))
        taken += size
        empty = empty and text.isspace()
    yield _joined(row)


def wrapped(lines: Iterable[Line], columns: int, hanging: int = 2) -> Iterator[Line]:
    """Each line folded."""
    for line in lines:
        if length(line) <= columns:
            yield line
        else:
            yield from folded(line, columns, hanging)


def bar(part: float, columns: int) -> tuple[str, str]:
    """(the filled part, the rest) of a bar of so many columns; `part` from 0 to 1. What is not zero is seen."""
    eighths = round(max(0.0, min(1.0, part)) * columns * 8)
    if part > 0.0:
        eighths = max(1, eighths)
    whole, rest = divmod(eighths, 8)
    full = "█" * whole + (" ▏▎▍▌▋▊▉"[rest] if rest else "")
    return full, "·" * (columns - len(full))


def text_of(line: Line) -> str:
    """The line without its meanings."""
    return "".join(text for text, _ in line)


def _pieces(line: Line) -> Iterator[Span]:
    """Words and the blanks between them."""
    for text, role in line:
        for _, group in groupby(text, str.isspace):
            yield "".join(group), role


def _fitting(text: str, columns: int) -> int:
    """How many characters of a text fit."""
    taken = 0
    for number, character in enumerate(text):
        taken += width(character)
        if taken > columns:
            return number
    return len(text)


def _joined(row: list[Span]) -> Line:
    while row and row[-1][0].isspace():
        row.pop()
    return tuple(row)
