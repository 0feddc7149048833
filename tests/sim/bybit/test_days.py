"""A simulated Bybit that is left alone with traders, crashes and mishaps goes on, and its books stay in order."""

from __future__ import annotations

import math
import random

import pytest

from monitor.sim.bybit import MarginMode, SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.days import Days
from monitor.sim.bybit.mishaps import MISHAPS
from monitor.sim.bybit.scripts import move_to_rate
from monitor.sim.bybit.traders import RandomTrader
from monitor.sim.clock import ManualClock
from monitor.sim.mishap import Mishap
from monitor.sim.scripts import Deed, ScriptedTrader
from tests.sim.still import BUSY, live, pass_time

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


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3))])
def test_a_day_with_a_crash_ends_in_figures(seed: int) -> None:
    sim = lively(seed)
    for step in range(96):
        if step == 48:
            sim.market.crash(0.35, 3_600.0)
        pass_time(sim, 900.0)
    for account in sim.accounts.values():
        totals = account.book().totals
        assert all(math.isfinite(figure) for figure in (totals.equity, totals.margin_balance, totals.maintenance)), (
            account.name
        )
        assert account.book().rate < 1.0 or account.mode is MarginMode.ISOLATED
    assert any("liquidat" in event for event in sim.keeper.events)


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.words)
def test_each_mishap_strikes_and_ends(mishap: Mishap[SimBybit]) -> None:
    sim = lively(1)
    for seed in range(4):
        mishap.strike(sim, random.Random(seed))
        sim.tick(0.1)
    sim.faults.clear()
    assert sim.gate.reply("GET", "/v5/market/time", "", "", {}).status == 200


class TestScripts:
    def test_deeds_are_done_each_at_its_time_and_again(self) -> None:
        clock = ManualClock(NOW)
        sim = SimBybit(clock=clock, quiet=True, paced=False, network=False)
        account = sim.add_account("main")
        deeds: list[Deed[SimAccount]] = [
            Deed(10.0, lambda one: one.close("BTCUSDT")),
            Deed(0.0, lambda one: one.trade("BTCUSDT", 0.1)),
        ]
        sim.traders.append(ScriptedTrader(account, clock.now, deeds, again_seconds=30.0))
        held = []
        for _ in range(4):
            sim.tick(0.1)
            held.append(len(account.open_positions()))
            clock.advance(10.0)
        assert held == [1, 0, 0, 1]

    @pytest.mark.parametrize("quantity", [1.0, -1.0])
    def test_a_move_of_everything_brings_an_account_to_a_rate(self, quantity: float) -> None:
        sim = SimBybit(quiet=True, paced=False, network=False)
        account = sim.add_account("main", wallets={"USDT": 20_000.0, "BTC": 0.1})
        account.trade("BTCUSDT", quantity)
        account.trade("ETHUSDT", 5.0 * quantity)
        ratio = move_to_rate(account, 0.8, direction=-quantity)
        assert ratio is not None
        sim.market.move(ratio, 1.0)
        sim.tick(1.0)
        assert account.book().rate == pytest.approx(0.8, rel=1e-3)

    def test_a_hedged_account_reaches_no_rate(self) -> None:
        sim = SimBybit(quiet=True, paced=False, network=False)
        account = sim.add_account("main", wallets={"USDT": 20_000.0, "USDC": 20_000.0})
        account.trade("BTCUSDT", 0.1)
        account.trade("BTCPERP", -0.1)
        assert move_to_rate(account, 0.8) is None


class TestDays:
    @pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
    def test_within_hours_everything_happens_and_nobody_is_out_of_the_game(self, seed: int) -> None:
        said: list[str] = []
        sim = SimBybit(clock=ManualClock(NOW), seed=seed, paced=False, network=False)
        sim.add_account("cross", wallets={"USDT": 10_000.0, "BTC": 0.1})
        sim.add_account("alone", mode=MarginMode.ISOLATED, wallets={"USDT": 8_000.0})
        sim.add_account("portfolio", mode=MarginMode.PORTFOLIO, wallets={"USDT": 10_000.0, "USDC": 5_000.0})
        days = Days(sim, seed=seed, pace=BUSY, say=said.append)
        live(sim, days, 3 * 3_600.0)
        words = "\n".join(said)
        for happened in ("falls by", "jumps by", "is listed", "is delisted", "margin mode", "hedge mode", "tiers"):
            assert happened in words, happened
        assert {text.removeprefix("Something goes wrong: ") for text in said} >= {f"{one.words}." for one in MISHAPS}
        assert "liquidat" in " ".join(sim.keeper.events)
        for account in sim.accounts.values():
            assert account.book().totals.equity > 0.0
