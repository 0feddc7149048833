"""docs/alerts.md is what users tune by: it names every rule with its default, and no other."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.rule import Kind, RuleSettings
from monitor.alerts.settings import BUILT_IN, AlertSettings, mistakes
from tests.programs import ROOT

PAGE = (ROOT / "docs" / "alerts.md").read_text()
ROWS = dict(re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]*) \|", PAGE, flags=re.MULTILINE))


def default_of(rule: str) -> str:
    """The default of a rule as its row says it."""
    settings = default_rules()[rule]
    if RULES[rule].kind is Kind.NUMBER:
        sign = "≥" if RULES[rule].rising else "≤"
        levels = [f"{level} {sign} {number:,g}" for level, number in settings.thresholds.items()]
    else:
        levels = [f"{word or 'any'}: {level}" for word, level in settings.severities.items()]
    if not levels:
        return "none"
    return ", ".join(levels) + (f"; after {settings.for_seconds:g} s" if settings.for_seconds else "")


def test_every_rule_has_its_row_and_every_row_a_rule() -> None:
    assert ROWS.keys() == RULES.keys()


@pytest.mark.parametrize("rule", RULES)
def test_a_row_says_the_default(rule: str) -> None:
    assert ROWS[rule] == default_of(rule)


EXAMPLES = [tomllib.loads(text)["alerts"] for text in re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_may_be_copied(example: dict[str, Any]) -> None:
    changed = {name: keys for name, keys in example.items() if name in RULES}
    rules = {name: RuleSettings(**{**_plain(default_rules()[name]), **keys}) for name, keys in changed.items()}
    levels = tuple(example.get("levels", BUILT_IN))

    assert changed or example.keys() & {"overrides", "inhibits"}
    assert list(mistakes(AlertSettings(rules=rules, levels=levels))) == []


def _plain(settings: RuleSettings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.__slots__}
