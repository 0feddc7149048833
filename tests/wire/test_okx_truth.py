"""From the first request to the venue's own figures: each account level through the real session and engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.quality import Quality
from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from tests.wire.harness import until
from tests.wire.okx import ETHER, QUICK, SHORT, SWAP, Watched, simulator, wired

# The engine runs in the sockets' loop here, and takes its time with scenarios: nothing may look dead meanwhile.
PATIENT = replace(
    SHORT, ping_every_seconds=10.0, ping_timeout_seconds=10.0, marks_silent_seconds=10.0, assets_silent_seconds=10.0
)
TOLERANCE = 1e-3  #: what prices may have moved between the answers of one reading; the venue here is quiet


def spot_with_a_loan(sim: SimOkx) -> SimAccount:
    account = sim.add_account("main", level=1, wallets={"USDT": 10_000.0, "BTC": 1.0}, borrows=True)
    account.trade_spot("ETH-USDT", 5.0)
    return account


def futures_mode(sim: SimOkx) -> SimAccount:
    account = sim.add_account("main", level=2, wallets={"USDT": 10_000.0, "BTC": 1.0})
    account.trade(SWAP, 50.0)
    account.trade(ETHER, -300.0)
    account.trade("BTC-USD-SWAP", 20.0)
    account.trade("SOL-USDT-SWAP", 30.0, mode="isolated")
    account.place(SWAP, 3.0, 90_000.0)
    return account


def hedge_mode(sim: SimOkx) -> SimAccount:
    account = sim.add_account("main", level=2, hedge=True)
    account.trade(SWAP, 40.0, side="long")
    account.trade(SWAP, -10.0, side="short")
    return account


def isolated_loan(sim: SimOkx) -> SimAccount:
    account = sim.add_account("main", level=2)
    account.borrow("BTC-USDT", 0.02)
    return account


def many_currencies(sim: SimOkx) -> SimAccount:
    account = sim.add_account("main", level=3, wallets={"USDT": 10_000.0, "BTC": 1.0})
    account.trade(SWAP, 50.0)
    account.trade(ETHER, -300.0)
    account.trade_spot("ETH-USDT", 5.0)
    return account


def portfolio(sim: SimOkx) -> SimAccount:
    account = sim.add_account("main", level=4, wallets={"USDT": 10_000.0, "BTC": 1.0})
    account.trade(SWAP, 50.0)
    account.trade(ETHER, -300.0)
    return account


@pytest.mark.parametrize(
    ("held", "pools"),
    [
        (spot_with_a_loan, {"spot"}),
        (futures_mode, {"cross:USDT", "cross:BTC", "isolated:SOL-USDT-SWAP:long"}),
        (hedge_mode, {"cross:USDT"}),
        (isolated_loan, {"isolated:BTC-USDT:long"}),
        (many_currencies, {"multi-assets"}),
        (portfolio, {"portfolio-margin"}),
    ],
    ids=lambda one: one.__name__ if callable(one) else None,
)
async def test_an_account_is_live_with_the_venues_own_figures(
    held: Callable[[SimOkx], SimAccount], pools: set[str], record_property: Any
) -> None:
    async with simulator(cadence=replace(QUICK, silence_seconds=30.0)) as sim:
        account = held(sim)
        symbols = {name for name, _, _ in account.positions} | set(account.loans)
        async with wired(sim, timings=PATIENT) as wire:
            watched = Watched(wire)
            took = await until(lambda: watched.live(*symbols), 15.0, "LIVE, with all that is held")
            report = watched.report()
            assert {pool.key.pool for pool in report.pools if pool.positions or held is spot_with_a_loan} >= pools
            worst = max((abs(drift) for pool in report.pools for drift in pool.drift.values()), default=0.0)
            assert worst < TOLERANCE
            assert not any(pool.contradictions for pool in report.pools)
            assert report.quality is Quality.LIVE
            record_property("table", f"{held.__name__:<18} LIVE after {took:.1f} s, worst drift {worst:.1e}")
        assert not wire.ended
