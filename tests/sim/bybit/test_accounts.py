"""Accounts of the simulated Bybit: what deeds do to wallets, totals and lines, in three modes."""

from __future__ import annotations

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.frames import rate, wallet_row
from monitor.sim.bybit.leaving import may_leave
from monitor.sim.bybit.portfolio import INITIAL_FACTOR
from monitor.sim.bybit.refusals import Refusal
from monitor.sim.bybit.tiers import risk_tiers
from monitor.sim.clock import ManualClock
from monitor.sim.market import Contract, Market

TAKER = 0.00055


def venue() -> SimBybit:
    sim = SimBybit(quiet=True, paced=False, network=False)
    for coin in ("USDT", "USDC"):
        sim.market.set_asset(coin, 1.0)
    for symbol, mark in (("BTCUSDT", 50_000.0), ("ETHUSDT", 2_000.0)):
        sim.market.set_mark(symbol, mark)
    return sim


def account(sim: SimBybit, mode: MarginMode = MarginMode.CROSS, **wallets: float) -> SimAccount:
    return sim.add_account("main", mode=mode, wallets=wallets or {"USDT": 10_000.0})


def call(sim: SimBybit, coin: str = "BTC") -> str:
    return next(one.symbol for one in sim.options.values() if one.call and one.coin == coin)


