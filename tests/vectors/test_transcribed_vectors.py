"""Liquidation prices that venues printed, each through the pool model; no other file needed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.vectors.adapters import run
from tests.vectors.transcribed import VECTORS


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["id"])
def test_the_kernel_finds_the_price_that_the_venue_prints(vector: dict[str, Any]) -> None:
    outcome = run(vector)
    assert outcome.holds, outcome


def test_an_error_beyond_the_tolerance_is_noticed() -> None:
    wrong = {**VECTORS[0], "expected": {"liquidation_price": 5930.78 * (1 + 1e-5)}}
    assert not run(wrong).holds


def test_a_price_where_the_venue_says_none_is_noticed() -> None:
    assert not run({**VECTORS[0], "expected": {"liquidation_price": None}}).holds
