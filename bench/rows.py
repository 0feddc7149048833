"""Rows: what a benchmark says of one figure, and how it is judged against its budget."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.timing import Timing, ratio

NAN = float("nan")
OVER = "over budget"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `ratio` is ours to the floor's or peer's (theirs to ours where `at_least`), NaN for none.

    `limit` is the bound of `ratio` (None: nothing is promised) and `at_least` says that it is the lower one. A budget
    in seconds or bytes gives `over` itself, and `promise` in words. `skipped` and `failed` say why there is no figure.
    """

    budget: str
    what: str
    figure: str = ""
    floor: str = ""
    ratio: float = NAN
    limit: float | None = None
    at_least: bool = False
    over: bool | None = None
    promise: str = ""
    skipped: str = ""
    failed: str = ""

    @property
    def judged(self) -> bool:
        """Whether a budget holds for this row at all."""
        return not (self.skipped or self.failed) and (self.over is not None or self.limit is not None)

    @property
    def over_budget(self) -> bool:
        """Whether it misses its budget. A ratio that is not a number misses it."""
        if not self.judged:
            return False
        if self.over is not None:
            return self.over
        assert self.limit is not None
        return not (self.ratio >= self.limit if self.at_least else self.ratio <= self.limit)

    def line(self, width: int = 64) -> str:
        """The row as printed; one that misses its budget ends in «over budget»."""
        head = f"{self.budget:<4} {self.what:<{width}}"
        if self.skipped or self.failed:
            return f"{head} " + (f"skipped: {self.skipped}" if self.skipped else f"failed: {self.failed}")
        promise = self.promise
        if not promise and self.limit is not None:
            promise = f"{'>=' if self.at_least else '<='} {self.limit:g}x"
        times = "" if math.isnan(self.ratio) else f"{self.ratio:.2f}x"
        line = f"{head} {self.figure:>12}  {self.floor:<38} {times:>9}  {promise:<18}".rstrip()
        return f"{line}  {OVER}" if self.over_budget else line


def compared(
    budget: str,
    what: str,
    ours: Timing,
    floor_name: str,
    floor: Timing,
    limit: float | None = None,
    *,
    at_least: bool = False,
) -> Row:
    """Our time against the floor's or a peer's, round by round. `at_least`: the ratio is how much quicker we are."""
    times = ratio(floor, ours) if at_least else ratio(ours, floor)
    floor_text = f"{floor_name} {seconds_text(floor.median)}"
    return Row(budget, what, seconds_text(ours.median), floor_text, times, limit, at_least)


def bounded(
    budget: str,
    what: str,
    value: float,
    limit: float,
    text: Callable[[float], str] | None = None,
    *,
    floor: str = "",
    times: float = NAN,
) -> Row:
    """A figure with a promise of its own (seconds, or what `text` renders); floor and ratio are shown beside it."""
    text = text or seconds_text
    return Row(budget, what, text(value), floor, times, over=not value <= limit, promise=f"<= {text(limit)}")


def seconds_text(seconds: float) -> str:
    """A duration in the unit that reads best, three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if abs(seconds) >= size:
            return f"{_three(seconds / size)} {unit}"
    return f"{_three(seconds * 1e9)} ns"


def bytes_text(size: float) -> str:
    """An amount of memory, in units of 1000."""
    for unit, one in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= one:
            return f"{_three(size / one)} {unit}"
    return f"{size:.0f} B"


def _three(value: float) -> str:
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}" if 0 < abs(value) < 100 else f"{value:.0f}"


def summary(rows: Sequence[Row], seconds: float) -> str:
    """The last line: how many rows hold their budgets, and which do not."""
    judged = [row for row in rows if row.judged]
    over = [row for row in judged if row.over_budget]
    skipped, failed = [row for row in rows if row.skipped], [row for row in rows if row.failed]
    parts = [f"{len(judged) - len(over)} of {len(judged)} rows within budget"]
    if over:
        parts.append(f"{len(over)} {OVER} ({', '.join(dict.fromkeys(row.budget for row in over))})")
    if skipped:
        parts.append(f"{len(skipped)} skipped")
    if failed:
        parts.append(f"{len(failed)} failed")
    without = len(rows) - len(judged) - len(skipped) - len(failed)
    if without:
        parts.append(f"{without} for information")
    return f"{'; '.join(parts)}; {seconds:.0f} s"
