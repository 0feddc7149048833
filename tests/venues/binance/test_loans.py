"""Spot margin: what is there and what is owed, the tables of both, and pools that are liquidated at a level."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import CollateralMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import WarningKind
from monitor.domain.lines import NEVER, State
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.margin.pool import LIQUIDATION
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.loans.answers import (
    cross_collateral,
    cross_config,
    cross_snapshot,
    isolated_prices,
    isolated_snapshot,
    isolated_tiers,
    isolated_warnings,
    price_index,
)
from monitor.venues.binance.loans.pairs import price_pair, split
from tests.venues.binance.support import ACCOUNT, NOW, VENUE, raw
from tests.venues.binance.told import (
    STAMP,
    Row,
    Told,
    cross_folder,
    isolated_folder,
    named,
    owned,
    pair,
    pair_tier,
    reported,
    told,
)

PRICES = {"BTCUSDT": 40000.0, "ETHUSDT": 2000.0}
RATIOS = [
    {
        "assetNames": ["BTC", "USDT"],
        "collaterals": [
            {"minUsdValue": "0", "maxUsdValue": "20000", "discountRate": "1"},
            {"minUsdValue": "20000", "maxUsdValue": "1000000", "discountRate": "0.9"},
        ],
    }
]
BRACKETS = [
    {
        "assetNames": ["USDT", "ETH"],
        "rank": 1,
        "brackets": [
            {"leverage": 10, "maxDebt": 1000, "maintenanceMarginRate": 0.02, "initialMarginRate": 0.1, "fastNum": 0},
            {"leverage": 5, "maxDebt": 50000, "maintenanceMarginRate": 0.05, "initialMarginRate": 0.2, "fastNum": 30},
        ],
    }
]


def classic(*assets: Row, **more: object) -> Told:
    return told(cross_folder(*assets, prices=PRICES, **more))  # type: ignore[arg-type]  # fields of the answer


def pro(*assets: Row, loss: object = "0") -> Told:
    return told(
        cross_folder(
            *assets, kind="MARGIN_2", prices=PRICES, ratios=RATIOS, brackets=BRACKETS, totalOpenOrderLossInUSDT=loss
        )
    )


class TestCrossAnswers:
    @pytest.mark.parametrize(("said", "kind"), [("MARGIN_1", "classic"), ("MARGIN_2", "pro")])
    def test_the_kind_of_account_is_told(self, said: str, kind: str) -> None:
        config = cross_config(raw({"accountType": said, "userAssets": []}), ACCOUNT, 1.0, 2.0)
        mode = config.mode
        assert (mode.collateral, mode.kind, mode.borrows, mode.hedge) == (CollateralMode.SPOT, kind, True, False)
        assert config.problems == ()

    @pytest.mark.parametrize("said", [None, "", "MARGIN_3"])
    def test_a_kind_that_is_not_known_makes_the_account_unknown(self, said: str | None) -> None:
        report = reported(cross_folder(owned("BTC", 1.0), kind=said, prices=PRICES))  # type: ignore[arg-type]
        assert report.quality is Quality.UNKNOWN

    def test_a_wallet_is_what_is_there_less_what_is_owed_which_stands_beside_it(self) -> None:
        body = {"userAssets": [owned("BTC", 1.0, 0.2, 0.01, locked=0.5), owned("ETH"), owned("USDT", borrowed=3.0)]}
        btc, usdt = cross_snapshot(raw(body), ACCOUNT, 1.0, 2.0).balances
        assert (btc.wallet, btc.borrowed, btc.interest, btc.frozen) == (1.5 - 0.2 - 0.01, 0.2, 0.01, 0.5)
        assert (usdt.asset, usdt.wallet, usdt.borrowed) == ("USDT", -3.0, 3.0)

    @pytest.mark.parametrize("field", ["free", "locked", "borrowed", "interest"])
    def test_a_number_that_cannot_be_read_costs_its_row_and_is_not_nothing(self, field: str) -> None:
        row = {**owned("BTC", 1.0, 0.2), field: "nan"}
        read = cross_snapshot(raw({"userAssets": [row, owned("USDT", 5.0)]}), ACCOUNT, 1.0, 2.0)
        assert [one.asset for one in read.balances] == ["USDT"]
        assert len(read.problems) == 1

    @pytest.mark.parametrize("loss", ["12.5", "-12.5", 12.5])
    def test_the_loss_of_open_orders_is_a_loss_however_it_is_signed(self, loss: object) -> None:
        body = {"userAssets": [], "totalOpenOrderLossInUSDT": loss, "marginLevel": "2.5"}
        venue = cross_snapshot(raw(body), ACCOUNT, 1.0, 2.0).venue
        assert (venue.order_loss, venue.ratio) == (-12.5, 2.5)

    def test_an_error_is_no_account(self) -> None:
        with pytest.raises(MalformedAnswer):
            cross_snapshot(raw({"code": -2015, "msg": "no"}), ACCOUNT, 1.0, 2.0)

    def test_haircuts_and_brackets_go_by_value(self) -> None:
        loaded = cross_collateral(raw(RATIOS), raw(BRACKETS), ACCOUNT, NOW)
        terms = dict(loaded.terms)
        assert loaded.account == ACCOUNT
        assert (terms["BTC"].steps, terms["BTC"].by_value, terms["BTC"].borrow) == (
            ((0.0, 1.0), (20000.0, 0.9)), True, None,
        )  # fmt: skip
        table = terms["USDT"].borrow
        assert table is not None
        assert [(tier.floor, tier.rate, tier.deduction) for tier in table.tiers] == [(0, 0.02, 0), (1000, 0.05, 30)]
        assert (table.cap, terms["USDT"].borrow_initial_rate) == (50000.0, 0.1)
        assert terms["ETH"].steps == ((0.0, 0.0),)  # a debt in it is known, and what it counts as is nothing

    @pytest.mark.parametrize(
        "steps",
        [
            [],
            [{"minUsdValue": "5", "discountRate": "1"}],
            [{"minUsdValue": "0", "discountRate": "1.1"}],
            [{"minUsdValue": "0", "discountRate": "nan"}],
            [{"minUsdValue": "0", "discountRate": "1"}, {"minUsdValue": "0", "discountRate": "0.9"}],
        ],
    )
    def test_impossible_steps_cost_their_assets(self, steps: list[Row]) -> None:
        bad: list[Any] = []
        rows = [{"assetNames": ["DOGE"], "collaterals": steps}, *RATIOS]
        loaded = cross_collateral(raw(rows), None, ACCOUNT, NOW, bad)
        assert [asset for asset, _ in loaded.terms] == ["BTC", "USDT"]
        assert len(bad) == 1

    @pytest.mark.parametrize(
        ("symbol", "dollars", "asset", "price"),
        [
            ("BTCUSDT", {}, "BTC", 100.0),
            ("BTCUSDT", {"USDT": 0.999}, "BTC", 99.9),
            ("ETHBTC", {"BTC": 40000.0}, "ETH", 4e6),
        ],
    )
    def test_an_index_price_is_worth_its_quote(
        self, symbol: str, dollars: dict[str, float], asset: str, price: float
    ) -> None:
        tick = price_index(raw({"calcTime": STAMP, "price": "100", "symbol": symbol}), VENUE, NOW, dollars)
        assert tick is not None
        assert (tick.asset, tick.venue_time) == (asset, STAMP / 1000)
        assert tick.price_usd == pytest.approx(price)

    def test_an_index_price_in_something_of_no_known_price_tells_nothing(self) -> None:
        assert price_index(raw({"calcTime": STAMP, "price": "0.05", "symbol": "ETHBTC"}), VENUE, NOW) is None

    @pytest.mark.parametrize("price", ["0", "-1", "nan"])
    def test_an_impossible_index_price_is_no_answer(self, price: str) -> None:
        with pytest.raises(MalformedAnswer):
            price_index(raw({"calcTime": STAMP, "price": price, "symbol": "BTCUSDT"}), VENUE, NOW)


class TestPairs:
    @pytest.mark.parametrize(
        ("symbol", "assets", "names"),
        [
            ("FETUSDT", (), ("FET", "USDT")),
            ("FETUSDT", ("USDT", "FET"), ("FET", "USDT")),
            ("BTCUSDT", ("BT", "CUSDT"), ("BT", "CUSDT")),
            ("BTCXYZ", (), None),
            ("USDT", (), None),
        ],
    )
    def test_the_two_assets_of_a_pair(
        self, symbol: str, assets: tuple[str, ...], names: tuple[str, str] | None
    ) -> None:
        assert split(symbol, assets) == names

    def test_the_pair_to_ask_for_an_assets_price(self) -> None:
        assert [price_pair(asset) for asset in ("BTC", "USDT", "USDC")] == ["BTCUSDT", "", "USDCUSDT"]


class TestClassic:
    def test_one_pool_of_assets_and_debts(self) -> None:
        (pool,) = classic(owned("BTC", 1.0), owned("USDT", 1000.0, borrowed=19000.0, interest=1000.0)).pools.values()
        assert (pool.key.pool, pool.numeraire, pool.reasons, pool.unknown) == ("margin", "USD", (), ())
        assert [(one.asset, one.amount) for one in pool.holdings] == [("BTC", 1.0), ("USDT", 1000.0)]
        assert [(one.asset, one.amount) for one in pool.debts] == [("USDT", 20000.0)]
        assert (pool.venue.loan_level, pool.venue.ratio_inverted) == (1.1, True)

    def test_it_is_liquidated_at_level_one_point_one_and_called_at_one_point_three(self) -> None:
        """1 BTC and 1000 USDT against 20 000: 1.1 * 20 000 - 1000 = 21 000; at 40 000 the level is 2.05."""
        account = classic(owned("BTC", 1.0), owned("USDT", 1000.0, borrowed=20000.0))
        (result,) = account.results().values()
        assert result.coins["BTC"].down.price == pytest.approx(21000.0)
        assert result.ratio.value == pytest.approx(0.1 / 1.05)
        assert result.stages["margin-call"].value == pytest.approx(0.3 / 1.05)

    def test_the_levels_are_the_users_to_set(self) -> None:
        account = classic(owned("BTC", 1.0), owned("USDT", 1000.0, borrowed=20000.0))
        account = account.with_parameters(margin_call_level=1.16, margin_liquidation_level=1.05)
        (result,) = account.results().values()
        assert result.coins["BTC"].down.price == pytest.approx(20000.0)
        assert result.stages["margin-call"].value == pytest.approx(0.16 / 1.05)

    def test_without_a_debt_nothing_liquidates_and_the_printed_999_is_no_level(self) -> None:
        report = reported(cross_folder(owned("BTC", 1.0), prices=PRICES, level="999"))
        (pool,) = report.pools
        assert (pool.ratio.value, report.quality, dict(pool.drift)) == (0.0, Quality.LIVE, {})

    def test_a_debt_without_anything_against_it_is_liquidatable(self) -> None:
        (result,) = classic(owned("USDT", borrowed=100.0)).results().values()
        assert result.ratio.state is State.LIQUIDATABLE

    def test_an_asset_without_a_price_makes_it_unknown(self) -> None:
        (result,) = classic(owned("XYZ", 1.0), owned("USDT", borrowed=100.0)).results().values()
        assert result.ratio.state is State.UNKNOWN

    def test_an_empty_account_has_no_pool(self) -> None:
        assert classic().description.pools == ()

    def test_the_reported_level_agrees_with_ours(self) -> None:
        files = cross_folder(owned("BTC", 1.0), owned("USDT", 1000.0, borrowed=20000.0), prices=PRICES, level="2.05")
        (pool,) = reported(files).pools
        assert abs(pool.drift["ratio"]) < 1e-9


class TestPro:
    def test_assets_count_less_their_haircut_and_debts_require_by_value(self) -> None:
        """1 BTC counts 20 000 + 0.9 * 20 000 = 38 000; 30 000 USDT owed require 5 % less 30: 1470."""
        account = pro(owned("BTC", 1.0), owned("USDT", borrowed=29000.0, interest=1000.0), loss="500")
        (result,) = account.results().values()
        assert result.equity == pytest.approx(38000.0 - 30000.0 - 500.0)
        assert result.maintenance_margin == pytest.approx(1470.0)
        assert result.ratio.value == pytest.approx(1470.0 / 7500.0)
        assert result.stages["margin-call"].value == pytest.approx(1.2 * 1470.0 / 7500.0)
        # 20 000 + 0.9 (P - 20 000) - 30 500 = 1470, to be found where P is above 20 000
        assert result.coins["BTC"].down.price == pytest.approx(20000.0 + 11970.0 / 0.9)

    def test_its_thresholds_are_the_users_to_set(self) -> None:
        account = pro(owned("BTC", 1.0), owned("USDT", borrowed=30000.0))
        account = account.with_parameters(margin_pro_liquidation_level=1.1, margin_pro_call_level=1.5)
        (result,) = account.results().values()
        assert result.ratio.value == pytest.approx(1.1 * 1470.0 / 8000.0)
        assert result.stages["margin-call"].value == pytest.approx(1.5 * 1470.0 / 8000.0)

    def test_an_asset_without_a_ratio_counts_nothing_and_is_named(self) -> None:
        account = pro(owned("DOGE", 5.0), owned("BTC", 1.0))
        (pool,), (result,) = account.pools.values(), account.results().values()
        assert pool.reasons == ("DOGE has no collateral ratio: it counts nothing",)
        assert result.equity == pytest.approx(38000.0)  # though nobody tells the price of DOGE

    def test_a_debt_without_brackets_makes_it_unknown(self) -> None:
        (pool,) = pro(owned("BTC", 1.0, borrowed=0.5)).pools.values()
        assert pool.unknown == ("no maintenance brackets for a debt in BTC",)

    def test_without_its_tables_it_is_unknown(self) -> None:
        files = cross_folder(owned("BTC", 1.0), owned("USDT", borrowed=1.0), kind="MARGIN_2", prices=PRICES)
        del files[named(loans.COLLATERAL_RATIO)]
        assert reported(files).pools[0].ratio.state is State.UNKNOWN

    def test_the_reported_level_agrees_with_ours(self) -> None:
        assets = (owned("BTC", 1.0), owned("USDT", borrowed=30000.0))
        files = cross_folder(
            *assets, kind="MARGIN_2", level=repr(8000.0 / 1470.0), prices=PRICES, ratios=RATIOS, brackets=BRACKETS,
            totalOpenOrderLossInUSDT="0",
        )  # fmt: skip
        (pool,) = reported(files).pools
        assert abs(pool.drift["ratio"]) < 1e-9


ETH_PAIR = pair(
    "ETHUSDT",
    owned("ETH", 2.0, borrowed=0.1),
    owned("USDT", 100.0, borrowed=2990.0, interest=10.0),
    marginLevel="1.39751553",
    marginRatio="5",
    indexPrice="2200",
    liquidatePrice=repr((1.1575 * 3000 - 100) / (2 - 0.1 * 1.1575)),
)
ETH_TIERS = {
    "ETHUSDT": [
        pair_tier("ETHUSDT", 1, "10", "1.05", base="1", quote="1000"),
        pair_tier("ETHUSDT", 2, "5", "1.1575", base="2", quote="2000"),
        pair_tier("ETHUSDT", 3, "3", "1.18", base="4", quote="4000"),
    ]
}


class TestIsolated:
    def test_each_pair_that_holds_or_owes_anything_is_a_wallet(self) -> None:
        empty = pair("BTCUSDT", owned("BTC"), owned("USDT"))
        read = isolated_snapshot(raw({"assets": [ETH_PAIR, empty]}), ACCOUNT, 1.0, 2.0)
        (wallet,) = read.wallets
        assert (wallet.name, wallet.symbol, wallet.multiple, wallet.index_price) == ("ETHUSDT", "ETHUSDT", 5.0, 2200.0)
        assert (wallet.venue.ratio, list(wallet.balances)) == (1.39751553, ["ETH", "USDT"])
        assert read.marks == (("ETHUSDT", 2200.0),)
        assert (read.positions, read.balances, read.problems) == ((), (), ())

    @pytest.mark.parametrize(
        ("printed", "state"), [("0", State.NEVER), ("1500.5", State.AT), ("", State.UNKNOWN), (None, State.UNKNOWN)]
    )
    def test_its_words_for_a_price_and_for_none(self, printed: str | None, state: State) -> None:
        body = {"assets": [{**ETH_PAIR, "liquidatePrice": printed}]}
        (wallet,) = isolated_snapshot(raw(body), ACCOUNT, 1.0, 2.0).wallets
        assert wallet.liquidation.state is state
        assert state is not State.NEVER or wallet.liquidation is NEVER

    @pytest.mark.parametrize(
        "wrong",
        [
            {"symbol": ""},
            {"symbol": "BTCUSDT"},
            {"baseAsset": {**owned("ETH", 1.0), "borrowed": "nan"}},
            {"quoteAsset": None},
        ],
    )
    def test_a_pair_that_cannot_be_read_costs_itself_and_is_named(self, wrong: Row) -> None:
        other = pair("BTCUSDT", owned("BTC", 1.0), owned("USDT"))
        read = isolated_snapshot(raw({"assets": [{**ETH_PAIR, **wrong}, other]}), ACCOUNT, 1.0, 2.0)
        assert [wallet.name for wallet in read.wallets] == ["BTCUSDT"]
        assert len(read.problems) == 1

    def test_index_prices_tell_what_bases_are_worth(self) -> None:
        odd = pair("ETHBTC", owned("ETH"), owned("BTC"), indexPrice="0.05")
        body = raw({"assets": [ETH_PAIR, odd]})
        assert [(tick.asset, tick.price_usd) for tick in isolated_prices(body, VENUE, NOW)] == [("ETH", 2200.0)]
        found = isolated_prices(body, VENUE, NOW, {"USDT": 0.5, "BTC": 40000.0})
        assert [tick.price_usd for tick in found] == [1100.0, 2000.0]

    def test_tiers_are_read_pair_by_pair(self) -> None:
        bad: list[Any] = []
        raws = {
            "ETHUSDT": raw([*ETH_TIERS["ETHUSDT"], pair_tier("ETHUSDT", 4, "2", "0.9")]),
            "BTCUSDT": raw([pair_tier("FETUSDT", 1, "3", "1.18")]),
        }
        loaded = isolated_tiers(raws, ACCOUNT, NOW, bad)
        (untold, (symbol, tiers)) = loaded.loans
        assert untold == ("BTCUSDT", ())
        assert (symbol, [tier.multiple for tier in tiers]) == ("ETHUSDT", [10.0, 5.0, 3.0])
        assert (tiers[1].liquidation_level, tiers[1].base_cap, tiers[1].quote_cap) == (1.1575, 2.0, 2000.0)
        assert len(bad) == 2

    def test_a_pool_a_pair_liquidated_at_the_level_of_its_tier(self) -> None:
        account = told(isolated_folder(ETH_PAIR, tiers=ETH_TIERS))
        pool = account.pools["margin:ETHUSDT"]
        assert (pool.numeraire, pool.isolated, pool.venue.loan_level) == ("USDT", True, 1.1575)
        assert (pool.reasons, pool.unknown) == ((), ())
        (line,) = account.results()["margin:ETHUSDT"].venue_lines
        assert line.side is Side.LONG
        assert line.drift_ratio == pytest.approx(0.0, abs=1e-12)

    def test_a_borrowed_coin_is_liquidated_upwards(self) -> None:
        """1 ETH owed at 2200, 3000 USDT there: 3000 / 1.1575 = 2591.79."""
        row = pair(
            "ETHUSDT", owned("ETH", borrowed=1.0), owned("USDT", 3000.0), indexPrice="2200", marginRatio="5",
            liquidatePrice=repr(3000 / 1.1575),
        )  # fmt: skip
        account = told(isolated_folder(row, tiers=ETH_TIERS))
        (line,) = account.results()["margin:ETHUSDT"].venue_lines
        assert line.side is Side.SHORT
        assert line.ours.price == pytest.approx(3000 / 1.1575)

    @pytest.mark.parametrize(
        ("multiple", "level", "reasons"), [("10", 1.05, 0), ("3", 1.18, 0), ("4.2", 1.18, 1), ("", 1.18, 1)]
    )
    def test_the_tier_is_that_of_the_multiple_else_of_the_debts(
        self, multiple: str, level: float, reasons: int
    ) -> None:
        account = told(isolated_folder({**ETH_PAIR, "marginRatio": multiple}, tiers=ETH_TIERS))
        pool = account.pools["margin:ETHUSDT"]
        assert (pool.venue.loan_level, len(pool.reasons)) == (level, reasons)

    def test_without_tiers_a_level_is_assumed_in_words_and_the_users_to_set(self) -> None:
        account = told(isolated_folder(ETH_PAIR))
        pool = account.pools["margin:ETHUSDT"]
        assert pool.venue.loan_level == 1.18
        assert pool.reasons == ("no tiers of ETHUSDT: taken to be liquidated at level 1.18",)
        assert account.with_parameters(isolated_liquidation_level=1.15).pools["margin:ETHUSDT"].venue.loan_level == 1.15

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            ("EXCESSIVE", None),
            ("NORMAL", None),
            (None, None),
            ("MARGIN_CALL", WarningKind.MARGIN_CALL),
            ("PRE_LIQUIDATION", WarningKind.MARGIN_CALL),
            ("FORCE_LIQUIDATION", WarningKind.LIQUIDATION),
        ],
    )
    def test_the_state_of_a_pairs_level_warns(self, status: str | None, kind: WarningKind | None) -> None:
        body = raw({"assets": [{**ETH_PAIR, "marginLevelStatus": status}]})
        found = isolated_warnings(body, ACCOUNT, NOW)
        assert [(one.symbol, one.kind) for one in found] == ([] if kind is None else [("ETHUSDT", kind)])

    def test_a_pair_without_debts_needs_no_tiers(self) -> None:
        account = told(isolated_folder(pair("ETHUSDT", owned("ETH", 1.0), owned("USDT"), indexPrice="2200")))
        assert account.pools["margin:ETHUSDT"].reasons == ()
        assert account.results()["margin:ETHUSDT"].ratio.value == 0.0

    def test_pools_do_not_back_each_other(self) -> None:
        rich = pair("BTCUSDT", owned("BTC", 5.0), owned("USDT"), indexPrice="40000")
        results = told(isolated_folder(ETH_PAIR, rich, tiers=ETH_TIERS)).results()
        alone = told(isolated_folder(ETH_PAIR, tiers=ETH_TIERS)).results()
        assert results["margin:ETHUSDT"].ratio == alone["margin:ETHUSDT"].ratio
        assert LIQUIDATION in results["margin:BTCUSDT"].stages
