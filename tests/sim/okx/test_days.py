"""A simulated OKX that is left alone with traders, crashes and mishaps goes on, and its books stay in order."""

from __future__ import annotations

import math
import random

import pytest

from monitor.sim.mishap import Mishap
from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading
from monitor.sim.okx.days import Days
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.mishaps import MISHAPS
from monitor.sim.okx.scripts import move_to_ratio
from monitor.sim.okx.traders import RandomTrader
from monitor.sim.scripts import Deed, ScriptedTrader
from tests.sim.okx.clients import private, rows, still
from tests.sim.still import BUSY, clock_of, live, pass_time

WALLETS = {"USDT": 4_000.0, "USDC": 2_000.0, "BTC": 0.05}


def lively(seed: int) -> SimOkx:
    """One account of each level, each with somebody who trades."""
    sim = still(quiet=False, limited=False, seed=seed)
    for place, level in enumerate(Level):
        account = sim.add_account(level.name, level=level, borrows=level is Level.SPOT, wallets=WALLETS)
        sim.traders.append(RandomTrader(account=account, seed=seed + place, eagerness=0.5, most_usd=8_000.0))
    return sim


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3))])
def test_a_day_with_a_crash_ends_in_figures(seed: int) -> None:
    sim = lively(seed)
    reckless = sim.add_account("reckless", wallets={"USDT": 1_000.0})
    reckless.buy("BTC-USDT-SWAP", 5.0, lever=20.0)
    for step in range(48):
        if step == 24:
            sim.market.crash(0.35, 3_600.0)
        pass_time(sim, 1800.0)
    for account in sim.accounts.values():
        said = Reading(account).balance()
        assert math.isfinite(float(said["totalEq"]))
        assert not said["mgnRatio"] or float(said["mgnRatio"]) > 1.0, account.name
    assert reckless.positions == {}
    assert any(event.startswith("reckless: BTC-USDT-SWAP net liquidated") for event in sim.keeper.events)


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.words)
def test_each_mishap_strikes_and_ends(mishap: Mishap[SimOkx]) -> None:
    sim = lively(1)
    for seed in range(4):
        private(sim, sim.accounts["FUTURES"]).subscribe("account")
        mishap.strike(sim, random.Random(seed))
        pass_time(sim, 0.1)
        sim.faults.clear()
    pass_time(sim, 1.0)
    assert rows(sim, "/api/v5/public/time")
    assert private(sim, sim.accounts["FUTURES"]).subscribe("account")[-1]["eventType"] == "snapshot"


def test_scripted_trader_does_each_deed_at_its_time_and_begins_again() -> None:
    sim = still()
    account = sim.add_account("a")
    deeds: list[Deed[SimAccount]] = [
        Deed(1.0, lambda one: one.buy("BTC-USDT-SWAP", 1.0)),
        Deed(2.0, lambda one: one.close("BTC-USDT-SWAP")),
    ]
    sim.traders.append(ScriptedTrader(account, clock_of(sim).now, deeds, again_seconds=4.0))
    sizes = []
    for _ in range(6):
        pass_time(sim, 1.0)
        sizes.append(sum(position.contracts for position in account.positions.values()))
    assert sizes == [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    with pytest.raises(ValueError, match="longer than"):
        ScriptedTrader(account, clock_of(sim).now, deeds, again_seconds=2.0)


@pytest.mark.parametrize("level", [2, 3, 4])
def test_prices_can_be_moved_to_where_a_script_wants_the_ratio(level: int) -> None:
    sim = still(limited=False)
    account = sim.add_account("a", level=level, wallets={"USDT": 20_000.0})
    account.buy("BTC-USDT-SWAP", 80.0)
    move = move_to_ratio(account, 1.2)
    assert move is not None
    assert move < 0.0
    for coin in ("BTC", "ETH"):
        sim.market.set_asset(coin, sim.market.asset_usd(coin) * (1.0 + move))
    reading = Reading(account)
    ratio = reading.pool("USDT").ratio if level == 2 else reading.ratio
    assert ratio == pytest.approx(1.2, rel=1e-4)
    assert move_to_ratio(account, 2.0) == 0.0
    assert move_to_ratio(account, 0.5, direction=1.0) is None


def test_within_hours_everything_happens_and_nobody_is_out_of_the_game() -> None:
    sim = still(quiet=False, limited=False, seed=1)
    for level in Level:
        sim.add_account(level.name, level=level, borrows=level is Level.SPOT, wallets=WALLETS)
    said: list[str] = []
    days = Days(sim, seed=1, pace=BUSY, say=said.append)
    live(sim, days, 2 * 3_600.0)
    words = "\n".join(said)
    for happened in ("falls by", "jumps by", "is listed", "is delisted", "another level", "long_short"):
        assert happened in words, happened
    assert "liquidated" in " ".join(sim.keeper.events)
    for account in sim.accounts.values():
        assert float(Reading(account).balance()["totalEq"]) > 0.0
