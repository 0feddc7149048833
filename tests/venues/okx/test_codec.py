"""Frames of OKX's sockets: answers to what we say, prices, and what happens in an account."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.events import (
    AssetTick,
    BalanceChanged,
    FundingIntervals,
    FundingRates,
    OptionMarks,
    OrderChanged,
    PositionChanged,
    Tick,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import FrameKind
from monitor.domain.lines import State
from monitor.domain.names import Side
from monitor.venues.okx.codec import UPGRADE, Paged
from tests.venues.okx.support import NOW, STAMP, T0, VENUE, coin, decoded, frame, order, swap

# What the venue answers


@pytest.mark.parametrize(
    ("arg", "topic"),
    [
        ({"channel": "mark-price", "instId": "BTC-USDT-SWAP"}, "mark-price:BTC-USDT-SWAP"),
        ({"channel": "positions", "instType": "ANY"}, "positions:ANY"),
        ({"channel": "positions", "instType": "ANY", "extraParams": '{"updateInterval":"0"}'}, "positions:ANY"),
        ({"channel": "account"}, "account"),
        ({"channel": "opt-summary", "instFamily": "BTC-USD"}, "opt-summary:BTC-USD"),
    ],
)
def test_each_subscription_is_acknowledged_under_its_topics_text(arg: dict[str, str], topic: str) -> None:
    found = decoded({"event": "subscribe", "arg": arg, "connId": "a4d3ae55"})
    assert (found.kind, found.request_id) == (FrameKind.ACKNOWLEDGED, topic)


def test_a_login_is_acknowledged_or_refused_under_its_own_name() -> None:
    good = decoded({"event": "login", "code": "0", "msg": "", "connId": "a4d3ae55"})
    assert (good.kind, good.request_id) == (FrameKind.ACKNOWLEDGED, "login")
    bad = decoded({"event": "error", "code": "60009", "msg": "Login failed.", "connId": "a4d3ae55"})
    assert (bad.kind, bad.request_id) == (FrameKind.REFUSED, "login")
    assert bad.why == "Login failed. (code 60009)"


def test_a_refused_subscription_is_told_by_its_arg_or_by_the_venues_words() -> None:
    arg = {"channel": "positions", "instType": "ANY"}
    with_arg = decoded({"event": "error", "arg": arg, "code": "60018", "msg": "no such channel"})
    assert (with_arg.kind, with_arg.request_id) == (FrameKind.REFUSED, "positions:ANY")
    words = "Wrong URL or channel:mark-price,instId:NO-SUCH-SWAP doesn't exist. Please use the correct URL"
    in_words = decoded({"event": "error", "code": "60018", "msg": words})
    assert (in_words.kind, in_words.request_id) == (FrameKind.REFUSED, "mark-price:NO-SUCH-SWAP")


def test_the_words_of_a_refusal_show_no_key() -> None:
    echoed = 'Invalid request: {"op":"login","args":[{"apiKey":"12345678-90ab-cdef-1234-567890abcdef","sign":"%s="}]}'
    found = decoded({"event": "error", "code": "60012", "msg": echoed % ("Zm9v" * 12)})
    assert "Zm9v" not in found.why
    assert "567890abcdef" not in found.why


def test_the_notice_of_an_upgrade_has_a_name_of_its_own() -> None:
    words = "The connection will soon be closed for a service upgrade. Please reconnect."
    found = decoded({"event": "notice", "code": "64008", "msg": words, "connId": "a4d3ae55"})
    assert (found.kind, found.name) == (FrameKind.IGNORED, UPGRADE)
    assert decoded({"event": "notice", "code": "64999", "msg": "else"}).name == "notice"


def test_too_many_connections_to_a_channel_are_a_refusal_and_their_count_is_none() -> None:
    count = {"event": "channel-conn-count", "channel": "account", "connCount": "3", "connId": "abcd1234"}
    assert decoded(count).kind is FrameKind.IGNORED
    refused = decoded({**count, "event": "channel-conn-count-error", "connCount": "31"})
    assert (refused.kind, refused.request_id) == (FrameKind.REFUSED, "account")
    assert refused.why == "too many connections of this account to the channel account"


def test_a_pong_is_a_text_of_its_own() -> None:
    assert decoded(b"pong").kind is FrameKind.IGNORED
    assert decoded("pong").name == "pong"


def test_what_nobody_has_heard_of_is_counted_as_such() -> None:
    assert decoded({"event": "new-event"}).kind is FrameKind.UNRECOGNISED
    assert decoded(frame("new-channel", {"a": 1})).kind is FrameKind.UNRECOGNISED
    assert decoded({"op": "subscribe", "args": []}).kind is FrameKind.UNRECOGNISED
    assert decoded(b"{").kind is FrameKind.MALFORMED
    assert decoded(b"\xff").kind is FrameKind.MALFORMED
    assert decoded(b'{"event":"\xff"}').why == "not UTF-8"
    assert decoded(b"[" * 100_000).kind is FrameKind.MALFORMED


# Prices


def test_a_mark_price() -> None:
    row = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "64000.1", "ts": STAMP}
    found = decoded(frame("mark-price", row, arg={"instId": "BTC-USDT-SWAP"}), None)
    assert found.events == (Tick(VENUE, "BTC-USDT-SWAP", 64000.1, T0, NOW),)
    assert (found.stream, found.venue_time) == ("mark-price:BTC-USDT-SWAP", T0)


def test_a_mark_is_the_same_however_its_frame_is_written() -> None:
    row = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": "64000.1", "ts": STAMP}
    said = frame("mark-price", row, arg={"instId": "BTC-USDT-SWAP"})
    spaced = decoded(json.dumps(said), None)
    assert spaced == decoded(said, None)
    several = decoded(frame("mark-price", row, {**row, "instId": "B"}, arg={"instId": "BTC-USDT-SWAP"}), None)
    assert [event.symbol for event in several.events if isinstance(event, Tick)] == ["BTC-USDT-SWAP", "B"]
    by_type = decoded(frame("mark-price", row, arg={"instId": "BTC-USDT-SWAP", "instType": "SWAP"}), None)
    assert (by_type.stream, by_type.events) == ("mark-price:SWAP:BTC-USDT-SWAP", spaced.events)
    assert decoded(frame("mark-price-2", row, arg={"instId": "A"}), None).kind is FrameKind.UNRECOGNISED


@pytest.mark.parametrize("price", ["", "0", "-1", "nan", "inf", None, "1_0", []])
def test_a_mark_that_is_no_price_is_none(price: object) -> None:
    row = {"instType": "SWAP", "instId": "BTC-USDT-SWAP", "markPx": price, "ts": STAMP}
    found = decoded(frame("mark-price", row, arg={"instId": "BTC-USDT-SWAP"}), None)
    assert (found.kind, found.events) == (FrameKind.MALFORMED, ())


def test_an_index_in_usd_prices_an_asset_and_another_one_prices_none() -> None:
    def told(inst: str) -> tuple[Any, ...]:
        return decoded(frame("index-tickers", {"instId": inst, "idxPx": "0.9995", "ts": STAMP}), None).events

    assert told("USDT-USD") == (AssetTick(VENUE, "USDT", 0.9995, T0, NOW),)
    assert told("BTC-USDT") == ()


def test_options_are_told_as_columns_and_a_bad_row_costs_itself() -> None:
    rows = [
        {"instId": "BTC-USD-270101-60000-C", "markVol": "0.52", "fwdPx": "61000", "ts": STAMP},
        {"instId": "BTC-USD-270101-70000-C", "markVol": "", "fwdPx": "61000", "ts": STAMP},
    ]
    found = decoded(frame("opt-summary", *rows, arg={"instFamily": "BTC-USD"}), None)
    assert found.events == (OptionMarks(VENUE, ("BTC-USD-270101-60000-C",), (0.52,), (61000.0,), NOW),)
    assert [problem.why for problem in found.problems] == ["markVol is not above zero"]


def test_funding_is_due_at_the_time_beside_its_rate_and_not_at_the_one_after() -> None:
    row = {"instId": "BTC-USDT-SWAP", "fundingRate": "0.0001", "fundingTime": STAMP, "nextFundingTime": "1"}
    (event,) = decoded(frame("funding-rate", row), None).events
    assert event == FundingRates(VENUE, ("BTC-USDT-SWAP",), (0.0001,), (T0,), NOW)


def test_funding_comes_as_often_as_the_next_two_payments_lie_apart() -> None:
    later = str(int((T0 + 4 * 3600) * 1000))
    row = {"instId": "BTC-USDT-SWAP", "fundingRate": "-0.0001", "fundingTime": STAMP, "nextFundingTime": later}
    rates, intervals = decoded(frame("funding-rate", row), None).events
    assert isinstance(rates, FundingRates)
    assert intervals == FundingIntervals(VENUE, ("BTC-USDT-SWAP",), (4 * 3600.0,), NOW)
    unsaid = decoded(frame("funding-rate", {**row, "nextFundingTime": ""}), None).events
    assert unsaid == (rates,)
    assert decoded(frame("funding-rate", {**row, "fundingRate": ""}), None).events == ()


# An account


def test_a_balance_push_holds_the_row_whole() -> None:
    row = coin("USDT", "100.5", eq="130.5", upl="30", isoUpl="0", mgnRatio="12.5", coinUsdPrice="0.9997", ordFrozen="3")
    found = decoded(frame("account", {"details": [row], "uTime": STAMP, "adjEq": ""}))
    (event,) = found.events
    assert isinstance(event, BalanceChanged)
    assert (event.asset, event.wallet, event.venue_time) == ("USDT", 100.5, T0)
    assert event.row is not None
    assert (event.row.venue_ratio, event.row.price_usd, event.row.frozen) == (12.5, 0.9997, 3.0)
    assert event.row.venue_cross_unrealized_pnl == 30.0


def test_nothing_said_is_not_zero() -> None:
    (event,) = decoded(frame("account", {"details": [coin("USDT", "100.5")], "uTime": STAMP})).events
    assert isinstance(event, BalanceChanged)
    assert event.row is not None
    assert event.row.venue_ratio is None
    assert event.row.venue_maintenance_margin is None
    assert event.row.venue_cross_unrealized_pnl is None
    assert event.row.venue_equity is None


def positions(*rows: dict[str, Any], **more: object) -> tuple[PositionChanged, ...]:
    events = decoded(frame("positions", *rows, arg={"instType": "ANY"}, **more)).events
    assert all(isinstance(event, PositionChanged) for event in events)
    return tuple(event for event in events if isinstance(event, PositionChanged))


def test_in_net_mode_the_sign_is_the_side() -> None:
    (short,) = positions(swap("ETH-USDT-SWAP", "-137.89", "2471.06", "2411.75"))
    assert (short.side, short.quantity) == (None, -137.89)
    assert short.row is not None
    assert (short.row.side, short.row.hedge, short.row.contracts) == (Side.SHORT, False, 137.89)


def test_in_long_short_mode_both_sides_of_a_symbol_are_kept_apart() -> None:
    long = swap("BTC-USDT-SWAP", "10", "60000", "61000", posSide="long")
    short = swap("BTC-USDT-SWAP", "4", "62000", "61000", posSide="short")
    told = positions(long, short)
    assert [(one.side, one.quantity) for one in told] == [(Side.LONG, 10.0), (Side.SHORT, -4.0)]
    (closed,) = positions({**short, "pos": "0", "avgPx": "", "posSide": "short"})
    assert (closed.side, closed.quantity, closed.row) == (Side.SHORT, 0.0, None)


@pytest.mark.parametrize(
    ("held", "side", "quantity"), [("BTC", Side.LONG, 0.5), ("USDT", Side.SHORT, -0.5)], ids=["base", "quote"]
)
def test_the_side_of_a_margin_position_is_told_by_what_it_holds(held: str, side: Side, quantity: float) -> None:
    row = {
        **swap("BTC-USDT", "0.5", "60000", "61000", instType="MARGIN", mgnMode="isolated", margin="0.1"),
        "posCcy": held,
        "ccy": held,
        "liab": "-3000",
        "liabCcy": "USDT" if held == "BTC" else "BTC",
        "interest": "-0.5",
    }
    (event,) = positions(row)
    assert (event.side, event.quantity) == (side, quantity)
    assert event.row is not None
    assert (event.row.position_asset, event.row.liability, event.row.interest) == (held, 3000.0, 0.5)


def test_a_margin_position_in_a_coin_of_no_side_is_a_bad_row() -> None:
    row = swap("BTC-USDT", "0.5", "60000", "61000", instType="MARGIN", posCcy="ETH")
    found = decoded(frame("positions", row, arg={"instType": "ANY"}))
    assert found.kind is FrameKind.MALFORMED
    assert found.problems[0].why == "posCcy is neither the base nor the quote of the pair"


@pytest.mark.parametrize("printed", ["", "0", "-5", None])
def test_no_printed_price_is_no_answer_and_never_a_distance(printed: object) -> None:
    (event,) = positions(swap("BTC-USDT-SWAP", "1", "60000", "61000", liqPx=printed))
    assert event.row is not None
    assert event.row.venue.liquidation.state is State.UNKNOWN


def test_an_isolated_position_has_its_margin_and_a_cross_one_has_none() -> None:
    alone = swap("BTC-USDT-SWAP", "1", "60000", "61000", mgnMode="isolated", margin="150.5")
    (event,) = positions(alone)
    assert (event.margin_mode, event.isolated_wallet) == (MarginMode.ISOLATED, 150.5)
    (event,) = positions({**alone, "mgnMode": "cross", "margin": ""})
    assert (event.margin_mode, event.isolated_wallet) == (MarginMode.CROSS, None)
    (event,) = positions({**alone, "mgnMode": "new"})
    assert event.margin_mode is None


def test_a_thousand_fills_of_one_position_leave_its_margin_alone() -> None:
    row = swap("BTC-USDT-SWAP", "1", "60000", "61000", mgnMode="isolated", margin="150.5")
    told = {event.isolated_wallet for _ in range(1000) for event in positions(row)}
    assert told == {150.5}


def test_an_order_that_rests_one_that_is_partly_filled_and_one_that_is_gone() -> None:
    def told(**more: object) -> OrderChanged:
        (event,) = decoded(frame("orders", order("BTC-USDT-SWAP", "sell", "10", "62000", **more))).events
        assert isinstance(event, OrderChanged)
        return event

    resting = told().order
    assert (resting.quantity, resting.contracts, resting.price, resting.side) == (-10.0, 10.0, 62000.0, None)
    assert told(accFillSz="4", state="partially_filled").order.quantity == -6.0
    assert told(state="canceled").order.quantity == 0.0
    assert told(state="filled", accFillSz="10").order.quantity == 0.0
    assert told(reduceOnly="true").order.reduce_only
    assert told(posSide="long").order.reduce_only  # selling what is held long closes it
    assert not told(posSide="short").order.reduce_only
    assert told(tdMode="isolated").order.margin_mode is MarginMode.ISOLATED
    assert told(tdMode="cash").order.margin_mode is None


def test_the_fast_channel_tells_cash_and_size_and_why() -> None:
    body = {
        "pTime": STAMP,
        "eventType": "filled",
        "balData": [{"ccy": "BTC", "cashBal": "1.5", "uTime": STAMP}],
        "posData": [swap("BTC-USD-SWAP", "-12", "60000", "", ccy="BTC")],
    }
    cash, position = decoded(frame("balance_and_position", body)).events
    assert isinstance(cash, BalanceChanged)
    assert isinstance(position, PositionChanged)
    assert (cash.wallet, cash.row) == (1.5, None)
    assert (position.quantity, position.entry_price, position.row) == (-12.0, 60000.0, None)


def test_the_fast_channel_leaves_positions_to_the_other_where_it_does_not_say_their_margin() -> None:
    isolated = swap("BTC-USD-SWAP", "-12", "60000", "", mgnMode="isolated")
    loan = swap("BTC-USDT", "1", "60000", "", instType="MARGIN", posCcy="BTC", mgnMode="cross")
    body = {"pTime": STAMP, "eventType": "filled", "balData": [], "posData": [isolated, loan]}
    assert decoded(frame("balance_and_position", body)).events == ()
    closed = {**body, "posData": [{**isolated, "pos": "0"}]}
    (event,) = decoded(frame("balance_and_position", closed)).events
    assert isinstance(event, PositionChanged)
    assert event.quantity == 0.0


@pytest.mark.parametrize(
    ("event_type", "kind"),
    [
        ("liquidation", WarningKind.LIQUIDATION),
        ("adl", WarningKind.ADL),
        ("delivery", WarningKind.SETTLEMENT),
        ("settlement", None),
        ("funding_fee", None),
    ],
)
def test_the_venues_own_hand_is_a_warning_and_a_daily_settlement_is_none(
    event_type: str, kind: WarningKind | None
) -> None:
    closed = {**swap("BTC-USD-SWAP", "0", "", "", ccy="BTC")}
    body = {"pTime": STAMP, "eventType": event_type, "balData": [], "posData": [closed]}
    events = decoded(frame("balance_and_position", body)).events
    warnings = [event.kind for event in events if isinstance(event, VenueWarning)]
    assert warnings == ([] if kind is None else [kind])
    assert isinstance(events[-1], PositionChanged)


def test_a_liquidation_warning_says_how_near() -> None:
    row = swap("BTC-USDT-SWAP", "-1", "60000", "61000", mgnRatio="2.5")
    (event,) = decoded(frame("liquidation-warning", row, arg={"instType": "ANY"})).events
    assert isinstance(event, VenueWarning)
    assert (event.kind, event.symbol, event.side) == (WarningKind.MARGIN_CALL, "BTC-USDT-SWAP", Side.SHORT)
    assert event.detail == (
        "liquidation warning for BTC-USDT-SWAP at mark price 61000, margin ratio 250% (100% is liquidation)"
    )


def test_an_accounts_channel_on_a_public_socket_says_nothing() -> None:
    found = decoded(frame("account", {"details": [coin("USDT", "1")], "uTime": STAMP}), None)
    assert (found.kind, found.events) == (FrameKind.UNRECOGNISED, ())


def test_a_bad_row_costs_that_row() -> None:
    found = decoded(frame("account", {"details": [coin("USDT", "nan"), coin("BTC", "1")], "uTime": STAMP}))
    assert found.kind is FrameKind.DATA
    assert [event.asset for event in found.events if isinstance(event, BalanceChanged)] == ["BTC"]
    assert [problem.why for problem in found.problems] == ["cashBal is not a number"]


@pytest.mark.parametrize(("said", "whole"), [("snapshot", True), ("event_update", False), ("", False)])
def test_a_frame_says_whether_it_is_a_snapshot_and_which_page(said: str, whole: bool) -> None:
    found = decoded(frame("positions", eventType=said, curPage=2, lastPage=False, arg={"instType": "ANY"}))
    assert isinstance(found, Paged)
    assert (found.whole, found.page, found.last) == (whole, 2, False)
    assert isinstance(decoded(frame("positions")), Paged)


def test_settlement_resets_the_entry_that_profit_is_counted_from() -> None:
    # The venue books a future's profit into cash each day: from then on `avgPx` is what counts.
    row = swap("BTC-USDT-270326", "10", "61500", "61600", nonSettleAvgPx="60000", settledPnl="1500")
    (event,) = positions(row)
    assert event.entry_price == 61500.0
