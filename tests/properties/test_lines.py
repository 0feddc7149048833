"""Every line that the kernel names, against the plain reference: where it is, that it is the first, and how exactly."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings

from monitor.domain.lines import Direction, Line, State
from monitor.margin.pool import LIQUIDATION, Pool, Stage
from monitor.margin.results import PoolResult
from tests.properties.strategies import Drawn, coin_pools, collateral_pools, concave_pools
from tests.properties.whole_accounts import any_pools
from tests.reference.kernel import ask
from tests.reference.plain import Market, Ray, Reference, coin_ray, market_ray, position_ray
from tests.reference.roots import FAR_UP, first_crossing
from tests.shapes import (  # noqa: F401  # importing them fills the catalogue
    test_binance_shapes,
    test_bybit_shapes,
    test_gmx_shapes,
    test_hyperliquid_shapes,
    test_kucoin_shapes,
    test_okx_shapes,
    test_other_shapes,
)
from tests.shapes.catalogue import SHAPES

FEWER = settings(max_examples=settings().max_examples // 3)  # the reference looks along every ray of each
EXACT = 1e-9
"""|health at the line| may be this part of the sum of its absolute terms."""


def lines_of(result: PoolResult, pool: Pool) -> Iterator[tuple[str, Ray, Direction, Line]]:
    """Each line of a result with the ray that it lies on."""
    rays = [(f"position {p.symbol}", position_ray(p.symbol), p.down, p.up) for p in result.positions]
    rays += [(f"coin {name}", coin_ray(name), sides.down, sides.up) for name, sides in result.coins.items()]
    rays += [(f"depeg {name}", coin_ray(name), sides.down, sides.up) for name, sides in result.depegs.items()]
    rays.append(("market", market_ray(pool), result.market.down, result.market.up))
    for name, ray, down, up in rays:
        yield name, ray, Direction.DOWN, down
        yield name, ray, Direction.UP, up


def signed(line: Line, direction: Direction) -> float:
    assert line.distance_ratio is not None
    return -line.distance_ratio if direction is Direction.DOWN else line.distance_ratio


def exact(pool: Pool, market: Market, ray: Ray, stage: Stage | str, x: float) -> tuple[Fraction, Fraction]:
    """Health and the sum of its absolute terms at x, without rounding."""
    there = Reference(pool, market, ray, stage, num=Fraction).at(Fraction(x))
    return there.health, there.absolute


def crosses(pool: Pool, market: Market, ray: Ray, x: float) -> bool:
    """Whether health at x is nothing but rounding, or (at a jump) safe just before and not just after."""
    health, absolute = exact(pool, market, ray, LIQUIDATION, x)
    if abs(health) <= EXACT * absolute:
        return True
    hair = 1e-9 * max(1.0, abs(x)) * (1 if x > 0 else -1)
    before = exact(pool, market, ray, LIQUIDATION, x - hair)[0]
    return before > 0 >= exact(pool, market, ray, LIQUIDATION, x + hair)[0]


def can_be_liquidated(pool: Pool) -> bool:
    """Whether there is anything to liquidate: legs, debts, a grid, or a loan implied by a negative holding. Resting
    orders are none where the liquidation does not count them.
    """
    orders = any(stage.orders for stage in pool.stages if stage.name == LIQUIDATION)
    legs = any(orders or not leg.order for leg in pool.legs)
    implied = any(holding.borrow is not None and holding.amount < 0.0 for holding in pool.holdings)
    return bool(legs or pool.debts or pool.grids or implied)


def check_lines(pool: Pool, market: Market) -> None:
    result = ask(pool, market)
    if not can_be_liquidated(pool):
        assert {line.state for *_, line in lines_of(result, pool)} <= {State.NEVER}
        return
    for name, ray, direction, line in lines_of(result, pool):
        first = first_crossing(pool, market, ray, direction)
        where = (name, direction, line, first)
        if line.state is State.LIQUIDATABLE:
            assert first == 0.0, where
        elif line.state is State.AT:
            x = signed(line, direction)
            assert crosses(pool, market, ray, x), where
            if abs(x) < FAR_UP and x > -1 + 1e-9:
                assert first is not None, where
                earlier = abs(first) < abs(x) * (1 - 1e-6) - 1e-9
                assert not earlier or no_dip(pool, market, ray, first), where
        else:
            assert line.state is State.NEVER, where
            if first is not None and first > -1 + 1e-9:
                assert no_dip(pool, market, ray, first), where


def no_dip(pool: Pool, market: Market, ray: Ray, x: float) -> bool:
    """Whether health at x and a little further on is no more below zero than rounding explains."""
    there = (exact(pool, market, ray, LIQUIDATION, x * further) for further in (1.0, 1.0 + 1e-3))
    return all(health >= -EXACT * absolute for health, absolute in there)


@pytest.mark.parametrize("name", SHAPES)
def test_every_line_of_every_shape_built_by_hand_is_where_the_reference_finds_it(name: str) -> None:
    check_lines(*SHAPES[name]())


@FEWER
@given(any_pools())
def test_a_pool_is_safe_before_its_line_liquidatable_at_it_and_nothing_comes_earlier(drawn: Drawn) -> None:
    check_lines(drawn.pool, drawn.market)


@given(any_pools())
def test_equity_requirement_and_ratio_are_the_reference_s(drawn: Drawn) -> None:
    result = ask(drawn.pool, drawn.market)
    for stage in drawn.pool.stages:
        now = Reference(drawn.pool, drawn.market, stage=stage, num=Fraction).at(Fraction(0))
        if stage.name == LIQUIDATION:
            assert result.equity is not None
            assert result.maintenance_margin is not None
            assert abs(Fraction(result.equity) - now.equity) <= EXACT * now.absolute
            assert abs(Fraction(result.maintenance_margin) - now.requirement) <= EXACT * now.absolute
        value = result.stages[stage.name].value
        assert value is not None
        if value not in (0.0, float("inf")) and stage.requirement != "none":
            expected = now.requirement * Fraction(stage.scale) / Fraction(stage.threshold)
            assert abs(Fraction(value) * now.equity - expected) <= EXACT * now.absolute * max(1, Fraction(value))


@given(any_pools())
def test_the_ratio_reaches_one_exactly_where_health_reaches_zero(drawn: Drawn) -> None:
    """Equity may also be gone while nothing is required: liquidatable all the same."""
    result = ask(drawn.pool, drawn.market)
    if not can_be_liquidated(drawn.pool):
        assert result.ratio.value == 0.0
        return
    now = Reference(drawn.pool, drawn.market, num=Fraction).at(Fraction(0))
    if abs(now.health) > EXACT * now.absolute:
        assert (result.ratio.state is State.LIQUIDATABLE) == (now.health < 0 or now.equity <= 0)


@given(concave_pools())
def test_moving_the_prices_to_a_line_makes_the_ratio_one(drawn: Drawn) -> None:
    """The same claim without the reference: reprice one instrument at its line and assess again."""
    result = ask(drawn.pool, drawn.market)
    for found in result.positions:
        for line in (found.down, found.up):
            if (
                line.state is not State.AT
                or line.price is None
                or not 1e-3 < line.price / drawn.market.marks[found.symbol] < 1e3
            ):
                continue
            there = Market({**drawn.market.marks, found.symbol: line.price}, drawn.market.assets)
            value = ask(drawn.pool, there).ratio.value
            assert value is not None
            now = Reference(drawn.pool, there).at(0.0)
            assert abs(now.health) <= EXACT * now.absolute
            if now.equity > 1e-6 * now.absolute:
                assert value == pytest.approx(1.0, rel=1e-3)


@given(coin_pools())
def test_the_coin_line_of_a_coin_margined_pool_is_the_line_of_its_one_instrument(drawn: Drawn) -> None:
    result = ask(drawn.pool, drawn.market)
    bases = {leg.basis for leg in drawn.pool.legs}
    if "index" in bases:
        return
    for found in result.positions:
        for sides, line in ((result.coins["AAA"].down, found.down), (result.coins["AAA"].up, found.up)):
            assert sides.state is line.state
            if line.distance_ratio is not None and line.distance_ratio < 1e3:
                assert sides.distance_ratio == pytest.approx(line.distance_ratio, rel=1e-6)


@given(collateral_pools())
def test_usd_figures_are_the_numeraire_s_times_its_price(drawn: Drawn) -> None:
    result = ask(drawn.pool, drawn.market)
    assert result.equity_usd == result.equity
    assert not result.usd_assumed
