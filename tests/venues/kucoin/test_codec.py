"""Frames of KuCoin's sockets, one situation a test."""

from __future__ import annotations

import pytest

from monitor.domain.accounts import MarginMode
from monitor.domain.events import (
    AssetTick,
    BalanceChanged,
    ConfigChanged,
    OrderChanged,
    PositionChanged,
    Tick,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import FrameKind
from monitor.domain.names import Side
from monitor.venues.kucoin.codec import HINTS, MarginMark, margin_mark
from tests.venues.kucoin.support import ACCOUNT, MS, NOW, T0, VENUE, Row, decoded, frame, position, raw

WALLET = {
    "currency": "XBT",
    "walletBalance": "2.002",
    "availableBalance": "1.5",
    "holdBalance": "0.1",
    "isolatedOrderMargin": "0.2",
    "isolatedPosMargin": "0.3",
    "crossUnPnl": "0.05",
    "equity": "2.052",
    "totalCrossMargin": "1.452",
    "version": "9",
    "timestamp": str(MS),
}


def changed(**more: object) -> Row:
    row = position("XBTUSDTM", 5, 60000.0, 61000.0, **{"changeReason": "positionChange", **more})
    return frame("/contract/positionAll", "position.change", row)


# Public


def test_a_mark_with_its_index() -> None:
    data = {"markPrice": 90445.02, "indexPrice": 90440.5, "granularity": 1000, "timestamp": MS}
    found = decoded(frame("/contract/instrument:XBTUSDTM", "mark.index.price", data), None)
    assert found.kind is FrameKind.DATA
    assert (found.name, found.stream, found.venue_time) == ("mark.index.price", "/contract/instrument:XBTUSDTM", T0)
    assert found.events == (Tick(VENUE, "XBTUSDTM", 90445.02, T0, NOW, 90440.5),)


def test_a_rate_of_funding_without_its_time_is_known_and_says_nothing() -> None:
    found = decoded(
        frame("/contract/instrument:XBTUSDTM", "funding.rate", {"granularity": 60000, "fundingRate": 1e-05})
    )
    assert (found.kind, found.events) == (FrameKind.DATA, ())


@pytest.mark.parametrize("price", ["nan", "-1", 0, "", None, "inf", "1_0"])
def test_a_mark_that_is_no_price_is_none(price: object) -> None:
    found = decoded(frame("/contract/instrument:XBTUSDTM", "mark.index.price", {"markPrice": price, "timestamp": MS}))
    assert found.kind is FrameKind.MALFORMED
    assert found.events == ()


def test_margin_marks_in_dollars_are_prices_and_those_in_btc_need_another_one() -> None:
    data = {"symbol": "DOGE-USDT", "granularity": 1000, "value": 0.09, "timestamp": MS}
    in_dollars = frame("/indicator/markPrice:DOGE-USDT", "tick", data)
    assert decoded(in_dollars, None).events == (AssetTick(VENUE, "DOGE", 0.09, T0, NOW),)
    in_btc = frame("/indicator/markPrice:ETH-BTC", "tick", {**data, "symbol": "ETH-BTC", "value": 0.03})
    found = decoded(in_btc, None)
    assert (found.kind, found.events) == (FrameKind.DATA, ())
    assert margin_mark(raw(in_btc)) == MarginMark("ETH-BTC", 0.03, T0)
    assert margin_mark(raw(changed())) is None
    assert margin_mark(b"nonsense") is None


# What was said


def test_answers_to_what_we_said() -> None:
    assert decoded({"id": "7", "type": "ack"}).request_id == "7"
    assert decoded({"id": "7", "type": "ack"}).kind is FrameKind.ACKNOWLEDGED
    assert decoded({"id": "8", "result": True}).kind is FrameKind.ACKNOWLEDGED
    assert decoded({"id": "8", "result": False, "msg": "no"}).kind is FrameKind.REFUSED
    assert decoded({"id": "x", "type": "welcome"}).kind is FrameKind.IGNORED
    assert decoded({"id": "x", "type": "pong"}).kind is FrameKind.IGNORED
    assert decoded({"id": "x", "type": "something new"}).kind is FrameKind.UNRECOGNISED


def test_a_refusal_shows_its_code_and_no_token() -> None:
    token = "2neAiuYvAU61ZDXANAGAsiL4-iAExhsBXZxftpOeh_55i3Ysy2q2LEsEWU64mdzUOPusi34M"
    found = decoded({"id": "3", "type": "error", "code": 401, "data": f"token {token} is invalid"})
    assert (found.kind, found.request_id) == (FrameKind.REFUSED, "3")
    assert found.why == "token *** is invalid (code 401)"


# Positions


def test_a_whole_position_replaces_what_was_known() -> None:
    (event,) = decoded(changed()).events
    assert isinstance(event, PositionChanged)
    assert (event.side, event.quantity, event.margin_mode) == (None, 5.0, MarginMode.CROSS)
    assert event.row is not None
    assert event.row.contracts == 5.0
    assert event.venue_time == T0


@pytest.mark.parametrize("topic", ["/contract/position:XBTUSDTM", "/contract/positionAll"])
def test_a_partial_frame_tells_a_mark_and_nothing_of_what_is_held(topic: str) -> None:
    """Merged, never a replacement: what it leaves out stays as it was, and its symbol may stand in the topic alone."""
    data = {
        "markPrice": 61000.5,
        "markValue": 305.0,
        "maintMargin": 1.0,
        "currentTimestamp": MS,
        "settleCurrency": "USDT",
    }
    found = decoded(frame(topic, "position.change", data))
    assert found.kind is FrameKind.DATA
    assert found.problems == ()
    expected = (Tick(VENUE, "XBTUSDTM", 61000.5, T0, NOW),) if ":" in topic else ()
    assert found.events == expected
    assert found.name not in HINTS


def test_a_closed_position_is_told_as_nothing_held() -> None:
    (event,) = decoded(changed(currentQty=0, avgEntryPrice=0, isOpen=False)).events
    assert isinstance(event, PositionChanged)
    assert (event.quantity, event.row) == (0.0, None)


@pytest.mark.parametrize(("lots", "side"), [(3, "LONG"), (-3, "SHORT"), (3, "SHORT")])
def test_the_legs_of_a_hedge_are_signed_by_their_side(lots: int, side: str) -> None:
    (event,) = decoded(changed(currentQty=lots, positionSide=side)).events
    assert isinstance(event, PositionChanged)
    assert event.side is Side[side]
    assert event.quantity == (3.0 if side == "LONG" else -3.0)


def test_a_long_leg_with_less_than_nothing_is_no_position() -> None:
    found = decoded(changed(currentQty=-3, positionSide="LONG"))
    assert found.kind is FrameKind.MALFORMED
    assert "contradict" in found.why


@pytest.mark.parametrize(
    ("reason", "kind"), [("liquidation", WarningKind.LIQUIDATION), ("adl", WarningKind.ADL)], ids=["liquidation", "adl"]
)
def test_the_venues_own_hand_is_a_warning(reason: str, kind: WarningKind) -> None:
    event, warning = decoded(changed(changeReason=reason)).events
    assert isinstance(event, PositionChanged)
    assert isinstance(warning, VenueWarning)
    assert (warning.kind, warning.symbol, warning.side) == (kind, "XBTUSDTM", Side.LONG)


def test_another_risk_level_is_a_reason_to_read_again() -> None:
    found = decoded(
        frame("/contract/position:XBTUSDTM", "position.adjustRiskLimit", {"success": True, "riskLimitLevel": 3})
    )
    (event,) = found.events
    assert isinstance(event, ConfigChanged)
    assert event.symbol == "XBTUSDTM"
    assert found.name in HINTS


# Wallets and settings


def test_a_wallet_is_told_whole_as_bitcoin_and_again_under_the_same_version() -> None:
    frames = [WALLET, {**WALLET, "availableBalance": "1.4"}]
    for number, data in enumerate(frames):
        (event,) = decoded(frame("/contractAccount/wallet", "walletBalance.change", data)).events
        assert isinstance(event, BalanceChanged)
        assert event.row is not None
        assert (event.asset, event.wallet) == ("BTC", 2.002)
        assert event.cross_wallet == pytest.approx(2.002 - 0.1 - 0.2 - 0.3)
        assert event.row.available == (1.5, 1.4)[number]


@pytest.mark.parametrize("missing", ["walletBalance", "isolatedPosMargin", "isolatedOrderMargin", "holdBalance"])
def test_a_wallet_that_does_not_say_what_is_taken_from_it_is_no_wallet(missing: str) -> None:
    for nothing in ("", None, "none"):
        found = decoded(frame("/contractAccount/wallet", "walletBalance.change", {**WALLET, missing: nothing}))
        assert found.kind is FrameKind.MALFORMED


def test_older_words_of_a_wallet_only_say_that_it_changed() -> None:
    data = {"availableBalance": 5923, "holdBalance": 2312, "currency": "USDT", "timestamp": MS}
    found = decoded(frame("/contractAccount/wallet", "availableBalance.change", data))
    assert (found.kind, found.events) == (FrameKind.DATA, ())
    assert found.name in HINTS


def test_settings_of_symbols() -> None:
    (leverage,) = decoded(frame("/contract/crossLeverage", "user.config", {"ETHUSDTM": {"leverage": "8"}})).events
    (mode,) = decoded(frame("/contract/marginMode", "user.config", {"ETHUSDTM": "ISOLATED"})).events
    assert isinstance(leverage, ConfigChanged)
    assert (leverage.symbol, leverage.leverage) == ("ETHUSDTM", 8.0)
    assert isinstance(mode, ConfigChanged)
    assert (mode.symbol, mode.leverage) == ("ETHUSDTM", None)


def test_an_order_that_is_gone_is_taken_off_and_one_that_rests_is_read_again() -> None:
    data = {"symbol": "XBTUSDTM", "orderId": "1", "status": "done", "remainSize": "0", "ts": MS * 1_000_000}
    (event,) = decoded(frame("/contractMarket/tradeOrders", "orderChange", data)).events
    assert isinstance(event, OrderChanged)
    assert (event.order.id, event.order.quantity, event.venue_time) == ("1", 0.0, T0)
    resting = frame(
        "/contractMarket/tradeOrders:XBTUSDTM", "symbolOrderChange", {**data, "status": "open", "remainSize": "3"}
    )
    found = decoded(resting)
    assert (found.kind, found.events) == (FrameKind.DATA, ())
    assert found.name in HINTS


# Spot margin


def test_debts_that_are_pushed_are_read_again() -> None:
    data = {"debtRatio": 0.42, "totalAsset": 1.5, "totalDebt": "0.63", "debtList": {"ETH": "3.5"}, "timestamp": MS}
    found = decoded(frame("/margin/position", "debt.ratio", data))
    assert (found.kind, found.events) == (FrameKind.DATA, ())
    assert found.name in HINTS


@pytest.mark.parametrize(
    ("topic", "subject", "data", "pair"),
    [
        ("/margin/position", "position.status", {"type": "FROZEN_FL", "timestamp": MS}, None),
        ("/margin/position", "debt.ratio", {"type": "FROZEN_FL", "timestamp": MS}, None),
        (
            "/margin/isolatedPosition:ETH-USDT",
            "positionChange",
            {"tag": "ETH-USDT", "status": "IN_LIQUIDATION", "statusBizType": "FORCE_LIQUIDATION", "timestamp": MS},
            "ETH-USDT",
        ),
    ],
)
def test_loans_that_are_liquidated_are_a_warning(topic: str, subject: str, data: Row, pair: str | None) -> None:
    (event,) = decoded(frame(topic, subject, data)).events
    assert isinstance(event, VenueWarning)
    assert (event.kind, event.symbol) == (WarningKind.LIQUIDATION, pair)


# The unified account


def test_a_pushed_position_of_the_unified_account() -> None:
    data = {
        "U": MS * 1_000_000, "q": "-1", "s": "TRUMPUSDTM", "eP": "4.786", "iM": "0.4786", "lP": "9.395059599",
        "mM": "ISOLATED", "mP": "4.243", "mmr": "0.012", "mtM": "0.0053461800", "uPL": "0.0543",
    }  # fmt: skip
    found = decoded({"P": MS * 1_000_000, "T": "positionAll.FUTURES", "d": data})
    (event,) = found.events
    assert isinstance(event, PositionChanged)
    assert (event.quantity, event.margin_mode, event.venue_time) == (-1.0, MarginMode.ISOLATED, T0)
    assert event.row is not None
    assert event.row.maintenance_rate == 0.012
    assert (found.name, found.stream) == ("positionAll", "positionAll.FUTURES")


@pytest.mark.parametrize(
    ("left", "happened", "gone"),
    [("0", "FILL", True), ("3", "CANCELED", True), ("3", "FILL", False), ("5", "NEW", False)],
)
def test_orders_of_the_unified_account_are_taken_off_when_they_are_gone(left: str, happened: str, gone: bool) -> None:
    data = {"oi": "1", "s": "XBTUSDTM", "rS": left, "eT": happened, "U": MS * 1_000_000}
    found = decoded({"P": MS * 1_000_000, "T": "orderAll.UNIFIED", "d": data})
    assert found.kind is FrameKind.DATA
    assert [event.order.quantity for event in found.events if isinstance(event, OrderChanged)] == (
        [0.0] if gone else []
    )
    assert found.name in HINTS


def test_the_liquidation_warning_of_the_unified_account() -> None:
    data = {"eT": "MARGIN_CALL", "r": "0.9378", "mM": "5284.80", "U": MS * 1_000_000}
    found = decoded({"T": "lw.FUTURES", "P": MS * 1_000_000, "d": data})
    (event,) = found.events
    assert isinstance(event, VenueWarning)
    assert event.kind is WarningKind.MARGIN_CALL
    assert event.detail == "margin call of the account at a risk ratio of 93.78%"
    assert found.name in HINTS


def test_what_nobody_has_heard_of_is_counted_and_breaks_nothing() -> None:
    for text in (
        frame("/contract/somethingNew:X", "some.thing", {}),
        frame("/contract/positionAll", "position.unheardOf", {}),
        {"T": "surprise.FUTURES", "P": MS, "d": {}},
    ):
        assert decoded(text).kind is FrameKind.UNRECOGNISED
    assert decoded(frame("/contractMarket/level2:XBTUSDTM", "level2", {})).kind is FrameKind.IGNORED
    assert decoded(changed(), None).kind is FrameKind.UNRECOGNISED
    for broken in (b"", b"\xff\xfe", b"[1]", b"null", b"{", b'{"topic": 5}', b"[" * 5000):
        assert decoded(broken).kind in (FrameKind.MALFORMED, FrameKind.UNRECOGNISED)


def test_nothing_of_a_private_row_is_in_a_problem() -> None:
    found = decoded(changed(currentQty="secret-quantity"))
    assert found.kind is FrameKind.MALFORMED
    assert all("secret" not in one.text + one.why for one in found.problems)
    assert found.problems[0].text == ""


def test_the_account_is_whose_stream_it_came_on() -> None:
    (event,) = decoded(changed()).events
    assert isinstance(event, PositionChanged)
    assert event.account == ACCOUNT
