"""Never act on a stale price: a burst of K updates in one segment ends on the K-th, and every frame is counted."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
import uvloop

from monitor.app.clock import SystemClock
from monitor.app.inbox import Inbox
from monitor.domain.events import FeedUp, ParametersSet, Tick, Ticks
from monitor.domain.view import FeedStatus
from monitor.venues.binance.session import BinanceSession
from monitor.venues.binance.settings import BinanceSettings, BinanceUrls
from monitor.venues.settings import Timings
from tests.wire.harness import until

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
WAITS_LONG = Timings(marks_silent_seconds=60.0, assets_silent_seconds=60.0, acknowledge_seconds=60.0)
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def single(number: int) -> str:
    return json.dumps({"e": "markPriceUpdate", "E": 1_790_000_000_000 + number, "s": "BTCUSDT", "p": str(number)})


def array(number: int) -> str:
    rows = [json.loads(single(number)), {**json.loads(single(number)), "s": "ETHUSDT"}]
    return json.dumps({"stream": "!markPrice@arr@1s", "data": rows}, separators=(",", ":"))


def frame(text: str) -> bytes:
    raw = text.encode()
    assert 126 <= len(raw) < 65536 or len(raw) < 126
    return b"\x81" + (bytes([len(raw)]) if len(raw) < 126 else b"\x7e" + len(raw).to_bytes(2, "big")) + raw


class Venue:
    """A server that says nothing but what the test has it write, in one write."""

    def __init__(self, with_the_handshake: bytes = b"") -> None:
        self.port = 0
        self._first = with_the_handshake
        self._writers: list[asyncio.StreamWriter] = []

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Venue]:
        async with await asyncio.start_server(self._serve, "127.0.0.1", 0) as listener:
            self.port = listener.sockets[0].getsockname()[1]
            try:
                yield self
            finally:
                for writer in self._writers:
                    writer.transport.abort()
                    with contextlib.suppress(ConnectionError):
                        await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).decode()
        key = re.search(r"(?i)sec-websocket-key: (\S+)", request)
        assert key is not None
        accept = base64.b64encode(hashlib.sha1((key[1] + GUID).encode()).digest()).decode()
        head = f"HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
        writer.write(head.encode() + self._first)
        self._writers.append(writer)

    def writes(self, raw: bytes) -> None:
        self._writers[-1].write(raw)


class Reader:
    """A session at this venue whose events go through a real inbox."""

    def __init__(self, venue: Venue) -> None:
        urls = BinanceUrls(stream=f"ws://127.0.0.1:{venue.port}")
        self.inbox = Inbox(limit=100)
        self.session = BinanceSession(BinanceSettings(urls=urls, timings=WAITS_LONG), self.inbox.put, SystemClock())
        self.prices: list[Tick | Ticks] = []

    @property
    def marks(self) -> FeedStatus:
        return self.session.feeds()[0]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        (market,) = [job for job in self.session.jobs() if job.name == "market stream"]
        work = asyncio.ensure_future(market.run())
        try:
            yield
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)

    async def read(self, frames: int) -> None:
        """Take what waits, again and again, until so many frames are accounted for."""
        while self.marks.applied + self.marks.conflated < frames or self.inbox.depth:
            self.prices += [event for event in await self.inbox.batch(5.0) if isinstance(event, Tick | Ticks)]


def last_mark(event: Tick | Ticks) -> float:
    return event.mark if isinstance(event, Tick) else event.marks[0]


async def burst(texts: Sequence[str], with_the_handshake: bool) -> None:
    raw = b"".join(map(frame, texts))
    async with Venue(raw if with_the_handshake else b"").open() as venue:
        reader = Reader(venue)
        async with reader.running():
            if not with_the_handshake:
                await until(lambda: reader.marks.phase == "subscribing")
                await asyncio.sleep(0)
                reading = asyncio.ensure_future(reader.read(len(texts)))
                venue.writes(raw)
                await asyncio.wait_for(reading, 20.0)
            else:
                await asyncio.wait_for(reader.read(len(texts)), 20.0)
        marks = reader.marks
        assert last_mark(reader.prices[-1]) == len(texts), "the newest"
        assert (marks.messages, marks.applied) == (len(texts), len(reader.prices))
        assert marks.conflated == len(texts) - len(reader.prices)
        assert marks.malformed + marks.ignored + marks.unrecognised + marks.overrun == 0


@pytest.mark.parametrize("with_the_handshake", [False, True], ids=["alone", "with the handshake"])
@pytest.mark.parametrize("say", [single, array])
@pytest.mark.parametrize("count", [1, 2, 5, 200])
@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_burst_in_one_segment_ends_on_its_last_price(
    loop: Callable[[], asyncio.AbstractEventLoop], count: int, say: Callable[[int], str], with_the_handshake: bool
) -> None:
    texts = [say(number + 1) for number in range(count)]
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(burst(texts, with_the_handshake))


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_burst_of_one_segment_is_one_wake_up(loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Every frame of the read buffer is handled before anything is decided."""

    async def check() -> None:
        async with Venue().open() as venue:
            reader = Reader(venue)
            (told,) = await asyncio.wait_for(reader.inbox.batch(), 20.0)
            assert isinstance(told, ParametersSet), "what the user set, first of all"
            async with reader.running():
                await until(lambda: reader.marks.phase == "subscribing")
                venue.writes(b"".join(frame(single(number)) for number in range(1, 6)))
                batch = await asyncio.wait_for(reader.inbox.batch(), 20.0)
        up, price = batch
        assert isinstance(up, FeedUp)
        assert isinstance(price, Tick)
        assert price.mark == 5.0

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(check())
