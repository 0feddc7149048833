"""Text folded to the width of a terminal: nothing is cut, and what belongs together stays together. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

HANGING = 4  #: columns by which the second and later lines of a text stand further in than its first
HANGING_WITHIN = 2  #: the same of a text that stands further in itself


def folded(texts: Iterable[str], columns: int) -> Iterator[str]:
    """Each text as lines of at most so many columns.

    Figures are set apart by two blanks and stay whole as long as they fit into a line; a word longer than a line is
    broken, since a terminal would break it too.
    """
    for text in texts:
        yield from _fold(printable(text), columns)


def printable(text: str) -> str:
    """A text without what would move a terminal's cursor, whatever a name, a reason or a comment may hold."""
    return "".join(character if character.isprintable() else " " for character in text)


def width(text: str) -> int:
    """How many columns a text takes: wide characters take two, combining ones none."""
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if character.isascii():
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _fold(text: str, columns: int) -> Iterator[str]:
    if width(text) <= columns:
        yield text
        return
    body = text.lstrip(" ")
    indent = min(len(text) - len(body), columns // 3)
    hanging = " " * min(indent + (HANGING_WITHIN if indent else HANGING), columns // 2)
    line, empty = " " * indent, True
    for gap, word in _parts(body, columns - len(hanging)):
        if not empty and width(line) + len(gap) + width(word) > columns:
            yield line
            line, empty = hanging, True
        line += word if empty else gap + word
        empty = False
        while width(line) > columns:
            head = _fitting(line, columns)
            yield line[:head]
            line = hanging + line[head:]
    yield line


def _parts(body: str, room: int) -> Iterator[tuple[str, str]]:
    """(blanks before it, what is not to be broken) of a text: groups between two blanks, or words of longer ones."""
    for number, group in enumerate(body.split("  ")):
        pieces = [group] if width(group) <= room else group.split(" ")
        for place, piece in enumerate(pieces):
            if piece:
                yield (" " if place else "  " if number else "", piece)


def _fitting(text: str, columns: int) -> int:
    """How many characters of a text fit."""
    taken = 0
    for number, character in enumerate(text):
        taken += _columns(character)
        if taken > columns:
            return max(1, number)
    return len(text)
