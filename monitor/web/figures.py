"""How pages write figures: ratios and lines in words or percent, amounts, and the colour of how far to believe them."""

from __future__ import annotations

from monitor.domain.lines import Line, Ratio, State
from monitor.domain.quality import Quality

QUALITY_CLASS = {Quality.LIVE: "calm", Quality.PARTIAL: "warn", Quality.STALE: "blind", Quality.UNKNOWN: "blind"}


def ratio_text(ratio: Ratio) -> str:
    """A margin ratio in words or percent."""
    if ratio.state is State.UNKNOWN or ratio.value is None:
        return "unknown"
    if ratio.value == float("inf"):
        return "no equity left"
    return f"{ratio.value:.1%}"


def line_text(line: Line) -> str:
    """How far a line is, in words or percent."""
    match line.state:
        case State.AT:
            return "unknown" if line.distance_ratio is None else f"{line.distance_ratio:.1%}"
        case State.NEVER:
            return "no price"
        case State.LIQUIDATABLE:
            return "now"
        case State.UNKNOWN:
            return "unknown"


def money(value: float | None) -> str:
    """An amount without cents."""
    return "unknown" if value is None else f"{value:,.0f}"
