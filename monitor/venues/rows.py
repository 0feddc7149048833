"""Rows of an answer, each decoded by itself: one that cannot be read costs itself and is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec

from monitor.domain.frames import RowProblem

Row = TypeVar("Row", bound=msgspec.Struct)
Made = TypeVar("Made")
SHOWN = 200  #: characters of a bad row, or of what is wrong with it, that are kept for diagnosis


def each(
    raws: Iterable[msgspec.Raw],
    kind: type[Row],
    make: Callable[[Row], Made],
    what: str,
    problems: list[RowProblem] | None,
) -> list[Made]:
    """What is made of each row; a row that cannot be read is left out and named in `problems`."""
    decoder = msgspec.json.Decoder(kind, strict=False)
    made: list[Made] = []
    for number, raw in enumerate(raws):
        try:
            made.append(make(decoder.decode(raw)))
        except (ValueError, OverflowError, RecursionError) as error:  # msgspec's errors and BadField
            if problems is not None:
                problems.append(RowProblem(f"{what} row {number}", str(error)[:SHOWN], shown(raw)))
    return made


def shown(row: msgspec.Raw) -> str:
    """The beginning of a row, for diagnosis."""
    return bytes(row)[:SHOWN].decode("utf-8", "replace")


def in_words(bad: Iterable[RowProblem]) -> tuple[str, ...]:
    """Bad rows as reasons."""
    return tuple(f"{one.row} cannot be read: {one.why}" for one in bad)


def twice(what: str, names: Iterable[str]) -> list[str]:
    """Names that an answer holds more than once, as reasons."""
    return [f"{what} {name} is in the answer twice" for name, times in sorted(Counter(names).items()) if times > 1]
