"""What answers leave out, say twice or contradict: told in words, and never computed as if it were nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.accounts import AccountMode, CollateralMode
from monitor.domain.errors import MalformedAnswer
from monitor.domain.frames import FrameKind, RowProblem
from monitor.domain.tiers import TierBy
from monitor.venues.kucoin import answers, answers_account
from monitor.venues.kucoin.margin import describe
from tests.venues.kucoin.support import (
    ACCOUNT,
    MS,
    T0,
    VENUE,
    Row,
    answer,
    classic,
    contract,
    decoded,
    held,
    order,
    overview,
    pair,
    position,
    told,
    unified,
)

XBT = contract("XBTUSDTM", 0.001)


def test_an_unknown_kind_of_account_is_not_computed() -> None:
    found = told(classic([position("XBTUSDTM", 1, 1.0, 1.0)], [overview("USDT", 5.0)], [XBT]))
    for collateral, hedge, why in (
        (None, False, "cannot tell whether the account is classic or unified"),
        (CollateralMode.PORTFOLIO, False, "cannot tell whether the account is classic or unified"),
        (CollateralMode.SINGLE_ASSET, None, "cannot tell one-way from hedge mode"),
    ):
        account = replace(found.account, mode=AccountMode(collateral=collateral, hedge=hedge))
        description = describe(account, found.tables)
        assert (description.pools, description.unknown) == ((), (why,))


def test_a_currency_without_a_wallet_is_unknown_and_not_empty() -> None:
    found = told(classic([position("XBTUSDTM", 100, 60000.0, 60000.0)], [overview("XBT", 1.0)], [XBT]))
    assert found.pool("cross:USDT").unknown == ("no wallet of USDT in the account",)


def test_a_position_without_an_entry_is_unknown_and_not_free() -> None:
    row = {**position("XBTUSDTM", 100, 60000.0, 60000.0), "avgEntryPrice": 0}
    found = told(classic([row], [overview("USDT", 5000.0)], [XBT]))
    assert found.pool("cross:USDT").unknown == ("no entry price of XBTUSDTM long",)


def test_orders_that_cannot_be_counted_are_named() -> None:
    bare = {**contract("SOLUSDTM", 0.1), "m": None}
    resting = [
        order("SOLUSDTM", "buy", 10, 150.0),
        order("NEWUSDTM", "buy", 10, 5.0),
        order("XBTUSDM", "buy", 10, 60000.0),
    ]
    found = told(classic([position("XBTUSDTM", 1, 60000.0, 60000.0)], [overview("USDT", 5000.0)], [XBT, bare], resting))
    reasons = found.pool("cross:USDT").reasons
    assert "no maintenance rate of SOLUSDTM: its orders are not counted" in reasons
    assert any("no contract data for NEWUSDTM" in why and "its orders are not counted" in why for why in reasons)
    assert not any(leg.order for leg in found.pool("cross:USDT").legs)


def test_an_inverse_contract_without_data_is_one_dollar_a_lot_and_its_fee_is_assumed() -> None:
    row = position("XBTUSDM", 1000, 50000.0, 50000.0, settleCurrency="XBT", maintMarginReq=0.005)
    found = told(classic([row], [overview("XBT", 1.0)], [], fees={}))
    reasons = found.pool("cross:BTC").reasons
    assert "no contract data for XBTUSDM: taken from its name, one dollar a lot" in reasons
    assert "no fee rate for XBTUSDM: 0.0006 is assumed" in reasons
    assert found.result("cross:BTC").maintenance_margin == pytest.approx(0.02 * 0.0056)
    other = found.having(taker_fee=0.001)
    assert other.result("cross:BTC").maintenance_margin == pytest.approx(0.02 * 0.006)


def test_whose_fee_closing_costs_can_be_set() -> None:
    rows = [position("XBTUSDTM", 100, 60000.0, 60000.0, maintMarginReq=0.0040013333333333334)]
    found = told(classic(rows, [overview("USDT", 5000.0)], [XBT], fees={"XBTUSDTM": 0.0004}))
    own, listed = found.result("cross:USDT"), found.having(user_taker_fee=0.0).result("cross:USDT")
    assert own.maintenance_margin is not None
    assert listed.maintenance_margin is not None
    assert listed.maintenance_margin - own.maintenance_margin == pytest.approx(6000 * 0.0002)


def test_an_order_that_closes_a_leg_of_a_hedge_opens_nothing() -> None:
    rows = [position("XBTUSDTM", 100, 60000.0, 60000.0, positionSide="LONG")]
    resting = [
        order("XBTUSDTM", "sell", 50, 61000.0, positionSide="LONG"),
        order("XBTUSDTM", "sell", 30, 61000.0, positionSide="SHORT", id="other"),
    ]
    pool = told(classic(rows, [overview("USDT", 5000.0)], [XBT], resting, hedge=True)).pool("cross:USDT")
    assert [leg.quantity for leg in pool.legs if leg.order] == [pytest.approx(-0.03)]


def test_the_old_rule_needs_the_venues_own_maintenance() -> None:
    row = position("XBTUSDTM", 1, 60000.0, 60000.0, marginMode="ISOLATED", posMargin=10.0, maintMarginReq=0.005)
    found = told(classic([row], [overview("USDT", 50.0)], [XBT])).having(isolated_rule_2025=0.0)
    assert found.pool("isolated:XBTUSDTM:long").unknown == ("no maintenance of XBTUSDTM long in the venue's answer",)


def test_curves_without_a_limit_or_below_it_from_the_beginning() -> None:
    rows = [{**contract("A"), "symbol": "A", "mmrLimit": None}, {**contract("B"), "symbol": "B", "mmrLimit": 0.001}]
    tables = dict(answers.tiers(answer(rows), {}, VENUE, T0).tiers)
    assert [len(table.tiers) for table in tables.values()] == [1, 1]
    assert (tables["B"].tiers[0].rate, tables["B"].by) == (0.001, TierBy.BASE)


@pytest.mark.parametrize("row", [{"maintainMargin": 1.5}, {"minRiskLimit": -1}, {"maintainMargin": ""}])
def test_a_level_that_cannot_be_one_is_a_bad_row(row: Row) -> None:
    bad: list[RowProblem] = []
    whole = {"symbol": "X", "level": 1, "minRiskLimit": 0, "maxRiskLimit": 5, "maintainMargin": 0.004, **row}
    assert answers.tiers(answer([]), {"X": answer([whole])}, VENUE, T0, bad).isolated == ()
    assert [one.row for one in bad] == ["X risk level row 0"]


def test_a_coefficient_beyond_one_is_a_bad_row_and_one_that_is_not_there_is_none() -> None:
    bad: list[RowProblem] = []
    rows = [
        {"currency": "A", "marginCoefficient": "1.5"},
        {"currency": "B"},
        {"currency": "XBT", "marginCoefficient": "0.9"},
    ]
    assert [asset for asset, _ in answers.collateral(None, answer(rows), VENUE, T0, bad).terms] == ["BTC"]
    assert len(bad) == 1


def test_the_unified_account_says_what_it_lacks() -> None:
    row = {"symbol": "XBTUSDTM", "marginMode": "", "size": "1", "entryPrice": "5", "positionValue": ""}
    found = told(unified({}, [row], [{"currency": "DOGE", "balance": "-5"}], [XBT])).pool("multi-assets")
    assert set(found.unknown) >= {
        "cannot tell whether XBTUSDTM long is cross or isolated",
        "no maintenance tiers of XBTUSDTM",
        "no discount of DOGE",
    }
    assert "DOGE is owed: what the venue asks for a loan is not published, and not counted" in found.reasons
    bare = told(unified({"adjustedEquity": "10"}, [{**row, "marginMode": "CROSS", "mmr": "0.004"}], None, [XBT]))
    assert bare.pool("multi-assets").unknown == ("no mark of XBTUSDTM beside the account's equity",)


def test_orders_of_the_unified_account_without_tiers_are_named() -> None:
    resting = [{"orderId": "1", "symbol": "XBTUSDTM", "side": "BUY", "size": "5", "price": "100", "filledSize": "0"}]
    found = told(unified({}, [], [{"currency": "USDT", "balance": "5"}], [XBT], resting)).pool("multi-assets")
    assert "no contract data or tiers of XBTUSDTM: its orders are not counted" in found.reasons


@pytest.mark.parametrize(
    "data", [{"items": []}, {"items": [{}, {}]}, {"debtRatio": "0"}], ids=["no account", "two accounts", "nothing"]
)
def test_spot_margin_without_its_account_is_no_answer(data: Row) -> None:
    with pytest.raises(MalformedAnswer):
        answers_account.margin_snapshot(answer(data), ACCOUNT, T0, T0)


def test_debts_below_zero_and_wallets_of_no_pair_are_bad_rows() -> None:
    rows = [
        {**held("USDT", 5), "liability": "-3", "liabilityPrincipal": None},
        {**held("USDC", 5, 2), "liabilityInterest": "-1"},
    ]
    told_now = answers_account.margin_snapshot(answer({"accounts": rows}), ACCOUNT, T0, T0)
    assert (told_now.balances, len(told_now.problems)) == ((), 2)
    wallets = [pair("DOGEUSDT", "0", held("DOGE", 1), held("USDT", 1))]
    isolated = answers_account.isolated_snapshot(answer([{"timestamp": MS, "assets": wallets}]), ACCOUNT, T0, T0)
    assert (isolated.wallets, len(isolated.problems)) == ((), 1)


def test_a_unified_leg_that_contradicts_its_side_and_an_order_of_no_side_are_bad_rows() -> None:
    row = {"symbol": "XBTUSDTM", "marginMode": "CROSS", "size": "-1", "positionSide": "LONG"}
    resting = {"orderId": "1", "symbol": "XBTUSDTM", "side": "", "size": "5", "price": "100"}
    bad: list[RowProblem] = []
    snapshot = answers_account.unified_snapshot(
        answer({}), None, [answer([row])], [answer({"items": [resting]})], ACCOUNT, T0, T0, bad_rows=bad
    )
    assert (snapshot.positions, snapshot.orders, len(bad)) == ((), (), 2)
    closed = {"symbol": "XBTUSDTM", "marginMode": "CROSS", "size": "0"}
    assert answers_account.unified_snapshot(answer({}), None, [answer([closed])], [], ACCOUNT, T0, T0).positions == ()


def test_a_partial_frame_with_nothing_in_it_is_malformed() -> None:
    text = {
        "topic": "/contract/positionAll",
        "type": "message",
        "subject": "position.change",
        "data": {"realLeverage": 2},
    }
    assert decoded(text).kind is FrameKind.MALFORMED


@pytest.mark.parametrize(
    ("status", "left", "gone"),
    [("match", "0", 1), ("open", "5", 0), ("open", "", 0), ("done", "5", 1), ("match", "3", 0)],
)
def test_an_order_of_which_nothing_remains_is_gone_whatever_it_is_called(status: str, left: str, gone: int) -> None:
    data = {"orderId": "1", "symbol": "XBTUSDTM", "status": status, "type": "match", "remainSize": left, "ts": MS}
    text = {"topic": "/contractMarket/tradeOrders", "type": "message", "subject": "symbolOrderChange", "data": data}
    assert len(decoded(text).events) == gone
