"""A pool after payments out of its wallet."""

from __future__ import annotations

import pytest

from monitor.margin.payments import after_payments, paid
from monitor.margin.pool import Holding
from tests.unit.margin.build import ask, key, leg, pool, prices

LONG = leg(1.0, entry=100.0)  # notional 100, requirement 1


def test_cash_pays_in_the_numeraire() -> None:
    assert paid(pool(cash=20.0), {"USDT": 5.0}, prices()).cash == 15.0


def test_what_is_received_is_added() -> None:
    assert paid(pool(cash=20.0), {"USDT": -5.0}, prices()).cash == 25.0


def test_a_holding_pays_in_its_own_asset() -> None:
    held = (Holding(asset="BTC", amount=2.0), Holding(asset="ETH", amount=7.0))
    left = paid(pool(cash=20.0, holdings=held), {"BTC": 0.5}, prices())
    assert ([holding.amount for holding in left.holdings], left.cash) == ([1.5, 7.0], 20.0)


@pytest.mark.parametrize(("numeraire", "left"), [("USDT", 10.0), ("BTC", 19.9), ("USD", 10.0)])
def test_what_is_not_held_is_bought_with_cash(numeraire: str, left: float) -> None:
    """One ETH at 10 USD, in dollars or in BTC at 100."""
    assert paid(pool(numeraire=numeraire, cash=20.0), {"ETH": 1.0}, prices()).cash == pytest.approx(left)


def test_ratio_and_lines_are_those_of_a_pool_with_the_smaller_wallet() -> None:
    found = after_payments(pool(LONG, cash=20.0, backstop=key("other")), {"USDT": 10.0}, prices())
    assert found.ratio.value == pytest.approx(1.0 / 10.0)
    assert found.positions[0].line == ask(pool(LONG, cash=10.0)).positions[0].line
    assert found.positions[0].with_backstop is None


def test_speeds_of_the_market_are_those_given() -> None:
    slow = after_payments(pool(LONG, cash=20.0), {"USDT": 10.0}, prices(), betas={"BTC": 0.5}, stablecoins={"USDT"})
    usual = after_payments(pool(LONG, cash=20.0), {"USDT": 10.0}, prices())
    assert slow.market.down.distance_ratio == pytest.approx(2.0 * (usual.market.down.distance_ratio or 0.0))
