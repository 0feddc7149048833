"""All venues live at once on one market, and none stumbles over what another one lists, delists or moves."""

from __future__ import annotations

import asyncio

import pytest

from monitor.sim.cast import every_mode
from monitor.sim.clock import ManualClock
from monitor.sim.lives import live
from monitor.sim.story import cast
from monitor.sim.world import EVERY, World


class Beating(ManualClock):
    """Whoever sleeps waits for the moment, which comes when the world has ticked up to it."""

    async def sleep(self, seconds: float) -> None:
        until = self.now() + seconds
        while self.now() < until:  # noqa: ASYNC110 - the test's own clock wakes nobody
            await asyncio.sleep(0.0)


@pytest.mark.parametrize("seed", [11, pytest.param(12, marks=pytest.mark.soak)])
async def test_ten_minutes_of_five_venues_at_twenty_times_the_speed(seed: int) -> None:
    clock = Beating(1_795_000_000.0)
    world = World(EVERY, clock=clock, seed=seed, speed=20.0, paced=False, network=False)
    cast(world)
    every_mode(world)
    said: list[str] = []
    going_on = asyncio.create_task(live(world, seed=seed, say=said.append))
    for _ in range(600):
        await ManualClock.sleep(clock, 1.0)
        world.tick(1.0)
        for _ in range(3):
            await asyncio.sleep(0.0)
        assert not going_on.done(), going_on
    going_on.cancel()
    told = {text.partition(":")[0] for text in said}
    assert told == set(EVERY), "something happened at each"
    assert not any("market" in text and not text.startswith("binance") for text in said), "one of them moves the market"
