"""What is spoken on the socket of the simulated Hyperliquid: subscriptions with their answers, pings in words, errors.

One address may follow ten users at once, on all its sockets together.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from monitor.sim.connections import Connection, Speech
from monitor.sim.faults import take
from monitor.sim.hyperliquid.accounts import SimAccount
from monitor.sim.hyperliquid.faults import Faults
from monitor.sim.sent import ANSWER, PUBLIC, REFUSAL

ROUTE = "ws"
USERS, SUBSCRIPTIONS = 10, 1000
GREETING = "Websocket connection established."

STATES, STATE, SPOT = "allDexsClearinghouseState", "clearinghouseState", "spotState"
LEDGER, FUNDINGS, FILLS, EVENTS = "userNonFundingLedgerUpdates", "userFundings", "userFills", "userEvents"
PRICES, PRICE, SPOT_PRICE, MIDS = "allDexsAssetCtxs", "activeAssetCtx", "activeSpotAssetCtx", "allMids"
OF_USERS = (STATES, STATE, SPOT, LEDGER, FUNDINGS, FILLS, EVENTS)
SERVED = (*OF_USERS, PRICES, PRICE, MIDS)
OTHERS = ("webData3", "notification", "orderUpdates", "openOrders", "l2Book", "trades", "bbo", "candle")


@dataclass(slots=True)
class Subscription:
    """One topic of one socket. `pushed` is when it last got something, `last` what that was."""

    said: dict[str, Any]
    served: bool = True
    pushed: float = 0.0
    last: str = ""

    @property
    def type(self) -> str:
        """Which stream."""
        return str(self.said["type"])

    @property
    def user(self) -> str:
        """Whose address, in small letters; "" where it is nobody's."""
        return str(self.said.get("user") or "").lower()

    @property
    def key(self) -> str:
        """All that makes it this one."""
        return json.dumps({**self.said, "user": self.user}, sort_keys=True)


class Publishing(Protocol):
    """The venue behind a socket."""

    faults: Faults

    def account_at(self, address: str) -> SimAccount | None:
        """Whose address it is."""

    def users(self) -> set[str]:
        """All addresses that are followed."""

    def exists(self, said: Mapping[str, Any]) -> bool:
        """Whether the coin or dex of a subscription is listed."""

    def begin(self, connection: Connection[HyperliquidSpeech], subscription: Subscription) -> None:
        """Send what a topic begins with."""


class HyperliquidSpeech(Speech):
    """One socket. `sent_at` is when it last got something: a silent one is closed."""

    def __init__(self, venue: Publishing, now: Callable[[], float]) -> None:
        super().__init__(ROUTE, PUBLIC)
        self.topics: dict[str, Subscription] = {}
        self.sent_at = now()
        self.greeted = False
        self._venue, self._now = venue, now

    def names_of(self, subscription: Subscription) -> tuple[str, ...]:
        """How fault switches may call a subscription: by type, and by type and account."""
        account = self._venue.account_at(subscription.user)
        return (subscription.type, f"{subscription.type}:{account.name if account else subscription.user}")

    # sending

    def push(self, connection: Connection[Speech], subscription: Subscription, channel: str, data: Any) -> None:
        """Send one frame of a topic, unless it is silent."""
        if not subscription.served or not self._venue.faults.silent_topic.isdisjoint(self.names_of(subscription)):
            return
        self.sent_at = self._now()
        text = json.dumps({"channel": channel, "data": data}, separators=(",", ":"))
        account = self._venue.account_at(subscription.user)
        stream = subscription.type + (f":{account.name}" if account else "")
        connection.offer(text, stream, channel)

    # receiving

    def answer(self, text: str, connection: Connection[Speech]) -> None:
        """The client said something."""
        if not self.greeted:
            self.greeted = True
            connection.reply(GREETING, ANSWER)
        try:
            asked = json.loads(text)
            method = asked["method"]
        except (ValueError, KeyError, TypeError):
            self._refuse(connection, f"Error parsing JSON into valid websocket request: {text[:200]}")
            return
        if method == "ping":
            if ROUTE not in self._venue.faults.deaf:
                self._reply(connection, {"channel": "pong"})
        elif method in ("subscribe", "unsubscribe") and isinstance(asked.get("subscription"), dict):
            self._one(connection, method, asked["subscription"])
        else:
            self._refuse(connection, f"Error parsing JSON into valid websocket request: {text[:200]}")

    def _reply(self, connection: Connection[Speech], body: Mapping[str, Any]) -> None:
        self.sent_at = self._now()
        connection.reply(json.dumps(body, separators=(",", ":")), ANSWER)

    def _refuse(self, connection: Connection[Speech], why: str) -> None:
        self.sent_at = self._now()
        connection.reply(json.dumps({"channel": "error", "data": why}, separators=(",", ":")), REFUSAL)

    def _one(self, connection: Connection[Speech], method: str, said: dict[str, Any]) -> None:
        faults = self._venue.faults
        if ROUTE in faults.no_acknowledgement:
            return
        found = Subscription(dict(said), served=ROUTE not in faults.wrong_route_silence)
        problem = self._problem(method, found)
        if problem:
            self._refuse(connection, problem)
            return
        names = self.names_of(found)
        if any(take(faults.lost_argument, name) for name in names):
            return
        if method == "unsubscribe":
            self.topics.pop(found.key, None)
        if not any(take(faults.lost_acknowledgement, name) for name in names):
            self._reply(
                connection, {"channel": "subscriptionResponse", "data": {"method": method, "subscription": said}}
            )
        if method == "subscribe":
            self.topics[found.key] = found
            self._venue.begin(connection, found)  # type: ignore[arg-type]  # every socket of this venue speaks like this

    def _problem(self, method: str, found: Subscription) -> str:
        """Why a subscription is refused, in the venue's words; "" if it is not."""
        said = json.dumps(found.said, separators=(",", ":"))
        if method == "unsubscribe":
            return "" if found.key in self.topics else f"Already unsubscribed: {said}"
        known = found.said.get("type") in (*SERVED, *OTHERS)
        if not known or not self._venue.exists(found.said) or ROUTE in self._venue.faults.subscription_error:
            return f"Invalid subscription {said}"
        if found.type in OF_USERS and (len(found.user) != 42 or not found.user.startswith("0x")):
            return f"Invalid subscription {said}"
        if found.key in self.topics:
            return f"Already subscribed: {said}"
        followed = self._venue.users()
        if found.user and found.user not in followed and len(followed) + self._venue.faults.foreign_users >= USERS:
            return f"Cannot track more than {USERS} total users."
        if len(self.topics) >= SUBSCRIPTIONS:
            return f"Cannot subscribe to more than {SUBSCRIPTIONS} channels."
        return ""
