"""The exposition: which series a view gives, with which values, and when they vanish."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from itertools import zip_longest
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from monitor.domain.alerts import Alert, AlertChange, AlertState, Change, Severity, Silence
from monitor.domain.delivery import ChannelStatus, HeartbeatStatus, StoreStatus
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line, Ratio
from monitor.domain.names import AccountKey, Side
from monitor.domain.quality import Quality
from monitor.domain.reports import BurnReport
from monitor.domain.view import OUTCOMES, JournalStatus, View
from monitor.outputs.prometheus import Exposition, Histogram, number
from tests.programs import program
from tests.sample_reports import MAIN, NOW, account, feed, many_positions, paying, pool, position, view

POOL = {"venue": "binance", "account": "main", "pool": "cross:USDT"}
LONG = POOL | {"symbol": "BTCUSDT", "side": "long"}


def text_of(shown: View, exposition: Exposition | None = None) -> str:
    return b"".join((exposition or Exposition()).blocks(shown)).decode()


class Scrape:
    """One scrape, read by prometheus_client's own parser."""

    def __init__(self, shown: View, exposition: Exposition | None = None) -> None:
        self.text = text_of(shown, exposition)
        self.samples = [sample for family in text_string_to_metric_families(self.text) for sample in family.samples]

    def value(self, name: str, **labels: str) -> float | None:
        """The one sample with this name and these labels among its own; None if there is none."""
        found = [
            sample.value
            for sample in self.samples
            if sample.name == f"marginwatch_{name}" and labels.items() <= sample.labels.items()
        ]
        assert len(found) <= 1, f"{len(found)} samples of {name} with {labels}"
        return found[0] if found else None

    def names(self) -> set[str]:
        return {sample.name.removeprefix("marginwatch_") for sample in self.samples}

    def labels(self, name: str) -> set[frozenset[str]]:
        return {frozenset(sample.labels) for sample in self.samples if sample.name == f"marginwatch_{name}"}


PUBLIC = {
    "pool_margin_ratio": POOL, "pool_venue_ratio": POOL, "pool_equity_usd": POOL, "pool_maintenance_margin_usd": POOL,
    "pool_initial_margin_usd": POOL, "pool_funds_at_risk_usd": POOL, "pool_effective_leverage_ratio": POOL,
    "pool_market_distance_ratio": POOL | {"direction": "down"},
    "pool_coin_distance_ratio": POOL | {"coin": "BTC", "direction": "down"},
    "pool_stage_ratio": POOL | {"stage": "liquidation"}, "pool_quality": POOL | {"quality": "LIVE"},
    "pool_drift_ratio": POOL | {"figure": "equity"},
    "pool_funding_burn_usd_per_day": POOL, "pool_burn_seconds": POOL, "pool_next_funding_usd": POOL,
    "pool_next_funding_timestamp_seconds": POOL, "pool_after_funding_margin_ratio": POOL, "pool_one_sided": POOL,
    "pool_market_sigma_ratio": POOL, "pool_collateral_usd": POOL | {"asset": "USDT"},
    "pool_collateral_share_ratio": POOL | {"asset": "USDT"},
    "position_adl_rank": LONG, "position_cap_usd": LONG, "position_funding_rate": LONG, "position_funding_usd": LONG,
    "position_liquidation_price": LONG, "position_liquidation_distance_ratio": LONG,
    "position_liquidation_distance_sigmas": LONG, "position_bankruptcy_price": LONG, "position_notional_usd": LONG,
    "position_unrealized_pnl_usd": LONG, "position_mark_price": LONG, "position_drift_ratio": LONG,
    "position_info": LONG | {"coin": "BTC"},
    "account_margin_ratio": {"venue": "binance", "account": "main"},
    "account_equity_usd": {"venue": "binance", "account": "main"},
    "account_gross_notional_usd": {"venue": "binance", "account": "main"},
    "account_net_notional_usd": {"venue": "binance", "account": "main"},
    "account_effective_leverage_ratio": {"venue": "binance", "account": "main"},
    "account_funds_at_risk_usd": {"venue": "binance", "account": "main"},
    "account_unexplained_usd": {"venue": "binance", "account": "main"},
    "account_withdrawable_usd": {"venue": "binance", "account": "main"},
    "account_up": {"venue": "binance", "account": "main"},
    "account_last_update_timestamp_seconds": {"venue": "binance", "account": "main"},
} | {
    name: {"venue": "binance", "account": "main", "stream": "user"}
    for name in (
        "feed_up", "feed_last_message_timestamp_seconds", "feed_lag_seconds", "feed_reconnects_total",
        "feed_messages_total", "feed_malformed_total", "feed_unrecognised_total",
        "feed_missed_acknowledgements_total",
    )
} | {
    name: {"channel": "phone", "kind": "telegram"}
    for name in (
        "channel_up", "channel_waiting", "channel_oldest_seconds", "channel_delivered_total", "channel_failed_total",
        "channel_dropped_total", "channel_last_delivered_timestamp_seconds",
    )
} | {
    "feed_frames_total": {"venue": "binance", "account": "main", "stream": "user", "outcome": "applied"},
    "rest_weight_used_ratio": {"venue": "binance"}, "clock_offset_seconds": {"venue": "binance"},
    "event_to_report_seconds_count": {}, "engine_batch_events": {}, "engine_conflated_total": {}, "inbox_depth": {},
    "journal_writing": {}, "journal_records_total": {}, "journal_lost_total": {}, "journal_written_bytes_total": {},
    "journal_kept_bytes": {}, "journal_segments": {}, "journal_queue_depth": {},
    "alerts_firing": {"rule": "drift", "severity": "warning", "state": "firing"}, "silences_active": {},
    "alert_transitions_total": {"rule": "drift", "change": "fired"}, "late_seconds": {},
    "store_writing": {}, "store_lost_total": {}, "store_waiting": {},
    "heartbeat_last_timestamp_seconds": {"heartbeat": "backup"}, "delivery_seconds_count": {"channel": "phone"},
    "build_info": {"version": "0.1.0"},
}  # fmt: skip


