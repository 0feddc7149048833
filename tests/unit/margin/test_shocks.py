"""Pools after a shock, in a few hand-made situations."""

from __future__ import annotations

import pytest

from monitor.domain.lines import State
from monitor.margin.pool import LIQUIDATION, Holding, Pool, Requirement, Stage
from monitor.margin.prices import Prices
from monitor.margin.shocks import Shock, Shocked, shocked
from tests.unit.margin.build import ASSETS, inverse, key, leg, pool, prices

LONG = leg(1.0, entry=100.0)  # notional 100, requirement 1
SHORT = leg(-1.0, entry=100.0)


def after(one: Pool, *, gap: bool = False, at: Prices | None = None, **moves: float) -> Shocked:
    return shocked([one], at or prices(), [Shock(moves, gap)])[1][0][one.key]


def test_of_nothing_nothing_is_said() -> None:
    assert shocked([], prices(), [Shock({}), Shock({"BTC": 0.5})]) == ({}, [{}, {}])


def test_what_does_not_move_stands_where_it_stood() -> None:
    found = after(pool(LONG, cash=20.0), ETH=-0.5)
    assert (found.equity_usd, found.required_usd, found.begins) == (20.0, 1.0, None)
    assert found.ratio.value == pytest.approx(0.05)


def test_a_long_that_falls_through_its_line_is_liquidated_on_the_way() -> None:
    """20 + 100 x = 1 + x at x = -19/99, of 40 % down."""
    found = after(pool(LONG, cash=20.0), BTC=-0.4)
    assert found.begins == pytest.approx(19.0 / 99.0 / 0.4)
    assert found.left_usd == pytest.approx(20.0 - 100.0 * 19.0 / 99.0)
    assert found.equity_usd == pytest.approx(-20.0)
    assert found.ratio.value == float("inf")


def test_in_a_gap_it_is_liquidated_at_the_end_where_nothing_is_left() -> None:
    found = after(pool(LONG, cash=20.0), gap=True, BTC=-0.4)
    assert (found.begins, found.left_usd) == (1.0, 0.0)


def test_a_short_is_liquidated_on_the_way_up() -> None:
    """20 - 100 x = 1 + x."""
    assert after(pool(SHORT, cash=20.0), BTC=0.4).begins == pytest.approx(19.0 / 101.0 / 0.4)


def test_of_a_pair_one_coin_falls_and_the_other_rises() -> None:
    """20 - 100·0.1 t - 100·0.2 t = 2 + 0.01·(-0.1 + 0.2)·100 t."""
    pair = pool(LONG, leg(-10.0, "ETHUSDT", entry=10.0), cash=20.0)
    assert after(pair, BTC=-0.1, ETH=0.2).begins == pytest.approx(18.0 / 30.1)


def test_what_rises_threefold_goes_all_the_way() -> None:
    found = after(pool(LONG, cash=20.0), BTC=2.5, ETH=-0.9)
    assert found.equity_usd == pytest.approx(270.0)
    assert found.begins is None


def test_what_could_be_liquidated_already_begins_at_once() -> None:
    found = after(pool(LONG, cash=0.5), BTC=0.5)
    assert (found.begins, found.left_usd) == (0.0, 0.5)
    assert found.ratio.state is State.AT


def test_without_anything_to_liquidate_a_balance_below_zero_is_none() -> None:
    owing = pool(cash=0.0, holdings=(Holding(asset="BTC", amount=-1.0),))
    found = after(owing, BTC=-0.5)
    assert (found.ratio.value, found.begins, found.equity_usd) == (0.0, None, -50.0)


@pytest.mark.parametrize(
    ("cash", "begins", "ratio"), [(20.0, 1.0, float("inf")), (-5.0, 0.0, float("inf")), (60.0, None, 0.0)]
)
def test_where_a_balance_below_zero_is_liquidated_it_is(cash: float, begins: float | None, ratio: float) -> None:
    bare = pool(cash=cash - 100.0, holdings=(Holding(asset="BTC", amount=1.0),), empty_liquidates=True)
    found = after(bare, gap=True, BTC=-0.5)
    assert (found.begins, found.ratio.value) == (begins, ratio)


def test_a_pool_that_is_unknown_stays_it() -> None:
    found = after(pool(LONG, unknown=("its mode is unreadable",)), BTC=-0.9)
    assert found == Shocked(ratio=found.ratio, equity_usd=None, required_usd=None, begins=None, left_usd=None)
    assert found.ratio.reasons == ("its mode is unreadable",)


def test_without_tiers_equity_is_known_and_the_ratio_is_not() -> None:
    found = after(pool(leg(1.0, tiers=None), cash=20.0), BTC=-0.1)
    assert (found.ratio.state, found.required_usd, found.begins) == (State.UNKNOWN, None, None)
    assert found.equity_usd == pytest.approx(10.0)
    assert found.ratio.reasons


def test_without_equity_it_is_liquidated_though_tiers_are_unknown() -> None:
    assert after(pool(leg(1.0, tiers=None), cash=20.0), BTC=-0.5).ratio.value == float("inf")


def test_without_cash_nothing_is_known() -> None:
    found = after(pool(LONG, cash=float("nan")), BTC=-0.1)
    assert (found.ratio.state, found.equity_usd, found.begins, found.left_usd) == (State.UNKNOWN, None, None, None)


def test_where_equity_alone_decides_unknown_tiers_do_not_matter() -> None:
    alone = pool(leg(1.0, tiers=None), cash=20.0, stages=(Stage(name=LIQUIDATION, requirement=Requirement.NONE),))
    found = after(alone, BTC=-0.4)
    assert found.begins == pytest.approx(0.5)
    assert found.required_usd == 0.0


def test_a_coin_without_a_price_in_dollars_leaves_the_ratio_known() -> None:
    """A BTC pool: 1 BTC, long 100 dollars of it; it loses 1 BTC at half the price, and requires 0.02."""
    coins = pool(inverse(100.0, entry=100.0), numeraire="BTC", cash=1.5)
    nowhere = prices(assets={name: usd for name, usd in ASSETS.items() if name != "BTC"})
    found = after(coins, at=nowhere, BTC=-0.5)
    assert found.ratio.value == pytest.approx(0.02 / 0.5)
    assert (found.equity_usd, found.required_usd) == (None, None)
    gone = after(coins, at=nowhere, BTC=-0.8)
    assert gone.begins is not None
    assert gone.left_usd is None
    broke = after(pool(inverse(100.0, entry=100.0), numeraire="BTC", cash=0.001), at=nowhere, BTC=-0.1)
    assert (broke.begins, broke.left_usd) == (0.0, None)


def test_a_stablecoin_takes_down_what_is_held_in_it() -> None:
    found = after(pool(LONG, cash=20.0), USDT=-0.1)
    assert found.equity_usd == pytest.approx((20.0 + 100.0 / 0.9 - 100.0) * 0.9)


def test_many_shocks_of_many_accounts_are_told_apart() -> None:
    first, second = pool(LONG, cash=20.0), pool(SHORT, cash=20.0, key=key("other"), backstop=key())
    now, found = shocked([first, second], prices(), [Shock({"BTC": step / 10.0}) for step in range(-9, 10)])
    assert [now[one.key].equity_usd for one in (first, second)] == [20.0, 20.0]
    assert [one[first.key].equity_usd for one in found] == pytest.approx([20.0 + 10.0 * s for s in range(-9, 10)])
    assert [one[second.key].equity_usd for one in found] == pytest.approx([20.0 - 10.0 * s for s in range(-9, 10)])
