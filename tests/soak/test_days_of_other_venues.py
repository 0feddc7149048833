"""Bad days at Bybit and OKX: people trade, markets crash, connections fail, modes, tiers and contracts change. When all
of that rests, the real session and the real engine come to the venue's own truth, position for position.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.quality import Quality
from monitor.sim.bybit import MarginMode
from monitor.sim.bybit.days import Days as DaysAtBybit
from monitor.sim.okx.days import Days as DaysAtOkx
from monitor.sim.okx.holdings import Level
from monitor.sim.rounds import Pace, Rounds
from tests.wire import bybit, okx
from tests.wire.harness import SHORT, until

SECONDS = 25.0
STANDSTILL = 1e-9
DRIFT = 1e-3  #: what a figure of ours may lie off the venue's, when prices stand still
WALLETS = {"USDT": 20_000.0, "BTC": 0.2}
PACE = Pace(
    trade_seconds=0.3,
    deed_seconds=1.0,
    mishap_seconds=3.0,
    mishap_lasts_seconds=(0.3, 1.0),
    crash_market_seconds=300.0,
    listing_seconds=8.0,
)
TIMINGS = replace(SHORT, refused_again_seconds=0.4, replace_retry_seconds=0.1, missing_spacing_seconds=1.0)


@contextlib.asynccontextmanager
async def living(days: Rounds[Any], look: Callable[[], object]) -> AsyncIterator[None]:
    """The days go on while we look at the reports several times a second, as the monitor does."""

    async def watch() -> None:
        while True:
            look()
            await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(days.live()), asyncio.create_task(watch())]
    try:
        yield
        for task in tasks:
            assert not task.done(), task
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [3, 4])
async def test_days_at_bybit_end_in_the_truth(seed: int) -> None:
    async with bybit.simulator(seed=seed) as sim:
        names = {mode.name.lower(): mode for mode in MarginMode}
        for name, mode in names.items():
            sim.add_account(name, mode=mode, wallets=WALLETS)
        days = DaysAtBybit(sim, seed=seed, pace=PACE)
        async with bybit.wired(sim, timings=TIMINGS) as wire:
            monitor = bybit.Watched(wire, *names)
            async with living(days, lambda: [monitor.report(name) for name in names]):
                await asyncio.sleep(SECONDS)
            sim.faults.clear()
            days.rest(STANDSTILL)
            for name in names:

                def right(name: str = name) -> bool:
                    known = monitor.report(name).quality in (Quality.LIVE, Quality.PARTIAL)
                    return known and monitor.held(name) == bybit.truth(sim.accounts[name])

                def agrees(name: str = name) -> bool:
                    drifts = [drift for pool in monitor.report(name).pools for drift in pool.drift.values()]
                    return all(abs(drift) <= DRIFT for drift in drifts)

                await until(right, 45.0, f"{name}: what the venue holds")
                await until(agrees, 20.0, f"{name}: the venue's figures")
        assert not wire.ended


@pytest.mark.soak
@pytest.mark.parametrize("seed", [3, 4])
async def test_days_at_okx_end_in_the_truth(seed: int) -> None:
    async with okx.simulator(seed=seed, quiet=False) as sim:
        names = {level.name.lower(): level for level in Level}
        for name, level in names.items():
            sim.add_account(name, level=level, wallets=WALLETS)
        days = DaysAtOkx(sim, seed=seed, pace=PACE)
        async with okx.wired(sim, timings=TIMINGS) as wire:
            monitor = okx.Watched(wire, *names)
            async with living(days, lambda: [monitor.report(name) for name in names]):
                await asyncio.sleep(SECONDS)
            sim.faults.clear()
            days.rest(STANDSTILL)
            for name in names:

                def right(name: str = name) -> bool:
                    known = monitor.report(name).quality in (Quality.LIVE, Quality.PARTIAL)
                    return known and wire.held(name) == okx.truth(sim.accounts[name])

                def agrees(name: str = name) -> bool:
                    drifts = [drift for pool in monitor.report(name).pools for drift in pool.drift.values()]
                    return all(abs(drift) <= DRIFT for drift in drifts)

                await until(right, 45.0, f"{name}: what the venue holds")
                await until(agrees, 20.0, f"{name}: the venue's figures")
        assert not wire.ended
