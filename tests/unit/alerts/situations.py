"""One situation, or a few, for each rule: what it reads there, and so what it says. Shared by golden texts and docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from math import inf

from monitor.alerts.outside import venue_readings
from monitor.alerts.reading import Reading
from monitor.alerts.rules import account_readings, notice_reading
from monitor.alerts.rules_groups import group_readings
from monitor.alerts.trend import Trends
from monitor.domain.accounts import Permissions
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.events import VenueWarning, WarningKind
from monitor.domain.group_reports import HedgeState
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.domain.reports import BurnReport, CollateralReport, Notice
from monitor.domain.view import Budget, JournalStatus, View
from tests.sample_groups import BROKEN, dark, group, strained
from tests.sample_groups import NEAR as NEAR_LEG
from tests.sample_reports import MAIN, NOW, account, feed, pool, position, together, view

DOWN, UP = Direction.DOWN, Direction.UP
DAY = 86400.0
ADVICE = "Add 9,700 USD, or close 0.41 BTC of BTCUSDT long, to bring the nearest line to 25 %."

BURN = BurnReport(
    usd_per_day=420.0,
    seconds=2.2 * DAY,
    next_time=NOW + 3 * 3600.0,
    next_usd=140.0,
    after_ratio=Ratio.of(1.01),
    after_line=Line.at(59_400.0, 0.01),
)
USDC = CollateralReport(
    asset="USDC", amount=12_000.0, value_usd=11_640.0, share_ratio=0.75, price_usd=0.97, stable=True
)
CAPPED = position(
    "SOLUSDT", notional_usd=1_050_000.0, cap_usd=1_000_000.0, adl_rank=4, delivery_time=NOW + 20 * 3600.0,
    auto_add_margin=True,
)  # fmt: skip
NEAR = position(line=Line.at(57_600.0, 0.04), loss_to_line_usd=2_400.0, distance_sigmas=1.6)
LINES = pool(
    positions=(NEAR,),
    market={DOWN: together(0.06), UP: NEVER},
    coins={"BTC": {DOWN: Line.at(56_400.0, 0.06), UP: NEVER}},
    depegs={"USDC": {DOWN: Line.at(0.93, 0.07), UP: NEVER}},
    coin_sigmas={"BTC": 0.025},
    market_sigma=0.03,
    advice_text=ADVICE,
)

SMALLER = replace(
    BROKEN, state=HedgeState.SHRANK, hedged_ratio=0.62, net_usd=22_800.0,
    text="62 % hedged; BTCUSDT short at bybit/second went from 1 to 0.62; 0.38 BTC (22,800 USD) long unhedged",
)  # fmt: skip

#: What is seen of each rule; where it looks back, what was seen in the minutes before stands first.
SHOWN: Mapping[str, tuple[tuple[View, ...], ...]] = {
    "margin_ratio": (
        (view(account(pool(ratio=Ratio.of(0.83), equity_usd=602.0, advice_text=ADVICE))),),
        (view(account(pool(ratio=Ratio.of(inf), equity_usd=-40.0))),),
    ),
    "account_ratio": ((view(account(pool(), ratio=Ratio.of(0.83))),),),
    "stage_ratio": (
        (view(account(pool(stages={"orders cancelled": Ratio.of(1.02)}))),),
        (view(account(pool(stages={"bankruptcy": Ratio.of(inf)}))),),
    ),
    "coin_distance": ((view(account(LINES)),),),
    "market_distance": ((view(account(LINES)),),),
    "position_distance": ((view(account(LINES)),), (view(account(pool(positions=(position(line=LIQUIDATABLE),)))),)),
    "depeg_distance": ((view(account(LINES)),),),
    "coin_sigmas": ((view(account(LINES)),),),
    "market_sigmas": ((view(account(LINES)),),),
    "position_sigmas": ((view(account(LINES)),),),
    "room_usd": ((view(account(pool(ratio=Ratio.of(0.8)))),),),
    "position_room_usd": ((view(account(LINES)),),),
    "worsening": ((view(account(pool(equity_usd=31_000.0))), view(account(pool()))),),
    "trend_time": ((*[view(account(pool(equity_usd=31_000.0)))] * 15, view(account(pool()))),),
    "burn_time": (
        (view(account(pool(burn=BURN))),),
        (view(account(pool(burn=BurnReport(usd_per_day=-3.0, seconds=inf)))),),
    ),
    "ratio_after_payment": ((view(account(pool(burn=BURN))),),),
    "distance_after_payment": ((view(account(pool(burn=BURN))),),),
    "deficit": ((view(account(pool(deficit_usd=12.5, positions=()))),),),
    "funds_at_risk": ((view(account(pool())),),),
    "account_funds_at_risk": ((view(account(pool(), funds_at_risk_usd=15_500.0)),),),
    "account_gross": ((view(account(pool(), gross_notional_usd=1_260_000.0)),),),
    "account_net": ((view(account(pool(), net_notional_usd=-310_000.0, gross_notional_usd=1_260_000.0)),),),
    "account_leverage": ((view(account(pool(), effective_leverage_ratio=8.1, gross_notional_usd=125_550.0)),),),
    "one_sided_leverage": ((view(account(pool(one_sided=True, effective_leverage_ratio=7.3))),),),
    "auto_add_margin": ((view(account(pool("isolated:SOLUSDT:long", positions=(CAPPED,)))),),),
    "collateral_share": ((view(account(pool("multi-assets", collateral=(USDC,)))),),),
    "collateral_depeg": ((view(account(pool("multi-assets", collateral=(USDC,)))),),),
    "adl_rank": ((view(account(pool(positions=(CAPPED,)))),),),
    "position_cap": ((view(account(pool(positions=(CAPPED,)))),),),
    "delivery_near": ((view(account(pool(positions=(CAPPED,)))),),),
    "unexplained_loss": (
        (
            view(
                account(
                    pool(),
                    unexplained_usd=-2_350.0,
                    unexplained_text="USDT fell by 2,350 between 14:02 and 14:03 UTC",
                )
            ),
        ),
    ),
    "unexplained_gain": ((view(account(pool(), unexplained_usd=500.0, equity_usd=16_000.0)),),),
    "drift": (
        (view(account(pool(drift={"maintenance_margin": -0.02}))),),
        (view(account(pool(positions=(position(drift_ratio=0.021),)))),),
        (view(account(pool(contradictions={"equity": "the venue's equity is 0, ours is 15500"}))),),
    ),
    "data_quality": (
        (view(account(pool(quality=Quality.STALE, reasons=("mark of BTCUSDT 600 s old",), as_of=NOW - 600.0))),),
    ),
    "account_down": ((view(account(up=False, reasons=("listen key expired",), last_update=NOW - 300.0)),),),
    "feed_down": (
        (view(feeds=(feed("user", account="main", up=False, phase="waiting", reason="no route", last_message=None),)),),
    ),
    "poll_down": (
        (view(feeds=(feed("account", account="main", up=False, polled=True, phase="failing", reason="timed out"),)),),
    ),
    "feed_lag": ((view(feeds=(feed(lag_seconds=3.25, last_message=NOW - 1.0),)),),),
    "feed_backlog": ((view(feeds=(feed(waiting=2_500),)),),),
    "unacknowledged": ((view(feeds=(feed(),)), view(feeds=(feed(missed_acknowledgements=3, refused=1),))),),
    "venue_ban": ((view(budgets=(Budget(venue="binance", used_ratio=1.0, banned_until=NOW + 300.0),)),),),
    "weight_budget": ((view(budgets=(Budget(venue="binance", used_ratio=0.87),)),),),
    "clock_offset": ((view(clock_offsets={"binance": -1.25}),),),
    "key_permission": tuple(
        (view(account(permissions=permissions)),)
        for permissions in (
            Permissions(can_trade=True, can_withdraw=False),
            Permissions(can_trade=False, can_withdraw=True),
            None,
        )
    ),
    "key_expiry": (
        (view(account(permissions=Permissions(can_trade=False, can_withdraw=False, expires=NOW + 6 * DAY))),),
    ),
    "group_ratio": ((view(groups=(strained(),)),), (view(groups=(group(ratio=Ratio.of(inf)),)),)),
    "group_coin_distance": ((view(groups=(strained(),)),),),
    "group_market_distance": ((view(groups=(strained(),)),),),
    "group_unknown": ((view(groups=(dark(),)),),),
    "hedge_broken": (
        (view(groups=(group(hedges=(BROKEN,), needs=strained().needs),)),),
        (view(groups=(group(hedges=(SMALLER,)),)),),
    ),
    "hedge_leg_near": ((view(groups=(group(hedges=(NEAR_LEG,)),)),),),
    "inbox_backlog": ((view(inbox_depth=12_000),),),
    "monitor_late": ((view(late_seconds=2.34),),),
    "journal": (
        (view(journal=JournalStatus(writing=False, reason="the disk is full")),),
        (view(journal=JournalStatus(writing=True, lost_total=1_200, reason="the queue was full")),),
    ),
    "store_down": (
        (view(store=StoreStatus(writing=False, reason="the disk is full")),),
        (view(store=StoreStatus(writing=True, lost_total=3, reason="the disk was full")),),
    ),
    "store_lag": ((view(store=StoreStatus(writing=True, waiting=40, oldest_seconds=13.0)),),),
    "channel_down": (
        (
            view(
                channels=(
                    ChannelStatus(
                        name="phone", kind="telegram", up=False, reason="the service answered 502", waiting=3,
                        failed_total=17, last_delivered=NOW - 7_200.0,
                    ),
                )
            ),
        ),
    ),
    "channel_lag": (
        (view(channels=(ChannelStatus(name="phone", kind="telegram", up=True, waiting=25, oldest_seconds=240.0),)),),
    ),
    "heartbeat_missed": tuple(
        (view(heartbeats=(HeartbeatStatus(name="hedger", every_seconds=60.0, last=last, since=NOW - 9_000.0),)),)
        for last in (NOW - 200.0, None)
    ),
}  # fmt: skip

_EVENTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "mode_changed": (("hedge", "hedge mode was switched on"),),
    "position_appeared": (("BTCUSDT:long", "BTCUSDT long was opened: 1 at 59000"),),
    "position_vanished": (("BTCUSDT:long", "BTCUSDT long is gone"),),
    "tiers_changed": (
        (
            "BTCUSDT",
            "the maintenance tiers of BTCUSDT changed; cross:USDT: maintenance goes from 500 to 900 USDT (+80.0%), "
            "the line of BTCUSDT long from 45,000 to 46,300",
        ),
    ),
    "collateral_changed": (
        ("BNB", "BNB counts for 90 % instead of 95 %; multi-assets: equity goes from 9,000 to 8,700 USD"),
    ),
    "contract_changed": (("XYZUSDT", "XYZUSDT is delisted on 2026-10-01 09:00 UTC"),),
    "price_jump": (("BTCUSDT", "the mark of BTCUSDT jumped from 60000 to 29000"),),
    "permissions_changed": (("permissions", "the key may trade: a key that only reads is enough"),),
}  # fmt: skip


def readings(rule: str) -> Iterator[Reading]:
    """What a rule reads in its situations."""
    for *earlier, shown in SHOWN.get(rule, ()):
        trends = Trends({})
        for ago, before in zip(range(len(earlier), 0, -1), earlier, strict=True):
            list(_seen(before, NOW - 60.0 * ago, trends))
        yield from (each for each in _seen(shown, NOW, trends) if each.subject.rule == rule and _tells(each))
    kind = "permissions" if rule == "permissions_changed" else rule
    for key, text in _EVENTS.get(rule, ()):
        yield _told(Notice(kind=kind, account=MAIN, key=key, text=text, at=NOW))
    if rule == "venue_warning":
        for warning in WarningKind:
            what = VenueWarning(
                account=MAIN, kind=warning, symbol="BTCUSDT", side=Side.LONG, detail="", venue_time=NOW, received=NOW
            )
            text = f"the venue reports: {warning.value}"
            yield _told(Notice(kind=rule, account=MAIN, key="", text=text, at=NOW, warning=what))


def _seen(shown: View, now: float, trends: Trends) -> Iterator[Reading]:
    for report in shown.accounts:
        yield from account_readings(report, now, lambda *_: True, trends)
    yield from venue_readings(shown, None, now, lambda *_: True, trends)
    for each in shown.groups:
        yield from group_readings(each, lambda *_: True)


def _tells(reading: Reading) -> bool:
    """Whether it speaks of the situation, and not of what is calm beside it."""
    rule, value = reading.subject.rule, reading.value
    if value is None:
        return bool(reading.state)
    if rule == "drift":
        return value >= 0.01
    return value < inf or not rule.endswith(("_distance", "_sigmas"))


def _told(notice: Notice) -> Reading:
    reading = notice_reading(notice)
    assert reading is not None, notice.kind
    return reading
