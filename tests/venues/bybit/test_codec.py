"""Frames of Bybit's sockets, each a situation."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.accounts import Order
from monitor.domain.events import (
    AssetTick,
    BalanceCause,
    BalanceChanged,
    CashFlow,
    OptionMarks,
    OrderChanged,
    PositionChanged,
    Tick,
    VenueWarning,
    WarningKind,
)
from monitor.domain.frames import FrameKind
from monitor.domain.lines import NEVER, State
from monitor.domain.names import Side
from monitor.venues.bybit.codec import decode
from monitor.venues.bybit.tickers import Memory
from tests.venues.bybit.support import NOW, T0, coin, decoded, frame, order, position


def ticker(symbol: str, kind: str = "snapshot", **data: object) -> bytes:
    return frame({"topic": f"tickers.{symbol}", "type": kind, "data": {"symbol": symbol} | data, "ts": T0 * 1000})


def pushed(topic: str, *rows: object) -> bytes:
    return frame({"id": "1", "topic": topic, "creationTime": T0 * 1000, "data": list(rows)})


def row(symbol: str, quantity: float, category: str = "linear", **more: Any) -> dict[str, Any]:
    """A position's row as it is pushed: the entry has another name there."""
    made = position(symbol, quantity, "0", "100", **more)
    return made | {"entryPrice": more.get("entryPrice", "90"), "category": category}


def test_a_snapshot_of_a_contract_is_a_tick() -> None:
    found = decoded(
        ticker(
            "BTCUSDT", markPrice="100000.5", indexPrice="100010", fundingRate="-0.0001", nextFundingTime="17900288e5"
        ),
        None,
    )
    assert found.kind is FrameKind.DATA
    assert found.stream == "tickers.BTCUSDT"
    assert found.events == (Tick("bybit", "BTCUSDT", 100000.5, T0, NOW, 100010.0, -0.0001, 1790028800.0),)


def test_a_delta_with_the_mark_alone_is_a_tick_without_the_rest() -> None:
    found = decoded(ticker("BTCUSDT", "delta", markPrice="100001"), None)
    assert found.events == (Tick("bybit", "BTCUSDT", 100001.0, T0, NOW),)


def test_a_connection_remembers_of_funding_and_index_what_deltas_leave_out() -> None:
    memory = Memory()

    def hear(raw: bytes) -> tuple[object, ...]:
        return decode(raw, venue="bybit", account=None, received=NOW, memory=memory).events

    hear(ticker("BTCUSDT", markPrice="1", indexPrice="2", fundingRate="0.0001", nextFundingTime="1790028800000"))
    assert hear(ticker("BTCUSDT", "delta", fundingRate="0.0002")) == ()
    assert hear(ticker("BTCUSDT", "delta", markPrice="3")) == (
        Tick("bybit", "BTCUSDT", 3.0, T0, NOW, 2.0, 0.0002, 1790028800.0),
    )
    assert hear(ticker("ETHUSDT", "delta", markPrice="3", fundingRate="0.1")) == (
        Tick("bybit", "ETHUSDT", 3.0, T0, NOW),
    )
    # A dated contract pays none, and says so.
    hear(ticker("BTCUSDU26", markPrice="1", fundingRate="", nextFundingTime=""))
    assert hear(ticker("BTCUSDU26", "delta", markPrice="3")) == (Tick("bybit", "BTCUSDU26", 3.0, T0, NOW),)


@pytest.mark.parametrize("data", [{}, {"lastPrice": "3"}, {"indexPrice": "100010"}, {"fundingRate": "0.0001"}])
def test_a_delta_without_a_mark_says_nothing_and_counts_as_data(data: dict[str, str]) -> None:
    found = decoded(ticker("BTCUSDT", "delta", **data), None)
    assert (found.kind, found.events) == (FrameKind.DATA, ())


