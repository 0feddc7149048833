"""The simulator's own arithmetic against numbers that Bybit printed: its help pages, and positions of real accounts."""

from __future__ import annotations

import pytest

from monitor.sim.bybit import arithmetic
from monitor.sim.bybit.options import Option
from monitor.sim.bybit.tiers import (
    COLLATERAL,
    RISK_LIMITS,
    collateral_value,
    risk_tiers,
    tier_at,
)

TAKER = 0.00055
FLAT = risk_tiers([(1e12, 0.005)])


def test_margin_of_a_linear_position_goes_by_the_mark_and_its_fee_by_the_entry() -> None:
    for sign, printed in ((1.0, 2537.375), (-1.0, 2540.125)):
        fee = arithmetic.fee_to_close(False, 0.5, 50_000.0, sign, 10.0, TAKER)
        assert arithmetic.initial_margin(0.5 * 50_500.0, 10.0, fee) == pytest.approx(printed, rel=1e-12)


def test_a_position_of_a_real_account() -> None:
    fee = arithmetic.fee_to_close(False, 18_720.0, 0.41160027, 1.0, 75.0, TAKER)
    worth = 18_720.0 * 0.41
    assert arithmetic.initial_margin(worth, 75.0, fee) == pytest.approx(106.51735757, rel=1e-6)
    assert arithmetic.maintenance_margin(RISK_LIMITS["ADAUSDT"], worth, fee) == pytest.approx(61.74535757, rel=2e-6)
    assert arithmetic.profit(False, 18_720.0, 0.41160027, 0.41, 1.0) == pytest.approx(-29.957, abs=5e-4)


def test_the_line_of_an_isolated_position_with_margin_added() -> None:
    line = arithmetic.isolated_line(False, 1.0, 40_000.0, 1.0, 50.0, 3_000.0, TAKER, FLAT)
    assert line == pytest.approx(36_380.25, abs=0.005)


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("inverse", [False, True])
def test_at_an_isolated_line_what_is_left_is_the_maintenance_margin(inverse: bool, sign: float) -> None:
    size, entry, leverage = (100_000.0, 50_000.0, 10.0) if inverse else (2.0, 50_000.0, 10.0)
    line = arithmetic.isolated_line(inverse, size, entry, sign, leverage, 0.0, TAKER, FLAT)
    assert line is not None
    fee = arithmetic.fee_to_close(inverse, size, entry, sign, leverage, TAKER)
    margin = arithmetic.initial_margin(arithmetic.value(inverse, size, entry), leverage, fee)
    left = margin + arithmetic.profit(inverse, size, entry, line, sign)
    required = arithmetic.maintenance_margin(FLAT, arithmetic.value(inverse, size, line), fee)
    assert left == pytest.approx(required, rel=1e-9)


def test_an_isolated_line_uses_the_tier_that_the_position_has_there() -> None:
    tiers = risk_tiers([(2e6, 0.005), (1e9, 0.05)])
    line = arithmetic.isolated_line(False, 50.0, 50_000.0, 1.0, 2.0, 0.0, TAKER, tiers)
    assert line is not None
    assert tier_at(tiers, 50.0 * line) is tiers[0] is not tier_at(tiers, 50.0 * 50_000.0)


def test_an_unlevered_long_has_no_line() -> None:
    assert arithmetic.isolated_line(False, 1.0, 50_000.0, 1.0, 1.0, 0.0, TAKER, FLAT) is None


def test_what_an_order_holds_is_margin_and_two_fees() -> None:
    held = arithmetic.order_initial_margin(False, 1.0, 50_000.0, 1.0, 10.0, TAKER)
    assert held == pytest.approx(5_000.0 + 27.5 + 24.75)


def test_orders_need_the_rate_of_the_tier_that_they_reach_with_the_position() -> None:
    tiers = risk_tiers([(100e3, 0.02), (200e3, 0.025), (300e3, 0.03), (400e3, 0.035)])
    assert arithmetic.maintenance_margin(tiers, 200e3, 0.0) == pytest.approx(4_500.0)
    assert arithmetic.order_maintenance_margin(tiers, 200e3, 150e3) == pytest.approx(5_250.0)


def test_an_order_far_from_the_mark_loses_at_once() -> None:
    assert arithmetic.order_loss(1.0, 2.0, 110.0, 100.0) == -20.0
    assert arithmetic.order_loss(1.0, 2.0, 90.0, 100.0) == 0.0
    assert arithmetic.order_loss(-1.0, 2.0, 90.0, 100.0) == -20.0


def test_margin_of_a_short_call() -> None:
    call = Option(symbol="", coin="BTC", settle="USDT", strike=31_000.0, call=True, expiry=0.0)
    assert arithmetic.short_option_maintenance(call, 30_000.0, 300.0) == pytest.approx(1_260.0)
    assert arithmetic.short_option_initial(call, 30_000.0, 300.0, 350.0) == pytest.approx(2_350.0)


def test_published_deductions_follow_from_the_edges() -> None:
    deductions = [tier.deduction for tier in RISK_LIMITS["BTCUSDT"]]
    assert deductions == [0, 1200, 3020, 4300, 5820, 8460, 15460, 20500, 46000, 66000, 80000]


def test_an_upper_bound_belongs_to_its_tier() -> None:
    tiers = RISK_LIMITS["BTCUSDT"]
    assert (tier_at(tiers, 2e6), tier_at(tiers, 2e6 + 1.0)) == (tiers[0], tiers[1])


def test_collateral_counts_each_part_of_an_amount_by_its_bracket() -> None:
    assert collateral_value(COLLATERAL["BTC"], 5.0) == pytest.approx(4.75)
    assert collateral_value(COLLATERAL["BTC"], 30.0) == pytest.approx(9.5 + 18.0)
    assert collateral_value(COLLATERAL["BTC"], 110.0) == pytest.approx(9.5 + 81.0 + 5.0)
