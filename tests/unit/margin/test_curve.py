"""One pool along one ray: what its curve says in a few hand-made situations."""

from __future__ import annotations

from math import isnan

import pytest

from monitor.domain.lines import State
from monitor.margin.curve import Curve, StageOnRay, curve
from monitor.margin.pool import LIQUIDATION, Holding, Requirement, Stage
from monitor.margin.pool import Pool as KernelPool
from tests.unit.margin.build import ASSETS, inverse, key, leg, pool, prices

LONG = leg(1.0, entry=100.0)  # notional 100, requirement 1
HALVES = (-0.5, 0.0, 0.5)


def ask(one: KernelPool, of: str | None = "BTC", **market: dict[str, float]) -> Curve:
    return curve(one, prices(**market), of, HALVES)


def stage(found: Curve, name: str = LIQUIDATION) -> StageOnRay:
    return next(each for each in found.stages if each.name == name)


def test_a_long_loses_what_its_coin_falls_and_requires_less_there() -> None:
    found = ask(pool(LONG, cash=20.0))
    assert found.equity_usd.tolist() == pytest.approx([-30.0, 20.0, 70.0])
    assert found.required_usd.tolist() == pytest.approx([0.5, 1.0, 1.5])
    assert found.price_now == 100.0


def test_it_crosses_where_equity_is_what_is_required() -> None:
    """20 + 100 x = 1 + x."""
    sides = stage(ask(pool(LONG, cash=20.0))).sides
    assert sides.down.distance_ratio == pytest.approx(19.0 / 99.0)
    assert sides.down.price == pytest.approx(100.0 * (1.0 - 19.0 / 99.0))
    assert sides.up.state is State.NEVER


def test_bankruptcy_crosses_where_equity_is_gone() -> None:
    assert stage(ask(pool(LONG, cash=20.0)), "bankruptcy").sides.down.distance_ratio == pytest.approx(0.2)


def test_the_requirement_is_that_over_the_threshold() -> None:
    stages = (Stage(name=LIQUIDATION, scale=2.0, threshold=0.5),)
    assert ask(pool(LONG, cash=20.0, stages=stages)).required_usd.tolist() == pytest.approx([2.0, 4.0, 6.0])


def test_where_equity_alone_decides_nothing_is_required_though_tiers_are_unknown() -> None:
    stages = (Stage(name=LIQUIDATION, requirement=Requirement.NONE),)
    found = ask(pool(leg(1.0, tiers=None), cash=20.0, stages=stages))
    assert found.required_usd.tolist() == [0.0, 0.0, 0.0]
    assert stage(found).sides.down.distance_ratio == pytest.approx(0.2)


def test_dollars_of_a_coin_pool_fall_with_the_coin() -> None:
    """One BTC, and 100 dollars of it sold: worth 100 dollars wherever BTC stands."""
    hedged = pool(inverse(-100.0, entry=100.0), numeraire="BTC", cash=1.0)
    found = ask(hedged)
    assert found.equity_usd.tolist() == pytest.approx([100.0, 100.0, 100.0])
    assert found.required_usd.tolist() == pytest.approx([1.0, 1.0, 1.0])


def test_what_the_market_does_not_move_stands_still() -> None:
    found = ask(pool(cash=0.0, holdings=(Holding(asset="USDC", amount=7.0),)), None)
    assert found.equity_usd.tolist() == [7.0, 7.0, 7.0]
    assert isnan(found.price_now)
    assert stage(found).sides.down.state is State.NEVER


def test_betas_are_the_market_s_speeds() -> None:
    found = curve(pool(LONG, cash=60.0), prices(), None, HALVES, betas={"BTC": 0.5}, stablecoins={"USDT"})
    assert found.equity_usd.tolist() == pytest.approx([35.0, 60.0, 85.0])


@pytest.mark.parametrize(
    ("cash", "state"), [(20.0, State.NEVER), (0.5, State.LIQUIDATABLE), (float("nan"), State.UNKNOWN)]
)
def test_along_a_coin_that_does_not_move_it_a_pool_is_where_it_is(cash: float, state: State) -> None:
    found = ask(pool(LONG, cash=cash), "DOGE")
    assert "DOGE" not in found.movers
    assert {stage(found).sides.down.state, stage(found).sides.up.state} == {state}


def test_a_pool_that_is_unknown_has_no_figure_anywhere() -> None:
    found = ask(pool(LONG, unknown=("its mode is unreadable",)))
    assert all(isnan(each) for each in [*found.equity_usd, *found.required_usd])
    assert stage(found).sides.down.reasons == ("its mode is unreadable",)


def test_without_tiers_equity_is_known_and_what_is_required_is_not() -> None:
    found = ask(pool(leg(1.0, tiers=None), cash=20.0))
    assert found.equity_usd.tolist() == pytest.approx([-30.0, 20.0, 70.0])
    assert all(isnan(each) for each in found.required_usd)
    assert stage(found).sides.down.state is State.UNKNOWN


def test_without_an_index_price_a_coin_stands_at_the_mark_of_an_instrument_on_it() -> None:
    without = {name: usd for name, usd in ASSETS.items() if name != "BTC"}
    found = ask(pool(LONG, cash=20.0), assets=without)
    assert found.price_now == 100.0
    assert stage(found).sides.down.price == pytest.approx(100.0 * (1.0 - 19.0 / 99.0))


def test_where_initial_margin_is_used_up_is_not_made_up() -> None:
    stages = (Stage(name="full", requirement=Requirement.INITIAL), Stage(name=LIQUIDATION))
    found = ask(pool(leg(1.0, initial_margin_rate=0.1), cash=20.0, stages=stages))
    assert stage(found, "full").ratio.value == pytest.approx(0.5)
    assert stage(found, "full").sides.down.state is State.UNKNOWN


def test_no_other_pool_helps_and_none_is_needed() -> None:
    found = ask(pool(LONG, cash=20.0, backstop=key("other"), view_of=key("another")))
    assert stage(found).sides.down.distance_ratio == pytest.approx(19.0 / 99.0)
