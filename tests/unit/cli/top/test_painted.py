"""Lines that fit: clipped, shortened, folded, never wider than the screen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.top import painted
from monitor.cli.top.painted import Line, Role, text_of

TEXTS = st.text(st.sampled_from("ab é中…\u202e\x1b-"), max_size=40)
LINES = st.lists(st.tuples(TEXTS, st.sampled_from(Role)), max_size=6).map(tuple)


@given(TEXTS, st.integers(0, 30))
def test_a_cell_is_as_wide_as_its_column(text: str, columns: int) -> None:
    cell = painted.cell(text, columns)
    # A wide character that fits by half leaves a blank.
    assert columns - 1 <= painted.width(cell) <= columns or painted.width(cell) == columns


@given(LINES, st.integers(1, 60))
def test_a_line_that_is_fitted_is_not_wider(line: Line, columns: int) -> None:
    assert painted.length(painted.fitted(line, columns)) <= columns


@given(LINES, st.integers(12, 60))
def test_folding_loses_no_word_and_no_line_is_wider(line: Line, columns: int) -> None:
    rows = list(painted.folded(line, columns, hanging=2))
    assert all(painted.length(row) <= columns for row in rows)
    assert "".join("".join(text_of(row) for row in rows).split()) == "".join(text_of(line).split())


def test_a_name_is_known_by_its_beginning_and_its_end() -> None:
    assert painted.shortened("okx/desk isolated:SOL-USDT-SWAP:long", 20) == "okx/desk isol…P:long"
    assert painted.shortened("okx/desk", 20) == "okx/desk"


def test_what_is_not_zero_shows_in_a_bar() -> None:
    assert painted.bar(0.0, 5) == ("", "·····")
    assert painted.bar(0.001, 5) == ("▏", "····")
    assert painted.bar(0.5, 5) == ("██▌", "··")
    assert painted.bar(7.0, 5) == ("█████", "")


def test_the_left_of_two_ends_gives_way() -> None:
    line = painted.apart(painted.plain("a long beginning"), painted.plain("end"), 12)
    assert text_of(line) == "a long … end"
