"""Spot loans as pools: what is owed over what is held, for all pairs together and for each."""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from tests.venues.kucoin.support import answer, cross_loans, held, isolated_loans, margin_marks, pair, told


def test_a_loan_is_liquidated_at_97_percent_and_warned_of_at_95() -> None:
    """1000 DOGE and 10 USDT against 50 USDT: DOGE at (50 / 0.97 - 10) / 1000."""
    rows = pair("DOGE-USDT", "0.4545", held("DOGE", 1000), held("USDT", 10, 50))
    found = told(isolated_loans(rows, marks=margin_marks(DOGE=0.1)))
    result = found.result("margin:DOGE-USDT")
    assert result.coins["DOGE"].down.price == pytest.approx((50 / 0.97 - 10) / 1000, rel=1e-12)
    assert result.coins["DOGE"].up.state is State.NEVER
    at_warning = told(isolated_loans(rows, marks=margin_marks(DOGE=(50 / 0.95 - 10) / 1000))).result("margin:DOGE-USDT")
    assert at_warning.stages["margin-call"].value == pytest.approx(1.0)
    assert at_warning.ratio.value is not None
    assert at_warning.ratio.value < 1.0
    assert found.compared("margin:DOGE-USDT").drift["ratio"] == pytest.approx(50 / 110 / 0.4545 - 1, rel=1e-6)


def test_a_short_loan_is_liquidated_when_its_coin_rises() -> None:
    """P* = X Q / (d - X B) with 10 DOGE and 100 USDT against 500 DOGE."""
    rows = pair("DOGE-USDT", "0.5", held("DOGE", 10, 500, "0.5"), held("USDT", 100))
    result = told(isolated_loans(rows, marks=margin_marks(DOGE=0.1))).result("margin:DOGE-USDT")
    assert result.coins["DOGE"].up.price == pytest.approx(0.97 * 100 / (500 - 0.97 * 10), rel=1e-9)


def test_interest_counts_as_owed() -> None:
    rows = held("USDT", 100, "50.5", "0.5")
    (debt,) = told(cross_loans("0.5", rows, marks=margin_marks())).pool("margin").debts
    assert debt.amount == pytest.approx(50.5)


def test_all_pairs_together_are_one_pool_in_usd() -> None:
    coins = (held("BTC", 0.5), held("DOGE", 100_000), held("USDT", 1000, 20_000), held("ETH", 0))
    found = told(cross_loans(repr(20_000 / 41_000), *coins, marks=margin_marks(BTC=60_000.0, DOGE=0.1)))
    result = found.result("margin")
    assert result.equity == pytest.approx(21_000.0)
    assert found.compared("margin").drift["ratio"] == pytest.approx(0.0, abs=1e-9)
    assert found.compared("margin").disagreements == ()


def test_the_venue_says_at_which_ratio_and_a_pair_may_have_its_own() -> None:
    symbols = answer([{"symbol": "DOGE-USDT", "maxLeverage": 10, "flDebtRatio": "0.9"}])
    rows = [pair(name, "0.5", held(name[:4], 1000), held("USDT", 0, 50)) for name in ("DOGE-USDT", "SHIB-USDT")]
    found = told(isolated_loans(*rows, marks=margin_marks(DOGE=0.1, SHIB=0.1), symbols=symbols))
    assert found.pool("margin:DOGE-USDT").venue.loan_level == pytest.approx(1 / 0.9)
    assert found.pool("margin:SHIB-USDT").venue.loan_level == pytest.approx(1 / 0.97)
    assert found.having(loan_liquidation_ratio=0.98).pool("margin:SHIB-USDT").venue.loan_level == pytest.approx(
        1 / 0.98
    )


@pytest.mark.parametrize("value", [0.0, 1.0, -1.0, 5.0])
def test_a_number_that_cannot_be_meant_is_not_taken(value: float) -> None:
    rows = pair("DOGE-USDT", "0.5", held("DOGE", 1000), held("USDT", 0, 50))
    found = told(isolated_loans(rows, marks=margin_marks(DOGE=0.1))).having(loan_liquidation_ratio=value)
    assert found.pool("margin:DOGE-USDT").venue.loan_level == pytest.approx(1 / 0.97)


def test_margin_coefficients_are_said_until_somebody_finds_out() -> None:
    currencies = answer(
        [{"currency": "DOGE", "marginCoefficient": "0.8"}, {"currency": "USDT", "marginCoefficient": "1"}]
    )
    found = told(
        cross_loans("0.5", held("DOGE", 1000), held("USDT", 0, 50), marks=margin_marks(DOGE=0.1), currencies=currencies)
    )
    assert "margin coefficient of 0.8" in found.pool("margin").reasons[0]
    assert found.result("margin").equity == pytest.approx(50.0)
    counted = found.having(margin_coefficient=1.0)
    assert counted.result("margin").equity == pytest.approx(30.0)
    assert counted.pool("margin").reasons == ()


def test_without_a_debt_nothing_can_be_liquidated() -> None:
    found = told(cross_loans("0", held("BTC", 1), marks=margin_marks()))
    result = found.result("margin")
    assert result.ratio.value == 0.0
    assert result.coins == {} or all(one.down.state is State.NEVER for one in result.coins.values())
    assert found.compared("margin").disagreements == ()


def test_wallets_with_nothing_in_them_are_no_pools() -> None:
    rows = [pair("DOGE-USDT", "0", held("DOGE", 0), held("USDT", 0))]
    assert told(isolated_loans(*rows, marks=margin_marks())).description.pools == ()
    assert told(cross_loans("0", held("BTC", 0), marks=margin_marks())).description.pools == ()
