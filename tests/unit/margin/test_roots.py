"""How roots are found: a rate that grows with size, chunks of the walk, a bound on the rounds."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.domain.lines import State
from monitor.domain.tiers import Tier, TierTable
from monitor.margin import roots
from monitor.margin.arrays import spread
from monitor.margin.options import normal
from monitor.margin.pool import Netting, Pool
from monitor.margin.tiers import from_rates, requirement
from tests.unit.margin.build import JUMPING, ask, inverse, leg, option, pool

MANY = from_rates([(i * 5.0, 0.01 * (i + 1)) for i in range(40)])


def test_a_rate_that_grows_with_size_makes_a_quadratic() -> None:
    growing = leg(-1.0, tiers=TierTable((Tier(0.0, 0.01, 0.0, 0.0005),)))
    line = ask(pool(growing)).positions[0].up
    assert line.price is not None
    assert 120 - line.price == pytest.approx(0.01 * line.price + 0.0005 * line.price**2)


def test_an_inverse_rate_that_grows_with_size() -> None:
    growing = inverse(60.0, tiers=TierTable((Tier(0.0, 0.01, 0.0, 0.05),)))
    line = ask(pool(growing, numeraire="BTC", cash=0.3)).positions[0].down
    assert line.price is not None
    notional = 60 / line.price
    assert 0.3 + 0.6 - notional == pytest.approx(0.01 * notional + 0.05 * notional**2)


def test_a_rate_that_grows_with_the_size_of_a_group() -> None:
    table = TierTable((Tier(0.0, 0.01, 0.0, 0.0005),))
    one = ask(pool(leg(2.0, tiers=table))).maintenance_margin
    fills = ask(pool(*(leg(1.0, tiers=table, tier_group="g") for _ in range(2)))).maintenance_margin
    assert fills == pytest.approx(one)


def in_many_tiers() -> Pool:
    """A short in forty tiers; its netting group makes it general."""
    groups = (("n", Netting.LARGER_SIDE),)
    return pool(leg(-1.0, tiers=MANY, netting_group="n"), cash=90.0, netting_groups=groups)


def test_newton_walks_many_tiers() -> None:
    line = ask(in_many_tiers()).positions[0].up
    assert line.price is not None
    size = line.price
    assert 190.0 - size == pytest.approx(requirement(MANY, size))


def test_a_walk_in_chunks_finds_what_a_walk_in_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    one = pool(leg(-1.0, tiers=JUMPING), option(-1.0), leg(1.0, "ETHUSDT", tiers=JUMPING), cash=60.0)
    whole = ask(one)
    monkeypatch.setattr(roots, "CHUNK", 50)
    assert ask(one) == whole


def test_the_search_ends_even_where_it_does_not_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roots, "ROUNDS", 1)
    line = ask(in_many_tiers()).positions[0].up
    assert line.state is State.AT


def test_runs_are_counted_from_zero() -> None:
    assert spread(np.array([2, 0, 3])).tolist() == [0, 1, 0, 1, 2]
    assert spread(np.zeros(0, np.intp)).tolist() == []


def test_the_normal_distribution() -> None:
    assert normal(np.array([0.0, 1.959963984540054])).tolist() == pytest.approx([0.5, 0.975])
