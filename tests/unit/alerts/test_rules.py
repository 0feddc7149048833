"""Each rule at, just below and just above each of its thresholds, and with the answers that are no number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import exp, inf, nan, nextafter
from typing import Any

import pytest

from monitor.alerts.catalogue import RULES, default_rules
from monitor.alerts.outside import LAG_HOLDS_SECONDS, venue_readings
from monitor.alerts.reading import Grade, Reading, Subject, Words, grade
from monitor.alerts.rule import Kind, RuleSettings
from monitor.alerts.rules import account_readings, is_closed, notice_reading
from monitor.alerts.rules_account import permission_state
from monitor.alerts.rules_groups import group_readings
from monitor.alerts.settings import BUILT_IN, LEAST_ROOM_RATIO
from monitor.alerts.trend import Trends
from monitor.domain.accounts import Permissions
from monitor.domain.alerts import Level, Severity
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.events import VenueWarning, WarningKind
from monitor.domain.group_reports import GroupLine
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import AccountKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, BurnReport, CollateralReport, Notice
from monitor.domain.view import Budget, View
from tests.sample_groups import group
from tests.sample_reports import CROSS, MAIN, NOW, account, feed, pool, position, view


def everything(rule: str, value: float | None, state: str) -> bool:
    """Ask for every reading."""
    return True


def read(shown: View, rule: str, *earlier: View) -> list[Reading]:
    """All readings of one rule in a view, after others had been seen a minute apart."""
    trends = Trends({})
    for ago, before in zip(range(len(earlier), 0, -1), earlier, strict=True):
        _all(before, NOW - 60.0 * ago, trends)
    return [each for each in _all(shown, NOW, trends) if each.subject.rule == rule]


def _all(shown: View, now: float, trends: Trends) -> list[Reading]:
    found = [each for report in shown.accounts for each in account_readings(report, now, everything, trends)]
    found += [each for of_group in shown.groups for each in group_readings(of_group, everything)]
    return [*found, *venue_readings(shown, None, now, everything, trends)]


def _pool(**changed: Any) -> View:
    return view(account(pool(**changed)))


def _position(**changed: Any) -> View:
    return _pool(positions=(position(**changed),))


def _burn(**changed: Any) -> View:
    return _pool(burn=replace(BurnReport(usd_per_day=5.0, seconds=inf), **changed))


def _expiry(value: float) -> View:
    return view(account(permissions=Permissions(can_trade=False, can_withdraw=False, expires=NOW + value)))


def holding(asset: str = "USDC", **changed: Any) -> CollateralReport:
    """A stablecoin at its peg that makes up half of a pool's collateral."""
    calm = CollateralReport(asset=asset, amount=5.0, value_usd=5.0, share_ratio=0.5, price_usd=1.0, stable=True)
    return replace(calm, **changed)


def channel(**changed: Any) -> ChannelStatus:
    """A channel that delivers."""
    return replace(ChannelStatus(name="phone", kind="telegram", up=True), **changed)


def heartbeat(**changed: Any) -> HeartbeatStatus:
    """A hedger that says every minute that it lives."""
    return replace(HeartbeatStatus(name="hedger", every_seconds=60.0, last=NOW, since=NOW - 9e4), **changed)


DOWN = Direction.DOWN


def _of_group(value: float, coin: str = "") -> GroupLine:
    """A group's nearest line so far down."""
    return GroupLine(pool=CROSS, coin=coin, direction=DOWN, line=Line.at(60_000 * (1 - value), value))


