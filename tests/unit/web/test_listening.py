"""What is no HTTP, too much of it, or nonsense in it: answered strictly, without a word in the log, and bounded."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from monitor.domain.view import View
from monitor.web import listening
from monitor.web.listening import HEADERS
from tests.unit.web.staging import Stage, alert, staged

PATIENCE_SECONDS = 20.0
FINGERPRINT = alert().fingerprint
HOST = "Host: 127.0.0.1\r\nConnection: close\r\n"
FORM = f"POST /alerts/{FINGERPRINT} HTTP/1.1\r\n{HOST}Content-Type: application/x-www-form-urlencoded"
JSON = f"POST /api/v1/silences HTTP/1.1\r\n{HOST}Content-Type: application/json\r\n"
BOMB = gzip.compress(b"[" * 10_000_000)

NOISE: dict[str, tuple[bytes, int]] = {
    "a handshake of TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50, 400),
    "a header that is too long": (f"GET / HTTP/1.1\r\n{HOST}A: {'a' * 20_000}\r\n\r\n".encode(), 400),
    "a path that is too long": (f"GET /{'a' * 20_000} HTTP/1.1\r\n{HOST}\r\n".encode(), 400),
    "too many headers": (b"GET / HTTP/1.1\r\n" + b"".join(b"A%d: b\r\n" % n for n in range(1000)) + b"\r\n", 400),
    "a version that is none": (b"GET / HTTP/9.9\r\n\r\n", 400),
    "two lengths": (f"{JSON}Content-Length: 1\r\nContent-Length: 5\r\n\r\nabcde".encode(), 400),
    "a length and pieces": (f"{JSON}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(), 400),
    "a path with zeros": (f"GET /\0 HTTP/1.1\r\n{HOST}\r\n".encode(), 400),
    "a path that is not text": (b"GET /\xff HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "a host that is none": (b"GET / HTTP/1.1\r\nHost: [::1\r\nConnection: close\r\n\r\n", 421),
    "a tunnel": (b"CONNECT evil.example:1 HTTP/1.1\r\nHost: evil.example:1\r\nConnection: close\r\n\r\n", 421),
    "a way out of the folder": (f"GET /assets/%2e%2e/live.html HTTP/1.1\r\n{HOST}\r\n".encode(), 404),
    "a cookie that is none": (f'GET /api/v1/session HTTP/1.1\r\n{HOST}Cookie: ä=; "\r\n\r\n'.encode("latin-1"), 200),
    "an expectation": (f"{JSON}Expect: a miracle\r\nContent-Length: 2\r\n\r\n{{}}".encode(), 417),
    "a form in no known letters": (f"{FORM}; charset=nope\r\nContent-Length: 7\r\n\r\nnonce=a".encode(), 400),
    "a form that is not text": (f"{FORM}\r\nContent-Length: 7\r\n\r\n".encode() + b"nonce=\xff", 400),
    "a body that says too little": (f"{JSON}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{{}}".encode(), 400),
    "a body that would swell": (
        f"{JSON}Content-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode() + BOMB,
        400,
    ),
}


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with staged() as stage:
        yield stage


async def answered(stage: Stage, sent: bytes) -> tuple[int, str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.server.port)
    writer.write(sent)
    async with asyncio.timeout(PATIENCE_SECONDS):
        told = (await reader.read()).decode()
    writer.close()
    return int(told.split()[1]), told


async def closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read() == b""
    except ConnectionError:
        return True


@pytest.mark.parametrize("what", NOISE)
async def test_noise_is_answered_strictly_and_not_logged(
    stage: Stage, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    sent, expected = NOISE[what]
    with capture_logs() as lines:
        status, told = await answered(stage, sent)

    assert status == expected, told
    for name, value in HEADERS.items():
        assert f"{name}: {value}" in told or (name == "Content-Security-Policy" and f"{name}: " in told)
    assert "aiohttp" not in told
    assert "aaaaaaaa" not in told
    assert (lines, caplog.records) == ([], [])
    assert (await stage.ask("GET", "/-/healthy")).status == 200


@pytest.mark.parametrize("body", ["[" * 8000, '{"a":' * 3000, '{"author": ' + "[" * 900 + "]" * 900 + "}"])
async def test_deep_bodies_are_refused(stage: Stage, body: str) -> None:
    answer = await stage.ask(
        "POST", "/api/v1/silences", data=body.encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status == 400
    assert not stage.commands


@pytest.mark.parametrize("number", ["9" * 309, "9" * 4000, "-" + "9" * 4000, "1e999"])
async def test_numbers_beyond_all_numbers_are_refused(stage: Stage, number: str) -> None:
    for body in (f'{{"seconds": {number}, "matchers": ["a=b"], "author": "x"}}', f'{{"wrong": {number}}}'):
        answer = await stage.ask(
            "POST", "/api/v1/silences", data=body.encode(), headers={"Content-Type": "application/json"}
        )
        assert answer.status == 400
        assert int(answer.headers["Content-Length"]) < 200


async def test_a_bug_is_said_to_be_one_and_logged_once(stage: Stage) -> None:
    class Broken:
        @property
        def ready(self) -> bool:
            raise RuntimeError("a-detail-that-nobody-else-should-read")

    stage.view = Broken()  # type: ignore[assignment]  # that is the bug
    with capture_logs() as lines:
        answer = await stage.ask("GET", "/-/ready?secret=1")

    assert (answer.status, (await answer.json())["error"]["key"]) == (500, "request")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "a-detail" not in await answer.text()
    assert [(line["event"], line["path"]) for line in lines] == [("a request failed by a bug", "/-/ready")]


async def test_an_answer_that_breaks_in_the_middle_ends_the_connection(stage: Stage) -> None:
    stage.view = stage.view.__class__(**{name: getattr(stage.view, name) for name in View.__dataclass_fields__})
    object.__setattr__(stage.view, "accounts", (object(),))
    with capture_logs() as lines:
        reader, writer = await asyncio.open_connection("127.0.0.1", stage.server.port)
        writer.write(f"GET /api/v1/pools HTTP/1.1\r\n{HOST}\r\n".encode())
        async with asyncio.timeout(PATIENCE_SECONDS):
            told = await reader.read()
        writer.close()
    assert b"200 OK" in told
    assert b"\r\n0\r\n" not in told  # so that nobody takes the half for the whole
    assert [line["event"] for line in lines] == ["a request failed by a bug"]


async def test_connections_have_a_bound_and_those_that_are_there_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MOST_CONNECTIONS", 3)
    held = [await asyncio.open_connection("127.0.0.1", stage.server.port) for _ in range(3)]
    for reader, writer in held:
        writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        assert b"200 OK" in await reader.readuntil(b"healthy\n")
    with capture_logs() as lines:
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", stage.server.port)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert await closed(reader)
            writer.close()
    assert [line["event"] for line in lines] == ["too many connections: further ones are closed at once"]
    reader, writer = held[0]
    writer.write(b"GET /-/healthy HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b"200 OK" in await reader.readuntil(b"healthy\n")
    for _, writer in held:
        writer.close()


async def test_who_never_finishes_a_request_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "KEPT_SECONDS", 0.1)
    async with staged() as stage:
        for sent in (b"", b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nA: b"):
            reader, writer = await asyncio.open_connection("127.0.0.1", stage.server.port)
            writer.write(sent)
            async with asyncio.timeout(PATIENCE_SECONDS):
                assert await reader.read() == b""
            writer.close()
