"""Deribit, Kraken, Gate, dYdX, Bitget, and a quanto contract."""

from __future__ import annotations

import pytest

from monitor.domain.instruments import Payoff
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.pool import Basis, Holding, Netting, Option, counted_at
from tests.reference.kernel import ask, position
from tests.reference.plain import Market
from tests.shapes.build import inverse, linear, pool, tiers
from tests.shapes.catalogue import Shape, shape

GROWING = TierTable((Tier(0.0, 0.01, 0.0, 5e-5),))


@shape
def rate_growing_with_size_long() -> Shape:
    built = pool(inverse("BTCUSD", 100000.0, 60000.0, tiers=GROWING), numeraire="BTC", cash=0.5)
    return built, Market({"BTCUSD": 60000.0}, {"BTC": 60000.0})


@shape
def rate_growing_with_size_short() -> Shape:
    built = pool(inverse("BTCUSD", -100000.0, 60000.0, tiers=GROWING), numeraire="BTC", cash=0.5)
    return built, Market({"BTCUSD": 60000.0}, {"BTC": 60000.0})


def test_a_rate_that_grows_with_the_size_makes_the_requirement_quadratic() -> None:
    """0.5 BTC behind 100 000 USD at 60 000, 1 % + 0.005 % a BTC. q = 100 000 / P solves 5e-5 q^2 + 1.01 q = 2.16667

    for the long (P = 46 620.334585), and 5e-5 q^2 - 0.99 q + 1.6667 - 0.5 = 0 for the short (P = 84 852.09205).
    """
    long, short = ask(*rate_growing_with_size_long()), ask(*rate_growing_with_size_short())
    assert position(long, "BTCUSD").line.price == pytest.approx(46620.334585, rel=1e-11)
    assert position(short, "BTCUSD").line.price == pytest.approx(84852.092051462, rel=1e-11)


def test_a_linear_contract_s_rate_grows_with_its_coins_and_stands_still_along_the_way() -> None:
    """10 BTC at 60 000 with 60 000 USDC: rate 1 % + 10 * 0.005 %; (600 000 - 60 000) / (10 - 0.105) = 54 573.02."""
    by_coins = TierTable((Tier(0.0, 0.01, 0.0, 5e-5),), by=TierBy.BASE)
    built = pool(linear("BTCUSDC", 10.0, 60000.0, tiers=by_coins), numeraire="USDC", cash=60000.0)
    line = position(ask(built, Market({"BTCUSDC": 60000.0})), "BTCUSDC").line
    assert line.price == pytest.approx(540000 / 9.895, rel=1e-12)


@shape
def entry_based_netting() -> Shape:
    common = {"basis": Basis.ENTRY, "base": "BTC", "quote": "USD", "settle": "USD", "netting_group": "BTC"}
    built = pool(
        linear("PF_BTCUSD", 2.0, 100.0, tiers=flat(0.01), **common),
        linear("FF_BTCUSD", -1.0, 102.0, tiers=flat(0.01), **common),
        numeraire="USD",
        holdings=(Holding(asset="EUR", amount=20.0, collateral=counted_at(0.98)),),
        netting_groups=(("BTC", Netting.LARGER_SIDE),),
    )
    return built, Market({"PF_BTCUSD": 100.0, "FF_BTCUSD": 102.0}, {"BTC": 100.0, "EUR": 1.1})


def test_longs_and_shorts_of_one_underlying_ask_for_the_larger_side_at_entry() -> None:
    """20 EUR at 1.1 less 2 % = 21.56; long 2 at 100, short 1 at 102, 1 % at entry: max(2, 1.02) = 2, a constant.

    Both move together: 21.56 + 200 x - 102 x = 2 at x = -19.56 / 98.
    """
    result = ask(*entry_based_netting())
    assert result.maintenance_margin == pytest.approx(2.0, rel=1e-12)
    assert result.ratio.value == pytest.approx(2 / 21.56, rel=1e-12)
    assert result.coins["BTC"].down.distance_ratio == pytest.approx(19.56 / 98, rel=1e-12)


