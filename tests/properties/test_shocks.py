"""Pools after a shock: against the plain reference without rounding, and against the kernel asked at moved prices."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.domain.lines import Ratio, State
from monitor.domain.names import USD, Asset
from monitor.margin.pool import LIQUIDATION, Pool, Requirement
from monitor.margin.shocks import Shock, Shocked, shocked
from tests.properties.strategies import Drawn
from tests.properties.whole_accounts import any_pools
from tests.reference.kernel import ask, prices_of
from tests.reference.plain import STABLE, Market, Ray, Reference
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

EXACT = 1e-9
FEWER = settings(max_examples=settings().max_examples // 3)  # each example asks many times


def assets_of(pool: Pool) -> list[Asset]:
    found = {pool.numeraire} | {holding.asset for holding in pool.holdings} | {debt.asset for debt in pool.debts}
    for leg in pool.legs:
        found |= {leg.coin or leg.base, leg.quote, leg.settle}
    return sorted((found | {grid.asset for grid in pool.grids}) - {USD})


def after(pool: Pool, market: Market, moves: Mapping[Asset, float], *, gap: bool = False) -> Shocked:
    return shocked([pool], prices_of(market), [Shock(moves, gap)])[1][0][pool.key]


def moved(pool: Pool, market: Market, moves: Mapping[Asset, float], part: float = 1.0) -> Market:
    """The market after that part of a shock: every asset, and every instrument by its base over its quote."""

    def factor(asset: Asset) -> float:
        return 1.0 + moves.get(asset, 0.0) * part

    marks = dict(market.marks)
    for leg in pool.legs:
        marks[leg.symbol] = market.marks[leg.symbol] * factor(leg.coin or leg.base) / factor(leg.quote)
    known = {name: market.assets.get(name, 1.0 if name in STABLE else None) for name in {*market.assets, *moves}}
    return Market(marks, {name: usd * factor(name) for name, usd in known.items() if usd is not None})


MOVES = st.sampled_from([-0.97, -0.5, -0.3, -0.05, 0.0, 0.1, 0.4, 2.5])


def moves_of(pool: Pool, draw: st.DataObject) -> dict[Asset, float]:
    return {asset: draw.draw(MOVES, label=asset) for asset in assets_of(pool)}


def check_end(pool: Pool, market: Market, moves: Mapping[Asset, float]) -> None:
    stage = next(stage for stage in pool.stages if stage.name == LIQUIDATION)
    weight = 0 if stage.requirement is Requirement.NONE else Fraction(stage.scale) / Fraction(stage.threshold)
    there = Reference(pool, market, Ray(assets=dict(moves)), stage, num=Fraction).at(Fraction(1))
    usd = Fraction(1)
    if pool.numeraire != USD:
        usd = Fraction(market.assets.get(pool.numeraire, 1.0)) * (1 + Fraction(moves.get(pool.numeraire, 0.0)))
    found = after(pool, market, moves)
    assert found.equity_usd is not None
    assert found.required_usd is not None
    bound = EXACT * there.absolute * usd
    assert abs(Fraction(found.equity_usd) - there.equity * usd) <= bound
    assert abs(Fraction(found.required_usd) - there.requirement * weight * usd) <= bound * max(1, weight)


@FEWER
@given(any_pools(), st.data())
def test_equity_and_requirement_at_the_end_are_the_reference_s(drawn: Drawn, data: st.DataObject) -> None:
    check_end(drawn.pool, drawn.market, moves_of(drawn.pool, data))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("move", [-0.4, 0.7])
def test_so_are_those_of_every_shape_built_by_hand(name: str, move: float) -> None:
    pool, market = SHAPES[name]()
    check_end(pool, market, {asset: move * (-0.05 if asset in STABLE else 1.0) for asset in assets_of(pool)})


def plain_prices(pool: Pool) -> bool:
    """Whether moved prices are all that a shock changes: an option's mark follows a model, and not its base."""
    return all(leg.option is None for leg in pool.legs)


@FEWER
@given(any_pools(), st.data())
def test_the_ratio_is_what_the_kernel_says_when_it_is_asked_at_those_prices(drawn: Drawn, data: st.DataObject) -> None:
    if not plain_prices(drawn.pool):
        return
    moves = moves_of(drawn.pool, data)
    there = ask(drawn.pool, moved(drawn.pool, drawn.market, moves))
    found = after(drawn.pool, drawn.market, moves)
    assert there.equity is not None
    size = Reference(drawn.pool, drawn.market, Ray(assets=moves)).at(1.0).absolute
    if abs(there.equity) > 1e-6 * size:
        assert found.ratio.state is there.ratio.state or near_one(found.ratio)
        assert found.ratio.value == pytest.approx(there.ratio.value, rel=1e-5, abs=1e-9)


def near_one(ratio: Ratio) -> bool:
    return ratio.value == pytest.approx(1.0, rel=1e-6)


@FEWER
@given(any_pools(), st.data())
def test_a_pool_is_safe_until_the_part_of_the_way_at_which_it_is_liquidated(drawn: Drawn, data: st.DataObject) -> None:
    pool, market = drawn.pool, drawn.market
    moves = moves_of(pool, data)
    reference = Reference(pool, market, Ray(assets=moves), num=Fraction)
    found = after(pool, market, moves)
    exposed = found.ratio.value != 0.0 or bool(pool.legs or pool.debts or pool.grids)
    for part in (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.999, 1.0):
        there = reference.at(Fraction(part))
        clear = abs(there.health) > 1e-6 * there.absolute
        if clear and exposed and (found.begins is None or part < found.begins * (1 - 1e-6)):
            assert there.health > 0 or pool_is_rough(pool), (part, found)
    if found.begins is not None and 0.0 < found.begins < 1.0:
        x = found.begins
        here, hair = reference.at(Fraction(x)), 1e-9
        crosses = reference.at(Fraction(x - hair)).health > 0 >= reference.at(Fraction(x + hair)).health
        assert abs(here.health) <= EXACT * here.absolute or crosses
    if found.ratio.state is State.LIQUIDATABLE:
        assert found.begins is not None


def pool_is_rough(pool: Pool) -> bool:
    """Options and grids may dip between the places that are looked at."""
    return bool(pool.grids) or not plain_prices(pool)


@FEWER
@given(any_pools(), st.data())
def test_a_gap_ends_where_the_same_shock_does_and_liquidates_nothing_on_the_way(
    drawn: Drawn, data: st.DataObject
) -> None:
    moves = moves_of(drawn.pool, data)
    way, gap = after(drawn.pool, drawn.market, moves), after(drawn.pool, drawn.market, moves, gap=True)
    assert (gap.ratio, gap.equity_usd, gap.required_usd) == (way.ratio, way.equity_usd, way.required_usd)
    assert gap.begins in (None, 0.0, 1.0)
    if gap.ratio.state is State.LIQUIDATABLE:
        assert gap.begins is not None