class TestTotals:
    def test_margin_balance_is_wallets_after_their_ratio_and_profit(self) -> None:
        sim = venue()
        owner = account(sim, USDT=1_000.0, BTC=0.1, MNT=500.0)
        owner.trade("BTCUSDT", 0.1, fee_rate=0.0)
        sim.market.set_mark("BTCUSDT", 51_000.0)
        totals = owner.book().totals
        assert totals.margin_balance == pytest.approx(1_000.0 + 100.0 + 0.1 * 51_000.0 * 0.95)
        assert totals.equity == pytest.approx(1_100.0 + 5_100.0 + 500.0 * 1.10)
        row = wallet_row(owner.book())
        assert float(row["totalMarginBalance"]) == pytest.approx(
            float(row["totalWalletBalance"]) + float(row["totalPerpUPL"]), abs=1e-8
        )

    def test_a_loss_of_a_coin_that_is_not_there_counts_whole_and_is_borrowed(self) -> None:
        sim = venue()
        owner = account(sim, BTC=1.0)
        owner.trade("BTCUSDT", 0.1, fee_rate=0.0)
        sim.market.set_mark("BTCUSDT", 49_000.0)
        book = owner.book()
        assert book.coins["USDT"].borrow_amount == pytest.approx(100.0)
        assert book.totals.margin_balance == pytest.approx(49_000.0 * 0.95 - 100.0)
        position = book.maintenance(owner.open_positions()[0])
        assert book.totals.maintenance == pytest.approx(position + 100.0 * 0.04)

    def test_a_coin_that_its_owner_switched_off_backs_nothing(self) -> None:
        owner = account(venue(), USDT=1_000.0, BTC=1.0)
        owner.set_collateral("BTC", False)
        assert owner.book().totals.margin_balance == pytest.approx(1_000.0)

    def test_available_is_what_initial_margin_leaves(self) -> None:
        sim = venue()
        owner = account(sim)
        owner.trade("BTCUSDT", 0.1, leverage=10.0, fee_rate=0.0)
        book = owner.book()
        fee = 0.1 * 50_000.0 * 0.9 * TAKER
        assert book.totals.initial == pytest.approx(500.0 + fee)
        assert book.totals.available(MarginMode.CROSS) == pytest.approx(10_000.0 - 500.0 - fee)

    def test_rates_are_cut_off_after_four_decimals(self) -> None:
        assert [rate(value) for value in (0.020498, 0.024992, 0.0, 1.0)] == ["0.0204", "0.0249", "0", "1.0000"]
        assert rate(205.72562486 / 12_837.78330188) == "0.0160"

    def test_orders_add_margin_and_what_they_would_lose(self) -> None:
        sim = venue()
        owner = account(sim)
        owner.place_order("BTCUSDT", 0.1, 60_000.0)
        totals = owner.book().totals
        assert totals.order_loss == pytest.approx(-1_000.0)
        assert totals.maintenance == pytest.approx(6_000.0 * 0.005)
        assert owner.book().rate == pytest.approx(30.0 / 9_000.0)

    def test_an_order_that_only_closes_needs_nothing(self) -> None:
        owner = account(venue())
        owner.trade("BTCUSDT", 0.1)
        before = owner.book().totals.maintenance
        owner.place_order("BTCUSDT", -0.1, 55_000.0)
        owner.place_order("BTCUSDT", -5.0, 55_000.0, reduce_only=True)
        assert owner.book().totals.maintenance == pytest.approx(before)

    def test_an_open_spot_order_costs_the_haircut_of_what_it_buys(self) -> None:
        owner = account(venue())
        owner.place_order("BTCUSDT", 0.1, 40_000.0, spot=True)
        book = owner.book()
        assert book.coins["USDT"].locked == pytest.approx(4_000.0)
        assert book.totals.haircut == pytest.approx(4_000.0 * 0.05)

    def test_spot_sales_of_what_is_not_there_are_borrowed(self) -> None:
        owner = account(venue())
        owner.trade_spot("BTCUSDT", -0.1)
        coin = owner.book().coins["BTC"]
        assert (coin.wallet, coin.borrowed, coin.equity) == (0.0, 0.1, -0.1)
        assert owner.book().totals.maintenance == pytest.approx(0.1 * 50_000.0 * 0.04)
        owner.trade_spot("BTCUSDT", 0.2)
        owner.repay("BTC")
        assert owner.book().coins["BTC"].borrowed == 0.0

    def test_options_of_a_cross_account(self) -> None:
        sim = venue()
        owner = account(sim)
        symbol = call(sim)
        mark = sim.prices().mark(symbol)
        owner.trade(symbol, -0.1, fee_rate=0.0)
        book = owner.book()
        assert owner.wallet("USDT") == pytest.approx(10_000.0 + 0.1 * mark)
        assert book.totals.equity == pytest.approx(10_000.0)
        assert book.totals.margin_balance == pytest.approx(10_000.0 + 0.1 * mark)
        assert book.totals.maintenance == pytest.approx(0.1 * (0.03 * 50_000.0 + mark + 0.002 * 50_000.0))
        owner.close(symbol)
        assert not owner.open_positions()

    def test_bought_options_need_nothing_and_back_nothing(self) -> None:
        sim = venue()
        owner = account(sim)
        owner.trade(call(sim), 0.1)
        book = owner.book()
        assert (book.totals.maintenance, book.rate) == (0.0, 0.0)
        assert book.totals.margin_balance == pytest.approx(owner.wallet("USDT"))
        assert book.totals.equity > book.totals.margin_balance

    def test_both_legs_of_a_symbol_count_and_may_count_for_less(self) -> None:
        owner = account(venue())
        owner.set_hedge("BTCUSDT", True)
        owner.trade("BTCUSDT", 0.2, side="LONG")
        owner.trade("BTCUSDT", -0.1, side="SHORT")
        long, short = (owner.book().maintenance(position) for position in owner.open_positions())
        assert owner.book().coins["USDT"].position_maintenance == pytest.approx(long + short)
        owner.holdings.hedged_share = 0.0
        assert owner.book().coins["USDT"].position_maintenance == pytest.approx(long)


