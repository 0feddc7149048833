"""The keys of the alert rules: one table a rule, made from the rules themselves, so that none can be forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, create_model

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.rule import Kind, Rule, RuleSettings
from monitor.alerts.settings import AlertSettings
from monitor.app.config_keys import Positive, Section, Wait, key
from monitor.domain.alerts import Severity

Level = Literal["info", "warning", "critical"]

_MEANINGS = {
    "enabled": "whether the rule speaks at all",
    "thresholds": "the number at which each severity begins; a severity that is not named never fires",
    "severities": 'how loud each word is; "" is any other word, a word that is not named is no alert',
    "hysteresis_ratio": "ratio of the threshold by which the number must be back before the alert is over",
    "for_seconds": "seconds that the condition must hold before the alert fires",
    "keep_firing_seconds": "seconds that the condition must be gone before the alert is resolved",
    "worsening_factor": "a firing alert is told again when its room shrank to this ratio of the last; 0: never",
    "repeat_seconds": "seconds after which a firing alert is told again, by severity; not named: never",
}


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
    fields["repeat_seconds"] = (dict[Level, Positive], _plain(defaults.repeat_seconds))
    described = {field: (kind, key(default, _MEANINGS[field])) for field, (kind, default) in fields.items()}
    about = f"{rule.about[0].upper()}{rule.about[1:]}."
    fitting: Any = described  # create_model's overloads do not know a mapping of fields
    return create_model(f"Rule_{name}", __base__=Section, __doc__=about, **fitting)


def _plain(table: Any) -> dict[str, float]:
    return {severity.value: float(number) for severity, number in table.items()}


def _alerts() -> type[Section]:
    defaults = default_rules()
    models = {name: _model(name, rule, defaults[name]) for name, rule in RULES.items()}
    fields: dict[str, Any] = {name: (model, key(model(), "")) for name, model in models.items()}
    return create_model("Alerts", __base__=Section, __doc__="When somebody is told: one table a rule.", **fields)


if TYPE_CHECKING:

    class Alerts(Section):
        """When somebody is told: one table a rule."""

else:
    Alerts = _alerts()


def alert_settings(config: BaseModel) -> AlertSettings:
    """What the alerting is told."""
    return AlertSettings(rules={name: _rule(table) for name, table in config.model_dump().items()})


def _rule(table: dict[str, Any]) -> RuleSettings:
    for name in ("thresholds", "repeat_seconds"):
        if name in table:
            table[name] = {Severity(severity): number for severity, number in table[name].items()}
    if "severities" in table:
        table["severities"] = {word: Severity(severity) for word, severity in table["severities"].items()}
    return RuleSettings(**table)
