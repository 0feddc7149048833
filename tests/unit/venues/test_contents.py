"""A table is read again for a contract that it lacks: at once, and then ever more rarely."""

from __future__ import annotations

from itertools import pairwise

import pytest

from monitor.venues.contents import Contents

SPACING, CAP = 180.0, 6 * 3600.0


def table(*symbols: str) -> Contents:
    contents = Contents(SPACING, CAP)
    contents.read(symbols, 0.0)
    return contents


def test_a_contract_that_the_table_lacks_is_worth_a_reading_at_once() -> None:
    contents = table("BTCUSDT")
    assert not contents.worth_reading(["BTCUSDT"], 1.0)
    assert contents.worth_reading(["BTCUSDT", "NEWUSDT"], 1.0)


def test_a_table_that_was_never_read_lacks_nothing() -> None:
    assert not Contents(SPACING, CAP).worth_reading(["NEWUSDT"], 1.0)


def test_a_contract_that_was_found_is_worth_no_more() -> None:
    contents = table("BTCUSDT")
    assert contents.worth_reading(["NEWUSDT"], 1.0)
    contents.read(["BTCUSDT", "NEWUSDT"], 2.0)
    assert not contents.worth_reading(["NEWUSDT"], CAP)


def test_a_contract_that_stays_missing_is_looked_for_ever_more_rarely() -> None:
    contents, looked = table("BTCUSDT"), []
    for now in range(0, 3 * int(CAP), 15):
        if contents.worth_reading(["GHOST"], float(now)):
            looked.append(now)
            contents.read(["BTCUSDT"], now + 1.0)
    gaps = [later - sooner for sooner, later in pairwise(looked)]
    assert gaps[:3] == [180, 360, 720]
    assert gaps == sorted(gaps)
    assert max(gaps) == CAP


def test_each_missing_contract_has_its_own_waiting_time() -> None:
    contents = table("BTCUSDT")
    assert contents.worth_reading(["GHOST"], 0.0)
    assert contents.worth_reading(["GHOST", "NEWUSDT"], 1.0), "another one is listed"
    assert not contents.worth_reading(["GHOST", "NEWUSDT"], 2.0)


def test_an_empty_answer_makes_nothing_missing() -> None:
    contents = table("BTCUSDT")
    contents.read([], 1.0)
    assert not contents.worth_reading(["BTCUSDT"], 2.0)


def test_what_is_held_no_more_is_forgotten() -> None:
    contents = table("BTCUSDT")
    for number in range(50):
        contents.worth_reading([f"OLD{number}"], 0.0)
    assert len(contents._looked_for) == 50
    contents.read(["BTCUSDT"], CAP)
    assert len(contents._looked_for) == 50, "it may be held still"
    contents.read(["BTCUSDT"], SPACING + CAP)
    assert not contents._looked_for


@pytest.mark.parametrize("cap", [10.0, SPACING])
def test_it_is_never_looked_for_more_rarely_than_the_table_is_read_by_itself(cap: float) -> None:
    contents = Contents(SPACING, cap)
    contents.read(["BTCUSDT"], 0.0)
    assert contents.worth_reading(["GHOST"], 1.0)
    assert contents.worth_reading(["GHOST"], 1.0 + cap)
