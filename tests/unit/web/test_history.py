"""The last hours of every pool: a point a minute, a gap where nothing is known, and a bound on all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from monitor.domain.lines import NEVER, Direction, Line, Ratio, State
from monitor.domain.quality import Quality
from monitor.domain.view import View
from monitor.web import rings as ringing
from monitor.web.rings import LARGEST_RATIO, POINTS, Rings
from tests.sample_reports import NOW, account, pool, position, view
from tests.unit.web.staging import staged

MINUTE = NOW // 60 * 60


def take(rings: Rings, shown: View) -> None:
    for _ in rings.take(shown):
        pass


def told(rings: Rings, **wanted: str) -> list[dict[str, Any]]:
    whole = json.loads(b"".join(rings.pieces(NOW, wanted)))
    assert (whole["schema"], whole["at"], whole["step_seconds"]) == (1, NOW, 60)
    pools = whole["pools"]
    assert isinstance(pools, list)
    return pools


def seen(minute: int, *ratios: float, **changed: Any) -> View:
    """One pool for each ratio, in that minute."""
    pools = [pool(f"cross:{place}", ratio=Ratio.of(ratio), **changed) for place, ratio in enumerate(ratios)]
    return view(account(*pools), at=MINUTE + 60 * minute)


@pytest.fixture
def rings() -> Rings:
    return Rings()


def test_a_minute_is_one_point_and_the_oldest_comes_first(rings: Rings) -> None:
    for minute, ratio in enumerate((0.1, 0.2, 0.3)):
        take(rings, seen(minute, ratio))
        take(rings, replace(seen(minute, 0.9), at=MINUTE + 60 * minute + 30))

    [found] = told(rings)
    assert found["ratio"] == pytest.approx([0.1, 0.2, 0.3], abs=1e-4)
    assert found["end"] == MINUTE + 120


def test_a_pool_that_opens_has_its_first_point_at_once(rings: Rings) -> None:
    take(rings, seen(0, 0.1))
    take(rings, replace(seen(0, 0.5, 0.6), at=MINUTE + 2))

    assert [each["ratio"] for each in told(rings)] == [pytest.approx([0.1], abs=1e-4), pytest.approx([0.6], abs=1e-4)]


def test_minutes_that_nobody_saw_are_gaps(rings: Rings) -> None:
    take(rings, seen(0, 0.1))
    take(rings, seen(3, 0.2))

    assert told(rings)[0]["ratio"] == [pytest.approx(0.1, abs=1e-4), None, None, pytest.approx(0.2, abs=1e-4)]


@pytest.mark.parametrize("quality", [Quality.STALE, Quality.UNKNOWN])
def test_what_is_not_believed_is_a_gap_and_never_zero(rings: Rings, quality: Quality) -> None:
    take(rings, seen(0, 0.1, quality=quality))

    assert (told(rings)[0]["ratio"], told(rings)[0]["distance_ratio"]) == ([None], [None])


@pytest.mark.parametrize(
    ("ratio", "point"),
    [
        (Ratio.of(inf), LARGEST_RATIO), (Ratio.of(50.0), LARGEST_RATIO), (Ratio(State.LIQUIDATABLE), LARGEST_RATIO),
        (Ratio(State.UNKNOWN), None), (Ratio.of(0.0), 0.0),
    ],
)  # fmt: skip
def test_no_equity_left_is_the_largest_ratio(rings: Rings, ratio: Ratio, point: float | None) -> None:
    take(rings, view(account(pool(ratio=ratio))))

    assert told(rings)[0]["ratio"] == [point]


@pytest.mark.parametrize(
    ("line", "point"), [(Line.at(45_000.0, 0.25), 0.25), (NEVER, None), (Line(State.LIQUIDATABLE), 0.0)]
)
def test_the_distance_is_that_of_the_nearest_line(rings: Rings, line: Line, point: float | None) -> None:
    lines = {Direction.DOWN: line, Direction.UP: NEVER}
    calm = position(line=NEVER)
    take(rings, view(account(pool(market=lines, coins={"BTC": lines}, positions=(calm,)))))

    assert told(rings)[0]["distance_ratio"] == [point]


def test_six_hours_are_kept_and_no_more(rings: Rings) -> None:
    for minute in range(POINTS + 5):
        take(rings, seen(minute, minute / 1000))

    [found] = told(rings)
    assert len(found["ratio"]) == len(found["distance_ratio"]) == POINTS
    assert found["ratio"][0] == pytest.approx(0.005)


def test_a_night_without_us_is_no_more_than_six_hours_of_gaps(rings: Rings) -> None:
    take(rings, seen(0, 0.1))
    take(rings, seen(100_000, 0.2))

    assert len(told(rings)[0]["ratio"]) == POINTS


def test_a_pool_that_is_gone_is_forgotten_with_its_last_point(rings: Rings) -> None:
    take(rings, seen(0, 0.1, 0.2))
    take(rings, seen(POINTS - 1, 0.1))
    assert [each["pool"] for each in told(rings)] == ["cross:0", "cross:1"]
    take(rings, seen(POINTS, 0.1))
    assert [each["pool"] for each in told(rings)] == ["cross:0"]


def test_more_pools_than_are_remembered_do_not_fill_the_memory(rings: Rings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ringing, "MOST_POOLS", 3)
    take(rings, seen(0, *[0.1] * 10))

    assert len(told(rings)) == 3


def test_a_clock_that_is_set_back_takes_no_point_twice(rings: Rings) -> None:
    take(rings, seen(10, 0.1))
    take(rings, seen(3, 0.9))

    assert told(rings)[0]["ratio"] == [pytest.approx(0.1, abs=1e-4)]


def test_one_pool_can_be_asked_for(rings: Rings) -> None:
    take(rings, seen(0, 0.1, 0.2))

    assert [each["pool"] for each in told(rings, venue="binance", account="main", pool="cross:1")] == ["cross:1"]
    assert told(rings, venue="elsewhere") == []


async def test_the_server_looks_by_itself_and_refuses_questions_about_something_else() -> None:
    async with staged() as stage:
        answer = await stage.ask("GET", "/api/v1/history")
        while not (await answer.json())["pools"]:
            answer = await stage.ask("GET", "/api/v1/history")
        assert (await answer.json())["pools"][0]["ratio"] == [0.2]
        wrong = await stage.ask("GET", "/api/v1/history?coin=BTC")
        assert (wrong.status, (await wrong.json())["error"]["key"]) == (400, "coin")
