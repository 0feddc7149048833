"""The whole of the decisions: views in, pages out, over hours that take no time."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from monitor.alerts.catalogue import default_rules
from monitor.alerts.rule import RuleSettings
from monitor.domain.alerts import Change
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from tests.sample_reports import account, pool, position
from tests.unit.alerts.desk import CRITICAL, HOUR, NEAR, SAFE, VERY_NEAR, WARNING, Desk, at_ratio, happened


def test_a_calm_account_is_silent_for_a_day() -> None:
    desk = Desk()

    for _ in range(24):
        assert desk.see(replace(SAFE, at=desk.now), seconds=HOUR) == []
    assert desk.firing == []


def test_a_breach_is_told_after_it_has_held() -> None:
    desk = Desk()

    assert desk.see(NEAR) == []
    assert desk.hold(NEAR, seconds=4) == []
    assert desk.see(NEAR) == [("margin_ratio", Change.FIRED)]
    assert desk.firing == [("margin_ratio", WARNING)]
    alert = desk.alert("margin_ratio")
    assert (alert.value, alert.threshold, alert.since) == (0.65, 0.6, desk.now)
    assert dict(alert.labels) == {"venue": "binance", "account": "main", "pool": "cross:USDT"}


def test_a_pending_alert_is_not_shown_as_firing() -> None:
    desk = Desk()
    desk.see(NEAR)

    assert desk.firing == []


def test_the_life_of_an_incident_from_warning_to_the_end() -> None:
    desk = Desk(worsening=RuleSettings(enabled=False))
    desk.hold(NEAR, seconds=7)
    desk.hold(VERY_NEAR, seconds=7)
    assert desk.firing == [("margin_ratio", CRITICAL)]
    desk.hold(NEAR, seconds=400)
    assert desk.firing == [("margin_ratio", WARNING)]
    desk.hold(SAFE, seconds=400)
    assert desk.firing == []

    assert [(change.change, change.previous, change.alert.severity) for change in desk.told] == [
        (Change.FIRED, None, WARNING),
        (Change.ESCALATED, WARNING, CRITICAL),
        (Change.EASED, CRITICAL, WARNING),
        (Change.RESOLVED, WARNING, WARNING),
    ]
    assert len({change.alert.identity for change in desk.told}) == 1
    assert len({change.alert.since for change in desk.told}) == 1


@pytest.mark.parametrize(
    "worst",
    [at_ratio(1.0), at_ratio(float("inf"))],
    ids=["ratio of one", "no equity"],
)
def test_liquidatable_now_is_told_at_once(worst: AccountReport) -> None:
    desk = Desk()

    assert desk.see(worst) == [("margin_ratio", Change.FIRED)]
    assert desk.firing == [("margin_ratio", CRITICAL)]
    assert "liquidatable now" in desk.alert("margin_ratio").summary


def test_a_liquidatable_line_is_told_at_once_also_while_the_ratio_is_unknown() -> None:
    desk = Desk()
    odd = pool(
        ratio=Ratio.unknown("no tiers"),
        quality=Quality.UNKNOWN,
        positions=(position(line=LIQUIDATABLE),),
        market={},
        coins={},
    )

    assert desk.see(account(odd)) == [("position_distance", Change.FIRED)]


def test_it_is_told_again_when_the_room_has_halved() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)

    assert desk.see(at_ratio(0.92)) == []
    assert desk.see(at_ratio(0.93)) == [("margin_ratio", Change.WORSENED)]
    assert desk.told[-1].alert.value == 0.93


def _walk(desk: Desk, centre: float, seconds: int, seed: int) -> list[Change]:
    """A distance that wanders around a threshold, pulled back to it, once a second; what is told."""
    dice, away = random.Random(seed), 0.0
    told = []
    for _ in range(seconds):
        away = 0.98 * away + dice.gauss(0.0, 0.0008)
        line = Line.at(60_000 * (1 - centre - away), max(0.0, centre + away))
        quiet = {Direction.DOWN: NEVER}
        report = account(pool(positions=(position(line=line),), market=quiet, coins={}), at=desk.now)
        told += [change for _, change in desk.see(report)]
    return told


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 10))])
def test_an_hour_around_a_threshold_is_one_page_and_a_second_breach_pages_again(seed: int) -> None:
    desk = Desk()

    assert _walk(desk, 0.10, 3600, seed) == [Change.FIRED]
    assert _walk(desk, 0.20, 3600, seed) == [Change.RESOLVED]
    assert _walk(desk, 0.095, 3600, seed) == [Change.FIRED]


def test_the_walk_does_cross_its_threshold_often_enough_to_mean_something() -> None:
    settings = replace(
        default_rules()["position_distance"], hysteresis_ratio=0.0, for_seconds=0.0, keep_firing_seconds=0.0
    )

    assert _walk(Desk(position_distance=settings), 0.10, 3600, 1).count(Change.FIRED) > 20


def test_it_is_repeated_while_it_lasts() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)

    told = [told for _ in range(60) for told in desk.see(VERY_NEAR, seconds=60)]
    assert told == [("margin_ratio", Change.REPEATED)], "critical: once an hour"


def test_a_rule_that_is_switched_off_says_nothing() -> None:
    desk = Desk(margin_ratio=RuleSettings(enabled=False), mode_changed=RuleSettings(enabled=False))

    assert desk.hold(VERY_NEAR, seconds=100) == []
    assert desk.see(account(), notices=[happened()]) == []


def test_a_rule_without_thresholds_never_fires() -> None:
    desk = Desk(margin_ratio=RuleSettings(), position_distance=RuleSettings())
    worst = account(pool(ratio=Ratio.of(2.0), positions=(position(line=LIQUIDATABLE),)))

    assert desk.hold(worst, seconds=10) == []


def test_the_loudest_comes_first() -> None:
    desk = Desk()
    stale = pool("isolated:ETHUSDT:long", quality=Quality.STALE)
    desk.hold(account(stale), seconds=15)

    told = desk.see(account(stale, pool(ratio=Ratio.of(1.2))))
    assert told == [("margin_ratio", Change.FIRED), ("data_quality", Change.FIRED)]
    assert desk.firing == [("margin_ratio", CRITICAL), ("data_quality", WARNING)]


def test_the_text_of_a_firing_alert_follows_its_numbers() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)

    desk.see(at_ratio(0.87), seconds=2)
    assert desk.alert("margin_ratio").value == 0.87
    assert "87 %" in desk.alert("margin_ratio").summary


def test_two_runs_over_the_same_views_decide_the_same() -> None:
    one, two = Desk(), Desk()
    for desk in (one, two):
        _walk(desk, 0.05, 600, seed=7)

    assert one.told == two.told
    assert one.told
