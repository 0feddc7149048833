"""KuCoin's own figures out of its own rows: raw JSON, our readers, our description, the kernel, and the venue's figure.

Each situation is a record of a real account, or a sample of the documentation, written down here with all that its row
says of margin; no formula stands in this file but the tick that REST rounds its prices up to.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from math import ceil
from typing import Any

import pytest

from monitor.margin.results import PoolResult
from monitor.venues.kucoin.codec import decode
from tests.vectors.measured import Vector, stand_here, table
from tests.venues.kucoin.support import (
    ACCOUNT,
    NOW,
    VENUE,
    Row,
    Told,
    classic,
    contract,
    cross_loans,
    frame,
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

# Isolated positions of before 2025-05-22, whose rows tell margin and maintenance whole. XBTUSDTM unless said.

BEFORE: dict[str, Row] = {
    "2022, added margin": {
        "avgEntryPrice": 43388.0, "markPrice": 43536.65, "markValue": 43.53665, "posInit": 2.1694,
        "posCross": 2.4985e-05, "posComm": 0.02733446, "posLoss": 0.0, "posMargin": 2.19675944,
        "posMaint": 0.24861326, "maintMarginReq": 0.005,
        "liquidationPrice": 41440.0, "bankruptPrice": 41218.0, "unrealisedPnl": 0.14865, "maintMargin": 2.34540944,
    },
    "2021": {
        "avgEntryPrice": 40008.0, "markPrice": 40014.93, "markValue": 40.01493, "posInit": 8.0016, "posCross": 0.0,
        "posComm": 0.02880576, "posLoss": 0.0, "posMargin": 8.03040576, "posMaint": 0.23284656, "maintMarginReq": 0.005,
        "maintainMargin": 0.25, "liquidationPrice": 32211.0, "bankruptPrice": 32006.0, "unrealisedPnl": 0.00693,
        "maintMargin": 8.03733576,
    },
    "2024, first": {
        "avgEntryPrice": 67430.9, "markPrice": 68900.7, "markValue": 68.9007, "posInit": 22.4769666644,
        "posCross": 0.01645214, "posComm": 0.0539546299, "posLoss": 0.03766885, "posMargin": 22.5097045843,
        "posMaint": 0.3931320569, "maintMarginReq": 0.005, "liquidationPrice": 45314.33, "bankruptPrice": 44975.16,
        "unrealisedPnl": 1.4698, "maintMargin": 23.9795045843,
    },
    "2024, second": {
        "avgEntryPrice": 67430.9, "markPrice": 68323.06, "markValue": 68.32306, "posInit": 22.2769666644,
        "posCross": 0.06225152, "posComm": 0.0539821899, "posLoss": 0.26210915, "posMargin": 22.1310912243,
        "posMaint": 0.4046228699, "maintMarginReq": 0.005, "liquidationPrice": 45704.44, "bankruptPrice": 45353.8,
        "unrealisedPnl": 0.89216, "maintMargin": 23.0232512243,
    },
    "2025, copy trading": {
        "avgEntryPrice": "97302.00", "markPrice": "96939.98", "markValue": "96.9399800000", "posInit": "32.4339999967",
        "posCross": "20.9874", "posComm": "0.0904415999", "posLoss": "0", "posMargin": "53.5118415966",
        "posMaint": "0.4796495999", "maintMarginReq": "0.004", "liquidationPrice": "44269.81",
        "bankruptPrice": "43880.61", "unrealisedPnl": "-0.3620200000", "maintMargin": "53.1498215966",
    },
    "pushed": {
        "avgEntryPrice": 91694.5, "markPrice": 91839.79, "markValue": 91.83979, "posInit": 18.3389,
        "posCross": 0, "posComm": 0.06602004, "posLoss": 0, "posMargin": 18.40492004, "posMaint": 0.5634627025,
        "maintMarginReq": 0.005,
        "liquidationPrice": 73853.0426625, "bankruptPrice": 73355.6, "unrealisedPnl": 0.14529,
        "maintMargin": 18.55021004,
    },
}  # fmt: skip


def isolated(row: Row, **parameters: float) -> Told:
    symbol = row.get("symbol", "XBTUSDTM")
    whole = {**position(symbol, row.get("currentQty", 1), 1.0, 1.0, marginMode="ISOLATED"), **row}
    size = row.pop("multiplier", 0.001)
    return told(classic([whole], [overview("USDT", 100.0)], [contract(symbol, size)])).having(**parameters)


def before(name: str) -> PoolResult:
    return isolated(dict(BEFORE[name]), isolated_rule_2025=0.0).result("isolated:XBTUSDTM:long")


def price(result: PoolResult, tick: float | None = None) -> float:
    """Our liquidation price of the only position, rounded up to a tick where the record was."""
    (one,) = result.positions
    assert one.line.price is not None
    return one.line.price if tick is None else ceil(round(one.line.price / tick, 6)) * tick


def bankrupt(result: PoolResult) -> float:
    (one,) = result.positions
    assert one.bankruptcy.price is not None
    return one.bankruptcy.price


def equity(result: PoolResult) -> float:
    assert result.equity is not None
    return result.equity


def held_back(result: PoolResult) -> float:
    assert result.maintenance_margin is not None
    return result.maintenance_margin


def near() -> PoolResult:
    """A captured position of which only margin and maintenance are known."""
    row: Row = {
        "symbol": "NEARUSDTM", "currentQty": 8, "multiplier": 0.1, "avgEntryPrice": 18.884, "markPrice": 18.89,
        "posMargin": 1.52549075, "posMaint": 0.38916147, "liquidationPrice": 17.47,
    }  # fmt: skip
    return isolated(row, isolated_rule_2025=0.0).result("isolated:NEARUSDTM:long")


def documented_short() -> PoolResult:
    """The help centre's short: 5 lots at 28 000, 100 times, without any fee."""
    row: Row = {
        "currentQty": -5, "avgEntryPrice": 28000.0, "markPrice": 28000.0, "posMargin": 1.4,
        "posMaint": 5 * 0.001 * 28000 * 0.004, "maintMarginReq": 0.004,
    }  # fmt: skip
    return isolated(row, isolated_rule_2025=0.0).result("isolated:XBTUSDTM:short")


