"""Stress and curves over HTTP, answered by an engine beside the loop: documents that fit their schema, and refusals."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.typedefs import Handler

from monitor.app.supposing import Supposing
from monitor.domain.curve import CurveReport, CurveRequest
from monitor.domain.errors import Busy, TookTooLong
from monitor.domain.stress import Family, Scenario, StressReport, StressRequest
from monitor.engine.engine import Engine
from monitor.web.api import answer
from monitor.web.curve import Curves
from monitor.web.refusal import Refusal
from monitor.web.stress import StressTests
from tests.programs import ROOT
from tests.unit.engine.situations import MAIN, OTHER, T, engine, held, started

USUAL = StressRequest(
    named=(Scenario(name="alts", family=Family.NAMED, moves={"BTC": -0.1}, others=-0.4, source="a book"),),
    betas={"ETH": 1.5},
)
SCHEMA = json.loads((ROOT / "monitor/web/stress.schema.json").read_text())
Client = TestClient[web.Request, web.Application]


@web.middleware
async def refusing(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as refusal:
        return answer(refusal.json(), refusal.status, refusal.headers)


def running() -> Engine:
    """An account with a long that is near its line and a hedge, and one that was never read."""
    made = engine(MAIN, OTHER, groups={MAIN: "desk"})
    made.step(started(held("BTCUSDT", 0.5, 60_000.0), held("ETHUSDT", -2.0, 3_000.0), wallet=5_000.0), T)
    return made


@asynccontextmanager
async def asked(supposing: Any) -> AsyncIterator[Client]:
    app = web.Application(middlewares=[refusing])
    app.add_routes([*Curves(supposing).routes(), *StressTests(supposing, USUAL).routes()])
    async with TestClient(TestServer(app)) as client:
        yield client


@asynccontextmanager
async def monitored() -> AsyncIterator[Client]:
    supposing = Supposing(running().picture)
    try:
        async with asked(supposing) as client:
            yield client
    finally:
        supposing.close()


async def test_all_scenarios_fit_the_schema() -> None:
    async with monitored() as client:
        response = await client.post("/api/v1/stress", json={})
        body = await response.json()
        schema = await (await client.get("/api/v1/stress/schema")).json()
    assert (response.status, schema) == (200, SCHEMA)
    jsonschema.Draft202012Validator(schema).validate(body)
    families = {each["family"] for each in body["scenarios"]}
    assert families == {"grid", "betas", "gap", "depeg", "named"}
    named = next(each for each in body["scenarios"] if each["family"] == "named")
    assert named["moves"] == {"BTC": -0.1, "ETH": -0.4}
    assert "ETH" in named["notes"][0]
    halved = next(each for each in body["scenarios"] if each["name"] == "market -50%")
    first = halved["order"][0]
    cell = next(row for row in halved["pools"] if row["pool"] == first["pool"])
    assert (cell["liquidated"], cell["margin_ratio"]["state"]) == (True, "liquidatable")
    assert 0.0 < cell["begins_ratio"] < 1.0
    dark = next(row for row in halved["accounts"] if row["account"] == "other")
    assert (dark["margin_ratio"]["state"], dark["equity_usd"]) == ("unknown", None)


async def test_a_request_of_ones_own_is_all_that_is_answered() -> None:
    async with monitored() as client:
        mine = {"scenarios": [{"name": "mine", "moves": {"BTC": -0.01}}], "accounts": ["paper/main"]}
        body = await (await client.post("/api/v1/stress", json=mine)).json()
    assert [each["name"] for each in body["scenarios"]] == ["mine"]
    assert [each["account"] for each in body["accounts"]] == ["main"]


@pytest.mark.parametrize(
    ("body", "keys"),
    [({"grid": [-7], "families": ["all"]}, ["families[0]", "grid[0]"]), ({"accounts": ["paper/gone"]}, ["accounts"])],
)
async def test_every_mistake_of_a_request_is_told(body: dict[str, Any], keys: list[str]) -> None:
    async with monitored() as client:
        response = await client.post("/api/v1/stress", json=body)
        told = await response.json()
    assert response.status == 400
    assert [each["key"] for each in told["mistakes"]] == keys
    assert told["error"]["key"] == keys[0]


async def test_the_example_of_the_page_fits_the_schema() -> None:
    page = (ROOT / "docs/stress.md").read_text(encoding="utf-8")
    example = json.loads(page.split("```json\n")[1].split("```")[0])
    jsonschema.Draft202012Validator(SCHEMA).validate(example)


@pytest.mark.parametrize(("of", "kind"), [("BTC", "coin"), ("USDT", "depeg"), ("market", "market")])
async def test_a_curve_has_four_columns_of_one_length_and_the_report_s_lines(of: str, kind: str) -> None:
    async with monitored() as client:
        query = {"venue": "paper", "account": "main", "pool": "cross:USDT", "of": of, "points": "21"}
        body = await (await client.get("/api/v1/curve", params=query)).json()
    columns = [body[name] for name in ("move", "price", "equity_usd", "requirement_usd")]
    assert {len(column) for column in columns} == {21}
    assert (body["kind"], body["move"][10]) == (kind, 0.0)
    liquidation = next(stage for stage in body["stages"] if stage["name"] == "liquidation")
    assert {way: liquidation[way] for way in ("down", "up")} == body["line"]
    example = page_example()
    assert list(body) == list(example)
    assert list(body["stages"][0]) == list(example["stages"][0])


def page_example() -> dict[str, Any]:
    """The curve that docs/api.md shows."""
    page = (ROOT / "docs/api.md").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(page.split("### The health curve")[1].split("```json\n")[1].split("```")[0])
    return found


@pytest.mark.parametrize(
    ("changed", "status", "key"),
    [
        ({"points": "0"}, 400, "points"),
        ({"points": "121", "of": "DOGE"}, 404, "of"),
        ({"account": "gone"}, 404, "account"),
        ({"pool": "gone"}, 404, "pool"),
    ],
)
async def test_a_curve_that_cannot_be_drawn_is_refused_by_its_key(
    changed: dict[str, str], status: int, key: str
) -> None:
    async with monitored() as client:
        query = {"venue": "paper", "account": "main", "pool": "cross:USDT"} | changed
        response = await client.get("/api/v1/curve", params=query)
        assert (response.status, (await response.json())["error"]["key"]) == (status, key)


class Late:
    """Somebody who answers nothing."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def stress(self, request: StressRequest, told: Callable[[StressReport], bytes]) -> bytes:
        raise self._error

    async def curve(self, request: CurveRequest) -> CurveReport:
        raise self._error


@pytest.mark.parametrize(("error", "status"), [(Busy(8), 503), (TookTooLong(20.0), 504)])
async def test_who_is_too_busy_says_so(error: Exception, status: int) -> None:
    async with asked(Late(error)) as client:
        stress = await client.post("/api/v1/stress", json={})
        curve = await client.get("/api/v1/curve", params={"venue": "v", "account": "a", "pool": "p"})
        assert (stress.status, curve.status) == (status, status)
        assert ("Retry-After" in stress.headers) is (status == 503)
        assert (await curve.json())["error"]["cure"] == str(error)
