"""The REST door of a simulated venue, as far as it is the same at all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Reply:
    """What a request gets. `wait_seconds`: how late it is sent."""

    status: int
    text: str
    headers: Mapping[str, str]
    wait_seconds: float = 0.0
    content_type: str = "application/json"


class Answering(Protocol):
    """Answers one request; `query` and `body` exactly as they were sent, `headers` without regard to case."""

    def __call__(self, method: str, path: str, query: str, body: str, headers: Mapping[str, str], /) -> Reply:
        """At once: a `Reply` says itself how late it is sent."""


async def respond(request: web.Request, answering: Answering) -> web.StreamResponse:
    """One request over HTTP."""
    path, _, query = request.raw_path.partition("?")
    body = await request.text()
    reply = answering(request.method, path, query, body, request.headers)
    if reply.wait_seconds:
        await asyncio.sleep(reply.wait_seconds)  # the answer is of before: what happens meanwhile is not in it
    return web.Response(status=reply.status, text=reply.text, headers=reply.headers, content_type=reply.content_type)
