"""P2: a burst of K updates in one segment ends on the K-th, and every frame is counted."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

import uvloop

from bench.feed_clients import PATIENT
from bench.feed_server import framed, row, shake_hands
from bench.harness import bench
from bench.rows import Row
from monitor.app.clock import SystemClock
from monitor.app.inbox import Inbox
from monitor.domain.events import Tick
from monitor.venues.binance.session import BinanceSession
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls

SYMBOL = "C0USDT"
BURSTS = 20
SIZES = (2, 5, 200)
PATIENCE_SECONDS = 5.0


class Writer:
    """A venue that writes each burst with one call."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._bursts: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._serve, daemon=True).start()

    def burst(self, prices: range) -> None:
        """Write these prices of one symbol in one segment."""
        now = int(time.time() * 1000)
        self._bursts.put(b"".join(framed(row(SYMBOL, float(price), now)) for price in prices))

    def close(self) -> None:
        """Hang up, so that nobody waits for a polite end."""
        self._bursts.put(b"")

    def _serve(self) -> None:
        client, _ = self._listener.accept()
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        shake_hands(client)
        while burst := self._bursts.get():
            client.sendall(burst)
        client.close()


async def ours(size: int) -> int:
    """How many of the bursts ended on another price than their last, or left a frame uncounted."""
    writer, inbox = Writer(), Inbox(100)
    urls = BinanceUrls(stream=f"ws://127.0.0.1:{writer.port}")
    session = BinanceSession(BinanceSettings(urls=urls, timings=PATIENT), inbox.put, SystemClock())
    (market,) = [job for job in session.jobs() if job.name == "market stream"]
    working = asyncio.ensure_future(market.run())
    stale, last = 0, 0.0
    for number in range(BURSTS):
        prices = range(number * size + 1, (number + 1) * size + 1)
        writer.burst(prices)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while session.feeds()[0].messages < prices[-1] or inbox.depth:
                for event in await inbox.batch():
                    last = event.mark if isinstance(event, Tick) else last
        status = session.feeds()[0]
        stale += last != prices[-1] or status.applied + status.conflated != status.messages
    working.cancel()
    writer.close()
    await asyncio.gather(working, return_exceptions=True)
    return stale


@bench("P2")
def bursts() -> Iterator[Row]:
    """On both loops, since each reads its sockets in its own way."""
    for name, factory in (("asyncio", asyncio.new_event_loop), ("uvloop", uvloop.new_event_loop)):
        for size in SIZES:
            with asyncio.Runner(loop_factory=factory) as runner:
                stale = runner.run(ours(size))
            yield Row(
                "P2",
                f"bursts of {size} in one segment that end stale, {name}",
                f"{stale} of {BURSTS}",
                over=stale > 0,
                promise="none",
            )
