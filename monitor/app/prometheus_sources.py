"""Where Prometheus finds what each rule of ours reads, or why it cannot: one row a rule of the catalogue.

A figure that needs arithmetic is first recorded under a name of its own (`marginwatch:...`), so that what it was can be
asked after it vanished. `monitor.app.prometheus_rules` makes rules of these rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from monitor.alerts.outside import LAG_HOLDS_SECONDS


class Unit(StrEnum):
    """How an annotation writes a number: the filter of Prometheus' templates."""

    RATIO = "humanizePercentage"
    SECONDS = "humanizeDuration"
    USD = 'printf "%.0f USD"'
    PLAIN = 'printf "%.4g"'


class Held(StrEnum):
    """Whose data must be gone for a figure that is missing to be remembered: the labels that both sides share."""

    POOL = "venue, account, pool"
    ACCOUNT = "venue, account"
    GROUP = "group"
    HEDGE = "group, hedge"


_NONE: Mapping[str, str] = MappingProxyType({})


class Number(NamedTuple):
    """A series that is compared with thresholds. `held` None: it tells of data itself, and is not remembered. `labels`
    are those that the monitor's own alert has and the series lacks.
    """

    series: str
    unit: Unit
    held: Held | None
    labels: Mapping[str, str] = _NONE


class Word(NamedTuple):
    """A condition that is a word of a rule; with `held`, `series` is 1 while it holds, else any expression."""

    word: str
    series: str
    held: Held | None = None
    labels: Mapping[str, str] = _NONE


class NotExported(NamedTuple):
    """Why no rule can be made: what is missing among the metrics."""

    reason: str


Row = tuple[Number | Word, ...] | NotExported

_POOL, _POSITION, _ACCOUNT = "marginwatch_pool_", "marginwatch_position_", "marginwatch_account_"
_GROUP, _FEED = "marginwatch_group_", "marginwatch_feed_"
_ROOM = "marginwatch:pool_room_usd"
_UNTRUE = 'marginwatch_pool_quality{quality=~"STALE|UNKNOWN"} == 1'
_OF_STREAM = "on (job, instance, venue, account, stream)"

#: What is recorded, by name. `{worsening}`, `{trend}`: the windows of two rules in seconds. Later ones may use earlier.
RECORDED: Mapping[str, str] = {
    # A pool without equity has a ratio of +Inf: 0 left, whatever the sign of its equity.
    _ROOM: (
        f"({_POOL}equity_usd * (1 - ({_POOL}margin_ratio < 1)))\n"
        f"or ((({_POOL}margin_ratio >= bool 1) - 1) >= 0)"
    ),
    "marginwatch:pool_room_lost_ratio": (
        f"1 - {_ROOM} / max_over_time({_ROOM}[{{worsening}}s])\nand ({_POOL}margin_ratio > 0)"
    ),
    "marginwatch:pool_trend_seconds": (
        f"{_ROOM} * {{trend}} / (({_ROOM} offset {{trend}}s) - {_ROOM} > 0)\nand ({_POOL}margin_ratio > 0)"
    ),
    "marginwatch:pool_market_distance_sigmas": (
        f'(ln(1 + {_POOL}market_distance_ratio{{direction="up"}})\n'
        f"  / on (job, instance, venue, account, pool) group_left () {_POOL}market_sigma_ratio)\n"
        f'or (-ln(1 - {_POOL}market_distance_ratio{{direction="down"}})\n'
        f"  / on (job, instance, venue, account, pool) group_left () {_POOL}market_sigma_ratio)"
    ),
    "marginwatch:pool_drift_ratio:abs": f'abs({_POOL}drift_ratio{{figure!="line"}})',
    "marginwatch:position_drift_ratio:abs": f"abs({_POSITION}drift_ratio)",
    "marginwatch:pool_one_sided_leverage_ratio": (
        f'{_POOL}effective_leverage_ratio{{pool!~"isolated:.*"}} and ({_POOL}one_sided == 1)'
    ),
    "marginwatch:position_cap_share_ratio": f"abs({_POSITION}notional_usd) / ({_POSITION}cap_usd > 0)",
    "marginwatch:account_net_notional_usd:abs": f"abs({_ACCOUNT}net_notional_usd)",
    # Over the greater of the equity now and before: what is gone was there before.
    "marginwatch:account_unexplained_loss_ratio": (
        f"-({_ACCOUNT}unexplained_usd < 0) / ({_ACCOUNT}equity_usd - {_ACCOUNT}unexplained_usd)\n"
        f"or (({_ACCOUNT}unexplained_usd >= 0) * 0)"
    ),
    "marginwatch:account_unexplained_gain_ratio": (
        f"({_ACCOUNT}unexplained_usd > 0) / {_ACCOUNT}equity_usd\nor (({_ACCOUNT}unexplained_usd <= 0) * 0)"
    ),
    # While a leg cannot be seen every state but `unknown` is 0: nothing is told of it, rather than that it is whole.
    "marginwatch:group_hedge_state": (
        f'{_GROUP}hedge_state{{state!="unknown"}}\n'
        f'unless on (job, instance, group, hedge) ({_GROUP}hedge_state{{state="unknown"}} == 1)'
    ),
}  # fmt: skip