class TestLines:
    @pytest.mark.parametrize("quantity", [1.0, -1.0])
    def test_at_a_cross_line_the_rate_is_one(self, quantity: float) -> None:
        sim = venue()
        owner = account(sim)
        position = owner.trade("BTCUSDT", quantity)
        owner.trade("ETHUSDT", 2.0)
        line = owner.book().line(position)
        assert line is not None
        assert owner.book(sim.prices().moved("BTCUSDT", line)).rate == pytest.approx(1.0, rel=1e-6)

    def test_an_inverse_line_takes_the_coin_with_it(self) -> None:
        sim = venue()
        owner = account(sim, BTC=0.5)
        position = owner.trade("BTCUSD", 100_000.0)
        line = owner.book().line(position)
        assert line is not None
        assert owner.book(sim.prices().moved("BTCUSD", line)).rate == pytest.approx(1.0, rel=1e-6)

    def test_an_isolated_line_is_farther_with_margin_added(self) -> None:
        owner = account(venue(), MarginMode.ISOLATED)
        position = owner.trade("BTCUSDT", 0.1, leverage=10.0)
        before = owner.book().line(position)
        owner.add_margin("BTCUSDT", 100.0)
        after = owner.book().line(position)
        assert before is not None
        assert after is not None
        assert before - after == pytest.approx(100.0 / (1.0 - TAKER) / 0.1 / (1.0 - 0.005))

    def test_margin_is_added_in_isolated_mode_only(self) -> None:
        owner = account(venue())
        owner.trade("BTCUSDT", 0.1)
        with pytest.raises(ValueError, match="isolated"):
            owner.add_margin("BTCUSDT", 100.0)

    def test_new_tiers_move_a_line(self) -> None:
        sim = venue()
        owner = account(sim)
        position = owner.trade("BTCUSDT", 1.0)
        before = owner.book().line(position)
        sim.change_risk_limits("BTCUSDT", [(1e6, 0.05), (1e9, 0.1)])
        after = owner.book().line(position)
        assert before is not None
        assert after is not None
        assert after > before
        assert owner.book().tiers("BTCUSDT") == risk_tiers([(1e6, 0.05), (1e9, 0.1)], 9_001)


class TestPortfolioMargin:
    def test_a_perpetual_loses_most_at_the_end_of_the_grid(self) -> None:
        sim = venue()
        owner = account(sim, MarginMode.PORTFOLIO)
        owner.trade("BTCUSDT", 0.1)
        unit = owner.book().risk_units["BTC"]
        assert unit.loss == pytest.approx(0.1 * 50_000.0 * 0.1)
        assert unit.initial == pytest.approx(INITIAL_FACTOR * unit.maintenance)
        assert owner.book().totals.maintenance == pytest.approx(unit.maintenance)

    def test_a_hedge_needs_little(self) -> None:
        sim = venue()
        owner = account(sim, MarginMode.PORTFOLIO, USDT=10_000.0, USDC=10_000.0)
        owner.trade("BTCUSDT", 0.1)
        owner.trade("BTCPERP", -0.1)
        unit = owner.book().risk_units["BTC"]
        assert unit.loss == pytest.approx(0.0, abs=1e-6)
        assert unit.contingency == pytest.approx(1.0)

    def test_a_sold_option_loses_most_when_volatility_rises_with_the_price(self) -> None:
        sim = venue()
        owner = account(sim, MarginMode.PORTFOLIO)
        owner.trade(call(sim), -0.1)
        unit = owner.book().risk_units["BTC"]
        assert unit.worst == (10, 0)
        assert unit.grid[5][1] == pytest.approx(0.0, abs=1e-6)

    def test_what_is_printed_is_what_is_computed(self) -> None:
        sim = venue()
        owner = account(sim, MarginMode.PORTFOLIO)
        owner.trade("BTCUSDT", 0.1)
        owner.trade(call(sim), -0.1)
        result = sim.answers_of("main", category="linear", settleCoin="USDT", accountType="UNIFIED")
        printed = result["/v5/asset/portfolio-margin"]
        row, unit = printed["assetPnlRange"][0], owner.book().risk_units["BTC"]
        everything = row["totalPnlRanges"]["ALL"]["pnlRanges"]
        assert min(float(one["pnls"][0]) for one in everything) == pytest.approx(-unit.loss, abs=1e-6)
        assert float(row["asset"]["assetMM"]) == pytest.approx(unit.maintenance)
        assert row["optionExpiryDatePnlRanges"][0]["pnlRanges"][0]["pnls"][1:2]
        assert float(printed["wallet"]["accountMM"]) == pytest.approx(owner.book().totals.maintenance)

    def test_a_hedged_account_cannot_go_there(self) -> None:
        owner = account(venue())
        owner.set_hedge("BTCUSDT", True)
        owner.trade("BTCUSDT", 0.1, side="LONG")
        with pytest.raises(ValueError, match="hedge"):
            owner.set_mode(MarginMode.PORTFOLIO)


