"""Suppositions beside the loop: one after the other, with a bound on those that wait and a deadline for each."""

from __future__ import annotations

import asyncio
import gc
import sys
import threading
from collections.abc import Iterator

import pytest

from monitor.app.supposing import TURN_SECONDS, Supposing
from monitor.domain.errors import BadRequest, Busy, TookTooLong
from monitor.domain.whatif import Close, WhatIf
from monitor.engine.picture import Picture
from tests.unit.engine.situations import MAIN, T, engine, held, started, tick

ONE = engine()
ONE.step(started(held("BTCUSDT", 1.0, 60_000.0)), T)
LONG_SECONDS = 30.0


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Holds up whatever is computed until it is opened; opened at the end in any case."""
    made = threading.Event()
    yield made
    made.set()


async def test_it_is_answered_beside_the_loop_with_a_picture_of_its_turn() -> None:
    supposing = Supposing(ONE.picture)
    loop_thread = threading.get_ident()
    seen = await supposing.run(lambda picture, request: (picture.at, request, threading.get_ident()), "asked")
    assert seen[:2] == (T, "asked")
    assert seen[2] != loop_thread
    report = await supposing.whatif(WhatIf(edits=(Close(account=MAIN, symbol="BTCUSDT"),)), lambda report: report)
    assert report.accounts[0].after.pools[0].positions == ()
    with pytest.raises(BadRequest):
        await supposing.whatif(WhatIf(edits=(Close(account=MAIN, symbol="DOGEUSDT"),)), lambda report: report)
    supposing.close()


async def test_whoever_comes_when_too_many_wait_is_told_so_at_once(gate: threading.Event) -> None:
    supposing = Supposing(ONE.picture, most_waiting=2, deadline_seconds=LONG_SECONDS)

    def held_up(picture: Picture, request: int) -> int:
        gate.wait(LONG_SECONDS)
        return request

    waiting = [asyncio.create_task(supposing.run(held_up, number)) for number in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Busy, match="2 suppositions wait"):
        await supposing.run(held_up, 3)
    gate.set()
    assert await asyncio.gather(*waiting) == [0, 1]
    assert await supposing.run(held_up, 4) == 4
    supposing.close()


async def test_what_takes_too_long_keeps_its_place_until_it_is_done(gate: threading.Event) -> None:
    supposing = Supposing(ONE.picture, most_waiting=1, deadline_seconds=0.01)

    def fails_late(picture: Picture, request: int) -> int:
        gate.wait(LONG_SECONDS)
        raise BadRequest(())

    with pytest.raises(TookTooLong, match=r"0\.01 s"):
        await supposing.run(fails_late, 1)
    with pytest.raises(Busy):
        await supposing.run(fails_late, 2)
    gate.set()
    for _ in range(3000):
        try:
            await supposing.run(lambda picture, request: picture.at, 3)
            break
        except (Busy, TookTooLong):
            await asyncio.sleep(0.01)
    else:
        pytest.fail("its place was never free again")
    supposing.close()


async def test_each_has_the_picture_of_the_moment_at_which_its_turn_comes(gate: threading.Event) -> None:
    one = engine()
    one.step(started(held("BTCUSDT", 1.0, 60_000.0)), T)
    supposing = Supposing(one.picture, deadline_seconds=LONG_SECONDS)

    def price(picture: Picture, request: int) -> float:
        gate.wait(LONG_SECONDS)
        return picture.prices.mark("paper", "BTCUSDT")

    first, second = (asyncio.create_task(supposing.run(price, number)) for number in range(2))
    await asyncio.sleep(0.05)
    one.step([tick("BTCUSDT", 61_000.0, T + 1.0)], T + 1.0)
    gate.set()
    assert (await first, await second) == (60_000.0, 61_000.0)
    supposing.close()


async def test_who_goes_away_does_not_break_what_is_computed(gate: threading.Event) -> None:
    supposing = Supposing(ONE.picture, deadline_seconds=LONG_SECONDS)
    asking = asyncio.create_task(supposing.run(lambda picture, _: gate.wait(LONG_SECONDS), 1))
    await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    gate.set()
    assert await supposing.run(lambda picture, request: request, 2) == 2
    supposing.close()


async def test_threads_take_turns_more_often_and_no_garbage_is_collected_meanwhile() -> None:
    supposing = Supposing(ONE.picture, deadline_seconds=LONG_SECONDS)
    before = gc.isenabled(), sys.getswitchinterval()

    def seen(picture: Picture, request: int) -> tuple[bool, float]:
        return gc.isenabled(), sys.getswitchinterval()

    collects, turn = await supposing.run(seen, 1)
    assert not collects
    assert turn == pytest.approx(TURN_SECONDS)

    def fails(picture: Picture, request: int) -> None:
        raise BadRequest(())

    with pytest.raises(BadRequest):
        await supposing.run(fails, 2)
    assert (gc.isenabled(), sys.getswitchinterval()) == before


async def test_nothing_is_begun_once_it_is_closed(gate: threading.Event) -> None:
    supposing = Supposing(ONE.picture, deadline_seconds=LONG_SECONDS)
    begun: list[int] = []
    first_begun = threading.Event()

    def held_up(picture: Picture, request: int) -> None:
        begun.append(request)
        first_begun.set()
        gate.wait(LONG_SECONDS)

    first, second = (asyncio.create_task(supposing.run(held_up, number)) for number in range(2))
    assert await asyncio.to_thread(first_begun.wait, LONG_SECONDS)
    supposing.close()
    gate.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    assert begun == [0]


ENDS = """
import asyncio, threading
from monitor.app.supposing import Supposing
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings

async def main():
    begun = threading.Event()
    supposing = Supposing(Engine({}, EngineSettings(accounts=())).picture)
    asking = asyncio.create_task(supposing.run(lambda picture, _: begun.set() or threading.Event().wait(), None))
    await asyncio.to_thread(begun.wait)
    asking.cancel()
    supposing.close()

asyncio.run(main())
print("ended")
"""


async def test_a_process_does_not_wait_for_what_nobody_will_read() -> None:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", ENDS, stdout=asyncio.subprocess.PIPE)
    try:
        out, _ = await asyncio.wait_for(process.communicate(), LONG_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
    assert (process.returncode, out) == (0, b"ended\n")
