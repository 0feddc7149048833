"""Fills by hand: linear in dollars, inverse in coins."""

from __future__ import annotations

import pytest

from monitor.margin.fills import entry_after, realized, value_of, with_exposure, worst_loss


def test_a_linear_size_is_worth_its_price_and_wins_by_the_difference() -> None:
    assert value_of(-0.5, 100_000.0, inverse=False) == 50_000.0
    assert realized(0.5, 90_000.0, 100_000.0, inverse=False) == 5_000.0
    assert realized(-0.5, 90_000.0, 100_000.0, inverse=False) == -5_000.0


def test_an_inverse_size_is_worth_coins_and_wins_by_the_difference_of_what_dollars_buy() -> None:
    assert value_of(-50_000.0, 100_000.0, inverse=True) == 0.5
    assert realized(50_000.0, 80_000.0, 100_000.0, inverse=True) == pytest.approx(0.125)
    assert realized(-50_000.0, 80_000.0, 100_000.0, inverse=True) == pytest.approx(-0.125)


def test_the_entry_price_is_the_mean_by_coins_or_by_dollars() -> None:
    assert entry_after(1.0, 90.0, 3.0, 110.0, inverse=False) == 105.0
    assert entry_after(100.0, 100.0, 100.0, 50.0, inverse=True) == pytest.approx(200.0 / 3.0)


def test_scenarios_with_a_long_more_lose_where_the_coin_falls() -> None:
    columns, moves = ((-10.0, 0.0, 4.0),), (-0.1, 0.0, 0.1)
    more = with_exposure(columns, moves, 1_000.0)
    assert more == ((-110.0, 0.0, 104.0),)
    assert (worst_loss(columns, moves), worst_loss(more, moves)) == (10.0, 110.0)
