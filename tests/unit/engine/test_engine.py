"""One step: events in, reports out. The situations of a day, on a paper venue."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.domain.accounts import Account, Permissions, VenueAccount, VenuePosition
from monitor.domain.errors import BadPool
from monitor.domain.events import (
    AccountClosed,
    Banned,
    CandlesLoaded,
    ClockRead,
    ConfigChanged,
    Elapsed,
    Event,
    FeedDown,
    FeedUp,
    PermissionsRead,
    PollFailed,
    VenueWarning,
    WarningKind,
)
from monitor.domain.lines import NEVER, State
from monitor.domain.quality import Quality
from monitor.domain.reports import PoolReport, StepResult
from monitor.domain.tables import AssetRates, Tables
from monitor.domain.tiers import flat
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings, Limits, PermissionPolicy
from monitor.margin import evaluate as kernel
from monitor.margin.pool import Description, Pool
from tests.unit.engine.situations import (
    HEDGE,
    ISOLATED,
    LONG,
    MAIN,
    MULTI,
    ONE_WAY,
    OTHER,
    SHORT,
    UNREADABLE,
    VENUE,
    T,
    asset,
    at_price,
    config,
    describe,
    engine,
    held,
    instruments,
    paid,
    pool,
    pushed,
    reading,
    report,
    started,
    tick,
    tiers,
    usdt,
)

BTC = held("BTCUSDT", 1.0, 60_000.0)
ALONE = held("ETHUSDT", -5.0, 3_000.0, isolated=2_000.0)


def running(*positions: object, mode: object = ONE_WAY, **more: object) -> Engine:
    """An engine with one account, LIVE at T."""
    found = engine(**more)  # type: ignore[arg-type]  # settings as the test names them
    result = found.step(started(*positions, mode=mode), T)  # type: ignore[arg-type]
    assert report(result).quality is Quality.LIVE
    return found


def kinds(result: StepResult) -> list[tuple[str, str]]:
    return [(notice.kind, notice.key) for notice in result.notices]


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
            ticks = [tick("BTCUSDT", 60_000.0, T + second), asset("USDT", 1.0, T + second)]
            result = alive.step([*ticks, Elapsed(T + second)], T + second)
            assert report(result).quality is Quality.LIVE

    def test_an_instrument_that_nobody_holds_touches_nobody(self) -> None:
        result = running(BTC).step([tick("ETHUSDT", 2_000.0, T + 1), asset("XRP", 1.0, T + 1)], T + 1)
        assert result.reports == ()

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


class TestPositions:
    def test_a_push_is_in_the_next_report(self) -> None:
        alive = running(BTC)
        result = alive.step(
            [pushed("BTCUSDT", 2.0, 60_000.0, at=T + 1), paid("USDT", 9_000.0, at=T + 1, cross=9_000.0)], T + 1
        )
        found = pool(result, "cross:USDT")
        assert found.positions[0].quantity == 2.0
        assert found.equity_usd == pytest.approx(9_000.0)
        assert report(result).last_update == T + 1.05

    def test_a_closed_position_leaves_the_reports_with_its_pool(self) -> None:
        alive = running(BTC, ALONE)
        result = alive.step([pushed("ETHUSDT", 0.0, at=T + 1, mode=ISOLATED)], T + 1)
        assert kinds(result) == [("position_vanished", "ETHUSDT short")]
        assert [found.key.pool for found in report(result).pools] == ["cross:USDT"]
        assert alive.step([tick("ETHUSDT", 2_900.0, T + 2)], T + 2).reports == ()

    def test_one_that_is_missing_is_kept_asked_for_and_then_gone(self) -> None:
        alive = running(BTC, ALONE)
        first = alive.step([reading(BTC, asked=T + 1)], T + 1)
        assert [(ask.account, ask.why, ask.config) for ask in first.resyncs] == [
            (MAIN, "missing from the last reading: ETHUSDT short", False)
        ]
        found = pool(first, "isolated:ETHUSDT:short")
        assert (found.quality, found.positions[0].suspect) == (Quality.PARTIAL, True)
        assert pool(first, "cross:USDT").quality is Quality.LIVE
        assert first.notices == ()
        second = alive.step([reading(BTC, asked=T + 2)], T + 2)
        assert kinds(second) == [("position_vanished", "ETHUSDT short")]
        assert [found.key.pool for found in report(second).pools] == ["cross:USDT"]

    def test_both_sides_of_a_symbol_survive_reading_update_and_the_close_of_one(self) -> None:
        long, short = held("BTCUSDT", 1.0, 60_000.0, hedge=True), held("BTCUSDT", -1.0, 59_000.0, hedge=True)
        alive = running(long, short, mode=HEDGE)
        assert len(pool(alive, "cross:USDT").positions) == 2
        alive.step([pushed("BTCUSDT", -2.0, 59_500.0, at=T + 1, side=SHORT)], T + 1)
        assert [position.quantity for position in pool(alive, "cross:USDT").positions] == [1.0, -2.0]
        alive.step([pushed("BTCUSDT", 0.0, at=T + 2, side=LONG)], T + 2)
        assert [position.side for position in pool(alive, "cross:USDT").positions] == [SHORT]

    def test_events_of_an_account_that_is_not_configured_are_passed_over(self) -> None:
        strangers: list[Event] = [
            replace(reading(BTC), account=OTHER),
            config(account=OTHER),
            pushed("BTCUSDT", 1.0, at=T, account=OTHER),
            PermissionsRead(account=OTHER, permissions=Permissions(), received=T),
            VenueWarning(
                account=OTHER, kind=WarningKind.ADL, symbol=None, side=None, detail="", venue_time=T, received=T
            ),
            AccountClosed(account=OTHER, at=T),
        ]
        result = running(BTC).step(strangers, T + 1)
        assert (result.reports, result.notices, result.closed) == ((), (), ())


class TestModes:
    def test_an_unreadable_mode_is_unknown_and_shows_no_figure_of_before(self) -> None:
        alive = running(BTC, ALONE)
        result = alive.step([config(UNREADABLE, asked=T + 1), tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        found = report(result)
        assert (found.quality, found.ratio.state, found.equity_usd) == (Quality.UNKNOWN, State.UNKNOWN, None)
        assert found.reasons == ("the account's collateral mode could not be read",)
        assert [one.key.pool for one in found.pools] == ["cross:USDT", "isolated:ETHUSDT:short"]
        for one in found.pools:
            assert (one.quality, one.equity_usd, one.venue_ratio) == (Quality.UNKNOWN, None, None)
            assert one.positions[0].mark_price is None

    def test_meanwhile_closed_positions_leave(self) -> None:
        alive = running(BTC, ALONE)
        alive.step([config(UNREADABLE, asked=T + 1), pushed("ETHUSDT", 0.0, at=T + 1)], T + 1)
        assert [one.key.pool for one in report(alive).pools] == ["cross:USDT"]

    def test_it_is_computed_again_when_it_can_be_read(self) -> None:
        alive = running(BTC)
        alive.step([config(UNREADABLE, asked=T + 1)], T + 1)
        alive.step([config(ONE_WAY, asked=T + 2)], T + 2)
        assert pool(alive, "cross:USDT").ratio.value == pytest.approx(0.025)

    def test_a_contradiction_is_unknown_and_asks_for_the_configuration(self) -> None:
        alive = running(BTC)
        result = alive.step([pushed("ETHUSDT", 1.0, 3_000.0, at=T + 1, side=LONG)], T + 1)
        assert report(result).quality is Quality.UNKNOWN
        assert [ask.config for ask in result.resyncs] == [True]

    def test_a_mode_change_is_told_and_described_anew(self) -> None:
        alive = running(BTC)
        push = ConfigChanged(account=MAIN, venue_time=T + 1, received=T + 1, multi_assets=True)
        result = alive.step([push], T + 1)
        assert kinds(result) == [("mode_changed", "collateral")]
        assert [one.key.pool for one in report(result).pools] == ["multi-assets"]

    def test_a_leverage_change_is_taken(self) -> None:
        alive = running(BTC)
        push = ConfigChanged(account=MAIN, venue_time=T + 1, received=T + 1, symbol="BTCUSDT", leverage=20.0)
        assert len(alive.step([push], T + 1).reports) == 1


class TestTables:
    def test_new_tiers_say_by_how_much_maintenance_changed(self) -> None:
        alive = running(BTC, ALONE)
        result = alive.step([tiers(T + 1, BTCUSDT=flat(0.01), ETHUSDT=flat(0.005))], T + 1)
        (notice,) = result.notices
        assert (notice.kind, notice.key) == ("tiers_changed", "BTCUSDT")
        assert notice.text == (
            "the maintenance tiers of BTCUSDT changed; cross:USDT: maintenance goes from 250 to 600 USDT (+140.0%)"
        )
        assert pool(result, "cross:USDT").maintenance_margin_usd == pytest.approx(600)

    def test_the_same_tiers_again_and_tiers_of_what_is_not_held_say_nothing(self) -> None:
        alive = running(BTC)
        assert alive.step([tiers(T + 1)], T + 1).notices == ()
        only_btc = started()[1]
        assert alive.step([only_btc], T + 1).notices == ()

    def test_tiers_that_went_missing_are_told_too(self) -> None:
        alive = running(BTC)
        result = alive.step([tiers(T + 1, ETHUSDT=flat(0.005))], T + 1)
        assert result.notices[0].text.endswith("cross:USDT: by how much is unknown")
        assert pool(result, "cross:USDT").quality is Quality.UNKNOWN

    def test_an_accounts_own_tiers_touch_that_account_alone(self) -> None:
        two = engine(MAIN, OTHER)
        two.step([*started(BTC), config(account=OTHER), reading(BTC, account=OTHER)], T)
        result = two.step([tiers(T + 1, OTHER, BTCUSDT=flat(0.01))], T + 1)
        assert [found.key for found in result.reports] == [OTHER]
        assert [notice.account for notice in result.notices] == [OTHER]

    def test_tiers_of_an_account_whose_mode_cannot_be_read_say_nothing(self) -> None:
        alive = running(BTC)
        alive.step([config(UNREADABLE, asked=T + 1)], T + 1)
        assert alive.step([tiers(T + 2, BTCUSDT=flat(0.01))], T + 2).notices == ()

    def test_tiers_under_which_nothing_can_be_computed_say_nothing_of_amounts(self) -> None:
        alive = running(BTC)
        result = alive.step([tiers(T + 1, BTCUSDT=flat(math.inf))], T + 1)
        assert result.notices[0].text == "the maintenance tiers of BTCUSDT changed"
        assert pool(result, "cross:USDT").quality is Quality.UNKNOWN
        assert "must be a finite number" in pool(result, "cross:USDT").reasons[0]

    def test_old_tables_lower_the_quality_but_keep_the_figures(self) -> None:
        alive = running(BTC)
        now = T + 51 * 3600
        fresh: list[Event] = [tick("BTCUSDT", 60_000.0, now), asset("USDT", 1.0, now)]
        fresh += [config(asked=now), reading(BTC, asked=now), instruments(now)]
        result = alive.step(fresh, now)
        assert report(result).quality is Quality.PARTIAL
        assert report(result).reasons == ("the maintenance tiers were last read more than 50 h ago",)

    def test_new_rates_of_an_asset_describe_its_accounts_anew(self) -> None:
        alive = engine()
        btc = replace(usdt(1.0), asset="BTC")
        alive.step([*started(mode=MULTI), reading(balances=[btc, usdt(0.0)], asked=T + 1)], T + 1)
        rates = AssetRates(positive_rate=0.95, negative_rate=1.05, requirement_rate=1.05)
        result = alive.step([asset("BTC", 60_000.0, T + 2, rates)], T + 2)
        assert pool(result, "multi-assets").equity_usd == pytest.approx(57_000)
        again = alive.step([asset("BTC", 61_000.0, T + 3, rates)], T + 3)
        assert pool(again, "multi-assets").equity_usd == pytest.approx(57_950)


class TestReconciliation:
    def printed(self, price: float | None) -> VenuePosition:
        return VenuePosition(liquidation=NEVER if price is None else at_price(price, 60_000.0), mark_price=60_000.0)

    def test_the_venues_answer_is_computed_again_on_its_own_marks(self) -> None:
        alive = running()
        line = (60_000 - 10_000 - 50) / 0.995
        position = held("BTCUSDT", 1.0, 60_000.0, venue=self.printed(line))
        answer = reading(
            position, balances=[usdt(10_000.0, equity=10_000.0)], asked=T + 1, marks=[("BTCUSDT", 60_000.0)]
        )
        result = alive.step([answer, tick("BTCUSDT", 55_000.0, T + 1)], T + 1)
        found = pool(result, "cross:USDT")
        assert found.drift == pytest.approx({"equity": 0.0, "line": 0.0}, abs=1e-9)
        assert found.positions[0].drift_ratio == pytest.approx(0.0, abs=1e-9)
        assert found.positions[0].venue_line.price == pytest.approx(line)
        assert found.quality is Quality.LIVE

    def test_a_disagreement_is_told_in_words(self) -> None:
        alive = running()
        position = held("BTCUSDT", 1.0, 60_000.0, venue=self.printed(None))
        result = alive.step([reading(position, asked=T + 1, marks=[("BTCUSDT", 60_000.0)])], T + 1)
        found = pool(result, "cross:USDT")
        assert found.quality is Quality.PARTIAL
        assert found.reasons == ("BTCUSDT long: the venue says no liquidation price, we say 50201",)
        assert found.positions[0].drift_ratio is None

    def test_it_waits_for_mode_and_tables(self) -> None:
        late = engine()
        pieces = started()
        position = held("BTCUSDT", 1.0, 60_000.0, venue=self.printed(50_000.0))
        answer = reading(position, balances=[usdt(10_000.0, equity=9_000.0)], marks=[("BTCUSDT", 60_000.0)])
        late.step([answer], T)
        assert report(late).pools == ()
        late.step([pieces[7]], T)
        assert pool(late, "cross:USDT").drift == {"equity": pytest.approx(1 / 9)}
        late.step(pieces[:7], T)
        assert set(pool(late, "cross:USDT").drift) == {"equity", "line"}

    def test_in_multi_assets_mode_assets_are_valued_at_their_index(self) -> None:
        alive = running(mode=MULTI)
        btc = replace(usdt(1.0), asset="BTC")
        answer = reading(balances=[btc], asked=T + 1, venue=VenueAccount(equity=50_000.0, ratio=0.0))
        result = alive.step([answer], T + 1)
        assert pool(result, "multi-assets").drift == {"equity": pytest.approx(0.2)}
        assert pool(result, "multi-assets").venue_ratio == 0.0

    def test_a_reading_with_problems_is_compared_with_nothing(self) -> None:
        alive = running()
        result = alive.step([reading(balances=[usdt(1.0, equity=2.0)], asked=T + 1, problems=["row 1"])], T + 1)
        assert pool(result, "cross:USDT").drift == {}

    def test_what_was_compared_stands_until_the_next_reading(self) -> None:
        alive = running()
        alive.step([reading(balances=[usdt(10_000.0, equity=9_000.0)], asked=T + 1)], T + 1)
        result = alive.step([paid("USDT", 5_000.0, at=T + 2, cross=5_000.0)], T + 2)
        assert pool(result, "cross:USDT").drift == {"equity": pytest.approx(1 / 9)}


class TestFailures:
    def test_a_pool_that_cannot_be_computed_costs_itself_and_drops_its_old_value(self) -> None:
        alive = running(BTC, ALONE)
        result = alive.step([paid("USDT", math.inf, at=T + 1, cross=math.inf)], T + 1)
        found = pool(result, "cross:USDT")
        assert (found.quality, found.ratio.state, found.equity_usd) == (Quality.UNKNOWN, State.UNKNOWN, None)
        assert "cash = inf" in found.reasons[0]
        assert pool(result, "isolated:ETHUSDT:short").quality is Quality.LIVE
        quick = alive.step([tick("BTCUSDT", 59_000.0, T + 2), tick("ETHUSDT", 2_999.0, T + 2)], T + 2)
        assert pool(quick, "cross:USDT").quality is Quality.UNKNOWN
        healed = alive.step([paid("USDT", 9_000.0, at=T + 3, cross=9_000.0)], T + 3)
        assert pool(healed, "cross:USDT").ratio.state is State.AT

    def test_a_name_used_twice_makes_that_pool_unknown(self) -> None:
        def twice(account: Account, tables: Tables) -> Description:
            (only,) = describe(account, tables).pools
            return Description((only, only))

        doubled = Engine({VENUE: twice}, EngineSettings(accounts=(MAIN,)))
        doubled.step(started(BTC), T)
        (found,) = report(doubled).pools
        assert found.quality is Quality.UNKNOWN
        assert "is used twice" in found.reasons[0]

    def test_what_its_venue_cannot_describe_is_unknown_with_the_reason(self) -> None:
        failing = {"how": ""}

        def fragile(account: Account, tables: Tables) -> Description:
            if failing["how"] == "raises":
                raise BadPool("no such contract")
            if failing["how"] == "unknown":
                return Description((), ("a mode that we do not know",))
            return describe(account, tables)

        alive = Engine({VENUE: fragile}, EngineSettings(accounts=(MAIN,), wanted_distance_ratio=0.0))
        alive.step(started(BTC), T)
        for number, (how, reason) in enumerate(
            (("raises", "no such contract"), ("unknown", "a mode that we do not know"))
        ):
            failing["how"] = how
            result = alive.step([reading(BTC, asked=T + 1 + number)], T + 1)
            assert report(result).quality is Quality.UNKNOWN
            assert report(result).reasons == (reason,)
            assert pool(result, "cross:USDT").equity_usd is None
        failing["how"] = ""
        alive.step([reading(BTC, asked=T + 5)], T + 1)
        assert report(alive).quality is Quality.LIVE

    def test_a_kernel_that_fails_costs_the_account_that_it_fails_on(self, monkeypatch: pytest.MonkeyPatch) -> None:
        two = engine(MAIN, OTHER)
        two.step([*started(BTC), config(account=OTHER), reading(BTC, account=OTHER)], T)

        def fails(book: object, *, accounts: object = None, **more: object) -> object:
            if accounts is None or MAIN in accounts:  # type: ignore[operator]  # a list of accounts
                raise BadPool("it would not be computed")
            return kernel.evaluate(book, accounts=accounts, **more)  # type: ignore[arg-type]

        monkeypatch.setattr("monitor.engine.valuation.evaluate", fails)
        result = two.step([tick("BTCUSDT", 59_000.0, T + 1)], T + 1)
        assert report(result).quality is Quality.UNKNOWN
        assert pool(result, "cross:USDT").reasons == ("it would not be computed",)
        assert report(result, OTHER).quality is Quality.LIVE
        monkeypatch.undo()
        assert report(two.step([tick("BTCUSDT", 58_000.0, T + 2)], T + 2)).quality is Quality.LIVE


class TestWarningsAndPermissions:
    @pytest.mark.parametrize(("kind", "asks"), [(WarningKind.MARGIN_CALL, False), (WarningKind.LIQUIDATION, True)])
    def test_what_the_venue_warns_of_is_told_and_a_forced_close_is_read_again(
        self, kind: WarningKind, asks: bool
    ) -> None:
        warning = VenueWarning(
            account=MAIN, kind=kind, symbol="BTCUSDT", side=LONG, detail="", venue_time=T, received=T
        )
        result = running(BTC).step([warning, warning], T + 1)
        assert result.notices[0].warning == warning
        assert result.notices[0].key == f"{kind.value}:BTCUSDT:long"
        assert len(result.resyncs) == int(asks)  # once, however often it is asked for

    def test_a_key_that_may_do_more_than_read_is_told_once(self) -> None:
        alive = running(BTC)
        strong = Permissions(can_read=True, can_trade=True, can_withdraw=False, can_transfer=False)
        first = alive.step([PermissionsRead(account=MAIN, permissions=strong, received=T)], T + 1)
        assert kinds(first) == [("permissions", "key")]
        assert report(first).permissions == strong
        again = alive.step([PermissionsRead(account=MAIN, permissions=strong, received=T + 9)], T + 1)
        assert again.notices == ()

    def test_a_key_that_only_reads_is_fine(self) -> None:
        weak = Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False)
        result = running(BTC).step([PermissionsRead(account=MAIN, permissions=weak, received=T)], T + 1)
        assert result.notices == ()

    def test_the_user_may_ignore_it(self) -> None:
        alive = running(BTC, permissions=PermissionPolicy.IGNORE)
        strong = PermissionsRead(account=MAIN, permissions=Permissions(can_trade=True), received=T)
        assert alive.step([strong], T + 1).notices == ()


class TestGone:
    def test_a_closed_account_is_forgotten_whole(self) -> None:
        two = engine(MAIN, OTHER)
        two.step(
            [
                *started(BTC),
                config(account=OTHER),
                reading(BTC, account=OTHER),
                FeedDown(VENUE, "main", "user", T, "x"),
            ],
            T,
        )
        closing: list[Event] = [
            pushed("BTCUSDT", 3.0, 60_000.0, at=T + 1),
            reading(asked=T + 1),
            tiers(T + 1, MAIN, BTCUSDT=flat(0.02)),
            AccountClosed(account=MAIN, at=T + 1),
        ]
        result = two.step(closing, T + 1)
        assert result.closed == (MAIN,)
        assert [found.key for found in two.reports()] == [OTHER]
        assert (result.notices, result.resyncs) == ((), ())
        later = two.step([tick("BTCUSDT", 59_000.0, T + 2), reading(BTC, asked=T + 2)], T + 2)
        assert [found.key for found in later.reports] == [OTHER]

    def test_one_that_was_never_read_is_closed_as_well(self) -> None:
        assert engine().step([AccountClosed(account=MAIN, at=T)], T).closed == (MAIN,)


class TestLostFacts:
    def test_everything_is_asked_for_and_doubted_until_it_is_read_again(self) -> None:
        alive = running(BTC)
        asks = alive.force_resync("the inbox was full")
        assert [(ask.account, ask.config) for ask in asks] == [(MAIN, False), (MAIN, True)]
        doubted = alive.step([Elapsed(T + 1)], T + 1)
        assert (report(doubted).quality, report(doubted).reasons) == (Quality.PARTIAL, ("the inbox was full",))
        healed = alive.step([reading(BTC, asked=T + 1)], T + 1)
        assert report(healed).quality is Quality.LIVE


class TestLines:
    def test_between_two_solutions_the_line_stands_and_its_distance_follows(self) -> None:
        slow = running(BTC, lines_every_seconds=10.0)
        before = pool(slow, "cross:USDT").positions[0].line
        slow.step([tick("BTCUSDT", 55_000.0, T + 1)], T + 1)
        after = pool(slow, "cross:USDT").positions[0].line
        assert after.price == before.price
        assert after.price is not None
        assert after.distance_ratio == pytest.approx(1 - after.price / 55_000)
        assert pool(slow, "cross:USDT").equity_usd == pytest.approx(5_000)

    def test_a_line_that_is_owed_is_solved_when_it_is_due_though_nothing_moves(self) -> None:
        slow = running(BTC, ALONE, lines_every_seconds=2.0)
        prompt = running(BTC, ALONE)
        frames = [tick("BTCUSDT", 55_000.0, T + 1), tick("ETHUSDT", 3_100.0, T + 1)]
        for one in (slow, prompt):
            one.step(frames, T + 1)
        assert pool(slow, "cross:USDT").market != pool(prompt, "cross:USDT").market
        for one in (slow, prompt):
            one.step([Elapsed(T + 2)], T + 2)
        assert pool(slow, "cross:USDT").market == pool(prompt, "cross:USDT").market

    def test_no_line_stands_beside_a_ratio_that_contradicts_it(self) -> None:
        slow = running(BTC, lines_every_seconds=10.0)
        crossed = slow.step([tick("BTCUSDT", 50_100.0, T + 1)], T + 1)
        found = pool(crossed, "cross:USDT")
        assert found.ratio.state is State.LIQUIDATABLE
        assert found.positions[0].line.state is State.LIQUIDATABLE
        back = slow.step([tick("BTCUSDT", 56_000.0, T + 2)], T + 2)
        assert pool(back, "cross:USDT").positions[0].line.state is State.AT

    def test_a_clock_that_is_set_back_solves_at_once(self) -> None:
        slow = running(BTC, lines_every_seconds=10.0)
        slow.step([tick("BTCUSDT", 55_000.0, T + 1)], T - 100)
        assert pool(slow, "cross:USDT").market == pool_after_one_tick().market


def pool_after_one_tick() -> PoolReport:
    prompt = running(BTC)
    prompt.step([tick("BTCUSDT", 55_000.0, T + 1)], T + 1)
    return pool(prompt, "cross:USDT")


class TestVolatilityAndAdvice:
    def test_a_seeded_volatility_gives_the_distance_in_sigmas(self) -> None:
        alive = running(BTC)
        assert pool(alive, "cross:USDT").positions[0].distance_sigmas is None
        closes = tuple(60_000.0 * math.exp(0.001 * (i % 2)) for i in range(60))
        result = alive.step([CandlesLoaded(VENUE, "BTCUSDT", closes, 60.0, T)], T + 1)
        (position,) = pool(result, "cross:USDT").positions
        assert position.line.price is not None
        sigma = 0.001 * math.sqrt(1440)
        assert position.distance_sigmas == pytest.approx(math.log(60_000 / position.line.price) / sigma)

    def test_advice_is_given_while_a_line_is_nearer_than_wanted(self) -> None:
        alive = running(BTC, wanted_distance_ratio=0.2)
        found = pool(alive, "cross:USDT")
        assert found.advice_add_usd == pytest.approx(2_192, abs=1)
        assert found.advice_text.startswith("add 2,193 USDT")
        far = alive.step([paid("USDT", 50_000.0, at=T + 1, cross=50_000.0)], T + 1)
        assert (pool(far, "cross:USDT").advice_add_usd, pool(far, "cross:USDT").advice_text) == (None, "")

    def test_it_is_not_sought_at_each_step_because_it_is_dear(self) -> None:
        alive = running(BTC, wanted_distance_ratio=0.2, advice_every_seconds=5.0)
        before = pool(alive, "cross:USDT").advice_add_usd
        alive.step([tick("BTCUSDT", 59_000.0, T + 4.9)], T + 4.9)
        assert pool(alive, "cross:USDT").advice_add_usd == before
        alive.step([tick("BTCUSDT", 59_000.1, T + 5)], T + 5)
        assert pool(alive, "cross:USDT").advice_add_usd != before

    def test_one_pool_a_step_is_advised_the_longest_waiting_first(self) -> None:
        alive = running(BTC, ALONE, wanted_distance_ratio=0.2, advice_every_seconds=0.0)
        names = ("cross:USDT", "isolated:ETHUSDT:short")
        assert [bool(pool(alive, name).advice_text) for name in names] == [True, False]
        alive.step([tick("BTCUSDT", 59_999.0, T + 1)], T + 1)
        assert [bool(pool(alive, name).advice_text) for name in names] == [True, True]

    def test_advice_that_cannot_be_found_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def fails(*_: object) -> object:
            raise BadPool("no")

        monkeypatch.setattr("monitor.engine.valuation.advise", fails)
        alive = running(BTC, wanted_distance_ratio=0.2)
        assert pool(alive, "cross:USDT").advice_text == ""


def test_a_description_keeps_what_makes_a_pool_unknown() -> None:
    def partly(account: Account, tables: Tables) -> Description:
        (only,) = describe(account, tables).pools
        odd: Pool = replace(only, unknown=("no cross wallet of USDT",))
        return Description((odd,))

    alive = Engine({VENUE: partly}, EngineSettings(accounts=(MAIN,)))
    alive.step(started(BTC), T)
    found = pool(alive, "cross:USDT")
    assert found.quality is Quality.UNKNOWN
    assert found.reasons[0] == "no cross wallet of USDT"
