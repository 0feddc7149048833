"""Whatever bytes come, the codec answers: no other exception, no impossible price, no price out of nothing."""

from __future__ import annotations

import json
from math import isfinite

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.events import AssetTick, BalanceChanged, PositionChanged, Tick, Ticks
from monitor.domain.frames import Decoded, FrameKind
from tests.venues.binance.support import all_frames, decoded, frame

FRAMES = [frame(name) for name in all_frames()]
FRAMES += [
    json.dumps(json.loads(one), separators=(",", ":")).encode() for one in FRAMES if b"@arr" in one
]  # as written
frames = st.sampled_from(FRAMES)
# What a broken sender, a broken proxy or a changed protocol puts where something else belonged.
intruders = st.sampled_from(
    [b"null", b'""', b"-1", b'"nan"', b'"inf"', b"1e999", b"[]", b"{}", b"true", b'"' + b"9" * 400 + b'"', b"9" * 400]
)


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


@given(st.binary(max_size=300))
def test_arbitrary_bytes(raw: bytes) -> None:
    holds(decoded(raw))


@given(st.text(max_size=200))
def test_arbitrary_text(raw: str) -> None:
    holds(decoded(raw))


@given(frames, st.data())
def test_a_cut_frame_is_malformed(raw: bytes, data: st.DataObject) -> None:
    body = raw.strip()
    cut = data.draw(st.integers(0, len(body) - 1))
    found = decoded(body[:cut])
    holds(found)
    assert found.kind is FrameKind.MALFORMED


@given(frames, st.lists(st.tuples(st.integers(0, 10_000), st.binary(min_size=1, max_size=3)), max_size=8))
def test_a_frame_with_flipped_bytes(raw: bytes, flips: list[tuple[int, bytes]]) -> None:
    body = bytearray(raw)
    for place, replacement in flips:
        at = place % len(body)
        body[at : at + len(replacement)] = replacement
    holds(decoded(bytes(body)))


@given(frames, st.data(), intruders)
def test_a_frame_with_a_value_of_another_kind(raw: bytes, data: st.DataObject, intruder: bytes) -> None:
    colons = [at for at, byte in enumerate(raw) if byte == ord(":")]
    at = data.draw(st.sampled_from(colons))
    end = next(end for end in range(at + 1, len(raw) + 1) if end == len(raw) or raw[end] in b",}\n")
    holds(decoded(raw[: at + 1] + intruder + raw[end:]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["e", "E", "data", "stream", "a", "B", "P", "s", "p", "o", "id"]), inner)
        ),
        max_leaves=12,
    )
)
def test_well_formed_nonsense(value: object) -> None:
    holds(decoded(json.dumps(value)))
