"""Tables that are the same for everybody are asked for once."""

from __future__ import annotations

import asyncio

import pytest

from monitor.domain.errors import FeedLost
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.loans.endpoints import COLLATERAL_RATIO, LEVERAGE_BRACKET
from monitor.venues.binance.shared import Shared
from monitor.venues.rest import Answer


class Bench:
    """A clock, and a venue that counts."""

    def __init__(self) -> None:
        self.time, self.asked, self.fails = 0.0, 0, False

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing waits here")

    async def ask(self, _: Endpoint) -> Answer:
        self.asked += 1
        await asyncio.sleep(0)
        if self.fails:
            raise FeedLost("binance", "collateral", "no answer")
        return Answer(200, {}, str(self.asked).encode(), self.time, self.time)


async def test_whoever_comes_while_one_asks_gets_the_same_answer() -> None:
    bench = Bench()
    shared = Shared(bench, 100.0)
    said = await asyncio.gather(*(shared.answer(COLLATERAL_RATIO, bench.ask) for _ in range(50)))
    assert {one.body for one in said} == {b"1"}
    assert (await shared.answer(LEVERAGE_BRACKET, bench.ask)).body == b"2"


async def test_an_old_answer_is_asked_for_again_and_one_that_could_not_be_read_too() -> None:
    bench = Bench()
    shared = Shared(bench, 100.0)
    await shared.answer(COLLATERAL_RATIO, bench.ask)
    bench.time = 49.0
    await shared.answer(COLLATERAL_RATIO, bench.ask)
    assert bench.asked == 1
    bench.time = 50.0
    await shared.answer(COLLATERAL_RATIO, bench.ask)
    assert bench.asked == 2
    shared.forget(COLLATERAL_RATIO, LEVERAGE_BRACKET)
    await shared.answer(COLLATERAL_RATIO, bench.ask)
    assert bench.asked == 3


async def test_who_fails_fails_alone() -> None:
    bench = Bench()
    shared = Shared(bench, 100.0)
    bench.fails = True
    with pytest.raises(FeedLost):
        await shared.answer(COLLATERAL_RATIO, bench.ask)
    bench.fails = False
    assert (await shared.answer(COLLATERAL_RATIO, bench.ask)).body == b"2"
