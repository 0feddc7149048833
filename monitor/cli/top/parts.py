"""Headings, facts and tables in as many columns as there are. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from monitor.cli.top.painted import EMPTY, Line, Role, Span, cell, folded, width, wrapped

LABEL = 26
GAP = 2
LEAST = 6


def heading(text: str, columns: int) -> list[Line]:
    """A title, with a rule behind it."""
    rule = "─" * max(0, columns - width(text) - 4)
    return [EMPTY, (("── ", Role.SOFT), (text, Role.TITLE), (f" {rule}", Role.SOFT))]


def facts(rows: Iterable[tuple[str, str | Span]], columns: int) -> Iterator[Line]:
    """A name and what there is to say, below each other."""
    label = min(LABEL, columns * 2 // 5)
    for name, value in rows:
        text, role = (value, Role.PLAIN) if isinstance(value, str) else value
        head: Line = ((cell(name, label), Role.SOFT), ("  ", Role.PLAIN), (text, role))
        yield from folded(head, columns, hanging=label + 2)


def remarks(texts: Iterable[str], columns: int, role: Role, sign: str = "!") -> Iterator[Line]:
    """Sentences with a sign before each."""
    yield from wrapped((((f"{sign} {text}", role),) for text in texts), columns)


def table(titles: Sequence[str], rows: Sequence[Sequence[str | Span]], columns: int) -> Iterator[Line]:
    """Columns as wide as what stands in them, the first to the left. Those that do not fit stand in words below."""
    cells = [[(each, Role.PLAIN) if isinstance(each, str) else each for each in row] for row in rows]
    widths = [
        max(LEAST, width(title), *(width(row[place][0]) for row in cells)) if cells else max(LEAST, width(title))
        for place, title in enumerate(titles)
    ]
    widths[0] = min(widths[0], max(LEAST, columns // 2))
    shown = len(titles)
    while shown > 1 and sum(widths[:shown]) + GAP * (shown - 1) > columns:
        shown -= 1
    yield _row([(title, Role.SOFT) for title in titles[:shown]], widths)
    for row in cells:
        yield _row(row[:shown], widths)
        rest = [f"{title.lower()} {text}" for title, (text, _) in zip(titles[shown:], row[shown:], strict=True) if text]
        if rest:
            yield from folded((("  ", Role.PLAIN), (" · ".join(rest), Role.SOFT)), columns, hanging=2)


def _row(cells: Sequence[Span], widths: Sequence[int]) -> Line:
    spans: list[Span] = []
    for place, (text, role) in enumerate(cells):
        if place:
            spans.append((" " * GAP, Role.PLAIN))
        spans.append((cell(text, widths[place], right=place > 0), role))
    return tuple(spans)
