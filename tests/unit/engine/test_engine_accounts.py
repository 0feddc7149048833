"""One step of the engine: positions, modes, tables, keys, and what is gone."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from monitor.domain.accounts import Account, AccountMode, Permissions
from monitor.domain.events import (
    AccountClosed,
    ConfigChanged,
    Elapsed,
    Event,
    FeedDown,
    PermissionsRead,
    VenueWarning,
    WarningKind,
)
from monitor.domain.lines import State
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.tables import AssetRates, Tables
from monitor.domain.tiers import flat
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.margin.pool import Description
from tests.unit.engine.situations import (
    ALONE,
    BTC,
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
    config,
    describe,
    engine,
    held,
    instruments,
    kinds,
    paid,
    pool,
    pushed,
    reading,
    report,
    running,
    started,
    tick,
    tiers,
    usdt,
)


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
    def test_many_new_tiers_are_one_notice_with_a_short_name(self) -> None:
        alive = running(BTC, ALONE)
        result = alive.step([tiers(T + 1, BTCUSDT=flat(0.01), ETHUSDT=flat(0.01))], T + 1)
        (notice,) = result.notices
        assert notice.key == "BTCUSDT and 1 more"
        assert "BTCUSDT, ETHUSDT" in notice.text

    def test_new_tiers_say_by_how_much_maintenance_changed(self) -> None:
        alive = running(BTC, ALONE)
        result = alive.step([tiers(T + 1, BTCUSDT=flat(0.01), ETHUSDT=flat(0.005))], T + 1)
        (notice,) = result.notices
        assert (notice.kind, notice.key) == ("tiers_changed", "BTCUSDT")
        assert notice.text == (
            "the maintenance tiers of BTCUSDT changed; cross:USDT: maintenance goes from 250 to 600 USDT (+140.0%), "
            "the margin ratio from 2.50% to 6.00%, "
            "the nearest line from 50201.005 (16.33% away) to 50505.051 (15.82% away)"
        )
        assert pool(result, "cross:USDT").maintenance_margin_usd == pytest.approx(600)

    def test_collateral_that_counts_less_says_what_that_does(self) -> None:
        alive = running(BTC, mode=MULTI)
        first = AssetRates(positive_rate=0.95, negative_rate=1.0, requirement_rate=1.0)
        assert alive.step([replace(asset("USDT", 1.0, T + 1), rates=first)], T + 1).notices == ()
        less = replace(first, positive_rate=0.9)
        (notice,) = alive.step([replace(asset("USDT", 1.0, T + 2), rates=less)], T + 2).notices
        assert (notice.kind, notice.key) == ("collateral_changed", "USDT")
        assert notice.text == (
            "USDT counts 0.9 of its price instead of 0.95; multi-assets: the margin ratio from 2.63% to 2.78%, "
            "the nearest line from 50211.64 (16.31% away) to 50223.464 (16.29% away)"
        )
        assert alive.step([replace(asset("USDT", 1.0, T + 3), rates=less)], T + 3).notices == ()

    @pytest.mark.parametrize("mode", [ONE_WAY, MULTI])
    def test_collateral_that_is_not_held_or_backs_nothing_is_nobody_s_concern(self, mode: AccountMode) -> None:
        alive = running(BTC, mode=mode)
        for number, rate in enumerate((0.95, 0.9)):
            other = AssetRates(positive_rate=rate, negative_rate=1.0, requirement_rate=1.0)
            now = T + 1 + number
            changed = asset("USDT", 1.0, now) if mode is ONE_WAY else asset("ETH", 3_000.0, now)
            assert alive.step([replace(changed, rates=other)], now).notices == ()

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

    def test_tables_of_one_venue_touch_no_account_of_another(self) -> None:
        elsewhere = AccountKey("elsewhere", "main")
        two = Engine(
            {VENUE: describe, "elsewhere": describe},
            EngineSettings(accounts=(MAIN, elsewhere), wanted_distance_ratio=0.0),
        )
        two.step(started(BTC), T)
        result = two.step([instruments(T + 1), tiers(T + 1, BTCUSDT=flat(0.02))], T + 1)
        assert [found.key for found in result.reports] == [MAIN]

    def test_the_same_tables_again_make_them_younger_and_no_more(self) -> None:
        described = []

        def counted(account: Account, tables: Tables) -> Description:
            described.append(account.key)
            return describe(account, tables)

        alive = Engine({VENUE: counted}, EngineSettings(accounts=(MAIN,), wanted_distance_ratio=0.0))
        alive.step(started(BTC), T)
        described.clear()
        late = T + 51 * 3600.0
        alive.step([Elapsed(late)], late)
        assert "the maintenance tiers were last read more than 50 h ago" in report(alive).reasons
        alive.step([instruments(late), tiers(late)], late)
        assert not any("tiers" in reason or "instruments" in reason for reason in report(alive).reasons)
        assert described == []
        alive.step([tiers(late, BTCUSDT=flat(0.02))], late)
        assert described

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
