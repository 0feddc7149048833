"""Why an alert changed, in words: they go to the log, the audit and the message. The sentences are in the catalogue."""

from __future__ import annotations

from monitor.alerts.rule import RuleSettings
from monitor.alerts.texts import say
from monitor.alerts.words import span
from monitor.domain.alerts import Acknowledgement, Level, Silence

CLOSED = say("reason.closed")
NOT_CONFIGURED = say("reason.not_configured")
SWITCHED_OFF = say("reason.switched_off")
UNKNOWN_RULE = say("reason.unknown_rule")
UNKNOWN_LEVEL = say("reason.unknown_level")


def fired(severity: Level, settings: RuleSettings, *, extreme: bool, event: bool) -> str:
    """It began."""
    if event:
        return say("reason.event")
    if extreme:
        return say("reason.extreme")
    if settings.for_seconds <= 0:
        return say("reason.reached", level=severity)
    return say("reason.fired", level=severity, span=span(settings.for_seconds))


def escalated(previous: Level, severity: Level) -> str:
    """Louder than before."""
    return say("reason.escalated", previous=previous, level=severity)


def eased(previous: Level, severity: Level, settings: RuleSettings) -> str:
    """Quieter than before."""
    return say("reason.eased", previous=previous, level=severity, span=span(settings.keep_firing_seconds))


def worsened(told: float, room: float) -> str:
    """The room left shrank."""
    return say("reason.worsened", share=f"{room / told:.0%}")


def again() -> str:
    """An event happened once more."""
    return say("reason.again")


def repeated(since: float, told_at: float, now: float) -> str:
    """It lasts."""
    return say("reason.repeated", lasted=span(now - since), told=span(now - told_at))


def recovered(settings: RuleSettings) -> str:
    """It is over."""
    if settings.keep_firing_seconds <= 0:
        return say("reason.over")
    return say("reason.recovered", span=span(settings.keep_firing_seconds))


def acknowledged(by: Acknowledgement) -> str:
    """Somebody takes care."""
    return say("reason.acknowledged", author=_author(by.author), via=by.via, comment=_comment(by.comment))


def unacknowledged(by: str, via: str, comment: str) -> str:
    """Somebody takes it back."""
    return say("reason.unacknowledged", author=_author(by), via=via, comment=_comment(comment))


def ends_acknowledgement(reason: str, by: Acknowledgement) -> str:
    """What grew worse is nobody's any more."""
    return say("reason.ends_acknowledgement", reason=reason, author=_author(by.author))


def silenced(silence: Silence) -> str:
    """A silence holds of it."""
    return say("reason.silenced", id=silence.id, author=_author(silence.author), comment=_comment(silence.comment))


def unsilenced(id_: str, ended_by: str | None) -> str:
    """The silence is over and the alert is not. `ended_by`: "" by its time, None that it only holds no more of this."""
    if ended_by is None:
        return say("reason.silence_holds_no_more", id=id_)
    return say("reason.silence_ended", id=id_, author=ended_by) if ended_by else say("reason.silence_over", id=id_)


def inhibited(summary: str) -> str:
    """Another alert tells the cause."""
    return say("reason.inhibited", summary=summary)


def uninhibited() -> str:
    """The other alert is over, or does not speak for this one any more."""
    return say("reason.uninhibited")


def _author(name: str) -> str:
    return name or say("reason.somebody")


def _comment(text: str) -> str:
    return say("reason.comment", comment=text) if text else ""
