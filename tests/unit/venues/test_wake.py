"""Polls: at an interval, soon after a ring, and how they go on after failures. The clock moves only as we sleep."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from monitor.domain.errors import AuthRejected, FeedLost, MalformedAnswer, RateLimited, VenueError
from monitor.venues.settings import Timings
from monitor.venues.wake import Pace, Poll, Wake

TIMINGS = Timings(backoff_first_seconds=1.0, backoff_factor=2.0, backoff_cap_seconds=100.0, live_seconds=50.0)
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


async def follow(reading: Reading, until: float, *, patient: bool = False, rings: tuple[float, ...] = ()) -> Reading:
    """Poll every 15 s until a moment, ringing the bell at some."""
    poll = Poll(
        reading, lambda: 15.0, lambda exc: reading.told.append(exc.why), reading.clock, TIMINGS, patient=patient
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


async def test_a_key_that_never_worked_ends_the_poll_at_once() -> None:
    with pytest.raises(AuthRejected):
        await follow(Reading(Timeline(), lambda _: REJECTED), 10)


async def test_a_key_that_worked_must_be_refused_three_times_in_a_row() -> None:
    once = await follow(Reading(Timeline(), lambda n: REJECTED if n in (2, 3) else None), 200)
    assert once.times[:4] == [0, 15, 75, 135]
    thrice = Reading(Timeline(), lambda n: REJECTED if n >= 2 else None)
    with pytest.raises(AuthRejected):
        await follow(thrice, 400)
    assert thrice.times == [0, 15, 75, 135]


async def test_a_patient_poll_ends_for_no_refusal() -> None:
    reading = await follow(Reading(Timeline(), lambda _: REJECTED), 125, patient=True)
    assert reading.times == [0, 60, 120]


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