SITUATIONS: dict[str, Callable[[float], View]] = {
    "margin_ratio": lambda value: _pool(ratio=Ratio.of(value)),
    "account_ratio": lambda value: view(account(ratio=Ratio.of(value))),
    "group_ratio": lambda value: view(groups=(group(ratio=Ratio.of(value)),)),
    "group_market_distance": lambda value: view(groups=(group(market={DOWN: _of_group(value)}),)),
    "group_coin_distance": lambda value: view(groups=(group(coins={"BTC": {DOWN: _of_group(value, "BTC")}}),)),
    "stage_ratio": lambda value: _pool(stages={"liquidation": Ratio.of(0.2), "orders": Ratio.of(value)}),
    "market_distance": lambda value: _pool(market={DOWN: Line.at(1 - value, value)}),
    "coin_distance": lambda value: _pool(coins={"BTC": {Direction.UP: Line.at(60_000 * (1 + value), value)}}),
    "position_distance": lambda value: _position(line=Line.at(60_000 * (1 - value), value)),
    "depeg_distance": lambda value: _pool(depegs={"USDT": {DOWN: Line.at(1 - value, value)}}),
    "market_sigmas": lambda value: _pool(market={DOWN: Line.at(1.0, 1 - exp(-value))}, market_sigma=1.0),
    "coin_sigmas": lambda value: _pool(coins={"BTC": {DOWN: Line.at(1.0, 1 - exp(-value))}}, coin_sigmas={"BTC": 1.0}),
    "position_sigmas": lambda value: _position(distance_sigmas=value),
    "room_usd": lambda value: _pool(equity_usd=2 * value, ratio=Ratio.of(0.5)),
    "position_room_usd": lambda value: _position(loss_to_line_usd=value),
    "worsening": lambda value: _pool(equity_usd=10_000.0 * (1.0 - value)),
    "trend_time": lambda value: _pool(equity_usd=10_000.0 * value / (value + 900.0)),
    "burn_time": lambda value: _burn(seconds=value),
    "ratio_after_payment": lambda value: _burn(after_ratio=Ratio.of(value)),
    "distance_after_payment": lambda value: _burn(after_line=Line.at(1.0, value)),
    "deficit": lambda value: _pool(deficit_usd=value),
    "funds_at_risk": lambda value: _pool(funds_at_risk_usd=value),
    "account_funds_at_risk": lambda value: view(account(funds_at_risk_usd=value)),
    "account_gross": lambda value: view(account(gross_notional_usd=value)),
    "account_net": lambda value: view(account(net_notional_usd=-value)),
    "account_leverage": lambda value: view(account(effective_leverage_ratio=value)),
    "one_sided_leverage": lambda value: _pool(one_sided=True, effective_leverage_ratio=value),
    "collateral_share": lambda value: _pool(collateral=(holding(share_ratio=value),)),
    "collateral_depeg": lambda value: _pool(collateral=(holding(price_usd=1.0 + value),)),
    "adl_rank": lambda value: _position(adl_rank=value),
    "position_cap": lambda value: _position(notional_usd=-value, cap_usd=1.0),
    "delivery_near": lambda value: _position(delivery_time=NOW + value),
    "unexplained_loss": lambda value: view(account(unexplained_usd=-value, equity_usd=1.0 - value)),
    "unexplained_gain": lambda value: view(account(unexplained_usd=value, equity_usd=1.0)),
    "drift": lambda value: _pool(drift={"equity": -value}, positions=()),
    "clock_offset": lambda value: view(clock_offsets={"binance": -value}),
    "key_expiry": _expiry,
    "feed_lag": lambda value: view(feeds=(feed(lag_seconds=value),)),
    "feed_backlog": lambda value: view(feeds=(feed(waiting=value),)),
    "unacknowledged": lambda value: view(feeds=(feed(missed_acknowledgements=7, refused=value),)),
    "weight_budget": lambda value: view(budgets=(Budget(venue="binance", used_ratio=value),)),
    "inbox_backlog": lambda value: view(inbox_depth=value),
    "monitor_late": lambda value: view(late_seconds=value),
    "store_lag": lambda value: view(store=StoreStatus(writing=True, oldest_seconds=value)),
    "channel_lag": lambda value: view(channels=(channel(oldest_seconds=value),)),
    "heartbeat_missed": lambda value: view(heartbeats=(heartbeat(last=NOW - 60.0 * value),)),
}
#: What is seen in the minutes before, for rules that look back.
EARLIER: dict[str, list[View]] = {
    "worsening": [_pool(equity_usd=10_000.0)],
    "trend_time": [_pool(equity_usd=10_000.0)] * 15,
    "unacknowledged": [view(feeds=(feed(missed_acknowledgements=7),))],
}
#: Numbers that are sums or products and so have no finer steps than these.
STEPS = {
    "key_expiry": 1e-6, "delivery_near": 1e-6, "unacknowledged": 1e-9,
    "heartbeat_missed": 1e-6, "worsening": 1e-9, "collateral_depeg": 1e-9,
    "unexplained_loss": 1e-9, "unexplained_gain": 1e-9,
}  # fmt: skip
THRESHOLDS = [
    (rule, severity, threshold)
    for rule, settings in default_rules().items()
    for severity, threshold in settings.thresholds.items()
]


