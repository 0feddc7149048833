"""Pools whose lines need a search: grids as straight pieces, some accounts only, and what was found before."""

from __future__ import annotations

from math import nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.names import AccountKey, PoolKey
from monitor.domain.tiers import flat
from monitor.margin.book import Book
from monitor.margin.dual import Dual
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Curve, Debt, Holding, Pool, ScenarioGrid, Step
from monitor.margin.scenario import Grids
from monitor.margin.sweep import sweep
from monitor.margin.weight import weight
from tests.properties.strategies import Drawn
from tests.properties.whole_accounts import portfolio_pools
from tests.unit.margin.build import ACCOUNT, VENUE, leg, option, pool, prices

MOVES = (-0.2, -0.1, 0.0, 0.1, 0.3)
HAIRCUT = Curve((Step(0.0, 0.9), Step(1.0, 0.5)))


def straight(points: tuple[float, ...], at: float) -> float:
    piece = max(0, min(len(MOVES) - 2, sum(move <= at for move in MOVES) - 1))
    slope = (points[piece + 1] - points[piece]) / (MOVES[piece + 1] - MOVES[piece])
    return points[piece] + slope * (at - MOVES[piece])


PROFITS = st.tuples(*(st.floats(-1e4, 1e4) for _ in MOVES))


@given(
    st.lists(PROFITS, min_size=1, max_size=3), st.lists(st.floats(-0.99, 30.0), min_size=1, max_size=20), st.booleans()
)
def test_the_worst_of_a_grid_is_the_largest_loss_of_any_scenario_from_there(
    profits: list[tuple[float, ...]], moved: list[float], other_first: bool
) -> None:
    grid = ScenarioGrid(
        asset="BTC", reference_price=100.0, moves=MOVES, profits=tuple(profits), scale=1.5, contingency=7.0
    )
    other = ScenarioGrid(asset="ETH", reference_price=10.0, moves=(-0.5, 0.0), profits=((1.0, 2.0),))
    grids = Grids((other, grid) if other_first else (grid, other))
    at = [*moved, *MOVES]
    which = np.full(len(at), int(other_first), np.intp)
    profit, needed = grids.at(which, Dual(100.0 * (1.0 + np.array(at))))
    middle = profits[len(profits) // 2]
    for place, m in enumerate(at):
        losses = [
            straight(middle, m) - straight(column, (1 + m) * (1 + move) - 1) for column in profits for move in MOVES
        ]
        size = 1e-9 * (1.0 + 1e6 * (1.0 + abs(m)))
        assert profit.v[place] == pytest.approx(straight(middle, m), abs=size)
        assert needed.v[place] == pytest.approx(1.5 * max(losses) + 7.0, abs=size)


def test_a_gap_in_a_grid_makes_it_unknown_everywhere() -> None:
    grid = ScenarioGrid(asset="BTC", reference_price=100.0, moves=(-0.1, 0.0, 0.1), profits=((-1.0, 0.0, nan),))
    profit, needed = Grids((grid,)).at(np.zeros(2, np.intp), Dual(np.array([50.0, 100.0])))
    assert np.isnan(profit.v).all()
    assert np.isnan(needed.v).all()


@given(portfolio_pools(), st.lists(st.floats(0.9, 1.1), min_size=1, max_size=3))
def test_where_lines_were_before_changes_no_answer(drawn: Drawn, factors: list[float]) -> None:
    owner = AccountKey(drawn.pool.key.venue, drawn.pool.key.account)
    at = prices(dict(drawn.market.marks), dict(drawn.market.assets))
    warm = Book(at)
    warm.replace(owner, [drawn.pool])
    for factor in factors:
        for asset, usd in drawn.market.assets.items():
            at.set_asset(VENUE, asset, usd * factor)
        sweep(warm)
    cold = Book(at)
    cold.replace(owner, [drawn.pool])
    for one, other in zip(sweep(warm), sweep(cold), strict=True):
        assert one.distance.tolist() == pytest.approx(other.distance.tolist(), rel=1e-9, nan_ok=True)


def bent(account: AccountKey) -> Pool:
    key = PoolKey(*account, "pool")
    held = Holding(asset="BTC", amount=3.0, collateral=HAIRCUT)
    return pool(leg(2.0), key=key, cash=0.0, holdings=(held, Holding(asset="USDT", amount=0.0)))


def test_lines_of_one_account_are_searched_and_those_of_the_other_stay() -> None:
    at, other = prices(), AccountKey(VENUE, "other")
    book = Book(at)
    book.replace(ACCOUNT, [bent(ACCOUNT)])
    book.replace(other, [bent(other)])

    def distances(search: list[AccountKey]) -> tuple[list[float], list[float]]:
        (one,) = sweep(book, search=search)
        return one.distance[one.ray_pool == 0].tolist(), one.distance[one.ray_pool == 1].tolist()

    first, unsearched = distances([ACCOUNT])
    assert not np.isnan(first).any()
    assert np.isnan(unsearched).any(), "never searched"
    mine, its = distances([ACCOUNT, other])
    assert mine == its == first
    at.set_mark(VENUE, "BTCUSDT", 101.0)
    mine, its = distances([other])
    assert mine == first
    assert its != first
    assert distances([ACCOUNT])[0] == its
    (found,) = evaluate(book, accounts=[other]).values()
    assert found.positions[0].down.distance_ratio in its


def test_what_is_hard_to_search_weighs_more() -> None:
    grid = ScenarioGrid(asset="BTC", reference_price=100.0, moves=(-0.1, 0.0), profits=((1.0, 2.0),))
    plain, haircut = Holding(asset="USDT"), Holding(asset="BTC", collateral=HAIRCUT)
    loan = Holding(asset="ETH", borrow=flat(0.1))
    assert weight(pool(leg(1.0), holdings=(plain,))) == 1
    for more in ({"holdings": (haircut,)}, {"holdings": (loan,)}, {"debts": (Debt(asset="BTC", amount=1.0),)}):
        assert weight(pool(leg(1.0), **more)) > 20
    assert weight(pool(leg(1.0), option(1.0))) > 20
    assert weight(pool(leg(1.0), grids=(grid,))) > 20
