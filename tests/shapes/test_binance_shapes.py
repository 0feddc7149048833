"""Binance: hedge cross, hedge isolated, multi-assets, COIN-M, margin level, isolated margin, uniMMR, collateral."""

from __future__ import annotations

from dataclasses import replace

import pytest

from monitor.domain.lines import Line, State
from monitor.domain.names import Side
from monitor.domain.tiers import flat
from monitor.margin.pool import LIQUIDATION, Curve, Debt, Holding, Stage, Step, VenueFigures, VenueLine, counted_at
from tests.reference.kernel import ask, ask_all, key, position
from tests.reference.plain import Market
from tests.shapes.build import inverse, linear, pool, tiers
from tests.shapes.catalogue import Shape, shape

# Two brackets: 1 % to 60, then 2 % less 0.6.
BRACKETS = tiers((0.0, 0.01), (60.0, 0.02, 0.6))


@shape
def hedge_cross() -> Shape:
    legs = (linear("BTCUSDT", 2.0, 100.0, tiers=BRACKETS), linear("BTCUSDT", -1.0, 110.0, tiers=BRACKETS))
    return pool(*legs, cash=50.0), Market({"BTCUSDT": 105.0}, {"BTC": 105.0, "USDT": 1.0})


def test_both_sides_of_a_hedge_in_cross_have_one_joint_line() -> None:
    """Long 2 at 100, short 1 at 110, wallet 50: equity = 50 + 2(P - 100) - (P - 110) = P - 40.

    Each side is bracketed by itself: at the line the long (83) lies in the second bracket, the short (41) in the first:
    maintenance = 0.04 P - 0.6 + 0.01 P. So 0.95 P = 39.4, P = 41.4737. Upwards equity outruns maintenance: no line.
    """
    result = ask(*hedge_cross())
    for side in ("long", "short"):
        assert position(result, "BTCUSDT", side).down.price == pytest.approx(39.4 / 0.95, rel=1e-12)
        assert position(result, "BTCUSDT", side).up.state is State.NEVER
    assert result.coins["BTC"].down.distance_ratio == pytest.approx(1 - 39.4 / 0.95 / 105, rel=1e-12)
    assert result.market.down.distance_ratio == pytest.approx(1 - 39.4 / 0.95 / 105, rel=1e-12)
    assert result.equity == pytest.approx(65.0, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(210 * 0.02 - 0.6 + 105 * 0.02 - 0.6, rel=1e-12)


def test_both_sides_of_a_hedge_in_isolated_have_their_own_lines() -> None:
    """Long 2 at 100 with 20: 20 + 2(P - 100) = 0.04 P - 0.6 at 179.4 / 1.96 = 91.5306.

    Short 1 at 110 with 11: 11 - (P - 110) = 0.02 P - 0.6 at 121.6 / 1.02 = 119.2157.
    """
    long = pool(linear("BTCUSDT", 2.0, 100.0, tiers=BRACKETS), cash=20.0, isolated=True, name="isolated:BTCUSDT:long")
    short = pool(
        linear("BTCUSDT", -1.0, 110.0, tiers=BRACKETS), cash=11.0, isolated=True, name="isolated:BTCUSDT:short"
    )
    results = ask_all([long, short], Market({"BTCUSDT": 105.0}))
    assert position(results[long.key], "BTCUSDT").line.price == pytest.approx(179.4 / 1.96, rel=1e-12)
    assert position(results[short.key], "BTCUSDT").line.price == pytest.approx(121.6 / 1.02, rel=1e-12)
    assert position(results[long.key], "BTCUSDT").bankruptcy.price == pytest.approx(90.0, rel=1e-12)


def test_an_isolated_position_with_auto_added_margin_shows_the_line_without_and_with_it() -> None:
    """Long 1 at 100 with 10, flat 1 %: 90 / 0.99 = 90.909. The cross pool's free 30 behind it: 60 / 0.99 = 60.606."""
    isolated = pool(
        linear("BTCUSDT", 1.0, 100.0, tiers=flat(0.01)),
        cash=10.0,
        isolated=True,
        name="isolated",
        backstop=key("cross"),
    )
    results = ask_all([isolated, pool(cash=30.0, name="cross")], Market({"BTCUSDT": 100.0}))
    found = position(results[isolated.key], "BTCUSDT")
    assert found.line.price == pytest.approx(90 / 0.99, rel=1e-12)
    assert found.with_backstop is not None
    assert found.with_backstop.price == pytest.approx(60 / 0.99, rel=1e-12)


@shape
def multi_assets() -> Shape:
    built = pool(
        linear("ETHUSDT", 5.0, 2000.0, tiers=flat(0.01)),
        numeraire="USD",
        name="multi-assets",
        holdings=(
            Holding(
                asset="USDT", amount=1000.0, collateral=counted_at(0.99), negative_rate=1.005, requirement_rate=1.005
            ),
            Holding(asset="BTC", amount=0.1, collateral=counted_at(0.95), negative_rate=1.05, requirement_rate=1.05),
        ),
    )
    return built, Market({"ETHUSDT": 2000.0}, {"USDT": 1.0, "BTC": 20000.0, "ETH": 2000.0})


def test_multi_assets_mode_counts_balances_at_bid_debts_at_ask_and_maintenance_at_ask() -> None:
    """1000 USDT and 0.1 BTC (0.95 * 2000 = 1900) behind 5 ETH at 2000, 1 %.

    Now: equity 990 + 1900 = 2890, maintenance 100 * 1.005 = 100.5. Below 1800 the USDT is negative and counts 1.005:
    1900 + (5P - 9000) * 1.005 = 0.05025 P at 7145 / 4.97475 = 1436.25.
    All coins together: 1900(1 + x) + (1000 + 10000x) * 1.005 = 100.5(1 + x) at x = -2804.5 / 11849.5.
    BTC alone cannot do it: at 0 there is 990 against 100.5.
    USDT rising: the position is worth less of it: 1900 + (1000 - 9000x) * 1.005 = 100.5 at x = 2804.5 / 9045.
    """
    result = ask(*multi_assets())
    assert result.equity == pytest.approx(2890.0, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(100.5, rel=1e-12)
    assert position(result, "ETHUSDT").down.price == pytest.approx(7145 / 4.97475, rel=1e-12)
    assert result.coins["ETH"].down.price == pytest.approx(7145 / 4.97475, rel=1e-12)
    assert result.coins["BTC"].down.state is State.NEVER
    assert result.market.down.distance_ratio == pytest.approx(2804.5 / 11849.5, rel=1e-12)
    assert result.depegs["USDT"].up.distance_ratio == pytest.approx(2804.5 / 9045, rel=1e-12)
    assert result.depegs["USDT"].down.state is State.NEVER


@shape
def coin_margined_long() -> Shape:
    built = pool(inverse("BTCUSD", 100 * 100, 40000.0, tiers=flat(0.01)), numeraire="BTC", cash=0.05)
    return built, Market({"BTCUSD": 40000.0}, {"BTC": 40000.0})


@shape
def coin_margined_short() -> Shape:
    built = pool(inverse("BTCUSD", -100 * 100, 40000.0, tiers=flat(0.01)), numeraire="BTC", cash=0.05)
    return built, Market({"BTCUSD": 40000.0}, {"BTC": 40000.0})


def test_a_coin_margined_pool_counts_in_its_coin() -> None:
    """100 contracts of 100 USD at 40 000 with 0.05 BTC: long 10100 / (0.05 + 0.25), short 9900 / (0.25 - 0.05).

    Equity 0.05 BTC is 2000 USD; maintenance 0.0025 BTC. Bankruptcy of the long: 10000 / 0.3.
    """
    long, short = ask(*coin_margined_long()), ask(*coin_margined_short())
    assert position(long, "BTCUSD").line.price == pytest.approx(10100 / 0.3, rel=1e-12)
    assert position(short, "BTCUSD").line.price == pytest.approx(9900 / 0.2, rel=1e-12)
    assert position(long, "BTCUSD").bankruptcy.price == pytest.approx(10000 / 0.3, rel=1e-12)
    assert long.coins["BTC"].down.price == pytest.approx(10100 / 0.3, rel=1e-12)
    assert long.equity_usd == pytest.approx(2000.0, rel=1e-12)
    assert long.maintenance_margin == pytest.approx(0.0025, rel=1e-12)


def test_a_coin_margined_short_covered_by_its_collateral_has_no_line() -> None:
    """0.26 BTC behind a short of 0.25 BTC at 40 000: for P to infinity equity goes to 0.01 BTC, maintenance to 0."""
    built, market = coin_margined_short()
    assert position(ask(replace(built, cash=0.26), market), "BTCUSD").line.state is State.NEVER


@shape
def cross_margin_level() -> Shape:
    built = pool(
        numeraire="USD",
        holdings=(Holding(asset="BTC", amount=1.0), Holding(asset="USDT", amount=1000.0)),
        debts=(Debt(asset="USDT", amount=20000.0, requirement=flat(0.1)),),
        stages=(Stage(name="margin-call", scale=3.0), Stage(name=LIQUIDATION)),
    )
    return built, Market({}, {"BTC": 30000.0, "USDT": 1.0})


def test_a_spot_loan_is_liquidated_at_margin_level_one_point_one() -> None:
    """1 BTC at 30 000 and 1000 USDT against 20 000 USDT: equity 11 000, requirement 0.1 * 20 000 = 2000.

    P + 1000 = 1.1 * 20 000 at 21 000. USDT rising by x: 30 000 + 1000(1 + x) = 22 000(1 + x) at 1 + x = 30/21.
    The margin call at level 1.3 is three times the requirement: 6000 / 11 000.
    """
    result = ask(*cross_margin_level())
    assert result.ratio.value == pytest.approx(2000 / 11000, rel=1e-12)
    assert result.stages["margin-call"].value == pytest.approx(6000 / 11000, rel=1e-12)
    assert result.coins["BTC"].down.price == pytest.approx(21000.0, rel=1e-12)
    assert result.depegs["USDT"].up.distance_ratio == pytest.approx(30 / 21 - 1, rel=1e-12)


@shape
def isolated_margin_pair() -> Shape:
    built = pool(
        isolated=True,
        holdings=(Holding(asset="ETH", amount=2.0), Holding(asset="USDT", amount=100.0)),
        debts=(
            Debt(asset="USDT", amount=3000.0, requirement=flat(0.1575)),
            Debt(asset="ETH", amount=0.1, requirement=flat(0.1575)),
        ),
    )
    return built, Market({}, {"ETH": 2200.0, "USDT": 1.0})


def test_an_isolated_margin_pair_is_liquidated_at_its_tier_s_risk_ratio() -> None:
    """LP = (LR d_q - Q) / (B - LR d_b), LR 1.1575: (3472.5 - 100) / (2 - 0.11575) = 1789.84."""
    result = ask(*isolated_margin_pair())
    assert result.coins["ETH"].down.price == pytest.approx(3372.5 / 1.88425, rel=1e-12)
    assert result.coins["ETH"].up.state is State.NEVER


@shape
def uni_mmr_with_a_loan() -> Shape:
    built = pool(
        linear("ETHUSDT", 10.0, 2000.0, tiers=flat(0.01)),
        numeraire="USD",
        holdings=(
            Holding(asset="BTC", amount=1.0, collateral=counted_at(0.95)),
            Holding(asset="USDT", amount=-10000.0, collateral=counted_at(0.99)),
        ),
        debts=(Debt(asset="USDT", amount=10000.0, counted=False, requirement=flat(0.1)),),
        stages=(Stage(name="reduce-only", threshold=1 / 1.2), Stage(name=LIQUIDATION, threshold=1 / 1.05)),
    )
    return built, Market({"ETHUSDT": 2000.0}, {"BTC": 30000.0, "USDT": 1.0, "ETH": 2000.0})


def test_uni_mmr_counts_net_collateral_and_asks_for_positions_and_loans() -> None:
    """1 BTC at 30 000 counts 28 500, the loan of 10 000 USDT is net already and asks 10 %; 10 ETH at 2000 ask 1 %.

    uniMMR = 18 500 / 1200, liquidated at 1.05. BTC: 28500 f - 10000 = 1260 at f = 11260 / 28500.
    ETH: 18500 + 10P - 20000 = 1.05 (0.1 P + 1000) at 2550 / 9.895 = 257.7.
    """
    result = ask(*uni_mmr_with_a_loan())
    assert result.equity == pytest.approx(18500.0, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(1200.0, rel=1e-12)
    assert result.ratio.value == pytest.approx(1.05 * 1200 / 18500, rel=1e-12)
    assert result.stages["reduce-only"].value == pytest.approx(1.2 * 1200 / 18500, rel=1e-12)
    assert result.coins["BTC"].down.price == pytest.approx(30000 * 11260 / 28500, rel=1e-12)
    assert position(result, "ETHUSDT").down.price == pytest.approx(2550 / 9.895, rel=1e-12)


@shape
def tiered_collateral() -> Shape:
    curve = Curve((Step(0.0, 0.95), Step(10.0, 0.9)))
    built = pool(
        linear("ETHUSDT", -100.0, 2000.0, tiers=flat(0.01)),
        numeraire="USD",
        holdings=(Holding(asset="BTC", amount=12.0, collateral=curve), Holding(asset="USDT")),
    )
    return built, Market({"ETHUSDT": 2000.0}, {"BTC": 30000.0, "USDT": 1.0, "ETH": 2000.0})


def test_collateral_tiers_count_each_part_at_its_own_rate() -> None:
    """12 BTC: (10 * 0.95 + 2 * 0.9) * 30 000 = 339 000 against 2000: BTC line 2000 / 11.3.

    100 ETH short: 339 000 - 100 (P - 2000) = P at 539 000 / 101.
    """
    result = ask(*tiered_collateral())
    assert result.equity == pytest.approx(339000.0, rel=1e-12)
    assert result.coins["BTC"].down.price == pytest.approx(2000 / 11.3, rel=1e-12)
    assert position(result, "ETHUSDT").up.price == pytest.approx(539000 / 101, rel=1e-12)


@shape
def held_index() -> Shape:
    built = pool(
        inverse("ETHUSD", 10000.0, 2000.0, tiers=flat(0.01)),
        numeraire="USD",
        cash=500.0,
        holdings=(Holding(asset="ETH", amount=1.0, collateral=counted_at(0.9)),),
        stages=(Stage(name=LIQUIDATION, threshold=1 / 1.05),),
        venue=VenueFigures(
            lines=(VenueLine(symbol="ETHUSD", side=Side.LONG, printed=Line.at(1616.0, 0.192), threshold=1.0),)
        ),
    )
    return built, Market({"ETHUSD": 2000.0}, {"ETH": 2000.0})


def test_the_contract_alone_and_the_coin_with_its_collateral_have_different_lines() -> None:
    """500 USD and 1 ETH behind 10 000 USD of inverse long at 2000: net ETH = 6 - 10000/P, below 0 under 1666.67.

    Index held at 2000: 500 + 2000 (6 - 10000/P) = 1.05 * 2000 * 100/P at 20 210 000 / 12 500 = 1616.8; at the threshold
    1 that the venue prints, 1616. With the index: 500 + 6P - 10000 = 105 at 9605 / 6 = 1600.83.
    """
    result = ask(*held_index())
    assert position(result, "ETHUSD").down.price == pytest.approx(1616.8, rel=1e-12)
    assert result.coins["ETH"].down.price == pytest.approx(9605 / 6, rel=1e-12)
    (venue,) = result.venue_lines
    assert venue.ours.price == pytest.approx(1616.0, rel=1e-12)
    assert venue.drift_ratio == pytest.approx(0.0, abs=1e-12)
    assert not venue.disagree
