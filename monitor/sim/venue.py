"""What every simulated venue is: a market, a port on loopback, connections, a beat, and faults that act at once."""

from __future__ import annotations

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Generic, Self
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from monitor.domain.clock import Clock
from monitor.sim.connections import Hub, T
from monitor.sim.faults import Faults
from monitor.sim.inprocess import InProcess
from monitor.sim.market import Market
from monitor.sim.requests import RequestLog
from monitor.sim.sockets import SocketConnection

BAN_SECONDS = 120
NEVER_SECONDS = float("inf")


class SimVenue(ABC, Generic[T]):
    """An async context manager: while it is open, the venue runs on a free loopback port.

    `speed` is how many seconds of market time pass in one of ours. With `paced=False` nothing happens by itself: call
    `tick`. With `network=False` nothing listens: clients on the same loop use `dial` and the gate's `reply`.
    """

    def __init__(
        self,
        market: Market,
        faults: Faults,
        hub: Hub[T],
        *,
        clock: Clock,
        speed: float,
        paced: bool,
        host: str,
        port: int,
        network: bool,
        beat_seconds: float,
        ping_seconds: float = NEVER_SECONDS,
        pong_seconds: float = NEVER_SECONDS,
    ) -> None:
        """`beat_seconds` lie between two ticks; the venue pings each `ping_seconds` and misses a pong after
        `pong_seconds` (both infinite: it never pings)."""
        self.market, self.clock, self.speed, self.paced = market, clock, speed, paced
        self._faults, self._hub = faults, hub
        self.requests = RequestLog()
        self.traders: list[Callable[[], None]] = []  #: called at every tick, before prices are sent
        self.ticks = 0
        self.host, self.port, self._network = host, port, network
        self._beat_seconds, self._ping_seconds, self._pong_seconds = beat_seconds, ping_seconds, pong_seconds
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._tasks: list[asyncio.Task[None]] = []

    # what venues differ in

    @abstractmethod
    def tick(self, seconds: float | None = None) -> None:
        """One beat of the venue: time passes (default: that of a beat), and what is due is sent."""

    @abstractmethod
    def _routes(self, app: web.Application) -> None:
        """Lay the REST side and the sockets, which end in `_socket`, into an application."""

    @abstractmethod
    def _speech(self, path: str, query: dict[str, str]) -> T:
        """What is spoken on a socket opened at an address. ConnectionRefusedError if that door is closed."""

    # addresses

    @property
    def http(self) -> str:
        """The base URL of requests."""
        return f"http://{self.host}:{self.port}"

    @property
    def ws(self) -> str:
        """The base URL of sockets."""
        return f"ws://{self.host}:{self.port}"

    # life

    async def __aenter__(self) -> Self:
        if self._network:
            app = web.Application()
            self._routes(app)
            self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
            await self._runner.setup()
            await self.open_port()
        if self.paced:
            self._tasks.append(asyncio.create_task(self._pace(), name="sim: pace"))
        if self._ping_seconds != NEVER_SECONDS:
            self._tasks.append(asyncio.create_task(self._ping(), name="sim: ping"))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        self.drop()
        if self._runner is not None:
            await self._runner.cleanup()
        broken = next((error for error in ended if isinstance(error, Exception)), None)
        if broken is not None and value is None:
            raise broken  # a venue that stopped ticking must not pass for a quiet one

    async def open_port(self) -> None:
        """Listen; after `close_port` on the same port as before."""
        if self._runner is None:
            raise RuntimeError("the simulator is not running: use it as an async context manager")
        self._site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
        await self._site.start()
        self.port = self._runner.addresses[0][1]

    async def close_port(self) -> None:
        """Stop listening, so that connecting is refused; open connections are cut."""
        if self._site is not None:
            await self._site.stop()
            self._site = None
        self.drop()

    # time

    def now(self) -> float:
        """The venue's clock, with the shift that `faults` gives it."""
        return self.clock.now() + self._faults.clock_shift_seconds

    def time_ms(self) -> int:
        """The venue's clock in milliseconds."""
        return round(self.now() * 1000.0)

    def next_funding_ms(self) -> int:
        """When funding is paid next, on the venue's clock."""
        return self.time_ms() + round(self.market.funding_left_seconds / self.speed * 1000.0)

    # faults that act at once

    def drop(self, route: str | None = None, account: str | None = None) -> int:
        """Cut connections without a closing handshake; returns how many."""
        found = self._hub.on(route, account)
        for connection in found:
            connection.drop()
        return len(found)

    async def close(self, route: str | None = None, *, code: int = 1001) -> None:
        """Close connections properly, with a code."""
        for connection in self._hub.on(route):
            await connection.close(code)

    def ban(self, seconds: int = BAN_SECONDS) -> None:
        """Refuse everything of this address for a while."""
        self._faults.banned_until = self.clock.now() + seconds

    def send(self, route: str, text: str) -> None:
        """Send a text as it is to every connection of a route: garbage, or an event of a kind nobody knows."""
        for connection in self._hub.on(route):
            connection.put(connection.raw(text))

    def burst(self, texts: Sequence[str], route: str) -> None:
        """Write many frames to every connection of a route in one go, as a stuck line that comes free does."""
        for connection in self._hub.on(route):
            connection.blast([connection.raw(text) for text in texts])

    # sockets

    def dial(self, path: str) -> InProcess[T]:
        """A socket without a network, for a client on the same loop; `path` as in an address, with its query.

        ConnectionRefusedError while the route is refused.
        """
        parts = urlsplit(path)
        connection = InProcess(self._speech(parts.path, dict(parse_qsl(parts.query))), self._hub, self.clock.now)
        self._hub.add(connection)
        return connection

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        try:
            speech = self._speech(request.path, dict(request.query))
        except ConnectionRefusedError:
            return web.Response(status=503, text="Service Unavailable")
        socket = web.WebSocketResponse(autoping=False, compress=False, max_msg_size=4 * 1024 * 1024)
        await socket.prepare(request)
        connection = SocketConnection(socket, request.transport, speech, self._faults, self._hub.sent, self.clock.now)
        self._hub.add(connection)
        writer = asyncio.create_task(connection.write(), name=f"sim: {speech.route} writer")
        try:
            await connection.read()
        finally:
            self._hub.remove(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    # inside

    async def _pace(self) -> None:
        while True:
            await self.clock.sleep(self._beat_seconds)
            self.tick()

    async def _ping(self) -> None:
        while True:
            await self.clock.sleep(self._ping_seconds)
            for connection in self._hub.on():
                if self.clock.now() - connection.last_pong > self._pong_seconds:
                    connection.drop()
                    continue
                with contextlib.suppress(ConnectionError):
                    await connection.ping(str(self.time_ms()))
