"""What channels say besides the message itself, in one place, and how a message is cut to what a service takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from monitor.domain.alerts import LOUD, Alert, AlertState, Change, Level, Severity
from monitor.domain.delivery import Message
from monitor.domain.fingerprints import alert_name

#: Every word of ours that a reader of a channel sees: translate here.
ACKNOWLEDGE: Final = "Acknowledge"
SILENCE: Final = "Silence 1 h"
OPEN: Final = "Details"
RUNBOOK: Final = "What to do"
MAY_BE_REPEATED: Final = "(may be repeated: it was perhaps delivered before)"
ACKNOWLEDGED: Final = "Acknowledged."
SILENCED: Final = "Silenced for an hour."
NO_LONGER: Final = "This alert no longer fires."
NOT_TAKEN: Final = "The monitor could not take it: try again."
SILENCED_BY_BUTTON: Final = "by the button in Telegram"
CUT: Final = "…"

Like = Callable[[Level], Level]  #: the built-in level that an own one is shown as


def built_in(level: Level) -> Level:
    """A built-in level as it is; an own one, of which nothing is known, counts as a warning."""
    return level if level in tuple(Severity) else Severity.WARNING


def is_loud(message: Message) -> bool:
    """Whether somebody is to look at once."""
    return message.test or any(change.change in LOUD for change in message.changes)


def is_over(message: Message) -> bool:
    """Whether all that it tells of has been resolved."""
    return bool(message.changes) and all(change.change is Change.RESOLVED for change in message.changes)


def loudest(message: Message, like: Like) -> Level:
    """The built-in level that the message has: that of its first change; of a test, information."""
    return like(message.changes[0].alert.severity) if message.changes else Severity.INFO


def whole_text(message: Message) -> str:
    """The text, and that it may be repeated."""
    return "\n".join(part for part in (message.text, MAY_BE_REPEATED if message.repeated else "") if part)


def links(message: Message) -> tuple[tuple[str, str], ...]:
    """What can be followed: word and address, where there are addresses."""
    return tuple((word, url) for word, url in ((OPEN, message.link), (RUNBOOK, message.runbook)) if url)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, as a service counts them that counts UTF-16 units (Telegram, Discord, Slack)."""
    if len(text) <= limit // 2 or _units(text) <= limit:
        return text
    room = limit - _units(CUT)
    kept = text.encode("utf-16-le", "replace")[: max(0, room) * 2].decode("utf-16-le", "ignore")
    return kept + CUT


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "replace")) // 2


def timestamp(seconds: float) -> str:
    """RFC 3339, in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def alert_link(external_url: str, alert: Alert) -> str:
    """The page of an alert; "" where the monitor has no address."""
    return f"{external_url.rstrip('/')}/alerts/{alert.fingerprint}" if external_url and alert.fingerprint else ""


def runbook_link(external_url: str, alert: Alert) -> str:
    """The page that says what the alert means and what to do."""
    return f"{external_url.rstrip('/')}/runbooks/{alert_name(alert.rule)}" if external_url else ""


def words_of(alert: Alert, runbook: str) -> Mapping[str, str]:
    """What Alertmanager and those that speak its format call the words of an alert; none of them is empty."""
    found = {"summary": alert.summary, "description": alert.text, "runbook_url": runbook}
    if alert.state is AlertState.ACKNOWLEDGED:
        found["acknowledged_by"] = ": ".join(part for part in (alert.by, alert.note) if part)
    return {name: value for name, value in found.items() if value}
