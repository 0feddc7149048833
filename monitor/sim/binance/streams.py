"""The stream side of the simulated Binance: connections, subscriptions, and who gets which frame.

Three routes since April 2026: market, public, private. A subscription to a stream of another route is acknowledged and
then silent for ever. `/stream` wraps frames as {stream, data}, `/ws` sends them bare.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from monitor.sim.binance.faults import Faults
from monitor.sim.binance.frames import Frame
from monitor.sim.binance.sent import (
    ANSWER,
    IN_FLIGHT_SECONDS,
    RAW,
    REFUSAL,
    SPOILT,
    USER,
    Line,
    Recent,
    Sent,
    kind_of,
)
from monitor.sim.binance.sent import PUBLIC as PUBLIC_OWNER

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


class Outgoing(NamedTuple):
    """A frame on its way out, and the row of the account that it belongs to."""

    text: str
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a socket was opened for: its route and form, and on the private route whose pushes it gets, and which.

    `opener` is whose key it was opened with, also where that is dead, so that no pushes come.
    """

    route: str
    wrapped: bool = False
    account: str | None = None
    opener: str | None = None
    key: str | None = None
    only: frozenset[str] | None = None


class Connection(ABC):
    """One socket. What it is asked to send goes out in order, and whoever publishes never waits."""

    def __init__(self, terms: Terms, faults: Faults, sent: Sent, now: Callable[[], float]) -> None:
        """`account` is whose pushes come here until its key ends, `owner` whose socket it is for good."""
        self.faults, self.now = faults, now
        self.route, self.wrapped, self.opened = terms.route, terms.wrapped, now()
        self.account, self.key, self.only = terms.account, terms.key, terms.only
        self.owner = terms.account or terms.opener or PUBLIC_OWNER
        self.streams: dict[str, None] = {}
        self.last_pong = self.opened
        self._sent = sent
        self._recent = Recent()
        self._waiting: list[Outgoing] = []
        self._behind: list[Outgoing] = []
        self._received: deque[float] = deque(maxlen=MESSAGES_A_SECOND + 1)

    # what kinds of sockets differ in

    @abstractmethod
    def _write(self, outgoing: Outgoing) -> None:
        """Have a frame sent after all others, and `wrote` called when it is."""

    @abstractmethod
    def blast(self, all_at_once: Sequence[Outgoing]) -> None:
        """Have many frames sent in one go, overtaking what still waits."""

    @abstractmethod
    async def ping(self, text: str) -> None:
        """Ask whether the client lives."""

    @abstractmethod
    async def close(self, code: int) -> None:
        """Close properly."""

    @abstractmethod
    def drop(self) -> None:
        """Cut the connection without a word: the client sees 1006."""

    # sending

    def offer(self, stream: str, data: Any) -> None:
        """Send a frame of a stream, spoilt as the switches say."""
        body = {"stream": stream, "data": data} if self.wrapped else data
        line = Line(self.owner, USER if self.route == PRIVATE else stream, kind_of(data))
        self.say(Outgoing(json.dumps(body, separators=(",", ":")), line))

    def say(self, outgoing: Outgoing) -> None:
        """Send a frame, spoilt as the switches say."""
        if self.route in self.faults.stall:
            return
        if self.faults.reorders(self.route):
            self._behind.append(outgoing)
            return
        for text in self.faults.spoil_frame(self.route, outgoing.text):
            whole = text == outgoing.text
            self.put(outgoing if whole else Outgoing(text, outgoing.line._replace(kind=SPOILT)))
        for each in self._behind:
            self.put(each)
        self._behind.clear()

    def put(self, outgoing: Outgoing) -> None:
        """Send a frame as it is, unless a backlog is being built up."""
        if self.route in self.faults.backlog:
            self._waiting.append(outgoing)
            return
        self.flush()
        self._write(outgoing)

    def flush(self) -> None:
        """Send what a backlog held, if it is over."""
        if self._waiting and self.route not in self.faults.backlog:
            for each in self._waiting:
                self._write(each)
            self._waiting.clear()

    def raw(self, text: str) -> Outgoing:
        """Any text as a frame of this socket, whatever it is."""
        return Outgoing(text, Line(self.owner, "", RAW))

    def wrote(self, line: Line) -> None:
        """A frame is on its way."""
        self._sent.frames[line] += 1
        self._recent.add(line, self.now())

    def ended(self) -> None:
        """The socket is gone: what was written right before may not have been read."""
        self._sent.doubtful += self._recent.since(self.now() - IN_FLIGHT_SECONDS)

    # receiving

    def hear(self, text: str) -> bool:
        """Answer a message of the client. False if it sends too many: the connection has to be closed."""
        self._received.append(self.now())
        if len(self._received) > MESSAGES_A_SECOND and self._received[-1] - self._received[0] < 1.0:
            return False
        self._answer(text)
        return True

    def wants(self, stream: str) -> bool:
        """Whether a frame of this stream is sent here."""
        return stream in self.streams

    def _answer(self, text: str) -> None:
        try:
            asked = json.loads(text)
            method, number = asked["method"], asked.get("id")
            params = [str(name) for name in asked.get("params", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            self._reply({"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}, REFUSAL)
            return
        if self.route in self.faults.no_acknowledgement:
            return
        if self.route in self.faults.subscription_error or method not in _METHODS:
            problem = {"code": 2, "msg": f"Invalid request: unknown variant {method}"}
            self._reply({"error": problem, "id": number}, REFUSAL)
            return
        result: list[str] | None = None
        if method == "SUBSCRIBE":
            self.subscribe(params)
        elif method == "UNSUBSCRIBE":
            for name in params:
                self.streams.pop(name, None)
        else:
            result = list(self.streams)
        self._reply({"result": result, "id": number}, ANSWER)

    def _reply(self, body: dict[str, Any], kind: str) -> None:
        """Answer a message of the client: no frame switch spoils this, a stall does."""
        if self.route not in self.faults.stall:
            self.put(Outgoing(json.dumps(body), Line(self.owner, "", kind)))

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
        self.sent = Sent()
        self.connections: list[Connection] = []
        self.opened_by_route: dict[str, int] = dict.fromkeys(ROUTES, 0)

    def add(self, connection: Connection) -> None:
        """A connection opened."""
        self.connections.append(connection)
        self.opened_by_route[connection.route] += 1

    def remove(self, connection: Connection) -> None:
        """A connection is gone."""
        self.connections.remove(connection)
        connection.ended()

    def wanted(self) -> frozenset[str]:
        """Every stream that somebody subscribed to."""
        return frozenset(stream for connection in self.connections for stream in connection.streams)

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
