"""The monitor over HTTP: a real server, and strangers in its place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from monitor.cli.codes import NotAllowed, NotDone, Unavailable
from monitor.cli.daemon import Daemon, find
from monitor.cli.top import client as clients
from monitor.cli.top.client import Busy, Client
from monitor.web import stream as streaming
from tests.sample_reports import NOW
from tests.unit.web.certificates import authority
from tests.unit.web.staging import TOKEN, staged
from tests.unit.web.test_users import PASSWORD, hashed

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def stranger(handler: Handler) -> AsyncIterator[str]:
    """Somebody else who answers every request."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_it_reads_streams_and_tells_with_the_token() -> None:
    async with staged(token=TOKEN, reading=True) as stage, Client(Daemon(stage.server.url, TOKEN)) as client:
        async for name, document in client.stream():
            assert (name, document["at"]) == ("snapshot", NOW)
            break
        print_ = stage.view.alerts[0].fingerprint
        await client.ask("POST", f"/api/v1/alerts/{print_}/ack", body={"author": "ann", "comment": "", "via": "cli"})
        assert [each.by for each in stage.view.alerts] == ["ann"]


async def test_without_the_token_it_says_what_to_start_with() -> None:
    async with staged(token=TOKEN, reading=True) as stage, Client(Daemon(stage.server.url)) as client:
        with pytest.raises(NotAllowed, match="wants its token: start with --token-file"):
            await client.ask("GET", "/api/v1/pools")


async def test_a_wrong_token_is_never_repeated() -> None:
    async with staged(token=TOKEN, reading=True) as stage, Client(Daemon(stage.server.url, "a-wrong-one")) as client:
        with pytest.raises(NotAllowed) as refused:
            await client.ask("GET", "/api/v1/pools")
        assert "a-wrong-one" not in str(refused.value)


async def test_what_the_monitor_refuses_is_said_in_its_words() -> None:
    async with staged() as stage, Client(Daemon(stage.server.url)) as client:
        with pytest.raises(NotDone, match="fingerprint"):
            await client.ask("POST", "/api/v1/alerts/0000000000000000/ack", body={"author": "ann"})


async def test_one_watcher_too_many_is_told_to_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "MOST_CLIENTS", 0)
    async with staged() as stage, Client(Daemon(stage.server.url)) as client:
        with pytest.raises(Busy):
            await anext(client.stream())


async def test_where_nobody_listens_it_says_so() -> None:
    async with Client(Daemon("http://127.0.0.1:9")) as client:
        with pytest.raises(Unavailable, match="no monitor answers at"):
            await client.ask("GET", "/api/v1/pools")
        with pytest.raises(Unavailable, match="no monitor answers"):
            await anext(client.stream())


async def test_somebody_else_who_answers_is_not_taken_for_a_monitor() -> None:
    async def page(_: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>", content_type="text/html")

    async with stranger(page) as url, Client(Daemon(url)) as client:
        for asking in (client.ask("GET", "/api/v1/pools"), anext(client.stream())):
            with pytest.raises(Unavailable, match="answers, but not as a monitor does"):
                await asking


async def test_a_redirect_is_not_followed_with_the_token() -> None:
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/elsewhere"})

    async with stranger(elsewhere) as url, Client(Daemon(url, TOKEN)) as client:
        with pytest.raises(Unavailable):
            await client.ask("GET", "/api/v1/pools")
    assert asked == ["/api/v1/pools"]


async def test_who_accepts_and_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "ANSWER_SECONDS", 0.05)
    monkeypatch.setattr(clients, "SILENT_SECONDS", 0.05)

    async def silent(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async with stranger(silent) as url, Client(Daemon(url)) as client:
        for asking in (client.ask("GET", "/api/v1/pools"), anext(client.stream())):
            with pytest.raises(Unavailable, match="does not answer within"):
                await asking


async def test_over_https_it_shows_user_and_token_and_believes_whom_it_was_told_to(tmp_path: Path) -> None:
    authority(tmp_path).sign("desk", "risk.example.org")
    users = f"basic_auth_users:\n  ann: {hashed(PASSWORD)}\n"
    (tmp_path / "web.yml").write_text(f"tls_server_config:\n  cert_file: desk.crt\n  key_file: desk.key\n{users}")
    async with staged(config_file=tmp_path / "web.yml", token=TOKEN) as stage:
        config = tmp_path / "config.toml"
        config.write_text(f'[web]\nport = {stage.server.port}\nconfig_file = "web.yml"\n')
        here = find(None, None, config, {})
        async with Client(here) as client:
            with pytest.raises(NotAllowed, match="wants a user: start with --user-file"):
                await client.ask("GET", "/api/v1/pools")
        async with Client(replace(here, user=f"ann:{PASSWORD}", token=TOKEN)) as client:
            assert (await anext(client.stream()))[0] == "snapshot"
            first = stage.view.alerts[0].fingerprint
            await client.ask("POST", f"/api/v1/alerts/{first}/ack", body={"author": "ann", "via": "cli"})
        async with Client(Daemon(here.url)) as client:
            with pytest.raises(Unavailable, match="its certificate"):
                await client.ask("GET", "/api/v1/pools")


async def test_an_end_of_the_stream_is_told() -> None:
    async def brief(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b'event: snapshot\ndata: {"a": 1}\n\n')
        return response

    async with stranger(brief) as url, Client(Daemon(url)) as client:
        events = client.stream()
        assert await anext(events) == ("snapshot", {"a": 1})
        with pytest.raises(Unavailable, match="has hung up"):
            await anext(events)
