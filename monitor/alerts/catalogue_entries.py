"""How an entry of the catalogue is written: what is fixed about a rule, and what it does unless the user says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from monitor.alerts.rule import Kind, Rule, RuleSettings
from monitor.domain.alerts import Severity

HOUR, DAY = 3600.0, 86400.0
INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL


class Entry(NamedTuple):
    """One rule. `defaults` makes its settings anew each time: they hold tables that somebody may change."""

    rule: Rule
    defaults: Callable[[], RuleSettings]


def below(about: str, *details: str, most: float | None = None) -> Rule:
    """A rule on a number of which less is worse, and 0 the worst."""
    return Rule(kind=Kind.NUMBER, about=about, details=details, rising=False, end=0.0, most=most)


def above(about: str, *details: str, end: float | None = None, most: float | None = None) -> Rule:
    """A rule on a number of which more is worse."""
    return Rule(kind=Kind.NUMBER, about=about, details=details, end=end, most=most)


def state(about: str, *details: str, words: tuple[str, ...]) -> Rule:
    """A rule on a word."""
    return Rule(kind=Kind.STATE, about=about, details=details, words=words)


def event(about: str, *details: str, words: tuple[str, ...] = ()) -> Rule:
    """A rule on what happens once."""
    return Rule(kind=Kind.EVENT, about=about, details=details or ("key",), words=words)


def silent() -> RuleSettings:
    """No thresholds: the limit is one that only the user can know."""
    return RuleSettings(for_seconds=5.0)


def happens(**severities: Severity) -> RuleSettings:
    """An event, told once and standing for an hour."""
    return RuleSettings(severities=severities, keep_firing_seconds=HOUR, repeat_seconds={})
