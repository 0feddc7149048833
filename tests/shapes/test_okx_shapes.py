"""OKX: family tier group with orders, isolated line one tick off, discount tiers, borrow fee, isolated margin loan."""

from __future__ import annotations

import pytest

from monitor.domain.lines import Line
from monitor.domain.names import Side
from monitor.domain.tiers import TierBy, flat
from monitor.margin.pool import (
    LIQUIDATION,
    Curve,
    Debt,
    Holding,
    Rounding,
    Stage,
    Step,
    VenueFigures,
    VenueLine,
    counted_at,
)
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import inverse, linear, pool, tiers
from tests.shapes.catalogue import Shape, shape

TAKER = 0.0005
FAMILY = tiers((0.0, 0.004), (2000.0, 0.005), by=TierBy.CONTRACTS)  # flat on the whole size, by contracts


@shape
def family_with_an_order() -> Shape:
    common = {"tiers": FAMILY, "fee_rate": TAKER, "tier_group": "BTC-USD", "group_deduction": False}
    built = pool(
        inverse("BTCUSD", -190000.0, 78965.7649821277493337, contracts=1900.0, **common),
        inverse(
            "BTCUSD",
            -100000.0,
            90809.9,
            contracts=1000.0,
            order=True,
            opening_fee=100000 / 90809.9 * TAKER,
            **common,
        ),
        numeraire="BTC",
        cash=0.9991548782181453,
        stages=(Stage(name="warning", orders=True), Stage(name=LIQUIDATION)),
    )
    return built, Market({"BTCUSD": 78962.8}, {"BTC": 78962.8})


def test_orders_lift_a_family_into_the_next_tier_and_pay_both_fees() -> None:
    """Recorded: 1900 short contracts at the mark 78 968.4 alone 92.27523035415192; then, at 78 962.8, with an order for
    1000 more 49.44183316695069.

    Together 2900 contracts fall into the tier of 0.5 % for all of them; the order also pays a closing fee at the mark
    and an opening fee at its price. The printed price 134436.0856853804 knows of no order and has no tick in it.
    """
    built, market = family_with_an_order()
    before, after = ask(built, Market({"BTCUSD": 78968.4})), ask(built, market)
    assert before.ratio.value is not None
    assert after.stages["warning"].value is not None
    assert 1 / before.ratio.value == pytest.approx(92.27523035415192, rel=1e-12)
    assert 1 / after.stages["warning"].value == pytest.approx(49.44183316695069, rel=1e-12)
    assert position(before, "BTCUSD").line.price == pytest.approx(134436.0856853804, rel=1e-12)
    assert position(after, "BTCUSD").line.price == pytest.approx(134436.0856853804, rel=1e-12)


def test_two_expiries_of_a_family_are_looked_up_together() -> None:
    """600 and 600 contracts, first tier up to 1000: both ask 2 %; 1 % would be right for one alone."""
    table = tiers((0.0, 0.01), (1000.0, 0.02), by=TierBy.CONTRACTS)
    common = {"tiers": table, "contracts": 600.0, "tier_group": "X-USDT", "group_deduction": False}
    built = pool(linear("XAUSDT", 60.0, 100.0, **common), linear("XBUSDT", -60.0, 100.0, **common), cash=1000.0)
    assert ask(built, Market({"XAUSDT": 100.0, "XBUSDT": 100.0})).maintenance_margin == pytest.approx(240.0, rel=1e-12)


def test_a_cross_short_in_usdt_as_recorded() -> None:
    """ETH short 13.789 at 2471.0659518456740882, mark 2411.75, cash 286.8952266692395: ratio 7.3826, line 2480.709."""
    leg = linear("ETHUSDT", -13.789, 2471.0659518456740882, tiers=flat(0.004), fee_rate=TAKER, initial_margin_rate=0.01)
    result = ask(pool(leg, cash=286.8952266692395), Market({"ETHUSDT": 2411.75}))
    assert result.ratio.value is not None
    assert 1 / result.ratio.value == pytest.approx(7.382564121680527, rel=1e-12)
    assert position(result, "ETHUSDT").line.price == pytest.approx(2480.7088557412476, rel=1e-12)
    assert position(result, "ETHUSDT").maintenance_margin == pytest.approx(
        133.022483 + 13.789 * 2411.75 * TAKER, rel=1e-9
    )
    assert result.initial_margin == pytest.approx(332.5562075, rel=1e-12)


@shape
def isolated_long_one_tick_off() -> Shape:
    venue = VenueLine(
        symbol="BTCUSDT", side=Side.LONG, printed=Line.at(62729.53285283777, 0.196), offset=0.01, rounding=Rounding.NONE
    )
    leg = linear("BTCUSDT", 0.01, 78059.0500000000000002, tiers=flat(0.004), fee_rate=TAKER)
    built = pool(leg, cash=156.1181, isolated=True, venue=VenueFigures(lines=(venue,)))
    return built, Market({"BTCUSDT": 78058.84}, {"BTC": 78058.84, "USDT": 1.0})


