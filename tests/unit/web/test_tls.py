"""TLS for real: who may connect, and certificates, users and headers that change while the server runs."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from monitor.domain.errors import ConfigRefused
from monitor.web import doors
from tests.unit.web.certificates import DAY, Authority, authority
from tests.unit.web.staging import TOKEN, Stage, staged
from tests.unit.web.test_gate import nonce_of
from tests.unit.web.test_users import ADA, PASSWORD, basic, hashed

SECURE = "tls_server_config:\n  cert_file: desk.crt\n  key_file: desk.key\n"
DEADLINE_SECONDS = 20.0


@pytest.fixture
def signer(tmp_path: Path) -> Authority:
    made = authority(tmp_path)
    made.sign("desk", "localhost", "127.0.0.1")
    return made


def trusting(signer: Authority, shown: tuple[Path, Path] | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(signer.file))
    if shown is not None:
        context.load_cert_chain(shown[0], shown[1])
    return context


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await holds():  # noqa: ASYNC110 — it happens in the server, which sets no event for tests
            await asyncio.sleep(0.01)


async def said(lines: list[EventDict], count: int = 1) -> None:
    async def holds() -> bool:
        return len(lines) >= count

    await until(holds)


@asynccontextmanager
async def serving(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch, **desk: Any) -> AsyncIterator[Stage]:
    monkeypatch.setattr(doors, "LOOK_SECONDS", 0.02)
    (folder / "web.yml").write_text(text)
    async with staged(config_file=folder / "web.yml", **desk) as stage:
        yield stage


def replaced(file: Path, text: str) -> None:
    """As a careful program writes a file."""
    fresh = file.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(file)


async def serial(stage: Stage, context: ssl.SSLContext) -> int:
    """Of the certificate that a new connection is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", stage.server.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert()
    writer.close()
    return int(shown["serialNumber"], 16)


async def test_it_speaks_https_and_says_so(tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, SECURE, monkeypatch) as stage:
        assert stage.server.url == f"https://127.0.0.1:{stage.server.port}"
        answer = await stage.ask("GET", "/metrics", ssl=trusting(signer))
        assert (answer.status, "Strict-Transport-Security" in answer.headers) == (200, False)
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await stage.ask("GET", "/metrics")


