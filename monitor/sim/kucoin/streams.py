"""The sockets of the simulated KuCoin: tokens, welcome, pings in words, subscriptions; and who gets what."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Collection, Mapping
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim import connections
from monitor.sim.connections import Connection, Speech
from monitor.sim.faults import take
from monitor.sim.kucoin.faults import PRIVATE, PUBLIC, ROUTES, Faults
from monitor.sim.kucoin.faults import UNIFIED as UNIFIED_ROUTE
from monitor.sim.kucoin.listing import PAIRS
from monitor.sim.kucoin.tokens import ANY, FUTURES, SPOT, Token
from monitor.sim.sent import ANSWER, REFUSAL, USER
from monitor.sim.sent import PUBLIC as PUBLIC_OWNER

INSTRUMENT, MARGIN_MARK = "/contract/instrument:", "/indicator/markPrice:"
POSITION_ALL, POSITION = "/contract/positionAll", "/contract/position:"
WALLET, ORDERS = "/contractAccount/wallet", "/contractMarket/tradeOrders"
MARGIN_MODE, CROSS_LEVERAGE = "/contract/marginMode", "/contract/crossLeverage"
MARGIN, ISOLATED_MARGIN = "/margin/position", "/margin/isolatedPosition:"
CHANNELS = ("positionAll", "balance", "orderAll", "lw", "execution")
MOST_TOPICS = {FUTURES: 100, SPOT: 300, ANY: 300}
MESSAGES, MESSAGES_SECONDS = 100, 10.0

Specs = Mapping[Symbol, object]


class KucoinSpeech(Speech):
    """What is spoken on one socket. Without a token it says so, and is cut at the next beat."""

    def __init__(
        self,
        route: str,
        faults: Faults,
        token: Token | None,
        connect_id: str,
        specs: Specs,
        now: Callable[[], float],
        time_ms: Callable[[], int],
        ping_ms: int,
    ) -> None:
        account = token.account if token is not None and token.account else None
        super().__init__(route, account or PUBLIC_OWNER, account)
        self.topics: dict[str, None] = {}
        self.alive_at = now()
        self.doomed = token is None
        self._faults, self._token, self._id, self._specs = faults, token, connect_id, specs
        self._now, self._time_ms, self._ping_ms = now, time_ms, ping_ms
        self._heard: deque[float] = deque(maxlen=MESSAGES)

    def opened(self, connection: Connection[Speech]) -> None:
        """The first word is the venue's."""
        if self.doomed:
            body = {"id": self._id, "type": "error", "code": 401, "data": "token is invalid"}
            self._say(connection, body, REFUSAL)
        elif self.route in self._faults.no_welcome:
            return
        elif self.route == UNIFIED_ROUTE:
            body = {"sessionId": self._id, "message": "welcome", "pingInterval": self._ping_ms}
            self._say(connection, body, ANSWER)
        else:
            self._say(connection, {"id": self._id, "type": "welcome"}, ANSWER)

    def answer(self, text: str, connection: Connection[Speech]) -> None:
        """Answer a message of the client."""
        try:
            asked = json.loads(text)
            number = str(asked.get("id", ""))
        except (ValueError, AttributeError):
            self._refuse(connection, "", 400, "invalid message")
            return
        if self.doomed:
            return
        now = self._now()
        if len(self._heard) == MESSAGES and now - self._heard[0] < MESSAGES_SECONDS:
            self._refuse(connection, number, 509, "exceed max permits per second")
            return
        self._heard.append(now)
        kind = str(asked.get("type", asked.get("action", ""))).lower()
        if kind == "ping":
            self._pong(connection, number)
        elif kind in ("subscribe", "unsubscribe"):
            self._subscribe(connection, kind, number, asked)
        else:
            self._refuse(connection, number, 400, "type is not supported")

    def wants(self, *topics: str) -> bool:
        """Whether frames of any of these topics are sent here."""
        if self.route in self._faults.starve:
            return False
        return any(topic in self.topics and topic not in self._faults.silent_topic for topic in topics)

    # inside

    def _say(self, connection: Connection[Speech], body: dict[str, Any], kind: str) -> None:
        connection.reply(json.dumps(body, separators=(",", ":")), kind)

    def _refuse(self, connection: Connection[Speech], number: str, code: int, why: str) -> None:
        if self.route == UNIFIED_ROUTE:
            self._say(connection, {"id": number, "result": False, "code": str(code), "msg": why}, REFUSAL)
            return
        self._say(connection, {"id": number, "type": "error", "code": code, "data": why}, REFUSAL)

    def _pong(self, connection: Connection[Speech], number: str) -> None:
        self.alive_at = self._now()
        if self.route not in self._faults.deaf:
            self._say(connection, {"id": number, "type": "pong", "timestamp": self._time_ms() * 1000}, ANSWER)

    def _subscribe(self, connection: Connection[Speech], kind: str, number: str, asked: dict[str, Any]) -> None:
        if self.route in self._faults.no_acknowledgement:
            return
        topics = _channels(asked) if self.route == UNIFIED_ROUTE else _topics(str(asked.get("topic", "")))
        if self.route in self._faults.subscription_error:
            self._refuse(connection, number, 404, f"topic {asked.get('topic', '')} is not found")
            return
        problem = self._problem(topics, private=asked.get("privateChannel") in (True, "true"))
        if problem is not None:
            self._refuse(connection, number, *problem)
            return
        for topic in topics:
            if kind == "subscribe":
                self.topics[topic] = None
            else:
                self.topics.pop(topic, None)
        lost = [take(self._faults.lost_acknowledgement, topic) for topic in topics]
        if take(self._faults.lost_acknowledgements, self.route) or any(lost):
            return
        if self.route == UNIFIED_ROUTE:
            self._say(connection, {"id": number, "result": True}, ANSWER)
        elif asked.get("response", False):
            self._say(connection, {"id": number, "type": "ack"}, ANSWER)

    def _problem(self, topics: Collection[str], *, private: bool) -> tuple[int, str] | None:
        """Why topics are not served: code and words."""
        if self.route == UNIFIED_ROUTE:
            unknown = [topic for topic in topics if topic.partition(".")[0] not in CHANNELS]
            return (400, f"channel {unknown[0]} is not supported") if unknown else None
        host = self._token.host if self._token is not None else ANY
        for topic in topics:
            where = self._where(topic)
            if where is None or host not in (ANY, where[0]):
                return 404, f"topic {topic} is not found"
            if where[1] and not (private and self.route == PRIVATE):
                return 400, f"topic {topic} is private, privateChannel and a private token are required"
        if len(self.topics) + len(topics) > MOST_TOPICS[host]:
            return 509, f"exceed max subscription count limitation of {MOST_TOPICS[host]} per session"
        return None

    def _where(self, topic: str) -> tuple[str, bool] | None:
        """The host of a topic and whether it is private; None if there is no such topic."""
        name, _, rest = topic.partition(":")
        if f"{name}:" in (INSTRUMENT, POSITION) or (name == ORDERS and rest):
            return (FUTURES, f"{name}:" != INSTRUMENT) if rest in self._specs else None
        if topic in (POSITION_ALL, WALLET, ORDERS, MARGIN_MODE, CROSS_LEVERAGE):
            return FUTURES, True
        if topic == MARGIN or (f"{name}:" == ISOLATED_MARGIN and rest in PAIRS):
            return SPOT, True
        return (SPOT, False) if f"{name}:" == MARGIN_MARK and rest.endswith("-BTC") else None


