"""Whatever bytes come, the codec answers: no other exception, no impossible price, no position out of nothing."""

from __future__ import annotations

import json
from math import isfinite

from hypothesis import given

from monitor.domain.events import AssetTick, BalanceChanged, OrderChanged, PositionChanged, Tick
from monitor.domain.frames import Decoded, FrameKind
from monitor.venues.kucoin.codec import margin_mark
from tests.venues.codec_fuzz import anything, cut, flipped, intruded
from tests.venues.kucoin.support import MS, decoded, frame, position
from tests.venues.kucoin.test_codec import WALLET

PUSHED = {
    "U": MS * 1_000_000,
    "q": "-1",
    "s": "TRUMPUSDTM",
    "eP": "4.786",
    "mM": "ISOLATED",
    "mP": "4.243",
    "mmr": "0.012",
}
FRAMES = [
    json.dumps(one).encode()
    for one in (
        frame(
            "/contract/instrument:XBTUSDTM", "mark.index.price", {"markPrice": 9e4, "indexPrice": 9e4, "timestamp": MS}
        ),
        frame("/contract/instrument:XBTUSDTM", "funding.rate", {"granularity": 28800000, "fundingRate": 0.0001}),
        frame("/indicator/markPrice:DOGE-USDT", "tick", {"symbol": "DOGE-USDT", "value": 0.09, "timestamp": MS}),
        frame("/contract/positionAll", "position.change", position("XBTUSDTM", 5, 60000.0, 61000.0)),
        frame("/contract/position:XBTUSDTM", "position.change", {"markPrice": 61000.5, "currentTimestamp": MS}),
        frame("/contractAccount/wallet", "walletBalance.change", WALLET),
        frame("/contract/crossLeverage", "user.config", {"ETHUSDTM": {"leverage": "8"}}),
        frame("/contractMarket/tradeOrders", "orderChange", {"symbol": "X", "orderId": "1", "status": "done"}),
        frame("/margin/position", "position.status", {"type": "FROZEN_FL", "timestamp": MS}),
        {"T": "positionAll.FUTURES", "P": MS * 1_000_000, "d": PUSHED},
        {"T": "lw.FUTURES", "P": MS * 1_000_000, "d": {"eT": "MARGIN_CALL", "r": "0.9378"}},
        {"id": "1", "type": "ack"},
        {"id": "1", "type": "error", "code": 404, "data": "topic not found"},
    )
]


def positive(number: float) -> bool:
    return 0 < number < float("inf")


def holds(found: Decoded) -> None:
    for event in found.events:
        if isinstance(event, Tick):
            assert positive(event.mark)
        elif isinstance(event, AssetTick):
            assert positive(event.price_usd)
        elif isinstance(event, PositionChanged):
            assert isfinite(event.quantity)
            assert event.symbol
            if event.row is not None:
                assert event.row.quantity
                assert event.row.entry_price is None or positive(event.row.entry_price)
                assert event.row.maintenance_rate is None or 0 < event.row.maintenance_rate < 1
        elif isinstance(event, BalanceChanged):
            assert event.wallet is not None
            assert isfinite(event.wallet)
        elif isinstance(event, OrderChanged):
            assert event.order.quantity == 0.0
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
    margin_mark(raw)


@given(flipped(FRAMES))
def test_a_frame_with_flipped_bytes(raw: bytes) -> None:
    holds(decoded(raw))


@given(intruded(FRAMES))
def test_a_frame_with_a_value_of_another_kind(raw: bytes) -> None:
    holds(decoded(raw))