def test_a_recorded_requirement_at_entry_value() -> None:
    """0.5 LTC at 70.53, mark 68.804: initial 0.7053, maintenance 0.35265. With 10 USD: 70.53 - (10 - 0.35265) / 0.5."""
    leg = linear(
        "PF_LTCUSD",
        0.5,
        70.53,
        base="LTC",
        quote="USD",
        settle="USD",
        tiers=flat(0.01),
        basis=Basis.ENTRY,
        initial_margin_rate=0.02,
        initial_basis=Basis.ENTRY,
    )
    result = ask(pool(leg, numeraire="USD", cash=10.0), Market({"PF_LTCUSD": 68.804}))
    assert result.initial_margin == pytest.approx(0.7053, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(0.35265, rel=1e-12)
    assert position(result, "PF_LTCUSD").line.price == pytest.approx(70.53 - (10 - 0.35265) / 0.5, rel=1e-12)


def test_a_documented_single_collateral_inverse_position() -> None:
    """1000 USD long at 8000 with 0.01 BTC: 1010 / 0.135 = 7481 liquidates, 1000 / 0.135 = 7407 is bankruptcy."""
    built = pool(inverse("BTCUSD", 1000.0, 8000.0, tiers=flat(0.01)), numeraire="BTC", cash=0.01)
    found = position(ask(built, Market({"BTCUSD": 8000.0})), "BTCUSD")
    assert found.line.price == pytest.approx(1010 / 0.135, rel=1e-12)
    assert found.bankruptcy.price == pytest.approx(1000 / 0.135, rel=1e-12)


@shape
def progressive_tiers() -> Shape:
    table = tiers((0.0, 0.004), (1.1e6, 0.005, 1100.0))
    built = pool(
        linear("BTCUSDT", -12.0, 100000.0, tiers=table),
        numeraire="USD",
        holdings=(Holding(asset="USDT", amount=-1000.0), Holding(asset="BTC", amount=1.0, collateral=counted_at(0.95))),
    )
    return built, Market({"BTCUSDT": 100000.0}, {"BTC": 100000.0, "USDT": 1.0})


def test_progressive_tiers_charge_each_part_at_its_own_rate() -> None:
    """1.2 million: 1.1 million * 0.4 % + 100 000 * 0.5 % = 4900, not 6000 (documentation; edge worked out from both).

    Equity 95 000 - 1000. BTC alone in the contract: 94 000 - 12 (P - 100 000) = 0.06 P - 1100 at 1 295 100 / 12.06.
    BTC with its collateral: 95 000 (1 + x) - 1000 - 1 200 000 x = 6000 (1 + x) - 1100 at x = 89 100 / 1 111 000.
    """
    result = ask(*progressive_tiers())
    assert result.maintenance_margin == pytest.approx(4900.0, rel=1e-12)
    assert position(result, "BTCUSDT").up.price == pytest.approx(1295100 / 12.06, rel=1e-12)
    assert result.coins["BTC"].up.distance_ratio == pytest.approx(89100 / 1111000, rel=1e-12)


def test_another_documented_progressive_table() -> None:
    """330 000: 200 000 * 0.46 % + 130 000 * 0.56 % = 1648, of which 0.06 % is the fee."""
    leg = linear("BTCUSDT", 3.3, 1e5, tiers=tiers((0.0, 0.004), (200e3, 0.005, 200.0)), fee_rate=0.0006)
    assert ask(pool(leg, cash=1e5), Market({"BTCUSDT": 1e5})).maintenance_margin == pytest.approx(1648.0, rel=1e-12)


def test_a_subaccount_of_a_chain_just_below_its_maintenance() -> None:
    """0.1 BTC at 50 000 and -4501 USDC: worth 499 where 10 % asks 500: liquidatable; bankrupt at 45 010."""
    leg = linear("BTC-USD", 0.1, 0.0, base="BTC", quote="USDC", settle="USDC", tiers=flat(0.1))
    result = ask(pool(leg, numeraire="USDC", cash=-4501.0), Market({"BTC-USD": 50000.0}))
    assert result.ratio.value == pytest.approx(500 / 499, rel=1e-12)
    assert position(result, "BTC-USD").line.state == "liquidatable"
    assert position(result, "BTC-USD").line.price is None


@shape
def quanto() -> Shape:
    leg = linear(
        "ETHUSD",
        100.0,
        2000.0,
        base="ETH",
        quote="USD",
        settle="BTC",
        payoff=Payoff.QUANTO,
        multiplier=1e-6,
        tiers=flat(0.01),
    )
    built = pool(leg, numeraire="USD", cash=100.0, holdings=(Holding(asset="BTC", amount=0.01),))
    return built, Market({"ETHUSD": 2000.0}, {"ETH": 2000.0, "BTC": 50000.0})


def test_a_quanto_contract_is_quadratic_where_everything_falls_together() -> None:
    """100 contracts of 1e-6 BTC a dollar at 2000, 0.01 BTC at 50 000 and 100 USD.

    ETH alone: 100 + 50 000 (0.01 + 1e-4 (P - 2000) - 1e-6 P) = 0: 4.95 P = 9400.
    All: 100 + 50 000 (1 + x)(0.01 + 0.2 x - 0.002 (1 + x)) = 0: 9900 x^2 + 10 300 x + 500 = 0.
    """
    result = ask(*quanto())
    assert result.equity == pytest.approx(600.0, rel=1e-12)
    assert result.coins["ETH"].down.price == pytest.approx(9400 / 4.95, rel=1e-12)
    root = (10300 - (10300**2 - 4 * 9900 * 500) ** 0.5) / (2 * 9900)
    assert result.market.down.distance_ratio == pytest.approx(root, rel=1e-12)


@shape
def flat_tiers_by_notional() -> Shape:
    built = pool(linear("XUSDT", -10.0, 100.0, tiers=tiers((0.0, 0.01), (1200.0, 0.05))), cash=250.0)
    return built, Market({"XUSDT": 100.0}, {"X": 100.0, "USDT": 1.0})


def test_a_flat_table_by_notional_is_crossed_where_it_jumps() -> None:
    """Short 10 at 100 with 250: up to 120 it asks 1 % (12 of 50 left); from 120 on 5 %, 60 of 50: liquidated at 120."""
    assert position(ask(*flat_tiers_by_notional()), "XUSDT").up.price == pytest.approx(120.0, rel=1e-9)


@shape
def short_call_in_coin() -> Shape:
    terms = Option(
        strike=50000.0,
        call=True,
        volatility=0.5,
        years=0.0,
        underlying=60000.0,
        index_rate=0.1,
        mark_rate=0.075,
        mark_add=1.0,
    )
    leg = linear(
        "BTC-50000-C",
        -1.0,
        0.17,
        base="BTC",
        quote="USD",
        settle="BTC",
        payoff=Payoff.OPTION,
        option=terms,
        tiers=flat(0.0),
    )
    return pool(leg, numeraire="BTC", cash=0.5), Market({"BTC-50000-C": 0.17}, {"BTC": 60000.0})


def test_an_option_settled_in_its_coin_is_valued_and_required_in_coins() -> None:
    """At its expiry a call on 50 000 gains 50 000 / 60 000 - 50 000 / P coins: mark 0.17 + 5/6 - 50 000 / P.

    Entered at the mark with 0.5 coins: 0.5 - (5/6 - 50 000 / P) = 0.1 + 0.17 + 5/6 - 50 000 / P at
    100 000 / P = 2 * 5/6 - 0.23.
    """
    result = ask(*short_call_in_coin())
    assert result.maintenance_margin == pytest.approx(0.1 + 0.17, rel=1e-12)
    assert result.coins["BTC"].up.price == pytest.approx(100000 / (5 / 3 - 0.23), rel=1e-12)
