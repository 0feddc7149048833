"""A plain client of the simulated Hyperliquid: questions and sockets without a network."""

from __future__ import annotations

import json
from typing import Any

from monitor.sim.http import Reply
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import SimAccount
from tests.sim.still import Texts, at_noon


def still(**more: Any) -> SimHyperliquid:
    """A venue in which nothing happens by itself, at noon, and nothing listens."""
    return SimHyperliquid(**at_noon(**more))


def ask(sim: SimHyperliquid, kind: str, account: SimAccount | None = None, **said: Any) -> Reply:
    """The answer to a question."""
    user = {} if account is None else {"user": account.address}
    return sim.gate.reply("POST", "/info", "", json.dumps({"type": kind, **user, **said}), {})


def answer(sim: SimHyperliquid, kind: str, account: SimAccount | None = None, **said: Any) -> Any:
    """What a question gets that must succeed."""
    reply = ask(sim, kind, account, **said)
    assert reply.status == 200, reply
    return json.loads(reply.text)


def state(sim: SimHyperliquid, account: SimAccount, dex: str = "") -> Any:
    """`clearinghouseState`."""
    return answer(sim, "clearinghouseState", account, dex=dex)


def position(sim: SimHyperliquid, account: SimAccount, coin: str) -> Any:
    """One position's row."""
    dex = coin.partition(":")[0] if ":" in coin else ""
    rows = state(sim, account, dex)["assetPositions"]
    return next(row["position"] for row in rows if row["position"]["coin"] == coin)


class Socket(Texts):
    """The client's end of a socket."""

    def __init__(self, sim: SimHyperliquid) -> None:
        super().__init__(sim.dial("/ws"))

    def say(self, **said: Any) -> list[Any]:
        """Send a message; returns what came at once."""
        return self.send(said)

    def subscribe(self, kind: str, account: SimAccount | None = None, **more: Any) -> list[Any]:
        """Subscribe to one thing."""
        user = {} if account is None else {"user": account.address}
        return self.say(method="subscribe", subscription={"type": kind, **user, **more})
