"""Binance portfolio margin's own figures out of its own rows: raw JSON, our readers, our description, the kernel.

The ratios are those of samples of the venue's documentation, whose accounts say no more than their totals: of these our
reading of the fields is held against the printed ratio. What is required of loans, and how an asset counts, is worked
out in the documentation of Pro.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from monitor.domain.names import AccountKey
from monitor.venues.binance.portfolio.answers import snapshot
from tests.programs import shared
from tests.vectors.measured import Vector, table
from tests.venues.binance.support import raw, recorded_answers
from tests.venues.binance.told import PortfolioRows, Told, pm_account, pm_balance, portfolio_folder, pro_folder, told

KEY = AccountKey("binance", "main")


def ratio_of(body: dict[str, Any]) -> float:
    """Equity over maintenance as we read them from an account's own figures."""
    venue = snapshot(raw(body), b"[]", b"[]", b"[]", KEY, 0.0, 0.0).venue
    assert venue.equity is not None
    assert venue.maintenance_margin is not None
    return venue.equity / venue.maintenance_margin


def documented_account() -> float:
    return ratio_of(pm_account(accountEquity="122607.35137903", accountMaintMargin="23.72469206"))


def documented_loans() -> Told:
    """0.04 BTC and 15 ETH owed, of which Pro's worked example requires 0.004 BTC and 1.5 ETH."""
    return told(
        pro_folder(
            PortfolioRows(
                balances=[
                    pm_balance("BTC", 1.0, crossMarginBorrowed="0.04"),
                    pm_balance("ETH", 1.0, crossMarginBorrowed="15"),
                    pm_balance("USDT", 100000.0),
                ],
                rates=[{"asset": asset, "collateralRate": "1"} for asset in ("BTC", "ETH", "USDT")],
                prices={"BTC": 50000.0, "ETH": 2000.0, "USDT": 1.0},
            )
        )
    )


def required_of_loans() -> float:
    (result,) = documented_loans().results().values()
    return result.maintenance_margin or 0.0


def tiered_value() -> float:
    """1500 BNB-dollars: the first 1000 whole, the rest at 90 %, or 1500 * 0.9 and a quick addition of 100."""
    tiers = [
        {"tierFloor": "0.0000", "tierCap": "1000.0000", "collateralRate": "1.0000", "cum": "0.0000"},
        {"tierFloor": "1000.0000", "tierCap": "2000.0000", "collateralRate": "0.9000", "cum": "100.0000"},
    ]
    rows = PortfolioRows(
        [pm_balance("BNB", 5.0)], rates=[{"asset": "BNB", "collateralInfo": tiers}], prices={"BNB": 300.0}
    )
    (result,) = told(pro_folder(rows)).results().values()
    return result.equity or 0.0


def equity_of_a_mixed_account() -> float:
    """What the formula of the documentation says of N = margin - loan + futures, at a rate where positive."""
    rows = PortfolioRows(
        balances=[
            pm_balance("BTC", 0.5, cm=0.1, crossMarginBorrowed="0.1", crossMarginInterest="0.001"),
            pm_balance("USDT", 1000.0, um=-4000.0),
        ],
        rates=[{"asset": "BTC", "collateralRate": "0.95"}, {"asset": "USDT", "collateralRate": "0.99"}],
        prices={"BTC": 40000.0, "USDT": 0.999},
    )
    (result,) = told(portfolio_folder(rows, totalMarginOpenLoss="12.5")).results().values()
    return result.equity or 0.0


VECTORS = (
    Vector("ratio", "documented account", 5167.92171923, documented_account, 1e-9),
    Vector("loans", "0.04 BTC and 15 ETH: maintenance", 0.004 * 50000.0 + 1.5 * 2000.0, required_of_loans),
    Vector("collateral", "tiers: value", 1500.0 * 0.9 + 100.0, tiered_value),
    Vector(
        "collateral",
        "a loan, a debt of futures, open orders: equity",
        (0.5 - 0.101 + 0.1) * 40000.0 * 0.95 - 3000.0 * 0.999 - 12.5,
        equity_of_a_mixed_account,
    ),
)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{vector.mode}: {vector.name}")
def test_the_venues_own_figure_comes_out_of_its_own_rows(vector: Vector) -> None:
    assert vector.error <= vector.tolerance


def test_every_account_vector_of_the_collection_stands_here() -> None:
    collected: list[dict[str, Any]] = json.loads(shared("fixtures/vectors.json").read_text(encoding="utf-8"))
    (one,) = [one for one in collected if one["venue"] == "binance" and one["mode"] == "portfolio"]
    assert one["expected"]["margin_ratio"] == VECTORS[0].expected


def test_recorded_accounts_have_the_ratio_that_they_print() -> None:
    """Complaint 11: the fields are not taken for each other. One of the samples has its two equities swapped."""
    bodies = [
        answer["response"]
        for answer in recorded_answers("portfolio_margin_rest.json")
        if isinstance(answer["response"], dict) and "uniMMR" in answer["response"]
    ]
    assert bodies
    for body in bodies:
        assert ratio_of(body) == pytest.approx(float(body["uniMMR"]), rel=0.005)


def test_the_worst_error_of_each_mode(record_property: Callable[[str, object], None]) -> None:
    """How near we come to portfolio margin, mode by mode."""
    table("Binance portfolio margin", VECTORS, record_property)
