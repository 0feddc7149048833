"""A simulated Bybit that is left alone with traders, crashes and mishaps goes on, and its books stay in order."""

from __future__ import annotations

import math
import random

import pytest

from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.bybit.mishaps import MISHAPS, Mishap
from monitor.sim.bybit.traders import RandomTrader
from monitor.sim.clock import ManualClock

NOW = 1_795_000_000.0


def lively(seed: int) -> SimBybit:
    """Three accounts, one a mode, each with somebody who trades."""
    clock = ManualClock(NOW)
    sim = SimBybit(clock=clock, seed=seed, paced=False, network=False)
    for place, mode in enumerate(MarginMode):
        account = sim.add_account(mode.value, mode=mode, wallets={"USDT": 4_000.0, "USDC": 2_000.0, "BTC": 0.05})
        if mode is MarginMode.CROSS:
            account.set_hedge("BTCUSDT", True)
        sim.traders.append(RandomTrader(account, seed=seed + place, eagerness=0.5, most_usd=8_000.0))
    return sim


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_with_a_crash_ends_in_figures(seed: int) -> None:
    sim = lively(seed)
    clock = sim.clock
    assert isinstance(clock, ManualClock)
    for step in range(96):
        if step == 48:
            sim.market.crash(0.35, 3_600.0)
        clock.advance(900.0)
        sim.tick(900.0)
    for account in sim.accounts.values():
        totals = account.book().totals
        assert all(math.isfinite(figure) for figure in (totals.equity, totals.margin_balance, totals.maintenance)), (
            account.name
        )
        assert account.book().rate < 1.0 or account.mode is MarginMode.ISOLATED
    assert any("liquidat" in event for event in sim.keeper.events)


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.words)
def test_each_mishap_strikes_and_ends(mishap: Mishap) -> None:
    sim = lively(1)
    for seed in range(4):
        mishap.strike(sim, random.Random(seed))
        sim.tick(0.1)
    sim.faults.clear()
    assert sim.gate.reply("GET", "/v5/market/time", "", "", {}).status == 200
