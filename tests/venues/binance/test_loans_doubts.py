"""Spot margin where the venue's answer is at odds with itself, or not whole: what is doubted is not called safe."""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.domain.quality import Quality
from monitor.domain.tables import LoanTier
from monitor.engine.settings import DriftTolerances
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.loans.answers import cross_snapshot, isolated_snapshot
from monitor.venues.binance.loans.margin import PAIR_TOLERANCE
from tests.venues.binance.support import ACCOUNT, raw
from tests.venues.binance.told import (
    Row,
    cross_folder,
    isolated_folder,
    named,
    owned,
    pair,
    pair_tier,
    reported,
    told,
)

PRICES = {"BTCUSDT": 40000.0}
BRACKET = {"leverage": 10, "maxDebt": 50000, "maintenanceMarginRate": 0.05, "initialMarginRate": 0.2, "fastNum": 0}
RATIOS = [{"assetNames": ["BTC", "USDT"], "collaterals": [{"minUsdValue": "0", "discountRate": "1"}]}]
OWING = pair(
    "ETHUSDT", owned("ETH", 2.0), owned("USDT", 100.0, borrowed=3000.0), marginRatio="", indexPrice="2200",
    marginLevel="1.5", liquidatePrice="0",
)  # fmt: skip
TIERS = [
    pair_tier("ETHUSDT", 1, "10", "1.05", quote="1000"),
    pair_tier("ETHUSDT", 2, "5", "1.1", quote="2000"),
    pair_tier("ETHUSDT", 3, "3", "1.18", quote="2500"),
]


class TestLevels:
    @pytest.mark.parametrize(("printed", "level"), [("1.05", 1.05), ("998.9", 998.9)])
    def test_a_level_is_told(self, printed: str, level: float) -> None:
        self.told_as(printed, level)

    @pytest.mark.parametrize("printed", ["999", "999.00000000", "1200", "0", "0.00000000", ""])
    def test_what_stands_for_none_is_none(self, printed: str) -> None:
        self.told_as(printed, None)

    def told_as(self, printed: str, level: float | None) -> None:
        cross = cross_snapshot(raw({"userAssets": [], "marginLevel": printed}), ACCOUNT, 1.0, 2.0)
        assert cross.venue.ratio == level
        body = {"assets": [{**OWING, "marginLevel": printed}]}
        (wallet,) = isolated_snapshot(raw(body), ACCOUNT, 1.0, 2.0).wallets
        assert wallet.venue.ratio == level

    def test_a_dust_of_debt_is_printed_as_999_and_is_no_drift(self) -> None:
        """40 000 against a cent: the venue prints no level above 999."""
        (pool,) = reported(cross_folder(owned("BTC", 1.0), owned("USDT", borrowed=0.01), prices=PRICES)).pools
        assert "ratio" not in pool.drift
        assert not pool.reasons

    def test_a_level_a_tenth_off_is_a_drift_in_words(self) -> None:
        """2.05 is what 41 000 against 20 000 come to."""
        rows = (owned("BTC", 1.0), owned("USDT", 1000.0, borrowed=20000.0))
        for level in ("2.255", "1.845"):
            (pool,) = reported(cross_folder(*rows, prices=PRICES, level=level)).pools
            assert abs(pool.drift["ratio"]) > 0.09 > DriftTolerances().figure_ratio
            assert any("differs from the venue" in why for why in pool.reasons)


class TestDebtsThatAreNotListed:
    @pytest.mark.parametrize("kind", ["MARGIN_1", "MARGIN_2"])
    @pytest.mark.parametrize("rows", [(), (owned("BTC", 1.0),)])
    def test_a_level_without_a_debt_makes_the_cross_account_unknown(self, kind: str, rows: tuple[Row, ...]) -> None:
        report = reported(cross_folder(*rows, kind=kind, level="2.48", prices=PRICES, ratios=RATIOS))
        assert report.quality is Quality.UNKNOWN
        assert any("a margin level of 2.48, and lists no debt" in why for why in report.reasons)

    def test_a_level_without_a_debt_makes_the_pair_unknown(self) -> None:
        row = {**OWING, "quoteAsset": owned("USDT", 100.0)}
        (pool,) = reported(isolated_folder(row, tiers={"ETHUSDT": TIERS})).pools
        assert pool.ratio.state is State.UNKNOWN

    def test_debts_in_the_total_and_in_no_pair_are_a_problem(self) -> None:
        body = {"assets": [], "totalLiabilityOfBtc": "0.12"}
        read = isolated_snapshot(raw(body), ACCOUNT, 1.0, 2.0)
        assert read.problems == ("the venue counts debts worth 0.12 BTC and lists none",)
        assert isolated_snapshot(raw({**body, "totalLiabilityOfBtc": "0"}), ACCOUNT, 1.0, 2.0).problems == ()
        assert isolated_snapshot(raw({**body, "assets": [OWING]}), ACCOUNT, 1.0, 2.0).problems == ()


