"""(a) Every recorded frame of both families decodes to events, or is a known kind that is counted and ignored."""

from __future__ import annotations

import json
from collections import Counter

from monitor.domain.events import PositionChanged, VenueWarning, WarningKind
from monitor.domain.frames import FrameKind
from monitor.domain.names import Side
from tests.venues.binance.support import decoded, recorded_frames, ticks_of

ALL = (
    "ws_public_usdm_frames.jsonl",
    "ws_public_coinm_frames.jsonl",
    "ws_private_usdm_frames.jsonl",
    "ws_public_usdm_stream_20240808.jsonl",
    "ws_public_coinm_stream_20240809.jsonl",
)
UNDERSTOOD = {FrameKind.DATA, FrameKind.IGNORED, FrameKind.ACKNOWLEDGED}


def test_no_recorded_frame_is_malformed_or_unknown() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for record in recorded_frames(*ALL):
        found = decoded(json.dumps(record["msg"]))
        assert found.kind in UNDERSTOOD, (record["msg"], found)
        assert found.problems == (), record["msg"]
        assert (found.kind is FrameKind.DATA) == bool(found.events), record["msg"]
        counts[found.kind, found.name] += 1
    assert counts[FrameKind.DATA, "markPriceUpdate"] == 9
    assert counts[FrameKind.DATA, "ACCOUNT_UPDATE"] == 3
    assert counts[FrameKind.IGNORED, "bookTicker"] > 1000
    print("\n", *(f"{number:6d}  {kind:12s} {name}\n" for (kind, name), number in counts.most_common()))


def test_recorded_marks_have_prices_and_times() -> None:
    ticks = [tick for record in recorded_frames(*ALL[:3]) for tick in ticks_of(decoded(json.dumps(record["msg"])))]
    assert {tick.symbol for tick in ticks} >= {"BTCUSDT", "ETHUSDT", "BTCBUSD_210129", "BTCUSD_PERP"}
    assert all(tick.mark > 0 and 1.5e9 < tick.venue_time < 2e9 for tick in ticks)


def test_recorded_hedge_update_keeps_both_sides_apart() -> None:
    records = [record for record in recorded_frames(ALL[2]) if record["file"] == "account_update.json"]
    changes = [event for event in decoded(json.dumps(records[0]["msg"])).events if isinstance(event, PositionChanged)]
    assert [(change.side, change.quantity, change.isolated_wallet) for change in changes] == [
        (None, 0.0, 0.0),
        (Side.LONG, 20.0, 13200.70726908),
        (Side.SHORT, -10.0, 6570.42511771),
    ]


def test_recorded_forced_orders_are_warnings_without_identifiers() -> None:
    warnings = {
        record["file"]: event
        for record in recorded_frames(ALL[2])
        for event in decoded(json.dumps(record["msg"])).events
        if isinstance(event, VenueWarning)
    }
    assert {file: warning.kind for file, warning in warnings.items()} == {
        "order_update_adl.json": WarningKind.ADL,
        "order_update_calculated.json": WarningKind.LIQUIDATION,
        "order_update_calculated_pending.json": WarningKind.LIQUIDATION,
        "order_update_delivery.json": WarningKind.SETTLEMENT,
        "order_update_insurance.json": WarningKind.LIQUIDATION,
        "order_update_settlement.json": WarningKind.SETTLEMENT,
        "MarginUpdate.txt": WarningKind.MARGIN_CALL,
    }
    assert warnings["order_update_calculated.json"].side is Side.LONG
    assert (
        warnings["order_update_calculated.json"].detail == "liquidation: the venue closes 0.014 BTCUSDT long at 9910.12"
    )
