"""Limits, policies, speed and causes: what each rule takes into account, and what it leaves to others."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from sys import float_info
from typing import Any

import pytest

from monitor.alerts.reading import Reading
from monitor.alerts.rule import RuleSettings
from monitor.alerts.rules import account_readings, is_closed
from monitor.alerts.rules_account import off_peg, unexplained_share
from monitor.alerts.rules_asking import wanted
from monitor.alerts.rules_pool import cap_share, one_sided_leverage, room_usd
from monitor.alerts.trend import Trends
from monitor.domain.alerts import AlertState, Change, Severity
from monitor.domain.lines import LIQUIDATABLE, Direction, Line, Ratio
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, BurnReport, CollateralReport
from tests.sample_reports import NOW, account, pool, position
from tests.unit.alerts.desk import Desk, at_ratio

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
LIMIT = RuleSettings(thresholds={WARNING: 1_000_000.0}, for_seconds=5.0)


def holding(asset: str = "USDC", **changed: Any) -> CollateralReport:
    """An asset that makes up half of a pool's collateral."""
    calm: dict[str, Any] = {
        "amount": 5_000.0, "value_usd": 5_000.0, "share_ratio": 0.5, "price_usd": 1.0, "stable": True,
    }  # fmt: skip
    return CollateralReport(asset=asset, **(calm | changed))


def only(report: AccountReport, *rules: str) -> list[Reading]:
    """What is read of an account for these rules if all their numbers are asked for."""
    return list(account_readings(report, NOW, lambda rule, value, state: rule in rules, Trends({})))


@pytest.mark.parametrize(
    ("changed", "room"),
    [
        ({"ratio": Ratio.of(0.25), "equity_usd": 1_000.0}, 750.0),
        ({"ratio": Ratio.of(0.0), "equity_usd": 1_000.0}, 1_000.0),
        ({"ratio": Ratio.of(1.0), "equity_usd": 1_000.0}, 0.0),
        ({"ratio": Ratio.of(inf), "equity_usd": -5.0}, 0.0),
        ({"ratio": Ratio.of(0.2), "equity_usd": None}, None),
        ({"ratio": Ratio.unknown("no tiers"), "equity_usd": 1_000.0}, None),
    ],
    ids=["half way", "nothing held", "liquidatable", "broke", "equity unknown", "ratio unknown"],
)
def test_the_room_of_a_pool_in_usd(changed: dict[str, Any], room: float | None) -> None:
    assert room_usd(pool(**changed)) == room


def test_half_the_room_lost_within_minutes_is_told_although_no_line_is_near() -> None:
    desk = Desk()
    desk.hold(at_ratio(0.01, equity_usd=100_000.0), seconds=60)

    told = desk.hold(at_ratio(0.03, equity_usd=40_000.0), seconds=60)

    assert told == [("worsening", Change.FIRED)]
    assert desk.alert("worsening").value == pytest.approx(1 - 38_800.0 / 99_000.0)
    assert "within 15 min" in desk.alert("worsening").summary


def test_a_slow_loss_of_the_same_size_is_not_told() -> None:
    desk = Desk()
    for minute in range(120):
        desk.see(at_ratio(0.01, equity_usd=100_000.0 - 500.0 * minute), seconds=60.0)

    assert desk.told == []


def test_what_was_lost_fast_is_over_when_the_window_has_passed_it() -> None:
    desk = Desk()
    desk.hold(at_ratio(0.01, equity_usd=100_000.0), seconds=60)
    desk.hold(at_ratio(0.03, equity_usd=40_000.0), seconds=60)

    told = desk.hold(at_ratio(0.03, equity_usd=40_000.0), seconds=1_300)

    assert told == [("worsening", Change.RESOLVED)]


