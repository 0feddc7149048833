"""P9: how long commands and the daemon take to start, and what the daemon holds in memory."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from bench.harness import Row, bench, bounded, bytes_text, seconds_text
from bench.loop import ACCOUNTS, venue
from bench.loop_venue import PER_ACCOUNT
from bench.scrape import free_port
from bench.timing import ROUNDS, Timing, ratio, rss_bytes
from monitor.sim.binance.accounts import credentials

COMMAND = str(Path(sys.executable).parent / "marginwatch")
VERSION_SECONDS, CHECK_SECONDS, READY_SECONDS = 0.2, 0.8, 3.0
DAEMON_BYTES, LARGE_BYTES = 200e6, 350e6
GIVE_UP_SECONDS, ASK_EVERY_SECONDS = 15.0, 0.02
SETTLED_SECONDS = 5.0  #: after READY: by then the slower readings are in, and the first collection is done
LARGE = (10_000, 20)  #: accounts, legs of each


def write_config(folder: Path, address: str, port: int) -> Path:
    """A file as a user has it: keys in files of their own."""
    text = f'[web]\nport = {port}\n[journal]\ndirectory = "{folder / "journal"}"\n[venues.binance.urls]\n'
    text += f'fapi = "http://{address}"\nsapi = "http://{address}"\nstream = "ws://{address}"\n'
    for number in range(ACCOUNTS):
        name = PER_ACCOUNT.format(number)
        text += f'[accounts.{name}]\nvenue = "binance"\n'
        for what, secret in zip(("key", "secret"), credentials(name), strict=True):
            file = folder / f"{name}.{what}"
            file.write_text(secret)
            file.chmod(0o600)
            text += f'api_{what}_file = "{file.name}"\n'
    file = folder / "config.toml"
    file.write_text(text)
    return file


def environment() -> dict[str, str]:
    """That of a user of whom nothing is known."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MARGINWATCH_")}


def timed(*commands: Sequence[str]) -> list[Timing]:
    """Seconds of each command from start to end, in turns; the first round fills the caches of files and bytecode."""
    samples: list[list[float]] = [[] for _ in commands]
    for turn in range(ROUNDS + 1):
        for spent, command in zip(samples, commands, strict=True):
            begin = time.perf_counter()
            subprocess.run(command, env=environment(), stdout=subprocess.DEVNULL, check=True)
            if turn:
                spent.append(time.perf_counter() - begin)
    return [Timing(tuple(spent)) for spent in samples]


@bench("P9", limit_seconds=30)
def commands() -> Iterator[Row]:
    """Commands that do not run for long."""
    with tempfile.TemporaryDirectory() as folder:
        file = write_config(Path(folder), "127.0.0.1:9", 0)
        bare, version, check = timed(
            (sys.executable, "-c", "pass"), (COMMAND, "--version"), (COMMAND, "check-config", "-c", str(file))
        )
    floor = f"bare interpreter {seconds_text(bare.median)}"
    yield bounded(
        "P9", "marginwatch --version", version.median, VERSION_SECONDS, floor=floor, times=ratio(version, bare)
    )
    yield bounded("P9", "marginwatch check-config", check.median, CHECK_SECONDS, floor=floor, times=ratio(check, bare))


async def _started() -> tuple[float, int]:
    """Seconds until READY, and bytes some time later."""
    with tempfile.TemporaryDirectory() as folder:
        async with venue(0.0) as address:
            port = free_port()
            file = write_config(Path(folder), address, port)
            begin = time.perf_counter()
            command = (COMMAND, "run", "-c", str(file))
            daemon = await asyncio.create_subprocess_exec(*command, env=environment(), stderr=subprocess.DEVNULL)
            try:
                while not await asyncio.to_thread(_ready, port):
                    if daemon.returncode is not None:
                        raise RuntimeError(f"the daemon ended with {daemon.returncode}")
                    if time.perf_counter() - begin > GIVE_UP_SECONDS:
                        raise TimeoutError(f"not ready within {GIVE_UP_SECONDS:g} s")
                    await asyncio.sleep(ASK_EVERY_SECONDS)
                ready = time.perf_counter() - begin
                await asyncio.sleep(SETTLED_SECONDS)
                return ready, rss_bytes(daemon.pid)
            finally:
                with suppress(ProcessLookupError):
                    daemon.kill()
                await daemon.wait()


def _ready(port: int) -> bool:
    """Whether a daemon on this port says that it is ready."""
    asking = http.client.HTTPConnection("127.0.0.1", port, timeout=1.0)
    with suppress(OSError):
        asking.request("GET", "/-/ready")
        return asking.getresponse().status == 200
    return False


@bench("P9", limit_seconds=60)
def daemon() -> Iterator[Row]:
    """The daemon with three accounts on the simulated venue, by its own defaults."""
    asyncio.run(_started())  # fills the caches of files and bytecode
    ready, held = asyncio.run(_started())
    yield bounded("P9", f"READY on the simulator, {ACCOUNTS} accounts", ready, READY_SECONDS)
    yield bounded("P9", "the daemon's memory (RSS), ccxt loaded", held, DAEMON_BYTES, bytes_text)


@bench("P9", limit_seconds=60)
def large_book() -> Iterator[Row]:
    """The daemon's imports and a book of 200,000 legs."""
    accounts, legs = LARGE
    command = (sys.executable, "-m", "bench.startup_book", str(accounts), str(legs))
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    floor = f"imports alone {bytes_text(found['imported'])}"
    what = f"RSS with a book of {accounts * legs:,} legs"
    yield bounded("P9", f"{what}, built", found["built"], LARGE_BYTES, bytes_text, floor=floor)
    yield bounded("P9", f"{what}, all lines solved", found["solved"], LARGE_BYTES, bytes_text, floor=floor)
