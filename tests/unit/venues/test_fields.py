"""Numbers as venues write them: what is nothing, what is unknown, and what is no number at all."""

from __future__ import annotations

import pytest

from monitor.venues.fields import BadField, Loose, amount


@pytest.mark.parametrize("nothing", [None, "", "0", 0.0])
def test_a_sum_that_is_not_there_is_nothing(nothing: Loose) -> None:
    assert amount(nothing) == 0.0


@pytest.mark.parametrize("garbage", ["nan", "a lot", "inf", "1_000", " "])
def test_a_debt_that_cannot_be_read_is_not_taken_for_none(garbage: Loose) -> None:
    with pytest.raises(BadField, match="is not a number"):
        amount(garbage)