def test_a_fall_that_brings_a_line_near_is_told_by_the_line() -> None:
    desk = Desk()
    far, near = Line.at(45_000.0, 0.25), Line.at(57_000.0, 0.05)
    desk.hold(at_ratio(0.02, equity_usd=15_500.0, positions=(position(line=far),)), seconds=60)

    told = desk.hold(at_ratio(0.1, equity_usd=3_500.0, positions=(position(line=near),)), seconds=120)

    assert told == [("position_distance", Change.FIRED), ("worsening", Change.FIRED)]
    assert desk.alert("position_distance").state is AlertState.FIRING
    assert desk.alert("worsening").state is AlertState.INHIBITED


def test_money_that_leaves_an_idle_pool_is_no_worsening() -> None:
    desk = Desk()
    desk.hold(at_ratio(0.0, equity_usd=100_000.0, positions=()), seconds=60)

    assert desk.hold(at_ratio(0.0, equity_usd=10.0, positions=()), seconds=120) == []


def test_doubtful_figures_are_no_samples() -> None:
    rules = ("worsening", "trend_time")
    for quality in Quality:
        assert bool(only(at_ratio(0.01, quality=quality), *rules)) is quality.figures_shown


def test_the_time_that_is_left_at_this_speed_is_told_to_those_who_want_it() -> None:
    desk = Desk(trend_time=RuleSettings(thresholds={WARNING: 3_600.0}))
    for minute in range(38):
        desk.see(at_ratio(0.01, equity_usd=100_000.0 - 1_000.0 * minute), seconds=60.0)
    assert desk.told == [], "63 minutes are left"

    for minute in range(38, 45):
        desk.see(at_ratio(0.01, equity_usd=100_000.0 - 1_000.0 * minute), seconds=60.0)

    assert [(each.alert.rule, each.change) for each in desk.told] == [("trend_time", Change.FIRED)]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"one_sided": True, "effective_leverage_ratio": 7.0}, 7.0),
        ({"one_sided": True, "effective_leverage_ratio": None}, None),
        ({"one_sided": None, "effective_leverage_ratio": 7.0}, None),
        ({"one_sided": False, "effective_leverage_ratio": 7.0}, 0.0),
        ({"one_sided": True, "effective_leverage_ratio": 50.0, "isolated": True}, 0.0),
    ],
    ids=["one-sided", "leverage unknown", "sides unknown", "hedged", "isolated"],
)
def test_the_policy_on_leverage_is_for_one_sided_cross_pools(changed: dict[str, Any], expected: float | None) -> None:
    assert one_sided_leverage(pool(**changed)) == expected


@pytest.mark.parametrize(
    ("notional", "cap", "share"),
    [(-500.0, 1_000.0, 0.5), (None, 1_000.0, None), (500.0, None, None), (500.0, 0.0, None)],
)
def test_the_share_of_a_cap(notional: float | None, cap: float | None, share: float | None) -> None:
    assert cap_share(position(notional_usd=notional, cap_usd=cap)) == share


def test_margin_that_is_added_by_itself_is_a_policy() -> None:
    desk = Desk()
    isolated = "isolated:BTCUSDT:long"
    on, off = (account(pool(isolated, positions=(position(auto_add_margin=is_on),))) for is_on in (True, False))

    assert desk.see(on) == [("auto_add_margin", Change.FIRED)]
    assert desk.alert("auto_add_margin").labels["symbol"] == "BTCUSDT"
    assert desk.hold(off, seconds=70) == [("auto_add_margin", Change.RESOLVED)]


BURNING = BurnReport(usd_per_day=100.0, seconds=3_600.0, after_ratio=Ratio.of(1.2), after_line=LIQUIDATABLE)


def test_of_a_pool_that_is_liquidatable_its_ratio_tells_and_not_what_funding_does_later() -> None:
    rules = ("burn_time", "ratio_after_payment", "distance_after_payment")
    alive, over = (account(pool(ratio=Ratio.of(ratio), burn=BURNING)) for ratio in (0.5, 1.1))

    assert [reading.value for reading in only(alive, *rules)] == [3_600.0, 1.2, 0.0]
    assert [reading.value for reading in only(over, *rules)] == [None] * 3


