"""A plain client of the simulated OKX: requests and sockets without a network, signing by hand."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from monitor.sim.http import Reply
from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from tests.sim.still import Texts, at_noon


def still(**more: Any) -> SimOkx:
    """A venue in which nothing happens by itself, at noon, and nothing listens."""
    return SimOkx(**at_noon(**more))


def stamp(seconds: float) -> str:
    """A time as requests carry it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def signed(secret: str, text: str) -> str:
    """Base64 of HMAC-SHA256."""
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def headers_of(account: SimAccount, method: str, target: str, body: str, now: float) -> dict[str, str]:
    """What a signed request carries."""
    time = stamp(now)
    return {
        "OK-ACCESS-KEY": account.key,
        "OK-ACCESS-SIGN": signed(account.secret, time + method + target + body),
        "OK-ACCESS-TIMESTAMP": time,
        "OK-ACCESS-PASSPHRASE": account.passphrase,
    }


def ask(
    sim: SimOkx,
    path: str,
    account: SimAccount | None = None,
    *,
    body: Any = None,
    headers: dict[str, str] | None = None,
    **params: Any,
) -> Reply:
    """A request's answer; `headers` go over those of the signature."""
    query, text = urlencode(params), "" if body is None else json.dumps(body)
    method, target = "GET" if body is None else "POST", f"{path}?{query}" if query else path
    sent = {} if account is None else headers_of(account, method, target, text, sim.now())
    return sim.gate.reply(method, path, query, text, {**sent, **(headers or {})})


def rows(sim: SimOkx, path: str, account: SimAccount | None = None, **more: Any) -> list[Any]:
    """The data of an answer that must succeed."""
    reply = ask(sim, path, account, **more)
    said = json.loads(reply.text)
    assert (reply.status, said["code"]) == (200, "0"), reply.text
    return list(said["data"])


def refusal(reply: Reply) -> tuple[int, str]:
    """HTTP status and code of an answer that is an error."""
    said = json.loads(reply.text)
    assert said["data"] == [], reply.text
    return reply.status, said["code"]


class Socket(Texts):
    """The client's end of a socket."""

    def __init__(self, sim: SimOkx, route: str) -> None:
        self.sim = sim
        super().__init__(sim.dial(f"/ws/v5/{route}"))

    def say(self, operation: str, *args: dict[str, Any], **more: Any) -> list[Any]:
        """Send an operation; returns what came at once."""
        return self.send({"op": operation, "args": list(args), **more})

    def log_in(self, account: SimAccount, **more: Any) -> list[Any]:
        """Log in as an account; `more` goes over what is right."""
        time = f"{self.sim.now():.0f}"
        arg = {
            "apiKey": account.key,
            "passphrase": account.passphrase,
            "timestamp": time,
            "sign": signed(account.secret, f"{more.get('timestamp', time)}GET/users/self/verify"),
        }
        return self.say("login", {**arg, **more})

    def subscribe(self, channel: str, **arg: Any) -> list[Any]:
        """Subscribe to one topic; returns what came at once."""
        return self.say("subscribe", {"channel": channel, **arg})


def private(sim: SimOkx, account: SimAccount) -> Socket:
    """A socket that is logged in."""
    socket = Socket(sim, "private")
    assert socket.log_in(account)[0]["event"] == "login"
    return socket
