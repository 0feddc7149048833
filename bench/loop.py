"""P10: how late the daemon's event loop is, and how long its collector stops it, under load and while scraped."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from subprocess import PIPE

from bench.harness import Row, bench, bounded, seconds_text
from bench.loop_ticker import Ticker
from bench.loop_venue import PER_ACCOUNT
from bench.scrape import free_port
from bench.scrape_client import Answer, read
from bench.timing import cores, on_core, percentile
from monitor.app import logging
from monitor.app.config import Loaded, loads
from monitor.app.monitor import run_monitor
from monitor.cli.run import in_loop
from monitor.domain.alerts import AlertChange
from monitor.domain.view import View
from monitor.sim.binance.accounts import credentials

ACCOUNTS, POSITIONS, FRAMES_PER_SECOND = 3, 10, 1_000
READY_SECONDS, SETTLE_SECONDS, REST_SECONDS, SCRAPES = 10.0, 2.5, 2.0, 8
ENOUGH = 0.9  #: of the frames that were asked for, or the row says nothing
LAG_BUDGET_SECONDS, PAUSE_BUDGET_SECONDS = 0.003, 0.010


class Pauses:
    """How long each garbage collection takes from now on.

    In CPU time: what another process takes of the core meanwhile is no collection.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._begin = 0.0
        gc.callbacks.append(self._note)

    def _note(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._begin = time.thread_time()
        else:
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


@dataclass(frozen=True, slots=True)
class Found:
    """What one run came to. The tickers ran in an empty loop, in the daemon at rest, and while it was scraped."""

    idle: Ticker
    unscraped: Ticker
    scraped: Ticker
    frames_per_second: float
    pauses: list[float]
    answers: list[Answer]


async def _ticked(seconds: float) -> Ticker:
    ticker = Ticker()
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await ticker.run()
    return ticker


async def _scraped(url: str, times: int) -> tuple[Ticker, list[Answer]]:
    """Scraped once a second by another process."""
    ticker = Ticker()
    ticking = asyncio.create_task(ticker.run())
    with on_core(cores()[0]):
        command = (sys.executable, "-m", "bench.scrape_client", url, "--every", "1", "--times", str(times))
        client = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
    out, _ = await client.communicate()
    ticking.cancel()
    return ticker, [read(line) for line in out.decode().splitlines()]


async def _measured() -> Found:
    """The real monitor, journal and all, at a thousand frames a second."""
    idle = await _ticked(REST_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        async with venue(FRAMES_PER_SECOND) as address:
            stop, watched, port = asyncio.Event(), Watched(), free_port()
            loaded = configuration(address, port, Path(folder))
            running = asyncio.create_task(run_monitor(loaded, stop=stop, on_view=watched.see))
            try:
                async with asyncio.timeout(READY_SECONDS):
                    await watched.ready.wait()
                await asyncio.sleep(
                    SETTLE_SECONDS
                )  # by now the daemon has taken what lives out of the collector's sight
                if not gc.get_freeze_count():
                    raise RuntimeError("the daemon froze nothing")
                pauses = Pauses()
                unscraped = await _ticked(REST_SECONDS)
                begin, frames = time.monotonic(), watched.frames()
                scraped, answers = await _scraped(f"http://127.0.0.1:{port}/metrics", SCRAPES)
                rate = (watched.frames() - frames) / (time.monotonic() - begin)
            finally:
                stop.set()
                await running
    return Found(idle, unscraped, scraped, rate, pauses.seconds, answers)


@bench("P10", limit_seconds=40)
def loop_lag() -> Iterator[Row]:
    """How late the loop is, and how long the collector takes."""
    logging.configure("error")
    results: list[Found] = []

    async def measured() -> None:
        results.append(await _measured())

    in_loop(measured())
    (found,) = results
    if found.frames_per_second < ENOUGH * FRAMES_PER_SECOND:
        yield Row("P10", "frames", failed=f"only {found.frames_per_second:.0f} of {FRAMES_PER_SECOND} a second came")
    lag, idle = percentile(found.scraped.late, 0.99), percentile(found.idle.late, 0.99)
    yield bounded(
        "P10",
        f"loop lag p99, {found.frames_per_second:,.0f} frames/s, {ACCOUNTS} x {POSITIONS} legs, scraped",
        lag,
        LAG_BUDGET_SECONDS,
        floor=f"an idle loop {seconds_text(idle)}",
        times=lag / idle,
    )
    for what, ticks in (
        ("the same without what others took of the core", found.scraped.own()),
        ("the same while nobody scrapes", found.unscraped.late),
    ):
        beside = f"p50 {seconds_text(percentile(ticks, 0.5))}, worst {seconds_text(max(ticks))}"
        yield Row("P10", what, seconds_text(percentile(ticks, 0.99)), beside)
    yield bounded(
        "P10",
        f"longest of {len(found.pauses)} garbage collections after start",
        max(found.pauses, default=0.0),
        PAUSE_BUDGET_SECONDS,
        floor=f"a scrape meanwhile {seconds_text(median(answer.seconds for answer in found.answers))}",
    )
