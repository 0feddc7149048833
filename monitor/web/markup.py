"""What all pages share: the head, times in words, colours. Every word that comes from outside is escaped."""

from __future__ import annotations

from html import escape
from time import gmtime, strftime

from monitor.domain.alerts import Alert, AlertState, Level, Severity

_CLASS_OF_LEVEL: dict[Level, str] = {Severity.INFO: "calm", Severity.WARNING: "warn", Severity.CRITICAL: "danger"}


def opened(title: str, head: str = "") -> str:
    """A document up to the opened body."""
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
{head}<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
"""


def document(title: str, main: str, head: str = "", under: str = "") -> str:
    """A whole small page with the way back to the first one; `under` stands beside the name, else the title does."""
    small = escape(under or title)
    return (
        f'{opened(title, head)}<header>\n<h1><a href="/">marginwatch</a></h1>\n<small>{small}</small>\n'
        f"</header>\n<main>\n{main}\n</main>\n</body>\n</html>\n"
    )


def clock(at: float | None) -> str:
    """A moment."""
    return "never" if at is None else strftime("%Y-%m-%d %H:%M:%S UTC", gmtime(at))


def age(at: float | None, now: float) -> str:
    """How long ago a moment was."""
    return "never" if at is None else f"{duration(now - at)} ago"


def duration(seconds: float) -> str:
    """How long something is, in one unit."""
    seconds = max(0.0, seconds)
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"


def counted(count: int, what: str) -> str:
    """`1 silence`, `2 silences`."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def level_tag(level: Level) -> str:
    """The level of an alert."""
    return f'<span class="tag {_CLASS_OF_LEVEL.get(level, "warn")}">{escape(level)}</span>'


def state_tag(alert: Alert) -> str:
    """What holds of a firing alert, where it is more than that."""
    if alert.state is AlertState.FIRING:
        return ""
    by = f" by {escape(alert.by)}" if alert.state is AlertState.ACKNOWLEDGED and alert.by else ""
    return f'<span class="tag quiet">{alert.state}{by}</span>'
