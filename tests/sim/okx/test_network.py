"""The simulated OKX over a real network: the same answers and frames as without one."""

from __future__ import annotations

import json
from typing import Any

import aiohttp

from monitor.sim.okx import SimOkx
from tests.sim.okx.clients import headers_of, signed

BALANCE = "/api/v5/account/balance"


async def next_frame(socket: aiohttp.ClientWebSocketResponse, channel: str) -> Any:
    """The next data frame of a channel."""
    while True:
        frame = json.loads(await socket.receive_str(timeout=20.0))
        if "data" in frame and frame["arg"]["channel"] == channel:
            return frame


async def test_requests_and_sockets_speak_over_loopback() -> None:
    async with SimOkx(seed=3) as sim, aiohttp.ClientSession() as http:
        account = sim.add_account("a")
        signature = headers_of(account, "GET", f"{BALANCE}?ccy=USDT", "", sim.now())
        async with http.get(f"{sim.rest}{BALANCE}?ccy=USDT", headers=signature) as answer:
            said = await answer.json()
        assert (said["code"], said["data"][0]["details"][0]["cashBal"]) == ("0", "10000")
        async with http.ws_connect(f"{sim.stream}/ws/v5/public") as socket:
            await socket.send_str("ping")
            assert await socket.receive_str(timeout=20.0) == "pong"
            topic = {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}
            await socket.send_json({"op": "subscribe", "args": [topic]})
            first, second = await next_frame(socket, "mark-price"), await next_frame(socket, "mark-price")
            assert int(first["data"][0]["ts"]) < int(second["data"][0]["ts"])
        async with http.ws_connect(f"{sim.stream}/ws/v5/private") as socket:
            now = f"{sim.now():.0f}"
            sign = signed(account.secret, f"{now}GET/users/self/verify")
            arg = {"apiKey": account.key, "passphrase": account.passphrase, "timestamp": now, "sign": sign}
            await socket.send_json({"op": "login", "args": [arg]})
            assert json.loads(await socket.receive_str(timeout=20.0))["event"] == "login"
            await socket.send_json({"op": "subscribe", "args": [{"channel": "positions", "instType": "ANY"}]})
            assert (await next_frame(socket, "positions"))["data"] == []
            account.trade("BTC-USDT-SWAP", 1.0)
            assert (await next_frame(socket, "positions"))["data"][0]["pos"] == "1"
            assert sim.drop("private") == 1
            assert (await socket.receive(timeout=20.0)).type is aiohttp.WSMsgType.CLOSED
