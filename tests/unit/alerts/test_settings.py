"""What may be set about rules: the defaults stand, and every mistake is named with key, value and cure."""

from __future__ import annotations

import math
from dataclasses import replace
from math import inf, nan
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.overrides import Override
from monitor.alerts.reading import Reading, Subject, Words, grade
from monitor.alerts.rule import Kind, RuleSettings
from monitor.alerts.settings import LEAST_ROOM_RATIO, AlertSettings, levels, mistakes
from monitor.domain.alerts import Severity
from monitor.domain.events import WarningKind
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality

OWNER = AccountKey("paper", "main")


def unworded(_: float) -> Words:
    return Words("", "")


def test_every_rule_has_defaults_and_every_default_a_rule() -> None:
    assert default_rules().keys() == RULES.keys()


def test_the_defaults_hold_no_mistake() -> None:
    assert list(mistakes(AlertSettings())) == []


#: Limits that only the user can know, the same danger in another unit, and what is no forecast.
SILENT = {
    "account_ratio", "coin_sigmas", "market_sigmas", "position_sigmas", "room_usd", "position_room_usd", "trend_time",
    "distance_after_payment", "funds_at_risk", "account_funds_at_risk", "account_gross", "account_net",
    "account_leverage", "collateral_share", "group_coin_distance", "group_market_distance",
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_fire_by_default_but_those_whose_limits_only_the_user_knows(rule: str) -> None:
    settings = default_rules()[rule]

    assert settings.enabled
    levels_of = settings.thresholds if RULES[rule].kind is Kind.NUMBER else settings.severities
    assert bool(levels_of) is (rule not in SILENT)


def test_a_rule_that_is_not_named_has_its_defaults() -> None:
    only = RuleSettings(thresholds={Severity.CRITICAL: 0.9})
    settings = AlertSettings(rules={"margin_ratio": only})

    assert settings.of("margin_ratio") is only
    assert settings.of("drift") == default_rules()["drift"]


WRONG = [
    ("margin_ratio", {"severities": {"x": Severity.INFO}}, "alerts.margin_ratio.severities", "give thresholds"),
    ("data_quality", {"thresholds": {Severity.INFO: 1.0}}, "alerts.data_quality.thresholds", "give severities"),
    ("margin_ratio", {"thresholds": {Severity.WARNING: nan}}, "alerts.margin_ratio.thresholds.warning", "0 or more"),
    ("margin_ratio", {"thresholds": {Severity.WARNING: inf}}, "alerts.margin_ratio.thresholds.warning", "0 or more"),
    ("margin_ratio", {"thresholds": {Severity.WARNING: 60.0}}, "alerts.margin_ratio.thresholds.warning", "0.6 is 60 %"),
    ("coin_distance", {"thresholds": {Severity.WARNING: 10.0}}, "alerts.coin_distance.thresholds.warning", "1 or less"),
    ("data_quality", {"severities": {"STALEE": Severity.INFO}}, "alerts.data_quality.severities.STALEE", "STALE"),
    ("drift", {"thresholds": {Severity.WARNING: -0.1}}, "alerts.drift.thresholds.warning", "0 or more"),
    (
        "margin_ratio",
        {"thresholds": {Severity.CRITICAL: 0.5, Severity.WARNING: 0.8}},
        "alerts.margin_ratio.thresholds",
        "greater threshold",
    ),
    (
        "coin_distance",
        {"thresholds": {Severity.CRITICAL: 0.5, Severity.WARNING: 0.1}},
        "alerts.coin_distance.thresholds",
        "smaller threshold",
    ),
    ("drift", {"hysteresis_ratio": 1.0}, "alerts.drift.hysteresis_ratio", "below 1"),
    ("drift", {"hysteresis_ratio": nan}, "alerts.drift.hysteresis_ratio", "below 1"),
    ("drift", {"worsening_factor": -0.5}, "alerts.drift.worsening_factor", "below 1"),
    ("drift", {"for_seconds": -1.0}, "alerts.drift.for_seconds", "seconds"),
    ("drift", {"window_seconds": 60.0}, "alerts.drift.window_seconds", "does not look back"),
    ("worsening", {"window_seconds": 1.0}, "alerts.worsening.window_seconds", "60 seconds or more"),
    ("drift", {"keep_firing_seconds": inf}, "alerts.drift.keep_firing_seconds", "seconds"),
    ("drift", {"repeat_seconds": {Severity.INFO: 1.0}}, "alerts.drift.repeat_seconds.info", "60 seconds or more"),
    ("drift", {"repeat_seconds": {Severity.INFO: nan}}, "alerts.drift.repeat_seconds.info", "60 seconds or more"),
]


@pytest.mark.parametrize(
    ("rule", "changed", "key", "cure"), WRONG, ids=[f"{case[2]}-{n}" for n, case in enumerate(WRONG)]
)
def test_a_mistake_is_named_with_its_key_and_cure(rule: str, changed: dict[str, Any], key: str, cure: str) -> None:
    settings = AlertSettings(rules={rule: replace(default_rules()[rule], **changed)})

    found = [mistake for mistake in mistakes(settings) if mistake.key == key]
    assert len(found) == 1
    assert cure in found[0].cure


def test_an_unknown_rule_is_a_mistake_that_names_the_known_ones() -> None:
    (mistake,) = mistakes(AlertSettings(rules={"margin_rati": RuleSettings()}), key="desk.alerts")

    assert mistake.key == "desk.alerts.margin_rati"
    assert "margin_ratio" in mistake.cure


def test_every_word_of_the_defaults_and_of_a_pools_quality_can_be_given_a_severity() -> None:
    anything = RuleSettings(severities=dict.fromkeys((*RULES["data_quality"].words, ""), Severity.INFO))
    assert not list(mistakes(AlertSettings(rules={**default_rules(), "data_quality": anything})))
    assert set(RULES["data_quality"].words) == {quality.value for quality in Quality if quality is not Quality.LIVE}
    assert set(RULES["venue_warning"].words) == {kind.value for kind in WarningKind}


def test_a_threshold_at_the_very_end_of_its_scale_is_no_mistake() -> None:
    at_the_end = RuleSettings(thresholds={Severity.CRITICAL: 1.0})
    assert not list(mistakes(AlertSettings(rules={"margin_ratio": at_the_end})))


def test_all_mistakes_are_reported_at_once() -> None:
    broken = RuleSettings(hysteresis_ratio=2.0, worsening_factor=2.0, for_seconds=-1.0)

    assert len(list(mistakes(AlertSettings(rules={"drift": broken, "deficit": broken})))) == 6


NUMBERS = {"ratio": ("margin_ratio",), "distance": ("position_distance", "coin_distance", "market_distance")}
HARD = tuple(
    number
    for names in levels(AlertSettings())
    for level in names
    for number in (math.nextafter(level, 0.0), level, math.nextafter(level, 2.0))
)


@given(
    one=st.floats(0.0, 2.0) | st.sampled_from(HARD),
    other=st.floats(0.0, 2.0) | st.sampled_from(HARD),
    hysteresis=st.sampled_from([0.0, 0.1, 0.3]),
    figure=st.sampled_from(["ratio", "distance"]),
)
def test_two_numbers_with_no_level_between_them_are_graded_alike(
    one: float, other: float, hysteresis: float, figure: str
) -> None:
    settings = AlertSettings(
        rules={
            name: replace(rule, hysteresis_ratio=hysteresis)
            for name, rule in default_rules().items()
            if name != "coin_distance"
        }
        | {"coin_distance": RuleSettings(thresholds={Severity.WARNING: 0.3, Severity.CRITICAL: 0.07})}
    )
    edges = getattr(levels(settings), figure)
    assume(one == other or not any(min(one, other) <= edge <= max(one, other) for edge in edges))
    for rule in NUMBERS[figure]:
        grades = [
            replace(grade(Reading(Subject(rule, OWNER), value, "", True, unworded), settings.of(rule)), room=None)
            for value in (one, other)
        ]
        assert grades[0] == grades[1], rule


def test_levels_are_those_of_the_rules_that_speak() -> None:
    rules = {name: replace(rule, enabled=False) for name, rule in default_rules().items()}
    assert levels(AlertSettings(rules=rules)) == ((), ())
    rules["market_distance"] = RuleSettings(thresholds={Severity.WARNING: 0.5}, hysteresis_ratio=0.5)
    assert levels(AlertSettings(rules=rules)) == ((), (LEAST_ROOM_RATIO, 0.5, 0.75))
    silent = {name: RuleSettings() for name in ("margin_ratio", "account_ratio", "stage_ratio")}
    assert levels(AlertSettings(rules=silent)).ratio == (), "no threshold, no level"


def test_levels_hold_each_threshold_its_recovery_and_the_end() -> None:
    ratios = (0.6 * (1 - 0.05), 0.6, 0.8 * (1 - 0.05), 0.8, 1.0 - LEAST_ROOM_RATIO)
    settings = AlertSettings(rules=default_rules() | {"stage_ratio": RuleSettings(enabled=False)})
    assert levels(settings).ratio == ratios
    assert levels(settings).distance == (LEAST_ROOM_RATIO, 0.05, 0.05 * (1 + 0.1), 0.1, 0.1 * (1 + 0.1))


def test_levels_hold_those_of_every_override_too() -> None:
    rules = default_rules() | {"stage_ratio": RuleSettings(enabled=False), "margin_ratio": RuleSettings(enabled=False)}
    overrides = (
        Override(rule="margin_ratio", account="main", enabled=True, thresholds={Severity.WARNING: 0.5}),
        Override(rule="margin_ratio", symbol="BTCUSDT", hysteresis_ratio=0.5),
    )
    assert levels(AlertSettings(rules=rules)).ratio == ()
    assert levels(AlertSettings(rules=rules, overrides=overrides)).ratio == (
        0.25, 0.5 * (1 - 0.1), 0.5, 1.0 - LEAST_ROOM_RATIO,
    )  # fmt: skip


ORDER = ("whisper", "info", "warning", "urgent", "critical", "panic")


@pytest.mark.parametrize(
    ("level", "like"),
    [
        ("whisper", Severity.INFO), ("info", Severity.INFO), ("warning", Severity.WARNING),
        ("urgent", Severity.WARNING), ("panic", Severity.CRITICAL), ("unheard of", Severity.CRITICAL),
    ],
)  # fmt: skip
def test_an_own_level_is_shown_as_the_next_built_in_one_below_it(level: str, like: Severity) -> None:
    assert AlertSettings(levels=ORDER).like(level) is like


WRONG_ORDERS = [
    (("info", "critical"), "must hold info, warning, critical"),
    (("warning", "info", "critical"), "in this order"),
    (("info", "warning", "warning", "critical"), "stands in it twice"),
    (("info", "warning", "critical", "Page!"), "small letters"),
]


@pytest.mark.parametrize(("order", "cure"), WRONG_ORDERS, ids=[str(case[0]) for case in WRONG_ORDERS])
def test_an_order_of_levels_without_the_built_in_ones_is_a_mistake(order: tuple[str, ...], cure: str) -> None:
    found = [str(mistake) for mistake in mistakes(AlertSettings(levels=order)) if mistake.key == "alerts.levels"]
    assert any(cure in each for each in found)


def test_own_levels_can_be_used_in_every_rule_once_they_are_in_the_order() -> None:
    own = RuleSettings(thresholds={"urgent": 0.7, "panic": 0.9}, repeat_seconds={"panic": 60.0})
    words = RuleSettings(severities={"STALE": "urgent"})
    rules = {"margin_ratio": own, "data_quality": words}

    assert not list(mistakes(AlertSettings(levels=ORDER, rules=rules)))
    assert [mistake.key for mistake in mistakes(AlertSettings(rules=rules))] == [
        "alerts.margin_ratio.thresholds.urgent",
        "alerts.margin_ratio.thresholds.panic",
        "alerts.margin_ratio.repeat_seconds.panic",
        "alerts.data_quality.severities.STALE",
    ]


WRONG_OVERRIDES = [
    (Override(rule="margin_rati", enabled=False), "alerts.overrides[0].rule", "no such rule"),
    (Override(rule="drift", account="main"), "alerts.overrides[0]", "changes nothing"),
    (Override(thresholds={"warning": 0.5}), "alerts.overrides[0].thresholds", "name the rule"),
    (Override(severities={"": "info"}), "alerts.overrides[0].severities", "name the rule"),
    (Override(for_seconds=-1.0), "alerts.overrides[0].for_seconds", "seconds"),
    (Override(rule="drift", thresholds={"loud": 0.5}), "alerts.overrides[0].thresholds.loud", "no such level"),
    (
        Override(rule="margin_ratio", thresholds={"warning": 0.9}),
        "alerts.overrides[0].thresholds",
        "greater threshold",
    ),
    (Override(rule="drift", group="desk", enabled=False), "alerts.overrides[0].group", "there are: quants"),
]


@pytest.mark.parametrize(("override", "key", "cure"), WRONG_OVERRIDES, ids=[case[2] for case in WRONG_OVERRIDES])
def test_a_mistake_of_an_override_is_named_with_its_place_and_cure(override: Override, key: str, cure: str) -> None:
    settings = AlertSettings(overrides=(override,), groups={OWNER: "quants"})

    assert [(mistake.key, cure in mistake.cure) for mistake in mistakes(settings)] == [(key, True)]


def test_a_mistake_of_the_rule_itself_is_not_told_again_of_each_override() -> None:
    broken = {"drift": RuleSettings(for_seconds=-1.0)}
    override = Override(rule="drift", thresholds={"warning": 0.5})

    assert [each.key for each in mistakes(AlertSettings(rules=broken, overrides=(override,)))] == [
        "alerts.drift.for_seconds"
    ]


def test_settings_answer_for_a_subject_with_the_overrides_that_hold_of_it() -> None:
    group = Override(rule="margin_ratio", group="quants", for_seconds=60.0)
    settings = AlertSettings(overrides=(group,), groups={OWNER: "quants"})

    assert settings.of("margin_ratio", Subject("margin_ratio", OWNER, "cross")).for_seconds == 60.0
    other = Subject("margin_ratio", AccountKey("paper", "other"), "cross")
    assert settings.of("margin_ratio", other) == settings.of("margin_ratio")