def everything() -> Scrape:
    """A scrape of a monitor to which everything happened once."""
    exposition = Exposition()
    drift = Alert(rule="drift", severity=Severity.WARNING)
    exposition.count_changes([AlertChange(change=Change.FIRED, alert=drift, at=NOW)])
    exposition.observe_delivery("phone", 0.2)
    return Scrape(view(paying(), alerts=(drift,)), exposition)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_series_is_there_with_its_labels(name: str) -> None:
    scrape = everything()

    assert scrape.value(name, **PUBLIC[name]) is not None
    assert scrape.labels(name) == {frozenset(PUBLIC[name])}


def test_nothing_is_exported_that_is_not_public_interface() -> None:
    scrape = everything()

    ours = {sample.name for sample in scrape.samples if not sample.name.startswith(("process_", "python_gc_"))}
    assert ours == {f"marginwatch_{name}" for name in PUBLIC} | {
        "marginwatch_event_to_report_seconds_bucket",
        "marginwatch_event_to_report_seconds_sum",
        "marginwatch_delivery_seconds_bucket",
        "marginwatch_delivery_seconds_sum",
    }


def test_values_are_those_of_the_report_to_the_last_digit() -> None:
    odd = 0.1 + 0.2
    scrape = Scrape(view(account(pool(equity_usd=odd, positions=(position(mark_price=1.2345678901234567e-07),)))))

    assert scrape.value("pool_equity_usd", **POOL) == odd
    assert scrape.value("position_mark_price", **LONG) == 1.2345678901234567e-07


@pytest.mark.parametrize(
    ("line", "price", "distance", "sigmas"),
    [
        (Line.at(45_000.0, 0.25), 45_000.0, 0.25, 8.5),
        (NEVER, None, inf, inf),
        (LIQUIDATABLE, None, 0.0, 0.0),
        (Line.unknown("no mark price for BTCUSDT"), None, None, None),
    ],
    ids=["at a price", "no price liquidates", "liquidatable now", "unknown"],
)
def test_the_four_answers_of_a_line(
    line: Line, price: float | None, distance: float | None, sigmas: float | None
) -> None:
    held = position(line=line, bankruptcy=line)
    scrape = Scrape(view(account(pool(positions=(held,), coins={"BTC": {Direction.DOWN: line}}))))

    assert scrape.value("position_liquidation_price", **LONG) == price
    assert scrape.value("position_bankruptcy_price", **LONG) == price
    assert scrape.value("position_liquidation_distance_ratio", **LONG) == distance
    assert scrape.value("position_liquidation_distance_sigmas", **LONG) == sigmas
    assert scrape.value("pool_coin_distance_ratio", coin="BTC", direction="down") == distance


