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
    """`seen` is the interval as two payments showed it."""

    due: Due
    received: float
    seen: float | None = None


class Funding:
    """The last announcement of each instrument, by the place of its mark.

    An interval is never assumed. The venue says it, or it is the time between two payments of which one was announced
    right after the other was made, so that there was none between them. A schedule that changes makes it unknown again.
    """

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._told: dict[int, float] = {}  #: intervals as the venue says them, until its payments contradict it

    def copied(self) -> Funding:
        """The same, which no later announcement changes."""
        other = Funding()
        other._rows = {place: _Row(row.due, row.received, row.seen) for place, row in self._rows.items()}
        other._told = dict(self._told)
        return other

    def told(self, place: int, interval_seconds: float) -> bool:
        """The venue says how often this pays; whether that is news. What payments show is better."""
        self._told[place] = interval_seconds
        row = self._rows.get(place)
        if row is None or row.seen is not None or row.due.interval_seconds == interval_seconds:
            return False
        row.due = row.due._replace(interval_seconds=interval_seconds)
        return True

    def observe(self, place: int, rate: float, next_time: float | None, received: float, venue_now: float) -> bool:
        """Take an announcement, `received` by our clock and at `venue_now` by the venue's; whether it says anything
        new. One that is older than the last is passed over.
        """
        row = self._rows.get(place)
        if row is None:
            self._rows[place] = _Row(Due(rate, next_time, self._told.get(place)), received)
            return True
        if received < row.received:
            return False
        row.received = received
        due = row.due
        if rate == due.rate and next_time == due.next_time:
            return False
        if next_time is None:
            row.seen = None
        elif due.next_time is not None:
            gap = next_time - due.next_time
            if abs(gap) <= JITTER_SECONDS:
                next_time = due.next_time
            else:
                self._follow(place, row, gap, venue_now - due.next_time)
        row.due = Due(rate, next_time, self._told.get(place) if row.seen is None else row.seen)
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

    def _follow(self, place: int, row: _Row, gap: float, late: float) -> None:
        """The next payment is `gap` after the one announced before, which was made `late` seconds ago."""
        # Had others been made since, the first of them would lie at most `gap / 2` after it, and before now.
        if -JITTER_SECONDS <= late < gap / 2.0:
            row.seen = gap
            return
        if row.seen is not None and not (late >= 0.0 and _is_whole(gap / row.seen)):
            row.seen = None
        told = self._told.get(place)
        if told is not None and not (late >= 0.0 and _is_whole(gap / told)):
            del self._told[place]


def _is_whole(number: float) -> bool:
    return number > 0.5 and abs(number - math.floor(number + 0.5)) <= WHOLE
