"""What is held against the venue's own figures, and how near it must come: an error of a tenth is never let pass."""

from __future__ import annotations

import pytest

from monitor.domain.events import BalanceChanged
from monitor.venues.kucoin import answers
from tests.venues.kucoin.support import (
    MS,
    T0,
    VENUE,
    Row,
    Told,
    answer,
    classic,
    contract,
    decoded,
    frame,
    order,
    overview,
    position,
    told,
)

XBT = contract("XBTUSDTM", 0.001, tickSize=0.1)
ETH = contract("ETHUSDTM", 0.01, m=4110.0, mmrLevConstant=100.0, tickSize=0.1)
NAME = "isolated:ETHUSDTM:long"


def alone(printed: float, margin: float = 30.0, lots: int = 10) -> Told:
    """A long of ETHUSDTM from 3 000, ten times as large as its margin."""
    row = position(
        "ETHUSDTM", lots, 3000.0, 3000.0, marginMode="ISOLATED", maintMarginReq=0.005, posMargin=margin,
        liquidationPrice=printed, unrealisedPnl=0, posMaint=300 * 0.0056,
    )  # fmt: skip
    return told(classic([row], [overview("USDT", 500.0)], [ETH]))


def line(margin: float = 30.0, fee: float = 0.0006) -> float:
    return (300.0 - margin) / (0.1 * (1 - 0.005 - fee))


def test_a_price_with_a_coarse_tick_tells_no_fee_and_is_shown_where_it_differs() -> None:
    found = alone(line(fee=0.0016))
    (leg,) = found.pool(NAME).legs
    assert leg.fee_rate == 0.0006
    assert found.compared(NAME).drift["line"] == pytest.approx(line() / line(fee=0.0016) - 1, rel=0.2)


def test_the_venues_own_price_agrees_to_its_tick() -> None:
    assert alone(line()).compared(NAME).disagreements == ()
    assert alone(line() + 0.1).compared(NAME).disagreements == ()


@pytest.mark.parametrize("wrong", [0.9, 0.95, 1.05, 1.1])
def test_a_margin_that_is_off_by_a_twentieth_is_shown(wrong: float) -> None:
    found = alone(line(), margin=30.0 * wrong)
    assert any("liquidation price" in why for why in found.compared(NAME).disagreements)


def shared(ratio: float, *, more: tuple[Row, ...] = (), orders: tuple[Row, ...] = ()) -> Told:
    row = position(
        "XBTUSDTM", 100, 60000.0, 60000.0, unrealisedPnl=0, markValue=6000, posMaint=6000 * (1 + 1 / 3000) / 250
    )
    return told(classic([row, *more], [overview("USDT", 1000.0, riskRatio=ratio)], [XBT, ETH], orders))


@pytest.mark.parametrize("wrong", [0.9, 1.0, 1.1])
def test_a_risk_rate_that_is_off_by_a_tenth_is_shown(wrong: float) -> None:
    asked = 6000 * ((1 + 1 / 3000) / 250 + 0.0006)
    found = shared(asked / 1000 * wrong).compared("cross:USDT")
    assert (found.disagreements == ()) is (wrong == 1.0)


@pytest.mark.parametrize("wrong", [0.9, 1.0, 1.1])
def test_with_orders_the_risk_rate_of_orders_is_compared(wrong: float) -> None:
    resting = order("XBTUSDTM", "buy", 100, 60000.0)
    asked = 12000 * ((1 + 2 / 3000) / 250 + 0.0006)
    found = shared(asked / (1000 - 3.6) * wrong, orders=(resting,)).compared("cross:USDT")
    assert (found.disagreements == ()) is (wrong == 1.0)


def test_a_currency_whose_cross_part_is_not_known_is_a_pool_all_the_same() -> None:
    """It would vanish, and nobody would be told."""
    row = position("ETHUSDTM", 10, 3000.0, 3000.0, marginMode="ISOLATED", maintMarginReq=0.005)
    found = told(classic([row], [overview("USDT", 500.0)], [ETH]))
    assert found.account.balances["USDT"].cross_wallet is None
    assert found.pool("cross:USDT").unknown == ("no wallet of USDT in the account",)


