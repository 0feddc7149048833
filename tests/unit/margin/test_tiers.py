"""Tier tables: lookup, requirement, deductions from floors and rates, scaling, convexity, the shelf."""

from __future__ import annotations

import numpy as np
import pytest

from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.pool import Curve, Step, counted_at
from monitor.margin.tiers import Shelf, from_rates, is_concave, is_convex, of_curve, requirement, scaled, tier_at

BRACKETS = from_rates([(0.0, 0.004), (50_000.0, 0.005), (600_000.0, 0.0065), (3_000_000.0, 0.01)])


def test_deductions_follow_from_floors_and_rates_as_the_venue_prints_them() -> None:
    assert [tier.deduction for tier in BRACKETS.tiers] == pytest.approx([0.0, 50.0, 950.0, 11_450.0])


@pytest.mark.parametrize(("size", "rate"), [(0.0, 0.004), (49_999.99, 0.004), (50_000.0, 0.005), (1e12, 0.01)])
def test_a_tier_holds_its_floor_and_what_is_above(size: float, rate: float) -> None:
    assert tier_at(BRACKETS, size).rate == rate


@pytest.mark.parametrize("floor", [50_000.0, 600_000.0, 3_000_000.0])
def test_the_requirement_is_continuous_at_tier_edges(floor: float) -> None:
    assert requirement(BRACKETS, floor * (1 - 1e-12)) == pytest.approx(requirement(BRACKETS, floor), rel=1e-9)


def test_a_rate_that_grows_with_size_counts_the_square() -> None:
    growing = TierTable((Tier(0.0, 0.01, 0.0, 0.001),))
    assert requirement(growing, 10.0) == pytest.approx(0.1 + 0.1)
    assert requirement(growing, 10.0, size=20.0) == pytest.approx(0.1 + 0.2)
    by_contracts = TierTable(growing.tiers, TierBy.CONTRACTS)
    assert requirement(by_contracts, 10.0, size=3.0) == pytest.approx(0.1 + 0.03)


def test_a_users_coefficient_scales_sizes_and_leaves_rates() -> None:
    doubled = scaled(TierTable((*BRACKETS.tiers, Tier(9e6, 0.02, 101_450.0, 1e-9)), cap=1e7), 2.0)
    assert doubled.tiers[1] == Tier(100_000.0, 0.005, 100.0)
    assert doubled.tiers[-1].growth == 5e-10
    assert doubled.cap == 2e7
    assert scaled(BRACKETS, 2.0).cap is None
    assert requirement(doubled, 200_000.0) == pytest.approx(2 * requirement(BRACKETS, 100_000.0))


@pytest.mark.parametrize(
    ("table", "convex"),
    [
        (BRACKETS, True),
        (flat(0.01), True),
        (TierTable((Tier(0.0, 0.01), Tier(100.0, 0.02))), False),  # jumps
        (from_rates([(0.0, 0.02), (100.0, 0.01)]), False),  # bends down
        (TierTable((Tier(0.0, 0.01, 0.0, -1e-6),)), False),  # the rate falls with size
        (TierTable((Tier(0.0, 0.01, 0.0, 1e-6),)), True),
    ],
)
def test_convexity_is_told_from_the_table(table: TierTable, convex: bool) -> None:
    assert is_convex(table) is convex


def test_a_marginal_curve_is_a_continuous_table() -> None:
    bands = Curve((Step(0.0, 0.98), Step(500.0, 0.975), Step(600.0, 0.97)))
    assert requirement(of_curve(bands), 660.0) == pytest.approx(500 * 0.98 + 100 * 0.975 + 60 * 0.97)
    assert is_concave(bands)
    assert is_concave(counted_at(0.9))
    assert not is_concave(Curve((Step(0.0, 0.5), Step(1.0, 0.6))))


def test_equal_tables_share_their_rows_and_lookups_agree_with_the_plain_one() -> None:
    shelf = Shelf()
    number = shelf.add(BRACKETS)
    assert shelf.add(from_rates([(t.floor, t.rate) for t in BRACKETS.tiers])) == number
    other = shelf.add(flat(0.5))
    shelf.stack()
    shelf.stack()
    sizes = np.array([0.0, 50_000.0, 2.9e6, 4e6, 7.0])
    rows = shelf.rows(np.array([number] * 4 + [other]), sizes)
    assert shelf.rate[rows].tolist() == [0.004, 0.005, 0.0065, 0.01, 0.5]
    assert shelf.fixed_row(number, 50_000.0) == rows[1]
    assert shelf.fixed_row(number, -1.0) == rows[0]


def test_a_size_beyond_all_numbers_belongs_to_the_last_tier_of_its_table() -> None:
    shelf = Shelf()
    tables = [shelf.add(flat(0.5)), shelf.add(BRACKETS)]
    shelf.stack()
    rows = shelf.rows(np.array(tables), np.array([np.inf, np.inf]))
    assert shelf.rate[rows].tolist() == [0.5, BRACKETS.tiers[-1].rate]
