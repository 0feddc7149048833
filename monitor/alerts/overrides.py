"""Settings for a part of what is watched: the most specific wins.

A rule's settings hold for everything; an override changes some of them for what its conditions match. Where several
match, the one with the narrowest condition wins, in this order: symbol, coin, pool, account, group, venue, none. The
narrowest conditions being equal, the next narrower decides; then one that names the rule wins over one for all rules,
and of two that are still equal the later one in the file. Levels and words that an override does not name keep what
they had: whoever changes a warning does not lose the critical level.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

from monitor.alerts.rule import RuleSettings
from monitor.domain.alerts import Level

ALL_RULES = "*"
CONDITIONS = ("symbol", "coin", "pool", "account", "group", "venue")  #: the narrowest first
OF_ACCOUNTS = frozenset({"account", "group", "venue"})  #: the conditions that hold of an account, whatever it speaks of
_TABLES = ("thresholds", "severities", "repeat_seconds")
_SINGLE = ("enabled", "hysteresis_ratio", "for_seconds", "keep_firing_seconds", "worsening_factor")


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Other settings of one rule, or of all, where every condition equals the subject's own; "" asks for nothing.

    `coin` holds of the lines of a coin and of the positions in it. Settings that are None stay what they are.
    """

    rule: str = ALL_RULES
    venue: str = ""
    account: str = ""
    group: str = ""
    pool: str = ""
    coin: str = ""
    symbol: str = ""
    enabled: bool | None = None
    thresholds: Mapping[Level, float] | None = None
    severities: Mapping[str, Level] | None = None
    hysteresis_ratio: float | None = None
    for_seconds: float | None = None
    keep_firing_seconds: float | None = None
    worsening_factor: float | None = None
    repeat_seconds: Mapping[Level, float] | None = None

    @property
    def conditions(self) -> dict[str, str]:
        """The conditions that ask for something, the narrowest first."""
        return {name: wanted for name in CONDITIONS if (wanted := getattr(self, name))}

    @property
    def changes(self) -> dict[str, object]:
        """The settings that it changes."""
        return {name: value for name in (*_SINGLE, *_TABLES) if (value := getattr(self, name)) is not None}

    def concerns(self, rule: str) -> bool:
        """Whether it speaks of this rule."""
        return self.rule in (rule, ALL_RULES)

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether all conditions hold of these labels."""
        return all(labels.get(name, "") == wanted for name, wanted in self.conditions.items())

    def may_match(self, labels: Mapping[str, str]) -> bool:
        """Whether it may hold of something that has these labels and maybe others."""
        return all(labels.get(name, wanted) == wanted for name, wanted in self.conditions.items())

    def over(self, settings: RuleSettings) -> RuleSettings:
        """The settings with these changes."""
        changed = dict(self.changes)
        for name in _TABLES:
            if name in changed:
                changed[name] = {**getattr(settings, name), **getattr(self, name)}
        return replace(settings, **changed)  # type: ignore[arg-type]  # names and types are those of the fields above


def narrowness(override: Override) -> tuple[bool, ...]:
    """Sorts overrides from the widest to the narrowest; equal ones keep their order."""
    return (*(bool(getattr(override, name)) for name in CONDITIONS), override.rule != ALL_RULES)


def merged(settings: RuleSettings, overrides: Iterator[Override]) -> RuleSettings:
    """The settings with all these overrides, which stand from the widest to the narrowest."""
    return reduce(lambda whole, override: override.over(whole), overrides, settings)
