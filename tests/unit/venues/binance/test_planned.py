"""What polling costs, by pool, and how full that makes the pool that is fullest."""

from __future__ import annotations

import pytest

from monitor.venues.binance.endpoint import Pool
from monitor.venues.binance.planned import planned, planned_weights, pools_of
from monitor.venues.binance.settings import PRODUCTS, BinanceSettings
from monitor.venues.settings import AccountSettings, Timings


def settings(*products: str, **more: float) -> BinanceSettings:
    accounts = tuple(AccountSettings(venue="binance", name=f"a{n}", product=one) for n, one in enumerate(products))
    return BinanceSettings(accounts=accounts, **more)  # type: ignore[arg-type]  # its numbers are given by name


@pytest.mark.parametrize(
    ("product", "pool", "weight"),
    [
        ("usdm", Pool.FUTURES, 50.0),
        ("coinm", Pool.FUTURES, 30.0),
        ("margin", Pool.SAPI, 50.0),
        ("isolated-margin", Pool.SAPI, 50.0),
        ("portfolio-margin", Pool.PAPI, 209.0),
        ("portfolio-margin-pro", Pool.FUTURES, 29.0),
        ("portfolio-margin-pro", Pool.SAPI, 80.0),
        ("portfolio-margin-pro", Pool.UID, 25.0),
    ],
)
def test_one_account_costs_so_much_a_minute(product: str, pool: Pool, weight: float) -> None:
    assert planned_weights([product], Timings())[pool] == pytest.approx(weight)


def test_many_cost_as_much_more() -> None:
    assert planned_weights(["usdm"] * 50, Timings())[Pool.FUTURES] == pytest.approx(2500.0)


def test_both_kinds_of_futures_share_a_pool() -> None:
    both = planned_weights(["usdm", "coinm"], Timings())
    assert both[Pool.FUTURES] == pytest.approx(80.0)
    assert both[Pool.SAPI] == both[Pool.PAPI] == 0.0


def test_blind_accounts_and_bridged_streams_cost_more() -> None:
    assert planned_weights(["usdm"], Timings(), blind=["usdm"])[Pool.FUTURES] == pytest.approx(130.0)
    assert planned_weights([], Timings(), bridging=2)[Pool.FUTURES] == pytest.approx(400.0)


def test_the_fullest_pool_counts() -> None:
    assert planned(settings()) == 0.0
    assert planned(settings("")) == pytest.approx(50.0 / 1440.0), "no product is the first one"
    assert planned(settings(*["usdm"] * 30)) == pytest.approx(1500.0 / 1440.0)
    assert planned(settings(*["usdm"] * 20, *["margin"] * 20)) == pytest.approx(1000.0 / 1440.0)
    assert planned(settings(*["portfolio-margin"] * 20)) == pytest.approx(20 * 209.0 / 3600.0)
    assert planned(settings("usdm", weight_share=0.3)) == pytest.approx(50.0 / 720.0)


@pytest.mark.parametrize("product", PRODUCTS)
def test_each_product_knows_its_pools(product: str) -> None:
    assert pools_of(product) == {pool for pool, weight in planned_weights([product], Timings()).items() if weight}
