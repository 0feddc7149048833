"""The settings of all rules, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import NamedTuple

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.rule import Kind, Rule, RuleSettings
from monitor.domain.alerts import Level, Severity
from monitor.domain.errors import ConfigError
from monitor.domain.names import AccountKey

DANGER: tuple[Level, ...] = tuple(Severity)  #: from the quietest to the loudest

LEAST_ROOM_RATIO = 0.001  #: less room than this is none, so that an approach to zero is not told for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """The settings of all rules. A rule that is not named has its defaults.

    `any_key` are the accounts whose user does not want to hear what their keys may do.
    """

    rules: Mapping[str, RuleSettings] = field(default_factory=default_rules)
    any_key: frozenset[AccountKey] = frozenset()

    def of(self, rule: str) -> RuleSettings:
        """The settings of one rule."""
        return self.rules.get(rule) or default_rules()[rule]


class Levels(NamedTuple):
    """The numbers at which a rule on margin ratios, or one on distances, changes its mind; rising, each once."""

    ratio: tuple[float, ...]
    distance: tuple[float, ...]


def levels(settings: AlertSettings) -> Levels:
    """Where alerts on ratios and distances begin, ease, end or reach the worst, whichever rule reads them.

    Two ratios (or two distances) with no level between them, and none met by one alone, are graded alike by all rules:
    whoever watches these numbers knows when a report is worth reading.
    """
    return Levels(
        ratio=_levels(settings, "margin_ratio"),
        distance=_levels(settings, "position_distance", "coin_distance", "market_distance"),
    )


def _levels(settings: AlertSettings, *rules: str) -> tuple[float, ...]:
    found: set[float] = set()
    for rule, own in ((RULES[name], settings.of(name)) for name in rules if settings.of(name).enabled):
        found |= {edge for level in own.thresholds.values() for edge in (level, recovery(rule, own, level))}
        if own.thresholds and rule.end is not None:
            found.add(worst(rule, rule.end))
    return tuple(sorted(found))


def recovery(rule: Rule, settings: RuleSettings, threshold: float) -> float:
    """The number beyond which a reading that passed `threshold` has recovered from it."""
    slack = -settings.hysteresis_ratio if rule.rising else settings.hysteresis_ratio
    return threshold * (1.0 + slack)


def worst(rule: Rule, end: float) -> float:
    """The number from which on no room is left, a little before the rule's `end`."""
    return end - LEAST_ROOM_RATIO if rule.rising else end + LEAST_ROOM_RATIO


def mistakes(settings: AlertSettings, key: str = "alerts") -> Iterator[ConfigError]:
    """Everything that is wrong with the settings, each with its key below `key`, its value and the cure."""
    for name, rule in settings.rules.items():
        if name not in RULES:
            yield ConfigError(f"{key}.{name}", name, f"no such rule; there are: {', '.join(sorted(RULES))}")
            continue
        yield from _rule_mistakes(f"{key}.{name}", RULES[name], rule)


def _rule_mistakes(key: str, rule: Rule, settings: RuleSettings) -> Iterator[ConfigError]:
    if rule.kind is Kind.NUMBER and settings.severities:
        yield ConfigError(f"{key}.severities", dict(settings.severities), "this rule reads a number: give thresholds")
    if rule.kind is not Kind.NUMBER and settings.thresholds:
        yield ConfigError(f"{key}.thresholds", dict(settings.thresholds), "this rule has no number: give severities")
    for severity, threshold in settings.thresholds.items():
        if not isfinite(threshold) or threshold < 0:
            yield ConfigError(f"{key}.thresholds.{severity}", threshold, "must be a number of 0 or more")
        elif rule.most is not None and threshold > rule.most:
            cure = f"must be {rule.most:g} or less: it is a ratio, 0.6 is 60 %"
            yield ConfigError(f"{key}.thresholds.{severity}", threshold, cure)
    if rule.words:
        for word in settings.severities.keys() - {"", *rule.words}:
            cure = f"no such word; there are: {', '.join(rule.words)}"
            yield ConfigError(f"{key}.severities.{word}", str(settings.severities[word]), cure)
    loud = [settings.thresholds[severity] for severity in DANGER if severity in settings.thresholds]
    if loud != sorted(loud, reverse=not rule.rising):
        worse = "greater" if rule.rising else "smaller"
        yield ConfigError(f"{key}.thresholds", loud, f"a louder severity needs a {worse} threshold")
    for name in ("hysteresis_ratio", "worsening_factor"):
        value = getattr(settings, name)
        if not 0 <= value < 1:
            yield ConfigError(f"{key}.{name}", value, "must be at least 0 and below 1")
    for name in ("for_seconds", "keep_firing_seconds"):
        value = getattr(settings, name)
        if not isfinite(value) or value < 0:
            yield ConfigError(f"{key}.{name}", value, "must be a number of seconds of 0 or more")
    for severity, seconds in settings.repeat_seconds.items():
        if not seconds >= 60:
            yield ConfigError(f"{key}.repeat_seconds.{severity}", seconds, "must be 60 seconds or more")
