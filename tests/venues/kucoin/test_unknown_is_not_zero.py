"""What KuCoin does not say, or says so that it cannot be read, is never taken for nothing: money would hang on it."""

from __future__ import annotations

import json

import pytest

from monitor.domain.frames import RowProblem
from monitor.domain.lines import State
from monitor.venues.kucoin import answers_account
from monitor.venues.kucoin.endpoints import POSITION_MODE as POSITION_MODE_ENDPOINT
from monitor.venues.kucoin.endpoints import file_name
from tests.venues.kucoin.support import (
    ACCOUNT,
    T0,
    Row,
    answer,
    classic,
    contract,
    cross_loans,
    decoded,
    held,
    isolated_loans,
    margin_marks,
    order,
    overview,
    pair,
    position,
    told,
    unified,
)

POSITION_MODE = file_name(POSITION_MODE_ENDPOINT)
XBT, ETH, COIN = contract("XBTUSDTM", 0.001), contract("ETHUSDTM", 0.01), contract("XBTUSDM", -1)
TIERS = [
    {"symbol": "XBTUSDTM", "minSize": "0", "maxSize": "250000", "maintainMarginRate": "0.004"},
    {"symbol": "XBTUSDTM", "minSize": "250000", "maxSize": "600000", "maintainMarginRate": "0.005"},
]


def isolated(**more: object) -> Row:
    return position("ETHUSDTM", 10, 3000.0, 3000.0, marginMode="ISOLATED", maintMarginReq=0.005, posMargin=30.0, **more)


# Classic futures


@pytest.mark.parametrize("mode", [2, "", None, "hedge"])
def test_a_position_mode_of_no_known_kind_is_refused(mode: object) -> None:
    files = classic([], [overview("USDT", 5000.0)], [XBT], more={POSITION_MODE: answer({"positionMode": mode})})
    assert told(files, problems=True).description.unknown == ("cannot tell one-way from hedge mode",)


@pytest.mark.parametrize("field", ["orderMargin", "frozenFunds"])
def test_money_held_back_that_cannot_be_read_is_not_free(field: str) -> None:
    row = position("XBTUSDTM", 10, 60000.0, 60000.0)
    found = told(classic([row], [overview("USDT", 5000.0, **{field: "n/a"})], [XBT]), problems=True)
    assert any("an amount is not a number" in why for why in found.account.problems)
    assert found.pool("cross:USDT").unknown == ("no wallet of USDT in the account",)


@pytest.mark.parametrize("margin", [None, "", "n/a"])
def test_an_isolated_margin_that_is_not_told_leaves_what_backs_the_others_unknown(margin: object) -> None:
    rows = [position("XBTUSDTM", 10, 60000.0, 60000.0), isolated() | {"posMargin": margin}]
    found = told(classic(rows, [overview("USDT", 5000.0), overview("XBT", 1.0)], [XBT, ETH]))
    assert found.pool("cross:USDT").unknown == ("no wallet of USDT in the account",)
    assert found.result("cross:USDT").ratio.state is State.UNKNOWN
    assert found.pool("cross:BTC").cash == 1.0


def test_an_isolated_position_in_an_unknown_currency_leaves_all_of_them_unknown() -> None:
    rows = [position("XBTUSDTM", 10, 60000.0, 60000.0), isolated() | {"settleCurrency": None}]
    found = told(classic(rows, [overview("USDT", 5000.0)], [XBT, ETH]))
    assert found.pool("cross:USDT").unknown == ("no wallet of USDT in the account",)


def test_orders_that_close_take_nothing_from_what_isolated_ones_hold() -> None:
    """All the 100 held are the isolated order's: the other sells what is held, and has no margin."""
    resting = [
        order("ETHUSDTM", "buy", 100, 1000.0, marginMode="ISOLATED", value="1000"),
        order("XBTUSDTM", "sell", 10, 90000.0, value="900"),
    ]
    row = position("XBTUSDTM", 10, 60000.0, 60000.0)
    found = told(classic([row], [overview("USDT", 5000.0, orderMargin=100)], [XBT, ETH], resting))
    assert found.pool("cross:USDT").cash == pytest.approx(4900.0)