# The rule since 2025-05-22


def since(lots: int) -> PoolResult:
    row: Row = {
        "currentQty": lots, "avgEntryPrice": 67430.9, "markPrice": 67430.9, "posMargin": 22.4769666644,
        "maintMarginReq": 0.005,
    }  # fmt: skip
    side = "long" if lots > 0 else "short"
    return isolated(row).result(f"isolated:XBTUSDTM:{side}")


def pushed_short() -> Told:
    """A push of 2026: a short of one lot, whose margin its bankruptcy price of 9.51343735 tells. Nothing is rounded."""
    row: Row = {
        "symbol": "TRUMPUSDTM", "currentQty": -1, "multiplier": 0.1, "avgEntryPrice": "4.786", "markPrice": "4.243",
        "posMargin": (9.51343735 - 4.786) * 0.1, "maintMarginReq": "0.012", "unrealisedPnl": "0.0543",
        "posMaint": "0.0053461800",
    }  # fmt: skip
    return isolated(row)


# Cross margin


def cross_row(symbol: str, lots: float, mark: float, **more: object) -> Row:
    return position(symbol, lots, mark, mark, **more)


def risk_rate() -> float:
    """The help centre's account: 5000 USDT, 0.1 BTC held, an order to sell 10 ETH."""
    files = classic(
        [cross_row("XBTUSDTM", 100, 62000.0, maintMarginReq=0.005)],
        [overview("USDT", 5000.0)],
        [
            contract("XBTUSDTM", 0.001, mmrLevConstant=100.0, m=1e12),
            contract("ETHUSDTM", 0.01, mmrLevConstant=62.5, m=1e12, markPrice=3000.0),
        ],
        [order("ETHUSDTM", "sell", 1000, 3000.0)],
    )
    result = told(files).result("cross:USDT")
    value = result.stages["orders-cancelled"].value
    assert value is not None
    return value * 0.95


