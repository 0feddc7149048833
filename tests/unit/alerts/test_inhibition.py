"""Which alerts keep others quiet: the default rules mean what exists, and no rule can hide what must be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.alerts.catalogue import RULES
from monitor.alerts.inhibition import DEFAULT_INHIBITS, ON_DATA, Inhibition, InhibitRule, Roles, roles
from monitor.alerts.settings import BUILT_IN
from monitor.domain.alerts import Alert, Matcher, Severity
from monitor.domain.fingerprints import identity
from monitor.domain.silences import matches, mistakes

EVERYTHING = InhibitRule(
    source=(Matcher(name="rule", value=".+", regex=True),),
    target=(Matcher(name="rule", value=".+", regex=True),),
    equal=(),
)


def candidate(rule: str, severity: str = "warning", **labels: str) -> Alert:
    return Alert(rule=rule, severity=severity, labels=labels, fingerprint=identity(rule, labels))


def roles_of(alert: Alert, rules: Sequence[InhibitRule]) -> Roles:
    return roles(rules, {**alert.labels, "rule": alert.rule, "severity": alert.severity})


def hides(source: Alert, target: Alert, *rules: InhibitRule) -> bool:
    firing = [(each, roles_of(each, rules)) for each in (source, target)]
    return Inhibition(rules, BUILT_IN, firing).of(target, roles_of(target, rules)) is not None


def test_every_rule_on_data_exists() -> None:
    assert RULES.keys() >= ON_DATA


@pytest.mark.parametrize("rule", DEFAULT_INHIBITS, ids=lambda rule: rule.source[0].value)
def test_the_default_rules_can_be_matched_and_speak_of_rules_that_exist(rule: InhibitRule) -> None:
    for side in (rule.source, rule.target):
        assert not list(mistakes(side))
        assert any(matches(side[:1], {"rule": name}) for name in RULES)


@given(
    st.sampled_from(sorted(RULES)), st.sampled_from(BUILT_IN), st.sampled_from(sorted(RULES)), st.sampled_from(BUILT_IN)
)
def test_nothing_is_hidden_by_what_is_quieter_nor_danger_by_trouble_with_data(
    source: str, loud: str, target: str, quiet: str
) -> None:
    one, other = candidate(source, loud, venue="paper"), candidate(target, quiet, venue="paper")
    hidden = hides(one, other, EVERYTHING)

    if BUILT_IN.index(Severity(loud)) < BUILT_IN.index(Severity(quiet)):
        assert not hidden
    if source in ON_DATA and target not in ON_DATA:
        assert not hidden
    if source == target:
        assert not hidden, "nothing hides itself"


def test_one_that_hides_only_what_is_quieter_leaves_the_equally_loud() -> None:
    rule = InhibitRule(source=EVERYTHING.source, target=EVERYTHING.target, equal=(), quieter=True)
    source = candidate("margin_ratio", "critical", pool="cross")

    assert hides(source, candidate("coin_distance", "warning", pool="cross"), rule)
    assert not hides(source, candidate("coin_distance", "critical", pool="cross"), rule)


@pytest.mark.parametrize(
    ("changed", "hidden"),
    [({}, True), ({"account": "other"}, False), ({"venue": "other"}, False), ({"account": ""}, False)],
)
def test_the_labels_that_are_named_must_be_equal_and_a_missing_one_is_empty(
    changed: dict[str, Any], hidden: bool
) -> None:
    rule = InhibitRule(source=EVERYTHING.source, target=EVERYTHING.target, equal=("venue", "account"))
    labels = {"venue": "paper", "account": "main"}
    other = {name: value for name, value in (labels | changed).items() if value}

    assert hides(candidate("account_down", **labels), candidate("data_quality", **other), rule) is hidden


def test_a_public_stream_speaks_for_the_venue_and_a_private_one_does_not() -> None:
    stale = candidate("data_quality", venue="paper", account="main", pool="cross")
    public = candidate("feed_down", venue="paper", stream="marks")
    private = candidate("feed_down", venue="paper", account="other", stream="user")

    assert hides(public, stale, *DEFAULT_INHIBITS)
    assert not hides(private, stale, *DEFAULT_INHIBITS)
