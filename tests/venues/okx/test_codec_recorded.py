"""Every recorded frame and answer decodes to events, or is of a kind that is counted: ignored, or not recognised."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import (
    BalanceChanged,
    FundingRates,
    OrderChanged,
    PositionChanged,
    Tick,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import FrameKind, RowProblem
from monitor.domain.names import Side
from monitor.venues.okx import answers, answers_account
from tests.venues.okx.support import ACCOUNT, NOW, VENUE, decoded, raw, recorded_answers, recorded_frames

ALL = ("ws_private_frames.jsonl", "ws_public_frames.jsonl", "ws_public_stream_20220513.jsonl")
UNDERSTOOD = {FrameKind.DATA, FrameKind.IGNORED, FrameKind.ACKNOWLEDGED}
RETIRED = {"liquidations", "books-l2-tbt"}  #: channels of a recorder of its own, and of fees that nobody of us pays


def test_recorded_frames_are_understood_ignored_or_counted_as_unrecognised() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for record in recorded_frames(*ALL):
        found = decoded(record["msg"])
        assert found.problems == (), record["msg"]
        if found.name in RETIRED:
            assert found.kind is FrameKind.UNRECOGNISED
        else:
            assert found.kind in UNDERSTOOD, (record["msg"], found)
        counts[found.kind, found.name] += 1
    assert counts[FrameKind.DATA, "mark-price"] == 4
    assert counts[FrameKind.DATA, "account"] == 3
    assert counts[FrameKind.ACKNOWLEDGED, "login"] == 5
    assert counts[FrameKind.IGNORED, "trades"] > 50
    print("\n", *(f"{number:6d}  {kind:12s} {name}\n" for (kind, name), number in counts.most_common()))


def test_recorded_public_frames_tell_marks_and_funding() -> None:
    events = [event for record in recorded_frames(ALL[1]) for event in decoded(record["msg"], None).events]
    assert {event.symbol for event in events if isinstance(event, Tick)} == {"FIL-USDT-220325", "WNCG-USDT-SWAP"}
    rates = [event for event in events if isinstance(event, FundingRates)]
    assert all(abs(one.rates[0]) < 0.01 for one in rates)
    assert {one.symbols[0] for one in rates} == {"WNCG-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT-SWAP"}  # SOS has none


def test_recorded_private_frames_tell_balances_positions_orders_and_warnings() -> None:
    events = [event for record in recorded_frames(ALL[0]) for event in decoded(record["msg"]).events]
    kinds = Counter(type(event) for event in events)
    assert kinds[BalanceChanged] == 5
    assert kinds[PositionChanged] == 2
    assert kinds[OrderChanged] == 2
    warnings = {event.kind: event for event in events if isinstance(event, VenueWarning)}
    assert set(warnings) == {WarningKind.LIQUIDATION, WarningKind.ADL, WarningKind.MARGIN_CALL}
    assert warnings[WarningKind.LIQUIDATION].detail == ("liquidation: the venue closes 0.5 BTC-USDT-SWAP long at 40000")
    assert warnings[WarningKind.ADL].side is Side.SHORT
    assert "margin ratio 1173%" in warnings[WarningKind.MARGIN_CALL].detail


def test_no_recorded_warning_shows_an_identifier() -> None:
    for record in recorded_frames(ALL[0]):
        for event in decoded(record["msg"]).events:
            if isinstance(event, VenueWarning):
                for row in record["msg"]["data"]:
                    told = (row[name] for name in ("ordId", "posId", "tradeId") if row.get(name))
                    assert not any(identifier in event.detail for identifier in told)


def test_a_recorded_position_of_a_future_is_an_isolated_long_of_one_contract() -> None:
    pushes = [
        event
        for record in recorded_frames(ALL[0])
        for event in decoded(record["msg"]).events
        if isinstance(event, PositionChanged) and event.row is not None
    ]
    (push,) = pushes
    assert push.row is not None
    assert (push.symbol, push.side, push.quantity, push.row.contracts) == ("ETH-USD-210430", Side.LONG, 1.0, 1.0)
    assert push.isolated_wallet == 0.0003896645377994
    assert push.row.venue.ratio == 11.731726509588816
    assert push.row.venue.liquidation.price == 2352.8496681818233


def test_recorded_answers_of_the_account_are_read_whole() -> None:
    by_file = {record.get("file") or record.get("path"): record for record in recorded_answers("private_rest.json")}
    balances = [one for name, one in by_file.items() if "balance.json" in str(name) or "GetAccountBalance" in str(name)]
    positions = [one for name, one in by_file.items() if "positions.json" in str(name) or "Positions." in str(name)]
    assert balances
    assert positions
    for balance in balances:
        for position in positions:
            snapshot = answers_account.account_snapshot(
                raw(balance["response"]), raw(position["response"]), [], ACCOUNT, NOW, NOW
            )
            assert snapshot.problems == ()
            assert [one.asset for one in snapshot.balances] == ["USDT"]
            assert len(snapshot.positions) == 1


def test_the_recorded_configuration_says_level_mode_and_what_the_key_may_do() -> None:
    (said,) = [one for one in recorded_answers("private_rest.json") if "GetAccountConfiguration" in str(one)]
    config = answers_account.account_config(raw(said["response"]), [], ACCOUNT, NOW, NOW)
    assert (config.mode.collateral, config.mode.hedge) == ("multi-assets", False)
    permissions = answers_account.permissions(raw(said["response"]), ACCOUNT, NOW).permissions
    assert (permissions.can_read, permissions.can_trade, permissions.can_withdraw) == (True, True, True)
    assert permissions.ip_restricted is True
    assert permissions.expires is None


@pytest.mark.parametrize(
    ("word", "rows"),
    [("instruments", 3), ("GetSymbols", 1), ("mark_price", 1), ("GetMarkPrices", 1), ("position_tiers", 2)],
)
def test_recorded_answers_of_the_market_are_read_whole(word: str, rows: int) -> None:
    (said,) = [one for one in recorded_answers("public_rest.json") if word in str(one.get("file", ""))]
    bad: list[RowProblem] = []
    body = raw(said["response"])
    if "tiers" in word:
        asked = answers.TierAnswer(body, "MARGIN", MarginMode.ISOLATED)
        assert len(answers.tiers([asked], [], VENUE, NOW, bad).isolated) == rows
    elif "ark" in word:
        assert len(answers.marks(body, VENUE, NOW, bad)) == rows
    else:
        assert len(answers.instruments([body], VENUE, NOW, bad).instruments) == rows
    assert bad == []


def test_recorded_discounts_of_the_older_form_have_steps_in_usd() -> None:
    (said,) = [one for one in recorded_answers("public_rest.json") if "GetDiscountInfo" in str(one.get("file", ""))]
    ((asset, terms),) = answers.collateral([raw(said["response"])], [], VENUE, NOW).terms
    assert (asset, terms.by_value, terms.steps[0], terms.steps[-1]) == ("LTC", True, (0.0, 0.95), (8e6, 0.0))


def test_an_answer_that_refuses_is_no_empty_account() -> None:
    refused = json.dumps({"code": "50011", "msg": "Too Many Requests", "data": []})
    with pytest.raises(MalformedAnswer, match="50011"):
        answers_account.account_snapshot(refused, refused, [], ACCOUNT, NOW, NOW)
