"""Whatever bytes come: an answer, never an exception, and never a number that is none."""

from __future__ import annotations

import json
from math import inf, isfinite

from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.events import AssetTick, BalanceChanged, CashFlow, OptionMarks, OrderChanged, PositionChanged, Tick
from monitor.domain.frames import Decoded, FrameKind
from tests.venues.bybit.support import T0, coin, decoded, frame, order
from tests.venues.bybit.test_codec import ANSWERS, fill, pushed, row, ticker

FRAMES = [
    ticker("BTCUSDT", markPrice="100000", indexPrice="100010", fundingRate="0.0001", nextFundingTime="1790028800000"),
    ticker("BTCUSDT", "delta", bid1Price="99999"),
    ticker("ETHUSDT", lastPrice="4000", usdIndexPrice="4001"),
    ticker("BTC-25SEP26-80000-C-USDT", markPrice="7.8", markPriceIv="0.48", underlyingPrice="16815.1"),
    pushed("position", row("BTCUSDT", 0.5, liqPrice="80"), row("BTCUSD", -100.0, "inverse")),
    pushed("order", order("a", "BTCUSDT", -2.0, "90", category="linear")),
    pushed("execution", fill(), fill(category="spot", side="Buy")),
    frame({"topic": "wallet", "creationTime": T0 * 1000, "data": [{"coin": [coin("USDT", "12.5"), coin("BTC", "1")]}]}),
    *(frame(body) for body, _, _ in ANSWERS.values()),
]

frames = st.sampled_from(FRAMES)
# What a broken sender, a broken proxy or a changed protocol puts where something else belonged.
intruders = st.sampled_from(
    [b"null", b'""', b"-1", b'"nan"', b'"inf"', b"1e999", b"[]", b"{}", b"true", b'"' + b"9" * 400 + b'"', b"9" * 400]
)


def holds(found: Decoded) -> None:
    for event in found.events:
        match event:
            case Tick():
                assert 0 < event.mark < inf
                assert event.symbol
                assert event.index is None or 0 < event.index < inf
                assert 0 <= event.venue_time < inf
            case AssetTick():
                assert 0 < event.price_usd < inf
            case OptionMarks():
                assert all(0 < one < inf for one in (*event.volatilities, *event.underlyings))
            case PositionChanged():
                assert isfinite(event.quantity)
                assert event.entry_price is None or 0 < event.entry_price < inf
                assert (event.row is None) == (event.quantity == 0.0)
            case BalanceChanged():
                assert event.wallet is not None
                assert isfinite(event.wallet)
            case OrderChanged():
                assert isfinite(event.order.quantity)
                assert event.order.id
            case CashFlow():
                assert isfinite(event.amount)
            case _:
                pass
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
    found = decoded(raw[: data.draw(st.integers(0, len(raw) - 1))])
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
    if not colons:
        return
    at = data.draw(st.sampled_from(colons))
    end = next(end for end in range(at + 1, len(raw) + 1) if end == len(raw) or raw[end] in b",}\n")
    holds(decoded(raw[: at + 1] + intruder + raw[end:]))


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["topic", "ts", "data", "op", "success", "coin", "symbol"]), inner)
        ),
        max_leaves=12,
    )
)
def test_well_formed_nonsense(value: object) -> None:
    holds(decoded(json.dumps(value)))
