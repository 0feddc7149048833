"""The demo's story, played without waiting: what it promises to show happens, at any length."""

from __future__ import annotations

import pytest

from monitor.sim import story
from monitor.sim.binance import SimBinance
from monitor.sim.clock import ManualClock
from monitor.sim.world import World


class TickingClock(ManualClock):
    """Sleeps in steps of a second and lets the venue tick in each."""

    world: World
    ratios: list[float]
    refused: list[float]

    async def sleep(self, seconds: float) -> None:
        left = seconds
        while left > 1e-9:
            step = min(1.0, left)
            await super().sleep(step)
            left -= step
            self.world.tick(step)
            self.ratios.append(cross_ratio(self.world.binance))
            if "market" in self.world.binance.faults.refuse:
                self.refused.append(self.now())


def cross_ratio(sim: SimBinance) -> float:
    main, marks = sim.accounts["main"], sim.accounts["main"].marks()
    pool = main.cross_positions("USDT")
    equity = main.cross_wallet("USDT") + sum(p.profit(marks[p.symbol]) for p in pool)
    return sum(p.maintenance(marks[p.symbol]) for p in pool) / equity


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("seconds", "speed"), [(30.0, 1.0), (120.0, 1.0), (120.0, 20.0)])
async def test_the_story_goes_the_same_way_at_any_length_and_speed_and_in_any_market(
    seconds: float, speed: float, seed: int
) -> None:
    clock = TickingClock(1_795_000_000.0)
    world = World(clock=clock, seed=seed, speed=speed, paced=False, network=False)
    clock.world, clock.ratios, clock.refused = world, [], []
    story.cast(world)
    lines: list[str] = []
    start = clock.now()
    await story.play(world, seconds=seconds, say=lines.append)
    assert len(lines) == len(story.STEPS)
    assert clock.now() - start == pytest.approx(seconds, abs=0.01)
    assert clock.ratios[0] < 0.1
    assert 0.75 < max(clock.ratios) < 0.97  # near, and not over
    assert clock.ratios[-1] < 0.1
    assert clock.refused[-1] - clock.refused[0] >= 6.9  # long enough to be called stale
    assert not world.binance.faults.refuse
    main, hedge, desk = world.binance.accounts["main"], world.bybit.accounts["hedge"], world.okx.accounts["desk"]
    assert {position.symbol for position in main.open_positions()} == {"BTCUSDT", "ETHUSDT", "SOLUSDT"}
    assert "main: margin call" in " ".join(world.binance.keeper.events)
    assert not desk.positions, "SOL at 20x was liquidated, and its BTC sold at the end"
    assert not hedge.open_positions()


def test_pauses_shrink_alike_but_none_below_what_its_step_needs() -> None:
    steps = [
        story.Step(0.0, "a", lambda world: None),
        story.Step(40.0, "b", lambda world: None, least_seconds=10.0),
        story.Step(60.0, "c", lambda world: None),
    ]
    assert story.timetable(steps, 120.0) == [0.0, 40.0, 60.0]
    assert story.timetable(steps, 30.0) == pytest.approx([0.0, 8.0, 18.0])
    assert story.timetable(steps, 240.0) == [0.0, 80.0, 120.0]


def test_the_fall_towards_liquidation_is_exact() -> None:
    world = World(quiet=True, paced=False, network=False)
    story.cast(world)
    fall = story.fall_towards_liquidation(world.binance.accounts["main"], 0.86)
    world.market.crash(fall, 1.0)
    world.market.step(1.0)
    assert cross_ratio(world.binance) == pytest.approx(0.86, rel=1e-3)