def test_a_payment_that_liquidates_is_told_before_it_is_made() -> None:
    desk = Desk()
    soon = BurnReport(usd_per_day=100.0, seconds=10 * 86_400.0, next_time=NOW + 3_600.0, after_ratio=Ratio.of(1.0))

    assert desk.hold(at_ratio(0.55, burn=soon), seconds=60) == [("ratio_after_payment", Change.FIRED)]


def test_limits_are_told_when_the_user_sets_them() -> None:
    desk = Desk(account_gross=LIMIT, account_net=LIMIT, account_funds_at_risk=LIMIT, funds_at_risk=LIMIT)
    large = account(pool(funds_at_risk_usd=2e6), gross_notional_usd=3e6, net_notional_usd=-2e6, funds_at_risk_usd=2e6)

    told = {rule for rule, _ in desk.hold(large, seconds=10)}

    assert told == {"account_gross", "account_net", "account_funds_at_risk", "funds_at_risk"}
    assert desk.alert("account_net").value == 2e6


@pytest.mark.parametrize(
    ("usd", "equity", "share"),
    [
        (-100.0, 900.0, -0.1),
        (100.0, 1_000.0, 0.1),
        (0.0, None, 0.0),
        (-100.0, 0.0, -1.0),
        (-100.0, -200.0, -inf),
        (100.0, -200.0, inf),
        (None, 1_000.0, None),
        (-100.0, None, None),
    ],
    ids=["lost", "gained", "nothing", "all", "more than all", "from nothing", "not told", "equity unknown"],
)
def test_what_is_unexplained_is_a_share_of_what_there_was(
    usd: float | None, equity: float | None, share: float | None
) -> None:
    assert unexplained_share(account(unexplained_usd=usd, equity_usd=equity)) == share


def test_money_that_leaves_without_a_cause_is_told_louder_than_money_that_comes() -> None:
    desk = Desk()
    gone = account(pool(), unexplained_usd=-5_000.0, equity_usd=15_500.0, unexplained_text="USDT fell by 5,000")
    come = account(pool(), unexplained_usd=5_000.0, equity_usd=20_500.0)

    assert desk.hold(gone, seconds=40) == [("unexplained_loss", Change.FIRED)]
    assert desk.alert("unexplained_loss").severity is CRITICAL
    assert "USDT fell by 5,000" in desk.alert("unexplained_loss").text
    assert desk.hold(come, seconds=40) == [("unexplained_gain", Change.FIRED)]
    assert desk.alert("unexplained_gain").severity is Severity.INFO


def test_off_its_peg_counts_for_stablecoins_that_matter() -> None:
    report = account(
        pool(collateral=(
            holding("USDT"),
            holding("USDC", price_usd=0.97),
            holding("FDUSD", price_usd=0.5, share_ratio=0.001),
            holding("BTC", price_usd=60_000.0, stable=False),
            holding("DAI", price_usd=None, share_ratio=None),
        )),
        pool("cross:USDC", collateral=(holding("USDC", price_usd=None), holding("TUSD", price_usd=None))),
    )  # fmt: skip
    assert off_peg(report) == {"USDT": 0.0, "USDC": pytest.approx(0.03), "DAI": None, "TUSD": None}


def test_one_stablecoin_in_two_pools_is_one_alert_of_the_account() -> None:
    desk = Desk()
    lost = holding("USDC", price_usd=0.98)
    report = account(pool(collateral=(lost,)), pool("cross:USDC", collateral=(lost,)))

    assert desk.hold(report, seconds=70) == [("collateral_depeg", Change.FIRED)]
    assert desk.alert("collateral_depeg").labels == {"venue": "binance", "account": "main", "coin": "USDC"}
    assert "cross:USDT, cross:USDC" in desk.alert("collateral_depeg").text
    assert desk.hold(account(pool(), pool("cross:USDC")), seconds=2) == [("collateral_depeg", Change.RESOLVED)]


def test_collateral_that_is_gone_has_no_share() -> None:
    desk = Desk(collateral_share=RuleSettings(thresholds={WARNING: 0.4}))
    desk.see(account(pool(collateral=(holding(),))))

    assert desk.see(account(pool(collateral=(holding(),))), seconds=10) == []
    assert desk.see(account(pool(collateral=()))) == [("collateral_share", Change.RESOLVED)]


