"""A reading over REST is a row with the counts of a stream: nothing that came is dropped without one."""

from __future__ import annotations

import pytest

from monitor.domain.errors import AuthRejected, FeedLost, MalformedAnswer
from monitor.domain.frames import RowProblem
from monitor.domain.view import FeedStatus
from monitor.venues.ledger import KEPT_FRAMES
from monitor.venues.readings import Reading
from monitor.venues.rest import Answer

ANSWER = Answer(200, {}, b'[{"symbol":"BTCUSDT"}]', 1_000.0, 1_000.25)


def reading() -> Reading:
    return Reading("v", "main", "tiers")


def take(row: Reading, *problems: RowProblem) -> None:
    row.came(ANSWER)
    with row.taking(ANSWER) as bad:
        bad.extend(problems)


def test_before_its_first_try_it_waits_and_is_not_up() -> None:
    assert reading().status() == FeedStatus(
        venue="v", account="main", stream="tiers", phase="waiting", up=False, polled=True
    )


def test_a_good_answer_is_counted_and_its_lag_is_its_way_there_and_back() -> None:
    row = reading()
    take(row)
    status = row.status()
    assert (status.up, status.phase, status.messages, status.malformed) == (True, "live", 1, 0)
    assert (status.last_message, status.lag_seconds) == (1_000.25, 0.25)


def test_bad_rows_are_counted_one_by_one_and_kept_as_they_came() -> None:
    row = reading()
    take(row, *(RowProblem(f"row {number}", "no rate", f'{{"symbol":"S{number}"}}') for number in range(5)))
    assert row.status().malformed == 5
    assert row.status().up, "one bad row costs that row"
    (kept,) = row.kept
    assert 'row 0: no rate «{"symbol":"S0"}»' in kept
    assert "and 2 more" in kept


def test_an_answer_that_is_bad_as_a_whole_is_one_failure_and_is_kept() -> None:
    row = reading()
    row.came(ANSWER)
    with pytest.raises(MalformedAnswer) as told, row.taking(ANSWER):
        raise MalformedAnswer("v", "tiers", "no array")
    row.failed(told.value)
    status = row.status()
    assert (status.up, status.phase, status.reason, status.malformed) == (False, "failing", "no array", 1)
    assert row.kept[0] == 'no array: [{"symbol":"BTCUSDT"}]'


def test_an_answer_that_never_came_is_a_failure_and_nothing_malformed() -> None:
    row = reading()
    take(row)
    row.failed(FeedLost("v", "tiers", "no answer within 10 s"))
    assert (row.status().up, row.status().messages, row.status().malformed) == (False, 1, 0)
    take(row)
    assert (row.status().up, row.status().reason) == (True, "")


def test_only_the_last_of_what_could_not_be_read_is_kept() -> None:
    row = reading()
    for number in range(KEPT_FRAMES + 3):
        take(row, RowProblem(f"row {number}", "bad"))
    assert len(row.kept) == KEPT_FRAMES
    assert row.kept[-1].startswith(f"row {KEPT_FRAMES + 2}: bad")


async def test_what_ends_it_is_told_whether_a_person_must_act_or_we_made_a_mistake() -> None:
    async def refused() -> None:
        raise AuthRejected("v", "tiers", "the key is not valid")

    async def mistaken() -> None:
        raise KeyError("x")

    row = reading()
    take(row)
    with pytest.raises(AuthRejected):
        await row.watched(refused)
    assert (row.status().up, row.status().phase, row.status().reason) == (False, "stopped", "the key is not valid")
    take(row)
    with pytest.raises(KeyError):
        await row.watched(mistaken)
    assert not row.status().up
    assert "KeyError" in row.status().reason


def test_a_reading_that_was_stopped_says_why_until_it_is_read_again() -> None:
    row = reading()
    row.stopped("the key may withdraw")
    assert (row.status().up, row.status().phase, row.status().reason) == (False, "stopped", "the key may withdraw")
    take(row)
    assert (row.status().up, row.status().reason) == (True, "")


def test_a_reading_that_waits_is_no_failure_but_says_why() -> None:
    row = reading()
    take(row)
    row.waits("the budget is used up")
    assert (row.status().up, row.status().reason) == (True, "the budget is used up")
    take(row)
    assert row.status().reason == ""


def test_where_there_is_nothing_to_read_nothing_is_wrong() -> None:
    row = reading()
    row.idle()
    assert (row.status().up, row.status().phase) == (True, "idle")