def test_the_venue_prints_an_isolated_long_s_price_one_tick_higher() -> None:
    """Recorded: 1 contract of 0.01 at 78059.05 with 156.1181: ratio 44.44396617275433, printed 62729.53285283777."""
    result = ask(*isolated_long_one_tick_off())
    assert result.ratio.value is not None
    assert 1 / result.ratio.value == pytest.approx(44.44396617275433, rel=1e-12)
    (line,) = result.venue_lines
    assert line.ours.price == pytest.approx(62729.53285283777, rel=1e-12)
    assert position(result, "BTCUSDT").line.price == pytest.approx(62729.52285283777, rel=1e-12)
    assert not line.disagree


@shape
def discount_tiers() -> Shape:
    built = pool(
        linear("ETHUSDT", -100.0, 1000.0, tiers=flat(0.01), fee_rate=TAKER),
        numeraire="USD",
        holdings=(
            Holding(asset="BTC", amount=15.0, collateral=Curve((Step(0.0, 0.98), Step(10.0, 0.95)))),
            Holding(asset="USDT"),
        ),
    )
    return built, Market({"ETHUSDT": 1000.0}, {"BTC": 20000.0, "USDT": 1.0, "ETH": 1000.0})


def test_discount_tiers_count_an_asset_part_by_part() -> None:
    """15 BTC: (10 * 0.98 + 5 * 0.95) * 20 000 = 291 000 against 100 000 * 1.05 % = 1050.

    BTC falling: 14.55 P = 1050. ETH rising: 291 000 - 100 (P - 1000) = 1.05 P at 391 000 / 101.05.
    """
    result = ask(*discount_tiers())
    assert result.equity == pytest.approx(291000.0, rel=1e-12)
    assert result.ratio.value == pytest.approx(1050 / 291000, rel=1e-12)
    assert result.coins["BTC"].down.price == pytest.approx(1050 / 14.55, rel=1e-12)
    assert position(result, "ETHUSDT").up.price == pytest.approx(391000 / 101.05, rel=1e-12)


@shape
def discount_by_value() -> Shape:
    built = pool(
        numeraire="USD",
        holdings=(
            Holding(asset="BTC", amount=15.0, collateral=Curve((Step(0.0, 0.98), Step(100e3, 0.9)), by_value=True)),
        ),
        debts=(Debt(asset="USDT", amount=150e3, requirement=flat(0.1)),),
    )
    return built, Market({}, {"BTC": 20000.0, "USDT": 1.0})


def test_discount_tiers_by_value_shrink_with_the_price() -> None:
    """15 BTC at 20 000: 98 000 + 0.9 * 200 000 = 278 000, less 150 000 owed, against 15 000.

    Still above 100 000 at the line: 98 000 + 0.9 (15 P - 100 000) = 165 000 at 157 000 / 13.5.
    """
    result = ask(*discount_by_value())
    assert result.equity == pytest.approx(128e3, rel=1e-12)
    assert result.coins["BTC"].down.price == pytest.approx(157e3 / 13.5, rel=1e-12)


@shape
def borrow_with_a_fee() -> Shape:
    built = pool(
        numeraire="USD",
        holdings=(
            Holding(asset="BTC", amount=1.0, collateral=counted_at(0.98)),
            Holding(asset="USDT", amount=-10000.0, borrow=flat(0.03), borrow_fee_rate=0.0005 * 1.03),
        ),
        debts=(Debt(asset="USDT", amount=10000.0, counted=False),),
    )
    return built, Market({}, {"BTC": 20000.0, "USDT": 1.0})


def test_a_loan_asks_for_maintenance_and_for_the_fee_of_liquidating_it() -> None:
    """10 000 USDT owed: 3 % and 0.0005 * 1.03 = 305.15 against 19 600 - 10 000; BTC line 10 305.15 / 0.98."""
    result = ask(*borrow_with_a_fee())
    assert result.ratio.value == pytest.approx(305.15 / 9600, rel=1e-12)
    assert result.coins["BTC"].down.price == pytest.approx(10305.15 / 0.98, rel=1e-12)


@shape
def isolated_margin_loan() -> Shape:
    owed, rate, fee = 99.9998177776581948, 0.02, 0.001
    built = pool(
        isolated=True,
        holdings=(Holding(asset="BTC", amount=0.00190433573),),
        debts=(Debt(asset="USDT", amount=owed, requirement=flat(rate), fee_rate=(1 + rate) * fee),),
    )
    return built, Market({}, {"BTC": 62891.9, "USDT": 1.0})


def test_an_isolated_margin_position_as_documented() -> None:
    """0.00190433573 BTC against 99.99981777 USDT, 2 %, fee 0.1 %: ratio 9.404143929947395, price 53615.448336593756."""
    result = ask(*isolated_margin_loan())
    assert result.ratio.value is not None
    assert 1 / result.ratio.value == pytest.approx(9.404143929947395, rel=1e-12)
    assert result.coins["BTC"].down.price == pytest.approx(53615.448336593756, rel=1e-12)