def _ratio(series: str, held: Held | None) -> tuple[Number]:
    return (Number(series, Unit.RATIO, held),)


def _usd(series: str, held: Held) -> tuple[Number]:
    return (Number(series, Unit.USD, held),)


def _hedge(*states: str) -> tuple[Word, ...]:
    return tuple(Word(state, f'marginwatch:group_hedge_state{{state="{state}"}}', Held.HEDGE) for state in states)


_ONCE = NotExported("an event has no series: what happened is told by the monitor itself")

SOURCES: Mapping[str, Row] = {
    "margin_ratio": _ratio(f"{_POOL}margin_ratio", Held.POOL),
    "account_ratio": _ratio(f"{_ACCOUNT}margin_ratio", Held.ACCOUNT),
    "stage_ratio": _ratio(f'{_POOL}stage_ratio{{stage!="liquidation"}}', Held.POOL),
    "coin_distance": _ratio(f"{_POOL}coin_distance_ratio", Held.POOL),
    "market_distance": _ratio(f"{_POOL}market_distance_ratio", Held.POOL),
    "position_distance": _ratio(f"{_POSITION}liquidation_distance_ratio", Held.POOL),
    "depeg_distance": NotExported("lines of stablecoins are not exported"),
    "coin_sigmas": NotExported("the daily sigma of a single coin is not exported"),
    "market_sigmas": (Number("marginwatch:pool_market_distance_sigmas", Unit.PLAIN, Held.POOL),),
    "position_sigmas": (Number(f"{_POSITION}liquidation_distance_sigmas", Unit.PLAIN, Held.POOL),),
    "room_usd": _usd(_ROOM, Held.POOL),
    "position_room_usd": NotExported("what one position may lose until its line is not exported"),
    "worsening": _ratio("marginwatch:pool_room_lost_ratio", None),
    "burn_time": (Number(f"{_POOL}burn_seconds", Unit.SECONDS, Held.POOL),),
    "trend_time": (Number("marginwatch:pool_trend_seconds", Unit.SECONDS, None),),
    "ratio_after_payment": _ratio(f"{_POOL}after_funding_margin_ratio", Held.POOL),
    "distance_after_payment": NotExported("the line after a payment is not exported, only the ratio"),
    "deficit": NotExported("a negative balance without a position is not exported"),
    "funds_at_risk": _usd(f"{_POOL}funds_at_risk_usd", Held.POOL),
    "account_funds_at_risk": _usd(f"{_ACCOUNT}funds_at_risk_usd", Held.ACCOUNT),
    "account_gross": _usd(f"{_ACCOUNT}gross_notional_usd", Held.ACCOUNT),
    "account_net": _usd("marginwatch:account_net_notional_usd:abs", Held.ACCOUNT),
    "account_leverage": (Number(f"{_ACCOUNT}effective_leverage_ratio", Unit.PLAIN, Held.ACCOUNT),),
    "one_sided_leverage": (Number("marginwatch:pool_one_sided_leverage_ratio", Unit.PLAIN, Held.POOL),),
    "auto_add_margin": NotExported("whether a venue adds margin by itself is not exported"),
    "collateral_share": _ratio(f"{_POOL}collateral_share_ratio", Held.POOL),
    "collateral_depeg": NotExported("prices of stablecoins are not exported"),
    "adl_rank": (Number(f"{_POSITION}adl_rank", Unit.PLAIN, Held.POOL),),
    "position_cap": _ratio("marginwatch:position_cap_share_ratio", Held.POOL),
    "delivery_near": NotExported("the delivery time of a contract is not exported"),
    "unexplained_loss": _ratio("marginwatch:account_unexplained_loss_ratio", Held.ACCOUNT),
    "unexplained_gain": _ratio("marginwatch:account_unexplained_gain_ratio", Held.ACCOUNT),
    "group_ratio": _ratio(f"{_GROUP}margin_ratio", Held.GROUP),
    "group_coin_distance": _ratio(f"{_GROUP}coin_distance_ratio", Held.GROUP),
    "group_market_distance": _ratio(f"{_GROUP}market_distance_ratio", Held.GROUP),
    "group_unknown": (Word("unknown", f'{_GROUP}quality{{quality=~"STALE|UNKNOWN"}} == 1'),),
    "hedge_broken": _hedge("broken", "shrank"),
    "hedge_leg_near": _hedge("near"),
    "mode_changed": _ONCE,
    "position_appeared": _ONCE,
    "position_vanished": _ONCE,
    "venue_warning": _ONCE,
    "tiers_changed": _ONCE,
    "collateral_changed": _ONCE,
    "contract_changed": _ONCE,
    "price_jump": _ONCE,
    "permissions_changed": _ONCE,
    "drift": (
        Number("marginwatch:pool_drift_ratio:abs", Unit.RATIO, None),
        Number("marginwatch:position_drift_ratio:abs", Unit.RATIO, None, {"figure": "liquidation_price"}),
    ),
    "data_quality": tuple(
        Word(word, f'marginwatch_pool_quality{{quality="{word}"}} == 1') for word in ("PARTIAL", "STALE", "UNKNOWN")
    ),
    # Where its pools tell so, one page is enough.
    "account_down": (
        Word("down", f"{_ACCOUNT}up == 0\nunless on (job, instance, venue, account) ({_UNTRUE})"),
    ),
    # Outcomes of frames are counted of streams only: that tells them from readings.
    "feed_down": (Word("down", f"{_FEED}up == 0\nand {_OF_STREAM} {_FEED}frames_total"),),
    "poll_down": (Word("down", f"{_FEED}up == 0\nunless {_OF_STREAM} {_FEED}frames_total"),),
    "feed_lag": (
        Number(
            f"{_FEED}lag_seconds\nand {_OF_STREAM} {_FEED}frames_total\n"
            f"and {_OF_STREAM} (timestamp({_FEED}last_message_timestamp_seconds)"
            f" - {_FEED}last_message_timestamp_seconds <= {LAG_HOLDS_SECONDS:g})",
            Unit.SECONDS, None,
        ),
    ),
    "feed_backlog": NotExported("messages that wait for the engine are exported of all streams together only"),
    "unacknowledged": (
        Number(
            f"(increase({_FEED}missed_acknowledgements_total[{{unacknowledged}}s])\n"
            f'+ ignoring (outcome) increase({_FEED}frames_total{{outcome="refused"}}[{{unacknowledged}}s]))\n'
            f"and {_OF_STREAM} ({_FEED}up == 1)",
            Unit.PLAIN, None,
        ),
    ),
    "venue_ban": NotExported("until when a venue banned us is not exported"),
    "weight_budget": _ratio("marginwatch_rest_weight_used_ratio", None),
    "clock_offset": (Number("abs(marginwatch_clock_offset_seconds)", Unit.SECONDS, None),),
    "key_permission": NotExported("what a key may do is not exported"),
    "key_expiry": NotExported("when a key expires is not exported"),
    "inbox_backlog": (Number("marginwatch_inbox_depth", Unit.PLAIN, None),),
    "monitor_late": (Number("marginwatch_late_seconds", Unit.SECONDS, None),),
    "journal": (
        Word("not_writing", "marginwatch_journal_writing == 0", labels={"trouble": "writing"}),
        Word("lost", "increase(marginwatch_journal_lost_total[5m]) > 0", labels={"trouble": "records"}),
    ),
    "store_down": (
        Word("not_writing", "marginwatch_store_writing == 0", labels={"trouble": "writing"}),
        Word("lost", "increase(marginwatch_store_lost_total[5m]) > 0", labels={"trouble": "changes"}),
    ),
    "store_lag": NotExported("the age of what waits for the store is not exported, only how much it is"),
    "channel_down": (Word("down", "marginwatch_channel_up == 0"),),
    "channel_lag": (
        Number("marginwatch_channel_oldest_seconds and (marginwatch_channel_up == 1)", Unit.SECONDS, None),
    ),
    "heartbeat_missed": NotExported("the interval in which a sign of life is owed is not exported"),
}  # fmt: skip
