"""The crashes that are built in: falls, each with its source, and as docs/stress.md prints them."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.app.stress_crashes import CRASHES
from monitor.domain.stress import Family, Scenario
from monitor.domain.stress_scenarios import percent

PAGE = (Path(__file__).parents[3] / "docs" / "stress.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("crash", CRASHES, ids=lambda crash: crash.name)
def test_each_is_a_fall_with_a_source_for_every_coin(crash: Scenario) -> None:
    assert crash.family is Family.CRASH
    assert all(-1.0 < move < 0.0 for move in (*crash.moves.values(), crash.others))
    assert all(coin in crash.source for coin in crash.moves)
    assert "others" in crash.source
    assert crash.text


@pytest.mark.parametrize("crash", CRASHES, ids=lambda crash: crash.name)
def test_the_page_prints_what_is_built_in(crash: Scenario) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith(f"| `{crash.name}` ")]
    assert crash.source in row
    for move in (*crash.moves.values(), crash.others):
        assert percent(move) in row


def test_their_names_are_different() -> None:
    assert len({crash.name for crash in CRASHES}) == len(CRASHES)