@pytest.mark.parametrize("mark", ["", "0", "-1", "nan", "inf", "1_0", "none"])
def test_a_mark_that_is_no_price_is_a_bad_frame_and_no_tick(mark: str) -> None:
    found = decoded(ticker("BTCUSDT", markPrice=mark), None)
    assert (found.kind, found.events) == (FrameKind.MALFORMED, ())
    assert found.why == "markPrice is not above zero"


def test_a_spot_ticker_is_the_coins_price_in_usd() -> None:
    found = decoded(ticker("ETHUSDT", lastPrice="4000", usdIndexPrice="4001.5"), None)
    assert found.events == (AssetTick("bybit", "ETH", 4001.5, T0, NOW),)


@pytest.mark.parametrize(("symbol", "price"), [("ETHUSDT", ""), ("ETHBTC", "4000"), ("ETHUSDT", "0")])
def test_a_spot_ticker_without_an_index_or_against_another_coin_says_nothing(symbol: str, price: str) -> None:
    found = decoded(ticker(symbol, usdIndexPrice=price), None)
    assert (found.kind, found.events) == (FrameKind.DATA, ())


def test_an_options_ticker_is_a_tick_and_what_it_is_priced_with() -> None:
    name = "BTC-25SEP26-80000-C-USDT"
    found = decoded(
        ticker(name, markPrice="7.87", indexPrice="16823.73", markPriceIv="0.4896", underlyingPrice="16815.1"), None
    )
    assert found.events == (
        Tick("bybit", name, 7.87, T0, NOW, 16823.73),
        OptionMarks("bybit", (name,), (0.4896,), (16815.1,), NOW, (16823.73,)),
    )


def test_a_position_is_shown_whole() -> None:
    (event,) = decoded(pushed("position", row("BTCUSDT", 0.5, liqPrice="80", positionMM="1.5", leverage="20"))).events
    assert isinstance(event, PositionChanged)
    assert (event.side, event.quantity, event.entry_price) == (None, 0.5, 90.0)
    assert event.venue_time == T0 - 60
    assert event.row is not None
    assert event.row.venue.liquidation.price == 80.0
    assert event.row.venue.maintenance_margin == 1.5
    assert event.row.leverage == 20.0


def test_both_legs_of_a_hedge_are_told_apart_and_an_empty_one_is_closed() -> None:
    legs = (
        row("BTCUSDT", 0.5, positionIdx=1),
        row("BTCUSDT", -0.2, positionIdx=2),
        row("ETHUSDT", 0.0, positionIdx=2, liqPrice="0", positionIM=""),
    )
    events = [event for event in decoded(pushed("position", *legs)).events if isinstance(event, PositionChanged)]
    assert [(event.symbol, event.side, event.quantity) for event in events] == [
        ("BTCUSDT", Side.LONG, 0.5),
        ("BTCUSDT", Side.SHORT, -0.2),
        ("ETHUSDT", Side.SHORT, 0.0),
    ]
    assert [event.row is None for event in events] == [False, False, True]


LIQUIDATION_PRICES: dict[str, tuple[dict[str, Any], State, float | None]] = {
    "a price": ({"liqPrice": "80.5"}, State.AT, 80.5),
    "empty: outside of the prices that it may have": ({"liqPrice": ""}, State.NEVER, None),
    "empty in portfolio margin": ({"liqPrice": "", "leverage": "", "riskId": 0}, State.UNKNOWN, None),
    "empty in portfolio margin, by its risk id": ({"liqPrice": "", "riskId": 0}, State.UNKNOWN, None),
    "zero beside a position": ({"liqPrice": "0"}, State.UNKNOWN, None),
    "null": ({"liqPrice": None}, State.UNKNOWN, None),
    "no number": ({"liqPrice": "abc"}, State.UNKNOWN, None),
}


