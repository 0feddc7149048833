"""Polls: at an interval, soon after a ring, and how they go on after failures. The clock moves only as we sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from monitor.domain.errors import AuthRejected, FeedLost, MalformedAnswer, Overrun, RateLimited, VenueError
from monitor.venues.settings import Timings
from monitor.venues.wake import Pace, Poll, Wake, together

TIMINGS = Timings(backoff_first_seconds=1.0, backoff_factor=2.0, backoff_cap_seconds=100.0, live_seconds=50.0)
BEGAN = 5000.1  #: to which 0.7 s cannot be added without rounding
LOST, REJECTED = FeedLost("v", "account", "lost"), AuthRejected("v", "account", "key", -2015)


class Timeline:
    """A clock whose sleepers wake in order; time passes only when everybody sleeps."""

    def __init__(self) -> None:
        self.time = 0.0
        self.sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers.append((self.time + seconds, future))
        await future

    async def run(self, until: float) -> None:
        while True:
            for _ in range(10):
                await asyncio.sleep(0)
            due = sorted((sleeper for sleeper in self.sleepers if not sleeper[1].done()), key=lambda one: one[0])
            if not due or due[0][0] > until:
                self.time = until
                return
            self.time = due[0][0]
            due[0][1].set_result(None)


class Reading:
    """Something that is read; `fail` says with what at which reading, counted from 1."""

    def __init__(self, clock: Timeline, fail: Callable[[int], VenueError | None] = lambda _: None) -> None:
        self.clock, self.fail = clock, fail
        self.times: list[float] = []
        self.told: list[str] = []

    async def __call__(self) -> None:
        self.times.append(self.clock.time)
        error = self.fail(len(self.times))
        if error is not None:
            raise error


async def follow(reading: Reading, until: float, *, keyless: bool = False, rings: tuple[float, ...] = ()) -> Reading:
    """Poll every 15 s until a moment, ringing the bell at some."""
    poll = Poll(
        reading, lambda: 15.0, lambda exc: reading.told.append(exc.why), reading.clock, TIMINGS, keyless=keyless
    )
    task = asyncio.ensure_future(poll.run())
    for ring in rings:
        await reading.clock.run(ring)
        poll.ring()
    await reading.clock.run(until)
    if task.done():
        task.result()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return reading


async def test_it_reads_at_once_and_then_at_its_interval() -> None:
    assert (await follow(Reading(Timeline()), 50)).times == [0, 15, 30, 45]


async def test_a_wait_that_began_long_is_cut_short_when_what_made_it_long_is_over() -> None:
    reading = Reading(Timeline())
    clock = reading.clock
    poll = Poll(reading, lambda: 100.0 if clock.now() < 20.0 else 4.0, lambda _: None, clock, TIMINGS)
    task = asyncio.ensure_future(poll.run())
    await clock.run(60.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert reading.times == [0, 50, 54, 58], "halfway through the long wait it is found to be over"


async def test_a_rest_of_a_wait_that_is_too_short_for_the_clock_to_show_is_over() -> None:
    clock = Timeline()
    clock.time, interval = BEGAN, 0.7
    left = interval - ((BEGAN + interval) - BEGAN)
    assert left > 0.0
    assert BEGAN + interval + left == BEGAN + interval, "no step of this clock: waiting for it would never end"
    reading = Reading(clock)
    poll = Poll(reading, lambda: interval, lambda _: None, clock, TIMINGS)
    task = asyncio.ensure_future(poll.run())
    async with asyncio.timeout(20.0):
        await clock.run(BEGAN + 1.0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert reading.times == [BEGAN, BEGAN + interval]


async def test_a_ring_after_a_while_of_quiet_is_answered_a_moment_later() -> None:
    assert (await follow(Reading(Timeline()), 26, rings=(10.0,))).times == [0, 10.3, 25.3]


async def test_a_burst_of_rings_is_one_reading_and_readings_keep_their_distance() -> None:
    rings = (10.0, 10.1, 10.2, 11.0, 12.0, 13.0)
    times = (await follow(Reading(Timeline()), 24, rings=rings)).times
    assert times == [0, 10.3, 15.3]


async def test_a_ring_during_the_last_sleep_before_a_reading_is_answered_by_it() -> None:
    assert (await follow(Reading(Timeline()), 24, rings=(10.0, 10.2))).times == [0, 10.3]


async def test_failures_are_told_and_tried_again_ever_more_slowly_within_the_interval() -> None:
    reading = await follow(Reading(Timeline(), lambda n: LOST if n <= 7 else None), 60)
    assert reading.told == ["lost"] * 7
    gaps = [b - a for a, b in zip(reading.times, reading.times[1:], strict=False)]
    assert all(0.5 * 2**n <= gap <= 2**n for n, gap in enumerate(gaps[:4]))
    assert max(gaps) <= 15 + 1e-6


async def test_the_end_of_a_ban_is_waited_for() -> None:
    def banned(n: int) -> VenueError | None:
        return RateLimited("v", "account", "banned", until=100.0) if n == 1 else None

    assert (await follow(Reading(Timeline(), banned), 116)).times == [0, 100, 115]


async def test_a_key_that_is_refused_for_a_moment_is_asked_with_again_after_a_minute() -> None:
    reading = await follow(Reading(Timeline(), lambda n: REJECTED if n in (2, 3) else None), 151)
    assert reading.times == [0, 15, 75, 135, 150]


async def test_a_key_that_goes_on_being_refused_is_asked_with_slowly_but_for_ever() -> None:
    never = await follow(Reading(Timeline(), lambda _: REJECTED), 2_000)
    assert never.times == [0, 60, 120, 720, 1320, 1920]
    assert len(never.told) == 6, "and each refusal is told"


async def test_a_key_that_is_cured_after_hours_of_refusals_works_again_by_itself() -> None:
    reading = await follow(Reading(Timeline(), lambda n: REJECTED if 2 <= n <= 22 else None), 12_200)
    healed = reading.times[22]
    assert healed == 15 + 60 + 60 + 19 * 600
    assert reading.times[23] == healed + 15, "at its interval, as if nothing had been"


async def test_refusals_before_a_success_do_not_count_with_those_after_it() -> None:
    reading = await follow(Reading(Timeline(), lambda n: None if n == 3 else REJECTED), 320)
    assert reading.times == [0, 60, 120, 135, 195, 255]


async def test_what_is_asked_without_a_key_is_not_slowed_down_by_refusals() -> None:
    reading = await follow(Reading(Timeline(), lambda _: REJECTED), 305, keyless=True)
    assert reading.times == [0, 60, 120, 180, 240, 300]


async def test_a_bug_in_a_reading_is_not_hidden() -> None:
    async def buggy() -> None:
        raise KeyError("symbol")

    with pytest.raises(KeyError):
        await Poll(buggy, lambda: 15.0, lambda _: None, Timeline(), TIMINGS).run()


def test_only_a_while_of_success_earns_a_fresh_back_off() -> None:
    pace = Pace(Timeline(), TIMINGS)
    waits = [pace.pause(MalformedAnswer("v", "account", "x"), live_seconds=live) for live in (0, 0, 0, 49, 50)]
    assert waits[3] > 4.0 > 1.0 >= waits[4]


async def test_a_bell_is_used_up_by_whoever_waits_for_it() -> None:
    bell = Wake(Timeline())
    bell.ring()
    bell.ring()
    assert await bell.wait(5.0)
    bell.ring()
    bell.forget()
    waiting = asyncio.ensure_future(bell.wait(5.0))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


# Several at once


async def test_several_at_once_give_what_each_gave() -> None:
    async def gives(what: int) -> int:
        await asyncio.sleep(0.0)
        return what

    assert await together(gives(1), gives(2)) == [1, 2]


@pytest.mark.parametrize("error", [FeedLost("v", "account", "gone"), Overrun(1), ZeroDivisionError()])
async def test_the_first_that_fails_ends_the_others_and_comes_out_as_it_was(error: Exception) -> None:
    ended: list[str] = []

    async def fails() -> None:
        raise error

    async def goes_on() -> None:
        try:
            await asyncio.sleep(60.0)
        finally:
            ended.append("ended")

    with pytest.raises(type(error)) as caught:
        await together(goes_on(), fails())
    assert caught.value is error
    assert ended == ["ended"]
