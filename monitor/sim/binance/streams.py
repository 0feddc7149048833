"""The stream side of the simulated Binance: connections, subscriptions, and who gets which frame.

Three routes since April 2026: market, public, private. A subscription to a stream of another route is acknowledged and
then silent for ever. `/stream` wraps frames as {stream, data}, `/ws` sends them bare.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from monitor.sim.binance.faults import Faults
from monitor.sim.binance.frames import Frame

MARKET, PUBLIC, PRIVATE = "market", "public", "private"
ROUTES = (MARKET, PUBLIC, PRIVATE)
MESSAGES_A_SECOND = 10  #: a client that sends more is thrown out
STREAMS_A_CONNECTION = 1024

_MARKET_WORDS = (
    "markPrice",
    "assetIndex",
    "aggTrade",
    "kline",
    "icker",
    "forceOrder",
    "contractInfo",
    "compositeIndex",
)
_PUBLIC_WORDS = ("depth", "bookTicker")


def route_of(stream: str) -> str:
    """The route that serves a stream; "" for a name that none serves."""
    if any(word in stream for word in _PUBLIC_WORDS):
        return PUBLIC
    return MARKET if any(word in stream for word in _MARKET_WORDS) else ""


class Connection:
    """One socket. Frames go through an outbox so that whoever publishes never waits."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        faults: Faults,
        *,
        route: str,
        wrapped: bool,
        opened: float,
        account: str | None = None,
        key: str | None = None,
        only: frozenset[str] | None = None,
    ) -> None:
        self.socket, self.transport, self.faults = socket, transport, faults
        self.route, self.wrapped, self.opened = route, wrapped, opened
        self.account, self.key, self.only = account, key, only
        self.streams: dict[str, None] = {}
        self.sent = 0
        self.last_pong = opened
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._waiting: list[str] = []
        self._behind: list[str] = []
        self._received: deque[float] = deque(maxlen=MESSAGES_A_SECOND + 1)

    def offer(self, stream: str, data: Any) -> None:
        """Send a frame of a stream, spoilt as the switches say."""
        body = {"stream": stream, "data": data} if self.wrapped else data
        self.say(json.dumps(body, separators=(",", ":")))

    def say(self, text: str) -> None:
        """Send a text, spoilt as the switches say."""
        if self.route in self.faults.stall:
            return
        if self.faults.reorders(self.route):
            self._behind.append(text)
            return
        for each in [*self.faults.spoil_frame(self.route, text), *self._behind]:
            self.put(each)
        self._behind.clear()

    def put(self, text: str) -> None:
        """Send a text as it is, unless a backlog is being built up."""
        if self.route in self.faults.backlog:
            self._waiting.append(text)
            return
        for each in (*self._waiting, text):
            self._outbox.put_nowait(each)
        self._waiting.clear()

    def flush(self) -> None:
        """Send what a backlog held, now that it is over."""
        if self.route not in self.faults.backlog:
            for each in self._waiting:
                self._outbox.put_nowait(each)
            self._waiting.clear()

    async def write(self) -> None:
        """Empty the outbox until the socket closes."""
        while not self.socket.closed:
            text = await self._outbox.get()
            try:
                await self.socket.send_str(text)
            except ConnectionError:
                return
            self.sent += 1

    async def read(self, now: Callable[[], float]) -> None:
        """Answer the client until it leaves."""
        async for message in self.socket:
            if message.type is WSMsgType.PING:
                if self.route not in self.faults.deaf:
                    await self.socket.pong(message.data)
            elif message.type is WSMsgType.PONG:
                self.last_pong = now()
            elif message.type is WSMsgType.TEXT:
                self._received.append(now())
                if len(self._received) > MESSAGES_A_SECOND and self._received[-1] - self._received[0] < 1.0:
                    await self.socket.close(code=WSCloseCode.POLICY_VIOLATION, message=b"Too many requests")
                    return
                self._answer(message.data)

    def drop(self) -> None:
        """Cut the connection without a word: the client sees 1006."""
        if self.transport is not None:
            self.transport.abort()

    def wants(self, stream: str) -> bool:
        """Whether a frame of this stream is sent here."""
        return stream in self.streams

    def _answer(self, text: str) -> None:
        try:
            asked = json.loads(text)
            method, number = asked["method"], asked.get("id")
            params = [str(name) for name in asked.get("params", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            self._reply({"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}})
            return
        if self.route in self.faults.no_acknowledgement:
            return
        if self.route in self.faults.subscription_error or method not in _METHODS:
            problem = {"code": 2, "msg": f"Invalid request: unknown variant {method}"}
            self._reply({"error": problem, "id": number})
            return
        result: list[str] | None = None
        if method == "SUBSCRIBE":
            self.subscribe(params)
        elif method == "UNSUBSCRIBE":
            for name in params:
                self.streams.pop(name, None)
        else:
            result = list(self.streams)
        self._reply({"result": result, "id": number})

    def _reply(self, body: dict[str, Any]) -> None:
        """Answer a message of the client: no frame switch spoils this, a stall does."""
        if self.route not in self.faults.stall:
            self.put(json.dumps(body))

    def subscribe(self, names: list[str]) -> None:
        """Serve these streams, as far as this route has them."""
        if self.route in self.faults.wrong_route_silence:
            return
        for name in names[:STREAMS_A_CONNECTION]:
            if route_of(name) == self.route:
                self.streams[name] = None


_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")


class Hub:
    """All open connections."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.connections: list[Connection] = []
        self.opened_by_route: dict[str, int] = dict.fromkeys(ROUTES, 0)

    def add(self, connection: Connection) -> None:
        """A connection opened."""
        self.connections.append(connection)
        self.opened_by_route[connection.route] += 1

    def on(self, route: str | None = None, account: str | None = None) -> list[Connection]:
        """The open connections of a route (default: all) and an account (default: any)."""
        return [c for c in self.connections if route in (None, c.route) and (account is None or account == c.account)]

    def publish(self, stream: str, data: Any) -> None:
        """Send a frame to everyone who subscribed to its stream."""
        for connection in list(self.connections):
            if connection.wants(stream):
                connection.offer(stream, data)

    def push(self, account: str, frame: Frame) -> None:
        """Send a user-stream frame to the connections of an account whose filter names its event."""
        for connection in self.on(PRIVATE, account):
            if connection.only is None or frame["e"] in connection.only:
                connection.offer(connection.key or "", frame)


def text_frame(text: str) -> bytes:
    """One unmasked websocket text frame (RFC 6455, section 5.2)."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes((0x81, len(payload))) + payload
    if len(payload) < 65_536:
        return b"\x81\x7e" + struct.pack(">H", len(payload)) + payload
    return b"\x81\x7f" + struct.pack(">Q", len(payload)) + payload
