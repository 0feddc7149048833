"""A plain client of the simulated Binance: HTTP and sockets of aiohttp, signing by hand."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

from monitor.sim.binance import SimBinance
from monitor.sim.binance.paths import Member
from monitor.sim.binance.server import Cadence

QUICK = Cadence(mark_seconds=0.02)


class Client:
    """Asks as one account (None: without a key)."""

    def __init__(self, sim: SimBinance, account: Member | None = None) -> None:
        self.sim, self.account = sim, account
        self.headers: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        self.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.http.close()

    async def ask(self, method: str, path: str, *, signed: bool = False, **params: Any) -> tuple[int, Any]:
        """Status and body; the headers are kept in `headers`."""
        query = urlencode(params)
        if signed:
            assert self.account is not None
            params.setdefault("timestamp", round(time.time() * 1000))
            query = urlencode(params)
            signature = hmac.new(self.account.secret.encode(), query.encode(), hashlib.sha256).hexdigest()
            query += f"&signature={signature}"
        headers = {"X-MBX-APIKEY": self.account.key} if self.account else {}
        url = f"{self.sim.fapi}{path}?{query}" if query else f"{self.sim.fapi}{path}"
        async with self.http.request(method, URL(url, encoded=True), headers=headers) as answer:
            self.headers = {name.upper(): value for name, value in answer.headers.items()}
            text = await answer.text()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text

    async def get(self, path: str, *, signed: bool = False, **params: Any) -> Any:
        """The body of a GET that must succeed."""
        status, body = await self.ask("GET", path, signed=signed, **params)
        assert status == 200, (path, status, body)
        return body

    @asynccontextmanager
    async def socket(self, route: str, **options: Any) -> AsyncIterator[Socket]:
        """An open websocket on a route and query."""
        async with self.http.ws_connect(f"{self.sim.stream}{route}", **options) as raw:
            yield Socket(raw)

    @asynccontextmanager
    async def user_stream(self, query: str = "") -> AsyncIterator[Socket]:
        """A listen key and the socket that it opens."""
        _, body = await self.ask("POST", "/fapi/v1/listenKey")
        async with self.socket(f"/private/ws?listenKey={body['listenKey']}{query}") as socket:
            await until(lambda: bool(self.sim.hub.on("private")))
            yield socket


class Socket:
    """What a test does with a socket."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw

    async def subscribe(self, *streams: str, number: int = 1, method: str = "SUBSCRIBE") -> None:
        """Ask; the answer comes as a frame."""
        await self.raw.send_json({"method": method, "params": list(streams), "id": number})

    async def text(self, seconds: float = 20.0) -> str:
        """The next text frame."""
        message = await asyncio.wait_for(self.raw.receive(), seconds)
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return str(message.data)

    async def frame(self, seconds: float = 20.0) -> Any:
        """The next frame, decoded."""
        return json.loads(await self.text(seconds))

    async def frame_where(self, wanted: Callable[[Any], bool], seconds: float = 20.0) -> Any:
        """The next frame that is wanted; others are passed over."""
        async with asyncio.timeout(seconds):
            while True:
                frame = await self.frame(seconds)
                if wanted(frame):
                    return frame

    async def silent(self, seconds: float = 0.15) -> bool:
        """Whether nothing comes for a while."""
        try:
            await self.text(seconds)
        except TimeoutError:
            return True
        return False


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait for something on the server's side."""
    for _ in range(round(seconds / 0.005)):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError(f"not true within {seconds} s")