@pytest.mark.parametrize("name", LIQUIDATION_PRICES)
def test_what_the_venue_writes_for_no_liquidation_price(name: str) -> None:
    more, state, price = LIQUIDATION_PRICES[name]
    (event,) = decoded(pushed("position", row("BTCUSDT", 0.5) | more)).events
    assert isinstance(event, PositionChanged)
    assert event.row is not None
    assert (event.row.venue.liquidation.state, event.row.venue.liquidation.price) == (state, price)
    if state is State.NEVER:
        assert event.row.venue.liquidation == NEVER


@pytest.mark.parametrize(("text", "margin"), [("", None), ("0", 0.0), ("1.5", 1.5), (None, None)])
def test_an_empty_margin_is_unknown_and_a_zero_is_zero(text: str | None, margin: float | None) -> None:
    (event,) = decoded(pushed("position", row("BTCUSDT", 0.5, positionMM=text))).events
    assert isinstance(event, PositionChanged)
    assert event.row is not None
    assert event.row.venue.maintenance_margin == margin


def test_profit_of_a_usdc_contract_counts_from_its_session() -> None:
    rows = (
        row("BTCPERP", 0.5, sessionAvgPrice="95", entryPrice="90"),
        row("BTCUSDT", 0.5, sessionAvgPrice="95", entryPrice="90"),
    )
    events = [event for event in decoded(pushed("position", *rows)).events if isinstance(event, PositionChanged)]
    assert [(event.margin_asset, event.entry_price) for event in events] == [("USDC", 95.0), ("USDT", 90.0)]


BAD_POSITIONS: dict[str, dict[str, Any]] = {
    "no size": {"size": ""},
    "a size below zero": {"size": "-1"},
    "a size without a side": {"side": ""},
    "a side that contradicts its leg": {"positionIdx": 2},
    "a leg that there is not": {"positionIdx": 3},
    "no symbol": {"symbol": ""},
    "no category": {"category": None},
}


@pytest.mark.parametrize("name", BAD_POSITIONS)
def test_one_bad_row_costs_that_row(name: str) -> None:
    found = decoded(pushed("position", row("BTCUSDT", 0.5) | BAD_POSITIONS[name], row("ETHUSDT", -1.0)))
    assert found.kind is FrameKind.DATA
    assert [event.symbol for event in found.events if isinstance(event, PositionChanged)] == ["ETHUSDT"]
    assert [problem.row for problem in found.problems] == ["position row 0"]
    assert found.problems[0].text == ""  # nothing of an account's own row is kept


def test_a_frame_of_bad_rows_alone_is_malformed() -> None:
    found = decoded(pushed("position", {"symbol": "BTCUSDT"}))
    assert (found.kind, found.events) == (FrameKind.MALFORMED, ())
    assert found.why == "nothing tells linear from inverse"


def test_a_position_that_the_venue_takes_over_is_a_warning() -> None:
    found = decoded(pushed("position", row("BTCUSDT", 0.5, positionStatus="Liq")))
    (warning,) = [event for event in found.events if isinstance(event, VenueWarning)]
    assert (warning.kind, warning.side) == (WarningKind.LIQUIDATION, Side.LONG)
    assert warning.detail == "liquidation: the venue is taking over BTCUSDT long"


def test_a_category_in_the_topic_serves_rows_without_one() -> None:
    found = decoded(pushed("position.inverse", row("BTCUSD", 100.0) | {"category": None}))
    (event,) = [event for event in found.events if isinstance(event, PositionChanged)]
    assert event.margin_asset == "BTC"


