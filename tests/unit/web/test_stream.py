"""The stream over real sockets: the whole picture first, then what changed; and those who do not read, hang up, or are
one too many.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import pytest
from structlog.testing import capture_logs

from monitor.domain.alerts import AlertState
from monitor.web import stream as streaming
from monitor.web.changes import Changes
from monitor.web.sessions import SESSION_SECONDS
from tests.sample_reports import NOW, account, many_positions, pool, view
from tests.unit.web.staging import TOKEN, Stage, alert, staged
from tests.unit.web.test_gate import nonce_of

PATIENCE_SECONDS = 20.0
PATH = "/api/v1/stream"


class Watching:
    """One who watches, event by event."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.answer = answer

    async def line(self) -> bytes:
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = await self.answer.content.readuntil(b"\n\n")
        if not line:
            raise EOFError
        return line

    async def event(self) -> tuple[str, dict[str, Any]]:
        """The next that is no comment."""
        while True:
            head, _, data = (await self.line()).strip().partition(b"\ndata: ")
            if head.startswith(b"event: "):
                return head.removeprefix(b"event: ").decode(), json.loads(data)

    async def until(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first change that fits."""
        while True:
            _, body = await self.event()
            if fits(body):
                return body


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


class Audience:
    """All who watch in a test."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self.client = client
        self.answers: list[aiohttp.ClientResponse] = []

    async def ask(self, stage: Stage) -> aiohttp.ClientResponse:
        self.answers.append(await self.client.get(stage.server.url + PATH))
        return self.answers[-1]

    async def watch(self, stage: Stage) -> Watching:
        answer = await self.ask(stage)
        assert (answer.status, answer.content_type) == (200, "text/event-stream")
        return Watching(answer)


@pytest.fixture
async def audience() -> AsyncIterator[Audience]:
    timeout, connector = aiohttp.ClientTimeout(total=None), aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(timeout=timeout, connector=connector, read_bufsize=2**22) as client:
        audience = Audience(client)
        yield audience
        for answer in audience.answers:
            answer.close()


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 — what is waited for happens in the server, which sets no event for tests
            await asyncio.sleep(0.01)


async def test_first_comes_the_whole_picture_and_then_what_changed(stage: Stage, audience: Audience) -> None:
    watching = await audience.watch(stage)
    assert (await watching.line()).startswith(b"retry: ")
    kind, whole = await watching.event()
    assert kind == "snapshot"
    assert [each["pool"] for each in whole["accounts"][0]["pools"]] == ["cross:USDT"]
    assert whole["alerts"][0]["fingerprint"] == alert().fingerprint

    stage.view = view(account(pool(), pool("cross:USDC")), alerts=stage.view.alerts, at=NOW + 1)
    change = await watching.until(lambda body: "accounts" in body)
    assert [each["pool"] for each in change["accounts"][0]["pools"]] == ["cross:USDT", "cross:USDC"]
    assert "alerts" not in change


async def test_an_acknowledgement_shows_to_everybody_who_watches(stage: Stage, audience: Audience) -> None:
    watching = [await audience.watch(stage) for _ in range(3)]
    for each in watching:
        await each.event()
    answer = await stage.ask("POST", f"/api/v1/alerts/{alert().fingerprint}/ack", {"author": "Ada"})
    assert answer.status == 200
    for each in watching:
        change = await each.until(lambda body: "alerts" in body)
        assert change["alerts"][0]["state"] == AlertState.ACKNOWLEDGED.value


async def test_words_of_life_come_as_the_pictures_own_time_goes_on(
    stage: Stage, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "COMMENT_SECONDS", 0.1)
    watching = await audience.watch(stage)
    await watching.event()
    # An engine that stands still is not called alive: only comments come, which browsers do not count.
    assert [await watching.line() for _ in range(3)] == [b":\n\n"] * 3
    stage.view = view(*stage.view.accounts, alerts=stage.view.alerts, at=NOW + 3)
    assert await watching.event() == ("change", {"at": NOW + 3})


async def test_one_too_many_is_told_to_ask_instead(stage: Stage, audience: Audience) -> None:
    watching = [await audience.watch(stage) for _ in range(streaming.MOST_CLIENTS)]
    late = await stage.ask("GET", PATH)
    assert late.status == 503
    assert "Retry-After" in late.headers
    assert "/api/v1/pools" in (await late.json())["error"]["cure"]
    for each in watching:
        assert (await each.event())[0] == "snapshot"


async def test_who_hung_up_makes_room_and_no_noise(
    stage: Stage, audience: Audience, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(streaming, "COMMENT_SECONDS", 0.05)
    monkeypatch.setattr(streaming, "MOST_CLIENTS", 1)
    first = await audience.watch(stage)
    await first.event()
    assert first.answer.connection is not None
    first.answer.connection.transport.abort()  # type: ignore[union-attr]  # it is open: an event has just come

    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await audience.ask(stage)
        while answer.status == 503:  # its room is free once the next comment found nobody
            await asyncio.sleep(0.02)
            answer = await audience.ask(stage)
    second = Watching(answer)
    assert (await second.event())[0] == "snapshot"
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


async def test_who_comes_after_everybody_left_is_told_of_now_and_not_of_then(
    stage: Stage, audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "COMMENT_SECONDS", 0.05)
    first = await audience.watch(stage)
    await first.event()
    first.answer.close()
    await eventually(lambda: not [task for task in asyncio.all_tasks() if task.get_name() == "stream"])
    stage.view = view(account(), at=NOW + 100)

    second = await audience.watch(stage)
    kind, whole = await second.event()
    assert (kind, whole["at"], whole["accounts"][0]["pools"]) == ("snapshot", NOW + 100, [])


async def test_who_does_not_read_is_dropped_and_holds_up_nobody(
    audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "SEND_SECONDS", 0.3)
    async with staged() as stage:
        stage.view = many_positions(8_000)  # some megabytes: more than what sockets hold by themselves
        address = urlsplit(stage.server.url)
        with socket.socket() as deaf, capture_logs() as lines:
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((address.hostname, address.port))
            deaf.sendall(f"GET {PATH} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode())
            await eventually(lambda: any("did not read" in line["event"] for line in lines))
        watching = await audience.watch(stage)
        assert (await watching.event())[0] == "snapshot"
        watching.answer.close()


async def test_the_server_ends_at_once_while_many_watch(audience: Audience) -> None:
    async with AsyncExitStack() as stack:
        stage = await stack.enter_async_context(staged())
        watching = [await audience.watch(stage) for _ in range(5)]
        for each in watching:
            await each.event()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stage.server.close()
        for each in watching:
            with pytest.raises((aiohttp.ClientError, EOFError)):
                await each.until(lambda _: False)


async def test_who_may_not_read_may_not_watch() -> None:
    async with staged(token=TOKEN, reading=True) as stage:
        assert (await stage.ask("GET", PATH)).status == 401


async def test_a_name_that_is_not_ours_may_not_watch(stage: Stage) -> None:
    assert (await stage.ask("GET", PATH, headers={"Host": "evil.example.org"})).status == 421


async def test_who_may_not_read_any_more_is_let_go(monkeypatch: pytest.MonkeyPatch, audience: Audience) -> None:
    monkeypatch.setattr(streaming, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(streaming, "COMMENT_SECONDS", 0.05)
    async with staged(token=TOKEN, reading=True) as stage:
        login = await (await stage.ask("GET", "/login")).text()
        done = await stage.ask("POST", "/login", data={"nonce": nonce_of(login), "token": TOKEN})
        cookie = {"Cookie": f"marginwatch_session={done.cookies['marginwatch_session'].value}"}
        audience.answers.append(await audience.client.get(stage.server.url + PATH, headers=cookie))
        watching = Watching(audience.answers[-1])
        await watching.event()
        await watching.line()

        stage.clock.at += SESSION_SECONDS  # the session ends
        with pytest.raises((aiohttp.ClientError, EOFError, asyncio.IncompleteReadError)):
            await watching.until(lambda _: False)
        assert (await stage.ask("GET", PATH, headers=cookie)).status == 401


def test_all_who_were_told_the_same_are_sent_the_same_bytes() -> None:
    changes = Changes()
    events = streaming._Events(changes)
    for _ in changes.take(many_positions(2_000)):
        pass
    whole = events.since(0)
    assert events.since(0) is whole
    assert json.loads(b"".join(whole).partition(b"data: ")[2])["accounts"]
    assert max(map(len, whole)) == streaming.BLOCK_BYTES
    for _ in changes.take(many_positions(2_001)):
        pass
    assert events.since(0) is not whole
    assert b"".join(events.since(1)).startswith(b"event: change\ndata: ")
