"""The capital flow of cross margin: what explains that coins came or went, whatever sign the venue prints."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor.domain.events import BalanceCause
from monitor.domain.frames import RowProblem
from monitor.domain.names import AccountKey
from monitor.venues.binance.loans import cash

MAIN = AccountKey("binance", "main")


def row(kind: str, amount: Any = "5", at: float = 1_691_116_657_000, **more: Any) -> dict[str, Any]:
    said = {"id": 1, "tranId": 2, "timestamp": at, "asset": "USDT", "symbol": "BTCUSDT", "type": kind}
    return {**said, "amount": amount, **more}


def read(*rows: dict[str, Any]) -> tuple[Any, bool, list[RowProblem]]:
    bad: list[RowProblem] = []
    flows, full = cash.flows(json.dumps(rows).encode(), "binance", MAIN, 7.0, bad)
    return flows, full, bad


@pytest.mark.parametrize("printed", ["5", "-5"])
@pytest.mark.parametrize(
    ("kind", "amount", "cause"),
    [
        ("BUY_INCOME", 5.0, BalanceCause.TRADE),
        ("SELL_EXPENSE", -5.0, BalanceCause.TRADE),
        ("TRADING_COMMISSION", -5.0, BalanceCause.FEE),
        ("LIQUIDATION_FEE", -5.0, BalanceCause.LIQUIDATION),
    ],
)
def test_the_kind_tells_the_sign(kind: str, printed: str, amount: float, cause: BalanceCause) -> None:
    ((flow,), full, bad) = read(row(kind, printed))
    assert (flow.amount, flow.cause, flow.asset, flow.venue_time) == (amount, cause, "USDT", 1_691_116_657.0)
    assert not full
    assert not bad


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("TRANSFER", BalanceCause.TRANSFER), ("SMALL_CONVERT", BalanceCause.OTHER), ("NEW_KIND", BalanceCause.OTHER)],
)
def test_what_explains_nothing_keeps_its_sign(kind: str, cause: BalanceCause) -> None:
    ((flow,), _, _) = read(row(kind, "-5"))
    assert (flow.amount, flow.cause) == (-5.0, cause)


def test_newest_first_becomes_oldest_first() -> None:
    flows, _, _ = read(row("BUY_INCOME", at=2_000), row("BUY_EXPENSE", at=1_000))
    assert [flow.venue_time for flow in flows] == [1.0, 2.0]


@pytest.mark.parametrize("amount", [None, "", "x", "nan"])
def test_an_amount_that_is_none_is_a_bad_row(amount: Any) -> None:
    flows, _, bad = read(row("BUY_INCOME", amount), row("BUY_EXPENSE"))
    assert len(flows) == 1
    assert len(bad) == 1


def test_debts_move_no_wallet() -> None:
    flows, _, bad = read(row("BORROW"), row("REPAY"), row("REPAY_LIQUIDATION"))
    assert flows == ()
    assert not bad


def test_a_full_answer_says_so() -> None:
    _, full, _ = read(*[row("BORROW")] * 1000)
    assert full