def test_a_wallet_tells_what_is_held_what_is_owed_and_how_it_counts() -> None:
    coins = (
        coin("USDT", "1200", spotBorrow="200", equity="1010", unrealisedPnl="10", usdValue="1009", borrowAmount="200"),
        coin("EOS3L", "215", marginCollateral=False, collateralSwitch=False),
        coin("BTC", "1", collateralSwitch=False),
        coin("ETH", "2") | {"marginCollateral": None},
    )
    found = decoded(frame({"topic": "wallet", "creationTime": T0 * 1000, "data": [{"coin": list(coins)}]}))
    events = [event for event in found.events if isinstance(event, BalanceChanged)]
    assert [(event.asset, event.wallet, event.cross_wallet) for event in events[:1]] == [("USDT", 1200.0, 1000.0)]
    rows = [event.row for event in events if event.row is not None]
    assert [one.collateral for one in rows] == [True, False, False, None]
    assert rows[0].borrowed == 200.0
    assert rows[0].option_value == 0.0
    assert rows[0].price_usd == pytest.approx(1009 / 1010)
    assert rows[0].update_time == T0


def test_an_older_wallet_is_net_of_what_is_borrowed() -> None:
    older = {name: value for name, value in coin("ETH", "-0.5").items() if name != "spotBorrow"}
    found = decoded(frame({"topic": "wallet", "creationTime": T0 * 1000, "data": [{"coin": [older]}]}))
    (event,) = [event for event in found.events if isinstance(event, BalanceChanged)]
    assert event.cross_wallet == -0.5


ORDERS: dict[str, tuple[dict[str, Any], Order]] = {
    "a bid": ({}, Order(id="a", symbol="BTCUSDT", quantity=2.0, price=90.0, update_time=T0 - 30)),
    "partly filled": (
        {"leavesQty": "0.5", "orderStatus": "PartiallyFilled"},
        Order(id="a", symbol="BTCUSDT", quantity=0.5, price=90.0, update_time=T0 - 30),
    ),
    "an ask of a long leg that only reduces": (
        {"side": "Sell", "positionIdx": 1, "reduceOnly": True},
        Order(
            id="a",
            symbol="BTCUSDT",
            quantity=-2.0,
            price=90.0,
            side=Side.LONG,
            reduce_only=True,
            update_time=T0 - 30,
        ),
    ),
    "waiting for its trigger": (
        {"orderStatus": "Untriggered", "leavesQty": ""},
        Order(id="a", symbol="BTCUSDT", quantity=2.0, price=None, update_time=T0 - 30),
    ),
    "cancelled": (
        {"orderStatus": "Cancelled", "leavesQty": "0"},
        Order(id="a", symbol="BTCUSDT", quantity=0.0, price=90.0, update_time=T0 - 30),
    ),
    "cancelled, with what was left of it": (
        {"orderStatus": "Cancelled", "leavesQty": "2"},
        Order(id="a", symbol="BTCUSDT", quantity=0.0, price=90.0, update_time=T0 - 30),
    ),
}


@pytest.mark.parametrize("name", ORDERS)
def test_an_order(name: str) -> None:
    more, expected = ORDERS[name]
    (event,) = decoded(pushed("order", order("a", "BTCUSDT", 2.0, "90", category="linear") | more)).events
    assert isinstance(event, OrderChanged)
    assert event.order == expected
    assert event.venue_time == T0 - 30


def test_orders_of_the_spot_are_no_orders_of_ours_though_their_names_are_those_of_contracts() -> None:
    found = decoded(pushed("order", order("a", "BTCUSDT", 2.0, "90", category="spot")))
    assert (found.kind, found.events, found.problems) == (FrameKind.DATA, (), ())


def test_orders_that_the_venue_cancelled_before_liquidation_are_a_warning() -> None:
    cancelled = order("a", "BTCUSDT", 2.0, "90", category="linear", orderStatus="Cancelled")
    found = decoded(pushed("order", cancelled | {"cancelType": "CancelAllBeforeLiq"}))
    (warning,) = [event for event in found.events if isinstance(event, VenueWarning)]
    assert warning.detail == "all orders were cancelled before liquidation"


