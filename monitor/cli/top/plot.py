"""A health curve drawn in characters: two lines in dots of braille, and what is marked along them. Pure.

Each character holds two by four dots. Equity is a whole line and the requirement a broken one, and where the pool is
liquidated the ground is hatched, so that all is told apart without colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from monitor.cli import words
from monitor.cli.top import figures
from monitor.cli.top.painted import Line, Role, Span, cell, clipped, width

Json = Mapping[str, Any]

AXIS = 8  #: columns of the figures at the left
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  #: by column and row within a character
_BRAILLE = 0x2800
HATCH, TODAY, CROSSING, STAGE, ZERO, USUAL = "░", "│", "┃", "╎", "┄", "━"
LIQUIDATION = "liquidation"


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at a move: a stage that begins there."""

    name: str
    move: float


@dataclass(frozen=True, slots=True)
class Frame:
    """The room for the drawing, and what its edges stand for: moves from left to right, USD from below."""

    columns: int
    rows: int
    least: float
    most: float
    low: float
    high: float

    def column(self, move: float) -> int | None:
        """Where a move is; None beyond the edges."""
        part = (move - self.least) / (self.most - self.least)
        return min(self.columns - 1, int(part * self.columns)) if 0.0 <= part <= 1.0 else None

    def move(self, dot: int) -> float:
        """The move of a column of dots, of which a character has two."""
        return self.least + (self.most - self.least) * dot / (2 * self.columns - 1)

    def dot_row(self, usd: float) -> int:
        """The row of dots, from above."""
        part = (self.high - usd) / (self.high - self.low)
        return max(0, min(4 * self.rows - 1, round(part * (4 * self.rows - 1))))

    def usd(self, row: int) -> float:
        """What the middle of a row of characters stands for."""
        return self.high - (self.high - self.low) * (row + 0.5) / self.rows


def known(answer: Json) -> bool:
    """Whether there is anything to draw."""
    return any(value is not None for value in answer["equity_usd"])


def marks(answer: Json) -> list[Mark]:
    """Where the stages of the pool begin, liquidation as the report says it."""
    found = []
    sides = [(LIQUIDATION, answer["line"])]
    sides += [(stage["name"], stage) for stage in answer["stages"] if stage["name"] != LIQUIDATION]
    for name, each in sides:
        for side, sign in (("down", -1.0), ("up", 1.0)):
            line = each.get(side)
            if line and line["state"] == "at":
                found.append(Mark(name.replace("-", " "), sign * line["distance_ratio"]))
    return found


def plot(answer: Json, columns: int, rows: int) -> list[Line]:
    """The drawing with its labels above and its axes."""
    frame = _frame(answer, max(16, columns - AXIS - 1), rows)
    seen = [(column, mark) for mark in marks(answer) if (column := frame.column(mark.move)) is not None]
    lines = _labels(seen, frame)
    equity = _dots([_value(answer, "equity_usd", frame.move(dot)) for dot in range(2 * frame.columns)], frame)
    required = _dots(
        [_value(answer, "requirement_usd", frame.move(dot)) for dot in range(2 * frame.columns)], frame, broken=True
    )
    ground = _ground(answer, seen, frame)
    zero = frame.dot_row(0.0) // 4 if frame.low < 0.0 else None
    for row in range(rows):
        spans: list[Span] = [(_scale(row, frame, zero), Role.SOFT), ("┤", Role.SOFT)]
        for column in range(frame.columns):
            spans.append(
                _cell(equity.get((column, row), 0), required.get((column, row), 0), ground[column], row == zero)
            )
        lines.append(_merged(spans))
    return [*lines, *_axis(answer, frame)]


def _frame(answer: Json, columns: int, rows: int) -> Frame:
    values = [value for name in ("equity_usd", "requirement_usd") for value in answer[name] if value is not None]
    low, high = min(0.0, *values), max(0.0, *values)
    size = (high - low) or 1.0
    return Frame(
        columns,
        rows,
        answer["move"][0],
        answer["move"][-1],
        low - (0.04 * size if low < 0.0 else 0.0),
        high + 0.04 * size,
    )


def _value(answer: Json, name: str, move: float) -> float | None:
    """One of the two at a move, between the points that were told; None where one of them is not known."""
    moves: Sequence[float] = answer["move"]
    values: Sequence[float | None] = answer[name]
    place = (move - moves[0]) / (moves[-1] - moves[0]) * (len(moves) - 1)
    before = max(0, min(len(moves) - 2, int(place)))
    left, right = values[before], values[before + 1]
    if left is None or right is None:
        return None
    return left + (right - left) * (place - before)


