"""Which channels an alert goes to, and which way round one that fails."""

from __future__ import annotations

import pytest

from monitor.alerts.routing import (
    Digest,
    EscalationStep,
    Route,
    RoutingSettings,
    channels_of,
    grouping_seconds,
    is_at_least,
    is_critical,
    like,
    overdue_seconds,
    reachable,
    routes_of,
    way_round,
)
from monitor.domain.alerts import Alert, Matcher, Severity
from monitor.domain.names import AccountKey

INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
ALL = ("chat", "mail", "pager")
OWN = ("trace", INFO, "notice", WARNING, "page", CRITICAL, "doom")


def alert(level: str = WARNING, account: str = "main", **labels: str) -> Alert:
    return Alert(rule="margin_ratio", severity=level, labels={"venue": "sim", "account": account, **labels})


def route(name: str, *matchers: Matcher, goes_on: bool = False, levels: tuple[str, ...] = ()) -> Route:
    return Route(name=name, matchers=matchers, channels=(name,), goes_on=goes_on, levels=levels)


def is_(name: str, value: str) -> Matcher:
    return Matcher(name=name, value=value)


@pytest.mark.parametrize(("level", "told"), [(INFO, set()), (WARNING, set(ALL)), (CRITICAL, set(ALL))])
def test_without_routes_all_channels_are_told_from_warning_up(level: str, told: set[str]) -> None:
    assert channels_of(alert(level), RoutingSettings(), ALL) == told


@pytest.mark.parametrize(("level", "told"), [("trace", False), ("notice", False), ("page", True), ("doom", True)])
def test_an_own_level_has_its_place_in_the_order(level: str, told: bool) -> None:
    assert bool(channels_of(alert(level), RoutingSettings(order=OWN), ALL)) is told


def test_a_level_that_nobody_knows_is_taken_for_the_loudest() -> None:
    assert is_critical("unheard_of", RoutingSettings(order=OWN))
    assert is_at_least("unheard_of", "doom", OWN)


@pytest.mark.parametrize(
    ("matcher", "matched"),
    [
        (is_("account", "main"), True),
        (is_("account", "other"), False),
        (is_("rule", "margin_ratio"), True),
        (is_("severity", "warning"), True),
        (is_("group", "desk"), True),
        (is_("coin", ""), True),
        (Matcher(name="account", value="ma.*", regex=True), True),
        (Matcher(name="account", value="main", negative=True), False),
    ],
)
def test_matchers_see_labels_rule_severity_and_group(matcher: Matcher, matched: bool) -> None:
    settings = RoutingSettings(routes=(route("chat", matcher),), groups={AccountKey("sim", "main"): "desk"})

    assert bool(routes_of(alert(), settings)) is matched


def test_the_first_route_that_matches_is_taken_and_the_next_where_it_goes_on() -> None:
    first, second = route("chat", is_("account", "main")), route("mail")
    going_on = route("chat", is_("account", "main"), goes_on=True)

    assert channels_of(alert(), RoutingSettings(routes=(first, second)), ALL) == {"chat"}
    assert channels_of(alert(account="b"), RoutingSettings(routes=(first, second)), ALL) == {"mail"}
    assert channels_of(alert(), RoutingSettings(routes=(going_on, second)), ALL) == {"chat", "mail"}


def test_a_route_for_some_levels_lets_the_others_pass() -> None:
    settings = RoutingSettings(routes=(route("pager", levels=(CRITICAL,)), route("mail")))

    assert channels_of(alert(CRITICAL), settings, ALL) == {"pager"}
    assert channels_of(alert(INFO), settings, ALL) == {"mail"}


def test_an_alert_that_no_route_matches_is_told_to_nobody() -> None:
    assert channels_of(alert(), RoutingSettings(routes=(route("chat", is_("account", "b")),)), ALL) == frozenset()


def test_channels_that_are_not_there_are_left_out() -> None:
    assert channels_of(alert(), RoutingSettings(routes=(route("gone"),)), ALL) == frozenset()


@pytest.mark.parametrize(
    ("channel", "tried", "other"),
    [
        ("chat", (), "mail"),
        ("chat", ("mail",), "pager"),
        ("mail", ("chat",), "pager"),
        ("pager", (), ""),
        ("lost", (), ""),
    ],
)
def test_the_way_round_goes_on_to_the_first_that_was_not_tried(
    channel: str, tried: tuple[str, ...], other: str
) -> None:
    settings = RoutingSettings(fallback={"chat": "mail", "mail": "pager", "lost": "gone"})

    assert way_round(channel, tried, settings, ALL) == other


def test_ways_round_in_a_circle_end() -> None:
    settings = RoutingSettings(fallback={"chat": "mail", "mail": "chat"})

    assert way_round("chat", (), settings, ALL) == "mail"
    assert way_round("mail", ("chat",), settings, ALL) == ""


def test_all_channels_are_reachable_without_routes_and_else_those_that_something_leads_to() -> None:
    steps = (EscalationStep(after_seconds=60.0, channels=("pager",)),)
    settings = RoutingSettings(
        routes=(Route(name="a", channels=("chat",), escalate=steps),),
        digests=(Digest(channel="letter"),),
        fallback={"pager": "sms", "sms": "mail"},
    )
    channels = ("mail", "sms", "letter", "pager", "chat", "unused")

    assert reachable(RoutingSettings(), channels) == channels
    assert reachable(settings, channels) == ("mail", "sms", "letter", "pager", "chat")


@pytest.mark.parametrize(
    ("level", "built_in"),
    [("trace", INFO), (INFO, INFO), ("notice", INFO), ("page", WARNING), ("doom", CRITICAL), ("unheard_of", CRITICAL)],
)
def test_an_own_level_is_treated_as_the_built_in_one_below(level: str, built_in: str) -> None:
    assert like(level, OWN) == built_in


def test_what_is_set_for_a_level_goes_before_what_is_set_for_the_built_in_one_below() -> None:
    settings = RoutingSettings(
        order=OWN, overdue_seconds={WARNING: 10.0, "page": 5.0}, grouping_seconds={CRITICAL: 0.0, INFO: 60.0}
    )

    assert [overdue_seconds(level, settings) for level in ("page", WARNING, "doom")] == [5.0, 10.0, 6 * 3600.0]
    assert [grouping_seconds(level, settings) for level in ("notice", "page", "doom")] == [60.0, 3.0, 0.0]
