"""The same over a real port: a request, a token, a socket that is cut."""

from __future__ import annotations

import json

import aiohttp

from monitor.sim.kucoin import Cadence, SimKucoin
from tests.sim.kucoin.clients import headers_of

QUICK = Cadence(mark_seconds=0.02)


async def test_both_hosts_answer_and_a_token_opens_a_socket() -> None:
    async with SimKucoin(cadence=QUICK) as sim, aiohttp.ClientSession() as http:
        account = sim.add_account("a")
        path = "/api/v1/bullet-private"
        async with http.post(sim.futures + path, headers=headers_of(account, "POST", path, "", sim.now())) as answer:
            assert answer.headers["gw-ratelimit-limit"] == "2000"
            bullet = json.loads(await answer.text())["data"]
        async with http.get(f"{sim.spot}/api/v1/margin/config") as answer:
            assert json.loads(await answer.text())["data"]["liqDebtRatio"] == "0.97"
        server = bullet["instanceServers"][0]["endpoint"]
        async with http.ws_connect(f"{server}?token={bullet['token']}&connectId=x") as raw:
            assert await raw.receive_json(timeout=20) == {"id": "x", "type": "welcome"}
            asked = {"id": "2", "type": "subscribe", "topic": "/contract/instrument:XBTUSDTM", "response": True}
            await raw.send_json(asked)
            assert await raw.receive_json(timeout=20) == {"id": "2", "type": "ack"}
            assert (await raw.receive_json(timeout=20))["subject"] == "mark.index.price"
            sim.drop("private")
            while (message := await raw.receive(timeout=20)).type is aiohttp.WSMsgType.TEXT:
                pass
            assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR, aiohttp.WSMsgType.CLOSE)
            assert raw.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


async def test_a_closed_port_opens_again_where_it_was() -> None:
    async with SimKucoin(paced=False) as sim, aiohttp.ClientSession() as http:
        port = sim.port
        await sim.close_port()
        try:
            await http.get(f"{sim.http}/api/v1/timestamp")
        except aiohttp.ClientConnectionError:
            pass
        else:
            raise AssertionError("a closed port answers")
        await sim.open_port()
        assert sim.port == port
        async with http.get(f"{sim.http}/api/v1/timestamp") as answer:
            assert answer.status == 200
