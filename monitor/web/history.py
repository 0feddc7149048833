"""`GET /api/v1/history`: the last hours of every pool, or of those that are asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from aiohttp import web

from monitor.domain.view import View
from monitor.web.refusal import Refusal
from monitor.web.rings import Rings

LOOK_SECONDS = 2.0
KEYS = ("venue", "account", "pool")


class History:
    """Looks at the picture as long as the server runs, and tells what it saw."""

    def __init__(self, view: Callable[[], View]) -> None:
        self._view, self._rings = view, Rings()

    def pieces(self, request: web.Request) -> Iterator[bytes]:
        """The answer, to be joined. Raises `Refusal` for a question about something else."""
        wanted = {}
        for key, value in request.query.items():
            if key not in KEYS:
                raise Refusal(400, key[:60], value[:60], f"no such key; there are: {', '.join(KEYS)}")
            wanted[key] = value
        return self._rings.pieces(self._view().at, wanted)

    async def watch(self) -> None:
        """Look now and then, for ever."""
        while True:
            for _ in self._rings.take(self._view()):
                await asyncio.sleep(0)
            await asyncio.sleep(LOOK_SECONDS)
