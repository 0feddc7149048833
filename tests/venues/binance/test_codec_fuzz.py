"""Whatever bytes come, the codec answers: no other exception, no impossible price, no price out of nothing."""

from __future__ import annotations

import json
from math import isfinite

from hypothesis import given

from monitor.domain.events import AssetTick, BalanceChanged, PositionChanged, Tick, Ticks
from monitor.domain.frames import Decoded, FrameKind
from tests.venues.binance.support import all_frames, decoded, frame
from tests.venues.codec_fuzz import anything, cut, flipped, intruded, nonsense

FRAMES = [frame(name) for name in all_frames()]
FRAMES += [
    json.dumps(json.loads(one), separators=(",", ":")).encode() for one in FRAMES if b"@arr" in one
]  # as written


def holds(found: Decoded) -> None:
    for event in found.events:
        if isinstance(event, Tick):
            assert 0 < event.mark < float("inf")
            assert event.symbol
            assert event.index is None or 0 < event.index < float("inf")
        if isinstance(event, Ticks):
            assert len(event.symbols) == len(event.marks) == len(event.venue_times) > 0
            assert all(event.symbols)
            assert all(0 < mark < float("inf") for mark in event.marks)
            assert all(0 <= at < float("inf") for at in event.venue_times)
        if isinstance(event, AssetTick):
            assert 0 < event.price_usd < float("inf")
            assert event.rates is None or 0 <= event.rates.positive_rate <= 1 <= event.rates.negative_rate
        if isinstance(event, PositionChanged):
            assert isfinite(event.quantity)
            assert event.entry_price is None or 0 < event.entry_price < float("inf")
            assert event.isolated_wallet is None or isfinite(event.isolated_wallet)
        if isinstance(event, BalanceChanged):
            assert event.wallet is None or isfinite(event.wallet)
        if isinstance(event, Tick | AssetTick | PositionChanged | BalanceChanged):
            assert 0 <= event.venue_time < float("inf")
    if found.kind in (FrameKind.MALFORMED, FrameKind.UNRECOGNISED, FrameKind.IGNORED):
        assert found.events == ()
    if found.kind is FrameKind.MALFORMED:
        assert found.why


@given(anything)
def test_what_is_no_frame(raw: bytes | str) -> None:
    holds(decoded(raw))


@given(cut(FRAMES))
def test_a_cut_frame_is_malformed(raw: bytes) -> None:
    found = decoded(raw)
    holds(found)
    assert found.kind is FrameKind.MALFORMED


@given(flipped(FRAMES))
def test_a_frame_with_flipped_bytes(raw: bytes) -> None:
    holds(decoded(raw))


@given(intruded(FRAMES))
def test_a_frame_with_a_value_of_another_kind(raw: bytes) -> None:
    holds(decoded(raw))


@given(nonsense("e", "E", "data", "stream", "a", "B", "P", "s", "p", "o", "id"))
def test_well_formed_nonsense(text: str) -> None:
    holds(decoded(text))