def test_infinity_is_written_as_prometheus_reads_it() -> None:
    text = text_of(view(account(pool(ratio=Ratio.of(inf)))))

    assert re.search(r"^marginwatch_pool_margin_ratio\{.*\} \+Inf$", text, re.MULTILINE)
    assert "null" not in text


def test_an_unknown_figure_is_absent_and_never_zero_or_nan() -> None:
    unknown = pool(ratio=Ratio.unknown("no tiers"), equity_usd=None, venue_ratio=nan, positions=())
    scrape = Scrape(view(account(unknown)))

    for name in ("pool_margin_ratio", "pool_equity_usd", "pool_venue_ratio"):
        assert scrape.value(name, **POOL) is None
    assert scrape.value("pool_maintenance_margin_usd", **POOL) == 500.0


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.UNKNOWN])
def test_when_stale_only_the_figures_vanish(quality: Quality) -> None:
    stale = account(pool(quality=quality), quality=quality, up=False)
    scrape = Scrape(view(stale, feeds=(feed(up=False),)))

    figures = {name for name in scrape.names() if name.startswith(("pool_", "position_"))}
    assert figures == {"pool_quality"}
    assert scrape.value("pool_quality", quality=quality.value, **POOL) == 1.0
    assert scrape.value("account_margin_ratio") is None
    assert scrape.value("account_equity_usd") is None
    assert scrape.value("account_up") == 0.0
    assert scrape.value("account_last_update_timestamp_seconds") == NOW - 2.0
    assert scrape.value("feed_up") == 0.0
    assert scrape.value("feed_last_message_timestamp_seconds") == NOW - 0.5


@pytest.mark.parametrize("quality", list(Quality))
def test_the_quality_is_one_series_a_value(quality: Quality) -> None:
    scrape = Scrape(view(account(pool(quality=quality))))

    flags = {each.value: scrape.value("pool_quality", quality=each.value, **POOL) for each in Quality}
    assert flags == {each.value: float(each is quality) for each in Quality}


def test_partial_data_keeps_its_figures() -> None:
    scrape = Scrape(view(account(pool(quality=Quality.PARTIAL), quality=Quality.PARTIAL)))

    assert scrape.value("pool_margin_ratio", **POOL) == 0.2
    assert scrape.value("account_margin_ratio") == 0.2


def test_series_vanish_with_their_position_and_with_their_pool() -> None:
    exposition = Exposition()
    two = pool(positions=(position(), position("ETHUSDT", Side.SHORT)))
    before = Scrape(view(account(two, pool("isolated:SOLUSDT:long"))), exposition)
    after = Scrape(view(account(pool())), exposition)
    closed = Scrape(view(account()), exposition)

    assert before.value("position_mark_price", symbol="ETHUSDT", side="short") == 60_000.0
    assert after.value("position_mark_price", symbol="ETHUSDT") is None
    assert after.value("pool_quality", pool="isolated:SOLUSDT:long", quality="LIVE") is None
    assert after.value("position_mark_price", **LONG) == 60_000.0
    assert not [name for name in closed.names() if name.startswith(("pool_", "position_"))]
    assert closed.value("account_up") == 1.0


def test_a_position_that_was_stale_comes_back_with_the_same_labels() -> None:
    exposition = Exposition()
    live = Scrape(view(account(pool())), exposition).text
    Scrape(view(account(pool(quality=Quality.STALE))), exposition)

    again = Scrape(view(account(pool())), exposition).text
    assert [line for line in again.splitlines() if "position_" in line] == [
        line for line in live.splitlines() if "position_" in line
    ]


UNKNOWN_POOL: dict[str, Any] = {"ratio": Ratio.unknown("no tiers"), "quality": Quality.UNKNOWN}


@pytest.mark.parametrize(
    ("other", "account_ratio", "shown"),
    [
        (Ratio.of(0.3), Ratio.unknown("one pool is unknown"), None),
        (Ratio.of(1.2), Ratio.of(1.2), 1.2),
        (Ratio.of(inf), Ratio.of(inf), inf),
    ],
    ids=["a safe pool says nothing", "a liquidatable pool speaks", "a pool without equity speaks"],
)
def test_the_ratio_of_an_account_with_an_unknown_pool(other: Ratio, account_ratio: Ratio, shown: float | None) -> None:
    pools = (pool(**UNKNOWN_POOL), pool("isolated:ETHUSDT:long", ratio=other))
    scrape = Scrape(view(account(*pools, quality=Quality.UNKNOWN, ratio=account_ratio)))

    assert scrape.value("account_margin_ratio") == shown