def growing(
    lots: int, symbol: str = "XBTUSDTM", size: float = 0.001, m: float = 300.0, constant: float = 125.0
) -> float:
    """The maintenance rate of a cross position, out of its contract alone."""
    files = classic(
        [cross_row(symbol, lots, 60000.0)],
        [overview("USDT", 1e9)],
        [contract(symbol, size, m=m, mmrLevConstant=constant, takerFeeRate=None)],
        fees={symbol: 0.0},
    )
    return held_back(told(files).result("cross:USDT")) / (lots * size * 60000.0)


def inverse_cross() -> float:
    """One dollar of ETHUSDM, whose account's equity its bankruptcy price of 1414.96 tells: nothing else does."""
    row = cross_row(
        "ETHUSDM", 1, 2454.12, avgEntryPrice=2457.12, markValue=-0.000407478, posCost=-0.0004069805,
        posInit=4.06981e-05, posMargin=4.07478e-05, unrealisedPnl=-4.975e-07, liquidationPrice=1429.96,
        settleCurrency="ETH", leverage=10,
        maintMarginReq=0.01,
    )  # fmt: skip
    wallet = 1 / 1414.96 - 1 / 2457.12
    files = classic([row], [overview("ETH", wallet)], [contract("ETHUSDM", -1)])
    return price(told(files).result("cross:ETH"))


def wallet(name: str) -> float:
    """The recorded wallet: what backs cross positions, and all of it with profit."""
    data = {
        "crossPosMargin": "0", "isolatedOrderMargin": "18.1188", "holdBalance": "0", "equity": "81.273621258",
        "version": "1337", "availableBalance": "26.144281178", "isolatedPosMargin": "36.80984008",
        "walletBalance": "81.072921258", "isolatedFundingFeeMargin": "0", "crossUnPnl": "0",
        "totalCrossMargin": "26.144281178", "currency": "USDT", "isolatedUnPnl": "0.2007", "crossOrderMargin": "0",
        "timestamp": "1731916996764",
    }  # fmt: skip
    return _wallet(frame("/contractAccount/wallet", "walletBalance.change", data), name)


def pushed_wallet(name: str) -> float:
    """The same of 2026, with profit in cross margin and funding that waits."""
    data = {
        "E": 488, "U": 1770113416495000000, "a": "12.94776376", "b": "13.96916376", "c": "USDT", "e": "14.07876376",
        "h": "0", "cOM": "0", "cPM": "0.0642", "cUP": "0.0022", "iFF": "-0.01171253", "iOM": "0", "iPM": "0.94548747",
        "iUP": "0.1074", "tCM": "13.02587629",
    }  # fmt: skip
    return _wallet({"P": 1770113416497653438, "T": "balance.FUTURES", "d": data}, name)


def _wallet(text: Row, name: str) -> float:
    (event,) = decode(json.dumps(text), venue=VENUE, account=ACCOUNT, received=NOW).events
    row: Any = getattr(event, "row")  # noqa: B009  # an event of any kind: only a balance has one
    return float(row.cross_wallet + (row.venue_cross_unrealized_pnl if name == "with profit" else 0.0))


# The unified account


def unified_account() -> Told:
    """The sample's overview, with the one position that its margins tell: 92.8345 USDT at 0.4 %, 24 times."""
    row = {
        "symbol": "XBTUSDTM", "marginMode": "CROSS", "size": "1", "entryPrice": "92834.5", "markPrice": "92834.5",
        "positionValue": "92.8345", "leverage": "24", "unrealizedPnL": "0", "initialMargin": "3.8681041667",
        "mmr": "0.004", "maintenanceMargin": "0.371338",
    }  # fmt: skip
    account = {
        "riskRatio": "0.0085517383", "equity": "49.9358942670", "liability": "0", "availableMargin": "46.0677901003",
        "adjustedEquity": "49.9358942670", "im": "3.8681041666", "mm": "0.3713380000",
    }  # fmt: skip
    coins = [{"currency": "USDT", "equity": "49.935894267", "balance": "49.935894267", "liability": "0", "hold": "0"}]
    return told(unified(account, [row], coins, [contract("XBTUSDTM", 0.001)]))


