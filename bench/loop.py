"""P10: how late the daemon's event loop is, and how long its collector stops it, under load and while scraped."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import PIPE

import uvloop

from bench.harness import Row, bench, bounded, seconds_text
from bench.loop_ticker import Ticker
from bench.loop_venue import PER_ACCOUNT
from bench.scrape import free_port
from bench.scrape_client import Answer, read
from bench.timing import cores, on_core, percentile
from monitor.app import logging
from monitor.app.config import Loaded, loads
from monitor.app.monitor import run_monitor
from monitor.domain.alerts import AlertChange
from monitor.domain.view import View
from monitor.sim.binance.accounts import credentials

ACCOUNTS, POSITIONS, FRAMES_PER_SECOND = 3, 10, 1_000
READY_SECONDS, SETTLE_SECONDS, MEASURED_SECONDS, REST_SECONDS = 10.0, 1.0, 8.0, 2.0
LAG_BUDGET_SECONDS, PAUSE_BUDGET_SECONDS = 0.003, 0.010


class Pauses:
    """How long each garbage collection took, once what lives is out of its sight.

    In CPU time: what another process takes of the core meanwhile is no collection.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._begin = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._begin = time.thread_time()
        elif gc.get_freeze_count():
            self.seconds.append(time.thread_time() - self._begin)


@asynccontextmanager
async def venue(frames_per_second: float) -> AsyncIterator[str]:
    """The simulated venue on the other core; its address."""
    with on_core(cores()[0]):
        command = (sys.executable, "-m", "bench.loop_venue", str(ACCOUNTS), str(POSITIONS), str(frames_per_second))
        process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE)
    assert process.stdout is not None
    try:
        yield f"127.0.0.1:{int(await process.stdout.readline())}"
    finally:
        process.kill()
        await process.wait()


def configuration(address: str, port: int, journal: Path) -> Loaded:
    """The daemon's own defaults but for addresses, keys and the journal's folder."""
    tables = []
    for number in range(ACCOUNTS):
        name = PER_ACCOUNT.format(number)
        key, secret = credentials(name)
        tables.append(
            f'[accounts.{name}]\nvenue = "binance"\napi_key = {json.dumps(key)}\napi_secret = {json.dumps(secret)}'
        )
    urls = {"fapi": f"http://{address}", "sapi": f"http://{address}", "stream": f"ws://{address}"}
    overrides = {
        "venues": {"binance": {"urls": urls}},
        "web": {"port": port},
        "journal": {"directory": str(journal)},
    }
    return loads("\n".join(tables), {}, overrides)


class Watched:
    """What the monitor showed while it ran."""

    def __init__(self) -> None:
        self.view: View | None = None
        self.ready = asyncio.Event()

    def see(self, view: View, _: Sequence[AlertChange]) -> None:
        """A step was taken."""
        self.view = view
        if view.ready:
            self.ready.set()

    def frames(self) -> int:
        """Frames of streams so far."""
        assert self.view is not None
        return sum(feed.messages for feed in self.view.feeds if not feed.polled)


async def _measured() -> tuple[list[float], list[float], float, list[float], list[Answer]]:
    """Lateness of the ticks without and with the load's scrapes, frames a second, pauses, and the answers."""
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as folder:
        async with venue(FRAMES_PER_SECOND) as address:
            stop, watched, pauses, ticker = asyncio.Event(), Watched(), Pauses(), Ticker()
            port = free_port()
            loaded = configuration(address, port, Path(folder))
            running = asyncio.create_task(run_monitor(loaded, stop=stop, on_view=watched.see))
            try:
                async with asyncio.timeout(READY_SECONDS):
                    await watched.ready.wait()
                await asyncio.sleep(SETTLE_SECONDS)
                ticking = asyncio.create_task(ticker.run())
                await asyncio.sleep(REST_SECONDS)
                unscraped = list(ticker.late)
                ticker.late.clear()
                begin, frames = loop.time(), watched.frames()
                url = f"http://127.0.0.1:{port}/metrics"
                with on_core(cores()[0]):
                    command = (sys.executable, "-m", "bench.scrape_client", url, "--every", "1")
                    times = str(round(MEASURED_SECONDS))
                    client = await asyncio.create_subprocess_exec(*command, "--times", times, stdout=PIPE)
                out, _ = await client.communicate()
                rate = (watched.frames() - frames) / (loop.time() - begin)
                ticking.cancel()
            finally:
                stop.set()
                await running
    return unscraped, ticker.late, rate, pauses.seconds, [read(line) for line in out.decode().splitlines()]


@bench("P10", limit_seconds=40)
def loop_lag() -> Iterator[Row]:
    """The real monitor, journal and all, at a thousand frames a second."""
    logging.configure("error")
    unscraped, late, rate, pauses, answers = uvloop.run(_measured())
    if rate < 0.9 * FRAMES_PER_SECOND:
        yield Row("P10", "frames a second", failed=f"only {rate:.0f} of {FRAMES_PER_SECOND} came")
    p99, rest = percentile(late, 0.99), percentile(unscraped, 0.99)
    what = f"loop lag p99, {rate:,.0f} frames/s, {ACCOUNTS} x {POSITIONS} positions, scraped"
    yield bounded("P10", what, p99, LAG_BUDGET_SECONDS, floor=f"not scraped {seconds_text(rest)}", times=p99 / rest)
    yield Row(
        "P10", "the same: worst of all ticks", seconds_text(max(late)), f"p50 {seconds_text(percentile(late, 0.5))}"
    )
    worst = max(pauses, default=0.0)
    what = f"longest of {len(pauses)} garbage collections after start"
    yield bounded("P10", what, worst, PAUSE_BUDGET_SECONDS)
    yield Row("P10", "a scrape meanwhile", seconds_text(sorted(one.seconds for one in answers)[len(answers) // 2]))
