"""What runs beside the server for as long as it does, and says why where it ends by a bug."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import structlog
from aiohttp import web

log = structlog.get_logger("web")


def beside(job: Callable[[], Coroutine[Any, Any, None]], name: str) -> Callable[[web.Application], AsyncIterator[None]]:
    """What aiohttp calls a cleanup context."""

    async def running(_: web.Application) -> AsyncIterator[None]:
        task = watched(job(), name)
        yield
        task.cancel()

    return running


def watched(job: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
    """A task whose end by a bug is logged: nobody awaits it."""

    def ended(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a part of the server ended by a bug", part=name, exc_info=error)

    task = asyncio.create_task(job, name=name)
    task.add_done_callback(ended)
    return task
