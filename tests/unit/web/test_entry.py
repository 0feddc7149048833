"""What is worked out on request is for those who may read, never for a page of another site; and parts that fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from monitor.domain.errors import Busy, TookTooLong
from monitor.web.beside import beside
from tests.unit.web.staging import TOKEN, staged

QUESTIONS = (("POST", "/api/v1/whatif"), ("POST", "/api/v1/stress"), ("GET", "/api/v1/curve?venue=a&account=b&pool=c"))
FOREIGN = ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"})


class Supposing:
    """Who counts how often they were asked, and is too busy."""

    def __init__(self) -> None:
        self.asked = 0

    async def _refuse(self, *_: Any) -> Any:
        self.asked += 1
        raise Busy(3) if self.asked % 2 else TookTooLong(1.0)

    whatif = stress = curve = _refuse


@pytest.mark.parametrize(("method", "path"), QUESTIONS)
async def test_a_page_of_another_site_may_have_nothing_worked_out(method: str, path: str) -> None:
    supposing = Supposing()
    async with staged(supposing=supposing) as stage:
        for headers in FOREIGN:
            assert (await stage.ask(method, path, headers=headers)).status == 403
        assert supposing.asked == 0
        assert [(await stage.ask(method, path)).status for _ in range(2)] == [503, 504]
        assert (await stage.ask(method, path, headers={"Origin": stage.server.url})).status == 503


@pytest.mark.parametrize(("method", "path"), QUESTIONS)
async def test_it_is_for_those_who_may_read(method: str, path: str) -> None:
    supposing, shown = Supposing(), {"Authorization": f"Bearer {TOKEN}"}
    async with staged(supposing=supposing, token=TOKEN, reading=True) as stage:
        assert (await stage.ask(method, path)).status == 401
        assert supposing.asked == 0
        assert (await stage.ask(method, path, headers=shown)).status == 503
    async with staged(supposing=supposing, token=TOKEN) as stage:  # reading needs none, and nothing is changed
        assert (await stage.ask(method, path)).status == 504


async def test_a_part_that_ends_by_a_bug_says_so() -> None:
    async def broken() -> None:
        raise RuntimeError("a bug")

    async def idle() -> None:
        await asyncio.sleep(3600)

    with capture_logs() as lines:
        for job in (broken, idle):
            running = beside(job, job.__name__)(web.Application())
            await anext(running)
            await asyncio.sleep(0.01)
            with pytest.raises(StopAsyncIteration):
                await anext(running)
            await asyncio.sleep(0)
    assert [(line["event"], line["part"]) for line in lines] == [("a part of the server ended by a bug", "broken")]
