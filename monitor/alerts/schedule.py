"""Times of the day: when quiet hours end, and when the next digest is due. Pure arithmetic on local minutes.

What minute of the local day it is at some time is told by a function: zones are the business of those who have them.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor

from monitor.alerts.routing import Digest, QuietHours

DAY_MINUTES = 1440
MinuteAt = Callable[[float], int]  #: from seconds since 1970 to the minute of the local day


def is_quiet(minute: int, hours: QuietHours) -> bool:
    """Whether a minute of the local day lies within quiet hours."""
    if hours.starts_minute <= hours.ends_minute:
        return hours.starts_minute <= minute < hours.ends_minute
    return minute >= hours.starts_minute or minute < hours.ends_minute


def quiet_until(now: float, hours: QuietHours, minute_at: MinuteAt) -> float:
    """When the quiet hours end in which `now` lies; `now` itself outside of them."""
    minute = minute_at(now)
    if not is_quiet(minute, hours):
        return now
    left = (hours.ends_minute - minute) % DAY_MINUTES
    return _at_minute(floor(now / 60.0) * 60.0 + left * 60.0, hours.ends_minute, minute_at)


def next_digest(now: float, digest: Digest, minute_at: MinuteAt) -> float:
    """The next time after `now` at which a digest is sent."""
    minute = minute_at(now)
    ahead = _nearest(minute - floor(now / 60.0) % DAY_MINUTES)  # of UTC, in minutes
    start = (digest.starts_minute - ahead) * 60.0
    due = start + (floor((now - start) / digest.every_seconds) + 1) * digest.every_seconds
    if digest.every_seconds % (DAY_MINUTES * 60.0):
        return due
    return _at_minute(due, digest.starts_minute, minute_at)


def _at_minute(time: float, minute: int, minute_at: MinuteAt) -> float:
    """The time near `time` at which the local day has this minute: a clock may have been put forward or back."""
    return time + _nearest(minute - minute_at(time)) * 60.0


def _nearest(minutes: int) -> int:
    """A difference of minutes of the day, the short way round."""
    return (minutes + DAY_MINUTES // 2) % DAY_MINUTES - DAY_MINUTES // 2
