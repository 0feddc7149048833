"""P2 and P3: what a frame costs on its way from the socket to the decision, and that none of a burst is lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess

from bench.feed_clients import Progress, monitor, peer
from bench.feed_server import SPAWN, Shared, serve
from bench.harness import Row, bench, compared
from bench.kernel_account import Held, opening, ticks
from bench.timing import ROUNDS, Timing, cores, cpu_seconds, on_core
from monitor.domain.events import AssetTick

POSITIONS = 10
OURS = "ours"
READY_SECONDS = 20.0
SETTLE_SECONDS, MEASURED_SECONDS = 0.1, 0.7


@dataclass
class Client:
    """One reader of the feed, in a process of its own."""

    name: str
    process: BaseProcess
    progress: Progress


@contextmanager
def running(symbols: int, per_second: float) -> Iterator[tuple[Shared, list[Client]]]:
    """A paced feed on one core; ours and the peers on the other, each with a connection of its own."""
    held = Held.of(POSITIONS)
    others = Held.of(symbols).symbols[POSITIONS:]
    marks = [*ticks(held)[:POSITIONS], *((symbol, 100.0) for symbol in others)]
    names = [symbol for symbol, _ in marks]
    assets = [(event.asset, event.price_usd) for event in opening(held, 0.0) if isinstance(event, AssetTick)]
    targets: dict[str, tuple[Callable[..., None], tuple[object, ...]]] = {
        OURS: (monitor, (held,)),
        "ccxt.pro": (peer, (names, False)),
        "ccxt.pro on uvloop": (peer, (names, True)),
    }
    shared, clients = Shared(len(targets)), list[Client]()
    with on_core(cores()[0]):
        server = SPAWN.Process(target=serve, args=(shared, marks, assets, per_second), daemon=True)
        server.start()
    shared.opened.acquire(timeout=READY_SECONDS)
    with on_core(cores()[1]):
        for number, (name, (target, more)) in enumerate(targets.items()):
            progress = Progress()
            process: BaseProcess = SPAWN.Process(target=target, args=(shared, number, progress, *more), daemon=True)
            process.start()
            clients.append(Client(name, process, progress))
    try:
        for client in clients:
            if not client.progress.ready.wait(READY_SECONDS):
                raise RuntimeError(f"{client.name} is not ready")
        yield shared, clients
    finally:
        for each in (*(client.process for client in clients), server):
            each.kill()
            each.join()


def paced(symbols: int, per_second: float) -> dict[str, Timing]:
    """CPU seconds a frame of each client, in turns."""
    spent: dict[str, list[float]] = {}
    with running(symbols, per_second) as (shared, clients):
        for turn in range(ROUNDS + 1):
            for number, client in enumerate(clients):
                shared.active.value = number
                time.sleep(SETTLE_SECONDS)
                pid = client.process.pid
                assert pid is not None
                before, sent = cpu_seconds(pid), shared.sent.value
                time.sleep(MEASURED_SECONDS)
                cost = (cpu_seconds(pid) - before) / (shared.sent.value - sent)
                if turn:
                    spent.setdefault(client.name, []).append(cost)
        for client in clients:
            if client.progress.seen.value == 0:
                raise RuntimeError(f"{client.name} saw nothing")
    return {name: Timing(tuple(values)) for name, values in spent.items()}


def paced_rows(symbols: int, per_second: float, limit: float) -> Iterator[Row]:
    """Ours, without outputs, against ccxt.pro on its own loop, and on ours for information."""
    found = paced(symbols, per_second)
    what = f"CPU a frame, {symbols} symbols, {per_second:g}/s"
    yield compared("P3", what, found[OURS], "ccxt.pro", found["ccxt.pro"], limit, at_least=True)
    uvloop = "ccxt.pro on uvloop"
    yield compared("P3", f"{what}, both on uvloop", found[OURS], uvloop, found[uvloop], at_least=True)


@bench("P3")
def paced_ten() -> Iterator[Row]:
    """Ten symbols, all held."""
    yield from paced_rows(10, 1000.0, 2.0)


@bench("P3")
def paced_many() -> Iterator[Row]:
    """Two hundred symbols, ten of them held."""
    yield from paced_rows(200, 200.0, 4.5)
