"""Arrays of mark prices into columns: one frame of all contracts, or the answer that stands in for it.

The usual array, of good rows only, costs one typed decoding, and a pass and a look for each column.
Only an array in which something is wrong is gone through row by row, so that a bad row costs that row only.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import msgspec

from monitor.domain.events import Tick, Ticks
from monitor.domain.frames import RowProblem
from monitor.domain.names import Venue
from monitor.venues.fields import BadField, positive, seconds

FRAME_BEGINS = b'{"stream":"!markPrice@arr'  #: how the frames of the stream begin on the combined route
_SHOWN = 40  #: how much of a venue's word is kept when it is not one of ours


class MarkCell(msgspec.Struct, gc=False, tag_field="e", tag="markPriceUpdate"):
    """What is read of a stream's row. Index and funding are not: nobody asks an array for them."""

    E: float
    s: str
    p: float


class _PremiumCell(msgspec.Struct, gc=False, rename={"E": "time", "s": "symbol", "p": "markPrice"}):
    """The same of an answer's row, where the fields have long names."""

    E: float
    s: str
    p: float


class ArrayFrame(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A frame of the combined route that holds nothing but marks."""

    stream: str
    data: list[MarkCell]


_frame = msgspec.json.Decoder(ArrayFrame, strict=False)
_premium_cells = msgspec.json.Decoder(list[_PremiumCell], strict=False)
Cells = Sequence[MarkCell] | Sequence[_PremiumCell]


def frame(raw: bytes) -> ArrayFrame | None:
    """A whole frame of the array stream; None if it is not simply that."""
    if not raw.startswith(FRAME_BEGINS):
        return None
    try:
        return _frame.decode(raw)
    except (ValueError, RecursionError):
        return None


def answer(raw: bytes, venue: Venue, received: float) -> Ticks | None:
    """The rows of a `premiumIndex` answer of all contracts; None if it is anything but good rows."""
    try:
        cells = _premium_cells.decode(raw)
    except (ValueError, RecursionError):
        return None
    return _columns(cells, venue, received)


def ticks(cells: Sequence[MarkCell], venue: Venue, received: float, problems: list[RowProblem]) -> Ticks | None:
    """The good rows as columns, None without any; bad rows are put into `problems`."""
    return _columns(cells, venue, received) or _one_by_one(cells, venue, received, problems)


def of_ticks(rows: Sequence[Tick]) -> Ticks | None:
    """The same marks as columns, None without any."""
    if not rows:
        return None
    return Ticks(
        rows[0].venue,
        tuple([tick.symbol for tick in rows]),
        tuple([tick.mark for tick in rows]),
        tuple([tick.venue_time for tick in rows]),
        rows[0].received,
    )


def _columns(cells: Cells, venue: Venue, received: float) -> Ticks | None:
    """All rows as columns; None unless every one is good."""
    if not cells:
        return None
    symbols = tuple([cell.s for cell in cells])
    marks = tuple([cell.p for cell in cells])
    stamps = [cell.E for cell in cells]
    if stamps.count(stamps[0]) == len(stamps):  # as the venue stamps an array
        venue_times = (stamps[0] / 1000.0,) * len(stamps)
        stamps = stamps[:1]
    else:
        venue_times = tuple([stamp / 1000.0 for stamp in stamps])
    # A sum is below infinity only if no number is infinite or NaN; without NaN, the least one speaks for all.
    good = sum(marks) < inf and min(marks) > 0.0 and sum(stamps) < inf and min(stamps) >= 0.0
    return Ticks(venue, symbols, marks, venue_times, received) if good and "" not in symbols else None


def _one_by_one(cells: Cells, venue: Venue, received: float, problems: list[RowProblem]) -> Ticks | None:
    good: list[Tick] = []
    for cell in cells:
        try:
            if not cell.s:
                raise BadField("s is empty")
            good.append(Tick(venue, cell.s, positive("p", cell.p), seconds("E", cell.E), received))
        except BadField as error:
            problems.append(RowProblem(cell.s[:_SHOWN] or "?", str(error)))
    return of_ticks(good)
