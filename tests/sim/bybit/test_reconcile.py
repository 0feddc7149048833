"""The monitor's kernel against the simulator's own arithmetic: two programs that share no formula agree on every pool.

An account that trades at random is read through the venue's words (its raw answers) and computed by the engine; the
drift of each figure is no more than the venue's rounding, and than what the documents leave open says it may be.
"""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport
from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.leaving import may_leave
from monitor.sim.bybit.traders import RandomTrader
from monitor.sim.clock import ManualClock
from tests.sim.bybit.reading import assessed

NOW = 1_795_000_000.0
WALLETS = {"USDT": 6_000.0, "USDC": 3_000.0, "BTC": 0.1, "ETH": 1.0}
ROUNDING = 1e-6
COIN_ROUNDING = 1e-3  #: margins of inverse positions have eight decimals of a coin
FORWARD = 5e-3  #: options' margins go by the index there, by the forward here
ESTIMATE = 0.01  #: a cross line: with what resting orders need, or without it


def traded(mode: MarginMode, seed: int, *, orders: float = 0.0, options: float = 0.0) -> tuple[SimBybit, SimAccount]:
    """A venue with an account that has traded at random for three hours."""
    sim = SimBybit(clock=ManualClock(NOW), seed=seed, paced=False, network=False)
    account = sim.add_account("main", mode=mode, wallets=WALLETS)
    trader = RandomTrader(account, seed=seed, eagerness=0.5, orders_share=orders, options_share=options)
    sim.traders.append(trader)
    for _ in range(36):
        sim.tick(300.0)
    assert account.open_positions(), "a seed without positions proves nothing"
    return sim, account


def drift(pool: PoolReport, figure: str) -> float:
    return abs(pool.drift[figure])


def lines_agree(report: AccountReport, tolerance: float) -> int:
    """How many lines were printed; each agrees."""
    compared = 0
    for pool in report.pools:
        for position in pool.positions:
            ours, theirs = position.line, position.venue_line
            if theirs.state is State.AT:
                compared += 1
                assert ours.state is State.AT, (position.symbol, position.side)
                assert ours.price == pytest.approx(theirs.price, rel=tolerance), (position.symbol, position.side)
    return compared


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_isolated_position_agrees_with_the_venues(seed: int) -> None:
    sim, account = traded(MarginMode.ISOLATED, seed)
    for position in account.open_positions()[:2]:
        account.add_margin(position.symbol, round(0.2 * account.book().initial(position), 6))
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    isolated = [pool for pool in report.pools if pool.key.pool.startswith("isolated:")]
    assert len(isolated) == len(account.open_positions())
    for pool in isolated:
        assert drift(pool, "maintenance_margin") < COIN_ROUNDING, pool.key.pool
    assert lines_agree(report, ROUNDING) > len(isolated) // 2


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_cross_account_of_contracts_agrees(seed: int) -> None:
    sim, _ = traded(MarginMode.CROSS, seed)
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    (pool,) = report.pools
    assert drift(pool, "equity") < ROUNDING
    assert drift(pool, "maintenance_margin") < ROUNDING
    assert drift(pool, "ratio") < ROUNDING
    assert drift(pool, "line") < ESTIMATE


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_so_does_one_with_resting_orders(seed: int) -> None:
    sim, account = traded(MarginMode.CROSS, seed, orders=0.3)
    assert account.holdings.orders
    (pool,) = assessed(sim).pools
    assert drift(pool, "equity") < ROUNDING
    assert drift(pool, "ratio") < ROUNDING


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_so_does_one_with_options(seed: int) -> None:
    sim, account = traded(MarginMode.CROSS, seed, options=0.4)
    assert any(position.symbol in sim.options for position in account.open_positions())
    (pool,) = assessed(sim).pools
    assert drift(pool, "equity") < ROUNDING
    assert drift(pool, "maintenance_margin") < FORWARD


@pytest.mark.parametrize("seed", [2])
def test_a_portfolio_margin_account_agrees(seed: int) -> None:
    sim, _ = traded(MarginMode.PORTFOLIO, seed, options=0.4)
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    (pool,) = report.pools
    assert drift(pool, "equity") < ROUNDING
    assert drift(pool, "maintenance_margin") < ROUNDING
    assert drift(pool, "ratio") < ROUNDING


@pytest.mark.parametrize("quantity", [0.5, -0.5])
def test_the_line_of_a_cross_account_with_one_position_is_the_venues(quantity: float) -> None:
    sim = SimBybit(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    sim.add_account("main", wallets={"USDT": 6_000.0}).trade("BTCUSDT", quantity, leverage=50.0)
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    assert lines_agree(report, ROUNDING) == 1


def test_a_coin_that_is_missing_is_a_loan_at_both() -> None:
    sim = SimBybit(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    account = sim.add_account("main", wallets={"USDT": 20_000.0})
    account.trade_spot("SOLUSDT", -50.0)
    account.trade("BTCUSD", -5_000.0)
    (pool,) = assessed(sim).pools
    assert account.book().totals.maintenance > 400.0
    assert drift(pool, "equity") < ROUNDING
    assert drift(pool, "ratio") < ROUNDING


def test_both_legs_of_a_hedge_are_taken_as_the_venue_counts_them() -> None:
    sim = SimBybit(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    account = sim.add_account("main", wallets={"USDT": 20_000.0})
    account.set_hedge("BTCUSDT", True)
    account.trade("BTCUSDT", 0.5, side="LONG")
    account.trade("BTCUSDT", -0.3, side="SHORT")
    (pool,) = assessed(sim).pools
    assert drift(pool, "equity") < ROUNDING
    assert drift(pool, "maintenance_margin") < ROUNDING


@pytest.mark.parametrize("against", [False, True])
def test_orders_of_a_leg_open_or_close_at_both(against: bool) -> None:
    sim = SimBybit(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    account = sim.add_account("main", wallets={"USDT": 20_000.0})
    account.set_hedge("BTCUSDT", True)
    account.trade("BTCUSDT", 0.5, side="LONG")
    account.place_order("BTCUSDT", -0.3 if against else 0.3, 110_000.0 if against else 90_000.0, side="LONG")
    (pool,) = assessed(sim).pools
    assert drift(pool, "ratio") < ROUNDING


def test_a_loan_that_is_kept_in_the_wallet_asks_for_its_margin_at_both() -> None:
    sim = SimBybit(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    sim.add_account("main", wallets={"USDT": 20_000.0}).borrow("USDT", 5_000.0)
    (pool,) = assessed(sim).pools
    assert drift(pool, "maintenance_margin") < ROUNDING


def test_an_open_spot_order_costs_the_same_at_both() -> None:
    sim = SimBybit(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
    account = sim.add_account("main", wallets={"USDT": 20_000.0, "BTC": 0.1})
    account.trade("BTCUSDT", 0.5)
    account.place_order("BTCUSDT", 0.1, 90_000.0, spot=True)
    (pool,) = assessed(sim).pools
    assert drift(pool, "equity") < ROUNDING
    assert drift(pool, "ratio") < ROUNDING


@pytest.mark.parametrize("mode", list(MarginMode))
def test_what_may_leave_is_known_in_every_mode(mode: MarginMode) -> None:
    sim, account = traded(mode, 2)
    report = assessed(sim)
    worths = [may_leave(account.book(), coin) * sim.prices().usd_index(coin) for coin in WALLETS]
    expected = sum(worths) if mode is MarginMode.ISOLATED else max(worths)
    assert report.withdrawable_usd == pytest.approx(expected, rel=1e-4)
