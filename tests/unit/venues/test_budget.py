"""The request weight of one address: 2400 a minute, of which we use at most 60 %, that is 1440."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.errors import RateLimited
from monitor.sim.clock import ManualClock
from monitor.venues.budget import Gate, Priority, WeightBudget

T0 = 60.0 * 28_000_000  #: the first second of a minute


def budget() -> WeightBudget:
    return WeightBudget("v", 2400, 0.6)


def spend(book: WeightBudget, weight: int, now: float, measured: int | None = None) -> None:
    book.take(weight, now)
    book.settle(weight, measured, now)


def test_what_fits_goes_at_once() -> None:
    book = budget()
    spend(book, 1400, T0)
    assert book.wait(40, T0) == 0.0
    assert book.wait(41, T0) > 0


def test_our_own_weight_leaves_the_window_after_a_minute() -> None:
    book = budget()
    spend(book, 1000, T0 + 10)
    spend(book, 440, T0 + 50)
    assert book.wait(10, T0 + 50) == pytest.approx(20.0)
    assert book.wait(1001, T0 + 50) == pytest.approx(60.0)
    assert book.wait(10, T0 + 70) == 0.0


def test_the_venues_count_includes_others_on_the_address() -> None:
    book = budget()
    spend(book, 10, T0 + 5, measured=1435)
    assert book.used(T0 + 5) == 1435
    assert book.wait(10, T0 + 5) == pytest.approx(55.0)
    assert book.wait(5, T0 + 5) == 0.0
    assert book.wait(10, T0 + 60) == 0.0


def test_requests_under_way_count_before_they_are_answered() -> None:
    book = budget()
    spend(book, 10, T0, measured=1400)
    book.take(40, T0 + 1)
    assert book.wait(1, T0 + 1) > 0


def test_an_answer_that_overtook_another_lowers_nothing() -> None:
    book = budget()
    book.take(10, T0)
    book.take(10, T0)
    book.settle(10, 900, T0 + 1)
    book.settle(10, 890, T0 + 1)
    assert book.used(T0 + 1) == 900


def test_a_lost_answer_still_counts() -> None:
    book = budget()
    spend(book, 10, T0, measured=1000)
    spend(book, 400, T0 + 1, measured=None)
    assert book.used(T0 + 1) == 1400


def test_an_answer_on_its_way_over_the_minutes_end_counts_for_the_minute_it_was_asked_in() -> None:
    book = budget()
    spend(book, 10, T0 + 1, measured=1430)
    book.take(5, T0 + 59.9)
    book.settle(5, 1435, T0 + 60.1, asked=T0 + 59.9)
    assert book.used(T0 + 60.1) == 15, "of the new minute nothing is known but what we sent lately"
    assert book.wait(40, T0 + 60.1) == 0.0, "and nobody stands still for a minute"
    assert book.stretch(100, T0 + 61.1) == 1.0


def test_the_first_count_of_all_may_be_of_the_minute_that_just_ended() -> None:
    book = budget()
    book.take(5, T0 + 59.9)
    book.settle(5, 1435, T0 + 60.1, asked=T0 + 59.9)
    assert book.wait(40, T0 + 60.1) == 0.0


def test_a_clock_that_goes_before_the_venues_takes_no_old_count_for_a_new_minutes() -> None:
    book = budget()
    spend(book, 10, T0 + 1, measured=1430)
    spend(book, 10, T0 + 61.5, measured=1440)  # the venue still counts the minute before
    assert book.wait(40, T0 + 61.5) == 0.0
    spend(book, 10, T0 + 62.5, measured=10)
    assert book.used(T0 + 62.5) == 20


def test_a_count_that_fell_is_a_new_minutes_whatever_our_clock_says() -> None:
    book = budget()
    book.take(10, T0 + 10)
    book.settle(10, 1435, T0 + 10.2, asked=T0 + 10)
    assert book.wait(10, T0 + 50) > 0
    book.take(5, T0 + 50)
    book.settle(5, 5, T0 + 50.2, asked=T0 + 50)
    assert book.wait(10, T0 + 50.2) == 0.0


def test_in_a_new_minute_a_count_that_began_anew_is_believed_at_once() -> None:
    book = budget()
    spend(book, 10, T0 + 1, measured=900)
    spend(book, 10, T0 + 60.5, measured=700)  # less than before, and much: others began early
    assert book.used(T0 + 60.5) == 700


def test_what_is_merely_useful_waits_in_front_of_half_of_it() -> None:
    book = budget()
    spend(book, 720, T0)
    assert book.wait(5, T0, Priority.USEFUL) > 0
    assert book.wait(5, T0, Priority.NEEDED) == 0.0


def test_a_request_heavier_than_everything_goes_when_nothing_else_was_used() -> None:
    book = budget()
    assert book.wait(5000, T0) == 0.0
    spend(book, 1, T0)
    assert book.wait(5000, T0) > 0


def test_while_the_venue_holds_us_off_nothing_goes() -> None:
    book = budget()
    book.hold(T0 + 120, banned=True)
    book.hold(T0 + 60)
    assert book.wait(1, T0) == 120.0
    assert book.held_until(T0 + 119.9) == T0 + 120
    assert book.held_until(T0 + 120) is None
    assert book.view(T0).banned_until == T0 + 120
    assert book.view(T0 + 120).banned_until is None


def test_the_view_is_used_over_the_limit_itself() -> None:
    book = budget()
    spend(book, 10, T0, measured=1200)
    assert book.view(T0).used_ratio == pytest.approx(0.5)


def test_intervals_stretch_when_the_plan_does_not_fit() -> None:
    book = budget()
    assert book.stretch(500, T0) == 1.0
    assert book.stretch(2 * 0.85 * 1440, T0) == pytest.approx(2.0)
    spend(book, 10, T0, measured=10 + 612)  # others use 612 of this minute: half of what was planned is left
    assert book.stretch(2 * 612, T0) == pytest.approx(2.0, rel=0.02)


def test_intervals_stretch_to_a_finite_length_when_others_use_everything() -> None:
    book = budget()
    spend(book, 10, T0, measured=2390)
    assert book.stretch(100, T0) == pytest.approx(100 / (0.05 * 1440))


@given(
    st.lists(st.tuples(st.integers(1, 400), st.floats(0, 20)), max_size=60),
    st.integers(0, 600),
)
def test_no_minute_ever_holds_more_than_our_share(requests: list[tuple[int, float]], others: int) -> None:
    """A venue that counts by the minute, others that use some of each minute, and us waiting as told."""
    book, now = budget(), T0
    counted: dict[int, int] = {}
    for weight, pause in requests:
        now += pause
        for _ in range(10):
            wait = book.wait(weight, now)
            if wait <= 0:
                break
            now += wait
        else:
            pytest.fail("told to wait for ever")
        book.take(weight, now)
        minute = int(now // 60)
        counted[minute] = counted.get(minute, others) + weight
        book.settle(weight, counted[minute], now)
    # The venue tells of the others only with an answer: the first request of a minute may meet them unknown.
    assert all(count <= 1440 + others for count in counted.values())
    if others == 0:
        assert all(count <= 1440 for count in counted.values())


async def test_callers_wait_at_the_gate_in_the_order_of_their_coming() -> None:
    clock = ManualClock(T0)
    gate = Gate(budget(), clock)
    spend(gate.budget, 1440, T0)
    passed: list[int] = []

    async def pass_through(number: int) -> None:
        async with gate.request("account", 10):
            passed.append(number)

    await asyncio.gather(*(pass_through(number) for number in range(5)))
    assert passed == [0, 1, 2, 3, 4]
    assert clock.now() >= T0 + 60


class PoliteClock(ManualClock):
    """Lets all others have their turn before time passes."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        await super().sleep(seconds)