class TestModes:
    def test_options_and_loans_bar_the_way_to_isolated_margin(self) -> None:
        sim = venue()
        owner = account(sim)
        owner.trade(call(sim), 0.1)
        with pytest.raises(ValueError, match="options"):
            owner.set_mode(MarginMode.ISOLATED)
        owner.close(call(sim))
        owner.trade_spot("BTCUSDT", -0.1)
        with pytest.raises(ValueError, match="loans"):
            owner.set_mode(MarginMode.ISOLATED)

    def test_margin_that_was_added_returns_when_the_mode_changes(self) -> None:
        owner = account(venue(), MarginMode.ISOLATED)
        position = owner.trade("BTCUSDT", 0.1)
        owner.add_margin("BTCUSDT", 50.0)
        owner.set_mode(MarginMode.CROSS)
        assert (position.extra, owner.mode) == (0.0, MarginMode.CROSS)

    def test_only_linear_contracts_in_usdt_can_be_hedged(self) -> None:
        owner = account(venue())
        for symbol in ("BTCPERP", "BTCUSD"):
            with pytest.raises(ValueError, match="one-way"):
                owner.set_hedge(symbol, True)


class TestWhatTheVenueDoes:
    def test_longs_pay_shorts(self) -> None:
        sim = venue()
        owner = account(sim)
        owner.trade("BTCUSDT", 0.1, fee_rate=0.0)
        sim.market.set_funding_rate("BTCUSDT", 0.001)
        sim.tick(8 * 3600.0)
        assert owner.wallet("USDT") == pytest.approx(10_000.0 - 5.0)
        assert (owner.log[-1]["type"], owner.log[-1]["funding"]) == ("SETTLEMENT", "-5")

    def test_loans_cost_interest_by_the_hour(self) -> None:
        sim = venue()
        owner = account(sim)
        owner.trade_spot("BTCUSDT", -1.0)
        for _ in range(6):
            sim.tick(600.0)
        row = owner.log[-1]
        assert (row["type"], row["currency"], row["change"]) == ("INTEREST", "BTC", "-0.00001")
        assert owner.book().coins["BTC"].equity == pytest.approx(-1.00001)

    def test_profit_in_usdc_is_paid_out_with_funding_and_counts_anew(self) -> None:
        sim = venue()
        owner = account(sim, USDC=10_000.0)
        position = owner.trade("BTCPERP", 0.1, fee_rate=0.0)
        sim.market.set_funding_rate("BTCPERP", 0.0)
        sim.market.set_mark("BTCPERP", 51_000.0)
        before = owner.book().totals.equity
        sim.tick(8 * 3600.0)
        assert owner.wallet("USDC") == pytest.approx(10_100.0)
        assert owner.book().profit(position) == pytest.approx(0.0)
        assert (position.entry, position.session_entry) == (50_000.0, 51_000.0)
        assert owner.book().totals.equity == pytest.approx(before)

    def test_a_cross_account_is_reduced_in_parts_until_its_rate_is_low(self) -> None:
        sim = venue()
        owner = account(sim)
        position = owner.trade("BTCUSDT", 1.0)
        line = owner.book().line(position)
        assert line is not None
        owner.place_order("BTCUSDT", 0.001, 1_000.0)
        sim.market.set_mark("BTCUSDT", line * 1.0001)
        sim.tick(0.1)
        assert position.size == 1.0
        sim.market.set_mark("BTCUSDT", line * 0.9999)
        sim.tick(0.1)
        assert not owner.holdings.orders
        assert 0.0 < position.size < 1.0
        assert owner.book().rate <= 0.9

    def test_an_isolated_position_goes_whole_and_takes_its_margin_with_it(self) -> None:
        sim = venue()
        owner = account(sim, MarginMode.ISOLATED)
        position = owner.trade("BTCUSDT", 0.1, leverage=10.0, fee_rate=0.0)
        owner.add_margin("BTCUSDT", 50.0)
        line = owner.book().line(position)
        assert line is not None
        sim.market.set_mark("BTCUSDT", line - 1.0)
        sim.tick(0.1)
        assert not owner.open_positions()
        fee = 0.1 * 45_000.0 * TAKER
        assert owner.wallet("USDT") == pytest.approx(10_000.0 - 500.0 - 50.0 - fee)

    def test_a_crash_through_everything_is_paid_by_the_fund(self) -> None:
        sim = venue()
        owner = account(sim)
        owner.trade("BTCUSDT", 1.0)
        fund = sim.keeper.insurance_usd
        sim.market.set_mark("BTCUSDT", 30_000.0)
        sim.tick(0.1)
        assert not owner.open_positions()
        assert owner.book().totals.margin_balance == pytest.approx(0.0, abs=1e-6)
        assert sim.keeper.insurance_usd < fund - 9_000.0

    def test_an_option_is_settled_at_its_end(self) -> None:
        clock = ManualClock(1_790_000_000.0)
        sim = SimBybit(quiet=True, paced=False, network=False, clock=clock)
        owner = account(sim)
        symbol = min(sim.options.values(), key=lambda option: option.expiry).symbol
        owner.trade(symbol, 0.1)
        clock.advance(sim.options[symbol].expiry - clock.now() + 1.0)
        sim.tick(0.1)
        assert not owner.open_positions()
        assert symbol not in sim.options
        assert any(option.expiry > clock.now() for option in sim.options.values())


