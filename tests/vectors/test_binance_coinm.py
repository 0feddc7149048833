"""Binance COIN-M's own figures out of its own rows: raw JSON, our readers, our description, the kernel, the figure.

The two crosses and the hedge are algebra from the venue's formula, checked by substitution; the maintenance and the
amounts of brackets are worked out in its documentation; the profit is that of a recorded position.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from monitor.domain.lines import State
from tests.vectors.measured import Vector, table
from tests.venues.binance.told import Told, coin_brackets, coin_folder, coin_position, told

BTC_OTHER = coin_position("BTCUSD_261225", 500, 50000 / 0.98, 50000.0)  # 1 BTC at its mark: 0.02 BTC lost
OTHER_BRACKETS = coin_brackets("BTCUSD_261225", (0, 0.01, 0))


def cross(contracts: float) -> Told:
    """500 contracts at 40 000 beside another contract that requires 0.01 BTC and has lost 0.02."""
    return told(
        coin_folder(
            coin_position("BTCUSD_PERP", contracts, 40000.0, 40000.0),
            BTC_OTHER,
            wallets={"BTC": 0.5},
            brackets=[coin_brackets("BTCUSD_PERP", (0, 0.01, 0.002)), OTHER_BRACKETS],
        ),
        BTC=40000.0,
    )


def hedge() -> Told:
    """900 long at 2500 and 300 short at 2600, each in a bracket of its own, beside a requirement of 0.01 ETH."""
    return told(
        coin_folder(
            coin_position("ETHUSD_PERP", 900, 2500.0, 2550.0, positionSide="LONG"),
            coin_position("ETHUSD_PERP", -300, 2600.0, 2550.0, positionSide="SHORT"),
            coin_position("ETHUSD_261225", 255, 2550.0, 2550.0, positionSide="LONG"),
            wallets={"ETH": 0.3},
            brackets=[
                coin_brackets("ETHUSD_PERP", (0, 0.005, 0.0005), (2, 0.01, 0.001)),
                coin_brackets("ETHUSD_261225", (0, 0.01, 0)),
            ],
            hedge=True,
        ),
        ETH=2550.0,
    )


def line(account: Told, symbol: str, side: str) -> float:
    """The price at which a position alone liquidates its pool."""
    (result,) = account.results().values()
    found = next(one for one in result.positions if (one.symbol, one.side) == (symbol, side))
    assert found.line.state is State.AT
    return found.line.price or 0.0


def documented_maintenance() -> float:
    """100 contracts of 100 USD at 25 000 in the first bracket."""
    files = coin_folder(
        coin_position("BTCUSD_PERP", 100, 25000.0, 25000.0),
        wallets={"BTC": 1.0},
        brackets=[coin_brackets("BTCUSD_PERP", (0, 0.004, 0), (5, 0.005, 0.005))],
    )
    (result,) = told(files, BTC=25000.0).results().values()
    return result.maintenance_margin or 0.0


def recorded_profit() -> float:
    """One contract at 11 707.70000003, of a sample record of the venue, at its mark of 11 788.66626667."""
    files = coin_folder(
        coin_position("BTCUSD_PERP", 1, 11707.70000003, 11788.66626667),
        wallets={"BTC": 0.1},
        brackets=[coin_brackets("BTCUSD_PERP", (0, 0.004, 0))],
    )
    (result,) = told(files, BTC=11788.0).results().values()
    return (result.equity or 0.0) - 0.1


VECTORS = (
    Vector("cross", "long: price", 29326.36469222, lambda: line(cross(500), "BTCUSD_PERP", "long")),
    Vector("cross", "short: price", 63624.67866324, lambda: line(cross(-500), "BTCUSD_PERP", "short")),
    Vector("hedge", "long side: price", 2230.01166074, lambda: line(hedge(), "ETHUSD_PERP", "long"), 1e-11),
    Vector("hedge", "short side: price", 2230.01166074, lambda: line(hedge(), "ETHUSD_PERP", "short"), 1e-11),
    Vector("documented", "100 contracts: maintenance", 0.0016, documented_maintenance, 1e-12),
    Vector("recorded", "one contract: profit", 0.00005866, recorded_profit, 1e-4),
)  # fmt: skip


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.mode}: {vector.name}")
def test_the_venues_own_figure_comes_out_of_its_own_rows(vector: Vector) -> None:
    assert vector.error <= vector.tolerance


def test_the_documented_amounts_make_brackets_meet() -> None:
    """Bracket 5 of the documentation begins at 50 BTC, from 2.5 % to 5 %: 0.56 + 50 * 2.5 % = 1.81."""
    files = coin_folder(
        coin_position("BTCUSD_PERP", 1, 25000.0, 25000.0),
        wallets={"BTC": 1.0},
        # The last one's amount left out, so that it follows from the edges.
        brackets=[
            {
                "symbol": "BTCUSD_PERP",
                "brackets": [
                    {"qtyFloor": 0, "qtyCap": 20, "maintMarginRatio": 0.004, "cum": 0},
                    {"qtyFloor": 20, "qtyCap": 50, "maintMarginRatio": 0.025, "cum": 0.56},
                    {"qtyFloor": 50, "qtyCap": 100, "maintMarginRatio": 0.05},
                ],
            }
        ],
    )
    table_of = told(files).tables.tiers["BTCUSD_PERP"]
    assert [tier.deduction for tier in table_of.tiers] == [0.0, 0.56, pytest.approx(1.81)]


def test_the_worst_error_of_each_mode(record_property: Callable[[str, object], None]) -> None:
    """How near we come to COIN-M, mode by mode."""
    table("Binance COIN-M", VECTORS, record_property)
