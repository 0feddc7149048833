"""Whatever bytes come, the codec answers: no other exception, no impossible price, no position out of nothing."""

from __future__ import annotations

import json
from math import isfinite

from hypothesis import given

from monitor.domain.events import AccountSnapshot, AssetTick, CashFlow, FundingRates, Ticks
from monitor.domain.frames import Decoded, FrameKind
from monitor.venues.hyperliquid.assembly import Assembly
from monitor.venues.hyperliquid.oracles import Oracles
from tests.venues.codec_fuzz import anything, cut, flipped, intruded
from tests.venues.hyperliquid.support import (
    ACCOUNT,
    ADDRESS,
    NOW,
    STAMP,
    coin,
    cross,
    decoded,
    dex,
    frame,
    isolated,
    spot,
)

CONTEXT = {"markPx": "60000.5", "oraclePx": "60010.0", "funding": "0.0000125", "midPx": None}
HELD = dex(1000.0, cross("BTC", 0.5, 60000.0, 61000.0, "40000.0"), isolated("ETH", -1.0, 3000.0, 3100.0, 3500.0))
SPOT = spot(coin("USDC", "1000.5"), coin("HYPE", "3", ltv="0.65", borrowed="0.0"), available={"USDC": 900.0})
WITH = {"user": ADDRESS}
FILL = {"coin": "BTC", "time": STAMP, "closedPnl": "5.0", "fee": "0.5", "tid": 7, "liquidation": {}}
DEPOSIT = {"time": STAMP, "delta": {"type": "deposit", "usdc": "100.5"}}
FRAMES = [
    json.dumps(one, separators=(",", ":")).encode()
    for one in (
        frame("allDexsAssetCtxs", {"ctxs": [["", [CONTEXT, CONTEXT]], ["xyz", [CONTEXT, CONTEXT]]]}),
        frame("activeAssetCtx", {"coin": "BTC", "ctx": CONTEXT}),
        frame("allDexsClearinghouseState", {**WITH, "clearinghouseStates": [["", HELD], ["xyz", dex(5.0)]]}),
        frame("clearinghouseState", {**WITH, "dex": "", "clearinghouseState": HELD}),
        frame("spotState", {**WITH, "spotState": SPOT}),
        frame("userFundings", {**WITH, "fundings": [{"time": STAMP, "coin": "BTC", "usdc": "-3.6"}]}),
        frame("userNonFundingLedgerUpdates", {**WITH, "nonFundingLedgerUpdates": [DEPOSIT]}),
        frame("userFills", {**WITH, "fills": [FILL]}),
        frame("user", {"fills": [FILL]}),
        frame("subscriptionResponse", {"method": "subscribe", "subscription": {"type": "spotState", **WITH}}),
        frame("error", "Invalid subscription " + json.dumps({"type": "spotState", **WITH})),
    )
]


def holds(found: Decoded) -> None:
    for event in found.events:
        if isinstance(event, Ticks):
            assert len(event.symbols) == len(event.marks) == len(event.venue_times) > 0
            assert all(0 < mark < float("inf") for mark in event.marks)
        if isinstance(event, AssetTick):
            assert 0 < event.price_usd < float("inf")
        if isinstance(event, FundingRates):
            assert all(map(isfinite, event.rates))
        if isinstance(event, CashFlow):
            assert isfinite(event.amount)
            assert 0 <= event.venue_time < float("inf")
    if found.kind in (FrameKind.MALFORMED, FrameKind.UNRECOGNISED, FrameKind.IGNORED, FrameKind.ACKNOWLEDGED):
        assert found.events == ()
    if found.kind is FrameKind.MALFORMED:
        assert found.why
    assert ADDRESS not in found.why
    assert Oracles(1.0).put(found, NOW).events == found.events
    holds_together(found)


def holds_together(found: Decoded) -> None:
    """With the other half, an account of finite figures comes out, and nothing that is no row of it."""
    assembly = Assembly(ACCOUNT)
    assembly.put(decoded(FRAMES[2]))
    assembly.put(decoded(FRAMES[4]))
    told = assembly.put(found)
    assert told.events[: len(found.events)] == found.events
    for event in told.events[len(found.events) :]:
        assert isinstance(event, AccountSnapshot)
        for position in event.positions:
            assert isfinite(position.quantity)
            assert position.quantity
            assert position.entry_price is not None
            assert position.entry_price > 0
            assert position.isolated_wallet is None or isfinite(position.isolated_wallet)
        for balance in event.balances:
            assert isfinite(balance.wallet)
            assert balance.cross_wallet is None or isfinite(balance.cross_wallet)
        assert all(mark > 0 for _, mark in event.marks)


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
