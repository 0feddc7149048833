"""Every account mode of every venue at once: the real monitor on all simulators, each pool live or honest, each figure
the venue's own, and all of it in `status`.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence

import pytest

from monitor.app.monitor import run_monitor
from monitor.cli.demo import configuration, free_port
from monitor.domain.alerts import AlertChange
from monitor.domain.quality import Quality
from monitor.domain.view import View
from monitor.sim.cast import every_mode
from monitor.sim.story import cast
from monitor.sim.world import EVERY, World
from tests.unit.cli.processes import marginwatch

WITHIN_SECONDS = 40.0
DRIFT = 0.01  #: a reading is some seconds old when prices move; the exact figures are each room's own tests
#: By account: its pools when it stands still, the mode that `status` names, and the worst quality that is honest there.
MODES: dict[str, tuple[set[str], str, Quality]] = {
    "main": ({"cross:USDT", "isolated:ETHUSDT:long"}, "single-asset", Quality.LIVE),
    "multi": ({"multi-assets"}, "multi-assets", Quality.LIVE),
    "coins": ({"cross:BTC", "cross:ETH"}, "single-asset", Quality.LIVE),
    "loans": ({"margin"}, "spot (classic)", Quality.LIVE),
    "loans-pro": ({"margin"}, "spot (pro)", Quality.LIVE),
    "pairs": ({"margin:ETHUSDT"}, "isolated", Quality.LIVE),
    "unified": ({"portfolio-margin"}, "portfolio-margin (retail)", Quality.PARTIAL),
    "unified-pro": ({"portfolio-margin"}, "portfolio-margin (pro)", Quality.PARTIAL),
    "hedge": ({"multi-assets"}, "multi-assets", Quality.LIVE),
    "alone": ({"isolated:BTCUSDT:long", "isolated:ETHUSDT:short"}, "isolated", Quality.LIVE),
    "grids": ({"portfolio-margin"}, "portfolio-margin", Quality.PARTIAL),
    "desk": ({"cross:USDT", "isolated:SOL-USDT-SWAP:long"}, "single-asset", Quality.LIVE),
    "currencies": ({"multi-assets"}, "multi-assets", Quality.LIVE),
    "built": ({"portfolio-margin"}, "portfolio-margin", Quality.PARTIAL),
    "classic": ({"cross:USDT", "cross:BTC", "isolated:SOLUSDTM:long"}, "single-asset (classic)", Quality.LIVE),
    "classic-loans": ({"margin"}, "spot", Quality.LIVE),
    "classic-pairs": ({"margin:ETH-USDT"}, "isolated", Quality.LIVE),
    "whole": ({"multi-assets"}, "multi-assets (unified)", Quality.PARTIAL),
    "chain": ({"cross:USDC", "isolated:SOL:long"}, "single-asset (standard)", Quality.LIVE),
    "chain-unified": ({"cross:USDC", "isolated:SOL:long"}, "single-asset (unified)", Quality.LIVE),
    "chain-portfolio": ({"portfolio-margin", "isolated:SOL:long"}, "portfolio-margin (portfolio)", Quality.PARTIAL),
}


class Seen:
    """The last view, and what of it is not yet as it should be."""

    def __init__(self) -> None:
        self.view: View | None = None

    def look(self, view: View, _: Sequence[AlertChange]) -> None:
        self.view = view

    def wrong(self) -> list[str]:
        if self.view is None:
            return ["nothing was reported yet"]
        accounts = {report.key.account: report for report in self.view.accounts}
        found = [f"{name} is not there" for name in MODES.keys() - accounts.keys()]
        for name, (pools, _, worst) in MODES.items():
            report = accounts.get(name)
            if report is None:
                continue
            there = {pool.key.pool: pool for pool in report.pools}
            found += [f"{name}: no pool {pool}: {report.reasons}" for pool in pools - there.keys()]
            for pool in there.values():
                if pool.quality not in (Quality.LIVE, worst):
                    found.append(f"{name} {pool.key.pool}: {pool.quality}: {pool.reasons}")
                if pool.quality is Quality.PARTIAL and not pool.reasons:
                    found.append(f"{name} {pool.key.pool}: PARTIAL without a reason")
                for figure, drift in pool.drift.items():
                    if abs(drift) > DRIFT:
                        found.append(f"{name} {pool.key.pool}: {figure} is {drift:.3%} off the venue's")
        return found


async def until_nothing_is_wrong(seen: Seen, done: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + WITHIN_SECONDS
    while wrong := seen.wrong():
        assert not done(), "the monitor ended"
        if asyncio.get_running_loop().time() > deadline:
            pytest.fail("\n".join(wrong))
        await asyncio.sleep(0.2)


async def test_every_mode_of_every_venue_is_live_or_says_why_not_and_agrees_with_its_venue() -> None:
    async with World(EVERY, seed=5, quiet=True) as world:
        members = cast(world) + every_mode(world)
        assert {member.name for member in members} == set(MODES)
        world.market.daily_volatility_ratio = 0.001
        port = free_port(0)
        stop, seen = asyncio.Event(), Seen()
        running = asyncio.create_task(
            run_monitor(configuration(world, members, port, None), stop=stop, on_view=seen.look)
        )
        try:
            await until_nothing_is_wrong(seen, running.done)
            told = await asyncio.to_thread(marginwatch, "status", "--url", f"http://127.0.0.1:{port}")
        finally:
            stop.set()
            await running
    for name, (pools, mode, _) in MODES.items():
        block = re.search(rf"^\w+/{name}  (.*?)(?=^\w+/|\Z)", told.stdout, re.MULTILINE | re.DOTALL)
        assert block is not None, name
        assert mode in block[1].splitlines()[0], name
        for pool in pools:
            assert re.search(rf"^  {re.escape(pool)}  ", block[1], re.MULTILINE), (name, pool)
