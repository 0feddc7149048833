"""Frames of spot margin and portfolio margin: what they change, what they warn of, what they only hint at."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.accounts import MarginMode
from monitor.domain.events import (
    BalanceCause,
    BalanceChanged,
    CashFlow,
    ConfigChanged,
    PositionChanged,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import Side
from monitor.venues.binance import codec as futures
from monitor.venues.binance import endpoints
from monitor.venues.binance.loans import codec as loans
from monitor.venues.binance.loans import endpoints as loans_endpoints
from monitor.venues.binance.portfolio import codec as portfolio
from monitor.venues.binance.portfolio import endpoints as portfolio_endpoints
from tests.venues.binance.support import ACCOUNT, E0, NOW, VENUE, raw

E = 1_790_000_000_000
Frame = dict[str, Any]
Decode = Callable[..., Decoded]

POSITION: Frame = {
    "e": "MARGIN_LEVEL_STATUS_CHANGE",
    "E": E,
    "l": "1.25",
    "s": "MARGIN_CALL",
}
LIABILITY: Frame = {"e": "USER_LIABILITY_CHANGE", "E": E, "a": "BTC", "t": "BORROW", "p": "0.5", "i": "0.0001"}
BALANCES: Frame = {
    "e": "outboundAccountPosition", "E": E, "u": E - 5, "U": 1027053479517,
    "B": [{"a": "BTC", "f": "1.5", "l": "0.5"}, {"a": "USDT", "f": "10", "l": "0"}],
}  # fmt: skip
TRANSFER: Frame = {"e": "balanceUpdate", "E": E, "a": "BTC", "d": "100.00000000", "T": E - 1}
ORDER: Frame = {"e": "executionReport", "E": E, "s": "BTCUSDT", "c": "x", "x": "TRADE", "X": "FILLED", "i": 12}
TERMINATED: Frame = {"e": "eventStreamTerminated", "E": E}

ACCOUNT_UPDATE: Frame = {
    "e": "ACCOUNT_UPDATE", "fs": "UM", "E": E, "T": E - 4, "i": "",
    "a": {
        "m": "ORDER",
        "B": [{"a": "USDT", "wb": "122624.12345678", "cw": "100.12345678", "bc": "50.12345678"}],
        "P": [
            {"s": "BTCUSDT", "pa": "20", "ep": "6563.66500", "cr": "0", "up": "2850.21200", "ps": "LONG"},
            {"s": "BTCUSDT", "pa": "0", "ep": "0", "cr": "0", "up": "0", "ps": "SHORT", "bep": "0"},
        ],
    },
}  # fmt: skip
LEVERAGE: Frame = {"e": "ACCOUNT_CONFIG_UPDATE", "fs": "UM", "E": E, "T": E - 1, "ac": {"s": "BTCUSDT", "l": 25}}
RISK: Frame = {
    "e": "riskLevelChange", "E": E, "u": "1.19999999", "s": "REDUCE_ONLY", "eq": "30.2", "ae": "30.2", "m": "15.1",
}  # fmt: skip
OPEN_LOSS: Frame = {"e": "openOrderLoss", "E": E, "O": [{"a": "BUSD", "o": "-0.1232313"}, {"a": "BNB", "o": "-12.1"}]}
DEBT: Frame = {
    "e": "liabilityChange", "E": E, "a": "BTC", "t": "BORROW", "T": 1352286576452864727, "p": "1.03453430", "i": "0",
    "l": "1.03476851",
}  # fmt: skip
PRO: Frame = {
    "e": "PM_PRO_ACCOUNT_UPDATE", "E": E, "u": "5.2", "eq": "1000", "ae": "1100", "im": "10", "mm": "5", "avb": "900",
    "vmw": "800",
}  # fmt: skip
FORCED: Frame = {
    "e": "ORDER_TRADE_UPDATE", "fs": "UM", "E": E, "T": E,
    "o": {"s": "BTCUSDT", "c": "autoclose-1", "S": "SELL", "x": "CALCULATED", "X": "FILLED", "z": "1", "ap": "9910",
          "rp": "-5", "n": "1", "N": "USDT"},
}  # fmt: skip
FILL: Frame = {**FORCED, "o": {**FORCED["o"], "c": "mine", "x": "TRADE"}}


def of(decode: Decode, frame: object) -> Decoded:
    return decode(frame if isinstance(frame, bytes) else raw(frame), venue=VENUE, account=ACCOUNT, received=NOW)


def wrapped(event: Frame) -> Frame:
    """As the socket API wraps what a subscription brings."""
    return {"subscriptionId": 0, "event": event}


class TestSpotMargin:
    @pytest.mark.parametrize("frame", [LIABILITY, BALANCES, TRANSFER], ids=lambda frame: str(frame["e"]))
    @pytest.mark.parametrize("dress", [lambda frame: frame, wrapped], ids=["bare", "wrapped"])
    def test_what_tells_only_half_changes_nothing_and_asks_for_a_reading(
        self, frame: Frame, dress: Callable[[Frame], Frame]
    ) -> None:
        found = of(loans.decode, dress(frame))
        assert (found.kind, found.name, found.events, found.venue_time) == (FrameKind.DATA, frame["e"], (), E0)
        assert found.name in loans.HINTS

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            ("EXCESSIVE", None),
            ("NORMAL", None),
            ("MARGIN_CALL", WarningKind.MARGIN_CALL),
            ("PRE_LIQUIDATION", WarningKind.MARGIN_CALL),
            ("FORCE_LIQUIDATION", WarningKind.LIQUIDATION),
            ("A_WORD_TO_COME", WarningKind.MARGIN_CALL),
            ("", WarningKind.MARGIN_CALL),
        ],
    )
    def test_a_level_that_is_not_calm_warns(self, status: str, kind: WarningKind | None) -> None:
        found = of(loans.decode, {**POSITION, "s": status})
        assert found.kind is FrameKind.DATA
        assert [one.kind for one in found.events if isinstance(one, VenueWarning)] == ([] if kind is None else [kind])

    def test_a_warning_says_the_level(self) -> None:
        (warning,) = of(loans.decode, POSITION).events
        assert isinstance(warning, VenueWarning)
        assert (warning.detail, warning.venue_time) == ("margin level 1.25: MARGIN_CALL", E0)

    @pytest.mark.parametrize("frame", [TERMINATED, wrapped(TERMINATED), {"e": "listenKeyExpired", "E": E}])
    def test_the_end_of_a_token_or_a_key_is_told(self, frame: Frame) -> None:
        assert of(loans.decode, frame).kind is FrameKind.KEY_EXPIRED

    def test_orders_say_nothing(self) -> None:
        assert of(loans.decode, wrapped(ORDER)).kind is FrameKind.IGNORED

    def test_answers_to_requests_are_told_by_their_id(self) -> None:
        said = {"id": "a1", "status": 200, "result": {"subscriptionId": 1, "expirationTime": E}}
        found = of(loans.decode, said)
        assert (found.kind, found.request_id) == (FrameKind.ACKNOWLEDGED, "a1")
        token = "5DbylArkmImhyHkpG6s9tbiFy5uAMTFwzx9vwsFjDv9dC3GkKxSuoTCj0HvcJC0WYi8"
        refused = {"id": "a1", "status": 400, "error": {"code": -1209, "msg": f"Invalid listenToken {token}"}}
        found = of(loans.decode, refused)
        assert (found.kind, found.request_id) == (FrameKind.REFUSED, "a1")
        assert "-1209" in found.why
        assert token not in found.why

    @pytest.mark.parametrize("frame", [{**LIABILITY, "E": "soon"}, {"e": "MARGIN_LEVEL_STATUS_CHANGE"}])
    def test_a_frame_without_its_time_is_malformed(self, frame: Frame) -> None:
        assert of(loans.decode, frame).kind is FrameKind.MALFORMED

    @pytest.mark.parametrize("frame", [ACCOUNT_UPDATE, {"e": "A_KIND_TO_COME", "E": E}], ids=["futures", "new"])
    def test_a_kind_of_another_stream_is_unrecognised(self, frame: Frame) -> None:
        assert of(loans.decode, frame).kind is FrameKind.UNRECOGNISED


class TestPortfolioMargin:
    def test_positions_are_told_whole_and_of_balances_only_that_they_changed(self) -> None:
        found = of(portfolio.decode, ACCOUNT_UPDATE)
        changes = [one for one in found.events if isinstance(one, PositionChanged)]
        assert [(one.side, one.quantity, one.margin_mode, one.venue_time) for one in changes] == [
            (Side.LONG, 20.0, MarginMode.CROSS, E0 - 0.004),
            (Side.SHORT, 0.0, MarginMode.CROSS, E0 - 0.004),
        ]
        assert len(found.events) == 2  # no BalanceChanged: it would be one wallet of three
        assert found.name in portfolio.HINTS

    @pytest.mark.parametrize("side", ["UM", "CM"])
    def test_funding_is_a_flow_of_either_wallet(self, side: str) -> None:
        body = {"m": "FUNDING_FEE", "B": ACCOUNT_UPDATE["a"]["B"], "P": []}
        (flow,) = of(portfolio.decode, {**ACCOUNT_UPDATE, "fs": side, "a": body}).events
        assert isinstance(flow, CashFlow)
        assert (flow.asset, flow.amount, flow.cause) == ("USDT", 50.12345678, BalanceCause.FUNDING)

    @pytest.mark.parametrize("frame", [OPEN_LOSS, DEBT, BALANCES, TRANSFER], ids=lambda frame: str(frame["e"]))
    def test_what_tells_only_half_changes_nothing_and_asks_for_a_reading(self, frame: Frame) -> None:
        found = of(portfolio.decode, frame)
        assert (found.kind, found.events) == (FrameKind.DATA, ())
        assert found.name in portfolio.HINTS

    @pytest.mark.parametrize("name", ["riskLevelChange", "RISK_LEVEL_CHANGE"])
    @pytest.mark.parametrize(
        ("level", "kind"),
        [
            ("NORMAL", None),
            ("MARGIN_CALL", WarningKind.MARGIN_CALL),
            ("REDUCE_ONLY", WarningKind.MARGIN_CALL),
            ("FORCE_LIQUIDATION", WarningKind.LIQUIDATION),
        ],
    )
    def test_a_risk_level_warns_in_either_spelling(self, name: str, level: str, kind: WarningKind | None) -> None:
        found = of(portfolio.decode, {**RISK, "e": name, "s": level})
        assert [one.kind for one in found.events if isinstance(one, VenueWarning)] == ([] if kind is None else [kind])
        assert found.name in portfolio.HINTS

    def test_a_warning_says_the_ratio(self) -> None:
        (warning,) = of(portfolio.decode, RISK).events
        assert isinstance(warning, VenueWarning)
        assert warning.detail == "risk level REDUCE_ONLY at uniMMR 1.2"

    def test_a_leverage_is_told(self) -> None:
        (change,) = of(portfolio.decode, LEVERAGE).events
        assert isinstance(change, ConfigChanged)
        assert (change.symbol, change.leverage) == ("BTCUSDT", 25.0)

    def test_pros_figures_only_show_that_the_stream_lives(self) -> None:
        found = of(portfolio.decode, PRO)
        assert (found.kind, found.venue_time) == (FrameKind.IGNORED, E0)
        assert found.name not in portfolio.HINTS

    def test_a_forced_order_warns_and_a_fill_says_what_it_did_to_the_wallets(self) -> None:
        warning, *flows = of(portfolio.decode, FORCED).events
        assert isinstance(warning, VenueWarning)
        assert warning.kind is WarningKind.LIQUIDATION
        for told, cause in ((flows, BalanceCause.LIQUIDATION), (of(portfolio.decode, FILL).events, BalanceCause.TRADE)):
            assert [(one.asset, one.amount, one.cause) for one in told if isinstance(one, CashFlow)] == [
                ("USDT", -5.0, cause),
                ("USDT", -1.0, cause),
            ]

    def test_the_end_of_a_key_is_told(self) -> None:
        assert of(portfolio.decode, {"e": "listenKeyExpired", "E": E}).kind is FrameKind.KEY_EXPIRED


@pytest.mark.parametrize(
    ("speech", "table"),
    [
        (futures.FUTURES, endpoints),
        (loans.SPEECH, loans_endpoints),
        (portfolio.SPEECH, portfolio_endpoints),
    ],
    ids=["futures", "spot margin", "portfolio margin"],
)
def test_each_event_of_the_tables_has_its_reader(speech: futures.Speech, table: Any) -> None:
    prices = {"markPriceUpdate", "assetIndexUpdate"}
    assert table.UNDERSTOOD.keys() - prices <= set(speech.kinds) | set(speech.expired)
    assert not set(speech.kinds) & set(table.IGNORED)


@pytest.mark.parametrize("decode", [loans.decode, portfolio.decode], ids=["spot margin", "portfolio margin"])
def test_a_frame_of_an_account_on_a_public_stream_is_not_believed(decode: Decode) -> None:
    for frame in (POSITION, RISK):
        found = decode(raw(frame), venue=VENUE, account=None, received=NOW)
        assert (found.kind, found.events) == (FrameKind.UNRECOGNISED, ())


FRAMES = [json.dumps(one).encode() for one in (
    POSITION, LIABILITY, BALANCES, TRANSFER, TERMINATED, ACCOUNT_UPDATE, LEVERAGE, RISK, OPEN_LOSS, DEBT, PRO, FORCED,
    wrapped(BALANCES), wrapped(POSITION),
)]  # fmt: skip
INTRUDERS = [b"null", b'""', b"-1", b'"nan"', b"1e999", b"[]", b"{}", b"true", b"9" * 400]


@given(st.sampled_from(FRAMES), st.integers(0, 400), st.integers(0, 12), st.sampled_from(INTRUDERS), st.booleans())
def test_cut_and_garbled_frames_never_raise(frame: bytes, at: int, length: int, put: bytes, cut: bool) -> None:
    garbled = frame[:at] if cut else frame[:at] + put + frame[at + length :]
    for decode in (loans.decode, portfolio.decode):
        found = of(decode, garbled)
        assert not any(isinstance(one, BalanceChanged) for one in found.events)
        if found.kind is FrameKind.MALFORMED:
            assert found.events == ()
            assert found.why
