"""Hyperliquid: unified per token, isolated with a cash leg, portfolio margin with its cap and its 0.95."""

from __future__ import annotations

import pytest

from monitor.domain.lines import Line, State
from monitor.domain.names import Side
from monitor.domain.tiers import flat
from monitor.margin.pool import LIQUIDATION, Curve, Debt, Holding, Stage, Step, VenueFigures, VenueLine
from tests.reference.kernel import ask, ask_all, key, position
from tests.reference.plain import Market
from tests.shapes.build import linear, pool, tiers
from tests.shapes.catalogue import Shape, shape

BTC_TABLE = tiers((0.0, 1 / 80), (150e6, 1 / 40, 150e6 * (1 / 40 - 1 / 80)))


@shape
def unified_usdc() -> Shape:
    built = pool(
        linear("BTCUSDC", 1.0, 60000.0, tiers=BTC_TABLE),
        linear("XYZUSDC", 100.0, 100.0, tiers=flat(0.05)),
        numeraire="USDC",
        cash=10000.0,
        name="unified:USDC",
    )
    return built, Market({"BTCUSDC": 60000.0, "XYZUSDC": 100.0}, {"BTC": 60000.0, "XYZ": 100.0, "USDC": 1.0})


def test_a_unified_account_sums_the_maintenance_of_all_its_dexes() -> None:
    """10 000 USDC, 1 BTC (1.25 %: 750) on one dex, 100 XYZ (5 %: 500) on another: 8750 is free after maintenance.

    BTC line: 60 000 - 8750 / (1 - 0.0125) = 51 139.24.
    """
    result = ask(*unified_usdc())
    assert result.maintenance_margin == pytest.approx(1250.0, rel=1e-12)
    assert result.ratio.value == pytest.approx(0.125, rel=1e-12)
    assert position(result, "BTCUSDC").down.price == pytest.approx(60000 - 8750 / 0.9875, rel=1e-12)


def test_a_second_collateral_token_is_a_pool_of_its_own() -> None:
    """100 USDH behind 10 FOO at 20, 5 %: 100 + 10 (P - 20) = 0.5 P at 100 / 9.5, whatever the USDC pool holds."""
    usdc, market = unified_usdc()
    usdh = pool(linear("FOOUSDH", 10.0, 20.0, tiers=flat(0.05)), numeraire="USDH", cash=100.0, name="unified:USDH")
    results = ask_all([usdc, usdh], Market({**market.marks, "FOOUSDH": 20.0}, market.assets))
    assert position(results[usdh.key], "FOOUSDH").line.price == pytest.approx(100 / 9.5, rel=1e-12)
    assert results[usdc.key].ratio.value == pytest.approx(0.125, rel=1e-12)


def test_a_large_position_pays_the_second_tier_less_its_deduction() -> None:
    """200 million: 2.5 % less 1 875 000 = 3 125 000."""
    built = pool(linear("BTCUSDC", 2000.0, 1e5, tiers=BTC_TABLE), numeraire="USDC", cash=1e8)
    assert ask(built, Market({"BTCUSDC": 1e5})).maintenance_margin == pytest.approx(3125e3, rel=1e-12)


@shape
def isolated_with_a_cash_leg() -> Shape:
    leg = linear("ETHUSDC", 0.0335, 0.0, tiers=flat(1 / 100))
    built = pool(leg, numeraire="USDC", cash=-95.059824, isolated=True)
    mark = 100.02765 / 0.0335
    return built, Market({"ETHUSDC": mark}, {"ETH": mark, "USDC": 1.0})


def test_an_isolated_position_is_its_cash_leg_and_its_value() -> None:
    """rawUsd -95.059824 and 0.0335 ETH, 50x: P = 95.059824 / (0.0335 * 0.99) = 2866.26936529 (documentation)."""
    result = ask(*isolated_with_a_cash_leg())
    assert result.equity == pytest.approx(100.02765 - 95.059824, rel=1e-9)
    assert position(result, "ETHUSDC").line.price == pytest.approx(2866.26936529, rel=1e-8)


def test_a_recorded_cross_short_far_from_its_line() -> None:
    """SAGA -103 774.5 worth 2527.94682 in an account worth 3 155 203.77 that must keep 43 452.918775: 29.713170189."""
    mark = 2527.94682 / 103774.5
    others = 43452.918775 - 2527.94682 / 100
    leg = linear("SAGAUSDC", -103774.5, mark, tiers=flat(1 / 100))
    built = pool(leg, numeraire="USDC", cash=3155203.7660619998, constant_requirement=others)
    assert position(ask(built, Market({"SAGAUSDC": mark})), "SAGAUSDC").up.price == pytest.approx(
        29.713170189, rel=1e-9
    )


