"""The settings of all rules, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, NamedTuple

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.inhibition import DEFAULT_INHIBITS, InhibitRule
from monitor.alerts.overrides import ALL_RULES, Override, merged, narrowness
from monitor.alerts.rule import Kind, Rule, RuleSettings
from monitor.domain.alerts import Level, Severity
from monitor.domain.errors import ConfigError
from monitor.domain.names import AccountKey

if TYPE_CHECKING:
    from monitor.alerts.reading import Subject

LEVEL_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
BUILT_IN: tuple[Level, ...] = tuple(Severity)  #: the levels that everybody has, from the quietest to the loudest

_DEFAULTS: Mapping[str, RuleSettings] = default_rules()
LEAST_ROOM_RATIO = 0.001  #: less room than this is none, so that an approach to zero is not told for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSettings:
    """The settings of all rules. A rule that is not named has its defaults.

    `any_key` are the accounts whose user does not want to hear what their keys may do. `levels` are all levels from the
    quietest to the loudest, the built-in ones among them. `overrides` change settings for a part of what is watched
    (`monitor.alerts.overrides` says which wins), `groups` names the group of each account that has one. `inhibits` say
    which alerts keep others quiet. `one_danger_one_page`: whether the nearest line of a pool is told for all that show
    the same danger (`monitor.alerts.leading`).
    """

    rules: Mapping[str, RuleSettings] = field(default_factory=default_rules)
    any_key: frozenset[AccountKey] = frozenset()
    levels: tuple[Level, ...] = BUILT_IN
    overrides: tuple[Override, ...] = ()
    groups: Mapping[AccountKey, str] = field(default_factory=dict)
    inhibits: tuple[InhibitRule, ...] = DEFAULT_INHIBITS
    one_danger_one_page: bool = True

    def of(self, rule: str, subject: Subject | None = None) -> RuleSettings:
        """The settings of one rule; with a subject those that hold of it, as far as no coin has to be known for it."""
        base = self.rules.get(rule) or _DEFAULTS[rule]
        if subject is None:
            return base
        labels = {"group": self.groups.get(subject.account, ""), **subject.labels}
        fitting = sorted((each for each in self.overrides if each.concerns(rule)), key=narrowness)
        return merged(base, (each for each in fitting if each.matches(labels)))

    def like(self, level: Level) -> Severity:
        """The built-in level that an own one is shown as where only those are known: the next one below it."""
        place = self.levels.index(level) if level in self.levels else len(self.levels)
        below = [Severity(each) for each in self.levels[: place + 1] if each in BUILT_IN]
        return below[-1] if below else Severity.INFO


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
        ratio=_levels(settings, "margin_ratio", "account_ratio"),
        distance=_levels(settings, "position_distance", "coin_distance", "market_distance", "depeg_distance"),
    )


def waits_seconds(settings: AlertSettings) -> dict[str, float]:
    """By rule, how long it may wait at most before it tells, or ends, what it sees, whatever override holds."""
    return {
        name: max(
            *(own.for_seconds, own.keep_firing_seconds),
            *(each.for_seconds or 0.0 for each in settings.overrides if each.concerns(name)),
            *(each.keep_firing_seconds or 0.0 for each in settings.overrides if each.concerns(name)),
        )
        for name, own in ((name, settings.of(name)) for name in RULES)
    }


def _levels(settings: AlertSettings, *rules: str) -> tuple[float, ...]:
    """Those of all overrides too, with every hysteresis that may hold of them: one level too many does no harm."""
    found: set[float] = set()
    for name in (each for each in rules if each in RULES):
        rule, own = RULES[name], settings.of(name)
        over = [each for each in settings.overrides if each.concerns(name)]
        if not (own.enabled or any(each.enabled for each in over)):
            continue
        thresholds = {*own.thresholds.values(), *(at for each in over for at in (each.thresholds or {}).values())}
        slacks = {own.hysteresis_ratio, *(each.hysteresis_ratio for each in over if each.hysteresis_ratio is not None)}
        found |= thresholds
        found |= {recovery(rule, replace(own, hysteresis_ratio=slack), at) for slack in slacks for at in thresholds}
        if thresholds and rule.end is not None:
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
    """Everything that is wrong with the settings, each with its key below `key`, its value and the cure.

    Without any groups nothing is said of the groups in overrides: a file of rules alone does not know them.
    """
    order = settings.levels
    yield from _order_mistakes(f"{key}.levels", order)
    for name, rule in settings.rules.items():
        if name not in RULES:
            yield ConfigError(f"{key}.{name}", name, f"no such rule; there are: {', '.join(sorted(RULES))}")
            continue
        yield from _rule_mistakes(f"{key}.{name}", RULES[name], rule, order)
    known = frozenset(settings.groups.values())
    for place, override in enumerate(settings.overrides):
        yield from _override_mistakes(f"{key}.overrides[{place}]", override, settings, known)


def _order_mistakes(key: str, order: tuple[Level, ...]) -> Iterator[ConfigError]:
    if tuple(level for level in order if level in BUILT_IN) != BUILT_IN:
        yield ConfigError(key, list(order), f"must hold {', '.join(BUILT_IN)} in this order, own ones where you like")
    for level in dict.fromkeys(order):
        if order.count(level) > 1:
            yield ConfigError(key, level, "stands in it twice")
        if not LEVEL_NAME.fullmatch(level):
            yield ConfigError(key, level, "must be small letters, digits and _, at most 32, the first a letter")


def _override_mistakes(
    key: str, override: Override, settings: AlertSettings, groups: frozenset[str]
) -> Iterator[ConfigError]:
    if override.group and groups and override.group not in groups:
        cure = f"no account is in it; there are: {', '.join(sorted(groups))}"
        yield ConfigError(f"{key}.group", override.group, cure)
    if not override.changes:
        yield ConfigError(key, override.rule, "changes nothing: give thresholds, severities, enabled or the like")
    if override.rule == ALL_RULES:
        for name in ("thresholds", "severities"):
            if name in override.changes:
                yield ConfigError(f"{key}.{name}", ALL_RULES, "means something else for each rule: name the rule")
        plain = replace(override, thresholds=None, severities=None)
        # A number of seconds or a ratio is wrong for all rules or for none: one of them tells.
        yield from _rule_mistakes(key, RULES["drift"], plain.over(RuleSettings()), settings.levels)
    elif override.rule not in RULES:
        yield ConfigError(f"{key}.rule", override.rule, f"no such rule; there are: *, {', '.join(sorted(RULES))}")
    else:
        rule, base = RULES[override.rule], settings.of(override.rule)
        if not any(_rule_mistakes(key, rule, base, settings.levels)):  # what is wrong already is told once
            yield from _rule_mistakes(key, rule, override.over(base), settings.levels)


def _rule_mistakes(key: str, rule: Rule, settings: RuleSettings, order: tuple[Level, ...]) -> Iterator[ConfigError]:
    yield from _level_mistakes(key, settings, order)
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
    loud = [settings.thresholds[severity] for severity in order if severity in settings.thresholds]
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
    if settings.window_seconds is not None:
        least = rule.least_window_seconds
        if rule.window_seconds is None:
            yield ConfigError(
                f"{key}.window_seconds", settings.window_seconds, "this rule does not look back: leave it"
            )
        elif not isfinite(settings.window_seconds) or settings.window_seconds < least:
            cure = f"must be {least:g} seconds or more: over less time chance speaks"
            yield ConfigError(f"{key}.window_seconds", settings.window_seconds, cure)
    for severity, seconds in settings.repeat_seconds.items():
        if not seconds >= 60:
            yield ConfigError(f"{key}.repeat_seconds.{severity}", seconds, "must be 60 seconds or more")


def _level_mistakes(key: str, settings: RuleSettings, order: tuple[Level, ...]) -> Iterator[ConfigError]:
    """Levels that do not exist."""
    named = [
        *((f"thresholds.{level}", level) for level in settings.thresholds),
        *((f"severities.{word}", level) for word, level in settings.severities.items()),
        *((f"repeat_seconds.{level}", level) for level in settings.repeat_seconds),
    ]
    for name, level in named:
        if level not in order:
            yield ConfigError(f"{key}.{name}", str(level), f"no such level; there are: {', '.join(order)}")
