"""One step of the engine: first steps, prices, jumps and ages."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.domain.events import (
    AssetTick,
    Banned,
    ClockRead,
    Elapsed,
    Event,
    FeedDown,
    FeedUp,
    PollFailed,
    Tick,
    Ticks,
)
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.engine.settings import Limits
from tests.unit.engine.situations import (
    ALONE,
    BTC,
    MAIN,
    MULTI,
    OTHER,
    VENUE,
    T,
    asset,
    config,
    engine,
    kinds,
    pool,
    reading,
    report,
    running,
    started,
    tick,
    usdt,
)


class TestTheFirstSteps:
    def test_configured_accounts_are_reported_unknown_from_the_first_step(self) -> None:
        fresh = engine(MAIN, OTHER)
        result = fresh.step([], T)
        assert [found.key for found in result.reports] == [MAIN, OTHER]
        for found in result.reports:
            assert (found.quality, found.up, found.ratio.state) == (Quality.UNKNOWN, False, State.UNKNOWN)
            assert found.reasons == ("no account reading yet", "the account's mode was not read yet")

    def test_even_before_it_reports_are_there(self) -> None:
        (found,) = engine().reports()
        assert found.quality is Quality.UNKNOWN

    def test_a_reading_with_tables_prices_and_mode_is_live(self) -> None:
        result = running(BTC, ALONE)
        cross, alone = pool(result, "cross:USDT"), pool(result, "isolated:ETHUSDT:short")
        assert cross.ratio.value == pytest.approx((60_000 * 0.005 - 50) / 10_000)
        assert cross.positions[0].line.price == pytest.approx((60_000 - 10_000 - 50) / (1 - 0.005))
        assert alone.ratio.value == pytest.approx(75 / 2_000)
        assert report(result).ratio.value == pytest.approx(75 / 2_000)
        assert report(result).equity_usd == pytest.approx(12_000)
        assert report(result).up

    @pytest.mark.parametrize("missing", range(9))
    def test_whichever_piece_comes_last_the_end_is_the_same(self, missing: int) -> None:
        pieces = started(BTC, ALONE)
        late = engine()
        late.step([piece for i, piece in enumerate(pieces) if i != missing], T)
        late.step([pieces[missing]], T)
        assert late.reports() == running(BTC, ALONE).reports()

    def test_an_account_without_any_position_is_as_safe_as_can_be(self) -> None:
        found = report(running())
        assert (found.ratio.value, found.quality) == (0.0, Quality.LIVE)

    @pytest.mark.parametrize(
        ("left_out", "reason"),
        [
            (1, "no maintenance tiers for BTCUSDT"),
            (2, "no mark price for BTCUSDT"),
        ],
    )
    def test_what_cannot_be_computed_is_unknown_in_words_and_never_safe(self, left_out: int, reason: str) -> None:
        fresh = engine()
        fresh.step([piece for i, piece in enumerate(started(BTC)) if i != left_out], T)
        found = pool(fresh, "cross:USDT")
        assert (found.quality, found.ratio.state) == (Quality.UNKNOWN, State.UNKNOWN)
        assert reason in found.reasons
        assert found.positions[0].line.state is State.UNKNOWN
        assert report(fresh).ratio.state is State.UNKNOWN

    def test_marks_inside_the_answer_serve_until_the_first_tick(self) -> None:
        fresh = engine()
        without = [piece for i, piece in enumerate(started()) if i not in (2, 8)]
        fresh.step([*without, reading(BTC, marks=[("BTCUSDT", 60_000.0), ("ETHUSDT", math.nan)])], T)
        assert pool(fresh, "cross:USDT").ratio.value == pytest.approx(0.025)

    def test_marks_inside_an_answer_never_overrule_a_tick(self) -> None:
        running_engine = running(BTC)
        running_engine.step([reading(BTC, asked=T + 1, marks=[("BTCUSDT", 50_000.0)])], T + 1)
        assert pool(running_engine, "cross:USDT").positions[0].mark_price == 60_000.0


class TestPrices:
    def test_a_tick_reports_only_whom_it_touches(self) -> None:
        two = engine(MAIN, OTHER)
        two.step([*started(BTC), config(account=OTHER), reading(ALONE, account=OTHER, balances=())], T)
        result = two.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        assert [found.key for found in result.reports] == [MAIN]
        assert report(result).at == T + 1
        assert pool(result, "cross:USDT").equity_usd == pytest.approx(9_000)

    def test_ten_ticks_in_a_batch_are_one_report(self) -> None:
        result = running(BTC).step([tick("BTCUSDT", 60_000.0 - i, T + i / 10) for i in range(1, 11)], T + 1)
        assert len(result.reports) == 1
        assert pool(result, "cross:USDT").positions[0].mark_price == 59_990.0

    def test_an_older_index_price_changes_nothing(self) -> None:
        assert running(BTC).step([asset("USDT", 0.5, T - 1), asset("USDT", math.nan, T + 1)], T + 1).reports == ()

    def test_a_mark_inside_the_first_answer_that_is_no_price_is_none(self) -> None:
        fresh = engine()
        without = [piece for i, piece in enumerate(started()) if i not in (2, 8)]
        fresh.step([*without, reading(BTC, marks=[("BTCUSDT", math.nan)])], T)
        assert pool(fresh, "cross:USDT").ratio.state is State.UNKNOWN

    def test_an_older_tick_changes_nothing(self) -> None:
        result = running(BTC).step([tick("BTCUSDT", 1_000.0, T - 1)], T + 1)
        assert result.reports == ()

    @pytest.mark.parametrize("mark", [math.nan, math.inf, -60_000.0, 0.0])
    def test_what_is_not_a_price_changes_nothing(self, mark: float) -> None:
        result = running(BTC).step([tick("BTCUSDT", mark, T + 1)], T + 1)
        assert result.reports == ()

    def test_the_same_price_again_keeps_the_pool_live(self) -> None:
        alive = running(BTC)
        for second in range(1, 20):
            ticks: list[Event] = [tick("BTCUSDT", 60_000.0, T + second), asset("USDT", 1.0, T + second)]
            result = alive.step([*ticks, Elapsed(T + second)], T + second)
            assert report(result).quality is Quality.LIVE

    def test_an_instrument_that_nobody_holds_touches_nobody(self) -> None:
        result = running(BTC).step([tick("ETHUSDT", 2_000.0, T + 1), asset("XRP", 1.0, T + 1)], T + 1)
        assert result.reports == ()

    def test_it_can_be_asked_whether_anybody_depends_on_a_mark(self) -> None:
        alive = running(BTC)
        assert alive.holds(VENUE, "BTCUSDT")
        assert not alive.holds(VENUE, "ETHUSDT")
        assert not alive.holds("elsewhere", "BTCUSDT")

    def test_the_dollar_price_of_the_numeraire_moves_the_figures_in_usd(self) -> None:
        result = running(BTC).step([asset("USDT", 0.9, T + 1)], T + 1)
        assert pool(result, "cross:USDT").equity_usd == pytest.approx(9_000)
        assert pool(result, "cross:USDT").ratio.value == pytest.approx(0.025)

    def test_without_a_dollar_price_a_stablecoin_counts_one_and_the_report_says_so(self) -> None:
        fresh = engine()
        fresh.step([piece for i, piece in enumerate(started(BTC)) if i != 4], T)
        found = pool(fresh, "cross:USDT")
        assert found.quality is Quality.PARTIAL
        assert found.reasons == ("USDT is counted as 1 USD: no index price of it",)
        assert found.equity_usd == 10_000.0


class TestJumps:
    def test_a_crash_is_unknown_for_one_frame_and_then_believed(self) -> None:
        alive = running(BTC, ALONE)
        first = alive.step([tick("BTCUSDT", 25_000.0, T + 1)], T + 1)
        assert kinds(first) == [("price_jump", "BTCUSDT")]
        found = pool(first, "cross:USDT")
        assert (found.quality, found.ratio.state, found.equity_usd) == (Quality.UNKNOWN, State.UNKNOWN, None)
        assert pool(first, "isolated:ETHUSDT:short").quality is Quality.LIVE
        assert report(first).ratio.state is State.UNKNOWN
        second = alive.step([tick("BTCUSDT", 24_000.0, T + 2)], T + 2)
        assert pool(second, "cross:USDT").ratio.value == math.inf
        assert report(second).ratio.state is State.LIQUIDATABLE

    def test_two_frames_of_one_batch_are_two_frames(self) -> None:
        result = running(BTC).step([tick("BTCUSDT", 25_000.0, T + 1), tick("BTCUSDT", 25_100.0, T + 2)], T + 2)
        assert pool(result, "cross:USDT").ratio.state is State.LIQUIDATABLE
        assert result.notices[0].text == "the mark of BTCUSDT jumped to 25100, and was confirmed"

    def test_a_garbled_frame_is_gone_with_the_next(self) -> None:
        alive = running(BTC)
        alive.step([tick("BTCUSDT", 0.6, T + 1)], T + 1)
        assert pool(alive, "cross:USDT").quality is Quality.UNKNOWN
        result = alive.step([tick("BTCUSDT", 60_000.0, T + 2)], T + 2)
        assert pool(result, "cross:USDT").quality is Quality.LIVE
        assert pool(result, "cross:USDT").ratio.value == pytest.approx(0.025)

    def test_the_marks_of_a_reading_are_a_second_source(self) -> None:
        alive = running(BTC)
        alive.step([tick("BTCUSDT", 25_000.0, T + 1)], T + 1)
        result = alive.step([reading(BTC, asked=T + 1.1, marks=[("BTCUSDT", 24_900.0)])], T + 1.5)
        assert pool(result, "cross:USDT").positions[0].mark_price == 25_000.0

    def test_an_asset_that_jumps_makes_its_pools_unknown_too(self) -> None:
        alive = running()
        result = alive.step([asset("USDT", 0.3, T + 1)], T + 1)
        assert result.notices[0].text == "the USD price of USDT jumped from 1 to 0.3: waiting for a confirmation"
        assert report(result).quality is Quality.UNKNOWN

    def test_a_jump_within_a_frame_of_many_marks_is_told_like_a_single_one(self) -> None:
        alive = running(BTC)
        symbols = ("BTCUSDT", *(f"C{number}USDT" for number in range(20)))
        frame = Ticks(VENUE, symbols, (25_000.0,) + (1.0,) * 20, (T + 1,) * 21, T + 1.05)
        assert kinds(alive.step([frame], T + 1)) == [("price_jump", "BTCUSDT")]

    def test_a_jump_of_what_nobody_holds_is_told_to_nobody(self) -> None:
        result = running(BTC).step([tick("ETHUSDT", 1.0, T + 1)], T + 1)
        assert result.notices == ()


class TestAge:
    def test_a_mark_without_frames_of_its_own_grows_stale_whatever_else_lives(self) -> None:
        alive = running(BTC, ALONE)
        for second in (3.0, 6.0):
            frames: list[Event] = [tick("ETHUSDT", 3_000.0, T + second), asset("USDT", 1.0, T + second)]
            frames += [FeedUp(VENUE, None, "marks", T + second), Elapsed(T + second)]
            result = alive.step(frames, T + second)
        assert pool(result, "cross:USDT").quality is Quality.STALE
        assert pool(result, "cross:USDT").reasons == ("the mark of BTCUSDT is older than 5 s",)
        assert pool(result, "cross:USDT").ratio.value == pytest.approx(0.025)  # kept, with its age
        assert pool(result, "cross:USDT").as_of == T
        assert pool(result, "isolated:ETHUSDT:short").quality is Quality.LIVE
        assert (report(result).quality, report(result).up) == (Quality.STALE, False)

    def test_on_a_timer_only_accounts_whose_quality_changed_are_reported(self) -> None:
        alive = running(BTC)
        assert alive.step([Elapsed(T + 1)], T + 1).reports == ()
        assert len(alive.step([Elapsed(T + 6)], T + 6).reports) == 1
        assert alive.step([Elapsed(T + 7)], T + 7).reports == ()

    def test_a_stale_mark_is_live_again_with_its_next_frame(self) -> None:
        alive = running(BTC)
        alive.step([Elapsed(T + 6)], T + 6)
        result = alive.step([tick("BTCUSDT", 60_000.0, T + 7), asset("USDT", 1.0, T + 7)], T + 7)
        assert report(result).quality is Quality.LIVE

    def test_a_backlog_shows_because_frames_age_by_the_venues_clock(self) -> None:
        result = running(BTC).step([tick("BTCUSDT", 59_000.0, T + 1)], T + 8)
        assert pool(result, "cross:USDT").quality is Quality.STALE

    @pytest.mark.parametrize("ahead_seconds", [10.0, 1e7, 1e12])
    def test_one_stamp_from_the_future_freezes_no_price(self, ahead_seconds: float) -> None:
        running_engine = running(BTC, mode=MULTI)
        garbled: list[Tick | AssetTick] = [
            tick("BTCUSDT", 60_001.0, T + ahead_seconds),
            asset("USDT", 1.0, T + ahead_seconds),
        ]
        running_engine.step([replace(event, received=T + 1.0) for event in garbled], T + 1.0)
        running_engine.step([tick("BTCUSDT", 55_000.0, T + 3.0), asset("USDT", 0.98, T + 3.0)], T + 3.1)
        found = pool(running_engine, "multi-assets")
        assert found.positions[0].mark_price == 55_000.0
        assert found.equity_usd == pytest.approx(0.98 * (10_000.0 - 5_000.0))
        running_engine.step([Elapsed(T + 20.0)], T + 20.0)
        assert pool(running_engine, "multi-assets").quality is Quality.STALE

    def test_a_measured_clock_offset_is_taken_out(self) -> None:
        alive = running(BTC)
        result = alive.step([ClockRead(VENUE, offset_seconds=-10.0, round_trip_seconds=0.1, at=T)], T + 8)
        assert report(result).quality is Quality.LIVE
        assert pool(result, "cross:USDT").as_of == T  # the reading is older than the marks, by our clock

    def test_an_old_dollar_price_lowers_only_the_figures_in_usd(self) -> None:
        alive = running(BTC)
        result = alive.step([tick("BTCUSDT", 60_000.0, T + 11)], T + 11)
        assert pool(result, "cross:USDT").quality is Quality.PARTIAL

    def test_an_old_index_price_of_collateral_is_stale(self) -> None:
        alive = engine()
        btc = replace(usdt(1.0), asset="BTC")
        alive.step([*started(mode=MULTI), reading(balances=[usdt(100.0), btc], asked=T + 1)], T + 1)
        assert pool(alive, "multi-assets").equity_usd == pytest.approx(60_100)
        result = alive.step([asset("USDT", 1.0, T + 11), Elapsed(T + 11)], T + 11)
        assert pool(result, "multi-assets").reasons == ("the USD price of BTC is older than 10 s",)
        assert pool(result, "multi-assets").quality is Quality.STALE

    def test_a_quiet_night_is_no_staleness(self) -> None:
        alive = running(BTC)
        alive.step([FeedUp(VENUE, "main", "user", T)], T)
        for second in range(1, 600):
            now = T + second
            batch: list[Event] = [tick("BTCUSDT", 60_000.0, now), asset("USDT", 1.0, now), Elapsed(now)]
            if second % 15 == 0:
                batch.append(reading(BTC, asked=now))
            if second % 60 == 0:
                batch.append(config(asked=now))
            assert report(alive.step(batch, now)).quality is Quality.LIVE

    def test_limits_of_one_venue_stand_before_the_general_ones(self) -> None:
        slow = running(BTC, venue_limits={VENUE: Limits(mark_seconds=25.0, asset_seconds=25.0)})
        slow.step([Elapsed(T + 24)], T + 24)
        assert report(slow).quality is Quality.LIVE

    def test_a_lost_stream_and_a_ban_are_told_at_once(self) -> None:
        alive = running(BTC)
        down = alive.step([FeedDown(VENUE, None, "marks", T + 1, "closed with 1006")], T + 1)
        assert report(down).quality is Quality.PARTIAL
        up = alive.step([FeedUp(VENUE, None, "marks", T + 2)], T + 2)
        assert report(up).quality is Quality.LIVE
        banned = alive.step([Banned(VENUE, until=T + 4, at=T + 3)], T + 3)
        assert report(banned).quality is Quality.PARTIAL

    def test_why_the_last_reading_failed_is_told_when_it_is_too_old(self) -> None:
        alive = running(BTC)
        assert alive.step([PollFailed(VENUE, "main", "account", T + 10, "status 503")], T + 2).reports == ()
        result = alive.step([tick("BTCUSDT", 60_000.0, T + 151)], T + 151)
        text = "the account was last read more than 150 s ago (the last try failed: status 503)"
        assert text in report(result).reasons
