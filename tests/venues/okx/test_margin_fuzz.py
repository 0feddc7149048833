"""Whatever a field of the venue's rows says, the account is described and can be computed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.lines import State
from monitor.venues.okx import endpoints
from tests.venues.okx.support import (
    STAMP,
    Row,
    Told,
    answer,
    balance,
    coin,
    config,
    contract,
    folder_of,
    named,
    order,
    pair,
    swap,
    tier,
    told,
)
from tests.venues.okx.test_margin import CALL, DISCOUNTS, LISTED, LOANS, RATES, TIERS

ODD = st.sampled_from(["", "0", None, "-1", "1e-9", "7", "1e15", "nan", "x", True])
POSITION = [
    "pos",
    "posSide",
    "mgnMode",
    "ccy",
    "posCcy",
    "avgPx",
    "markPx",
    "liqPx",
    "lever",
    "margin",
    "upl",
    "optVal",
]
POSITION += ["liab", "interest", "idxPx", "mgnRatio", "instType"]
BALANCE = ["cashBal", "eq", "upl", "isoUpl", "isoEq", "liab", "interest", "disEq", "coinUsdPrice", "stgyEq"]
ORDER = ["sz", "accFillSz", "px", "posSide", "tdMode", "lever", "ccy", "reduceOnly", "instType"]
LOAN = {"instType": "MARGIN", "mgnMode": "isolated", "posCcy": "BTC", "ccy": "BTC", "liab": "-48000", "interest": "-1"}
OPTIONS = {
    named(endpoints.POSITION_TIERS, instType="OPTION", tdMode="cross", instFamily="BTC-USD"): answer(
        tier("0", "50", "0", optMgnFactor="1", instFamily="BTC-USD")
    ),
    named(endpoints.OPT_SUMMARY, instFamily="BTC-USD"): answer(
        {"instId": CALL, "markVol": "0.5", "fwdPx": "60000", "ts": STAMP}
    ),
}


@st.composite
def spoiled(draw: st.DrawFn, row: Row, fields: list[str]) -> Row:
    """The row with up to three of its fields odd or absent."""
    changed = {**row, **draw(st.dictionaries(st.sampled_from(fields), ODD, max_size=3))}
    for gone in draw(st.lists(st.sampled_from(fields), max_size=2)):
        changed.pop(gone, None)
    return changed


def rows() -> st.SearchStrategy[Any]:
    positions = [
        swap("BTC-USDT-SWAP", "10", "60000", "61000", ccy="USDT"),
        swap("BTC-USD-SWAP", "-7", "60000", "61000", ccy="BTC", mgnMode="isolated", margin="0.5"),
        swap("BTC-USDT", "1", "60000", "60000", margin="0.1", **LOAN),
        swap(CALL, "-5", "0.06", "0.05", instType="OPTION", ccy="BTC", optVal="-0.025"),
    ]
    orders = [
        order("BTC-USDT-SWAP", "sell", "20", "62000"),
        order("BTC-USD-SWAP", "buy", "20", "62000"),
        order("BTC-USDT", "buy", "1", "50000", tdMode="cash"),
        order(CALL, "buy", "3", "0.04"),
    ]
    coins = [coin("USDT", "1000", eq="1100", upl="100"), coin("BTC", "2", eq="2", upl="0", coinUsdPrice="60000")]
    return st.tuples(
        st.tuples(*(spoiled(row, POSITION) for row in positions)),
        st.tuples(*(spoiled(row, ORDER) for row in orders)),
        st.tuples(*(spoiled(row, BALANCE) for row in coins)),
    )


def account(level: str, positions: tuple[Row, ...], orders: tuple[Row, ...], coins: tuple[Row, ...]) -> Told:
    option = contract(CALL, "0.1", ctType="", stk="60000", optType="C", expTime="1798700000000", settle="BTC")
    return told(
        folder_of(
            setup=config(level),
            money=balance(*coins),
            positions=positions,
            orders=orders,
            listed=[*LISTED, option, pair("BTC-USDT")],
            tiers={**TIERS, **LOANS},
            more={DISCOUNTS: RATES, **OPTIONS},
        ),
        problems=True,
    )


@pytest.mark.parametrize("level", ["1", "2", "3", "4"])
@given(said=rows())
def test_odd_fields_never_keep_an_account_from_being_computed(level: str, said: Any) -> None:
    found = account(level, *said)
    for result in found.results().values():
        value = result.ratio.value
        assert value is None or value >= 0.0
        assert (value is None) is (result.ratio.state is State.UNKNOWN)


@pytest.mark.parametrize("level", ["2", "3"])
def test_the_account_without_odd_fields_is_computed_whole(level: str) -> None:
    whole = account(
        level,
        (swap("BTC-USDT-SWAP", "10", "60000", "61000", ccy="USDT"),),
        (order(CALL, "buy", "3", "0.04"),),
        (coin("USDT", "1000", eq="1100", upl="100"), coin("BTC", "2", eq="2", upl="0", coinUsdPrice="60000")),
    )
    assert all(result.ratio.value is not None for result in whole.results().values())
