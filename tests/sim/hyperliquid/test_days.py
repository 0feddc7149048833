"""Days of the simulated Hyperliquid: an hour of them in a moment, the same from the same seed, money conserved."""

from __future__ import annotations

import asyncio

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.clock import ManualClock
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import Mode
from monitor.sim.hyperliquid.days import Days, worth_usd
from monitor.sim.hyperliquid.reading import Reading
from monitor.sim.hyperliquid.traders import RandomTrader
from tests.sim.hyperliquid.clients import still
from tests.sim.still import NOON, pass_time

STEPS = 1_500


def lived(seed: int) -> SimHyperliquid:
    """A venue after some 12 minutes of days without a rest."""
    sim = still(quiet=False, seed=seed, speed=60.0)
    for name, mode in (("s", Mode.STANDARD), ("u", Mode.UNIFIED), ("p", Mode.PORTFOLIO)):
        sim.add_account(name, mode=mode, wallets={"USDC": 10_000.0, "HYPE": 50.0})
    days = Days(sim, seed=seed)
    for _ in range(STEPS):
        pass_time(sim, 0.5)
        days.step()
    return sim


@pytest.fixture(scope="module")
def after() -> SimHyperliquid:
    return lived(3)


def test_people_trade_are_liquidated_and_come_back(after: SimHyperliquid) -> None:
    assert sum(len(account.fills) for account in after.accounts.values()) > 100
    assert after.keeper.events
    assert all(worth_usd(account) > 0.0 for account in after.accounts.values())
    assert any(name.startswith("H1") for name in after.board.perps)


def test_nobody_is_left_below_maintenance(after: SimHyperliquid) -> None:
    for account in after.accounts.values():
        if account.mode is Mode.PORTFOLIO:
            assert Reading(account).portfolio_ratio() <= 0.95
        elif account.positions:
            assert all(Reading(account).ratio(dex) <= 1.0 for dex in after.board.dexs if account.cross(dex))


def test_the_same_seed_lives_the_same_days(after: SimHyperliquid) -> None:
    again = lived(3)
    assert again.keeper.events == after.keeper.events
    assert {n: a.positions for n, a in again.accounts.items()} == {n: a.positions for n, a in after.accounts.items()}


def test_coins_are_shared_with_another_venue() -> None:
    binance = SimBinance(clock=ManualClock(NOON), quiet=True, paced=False, network=False)
    sim = still(market=binance.market)
    binance.market.crash(0.2, 1.0)
    binance.tick(1.0)
    sim.tick(1.0)
    assert sim.board.mark("BTC") == pytest.approx(binance.market.asset_usd("BTC"))
    assert sim.board.usdc("USDE") == 1.0
    assert sim.market.funding_left_seconds <= 3_600.0


def test_a_random_trader_stays_within_its_size() -> None:
    sim = still()
    account = sim.add_account("a", mode=Mode.UNIFIED, wallets={"USDC": 1e6, "USDE": 1e6})
    trader = RandomTrader(account=account, eagerness=1.0, most_usd=1_000.0)
    for _ in range(300):
        trader()
    assert all(abs(p.size) * sim.board.mark(p.coin) <= 4_100.0 for p in account.positions.values())


@pytest.mark.parametrize("mode", [Mode.STANDARD, Mode.UNIFIED, Mode.PORTFOLIO])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_random_trader_opens_nothing_that_there_is_no_margin_for(mode: Mode, seed: int) -> None:
    """Nobody lends for an isolated position: at prices that stand still nothing falls below zero."""
    sim = still()
    account = sim.add_account("p", mode=mode, wallets={"USDC": 20_000.0})
    trader = RandomTrader(account=account, seed=seed, eagerness=1.0, most_usd=30_000.0, isolated_share=0.7)
    for _ in range(400):
        trader()
        reading = Reading(account)
        assert all(reading.ratio(dex) <= 0.95 for dex in sim.board.dexs)
        assert reading.owed("USDC") == 0.0
    assert account.isolated()


def test_what_floats_leave_beside_isolated_positions_is_not_owed() -> None:
    """All of it in an isolated position: less than the smallest unit is missing, and the venue tells no ratio of it."""
    sim = still()
    account = sim.add_account("p", mode=Mode.PORTFOLIO, wallets={"USDC": 2e4})
    account.trade("SOL", 40.0, isolated=True, leverage=10)
    account.add_margin("SOL", Reading(account).available("USDC") + 2e-10)
    reading = Reading(account)
    assert reading.available("USDC") < 0.0
    assert (reading.owed("USDC"), reading.portfolio_ratio()) == (0.0, 0.0)


def test_a_loan_beside_isolated_positions_is_no_liquidation_and_is_paid_by_its_owner() -> None:
    sim = still()
    account = sim.add_account("p", mode=Mode.PORTFOLIO, wallets={"USDC": 20_000.0})
    days = Days(sim)
    account.trade("SOL", 40.0, isolated=True, leverage=10)
    account.add_margin("SOL", Reading(account).available("USDC") + 500.0)
    told = len(account.ledger)
    for _ in range(10):
        sim.keeper.look_after([account])
    assert len(account.ledger) == told, "there is nothing that could be liquidated"
    assert Reading(account).portfolio_ratio() > 0.95
    days._look_after(account)
    assert Reading(account).portfolio_ratio() == 0.0


def test_a_venue_listens_on_loopback() -> None:
    async def live() -> str:
        async with SimHyperliquid(quiet=True) as sim:
            return sim.http

    assert asyncio.run(live()).startswith("http://127.0.0.1:")
