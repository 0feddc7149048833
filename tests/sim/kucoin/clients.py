"""A plain client of the simulated KuCoin: requests and sockets without a network, signing by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from monitor.sim.http import Reply
from monitor.sim.kucoin import SimKucoin
from monitor.sim.kucoin.accounts import SimAccount
from tests.sim.still import Texts, at_noon


def still(**more: Any) -> SimKucoin:
    """A venue in which nothing happens by itself, at noon, and nothing listens."""
    return SimKucoin(**at_noon(**more))


def signed(secret: str, text: str) -> str:
    """Base64 of HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def headers_of(account: SimAccount, method: str, target: str, body: str, now: float) -> dict[str, str]:
    """What a signed request carries, version 3."""
    stamp = str(round(now * 1000.0))
    return {
        "KC-API-KEY": account.key,
        "KC-API-SIGN": signed(account.secret, stamp + method + target + body),
        "KC-API-TIMESTAMP": stamp,
        "KC-API-PASSPHRASE": signed(account.secret, account.passphrase),
        "KC-API-KEY-VERSION": "3",
    }


def ask(
    sim: SimKucoin,
    path: str,
    account: SimAccount | None = None,
    *,
    method: str = "GET",
    host: str = "",
    headers: dict[str, str] | None = None,
    **params: Any,
) -> Reply:
    """A request's answer; `headers` go over those of the signature, `host` is "futures", "spot" or neither."""
    query = urlencode(params)
    target = f"{path}?{query}" if query else path
    sent = {} if account is None else headers_of(account, method, target, "", sim.now())
    return sim.gate.reply(method, f"/{host}{path}" if host else path, query, "", {**sent, **(headers or {})})


def data(sim: SimKucoin, path: str, account: SimAccount | None = None, **more: Any) -> Any:
    """The data of an answer that must succeed."""
    reply = ask(sim, path, account, **more)
    said = json.loads(reply.text)
    assert (reply.status, said["code"]) == (200, "200000"), reply.text
    return said["data"]


def refusal(reply: Reply) -> tuple[int, str]:
    """HTTP status and code of an answer that is an error."""
    said = json.loads(reply.text)
    assert "data" not in said, reply.text
    return reply.status, said["code"]


class Socket(Texts):
    """The client's end of a socket."""

    def __init__(self, sim: SimKucoin, token: str, *, unified: bool = False) -> None:
        self.sim = sim
        path = "unified" if unified else "endpoint"
        super().__init__(sim.dial(f"/{path}?token={token}&connectId=me"))

    def of(self, subject: str) -> list[Any]:
        """The data of frames with a subject since the last time."""
        return [frame["data"] for frame in self.take() if frame.get("subject") == subject]

    def say(self, **message: Any) -> list[Any]:
        """Send a message; returns what came at once."""
        return self.send(message)

    def subscribe(self, topic: str, *, private: bool = False, **more: Any) -> list[Any]:
        """Subscribe to topics; returns what came at once."""
        return self.say(
            **{"id": "1", "type": "subscribe", "topic": topic, "privateChannel": private, "response": True} | more
        )


def token(sim: SimKucoin, account: SimAccount | None = None, *, host: str = "") -> str:
    """A bullet token: of an account, or a public one."""
    kind = "private" if account is not None else "public"
    return str(data(sim, f"/api/v1/bullet-{kind}", account, method="POST", host=host)["token"])


def public(sim: SimKucoin, *topics: str) -> Socket:
    """A public socket that is subscribed."""
    socket = Socket(sim, token(sim))
    for topic in topics:
        assert socket.subscribe(topic) == [{"id": "1", "type": "ack"}]
    return socket


def private(sim: SimKucoin, account: SimAccount, *topics: str) -> Socket:
    """A private socket that is subscribed."""
    socket = Socket(sim, token(sim, account))
    for topic in topics:
        assert socket.subscribe(topic, private=True) == [{"id": "1", "type": "ack"}]
    return socket


def unified(sim: SimKucoin, account: SimAccount, *channels: tuple[str, str]) -> Socket:
    """The socket of a unified account, subscribed to (channel, trade type)."""
    given = data(sim, "/api/v2/bullet-private", account, method="POST")["token"]
    socket = Socket(sim, given, unified=True)
    for channel, kind in channels:
        said = socket.say(id="1", action="SUBSCRIBE", channel=channel, tradeType=kind)
        assert said == [{"id": "1", "result": True}]
    return socket
