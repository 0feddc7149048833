"""Times of a replay: as a person writes them on the command line, and as they are printed. Always UTC."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from monitor.cli.codes import Exit
from monitor.domain.errors import MarginwatchError

_BACK = re.compile(r"-(\d+(?:\.\d+)?)([smhd])$")
_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class BadTime(MarginwatchError):
    """What was given is no time (exit 2)."""

    code = Exit.USAGE


def moment(text: str, now: float) -> float:
    """Seconds since 1970 of an ISO time (UTC where it names no zone) or of -90s, -15m, -2h, -1d before `now`.

    Raises `BadTime`.
    """
    back = _BACK.match(text.strip())
    if back is not None:
        return now - float(back[1]) * _UNITS[back[2]]
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadTime(
            f"{text!r} is no time: write 2026-11-22T03:10:00 (UTC, or with a zone), or -2h for two hours ago"
        ) from None
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).timestamp()


def day_and_time(at: float) -> str:
    """`2026-11-22 03:10:00 UTC`."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def clock(at: float) -> str:
    """`03:10:00.25`: within a replay whose day is told already."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-4]


def lasting(seconds: float) -> str:
    """`12 s`, `7 min`, `3.5 h`."""
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.1f} h"
