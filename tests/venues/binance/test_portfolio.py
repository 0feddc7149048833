"""Portfolio margin: three wallets and their loans as one account, and what the venue does not say of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.accounts import CollateralMode, MarginMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import WarningKind
from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.venues.binance.account_answers import account_snapshot
from monitor.venues.binance.answers import tiers
from monitor.venues.binance.coinm_answers import position_mode
from monitor.venues.binance.portfolio import endpoints as portfolio
from monitor.venues.binance.portfolio.answers import (
    asset_prices,
    collateral,
    config,
    snapshot,
    status_warning,
)
from tests.venues.binance.support import ACCOUNT, NOW, VENUE, raw, recorded_answers
from tests.venues.binance.told import (
    STAMP,
    PortfolioRows,
    Row,
    Told,
    brackets,
    coin_brackets,
    named,
    pm_account,
    pm_balance,
    pm_position,
    portfolio_folder,
    pro_folder,
    reported,
    told,
)

RATES = [{"asset": "BTC", "collateralRate": "0.95"}, {"asset": "USDT", "collateralRate": "0.99"}]
PRICES = {"BTC": 30000.0, "USDT": 1.0, "ETH": 2000.0}

HEDGED = PortfolioRows(
    balances=[pm_balance("BTC", 1.0, cm=0.1), pm_balance("USDT", 500.0, um=1000.0)],
    um=[pm_position("ETHUSDT", 10.0, 2000.0, 2000.0)],
    cm=[pm_position("BTCUSD_PERP", -30, 30000.0, 30000.0)],
    rates=RATES,
    prices=PRICES,
    um_brackets=[brackets("ETHUSDT", 0.01)],
    cm_brackets=[coin_brackets("BTCUSD_PERP", (0, 0.004, 0))],
)
LENT = PortfolioRows(
    balances=[pm_balance("BTC", 1.0), pm_balance("USDT", 0.0, crossMarginBorrowed="9990", crossMarginInterest="10")],
    um=[pm_position("ETHUSDT", 10.0, 2000.0, 2000.0)],
    rates=RATES,
    prices=PRICES,
    um_brackets=[brackets("ETHUSDT", 0.01)],
)


def lent(**account: object) -> Told:
    return told(portfolio_folder(LENT, **account))


class TestAnswers:
    @pytest.mark.parametrize(
        ("said", "kind"), [("PM_1", "pro"), ("PM_2", "retail"), ("PM_3", "span"), (None, "retail")]
    )
    def test_the_kind_of_account_is_told(self, said: str | None, kind: str) -> None:
        mode = config(raw(pm_account(accountType=said)), [raw({"dualSidePosition": False})], ACCOUNT, 1.0, 2.0).mode
        assert (mode.collateral, mode.kind, mode.hedge, mode.borrows) == (CollateralMode.PORTFOLIO, kind, False, True)

    def test_a_kind_that_is_not_known_is_not_guessed(self) -> None:
        found = config(raw(pm_account(accountType="PM_9")), [], ACCOUNT, 1.0, 2.0)
        assert (found.mode.collateral, len(found.problems)) == (None, 1)

    @pytest.mark.parametrize(
        ("flags", "hedge", "by_symbol"),
        [([True], True, False), ([True, True], True, False), ([True, False], None, True), ([], None, False),
         ([None], None, False), ([True, None], None, False)],
    )  # fmt: skip
    def test_the_position_mode_is_what_every_answer_says(
        self, flags: list[bool | None], hedge: bool | None, by_symbol: bool
    ) -> None:
        modes = [raw({"dualSidePosition": flag}) for flag in flags]
        mode = config(raw(pm_account()), modes, ACCOUNT, 1.0, 2.0).mode
        assert (mode.hedge, mode.hedge_by_symbol) == (hedge, by_symbol)

    def test_a_wallet_is_the_sum_of_three_less_what_is_owed_which_stands_beside_it(self) -> None:
        """The documented sample: its crossMarginAsset is net of the loan already, and its total wallet fits nothing."""
        row = {
            "asset": "USDT", "totalWalletBalance": "122607.35137903", "crossMarginAsset": "92.27530794",
            "crossMarginBorrowed": "10.00000000", "crossMarginFree": "100.00000000",
            "crossMarginInterest": "0.72469206", "crossMarginLocked": "3.00000000", "umWalletBalance": "5.00000000",
            "umUnrealizedPNL": "23.72469206", "cmWalletBalance": "23.72469206", "cmUnrealizedPNL": "",
            "updateTime": 1617939110373, "negativeBalance": "0",
        }  # fmt: skip
        (found,) = snapshot(raw(pm_account()), raw([row]), b"[]", b"[]", ACCOUNT, 1.0, 2.0).balances
        assert found.wallet == pytest.approx(92.27530794 + 5.0 + 23.72469206)
        assert (found.borrowed, found.interest, found.frozen) == (10.0, 0.72469206, 3.0)
        assert found.venue_cross_unrealized_pnl == 23.72469206

    @pytest.mark.parametrize("field", ["crossMarginFree", "crossMarginBorrowed", "umWalletBalance", "cmWalletBalance"])
    def test_a_number_that_cannot_be_read_costs_its_row_and_is_not_nothing(self, field: str) -> None:
        rows = [{**pm_balance("BTC", 1.0), field: ""}, pm_balance("USDT", 5.0)]
        read = snapshot(raw(pm_account()), raw(rows), b"[]", b"[]", ACCOUNT, 1.0, 2.0)
        assert [one.asset for one in read.balances] == ["USDT"]
        assert len(read.problems) == 1

    def test_positions_of_both_futures_are_cross_though_no_row_says_so(self) -> None:
        um, cm = raw(HEDGED.um), raw(HEDGED.cm)
        read = snapshot(raw(pm_account()), b"[]", um, cm, ACCOUNT, 1.0, 2.0)
        assert [(one.symbol, one.quantity, one.margin_mode) for one in read.positions] == [
            ("ETHUSDT", 10.0, MarginMode.CROSS),
            ("BTCUSD_PERP", -30.0, MarginMode.CROSS),
        ]
        assert read.marks == (("ETHUSDT", 2000.0), ("BTCUSD_PERP", 30000.0))
        assert read.problems == ()

    def test_a_position_that_says_it_is_isolated_contradicts_the_account(self) -> None:
        row = pm_position("ETHUSDT", 1.0, 2000.0, 2000.0, isolatedMargin="5", marginType="cross")
        read = snapshot(raw(pm_account()), b"[]", raw([row]), b"[]", ACCOUNT, 1.0, 2.0)
        assert read.positions[0].margin_mode is None
        assert len(read.problems) == 1

    def test_the_ratio_without_maintenance_is_a_word_for_none(self) -> None:
        body = pm_account(uniMMR="99999999", accountEquity="5", accountMaintMargin="0")
        venue = snapshot(raw(body), b"[]", b"[]", b"[]", ACCOUNT, 1.0, 2.0).venue
        assert (venue.ratio, venue.equity, venue.maintenance_margin) == (None, 5.0, 0.0)

    def test_equities_printed_in_each_others_place_are_told_by_the_ratio(self) -> None:
        body = pm_account(uniMMR="50", accountEquity="1200", actualEquity="1000", accountMaintMargin="20")
        assert snapshot(raw(body), b"[]", b"[]", b"[]", ACCOUNT, 1.0, 2.0).venue.equity == 1000.0
        body = pm_account(uniMMR="50", accountEquity="1000", actualEquity="1200", accountMaintMargin="20")
        assert snapshot(raw(body), b"[]", b"[]", b"[]", ACCOUNT, 1.0, 2.0).venue.equity == 1000.0

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            ("NORMAL", None),
            ("", None),
            (None, None),
            ("MARGIN_CALL", WarningKind.MARGIN_CALL),
            ("SUPPLY_MARGIN", WarningKind.MARGIN_CALL),
            ("REDUCE_ONLY", WarningKind.MARGIN_CALL),
            ("ACTIVE_LIQUIDATION", WarningKind.LIQUIDATION),
            ("FORCE_LIQUIDATION", WarningKind.LIQUIDATION),
            ("BANKRUPTED", WarningKind.LIQUIDATION),
            ("A_WORD_TO_COME", WarningKind.MARGIN_CALL),
        ],
    )
    def test_a_status_that_is_not_normal_warns(self, status: str | None, kind: WarningKind | None) -> None:
        found = status_warning(raw(pm_account(accountStatus=status)), ACCOUNT, NOW)
        assert (None if found is None else found.kind) is kind

    def test_flat_and_tiered_rates_are_read_alike(self) -> None:
        tiered = {
            "asset": "BNB",
            "collateralInfo": [
                {"tierFloor": "1000", "tierCap": "2000", "collateralRate": "0.9", "cum": "100"},
                {"tierFloor": "0", "tierCap": "1000", "collateralRate": "1", "cum": "0"},
            ],
        }
        terms = dict(collateral(raw([*RATES, tiered]), ACCOUNT, NOW).terms)
        assert terms["BTC"].steps == ((0.0, 0.95),)
        assert (terms["BNB"].steps, terms["BNB"].by_value) == (((0.0, 1.0), (1000.0, 0.9)), True)

    @pytest.mark.parametrize(
        "row",
        [
            {"asset": "X"},
            {"asset": "X", "collateralRate": "1.2"},
            {"asset": "X", "collateralInfo": []},
            {"asset": "X", "collateralInfo": [{"tierFloor": "5", "collateralRate": "1"}]},
            {"asset": "X", "collateralInfo": [{"tierFloor": "0", "collateralRate": "nan"}]},
            {"asset": "", "collateralRate": "1"},
        ],
    )
    def test_an_impossible_rate_costs_its_asset(self, row: Row) -> None:
        bad: list[Any] = []
        assert [asset for asset, _ in collateral(raw([row, *RATES]), ACCOUNT, NOW, bad).terms] == ["BTC", "USDT"]
        assert len(bad) == 1

    def test_index_prices_are_dollars(self) -> None:
        bad: list[Any] = []
        rows = [
            {"asset": "BTC", "assetIndexPrice": "28251.9136906", "time": STAMP},
            {"asset": "ETH", "assetIndexPrice": "0", "time": STAMP},
            {"asset": "BNB", "assetIndexPrice": "300"},
        ]
        found = asset_prices(raw(rows), VENUE, NOW, bad)
        assert [(tick.asset, tick.price_usd, tick.venue_time) for tick in found] == [
            ("BTC", 28251.9136906, STAMP / 1000), ("BNB", 300.0, NOW),
        ]  # fmt: skip
        assert len(bad) == 1

    def test_an_error_is_no_account(self) -> None:
        with pytest.raises(MalformedAnswer):
            snapshot(raw({"code": -2015, "msg": "no"}), raw({"code": -1, "msg": ""}), b"[]", b"[]", ACCOUNT, 1.0, 2.0)


class TestPool:
    def test_both_futures_and_all_wallets_are_one_pool_in_dollars(self) -> None:
        (pool,) = told(portfolio_folder(HEDGED)).pools.values()
        assert (pool.key.pool, pool.numeraire, pool.cash) == ("portfolio-margin", "USD", 0.0)
        assert [(one.asset, one.amount) for one in pool.holdings] == [("BTC", 1.1), ("USDT", 1500.0)]
        assert [(leg.symbol, leg.quantity, leg.payoff, leg.settle) for leg in pool.legs] == [
            ("BTCUSD_PERP", -3000.0, Payoff.INVERSE, "BTC"),
            ("ETHUSDT", 10.0, Payoff.LINEAR, "USDT"),
        ]
        assert (pool.reasons, pool.unknown, pool.debts) == ((), (), ())

    def test_what_it_counts_and_what_it_requires(self) -> None:
        (result,) = told(portfolio_folder(HEDGED)).results().values()
        assert result.equity == pytest.approx(1.1 * 30000 * 0.95 + 1500 * 0.99)
        assert result.maintenance_margin == pytest.approx(10 * 2000 * 0.01 + 0.1 * 0.004 * 30000)

    def test_a_loan_is_net_in_what_counts_and_requires_a_tenth_in_words(self) -> None:
        """28 500 - 10 000 = 18 500 against 200 + 1000; liquidated at 1.05."""
        account = lent(totalMarginOpenLoss="0")
        (pool,), (result,) = account.pools.values(), account.results().values()
        assert result.equity == pytest.approx(18500.0)
        assert result.maintenance_margin == pytest.approx(1200.0)
        assert result.ratio.value == pytest.approx(1.05 * 1200 / 18500)
        assert result.coins["BTC"].down.price == pytest.approx(30000 * (10000 + 1260) / 28500)
        assert pool.reasons == ("loans in USDT: what they require is not published, 10% of them is assumed",)
        assert reported(portfolio_folder(LENT)).quality is Quality.PARTIAL

    def test_its_stages_are_the_venues(self) -> None:
        (result,) = lent().results().values()
        found = {name: ratio.value for name, ratio in result.stages.items()}
        assert list(found) == ["margin-call", "reduce-only", "liquidation", "claim", "bankruptcy"]
        for name, level in (("margin-call", 1.5), ("reduce-only", 1.2), ("liquidation", 1.05), ("claim", 1.0)):
            assert found[name] == pytest.approx(level * 1200 / 18500)

    def test_what_is_not_published_is_the_users_to_set(self) -> None:
        account = lent().with_parameters(
            portfolio_loan_maintenance_rate=0.05,
            portfolio_liquidation_unimmr=1.1,
            portfolio_margin_call_unimmr=2.0,
            portfolio_reduce_only_unimmr=1.3,
        )
        (result,) = account.results().values()
        assert result.maintenance_margin == pytest.approx(700.0)
        assert result.ratio.value == pytest.approx(1.1 * 700 / 18500)
        assert result.stages["margin-call"].value == pytest.approx(2.0 * 700 / 18500)
        assert result.stages["reduce-only"].value == pytest.approx(1.3 * 700 / 18500)

    def test_the_unit_of_collateral_tiers_is_the_users_to_set(self) -> None:
        steps = [{"tierFloor": "0", "collateralRate": "1"}, {"tierFloor": "10", "collateralRate": "0.5"}]
        rows = PortfolioRows(
            [pm_balance("BTC", 20.0)], rates=[{"asset": "BTC", "collateralInfo": steps}], prices=PRICES
        )
        account = told(portfolio_folder(rows))
        (by_value,) = account.results().values()
        (by_amount,) = account.with_parameters(portfolio_collateral_by_value=0.0).results().values()
        assert by_value.equity == pytest.approx(10 + 0.5 * (600000 - 10))
        assert by_amount.equity == pytest.approx(15 * 30000)

    def test_open_orders_loss_comes_off_what_retail_counts(self) -> None:
        (less,) = lent(totalMarginOpenLoss="250").results().values()
        assert less.equity == pytest.approx(18250.0)

    def test_an_open_loss_that_is_not_told_is_named_where_something_is_locked(self) -> None:
        rows = replace(HEDGED, balances=[pm_balance("BTC", 1.0, crossMarginLocked="0.5"), pm_balance("USDT", 500.0)])
        (pool,) = told(portfolio_folder(rows, totalMarginOpenLoss="")).pools.values()
        assert pool.reasons == ("what open margin orders would lose is not in the venue's answer: counted as 0",)

    def test_retail_is_liquidated_below_zero_with_nothing_open_and_pro_is_not(self) -> None:
        rows = PortfolioRows([pm_balance("USDT", um=-5.0)], rates=RATES, prices=PRICES)
        (retail,) = told(portfolio_folder(rows)).results().values()
        (pro,) = told(pro_folder(rows)).results().values()
        assert (retail.ratio.state, pro.ratio.state) == (State.LIQUIDATABLE, State.AT)

    def test_an_asset_without_a_rate_counts_nothing_and_is_named(self) -> None:
        rows = replace(
            HEDGED,
            balances=[*HEDGED.balances, pm_balance("XYZ", 3.0), pm_balance("ABC", 3.0)],
            rates=[*RATES, {"asset": "ABC", "collateralRate": "0"}],
        )
        account = told(portfolio_folder(rows))
        (pool,), (result,) = account.pools.values(), account.results().values()
        assert pool.reasons == ("XYZ has no collateral rate: it counts nothing",)
        # though nobody tells the price of either
        assert result.equity == pytest.approx(1.1 * 30000 * 0.95 + 1500 * 0.99)

    def test_a_settlement_asset_without_a_rate_makes_it_unknown(self) -> None:
        (pool,) = told(portfolio_folder(replace(HEDGED, rates=RATES[:1]))).pools.values()
        assert pool.unknown == ("no collateral rate of USDT",)

    def test_without_any_rates_it_is_unknown(self) -> None:
        files = portfolio_folder(HEDGED)
        del files[named(portfolio.COLLATERAL_RATE)]
        assert reported(files).pools[0].ratio.state is State.UNKNOWN

    def test_a_settlement_asset_that_the_account_does_not_list_is_taken_as_nothing_in_words(self) -> None:
        (pool,) = told(portfolio_folder(replace(HEDGED, balances=[pm_balance("BTC", 1.0)]))).pools.values()
        assert pool.reasons == ("no balance of USDT in the account: taken as 0",)

    def test_options_count_where_they_lose(self) -> None:
        for equity, amount in (("40", 500.0), ("-40", 460.0)):
            rows = replace(HEDGED, balances=[pm_balance("BTC", 1.0), pm_balance("USDT", 500.0, optionEquity=equity)])
            (pool,) = told(pro_folder(rows)).pools.values()
            assert pool.holdings[1].amount == amount
            assert len(pool.reasons) == 1

    def test_a_printed_line_moves_the_contract_and_holds_the_index(self) -> None:
        """2 BTC of contracts beside 1 BTC and 5000 USDT: to the venue's price the coin itself does not fall.

        There the BTC are negative and count whole: 30 000 (3 - 60 000 / P) + 4950 = k * 0.004 * 30 000 * 60 000 / P.
        """
        cm = [pm_position("BTCUSD_PERP", 600, 30000.0, 30000.0, liquidationPrice="19000")]
        balances = [pm_balance("BTC", 1.0), pm_balance("USDT", 5000.0)]
        account = told(portfolio_folder(replace(HEDGED, um=[], cm=cm, balances=balances)))
        for level in (1.05, 1.0):
            (result,) = account.with_parameters(portfolio_line_unimmr=level).results().values()
            (line,) = result.venue_lines
            assert line.ours.price == pytest.approx(1.8e9 * (1 + level * 0.004) / 94950)
        coin = result.coins["BTC"].down.price
        assert coin == pytest.approx((60000 * (1 + 1.05 * 0.004) - 4950) / 3)

    def test_hedge_sides_have_legs_of_their_own(self) -> None:
        um = [
            pm_position("ETHUSDT", 10.0, 2000.0, 2000.0, positionSide="LONG"),
            pm_position("ETHUSDT", -4.0, 2100.0, 2000.0, positionSide="SHORT"),
        ]
        (pool,) = told(portfolio_folder(replace(HEDGED, um=um, cm=[], hedge=True))).pools.values()
        assert [leg.quantity for leg in pool.legs if leg.symbol == "ETHUSDT"] == [10.0, -4.0]

    def test_nothing_held_and_nothing_owed_is_no_pool(self) -> None:
        assert told(portfolio_folder(PortfolioRows([pm_balance("BTC")]))).description.pools == ()


class TestProAndSpan:
    def test_pro_has_no_open_loss_and_counts_by_tiers(self) -> None:
        account = told(pro_folder(LENT, totalMarginOpenLoss="250"))
        (result,) = account.results().values()
        assert account.account.mode.kind == "pro"
        assert result.equity == pytest.approx(18500.0)

    def test_span_carries_the_venues_own_requirement_in_words(self) -> None:
        account = told(pro_folder(HEDGED, span=True, accountMaintMargin="450.5", uniMMR="10"))
        (pool,), (result,) = account.pools.values(), account.results().values()
        assert (account.account.mode.kind, result.maintenance_margin) == ("span", 450.5)
        assert pool.reasons == ("SPAN: the venue's own maintenance margin, held still between its answers",)
        (later,) = account.results(ETHUSDT=1000.0).values()
        assert later.maintenance_margin == 450.5
        assert later.equity == pytest.approx((result.equity or 0.0) - (1500 * 0.99 - (1500 - 10000)))

    def test_span_without_a_requirement_is_unknown(self) -> None:
        (pool,) = told(pro_folder(HEDGED, span=True, accountMaintMargin="")).pools.values()
        assert len(pool.unknown) == 1


def test_every_recorded_answer_of_portfolio_margin_is_read() -> None:
    records = recorded_answers("portfolio_margin_rest.json")
    answers = {str(one["endpoint"]): raw(one["response"]) for one in records}
    read = snapshot(
        answers["account_information"],
        answers["account_balance"],
        answers["query_um_position_information"],
        answers["query_cm_position_information"],
        ACCOUNT,
        1.0,
        2.0,
    )
    assert (read.positions, read.problems) == ((), ())
    assert [one.asset for one in read.balances] == ["USDT"]
    assert read.venue.equity == 122607.35137903  # the sample has the two equities in each other's place
    assert position_mode(answers["get_um_current_position_mode"], ACCOUNT) is True
    for name, symbol in (
        ("um_notional_and_leverage_brackets", "ETHUSDT"),
        ("cm_notional_and_leverage_brackets", "BTCUSD_PERP"),
    ):
        assert [found for found, _ in tiers(answers[name], VENUE, ACCOUNT, NOW).tiers] == [symbol]
    for name in ("get_um_account_detail", "get_um_account_detail_v2", "get_cm_account_detail"):
        # Details name no wallet: what they are for is in the balances.
        assert account_snapshot(answers[name], b"[]", ACCOUNT, 1.0, 2.0).balances == ()
