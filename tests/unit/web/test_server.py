"""The HTTP server over real loopback sockets: addresses, headers, liveness, and that it ends when told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from importlib.resources import files

import aiohttp
import msgspec
import pytest
from aiohttp import web
from jsonschema import Draft202012Validator

from monitor.domain.alerts import Alert, Severity
from monitor.domain.schema import view_json
from monitor.domain.view import View
from monitor.outputs.prometheus import Exposition
from monitor.web.server import Server, serve
from tests.sample_reports import account, feed, many_positions, pool, view


class Stage:
    """A server and the view that it shows, which a test may change."""

    def __init__(self) -> None:
        self.view = view(account(pool()))
        self.server: Server

    async def get(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
        async with aiohttp.ClientSession() as client, client.request(method, self.server.url + path) as answer:
            return answer.status, {str(name): value for name, value in answer.headers.items()}, await answer.text()


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    stage = Stage()
    stage.server = await serve(lambda: stage.view, Exposition(), "127.0.0.1", 0)
    yield stage
    await stage.server.close()


PATHS = (
    "/",
    "/plain",
    "/assets/live.css",
    "/style.css",
    "/metrics",
    "/-/healthy",
    "/-/ready",
    "/api/v1/pools",
    "/api/v1/schema",
)


@pytest.mark.parametrize("path", [*PATHS, "/nothing-here"])
async def test_every_answer_carries_the_strict_headers(stage: Stage, path: str) -> None:
    status, headers, _ = await stage.get(path)

    assert status == (404 if path == "/nothing-here" else 200)
    assert headers["Cache-Control"] == ("no-cache" if path.startswith("/assets") else "no-store")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "unsafe" not in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", PATHS)
async def test_head_has_no_body(stage: Stage, path: str) -> None:
    status, _, body = await stage.get(path, "HEAD")

    assert (status, body) == (200, "")


async def test_only_reading_is_allowed(stage: Stage) -> None:
    for method in ("POST", "PUT", "DELETE"):
        status, _, _ = await stage.get("/api/v1/pools", method)
        assert status == 405


async def test_metrics_come_as_the_text_format(stage: Stage) -> None:
    _, headers, body = await stage.get("/metrics")

    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'marginwatch_pool_margin_ratio{venue="binance",account="main",pool="cross:USDT"} 0.2\n' in body


async def test_ready_says_what_is_missing(stage: Stage) -> None:
    ready, _, body = await stage.get("/-/ready")
    assert (ready, json.loads(body)) == (200, {"ready": True, "reasons": []})

    stage.view = view(ready=False, not_ready=("binance main: waiting for the first snapshot",))
    waiting, _, body = await stage.get("/-/ready")
    assert waiting == 503
    assert json.loads(body) == {"ready": False, "reasons": ["binance main: waiting for the first snapshot"]}


async def test_a_daemon_that_is_not_ready_is_healthy_all_the_same(stage: Stage) -> None:
    stage.view = view(ready=False, not_ready=("starting",))

    assert (await stage.get("/-/healthy"))[0] == 200


@pytest.mark.parametrize("accounts", [0, 1, 3])
async def test_the_api_answers_with_a_document_of_the_committed_schema(stage: Stage, accounts: int) -> None:
    stage.view = view(*(account(*[pool()] * number) for number in range(accounts)))
    _, _, body = await stage.get("/api/v1/pools")
    _, _, schema = await stage.get("/api/v1/schema")

    document = json.loads(body)
    Draft202012Validator(json.loads(schema)).validate(document)
    assert [len(each["pools"]) for each in document["accounts"]] == list(range(accounts))
    assert document == json.loads(msgspec.json.encode(view_json(stage.view)))
    assert json.loads(schema) == json.loads((files("monitor.web") / "schema.json").read_text())


async def test_a_long_document_is_the_same_as_a_short_one(stage: Stage) -> None:
    alerts = tuple(Alert(rule="drift", severity=Severity.INFO, labels={"n": str(n)}) for n in range(120))
    feeds = tuple(feed(f"s{n}") for n in range(101))
    stage.view = replace(many_positions(260), alerts=alerts, feeds=feeds)

    _, _, body = await stage.get("/api/v1/pools")
    assert json.loads(body) == json.loads(msgspec.json.encode(view_json(stage.view)))


async def test_the_plain_page_needs_no_script_and_nothing_from_elsewhere(stage: Stage) -> None:
    _, _, page = await stage.get("/plain")

    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page


async def test_it_listens_where_told_and_nowhere_else(stage: Stage) -> None:
    assert stage.server.port > 0
    assert stage.server.url == f"http://127.0.0.1:{stage.server.port}"
    with pytest.raises(OSError, match="address already in use"):
        await serve(lambda: stage.view, Exposition(), "127.0.0.1", stage.server.port)


def test_an_address_of_version_six_has_brackets_in_its_url() -> None:
    assert Server(web.AppRunner(web.Application()), "::1", 9786).url == "http://[::1]:9786"


class Stalled:
    """An exposition whose scrape never ends."""

    def blocks(self, shown: View) -> Iterator[bytes]:
        yield b"# begin\n"
        while True:
            yield b""


async def test_it_closes_even_amid_a_scrape_that_never_ends() -> None:
    server = await serve(lambda: view(), Stalled(), "127.0.0.1", 0)
    async with aiohttp.ClientSession() as client, client.get(server.url + "/metrics") as answer:
        assert await answer.content.readline() == b"# begin\n"
        async with asyncio.timeout(30.0):
            await server.close()
        with pytest.raises(aiohttp.ClientError):
            await answer.content.read()


async def test_of_many_answers_under_way_one_piece_is_made_in_a_turn_of_the_loop() -> None:
    turn = 0
    made: list[int] = []

    class Counting:
        def blocks(self, shown: View) -> Iterator[bytes]:
            for _ in range(20):
                made.append(turn)
                yield b"# piece\n"

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    server = await serve(lambda: view(), Counting(), "127.0.0.1", 0)
    counting = asyncio.create_task(count_turns())
    try:
        async with aiohttp.ClientSession() as client:

            async def scrape() -> str:
                async with client.get(server.url + "/metrics") as answer:
                    return await answer.text()

            texts = await asyncio.gather(*(scrape() for _ in range(5)))
    finally:
        counting.cancel()
        await server.close()
    assert texts == ["# piece\n" * 20] * 5
    assert len(made) == len(set(made)) == 100


async def test_a_scrape_lets_the_loop_turn() -> None:
    shown = many_positions(1_100)  # about ten thousand series
    server = await serve(lambda: shown, Exposition(), "127.0.0.1", 0)
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    try:
        async with aiohttp.ClientSession() as client, client.get(server.url + "/metrics") as answer:
            body = await answer.text()
    finally:
        other.cancel()
        await server.close()
    assert body.count("\n") > 9_000
    assert turns >= 20, "the scrape was written in one go"
