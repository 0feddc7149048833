"""Why an alert changed, in words: they go to the log, the audit, the metrics' help and the message. All are here."""

from __future__ import annotations

from monitor.alerts.rule import RuleSettings
from monitor.domain.alerts import Acknowledgement, Level, Silence


def _span(seconds: float) -> str:
    """A length of time in the unit that people would use."""
    for unit, length in (("d", 86400.0), ("h", 3600.0), ("min", 60.0)):
        if abs(seconds) >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} s"


def fired(severity: Level, settings: RuleSettings, *, extreme: bool, event: bool) -> str:
    """It began."""
    if event:
        return "it happened"
    if extreme:
        return "the worst has come: not waited for"
    return f"{severity} for {_span(settings.for_seconds)}" if settings.for_seconds > 0 else f"{severity} is reached"


def escalated(previous: Level, severity: Level) -> str:
    """Louder than before."""
    return f"grew from {previous} to {severity}"


def eased(previous: Level, severity: Level, settings: RuleSettings) -> str:
    """Quieter than before."""
    return f"eased from {previous} to {severity}, for {_span(settings.keep_firing_seconds)}"


def worsened(told: float, room: float) -> str:
    """The room left shrank."""
    return f"the room left is {room / told:.0%} of what was told last"


def again() -> str:
    """An event happened once more."""
    return "it happened again"


def repeated(since: float, told_at: float, now: float) -> str:
    """It lasts."""
    return f"still so after {_span(now - since)}; told last {_span(now - told_at)} ago"


def recovered(settings: RuleSettings) -> str:
    """It is over."""
    return f"over for {_span(settings.keep_firing_seconds)}" if settings.keep_firing_seconds > 0 else "over"


CLOSED = "what it speaks of is closed"
NOT_CONFIGURED = "no longer configured"
SWITCHED_OFF = "its rule is switched off"
UNKNOWN_RULE = "its rule does not exist any more"
UNKNOWN_LEVEL = "its level does not exist any more"


def acknowledged(by: Acknowledgement) -> str:
    """Somebody takes care."""
    return f"acknowledged by {by.author or 'somebody'} ({by.via})" + (f": {by.comment}" if by.comment else "")


def unacknowledged(by: str, via: str, comment: str) -> str:
    """Somebody takes it back."""
    return f"acknowledgement withdrawn by {by or 'somebody'} ({via})" + (f": {comment}" if comment else "")


def ends_acknowledgement(reason: str, by: Acknowledgement) -> str:
    """What grew worse is nobody's any more."""
    return f"{reason}; that ends the acknowledgement by {by.author or 'somebody'}"


def silenced(silence: Silence) -> str:
    """A silence holds of it."""
    said = f": {silence.comment}" if silence.comment else ""
    return f"silence {silence.id} by {silence.author or 'somebody'}{said}"


def unsilenced(id_: str, ended_by: str | None) -> str:
    """The silence is over and the alert is not. `ended_by`: "" by its time, None that it only holds no more of this."""
    if ended_by is None:
        return f"silence {id_} does not hold of it any more"
    return f"silence {id_} was ended by {ended_by}" if ended_by else f"silence {id_} is over"


def inhibited(summary: str) -> str:
    """Another alert tells the cause."""
    return f"told by another alert: {summary}"


def uninhibited() -> str:
    """The other alert is over, or does not speak for this one any more."""
    return "no other alert speaks for it any more"
