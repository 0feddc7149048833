"""Binance spot margin's own figures out of its own rows: raw JSON, our readers, our description, the kernel.

The pair is a record of a real account; the levels and the maintenance of two debts are worked out in the venue's
documentation, in a cross account whose assets are valued in BTC.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.margin.results import PoolResult
from tests.vectors.measured import Vector, table
from tests.venues.binance.told import Told, cross_folder, isolated_folder, owned, pair, pair_tier, told

INDEX = 0.60221962


def recorded_pair(index: float = INDEX) -> Told:
    """1954.7144 FET against 889.72 USDT, at 4.2x, as recorded. The level of its tier makes the printed price."""
    return told(
        isolated_folder(
            pair(
                "FETUSDT",
                owned("FET", 1463.4144, locked=491.3),
                owned("USDT", 20.65536756, borrowed=889.66509394, interest=0.05560407),
                marginLevel="1.34371923",
                marginRatio="4.2",
                indexPrice=str(index),
                liquidatePrice="0.51628838",
                liquidateRate="-14.269087",
            ),
            tiers={"FETUSDT": [pair_tier("FETUSDT", 1, "5", "1.15"), pair_tier("FETUSDT", 2, "4.2", "1.1575")]},
        )
    )


def price_of_pair() -> float:
    (result,) = recorded_pair().results().values()
    (line,) = result.venue_lines
    return line.ours.price or 0.0


def rate_of_pair() -> float:
    """How far the price is from the index, in percent, as the venue writes it."""
    return (price_of_pair() / INDEX - 1.0) * 100.0


def level(result: PoolResult, liquidated_at: float) -> float:
    """Assets over debts: equity over requirement, of which a loan's is (level - 1) times the debt."""
    assert result.equity is not None
    assert result.maintenance_margin is not None
    return 1.0 + (liquidated_at - 1.0) * result.equity / result.maintenance_margin


def level_of_pair(index: float = INDEX) -> float:
    (result,) = recorded_pair(index).results().values()
    return level(result, 1.1575)


def documented_level() -> float:
    files = cross_folder(
        owned("BTC", 6.82728457, borrowed=0.58633215), prices={"BTCUSDT": 20000.0}, level="11.64405625"
    )
    (result,) = told(files).results().values()
    return level(result, 1.1)


def two_debts() -> float:
    """13 BTC at 30 000 and 13 ETH at 3000, borrowed in Pro: 390 000 * 8 % - 2000 and 39 000 * 7 % - 600."""
    bracket = {"leverage": 10, "initialMarginRate": 0.1, "maxDebt": 1e9}
    files = cross_folder(
        owned("BTC", 20.0, borrowed=13.0),
        owned("ETH", 13.0, borrowed=12.5, interest=0.5),
        kind="MARGIN_2",
        prices={"BTCUSDT": 30000.0, "ETHUSDT": 3000.0},
        ratios=[{"assetNames": ["BTC", "ETH"], "collaterals": [{"minUsdValue": "0", "discountRate": "1"}]}],
        brackets=[
            {"assetNames": ["BTC"], "brackets": [{**bracket, "maintenanceMarginRate": 0.08, "fastNum": 2000}]},
            {"assetNames": ["ETH"], "brackets": [{**bracket, "maintenanceMarginRate": 0.07, "fastNum": 600}]},
        ],
        totalOpenOrderLossInUSDT="0",
    )
    (result,) = told(files).results().values()
    return result.maintenance_margin or 0.0


# Its own net value of 1954.7144 FET in BTC, over that of the debt in BTC, times that debt in USDT.
THROUGH_BTC = 0.02088936 / 1954.7144 * 869.06533045 / 0.01545198

VECTORS = (
    Vector("isolated", "FETUSDT: price", 0.51628838, price_of_pair, 1e-8),
    Vector("isolated", "FETUSDT: distance in percent", -14.269087, rate_of_pair, 1e-7),
    Vector("isolated", "FETUSDT: level, at prices through BTC", 1.34371923, lambda: level_of_pair(THROUGH_BTC), 1e-6),
    Vector("isolated", "FETUSDT: level, at its index", 1.34371923, level_of_pair, 0.005),
    Vector("cross Classic", "documented level", 11.64405625, documented_level, 1e-8),
    Vector("cross Pro", "two debts: maintenance", 31330.0, two_debts),
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.mode}: {vector.name}")
def test_the_venues_own_figure_comes_out_of_its_own_rows(vector: Vector) -> None:
    assert vector.error <= vector.tolerance


def test_the_worst_error_of_each_mode(record_property: Callable[[str, object], None]) -> None:
    """How near we come to spot margin, mode by mode."""
    table("Binance spot margin", VECTORS, record_property)
