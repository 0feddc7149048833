"""Where a pool stands now: equity, requirement, initial margin, ratios of stages, money at risk. By hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from math import copysign, inf, isnan, nan
from typing import Any

import pytest

from monitor.domain.instruments import Payoff
from monitor.domain.lines import State
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin.advice import _closed
from monitor.margin.pool import (
    Basis,
    Curve,
    Debt,
    Holding,
    Netting,
    Pool,
    Requirement,
    ScenarioGrid,
    Stage,
    Step,
    counted_at,
)
from monitor.margin.stress import Stress
from monitor.margin.tiers import from_rates
from tests.unit.margin.build import JUMPING, TERMS, ask, inverse, leg, option, pool, prices


def test_a_long_and_a_short_of_two_coins() -> None:
    result = ask(pool(leg(2.0, entry=90.0, initial_margin_rate=0.1), leg(-3.0, "ETHUSDT", initial_margin_rate=0.2)))
    assert result.equity == 20.0 + 2 * 10.0
    assert result.maintenance_margin == pytest.approx(2.0 + 0.3)
    assert result.initial_margin == pytest.approx(20.0 + 6.0)
    assert result.ratio.value == pytest.approx(2.3 / 40.0)
    assert result.gross_notional_usd == pytest.approx(230.0)
    assert result.net_notional_usd == pytest.approx(170.0)
    assert result.effective_leverage_ratio == pytest.approx(230.0 / 40.0)
    assert result.funds_at_risk_usd == 40.0
    assert result.deficit_usd == 0.0
    long, short = result.positions
    assert (long.notional, long.unrealized_pnl) == (200.0, 20.0)
    assert long.maintenance_margin == pytest.approx(2.0)
    assert (short.notional_usd, short.unrealized_pnl_usd, short.entry_price) == (30.0, 0.0, 10.0)


def test_an_inverse_leg_counts_in_its_coin() -> None:
    result = ask(pool(inverse(50.0, entry=80.0), numeraire="BTC", cash=0.5))
    assert result.equity == pytest.approx(0.5 + 50 / 80 - 50 / 100)
    assert result.maintenance_margin == pytest.approx(0.005)
    assert result.equity_usd == pytest.approx(62.5)
    assert result.positions[0].notional == pytest.approx(0.5)
    assert result.positions[0].notional_usd == pytest.approx(50.0)


def test_a_quanto_leg_settles_in_a_third_asset() -> None:
    quanto = leg(10.0, "ETHUSDT", payoff=Payoff.QUANTO, settle="BTC", multiplier=0.001, entry=8.0)
    result = ask(pool(quanto, cash=0.0))
    assert result.equity == pytest.approx(10 * 0.001 * 2.0 * 100.0)


@pytest.mark.parametrize(
    ("basis", "notional"), [(Basis.MARK, 100.0), (Basis.ENTRY, 80.0), (Basis.SNAPSHOT, 90.0), (Basis.INDEX, 105.0)]
)
def test_requirement_fee_and_initial_margin_have_bases_of_their_own(basis: Basis, notional: float) -> None:
    at = prices(assets={"USDT": 1.0, "BTC": 105.0})
    facts: dict[str, Any] = {"entry": 80.0, "snapshot_mark": 90.0, "tiers": flat(0.1), "initial_margin_rate": 0.5}
    assert ask(pool(leg(1.0, basis=basis, **facts)), at=at).maintenance_margin == pytest.approx(0.1 * notional)
    fee = leg(1.0, fee_basis=basis, fee_rate=0.01, **facts)
    assert ask(pool(fee), at=at).maintenance_margin == pytest.approx(10.0 + 0.01 * notional)
    initial = leg(1.0, initial_basis=basis, constant_initial=3.0, **facts)
    assert ask(pool(initial), at=at).initial_margin == pytest.approx(0.5 * notional + 3.0)


def test_an_inverse_leg_at_its_index_is_valued_at_the_reciprocal() -> None:
    at = prices(assets={"BTC": 125.0})
    result = ask(pool(inverse(50.0, basis=Basis.INDEX), numeraire="BTC"), at=at)
    assert result.maintenance_margin == pytest.approx(0.01 * 50 / 125)


def test_constants_add_to_the_requirements() -> None:
    result = ask(
        pool(
            leg(1.0, constant_requirement=2.0, initial_margin_rate=0.0), constant_requirement=3.0, constant_initial=4.0
        )
    )
    assert result.maintenance_margin == pytest.approx(1.0 + 2.0 + 3.0)
    assert result.initial_margin == 4.0


class TestTierGroups:
    TABLE = from_rates([(0.0, 0.01), (100.0, 0.02)])

    def test_one_size_is_looked_up_for_all_and_the_deduction_taken_once(self) -> None:
        grouped = [leg(1.0, tier_group="g", tiers=self.TABLE), leg(-0.5, tier_group="g", tiers=self.TABLE)]
        assert ask(pool(*grouped)).maintenance_margin == pytest.approx(150 * 0.02 - 1.0)

    def test_a_member_without_deduction_pays_the_whole_rate(self) -> None:
        taking = leg(1.0, tier_group="g", tiers=self.TABLE)
        paying = leg(1.0, "BTCUSDT", tier_group="g", tiers=self.TABLE, group_deduction=False)
        assert ask(pool(taking, paying)).maintenance_margin == pytest.approx(200 * 0.02 - 0.5)

    @pytest.mark.parametrize("by", [TierBy.CONTRACTS, TierBy.BASE])
    def test_sizes_by_contracts_and_by_quantity_add_up_too(self, by: TierBy) -> None:
        table = TierTable((Tier(0.0, 0.01), Tier(3.0, 0.03, 0.9)), by)
        one, two = (leg(q, tier_group="g", tiers=table, contracts=abs(q)) for q in (1.0, -2.0))
        assert ask(pool(one)).maintenance_margin == pytest.approx(1.0)
        assert ask(pool(one, two)).maintenance_margin == pytest.approx(300 * 0.03 - 0.9)

    def test_a_member_that_looks_up_its_own_size_still_raises_the_tier_of_the_others(self) -> None:
        own = leg(1.0, tier_group="g", tiers=JUMPING, group_lookup=False)
        other = leg(0.5, "BTCUSDT", tier_group="g", tiers=JUMPING)
        result = ask(pool(own, other))
        assert [one.maintenance_margin for one in result.positions] == pytest.approx([100 * 0.005, 50 * 0.02])

    def test_a_member_that_looks_up_its_own_size_takes_its_own_deduction_whole(self) -> None:
        own = leg(2.0, tier_group="g", tiers=self.TABLE, group_lookup=False)
        other = leg(1.0, "BTCUSDT", tier_group="g", tiers=self.TABLE)
        result = ask(pool(own, other))
        assert [one.maintenance_margin for one in result.positions] == pytest.approx([4 - 1, 2 - 1 / 3])

    @pytest.mark.parametrize("by", [TierBy.CONTRACTS, TierBy.BASE])
    def test_own_sizes_by_contracts_and_by_quantity_likewise(self, by: TierBy) -> None:
        table = TierTable((Tier(0.0, 0.01), Tier(3.0, 0.03, 0.9)), by)
        own = leg(1.0, tier_group="g", tiers=table, contracts=1.0, group_lookup=False)
        other = leg(-2.0, tier_group="g", tiers=table, contracts=2.0)
        result = ask(pool(own, other))
        assert [one.maintenance_margin for one in result.positions] == pytest.approx([1.0, 6 - 0.6])

    @pytest.mark.parametrize(("by", "size"), [(TierBy.CONTRACTS, 7.0), (TierBy.BASE, 3.0), (TierBy.NOTIONAL, 300.0)])
    def test_a_rate_grows_with_the_size_that_is_looked_up(self, by: TierBy, size: float) -> None:
        table = TierTable((Tier(0.0, 0.01, 0.0, 1e-4),), by)
        one, two = leg(1.0, tiers=table, contracts=3.0), leg(-2.0, tiers=table, contracts=4.0)
        grouped = (replace(each, tier_group="g") for each in (one, two))
        assert ask(pool(*grouped)).maintenance_margin == pytest.approx(300 * (0.01 + size * 1e-4))
        alone = {TierBy.CONTRACTS: 3.0, TierBy.BASE: 1.0, TierBy.NOTIONAL: 100.0}[by]
        assert ask(pool(one)).maintenance_margin == pytest.approx(100 * (0.01 + alone * 1e-4))

    def test_an_empty_group_requires_nothing(self) -> None:
        table = TierTable((Tier(0.0, 0.01),), TierBy.CONTRACTS)
        nothing = leg(0.0, tier_group="g", tiers=table, contracts=0.0)
        by_notional = leg(0.0, tier_group="h", tiers=self.TABLE)
        assert ask(pool(nothing, by_notional)).maintenance_margin == 0.0

    def test_orders_raise_the_tier_of_the_group_only_where_they_count(self) -> None:
        held = leg(1.0, tier_group="g", tiers=JUMPING)
        order = leg(0.5, tier_group="g", tiers=JUMPING, order=True, entry=100.0)
        stages = (Stage(name="liquidation"), Stage(name="orders-cancelled", orders=True))
        result = ask(pool(held, order, stages=stages))
        assert result.maintenance_margin == pytest.approx(0.5)
        assert result.stages["orders-cancelled"].value == pytest.approx(150 * 0.02 / 20.0)


def test_of_a_larger_side_group_only_the_larger_side_counts() -> None:
    legs = [
        leg(1.0, netting_group="n", initial_margin_rate=0.1),
        leg(-2.0, netting_group="n", initial_margin_rate=0.1),
        leg(1.0, "ETHUSDT", initial_margin_rate=0.1),
    ]
    larger = ask(pool(*legs, netting_groups=(("n", Netting.LARGER_SIDE),)))
    assert larger.maintenance_margin == pytest.approx(2.0 + 0.1)
    assert larger.initial_margin == pytest.approx(20.0 + 1.0)
    summed = ask(pool(*legs, netting_groups=(("n", Netting.SUM),)))
    assert summed.maintenance_margin == pytest.approx(3.0 + 0.1)


class TestHoldings:
    def test_collateral_counts_in_bands_and_what_is_owed_at_its_own_rate(self) -> None:
        bands = Curve((Step(0.0, 0.9), Step(1.0, 0.5)))
        held = ask(pool(leg(1.0), holdings=(Holding(asset="BTC", amount=3.0, collateral=bands),)))
        assert held.equity == pytest.approx(20.0 + 100.0 * (0.9 + 2 * 0.5))
        owed = ask(pool(leg(1.0), holdings=(Holding(asset="BTC", amount=-0.1, negative_rate=1.1),)))
        assert owed.equity == pytest.approx(20.0 - 11.0)

    def test_bands_by_value_look_at_the_value(self) -> None:
        bands = Curve((Step(0.0, 0.9), Step(100.0, 0.5)), by_value=True)
        assert ask(pool(holdings=(Holding(asset="BTC", amount=3.0, collateral=bands),))).equity == pytest.approx(210.0)

    def test_profit_settled_in_an_asset_is_haircut_with_it(self) -> None:
        holding = Holding(asset="USDC", amount=10.0, collateral=counted_at(0.5), requirement_rate=2.0)
        result = ask(pool(leg(1.0, quote="USDC", settle="USDC", entry=90.0), holdings=(holding,), numeraire="USD"))
        assert result.equity == pytest.approx(20.0 + 0.5 * 20.0)
        assert result.maintenance_margin == pytest.approx(2.0 * 1.0)

    def test_an_implicit_loan_requires_margin(self) -> None:
        holding = Holding(asset="BTC", amount=-0.1, borrow=flat(0.2), borrow_fee_rate=0.01)
        result = ask(pool(holdings=(holding,)))
        assert result.equity == pytest.approx(10.0)
        assert result.maintenance_margin == pytest.approx(2.1)
        assert result.ratio.value == pytest.approx(0.21)
        unused = ask(pool(leg(1.0), holdings=(Holding(asset="BTC", amount=0.1, borrow=flat(0.2)),)))
        assert unused.maintenance_margin == pytest.approx(1.0)

    def test_a_cap_limits_the_positive_values_of_its_group_together(self) -> None:
        holdings = (
            Holding(asset="BTC", amount=1.0, cap_group="c"),
            Holding(asset="ETH", amount=1.0, cap_group="c"),
            Holding(asset="USDC", amount=5.0),
        )
        assert ask(pool(holdings=holdings, caps=(("c", 50.0),))).equity == pytest.approx(20.0 + 50.0 + 5.0)
        assert ask(pool(holdings=holdings, caps=(("c", 500.0),))).equity == pytest.approx(20.0 + 110.0 + 5.0)

    def test_an_empty_holding_needs_no_price(self) -> None:
        assert ask(pool(leg(1.0), holdings=(Holding(asset="XYZ"),))).equity == 20.0


class TestDebts:
    def test_a_loan_takes_from_equity_and_requires_margin(self) -> None:
        debt = Debt(asset="BTC", amount=0.1, requirement=flat(0.1), fee_rate=0.01, initial_margin_rate=0.3)
        result = ask(pool(debts=(debt,)))
        assert result.equity == pytest.approx(10.0)
        assert result.maintenance_margin == pytest.approx(1.1)
        assert result.initial_margin == pytest.approx(3.0)

    def test_a_loan_that_the_balance_is_net_of_only_requires(self) -> None:
        result = ask(pool(debts=(Debt(asset="BTC", amount=0.1, counted=False, requirement=flat(0.1)),)))
        assert result.equity == 20.0
        assert result.maintenance_margin == pytest.approx(1.0)

    def test_liability_and_tiers_may_go_by_value(self) -> None:
        debt = Debt(
            asset="BTC",
            amount=0.1,
            liability=Curve((Step(0.0, 1.0), Step(5.0, 1.2)), by_value=True),
            requirement=from_rates([(0.0, 0.1), (5.0, 0.2)]),
            requirement_by_value=True,
        )
        result = ask(pool(debts=(debt,)))
        assert result.equity == pytest.approx(20.0 - 11.0)
        assert result.maintenance_margin == pytest.approx(0.5 + 1.0)


class TestGrids:
    GRID = ScenarioGrid(
        asset="BTC",
        reference_price=100.0,
        moves=(-0.1, 0.0, 0.1),
        profits=((-12.0, -1.0, 9.0), (-10.0, 0.0, 10.0), (-11.0, 0.5, 12.0)),
        scale=2.0,
        contingency=3.0,
    )

    def test_at_its_reading_a_grid_requires_its_worst_loss(self) -> None:
        result = ask(pool(grids=(self.GRID,)))
        assert result.maintenance_margin == pytest.approx(2 * 12.0 + 3.0)
        assert result.equity == 20.0

    def test_later_it_is_taken_from_where_the_asset_has_moved_to(self) -> None:
        moved = ScenarioGrid(asset="BTC", reference_price=125.0, moves=(-0.2, 0.0, 0.2), profits=((-20.0, 0.0, 10.0),))
        result = ask(pool(grids=(moved,)))
        # at -20 %: scenarios lead to -36 %, -20 %, -4 %; below the grid its last line goes on (100 a unit)
        assert result.maintenance_margin == pytest.approx(-20.0 + 36.0)

    @pytest.mark.parametrize(
        ("price", "required"),
        [
            pytest.param(100.0, 2 * 30.0 + 3.0, id="at its reading"),
            pytest.param(95.0, 2 * 35.0 + 3.0, id="halfway along a straight line"),
            pytest.param(110.0, 2 * 10.0 + 3.0, id="at a move"),
            pytest.param(70.0, 2 * 40.0 + 3.0, id="held below the moves"),
            pytest.param(300.0, 2 * 10.0 + 3.0, id="and above them"),
        ],
    )
    def test_a_requirement_that_the_venue_gave_by_moves_is_read_off(self, price: float, required: float) -> None:
        told = replace(self.GRID, profits=(), requirements=(40.0, 30.0, 10.0), reference_price=100.0)
        result = ask(pool(grids=(told,)), at=prices(assets={"BTC": price}))
        assert result.maintenance_margin == pytest.approx(required)

    def test_a_grid_whose_legs_are_not_in_the_pool_belongs_to_equity(self) -> None:
        moved = ScenarioGrid(
            asset="BTC", reference_price=125.0, moves=(-0.2, 0.0, 0.2), profits=((-20.0, 0.0, 10.0),), in_equity=True
        )
        assert ask(pool(grids=(moved,))).equity == pytest.approx(0.0)


class TestOptions:
    @pytest.mark.parametrize("entry", [7.0, nan], ids=["with an entry", "without one"])
    def test_one_whose_value_is_no_part_of_equity_only_requires(self, entry: float) -> None:
        whole, outside = (
            ask(pool(option(-2.0, entry=7.0 if inside else entry, terms=replace(TERMS, in_equity=inside))))
            for inside in (True, False)
        )
        assert outside.equity == 20.0
        assert outside.maintenance_margin == whole.maintenance_margin
        assert outside.positions[0].unrealized_pnl == (None if isnan(entry) else whole.positions[0].unrealized_pnl)

    def test_closing_one_whose_value_is_no_part_of_equity_pays_its_value(self) -> None:
        terms = replace(TERMS, in_equity=False)
        before = pool(option(-2.0, entry=7.0, terms=terms), leg(1.0), cash=10.0)
        mark = ask(before).positions[0].mark_price
        assert mark is not None
        after = pool(option(-1.5, entry=7.0, terms=terms), leg(1.0), cash=10.0 - 0.5 * mark)
        assert _closed(before, before.legs[0], 0.25, prices()) == after
        expected = Stress(after, prices(), 0.2).now()
        assert Stress(before, prices(), 0.2, [0, 1]).after_closing([(0, 0.25)])[0].amount == pytest.approx(
            expected.amount
        )

    def test_a_short_option_requires_by_underlying_and_value(self) -> None:
        result = ask(pool(option(-2.0, entry=7.0)))
        assert result.equity == pytest.approx(20.0 + 2 * 2.0)
        assert result.maintenance_margin == pytest.approx(2 * (0.03 * 100 + 5.0))

    def test_a_long_option_requires_nothing(self) -> None:
        result = ask(pool(option(2.0, entry=3.0)))
        assert (result.equity, result.maintenance_margin) == (24.0, 0.0)


class TestStages:
    def test_each_stage_has_its_own_requirement_scale_and_threshold(self) -> None:
        stages = (
            Stage(name="call", requirement=Requirement.INITIAL),
            Stage(name="liquidation", scale=1.5, threshold=0.95),
            Stage(name="bankruptcy", requirement=Requirement.NONE),
        )
        result = ask(pool(leg(1.0, initial_margin_rate=0.1), stages=stages))
        assert result.stages["call"].value == pytest.approx(0.5)
        assert result.stages["liquidation"].value == pytest.approx(1.5 / (0.95 * 20.0))
        assert result.stages["bankruptcy"].value == 0.0

    def test_a_pool_that_liquidates_at_bankruptcy_only(self) -> None:
        stages = (Stage(name="liquidation", requirement=Requirement.NONE),)
        result = ask(pool(leg(1.0), stages=stages))
        assert result.ratio.value == 0.0
        assert result.positions[0].line.price == pytest.approx(80.0)

    @pytest.mark.parametrize("cash", [0.0, -1.0])
    def test_without_equity_every_stage_is_reached(self, cash: float) -> None:
        result = ask(pool(leg(1.0), cash=cash))
        assert all(ratio.value == inf and ratio.state is State.LIQUIDATABLE for ratio in result.stages.values())
        assert result.effective_leverage_ratio == inf
        assert result.funds_at_risk_usd == 0.0

    def test_a_deduction_larger_than_the_rest_makes_no_negative_ratio(self) -> None:
        assert ask(pool(leg(1.0, tiers=flat(0.01, 5.0)))).ratio.value == 0.0


class TestNothingToLiquidate:
    def test_a_balance_alone_has_ratio_zero_and_no_risk(self) -> None:
        result = ask(pool(holdings=(Holding(asset="BTC", amount=1.0),)))
        assert result.ratio.value == 0.0
        assert result.funds_at_risk_usd == 0.0
        assert result.effective_leverage_ratio == 0.0
        assert result.market.down.state is State.NEVER

    def test_a_negative_balance_alone_is_a_deficit(self) -> None:
        result = ask(pool(cash=-5.0))
        assert result.ratio.value == 0.0
        assert result.deficit_usd == 5.0

    def test_unless_the_venue_liquidates_it(self) -> None:
        result = ask(pool(cash=-5.0, empty_liquidates=True))
        assert result.ratio.value == inf
        assert result.deficit_usd == 0.0

    def test_resting_orders_alone_are_no_position(self) -> None:
        order = leg(1.0, order=True, entry=200.0, opening_fee=1.0)
        assert ask(pool(order)).ratio.value == 0.0
        counted = ask(pool(order, stages=(Stage(name="liquidation", orders=True),), cash=150.0))
        assert counted.equity == pytest.approx(150.0 - 100.0 - 1.0)
        assert counted.ratio.value == pytest.approx(1.0 / 49.0)
        assert counted.positions == ()


def negative_zeros(found: object, name: str = "") -> Iterator[str]:
    """The names of all figures below that are -0.0."""
    if isinstance(found, float) and found == 0.0 and copysign(1.0, found) < 0.0:
        yield name
    elif is_dataclass(found):
        for one in fields(found):
            yield from negative_zeros(getattr(found, one.name), f"{name}.{one.name}")
    elif isinstance(found, Mapping):
        for key, value in found.items():
            yield from negative_zeros(value, f"{name}.{key}")
    elif isinstance(found, tuple):
        for value in found:
            yield from negative_zeros(value, name)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(pool(leg(-1.0)), id="a short at its entry"),
        pytest.param(pool(inverse(50.0), numeraire="BTC"), id="an inverse long at its entry"),
        pytest.param(pool(leg(-1.0, "ETHUSDT"), leg(1.0, "ETHUSDT"), cash=0.0), id="a hedge without cash"),
        pytest.param(pool(leg(-1.0, tiers=flat(0.0))), id="a short that requires nothing"),
        pytest.param(pool(option(-1.0)), id="a short option"),
        pytest.param(pool(cash=-5.0), id="a debt and nothing else"),
        pytest.param(pool(cash=-0.0), id="nothing"),
    ],
)
def test_no_figure_is_a_negative_zero(one: Pool) -> None:
    assert list(negative_zeros(ask(one))) == []
