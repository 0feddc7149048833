"""Every recorded frame decodes to events, is of a known kind that is ignored, or is retired, and unrecognised."""

from __future__ import annotations

from collections import Counter

import pytest

from monitor.domain.events import BalanceChanged, CashFlow, PositionChanged, Tick, VenueWarning, WarningKind
from monitor.domain.frames import FrameKind
from monitor.domain.lines import State
from monitor.domain.names import Side
from tests.venues.bybit.recorded import config_of, positions_of, read_answer
from tests.venues.bybit.support import decoded, frame, recorded_answers, recorded_frames

PRIVATE, PUBLIC, LEGACY = "ws_private_frames.jsonl", "ws_public_v5_frames.jsonl", "ws_public_legacy_frames.jsonl"


def test_no_recorded_frame_of_the_present_kind_is_malformed() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for record in (*recorded_frames(PRIVATE), *recorded_frames(PUBLIC)):
        found = decoded(frame(record["msg"]))
        assert found.kind is not FrameKind.MALFORMED, (record["msg"], found)
        assert found.problems == (), record["msg"]
        counts[found.kind, found.name] += 1
    assert counts[FrameKind.DATA, "tickers"] == 7
    assert counts[FrameKind.DATA, "position"] == 2
    assert counts[FrameKind.DATA, "wallet"] == 4
    assert counts[FrameKind.DATA, "execution"] == 2
    assert counts[FrameKind.IGNORED, "greeks"] == 1
    # A position's row without its frame, and a topic that was retired in 2025.
    unknown = {name: number for (kind, name), number in counts.items() if kind is FrameKind.UNRECOGNISED}
    assert unknown == {"": 1, "liquidation": 2}


def test_retired_topics_are_counted_and_not_decoded() -> None:
    found = [decoded(frame(record["msg"]), None) for record in recorded_frames(LEGACY)]
    assert {one.kind for one in found} == {FrameKind.UNRECOGNISED}
    assert {one.name for one in found} == {"instrument_info"}
    assert not any(one.events for one in found)


def test_recorded_ticks_have_prices_and_times_and_a_delta_without_a_mark_has_none() -> None:
    frames = [record["msg"] for record in recorded_frames(PUBLIC) if record["msg"]["topic"].startswith("tickers.")]
    for body in frames:
        found = decoded(frame(body), None)
        ticks = [event for event in found.events if isinstance(event, Tick)]
        assert len(ticks) == ("markPrice" in body["data"])
        assert found.stream == body["topic"]
        assert all(1.6e9 < tick.venue_time < 2e9 for tick in ticks)
    assert len(frames) == 5


def test_the_recorded_position_of_2025_is_whole() -> None:
    records = [record for record in recorded_frames(PRIVATE) if record.get("file") == "ws_account_position.json"]
    (event,) = decoded(frame(records[0]["msg"])).events
    assert isinstance(event, PositionChanged)
    assert (event.side, event.quantity) == (None, -0.01)
    assert event.row is not None
    assert event.row.side is Side.SHORT
    assert event.row.leverage == 30.0
    assert event.row.venue.maintenance_margin == 0.20281586
    assert event.row.venue.liquidation.price == 51764.83003276
    assert event.venue_time == 1762199125.472  # of the position; the frame was made half a second later


def test_the_recorded_empty_leg_of_a_hedge_is_closed_and_its_price_of_0_is_none() -> None:
    records = [record for record in recorded_frames(PRIVATE) if record.get("file") == "Position.txt"]
    (event,) = decoded(frame(records[-1]["msg"])).events
    assert isinstance(event, PositionChanged)
    assert (event.side, event.quantity, event.row, event.entry_price) == (Side.SHORT, 0.0, None, None)


def test_a_recorded_fill_moved_the_wallet_by_its_fee_and_adl_is_a_warning_without_identifiers() -> None:
    events = [
        event
        for record in recorded_frames(PRIVATE)
        if record["msg"].get("topic") == "execution"
        for event in decoded(frame(record["msg"])).events
    ]
    flows = [event for event in events if isinstance(event, CashFlow)]
    warnings = [event for event in events if isinstance(event, VenueWarning)]
    assert [(flow.asset, flow.amount) for flow in flows] == [("USDT", -26.3725275)]
    assert [(one.kind, one.side) for one in warnings] == [(WarningKind.ADL, Side.LONG)]
    assert warnings[0].detail == "auto-deleveraging: the venue closes 0.5 BTCUSDT long at 95850"


def test_recorded_wallets_tell_each_coin() -> None:
    coins = [
        event.asset
        for record in recorded_frames(PRIVATE)
        for event in decoded(frame(record["msg"])).events
        if isinstance(event, BalanceChanged)
    ]
    assert coins == ["BTC", "USDT", "USDT", "USDT", "BTC"]


@pytest.mark.parametrize("name", ["private_rest.json", "public_rest.json"])
def test_every_recorded_answer_is_read_without_a_bad_row(name: str) -> None:
    records = recorded_answers(name)
    told = [read_answer(record["response"]) for record in records]
    assert all(problems == [] for _, problems in told), told
    kinds = Counter(kind for kind, _ in told)
    print(name, dict(kinds))
    assert kinds["nothing of ours"] <= 6  # funding history, open interest, insurance, collateral-info, add-margin


def test_a_recorded_inverse_position_without_a_price_is_never_and_not_0() -> None:
    record = next(one for one in recorded_answers("private_rest.json") if one["file"].endswith("GetPositions.txt"))
    (held,) = positions_of(record["response"])
    assert held.symbol == "BTCUSD"
    assert held.quantity == -300.0
    assert held.margin_asset == "BTC"
    assert held.venue.liquidation.state is State.NEVER


def test_the_recorded_account_of_the_first_kind_is_refused_in_words() -> None:
    record = next(one for one in recorded_answers("private_rest.json") if "account_info" in one["file"])
    config = config_of(record["response"])
    assert config.mode.collateral is None
    assert "status 4" in config.problems[0]
