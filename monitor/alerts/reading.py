"""What a rule sees of one subject at one moment, and how dangerous that is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf, isnan
from typing import NamedTuple

from monitor.alerts.catalogue import RULES
from monitor.alerts.rule import Kind, Rule, RuleSettings
from monitor.alerts.settings import BUILT_IN, recovery, worst
from monitor.domain.alerts import Level
from monitor.domain.names import AccountKey


class Words(NamedTuple):
    """`summary` fits a lock screen; `text` says what, how near, what it would take, what to do, how sure."""

    summary: str
    text: str


class Subject(NamedTuple):
    """The identity of an alert: one rule and what it speaks of. `account.account` is "" for what concerns a venue."""

    rule: str
    account: AccountKey
    pool: str = ""
    detail: tuple[str, ...] = ()

    @property
    def labels(self) -> dict[str, str]:
        """The labels, without empty ones; no changing number is among them."""
        named = {"venue": self.account.venue, "account": self.account.account, "pool": self.pool}
        named |= dict(zip(RULES[self.rule].details, self.detail, strict=False))
        return {name: value for name, value in named.items() if value}


class Reading(NamedTuple):
    """One subject as it is now.

    `value` is a rule's number, None where it cannot be told; `state` the word of a rule without a number, "" for «all
    is well». `sure` is False where the data is not believed: such a reading may raise an alarm and never lowers one.
    `like` is the rule whose reading beside it says the same: what stands goes on, but nothing begins.
    """

    subject: Subject
    value: float | None
    state: str
    sure: bool
    words: Callable[[float], Words]
    like: str = ""


@dataclass(frozen=True, slots=True)
class Grade:
    """How dangerous a reading is.

    `reached`: the loudest severity whose condition holds. `held`: the loudest from which it has not recovered, which
    hysteresis makes the louder of the two. `room`: what is left until the worst, None if unknown or without an end.
    `extreme`: the worst has come. `sure`: the reading may lower an alarm. `news`: an event happened just now.
    """

    reached: Level | None
    held: Level | None
    sure: bool
    room: float | None = None
    extreme: bool = False
    news: bool = False


def loosest(rule: Rule, settings: RuleSettings) -> float:
    """The threshold that is passed first; a number that none can pass where there is none."""
    if rule.rising:
        return min(settings.thresholds.values(), default=inf)
    return max(settings.thresholds.values(), default=-inf)


def grade(reading: Reading, settings: RuleSettings, order: tuple[Level, ...] = BUILT_IN) -> Grade:
    """The danger of a reading under the settings of its rule. `order` are all levels, the quietest first."""
    rule = RULES[reading.subject.rule]
    if rule.kind is not Kind.NUMBER:
        severity = severity_of(reading.state, settings)
        return Grade(severity, severity, reading.sure, news=rule.kind is Kind.EVENT and severity is not None)
    value = reading.value
    if value is None or isnan(value):
        return Grade(None, None, sure=False)
    reached = _loudest(rule, settings.thresholds, value, order)
    recovered = {name: recovery(rule, settings, at) for name, at in settings.thresholds.items()}
    held = _loudest(rule, recovered, value, order)
    room = _room(rule, value)
    return Grade(reached, held, reading.sure, room, extreme=rule.end is not None and room == 0.0)


def severity_of(state: str, settings: RuleSettings) -> Level | None:
    """The severity of a word; None where all is well or the user wants no alert of it."""
    if not state:
        return None
    return settings.severities.get(state, settings.severities.get(""))


def _loudest(rule: Rule, levels: Mapping[Level, float], value: float, order: tuple[Level, ...]) -> Level | None:
    for severity in reversed(order):
        level = levels.get(severity)
        if level is not None and (value >= level if rule.rising else value <= level):
            return severity
    return None


def _room(rule: Rule, value: float) -> float:
    """What is left until the worst. Without an end: the reciprocal, which halves when the number doubles."""
    if rule.end is None:
        return inf if value == 0 else 1.0 / abs(value)
    if value >= worst(rule, rule.end) if rule.rising else value <= worst(rule, rule.end):
        return 0.0
    return abs(rule.end - value)