THETA = 0.5 + 0.5 * 0.65


@shape
def portfolio_margin() -> Shape:
    venue = VenueLine(symbol="BTCUSDC", side=Side.LONG, printed=Line.at(40336.0, 0.33), threshold=1.0, tolerance=1e-4)
    built = pool(
        linear("BTCUSDC", 0.5, 60000.0, tiers=flat(1 / 80)),
        numeraire="USDC",
        holdings=(
            Holding(asset="USDC", amount=100.0),
            Holding(
                asset="HYPE", amount=1000.0, collateral=Curve((Step(0.0, THETA), Step(5000.0, 0.0))), cap_group="borrow"
            ),
        ),
        caps=(("borrow", 10000.0),),
        constant_requirement=20.0,
        stages=(Stage(name=LIQUIDATION, threshold=0.95), Stage(name="printed", threshold=1.0)),
        venue=VenueFigures(lines=(venue,)),
        name="portfolio:USDC",
    )
    return built, Market({"BTCUSDC": 60000.0}, {"BTC": 60000.0, "HYPE": 20.0, "USDC": 1.0})


def test_portfolio_margin_caps_what_collateral_counts_and_liquidates_at_0_95() -> None:
    """100 USDC and 1000 HYPE at 20 (theta 0.825: 16 500, capped at 10 000) behind 0.5 BTC at 60 000: V = 10 100.

    R = 20 + 375. BTC: 0.95 (100 + 10 000 + 0.5 P - 30 000) = 20 + 0.00625 P at 18 925 / 0.46875.
    HYPE: the cap binds down to 12.12; 0.95 (100 + 825 f) = 395 at f = (395/0.95 - 100) / 825 USD.
    The venue prints the crossing of 1: (20 + 19 900) / 0.49375 = 40 344.3.
    """
    result = ask(*portfolio_margin())
    assert result.equity == pytest.approx(10100.0, rel=1e-12)
    assert result.maintenance_margin == pytest.approx(395.0, rel=1e-12)
    assert result.ratio.value == pytest.approx(395 / (0.95 * 10100), rel=1e-12)
    assert result.stages["printed"].value == pytest.approx(395 / 10100, rel=1e-12)
    assert position(result, "BTCUSDC").down.price == pytest.approx(18925 / 0.46875, rel=1e-12)
    assert result.coins["HYPE"].down.price == pytest.approx((395 / 0.95 - 100) / 825, rel=1e-12)
    assert result.coins["HYPE"].up.state is State.NEVER
    (venue,) = result.venue_lines
    assert venue.ours.price == pytest.approx(19920 / 0.49375, rel=1e-12)
    assert venue.disagree


def test_a_loan_under_portfolio_margin_asks_for_itself() -> None:
    """1000 HYPE count 10 000, 4000 USDC borrowed: V = 10 000 - 4000, R = 20 + 4000: ratio 4020 / (0.95 * 6000)."""
    built = pool(
        numeraire="USDC",
        holdings=(
            Holding(asset="USDC", amount=-4000.0),
            Holding(asset="HYPE", amount=1000.0, collateral=Curve((Step(0.0, THETA),)), cap_group="borrow"),
        ),
        debts=(Debt(asset="USDC", amount=4000.0, counted=False, requirement=flat(1.0)),),
        caps=(("borrow", 10000.0),),
        constant_requirement=20.0,
        stages=(Stage(name=LIQUIDATION, threshold=0.95),),
    )
    result = ask(built, Market({}, {"HYPE": 20.0, "USDC": 1.0}))
    assert result.ratio.value == pytest.approx(4020 / (0.95 * 6000), rel=1e-12)


def test_two_views_of_the_same_legs_are_assessed_each_for_itself() -> None:
    """The same 0.5 BTC seen from USDC and from a token whose requirement is a loan of it: each has its own ratio."""
    first, market = portfolio_margin()
    second = pool(
        linear("BTCUSDC", 0.5, 60000.0, tiers=flat(1 / 80)),
        numeraire="USDC",
        cash=1000.0,
        name="portfolio:USDT",
        primary=False,
        view_of=key("portfolio:USDC"),
    )
    results = ask_all([first, second], market)
    assert results[second.key].ratio.value == pytest.approx(0.375, rel=1e-12)
    assert results[first.key].ratio.value == pytest.approx(395 / (0.95 * 10100), rel=1e-12)
