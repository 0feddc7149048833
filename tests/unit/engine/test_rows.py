"""Rows by key: pushes and readings of them, in whatever order they come."""

from __future__ import annotations

import pytest

from monitor.engine.rows import LONG_AGO, Rows

A, B = "a", "b"


@pytest.fixture
def rows() -> Rows[str, int]:
    found: Rows[str, int] = Rows(lambda one, other: one == other)
    found.read({A: (1, 90.0)}, asked=100.0, asked_venue_time=100.0, complete=True)
    return found


def test_a_first_reading_lets_rows_appear(rows: Rows[str, int]) -> None:
    assert list(rows) == [(A, 1)]
    assert rows.get(A) == 1
    assert rows.get(B) is None
    assert rows.seen(A) == 100.0


def test_a_push_amends_and_a_late_one_is_ignored_per_key(rows: Rows[str, int]) -> None:
    assert rows.push(A, 2, venue_time=101.0, received=101.1)
    assert not rows.push(A, 3, venue_time=100.5, received=102.0)
    assert rows.push(B, 9, venue_time=100.5, received=102.0)
    assert dict(rows) == {A: 2, B: 9}


def test_a_push_older_than_the_row_of_a_reading_is_ignored(rows: Rows[str, int]) -> None:
    assert not rows.push(A, 7, venue_time=89.0, received=101.0)


def test_a_row_without_a_time_is_as_new_as_its_request(rows: Rows[str, int]) -> None:
    rows.read({A: (5, None)}, asked=110.0, asked_venue_time=111.0, complete=True)
    assert not rows.push(A, 6, venue_time=110.5, received=112.0)
    assert rows.push(A, 6, venue_time=111.0, received=112.0)


def test_a_reading_asked_for_before_a_push_never_undoes_it(rows: Rows[str, int]) -> None:
    rows.push(A, 2, venue_time=101.0, received=101.1)
    rows.push(B, 3, venue_time=101.0, received=101.1)
    reading = rows.read({A: (1, 90.0)}, asked=100.5, asked_venue_time=100.5, complete=True)
    assert dict(rows) == {A: 2, B: 3}
    assert not reading.suspected
    assert not reading.contested
    assert not rows.suspects


def test_a_newer_row_wins_even_in_a_reading_asked_for_before_the_push(rows: Rows[str, int]) -> None:
    rows.push(A, 2, venue_time=101.0, received=101.1)
    rows.read({A: (4, 102.0)}, asked=100.5, asked_venue_time=100.5, complete=True)
    assert rows.get(A) == 4


def test_a_reading_that_agrees_keeps_the_newer_time(rows: Rows[str, int]) -> None:
    rows.push(A, 2, venue_time=101.0, received=101.1)
    rows.read({A: (2, 100.9)}, asked=105.0, asked_venue_time=105.0, complete=True)
    assert rows.seen(A) == 105.0
    assert not rows.push(A, 8, venue_time=100.95, received=106.0)


def test_a_doubt_about_what_a_push_closed_ends_when_a_reading_agrees_with_the_push(rows: Rows[str, int]) -> None:
    rows.push(A, None, venue_time=101.0, received=101.1)
    assert rows.read({A: (1, 90.0)}, asked=105.0, asked_venue_time=105.0, complete=True).contested == [A]
    rows.read({}, asked=106.0, asked_venue_time=106.0, complete=False)
    assert rows.contested  # what could not be read whole proves nothing
    rows.read({}, asked=107.0, asked_venue_time=107.0, complete=True)
    assert not rows.contested
    again = rows.read({A: (1, 90.0)}, asked=110.0, asked_venue_time=110.0, complete=True)
    assert again.contested == [A]  # the doubt begins anew: one late reading opens nothing


def test_a_reading_without_row_times_asked_for_after_a_push_wins(rows: Rows[str, int]) -> None:
    rows.push(A, 2, venue_time=101.0, received=101.1)
    rows.read({A: (3, None)}, asked=102.0, asked_venue_time=LONG_AGO, complete=True)
    assert rows.get(A) == 3
    assert not rows.push(A, 2, venue_time=100.0, received=103.0)  # the time of the push still stands


def test_an_older_row_in_a_later_reading_is_believed_only_when_a_second_reading_agrees(rows: Rows[str, int]) -> None:
    rows.push(A, 2, venue_time=101.0, received=101.1)
    first = rows.read({A: (1, 90.0)}, asked=105.0, asked_venue_time=105.0, complete=True)
    assert first.contested == [A]
    assert rows.get(A) == 2
    again = rows.read({A: (1, 90.0)}, asked=105.0, asked_venue_time=105.0, complete=True)
    assert again.contested == [A]  # the same reading twice is one reading
    second = rows.read({A: (1, 90.0)}, asked=106.0, asked_venue_time=106.0, complete=True)
    assert not second.contested
    assert rows.get(A) == 1
    assert not rows.contested


def test_a_row_that_a_push_closed_does_not_come_back_with_an_older_row(rows: Rows[str, int]) -> None:
    rows.push(A, None, venue_time=101.0, received=101.1)
    assert dict(rows) == {}
    rows.read({A: (1, 90.0)}, asked=105.0, asked_venue_time=105.0, complete=True)
    assert dict(rows) == {}
    reading = rows.read({A: (1, 90.0)}, asked=106.0, asked_venue_time=106.0, complete=True)
    assert reading.appeared == [A]
    assert dict(rows) == {A: 1}


def test_what_is_missing_once_is_a_suspect_and_gone_the_second_time(rows: Rows[str, int]) -> None:
    first = rows.read({}, asked=110.0, asked_venue_time=110.0, complete=True)
    assert first.suspected == [A]
    assert rows.get(A) == 1
    assert rows.suspects == {A: 110.0}
    repeated = rows.read({}, asked=110.0, asked_venue_time=110.0, complete=True)
    assert not repeated.vanished
    second = rows.read({}, asked=111.0, asked_venue_time=111.0, complete=True)
    assert second.vanished == [A]
    assert rows.get(A) is None
    assert not rows.suspects
    assert not rows.push(A, 1, venue_time=110.5, received=112.0)  # a late push does not bring it back


def test_a_suspect_that_is_read_or_pushed_again_is_cleared(rows: Rows[str, int]) -> None:
    rows.read({}, asked=110.0, asked_venue_time=110.0, complete=True)
    rows.read({A: (1, 90.0)}, asked=111.0, asked_venue_time=111.0, complete=True)
    assert not rows.suspects
    rows.read({}, asked=112.0, asked_venue_time=112.0, complete=True)
    rows.push(A, 1, venue_time=113.0, received=113.1)
    assert not rows.suspects


def test_a_reading_with_holes_closes_nothing(rows: Rows[str, int]) -> None:
    for asked in (110.0, 111.0, 112.0):
        reading = rows.read({B: (2, None)}, asked=asked, asked_venue_time=asked, complete=False)
        assert not reading.suspected
        assert not reading.vanished
    assert dict(rows) == {A: 1, B: 2}
    assert rows.seen(A) == 100.0


def test_a_row_can_be_dropped_at_once(rows: Rows[str, int]) -> None:
    rows.drop(A, asked=110.0, asked_venue_time=LONG_AGO)
    assert rows.get(A) is None
    assert not rows.push(A, 1, venue_time=89.0, received=112.0)
