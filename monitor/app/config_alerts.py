"""The keys of the alert rules: one table a rule, made from the rules themselves, so that none can be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, Field, create_model, field_validator

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.inhibition import DEFAULT_INHIBITS, InhibitRule
from monitor.alerts.overrides import ALL_RULES
from monitor.alerts.overrides import Override as SettingsOverride
from monitor.alerts.rule import Kind, Rule, RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.app.config_keys import Name, Positive, Section, Wait, key
from monitor.domain.alerts import Severity
from monitor.domain.errors import ConfigError
from monitor.domain.silences import SilenceRefused, parse

BUILT_IN_NAMES = tuple(map(str, Severity))

_MEANINGS = {
    "enabled": "whether the rule speaks at all",
    "thresholds": "the number at which each severity begins; a severity that is not named never fires",
    "severities": 'how loud each word is; "" is any other word, a word that is not named is no alert',
    "hysteresis_ratio": "ratio of the threshold by which the number must be back before the alert is over",
    "for_seconds": "seconds that the condition must hold before the alert fires",
    "keep_firing_seconds": "seconds that the condition must be gone before the alert is resolved",
    "worsening_factor": "a firing alert is told again when its room shrank to this ratio of the last; 0: never",
    "window_seconds": "seconds that the rule looks back",
    "repeat_seconds": "seconds after which a firing alert is told again, by severity; not named: never",
}

Level = Name  #: the name of a level; whether there is one of that name is checked with the rules


class Override(Section):
    """Other settings for a part of what is watched; of several that fit, the one with the narrowest condition wins."""

    rule: str = key(ALL_RULES, 'rule that is changed; "*": all of them')
    venue: str = key("", "only at this venue; empty: everywhere, as with all conditions")
    account: str = key("", "only of this account")
    group: str = key("", "only of accounts of this group")
    pool: str = key("", "only of this pool")
    coin: str = key("", "only of this coin, its positions among it")
    symbol: str = key("", "only of this instrument")
    enabled: bool | None = key(None, _MEANINGS["enabled"])
    thresholds: dict[Level, float] | None = key(None, _MEANINGS["thresholds"])
    severities: dict[str, Level] | None = key(None, _MEANINGS["severities"])
    hysteresis_ratio: float | None = key(None, _MEANINGS["hysteresis_ratio"])
    for_seconds: Wait | None = key(None, _MEANINGS["for_seconds"])
    keep_firing_seconds: Wait | None = key(None, _MEANINGS["keep_firing_seconds"])
    worsening_factor: float | None = key(None, _MEANINGS["worsening_factor"])
    repeat_seconds: dict[Level, Positive] | None = key(None, _MEANINGS["repeat_seconds"])


class Inhibit(Section):
    """While an alert fires that all conditions of `source` match, those that `target` matches are not told."""

    source: Annotated[tuple[str, ...], Field(min_length=1)] = Field(
        description='conditions such as "rule=account_down"'
    )
    target: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="conditions on what is kept quiet")
    equal: tuple[str, ...] = key(("venue", "account"), "labels that must be the same on both")
    quieter: bool = key(False, "whether only what is quieter than the source is kept quiet")
    lingers_seconds: Wait = key(60.0, "seconds that the targets have to recover too when the source is over")

    @field_validator("source", "target")
    @classmethod
    def _conditions(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                parse(text)
            except SilenceRefused as refusal:
                raise ValueError(f"{text!r}: {refusal.cure}") from None
        return value


def _model(name: str, rule: Rule, defaults: RuleSettings) -> type[Section]:
    """The table of one rule, with the keys that mean something to its kind."""
    fields: dict[str, Any] = {"enabled": (bool, defaults.enabled)}
    if rule.kind is Kind.NUMBER:
        fields["thresholds"] = (dict[Level, float], _plain(defaults.thresholds))
        fields["hysteresis_ratio"] = (float, defaults.hysteresis_ratio)
    else:
        fields["severities"] = (dict[str, Level], {word: str(level) for word, level in defaults.severities.items()})
    fields["for_seconds"] = (Wait, defaults.for_seconds)
    fields["keep_firing_seconds"] = (Wait, defaults.keep_firing_seconds)
    if rule.kind is Kind.NUMBER:
        fields["worsening_factor"] = (float, defaults.worsening_factor)
    if rule.window_seconds is not None:
        fields["window_seconds"] = (Positive, defaults.window_seconds or rule.window_seconds)
    fields["repeat_seconds"] = (dict[Level, Positive], _plain(defaults.repeat_seconds))
    described = {field: (kind, key(default, _MEANINGS[field])) for field, (kind, default) in fields.items()}
    about = f"{rule.about[0].upper()}{rule.about[1:]}."
    fitting: Any = described  # create_model's overloads do not know a mapping of fields
    return create_model(f"Rule_{name}", __base__=Section, __doc__=about, **fitting)


def _plain(table: Any) -> dict[str, float]:
    return {str(severity): float(number) for severity, number in table.items()}


def _alerts() -> type[Section]:
    defaults = default_rules()
    models = {name: _model(name, rule, defaults[name]) for name, rule in RULES.items()}
    fields: dict[str, Any] = {
        "levels": (
            tuple[Level, ...],
            key(BUILT_IN_NAMES, "all levels, the quietest first, your own among them"),
        ),
        "overrides": (
            tuple[Override, ...],
            key((), "settings for a part: one [[alerts.overrides]] each"),
        ),
        "inhibit": (bool, key(True, "whether alerts keep those quiet that only follow from them")),
        "inhibits": (
            tuple[Inhibit, ...],
            key((), "which do so, [[alerts.inhibits]]; empty: the usual ones"),
        ),
        "one_danger_one_page": (
            bool,
            key(True, "whether the nearest line of a pool is told for all that show the same danger"),
        ),
    }
    fields |= {name: (model, key(model(), "")) for name, model in models.items()}
    return create_model("Alerts", __base__=Section, __doc__="When somebody is told: one table a rule.", **fields)


if TYPE_CHECKING:

    class Alerts(Section):
        """When somebody is told: one table a rule."""

else:
    Alerts = _alerts()


def alert_settings(config: BaseModel) -> AlertSettings:
    """What the alerting is told."""
    tables = config.model_dump()
    levels, overrides = tables.pop("levels"), tables.pop("overrides")
    inhibit, inhibits = tables.pop("inhibit"), tables.pop("inhibits")
    one_page = tables.pop("one_danger_one_page")
    own = tuple(_inhibit(table) for table in inhibits) or DEFAULT_INHIBITS
    return AlertSettings(
        rules={name: RuleSettings(**_leveled(table)) for name, table in tables.items()},
        levels=tuple(map(_level, levels)),
        overrides=tuple(SettingsOverride(**_leveled(table)) for table in overrides),
        inhibits=own if inhibit else (),
        one_danger_one_page=one_page,
    )


def _level(name: str) -> str:
    """A level by its name; a built-in one as what it is."""
    return Severity(name) if name in BUILT_IN_NAMES else name


def _leveled(table: dict[str, Any]) -> dict[str, Any]:
    for name in ("thresholds", "repeat_seconds"):
        if table.get(name) is not None:
            table[name] = {_level(severity): number for severity, number in table[name].items()}
    if table.get("severities") is not None:
        table["severities"] = {word: _level(severity) for word, severity in table["severities"].items()}
    return table


def _inhibit(table: dict[str, Any]) -> InhibitRule:
    source, target = (tuple(map(parse, table.pop(name))) for name in ("source", "target"))
    return InhibitRule(source=source, target=target, **table)


def unknown_levels(table: Any) -> Iterator[ConfigError]:
    """Levels that are named and do not exist, in an `[alerts]` table that could not be validated as a whole."""
    tables = table if isinstance(table, dict) else {}
    given = tables.get("levels")
    known = given if isinstance(given, list) else BUILT_IN_NAMES
    for rule in (name for name in tables if name in RULES and isinstance(tables[name], dict)):
        named: dict[tuple[str, str], Any] = {
            (key, name): name for key in ("thresholds", "repeat_seconds") for name in _named(tables[rule], key)
        }
        named |= {("severities", word): name for word, name in _named(tables[rule], "severities").items()}
        for (setting, place), name in named.items():
            if isinstance(name, str) and name not in known:
                cure = f"no such level; there are: {', '.join(map(str, known))}"
                yield ConfigError(f"alerts.{rule}.{setting}.{place}", name, cure)


def _named(table: dict[str, Any], key: str) -> dict[str, Any]:
    found = table.get(key)
    return found if isinstance(found, dict) else {}
