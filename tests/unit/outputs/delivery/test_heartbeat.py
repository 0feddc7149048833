"""Signs of life: given only while the monitor computes, with what is wrong, and without a word of the address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from monitor.outputs.delivery.heartbeat import NOT_COMPUTING, DeadMan, DeadManSettings
from monitor.sim.clock import ManualClock

SECRET = "3f6c-secret"


@dataclass
class Watcher:
    """Somebody who is told that we live; answers as it is told to."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    hangs: bool = False
    often: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        if len(self.asked) == 3:
            self.often.set()
        if self.hangs:
            await asyncio.sleep(10)
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


@pytest.fixture
async def watcher() -> AsyncIterator[Watcher]:
    found = Watcher()
    app = web.Application()
    app.router.add_get("/{path:.*}", found.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    found.url = f"http://127.0.0.1:{runner.addresses[0][1]}/ping/{SECRET}"
    yield found
    await runner.cleanup()


def dead_man(url: str, steps: Iterator[int] | None = None, trouble: str = "", timeout_seconds: float = 5.0) -> DeadMan:
    counted = steps or iter(range(1, 1000))
    settings = DeadManSettings(name="outside", url=url, timeout_seconds=timeout_seconds)
    return DeadMan(settings, lambda: next(counted), ManualClock(0.0), lambda: trouble)


async def test_while_the_monitor_computes_the_address_is_fetched(watcher: Watcher) -> None:
    man = dead_man(watcher.url)

    assert await man.beat()
    assert await man.beat()
    assert watcher.asked == [f"/ping/{SECRET}"] * 2
    assert (man.status().up, man.status().delivered_total) == (True, 2)
    await man.close()
    await man.close()


async def test_a_monitor_that_does_not_compute_gives_no_sign_of_life(watcher: Watcher) -> None:
    man = dead_man(watcher.url, iter([1, 1, 1, 2]))
    with capture_logs() as logs:
        assert [await man.beat() for _ in range(4)] == [True, False, False, True]

    assert len(watcher.asked) == 2
    assert [each["event"] for each in logs] == ["no sign of life given", "signs of life are given again"]
    assert logs[0]["reason"] == NOT_COMPUTING
    await man.close()


async def test_before_the_first_step_there_is_no_life(watcher: Watcher) -> None:
    man = dead_man(watcher.url, iter([0]))

    assert not await man.beat()
    assert watcher.asked == []


async def test_while_something_is_wrong_that_is_said(watcher: Watcher) -> None:
    man = dead_man(watcher.url + "?rid=1", trouble="the store does not write")

    assert await man.beat()
    assert watcher.asked == [f"/ping/{SECRET}/fail?rid=1"]
    await man.close()


async def test_a_failure_is_tried_again_before_it_counts(watcher: Watcher) -> None:
    watcher.answers = [500, 502]
    man = dead_man(watcher.url)

    assert await man.beat()
    assert man.status().failed_total == 2
    await man.close()


async def test_who_cannot_be_told_is_said_without_the_address(watcher: Watcher) -> None:
    watcher.answers = [404] * 4
    refused, gone, odd = dead_man(watcher.url), dead_man(f"http://127.0.0.1:1/{SECRET}"), dead_man(f"{SECRET}://x")
    with capture_logs() as logs:
        assert [await man.beat() for man in (refused, gone, odd)] == [False, False, False]

    reasons = [man.status().reason for man in (refused, gone, odd)]
    assert reasons[0] == "it answered 404"
    assert all(reason.startswith("it cannot be reached") for reason in reasons[1:])
    assert SECRET not in repr(logs) + repr(reasons) + repr(refused._settings)
    for man in (refused, gone, odd):
        await man.close()


async def test_who_hangs_is_not_waited_for(watcher: Watcher) -> None:
    watcher.hangs = True
    man = dead_man(watcher.url, timeout_seconds=0.02)

    assert not await man.beat()
    assert man.status().reason == "no answer within 0.02 s"
    await man.close()


async def test_it_goes_on_for_ever(watcher: Watcher) -> None:
    man = dead_man(watcher.url)
    running = asyncio.create_task(man.run())
    await asyncio.wait_for(watcher.often.wait(), 20)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await man.close()
