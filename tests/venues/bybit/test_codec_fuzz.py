"""Whatever bytes come: an answer, never an exception, and never a number that is none."""

from __future__ import annotations

from math import inf, isfinite

from hypothesis import given

from monitor.domain.events import AssetTick, BalanceChanged, CashFlow, OptionMarks, OrderChanged, PositionChanged, Tick
from monitor.domain.frames import Decoded, FrameKind
from tests.venues.bybit.support import T0, coin, decoded, frame, order
from tests.venues.bybit.test_codec import ANSWERS, fill, pushed, row, ticker
from tests.venues.codec_fuzz import anything, cut, flipped, intruded, nonsense

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


@given(nonsense("topic", "ts", "data", "op", "success", "coin", "symbol"))
def test_well_formed_nonsense(text: str) -> None:
    holds(decoded(text))
