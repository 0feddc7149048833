"""Data that is missing or not believed ends no alert; what is certainly gone does. And it has alerts of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.alerts.catalogue import default_rules
from monitor.domain.alerts import Change
from monitor.domain.lines import Line, Ratio
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from tests.sample_reports import MAIN, account, pool, position
from tests.unit.alerts.desk import CRITICAL, NEAR, SAFE, VERY_NEAR, Desk, at_ratio


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

    assert desk.see(both[1], closed=[MAIN]) == [("margin_ratio", Change.RESOLVED)]
    ended = desk.told[-1]
    assert ended.alert.labels["account"] == "main"
    assert "no longer configured" in ended.alert.summary
    assert ended.reason == "no longer configured"
    assert [dict(alert.labels)["account"] for alert in desk.alerting.firing] == ["other"]


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
