"""A bug in the engine ends the process, loudly and with its traceback in the log: its state is suspect."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from monitor.app import monitor as app
from monitor.app.config import loads
from monitor.domain.accounts import Account
from monitor.domain.names import Venue
from monitor.domain.tables import Tables
from monitor.margin.pool import Describe, Description
from monitor.sim.binance.server import SimBinance
from tests.e2e.harness import CADENCE, QUICK, write_config
from tests.unit.cli.processes import environment


def broken(_: Account, __: Tables) -> Description:
    raise ZeroDivisionError("a bug while describing")


def all_broken(venues: Iterable[Venue]) -> dict[Venue, Describe]:
    return dict.fromkeys(venues, broken)


async def test_a_bug_in_the_core_ends_the_monitor_and_closes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "describes", all_broken)
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1, price=sim.market.mark("BTCUSDT"))
        urls = f'[venues.binance.urls]\nfapi = "{sim.fapi}"\nsapi = "{sim.sapi}"\nstream = "{sim.stream}"\n'
        keys = f'[accounts.main]\nvenue = "binance"\napi_key = "{account.key}"\napi_secret = "{account.secret}"\n'
        with pytest.raises(ExceptionGroup) as caught:
            async with asyncio.timeout(30):
                await app.run_monitor(loads(QUICK + urls + keys), stop=asyncio.Event())
        assert caught.group_contains(ZeroDivisionError)
        left = [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith(("binance", "engine"))]
        assert left == []


async def test_the_process_says_so_in_its_log_and_ends_with_1(tmp_path: Path) -> None:
    async with SimBinance(quiet=True, cadence=CADENCE) as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1, price=sim.market.mark("BTCUSDT"))
        config = write_config(tmp_path, sim, [account])
        code = (
            "import sys; from monitor.app import monitor; from tests.e2e.test_failure import all_broken\n"
            "monitor.describes = all_broken\n"
            "from pathlib import Path; from monitor.cli.run import run\n"
            f"sys.exit(run(Path({str(config)!r})))"
        )
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stderr=subprocess.PIPE, env=environment()
        )
        _, errors = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode == 1
        last = json.loads(errors.decode().splitlines()[-1])
        assert last["event"] == "the monitor failed"
        assert "ZeroDivisionError: a bug while describing" in last["exception"]
        assert account.secret not in errors.decode()