def _dots(values: Sequence[float | None], frame: Frame, *, broken: bool = False) -> dict[tuple[int, int], int]:
    """The dots of a line by (column, row) of the character: each joined to the one before."""
    found: dict[tuple[int, int], int] = {}
    last: int | None = None
    for dot, value in enumerate(values):
        if value is None:
            last = None
            continue
        row = frame.dot_row(value)
        between = range(row, row + 1) if last is None else range(min(last, row), max(last, row) + 1)
        last = row
        if broken and dot % 4 >= 2:
            continue
        for each in between if not broken else range(row, row + 1):
            key = (dot // 2, each // 4)
            found[key] = found.get(key, 0) | _DOTS[dot % 2][each % 4]
    return found


def _ground(answer: Json, seen: Sequence[tuple[int, Mark]], frame: Frame) -> list[Span]:
    """What stands in each column where no line goes through."""
    ground: list[Span] = []
    for column in range(frame.columns):
        move = frame.move(2 * column)
        equity, required = (_value(answer, name, move) for name in ("equity_usd", "requirement_usd"))
        lost = equity is not None and required is not None and equity <= required
        ground.append((HATCH, Role.LOST) if lost else (" ", Role.PLAIN))
    today = frame.column(0.0)
    if today is not None:
        ground[today] = (TODAY, Role.SOFT)
    for column, mark in seen:
        if mark.name != LIQUIDATION:
            ground[column] = (STAGE, Role.WARNING)
    for column, mark in seen:
        if mark.name == LIQUIDATION:
            ground[column] = (CROSSING, Role.CRITICAL)
    return ground


def _cell(equity: int, required: int, ground: Span, zero: bool) -> Span:
    if equity:
        return chr(_BRAILLE + (equity | required)), Role.EQUITY
    if required:
        return chr(_BRAILLE + required), Role.REQUIRED
    return (ZERO, Role.SOFT) if zero and ground[0] == " " else ground


def _labels(seen: Sequence[tuple[int, Mark]], frame: Frame) -> list[Line]:
    """What is marked, above its column; what would lie over another name stands a row higher."""
    rows: list[list[tuple[int, str, Role]]] = []
    ordered = sorted(seen, key=lambda pair: pair[0])
    for column, group in groupby(ordered, key=lambda pair: pair[0]):
        named = [mark for _, mark in group]
        names = list(dict.fromkeys(mark.name for mark in sorted(named, key=lambda mark: mark.name == LIQUIDATION)))
        role = Role.CRITICAL if LIQUIDATION in names else Role.WARNING
        text = clipped(f"▼ {', '.join(names)} {named[0].move * 100:+.1f} %", frame.columns)
        begin = max(0, min(column, frame.columns - width(text)))
        for row in rows:
            if row[-1][0] + width(row[-1][1]) + 1 < begin:
                row.append((begin, text, role))
                break
        else:
            rows.append([(begin, text, role)])
    return [_label_row(row) for row in reversed(rows)]


def _label_row(row: Sequence[tuple[int, str, Role]]) -> Line:
    spans: list[Span] = [(" " * (AXIS + 1), Role.PLAIN)]
    taken = 0
    for begin, text, role in row:
        spans += [(" " * (begin - taken), Role.PLAIN), (text, role)]
        taken = begin + width(text)
    return tuple(spans)


def _scale(row: int, frame: Frame, zero: int | None) -> str:
    """The figure at the left of a row: above, in the middle, at zero, below."""
    if row == zero:
        return cell("0", AXIS, right=True)
    near_zero = zero is not None and abs(row - zero) < 2
    if row in (0, frame.rows // 2, frame.rows - 1) and not near_zero:
        bottom = row == frame.rows - 1 and frame.low == 0.0
        return cell("0" if bottom else figures.money(frame.usd(row)), AXIS, right=True)
    return " " * AXIS


def _axis(answer: Json, frame: Frame) -> list[Line]:
    """Moves, prices, and a usual day."""
    sigma = answer["sigma_ratio"]
    today = frame.column(0.0)
    rule: list[Span] = [(" " * AXIS + "└", Role.SOFT)]
    for column in range(frame.columns):
        usual = sigma is not None and abs(frame.move(2 * column)) <= sigma
        rule.append((USUAL, Role.STRONG) if usual else ("┴" if column == today else "─", Role.SOFT))
    lines = [_merged(rule), _ticks(frame, lambda move: "today" if abs(move) < 1e-9 else f"{move * 100:+.3g} %")]
    price = answer["price_now"]
    if price is not None:
        lines.append(_ticks(frame, lambda move: words.price(price * (1.0 + move))))
    return lines


def _ticks(frame: Frame, written: Any) -> Line:
    """Five figures below the axis: three where there is little room."""
    parts = (0.0, 0.25, 0.5, 0.75, 1.0) if frame.columns >= 50 else (0.0, 0.5, 1.0)
    text = " " * (AXIS + 1)
    for part in parts:
        move = frame.least + (frame.most - frame.least) * part
        told = str(written(0.0 if abs(move) < 1e-12 else move))
        begin = AXIS + 1 + round(part * (frame.columns - 1) - part * (width(told) - 1))
        if begin >= len(text):
            text += " " * (begin - len(text)) + told
    return ((text, Role.SOFT),)


def _merged(spans: Sequence[Span]) -> Line:
    """Neighbours of one meaning as one piece."""
    return tuple(("".join(text for text, _ in group), role) for role, group in groupby(spans, key=lambda span: span[1]))
