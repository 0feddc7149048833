"""Who reads the paced feed: our own pipeline without its outputs, and ccxt.pro's `watch_mark_prices`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Sequence
from typing import Any

import uvloop

from bench.feed_server import SPAWN, Shared
from bench.kernel_account import MAIN, VENUE, Held, loaded, opening
from monitor.alerts.alerting import Alerting
from monitor.app import settings
from monitor.app.clock import SystemClock
from monitor.app.core import Core
from monitor.app.inbox import Inbox
from monitor.domain.alerts import AlertChange
from monitor.domain.view import View
from monitor.engine.engine import Engine
from monitor.outputs.prometheus import Exposition
from monitor.venues.binance.margin import describe
from monitor.venues.binance.session import BinanceSession
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls
from monitor.venues.settings import Timings

NEVER = 1e9
PATIENT = Timings(marks_silent_seconds=NEVER, assets_silent_seconds=NEVER)  # while others are measured nothing comes


class Progress:
    """How far a client is: ready, and how many prices it has seen."""

    def __init__(self) -> None:
        self.ready = SPAWN.Event()
        self.seen = SPAWN.Value("Q", 0)


def monitor(shared: Shared, number: int, progress: Progress, held: Held) -> None:
    """One account of these positions, live, with engine and rules; nothing is written, served or published."""
    uvloop.run(_monitor(f"ws://127.0.0.1:{shared.ports[number]}", held, progress))


async def _monitor(url: str, held: Held, progress: Progress) -> None:
    configuration, clock = loaded(), SystemClock()
    inbox = Inbox(configuration.config.inbox.facts_limit)
    session = BinanceSession(
        BinanceSettings(urls=BinanceUrls(fapi=url, sapi=url, stream=url), timings=PATIENT), inbox.put, clock
    )
    core = Core(
        inbox,
        Engine({VENUE: describe}, settings.engine(configuration)),
        Alerting(settings.alerts(configuration)),
        Exposition(),
        {VENUE: session},
        [],
        configuration,
        clock,
    )
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
            progress.seen.value = session.feeds()[0].applied + session.feeds()[0].conflated
            if not core.latest().ready:
                raise RuntimeError(f"{MAIN} is not live: {core.latest().not_ready}")


async def _lasting(running: Awaitable[None]) -> None:
    await running


def peer(shared: Shared, number: int, progress: Progress, symbols: Sequence[str], on_uvloop: bool) -> None:
    """The usual loop around ccxt.pro, for all these symbols in one call."""
    running = _peer(f"ws://127.0.0.1:{shared.ports[number]}/ws", symbols, progress)
    if on_uvloop:
        uvloop.run(running)
    else:
        asyncio.run(running)


async def _peer(url: str, symbols: Sequence[str], progress: Progress) -> None:
    exchange = exchange_of(symbols)
    exchange.urls["api"]["ws"]["linear"] = url
    wanted = list(exchange.markets)
    gc.collect()
    gc.freeze()
    progress.ready.set()
    while True:
        await exchange.watch_mark_prices(wanted)
        progress.seen.value += 1


def exchange_of(symbols: Sequence[str]) -> Any:
    """ccxt.pro's Binance that knows these contracts without having asked for them."""
    import ccxt.pro  # heavy, and only the peer's process needs it

    exchange = ccxt.pro.binance({"enableRateLimit": False, "options": {"defaultType": "swap"}})
    exchange.set_markets([exchange.parse_market(_listed(symbol)) for symbol in symbols])
    return exchange


def _listed(symbol: str) -> dict[str, object]:
    return {
        "symbol": symbol,
        "pair": symbol,
        "contractType": "PERPETUAL",
        "status": "TRADING",
        "baseAsset": symbol.removesuffix("USDT"),
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 2,
        "quantityPrecision": 3,
        "filters": [],
        "orderTypes": [],
        "timeInForce": [],
    }
