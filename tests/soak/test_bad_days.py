"""Bad days in a row: accounts trade at random while everything that can go wrong does; the truth comes back each time.

Two forms of one test: a short one with every run of the tests, a long one with `make soak`. A day is a burst of faults,
then calm; in the calm the daemon must come to the venue's own truth, position for position and figure for figure.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.positions import multi_assets_equity_and_maintenance
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.traders import RandomTrader
from tests.e2e.harness import CADENCE, Daemon, daemon, most_memory_mb, write_config

LIMIT_MB = 200.0
FAULT_SECONDS = 0.4
STANDSTILL = 1e-9  #: seconds of market time in one of ours: prices are sent and do not move


def faults(sim: SimBinance, dice: random.Random) -> None:
    """Switch on one thing that goes wrong."""
    switches = sim.faults
    account = dice.choice(sorted(sim.accounts))
    route = dice.choice(("market", "private"))
    path = dice.choice(("/fapi/v3/account", "/fapi/v3/positionRisk", "/fapi/v1/accountConfig", "/fapi/v1/symbolConfig"))
    choice = dice.randrange(19)
    if choice == 0:
        sim.drop()
    elif choice == 1:
        sim.drop(route)
    elif choice == 2:
        switches.stall.add(route)
    elif choice == 3:
        switches.refuse.add(dice.choice(("market", "private", "rest")))
    elif choice == 4:
        switches.no_acknowledgement.add("market")
    elif choice == 5:
        switches.wrong_route_silence.add("market")
        sim.drop("market")
    elif choice == 6:
        sim.expire_listen_key(account, event=dice.random() < 0.5)
    elif choice == 7:
        switches.unknown_listen_key += 1
    elif choice == 8:
        sim.ban(1)
    elif choice == 9:
        switches.rate_limited += 2
    elif choice == 10:
        switches.clock_shift_seconds = dice.choice((-2.0, 2.0))
    elif choice == 11:
        switches.garbage_frames[route] += 3
    elif choice == 12:
        switches.truncated_frames[route] += 3
    elif choice == 13:
        switches.bad_price["BTCUSDT"] = dice.choice(("NaN", "-1", ""))
    elif choice == 14:
        switches.missing_field["ETHUSDT"] = "p"
    elif choice == 15:
        switches.half_snapshot += 1
    elif choice == 16:
        switches.empty(1)
    elif choice == 17:
        switches.garbage_answers[path] += 1
    else:
        switches.lost_frames[route] += 2
        switches.reordered_frames[route] += 2
        switches.duplicated_frames[route] += 2


def figures(sim: SimBinance, account: SimAccount) -> dict[str, tuple[float, float]]:
    """Equity and maintenance of each pool with a position, by the venue's own plain arithmetic, in the pool's unit."""
    mark = sim.market.mark
    found: dict[str, tuple[float, float]] = {}
    for position in account.open_positions():
        if position.isolated_wallet is not None:
            at = mark(position.symbol)
            side = "long" if position.quantity > 0.0 else "short"
            equity = position.isolated_wallet + position.profit(at)
            found[f"isolated:{position.symbol}:{side}"] = (equity, position.maintenance(at))
    cross = account.cross_positions()
    if account.multi_assets and cross:
        found["multi-assets"] = multi_assets_equity_and_maintenance(
            account.cross_cash(), cross, account.marks(), account.rates()
        )
    elif not account.multi_assets:
        for asset in {position.asset for position in cross}:
            pool = account.cross_positions(asset)
            profit = sum(position.profit(mark(position.symbol)) for position in pool)
            required = sum(position.maintenance(mark(position.symbol)) for position in pool)
            found[f"cross:{asset}"] = (account.cross_wallet(asset) + profit, required)
    return found


def differences(sim: SimBinance, document: dict[str, Any]) -> list[str]:
    """Where the daemon's report is not the venue's truth, in words."""
    wrong = []
    reports = {report["account"]: report for report in document["accounts"]}
    for name, account in sim.accounts.items():
        pools = {pool["pool"]: pool for pool in reports[name]["pools"]}
        ours = {(row["symbol"], row["quantity"]) for pool in pools.values() for row in pool["positions"]}
        theirs = {(position.symbol, position.quantity) for position in account.open_positions()}
        if {(s, round(q, 8)) for s, q in ours} != {(s, round(q, 8)) for s, q in theirs}:
            wrong.append(f"{name}: positions {sorted(ours ^ theirs)}")
        for pool_name, (equity, required) in figures(sim, account).items():
            pool = pools.get(pool_name)
            if pool is None or pool["quality"] not in ("LIVE", "PARTIAL"):
                wrong.append(f"{name} {pool_name}: {pool and (pool['quality'], pool['reasons'])}")
            elif equity > 0.0:
                ratio = pool["margin_ratio"].get("value")
                if ratio is None or not math.isclose(ratio, required / equity, rel_tol=1e-5, abs_tol=1e-9):
                    wrong.append(f"{name} {pool_name}: ratio {ratio}, the venue's {required / equity}")
    return wrong


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
                    faults(sim, dice)
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
