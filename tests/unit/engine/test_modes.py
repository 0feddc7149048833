"""Modes of accounts beyond one-way and hedge: by symbol, borrowing, and those in which collateral counts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import AccountMode, CollateralMode
from monitor.engine.accounts import AccountState, counts_collateral, position_mode
from tests.unit.engine.situations import LONG, MAIN, SHORT, T, config, held, pushed, reading

BY_SYMBOL = AccountMode(collateral=CollateralMode.MULTI_ASSETS, hedge=False, hedge_by_symbol=True)
APART = [held("BTCUSDT", 1.0, 60_000.0, hedge=True), held("BTCUSDT", -0.4, 61_000.0, hedge=True)]


def state(mode: AccountMode = BY_SYMBOL, *positions: object) -> AccountState:
    found = AccountState(MAIN)
    found.configuration(config(mode))
    found.snapshot(reading(*positions), 0.0)  # type: ignore[arg-type]  # positions, as given
    return found


class TestBySymbol:
    def test_some_positions_are_kept_apart_and_others_as_one(self) -> None:
        account = state(BY_SYMBOL, *APART, held("ETHUSDT", 2.0, 3_000.0))
        assert account.unreadable() is None
        assert len(account.positions) == 3

    def test_a_symbol_whose_sides_are_kept_as_one_is_never_held_both_ways(self) -> None:
        account = state(BY_SYMBOL, held("BTCUSDT", 1.0, 60_000.0), held("BTCUSDT", -0.4, 61_000.0))
        why = "contradiction: its sides are kept as one, but BTCUSDT is held long and short"
        assert account.unreadable() == why

    def test_what_the_account_says_of_hedging_does_not_matter(self) -> None:
        silent = AccountMode(collateral=CollateralMode.ISOLATED, hedge=None, hedge_by_symbol=True)
        account = state(silent, *APART)
        assert account.unreadable() is None
        assert account.readable == silent

    def test_no_other_position_mode_is_told_of(self) -> None:
        account = state()
        other = AccountMode(collateral=CollateralMode.MULTI_ASSETS, hedge=True, hedge_by_symbol=True)
        assert account.configuration(config(other, asked=T + 1)).told == []

    def test_instruments_with_a_rule_of_their_own_contradict_no_mode_and_others_do(self) -> None:
        ruled = [replace(row, hedge_fixed=True) for row in APART]
        one_way = AccountMode(collateral=CollateralMode.MULTI_ASSETS, hedge=False)
        account = state(one_way, *ruled, held("ETHUSDT", 2.0, 3_000.0))
        assert account.unreadable() is None
        assert state(one_way, *APART).unreadable() is not None
        both = [replace(held("BTCUSDT", size, 60_000.0), hedge_fixed=True) for size in (1.0, -1.0)]
        hedged = AccountMode(collateral=CollateralMode.MULTI_ASSETS, hedge=True)
        why = "contradiction: its sides are kept as one, but BTCUSDT is held long and short"
        assert state(hedged, *both).unreadable() == why

    def test_its_words_say_so(self) -> None:
        assert position_mode(BY_SYMBOL) == "hedge or one-way by symbol"

    def test_a_side_that_a_push_closes_goes_alone(self) -> None:
        account = state(BY_SYMBOL, *APART)
        account.position(pushed("BTCUSDT", 0.0, side=SHORT, at=T + 1))
        assert [(key.side, row.quantity) for key, row in account.positions] == [(LONG, 1.0)]


def test_an_account_that_borrows_from_now_on_says_so_and_so_does_one_that_stops() -> None:
    plain = AccountMode(collateral=CollateralMode.SPOT, hedge=False)
    lent = AccountMode(collateral=CollateralMode.SPOT, hedge=False, borrows=True)
    account = state(plain)
    assert account.configuration(config(lent, asked=T + 1)).told == [
        ("mode_changed", "borrowing", "the account borrows what it lacks now")
    ]
    assert account.configuration(config(plain, asked=T + 2)).told == [
        ("mode_changed", "borrowing", "the account does not borrow any more")
    ]


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        (None, False),
        (CollateralMode.SINGLE_ASSET, False),
        (CollateralMode.ISOLATED, False),
        (CollateralMode.MULTI_ASSETS, True),
        (CollateralMode.PORTFOLIO, True),
        (CollateralMode.SPOT, True),
    ],
)
def test_terms_of_collateral_decide_something_where_all_backs_all_or_a_loan(
    mode: CollateralMode | None, counts: bool
) -> None:
    assert counts_collateral(None if mode is None else AccountMode(collateral=mode, hedge=False)) is counts
