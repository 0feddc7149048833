"""The switches of the simulated Binance, on COIN-M, spot margin and portfolio margin."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from monitor.sim.binance import SimBinance
from monitor.sim.binance.paths import LIMITS, Pool
from monitor.sim.clock import ManualClock
from tests.sim.clients import Client, until

NOW = 1_795_000_000.0


@asynccontextmanager
async def member(product: str, **terms: Any) -> AsyncIterator[tuple[SimBinance, Any, Client]]:
    """A venue, one account of a product, and its client."""
    async with SimBinance(quiet=True, paced=False) as sim:
        account = sim.add_account("one", product=product, **terms)  # type: ignore[call-overload]  # any of them
        async with Client(sim, account) as client:
            yield sim, account, client


async def test_an_empty_snapshot_and_a_missing_position_are_of_any_product() -> None:
    async with member("coinm") as (sim, account, client):
        account.trade("BTCUSD_PERP", 10.0)
        sim.faults.empty(1)
        assert await client.get("/dapi/v1/positionRisk", signed=True) == []
        assert (await client.get("/dapi/v1/account", signed=True))["assets"] == []
        sim.faults.miss_position("one", "BTCUSD_PERP")
        rows = await client.get("/dapi/v1/positionRisk", signed=True)
        assert "BTCUSD_PERP" not in {row["symbol"] for row in rows}
        rows = await client.get("/dapi/v1/positionRisk", signed=True)
        assert "BTCUSD_PERP" in {row["symbol"] for row in rows}
    async with member("margin") as (sim, account, client):
        sim.faults.empty(1)
        assert (await client.get("/sapi/v1/margin/account", signed=True))["userAssets"] == []
        assert (await client.get("/sapi/v1/margin/account", signed=True))["userAssets"]
    async with member("isolated-margin", wallets={"SOLUSDT": {}, "ETHUSDT": {}}) as (sim, account, client):
        sim.faults.miss_position("one", "SOLUSDT")
        rows = (await client.get("/sapi/v1/margin/isolated/account", signed=True))["assets"]
        assert [row["symbol"] for row in rows] == ["ETHUSDT"]


async def test_half_a_snapshot_of_portfolio_margin() -> None:
    async with member("portfolio-margin") as (sim, account, client):
        account.trade("BTCUSDT", 0.01)
        account.trade("ETHUSDT", 0.1)
        sim.faults.half_snapshot = 1
        assert len(await client.get("/papi/v1/um/positionRisk", signed=True)) == 1
        assert len(await client.get("/papi/v1/um/positionRisk", signed=True)) == 2


async def test_modes_that_cannot_be_read() -> None:
    async with member("coinm") as (sim, _, client):
        sim.faults.unreadable_mode = True
        assert await client.get("/dapi/v1/positionSide/dual", signed=True) == {}
    async with member("margin", pro=True) as (sim, _, client):
        sim.faults.unreadable_mode = True
        assert (await client.get("/sapi/v1/margin/account", signed=True))["accountType"] == "SOMETHING_NEW"
    async with member("portfolio-margin") as (sim, _, client):
        sim.faults.unreadable_mode = True
        assert (await client.get("/papi/v1/um/accountConfig", signed=True))["dualSidePosition"] is None


@pytest.mark.parametrize(
    ("product", "path"),
    [
        ("coinm", "/dapi/v1/listenKey"),
        ("margin", "/sapi/v1/margin/listen-key"),
        ("portfolio-margin", "/papi/v1/listenKey"),
        ("portfolio-margin-pro", "/fapi/v1/listenKey"),
    ],
)
async def test_every_kind_of_listen_key_is_made_kept_forgotten_and_closed(product: str, path: str) -> None:
    async with member(product) as (sim, _, client):
        _, first = await client.ask("POST", path)
        _, again = await client.ask("POST", path)
        assert first == again
        assert (await client.ask("PUT", path))[0] == 200
        sim.faults.unknown_listen_key = 1
        status, body = await client.ask("PUT", path)
        assert (status, body["code"]) == (400, -1125)
        sim.expire_listen_key("one")
        status, body = await client.ask("PUT", path)
        assert (status, body["code"]) == (400, -1125)
        _, other = await client.ask("POST", path)
        assert other != first
        assert await client.ask("DELETE", path) == (200, {})


async def test_a_dead_key_opens_a_silent_socket() -> None:
    async with member("portfolio-margin") as (sim, account, client):
        _, body = await client.ask("POST", "/papi/v1/listenKey")
        sim.expire_listen_key("one")
        async with client.socket(f"/pm/ws/{body['listenKey']}") as socket:
            await until(lambda: bool(sim.hub.on("pm")))
            account.trade("BTCUSDT", 0.01)
            assert await socket.silent()


@pytest.mark.parametrize(
    ("product", "path", "route"),
    [
        ("coinm", "/dapi/v1/listenKey", "coinm"),
        ("margin", "/sapi/v1/margin/listen-key", "margin"),
        ("portfolio-margin", "/papi/v1/listenKey", "pm"),
    ],
)
async def test_routes_are_refused_stalled_and_spoilt_by_their_names(product: str, path: str, route: str) -> None:
    async with member(product) as (sim, account, client):
        _, body = await client.ask("POST", path)
        base = {"coinm": sim.coinm_stream, "margin": sim.margin_stream, "pm": f"{sim.stream}/pm"}[route]
        sim.faults.refuse.add(route)
        with pytest.raises(Exception, match="503"):
            await client.http.ws_connect(f"{base}/ws/{body['listenKey']}")
        sim.faults.clear()
        async with client.http.ws_connect(f"{base}/ws/{body['listenKey']}") as raw:
            await until(lambda: bool(sim.hub.on(route)))
            sim.faults.stall.add(route)
            act(account)
            sim.faults.clear()
            sim.faults.garbage_frames[route] = 1
            act(account)
            assert not (await raw.receive_str(timeout=20)).startswith("{")


def act(account: Any) -> None:
    """Something that is pushed."""
    if account.product == "margin":
        account.borrow("USDT", 10.0)
    else:
        account.trade("BTCUSD_PERP", 1.0)


class TestSocketApi:
    async def said(self, socket: Any, message: Any) -> Any:
        """The answer to a message."""
        socket.send(message if isinstance(message, str) else json.dumps(message))
        return json.loads(await socket.receive())

    async def test_it_may_not_answer_or_answer_with_an_error(self) -> None:
        async with SimBinance(quiet=True, paced=False, network=False) as sim:
            socket = sim.dial("/ws-api/v3")
            sim.faults.no_acknowledgement.add("socket-api")
            socket.send(json.dumps({"id": 1, "method": "ping"}))
            assert not socket.waiting
            sim.faults.clear()
            sim.faults.subscription_error.add("socket-api")
            answer = await self.said(socket, {"id": 2, "method": "ping"})
            assert (answer["id"], answer["error"]["code"]) == (2, -1000)
            sim.faults.clear()
            assert (await self.said(socket, "{"))["error"]["code"] == -1135
            assert (await self.said(socket, {"id": 3, "method": "order.place"}))["error"]["code"] == -1020
            sim.faults.refuse.add("socket-api")
            with pytest.raises(ConnectionRefusedError):
                sim.dial("/ws-api/v3")

    async def test_tokens_that_end_without_a_word_leave_their_socket_silent(self) -> None:
        async with SimBinance(quiet=True, paced=False, network=False) as sim:
            account = sim.add_account("one", product="margin")
            token, socket = sim.tokens.create("one", sim.time_ms()), sim.dial("/ws-api/v3")
            params = {"listenToken": token.text}
            request = {"id": 1, "method": "userDataStream.subscribe.listenToken", "params": params}
            assert (await self.said(socket, request))["status"] == 200
            sim.expire_listen_token("one", event=False)
            account.transfer("USDT", 1.0)
            assert (await self.said(socket, request))["error"]["code"] == -1209  # nothing came before it

    async def test_a_subscription_can_be_left(self) -> None:
        async with SimBinance(quiet=True, paced=False, network=False) as sim:
            account = sim.add_account("one", product="margin")
            token, socket = sim.tokens.create("one", sim.time_ms()), sim.dial("/ws-api/v3")
            params = {"listenToken": token.text}
            await self.said(socket, {"id": 1, "method": "userDataStream.subscribe.listenToken", "params": params})
            left = {"id": 2, "method": "userDataStream.unsubscribe", "params": {"subscriptionId": 0}}
            assert (await self.said(socket, left))["status"] == 200
            account.transfer("USDT", 1.0)
            assert not socket.waiting


class TestWeights:
    def venue(self) -> SimBinance:
        sim = SimBinance(clock=ManualClock(NOW), quiet=True, paced=False, network=False)
        sim.add_account("one", product="portfolio-margin")
        return sim

    def ask(self, sim: SimBinance, path: str) -> tuple[int, dict[str, str]]:
        reply = sim.gate.reply("GET", path, "", "", None)
        return reply.status, dict(reply.headers)

    def test_both_futures_fill_one_pool_and_the_others_their_own(self) -> None:
        sim = self.venue()
        for _ in range(120):
            assert self.ask(sim, "/dapi/v1/premiumIndex")[0] == 200
            assert self.ask(sim, "/fapi/v1/premiumIndex")[0] == 200
        status, headers = self.ask(sim, "/fapi/v1/time")
        assert (status, headers["X-MBX-USED-WEIGHT-1M"]) == (429, "2401")
        assert self.ask(sim, "/api/v3/time")[0] == 200
        status, headers = self.ask(sim, "/sapi/v1/portfolio/asset-index-price")
        assert (status, headers["X-SAPI-USED-IP-WEIGHT-1M"]) == (200, "50")

    def test_each_path_of_sapi_has_a_limit_of_its_own(self) -> None:
        sim = self.venue()
        for _ in range(LIMITS[Pool.SAPI] // 50):
            assert self.ask(sim, "/sapi/v1/portfolio/asset-index-price")[0] == 200
        assert self.ask(sim, "/sapi/v1/portfolio/asset-index-price")[0] == 429
        assert self.ask(sim, "/sapi/v1/account/apiRestrictions")[0] == 401

    def test_a_ban_is_for_every_host(self) -> None:
        sim = self.venue()
        sim.ban(60)
        for path in ("/fapi/v1/time", "/dapi/v1/time", "/api/v3/time", "/sapi/v1/portfolio/asset-index-price"):
            assert self.ask(sim, path)[0] == 418


def test_names_are_unique_over_products_and_products_are_known() -> None:
    sim = SimBinance(network=False, paced=False)
    sim.add_account("one")
    with pytest.raises(ValueError, match="another product"):
        sim.add_account("one", product="coinm")
    with pytest.raises(ValueError, match="is no product"):
        sim.add_account("two", product="options")  # type: ignore[call-overload]  # that is the point
