"""`marginwatch demo`: the real monitor on three simulated exchanges in one process, with a story of two minutes.

After the story the market goes on: accounts trade, prices crash and recover, connections fail, contracts come and go.
"""

from __future__ import annotations

import asyncio
import io
import json
import socket
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console

from monitor.app import logging
from monitor.app.config import Loaded, loads
from monitor.app.monitor import run_monitor
from monitor.cli.codes import Exit
from monitor.cli.demo_screen import LiveScreen, PlainScreen, Screen, Tally
from monitor.cli.run import in_loop, stop_on_signals
from monitor.domain.alerts import AlertChange, AlertState
from monitor.domain.view import View
from monitor.sim.binance.days import Days
from monitor.sim.cast import every_mode
from monitor.sim.lives import live
from monitor.sim.members import Member, urls
from monitor.sim.story import TOLD_SECONDS, cast, play
from monitor.sim.world import EVERY, STORY, World

HOST = "127.0.0.1"
DRAW_EVERY_SECONDS = 0.25
READY_WITHIN_SECONDS = 15.0  #: the story waits so long for the first full reading
SEED = 11
FUNDING_AFTER_SECONDS = 1500.0  #: of market time: when the first funding is paid

#: The story is quick, so the demo asks sooner, gives up later and tells sooner than a daemon would.
SETTINGS = """
instance = "demo"
[journal]
enabled = false
[store]
enabled = false
[groups.basis.hedges.btc]
legs = ["desk:BTC-USDT-SWAP:long", "hedge:BTCUSDT:short"]
[alerts.margin_ratio]
for_seconds = 1.0
keep_firing_seconds = 5.0
[alerts.coin_distance]
for_seconds = 1.0
keep_firing_seconds = 5.0
[alerts.market_distance]
for_seconds = 1.0
keep_firing_seconds = 5.0
[alerts.position_distance]
for_seconds = 1.0
keep_firing_seconds = 5.0
[alerts.data_quality]
for_seconds = 2.0
keep_firing_seconds = 3.0
[alerts.feed_down]
for_seconds = 2.0
keep_firing_seconds = 3.0
[alerts.group_ratio]
for_seconds = 1.0
keep_firing_seconds = 5.0
[alerts.hedge_broken]
for_seconds = 1.0
keep_firing_seconds = 2.0
[alerts.hedge_leg_near]
for_seconds = 1.0
keep_firing_seconds = 5.0
"""
#: The same for the transport of every venue.
TIMINGS = {
    "backoff_first_seconds": 0.5,
    "backoff_cap_seconds": 2.0,
    "account_every_seconds": 5.0,
    "account_every_blind_seconds": 3.0,
    "resync_spacing_seconds": 1.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the demo runs: until Ctrl-C, or for `seconds`; /metrics on `port` (0: any free one).

    `speed`: seconds of market time in one of ours. Prices and funding move that much faster; the story, the times that
    frames are stamped with, how often they come, and all deadlines stay as they are. `journal`: the folder that the run
    is recorded into; None: nothing is written anywhere. `every`: all venues run, each with an account in every mode.
    """

    seconds: float | None = None
    port: int = 0
    speed: float = 1.0
    journal: Path | None = None
    every: bool = False


def demo(options: Options) -> Exit:
    """Run the demo. Returns when everything is closed again."""
    kept = io.StringIO()
    logging.configure("warning", stream=kept)
    console = Console()
    free = free_port(options.port)
    if free != options.port and options.port:
        print(f"port {options.port} is taken: using {free} instead")
    url = f"http://{HOST}:{free}"
    print(f"metrics: {url}/metrics   page: {url}/   (Ctrl-C ends)", flush=True)
    screen: Screen = LiveScreen(console, url) if console.is_terminal else PlainScreen()
    tally = Tally()
    try:
        with screen:
            in_loop(Demo(screen, tally, replace(options, port=free)).run())
    except Exception:  # the log was kept from the screen: show it now, the traceback follows
        sys.stderr.write(kept.getvalue())
        raise
    print("\n".join(tally.lines()))
    return Exit.FINE


def free_port(wanted: int) -> int:
    """The wanted port if it is free, else any other."""
    for port in (wanted, 0):
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return int(probe.getsockname()[1])
    return 0


def configuration(world: World, members: Sequence[Member], port: int, journal: Path | None) -> Loaded:
    """The demo's configuration: base addresses of the simulators, and the keys of their accounts."""
    tables = [
        "\n".join([f"[accounts.{one.name}]", *(f"{key} = {json.dumps(text)}" for key, text in one.table().items())])
        for one in members
    ]
    overrides = {
        "venues": {venue: {"urls": there, "timings": TIMINGS} for venue, there in urls(world)},
        "web": {"host": HOST, "port": port},
        "journal": {"enabled": False} if journal is None else {"enabled": True, "directory": str(journal.absolute())},
    }
    return loads(SETTINGS + "\n".join(tables), {}, overrides)


class Demo:
    """Simulator, story, monitor and screen, side by side."""

    def __init__(self, screen: Screen, tally: Tally, options: Options) -> None:
        self._screen, self._tally, self._options = screen, tally, options
        self._started = time.monotonic()
        self._ready = asyncio.Event()

    async def run(self) -> None:
        """From the first price to the last."""
        stop = asyncio.Event()
        stop_on_signals(stop)
        options = self._options
        names = EVERY if options.every else STORY
        async with World(names, seed=SEED, speed=options.speed) as world, asyncio.TaskGroup() as tasks:
            for venue in world.venues:
                venue.market.now = venue.market.funding_interval_seconds - FUNDING_AFTER_SECONDS
            members = cast(world) + (every_mode(world) if options.every else ())
            loaded = configuration(world, members, options.port, options.journal)
            tasks.create_task(
                run_monitor(loaded, stop=stop, on_view=self._see, on_latency=self._tally.latencies.append),
                name="monitor",
            )
            beside = [
                tasks.create_task(self._story(world), name="story"),
                tasks.create_task(self._draw(), name="screen"),
            ]
            with suppress(TimeoutError):
                async with asyncio.timeout(options.seconds):
                    await stop.wait()
            stop.set()
            for task in beside:
                task.cancel()

    def _see(self, view: View, changes: Sequence[AlertChange]) -> None:
        self._tally.see(view, changes)
        if view.ready:
            self._ready.set()
        for change in changes:
            if change.alert.state not in (AlertState.SILENCED, AlertState.INHIBITED):  # nobody would be told of it
                self._screen.alert(change)

    async def _story(self, world: World) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(READY_WITHIN_SECONDS):
                await self._ready.wait()
        told = TOLD_SECONDS
        if self._options.seconds is not None:
            told = max(1.0, min(told, self._options.seconds - self._elapsed()))
        await play(world, seconds=told, say=self._screen.say)
        self._screen.say("The story is over; the market goes on, and not everything works. Ctrl-C ends the demo.")
        if self._options.every:
            await live(world, seed=SEED, say=self._screen.say)
        await Days(world.binance, seed=SEED, say=self._screen.say).live()

    async def _draw(self) -> None:
        while True:
            if self._tally.view is not None:
                self._screen.draw(self._tally.view, self._elapsed())
            await asyncio.sleep(DRAW_EVERY_SECONDS)

    def _elapsed(self) -> float:
        return time.monotonic() - self._started
