"""The 75 liquidation prices of the collection `vectors.json`, each through the pool model."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.programs import shared
from tests.vectors.adapters import Outcome, Unsupported, belongs, run, table

KNOWN = 75


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    everything: list[dict[str, Any]] = json.loads(shared("fixtures/vectors.json").read_text())
    return [vector for vector in everything if belongs(vector)]


def test_every_liquidation_price_of_the_collection_comes_out_of_the_kernel_as_the_venue_prints_it(
    vectors: list[dict[str, Any]],
    record_property: Callable[[str, object], None],
) -> None:
    outcomes: list[Outcome] = []
    left_out: dict[str, str] = {}
    for vector in vectors:
        try:
            outcomes.append(run(vector))
        except Unsupported as why:
            left_out[vector["id"]] = str(why)
    record_property("table", table(outcomes, left_out))
    assert len(vectors) == KNOWN
    assert not left_out
    assert not [outcome for outcome in outcomes if not outcome.holds]
