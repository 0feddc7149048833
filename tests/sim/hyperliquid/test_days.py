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


def test_a_venue_listens_on_loopback() -> None:
    async def live() -> str:
        async with SimHyperliquid(quiet=True) as sim:
            return sim.http

    assert asyncio.run(live()).startswith("http://127.0.0.1:")
