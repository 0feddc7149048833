"""What the user may decide about each rule, and the defaults.

A rule speaks of a number (a ratio, a distance), of a state in one word, or of events. Numbers have a threshold a
severity, states and events a severity a word. Everything else means the same for all rules.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from typing import NamedTuple

from monitor.domain.alerts import Severity
from monitor.domain.errors import ConfigError
from monitor.domain.names import AccountKey

DANGER = tuple(Severity)  #: from the quietest to the loudest

LEAST_ROOM_RATIO = 0.001  #: less room than this is none, so that an approach to zero is not told for ever

REPEAT_SECONDS: Mapping[Severity, float] = {Severity.WARNING: 6 * 3600.0, Severity.CRITICAL: 3600.0}


class Kind(StrEnum):
    """What a rule reads."""

    NUMBER = "number"
    STATE = "state"
    EVENT = "event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is fixed about a rule. `details` name the labels beyond venue, account and pool, in order.

    `rising`: the greater its number the worse. `end` is the number at which no room is left (1 for a margin ratio, 0
    for a distance), None where there is no such end; there a number that grew by 1 / worsening_factor is worse. `most`
    is the greatest threshold that makes sense: whoever writes 60 for 60 % would never be warned. `words` are those that
    a rule without a number can read; empty: only its own name.
    """

    kind: Kind
    about: str
    details: tuple[str, ...] = ()
    rising: bool = True
    end: float | None = None
    most: float | None = None
    words: tuple[str, ...] = ()


