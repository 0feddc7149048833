"""What-if over HTTP, answered by an engine beside the loop: documents that fit their schema, and refusals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from monitor.app.supposing import Supposing
from monitor.domain.errors import Busy, TookTooLong
from monitor.domain.whatif import WhatIf, WhatIfReport
from monitor.web.whatif import WhatIfs
from tests.programs import ROOT
from tests.unit.engine.situations import MAIN, OTHER, T, engine, held, started
from tests.unit.web.test_stress_and_curve import refusing

SCHEMA = json.loads((ROOT / "monitor/web/whatif.schema.json").read_text())
Client = TestClient[web.Request, web.Application]
WHOSE = {"venue": "paper", "account": "main"}
REQUEST = {
    "edits": [
        {"do": "trade", **WHOSE, "symbol": "BTCUSDT", "quantity": 0.1},
        {"do": "close", **WHOSE, "symbol": "ETHUSDT", "fraction": 0.5},
        {"do": "collateral", **WHOSE, "asset": "USDT", "amount": -100},
    ],
    "moves": {"BTC": -0.3},
    "pegs": {"USDT": 0.97},
    "funding_days": 2,
}


@asynccontextmanager
async def asked(supposing: Any) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[refusing])
    app.add_routes(WhatIfs(supposing).routes())
    async with TestClient(TestServer(app)) as client:
        yield client


@asynccontextmanager
async def monitored() -> AsyncIterator[Client]:
    """An account with a long and a hedge in a group, and one that was never read."""
    made = engine(MAIN, OTHER, groups={MAIN: "desk"})
    made.step(started(held("BTCUSDT", 0.5, 60_000.0), held("ETHUSDT", -2.0, 3_000.0), wallet=5_000.0), T)
    supposing = Supposing(made.picture)
    try:
        async with asked(supposing) as client:
            yield client
    finally:
        supposing.close()


def valid(body: object, part: str) -> None:
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{part}"}).validate(body)


async def test_a_request_that_fits_the_schema_has_an_answer_that_does() -> None:
    valid(REQUEST, "request")
    async with monitored() as client:
        response = await client.post("/api/v1/whatif", json=REQUEST)
        body = await response.json()
        schema = await (await client.get("/api/v1/whatif/schema")).json(content_type="application/schema+json")
    assert (response.status, schema) == (200, SCHEMA)
    valid(body, "answer")
    assert [each["account"] for each in body["accounts"]] == ["main", "other"]
    assert body["worst"]["after"]["state"] == "liquidatable"
    assert body["liquidations"][0]["pool"] == "cross:USDT"
    assert body["groups"][0]["name"] == "desk"
    assert body["funding"][0]["usd"] is None


async def test_the_empty_request_is_the_account_as_it_is() -> None:
    async with monitored() as client:
        body = await (await client.post("/api/v1/whatif", json={})).json()
    valid(body, "answer")
    first = body["accounts"][0]
    assert first["before"]["margin_ratio"] == first["after"]["margin_ratio"]
    assert body["next"]["of"] in ("BTC", "ETH", "USDT", "")


async def test_all_mistakes_of_a_request_are_answered() -> None:
    async with monitored() as client:
        response = await client.post("/api/v1/whatif", json={"edits": [{"do": "close"}], "market": -3})
        body = await response.json()
        other = await client.post("/api/v1/whatif", json={"speed": 1})
        nothing = await client.post("/api/v1/whatif", json={"edits": [{"do": "close", **WHOSE, "symbol": "DOGEUSDT"}]})
        assert (await nothing.json())["error"]["key"] == "edits[0].symbol"
    valid(body, "refusal")
    assert (response.status, other.status, nothing.status) == (400, 400, 400)
    assert {row["key"] for row in body["mistakes"]} == {
        "edits[0].venue",
        "edits[0].account",
        "edits[0].symbol",
        "market",
    }


@pytest.mark.parametrize(("error", "status"), [(Busy(8), 503), (TookTooLong(20.0), 504)])
async def test_a_monitor_that_is_busy_says_so(error: Exception, status: int) -> None:
    class Tired:
        async def whatif(self, _: WhatIf, told: Callable[[WhatIfReport], bytes]) -> bytes:
            raise error

    async with asked(Tired()) as client:
        response = await client.post("/api/v1/whatif", json={})
        body = await response.json()
    assert response.status == status
    assert body["error"]["cure"] == str(error)
    assert ("Retry-After" in response.headers) is (status == 503)


def test_accounts_and_groups_are_described_as_everywhere() -> None:
    everywhere = json.loads((ROOT / "monitor/web/schema.json").read_text())["$defs"]
    for name in SCHEMA["$defs"].keys() & everywhere.keys():
        assert SCHEMA["$defs"][name] == everywhere[name], name
