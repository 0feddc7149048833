"""How figures are written on the screen. null is not known: a word, and never zero. Pure."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from monitor.cli import words

Json = Mapping[str, Any]
UNKNOWN = "unknown"


def percent(ratio: float | None) -> str:
    """A ratio as percent: 0.0427 is `4.3 %`."""
    if ratio is None:
        return UNKNOWN
    size = abs(ratio * 100)
    if size < 0.005:
        return "0.0 %"
    return f"{ratio * 100:,.{0 if size >= 99.95 else 1 if size >= 1 else 2}f} %"


def ratio(value: Json) -> str:
    """A margin ratio in percent of liquidation; NOW from there on."""
    if value["state"] == "unknown":
        return UNKNOWN
    if value.get("value") is None:
        return "NOW" if value["state"] == "liquidatable" else UNKNOWN
    return percent(value["value"])


def part(value: Json) -> float | None:
    """How much of a bar a margin ratio fills; None where it is not known."""
    if value["state"] == "liquidatable":
        return 1.0
    return min(1.0, value["value"]) if value["state"] == "at" else None


def money(usd: float | None) -> str:
    """US dollars without cents, unless there are few; millions in short."""
    if usd is None:
        return UNKNOWN
    size = abs(usd)
    if size < 0.005:
        return "0"
    if size >= 1e9:
        return f"{usd / 1e9:,.2f} B"
    if size >= 1e6:
        return f"{usd / 1e6:,.{2 if size < 1e7 else 1}f} M"
    return f"{usd:,.{2 if 0 < size < 10 else 0}f}"


def number(value: float | None) -> str:
    """A quantity or another plain number, five digits that matter."""
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if 1e5 <= abs(value) < 1e12 else f"{value:,.5g}"


def required(pool: Json) -> float | None:
    """What a pool requires over its threshold, USD; where that is not told its maintenance margin."""
    told: float | None = pool["required_usd"]
    maintenance: float | None = pool["maintenance_margin_usd"]
    return maintenance if told is None else told


def leverage(value: Json) -> str:
    """`6.8 times`."""
    if value["state"] == "at":
        return f"{value['value']:.1f} times"
    return "no equity" if value["state"] == "liquidatable" else UNKNOWN


def lasting(seconds: float | None) -> str:
    """How long, in the largest unit that tells: `8 s`, `4 min`, `3.2 h`, `2 d`."""
    if seconds is None:
        return UNKNOWN
    seconds = max(0.0, seconds)
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 5940:
        return f"{seconds / 60:.0f} min"
    if seconds < 172800:
        return f"{seconds / 3600:.{1 if seconds < 36000 else 0}f} h"
    return f"{seconds / 86400:,.0f} d"


def age(at: float | None, now: float) -> str:
    """How old something of that time is."""
    return "never" if at is None else lasting(now - at)


def clock(at: float | None) -> str:
    """Local time of day."""
    return UNKNOWN if at is None else time.strftime("%H:%M:%S", time.localtime(at))


def plural(count: int, name: str) -> str:
    """`1 pool`, `2 pools`."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def name_of(row: Json) -> str:
    """`venue/account`, or the venue alone of what belongs to no account."""
    return f"{row['venue']}/{row['account']}" if row.get("account") else str(row["venue"])


price = words.price
