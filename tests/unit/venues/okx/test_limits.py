"""How often each endpoint may be asked."""

from __future__ import annotations

import asyncio

import pytest

from monitor.venues.okx.endpoints import (
    ACCOUNT_CONFIG,
    BALANCE,
    PERMISSIONS,
    POSITION_BUILDER_GRAPH,
    POSITION_TIERS,
    Endpoint,
)
from monitor.venues.okx.limits import Dials, EndpointLimits, Window, allowed


class Hands:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        until = self.at + seconds
        await asyncio.sleep(0)
        self.at = max(self.at, until)


def test_a_window_is_full_until_its_oldest_request_leaves_it() -> None:
    window = Window(3, 2.0)
    for at in (0.0, 0.5, 1.0):
        assert window.wait(at) == 0
        window.take(at)
    assert window.wait(1.5) == pytest.approx(0.5)
    assert window.wait(1.9999) > 0
    assert window.wait(2.0) == 0
    window.take(2.0)
    assert window.wait(2.1) == pytest.approx(0.4)


def test_a_limit_that_the_venue_says_was_reached_is_waited_for_although_we_sent_nothing() -> None:
    window = Window(3, 2.0)
    window.close(5.0)
    assert window.wait(1.0) == pytest.approx(4.0)
    window.close(3.0)
    assert window.wait(4.0) == pytest.approx(1.0)
    assert window.wait(5.0) == 0


def test_a_share_of_each_limit_is_used_and_one_request_at_least() -> None:
    assert allowed(BALANCE, 0.6) == 6
    assert allowed(ACCOUNT_CONFIG, 0.6) == 3
    assert allowed(POSITION_BUILDER_GRAPH, 0.6) == 1


async def asked(limits: EndpointLimits, clock: Hands, *calls: tuple[Endpoint, str | None]) -> list[float]:
    times = []
    for endpoint, account in calls:
        await limits.pass_by(endpoint, account)
        times.append(clock.at)
    return times


async def test_what_is_signed_counts_for_each_account_and_what_is_public_for_all() -> None:
    clock = Hands()
    limits = EndpointLimits(0.2, clock)  # one request of ACCOUNT_CONFIG in its 2 s, two of POSITION_TIERS
    assert await asked(limits, clock, (ACCOUNT_CONFIG, "main"), (ACCOUNT_CONFIG, "second")) == [0.0, 0.0]
    assert await asked(limits, clock, (ACCOUNT_CONFIG, "main")) == [2.0]
    tiers = [(POSITION_TIERS, name) for name in ("main", "second", None)]
    assert await asked(limits, clock, *tiers) == [2.0, 2.0, 4.0]


async def test_two_readings_of_one_path_share_its_limit() -> None:
    clock = Hands()
    limits = EndpointLimits(0.2, clock)
    assert await asked(limits, clock, (ACCOUNT_CONFIG, "main"), (PERMISSIONS, "main")) == [0.0, 2.0]


async def test_many_who_wait_at_once_pass_one_after_the_other() -> None:
    clock = Hands()
    limits = EndpointLimits(0.2, clock)
    times: list[float] = []

    async def one() -> None:
        await limits.pass_by(ACCOUNT_CONFIG, "main")
        times.append(clock.at)

    await asyncio.gather(*(one() for _ in range(4)))
    assert times == [0.0, 2.0, 4.0, 6.0]


async def test_one_endpoint_that_is_held_off_holds_off_no_other() -> None:
    clock = Hands()
    limits = EndpointLimits(0.6, clock)
    limits.reached(BALANCE, "main", 5.0)
    assert await asked(limits, clock, (BALANCE, "second"), (ACCOUNT_CONFIG, "main"), (BALANCE, "main")) == [0, 0, 5.0]


async def test_sockets_are_opened_two_a_second() -> None:
    clock = Hands()
    dials = Dials(clock)
    times = []
    for _ in range(5):
        await dials.pass_by()
        times.append(clock.at)
    assert times == [0.0, 0.0, 1.0, 1.0, 2.0]
