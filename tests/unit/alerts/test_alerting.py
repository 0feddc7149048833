"""The whole of the decisions: views in, pages out, over hours that take no time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from monitor.alerts.alerting import REREAD_SECONDS, Alerting
from monitor.alerts.settings import AlertSettings, RuleSettings, default_rules
from monitor.domain.accounts import Permissions
from monitor.domain.alerts import Alert, AlertChange, Change, Severity
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import AccountKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, Notice
from monitor.domain.view import Budget
from tests.sample_reports import MAIN, NOW, account, feed, pool, position, together, view

WARNING, CRITICAL = Severity.WARNING, Severity.CRITICAL
HOUR = 3600.0


class Desk:
    """An alerting, a clock that tests move, and what was told."""

    def __init__(self, **rules: RuleSettings) -> None:
        self.alerting = Alerting(AlertSettings(rules=rules))
        self.now = NOW
        self.told: list[AlertChange] = []

    def see(
        self, *accounts: AccountReport, seconds: float = 1.0, notices: Sequence[Notice] = (), **changed: Any
    ) -> list[tuple[str, Change]]:
        """A view `seconds` later: rule and change of what is told."""
        self.now += seconds
        changes = self.alerting.step(view(*accounts, at=self.now, **changed), notices, self.now)
        self.told.extend(changes)
        return [(change.alert.rule, change.change) for change in changes]

    def hold(self, *accounts: AccountReport, seconds: float, **changed: Any) -> list[tuple[str, Change]]:
        """The same view again and again, once a second."""
        return [told for _ in range(round(seconds)) for told in self.see(*accounts, **changed)]

    def alert(self, rule: str) -> Alert:
        """The one firing alert of a rule."""
        (alert,) = (alert for alert in self.alerting.firing if alert.rule == rule)
        return alert

    @property
    def firing(self) -> list[tuple[str, Severity]]:
        """Rule and severity of what fires."""
        return [(alert.rule, alert.severity) for alert in self.alerting.firing]


def at_ratio(value: float, **changed: Any) -> AccountReport:
    """An account of which only the margin ratio is remarkable."""
    return account(pool(ratio=Ratio.of(value), **changed))


SAFE, NEAR, VERY_NEAR = at_ratio(0.2), at_ratio(0.65), at_ratio(0.85)


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
    desk = Desk()
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


def test_each_distance_rule_speaks_of_its_own_line() -> None:
    near = Line.at(57_600.0, 0.04)
    desk = Desk()
    desk.hold(account(pool(market={Direction.UP: near}, positions=(position(line=NEVER),), coins={})), seconds=6)
    assert desk.firing == [("market_distance", CRITICAL)]

    desk = Desk()
    desk.hold(account(pool(coins={"BTC": {Direction.UP: near}}, positions=(position(line=NEVER),))), seconds=6)
    assert desk.firing == [("coin_distance", CRITICAL)]
    assert dict(desk.alert("coin_distance").labels)["direction"] == "up"

    desk = Desk()
    desk.hold(account(pool(positions=(position("ETHUSDT", Side.SHORT, line=near), position()))), seconds=6)
    assert desk.firing == [("position_distance", CRITICAL)]
    assert dict(desk.alert("position_distance").labels)["symbol"] == "ETHUSDT"


def single(value: float) -> AccountReport:
    """A pool with one position: its three lines lie in one place."""
    line = Line.at(60_000 * (1 - value), value)
    sides = {Direction.DOWN: line, Direction.UP: NEVER}
    return account(
        pool(positions=(position(line=line),), coins={"BTC": sides}, market={Direction.DOWN: together(value)})
    )


def test_one_danger_is_one_page_though_three_lines_show_it() -> None:
    desk = Desk()

    assert desk.hold(single(0.09), seconds=10) == [("position_distance", Change.FIRED)]
    assert desk.hold(single(0.03), seconds=10) == [("position_distance", Change.ESCALATED)]


def test_a_coin_line_that_is_nearer_than_its_positions_is_a_page_of_its_own() -> None:
    """Collateral in the coin falls with it: the position line does not see that."""
    desk = Desk()
    far = position(line=Line.at(54_000.0, 0.0910))
    near = {Direction.DOWN: Line.at(54_600.0, 0.0900)}

    desk.hold(account(pool(positions=(far,), coins={"BTC": near}, market={Direction.DOWN: together(0.09)})), seconds=6)
    assert sorted(desk.firing) == [("coin_distance", WARNING), ("position_distance", WARNING)]


@pytest.mark.parametrize(
    "positions",
    [
        RuleSettings(enabled=False),
        RuleSettings(thresholds={WARNING: 0.08}),
    ],
    ids=["switched off", "with another threshold"],
)
def test_a_line_is_not_left_to_a_rule_that_would_not_tell_it(positions: RuleSettings) -> None:
    desk = Desk(position_distance=positions)

    assert desk.hold(single(0.09), seconds=10) == [("coin_distance", Change.FIRED)]


def test_what_stands_goes_on_also_when_another_rule_begins_to_say_the_same() -> None:
    desk = Desk()
    alone = account(pool(positions=(position(line=NEVER),), coins={"BTC": {Direction.DOWN: Line.at(1.0, 0.09)}}))
    desk.hold(alone, seconds=6)
    assert desk.firing == [("coin_distance", WARNING)]

    told = desk.hold(single(0.03), seconds=6)
    assert ("coin_distance", Change.ESCALATED) in told


def test_it_is_told_again_when_the_room_has_halved() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)

    assert desk.see(at_ratio(0.92)) == []
    assert desk.see(at_ratio(0.93)) == [("margin_ratio", Change.WORSENED)]
    assert desk.told[-1].alert.value == 0.93


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.UNKNOWN])
def test_a_pool_that_cannot_be_believed_keeps_its_alerts(quality: Quality) -> None:
    desk = Desk(margin_ratio=replace(default_rules()["margin_ratio"], repeat_seconds={}))
    desk.hold(VERY_NEAR, seconds=6)
    # What a stale report shows is not even looked at for good news.
    unbelieved = at_ratio(0.1, quality=quality)

    told = [told for _ in range(100) for told in desk.see(replace(unbelieved, at=desk.now), seconds=60)]
    assert ("margin_ratio", Change.RESOLVED) not in told
    assert ("margin_ratio", CRITICAL) in desk.firing
    assert "data_quality" in [rule for rule, _ in desk.firing]


def test_an_unknown_ratio_resolves_nothing_and_says_so() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)
    unknown = account(pool(ratio=Ratio.unknown("no mark price for BTCUSDT")))

    assert desk.hold(unknown, seconds=1000) == []
    alert = desk.alert("margin_ratio")
    assert "margin ratio unknown: no mark price for BTCUSDT" in alert.summary
    assert alert.value == 0.85, "the last number that was known"


def test_missing_from_an_account_that_is_down_is_not_closed() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)

    desk.hold(account(up=False, quality=Quality.UNKNOWN), seconds=1000)
    assert ("margin_ratio", CRITICAL) in desk.firing
    assert desk.alert("margin_ratio").summary.endswith("(cannot be read now)")
    assert desk.alert("margin_ratio").summary.count("cannot be read") == 1


def test_missing_from_the_view_is_not_closed_either() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)
    desk.hold(SAFE, seconds=10)

    assert desk.hold(seconds=1000) == [], "the recovery does not go on unseen"
    assert desk.firing == [("margin_ratio", CRITICAL)]
    assert desk.hold(SAFE, seconds=302) == [("margin_ratio", Change.RESOLVED)]


def test_a_pool_that_is_confirmed_closed_ends_its_alerts_at_once() -> None:
    desk = Desk()
    desk.hold(VERY_NEAR, seconds=6)

    assert desk.see(account()) == [("margin_ratio", Change.RESOLVED)]
    assert desk.told[-1].alert.summary.endswith("(closed)")
    assert desk.firing == []


def test_a_pending_alert_of_a_closed_pool_ends_without_a_word() -> None:
    desk = Desk()
    desk.see(NEAR)

    assert desk.see(account()) == []
    assert desk.hold(NEAR, seconds=5) == [], "and the wait begins anew"


def test_a_closed_position_ends_its_own_alert_only() -> None:
    near = position(line=Line.at(57_600.0, 0.04))
    desk = Desk()
    desk.hold(account(pool(positions=(near, replace(near, symbol="ETHUSDT")))), seconds=6)
    assert len(desk.firing) == 2

    assert desk.see(account(pool(positions=(near,)))) == [("position_distance", Change.RESOLVED)]
    assert dict(desk.told[-1].alert.labels)["symbol"] == "ETHUSDT"


def test_an_account_that_is_no_longer_configured_ends_all_its_alerts() -> None:
    desk = Desk()
    other = AccountKey("binance", "other")
    both = (VERY_NEAR, account(pool(owner=other, ratio=Ratio.of(0.9)), key=other))
    desk.hold(*both, seconds=6)
    desk.see(at_ratio(0.85, deficit_usd=50.0), both[1])  # one more that is still pending

    ended = desk.alerting.forget(MAIN, desk.now)
    assert [(change.change, dict(change.alert.labels)["account"]) for change in ended] == [(Change.RESOLVED, "main")]
    assert "no longer configured" in ended[0].alert.summary
    assert [dict(alert.labels)["account"] for alert in desk.alerting.firing] == ["other"]


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


@pytest.mark.parametrize("seed", range(3))
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


def test_stale_data_has_an_alert_of_its_own_that_waits_for_a_hiccup() -> None:
    desk = Desk()
    stale = account(pool(quality=Quality.STALE, reasons=("no mark of BTCUSDT for 9 s",)))

    assert desk.hold(stale, seconds=10) == []
    assert desk.see(account(pool())) == []
    assert desk.hold(stale, seconds=16) == [("data_quality", Change.FIRED)]
    assert "no mark of BTCUSDT for 9 s" in desk.alert("data_quality").summary


def test_stale_that_becomes_unknown_gets_louder() -> None:
    desk = Desk()
    desk.hold(account(pool(quality=Quality.STALE)), seconds=16)

    told = desk.hold(account(pool(quality=Quality.UNKNOWN)), seconds=16)
    assert told == [("data_quality", Change.ESCALATED)]


def test_a_lost_stream_is_told_once_and_its_return_once() -> None:
    desk = Desk()
    lost = (feed(up=False, phase="waiting", reason="closed by the venue"),)

    assert desk.hold(account(), seconds=60, feeds=lost) == [("feed_down", Change.FIRED)]
    assert "closed by the venue" in desk.alert("feed_down").summary
    assert desk.hold(account(), seconds=60, feeds=()) == [], "a stream that is not listed has not returned"
    assert desk.hold(account(), seconds=120, feeds=(feed(),)) == [("feed_down", Change.RESOLVED)]


def test_a_ban_is_told_at_once_and_ends_with_its_time() -> None:
    desk = Desk()
    banned = (Budget(venue="binance", used_ratio=1.0, banned_until=NOW + 120),)

    assert desk.see(account(), budgets=banned) == [("venue_ban", Change.FIRED)]
    assert desk.see(account(), budgets=banned, seconds=118) == []
    assert desk.see(account(), budgets=banned) == [("venue_ban", Change.RESOLVED)]


def test_a_skewed_clock_is_told() -> None:
    desk = Desk()

    assert desk.hold(account(), seconds=61, clock_offsets={"binance": -2.0}) == [("clock_offset", Change.FIRED)]
    assert "-2.000 s" in desk.alert("clock_offset").summary


def test_a_key_that_may_withdraw_is_told_and_stays_told_when_it_cannot_be_read() -> None:
    desk = Desk()
    strong = account(permissions=Permissions(can_trade=True, can_withdraw=True))
    desk.hold(strong, seconds=61)
    assert desk.firing == [("key_permission", CRITICAL)]

    desk.hold(account(permissions=None), seconds=600)
    assert desk.firing == [("key_permission", CRITICAL)]
    assert desk.hold(account(), seconds=2) == [("key_permission", Change.RESOLVED)]


def test_what_a_key_may_do_is_not_told_to_whom_it_does_not_matter() -> None:
    strong = account(permissions=Permissions(can_trade=True, can_withdraw=True))
    desk = Desk()
    desk.alerting = Alerting(AlertSettings(any_key=frozenset({MAIN})))
    other = replace(strong, key=AccountKey("binance", "other"))
    changed = Notice(kind="permissions", account=MAIN, key="key", text="the key may trade", at=NOW)
    notices = [changed, replace(changed, account=other.key)]
    assert desk.see(strong, other, notices=notices) == [("permissions_changed", Change.FIRED)]
    desk.hold(strong, other, seconds=61)
    assert [(alert.rule, alert.labels["account"]) for alert in desk.alerting.firing] == [
        ("key_permission", "other"), ("permissions_changed", "other"),
    ]  # fmt: skip


def test_time_alone_brings_a_key_to_its_expiry() -> None:
    desk = Desk()
    report = account(permissions=Permissions(can_trade=False, can_withdraw=False, expires=NOW + 8 * 86400))

    assert desk.see(report) == []
    assert desk.see(report, seconds=86400) == [("key_expiry", Change.FIRED)]
    assert "7 d" in desk.alert("key_expiry").summary
    assert desk.see(report, seconds=REREAD_SECONDS) == []


def happened(kind: str = "mode_changed", key: str = "hedge", text: str = "hedge mode was switched on") -> Notice:
    return Notice(kind=kind, account=MAIN, key=key, text=text, at=NOW)


def test_an_event_is_told_at_once_and_stands_for_an_hour() -> None:
    desk = Desk()

    assert desk.see(account(), notices=[happened()]) == [("mode_changed", Change.FIRED)]
    assert desk.alert("mode_changed").summary == "main at binance: hedge mode was switched on"
    assert desk.hold(account(), seconds=3600) == []
    assert desk.hold(account(), seconds=2) == [("mode_changed", Change.RESOLVED)]


def test_an_event_does_not_end_while_its_account_cannot_be_seen() -> None:
    desk = Desk(account_down=RuleSettings(enabled=False))
    desk.see(account(), notices=[happened()])

    assert desk.hold(account(up=False), seconds=8000) == []
    assert desk.firing == [("mode_changed", WARNING)]


def test_an_event_that_happens_again_is_told_again() -> None:
    desk = Desk()
    desk.see(account(), notices=[happened()])
    desk.hold(account(), seconds=100)

    assert desk.see(account(), notices=[happened()]) == [("mode_changed", Change.REPEATED)]
    assert desk.see(account(), notices=[happened(), happened()]) == [], "a burst is one"
    assert desk.see(account(), notices=[happened(key="multi-assets")]) == [("mode_changed", Change.FIRED)]


def test_a_notice_without_a_rule_is_not_told() -> None:
    assert Desk().see(account(), notices=[happened(kind="full_moon")]) == []


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


@pytest.mark.parametrize("drift_ratio", [None, 0.015], ids=["no price on either side", "a gap within the tolerance"])
def test_a_price_on_one_side_only_is_told_until_both_agree(drift_ratio: float | None) -> None:
    def against_the_venue(**changed: Any) -> AccountReport:
        return account(pool(positions=(position(**changed),), drift={}))

    desk = Desk()
    contradicting = against_the_venue(
        drift_ratio=None, disagreement="the venue says no liquidation price, we say 45000"
    )
    assert desk.hold(contradicting, seconds=60) == []
    assert desk.see(contradicting) == [("drift", Change.FIRED)]
    assert desk.firing == [("drift", CRITICAL)]
    assert desk.hold(contradicting, seconds=1800) == [], "it is as bad as it was, and no worse"
    not_compared = against_the_venue(drift_ratio=None, disagreement=None)
    assert desk.hold(not_compared, seconds=600) == [], "what cannot be compared ends nothing"
    agreed = against_the_venue(drift_ratio=drift_ratio, disagreement="", drift_tolerance_ratio=0.02)
    assert desk.hold(agreed, seconds=302) == [("drift", Change.RESOLVED)]


def test_a_stream_that_stays_late_is_told_and_one_late_message_is_not() -> None:
    def late(seconds: float, ago: float = 0.5) -> dict[str, Any]:
        return {"feeds": (feed("user", account="main", lag_seconds=seconds, last_message=desk.now - ago),)}

    desk = Desk()
    for ago in range(120):
        assert desk.see(**late(12.0, ago)) == []
    for _ in range(30):
        assert desk.see(**late(2.0)) == []
    assert desk.see(**late(2.0)) == [("feed_lag", Change.FIRED)]
    assert desk.firing == [("feed_lag", WARNING)]
    assert desk.alert("feed_lag").labels == {"venue": "binance", "account": "main", "stream": "user"}
    assert [told for _ in range(31) for told in desk.see(**late(10.0))] == [("feed_lag", Change.ESCALATED)]
