"""The monitor's kernel against the simulator's own arithmetic: two programs that share no formula agree on every pool.

An account that trades at random is read through the venue's words (its raw answers) and computed by the engine; the
drift of each figure is no more than the venue's rounding to 8 decimals.
"""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.domain.quality import Quality
from monitor.sim.binance import SimBinance
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.traders import RandomTrader
from monitor.sim.clock import ManualClock
from tests.sim.binance.reading import NOW, assessed

MODES = {
    "one-way": {"wallets": {"USDT": 20_000.0, "USDC": 6_000.0}},
    "hedge": {"wallets": {"USDT": 20_000.0, "USDC": 6_000.0}, "hedge": True},
    "multi-assets": {"wallets": {"USDT": 4_000.0, "USDC": 1_000.0, "BTC": 0.15, "ETH": 1.0}, "multi_assets": True},
    "multi-assets hedge": {"wallets": {"USDC": 2_000.0, "BTC": 0.2}, "multi_assets": True, "hedge": True},
    "credits": {"wallets": {"BNFCR": 25_000.0}},
    "own brackets": {"wallets": {"USDT": 20_000.0}, "bracket_coefficients": {"ETHUSDT": 1.5, "BTCUSDT": 0.5}},
}


def traded(mode: str, seed: int) -> tuple[SimBinance, SimAccount]:
    """A venue with an account that has traded at random for four hours."""
    sim = SimBinance(clock=ManualClock(NOW), seed=seed, paced=False)
    account = sim.add_account("main", **MODES[mode])  # type: ignore[arg-type]  # a table of keyword arguments
    sim.traders.append(RandomTrader(account, seed=seed, eagerness=0.5))
    for _ in range(48):
        sim.tick(300.0)
    return sim, account


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_every_figure_agrees_with_the_venues(mode: str, seed: int) -> None:
    sim, account = traded(mode, seed)
    assert account.open_positions(), "a seed without positions proves nothing"
    report = assessed(sim)
    positions = [position for pool in report.pools for position in pool.positions]
    # A hedge's line at a million times the mark is reported as drift of the mark: only nearer ones must be LIVE.
    if all((position.line.distance_ratio or 0.0) < 1_000.0 for position in positions):
        assert report.quality is Quality.LIVE, report.reasons
    assert len(positions) == len(account.open_positions())
    for pool in report.pools:
        for figure in ("equity", "maintenance_margin", "ratio"):
            assert abs(pool.drift.get(figure, 0.0)) < 1e-6, (pool.key.pool, figure)
    for position in positions:
        ours, theirs = position.line, position.venue_line
        assert ours.state == theirs.state, (position.symbol, position.side, ours, theirs)
        if ours.state is State.AT:
            assert ours.price == pytest.approx(theirs.price, rel=1e-6, abs=6e-9), (position.symbol, position.side)


def test_both_sides_of_an_unequal_hedge_agree_with_the_one_line_that_the_venue_prints_for_them() -> None:
    sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False)
    account = sim.add_account("main", wallets={"USDT": 30_000.0}, hedge=True)
    account.trade("BTCUSDT", 2.0, side="LONG")
    account.trade("BTCUSDT", -1.4, side="SHORT")
    report = assessed(sim)
    assert report.quality is Quality.LIVE, report.reasons
    (pool,) = report.pools
    assert abs(pool.drift["line"]) < 1e-6
