"""What is no mistake in the configuration of who is told, and most likely not meant: conditions that nothing meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from monitor.alerts.catalogue import RULES
from monitor.app.config_alerts import alert_settings
from monitor.app.config_people import level_names
from monitor.domain.alerts import Severity
from monitor.domain.silences import parse

if TYPE_CHECKING:
    from monitor.app.config import Config

_COMMON = ("rule", "severity", "group", "venue", "account", "pool")  #: labels that alerts of more than one rule have


def doubts(config: Config) -> Iterator[str]:
    """Each in words, with its key."""
    known = _known(config)
    labels = {*_COMMON, *(detail for rule in RULES.values() for detail in rule.details)}
    for number, route in enumerate(config.routes):
        for text in route.match:
            matcher = parse(text)
            key = f"routes[{number}].match"
            if matcher.name not in labels:
                yield f"{key}: {text!r}: no alert has the label {matcher.name}; there are: {', '.join(sorted(labels))}"
            elif not matcher.regex and not matcher.negative:
                yield from _unmet(f"{key}: {text!r}", matcher.name, matcher.value, known)
    for number, override in enumerate(alert_settings(config.alerts).overrides):
        for name in ("account", "group", "venue"):
            if value := getattr(override, name):
                yield from _unmet(f"alerts.overrides[{number}].{name}", name, value, known)
    if config.routes and not any(_takes_all(each.match, each.levels, each.channels) for each in config.routes):
        yield "routes: none takes all critical alerts, and what none takes nobody hears of: end with one without match"


def _known(config: Config) -> Mapping[str, tuple[str, ...]]:
    """The values that some labels may have."""
    accounts = config.accounts
    return {
        "account": tuple(accounts),
        "group": tuple(dict.fromkeys(each.group for each in accounts.values() if each.group)),
        "venue": tuple(dict.fromkeys(each.venue for each in accounts.values())),
        "rule": tuple(RULES),
        "severity": level_names(config),
    }


def _unmet(where: str, name: str, value: str, known: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    if value and name in known and value not in known[name]:
        there_are = ", ".join(known[name]) or "none"
        # The list of all rules is longer than a person reads.
        yield f"{where}: there is no {name} {value!r}" + ("" if name == "rule" else f"; there are: {there_are}")


def _takes_all(match: tuple[str, ...], levels: tuple[str, ...], channels: tuple[str, ...]) -> bool:
    return not match and bool(channels) and (not levels or Severity.CRITICAL in levels)
