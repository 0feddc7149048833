"""A plain client of the simulated Hyperliquid: questions and sockets without a network."""

from __future__ import annotations

import json
from typing import Any

from monitor.sim.clock import ManualClock
from monitor.sim.http import Reply
from monitor.sim.hyperliquid import SimHyperliquid
from monitor.sim.hyperliquid.accounts import SimAccount
from monitor.sim.hyperliquid.streams import HyperliquidSpeech
from monitor.sim.inprocess import InProcess

NOON = 1_767_268_800.0  #: 2026-01-01 12:00 UTC


def still(**more: Any) -> SimHyperliquid:
    """A venue in which nothing happens by itself, at noon, and nothing listens."""
    chosen: dict[str, Any] = {"clock": ManualClock(NOON), "quiet": True, "paced": False, "network": False, **more}
    return SimHyperliquid(**chosen)


def pass_time(sim: SimHyperliquid, seconds: float) -> None:
    """Let the clock go on, and the venue with it."""
    assert isinstance(sim.clock, ManualClock)
    sim.clock.advance(seconds)
    sim.tick(seconds)


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


class Socket:
    """The client's end of a socket; frames are kept in order."""

    def __init__(self, sim: SimHyperliquid) -> None:
        self.raw: InProcess[HyperliquidSpeech] = sim.dial("/ws")
        self.texts: list[str] = []
        self.raw.listen(self.texts.append)

    def take(self, channel: str = "") -> list[Any]:
        """The frames since the last time that are JSON, of a channel if one is named."""
        found = [json.loads(text) for text in self.texts if text.startswith("{")]
        self.texts.clear()
        return [frame for frame in found if channel in ("", frame["channel"])]

    def say(self, **said: Any) -> list[Any]:
        """Send a message; returns what came at once."""
        self.texts.clear()
        self.raw.send(json.dumps(said))
        return self.take()

    def subscribe(self, kind: str, account: SimAccount | None = None, **more: Any) -> list[Any]:
        """Subscribe to one thing."""
        user = {} if account is None else {"user": account.address}
        return self.say(method="subscribe", subscription={"type": kind, **user, **more})
