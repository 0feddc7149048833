"""A plain client of the simulated Bybit: HTTP and sockets of aiohttp, signing by hand."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from monitor.sim.bybit import Cadence, SimBybit
from monitor.sim.bybit.accounts import SimAccount
from tests.sim.clients import Socket

QUICK = Cadence(ticker_seconds=0.02)
WINDOW = "5000"


def signature(secret: str, text: str) -> str:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


class Talker(Socket):
    """What a test does with a socket of Bybit."""

    async def say(self, operation: str, *args: Any, number: str = "1") -> None:
        """Ask; the answer comes as a frame."""
        await self.raw.send_json({"req_id": number, "op": operation, "args": list(args)})

    async def authenticate(self, account: SimAccount, *, ahead_ms: int = 10_000) -> Any:
        """Log in; the answer."""
        expires = round(time.time() * 1000) + ahead_ms
        text = f"GET/realtime{expires}"
        await self.raw.send_json({"op": "auth", "args": [account.key, expires, signature(account.secret, text)]})
        return await self.frame()

    async def topic(self, topic: str) -> Any:
        """The next frame of a topic."""
        return await self.frame_where(lambda frame: frame.get("topic") == topic)


class Client:
    """Asks as one account (None: without a key)."""

    def __init__(self, sim: SimBybit, account: SimAccount | None = None) -> None:
        self.sim, self.account = sim, account
        self.headers: dict[str, str] = {}
        self.status = 0

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.http.close()

    async def ask(
        self, path: str, *, stamp: int | None = None, secret: str | None = None, method: str = "GET", **params: Any
    ) -> Any:
        """The whole answer, decoded where it is JSON; status and headers are kept."""
        query, headers = urlencode(params), {}
        if self.account is not None:
            at = str(stamp if stamp is not None else round(time.time() * 1000))
            text = f"{at}{self.account.key}{WINDOW}{query}"
            headers = {
                "X-BAPI-API-KEY": self.account.key,
                "X-BAPI-TIMESTAMP": at,
                "X-BAPI-RECV-WINDOW": WINDOW,
                "X-BAPI-SIGN": signature(secret or self.account.secret, text),
            }
        url = f"{self.sim.rest}{path}?{query}" if query else f"{self.sim.rest}{path}"
        async with self.http.request(method, URL(url, encoded=True), headers=headers) as answer:
            self.status = answer.status
            self.headers = {name.upper(): value for name, value in answer.headers.items()}
            text = await answer.text()
            try:
                return json.loads(text)
            except ValueError:
                return text

    async def get(self, path: str, **params: Any) -> Any:
        """The result of an answer that must succeed."""
        body = await self.ask(path, **params)
        assert (self.status, body["retCode"]) == (200, 0), (path, body)
        return body["result"]

    @asynccontextmanager
    async def socket(self, route: str, **options: Any) -> AsyncIterator[Talker]:
        """An open websocket: "linear", "option", … or "private"."""
        path = "/v5/private" if route == "private" else f"/v5/public/{route}"
        async with self.http.ws_connect(f"{self.sim.public}{path}", **options) as raw:
            yield Talker(raw)

    @asynccontextmanager
    async def user_stream(self, *topics: str) -> AsyncIterator[Talker]:
        """An authenticated private socket with its topics subscribed, the answers read."""
        assert self.account is not None
        async with self.socket("private") as talker:
            assert (await talker.authenticate(self.account))["success"]
            await talker.say("subscribe", *(topics or ("position", "wallet", "order", "execution")))
            assert (await talker.frame())["success"]
            yield talker