@pytest.mark.parametrize(("one", "other", "backed"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_side_of_a_hedge_is_not_topped_up_because_the_other_is(one: bool, other: bool, backed: bool) -> None:
    rows = [
        position("XBTUSDTM", lots, 60000.0, 60000.0, marginMode="ISOLATED", positionSide=side, posMargin=30.0)
        | {"autoDeposit": tops, "maintMarginReq": 0.005}
        for lots, side, tops in ((5, "LONG", one), (-5, "SHORT", other))
    ]
    closed = position("XBTUSDTM", 0, 60000.0, 60000.0, positionSide="BOTH", autoDeposit=not one)
    found = told(classic([*rows, closed], [overview("USDT", 5000.0)], [XBT], hedge=True))
    assert [found.pool(f"isolated:XBTUSDTM:{side}").backstop is not None for side in ("long", "short")] == [backed] * 2


def test_orders_of_one_side_of_a_hedge_do_not_raise_the_rate_of_the_other() -> None:
    rows = [
        position("XBTUSDTM", 60_000, 60000.0, 60000.0, positionSide="LONG"),
        position("XBTUSDTM", -30_000, 60000.0, 60000.0, positionSide="SHORT"),
    ]
    resting = [order("XBTUSDTM", "buy", 30_000, 60000.0, positionSide="LONG")]
    found = told(classic(rows, [overview("USDT", 1e6)], [XBT], resting, hedge=True))
    alone = told(classic(rows, [overview("USDT", 1e6)], [XBT], hedge=True))
    required = 3.6e6 * (1.2 / 250 + 0.0006) + 1.8e6 * (1.1 / 250 + 0.0006)
    assert alone.result("cross:USDT").maintenance_margin == pytest.approx(required)
    assert found.result("cross:USDT").maintenance_margin == pytest.approx(required)
    value = found.result("cross:USDT").stages["orders-cancelled"].value
    filled = 5.4e6 * (1.3 / 250 + 0.0006) + 1.8e6 * (1.1 / 250 + 0.0006)
    assert value is not None
    assert value * 0.95 == pytest.approx(filled / (1e6 - 1.8e6 * 0.0006))


def test_an_inverse_order_of_one_side_is_asked_for_the_size_of_that_side() -> None:
    rows = [
        position("XBTUSDM", 600_000, 60000.0, 60000.0, positionSide="LONG", settleCurrency="XBT"),
        position("XBTUSDM", -60_000, 60000.0, 60000.0, positionSide="SHORT", settleCurrency="XBT"),
    ]
    resting = [order("XBTUSDM", "buy", 60_000, 60000.0, positionSide="LONG", settleCurrency="XBT")]
    found = told(classic(rows, [overview("XBT", 5.0)], [COIN], resting, hedge=True))
    (leg,) = [leg for leg in found.pool("cross:BTC").legs if leg.order]
    assert leg.tiers is not None
    assert leg.tiers.tiers[0].rate == pytest.approx((1 + 11 / 300) / 250)


@pytest.mark.parametrize(("price", "read"), [("n/a", 0), ("-5", 0), ("", 1), ("0", 1), (None, 1), ("60000", 1)])
def test_an_order_whose_price_cannot_be_read_is_a_bad_row_and_no_order_that_waits(price: object, read: int) -> None:
    resting = [order("XBTUSDTM", "buy", 10, 60000.0) | {"price": price}]
    found = told(classic([], [overview("USDT", 5000.0)], [XBT], resting), problems=True)
    assert (len(found.account.orders), len(found.account.problems)) == (read, 1 - read)
    bad: list[RowProblem] = []
    resting = [{"orderId": "1", "symbol": "XBTUSDTM", "side": "BUY", "size": "5", "price": price}]
    pages = [answer({"items": resting})]
    snapshot = answers_account.unified_snapshot(answer({}), None, [], pages, ACCOUNT, T0, T0, bad_rows=bad)
    assert (len(snapshot.orders), len(bad)) == (read, 1 - read)


# Spot margin


def test_a_coin_whose_debt_is_in_no_field_is_not_free_of_debt() -> None:
    row = {"currency": "USDT", "total": "100", "available": "100", "hold": "0"}
    snapshot = answers_account.margin_snapshot(answer({"accounts": [row]}), ACCOUNT, T0, T0)
    assert (snapshot.balances, len(snapshot.problems)) == ((), 1)


def test_a_debt_ratio_without_a_debt_leaves_the_pool_unknown() -> None:
    found = told(cross_loans("0.9", held("USDT", 100), marks=margin_marks()))
    assert found.pool("margin").unknown == ("the venue says a debt ratio of 90.00%, and names no debt",)
    assert found.result("margin").ratio.state is State.UNKNOWN
    rows = pair("DOGE-USDT", "0.9", held("DOGE", 100), held("USDT", 100))
    assert told(isolated_loans(rows, marks=margin_marks(DOGE=0.1))).pool("margin:DOGE-USDT").unknown
    assert told(cross_loans("0", held("USDT", 100), marks=margin_marks())).pool("margin").unknown == ()


def test_a_loan_of_which_no_row_can_be_read_does_not_vanish() -> None:
    bad = held("USDT", 100, 90) | {"liability": "n/a", "liabilityPrincipal": "n/a"}
    found = told(cross_loans("0.9", bad, marks=margin_marks()), problems=True)
    assert found.result("margin").ratio.state is State.UNKNOWN
    assert told(cross_loans("0", marks=margin_marks())).description.pools == ()


# The unified account


def row(lots: int, rate: str, symbol: str = "XBTUSDTM", **more: object) -> Row:
    value = abs(lots) * 0.001 * 100_000
    return {
        "symbol": symbol,
        "marginMode": "CROSS",
        "size": str(lots),
        "entryPrice": "100000",
        "markPrice": "100000",
        "positionValue": str(value),
        "unrealizedPnL": "0",
        "mmr": rate,
        **more,
    }


def coin(balance: object, **more: object) -> Row:
    return {"currency": "USDT", "balance": balance, **more}


def test_without_coins_and_adjusted_equity_nothing_is_known() -> None:
    pool = told(unified({}, [row(100, "0.004")], None, [XBT], tiers=TIERS)).pool("multi-assets")
    assert "neither the account's coins nor its adjusted equity were read" in pool.unknown


def test_a_liability_that_cannot_be_read_costs_its_coin() -> None:
    found = told(
        unified({}, [], [coin("100", liability="n/a"), coin("5") | {"currency": "USDC"}], [XBT]), problems=True
    )
    assert "USDT" not in found.account.balances
    assert any("an amount is not a number" in why for why in found.account.problems)


@pytest.mark.parametrize(
    ("balance", "liability", "counts"),
    [("100", "400", -300), ("100", "-400", -300), ("-400", "400", -400), ("-5", "", -5)],
)
def test_a_debt_is_taken_off_once(balance: str, liability: str, counts: float) -> None:
    found = told(unified({}, [], [coin(balance, liability=liability)], [XBT]))
    (holding,) = found.pool("multi-assets").holdings
    assert holding.amount == pytest.approx(counts)


def test_the_venues_own_rate_stands_before_a_tier_that_is_not_its_sizes() -> None:
    """100 000 USDT are in the first tier: 0.5 % is that of the second, and the venue's word."""
    found = told(unified({}, [row(1000, "0.005")], [coin("50000")], [XBT], tiers=TIERS))
    assert found.result("multi-assets").maintenance_margin == pytest.approx(100_000 * 0.0056)
    assert any("the venue's own rate 0.005 for its size" in why for why in found.pool("multi-assets").reasons)


def test_tiers_of_inverse_contracts_go_by_dollars() -> None:
    tiers = [{**one, "symbol": "XBTUSDM"} for one in TIERS]
    listed = contract("XBTUSDM", -1, indexPrice=100_000.0)
    inverse = row(0, "0.005", "XBTUSDM") | {"size": "300000", "positionValue": "3"}
    coins = [{"currency": "BTC", "balance": "1"}]
    resting = [{"orderId": "1", "symbol": "XBTUSDM", "side": "BUY", "size": "100000", "price": "100000"}]
    discounts = [{"currency": "BTC", "cdrConfigs": [{"min": "0", "max": "10", "cdr": "1"}]}]
    found = told(unified({}, [inverse], coins, [listed], resting, tiers, discounts))
    assert found.result("multi-assets").maintenance_margin == pytest.approx(300_000 * 0.0056)
    assert [leg.tiers.tiers[0].rate for leg in found.pool("multi-assets").legs if leg.tiers] == [0.005, 0.005]


@pytest.mark.parametrize("value", ["-100000", "100000"])
def test_a_short_is_worth_as_much_as_a_long_whatever_its_sign(value: str) -> None:
    found = told(
        unified({"adjustedEquity": "10000", "mm": "400"}, [row(-1000, "0.004", positionValue=value)], None, [XBT])
    )
    assert found.pool("multi-assets").venue.maintenance_margin == pytest.approx(460.0)


def test_with_orders_the_venues_maintenance_which_holds_theirs_is_not_compared() -> None:
    resting = [{"orderId": "1", "symbol": "XBTUSDTM", "side": "BUY", "size": "5", "price": "90000"}]
    overall = {"adjustedEquity": "50000", "mm": "402"}
    for orders, said in ((resting, None), ([], 462.0)):
        found = told(unified(overall, [row(1000, "0.004")], [coin("50000")], [XBT], orders, TIERS))
        assert found.pool("multi-assets").venue.maintenance_margin == (said and pytest.approx(said))


def test_an_order_whose_size_is_not_in_lots_is_a_bad_row() -> None:
    bad: list[RowProblem] = []
    resting = [
        {"orderId": "1", "symbol": "XBTUSDTM", "side": "BUY", "size": "0.5", "price": "9", "sizeUnit": "BASECCY"},
        {"orderId": "2", "symbol": "XBTUSDTM", "side": "BUY", "size": "5", "price": "9", "sizeUnit": "UNIT"},
    ]
    snapshot = answers_account.unified_snapshot(
        answer({}), None, [], [answer({"items": resting})], ACCOUNT, T0, T0, bad_rows=bad
    )
    assert [one.id for one in snapshot.orders] == ["2"]
    assert [one.why for one in bad] == ["sizeUnit is not lots"]


def test_an_order_that_closes_a_leg_of_a_unified_hedge_opens_nothing() -> None:
    resting = [
        {"orderId": "1", "symbol": "XBTUSDTM", "side": "SELL", "size": "5", "price": "100000", "positionSide": "LONG"}
    ]
    found = told(unified({}, [row(1000, "0.004", positionSide="LONG")], [coin("50000")], [XBT], resting, TIERS))
    assert not any(leg.order for leg in found.pool("multi-assets").legs)


def test_a_coin_pushed_by_the_unified_account_takes_no_debt_away() -> None:
    """Its words for a wallet of futures say nothing of what is owed: the account is read instead."""
    data = {"c": "USDT", "b": "100", "h": "0", "iPM": "0", "iOM": "0", "cUP": "0", "tCM": "100", "l": "400"}
    assert decoded(json.dumps({"T": "balance.UNIFIED", "P": 1, "d": data})).events == ()
    assert len(decoded(json.dumps({"T": "balance.FUTURES", "P": 1, "d": data})).events) == 1


def test_isolated_positions_beside_coins_are_named() -> None:
    alone = row(100, "0.004", marginMode="ISOLATED", initialMargin="1000")
    pool = told(unified({}, [alone], [coin("5000")], [XBT], tiers=TIERS)).pool("multi-assets")
    assert any("holds the margins of isolated positions" in why for why in pool.reasons)


def test_a_price_that_would_mean_a_margin_below_zero_tells_no_margin() -> None:
    alone = row(100, "0.004", marginMode="ISOLATED", initialMargin="1000", liquidationPrice="150000")
    pool = told(unified({}, [alone], [coin("5000")], [XBT], tiers=TIERS)).pool("isolated:XBTUSDTM:long")
    assert pool.cash == 1000.0
    assert "its initial margin is taken" in pool.reasons[-1]


def test_a_rate_of_one_and_more_is_none_and_no_position_in_cross_margin_has_a_margin_of_its_own() -> None:
    rows = [
        row(100, "1.5", initialMargin="1000"),
        row(100, "0.004", "ETHUSDTM", marginMode="ISOLATED", initialMargin="7"),
    ]
    snapshot = answers_account.unified_snapshot(answer({}), None, [answer(rows)], [], ACCOUNT, T0, T0)
    assert [one.maintenance_rate for one in snapshot.positions] == [None, 0.004]
    assert [one.isolated_wallet for one in snapshot.positions] == [None, 7.0]


def test_the_coin_that_a_contract_settles_in_has_a_price_though_none_of_it_is_held() -> None:
    listed = contract("XBTUSDM", -1, indexPrice=100_000.0)
    inverse = row(0, "0.005", "XBTUSDM", size="100000", positionValue="1")
    discounts = [{"currency": "BTC", "cdrConfigs": [{"min": "0", "max": "10", "cdr": "1"}]}]
    found = told(unified({}, [inverse], [coin("50000")], [listed], discounts=discounts))
    assert found.account.positions[next(iter(found.account.positions))].margin_asset == "BTC"
    assert found.result("multi-assets", XBTUSDM=50_000.0).equity == pytest.approx(50_000.0 - 100_000.0)
