"""What runs beside the delivery: whatever ends it, it begins again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from monitor.app.config import loads
from monitor.app.people import People
from monitor.domain.view import View
from tests.soak.virtual import VirtualClock, in_virtual_time

CONFIG = """
[accounts.main]
venue = "binance"
api_key = "an-api-key-of-a-test-account"
api_secret = "a-secret-that-must-never-be-shown"
"""


def no_view() -> View:
    raise AssertionError("nobody asks for it")


async def runs_of(job: Callable[[], Awaitable[None]], seconds: float) -> None:
    people = People(loads(CONFIG), lambda _: None, no_view, None, VirtualClock(0.0))
    await people.open()
    people._beside.append(("part", job))
    task = asyncio.create_task(people.run())
    await asyncio.sleep(seconds)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


@pytest.mark.parametrize("failure", [RuntimeError, asyncio.CancelledError, TimeoutError])
def test_a_part_that_fails_or_is_broken_off_begins_again_and_ever_less_often(failure: type[BaseException]) -> None:
    begun: list[float] = []

    async def part() -> None:
        begun.append(asyncio.get_running_loop().time())
        raise failure

    in_virtual_time(runs_of(part, 600.0))
    assert 10 <= len(begun) <= 30


def test_a_part_that_has_nothing_to_do_is_let_go() -> None:
    begun: list[None] = []

    async def part() -> None:
        begun.append(None)

    in_virtual_time(runs_of(part, 600.0))
    assert len(begun) == 1