def test_a_stale_ratio_above_one_is_not_shown_as_the_account_s() -> None:
    stale = pool(ratio=Ratio.of(1.2), quality=Quality.STALE)
    scrape = Scrape(view(account(stale, quality=Quality.STALE, ratio=Ratio.of(1.2))))

    assert scrape.value("account_margin_ratio") is None


@pytest.mark.parametrize("name", ['quo"te', "back\\slash", "new\nline", "ümlaut 金", "a,b}c{"])
def test_labels_hold_any_text(name: str) -> None:
    key = AccountKey("binance", name)
    scrape = Scrape(view(account(pool(owner=key, stages={name: Ratio.of(0.5)}), key=key)))

    assert scrape.value("account_up", account=name) == 1.0
    assert scrape.value("pool_stage_ratio", account=name, stage=name) == 0.5


@given(st.text(max_size=20), st.floats(allow_nan=False))
def test_any_name_and_any_number_come_through(name: str, value: float) -> None:
    key = AccountKey("binance", name)
    scrape = Scrape(view(account(pool(owner=key, equity_usd=value, positions=()), key=key)))

    assert scrape.value("pool_equity_usd", account=name) == value


def test_a_quiet_rule_shows_zero_and_a_firing_one_its_count() -> None:
    exposition = Exposition(rules=("margin_ratio", "drift"))
    fire = tuple(Alert(rule="drift", severity=Severity.WARNING, labels={"pool": str(n)}) for n in range(2))
    firing = Scrape(view(account(pool()), alerts=fire), exposition)
    quiet = Scrape(view(account(pool())), exposition)

    assert firing.value("alerts_firing", rule="drift", severity="warning") == 2.0
    assert firing.value("alerts_firing", rule="margin_ratio", severity="critical") == 0.0
    assert quiet.value("alerts_firing", rule="drift", severity="warning") == 0.0


def test_firing_alerts_are_told_by_their_state() -> None:
    exposition = Exposition(rules=("drift",))
    drift = Alert(rule="drift", severity=Severity.WARNING)
    states = (AlertState.FIRING, AlertState.SILENCED, AlertState.SILENCED, AlertState.ACKNOWLEDGED)
    alerts = tuple(replace(drift, labels={"n": str(n)}, state=state) for n, state in enumerate(states))
    before = Scrape(view(alerts=alerts), exposition)
    after = Scrape(view(), exposition)

    def counts(scrape: Scrape) -> list[float | None]:
        return [scrape.value("alerts_firing", severity="warning", state=state) for state in AlertState]

    assert counts(before) == [1.0, 1.0, 2.0, None]
    assert counts(after) == [0.0, 0.0, 0.0, None], "what once fired does not vanish without a word"


def test_a_level_of_the_user_s_own_is_counted_as_such() -> None:
    assert Scrape(view(alerts=(Alert(rule="drift", severity="urgent"),))).value("alerts_firing", severity="urgent") == 1


def test_every_change_is_counted_and_what_may_come_first_is_there_before_it() -> None:
    exposition = Exposition(rules=("drift",))
    drift = Alert(rule="drift", severity=Severity.WARNING)
    before = Scrape(view(), exposition)
    for change in (Change.FIRED, Change.ACKNOWLEDGED, Change.FIRED):
        exposition.count_changes([AlertChange(change=change, alert=drift, at=NOW)])
    after = Scrape(view(), exposition)

    def count(scrape: Scrape, change: Change) -> float | None:
        return scrape.value("alert_transitions_total", rule="drift", change=change)

    assert [count(before, change) for change in (Change.FIRED, Change.RESOLVED)] == [0.0, 0.0]
    assert [count(after, change) for change in (Change.FIRED, Change.RESOLVED, Change.ACKNOWLEDGED)] == [2.0, 0.0, 1.0]


def test_silences_are_counted() -> None:
    silence = Silence(id="1", matchers=(), starts=NOW, ends=NOW + 60.0, author="Ada", comment="")

    assert Scrape(view(silences=(silence,))).value("silences_active") == 1.0
    assert Scrape(view()).value("silences_active") == 0.0


