"""Bad days in a row: accounts trade at random while everything that can go wrong does; the truth comes back each time.

Two forms of one test: a short one with every run of the tests, a long one with `make soak`. A day is a burst of faults,
then calm; in the calm the daemon must come to the venue's own truth, position for position and figure for figure.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from monitor.sim.binance.mishaps import MISHAPS
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.traders import RandomTrader
from tests.e2e.harness import CADENCE, Daemon, daemon, most_memory_mb, write_config
from tests.soak.truth import STANDSTILL, differences

LIMIT_MB = 200.0
FAULT_SECONDS = 0.4


async def the_truth_comes_back(sim: SimBinance, monitor: Daemon) -> None:
    """With prices standing still and no fault, the reports become the venue's truth."""

    async def agrees() -> bool:
        return not differences(sim, await monitor.document())

    try:
        await monitor.until("the venue's truth in every report", agrees, within=45.0)
    except AssertionError as exc:
        raise AssertionError("\n".join(differences(sim, await monitor.document())) + f"\n{exc}") from None


async def live_through(seconds: float, folder: Path, seed: int) -> None:
    """Days of faults and calm for about `seconds`; raises where one does not end in the truth."""
    dice = random.Random(seed)
    async with SimBinance(cadence=CADENCE) as sim:
        for number, (hedge, multi) in enumerate(((False, False), (True, False), (False, True))):
            wallets = {"USDT": 50_000.0, "USDC": 20_000.0} | ({"BTC": 0.2} if multi else {})
            account = sim.add_account(f"account{number}", wallets=wallets, hedge=hedge, multi_assets=multi)
            sim.traders.append(RandomTrader(account, seed=seed + number, eagerness=0.3))
        ends = time.monotonic() + seconds
        async with daemon(write_config(folder, sim, list(sim.accounts.values()))) as monitor:
            while time.monotonic() < ends:
                traders = list(sim.traders)
                for _ in range(dice.randrange(3, 9)):
                    dice.choice(MISHAPS).strike(sim, dice)
                    await asyncio.sleep(dice.random() * 2.0 * FAULT_SECONDS)
                    assert (await monitor.get("/metrics"))[0] == 200
                sim.faults.clear()
                sim.traders.clear()
                sim.speed = STANDSTILL
                await the_truth_comes_back(sim, monitor)
                sim.traders.extend(traders)
                sim.speed = 1.0
            assert most_memory_mb(monitor.process.pid) <= LIMIT_MB
            assert not [line for line in monitor.lines() if line.get("level") == "critical"]
            assert await monitor.stop() <= 5.0
            assert monitor.process.returncode == 0


async def test_after_each_of_a_few_bad_days_every_report_is_the_venue_s_truth(tmp_path: Path) -> None:
    await live_through(25.0, tmp_path, seed=7)


@pytest.mark.soak
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("seed", [11, 12])
async def test_after_many_bad_days_every_report_is_the_venue_s_truth(tmp_path: Path, seed: int) -> None:
    await live_through(600.0, tmp_path, seed=seed)