def test_every_rule_with_a_number_has_a_situation_here() -> None:
    assert SITUATIONS.keys() == {name for name, rule in RULES.items() if rule.kind is Kind.NUMBER}


def numbers(rule: str, value: float) -> list[Reading]:
    """The readings of a rule where its number is this; of stages beside the liquidation that of the orders."""
    found = read(SITUATIONS[rule](value), rule, *EARLIER.get(rule, []))
    return [each for each in found if each.subject.detail != ("bankruptcy",)]


@pytest.mark.parametrize("rule", SITUATIONS)
def test_a_rule_reads_its_number_whether_it_has_a_threshold_or_not(rule: str) -> None:
    (reading,) = numbers(rule, 0.25)
    assert reading.value == pytest.approx(0.25, rel=1e-6)
    assert reading.sure


@pytest.mark.parametrize("rule", [name for name, rule in default_rules().items() if not rule.thresholds])
def test_a_limit_that_only_the_user_can_know_is_silent_by_default(rule: str) -> None:
    if RULES[rule].kind is Kind.NUMBER:
        (reading,) = numbers(rule, 0.0 if not RULES[rule].rising else 0.999)
        assert grade(reading, default_rules()[rule]).reached is None


def _quieter(severity: Severity, settings: RuleSettings) -> Level | None:
    below = [each for each in BUILT_IN[: BUILT_IN.index(severity)] if each in settings.thresholds]
    return below[-1] if below else None


@pytest.mark.parametrize(("rule", "severity", "threshold"), THRESHOLDS)
def test_a_severity_begins_exactly_at_its_threshold(rule: str, severity: Severity, threshold: float) -> None:
    settings, rising, step = default_rules()[rule], RULES[rule].rising, STEPS.get(rule)
    worse, better = (inf, -inf) if rising else (-inf, inf)

    def reached(value: float) -> Level | None:
        (reading,) = numbers(rule, value)
        return grade(reading, settings).reached

    def beside(towards: float) -> float:
        return nextafter(threshold, towards) if step is None else threshold + (step if towards > 0 else -step)

    assert reached(threshold) is severity
    assert reached(beside(worse)) is severity
    assert reached(beside(better)) is _quieter(severity, settings)


@pytest.mark.parametrize(("rule", "severity", "threshold"), THRESHOLDS)
def test_a_severity_is_held_up_to_its_hysteresis(rule: str, severity: Severity, threshold: float) -> None:
    settings, rising = default_rules()[rule], RULES[rule].rising
    slack = threshold * settings.hysteresis_ratio * (-1 if rising else 1)
    safer = -inf if rising else inf

    def held(value: float) -> Level | None:
        reading = Reading(Subject(rule, MAIN), value, "", True, lambda now: Words("", ""))
        return grade(reading, settings).held

    edge = threshold * (1 - settings.hysteresis_ratio if rising else 1 + settings.hysteresis_ratio)
    assert edge == pytest.approx(threshold + slack)
    assert held(edge) is severity
    assert held(nextafter(edge, safer)) is _quieter(severity, settings)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [
        (Ratio.of(0.875), Grade(Severity.CRITICAL, Severity.CRITICAL, sure=True, room=0.125)),
        (Ratio.of(1.0), Grade(Severity.CRITICAL, Severity.CRITICAL, sure=True, room=0.0, extreme=True)),
        (Ratio.of(inf), Grade(Severity.CRITICAL, Severity.CRITICAL, sure=True, room=0.0, extreme=True)),
        (Ratio.unknown("no tiers"), Grade(None, None, sure=False)),
    ],
    ids=["near", "liquidatable", "no equity", "unknown"],
)
def test_the_answers_of_a_ratio(ratio: Ratio, expected: Grade) -> None:
    (reading,) = read(view(account(pool(ratio=ratio))), "margin_ratio")

    assert grade(reading, default_rules()["margin_ratio"]) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (Line.at(57_600.0, 0.04), Grade(Severity.CRITICAL, Severity.CRITICAL, sure=True, room=0.04)),
        (LIQUIDATABLE, Grade(Severity.CRITICAL, Severity.CRITICAL, sure=True, room=0.0, extreme=True)),
        (NEVER, Grade(None, None, sure=True, room=inf)),
        (Line.unknown("no mark"), Grade(None, None, sure=False)),
    ],
    ids=["near", "liquidatable", "no price liquidates", "unknown"],
)
@pytest.mark.parametrize("rule", ["market_distance", "coin_distance", "position_distance"])
def test_the_answers_of_a_line(rule: str, line: Line, expected: Grade) -> None:
    sides = {Direction.DOWN: line}
    shown = view(account(pool(market=sides, coins={"BTC": sides}, positions=(position(line=line),))))
    (reading,) = read(shown, rule)

    assert grade(reading, default_rules()[rule]) == expected


