"""Events out of bytes, however they are cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.cli.top.sse import Reader, TooLong

STREAM = b'retry: 3000\n\nevent: snapshot\ndata: {"a": 1}\n\n:\n\nevent: change\ndata: {"b": 2}\n\n'
EVENTS = [("snapshot", b'{"a": 1}'), ("change", b'{"b": 2}')]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    reader = Reader(1000)
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[begin:end] for begin, end in pairwise(edges)]
    assert [event for piece in pieces for event in reader.take(piece)] == EVENTS


def test_what_is_not_whole_yet_is_no_event() -> None:
    reader = Reader(1000)
    assert list(reader.take(b"event: change\ndata: {}\n")) == []
    assert list(reader.take(b"\n")) == [("change", b"{}")]


def test_an_event_without_an_end_is_refused() -> None:
    reader = Reader(100)
    with pytest.raises(TooLong, match="no monitor"):
        list(reader.take(b"data: " + b"x" * 200))
