"""A webhook's other end: keeps what comes in, and can be told to fail."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


class Catcher:
    """All bodies in order, a repeated one (by its key, which docs/channels.md tells receivers to look at) once.

    `status` is what is answered.
    """

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.keys: set[str] = set()
        self.status = 200
        self.port = 0

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """All alerts of all bodies, in order."""
        return [alert for body in self.bodies for alert in body["alerts"]]

    def told(self, name: str, **labels: str) -> list[str]:
        """The changes of an alert by its name and labels, in order."""
        found = [each for each in self.alerts if each["labels"]["alertname"] == name]
        found = [each for each in found if labels.items() <= each["labels"].items()]
        return [str(each["annotations"]["change"]) for each in found]

    def table(self, more: str = "") -> str:
        """The channel that leads here."""
        return f'[channels.hook]\nkind = "webhook"\nurl = "http://127.0.0.1:{self.port}/hook"\n{more}'

    async def _hook(self, request: web.Request) -> web.Response:
        key = request.headers["Idempotency-Key"]
        if self.status == 200 and key not in self.keys:
            self.keys.add(key)
            self.bodies.append(await request.json())
        return web.Response(status=self.status)


@asynccontextmanager
async def catcher() -> AsyncIterator[Catcher]:
    found = Catcher()
    app = web.Application()
    app.router.add_post("/hook", found._hook)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    found.port = runner.addresses[0][1]
    try:
        yield found
    finally:
        await runner.cleanup()