def test_a_number_that_is_none_is_not_to_be_told() -> None:
    (reading,) = read(view(account(pool(drift={"equity": nan}, positions=()))), "drift")

    assert not grade(reading, default_rules()["drift"]).sure


def test_the_last_bit_of_room_counts_as_none() -> None:
    (reading,) = read(view(account(pool(ratio=Ratio.of(1 - LEAST_ROOM_RATIO / 2)))), "margin_ratio")

    assert grade(reading, default_rules()["margin_ratio"]).room == 0.0


def test_a_number_without_an_end_has_half_the_room_when_it_doubles() -> None:
    settings = default_rules()["drift"]

    def room(value: float) -> float | None:
        (reading,) = read(view(account(pool(drift={"equity": value}, positions=()))), "drift")
        return grade(reading, settings).room

    assert room(0.02) == pytest.approx((room(0.01) or 0.0) / 2)
    assert room(0.0) == inf


@pytest.mark.parametrize(("quality", "sure"), [(q, q.figures_shown) for q in Quality])
def test_figures_of_doubtful_quality_are_not_sure(quality: Quality, sure: bool) -> None:
    shown = view(account(pool(quality=quality, deficit_usd=5.0)))

    for rule in ("margin_ratio", "market_distance", "coin_distance", "position_distance", "deficit", "drift"):
        assert {reading.sure for reading in read(shown, rule)} == {sure}, rule


def severity(shown: View, rule: str) -> Level | None:
    """The severity that the one reading of a rule reaches by default."""
    (reading,) = read(shown, rule)
    return grade(reading, default_rules()[rule]).reached


@pytest.mark.parametrize(
    ("quality", "expected"),
    [
        (Quality.LIVE, None),
        (Quality.PARTIAL, None),
        (Quality.STALE, Severity.WARNING),
        (Quality.UNKNOWN, Severity.CRITICAL),
    ],
)
def test_stale_and_unknown_data_have_a_severity(quality: Quality, expected: Level | None) -> None:
    assert severity(view(account(pool(quality=quality))), "data_quality") is expected


def test_partial_data_can_be_made_an_alert() -> None:
    (reading,) = read(view(account(pool(quality=Quality.PARTIAL))), "data_quality")

    assert grade(reading, RuleSettings(severities={"PARTIAL": Severity.INFO})).reached is Severity.INFO


def test_an_account_and_a_stream_are_up_or_down() -> None:
    assert severity(view(account(up=True)), "account_down") is None
    assert severity(view(account(up=False)), "account_down") is Severity.CRITICAL
    assert severity(view(feeds=(feed(),)), "feed_down") is None
    assert severity(view(feeds=(feed(up=False),)), "feed_down") is Severity.WARNING


def test_an_account_whose_pools_say_that_they_are_not_believed_is_not_told_twice() -> None:
    shown = view(account(pool(), pool("isolated:ETHUSDT:long", quality=Quality.STALE), up=False))
    (reading,) = read(shown, "account_down")

    assert reading.state == ""
    assert not reading.sure, "but what was told before is not over"
    assert severity(view(account(pool(), up=False)), "account_down") is Severity.CRITICAL


@pytest.mark.parametrize(
    ("changed", "lag"),
    [
        ({}, 5.0),
        ({"last_message": NOW - LAG_HOLDS_SECONDS}, 5.0),
        ({"last_message": nextafter(NOW - LAG_HOLDS_SECONDS, 0.0)}, 0.0),
        ({"last_message": None}, None),
        ({"lag_seconds": None}, None),
        ({"lag_seconds": -0.3}, -0.3),
        ({"polled": True}, None),
    ],
    ids=["delivering", "just still", "quiet since", "never", "without a stamp", "ahead of the clock", "no stream"],
)
def test_the_lag_of_a_stream_is_that_of_a_message_of_now(changed: dict[str, Any], lag: float | None) -> None:
    (reading,) = read(view(feeds=(replace(feed(lag_seconds=5.0), **changed),)), "feed_lag")
    assert reading.value == lag
    assert reading.subject.labels == {"venue": "binance", "stream": "marks"}


