"""Portfolio margin where the venue's answer is at odds with itself or with ours: doubts are told, nothing is lost."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.quality import Quality
from monitor.venues.binance.portfolio.answers import collateral, snapshot
from tests.venues.binance.support import ACCOUNT, NOW, raw
from tests.venues.binance.told import (
    PortfolioRows,
    Row,
    brackets,
    coin_brackets,
    coin_folder,
    coin_position,
    pm_account,
    pm_balance,
    pm_position,
    portfolio_folder,
    pro_folder,
    reported,
    told,
)

RATES = [{"asset": "BTC", "collateralRate": "0.95"}, {"asset": "USDT", "collateralRate": "1"}]
PRICES = {"BTC": 30000.0, "USDT": 1.0, "XYZ": 2.0}
LONG = PortfolioRows(
    balances=[pm_balance("USDT", um=5000.0)],
    um=[pm_position("ETHUSDT", 10.0, 2000.0, 2000.0, liquidationPrice="")],
    rates=RATES,
    prices=PRICES,
    um_brackets=[brackets("ETHUSDT", 0.01)],
)
FIGURES = {"accountEquity": "5000", "accountMaintMargin": "200", "uniMMR": "25"}


class TestNothingListed:
    @pytest.mark.parametrize("kind", ["retail", "pro", "span"])
    @pytest.mark.parametrize("told_beside", [{"accountEquity": "5000"}, {"accountMaintMargin": "200"}])
    def test_totals_without_balances_or_positions_make_the_account_unknown(
        self, kind: str, told_beside: dict[str, str]
    ) -> None:
        rows = PortfolioRows([pm_balance("BTC")], rates=RATES, prices=PRICES)
        files = (
            portfolio_folder(rows, **told_beside)
            if kind == "retail"
            else pro_folder(rows, span=kind == "span", **told_beside)
        )
        report = reported(files)
        assert report.quality is Quality.UNKNOWN
        assert any("lists neither balances nor positions" in why for why in report.reasons)

    @pytest.mark.parametrize("dust", ["0", "0.00000001", ""])
    def test_an_empty_account_is_empty(self, dust: str) -> None:
        rows = PortfolioRows([pm_balance("BTC")], rates=RATES, prices=PRICES)
        assert reported(portfolio_folder(rows, accountEquity=dust)).quality is Quality.LIVE


class TestDrift:
    def test_figures_that_agree_are_live(self) -> None:
        report = reported(portfolio_folder(LONG, **FIGURES))
        assert report.quality is Quality.LIVE
        assert max(map(abs, report.pools[0].drift.values())) < 1e-9

    @pytest.mark.parametrize("factor", [0.9, 1.1])
    @pytest.mark.parametrize("figure", ["accountEquity", "accountMaintMargin", "uniMMR"])
    def test_a_figure_a_tenth_off_is_told_in_words(self, figure: str, factor: float) -> None:
        wrong = {**FIGURES, figure: repr(float(FIGURES[figure]) * factor)}
        (pool,) = reported(portfolio_folder(LONG, **wrong)).pools
        assert any("differs from the venue" in why for why in pool.reasons)
        assert any(abs(drift) > 0.08 for drift in pool.drift.values())

    def test_a_printed_price_a_tenth_off_is_told_in_words(self) -> None:
        """5000 - 10 (2000 - P) = 1.05 * 0.01 * 10 P."""
        exact = 15000.0 / (10.0 - 0.105)
        for factor, agrees in ((1.0, True), (1.03, True), (1.1, False), (0.9, False)):
            um = [pm_position("ETHUSDT", 10.0, 2000.0, 2000.0, liquidationPrice=repr(exact * factor))]
            rows = PortfolioRows(LONG.balances, um, rates=RATES, prices=PRICES, um_brackets=LONG.um_brackets)
            (pool,) = reported(portfolio_folder(rows, **FIGURES)).pools
            assert any("liquidation price" in why for why in pool.reasons) is not agrees

    def test_of_two_equities_that_both_fit_the_ratio_the_named_one_is_taken(self) -> None:
        """Without haircuts the two are near each other."""
        body = pm_account(uniMMR="25", accountEquity="5001", actualEquity="5000", accountMaintMargin="200")
        assert snapshot(raw(body), b"[]", b"[]", b"[]", ACCOUNT, 1.0, 2.0).venue.equity == 5001.0

    @pytest.mark.parametrize(("ratio", "equity"), [("-2", "-400"), ("1.01", "202"), ("0.5", "100")])
    def test_the_equity_that_made_the_ratio_is_found_near_trouble_too(self, ratio: str, equity: str) -> None:
        body = pm_account(uniMMR=ratio, accountEquity="900", actualEquity=equity, accountMaintMargin="200")
        assert snapshot(raw(body), b"[]", b"[]", b"[]", ACCOUNT, 1.0, 2.0).venue.equity == float(equity)


class TestBalances:
    def test_what_is_owed_of_an_asset_without_a_rate_counts_whole(self) -> None:
        """-50 XYZ in a futures wallet, at 2: whole, and named nowhere as nothing."""
        rows = PortfolioRows(
            [*LONG.balances, pm_balance("XYZ", um=-50.0)], LONG.um, rates=RATES, prices=PRICES,
            um_brackets=LONG.um_brackets,
        )  # fmt: skip
        account = told(portfolio_folder(rows))
        (pool,), (result,) = account.pools.values(), account.results().values()
        assert result.equity == pytest.approx(4900.0)
        assert not any("XYZ" in why for why in pool.reasons)

    def test_two_futures_wallets_in_one_asset_are_one_amount(self) -> None:
        """BTC as a loan, in the wallet of USDⓈ-M and below zero in that of COIN-M."""
        row = pm_balance("BTC", 0.3, um=0.5, cm=-0.2, crossMarginBorrowed="0.1", crossMarginInterest="0.01")
        account = told(portfolio_folder(PortfolioRows([row], rates=RATES, prices=PRICES)))
        (result,) = account.results().values()
        assert result.equity == pytest.approx((0.3 + 0.5 - 0.2 - 0.11) * 30000.0 * 0.95)
        assert result.maintenance_margin == pytest.approx(0.11 * 30000.0 * 0.1)

    def test_initial_margin_of_loans_is_not_told_as_none(self) -> None:
        row = pm_balance("USDT", crossMarginBorrowed="100")
        (result,) = told(portfolio_folder(PortfolioRows([row], rates=RATES, prices=PRICES))).results().values()
        assert result.initial_margin is None

    def test_span_requires_of_a_loan_what_the_venue_said_of_the_whole(self) -> None:
        rows = PortfolioRows([pm_balance("BTC", 1.0, crossMarginBorrowed="0.5")], rates=RATES, prices=PRICES)
        account = told(pro_folder(rows, span=True, accountMaintMargin="450.5"))
        (pool,), (result,) = account.pools.values(), account.results().values()
        assert result.maintenance_margin == 450.5
        assert pool.reasons == ("SPAN: the venue's own maintenance margin, held still between its answers",)


class TestTiers:
    def steps(self, *cums: str | None) -> list[Row]:
        found: list[Row] = []
        for (floor, rate), cum in zip((("0", "1"), ("1000", "0.9"), ("5000", "0.5")), cums, strict=True):
            found.append({"tierFloor": floor, "collateralRate": rate} | ({} if cum is None else {"cum": cum}))
        return found

    @pytest.mark.parametrize("cums", [("0", "100", "2100"), ("0.0000", "100.0000", "2100.0000"), (None, None, None)])
    def test_cum_that_makes_the_tiers_continuous_says_nothing_new(self, cums: tuple[str | None, ...]) -> None:
        bad: list[Any] = []
        collateral(raw([{"asset": "BTC", "collateralInfo": self.steps(*cums)}]), ACCOUNT, NOW, bad)
        assert bad == []

    @pytest.mark.parametrize("cums", [("0", "0", "0"), ("0", "100", "2000"), ("5", "105", "2105")])
    def test_cum_that_does_not_is_named_and_the_tiers_count_unit_by_unit(self, cums: tuple[str, ...]) -> None:
        bad: list[Any] = []
        loaded = collateral(raw([{"asset": "BTC", "collateralInfo": self.steps(*cums)}]), ACCOUNT, NOW, bad)
        assert dict(loaded.terms)["BTC"].steps == ((0.0, 1.0), (1000.0, 0.9), (5000.0, 0.5))
        assert [problem.row for problem in bad] == ["rate BTC"]


def test_a_coin_contract_that_no_list_has_is_inverse_and_settles_in_its_coin() -> None:
    """100 contracts of 100 USD, bought at 40 000 and now at 50 000: 10 000 (1/40 000 - 1/50 000) = 0.05 BTC."""
    files = coin_folder(
        coin_position("BTCUSD_261225", 100, 40000.0, 50000.0),
        wallets={"BTC": 1.0},
        brackets=[coin_brackets("BTCUSD_261225", (0, 0.01, 0))],
        listed=[],
    )
    account = told(files)
    (position,) = account.account.positions.values()
    assert position.margin_asset == "BTC"
    result = account.results()["cross:BTC"]
    assert (result.equity, result.maintenance_margin) == pytest.approx((1.05, 0.01 * 10000.0 / 50000.0))
