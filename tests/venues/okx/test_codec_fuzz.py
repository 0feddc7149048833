"""Whatever bytes come, the codec answers: no other exception, no impossible price, no position out of nothing."""

from __future__ import annotations

import json
from math import isfinite

from hypothesis import given

from monitor.domain.events import (
    AssetTick,
    BalanceChanged,
    FundingRates,
    OptionMarks,
    OrderChanged,
    PositionChanged,
    Tick,
)
from monitor.domain.frames import Decoded, FrameKind
from monitor.venues.okx.pages import Pages
from tests.venues.codec_fuzz import anything, cut, flipped, intruded, nonsense
from tests.venues.okx.support import STAMP, coin, decoded, frame, order, swap

MARK = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "64000.1", "ts": STAMP}
OPTION = {"instId": "BTC-USD-270101-60000-C", "markVol": "0.52", "fwdPx": "61000", "ts": STAMP}
FAST = {"pTime": STAMP, "eventType": "liquidation", "balData": [coin("BTC", "1")], "posData": []}
LOAN = swap("BTC-USDT", "0.5", "60000", "61000", instType="MARGIN", posCcy="BTC", liab="-3", liabCcy="USDT")
FRAMES = [
    json.dumps(one, separators=(",", ":")).encode()
    for one in (
        frame("mark-price", MARK),
        frame("index-tickers", {"instId": "USDT-USD", "idxPx": "0.9995", "ts": STAMP}),
        frame("opt-summary", OPTION, OPTION),
        frame("funding-rate", {"instId": "BTC-USDT-SWAP", "fundingRate": "0.0001", "fundingTime": STAMP}),
        frame("account", {"details": [coin("USDT", "5")], "uTime": STAMP}, eventType="snapshot", curPage=1),
        frame("positions", swap("A-USDT-SWAP", "1", "2", "3"), LOAN, eventType="snapshot", curPage=1, lastPage=True),
        frame("balance_and_position", FAST),
        frame("orders", order("BTC-USDT-SWAP", "sell", "10", "62000", category="adl")),
        frame("liquidation-warning", swap("BTC-USDT-SWAP", "-1", "60000", "61000", mgnRatio="2.5")),
        {"event": "subscribe", "arg": {"channel": "account"}},
        {"event": "error", "code": "60012", "msg": "Invalid request"},
        {"event": "notice", "code": "64008", "msg": "soon closed"},
    )
]


def positive(number: float) -> bool:
    return 0 < number < float("inf")


def holds(found: Decoded) -> None:
    for event in found.events:
        if isinstance(event, Tick):
            assert positive(event.mark)
            assert event.symbol
        if isinstance(event, AssetTick):
            assert positive(event.price_usd)
        if isinstance(event, OptionMarks):
            assert len(event.symbols) == len(event.volatilities) == len(event.underlyings) > 0
            assert all(map(positive, (*event.volatilities, *event.underlyings)))
        if isinstance(event, FundingRates):
            assert all(map(isfinite, event.rates))
        if isinstance(event, PositionChanged):
            assert isfinite(event.quantity)
            assert event.entry_price is None or positive(event.entry_price)
            assert event.isolated_wallet is None or isfinite(event.isolated_wallet)
            assert event.row is None or bool(event.row.quantity)
        if isinstance(event, BalanceChanged):
            assert event.wallet is None or isfinite(event.wallet)
        if isinstance(event, OrderChanged):
            assert isfinite(event.order.quantity)
        if isinstance(event, Tick | AssetTick | PositionChanged | BalanceChanged | OrderChanged):
            assert 0 <= event.venue_time < float("inf")
    if found.kind in (FrameKind.MALFORMED, FrameKind.UNRECOGNISED, FrameKind.IGNORED, FrameKind.ACKNOWLEDGED):
        assert found.events == ()
    if found.kind is FrameKind.MALFORMED:
        assert found.why
    holds_whole(found)


def holds_whole(found: Decoded) -> None:
    """Pages pass everything on, whatever it is."""
    told = Pages().put(found)
    assert told.events[: len(found.events)] == found.events


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


@given(nonsense("arg", "data", "event", "channel", "instId", "code", "eventType", "curPage"))
def test_well_formed_nonsense(text: str) -> None:
    holds(decoded(text))