class TestTogetherWithAnotherVenue:
    def test_a_coin_has_one_price_at_both(self) -> None:
        binance = SimBinance(quiet=True, paced=False, network=False)
        sim = SimBybit(market=binance.market, paced=False, network=False)
        binance.market.set_mark("BTCUSDT", 77_000.0)
        assert sim.market.index("BTCUSDT") == binance.market.index("BTCUSDT")
        assert "BTCPERP" not in binance.market.contracts

    def test_only_the_first_moves_it(self) -> None:
        market = Market(
            (Contract(symbol="BTCUSDT", coin="BTC", quote="USDT"),), {"BTC": 1.0}, {"USDT": 1.0, "USDC": 1.0}
        )
        sim = SimBybit(market=market, paced=False, network=False)
        sim.tick(3_600.0)
        assert sim.market.asset_usd("BTC") == 1.0
        market.step(3_600.0)
        assert sim.market.asset_usd("BTC") != 1.0


class TestWhatMayLeave:
    """Of each coin, as if it alone left."""

    def test_an_account_without_positions_may_empty_itself(self) -> None:
        found = account(venue(), USDT=10_000.0, BTC=1.0)
        assert may_leave(found.book(), "USDT") == 10_000.0
        assert may_leave(found.book(), "BTC") == 1.0

    def test_the_free_balance_bounds_it_through_the_ratio_of_the_coin(self) -> None:
        sim = venue()
        found = account(sim, USDT=1_000.0, BTC=1.0)
        found.trade("BTCUSDT", 8.0, leverage=10.0)
        available = float(wallet_row(found.book())["totalAvailableBalance"])
        assert 0.0 < available < 0.95 * sim.prices().usd_index("BTC")
        assert may_leave(found.book(), "BTC") * 0.95 * sim.prices().usd_index("BTC") == pytest.approx(available)
        assert may_leave(found.book(), "USDT") == pytest.approx(found.wallet("USDT"))

    def test_what_an_open_spot_order_holds_stays(self) -> None:
        found = account(venue())
        found.place_order("BTCUSDT", 0.1, 40_000.0, spot=True)
        assert may_leave(found.book(), "USDT") == pytest.approx(6_000.0, rel=0.05)

    def test_what_was_added_to_an_isolated_position_stays_with_it(self) -> None:
        found = account(venue(), MarginMode.ISOLATED)
        found.trade("BTCUSDT", 0.1, leverage=10.0)
        before = may_leave(found.book(), "USDT")
        assert before == pytest.approx(found.wallet("USDT") - found.book().coin("USDT").position_initial)
        found.add_margin("BTCUSDT", 100.0)
        assert may_leave(found.book(), "USDT") == pytest.approx(before - 100.0)

    def test_it_is_answered_for_twenty_coins_at_most(self) -> None:
        sim = venue()
        account(sim, USDT=10_000.0, BTC=1.0)
        said = sim.answer_of("main", "/v5/account/withdrawal", coinName="BTC,USDT")
        assert said["availableWithdrawal"] == said["availableWithdrawalMap"]["BTC"]
        assert {coin: float(amount) for coin, amount in said["availableWithdrawalMap"].items()} == {
            "BTC": 1.0,
            "USDT": 10_000.0,
        }
        for names in ("", "BTC,,USDT", ",".join(f"C{number}" for number in range(21))):
            with pytest.raises(Refusal):
                sim.answer_of("main", "/v5/account/withdrawal", coinName=names)
