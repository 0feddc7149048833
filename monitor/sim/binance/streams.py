"""The stream side of the simulated Binance: connections, subscriptions, and who gets which frame.

Three routes since April 2026: market, public, private. A subscription to a stream of another route is acknowledged and
then silent for ever. `/stream` wraps frames as {stream, data}, `/ws` sends them bare.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from monitor.sim import connections
from monitor.sim.binance.faults import Faults
from monitor.sim.binance.frames import Frame, kind_of
from monitor.sim.connections import Connection, Speech
from monitor.sim.sent import ANSWER, REFUSAL, USER
from monitor.sim.sent import PUBLIC as PUBLIC_OWNER

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


class BinanceSpeech(Speech):
    """What is spoken on one socket."""

    most_messages_a_second = MESSAGES_A_SECOND

    def __init__(self, terms: Terms, faults: Faults) -> None:
        """`account` is whose pushes come here until its key ends, `owner` whose socket it is for good."""
        super().__init__(terms.route, terms.account or terms.opener or PUBLIC_OWNER, terms.account)
        self.wrapped, self.key, self.only = terms.wrapped, terms.key, terms.only
        self.streams: dict[str, None] = {}
        self._faults = faults

    def offer(self, connection: Connection[Speech], stream: str, data: Any) -> None:
        """Send a frame of a stream on this socket."""
        body = {"stream": stream, "data": data} if self.wrapped else data
        name = USER if self.route == PRIVATE else stream
        connection.offer(json.dumps(body, separators=(",", ":")), name, kind_of(data))

    def wants(self, stream: str) -> bool:
        """Whether a frame of this stream is sent here."""
        return stream in self.streams

    def answer(self, text: str, connection: Connection[Speech]) -> None:
        """Answer a message of the client."""
        try:
            asked = json.loads(text)
            method, number = asked["method"], asked.get("id")
            params = [str(name) for name in asked.get("params", [])]
        except (ValueError, KeyError, TypeError, AttributeError):
            self._reply(
                connection, {"error": {"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"}}, REFUSAL
            )
            return
        if self.route in self._faults.no_acknowledgement:
            return
        if self.route in self._faults.subscription_error or method not in _METHODS:
            problem = {"code": 2, "msg": f"Invalid request: unknown variant {method}"}
            self._reply(connection, {"error": problem, "id": number}, REFUSAL)
            return
        result: list[str] | None = None
        if method == "SUBSCRIBE":
            self.subscribe(params)
        elif method == "UNSUBSCRIBE":
            for name in params:
                self.streams.pop(name, None)
        else:
            result = list(self.streams)
        self._reply(connection, {"result": result, "id": number}, ANSWER)

    def _reply(self, connection: Connection[Speech], body: dict[str, Any], kind: str) -> None:
        connection.reply(json.dumps(body), kind)

    def subscribe(self, names: list[str]) -> None:
        """Serve these streams, as far as this route has them."""
        if self.route in self._faults.wrong_route_silence:
            return
        for name in names[:STREAMS_A_CONNECTION]:
            if route_of(name) == self.route:
                self.streams[name] = None


_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")


class Hub(connections.Hub[BinanceSpeech]):
    """All open connections."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(faults, ROUTES)

    def wanted(self) -> frozenset[str]:
        """Every stream that somebody subscribed to."""
        return frozenset(stream for connection in self.connections for stream in connection.speech.streams)

    def publish(self, stream: str, data: Any) -> None:
        """Send a frame to everyone who subscribed to its stream."""
        for connection in list(self.connections):
            if connection.speech.wants(stream):
                connection.speech.offer(connection, stream, data)

    def push(self, account: str, frame: Frame) -> None:
        """Send a user-stream frame to the connections of an account whose filter names its event."""
        for connection in self.on(PRIVATE, account):
            speech = connection.speech
            if speech.only is None or frame["e"] in speech.only:
                speech.offer(connection, speech.key or "", frame)
