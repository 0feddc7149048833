"""The sockets of the simulated Bybit: four public ones and a private one, what is said on them, and who gets what.

Linear, inverse and spot sockets acknowledge with the number of the request; the option socket with a list of topics
and without it. Unknown topics refuse a whole request, but on the option socket, which names them.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from monitor.sim import connections
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.faults import PRIVATE, ROUTES, Faults
from monitor.sim.bybit.listing import INVERSE, LINEAR, OPTION, SPOT
from monitor.sim.connections import Connection, Speech
from monitor.sim.faults import take
from monitor.sim.sent import ANSWER, REFUSAL, USER
from monitor.sim.sent import PUBLIC as PUBLIC_OWNER

PRIVATE_TOPICS = ("position", "wallet", "order", "execution", "greeks")
_BY_CATEGORY = {
    f"{topic}.{category}"
    for topic in ("position", "order", "execution")
    for category in (LINEAR, INVERSE, OPTION, SPOT)
    if (topic, category) != ("position", SPOT)
}
ARGS_CHARACTERS, SPOT_ARGS, OPTION_ARGS = 21_000, 10, 2_000

Listed = Callable[[str, str], bool]  #: whether a category has a topic


class BybitSpeech(Speech):
    """What is spoken on one socket. `seen` are the tickers that were sent last, so that deltas say what is new."""

    def __init__(
        self,
        route: str,
        faults: Faults,
        accounts: Mapping[str, SimAccount],
        time_ms: Callable[[], int],
        listed: Listed,
        idle_seconds: float,
    ) -> None:
        super().__init__(route, PUBLIC_OWNER)
        self.topics: dict[str, None] = {}
        self.seen: dict[str, dict[str, str]] = {}
        self.idle_seconds = idle_seconds  #: a client that is silent for so long is dropped
        self._faults, self._accounts, self._time_ms, self._listed = faults, accounts, time_ms, listed
        self._id = hashlib.sha256(f"{route} {time_ms()} {id(self)}".encode()).hexdigest()[:20]

    def answer(self, text: str, connection: Connection[Speech]) -> None:
        """Answer a message of the client."""
        try:
            asked = json.loads(text)
            operation, args = asked["op"], asked.get("args") or []
        except (ValueError, KeyError, TypeError, AttributeError):
            self._say(connection, {"success": False, "ret_msg": "error:request is not a json", "op": ""}, REFUSAL)
            return
        number = str(asked.get("req_id", ""))
        if operation == "ping":
            self._pong(connection, number)
        elif operation == "auth" and self.route == PRIVATE:
            self._authenticate(connection, number, args)
        elif operation in ("subscribe", "unsubscribe"):
            self._subscribe(connection, operation, number, [str(arg) for arg in args])
        else:
            self._refuse(connection, operation, number, f"error:unknown op {operation}")

    def wants(self, topic: str, category: str = "") -> bool:
        """Whether rows of a topic are sent here."""
        served = topic in self.topics or f"{topic}.{category}" in self.topics
        return served and self.route not in self._faults.starve

    # inside

    def _say(self, connection: Connection[Speech], body: dict[str, Any], kind: str) -> None:
        connection.reply(json.dumps({**body, "conn_id": self._id}, separators=(",", ":")), kind)

    def _refuse(self, connection: Connection[Speech], operation: str, number: str, why: str) -> None:
        self._say(connection, {"success": False, "ret_msg": why, "req_id": number, "op": operation}, REFUSAL)

    def _pong(self, connection: Connection[Speech], number: str) -> None:
        if self.route in self._faults.deaf:
            return
        if self.route in (OPTION, PRIVATE):
            body: dict[str, Any] = {"args": [str(self._time_ms())], "op": "pong"}
            if self.route == PRIVATE:
                body["req_id"] = number
            self._say(connection, body, ANSWER)
            return
        self._say(connection, {"success": True, "ret_msg": "pong", "req_id": number, "op": "ping"}, ANSWER)

    def _authenticate(self, connection: Connection[Speech], number: str, args: list[Any]) -> None:
        if self._faults.no_auth_answer:
            return
        account = self._owner(args)
        if account is None or self._faults.dead_auth:
            why = "Your api key has expired." if account is not None and account.api.dead else "Invalid apikey"
            self._refuse(connection, "auth", number, why)
            return
        self.account = self.owner = account.name
        body = {"success": True, "ret_msg": "", "op": "auth"}
        self._say(connection, {**body, "req_id": number} if number else body, ANSWER)

    def _owner(self, args: list[Any]) -> SimAccount | None:
        """Whose auth this is, if its key lives, its time lies ahead and its signature is right."""
        if len(args) != 3:
            return None
        key, expires, signature = str(args[0]), args[1], str(args[2])
        account = next((one for one in self._accounts.values() if hmac.compare_digest(one.key, key)), None)
        if account is None or account.api.dead:
            return None
        text = f"GET/realtime{expires}"
        wanted = hmac.new(account.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        try:
            ahead = int(expires) > self._time_ms()
        except (TypeError, ValueError):
            return None
        return account if ahead and hmac.compare_digest(wanted, signature) else None

    def _subscribe(self, connection: Connection[Speech], operation: str, number: str, topics: list[str]) -> None:
        if self.route in self._faults.no_acknowledgement:
            return
        if self.route in self._faults.subscription_error:
            self._refuse(connection, operation, number, "error:handler not found,topic:" + ",".join(topics))
            return
        if self.route == PRIVATE and self.account is None:
            self._refuse(connection, operation, number, "Request not authorized")
            return
        too_many = {SPOT: SPOT_ARGS, OPTION: OPTION_ARGS}.get(self.route)
        if sum(len(topic) for topic in topics) > ARGS_CHARACTERS or (too_many and len(topics) > too_many):
            self._refuse(connection, operation, number, "args size >10" if self.route == SPOT else "args too long")
            return
        good = [topic for topic in topics if self._knows(topic)]
        bad = [topic for topic in topics if not self._knows(topic)]
        twice = [topic for topic in good if topic in self.topics and operation == "subscribe"]
        if self.route != OPTION and (bad or twice):
            problem = f"error:handler not found,topic:{bad[0]}" if bad else f"error:already subscribed,topic:{twice[0]}"
            self._refuse(connection, operation, number, problem)
            return
        for topic in good:
            self.seen.pop(topic, None)
            if operation == "subscribe":
                self.topics[topic] = None
            else:
                self.topics.pop(topic, None)
        if take(self._faults.lost_acknowledgements, self.route):
            return
        if self.route == OPTION:
            lists = {"failTopics": bad, "successTopics": good}
            self._say(connection, {"success": True, "data": lists, "type": "COMMAND_RESP"}, ANSWER)
            return
        word = operation if self.route == SPOT or self.route == PRIVATE else ""
        self._say(connection, {"success": True, "ret_msg": word, "req_id": number, "op": operation}, ANSWER)

    def _knows(self, topic: str) -> bool:
        if self.route == PRIVATE:
            return topic in PRIVATE_TOPICS or topic in _BY_CATEGORY
        return self._listed(self.route, topic)


class Hub(connections.Hub[BybitSpeech]):
    """All open connections."""

    def __init__(self, faults: Faults) -> None:
        super().__init__(faults, ROUTES)
        self.switches = faults

    def wanted(self, route: str) -> frozenset[str]:
        """Every topic that somebody subscribed to on a route."""
        return frozenset(topic for connection in self.on(route) for topic in connection.speech.topics)

    def send(self, connection: Connection[BybitSpeech], topic: str, body: dict[str, Any], kind: str) -> None:
        """Send a frame of a topic, and the one before it again if that is switched on."""
        text = json.dumps(body, separators=(",", ":"))
        stream = USER if connection.route == PRIVATE else topic
        connection.offer(text, stream, kind)
        again = self.switches.before(connection.route, f"{id(connection)} {topic}", text)
        if again is not None:
            connection.offer(again, stream, kind)

    def push(self, account: str, topic: str, body: dict[str, Any], category: str = "") -> None:
        """Send a frame to the private sockets of an account that subscribed to it, or to this category of it."""
        for connection in self.on(PRIVATE, account):
            if connection.speech.wants(topic, category):
                named = topic if topic in connection.speech.topics else f"{topic}.{category}"
                self.send(connection, named, {**body, "topic": named}, topic)
