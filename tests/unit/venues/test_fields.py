"""Numbers as venues write them: what is nothing, what is unknown, and what is no number at all."""

from __future__ import annotations

import pytest

from monitor.venues.fields import BadField, Loose, amount, without_dust


@pytest.mark.parametrize("nothing", [None, "", "0", 0.0])
def test_a_sum_that_is_not_there_is_nothing(nothing: Loose) -> None:
    assert amount(nothing) == 0.0


@pytest.mark.parametrize("garbage", ["nan", "a lot", "inf", "1_000", " "])
def test_a_debt_that_cannot_be_read_is_not_taken_for_none(garbage: Loose) -> None:
    with pytest.raises(BadField, match="is not a number"):
        amount(garbage)


@pytest.mark.parametrize(
    ("left", "parts", "settled"),
    [
        (0.1 + 0.2 - 0.3, (0.3, 0.3), 0.0),
        (-2e-12, (2e4, -2e4), 0.0),
        (0.0, (0.0, 0.0), 0.0),
        (-1e-8, (1e3, 1e3), -1e-8),
    ],
)
def test_what_floats_leave_of_a_sum_is_nothing_and_the_smallest_unit_of_a_coin_is_something(
    left: float, parts: tuple[float, ...], settled: float
) -> None:
    assert without_dust(left, *parts) == settled