async def test_who_speaks_http_to_it_is_told_nothing_and_the_log_stays_quiet(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(tmp_path, SECURE, monkeypatch) as stage:
        with capture_logs() as lines:
            reader, writer = await asyncio.open_connection("127.0.0.1", stage.server.port)
            writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            assert b"marginwatch" not in await reader.read()
            writer.close()
        assert (await stage.ask("GET", "/metrics", ssl=trusting(signer))).status == 200
    assert (lines, caplog.records) == ([], [])


async def test_older_versions_of_tls_are_not_spoken(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusting(signer)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(tmp_path, SECURE + "  min_version: TLS13\n", monkeypatch) as stage:
        with pytest.raises(aiohttp.ClientConnectorError):
            await stage.ask("GET", "/", ssl=context)
        assert (await stage.ask("GET", "/", ssl=trusting(signer))).status == 200


async def test_a_certificate_of_the_client_is_wanted(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SECURE + "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: authority.pem\n"
    ours, stranger = signer.sign("ada"), authority(tmp_path, "stranger").sign("mallory")
    async with serving(tmp_path, text, monkeypatch) as stage:
        assert (await stage.ask("GET", "/", ssl=trusting(signer, ours))).status == 200
        for context in (trusting(signer), trusting(signer, stranger)):
            with pytest.raises((aiohttp.ClientConnectionError, ssl.SSLError)):
                await stage.ask("GET", "/", ssl=context)


async def test_over_tls_a_cookie_is_secure_and_a_page_that_came_without_is_a_strangers(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusting(signer)
    async with serving(tmp_path, SECURE, monkeypatch, token=TOKEN) as stage:
        data = {"nonce": nonce_of(await (await stage.ask("GET", "/login", ssl=context)).text()), "token": TOKEN}
        origin = {"Origin": stage.server.url.replace("https:", "http:")}
        assert (await stage.ask("POST", "/login", data=data, headers=origin, ssl=context)).status == 403
        done = await stage.ask("POST", "/login", data=data, headers={"Origin": stage.server.url}, ssl=context)
    assert done.status == 303
    cookie = done.cookies["marginwatch_session"]
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Strict")


async def test_what_a_proxy_would_say_of_the_connection_is_not_believed(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  ada: {hashed(PASSWORD)}\n")
    async with staged(config_file=tmp_path / "web.yml", token=TOKEN) as stage:
        said = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1", "X-Forwarded-User": "ada"}
        assert (await stage.ask("GET", "/", headers=said)).status == 401
        login = await stage.ask("GET", "/login", headers=ADA | said)
        data = {"nonce": nonce_of(await login.text()), "token": TOKEN}
        done = await stage.ask("POST", "/login", data=data, headers=ADA | said)
    assert (done.status, done.cookies["marginwatch_session"]["secure"]) == (303, "")


async def test_browsers_are_told_to_keep_to_https_where_the_file_says_so(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = SECURE + "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=600\n"
    async with serving(tmp_path, text, monkeypatch) as stage:
        for path in ("/", "/api/v1/pools", "/nothing"):
            answer = await stage.ask("GET", path, ssl=trusting(signer))
            assert answer.headers["Strict-Transport-Security"] == "max-age=600"


async def test_a_renewed_certificate_is_shown_to_new_connections(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = trusting(signer)
    async with serving(tmp_path, SECURE, monkeypatch) as stage, aiohttp.ClientSession() as client:
        before = await serial(stage, context)
        async with client.get(f"{stage.server.url}/api/v1/stream", ssl=context) as stream:
            await stream.content.readuntil(b"\n\n")
            signer.sign("desk", "localhost", "127.0.0.1")

            async def another() -> bool:
                return await serial(stage, context) != before

            await until(another)
            assert await stream.content.readuntil(b"\n\n")


async def test_what_goes_wrong_later_changes_nothing_and_is_told_once(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, users = trusting(signer), f"basic_auth_users:\n  ada: {hashed(PASSWORD)}\n"
    signer.sign("other", "localhost")
    async with serving(tmp_path, SECURE + users, monkeypatch) as stage:
        before = await serial(stage, context)
        for wrong in ("users: {}\n", SECURE.replace("desk.key", "other.key"), "a: [", SECURE.replace(".crt", ".gone")):
            with capture_logs() as lines:
                replaced(tmp_path / "web.yml", wrong)
                await said(lines)
                await asyncio.sleep(0.1)  # many looks at the files
            assert [line["log_level"] for line in lines] == ["error"]
            assert await serial(stage, context) == before
            assert (await stage.ask("GET", "/", ssl=context)).status == 401
            assert (await stage.ask("GET", "/", headers=ADA, ssl=context)).status == 200


async def test_users_come_and_go_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answered(stage: Stage, headers: dict[str, str], status: int) -> None:
        async def holds() -> bool:
            stage.clock.at += 61.0  # so that asking again is no guessing
            return (await stage.ask("GET", "/", headers=headers)).status == status

        await until(holds)

    text = f"basic_auth_users:\n  ada: {hashed(PASSWORD)}\n"
    async with serving(tmp_path, text, monkeypatch) as stage:
        assert (await stage.ask("GET", "/", headers=ADA)).status == 200
        replaced(tmp_path / "web.yml", f"basic_auth_users:\n  ada: {hashed('another')}\n  grace: {hashed('hers')}\n")
        await answered(stage, ADA, 401)
        await answered(stage, basic("ada", "another"), 200)
        await answered(stage, basic("grace", "hers"), 200)
        replaced(tmp_path / "web.yml", f"basic_auth_users:\n  grace: {hashed('hers')}\n")
        await answered(stage, basic("ada", "another"), 401)
        with capture_logs() as lines:
            replaced(tmp_path / "web.yml", "")
            await said(lines, 2)
        assert "has no users any more" in lines[0]["event"]
        assert (await stage.ask("GET", "/")).status == 401
        assert (await stage.ask("GET", "/", headers=basic("grace", "hers"))).status == 200


async def test_what_needs_a_restart_says_so(tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(tmp_path, SECURE, monkeypatch) as stage:
        with capture_logs() as lines:
            replaced(tmp_path / "web.yml", SECURE + "  min_version: TLS13\n")
            await said(lines, 2)
        assert "restart for the rest" in lines[0]["event"]
        assert (await stage.ask("GET", "/", ssl=trusting(signer))).status == 200


async def test_a_file_that_is_wrong_at_the_start_is_refused(tmp_path: Path, signer: Authority) -> None:
    for text in ("tls_server_config:\n  cert_file: desk.crt\n", "users: {}", SECURE.replace("desk.key", "desk.crt")):
        (tmp_path / "web.yml").write_text(text)
        with pytest.raises(ConfigRefused):
            async with staged(config_file=tmp_path / "web.yml"):
                pass


async def test_a_stream_over_tls_ends_when_the_server_does(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with aiohttp.ClientSession() as client:
        async with serving(tmp_path, SECURE, monkeypatch) as stage:
            stream = await client.get(f"{stage.server.url}/api/v1/stream", ssl=trusting(signer))
            await stream.content.readuntil(b"\n\n")
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await stream.content.readany():
                pass


async def test_a_certificate_that_has_run_out_is_served_all_the_same(
    tmp_path: Path, signer: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer.sign("desk", "localhost", "127.0.0.1", ends=-DAY)
    async with serving(tmp_path, SECURE, monkeypatch) as stage:
        with pytest.raises(aiohttp.ClientConnectorCertificateError, match="expired"):
            await stage.ask("GET", "/", ssl=trusting(signer))