def unified_ratio() -> float:
    result = unified_account().result("multi-assets")
    assert result.ratio.value is not None
    return result.ratio.value


def unified_position(value: float, mark: float, size: float, lots: int, rate: str) -> float:
    """Maintenance of one position without the fee of closing."""
    row = {
        "symbol": "XBTUSDTM", "marginMode": "CROSS", "size": str(lots), "entryPrice": str(mark), "markPrice": str(mark),
        "positionValue": str(value), "unrealizedPnL": "0", "mmr": rate,
    }  # fmt: skip
    coins = [{"currency": "USDT", "equity": "50", "balance": "50", "liability": "0"}]
    files = unified({"adjustedEquity": "50"}, [row], coins, [contract("XBTUSDTM", size, takerFeeRate=1e-15)])
    return held_back(told(files).result("multi-assets"))


def discounted() -> float:
    """The documentation's 660 BTC at 100 000, in three bands."""
    bands = [
        {"tier": 1, "min": "0", "max": "500", "cdr": "0.98"},
        {"tier": 2, "min": "500", "max": "600", "cdr": "0.975"},
        {"tier": 3, "min": "600", "max": "99999999999999999", "cdr": "0.97"},
    ]
    coins = [{"currency": "BTC", "equity": "660", "balance": "660", "liability": "0"}]
    listed = [contract("XBTUSDM", -1, indexPrice=100_000.0)]
    files = unified({}, coins=coins, contracts=listed, discounts=[{"currency": "BTC", "cdrConfigs": bands}])
    return equity(told(files).result("multi-assets"))


# Spot margin


def doge() -> float:
    """A recorded wallet of DOGE-USDT, at the price of DOGE that its printed ratio of 0.0822 tells."""
    wallet_row = pair("DOGE-USDT", "0.0822", held("DOGE", 10, "10.00009385", "0.00004693"), held("USDT", 10))
    files = isolated_loans(wallet_row, marks=margin_marks(DOGE=0.08956))
    result = told(files).result("margin:DOGE-USDT")
    return debt_ratio(result)


def debt_ratio(result: PoolResult) -> float:
    assert result.maintenance_margin is not None
    assert result.equity is not None
    debt = result.maintenance_margin / (1 / 0.97 - 1)
    return debt / (result.equity + debt)


def older_cross() -> float:
    """The sample of an account that is being liquidated: 0.976 owed of 1.00."""
    files = cross_loans("0.976", held("BTC", "1.00", "0.976"), marks=margin_marks())
    return debt_ratio(told(files).result("margin"))