@pytest.mark.parametrize("up", [True, False])
def test_a_stablecoin_that_is_missing_from_an_account_in_the_dark_is_not_gone(up: bool) -> None:
    (reading,) = only(account(pool(collateral=(holding(price_usd=0.9),))), "collateral_depeg")
    assert is_closed(account(pool(), up=up), reading.subject) is up


def test_a_rule_that_nobody_wants_is_asked_for_once() -> None:
    asked: list[str] = []

    def asks(rule: str, value: float | None, state: str) -> bool:
        asked.append(rule)
        return False

    many = tuple(
        position(f"C{n}USDT", adl_rank=2, cap_usd=1.0, delivery_time=NOW, auto_add_margin=True) for n in range(9)
    )
    list(account_readings(account(pool(positions=many)), NOW, asks, Trends({})))

    for rule in (
        "adl_rank",
        "position_cap",
        "delivery_near",
        "position_room_usd",
        "position_sigmas",
        "auto_add_margin",
    ):
        assert asked.count(rule) == 1, rule


def test_a_rule_that_is_wanted_is_read_where_its_number_says_so_only() -> None:
    def asks(rule: str, value: float | None, state: str) -> bool:
        return value in (0.0, float_info.max) or state == "on"

    slow = replace(BURNING, after_line=Line.at(54_000.0, 0.1))
    calm = position(adl_rank=2, cap_usd=1.0, delivery_time=NOW + 5.0, auto_add_margin=False)
    held = pool(positions=(calm,), collateral=(holding(share_ratio=0.5),), burn=slow)

    found = account_readings(account(held), NOW, asks, Trends({}))

    assert {reading.subject.rule for reading in found} == {"deficit", "drift", "worsening", "collateral_depeg"}


@pytest.mark.parametrize("bound", [(True, inf), (False, -inf)])
def test_a_rule_without_thresholds_is_wanted_by_nobody(bound: tuple[bool, float]) -> None:
    rising, at = bound

    def asks(rule: str, value: float | None, state: str) -> bool:
        assert value is not None
        return value >= at if rising else value <= at

    assert not wanted(asks, "margin_ratio" if rising else "position_distance")


def test_what_a_position_does_not_say_is_not_read() -> None:
    silent = account(pool(positions=(position(),)))
    assert only(silent, "adl_rank", "position_cap", "delivery_near", "auto_add_margin") == []


def test_a_dated_contract_is_told_a_week_and_a_day_before_it_is_delivered() -> None:
    desk = Desk()
    held = account(pool(positions=(position(delivery_time=NOW + 8 * 86_400.0),)))

    for _ in range(8 * 24):
        desk.see(held, seconds=3_600.0)

    told = [
        (each.alert.rule, each.change, each.alert.severity) for each in desk.told if each.alert.rule == "delivery_near"
    ]
    assert told == [
        ("delivery_near", Change.FIRED, Severity.INFO),
        ("delivery_near", Change.ESCALATED, WARNING),
    ]


def test_a_stage_before_the_liquidation_has_an_alert_of_its_own() -> None:
    desk = Desk()
    near = pool(stages={"liquidation": Ratio.of(0.4), "orders cancelled": Ratio.of(1.02)}, ratio=Ratio.of(0.4))

    assert desk.hold(account(near), seconds=10) == [("stage_ratio", Change.FIRED)]
    assert desk.alert("stage_ratio").labels["stage"] == "orders cancelled"


def test_lines_know_the_names_of_the_directions() -> None:
    (reading, _) = only(account(pool(depegs={"USDT": {Direction.DOWN: Line.at(0.9, 0.1), Direction.UP: LIQUIDATABLE}})),
                        "depeg_distance")  # fmt: skip
    assert reading.subject.labels == {
        "venue": "binance", "account": "main", "pool": "cross:USDT", "coin": "USDT", "direction": "down",
    }  # fmt: skip
