"""Margin where a rule is easily read wrong: hedges far away, paid sessions, settings of two legs, loans."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import SymbolConfig
from monitor.domain.events import AccountConfig
from monitor.sim.bybit import SimBybit
from monitor.sim.clock import ManualClock
from monitor.venues.bybit.state_rows import CoinRow, balance
from tests.sim.bybit.reading import assessed
from tests.venues.bybit.support import (
    T0,
    Seen,
    account_folder,
    coin,
    contract,
    fees,
    limits,
    listing,
    option_contract,
    order,
    position,
    seen,
    wallet,
)

TIERS = [*limits("BTCUSDT", (1e9, 0.005, "")), *limits("BTCPERP", (1e9, 0.005, ""))]


def cross(*rows: Any, where: str = "USDT", marks: dict[str, float] | None = None, **more: Any) -> Seen:
    given: dict[str, Any] = {
        "contracts": [contract("BTCUSDT", "BTC"), contract("BTCPERP", "BTC", "USDC")],
        "tiers": TIERS,
        "fee_rates": fees(BTCUSDT="0", BTCPERP="0.001"),
    } | more
    coins = given.pop("coins", (coin("USDT", 10_000), coin("USDC", 10_000)))
    return seen(
        account_folder("REGULAR_MARGIN", wallet(*coins), positions={where: rows}, **given),
        marks=marks,
        assets={"USDT": 1.0},
    )


def test_the_legs_of_a_hedge_keep_their_share_wherever_the_mark_goes() -> None:
    """At 100 000 the legs would ask for 150 and 50 by themselves, and the venue asks for 100 and 10."""
    legs = [
        position("BTCUSDT", 0.3, "100000", "100000", positionIdx=1, positionMM="100"),
        position("BTCUSDT", -0.1, "100000", "100000", positionIdx=2, positionMM="10"),
    ]
    for mark, asked in ((100_000.0, 110.0), (50_000.0, 55.0), (200_000.0, 220.0), (60_000.0, 66.0)):
        result = cross(*legs, marks={"BTCUSDT": mark}).results["multi-assets"]
        assert result.maintenance_margin == pytest.approx(asked), mark


def test_the_fee_to_close_goes_by_the_price_of_opening_and_profit_by_that_of_the_session() -> None:
    """Opened at 50 000, paid out up to 100 000: 1 BTC in USDC, 10x, 0.1 % of 50 000 (1 - 1/10)."""
    row = position("BTCPERP", 1.0, "50000", "101000", sessionAvgPrice="100000", positionValue="50000")
    result = cross(row, where="USDC").results["multi-assets"]
    assert result.equity == pytest.approx(21_000)
    assert result.maintenance_margin == pytest.approx(0.005 * 101_000 + 45)
    assert result.initial_margin == pytest.approx(101_000 / 10 + 45)


def test_after_a_session_was_paid_ours_is_still_the_simulated_venues() -> None:
    sim = SimBybit(clock=ManualClock(1_795_000_000.0), quiet=True, paced=False, network=False)
    account = sim.add_account("main", wallets={"USDC": 50_000.0})
    account.trade("BTCPERP", 0.5)
    before = account.prices().mark("BTCPERP")
    sim.market.set_mark("BTCPERP", 1.4 * before)
    account.settle_session("BTCPERP")
    sim.market.set_mark("BTCPERP", 1.41 * before)
    (pool,) = assessed(sim).pools
    assert abs(pool.drift["maintenance_margin"]) < 1e-6
    assert abs(pool.drift["equity"]) < 1e-6


def told(found: Seen) -> SymbolConfig:
    config = next(event for event in found.events if isinstance(event, AccountConfig))
    return config.symbols[0]


@pytest.mark.parametrize(
    ("first", "second", "adds"), [(1, 1, True), (0, 0, False), (1, 0, None), (0, 1, None), ("", 1, None)]
)
def test_legs_that_differ_in_adding_margin_have_no_setting_of_the_symbol(
    first: object, second: object, adds: bool | None
) -> None:
    rows = [
        position("BTCUSDT", 0.3, "100000", "100000", positionIdx=1, autoAddMargin=first),
        position("BTCUSDT", -0.1, "100000", "100000", positionIdx=2, autoAddMargin=second),
    ]
    assert told(cross(*rows)).auto_add_margin is adds


def test_what_long_options_are_worth_keeps_no_loan_from_asking_once() -> None:
    """Cross: wallet 0, a loss of 50, options of 50. The venue lends 50 for the loss, and options do not back it."""
    usdt = coin("USDT", "0", equity="0", usdValue="0", unrealisedPnl="-50", borrowAmount="50")
    row = position("BTCUSDT", 0.1, "100000", "99500")
    found = cross(row, coins=(usdt, coin("USDC", 10_000)))
    pool = found.description.pools[0]
    assert pool.debts == (), "the holding itself stands below zero, and asks for the loan"
    assert found.results["multi-assets"].maintenance_margin == pytest.approx(0.005 * 9_950 + 0.04 * 50)


def test_a_loan_beside_what_is_held_asks_for_its_initial_margin_too() -> None:
    usdt = coin("USDT", "15000", spotBorrow="5000", borrowAmount="5000", equity="10000", usdValue="10000")
    result = cross(coins=(usdt,)).results["multi-assets"]
    assert result.maintenance_margin == pytest.approx(0.04 * 5_000)
    assert result.initial_margin == pytest.approx(0.2 * 5_000)


def test_in_hedge_mode_an_order_stands_in_the_tier_of_its_own_side() -> None:
    """15 BTC long and 15 short at 100 000: an order for 1 more of the long side is in its tier, not in that of both."""
    tiers = limits("BTCUSDT", (2e6, 0.005, ""), (1e9, 0.01, "10000"))
    legs = [
        position("BTCUSDT", 15.0, "100000", "100000", positionIdx=1, positionMM="7500"),
        position("BTCUSDT", -15.0, "100000", "100000", positionIdx=2, positionMM="7500"),
    ]
    buy = order("a", "BTCUSDT", 1.0, "100000", positionIdx=1)
    found = cross(*legs, orders={"USDT": [buy]}, tiers=tiers, coins=(coin("USDT", 1_000_000),))
    result = found.results["multi-assets"]
    assert result.maintenance_margin == pytest.approx(15_000)
    assert result.stages["orders-cancelled"].value == pytest.approx(15_500 / 1_000_000)


@pytest.mark.parametrize(("printed", "factor"), [("224", 0.06), ("", 0.03), ("10", 0.03), ("9000", 0.03)])
def test_an_options_factor_that_no_document_gives_is_read_out_of_the_venues_figure(printed: str, factor: float) -> None:
    """Ten short calls at an index of 200, each worth 10: 10 (0.06 x 200 + 10 + 0.2 % of 200) = 224."""
    name = "SOL-30DEC26-200-C-USDT"
    files = {
        "v5_market_instruments-info__category=option.json": listing(
            option_contract(name, "SOL", "USDT", T0 + 40 * 86_400)
        ),
        "v5_market_tickers__category=option.json": listing(
            {"symbol": name, "markPrice": "10", "markIv": "0.8", "underlyingPrice": "200"}, category="option"
        ),
    }
    found = cross(position(name, -10.0, "12", "10", "", positionMM=printed), where="option", more=files)
    result = found.results["multi-assets"]
    assert result.maintenance_margin == pytest.approx(10 * (factor * 200 + 10 + 0.4))
    assert "of SOL options" in found.description.pools[0].reasons[0]


def test_what_floats_leave_of_a_loan_that_lies_there_whole_is_not_missing() -> None:
    """0.3 less a debt of 0.1 + 0.2, as a sum of floats prints it; the smallest unit of a coin is missing."""
    whole, short = (
        balance(CoinRow(coin="USDT", walletBalance=held, spotBorrow="0.30000000000000004")).cross_wallet
        for held in ("0.3", "0.29999999")
    )
    assert whole == 0.0
    assert short == pytest.approx(-1e-8)
