"""Resting orders: pushes are hints, readings are truth, and nobody is told when one is gone."""

from __future__ import annotations

import pytest

from monitor.engine.accounts import AccountState
from monitor.engine.rows import Rows
from tests.unit.engine.situations import MAIN, T, config, order, ordered, reading

LATER = T + 60.0


@pytest.fixture
def account() -> AccountState:
    """An account with one order resting, which the reading at T showed."""
    found = AccountState(MAIN)
    found.configuration(config())
    found.snapshot(reading(orders=[order("a", 1.0)]), 0.0)
    return found


def resting(account: AccountState) -> dict[str, float]:
    return {name: each.quantity for name, each in account.believed().orders.items()}


def test_a_reading_shows_what_rests_and_a_row_of_nothing_rests_no_more(account: AccountState) -> None:
    assert resting(account) == {"a": 1.0}
    account.snapshot(reading(orders=[order("b", -2.0), order("a", 0.0)], asked=LATER), 0.0)
    assert resting(account) == {"b": -2.0}


def test_one_that_a_whole_reading_misses_is_gone_at_once_and_nobody_is_told(account: AccountState) -> None:
    changes = account.snapshot(reading(asked=LATER), 0.0)
    assert resting(account) == {}
    assert not changes.told
    assert not changes.ask
    assert not account.doubts()


def test_a_reading_that_could_not_be_read_whole_ends_none(account: AccountState) -> None:
    account.snapshot(reading(asked=LATER, problems=["row 3: no price"]), 0.0)
    assert resting(account) == {"a": 1.0}


def test_a_push_brings_changes_and_ends_an_order(account: AccountState) -> None:
    assert account.order(ordered(order("b", 3.0), at=T + 1)).redescribe
    assert account.order(ordered(order("a", 0.5), at=T + 2)).redescribe
    assert resting(account) == {"a": 0.5, "b": 3.0}
    assert account.order(ordered(order("b", 0.0), at=T + 3)).redescribe
    assert resting(account) == {"a": 0.5}
    assert account.last_update == pytest.approx(T + 3.05)


def test_a_push_that_says_what_is_known_is_no_reason_to_compute_anew(account: AccountState) -> None:
    assert not account.order(ordered(order("a", 1.0, at=T + 1), at=T + 1)).redescribe
    assert not account.order(ordered(order("never seen", 0.0), at=T + 1)).redescribe


def test_a_push_older_than_what_is_known_changes_nothing(account: AccountState) -> None:
    account.order(ordered(order("a", 0.5), at=T + 2))
    assert not account.order(ordered(order("a", 1.0), at=T + 1)).redescribe
    assert resting(account) == {"a": 0.5}


@pytest.mark.parametrize("left", [0.0, 0.25])
def test_a_reading_asked_for_before_a_push_never_undoes_it(account: AccountState, left: float) -> None:
    account.order(ordered(order("a", left), at=T + 2))
    account.order(ordered(order("b", 3.0), at=T + 2))
    account.snapshot(reading(orders=[order("a", 1.0, at=T)], asked=T + 1), 0.0)
    assert resting(account) == ({"a": left} if left else {}) | {"b": 3.0}


def test_a_row_older_than_a_push_is_believed_when_a_second_reading_shows_it(account: AccountState) -> None:
    account.order(ordered(order("a", 0.25), at=T + 2))
    for asked, left in ((T + 10, 0.25), (T + 20, 1.0)):
        account.snapshot(reading(orders=[order("a", 1.0, at=T)], asked=asked), 0.0)
        assert resting(account) == {"a": left}


def test_the_answer_alone_holds_its_own_orders(account: AccountState) -> None:
    account.order(ordered(order("b", 3.0), at=T + 1))
    answered = account.answered()
    assert answered is not None
    assert list(answered.orders) == ["a"]


def test_what_is_gone_is_forgotten_once_no_reading_can_bring_it_back() -> None:
    rows: Rows[int, str] = Rows(lambda one, other: one == other, passing=True)
    for number in range(1000):
        rows.push(number, "an order", 100.0 + number, 100.0 + number)
        rows.push(number, None, 100.5 + number, 100.5 + number)
    rows.read({}, 700.0, 700.0, complete=True)
    assert not rows.stands(599, 0.0)  # forgotten
    assert rows.stands(600, 700.0)  # its end was pushed after the reading was asked for
    rows.read({}, 2000.0, 2000.0, complete=True)
    assert not rows.stands(999, 0.0)


class TestFees:
    def test_they_are_the_users_own_by_the_venues_groups(self, account: AccountState) -> None:
        assert account.configuration(config(asked=T + 1, fees=[("swap", 0.0005)])).redescribe
        assert account.believed().fees == {"swap": 0.0005}
        assert not account.configuration(config(asked=T + 2, fees=[("swap", 0.0005)])).redescribe

    def test_one_that_could_not_be_read_stays_and_one_that_is_gone_goes(self, account: AccountState) -> None:
        account.configuration(config(asked=T + 1, fees=[("swap", 0.0005), ("option", 0.0003)]))
        account.configuration(config(asked=T + 2, fees=[("swap", 0.0006)], problems=["option: no rate"]))
        assert account.believed().fees == {"swap": 0.0006, "option": 0.0003}
        account.configuration(config(asked=T + 3, fees=[("swap", 0.0006)]))
        assert account.believed().fees == {"swap": 0.0006}