def _topics(text: str) -> list[str]:
    """One topic each: "/contract/instrument:A,B" are two."""
    name, colon, rest = text.partition(":")
    return [f"{name}:{each}" for each in rest.split(",")] if colon else [text]


def _channels(asked: dict[str, Any]) -> list[str]:
    """As frames of the unified account name them: "positionAll.FUTURES"."""
    kind = asked.get("tradeType") or asked.get("accountType") or "UNIFIED"
    return [f"{asked.get('channel', '')}.{kind}"]


class Hub(connections.Hub[KucoinSpeech]):
    """All open connections."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(faults, ROUTES)
        self.switches = faults

    def add(self, connection: Connection[KucoinSpeech]) -> None:
        """A connection opened: it is welcomed."""
        super().add(connection)
        connection.speech.opened(connection)

    def wanted(self, route: str) -> frozenset[str]:
        """Every topic that somebody subscribed to on a route."""
        return frozenset(topic for connection in self.on(route) for topic in connection.speech.topics)

    def publish(self, topic: str, body: dict[str, Any], kind: str) -> None:
        """Send a frame to everyone who subscribed to a public topic, on whatever classic socket."""
        text = json.dumps(body, separators=(",", ":"))
        for route in (PUBLIC, PRIVATE):
            for connection in self.on(route):
                if connection.speech.wants(topic):
                    connection.offer(text, topic, kind)

    def push(self, route: str, account: str, topics: Collection[str], body: dict[str, Any], kind: str) -> None:
        """Send a frame to the sockets of an account that subscribed to any of these topics."""
        text = json.dumps(body, separators=(",", ":"))
        for connection in self.on(route, account):
            if connection.speech.wants(*topics):
                connection.offer(text, USER, kind)