def test_the_reference_price_of_a_single_cross_position_is_compared_exactly() -> None:
    """Among several positions it may lie 2 % off."""
    asked = 1 - ((1 + 1 / 3000) / 250 + 0.0006)
    ours = (6000 - 1000) / (0.1 * asked)
    for printed, fits in ((ours, True), (ours * 1.001, True), (ours * 1.02, False), (ours * 0.98, False)):
        row = position("XBTUSDTM", 100, 60000.0, 60000.0, unrealisedPnl=0, markValue=6000, liquidationPrice=printed)
        found = told(classic([row], [overview("USDT", 1000.0)], [XBT]))
        assert (found.compared("cross:USDT").disagreements == ()) is fits
        (said,) = found.pool("cross:USDT").venue.lines
        assert said.tolerance == pytest.approx(1e-4)


@pytest.mark.parametrize("mode", ["CROSS", "ISOLATED"])
def test_a_short_whose_price_lies_beyond_the_highest_is_one_without_a_price(mode: str) -> None:
    """Ours would be at 1.3 million; the contract ends at one million, and that is what the venue prints for «none»."""
    row = position(
        "ETHUSDTM", -1, 3000.0, 3000.0, marginMode=mode, posMargin=13_000.0, liquidationPrice=1_000_000,
        maintMarginReq=0.005, unrealisedPnl=0, markValue=-30,
    )  # fmt: skip
    wallet = 13_000.0 if mode == "CROSS" else 26_000.0
    found = told(classic([row], [overview("USDT", wallet)], [{**ETH, "m": None}]))
    name = "cross:USDT" if mode == "CROSS" else "isolated:ETHUSDTM:short"
    assert found.pool(name).venue.lines
    assert found.compared(name).disagreements == ()


def test_nothing_is_compared_where_both_sides_of_a_contract_are_held() -> None:
    rows = [
        position(
            "XBTUSDTM",
            lots,
            60000.0,
            60000.0,
            positionSide=side,
            liquidationPrice=55000.0,
            markValue=6 * lots,
            unrealisedPnl=0,
        )
        for lots, side in ((1000, "LONG"), (-900, "SHORT"))
    ]
    other = position(
        "ETHUSDTM", 10, 3000.0, 3000.0, positionSide="LONG", liquidationPrice=2000.0, markValue=300, unrealisedPnl=0
    )
    found = told(classic([*rows, other], [overview("USDT", 500.0)], [XBT, ETH], hedge=True))
    assert found.pool("cross:USDT").venue.lines == ()


@pytest.mark.parametrize("ratio", ["1", "1.5", "0", "-1", "", "n/a"])
def test_a_debt_ratio_of_liquidation_that_is_none_is_not_believed(ratio: str) -> None:
    """At one and more nothing would ever be asked for a loan."""
    rows = [{"symbol": "DOGE-USDT", "maxLeverage": 5, "flDebtRatio": ratio}]
    assert answers.loans(None, answer(rows), VENUE, T0).loans == ()
    config = answer({"maxLeverage": 5, "warningDebtRatio": "0.95", "liqDebtRatio": ratio})
    assert answers.loans(config, None, VENUE, T0).loans == ()


def test_the_pushed_wallet_brings_the_venues_own_cross_margin() -> None:
    data = {"currency": "XBT", "walletBalance": "3", "isolatedPosMargin": "1", "isolatedOrderMargin": "0.5"}
    data |= {"holdBalance": "0.25", "crossUnPnl": "-0.125", "totalCrossMargin": "1.125", "timestamp": str(MS)}
    (event,) = decoded(frame("/contractAccount/wallet", "walletBalance.change", data)).events
    assert isinstance(event, BalanceChanged)
    assert event.row is not None
    assert (event.asset, event.wallet, event.cross_wallet, event.venue_time) == ("BTC", 3.0, 1.25, T0)
    assert (event.row.venue_margin_balance, event.row.venue_cross_unrealized_pnl) == (1.125, -0.125)