async def test_who_waits_long_for_the_budget_is_told_why_once_and_behind_another_too() -> None:
    gate = Gate(budget(), PoliteClock(T0))
    spend(gate.budget, 1440, T0)
    told: dict[str, list[str]] = {"first": [], "second": [], "useful": []}

    async def ask(who: str, priority: Priority) -> None:
        async with gate.request("account", 10, priority, told[who].append):
            pass

    await asyncio.gather(ask("first", Priority.NEEDED), ask("second", Priority.NEEDED), ask("useful", Priority.USEFUL))
    needed = "the readings wait for the request budget: used 1440 of 1440 this minute"
    assert told == {"first": [needed], "second": [needed], "useful": [needed.replace("of 1440", "of 720")]}


async def test_nothing_is_told_of_a_short_wait_or_of_none() -> None:
    clock = ManualClock(T0 + 58)
    gate = Gate(budget(), clock)
    told: list[str] = []
    for measured in (1440, None):
        async with gate.request("account", 10, Priority.NEEDED, told.append) as request:
            request.measured = measured  # the next one waits for the next minute, two seconds away
    assert clock.now() == T0 + 60
    assert told == []


async def test_a_ban_is_raised_and_not_waited_out() -> None:
    clock = ManualClock(T0)
    gate = Gate(budget(), clock)
    gate.offset_seconds = 2.0
    gate.budget.hold(T0 + 2.0 + 120, banned=True)
    with pytest.raises(RateLimited) as caught:
        async with gate.request("account", 10):
            pytest.fail("let through")
    assert caught.value.until == T0 + 120, "by our own clock, not the venue's"
    assert gate.budget.used(T0) == 0


async def test_a_ban_that_comes_while_a_caller_waits_stops_it() -> None:
    clock = ManualClock(T0)
    gate = Gate(budget(), clock)
    spend(gate.budget, 1440, T0)
    waiting = asyncio.ensure_future(gate.request("account", 10).__aenter__())
    await asyncio.sleep(0)
    gate.budget.hold(T0 + 600, banned=True)
    with pytest.raises(RateLimited):
        await waiting


async def test_a_request_that_fails_is_no_longer_under_way() -> None:
    gate = Gate(budget(), ManualClock(T0))

    async def failing() -> None:
        async with gate.request("account", 1000) as request:
            request.measured = 1000
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await failing()
    assert gate.budget.used(T0) == 1000
    assert gate.budget.used(T0 + 61) == 0


def test_a_venue_that_counts_in_five_seconds_has_room_again_after_five() -> None:
    budget = WeightBudget("v", 600, 0.5, window_seconds=5.0)
    for _ in range(300):
        assert budget.wait(1, T0) == 0.0
        budget.take(1, T0)
        budget.settle(1, None, T0)
    assert budget.wait(1, T0) == pytest.approx(5.0)
    assert budget.wait(1, T0 + 5.0) == 0.0
    assert "in 5 s" in budget.words(T0)
    assert budget.stretch(3600 * 0.85, T0 + 10.0) == pytest.approx(1.0)
    assert budget.stretch(2 * 3600 * 0.85, T0 + 10.0) == pytest.approx(2.0)
