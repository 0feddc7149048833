"""The stream side of the simulated Binance: connections, subscriptions, and who gets which frame.

Three routes since April 2026: market, public, private. A subscription to a stream of another route is acknowledged and
then silent for ever. `/stream` wraps frames as {stream, data}, `/ws` sends them bare. The other products have hosts or
paths of their own, which are routes here too.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim import connections
from monitor.sim.binance.faults import Faults
from monitor.sim.binance.frames import Frame, kind_of
from monitor.sim.binance.loans.frames import stream_terminated
from monitor.sim.binance.loans.tokens import ListenToken, ListenTokens
from monitor.sim.connections import Connection, Speech
from monitor.sim.sent import ANSWER, REFUSAL, USER
from monitor.sim.sent import PUBLIC as PUBLIC_OWNER

MARKET, PUBLIC, PRIVATE = "market", "public", "private"
COINM_HOST, MARGIN_HOST, SOCKET_API = "coinm", "margin", "socket-api"
PM, PM_CLASSIC = "pm", "pm-classic"
ROUTES = (MARKET, PUBLIC, PRIVATE, COINM_HOST, MARGIN_HOST, SOCKET_API, PM, PM_CLASSIC)
USER_ROUTES = (PRIVATE, COINM_HOST, MARGIN_HOST, PM, PM_CLASSIC)  #: those that a listen key opens
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
        name = USER if stream == self.key else stream
        connection.offer(json.dumps(body, separators=(",", ":")), name, kind_of(data))

    def tell(self, connection: Connection[Speech], frame: Frame) -> None:
        """Send a user-stream frame, unless a filter leaves its event out."""
        if self.only is None or frame["e"] in self.only:
            self.offer(connection, self.key or "", frame)

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
            if route_of(name) == (MARKET if self.route == COINM_HOST else self.route):
                self.streams[name] = None


_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS")


@dataclass(slots=True)
class Subscription:
    """What a token opened on one socket."""

    number: int
    token: ListenToken


class SocketApiSpeech(BinanceSpeech):
    """What is spoken with the socket API: requests by id, and events of the subscriptions that tokens opened."""

    def __init__(self, faults: Faults, tokens: ListenTokens, time_ms: Callable[[], int]) -> None:
        super().__init__(Terms(route=SOCKET_API), faults)
        self.subscriptions: list[Subscription] = []
        self._tokens, self._time_ms, self._next = tokens, time_ms, 0

    def answer(self, text: str, connection: Connection[Speech]) -> None:
        """Answer a request."""
        try:
            asked = json.loads(text)
            method, number, params = asked["method"], asked.get("id"), dict(asked.get("params") or {})
        except (ValueError, KeyError, TypeError, AttributeError):
            self._refuse(connection, None, 400, -1135, "Invalid JSON Request.")
            return
        if self.route in self._faults.no_acknowledgement:
            return
        if self.route in self._faults.subscription_error:
            self._refuse(connection, number, 400, -1000, "An unknown error occurred while processing the request.")
        elif method == "userDataStream.subscribe.listenToken":
            self._subscribe(connection, number, str(params.get("listenToken", "")))
        elif method == "userDataStream.unsubscribe":
            wanted = params.get("subscriptionId")
            self.subscriptions = [one for one in self.subscriptions if wanted not in (None, one.number)]
            self._accept(connection, number, {})
        elif method in ("ping", "time"):
            self._accept(connection, number, {} if method == "ping" else {"serverTime": self._time_ms()})
        else:
            self._refuse(connection, number, 400, -1020, "This operation is not supported.")

    def push(self, connection: Connection[Speech], account: str, frame: Frame, pair: Symbol | None) -> None:
        """Send an event to every subscription of an account (and a pair)."""
        for one in self.subscriptions:
            if one.token.account == account and one.token.symbol == pair:
                self._event(connection, one, frame)

    def end(self, connection: Connection[Speech], account: str | None = None, *, event: bool = True) -> None:
        """End the subscriptions whose tokens are over, or all of an account."""
        now = self._time_ms()
        for one in list(self.subscriptions):
            over = one.token.until_ms <= now if account is None else one.token.account == account
            if over:
                self.subscriptions.remove(one)
                if event:
                    self._event(connection, one, stream_terminated(now))

    def _subscribe(self, connection: Connection[Speech], number: Any, text: str) -> None:
        token = self._tokens.find(text, self._time_ms())
        if token is None or self._faults.unknown_listen_token > 0:
            self._faults.unknown_listen_token = max(0, self._faults.unknown_listen_token - 1)
            self._refuse(connection, number, 400, -1209, "Invalid listen token.")
            return
        found = next(
            (
                one
                for one in self.subscriptions
                if (one.token.account, one.token.symbol) == (token.account, token.symbol)
            ),
            None,
        )
        if found is None:
            found = Subscription(self._next, token)
            self._next += 1
            self.subscriptions.append(found)
        found.token, self.owner = token, token.account
        self._accept(connection, number, {"subscriptionId": found.number, "expirationTime": token.until_ms})

    def _event(self, connection: Connection[Speech], one: Subscription, frame: Frame) -> None:
        body = {"subscriptionId": one.number, "event": frame}
        connection.offer(json.dumps(body, separators=(",", ":")), USER, kind_of(frame))

    def _accept(self, connection: Connection[Speech], number: Any, result: Frame) -> None:
        self._reply(connection, {"id": number, "status": 200, "result": result}, ANSWER)

    def _refuse(self, connection: Connection[Speech], number: Any, status: int, code: int, words: str) -> None:
        body = {"id": number, "status": status, "error": {"code": code, "msg": words}}
        self._reply(connection, body, REFUSAL)


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

    def push(self, account: str, frame: Frame, route: str = PRIVATE) -> None:
        """Send a user-stream frame to the connections of an account whose filter names its event."""
        for connection in self.on(route, account):
            connection.speech.tell(connection, frame)

    def push_balances(self, account: str, frame: Frame, pair: Symbol | None) -> None:
        """Send a frame to the subscriptions that a listen token of the account (and the pair) opened."""
        for connection in self.on(SOCKET_API):
            if isinstance(connection.speech, SocketApiSpeech):
                connection.speech.push(connection, account, frame, pair)
