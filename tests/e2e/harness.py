"""The installed daemon as a process against a simulated exchange, as a user would run it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.server import Cadence, SimBinance
from tests.unit.cli.processes import COMMAND, environment

#: Everything quicker than Binance, so that a test waits little: the same keys that a user has.
QUICK = """
log_level = "info"
[web]
port = 0
[supervision]
bug_first_seconds = 0.5
[venues.binance]
seed_candles = 0
[venues.binance.timings]
watch_every_seconds = 0.1
acknowledge_seconds = 1.0
reconnect_seconds = 2.0
marks_silent_seconds = 2.0
assets_silent_seconds = 2.0
backoff_first_seconds = 0.2
backoff_cap_seconds = 0.5
live_seconds = 2.0
rate_limited_seconds = 1.0
request_seconds = 3.0
account_every_seconds = 1.0
account_every_blind_seconds = 0.5
config_every_seconds = 2.0
clock_every_seconds = 1.0
bridge_every_seconds = 0.5
resync_settle_seconds = 0.05
resync_spacing_seconds = 0.2
cross_check_seconds = 1.0
[venues.binance.limits]
mark_seconds = 3.0
asset_seconds = 4.0
account_seconds = 6.0
"""

CADENCE = Cadence(mark_seconds=0.2)


def write_config(
    folder: Path, sim: SimBinance, accounts: list[SimAccount], more: str = "", permissions: str = "refuse"
) -> Path:
    """A configuration for these accounts, keys in files beside it; `more` holds further tables."""
    text = QUICK + f'[store]\ndirectory = "{folder}/state"\n'
    text += f'[venues.binance.urls]\nfapi = "{sim.fapi}"\nsapi = "{sim.sapi}"\nstream = "{sim.stream}"\n' + more
    for account in accounts:
        for name, secret in (("key", account.key), ("secret", account.secret)):
            file = folder / f"{account.name}.{name}"
            file.write_text(secret)
            file.chmod(0o600)
        text += (
            f'[accounts.{account.name}]\nvenue = "binance"\n'
            f'api_key_file = "{account.name}.key"\napi_secret_file = "{account.name}.secret"\n'
            f'permissions = "{permissions}"\n'
        )
    file = folder / "config.toml"
    file.write_text(text)
    return file


class Daemon:
    """A running `marginwatch run`; its log goes to a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process, self.log = process, log
        self.url = ""
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))

    async def close(self) -> None:
        await self._http.close()
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    def lines(self) -> list[dict[str, Any]]:
        """The log so far; each line must be JSON, but for a last one that is being written."""
        whole, _, _ = self.log.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def events(self, name: str, **context: object) -> list[dict[str, Any]]:
        """The log's lines with this event name and context."""
        return [line for line in self.lines() if line["event"] == name and context.items() <= line.items()]

    async def get(self, path: str) -> tuple[int, str]:
        async with self._http.get(self.url + path) as answer:
            return answer.status, await answer.text()

    async def metrics(self) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        """All samples by name (without prefix) and sorted labels."""
        status, text = await self.get("/metrics")
        assert status == 200
        found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = tuple(sorted(sample.labels.items()))
                found.setdefault(sample.name.removeprefix("marginwatch_"), {})[labels] = sample.value
        return found

    async def value(self, name: str, **labels: str) -> float | None:
        """The one sample of this name whose labels include these; None if there is none."""
        samples = (await self.metrics()).get(name, {})
        found = [value for key, value in samples.items() if labels.items() <= dict(key).items()]
        assert len(found) <= 1, (name, labels, samples)
        return found[0] if found else None

    async def total(self, name: str, **labels: str) -> float:
        """The sum of the samples of this name whose labels include these; there must be one."""
        samples = (await self.metrics()).get(name, {})
        found = [value for key, value in samples.items() if labels.items() <= dict(key).items()]
        assert found, (name, labels, samples)
        return sum(found)

    async def document(self) -> dict[str, Any]:
        _, text = await self.get("/api/v1/pools")
        document: dict[str, Any] = json.loads(text)
        return document

    async def until(self, what: str, holds: Callable[[], Any], within: float = 30.0) -> Any:
        """Wait for a condition (a plain or an async callable); fails with the log's end when it does not come."""
        deadline = time.monotonic() + within
        while True:
            result = holds()
            if asyncio.iscoroutine(result):
                result = await result
            if result:
                return result
            if time.monotonic() > deadline or self.process.returncode is not None:
                tail = "\n".join(self.log.read_text().splitlines()[-15:])
                raise AssertionError(f"not seen within {within} s: {what}\n{tail}")
            await asyncio.sleep(0.05)

    async def until_ready(self) -> None:
        lines = await self.until("listening", lambda: self.events("listening"))
        self.url = lines[0]["url"]

        async def ready() -> bool:
            return (await self.get("/-/ready"))[0] == 200

        await self.until("ready", ready, within=30.0)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal; returns after how many seconds the process was gone."""
        started = time.monotonic()
        self.process.send_signal(number)
        await asyncio.wait_for(self.process.wait(), 30.0)
        return time.monotonic() - started


@asynccontextmanager
async def daemon(config: Path, more: Mapping[str, str] | None = None, ready: bool = True) -> AsyncIterator[Daemon]:
    """Start the daemon; killed at the end if it is still there."""
    log = config.parent / "log"
    with log.open("w") as file:
        process = await asyncio.create_subprocess_exec(
            COMMAND, "run", "--config", str(config), stdout=file, stderr=file, env=environment(more)
        )
    running = Daemon(process, log)
    try:
        if ready:
            await running.until_ready()
        yield running
    finally:
        await running.close()


def most_memory_mb(pid: int) -> float:
    """The most memory that a process ever had resident."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmHWM")


def children(pid: int) -> list[int]:
    """Processes whose parent is `pid`."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # ended meanwhile
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
