"""Equal values give equal bytes, different ones different bytes, and nothing is guessed."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import pytest

from monitor.domain.canonical import DIGEST_BYTES, canonical, digest
from monitor.domain.lines import Direction, Line
from tests.sample_reports import account, pool, position


def test_the_order_in_which_a_mapping_was_filled_does_not_show() -> None:
    one, other = {Direction.UP: 1.0, Direction.DOWN: 2.0}, {Direction.DOWN: 2.0, Direction.UP: 1.0}
    assert canonical(one) == canonical(other) == canonical(MappingProxyType(one))
    assert canonical(frozenset("abc")) == canonical(frozenset("cba"))


def test_equal_reports_have_one_digest() -> None:
    assert digest(account(pools=(pool(),))) == digest(account(pools=(pool(),)))
    assert len(digest(account())) == DIGEST_BYTES


def test_the_last_bit_of_a_number_shows() -> None:
    near = np.nextafter(45_000.0, 0.0)
    reports = [account(pools=(pool(positions=(position(line=Line.at(price, 0.25)),)),)) for price in (45_000.0, near)]
    assert canonical(reports[0]) != canonical(reports[1])


def test_a_number_of_an_array_counts_as_the_number_that_it_is() -> None:
    assert canonical((np.float64(1.5),)) == canonical((1.5,))


def test_unknown_is_not_zero_and_never_is_a_number() -> None:
    assert len({canonical(value) for value in (None, 0.0, float("inf"), float("nan"), "")}) == 5


def test_what_has_no_canonical_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object has no canonical form"):
        canonical(object())