@pytest.mark.parametrize(
    ("until", "expected"), [(None, None), (NOW - 1, None), (NOW, None), (NOW + 1, Severity.CRITICAL)]
)
def test_a_ban_lasts_until_its_time(until: float | None, expected: Level | None) -> None:
    banned = (Budget(venue="binance", used_ratio=0.5, banned_until=until),)

    assert severity(view(budgets=banned), "venue_ban") is expected


@pytest.mark.parametrize(
    ("permissions", "state"),
    [
        (None, "unreadable"),
        (Permissions(), "unreadable"),
        (Permissions(can_trade=False), "unreadable"),
        (Permissions(can_withdraw=False), "unreadable"),
        (Permissions(can_trade=False, can_withdraw=False), ""),
        (Permissions(can_trade=True, can_withdraw=False), "trade"),
        (Permissions(can_trade=True), "unreadable"),
        (Permissions(can_trade=False, can_withdraw=True), "withdraw"),
        (Permissions(can_trade=True, can_withdraw=False, can_transfer=True), "withdraw"),
    ],
)
def test_what_cannot_be_read_of_a_key_is_not_harmless(permissions: Permissions | None, state: str) -> None:
    assert permission_state(permissions) == state


def test_permissions_that_were_not_read_lower_no_alarm() -> None:
    (unread,) = read(view(account(permissions=None)), "key_permission")
    (harmless,) = read(view(account()), "key_permission")

    assert not unread.sure
    assert harmless.sure


def test_only_what_is_asked_for_is_read() -> None:
    def nothing(rule: str, value: float | None, state: str) -> bool:
        return False

    odd = pool(contradictions={"equity": "the venue's equity is 0, ours is 15500"})
    shown = view(account(odd), budgets=(Budget(venue="binance", used_ratio=0.1),))
    assert list(account_readings(shown.accounts[0], NOW, nothing, Trends({}))) == []
    assert list(venue_readings(shown, None, NOW, nothing, Trends({}))) == []


def notice(kind: str, **changed: Any) -> Notice:
    happened = Notice(kind=kind, account=MAIN, key="BTCUSDT:long", text="it happened", at=NOW)
    return replace(happened, **changed)


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("mode_changed", "mode_changed"), ("position_appeared", "position_appeared"),
        ("position_vanished", "position_vanished"), ("tiers_changed", "tiers_changed"), ("price_jump", "price_jump"),
        ("permissions", "permissions_changed"),
    ],
)  # fmt: skip
def test_every_kind_of_notice_has_its_rule(kind: str, rule: str) -> None:
    reading = notice_reading(notice(kind))

    assert reading is not None
    assert reading.subject.labels == {"venue": "binance", "account": "main", "key": "BTCUSDT:long"}
    assert reading.subject.rule == rule
    assert grade(reading, default_rules()[rule]).reached is not None
    assert grade(reading, default_rules()[rule]).news


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (WarningKind.MARGIN_CALL, Severity.CRITICAL),
        (WarningKind.LIQUIDATION, Severity.CRITICAL),
        (WarningKind.ADL, Severity.CRITICAL),
        (WarningKind.SETTLEMENT, Severity.INFO),
    ],
)
@pytest.mark.parametrize(("symbol", "side"), [("BTCUSDT", Side.LONG), (None, None)])
def test_a_warning_of_the_venue(kind: WarningKind, expected: Severity, symbol: str | None, side: Side | None) -> None:
    warning = VenueWarning(
        account=MAIN, kind=kind, symbol=symbol, side=side, detail="words", venue_time=NOW, received=NOW
    )
    reading = notice_reading(notice("venue_warning", warning=warning))

    assert reading is not None
    assert grade(reading, default_rules()["venue_warning"]).reached is expected
    named = {"symbol": "BTCUSDT", "side": "long"} if symbol else {}
    assert reading.subject.labels == {"venue": "binance", "account": "main", "kind": kind.value} | named


def test_a_notice_of_an_unknown_kind_has_no_rule() -> None:
    assert notice_reading(notice("full_moon")) is None


def test_a_price_that_differs_is_one_alert_although_the_pool_names_its_worst_too() -> None:
    shown = view(account(pool(positions=(position(drift_ratio=0.2),), drift={"line": 0.2})))
    assert [reading.subject.detail for reading in read(shown, "drift")] == [("liquidation_price", "BTCUSDT", "long")]


NONE_OF_THEIRS = "the venue says no liquidation price, we say 45000"


