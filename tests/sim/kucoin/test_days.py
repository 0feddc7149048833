"""A simulated KuCoin that is left alone with traders, crashes and mishaps goes on, and its books stay in order."""

from __future__ import annotations

import math
import random

import pytest

from monitor.sim.kucoin import SimKucoin
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.days import Days, worth_usd
from monitor.sim.kucoin.mishaps import MISHAPS
from monitor.sim.kucoin.scripts import move_to_ratio
from monitor.sim.kucoin.traders import RandomTrader
from monitor.sim.mishap import Mishap
from monitor.sim.scripts import Deed, ScriptedTrader
from tests.sim.kucoin.clients import data, private, still
from tests.sim.still import BUSY, clock_of, live, pass_time

WALLETS = {"USDT": 4_000.0, "BTC": 0.05}


def people(sim: SimKucoin) -> list[SimAccount]:
    """One account of each kind."""
    return [
        sim.add_account("classic", wallets=WALLETS),
        sim.add_account("hedged", wallets=WALLETS, hedge=True),
        sim.add_account("unified", wallets=WALLETS, kind="unified"),
        sim.add_account("lender", margin={"USDT": 3_000.0}, isolated={"BTC-USDT": {"USDT": 2_000.0}}),
    ]


def lively(seed: int) -> SimKucoin:
    """A venue where everybody trades."""
    sim = still(quiet=False, limited=False, seed=seed)
    for place, account in enumerate(people(sim)):
        sim.traders.append(RandomTrader(account=account, seed=seed + place, eagerness=0.5, most_usd=8_000.0))
    return sim


@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.soak) for seed in (2, 3))])
def test_a_day_with_a_crash_ends_in_figures(seed: int) -> None:
    sim = lively(seed)
    reckless = sim.add_account("reckless", wallets={"USDT": 1_000.0})
    reckless.trade("XBTUSDTM", 100.0, leverage=20.0)
    for step in range(96):
        if step == 48:
            sim.market.crash(0.35, 3_600.0)
        pass_time(sim, 900.0)
    for account in sim.accounts.values():
        for coin in account.settle_coins():
            if not account.is_unified:
                assert account.futures(coin).risk_ratio < 1.0, account.name
        assert math.isfinite(worth_usd(account))
        assert account.unified().risk_ratio < 1.0 or not account.is_unified
        assert all(account.debt_ratio(pair) < 0.97 for pair in (None, *account.isolated))
    assert reckless.open_positions() == []
    assert any(event.startswith("reckless: XBTUSDTM cross liquidated") for event in sim.keeper.events)


@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.words)
def test_each_mishap_strikes_and_ends(mishap: Mishap[SimKucoin]) -> None:
    sim = lively(1)
    for seed in range(4):
        private(sim, sim.accounts["classic"], "/contractAccount/wallet")
        mishap.strike(sim, random.Random(seed))
        pass_time(sim, 1.5)
        sim.faults.clear()
    pass_time(sim, 2.0)
    assert data(sim, "/api/v1/timestamp")
    socket = private(sim, sim.accounts["classic"], "/contractAccount/wallet")
    socket.take()
    sim.accounts["classic"].deposit("USDT", 1.0)
    assert len(socket.of("walletBalance.change")) == 1


def test_scripted_trader_does_each_deed_at_its_time() -> None:
    sim = still()
    account = sim.add_account("a")
    deeds: list[Deed[SimAccount]] = [
        Deed(1.0, lambda one: one.buy("XBTUSDTM", 1.0)),
        Deed(2.0, lambda one: one.close("XBTUSDTM")),
    ]
    sim.traders.append(ScriptedTrader(account, clock_of(sim).now, deeds, again_seconds=4.0))
    sizes = []
    for _ in range(6):
        pass_time(sim, 1.0)
        sizes.append(sum(position.lots for position in account.open_positions()))
    assert sizes == [0.0, 1.0, 0.0, 0.0, 0.0, 1.0]


@pytest.mark.parametrize("kind", ["classic", "unified"])
def test_prices_can_be_moved_to_where_a_script_wants_the_ratio(kind: str) -> None:
    sim = still()
    account = sim.add_account("a", kind=kind, wallets={"USDT": 20_000.0})
    account.buy("XBTUSDTM", 1_000.0)
    move = move_to_ratio(account, 0.9)
    assert move is not None
    assert move < 0.0
    sim.market.set_asset("BTC", sim.market.asset_usd("BTC") * (1.0 + move))
    ratio = account.unified().risk_ratio if kind == "unified" else account.futures("USDT").risk_ratio
    assert ratio == pytest.approx(0.9, rel=1e-3)
    assert move_to_ratio(account, 0.5) == 0.0
    assert move_to_ratio(account, 2.0, direction=1.0) is None


def test_within_hours_everything_happens_and_nobody_is_out_of_the_game() -> None:
    sim = still(quiet=False, limited=False, seed=1)
    people(sim)
    said: list[str] = []
    days = Days(sim, seed=1, pace=BUSY, say=said.append)
    live(sim, days, 2 * 3_600.0)
    words = "\n".join(said)
    for happened in ("falls by", "jumps by", "is listed", "is delisted", "goes to hedge mode", "goes to one-way mode"):
        assert happened in words, happened
    assert "liquidated" in " ".join(sim.keeper.events)
    assert all(worth_usd(account) > 0.0 for account in sim.accounts.values())
