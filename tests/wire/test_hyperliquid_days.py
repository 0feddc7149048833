"""Bad days at Hyperliquid: people trade, markets crash, connections fail, modes and perpetuals change. When all of that
rests, the real session and the real engine come to the venue's own truth, position for position.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace

import pytest

from monitor.domain.quality import Quality
from monitor.sim.hyperliquid.accounts import Mode
from monitor.sim.hyperliquid.days import Days
from monitor.sim.rounds import Pace
from tests.wire.harness import until
from tests.wire.hyperliquid import SHORT, Watched, simulator, truth, wired

SECONDS = 25.0
STANDSTILL = 1e-9
DRIFT = 1e-3  #: what a figure of ours may lie off the venue's, when prices stand still
WALLETS = {"USDC": 20_000.0, "HYPE": 100.0, "USDE": 1_000.0}
PACE = Pace(
    trade_seconds=0.3,
    deed_seconds=1.0,
    mishap_seconds=3.0,
    mishap_lasts_seconds=(0.3, 1.0),
    crash_market_seconds=300.0,
    listing_seconds=8.0,
)


@pytest.mark.soak
@pytest.mark.parametrize("seed", [3, 4])
async def test_days_at_hyperliquid_end_in_the_truth(seed: int) -> None:
    async with simulator(seed=seed, quiet=False) as sim:
        modes = {"standard": Mode.STANDARD, "unified": Mode.UNIFIED, "portfolio": Mode.PORTFOLIO}
        for name, mode in modes.items():
            sim.add_account(name, mode=mode, wallets=WALLETS)
        days = Days(sim, seed=seed, pace=PACE)
        async with wired(sim, timings=replace(SHORT, missing_spacing_seconds=1.0)) as wire:
            monitor = Watched(wire, *modes)

            async def look() -> None:
                while True:
                    for name in modes:
                        monitor.report(name)
                    await asyncio.sleep(0.1)

            tasks = [asyncio.create_task(days.live()), asyncio.create_task(look())]
            await asyncio.sleep(SECONDS)
            assert not any(task.done() for task in tasks), tasks
            for task in tasks:
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks)
            sim.faults.clear()
            days.rest(STANDSTILL)
            for name in modes:

                def right(name: str = name) -> bool:
                    known = monitor.report(name).quality in (Quality.LIVE, Quality.PARTIAL)
                    return known and wire.held(name) == truth(sim.accounts[name])

                def agrees(name: str = name) -> bool:
                    drifts = [drift for pool in monitor.report(name).pools for drift in pool.drift.values()]
                    return all(abs(drift) <= DRIFT for drift in drifts)

                await until(right, 45.0, f"{name}: what the venue holds")
                await until(agrees, 20.0, f"{name}: the venue's figures")
        assert not wire.ended