VECTORS = (
    *(
        Vector("isolated, before 2025-05-22", f"{name}: price", float(BEFORE[name]["liquidationPrice"]), ours)
        for name, ours in (
            ("2022, added margin", lambda: price(before("2022, added margin"), 1.0)),
            ("2021", lambda: price(before("2021"), 1.0)),
            ("2024, first", lambda: price(before("2024, first"), 0.01)),
            ("2024, second", lambda: price(before("2024, second"), 0.01)),
            ("2025, copy trading", lambda: price(before("2025, copy trading"), 0.01)),
            ("pushed", lambda: price(before("pushed"))),
        )
    ),
    Vector("isolated, before 2025-05-22", "NEAR: price", 17.47, lambda: price(near(), 0.01)),
    Vector("isolated, before 2025-05-22", "documented short: price", 28168.0, lambda: price(documented_short())),
    Vector(
        "isolated, before 2025-05-22",
        "2024, first: bankruptcy",
        44975.16,
        lambda: bankrupt(before("2024, first")),
        3e-7,
    ),
    Vector("isolated, before 2025-05-22", "pushed: bankruptcy", 73355.6, lambda: bankrupt(before("pushed"))),
    Vector(
        "isolated, before 2025-05-22",
        "2024, first: margin with profit",
        23.9795045843 - 0.0539546299,  # it holds the closing fee, which is no part of what the position may lose
        lambda: equity(before("2024, first")),
    ),
    Vector("isolated, since", "long: price", 45207.0930567, lambda: price(since(1)), 1e-11),
    Vector("isolated, since", "short: price", 89407.1864205, lambda: price(since(-1)), 1e-11),
    Vector(
        "isolated, since",
        "pushed short: price",
        9.395059599,
        lambda: price(pushed_short().result("isolated:TRUMPUSDTM:short")),
        1e-9,
    ),
    Vector(
        "isolated, since",
        "pushed short: maintenance",
        0.0053461800,
        lambda: held_back(pushed_short().result("isolated:TRUMPUSDTM:short")),
    ),
    Vector("cross", "documented risk rate", 0.0588, risk_rate, 1e-3),
    Vector("cross", "rate of 12.102 BTC", 0.00416136, lambda: growing(12102)),
    Vector("cross", "rate of 0.001 BTC", 0.0040000133, lambda: growing(1), 1e-8),
    Vector("cross", "rate of 380.03 ETH", 0.0054623236, lambda: growing(38003, "ETHUSDTM", 0.01, 4110.0, 100.0), 1e-7),
    Vector("cross", "inverse ETH: reference price", 1429.96, inverse_cross, 2e-6),
    Vector("cross", "wallet", 26.144281178, lambda: wallet("without")),
    Vector("cross", "wallet of 2026 with profit", 13.02587629, lambda: pushed_wallet("with profit")),
    Vector("unified", "risk ratio", 0.0085517383, unified_ratio, 1e-8),
    Vector("unified", "maintenance of DOGE", 0.128086, lambda: unified_position(18.298, 0.18298, 100.0, 1, "0.007")),
    Vector(
        "unified", "maintenance of BTC", 0.36189864, lambda: unified_position(90.47466, 90474.66, 0.001, 1, "0.004")
    ),
    Vector("unified", "discounted BTC", 64_570_000.0, discounted),
    Vector("spot margin", "DOGE-USDT: debt ratio", 0.0822, doge, 1e-4),
    Vector("spot margin", "older sample: debt ratio", 0.976, older_cross),
)

COLLECTED = {
    "kucoin-linear-iso-long-xbt-1": "2022, added margin: price",
    "kucoin-linear-iso-long-xbt-2": "2021: price",
    "kucoin-linear-iso-long-xbt-3": "2024, first: price",
    "kucoin-linear-iso-long-xbt-4": "2024, second: price",
    "kucoin-linear-iso-long-xbt-5": "pushed: price",
    "kucoin-linear-iso-long-xbt-6": "2025, copy trading: price",
    "kucoin-linear-iso-long-near-1": "NEAR: price",
    "kucoin-linear-iso-short-doc": "documented short: price",
    "kucoin-inverse-cross-long-eth-1": "inverse ETH: reference price",
    "kucoin-linear-cross-riskrate-doc": "documented risk rate",
}
"""Where each of KuCoin's vectors in the collection stands here."""


def test_every_vector_of_the_collection_stands_here() -> None:
    stand_here("kucoin", VECTORS, COLLECTED)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.mode}: {vector.name}")
def test_the_venues_own_figure_comes_out_of_its_own_rows(vector: Vector) -> None:
    assert vector.error <= vector.tolerance


def test_the_worst_error_of_each_mode(record_property: Callable[[str, object], None]) -> None:
    """How near we come to KuCoin, mode by mode."""
    assert table("KuCoin", VECTORS, record_property) == 5