def test_a_channel_that_fails_says_so_and_one_that_never_delivered_has_no_time() -> None:
    ill = ChannelStatus(
        name="hook", kind="webhook", up=False, waiting=7, oldest_seconds=90.5, failed_total=4, dropped_total=2,
    )  # fmt: skip
    scrape = Scrape(view(channels=(ill,)))

    figures = ("up", "waiting", "oldest_seconds", "delivered_total", "failed_total", "dropped_total")
    assert [scrape.value(f"channel_{figure}", channel="hook") for figure in figures] == [0.0, 7.0, 90.5, 0.0, 4.0, 2.0]
    assert scrape.value("channel_last_delivered_timestamp_seconds") is None
    assert "true" not in scrape.text
    assert "false" not in scrape.text


def test_deliveries_are_told_by_channel_under_one_heading() -> None:
    exposition = Exposition()
    for channel, seconds in (("phone", 0.2), ("phone", 40.0), ('"odd"', 1000.0)):
        exposition.observe_delivery(channel, seconds)
    scrape = Scrape(view(), exposition)

    assert scrape.text.count("# TYPE marginwatch_delivery_seconds histogram") == 1
    assert scrape.value("delivery_seconds_bucket", channel="phone", le="0.25") == 1.0
    assert scrape.value("delivery_seconds_bucket", channel="phone", le="60.0") == 2.0
    assert scrape.value("delivery_seconds_bucket", channel='"odd"', le="900.0") == 0.0
    assert scrape.value("delivery_seconds_bucket", channel='"odd"', le="+Inf") == 1.0
    assert scrape.value("delivery_seconds_sum", channel="phone") == 40.2
    assert "delivery_seconds" not in text_of(view())


def test_a_store_that_loses_says_so_and_without_one_nothing_is_said() -> None:
    ill = Scrape(view(store=StoreStatus(writing=False, reason="disk full", lost_total=3, waiting=2)))

    assert [ill.value(f"store_{figure}") for figure in ("writing", "lost_total", "waiting")] == [0.0, 3.0, 2.0]
    assert not [name for name in Scrape(view(store=None)).names() if name.startswith("store_")]


def test_a_sign_of_life_that_never_came_has_no_time() -> None:
    scrape = Scrape(view(heartbeats=(HeartbeatStatus(name="cron", every_seconds=60.0, last=None, since=NOW),)))

    assert scrape.value("heartbeat_last_timestamp_seconds") is None


def test_every_frame_of_a_stream_is_in_one_outcome() -> None:
    counts: dict[str, Any] = {outcome: number for number, outcome in enumerate(OUTCOMES, start=1)}
    stream, polled = replace(feed(messages=36), **counts), feed("clock", polled=True)
    scrape = Scrape(view(feeds=(stream, polled)))

    shown = {outcome: scrape.value("feed_frames_total", stream="marks", outcome=outcome) for outcome in OUTCOMES}
    assert shown == counts
    assert scrape.value("feed_messages_total", stream="marks") == sum(counts.values())
    assert scrape.value("feed_frames_total", stream="clock", outcome="applied") is None


def test_the_journal_says_how_it_does() -> None:
    ill = JournalStatus(writing=False, reason="disk full", records_total=90, lost_total=7, queue_depth=4)
    scrape = Scrape(view(journal=ill))

    assert scrape.value("journal_writing") == 0.0
    assert scrape.value("journal_records_total") == 90.0
    assert scrape.value("journal_lost_total") == 7.0
    assert scrape.value("journal_queue_depth") == 4.0


def test_without_a_journal_nothing_is_said_of_one() -> None:
    assert not [name for name in Scrape(view(journal=None)).names() if name.startswith("journal_")]


def test_latencies_fall_into_buckets_by_their_upper_bound() -> None:
    histogram = Histogram("event_to_report_seconds", "How long.", (0.001, 0.01))
    for seconds in (0.0005, 0.001, 0.0011, 5.0, nan):
        histogram.observe(seconds)

    assert histogram.text().splitlines()[2:] == [
        'marginwatch_event_to_report_seconds_bucket{le="0.001"} 2',
        'marginwatch_event_to_report_seconds_bucket{le="0.01"} 3',
        'marginwatch_event_to_report_seconds_bucket{le="+Inf"} 4',
        "marginwatch_event_to_report_seconds_sum 5.0026",
        "marginwatch_event_to_report_seconds_count 4",
    ]


