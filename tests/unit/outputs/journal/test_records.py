"""What is written is what is read, for every kind of event and record; and nothing else is taken for a record."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given

from monitor.domain.events import Event, Tick
from monitor.domain.view import Surroundings
from monitor.outputs.journal.records import (
    HEAD,
    KINDS,
    BadRecord,
    Outcome,
    Record,
    Step,
    decode,
    encode,
    outcome,
    split,
)
from tests.sample_reports import CROSS, account, pool
from tests.unit.outputs.journal.values import values

TICK = Tick("binance", "BTCUSDT", 60_000.0, 10.0, 10.1)


def read_back(record: Record) -> Record:
    [(kind, body)] = split(encode(record))
    return decode(kind, body)


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
def test_every_event_is_read_back_equal(kind: Any) -> None:
    @given(values(kind))
    def equal(event: Any) -> None:
        step = Step(number=1, now=2.0, events=(event, TICK), around=None)
        assert read_back(step) == step

    equal()


@pytest.mark.parametrize("kind", get_args(Record), ids=lambda kind: kind.__name__)
def test_every_record_is_read_back_equal(kind: Any) -> None:
    @given(values(kind))
    def equal(record: Any) -> None:
        assert read_back(record) == record

    equal()


def test_a_number_of_an_array_and_a_mapping_of_any_kind_are_written_as_what_they_say() -> None:
    step = Step(
        number=1,
        now=np.float64(2.5),
        events=(),
        around=Surroundings(clock_offsets=MappingProxyType({"binance": 0.1})),
    )
    back = read_back(step)
    assert isinstance(back, Step)
    assert back.now == 2.5
    assert back.around is not None
    assert back.around.clock_offsets == {"binance": 0.1}


def test_what_has_no_form_is_refused_when_it_is_written() -> None:
    with pytest.raises(TypeError, match="object cannot be written"):
        encode(Step(number=1, now=0.0, events=(), around=object()))  # type: ignore[arg-type]  # that is the test


def test_records_follow_one_another_in_a_block() -> None:
    steps = [Step(number=number, now=float(number), events=(TICK,), around=None) for number in range(3)]
    assert [decode(*found) for found in split(b"".join(map(encode, steps)))] == steps


def test_the_outcome_of_a_step_holds_each_pool_in_short_and_a_digest_of_the_reports() -> None:
    report = account(pools=(pool(equity_usd=100.0),))
    found = outcome(7, (report,), ())
    assert [(row.key, row.equity_usd, row.nearest.price) for row in found.pools] == [(CROSS, 100.0, 45_000.0)]
    assert len(found.digest) == 16
    assert found == outcome(7, (account(pools=(pool(equity_usd=100.0),)),), ())
    assert found.digest != outcome(7, (account(pools=(pool(equity_usd=100.1),)),), ()).digest


def test_a_step_that_reports_nothing_has_no_digest() -> None:
    assert outcome(7, (), ()) == Outcome(number=7, digest=b"")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"S\0\0", "head is cut"),
        (HEAD.pack(b"S", 9) + b"12345678", "longer than its block"),
        (HEAD.pack(b"S", 1) + b"\xc1", "cannot be read"),
        (HEAD.pack(b"?", 1) + b"\xc0", "not known to this version"),
        (HEAD.pack(b"R", 1) + b"\xc0", "cannot be read"),
    ],
)
def test_bytes_that_are_no_record_are_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(BadRecord, match=words):
        [decode(*found) for found in split(data)]


def test_an_event_of_a_later_version_is_refused_by_its_name() -> None:
    written = encode(Step(number=1, now=0.0, events=(TICK,), around=None)).replace(b"\xa4Tick", b"\xa4Tock")
    with pytest.raises(BadRecord, match="an event 'Tock' is not known"):
        [decode(*found) for found in split(written)]


def test_every_kind_of_record_has_a_letter_of_its_own() -> None:
    assert set(KINDS) == set(get_args(Record))
    assert len(set(KINDS.values())) == len(KINDS)