@pytest.mark.parametrize(
    ("disagreement", "drift", "expected"),
    [("", 0.0, None), (None, None, None), (NONE_OF_THEIRS, inf, Severity.CRITICAL)],
    ids=["both agree", "not compared", "only one has a price"],
)
def test_without_a_number_they_agree_or_contradict_each_other_without_bound(
    disagreement: str | None, drift: float | None, expected: Level | None
) -> None:
    held = position(drift_ratio=None, disagreement=disagreement)
    (reading,) = read(view(account(pool(positions=(held,), drift={}))), "drift")
    assert reading.value == drift
    assert grade(reading, default_rules()["drift"]).reached is expected


def test_a_venues_zero_where_ours_is_none_is_a_drift_without_bound() -> None:
    said = {"maintenance_margin": "the venue's maintenance margin is 0, ours is 5"}
    (reading,) = read(view(account(pool(positions=(), drift={}, contradictions=said))), "drift")
    assert reading.subject.detail == ("maintenance_margin",)
    assert grade(reading, default_rules()["drift"]).reached is Severity.CRITICAL


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize(
    ("drift", "expected"),
    [
        (0.02, None),
        (nextafter(0.02, 0.0), None),
        (nextafter(0.02, 1.0), Severity.WARNING),
        (0.1, Severity.CRITICAL),
    ],
    ids=["at", "just below", "just above", "far above"],
)
def test_a_drift_within_the_tolerance_of_its_line_is_none(drift: float, expected: Level | None, sign: float) -> None:
    held = position(drift_ratio=sign * drift, drift_tolerance_ratio=0.02)
    assert severity(view(account(pool(positions=(held,), drift={"line": sign * drift}))), "drift") is expected


def test_labels_are_an_identity_without_changing_numbers() -> None:
    before = read(_with_numbers(0.2), "margin_ratio") + read(_with_numbers(0.2), "position_distance")
    after = read(_with_numbers(0.9), "margin_ratio") + read(_with_numbers(0.9), "position_distance")

    assert [reading.subject for reading in before] == [reading.subject for reading in after]
    assert before[1].subject.labels == {
        "venue": "binance", "account": "main", "pool": "cross:USDT", "symbol": "BTCUSDT", "side": "long",
    }  # fmt: skip


def _with_numbers(value: float) -> View:
    return view(account(pool(ratio=Ratio.of(value), positions=(position(line=Line.at(1.0, value)),))))


POSITION = Subject("position_distance", MAIN, "cross:USDT", ("BTCUSDT", "long"))
COIN = Subject("coin_distance", MAIN, "cross:USDT", ("BTC", "down"))
RATIO = Subject("margin_ratio", MAIN, "cross:USDT")
MARKET = Subject("market_distance", MAIN, "cross:USDT", ("down",))
OPEN = pool()
DARK = pool("isolated:XUSDT:long", quality=Quality.UNKNOWN)


@pytest.mark.parametrize(
    ("report", "subject", "closed"),
    [
        (account(), RATIO, True),
        (account(up=False), RATIO, False),
        (account(OPEN), POSITION, False),
        (account(pool(positions=())), POSITION, True),
        (account(pool(positions=(position(side=Side.SHORT),))), POSITION, True),
        (account(pool(positions=(), quality=Quality.UNKNOWN)), POSITION, False),
        (account(pool(positions=(), quality=Quality.STALE)), POSITION, False),
        (account(OPEN), COIN, False),
        (account(pool(coins={})), COIN, True),
        (account(OPEN), MARKET, False),
        (account(pool(positions=(), market={})), MARKET, True),
        (account(), Subject("account_down", MAIN), False),
        # One pool that cannot be computed does not make another's end doubtful; an account that is not fresh does.
        (account(DARK, pool("cross:USDC"), up=False), RATIO, True),
        (account(DARK, pool("cross:USDC", quality=Quality.STALE), up=False), RATIO, False),
    ],
)
def test_gone_is_only_what_a_fresh_report_does_not_hold(report: AccountReport, subject: Subject, closed: bool) -> None:
    assert is_closed(report, subject) is closed


def test_a_public_stream_has_no_account_label() -> None:
    (reading,) = read(view(feeds=(feed("marks"),)), "feed_down")

    assert reading.subject == Subject("feed_down", AccountKey("binance", ""), "", ("marks",))
    assert reading.subject.labels == {"venue": "binance", "stream": "marks"}