def test_the_latency_of_an_event_is_counted() -> None:
    exposition = Exposition()
    exposition.observe_latency(0.003)

    scrape = Scrape(view(), exposition)
    assert scrape.value("event_to_report_seconds_count") == 1.0
    assert scrape.value("event_to_report_seconds_bucket", le="0.0025") == 0.0
    assert scrape.value("event_to_report_seconds_bucket", le="0.005") == 1.0


@pytest.mark.parametrize(("value", "text"), [(inf, "+Inf"), (-inf, "-Inf"), (0.1, "0.1"), (1e22, "1e+22")])
def test_numbers_are_written_in_the_shortest_exact_form(value: float, text: str) -> None:
    assert number(value) == text


def test_no_timestamps_and_no_created_series() -> None:
    text = text_of(view(account(pool())))

    assert "_created" not in text
    for line in text.splitlines():
        if not line.startswith("#"):
            # The value is the last word: nothing follows it.
            assert re.fullmatch(r"[a-z_]+(\{.*\})? [^ ]+", line), line


def test_each_family_is_announced_once_and_stays_together() -> None:
    text = text_of(many_positions(300))

    announced = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(announced) == len(set(announced))
    runs: list[str] = []
    for name in re.findall(r"^(marginwatch_[a-z_]+)[{ ]", text, re.MULTILINE):
        if not runs or runs[-1] != name:
            runs.append(name)
    assert len(runs) == len(set(runs))


def test_a_large_view_comes_in_blocks_that_together_hold_everything() -> None:
    shown = many_positions(2_000)
    blocks = list(Exposition().blocks(shown))

    assert len(blocks) > 30
    assert max(block.count(b"\n") for block in blocks) <= 600
    parsed: dict[str, Any] = {
        family.name: family for family in text_string_to_metric_families(b"".join(blocks).decode())
    }
    assert len(parsed["marginwatch_position_mark_price"].samples) == 2_000


def test_time_passes_in_turns_also_where_there_is_nothing_to_write() -> None:
    unknown = [pool(f"p{n}", ratio=Ratio.unknown("no tiers"), venue_ratio=None, positions=()) for n in range(1_200)]

    assert b"" in list(Exposition().blocks(view(account(*unknown))))


def test_two_scrapes_at_once_do_not_mix() -> None:
    exposition = Exposition(rules=("margin_ratio",))
    one, other = many_positions(700), many_positions(30)
    alone = [ours(text_of(shown)) for shown in (one, other)]
    texts = [b"", b""]
    for blocks in zip_longest(exposition.blocks(one), exposition.blocks(other), fillvalue=b""):
        texts = [text + block for text, block in zip(texts, blocks, strict=True)]

    assert [ours(text.decode()) for text in texts] == alone


def ours(text: str) -> list[str]:
    """The lines that tell of pools and positions."""
    return [line for line in text.splitlines() if line.startswith(("marginwatch_po", "# HELP marginwatch_po"))]


def test_promtool_finds_nothing() -> None:
    promtool = program("promtool")
    alerts = (Alert(rule="drift", severity=Severity.WARNING),)
    exposition = Exposition(rules=("margin_ratio",))
    exposition.observe_delivery("phone", 0.1)
    text = text_of(view(account(pool(ratio=Ratio.of(inf))), alerts=alerts), exposition)

    checked = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=30, check=False
    )
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")


def test_the_account_of_the_sample_is_the_one_asked_for() -> None:
    other = AccountKey("binance", "other")
    scrape = Scrape(view(account(pool()), replace(account(pool(owner=other)), key=other)))

    assert scrape.value("pool_margin_ratio", account="other") == 0.2
    assert scrape.value("pool_margin_ratio", account=MAIN.account) == 0.2


def test_what_is_not_known_of_funding_is_absent_and_what_never_happens_is_infinite() -> None:
    scrape = Scrape(view(account(pool())))
    assert not scrape.names() & {"pool_burn_seconds", "pool_funding_burn_usd_per_day", "position_funding_usd"}
    scrape = Scrape(view(account(pool(burn=BurnReport(usd_per_day=-1.0, seconds=inf)))))
    assert scrape.value("pool_burn_seconds", **POOL) == inf
    assert scrape.value("pool_after_funding_margin_ratio", **POOL) is None


def test_sums_of_an_account_that_is_not_to_be_believed_are_absent() -> None:
    scrape = Scrape(view(replace(paying(), quality=Quality.STALE)))
    assert not [name for name in scrape.names() if name.startswith("account_") and name.endswith("_usd")]
