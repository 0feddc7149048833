"""Moments in words. The one file of the pure packages that knows calendars; it never asks what time it is."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(seconds: float) -> str:
    """A moment in seconds since 1970 as «2026-11-22 14:02 UTC»."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def utc_time(seconds: float) -> str:
    """The same without its day: «14:02 UTC»."""
    return f"{datetime.fromtimestamp(seconds, UTC):%H:%M} UTC"
