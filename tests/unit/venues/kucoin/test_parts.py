"""The pure parts of the session: needs, which socket has which topic, prices out of pairs, refusals, history."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.accounts import Balance, MarginMode, Order, Position, Wallet
from monitor.domain.errors import AuthRejected, ClockSkewed, FeedLost, MalformedAnswer, RateLimited, Refused
from monitor.domain.events import AccountSnapshot, BalanceCause, Event, OrderChanged, PositionChanged
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey, Side
from monitor.venues.kucoin import cash, refusals
from monitor.venues.kucoin.codec import MarginMark
from monitor.venues.kucoin.endpoints import ENDPOINTS, RISK_LIMIT, Pool, file_name
from monitor.venues.kucoin.market import Shelves
from monitor.venues.kucoin.needs import Needs, of_events, of_snapshot, together
from monitor.venues.kucoin.polls import Asked, page_count, planned, planned_weights
from monitor.venues.kucoin.polls_futures import currencies_in
from monitor.venues.kucoin.prices import Prices, pairs_for
from monitor.venues.kucoin.settings import KucoinSettings
from monitor.venues.kucoin.tables import pairs_in
from monitor.venues.rest import Answer
from monitor.venues.settings import AccountSettings, Timings

ME = AccountKey("kucoin", "main")

# Needs


def test_what_is_held_ordered_and_owed_is_needed() -> None:
    wallet = Wallet(name="DOGE-USDT", symbol="DOGE-USDT", balances={"DOGE": Balance(asset="DOGE", wallet=5.0)})
    empty = Wallet(name="ETH-USDT", symbol="ETH-USDT", balances={"ETH": Balance(asset="ETH", wallet=0.0)})
    snapshot = AccountSnapshot(
        account=ME,
        positions=(
            Position(
                symbol="XBTUSDM",
                side=Side.LONG,
                quantity=1.0,
                entry_price=1.0,
                margin_mode=MarginMode.CROSS,
                margin_asset="BTC",
            ),
        ),
        balances=(
            Balance(asset="USDT", wallet=1.0),
            Balance(asset="SOL", wallet=0.0, borrowed=2.0),
            Balance(asset="XRP", wallet=0.0),
        ),
        orders=(Order(id="1", symbol="ETHUSDTM", quantity=1.0, price=1.0),),
        wallets=(wallet, empty),
        asked=1.0,
        received=1.0,
    )
    assert of_snapshot(snapshot) == Needs(
        frozenset({"XBTUSDM", "ETHUSDTM"}), frozenset({"DOGE-USDT"}), frozenset({"USDT", "BTC", "SOL", "DOGE"})
    )


def test_pushes_show_what_is_there_and_not_what_is_gone() -> None:
    def position(symbol: str, quantity: float) -> PositionChanged:
        return PositionChanged(
            account=ME,
            symbol=symbol,
            side=None,
            quantity=quantity,
            entry_price=None,
            margin_mode=None,
            isolated_wallet=None,
            venue_time=1.0,
            received=1.0,
        )

    def order(symbol: str, quantity: float) -> OrderChanged:
        row = Order(id=symbol, symbol=symbol, quantity=quantity, price=1.0)
        return OrderChanged(account=ME, order=row, venue_time=1.0, received=1.0)

    events: list[Event] = [position("A", 1.0), position("B", 0.0), order("C", -1.0), order("D", 0.0)]
    assert of_events(events) == Needs(frozenset({"A", "C"}))
    assert of_events([position("A", 1.0)]) <= Needs(frozenset({"A", "C"}))
    assert not Needs(frozenset({"E"})) <= together([Needs(frozenset({"A"}))])


# Sockets


def test_a_topic_stays_on_its_socket_and_a_new_one_goes_where_there_is_room() -> None:
    shelves = Shelves(2)
    shelves.hold(["a", "b", "c"])
    assert shelves.topics == [{"a", "b"}, {"c"}]
    shelves.hold(["b", "c", "d", "e"])
    assert shelves.topics == [{"b", "d"}, {"c", "e"}]
    shelves.hold([])
    assert shelves.topics == [set(), set()]


# Prices


def test_pairs_in_usdt_are_preferred_and_others_go_by_way_of_btc() -> None:
    listed = {"USDT-BTC", "ETH-BTC", "DOGE-BTC", "DOGE-USDT"}
    assert pairs_for(["USDT"], listed) == ["USDT-BTC"]
    assert pairs_for(["USDT"], set()) == []
    assert pairs_for(["BTC"], listed) == ["USDT-BTC"]
    assert pairs_for(["ETH", "DOGE", "NOPE"], listed) == ["DOGE-USDT", "ETH-BTC", "USDT-BTC"]
    assert pairs_for(["ETH"], {"ETH-BTC"}) == []


def test_a_price_in_btc_waits_for_what_usdt_is_worth_in_it() -> None:
    prices = Prices()
    assert prices.ticks(MarginMark("ETH-BTC", 0.05, 1.0), 1.0) == ()
    unit, bitcoin = prices.ticks(MarginMark("USDT-BTC", 1.6e-5, 2.0), 2.0)
    assert (unit.asset, unit.price_usd, unit.venue_time) == ("USDT", 1.0, 2.0)
    assert bitcoin.asset == "BTC"
    assert bitcoin.price_usd == pytest.approx(62_500.0)
    (ether,) = prices.ticks(MarginMark("ETH-BTC", 0.05, 3.0), 3.0)
    assert (ether.asset, ether.venue_time) == ("ETH", 3.0)
    assert ether.price_usd == pytest.approx(3_125.0)
    (doge,) = prices.ticks(MarginMark("DOGE-USDT", 0.1, 3.0), 3.0)
    assert doge.price_usd == 0.1
    assert prices.ticks(MarginMark("DOGE-KCS", 0.1, 3.0), 3.0) == ()


def test_pairs_are_told_by_the_answer_and_by_none_that_cannot_be_read() -> None:
    assert pairs_in(b'{"data":[{"symbol":"USDT-BTC","value":1},{"value":2}]}') == {"USDT-BTC"}
    assert pairs_in(b"<html>") == frozenset()


# Questions


def test_files_are_named_by_path_and_parameters_but_not_by_pages() -> None:
    assert file_name(RISK_LIMIT, {"symbol": "XBTUSDTM"}) == "api_v1_contracts_risk-limit_XBTUSDTM.json"
    by_path = {one.path: one for one in ENDPOINTS}
    asked: dict[str, str | int] = {"status": "active", "currentPage": 2, "pageSize": 100}
    assert file_name(by_path["/api/v1/orders"], asked, 2) == "api_v1_orders__status=active__page=2.json"
    assert RISK_LIMIT.name == "contracts_risk-limit"
    assert len({one.name for one in ENDPOINTS}) == len(ENDPOINTS)


@pytest.mark.parametrize(
    ("raw", "pages"), [(b'{"data":{"totalPage":3,"items":[]}}', 3), (b'{"data":[]}', 1), (b"x", 1), (b"{}", 1)]
)
def test_pages_are_counted_by_the_venue(raw: bytes, pages: int) -> None:
    assert page_count(raw) == pages


def test_currencies_are_those_in_which_something_settles() -> None:
    positions = b'{"data":[{"settleCurrency":"XBT"},{"settleCurrency":""}]}'
    orders = [b'{"data":{"items":[{"settleCurrency":"ETH"}]}}', b'{"data":null}']
    assert currencies_in(positions, orders) == {"XBT", "ETH"}
    assert currencies_in(b"x", []) == frozenset()


def test_an_account_whose_kind_is_unknown_plans_for_both() -> None:
    timings = Timings()
    unknown = planned_weights(Asked("futures", None, True), timings)
    classic = planned_weights(Asked("futures", "classic", True), timings)
    unified = planned_weights(Asked("futures", "unified", True), timings)
    assert unknown == {**unified, **{pool: weight for pool, weight in classic.items() if pool not in unified}}
    blind = planned_weights(Asked("margin", "", False), timings)
    assert blind[Pool.SPOT] == 3 * planned_weights(Asked("margin", "", True), timings)[Pool.SPOT]


def test_two_products_of_one_key_fill_its_pools_together() -> None:
    one = AccountSettings(venue="kucoin", name="a", product="margin")
    two = AccountSettings(venue="kucoin", name="b", product="isolated-margin")
    alone = planned(KucoinSettings(accounts=(one,)))
    assert planned(KucoinSettings(accounts=(one, two))) == pytest.approx(2 * alone)
    assert planned(KucoinSettings()) == 0.0


# Refusals


def refused(body: Any, status: int = 200, **headers: str) -> Any:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    answer = Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw, 1.0, 2.0)
    return refusals.judge(answer, "account", 60.0)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("400002", ClockSkewed),
        ("400003", AuthRejected),
        ("400007", AuthRejected),
        ("500000", FeedLost),
        ("100001", Refused),
    ],
)
def test_the_venues_codes_are_our_errors_without_its_words(code: str, kind: type[Exception]) -> None:
    error = refused({"code": code, "msg": "your secret words"}, 400)
    assert type(error) is kind
    assert "secret words" not in str(error)


def test_success_is_no_error() -> None:
    assert refused({"code": "200000", "data": []}) is None
    assert refused({"code": 200000, "data": []}) is None


def test_an_empty_pool_is_one_pools_and_ends_when_the_venue_says() -> None:
    error = refused({"code": "429000", "msg": "Too many requests"}, 429, gw_ratelimit_reset="1489")
    assert isinstance(error, RateLimited)
    assert refusals.is_pool(error)
    assert error.until == pytest.approx(3.489)


def test_something_in_front_of_the_venue_turns_our_address_away() -> None:
    error = refused(b"<html>error code: 1015</html>", 429)
    assert isinstance(error, RateLimited)
    assert not refusals.is_pool(error)
    assert error.until == 62.0


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"<html>", 200, MalformedAnswer),
        (b"[]", 200, MalformedAnswer),
        ({"data": []}, 200, MalformedAnswer),
        (b"", 502, FeedLost),
        (b"", 404, Refused),
        (b"", 401, AuthRejected),
    ],
)
def test_answers_without_a_code_are_judged_by_their_status(body: Any, status: int, kind: type[Exception]) -> None:
    assert type(refused(body, status)) is kind


# History


def transactions(*rows: dict[str, Any], more: bool = False) -> bytes:
    return json.dumps({"code": "200000", "data": {"hasMore": more, "dataList": list(rows)}}).encode()


def test_transactions_are_flows_with_their_causes_and_signs() -> None:
    row = {"time": 1_700_000_000_000, "currency": "XBT", "status": "Completed", "offset": 7, "remark": "XBTUSDM"}
    raw = transactions(
        {**row, "type": "RealisedPNL", "amount": -0.5},
        {**row, "type": "TransferOut", "amount": 2.0},
        {**row, "type": "Deposit", "amount": 3.0, "status": "Pending"},
        {**row, "type": "Gift", "amount": 1.0, "offset": 6},
        more=True,
    )
    page = cash.page(raw, "kucoin", ME, 1.7e9, [])
    assert [(one.asset, one.amount, one.cause, one.symbol) for one in page.flows] == [
        ("BTC", -0.5, BalanceCause.TRADE, "XBTUSDM"),
        ("BTC", -2.0, BalanceCause.TRANSFER, None),
        ("BTC", 1.0, BalanceCause.OTHER, None),
    ]
    assert (page.last, page.offset, page.oldest) == (False, 6, 1.7e9)


def test_a_bad_transaction_is_named_and_an_answer_that_is_none_refused() -> None:
    bad: list[RowProblem] = []
    page = cash.page(transactions({"type": "Deposit", "currency": "USDT"}), "kucoin", ME, 1.0, bad)
    assert page.last
    assert len(bad) == 1
    with pytest.raises(MalformedAnswer):
        cash.page(b'{"code":"200000","data":null}', "kucoin", ME, 1.0, [])
