"""Days of every product, read again and again: whatever people do and markets come to, ours and the venue's agree."""

from __future__ import annotations

from typing import Final

import pytest

from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.sim.binance import SimBinance
from monitor.sim.binance.days import Days
from monitor.sim.clock import ManualClock
from monitor.sim.rounds import Pace
from tests.sim.binance.reading import NOW, assessed

BUSY = Pace(trade_seconds=10.0, deed_seconds=30.0, mishap_seconds=1e12, crash_market_seconds=900.0)
EIGHT_DECIMALS: Final = {"coin": 1e-3}  #: of a coin are so much of a small requirement
ANY = 1e-6
SEEDS = (1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(2, 14)))


def venue(seed: int) -> SimBinance:
    odd = seed % 2 == 1
    sim = SimBinance(clock=ManualClock(NOW), seed=seed, paced=False, network=False)
    sim.add_account("main")
    sim.add_account("coin", product="coinm", wallets={"BTC": 0.3, "ETH": 5.0}, hedge=not odd)
    sim.add_account("cross", product="margin", wallets={"USDT": 10_000.0, "BTC": 0.01})
    sim.add_account("cross-pro", product="margin", wallets={"USDT": 10_000.0, "BTC": 0.01}, pro=True)
    sim.add_account("pairs", product="isolated-margin", wallets={"SOLUSDT": {"USDT": 3_000.0}, "ETHBTC": {"BTC": 0.05}})
    sim.add_account("whole", product="portfolio-margin", wallets={"BTC": 0.1}, hedge=odd)
    sim.add_account("pro", product="portfolio-margin-pro", wallets={"BTC": 0.5}, cm_wallets={"ETH": 2.0})
    return sim


def agrees(name: str, report: AccountReport) -> None:
    """Every figure of an account, within the venue's decimals."""
    if report.quality is Quality.PARTIAL:
        assert all("loans in" in reason for reason in report.reasons), (name, report.reasons)
    else:
        assert report.quality is Quality.LIVE, (name, report.reasons)
    for pool in report.pools:
        for figure, drift in pool.drift.items():
            assert abs(drift) < EIGHT_DECIMALS.get(name, ANY), (name, pool.key.pool, figure, drift)
        for position in pool.positions:
            assert position.line.state == position.venue_line.state, (name, position.symbol, position.side)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_account_agrees_at_any_time(seed: int) -> None:
    sim, readings = venue(seed), 0
    days = Days(sim, seed=seed, pace=BUSY)
    clock = sim.clock
    assert isinstance(clock, ManualClock)
    for step in range(1, 161):
        clock.advance(10.0)
        sim.tick(10.0)
        days.step()
        if step % 40 == 0:
            for account in sim.registry.everybody():
                if account.product != "usdm":
                    agrees(account.name, assessed(sim, account.name))
                    readings += 1
    assert readings == 6 * 4
