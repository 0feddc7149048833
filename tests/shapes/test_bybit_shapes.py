"""Bybit: entry-based fee to close, borrow, order loss, hedge netting, scenario grid, short option."""

from __future__ import annotations

import pytest

from monitor.domain.instruments import Payoff
from monitor.domain.tiers import flat
from monitor.margin.pool import LIQUIDATION, Basis, Holding, Netting, Option, ScenarioGrid, Stage, counted_at
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import linear, pool, tiers
from tests.shapes.catalogue import Shape, shape

TAKER = 0.00055


def closing_fee_rate(side: float, leverage: float) -> float:
    """The fee to close at the bankruptcy price, as a rate of the entry value: t (1 - s/L)."""
    return TAKER * (1 - side / leverage)


@shape
def entry_based_fee_to_close() -> Shape:
    fee = closing_fee_rate(1, 10)
    leg = linear(
        "BTCUSDT",
        0.5,
        50000.0,
        tiers=flat(0.005),
        fee_rate=fee,
        fee_basis=Basis.ENTRY,
        initial_margin_rate=0.1,
        constant_initial=25000 * fee,
    )
    return pool(leg, cash=3000.0), Market({"BTCUSDT": 50500.0}, {"BTC": 50500.0, "USDT": 1.0})


def test_the_fee_to_close_is_fixed_at_the_entry_while_maintenance_follows_the_mark() -> None:
    """0.5 BTC at 50 000, mark 50 500, 10x: fee = 25 000 * 0.9 * 0.00055 = 12.375, initial 2525 + 12.375 = 2537.375.

    3000 + 0.5 (P - 50 000) = 0.0025 P + 12.375 at 22 012.375 / 0.4975 = 44 245.98.
    """
    result = ask(*entry_based_fee_to_close())
    assert result.initial_margin == pytest.approx(2537.375, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(126.25 + 12.375, rel=1e-12)
    assert position(result, "BTCUSDT").down.price == pytest.approx(22012.375 / 0.4975, rel=1e-12)


def test_a_recorded_position_s_maintenance_and_initial_margin() -> None:
    """ADAUSDT long 18 720 at 0.41160027, mark 0.41, 75x, 0.75 %: the venue printed 61.74535757 and 106.51735757."""
    fee = closing_fee_rate(1, 75)
    leg = linear(
        "ADAUSDT",
        18720.0,
        0.41160027,
        tiers=flat(0.0075),
        fee_rate=fee,
        fee_basis=Basis.ENTRY,
        initial_margin_rate=1 / 75,
        constant_initial=18720 * 0.41160027 * fee,
    )
    result = ask(pool(leg, cash=1000.0), Market({"ADAUSDT": 0.41}))
    assert result.maintenance_margin == pytest.approx(61.74535757, rel=1.5e-6)
    assert result.initial_margin == pytest.approx(106.51735757, rel=1e-6)


def test_an_isolated_position_with_margin_added_by_hand() -> None:
    """1 BTC at 40 000, 50x, 3000 added: (40 000 - 800 - 3000/(1 - t)) / 0.995 = 36 380.25 (documentation).

    The fee is in the position's margin and in its requirement, and cancels.
    """
    fee = 40000 * closing_fee_rate(1, 50)
    leg = linear("BTCUSDT", 1.0, 40000.0, tiers=flat(0.005), constant_requirement=fee)
    built = pool(leg, cash=800 + fee + 3000 / (1 - TAKER), isolated=True)
    assert position(ask(built, Market({"BTCUSDT": 40000.0})), "BTCUSDT").line.price == pytest.approx(
        36380.25, abs=0.005
    )


@shape
def borrow_against_collateral() -> Shape:
    built = pool(
        linear("ETHUSDT", 20.0, 2000.0, tiers=flat(0.01)),
        numeraire="USD",
        holdings=(
            Holding(asset="BTC", amount=1.0, collateral=counted_at(0.9)),
            Holding(asset="USDT", borrow=flat(0.04)),
        ),
    )
    return built, Market({"ETHUSDT": 1900.0}, {"BTC": 30000.0, "USDT": 1.0, "ETH": 1900.0})


def test_losses_without_cash_become_a_loan_that_asks_for_margin_itself() -> None:
    """1 BTC counts 27 000; 20 ETH from 2000 to 1900 leave -2000 USDT, a loan that asks 4 %: 80 beside 380.

    27 000 + 20 P - 40 000 = 0.2 P + 0.04 (40 000 - 20 P) at 14 600 / 20.6 = 708.74.
    """
    result = ask(*borrow_against_collateral())
    assert result.equity == pytest.approx(25000.0, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(460.0, rel=1e-12)
    assert position(result, "ETHUSDT").down.price == pytest.approx(14600 / 20.6, rel=1e-12)


@shape
def order_loss() -> Shape:
    built = pool(
        linear("BTCUSDT", 0.5, 30000.0, tiers=flat(0.005)),
        linear("BTCUSDT", 1.0, 31000.0, tiers=flat(0.005), basis=Basis.ENTRY, order=True),
        cash=5000.0,
        stages=(Stage(name="orders-cancelled", orders=True), Stage(name=LIQUIDATION)),
    )
    return built, Market({"BTCUSDT": 30000.0}, {"BTC": 30000.0, "USDT": 1.0})


def test_a_resting_order_that_would_lose_counts_until_it_is_cancelled() -> None:
    """A bid for 1 at 31 000 over a mark of 30 000 loses 1000 and asks 155; the position asks 75.

    With orders (75 + 155) / (5000 - 1000); without 75 / 5000. The line is of the position alone:
    5000 + 0.5 (P - 30 000) = 0.0025 P at 10 000 / 0.4975.
    """
    result = ask(*order_loss())
    assert result.stages["orders-cancelled"].value == pytest.approx(230 / 4000, rel=1e-12)
    assert result.ratio.value == pytest.approx(75 / 5000, rel=1e-12)
    assert len(result.positions) == 1
    assert position(result, "BTCUSDT").line.price == pytest.approx(10000 / 0.4975, rel=1e-12)


def test_a_resting_order_that_would_gain_adds_nothing() -> None:
    """The same bid at 29 000 under the mark: no loss and no gain, it asks 145."""
    built = pool(
        linear("BTCUSDT", 0.5, 30000.0, tiers=flat(0.005)),
        linear("BTCUSDT", 1.0, 29000.0, tiers=flat(0.005), basis=Basis.ENTRY, order=True),
        cash=5000.0,
        stages=(Stage(name="orders-cancelled", orders=True), Stage(name=LIQUIDATION)),
    )
    result = ask(built, Market({"BTCUSDT": 30000.0}))
    assert result.stages["orders-cancelled"].value == pytest.approx(220 / 5000, rel=1e-12)


ORDER_TIERS = tiers((0.0, 0.02), (100e3, 0.025, 500.0), (200e3, 0.03, 1500.0), (300e3, 0.035, 3000.0))


@shape
def orders_in_the_tier_above() -> Shape:
    group = {"tiers": ORDER_TIERS, "tier_group": "XUSDT"}
    built = pool(
        linear("XUSDT", 50.0, 4000.0, **group, group_lookup=False),
        linear("XUSDT", 50.0, 3000.0, **group, group_deduction=False, basis=Basis.ENTRY, order=True),
        cash=97500.0,
        stages=(Stage(name="orders-cancelled", orders=True), Stage(name=LIQUIDATION)),
    )
    return built, Market({"XUSDT": 4000.0}, {"X": 4000.0, "USDT": 1.0})


def test_orders_are_rated_by_the_tier_of_position_and_orders_together() -> None:
    """Long 50 at 4000 asks 200 000 * 2.5 % - 500 = 4500, in its own tier; a bid for 50 at 3000, rated at the 3.5 % of

    350 000 without a deduction, 5250: together 9750 (documentation).
    """
    result = ask(*orders_in_the_tier_above())
    assert result.maintenance_margin == pytest.approx(4500.0, rel=1e-12)
    assert result.stages["orders-cancelled"].value == pytest.approx(9750 / 97500, rel=1e-12)


@pytest.mark.parametrize("beside", [-1e-9, 0.0, 1e-9])
def test_a_position_at_the_upper_cap_of_its_tier_asks_the_same_from_either_side(beside: float) -> None:
    """The venue's caps are inclusive, so 200 000 is tier 2: 2.5 % - 500 = 4500. Tier 3 says 3 % - 1500, the same."""
    built = pool(linear("XUSDT", 50.0, 4000.0, tiers=ORDER_TIERS), cash=97500.0)
    result = ask(built, Market({"XUSDT": 4000.0 * (1 + beside)}))
    assert result.maintenance_margin == pytest.approx(4500.0, rel=1e-8)


@shape
def hedge_netting() -> Shape:
    built = pool(
        linear("BTCUSDT", 2.0, 100.0, tiers=flat(0.01), netting_group="BTCUSDT"),
        linear("BTCUSDT", -1.0, 100.0, tiers=flat(0.01), netting_group="BTCUSDT"),
        cash=20.0,
        netting_groups=(("BTCUSDT", Netting.LARGER_SIDE),),
    )
    return built, Market({"BTCUSDT": 100.0}, {"BTC": 100.0, "USDT": 1.0})


def test_only_the_larger_side_of_a_hedge_asks_for_margin() -> None:
    """Long 2, short 1: max(0.02 P, 0.01 P) = 0.02 P; 20 + (P - 100) = 0.02 P at 80 / 0.98 = 81.63, not 80 / 0.97."""
    result = ask(*hedge_netting())
    assert result.maintenance_margin == pytest.approx(2.0, rel=1e-12)
    assert position(result, "BTCUSDT", "long").down.price == pytest.approx(80 / 0.98, rel=1e-12)


@shape
def scenario_grid() -> Shape:
    grid = ScenarioGrid(
        asset="BTC",
        reference_price=30000.0,
        moves=(-0.1, 0.0, 0.1),
        profits=((-3000.0, 0.0, 3000.0), (-3000.0, 0.0, 3000.0), (-3000.0, 0.0, 3000.0)),
        contingency=100.0,
    )
    built = pool(linear("BTCUSDT", 1.0, 30000.0, tiers=flat(0.0)), cash=10000.0, grids=(grid,))
    return built, Market({"BTCUSDT": 30000.0}, {"BTC": 30000.0, "USDT": 1.0})


def test_a_scenario_grid_asks_for_its_worst_loss_from_where_the_price_is() -> None:
    """1 BTC over +-10 %: 3000 + 100 now. After a move x the worst loss is 10 % of what is left, 3000 (1 + x):

    10 000 + 30 000 x = 3000 (1 + x) + 100 at x = -6900 / 27 000.
    """
    result = ask(*scenario_grid())
    assert result.maintenance_margin == pytest.approx(3100.0, rel=1e-12)
    assert result.ratio.value == pytest.approx(0.31, rel=1e-12)
    assert result.coins["BTC"].down.distance_ratio == pytest.approx(6900 / 27000, rel=1e-12)


@shape
def short_call() -> Shape:
    terms = Option(
        strike=31000.0,
        call=True,
        volatility=0.5,
        years=0.05,
        underlying=30000.0,
        index_rate=0.03,
        mark_rate=0.03,
        mark_add=1.0,
        index_add=0.002,
    )
    leg = linear(
        "BTC-31000-C",
        -1.0,
        300.0,
        base="BTC",
        quote="USDT",
        settle="USDT",
        payoff=Payoff.OPTION,
        option=terms,
        tiers=flat(0.0),
        initial_margin_rate=0.0,
        constant_initial=2350.0,
    )
    return pool(leg, cash=10000.0), Market({"BTC-31000-C": 300.0}, {"BTC": 30000.0, "USDT": 1.0})


def test_a_short_option_asks_for_a_share_of_the_index_its_mark_and_a_fee() -> None:
    """max(0.03 * 30 000, 0.03 * 300) + 300 + 0.002 * 30 000 = 1260; initial margin 2350 (documentation)."""
    result = ask(*short_call())
    assert result.maintenance_margin == pytest.approx(1260.0, rel=1e-12)
    assert result.initial_margin == pytest.approx(2350.0, rel=1e-12)
    assert result.coins["BTC"].up.distance_ratio is not None
    assert 0.0 < result.coins["BTC"].up.distance_ratio < 1.0
