"""The daemon's own HTTP server: shows the latest view, takes commands about alerts, and never keeps the engine waiting.

It listens on loopback unless the configuration says otherwise, because whoever can read it knows the user's positions.
Long answers are streamed in pieces, and of all that are under way one piece is made in a turn of the event loop. They
are not compressed: that costs more than all the rest, and they seldom leave the machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.resources import files
from typing import Protocol

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from monitor.domain.view import View
from monitor.web import document, page, runbooks
from monitor.web.api import Api, Commands
from monitor.web.asked import LARGEST_BODY
from monitor.web.assets import Assets
from monitor.web.beside import beside
from monitor.web.browser import Browser
from monitor.web.curve import Curves
from monitor.web.desk import Desk
from monitor.web.doors import Doors
from monitor.web.entry import Entry
from monitor.web.forms import Forms
from monitor.web.gate import Gate
from monitor.web.history import History
from monitor.web.hosts import Hosts
from monitor.web.listening import listen, strictly
from monitor.web.login_page import sorry_page
from monitor.web.stream import Stream
from monitor.web.stress import StressTests
from monitor.web.turns import Turns
from monitor.web.whatif import WhatIfs

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 9786
SHUTDOWN_SECONDS = 0.25
HTML_TYPE = "text/html; charset=utf-8"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Blocks(Protocol):
    """Renders a view for `/metrics`, piece by piece."""

    def blocks(self, view: View) -> Iterator[bytes]:
        """The pieces, each small enough to hold up nobody."""
        ...


class Server:
    """A running server. `port` is the one it really listens on, also when 0 was asked for."""

    def __init__(
        self,
        runner: web.AppRunner,
        host: str,
        port: int,
        *,
        listening: asyncio.Server | None = None,
        encrypted: bool = False,
    ) -> None:
        self._runner, self._listening = runner, listening
        self.host, self.port = host, port
        self._scheme = "https" if encrypted else "http"

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self._scheme}://{host}:{self.port}"

    async def close(self) -> None:
        """Stop listening and end open connections within about half a second."""
        if self._listening is not None:
            self._listening.close()
        await self._runner.cleanup()


async def serve(
    view: Callable[[], View],
    exposition: Blocks,
    host: str = DEFAULT_HOST,
    port: int = DEFAULT_PORT,
    desk: Desk | None = None,
) -> Server:
    """Listen on `host`:`port` (0: any free port). Raises OSError when the port is taken or the host is not ours.

    Without a `desk` it can only be read. Raises `ConfigRefused` where the desk's web config file has mistakes.
    """
    doors = Doors(desk.config_file, desk.clock) if desk is not None and desk.config_file is not None else None
    hosts = Hosts(host, desk.external_url if desk else "")
    gate = Gate(desk, hosts) if desk else None
    entry = Entry(hosts, gate, doors)
    app = web.Application(middlewares=[entry.guarded()], client_max_size=LARGEST_BODY)
    app.on_response_prepare.append(strictly)
    if doors is not None:
        app.cleanup_ctx.append(beside(doors.watch, "web config file"))
        app.on_response_prepare.append(doors.tell_hsts)
    turns = Turns()
    pages, stream, history = _Pages(view, exposition, turns), Stream(view, turns, entry.let_in), History(view)
    app.cleanup_ctx.append(beside(history.watch, "history"))
    app.on_shutdown.append(stream.end)
    app.add_routes([*Assets().routes(), *stream.routes()])
    app.add_routes(
        [
            web.get("/plain", pages.landing),
            web.get("/style.css", pages.style),
            web.get("/metrics", pages.metrics),
            web.get("/-/healthy", pages.healthy),
            web.get("/-/ready", pages.ready),
            web.get("/api/v1/pools", pages.pools),
            web.get("/api/v1/history", pages.history(history)),
            web.get("/api/v1/alerts", pages.alerts),
            web.get("/api/v1/alerts/schema", pages.alerts_schema),
            web.get("/api/v1/schema", pages.schema),
            web.get("/runbooks", pages.runbooks),
            web.get("/runbooks/", pages.runbooks),
            web.get("/runbooks/{name:[A-Za-z0-9]{1,64}}", pages.runbook),
        ]
    )
    if desk is not None and gate is not None:
        commands = Commands(view, desk)
        app.add_routes(Api(commands, gate).routes())
        app.add_routes(Forms(commands, gate).routes())
        app.add_routes(Browser(desk, gate).routes())
        app.add_routes(_suppositions(desk))
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS)
    await runner.setup()
    encrypted = None if doors is None else doors.tls
    try:
        listening = await listen(runner, host, port, encrypted)
    except BaseException:
        await runner.cleanup()
        raise
    taken = int(listening.sockets[0].getsockname()[1])
    return Server(runner, host, taken, listening=listening, encrypted=encrypted is not None)


def _suppositions(desk: Desk) -> list[web.RouteDef]:
    if desk.supposing is None:
        return []
    tests = StressTests(desk.supposing, desk.stress)
    return [*WhatIfs(desk.supposing).routes(), *tests.routes(), *Curves(desk.supposing).routes()]


class _Pages:
    def __init__(self, view: Callable[[], View], exposition: Blocks, turns: Turns) -> None:
        self._view, self._exposition, self._turns = view, exposition, turns
        room = files("monitor.web")
        self._style = (room / "style.css").read_text(encoding="utf-8")
        self._schema = (room / "schema.json").read_bytes()
        self._alerts_schema = (room / "alerts.schema.json").read_bytes()
        self._runbooks = runbooks.load()

    async def landing(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, HTML_TYPE, page.pieces(self._view()))

    async def style(self, _: web.Request) -> web.Response:
        return web.Response(text=self._style, content_type="text/css")

    async def metrics(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, METRICS_TYPE, self._exposition.blocks(self._view()))

    async def healthy(self, _: web.Request) -> web.Response:
        """The process lives and its loop turns, or nobody would answer."""
        return web.Response(text="healthy\n")

    async def ready(self, _: web.Request) -> web.Response:
        view = self._view()
        body = msgspec.json.encode({"ready": view.ready, "reasons": list(view.not_ready)})
        return web.Response(body=body, status=200 if view.ready else 503, content_type="application/json")

    async def pools(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, "application/json", document.pieces(self._view()))

    def history(self, history: History) -> Handler:
        """The last hours."""

        async def answered(request: web.Request) -> web.StreamResponse:
            return await self._stream(request, "application/json", history.pieces(request))

        return answered

    async def alerts(self, request: web.Request) -> web.StreamResponse:
        return await self._stream(request, "application/json", document.alert_pieces(self._view()))

    async def runbooks(self, _: web.Request) -> web.Response:
        return web.Response(text=runbooks.index_page(self._runbooks), content_type="text/html")

    async def runbook(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        text = self._runbooks.get(name)
        if text is None:
            sorry = sorry_page("no such runbook", "There is no runbook of this name.", "/runbooks/")
            return web.Response(text=sorry, status=404, content_type="text/html")
        return web.Response(text=runbooks.runbook_page(name, text), content_type="text/html")

    async def alerts_schema(self, _: web.Request) -> web.Response:
        return web.Response(body=self._alerts_schema, content_type="application/schema+json")

    async def schema(self, _: web.Request) -> web.Response:
        return web.Response(body=self._schema, content_type="application/schema+json")

    async def _stream(self, request: web.Request, content_type: str, pieces: Iterator[bytes]) -> web.StreamResponse:
        """Answer with these pieces; an empty one only says that time passed."""
        response = web.StreamResponse(headers={"Content-Type": content_type})
        with suppress(ConnectionError):  # who hung up needs no rest of the answer
            await response.prepare(request)
            if request.method != "HEAD":
                async for piece in self._turns.of(pieces):
                    await response.write(piece)
            await response.write_eof()
        return response
