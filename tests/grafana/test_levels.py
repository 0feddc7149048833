"""Steps of colour: they begin where the rules' levels do, and turn the right way."""

from __future__ import annotations

from itertools import product

import pytest

from deploy.grafana.colours import CLEAR, CRITICAL, FINE, INFO, WARNING
from deploy.grafana.levels import PLAIN, Levels, areas, both_ways, of_rule, warning_of
from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.rule import Kind
from monitor.domain.alerts import Severity

NUMBERS = [name for name, rule in RULES.items() if rule.kind is Kind.NUMBER and default_rules()[name].thresholds]
MARGIN_RATIO = default_rules()["margin_ratio"].thresholds
COLOURS = {Severity.INFO: INFO, Severity.WARNING: WARNING, Severity.CRITICAL: CRITICAL}


def colour(levels: Levels, value: float) -> str:
    """What Grafana paints a value: the colour of the last step that it reaches."""
    return [step.color for step in levels if step.value is None or value >= step.value][-1]


@pytest.mark.parametrize("rule", NUMBERS)
def test_a_value_past_a_threshold_has_the_colour_of_its_level_and_one_before_it_has_not(rule: str) -> None:
    thresholds = default_rules()[rule].thresholds
    worse = 1.0 if RULES[rule].rising else -1.0
    for level, threshold in thresholds.items():
        step = 1e-6 * max(1.0, abs(threshold))
        assert colour(of_rule(rule), threshold + worse * step) == COLOURS[Severity(level)]
        assert colour(of_rule(rule), threshold - worse * step) != COLOURS[Severity(level)]


@pytest.mark.parametrize("rule", NUMBERS)
def test_what_is_far_from_every_threshold_is_fine(rule: str) -> None:
    assert colour(of_rule(rule), -1e9 if RULES[rule].rising else 1e9) == FINE


def test_a_rule_without_thresholds_paints_nothing() -> None:
    assert of_rule("account_ratio") is PLAIN


def test_a_rule_that_does_not_exist_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        of_rule("margin_ration")


@pytest.mark.parametrize(("rule", "value"), list(product(("coin_distance", "drift"), (0.001, 0.02, 0.07, 0.2))))
def test_on_both_sides_of_zero_the_colours_are_the_same(rule: str, value: float) -> None:
    signed = both_ways(rule)

    assert colour(signed, value) == colour(signed, -value) == colour(of_rule(rule), value)
    assert [step.value for step in signed[1:]] == sorted(step.value or 0.0 for step in signed[1:])


def test_behind_a_graph_what_is_fine_is_not_painted() -> None:
    assert [(step.value, step.color) for step in areas(of_rule("margin_ratio"))] == [
        (None, CLEAR),
        (MARGIN_RATIO[Severity.WARNING], WARNING),
        (MARGIN_RATIO[Severity.CRITICAL], CRITICAL),
    ]


def test_the_number_at_which_a_rule_warns() -> None:
    assert warning_of("margin_ratio") == MARGIN_RATIO[Severity.WARNING] < MARGIN_RATIO[Severity.CRITICAL]