def fill(**more: Any) -> dict[str, Any]:
    return {
        "category": "linear",
        "symbol": "BTCUSDT",
        "side": "Sell",
        "execType": "Trade",
        "execFee": "2.5",
        "execPnl": "10",
        "execPrice": "100",
        "execQty": "0.5",
        "execValue": "50",
        "execTime": str(int(T0 * 1000) - 100),
        "orderId": "secret-number",
        "execId": "another",
    } | more


FILLS: dict[str, tuple[dict[str, Any], list[tuple[str, float, BalanceCause]]]] = {
    "a fill that closes": (
        {},
        [("USDT", 10.0, BalanceCause.TRADE), ("USDT", -2.5, BalanceCause.TRADE)],
    ),
    "a rebate": ({"execPnl": "", "execFee": "-1"}, [("USDT", 1.0, BalanceCause.TRADE)]),
    "funding": ({"execType": "Funding", "execPnl": "0"}, [("USDT", -2.5, BalanceCause.FUNDING)]),
    "a takeover": (
        {"execType": "BustTrade", "execFee": "0", "execPnl": "-70"},
        [("USDT", -70.0, BalanceCause.LIQUIDATION)],
    ),
    "an inverse fill": (
        {"category": "inverse", "symbol": "BTCUSDZ26", "execPnl": "0.01", "execFee": "0.001"},
        [("BTC", 0.01, BalanceCause.TRADE), ("BTC", -0.001, BalanceCause.TRADE)],
    ),
    "bought on the spot": (
        {"category": "spot", "side": "Buy", "execPnl": "", "execFee": "0.0005", "feeCurrency": "BTC"},
        [("BTC", 0.5, BalanceCause.TRADE), ("USDT", -50.0, BalanceCause.TRADE), ("BTC", -0.0005, BalanceCause.TRADE)],
    ),
    "sold on the spot": (
        {"category": "spot", "execPnl": "", "execFee": "0.05"},
        [("BTC", -0.5, BalanceCause.TRADE), ("USDT", 50.0, BalanceCause.TRADE), ("USDT", -0.05, BalanceCause.TRADE)],
    ),
}


@pytest.mark.parametrize("name", FILLS)
def test_what_an_execution_moved(name: str) -> None:
    more, expected = FILLS[name]
    events = decoded(pushed("execution", fill(**more))).events
    flows = [event for event in events if isinstance(event, CashFlow)]
    assert [(flow.asset, flow.amount, flow.cause) for flow in flows] == expected
    assert all(flow.venue_time == T0 - 0.1 and flow.id == "" for flow in flows)


@pytest.mark.parametrize(
    "topic", ["greeks", "dcp.future", "orderbook.50.BTCUSDT", "publicTrade.BTCUSDT", "adlAlert.USDT"]
)
def test_known_topics_that_say_nothing_of_risk_are_ignored(topic: str) -> None:
    found = decoded(pushed(topic, {"baseCoin": "ETH"}))
    assert (found.kind, found.events) == (FrameKind.IGNORED, ())


@pytest.mark.parametrize("topic", ["instrument_info.100ms.BTCUSD", "liquidation.BTCUSDT", "something.new"])
def test_retired_and_unknown_topics_are_unrecognised(topic: str) -> None:
    assert decoded(pushed(topic, {})).kind is FrameKind.UNRECOGNISED


def test_an_accounts_event_on_a_public_socket_is_unrecognised() -> None:
    found = decoded(pushed("position", row("BTCUSDT", 0.5)), None)
    assert (found.kind, found.events) == (FrameKind.UNRECOGNISED, ())


