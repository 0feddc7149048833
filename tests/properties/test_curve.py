"""The health curve of any pool against the plain reference, and its crossings against the lines that are reported."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pytest
from hypothesis import given, settings

from monitor.domain.lines import State
from monitor.domain.names import USD, Asset
from monitor.margin.curve import Curve, curve, sides_of
from monitor.margin.pool import LIQUIDATION, Pool, Requirement
from tests.properties.strategies import Drawn
from tests.properties.whole_accounts import any_pools
from tests.reference.kernel import ask, prices_of
from tests.reference.plain import STABLE, Market, Ray, Reference, coin_ray, market_ray
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

MOVES = (-0.83, -0.4, -0.07, 0.0, 0.11, 0.5, 1.9)
EXACT = 1e-9
FEWER = settings(max_examples=settings().max_examples // 5)  # each example asks many times


def curves(pool: Pool, market: Market) -> Iterator[tuple[Asset | None, Ray, Curve]]:
    """The pool's curve along the market and along each asset that moves it."""
    along_market = curve(pool, prices_of(market), None, MOVES)
    yield None, market_ray(pool), along_market
    for asset in sorted(along_market.movers):
        yield asset, coin_ray(asset), curve(pool, prices_of(market), asset, MOVES)


def check_columns(pool: Pool, market: Market) -> None:
    stage = next(stage for stage in pool.stages if stage.name == LIQUIDATION)
    weight = 0 if stage.requirement is Requirement.NONE else Fraction(stage.scale) / Fraction(stage.threshold)
    for of, ray, found in curves(pool, market):
        reference = Reference(pool, market, ray, stage, num=Fraction)
        for move, equity, required in zip(MOVES, found.equity_usd.tolist(), found.required_usd.tolist(), strict=True):
            there = reference.at(Fraction(move))
            usd = numeraire_usd(pool, market, ray, move)
            bound = EXACT * there.absolute * usd
            where = (of, move, equity, required)
            assert abs(Fraction(equity) - there.equity * usd) <= bound, where
            assert abs(Fraction(required) - there.requirement * weight * usd) <= bound * max(1, weight), where


def numeraire_usd(pool: Pool, market: Market, ray: Ray, move: float) -> Fraction:
    """What a unit of the pool's numeraire is worth there."""
    if pool.numeraire == USD:
        return Fraction(1)
    price = market.assets.get(pool.numeraire, 1.0 if pool.numeraire in STABLE else None)
    assert price is not None
    return Fraction(price) * max(Fraction(0), 1 + Fraction(ray.assets.get(pool.numeraire, 0.0)) * Fraction(move))


@FEWER
@given(any_pools())
def test_equity_and_requirement_are_the_reference_s_at_every_place_of_every_curve(drawn: Drawn) -> None:
    check_columns(drawn.pool, drawn.market)


@pytest.mark.parametrize("name", SHAPES)
def test_so_are_those_of_every_shape_built_by_hand(name: str) -> None:
    check_columns(*SHAPES[name]())


@FEWER
@given(any_pools())
def test_the_crossing_of_the_liquidation_is_the_line_that_the_pool_reports(drawn: Drawn) -> None:
    result = ask(drawn.pool, drawn.market)
    for of, _, found in curves(drawn.pool, drawn.market):
        crossing = next(stage for stage in found.stages if stage.name == LIQUIDATION)
        assert crossing.sides == sides_of(result, of)
        assert crossing.ratio == result.ratio


@FEWER
@given(any_pools())
def test_equity_meets_the_requirement_where_the_line_is_and_not_before(drawn: Drawn) -> None:
    for of, _, found in curves(drawn.pool, drawn.market):
        sides = next(stage for stage in found.stages if stage.name == LIQUIDATION).sides
        for sign, line in ((-1.0, sides.down), (1.0, sides.up)):
            if line.state is not State.AT or not 1e-6 < (distance := line.distance_ratio or 0.0) < 10.0:
                continue
            if sign < 0.0 and distance > 1.0 - 1e-6:
                continue
            at = sign * distance
            before = curve(drawn.pool, prices_of(drawn.market), of, (at * (1 - 1e-6), at * (1 + 1e-6)))
            surplus = before.equity_usd - before.required_usd
            size = abs(before.equity_usd) + abs(before.required_usd)
            # A line may only touch zero, and then turn: by no more than rounding explains.
            assert surplus[0] > -1e-5 * size[0] - 1e-9, (of, line)
            assert surplus[1] < 1e-5 * size[1] + 1e-9, (of, line)


@FEWER
@given(any_pools())
def test_health_of_each_stage_is_zero_or_jumps_where_the_curve_says_that_it_begins(drawn: Drawn) -> None:
    pool, market = drawn.pool, drawn.market
    stages = {stage.name: stage for stage in pool.stages}
    for _, ray, found in curves(pool, market):
        for crossing in found.stages:
            reference = Reference(pool, market, ray, stages[crossing.name], num=Fraction)
            for sign, line in ((-1.0, crossing.sides.down), (1.0, crossing.sides.up)):
                if line.state is State.AT:
                    assert turns(reference, sign * (line.distance_ratio or 0.0)), (crossing, line)


def turns(reference: Reference, x: float) -> bool:
    """Whether health at x is nothing but rounding, or safe just before it and not just after."""
    here = reference.at(Fraction(x))
    if abs(here.health) <= EXACT * here.absolute:
        return True
    hair = 1e-9 * max(1.0, abs(x)) * (1 if x > 0 else -1)
    return bool(reference.at(Fraction(x - hair)).health > 0 >= reference.at(Fraction(x + hair)).health)
