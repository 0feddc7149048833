"""Portfolio margin where a reading is old or silent: what is held is said, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from monitor.domain.accounts import CollateralMode
from monitor.margin.pool import LIQUIDATION
from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.clock import ManualClock
from monitor.venues.bybit.account_answers import account_snapshot
from monitor.venues.bybit.risk_answers import Risk
from tests.sim.bybit.reading import assessed
from tests.venues.bybit.support import (
    ACCOUNT,
    FULL_RATIOS,
    T0,
    Seen,
    account_folder,
    answer,
    coin,
    contract,
    order,
    position,
    ratios,
    seen,
    wallet,
)

MOVES = (-0.1, -0.05, 0.0, 0.05, 0.1)
BTC_COUNTS = ratios("BTC", ("0", "", "0.95"))


def scenarios(base: str = "BTC", quantity: float = 0.25, index: float = 100_000.0, beside: float = 100.0) -> bytes:
    """One unit with a contract of `quantity`: the worst loss, and `beside` it."""
    points = [{"priceScale": str(move), "pnls": [f"{quantity * index * move:.4f}"]} for move in MOVES]
    required = abs(quantity) * index * 0.1 + beside
    unit = {
        "baseCoin": base,
        "totalPnlRanges": {"ALL": {"pnlRanges": points}, "PERPETUAL": {"pnlRanges": points}},
        "perpPositionPnlRanges": [{"position": str(quantity), "settleCoin": "USDT", "pnlRanges": points}],
        "contingency": {"contingencyComponents": str(beside)},
        "asset": {"assetIM": str(1.2 * required), "assetMM": str(required)},
    }
    return answer({"wallet": {}, "assetPnlRange": [unit]})


def held(
    *,
    told: bytes | None = None,
    orders: tuple[Any, ...] = (),
    symbol: str = "BTCUSDT",
    base: str = "BTC",
    assets: dict[str, float] | None = None,
    totals: Mapping[str, object] | None = None,
    usdt: dict[str, Any] | None = None,
) -> Seen:
    files = account_folder(
        "PORTFOLIO_MARGIN",
        wallet(usdt or coin("USDT", 20_000), **(totals or {})),
        positions={"USDT": [position(symbol, 0.25, "100000", "100000", "", riskId=0)]},
        orders={"USDT": orders},
        contracts=[contract(symbol, base)],
        collateral=[*FULL_RATIOS, BTC_COUNTS],
        more={"v5_asset_portfolio-margin.json": told or scenarios(base)},
    )
    return seen(files, assets={"BTC": 100_000.0} if assets is None else assets)


def reasons(found: Seen) -> str:
    return " / ".join(found.description.pools[0].reasons)


def test_what_is_put_together_and_moves_is_said_without_a_reason() -> None:
    assert reasons(held()) == ""


def test_much_that_stands_beside_the_scenarios_is_held_and_said() -> None:
    found = held(told=scenarios(beside=1_000.0))
    assert found.only().maintenance_margin == pytest.approx(3_500.0)
    assert "much of what the venue requires stands beside the worst losses" in reasons(found)


@pytest.mark.parametrize(("seconds", "said"), [(5.0, True), (0.3, False), (-60.0, False)])
def test_a_position_that_changed_after_the_reading_is_said(seconds: float, said: bool) -> None:
    """A hedge leg that was closed a second ago leaves a requirement of the hedged book."""
    row = position("BTCUSDT", 0.25, "100000", "100000", "", riskId=0, updatedTime=str(int((T0 + seconds) * 1000)))
    files = account_folder(
        "PORTFOLIO_MARGIN",
        wallet(coin("USDT", 20_000)),
        positions={"USDT": [row]},
        contracts=[contract("BTCUSDT", "BTC")],
        collateral=[*FULL_RATIOS, BTC_COUNTS],
        more={"v5_asset_portfolio-margin.json": scenarios()},
    )
    assert ("a position changed after the venue's scenarios were read" in reasons(seen(files))) is said


def test_scenarios_of_a_coin_whose_price_the_venue_does_not_tell_stand_still() -> None:
    """Spot pairs tell USD prices of collateral alone, and contracts that of what is held."""
    found = held(told=scenarios("XYZ"), totals={"totalMaintenanceMargin": "2600"})
    pool = found.description.pools[0]
    assert pool.grids == ()
    assert pool.constant_requirement == pytest.approx(2_600.0)
    assert "the venue tells no USD price of XYZ" in reasons(found)


def test_scenarios_of_a_coin_without_a_pair_move_with_the_index_of_the_contract_held() -> None:
    found = held(told=scenarios("XYZ"), symbol="XYZUSDT", base="XYZ", assets={"USDT": 1.0, "XYZ": 100_000.0})
    assert [grid.asset for grid in found.description.pools[0].grids] == ["XYZ"]
    assert reasons(found) == ""
    assert found.only().ratio.value == pytest.approx(0.13)


def test_orders_cost_what_they_would_lose_until_they_are_cancelled() -> None:
    found = held(orders=(order("a", "BTCUSDT", 0.1, "101000"),))
    pool, result = found.description.pools[0], found.only()
    assert [stage.name for stage in pool.stages][:2] == ["orders-cancelled", LIQUIDATION]
    assert pool.venue.ratio_stage == "orders-cancelled"
    assert result.ratio.value == pytest.approx(2_600 / 20_000)
    assert result.stages["orders-cancelled"].value == pytest.approx(2_600 / 19_900)
    assert "resting orders" in reasons(found)


def test_orders_that_are_nothing_are_not_mentioned() -> None:
    assert reasons(held(orders=(order("a", "BTCUSDT", 0.1, "101000", leavesQty="0"),))) == ""


def test_orders_cost_the_same_at_the_simulated_venue() -> None:
    sim = SimBybit(clock=ManualClock(1_795_000_000.0), quiet=True, paced=False, network=False)
    account = sim.add_account("main", mode=MarginMode.PORTFOLIO, wallets={"USDT": 3_000.0})
    account.trade("BTCUSDT", 0.2)
    account.place_order("BTCUSDT", 0.2, round(account.prices().mark("BTCUSDT") * 0.999, 1))
    account.place_order("BTCUSDT", -0.3, round(account.prices().mark("BTCUSDT") * 1.001, 1))
    sim.market.set_mark("BTCUSDT", account.prices().mark("BTCUSDT") * 0.99)
    (pool,) = assessed(sim).pools
    assert abs(pool.drift["ratio"]) < 1e-6


@pytest.mark.parametrize("inside", [False, True])
def test_whether_the_margin_balance_holds_the_options_is_read_from_the_wallet(inside: bool) -> None:
    """Options are worth 500 here: 20 000 in the wallet, no profit, and a free balance of 20 500 - 3000."""
    usdt = coin("USDT", "20000", equity="20500", usdValue="20500")
    totals = {
        "totalWalletBalance": 20_000,
        "totalPerpUPL": 0,
        "totalMarginBalance": 20_500 if inside else 20_000,
        "totalInitialMargin": 3_000,
        "totalAvailableBalance": 17_500,
    }
    found = held(usdt=usdt, totals=totals)
    pool = found.description.pools[0]
    assert found.account.mode.collateral is CollateralMode.PORTFOLIO
    assert pool.venue.equity == pytest.approx(20_500.0)
    assert pool.cash == 0.0, "what the options are worth is no haircut"


def test_a_margin_balance_that_differs_by_something_else_is_taken_as_it_is() -> None:
    usdt = coin("USDT", "20000", equity="20500", usdValue="20500")
    whole = wallet(usdt, totalWalletBalance=20_000, totalPerpUPL=0, totalMarginBalance=20_100)
    snapshot = account_snapshot(whole, (), (), ACCOUNT, T0, T0, risk=Risk((), T0))
    assert snapshot.venue.equity == 20_100.0


def test_an_initial_margin_that_is_not_told_is_unknown_and_not_zero() -> None:
    told = scenarios().replace(b'"assetIM": "3120.0"', b'"assetIM": ""')
    assert told != scenarios()
    result = held(told=told).only()
    assert result.initial_margin is None
    assert result.maintenance_margin == pytest.approx(2_600.0)
