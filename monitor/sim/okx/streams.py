"""What is spoken on a socket of the simulated OKX: logins, subscriptions with an answer each, text pings, refusals.

Three doors: public, private and business. A channel that is asked for at another door, or an instrument that is not
listed, is an error. Whoever hears and says nothing for half a minute is thrown out.
"""

from __future__ import annotations

import hmac
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from monitor.sim.connections import Connection, Speech
from monitor.sim.faults import take
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.faults import Faults
from monitor.sim.okx.refusals import WINDOW_SECONDS, signature
from monitor.sim.sent import ANSWER, REFUSAL
from monitor.sim.sent import PUBLIC as PUBLIC_OWNER

PUBLIC, PRIVATE, BUSINESS = "public", "private", "business"
ROUTES = (PUBLIC, PRIVATE, BUSINESS)
REQUESTS_AN_HOUR = 480  #: logins and (un)subscriptions of one connection
CONNECTIONS_A_CHANNEL = 30  #: of one account, on the channels that are counted
LOGIN_PATH = "/users/self/verify"
REGULAR_SECONDS = 5.0

MARK, INDEX, OPTIONS, FUNDING = "mark-price", "index-tickers", "opt-summary", "funding-rate"
ACCOUNT, POSITIONS, ORDERS = "account", "positions", "orders"
FAST, WARNING = "balance_and_position", "liquidation-warning"
SERVED = {PUBLIC: (MARK, INDEX, OPTIONS, FUNDING), PRIVATE: (ACCOUNT, POSITIONS, ORDERS, FAST, WARNING)}
SILENT = ("status", "instruments", "estimated-price", "liquidation-orders", "tickers", "price-limit", "open-interest")
COUNTED = (ACCOUNT, POSITIONS, FAST, WARNING, ORDERS, "account-greeks")


@dataclass(slots=True)
class Subscription:
    """One topic of one socket. `interval` between regular snapshots; None: events only. `last` is what was sent."""

    arg: dict[str, str]
    interval: float | None = None
    served: bool = True
    pushed: float = 0.0
    last: dict[str, str] = field(default_factory=dict)

    @property
    def channel(self) -> str:
        """Which channel."""
        return self.arg["channel"]

    @property
    def topic(self) -> str:
        """Its parts with colons between them."""
        return topic(self.arg)

    def takes(self, product: str, family: str, name: str) -> bool:
        """Whether a row of this product, family and instrument belongs to it."""
        wanted = (self.arg.get("instType", "ANY"), self.arg.get("instFamily"), self.arg.get("instId"))
        return wanted[0] in ("ANY", product) and wanted[1] in (None, family) and wanted[2] in (None, name)


def topic(arg: Mapping[str, str]) -> str:
    """channel:instType:instFamily:instId, what is absent left out."""
    return ":".join(arg[part] for part in ("channel", "instType", "instFamily", "instId") if arg.get(part))


def names_of(arg: Mapping[str, str]) -> tuple[str, ...]:
    """How fault switches may call a topic: whole, by channel, by channel and its narrowest part."""
    return tuple(dict.fromkeys((topic(arg), arg["channel"], f"{arg['channel']}:{topic(arg).rpartition(':')[2]}")))


class Publishing(Protocol):
    """The venue behind a socket."""

    faults: Faults

    def account_for(self, key: str) -> SimAccount | None:
        """Whose key this is."""

    def exists(self, arg: Mapping[str, str]) -> bool:
        """Whether what a topic is narrowed to is listed."""

    def connections(self, account: str, channel: str) -> int:
        """How many sockets of an account have a channel."""

    def begin(self, connection: Connection[OkxSpeech], subscription: Subscription) -> None:
        """Send what a topic begins with."""


