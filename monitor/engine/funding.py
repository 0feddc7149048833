"""Funding as the venues announce it: rate and time of each perpetual's next payment, and how often it pays."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

MOST_SECONDS = 600.0  #: an announcement that is older is none
PAID_SECONDS = 60.0  #: so long after a payment the announcement of it is none of the next one
JITTER_SECONDS = 5.0  #: a time of payment that moves by less is the same one
WHOLE = 0.01  #: by how much a number of intervals may miss a whole one


class Due(NamedTuple):
    """What an instrument pays next: a long pays `rate` of its notional at `next_time` (the venue's seconds since 1970),
    and again every `interval_seconds`. None: the venue did not say, or no two successive payments were announced.
    """

    rate: float
    next_time: float | None
    interval_seconds: float | None


NO_FUNDING = Due(0.0, None, None)


@dataclass(slots=True)
class _Row:
    due: Due
    received: float


class Funding:
    """The last announcement of each instrument, by the place of its mark.

    An interval is never assumed: it is the time between two payments of which one was announced right after the other
    was made, so that there was none between them. A schedule that changes makes it unknown again.
    """

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}

    def observe(self, place: int, rate: float, next_time: float | None, received: float, venue_now: float) -> bool:
        """Take an announcement, `received` by our clock and at `venue_now` by the venue's; whether it says anything
        new. One that is older than the last is passed over.
        """
        row = self._rows.get(place)
        if row is None:
            self._rows[place] = _Row(Due(rate, next_time, None), received)
            return True
        if received < row.received:
            return False
        row.received = received
        due = row.due
        if rate == due.rate and next_time == due.next_time:
            return False
        row.due = _followed(due, rate, next_time, venue_now)
        return row.due != due

    def due(self, place: int, now: float, *, dated: bool = False) -> Due | None:
        """What is paid next at this place; None where that is unknown, or was announced too long ago. What has a date
        of delivery (`dated`), and for which never a payment was announced, pays none.
        """
        row = self._rows.get(place)
        if row is None:
            return NO_FUNDING if dated else None
        due = row.due
        limit = MOST_SECONDS if due.interval_seconds is None else min(MOST_SECONDS, 2.0 * due.interval_seconds)
        if now - row.received > limit or (due.next_time is not None and now > due.next_time + PAID_SECONDS):
            return None
        return due


def _followed(before: Due, rate: float, next_time: float | None, venue_now: float) -> Due:
    """The announcement after `before`: with the interval, if it can be told from both."""
    if next_time is None or before.next_time is None:
        return Due(rate, next_time, None)
    gap = next_time - before.next_time
    if abs(gap) <= JITTER_SECONDS:
        return Due(rate, before.next_time, before.interval_seconds)
    late = venue_now - before.next_time  # how long ago the payment announced before was made
    # Had there been others since, each would be at most `gap / 2` after the one before, and we later than the first.
    if -JITTER_SECONDS <= late < gap / 2.0:
        return Due(rate, next_time, gap)
    known = before.interval_seconds
    if known is None or late < 0.0 or not _is_whole(gap / known):
        return Due(rate, next_time, None)
    return Due(rate, next_time, known)


def _is_whole(number: float) -> bool:
    return number > 0.5 and abs(number - math.floor(number + 0.5)) <= WHOLE
