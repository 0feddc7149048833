"""Pools of weight: our own count, and the venue's word of what others used, until the pool is full again."""

from __future__ import annotations

import pytest

from monitor.venues.kucoin.endpoints import API_KEY, CONTRACTS, POSITIONS, Pool
from monitor.venues.kucoin.settings import KucoinSettings
from monitor.venues.kucoin.weights import PoolBudget, Pools, note, reset_seconds
from monitor.venues.settings import AccountSettings, Credentials, Secret
from tests.wire.harness import ShiftedClock


def budget(limit: int = 2000, share: float = 0.5) -> PoolBudget:
    return PoolBudget("kucoin", limit, share)


def test_what_others_used_counts_until_the_pool_is_full_again() -> None:
    pool = budget()
    pool.tell(2000, 1100, until=110.0)
    assert pool.used(100.0) == 900
    assert pool.wait(100, 100.0) == 0.0
    assert pool.wait(101, 100.0) == pytest.approx(10.0)
    assert pool.wait(101, 110.0) == 0.0


def test_what_is_under_way_is_counted_with_it() -> None:
    pool = budget()
    pool.tell(2000, 1100, until=110.0)
    pool.take(60, 100.0)
    assert pool.used(100.0) == 960
    pool.settle(60, None, 100.5)
    pool.tell(2000, 1040, until=110.0)
    assert pool.used(101.0) == 960


def test_our_own_weight_counts_for_thirty_seconds_although_the_venue_may_have_begun_anew() -> None:
    pool = budget()
    pool.take(900, 100.0)
    pool.settle(900, None, 100.0)
    pool.tell(2000, 2000, until=131.0)
    assert pool.wait(200, 101.0) == pytest.approx(29.0)


def test_a_user_of_a_higher_level_has_more() -> None:
    pool = budget()
    pool.tell(10_000, 9_000, until=110.0)
    assert pool.allowed == 5_000


def test_intervals_grow_by_what_others_leave_of_the_pool() -> None:
    pool = budget()
    assert pool.stretch(1700.0, 100.0) == 1.0
    assert pool.stretch(3400.0, 100.0) == pytest.approx(2.0)
    pool.tell(2000, 1575, until=110.0)
    assert pool.stretch(1700.0, 100.0) == pytest.approx(2.0)
    assert pool.stretch(1700.0, 111.0) == 1.0


def test_less_than_the_settings_say_is_of_a_shorter_window() -> None:
    """200 in 3 s where 2000 in 30 s are set: half of either is used, and a tenth of the time is waited."""
    pool = budget()
    pool.tell(200, 110, until=103.0)
    assert pool.used(100.0) == 900
    assert pool.wait(10, 100.0) == 0.0
    assert pool.wait(11, 100.0) == pytest.approx(3.0)
    assert pool.wait(11, 103.0) == 0.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"gw-ratelimit-limit": "2000", "gw-ratelimit-remaining": "10"},
        {"gw-ratelimit-limit": "2000", "gw-ratelimit-remaining": "ten", "gw-ratelimit-reset": "1000"},
        {"gw-ratelimit-limit": "0", "gw-ratelimit-remaining": "0", "gw-ratelimit-reset": "1000"},
        {"gw-ratelimit-limit": "2000", "gw-ratelimit-remaining": "10", "gw-ratelimit-reset": "99999999"},
    ],
    ids=["none", "no reset", "no number", "no limit", "a reset in a day"],
)
def test_headers_that_say_nothing_sensible_change_nothing(headers: dict[str, str]) -> None:
    pool = budget()
    note(pool, headers, 100.0)
    assert (pool.used(100.0), pool.allowed) == (0, 1000)


def test_the_headers_of_an_answer_are_the_venues_word() -> None:
    pool = budget()
    headers = {"gw-ratelimit-limit": "2000", "gw-ratelimit-remaining": "500", "gw-ratelimit-reset": "1489"}
    note(pool, headers, 100.0)
    assert pool.used(101.4) == 1500
    assert pool.used(101.5) == 0
    assert reset_seconds(headers) == pytest.approx(1.489)


def pools(*keys: str) -> Pools:
    accounts = tuple(
        AccountSettings(
            venue="kucoin",
            name=f"{number}",
            credentials=Credentials(api_key=Secret(key), api_secret=Secret("s"), passphrase=Secret("p")),
        )
        for number, key in enumerate(keys)
    )
    return Pools(KucoinSettings(accounts=accounts), ShiftedClock())


def test_two_products_of_one_key_share_its_pools_and_two_keys_do_not() -> None:
    made = pools("one", "one", "two")
    one, two = (Credentials(api_key=Secret(key), api_secret=Secret("s")) for key in ("one", "two"))
    assert made.of(POSITIONS, one) is made.of(POSITIONS, Credentials(api_key=Secret("one"), api_secret=Secret("x")))
    assert made.of(POSITIONS, one) is not made.of(POSITIONS, two)
    assert made.of(POSITIONS, one) is not made.of(API_KEY, one)


def test_what_needs_no_key_is_our_addresss() -> None:
    made = pools("one")
    key = Credentials(api_key=Secret("one"), api_secret=Secret("s"))
    assert made.of(CONTRACTS, key) is made.of(CONTRACTS, None) is made.address
    assert len(made.gates()) == 5


def test_the_fullest_pool_stretches_all_and_is_the_one_that_is_shown() -> None:
    made = pools("one")
    gate = made.of(POSITIONS, Credentials(api_key=Secret("one"), api_secret=Secret("s")))
    gate.budget.take(600, gate.now())
    assert made.fullest() is gate.budget
    assert made.stretch([(Pool.FUTURES, Secret("one"), 2 * 1200 * 0.85), (Pool.PUBLIC, None, 100.0)]) == 1.0
    assert made.stretch([(Pool.FUTURES, Secret("one"), 4 * 1200 * 0.85)]) == pytest.approx(2.0)
    assert made.stretch([]) == 1.0