RULES: Mapping[str, Rule] = {
    "margin_ratio": Rule(kind=Kind.NUMBER, about="a pool's requirement over its equity", end=1.0, most=1.0),
    "coin_distance": Rule(
        kind=Kind.NUMBER,
        about="how far one coin may move",
        details=("coin", "direction"),
        rising=False,
        end=0.0,
        most=1.0,
    ),
    "market_distance": Rule(
        kind=Kind.NUMBER,
        about="how far all coins may move together",
        details=("direction",),
        rising=False,
        end=0.0,
        most=1.0,
    ),
    "position_distance": Rule(
        kind=Kind.NUMBER,
        about="how far one instrument may move",
        details=("symbol", "side"),
        rising=False,
        end=0.0,
        most=1.0,
    ),
    "deficit": Rule(kind=Kind.NUMBER, about="a negative balance without a position, in USD"),
    "drift": Rule(
        kind=Kind.NUMBER,
        about="our figure against the venue's, as a ratio",
        details=("figure", "symbol", "side"),
        most=1.0,
    ),
    "clock_offset": Rule(kind=Kind.NUMBER, about="the venue's clock against ours, in seconds, either way"),
    "key_expiry": Rule(kind=Kind.NUMBER, about="seconds until the key expires", rising=False, end=0.0),
    "data_quality": Rule(
        kind=Kind.STATE, about="a pool's report is partial, stale or unknown", words=("PARTIAL", "STALE", "UNKNOWN")
    ),
    "account_down": Rule(kind=Kind.STATE, about="an account's data is not fresh or not readable", words=("down",)),
    "feed_down": Rule(kind=Kind.STATE, about="a stream does not deliver", details=("stream",), words=("down",)),
    "poll_down": Rule(kind=Kind.STATE, about="a reading keeps failing", details=("stream",), words=("down",)),
    "feed_lag": Rule(
        kind=Kind.NUMBER,
        about="how long a stream's messages take from the venue's stamp to us, in seconds",
        details=("stream",),
    ),
    "venue_ban": Rule(kind=Kind.STATE, about="the venue told us to stop calling", words=("banned",)),
    "journal": Rule(
        kind=Kind.STATE,
        about="the journal is not written, or records of it are lost",
        details=("trouble",),
        words=("not_writing", "lost"),
    ),
    "key_permission": Rule(
        kind=Kind.STATE, about="what the account's key may do beyond reading", words=("withdraw", "trade", "unreadable")
    ),
    "mode_changed": Rule(kind=Kind.EVENT, about="the account's margin or position mode changed", details=("key",)),
    "position_appeared": Rule(kind=Kind.EVENT, about="a position was opened", details=("key",)),
    "position_vanished": Rule(kind=Kind.EVENT, about="a position is gone, confirmed", details=("key",)),
    "venue_warning": Rule(
        kind=Kind.EVENT,
        about="the venue warns of, or reports, a forced close",
        details=("kind", "symbol", "side"),
        words=("margin_call", "liquidation", "adl", "settlement"),
    ),
    "tiers_changed": Rule(kind=Kind.EVENT, about="the venue changed maintenance tiers", details=("key",)),
    "price_jump": Rule(kind=Kind.EVENT, about="a mark price jumped out of its band", details=("key",)),
    "permissions_changed": Rule(kind=Kind.EVENT, about="the key's permissions changed", details=("key",)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSettings:
    """What the user decides about one rule.

    `thresholds` of numbers; `severities` of states and events, by word ("" for any other word; a word without a
    severity is no alert). A number has recovered when it is back past its threshold by `hysteresis_ratio` of the
    threshold. A condition must hold `for_seconds` before it fires (not if the pool is liquidatable already), and be
    gone for `keep_firing_seconds` before it is resolved; an event stands that long. A firing alert is told again when
    its room shrank to `worsening_factor` of what was told last (0: never), and after `repeat_seconds` (absent: never).
    """

    enabled: bool = True
    thresholds: Mapping[Severity, float] = field(default_factory=dict)
    severities: Mapping[str, Severity] = field(default_factory=dict)
    hysteresis_ratio: float = 0.1
    for_seconds: float = 0.0
    keep_firing_seconds: float = 300.0
    worsening_factor: float = 0.5
    repeat_seconds: Mapping[Severity, float] = field(default_factory=lambda: dict(REPEAT_SECONDS))


def _distance() -> RuleSettings:
    return RuleSettings(thresholds={Severity.WARNING: 0.10, Severity.CRITICAL: 0.05}, for_seconds=5.0)


def _event(**severities: Severity) -> RuleSettings:
    return RuleSettings(severities=severities, keep_firing_seconds=3600.0, repeat_seconds={})


def default_rules() -> dict[str, RuleSettings]:
    """Every rule with its defaults."""
    return {
        "margin_ratio": RuleSettings(
            thresholds={Severity.WARNING: 0.6, Severity.CRITICAL: 0.8}, hysteresis_ratio=0.05, for_seconds=5.0
        ),
        "coin_distance": _distance(),
        "market_distance": _distance(),
        "position_distance": _distance(),
        "deficit": RuleSettings(thresholds={Severity.WARNING: 1.0}, for_seconds=60.0),
        "drift": RuleSettings(thresholds={Severity.WARNING: 0.01, Severity.CRITICAL: 0.1}, for_seconds=60.0),
        "clock_offset": RuleSettings(thresholds={Severity.WARNING: 1.0}, for_seconds=60.0),
        "key_expiry": RuleSettings(
            thresholds={Severity.WARNING: 7 * 86400.0, Severity.CRITICAL: 86400.0}, hysteresis_ratio=0.0
        ),
        "data_quality": RuleSettings(
            severities={"STALE": Severity.WARNING, "UNKNOWN": Severity.CRITICAL}, for_seconds=15.0,
            keep_firing_seconds=30.0,
        ),
        "account_down": RuleSettings(
            severities={"down": Severity.CRITICAL}, for_seconds=30.0, keep_firing_seconds=30.0
        ),
        "feed_down": RuleSettings(severities={"down": Severity.WARNING}, for_seconds=15.0, keep_firing_seconds=60.0),
        # Longer than the longest wait between two tries: after an outage each poll has had its turn.
        "poll_down": RuleSettings(severities={"down": Severity.WARNING}, for_seconds=90.0, keep_firing_seconds=60.0),
        "feed_lag": RuleSettings(thresholds={Severity.WARNING: 2.0, Severity.CRITICAL: 10.0}, for_seconds=30.0),
        "venue_ban": RuleSettings(severities={"banned": Severity.CRITICAL}, keep_firing_seconds=0.0),
        "journal": RuleSettings(severities={"not_writing": Severity.WARNING, "lost": Severity.WARNING}),
        "key_permission": RuleSettings(
            severities={
                "withdraw": Severity.CRITICAL, "trade": Severity.WARNING, "unreadable": Severity.WARNING,
            },
            for_seconds=60.0, keep_firing_seconds=0.0,
        ),
        "mode_changed": _event(**{"": Severity.WARNING}),
        "position_appeared": _event(**{"": Severity.INFO}),
        "position_vanished": _event(**{"": Severity.WARNING}),
        "venue_warning": _event(
            margin_call=Severity.CRITICAL, liquidation=Severity.CRITICAL, adl=Severity.CRITICAL,
            settlement=Severity.INFO,
        ),
        "tiers_changed": _event(**{"": Severity.INFO}),
        "price_jump": _event(**{"": Severity.WARNING}),
        "permissions_changed": _event(**{"": Severity.INFO}),
    }  # fmt: skip


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
            yield ConfigError(f"{key}.severities.{word}", settings.severities[word].value, cure)
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
