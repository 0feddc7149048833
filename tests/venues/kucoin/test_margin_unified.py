"""The unified account as one pool in USD: coins through their discounts, the venue's tiers, and what is not known."""

from __future__ import annotations

import pytest

from monitor.domain.tiers import TierBy
from tests.venues.kucoin.support import Row, contract, order, told, unified

XBT = contract("XBTUSDTM", 0.001)
TIERS = [
    {"symbol": "XBTUSDTM", "tier": 1, "minSize": "0", "maxSize": "250000", "maintainMarginRate": "0.004"},
    {"symbol": "XBTUSDTM", "tier": 2, "minSize": "250000", "maxSize": "600000", "maintainMarginRate": "0.005"},
]


def held(lots: int, mark: float, **more: object) -> Row:
    value = abs(lots) * 0.001 * mark
    return {
        "symbol": "XBTUSDTM",
        "marginMode": "CROSS",
        "size": str(lots),
        "entryPrice": str(mark),
        "markPrice": str(mark),
        "positionValue": str(value),
        "unrealizedPnL": "0",
        "leverage": "10",
        "mmr": "0.004",
        "maintenanceMargin": str(value * 0.004),
        "creationTime": 1768215804921000000,
        **more,
    }


def coin(currency: str, balance: str, **more: object) -> Row:
    return {"currency": currency, "balance": balance, "equity": balance, "liability": "0", "hold": "0", **more}


def resting(side: str, lots: int, price: float) -> Row:
    row = order("XBTUSDTM", side, lots, price)
    return {
        "orderId": row["id"],
        "symbol": "XBTUSDTM",
        "side": side.upper(),
        "size": str(lots),
        "price": str(price),
        "filledSize": "0",
    }


OVERVIEW = {"riskRatio": "0.046", "adjustedEquity": "10000", "mm": "400", "im": "10000", "availableMargin": "0"}


def test_the_risk_ratio_is_maintenance_and_closing_fees_over_adjusted_equity() -> None:
    found = told(unified(OVERVIEW, [held(1000, 100_000.0)], [coin("USDT", "10000")], [XBT], tiers=TIERS))
    compared = found.compared("multi-assets")
    assert compared.disagreements == ()
    assert compared.drift["ratio"] == pytest.approx(0.0, abs=1e-12)
    assert compared.drift["maintenance_margin"] == pytest.approx(0.0, abs=1e-12)
    assert "risk ratio 1 is assumed" in found.pool("multi-assets").reasons[0]


def test_a_tier_holds_for_the_whole_size_and_no_curve_of_a_classic_account_does() -> None:
    found = told(unified({}, [held(4000, 100_000.0, mmr="0.005")], [coin("USDT", "100000")], [XBT], tiers=TIERS))
    (leg,) = found.pool("multi-assets").legs
    assert leg.tiers is not None
    assert leg.tiers.by is TierBy.NOTIONAL
    assert found.result("multi-assets").maintenance_margin == pytest.approx(400_000 * 0.0056)


def test_orders_move_a_position_into_another_tier() -> None:
    orders = [resting("buy", 1000, 100_000.0)]
    found = told(unified(OVERVIEW, [held(2000, 100_000.0)], [coin("USDT", "100000")], [XBT], orders, TIERS))
    result = found.result("multi-assets")
    with_orders = result.stages["orders-cancelled"].value
    assert with_orders is not None
    assert with_orders * 0.95 == pytest.approx(300_000 * 0.0056 / (100_000 - 60), rel=1e-9)
    assert result.maintenance_margin == pytest.approx(200_000 * 0.0046)


def test_without_tiers_the_venues_own_rate_is_used_and_said() -> None:
    found = told(unified(OVERVIEW, [held(1000, 100_000.0, mmr="0.006")], [coin("USDT", "10000")], [XBT]))
    assert any("0.006" in why for why in found.pool("multi-assets").reasons)
    assert found.result("multi-assets").maintenance_margin == pytest.approx(100_000 * 0.0066)


def test_coins_count_through_their_bands_and_what_is_not_listed_counts_nothing() -> None:
    discounts = [
        {
            "currency": "BTC",
            "cdrConfigs": [{"min": "0", "max": "1", "cdr": "0.98"}, {"min": "1", "max": "2", "cdr": "0.9"}],
        }
    ]
    listed = [XBT, contract("XBTUSDM", -1, indexPrice=100_000.0)]
    coins = [coin("BTC", "3"), coin("SHADY", "1000")]
    found = told(unified({}, coins=coins, contracts=listed, discounts=discounts))
    # The last band ends at 2: what lies beyond counts nothing.
    assert found.result("multi-assets").equity == pytest.approx(100_000 * (0.98 + 0.9))
    assert any("SHADY is not in the venue's list" in why for why in found.pool("multi-assets").reasons)


def test_a_debt_is_taken_off_and_what_it_asks_for_is_said_to_be_unknown() -> None:
    found = told(unified({}, coins=[coin("USDT", "100", liability="400"), coin("USDC", "1000")]))
    assert found.result("multi-assets").equity == pytest.approx(700.0)
    assert any("what the venue asks for a loan is not published" in why for why in found.pool("multi-assets").reasons)


def test_without_the_coins_the_adjusted_equity_is_held_but_for_profit() -> None:
    found = told(unified(OVERVIEW, [held(1000, 100_000.0)], None, [XBT], tiers=TIERS))
    assert found.result("multi-assets").equity == pytest.approx(10_000.0)
    assert found.result("multi-assets", XBTUSDTM=101_000.0).equity == pytest.approx(11_000.0)
    assert any("the account's coins were not read" in why for why in found.pool("multi-assets").reasons)


def test_whether_balances_hold_profit_can_be_set() -> None:
    row = held(1000, 100_000.0, entryPrice="99000", unrealizedPnL="1000")
    found = told(unified(OVERVIEW, [row], [coin("USDT", "10000")], [XBT], tiers=TIERS))
    assert found.result("multi-assets").equity == pytest.approx(11_000.0)
    assert found.having(unified_balance_with_profit=1.0).result("multi-assets").equity == pytest.approx(10_000.0)


def test_the_threshold_can_be_set() -> None:
    found = told(unified(OVERVIEW, [held(1000, 100_000.0)], [coin("USDT", "10000")], [XBT], tiers=TIERS))
    assert found.result("multi-assets").ratio.value == pytest.approx(0.046)
    assert found.having(unified_threshold=0.9).result("multi-assets").ratio.value == pytest.approx(0.046 / 0.9)


def test_an_isolated_position_tells_its_margin_by_its_price() -> None:
    """The pushed short of 2026, and the same without a price: its initial margin is all there is."""
    row = held(
        -1, 4.243, symbol="TRUMPUSDTM", marginMode="ISOLATED", entryPrice="4.786", initialMargin="0.4786", mmr="0.012"
    )
    listed = [contract("TRUMPUSDTM", 0.1)]
    for printed, margin in (("9.395059599", (9.51343735 - 4.786) * 0.1), (None, 0.4786)):
        found = told(unified({}, [{**row, "liquidationPrice": printed}], [coin("USDT", "10")], listed))
        pool = found.pool("isolated:TRUMPUSDTM:short")
        assert pool.cash == pytest.approx(margin, rel=1e-8)
        assert "does not say an isolated position's margin" in pool.reasons[-1]


def test_an_account_with_nothing_in_it_is_no_pool() -> None:
    assert told(unified({"adjustedEquity": "0"}, coins=[])).description.pools == ()
