"""The health curve in characters: where it says the pool is liquidated, it is; what is not known is not drawn."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.cli.top import curve
from monitor.cli.top.painted import Role, length, text_of
from monitor.cli.top.picture import Row
from monitor.cli.top.plot import AXIS, CROSSING, HATCH, TODAY, marks, plot
from monitor.cli.top.views import Curve
from tests.sample_reports import account, pool, together, view
from tests.unit.cli.top.scenes import picture, scene, written

COLUMNS, ROWS = 70, 12


def answer(**changed: Any) -> dict[str, Any]:
    """A long of 1 at 100 with 20 of its own: liquidated where a fall of a fifth has taken all but what is required."""
    moves = [place / 50 - 1.0 for place in range(101)]
    line = {"down": {"state": "at", "price": 82.0, "distance_ratio": 0.18}, "up": {"state": "never"}}
    return {
        "schema": 1, "at": 1_790_000_000.0, "of": "BTC", "kind": "coin", "quality": "LIVE", "reasons": [], "notes": [],
        "price_now": 100.0, "sigma_ratio": 0.031, "move": moves, "price": [100 * (1 + move) for move in moves],
        "equity_usd": [20.0 + 100.0 * move for move in moves], "requirement_usd": [2.0 for _ in moves], "line": line,
        "stages": [
            {"name": "orders-cancelled", "margin_ratio": {"state": "at", "value": 0.2}, **line},
            {"name": "liquidation", "margin_ratio": {"state": "at", "value": 0.1}, **line},
        ],
    } | changed  # fmt: skip


def drawn(**changed: Any) -> list[str]:
    return [text_of(line) for line in plot(answer(**changed), COLUMNS, ROWS)]


def rows_of(lines: list[str]) -> list[str]:
    """The drawing without labels, axes and the figures at the left."""
    return [line[AXIS + 1 :] for line in lines if "┤" in line]


def column(move: float) -> int:
    return int((move + 1.0) / 2.0 * (COLUMNS - AXIS - 1))


@pytest.mark.parametrize("columns", [30, 50, 70, 120, 200])
def test_it_fits_every_width(columns: int) -> None:
    assert all(length(line) <= columns for line in plot(answer(), columns, ROWS))


def test_the_ground_is_hatched_where_the_pool_is_liquidated_and_nowhere_else() -> None:
    top = rows_of(drawn())[0]
    assert set(top[: column(-0.18) - 2]) == {HATCH}
    assert HATCH not in top[column(-0.18) + 1 :]


def test_today_and_the_crossing_are_marked_in_their_columns_and_named_above() -> None:
    lines = drawn()
    top = rows_of(lines)[2]
    assert top[column(0.0)] == TODAY
    assert top[column(-0.18)] == CROSSING
    assert any("▼ orders cancelled, liquidation -18.0 %" in line for line in lines)
    assert any("today" in line for line in lines)
    assert any("100" in line and "150" in line for line in lines)


def test_equity_rises_from_left_to_right_and_goes_through_what_is_required_at_the_crossing() -> None:
    heights: dict[int, int] = {}
    for number, line in enumerate(plot(answer(), COLUMNS, ROWS)):
        at = 0
        for text, role in line:
            if role is Role.EQUITY:
                for place, character in enumerate(text):
                    if "\u2800" < character <= "\u28ff":
                        heights.setdefault(at + place, number)
            at += len(text)
    ordered = [heights[place] for place in sorted(heights)]
    assert len(ordered) == COLUMNS - AXIS - 1
    assert ordered == sorted(ordered, reverse=True)


def test_what_is_not_known_is_not_drawn() -> None:
    known = answer()
    half = [value if place > 50 else None for place, value in enumerate(known["equity_usd"])]
    left = [row[: column(0.0)] for row in rows_of(drawn(equity_usd=half))]
    assert HATCH not in "".join(left)
    lines = plot(answer(equity_usd=half), COLUMNS, ROWS)
    assert not any(role is Role.EQUITY and "\u2800" < text[0] <= "\u28ff" for line in lines for text, role in line[:2])


def test_a_stage_beyond_the_edge_is_not_marked_at_it() -> None:
    far = {"down": {"state": "never"}, "up": {"state": "at", "distance_ratio": 5.0}}
    assert not any("▼" in line for line in drawn(line=far, stages=[]))
    assert [mark.move for mark in marks(answer(line=far, stages=[]))] == [5.0]


def test_a_market_has_moves_and_no_prices() -> None:
    lines = drawn(of="market", price_now=None, sigma_ratio=None)
    assert "today" in lines[-1]
    assert "━" not in "".join(lines)


def test_all_that_is_drawn_is_said_in_words_too() -> None:
    held = picture(view(account(pool())))
    text = written(
        list(curve.curve_lines(scene(held, 90, curve=Curve("BTC", ("BTC",), answer(notes=["orders count"])))))
    )
    assert "Liquidated if BTC falls 18.0 % to 82; never if BTC rises." in text
    assert "Orders cancelled if BTC falls" in text
    assert "Orders count." in text
    assert "a usual day (±1 σ, 3.1 %)" in text


def test_a_pool_that_is_not_known_has_words_in_place_of_a_curve() -> None:
    nothing = [None] * 101
    unknown = {"state": "unknown", "reasons": ["the marks are old"]}
    dark = answer(
        quality="UNKNOWN", reasons=["the marks are old"], equity_usd=nothing, requirement_usd=nothing, stages=[],
        line={"down": unknown, "up": unknown},
    )  # fmt: skip
    text = written(list(curve.curve_lines(scene(picture(), 90, curve=Curve("BTC", ("BTC",), dark)))))
    assert "There is no curve" in text
    assert "Quality UNKNOWN: the marks are old." in text
    assert "at an unknown price if BTC falls (the marks are old)" in text
    assert "┤" not in text


def row(**changed: Any) -> Row:
    return picture(view(account(pool(**changed)))).rows()[0]


def test_what_is_nearest_is_asked_for_first_and_with_room_beyond_it() -> None:
    near = row()
    assert near.pool is not None
    assert curve.choices(near.pool) == ["BTC", "market", "USDT"]
    asked = curve.query(near, "BTC", 80)
    assert (asked["of"], asked["from"], asked["to"]) == ("BTC", "-0.6", "0.6")
    assert int(asked["points"]) % 2 == 1


def test_all_coins_come_first_where_they_liquidate_first() -> None:
    from monitor.domain.lines import NEVER, Direction

    near = row(market={Direction.DOWN: together(0.1), Direction.UP: NEVER})
    assert near.pool is not None
    assert curve.choices(near.pool)[0] == "market"
    assert curve.query(near, "market", 80)["to"] == "0.25"