class OkxSpeech(Speech):
    """One socket. `login` is whose it is since it logged in; `alive_at` when something went either way."""

    def __init__(
        self, route: str, number: int, venue: Publishing, now: Callable[[], float], venue_now: Callable[[], float]
    ) -> None:
        super().__init__(route, PUBLIC_OWNER)
        self.identity = f"{number:08x}"
        self.login: SimAccount | None = None
        self.topics: dict[str, Subscription] = {}
        self.alive_at = now()
        self._venue, self._now, self._venue_now = venue, now, venue_now
        self._asked: deque[float] = deque()

    # sending

    def push(
        self, connection: Connection[Speech], subscription: Subscription, body: Mapping[str, Any], kind: str
    ) -> None:
        """Send one frame of a topic, unless it is silent."""
        faults = self._venue.faults
        if not subscription.served or not faults.silent_topic.isdisjoint(names_of(subscription.arg)):
            return
        arg = {name: text for name, text in subscription.arg.items() if name != "extraParams"}
        if self.login is not None and self.route != PUBLIC:
            arg["uid"] = self.login.user
        self.alive_at = self._now()
        connection.offer(json.dumps({"arg": arg, **body}, separators=(",", ":")), subscription.topic, kind)

    # receiving

    def answer(self, text: str, connection: Connection[Speech]) -> None:
        """The client said something."""
        self.alive_at = self._now()
        if text == "ping":
            if self.route not in self._venue.faults.deaf:
                connection.reply("pong", ANSWER)
            return
        try:
            asked = json.loads(text)
            operation, args = asked["op"], [dict(arg) for arg in asked["args"]]
        except (ValueError, KeyError, TypeError, AttributeError):
            self._refuse(connection, "60012", f"Illegal request: {text[:200]}")
            return
        if not self._admitted():
            self._refuse(connection, "60014", "Requests too frequent")
            return
        if operation == "login":
            self._log_in(connection, args)
        elif operation in ("subscribe", "unsubscribe"):
            said = {"id": str(asked["id"])} if asked.get("id") else {}
            for arg in args:
                self._one(connection, operation, {name: str(value) for name, value in arg.items()}, said)
        else:
            self._refuse(connection, "60012", f"Illegal request: {text[:200]}")

    def _admitted(self) -> bool:
        now = self._now()
        while self._asked and self._asked[0] <= now - 3600.0:
            self._asked.popleft()
        self._asked.append(now)
        return len(self._asked) <= REQUESTS_AN_HOUR

    def _refuse(self, connection: Connection[Speech], code: str, message: str, said: Mapping[str, str] = {}) -> None:
        body = {"event": "error", **said, "code": code, "msg": message, "connId": self.identity}
        connection.reply(json.dumps(body), REFUSAL)

    def _say(self, connection: Connection[Speech], body: Mapping[str, Any]) -> None:
        connection.reply(json.dumps({**body, "connId": self.identity}), ANSWER)

    def _log_in(self, connection: Connection[Speech], args: list[dict[str, Any]]) -> None:
        faults = self._venue.faults
        if faults.login_silence > 0:
            faults.login_silence -= 1
            return
        if faults.login_refused > 0:
            faults.login_refused -= 1
            self._refuse(connection, faults.login_code, "Login failed.")
            return
        said = args[0] if args else {}
        account = self._venue.account_for(str(said.get("apiKey", "")))
        refusal = self._login_problem(account, said)
        if refusal is not None or account is None:
            self._refuse(connection, *(refusal or ("60005", "Invalid apiKey")))
            return
        self.login, self.owner, self.account = account, account.name, account.name
        self._say(connection, {"event": "login", "code": "0", "msg": ""})

    def _login_problem(self, account: SimAccount | None, said: Mapping[str, Any]) -> tuple[str, str] | None:
        stamp = str(said.get("timestamp", ""))
        try:
            late = abs(self._venue_now() - float(stamp)) > WINDOW_SECONDS
        except ValueError:
            return "60004", "Invalid timestamp"
        if account is None:
            return "60005", "Invalid apiKey"
        if late:
            return "60006", "Timestamp request expired"
        if not hmac.compare_digest(signature(account.secret, f"{stamp}GET{LOGIN_PATH}"), str(said.get("sign", ""))):
            return "60007", "Invalid sign"
        if str(said.get("passphrase", "")) != account.passphrase:
            return "60024", "Wrong passphrase"
        return None

    def _one(
        self, connection: Connection[Speech], operation: str, arg: dict[str, str], said: Mapping[str, str]
    ) -> None:
        """One argument of a message: each is answered by itself."""
        faults = self._venue.faults
        if self.route in faults.no_acknowledgement:
            return
        problem = self._problem(arg)
        if self.route in faults.subscription_error or problem is not None:
            where = ",".join(f"{name}:{value}" for name, value in arg.items() if name != "extraParams")
            text = f"Wrong URL or {where} doesn't exist. Please use the correct URL, channel and parameters."
            self._refuse(connection, *(problem or ("60018", text)), said)
            return
        if any(take(faults.lost_argument, name) for name in names_of(arg)):
            return
        if operation == "unsubscribe":
            self.topics.pop(topic(arg), None)
            self._say(connection, {"event": "unsubscribe", **said, "arg": arg})
            return
        if not any(take(faults.lost_acknowledgement, name) for name in names_of(arg)):
            self._say(connection, {"event": "subscribe", **said, "arg": arg})
        if not self._counts(connection, arg):
            return  # acknowledged, and ended at once
        self._count(connection, arg["channel"], error=False)
        found = Subscription(arg, interval=_interval(arg), served=self.route not in faults.wrong_route_silence)
        self.topics[found.topic] = found
        self._venue.begin(connection, found)  # type: ignore[arg-type]  # every socket of this venue speaks like this

    def _problem(self, arg: Mapping[str, str]) -> tuple[str, str] | None:
        channel = arg.get("channel", "")
        if channel in SERVED[PRIVATE]:
            if self.route != PRIVATE:
                return "60008", f"The current WebSocket endpoint does not support subscribing to {channel} channels."
            return None if self.login is not None else ("60011", "Please log in")
        if self.route != PUBLIC or channel not in (*SERVED[PUBLIC], *SILENT) or not self._venue.exists(arg):
            where = ",".join(f"{name}:{value}" for name, value in arg.items())
            text = f"Wrong URL or {where} doesn't exist. Please use the correct URL, channel and parameters."
            return "60018", text
        return None

    def _counts(self, connection: Connection[Speech], arg: Mapping[str, str]) -> bool:
        """Whether the account may have one more socket with this channel."""
        channel = arg["channel"]
        if channel not in COUNTED or self.login is None:
            return True
        others = self._others(self.login, channel)
        if take(self._venue.faults.connection_count_error, channel) or others >= CONNECTIONS_A_CHANNEL:
            self._count(connection, channel, error=True)
            return False
        return True

    def _others(self, account: SimAccount, channel: str) -> int:
        """How many other sockets of the account have a channel: one counts once, however many arguments it has."""
        here = any(each.channel == channel for each in self.topics.values())
        return self._venue.connections(account.name, channel) - here

    def _count(self, connection: Connection[Speech], channel: str, *, error: bool) -> None:
        """Say how many sockets have a counted channel now."""
        if channel not in COUNTED or self.login is None:
            return
        event = "channel-conn-count-error" if error else "channel-conn-count"
        count = CONNECTIONS_A_CHANNEL if error else self._others(self.login, channel) + 1
        self._say(connection, {"event": event, "channel": channel, "connCount": str(count)})


def _interval(arg: Mapping[str, str]) -> float | None:
    """How often regular snapshots come, from `extraParams`."""
    try:
        wanted = float(json.loads(arg.get("extraParams") or "{}").get("updateInterval", REGULAR_SECONDS * 1000.0))
    except (ValueError, TypeError, AttributeError):
        return REGULAR_SECONDS
    return wanted / 1000.0 if wanted > 0.0 else None
