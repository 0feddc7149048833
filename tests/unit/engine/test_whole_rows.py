"""Pushes that show a position or a balance whole, and what makes two statements about one differ."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import Balance, Position, VenuePosition
from monitor.domain.lines import Line
from monitor.engine.accounts import AccountState
from monitor.engine.pushes import same_balance, same_position
from tests.unit.engine.situations import (
    HEDGE,
    LONG,
    MAIN,
    SHORT,
    T,
    at_price,
    config,
    held,
    paid,
    pushed,
    reading,
    usdt,
)

PRINTED = VenuePosition(liquidation=at_price(50_000.0, 60_000.0), mark_price=60_000.0)


def state(*positions: Position, hedge: bool = False) -> AccountState:
    found = AccountState(MAIN)
    found.configuration(config(HEDGE) if hedge else config())
    found.snapshot(reading(*positions), 0.0)
    return found


def only(account: AccountState) -> Position:
    ((_, position),) = account.positions
    return position


class TestPositions:
    def test_it_takes_the_place_of_all_that_was_known_and_its_figures_are_fresh(self) -> None:
        account = state(replace(held("BTCUSDT", 1.0, 60_000.0), leverage=10.0))
        row = replace(held("BTCUSDT", 2.0, 61_000.0), venue=PRINTED)
        account.position(replace(pushed("BTCUSDT", 2.0, at=T + 1), row=row))
        assert only(account) == replace(row, update_time=T + 1)

    def test_without_one_the_venues_old_figures_go(self) -> None:
        account = state(replace(held("BTCUSDT", 1.0, 60_000.0), venue=PRINTED))
        account.position(pushed("BTCUSDT", 2.0, 61_000.0, at=T + 1))
        assert only(account).venue.liquidation == Line.unknown("the position changed after the venue's last answer")

    def test_one_that_shows_the_other_side_closes_this_one(self) -> None:
        account = state(held("BTCUSDT", 1.0, 60_000.0))
        account.position(replace(pushed("BTCUSDT", -1.0, at=T + 1), row=held("BTCUSDT", -1.0, 61_000.0)))
        assert only(account).side is SHORT

    def test_its_own_word_on_hedging_tells_which_row_an_empty_one_closes(self) -> None:
        """A net row in an account whose other rows are kept apart."""
        option = held("BTC-CALL", -3.0, 900.0, hedge=True)
        account = state(held("BTCUSDT", 1.0, 60_000.0, hedge=True), option, hedge=True)
        account.position(pushed("BTC-CALL", 0.0, at=T + 1))
        assert len(account.positions) == 2, "an empty one-way row says nothing in hedge mode"
        gone = replace(option, quantity=0.0)
        account.position(replace(pushed("BTC-CALL", 0.0, at=T + 2), row=gone))
        assert [key.side for key, _ in account.positions] == [LONG]


class TestBalances:
    def test_it_takes_the_place_of_all_that_was_known(self) -> None:
        account = state()
        row = Balance(asset="USDT", wallet=7.0, cross_wallet=7.0, venue_equity=9.0, collateral=False)
        assert account.balance(replace(paid("USDT", 7.0, at=T + 1), row=row)).redescribe
        assert account.balances.get("USDT") == replace(row, update_time=T + 1)

    def test_what_may_leave_is_an_answer_of_its_own_and_stays(self) -> None:
        account = AccountState(MAIN)
        account.snapshot(reading(balances=[replace(usdt(5.0), withdrawable=4.0)]), 0.0)
        row = Balance(asset="USDT", wallet=7.0)
        account.balance(replace(paid("USDT", 7.0, at=T + 1), row=row))
        assert account.balances.get("USDT") == replace(row, update_time=T + 1, withdrawable=4.0)
        account.balance(replace(paid("USDT", 0.0, at=T + 2), row=replace(row, wallet=0.0, withdrawable=0.0)))
        kept = account.balances.get("USDT")
        assert kept is not None
        assert kept.withdrawable == 0.0

    def test_a_push_of_a_wallet_alone_keeps_what_the_user_switched(self) -> None:
        account = AccountState(MAIN)
        account.snapshot(reading(balances=[replace(usdt(5.0), collateral=False, venue_equity=5.0)]), 0.0)
        account.balance(paid("USDT", 7.0, at=T + 1))
        kept = account.balances.get("USDT")
        assert kept is not None
        assert (kept.wallet, kept.collateral, kept.venue_equity) == (7.0, False, None)


LOAN = replace(
    held("BTC-USDT", 1.0, 60_000.0),
    leverage=3.0,
    contracts=10.0,
    position_asset="BTC",
    liability=50_000.0,
    liability_asset="USDT",
    interest=1.5,
)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"leverage": 5.0}, id="leverage"),
        pytest.param({"contracts": 11.0}, id="contracts"),
        pytest.param({"position_asset": "USDT"}, id="what it holds"),
        pytest.param({"liability": 49_000.0}, id="what is owed"),
        pytest.param({"liability": None}, id="that anything is owed"),
        pytest.param({"liability_asset": "USDC"}, id="in what it is owed"),
        pytest.param({"interest": 1.6}, id="interest"),
    ],
)
def test_a_position_is_another_one_by(other: dict[str, object]) -> None:
    assert not same_position(LOAN, replace(LOAN, **other))  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"interest": 1.5 + 1e-9}, id="noise"),
        pytest.param({"leverage": None}, id="a statement without the leverage"),
        pytest.param({"contracts": None}, id="a statement without the contracts"),
        pytest.param({"venue": PRINTED, "update_time": T}, id="the venue's own figures and times"),
    ],
)
def test_a_position_stays_the_same_but_for(other: dict[str, object]) -> None:
    assert same_position(LOAN, replace(LOAN, **other))  # type: ignore[arg-type]  # fields by name


HELD = replace(usdt(5.0), borrowed=2.0, interest=0.1, collateral=True, frozen=1.0)


@pytest.mark.parametrize(
    ("other", "same"),
    [
        pytest.param({"collateral": False}, False, id="whether it backs anything"),
        pytest.param({"frozen": 2.0}, False, id="what is held back for orders"),
        pytest.param({"borrowed": 3.0}, False, id="what is borrowed"),
        pytest.param({"interest": 0.2}, False, id="interest"),
        pytest.param({"interest": 0.1 + 1e-12}, True, id="noise"),
        pytest.param({"collateral": None}, True, id="a statement without the switch"),
        pytest.param({"frozen": None}, True, id="a statement without what is held back"),
        pytest.param({"venue_equity": 9.0, "price_usd": 1.0}, True, id="the venue's own figures"),
    ],
)
def test_a_balance_differs_by_what_is_held(other: dict[str, object], same: bool) -> None:
    changed = replace(HELD, **other)  # type: ignore[arg-type]  # fields by name
    assert same_balance(HELD, changed) is same
    assert same_balance(changed, HELD) is same
