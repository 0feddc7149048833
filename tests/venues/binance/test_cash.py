"""Why a wallet changed: pushes, fills and the history, in Binance's words and in ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.errors import MalformedAnswer
from monitor.domain.events import BalanceCause, CashFlow
from monitor.domain.frames import FrameKind, RowProblem
from monitor.venues.binance.cash import PAGE_ROWS, Page, page
from tests.venues.binance.support import ACCOUNT, E0, NOW, VENUE, decoded

MS = int(E0 * 1000)


def flows(body: dict[str, Any]) -> list[tuple[str, float, BalanceCause, str | None]]:
    """The flows that a push tells of."""
    found = decoded(json.dumps({"E": MS + 5, "T": MS, **body}))
    told = [event for event in found.events if isinstance(event, CashFlow)]
    assert all((flow.account, flow.venue_time, flow.received) == (ACCOUNT, E0, NOW) for flow in told)
    return [(flow.asset, flow.amount, flow.cause, flow.symbol) for flow in told]


def update(reason: str, change: str, **more: str) -> dict[str, Any]:
    balance = {"a": "USDT", "wb": "100.0", "cw": "100.0", "bc": change}
    return {"e": "ACCOUNT_UPDATE", "a": {"m": reason, "B": [balance], "P": [], **more}}


def order(**more: object) -> dict[str, Any]:
    body = {"s": "BTCUSDT", "c": "mine", "S": "SELL", "x": "TRADE", "X": "FILLED", "q": "1", "z": "1", "ap": "5"}
    return {"e": "ORDER_TRADE_UPDATE", "o": {**body, **more}}


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("FUNDING_FEE", BalanceCause.FUNDING),
        ("DEPOSIT", BalanceCause.TRANSFER),
        ("WITHDRAW", BalanceCause.TRANSFER),
        ("ASSET_TRANSFER", BalanceCause.TRANSFER),
        ("INSURANCE_CLEAR", BalanceCause.LIQUIDATION),
        ("AUTO_EXCHANGE", BalanceCause.OTHER),
    ],
)
def test_a_balance_that_changed_for_a_reason(reason: str, cause: BalanceCause) -> None:
    assert flows(update(reason, "-5.25")) == [("USDT", -5.25, cause, None)]


def test_funding_names_its_contract() -> None:
    assert flows(update("FUNDING_FEE", "-0.5", S="BTCUSDT")) == [("USDT", -0.5, BalanceCause.FUNDING, "BTCUSDT")]


@pytest.mark.parametrize("reason", ["ORDER", "MARGIN_TRANSFER", "MARGIN_TYPE_CHANGE", "SOMETHING_NEW", ""])
def test_reasons_that_move_nothing_or_nothing_that_we_know(reason: str) -> None:
    assert flows(update(reason, "-5.25")) == []


@pytest.mark.parametrize("change", ["0", "0.00000000", "", "x"])
def test_a_change_of_nothing_is_none(change: str) -> None:
    assert flows(update("FUNDING_FEE", change)) == []


def test_a_fill_brings_profit_and_costs_a_fee() -> None:
    assert flows(order(rp="12.5", n="0.3", N="USDT")) == [
        ("USDT", 12.5, BalanceCause.TRADE, "BTCUSDT"),
        ("USDT", -0.3, BalanceCause.TRADE, "BTCUSDT"),
    ]


def test_a_fee_in_bnb_leaves_open_in_what_the_contract_settles() -> None:
    assert flows(order(rp="-2", n="0.001", N="BNB")) == [
        ("", -2.0, BalanceCause.TRADE, "BTCUSDT"),
        ("BNB", -0.001, BalanceCause.TRADE, "BTCUSDT"),
    ]


@pytest.mark.parametrize("execution", ["NEW", "CANCELED", "EXPIRED", "AMENDMENT"])
def test_an_order_that_was_not_filled_moves_nothing(execution: str) -> None:
    found = decoded(json.dumps({"E": MS, "T": MS, **order(x=execution, X=execution, rp="3", n="1", N="USDT")}))
    assert (found.kind, found.events) == (FrameKind.IGNORED, ())


def test_a_fill_of_the_venue_s_own_hand_is_no_trade() -> None:
    causes = [cause for _, _, cause, _ in flows(order(c="autoclose-1", x="CALCULATED", rp="-50", n="1", N="USDT"))]
    assert causes == [BalanceCause.LIQUIDATION, BalanceCause.LIQUIDATION]


def row(kind: str, income: str = "-1.5", *, time: int = MS, asset: str = "USDT", symbol: str = "") -> dict[str, Any]:
    return {"symbol": symbol, "incomeType": kind, "income": income, "asset": asset, "time": time, "tranId": 1}


def read(*rows: object, problems: list[RowProblem] | None = None) -> Page:
    return page(json.dumps(rows).encode(), VENUE, ACCOUNT, NOW, [] if problems is None else problems)


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        ("REALIZED_PNL", BalanceCause.TRADE),
        ("COMMISSION", BalanceCause.TRADE),
        ("FUNDING_FEE", BalanceCause.FUNDING),
        ("API_REBATE", BalanceCause.FEE),
        ("INSURANCE_CLEAR", BalanceCause.LIQUIDATION),
        ("TRANSFER", BalanceCause.TRANSFER),
        ("WELCOME_BONUS", BalanceCause.OTHER),
        ("A_KIND_TO_COME", BalanceCause.OTHER),
    ],
)
def test_a_row_of_the_history(kind: str, cause: BalanceCause) -> None:
    (flow,) = read(row(kind, symbol="BTCUSDT")).flows
    assert (flow.asset, flow.amount, flow.cause, flow.venue_time, flow.symbol) == ("USDT", -1.5, cause, E0, "BTCUSDT")
    assert flow.id == "", "nobody can find the trade by what is kept of it"


def test_a_full_page_is_whole_only_up_to_its_last_millisecond() -> None:
    assert read(row("FUNDING_FEE")).last
    assert read().last
    full = read(*[row("FUNDING_FEE", time=MS + number) for number in range(PAGE_ROWS)])
    assert not full.last
    assert full.until == pytest.approx(E0 + (PAGE_ROWS - 2) / 1000)


@pytest.mark.parametrize(
    "bad", [{}, 5, row("FUNDING_FEE", "x"), row("FUNDING_FEE", asset=""), row("TRANSFER", time=-1)]
)
def test_a_bad_row_costs_that_row_and_is_told(bad: object) -> None:
    problems: list[RowProblem] = []
    assert len(read(row("FUNDING_FEE"), bad, problems=problems).flows) == 1
    assert [problem.row for problem in problems] == ["income row 1"]


def test_what_is_no_history_is_malformed() -> None:
    with pytest.raises(MalformedAnswer):
        page(b"<html>", VENUE, ACCOUNT, NOW, [])
