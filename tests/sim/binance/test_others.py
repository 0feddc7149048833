"""Days of the other products: everybody trades, borrows, is liquidated and plays on; the books stay sane."""

from __future__ import annotations

import math
import re

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.days import Days
from monitor.sim.binance.mishaps import MISHAPS_OF_OTHERS
from monitor.sim.binance.others import fill_up, worth_usd
from monitor.sim.clock import ManualClock
from monitor.sim.rounds import Pace

NOW = 1_795_000_000.0
QUICK = Pace(trade_seconds=10.0, deed_seconds=30.0, mishap_seconds=60.0, crash_market_seconds=900.0)


def venue(seed: int) -> SimBinance:
    sim = SimBinance(clock=ManualClock(NOW), seed=seed, paced=False, network=False)
    sim.add_account("main")
    sim.add_account("coin", product="coinm", wallets={"BTC": 0.3, "ETH": 5.0})
    sim.add_account("cross", product="margin", wallets={"USDT": 10_000.0})
    sim.add_account("pro-margin", product="margin", wallets={"USDT": 10_000.0}, pro=True)
    sim.add_account("pairs", product="isolated-margin", wallets={"SOLUSDT": {"USDT": 3_000.0}, "ETHBTC": {"BTC": 0.05}})
    sim.add_account("pm", product="portfolio-margin", wallets={"BTC": 0.1})
    sim.add_account("pro", product="portfolio-margin-pro", wallets={"BTC": 0.5}, cm_wallets={"ETH": 2.0})
    return sim


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_within_hours_everybody_acts_and_nobody_is_out_of_the_game(seed: int) -> None:
    sim, said = venue(seed), list[str]()
    days = Days(sim, seed=seed, pace=QUICK, say=said.append)
    clock = sim.clock
    assert isinstance(clock, ManualClock)
    for _ in range(3 * 360):
        clock.advance(10.0)
        sim.tick(10.0)
        days.step()
    went_wrong = {text.removeprefix("Something goes wrong: ") for text in said}
    assert went_wrong >= {f"{one.words}." for one in MISHAPS_OF_OTHERS}
    deeds = " ".join([*sim.keeper.events, *sim.loans_keeper.events, *sim.portfolio_keeper.events])
    assert "liquidated" in deeds
    for account in sim.registry.everybody():
        odd = {"nan", "inf", "-inf"} & set(re.findall(r"[-\w.]+", str(sim.answers_of(account.name))))
        assert not odd, account.name
    registry = sim.registry
    for other in (*registry.coinm.values(), *registry.loans.values(), *registry.portfolio.values()):
        assert math.isfinite(worth_usd(other))


def test_what_is_filled_up_is_there() -> None:
    sim = venue(1)
    registry = sim.registry
    for account in (*registry.coinm.values(), *registry.loans.values(), *registry.portfolio.values()):
        before = worth_usd(account)
        fill_up(account, 1_000.0)
        assert worth_usd(account) - before == pytest.approx(1_000.0, rel=1e-4), account.name