class TestTiers:
    def test_before_the_tiers_are_read_a_pair_is_unknown_and_not_in_danger(self) -> None:
        """At the start the account comes first: a level above its tier's would call it liquidatable for a moment."""
        account = told(isolated_folder(OWING, tiers={"ETHUSDT": TIERS}))
        object.__setattr__(account.tables, "loans", {})
        pool = account.pools["margin:ETHUSDT"]
        assert pool.unknown == ("the tiers of ETHUSDT were not read yet",)
        assert account.results()["margin:ETHUSDT"].ratio.state is State.UNKNOWN

    def test_debts_beyond_all_tiers_are_of_the_last_one(self) -> None:
        account = told(isolated_folder(OWING, tiers={"ETHUSDT": TIERS}))
        assert account.pools["margin:ETHUSDT"].venue.loan_level == 1.18

    def test_what_a_pair_nets_to_at_liquidation_tells_where_it_is_liquidated(self) -> None:
        """1 ETH there and 0.95 owed at 1.18: each dollar that ETH rises costs more than it brings."""
        row = pair(
            "ETHUSDT", owned("ETH", 1.0, borrowed=0.95), owned("USDT", 1000.0), marginRatio="3", indexPrice="2200",
            liquidatePrice=repr(1000.0 / (0.95 * 1.18 - 1.0)),
        )  # fmt: skip
        account = told(isolated_folder(row, tiers={"ETHUSDT": TIERS}))
        (line,) = account.results()["margin:ETHUSDT"].venue_lines
        assert line.side is Side.SHORT
        assert line.drift_ratio == pytest.approx(0.0, abs=1e-9)

    def test_a_printed_price_one_percent_off_is_a_drift(self) -> None:
        exact = (1.18 * 3000.0 - 100.0) / 2.0
        files = {"ETHUSDT": TIERS}
        for printed, agrees in ((exact * 1.003, True), (exact * 1.02, False)):
            (pool,) = reported(isolated_folder({**OWING, "liquidatePrice": repr(printed)}, tiers=files)).pools
            assert bool(any("differs" in why for why in pool.reasons)) is not agrees
        assert PAIR_TOLERANCE == 0.005

    def test_tiers_are_of_the_levels_that_the_venue_told(self) -> None:
        account = told(isolated_folder(OWING, tiers={"ETHUSDT": TIERS}))
        assert account.tables.loans["ETHUSDT"][0] == LoanTier(
            multiple=10.0, liquidation_level=1.05, base_cap=9.0, quote_cap=1000.0, initial_level=1.2
        )

    def test_new_loans_need_the_initial_level_of_the_tier_and_of_classic_it_is_unknown(self) -> None:
        """3000 owed where nothing is lent below 1.2: 600 have to be there."""
        (pair_result,) = told(isolated_folder(OWING, tiers={"ETHUSDT": TIERS})).results().values()
        assert pair_result.initial_margin == pytest.approx(600.0)
        (cross,) = told(cross_folder(owned("BTC", 1.0), owned("USDT", borrowed=9.0), prices=PRICES)).results().values()
        assert cross.initial_margin is None


class TestAmounts:
    def test_a_small_holding_counts(self) -> None:
        """0.002 BTC are 80 dollars."""
        files = cross_folder(owned("BTC", 0.002), owned("USDT", borrowed=40.0), prices=PRICES, level="2")
        (pool,) = reported(files).pools
        assert abs(pool.drift["ratio"]) < 1e-9

    def test_initial_margin_of_a_debt_without_a_rate_is_unknown_and_not_nothing(self) -> None:
        def initial(**rate: object) -> float | None:
            bracket = {name: value for name, value in {**BRACKET, **rate}.items() if value is not None}
            rows = [{"assetNames": ["USDT"], "brackets": [bracket]}]
            files = cross_folder(
                owned("BTC", 1.0), owned("USDT", borrowed=1000.0), kind="MARGIN_2", prices=PRICES, ratios=RATIOS,
                brackets=rows, totalOpenOrderLossInUSDT="0",
            )  # fmt: skip
            (result,) = told(files).results().values()
            return result.initial_margin

        assert initial() == pytest.approx(200.0)
        assert initial(initialMarginRate=None) is None

    def test_an_answer_without_tiers_leaves_the_level_to_the_user(self) -> None:
        files = isolated_folder(OWING)
        assert named(loans.ISOLATED_TIER, symbol="ETHUSDT") not in files
        assert reported(files).quality is Quality.PARTIAL

    def test_a_stablecoin_is_worth_what_its_pair_tells_else_a_dollar(self) -> None:
        """1000 TUSD at 0.93 against 500 USDT, and the same without a word on TUSD."""
        rows = (owned("TUSD", 1000.0), owned("USDT", borrowed=500.0))
        for prices, equity in (({"TUSDUSDT": 0.93}, 430.0), ({}, 500.0)):
            (pool,) = reported(cross_folder(*rows, prices=prices)).pools
            assert pool.equity_usd == pytest.approx(equity)
