"""What the flight recorder costs: the same paced run with it and without it, at a thousand frames a second."""

from __future__ import annotations

import asyncio
import gc
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from statistics import median

import uvloop

from bench.feed_clients import PATIENT, Progress
from bench.feed_server import SPAWN, Shared, serve
from bench.harness import Row, bench, bounded
from bench.kernel_account import VENUE, Held, loaded, opening, ticks
from bench.timing import ROUNDS, cores, cpu_seconds, on_core
from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.clock import SystemClock
from monitor.app.core import Core
from monitor.app.inbox import Inbox
from monitor.app.rooms import redactor
from monitor.domain.alerts import AlertChange
from monitor.domain.events import AssetTick
from monitor.domain.recording import UNRECORDED
from monitor.domain.view import View
from monitor.engine.engine import Engine
from monitor.outputs.journal.journal import About, Journal
from monitor.outputs.prometheus import Exposition
from monitor.venues.binance.margin import describe
from monitor.venues.binance.session import BinanceSession
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls

POSITIONS = 10
PER_SECOND = 1000.0
READY_SECONDS = 20.0
SETTLE_SECONDS, MEASURED_SECONDS = 0.8, 2.0  # longer than the writer waits: what it does late falls into the same turn
NOBODY = 1  #: of the server's clients: while its turn is, no frames are sent
SHARE = 0.05  #: of a core, the budget


@dataclass
class Running:
    """A monitor and the venue that feeds it."""

    name: str
    shared: Shared
    process: BaseProcess


def monitor(shared: Shared, progress: Progress, held: Held, folder: Path | None) -> None:
    """One account, live, with engine, rules and, if a folder is given, the journal; nothing is served or published."""
    uvloop.run(_monitor(f"ws://127.0.0.1:{shared.ports[0]}", progress, held, folder))


async def _monitor(url: str, progress: Progress, held: Held, folder: Path | None) -> None:
    configuration, clock = loaded(), SystemClock()
    journal = _journal(folder, clock) if folder is not None else None
    inbox = Inbox(configuration.config.inbox.facts_limit)
    urls = BinanceUrls(fapi=url, sapi=url, stream=url)
    session = BinanceSession(BinanceSettings(urls=urls, timings=PATIENT), inbox.put, clock, journal or UNRECORDED)
    engine, alerting = (
        Engine({VENUE: describe}, settings.engine(configuration)),
        Alerting(settings.alerts(configuration)),
    )
    core = Core(inbox, engine, alerting, Exposition(), {VENUE: session}, [], configuration, clock, journal)
    if journal is not None:
        journal.start()
    live = asyncio.Event()

    def look(view: View, _: Sequence[AlertChange]) -> None:
        if view.ready:
            live.set()

    core.on_view = look
    for event in opening(held, clock.now()):
        inbox.put(event)
    market = next(job for job in session.jobs() if job.name == "market stream")
    async with asyncio.TaskGroup() as tasks:
        for running in (core.run(), core.tick(), market.run()):
            tasks.create_task(_lasting(running))
        await live.wait()
        core.on_view = None
        gc.collect()
        gc.freeze()
        progress.ready.set()
        while True:
            await asyncio.sleep(0.2)
            progress.seen.value = session.feeds()[0].messages
            if not core.latest().ready:
                raise RuntimeError(f"the account is not live: {core.latest().not_ready}")
            if journal is not None and journal.status().lost_total:
                raise RuntimeError(f"the journal lost records: {journal.status()}")


def _journal(folder: Path, clock: SystemClock) -> Journal:
    configuration = loaded()
    about = About(
        instance="bench",
        version="",
        config=settings.effective(configuration),
        accounts=settings.account_keys(configuration),
    )
    secrets = configuration.secret_texts
    return Journal(lambda: folder, settings.journal(configuration), about, clock, redactor(("binance",)), secrets)


async def _lasting(running: Awaitable[None]) -> None:
    await running


@contextmanager
def pair(folder: Path) -> Iterator[list[Running]]:
    """Two monitors on one core, one of which keeps a journal; each has a venue of its own on the other core."""
    held = Held.of(POSITIONS)
    marks = list(ticks(held))  # they move: each frame changes figures
    assets = [(event.asset, event.price_usd) for event in opening(held, 0.0) if isinstance(event, AssetTick)]
    found, processes = list[Running](), list[BaseProcess]()

    def start(core: int, target: Callable[..., None], *arguments: object) -> BaseProcess:
        with on_core(core):
            process = SPAWN.Process(target=target, args=arguments, daemon=True)
            process.start()
        processes.append(process)
        return process

    try:
        for name, place in (("without", None), ("with", folder)):
            shared, progress = Shared(NOBODY + 1), Progress()
            start(cores()[0], serve, shared, marks, assets, PER_SECOND)
            shared.opened.acquire(timeout=READY_SECONDS)
            running = Running(name, shared, start(cores()[1], monitor, shared, progress, held, place))
            if not progress.ready.wait(READY_SECONDS):
                raise RuntimeError(f"the monitor {name} a journal is not ready")
            shared.active.value = NOBODY
            found.append(running)
        yield found
    finally:
        for process in processes:
            process.kill()
            process.join()


def measured(running: Running) -> float:
    """The share of a core that it takes in one turn."""
    pid = running.process.pid
    assert pid is not None
    running.shared.active.value = 0
    time.sleep(SETTLE_SECONDS)
    begin, before = time.perf_counter(), cpu_seconds(pid)
    time.sleep(MEASURED_SECONDS)
    share = (cpu_seconds(pid) - before) / (time.perf_counter() - begin)
    running.shared.active.value = NOBODY
    return share


def percent(share: float) -> str:
    """A share of a core."""
    return f"{share * 100:.1f} %"


@bench("journal", limit_seconds=90)
def journal_cost() -> Iterator[Row]:
    """CPU of the same run with and without the journal, in turns."""
    with tempfile.TemporaryDirectory() as folder, pair(Path(folder)) as (without, with_it):
        more, plain = list[float](), list[float]()
        for turn in range(ROUNDS + 1):
            base, share = measured(without), measured(with_it)
            if turn:
                more.append(share - base)
                plain.append(base)
        what = f"journal: CPU above the same run without it, {PER_SECOND:g} frames/s"
        floor = f"of a core; without it {percent(median(plain))}"
        yield bounded("-", what, median(more), SHARE, percent, floor=floor)