ANSWERS: dict[str, tuple[object, FrameKind, object]] = {
    "login": (
        {"op": "auth", "success": True, "ret_msg": "", "conn_id": "c", "req_id": "7"},
        FrameKind.ACKNOWLEDGED,
        "auth",
    ),
    "login, with a code": ({"op": "auth", "retCode": 0, "retMsg": "OK", "connId": "c"}, FrameKind.ACKNOWLEDGED, "auth"),
    "login refused": (
        {"op": "auth", "success": False, "retCode": 10003, "retMsg": "Invalid apikey"},
        FrameKind.REFUSED,
        "auth",
    ),
    "login refused by its code": ({"op": "auth", "retCode": 10004, "retMsg": "sign"}, FrameKind.REFUSED, "auth"),
    "subscribed": ({"op": "subscribe", "success": True, "ret_msg": "", "req_id": "12"}, FrameKind.ACKNOWLEDGED, "12"),
    "refused": ({"op": "subscribe", "success": False, "ret_msg": "no", "req_id": "12"}, FrameKind.REFUSED, "12"),
    "refused without a number": ({"op": "subscribe", "success": False, "ret_msg": "no"}, FrameKind.REFUSED, None),
    "an option's topics": (
        {
            "success": True,
            "data": {"failTopics": [], "successTopics": ["tickers.A", "tickers.B"]},
            "type": "COMMAND_RESP",
        },
        FrameKind.ACKNOWLEDGED,
        "tickers.A,tickers.B",
    ),
    "an option's topic refused": (
        {"success": True, "data": {"failTopics": ["tickers.A"], "successTopics": []}, "type": "COMMAND_RESP"},
        FrameKind.REFUSED,
        "tickers.A",
    ),
    "pong of contracts and spot": (
        {"success": True, "ret_msg": "pong", "op": "ping", "req_id": ""},
        FrameKind.IGNORED,
        None,
    ),
    "pong of options and accounts": ({"op": "pong", "args": ["1"], "conn_id": "c"}, FrameKind.IGNORED, None),
    "something else": ({"op": "hello"}, FrameKind.UNRECOGNISED, None),
    "nothing": ({}, FrameKind.UNRECOGNISED, None),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_to_what_we_say(name: str) -> None:
    body, kind, number = ANSWERS[name]
    found = decoded(frame(body), None)
    assert (found.kind, found.request_id) == (kind, number)


def test_a_refusal_never_repeats_a_key() -> None:
    said = "error: apikey=AbCdEf0123456789XyZ is expired"
    found = decoded(frame({"op": "auth", "success": False, "retCode": 33004, "ret_msg": said}), None)
    assert found.why == "error: apikey=*** is expired (code 33004)"


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe", b'{"topic":7}', b"[" * 5000])
def test_what_is_no_frame_is_malformed_with_a_reason(raw: bytes) -> None:
    found = decoded(raw)
    assert found.kind is FrameKind.MALFORMED
    assert found.why


def test_complaint_18_ten_thousand_frames_in_a_row_end_in_the_last_state() -> None:
    frames = [ticker("BTCUSDT", "delta", markPrice=str(100 + number)) for number in range(10_000)]
    events = [event for raw in frames for event in decoded(raw, None).events]
    assert len(events) == 10_000
    assert isinstance(events[-1], Tick)
    assert events[-1].mark == 10_099.0


BAD_ORDERS: dict[str, dict[str, Any]] = {
    "a leg that there is not": {"positionIdx": 7},
    "no size": {"leavesQty": ""},
    "a size below zero": {"leavesQty": "-1"},
    "no side": {"side": ""},
    "no number": {"orderId": ""},
}


@pytest.mark.parametrize("name", BAD_ORDERS)
def test_an_order_that_cannot_be_read_costs_itself(name: str) -> None:
    rows = [order("a", "BTCUSDT", 2.0, "90", category="linear") | one for one in (BAD_ORDERS[name], {})]
    found = decoded(pushed("order", *rows))
    assert len(found.events) == len(found.problems) == 1


def test_a_ticker_with_its_fields_in_another_order_is_read_all_the_same() -> None:
    data = {"symbol": "BTCUSDT", "markPrice": "5"}
    found = decoded(frame({"ts": T0 * 1000, "data": data, "topic": "tickers.BTCUSDT"}), None)
    assert found.events == (Tick("bybit", "BTCUSDT", 5.0, T0, NOW),)
