"""Lines by hand: positions, coins, the market, stablecoins, bankruptcy, backstops."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import inf

import pytest

from monitor.domain.instruments import Payoff
from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, State
from monitor.domain.tiers import Tier, TierTable, flat
from monitor.margin.pool import (
    Basis,
    Curve,
    Debt,
    Holding,
    Leg,
    Option,
    ScenarioGrid,
    Stage,
    Step,
    counted_at,
)
from monitor.margin.results import Sides
from monitor.margin.tiers import from_rates
from tests.reference.plain import Market, Reference, market_ray
from tests.unit.margin.build import JUMPING, ask, inverse, key, leg, option, pool, prices


def at(line: Line) -> float:
    """The price of a line that must have one."""
    assert line.state is State.AT, line
    assert line.price is not None
    return line.price


class TestPositions:
    def test_a_long_falls_to_its_line_and_has_none_above(self) -> None:
        [position] = ask(pool(leg(1.0))).positions
        # 20 + P - 100 = 0.01 P
        assert at(position.down) == pytest.approx(80 / 0.99)
        assert position.up == NEVER
        assert position.line == position.down
        assert position.line.distance_ratio == pytest.approx(1 - 0.8 / 0.99)
        assert at(position.bankruptcy) == pytest.approx(80.0)
        assert position.loss_to_line_usd == pytest.approx(100 - 80 / 0.99)
        assert position.with_backstop is None

    def test_a_short_rises_to_its_line(self) -> None:
        [position] = ask(pool(leg(-1.0))).positions
        assert at(position.up) == pytest.approx(120 / 1.01)
        assert position.down == NEVER

    def test_the_tier_at_the_line_decides_not_the_one_today(self) -> None:
        table = from_rates([(0.0, 0.01), (110.0, 0.05)])
        [position] = ask(pool(leg(-1.0, tiers=table))).positions
        # 120 - P = 0.05 P - 4.4
        assert at(position.up) == pytest.approx(124.4 / 1.05)

    @pytest.mark.parametrize("quantity", [60.0, -60.0])
    def test_inverse_legs_are_straight_in_the_reciprocal(self, quantity: float) -> None:
        [position] = ask(pool(inverse(quantity), numeraire="BTC", cash=0.2)).positions
        # 0.2 + q (1/100 - v) = 0.01 |q| v
        v = (0.2 + quantity / 100) / (quantity + 0.01 * abs(quantity))
        assert at(position.line) == pytest.approx(1 / v)

    def test_a_covered_inverse_short_has_no_line(self) -> None:
        [position] = ask(pool(inverse(-50.0), numeraire="BTC", cash=0.6)).positions
        assert (position.down, position.up) == (NEVER, NEVER)

    def test_both_sides_of_a_hedge_share_one_line(self) -> None:
        long, short = ask(pool(leg(2.0), leg(-1.0))).positions
        assert long.line == short.line
        assert at(long.down) == pytest.approx(80 / 0.97)

    def test_an_equal_hedge_dies_of_rising_maintenance_alone(self) -> None:
        long, _ = ask(pool(leg(1.0), leg(-1.0))).positions
        assert long.down == NEVER
        assert at(long.up) == pytest.approx(1000.0)

    def test_a_pool_beyond_its_line_is_liquidatable_and_prints_no_price(self) -> None:
        result = ask(pool(leg(1.0), cash=0.5))
        assert result.positions[0].line == LIQUIDATABLE
        assert result.market.up == LIQUIDATABLE
        assert result.positions[0].loss_to_line_usd is None

    def test_no_line_at_price_zero(self) -> None:
        [position] = ask(pool(leg(1.0, tiers=flat(0.0)), cash=100.0)).positions
        assert position.down == NEVER
        assert position.bankruptcy == NEVER

    def test_requirements_held_at_entry_do_not_move(self) -> None:
        [position] = ask(pool(leg(1.0, basis=Basis.ENTRY, fee_basis=Basis.ENTRY, fee_rate=0.01))).positions
        assert at(position.down) == pytest.approx(80.0 + 2.0)

    def test_the_index_stands_while_the_mark_moves_alone(self) -> None:
        result = ask(pool(leg(1.0, basis=Basis.INDEX)))
        assert at(result.positions[0].down) == pytest.approx(81.0)
        assert at(result.coins["BTC"].down) == pytest.approx(80 / 0.99)

    def test_resting_orders_fill_on_the_way_where_they_count(self) -> None:
        order = leg(1.0, order=True, entry=95.0, tiers=flat(0.0))
        stages = (Stage(name="liquidation", orders=True),)
        [position] = ask(pool(leg(1.0), order, stages=stages)).positions
        # below 95 both fall: 20 + P - 100 + P - 95 = 0.01 P
        assert at(position.down) == pytest.approx(175 / 1.99)
        [without] = ask(pool(leg(1.0), order)).positions
        assert at(without.down) == pytest.approx(80 / 0.99)

    def test_an_options_own_mark_moves_alone(self) -> None:
        [position] = ask(pool(option(-1.0))).positions
        # 20 - (V - 5) = 3 + V
        assert at(position.up) == pytest.approx(11.0)

    def test_a_scale_and_threshold_move_the_line(self) -> None:
        stages = (Stage(name="liquidation", scale=2.0, threshold=0.5),)
        [position] = ask(pool(leg(1.0), stages=stages)).positions
        assert at(position.down) == pytest.approx(80 / 0.96)


class TestJumps:
    def test_a_jump_through_zero_is_the_line(self) -> None:
        short = leg(-1.0, tiers=JUMPING)
        # at 120 the requirement jumps from 0.6 to 2.4 while equity is 22 - 20 = 2
        result = ask(pool(short, cash=22.0))
        assert at(result.positions[0].up) == pytest.approx(120.0)
        assert at(result.coins["BTC"].up) == pytest.approx(120.0)

    def test_before_the_jump_the_root_is_an_ordinary_one(self) -> None:
        assert at(ask(pool(leg(-1.0, tiers=JUMPING))).positions[0].up) == pytest.approx(120 / 1.005)

    def test_a_jump_that_leaves_health_is_passed(self) -> None:
        [position] = ask(pool(leg(-1.0, tiers=JUMPING), cash=50.0)).positions
        assert at(position.up) == pytest.approx(150 / 1.02)

    def test_a_long_dies_below_a_jump_that_helped_it(self) -> None:
        [position] = ask(pool(leg(2.0, tiers=JUMPING), cash=90.0)).positions
        # below 60 the rate is 0.5 %: 90 + 2 P - 200 = 0.01 P
        assert at(position.down) == pytest.approx(110 / 1.99)

    def test_inverse_jumps_lie_where_the_notional_meets_the_floor(self) -> None:
        table = TierTable((Tier(0.0, 0.005), Tier(1.0, 0.2)))
        [position] = ask(pool(inverse(50.0, tiers=table), numeraire="BTC", cash=0.6)).positions
        # at 50 the notional is 1 coin: equity 0.1 < 0.2, while before it 0.1 > 0.005
        assert at(position.down) == pytest.approx(50.0)

    def test_a_group_jumps_together(self) -> None:
        moving = leg(-1.0, tiers=JUMPING, tier_group="g")
        still = leg(2.0, "ETHUSDT", tiers=JUMPING, tier_group="g")
        # the group's notional is P + 20: at P = 100 already in the upper tier; start lower
        result = ask(pool(moving, still, cash=12.2), at=prices({"BTCUSDT": 90.0, "ETHUSDT": 10.0}))
        # 12.2 + 100 - P - rate (P + 20): at 100 the jump takes 2.4 of 12.2 - 0
        assert at(result.positions[0].up) == pytest.approx((112.2 - 0.4) / 1.02)
        jump = ask(pool(moving, still, cash=2.0), at=prices({"BTCUSDT": 90.0, "ETHUSDT": 10.0}))
        assert at(jump.positions[0].up) == pytest.approx(100.0)

    def test_a_member_that_looks_up_its_own_size_jumps_alone(self) -> None:
        own = leg(-1.0, tiers=JUMPING, tier_group="g", group_lookup=False)
        still = leg(2.0, "ETHUSDT", tiers=JUMPING, tier_group="g")
        result = ask(pool(own, still, cash=22.0), at=prices({"BTCUSDT": 101.0, "ETHUSDT": 10.0}))
        # the other's tier has risen at 100 already; its own does at 120: 122 - P = 0.02 * 20 + 0.005 P or 0.02 P
        assert at(result.positions[0].up) == pytest.approx(120.0)
        lower = ask(pool(own, still, cash=15.0), at=prices({"BTCUSDT": 101.0, "ETHUSDT": 10.0}))
        assert at(lower.positions[0].up) == pytest.approx((115.0 - 0.4) / 1.005)


class TestCoins:
    def test_a_coin_line_moves_all_instruments_and_collateral_in_the_coin(self) -> None:
        collateral = Holding(asset="BTC", amount=0.1, collateral=counted_at(0.9))
        result = ask(pool(leg(1.0), holdings=(collateral,)))
        # 20 + P - 100 + 0.09 P = 0.01 P
        assert at(result.coins["BTC"].down) == pytest.approx(80 / 1.08)
        assert at(result.positions[0].down) == pytest.approx((80 - 9) / 0.99)

    def test_a_coin_pool_counts_in_what_moves(self) -> None:
        result = ask(pool(inverse(60.0), numeraire="BTC", cash=0.2))
        assert at(result.coins["BTC"].down) == pytest.approx(at(result.positions[0].down))

    def test_a_multiplied_base_moves_with_its_coin(self) -> None:
        thousand = leg(1.0, "1000SHIBUSDT", base="1000SHIB", quote="USDT", coin="SHIB", entry=100.0)
        marks = {"1000SHIBUSDT": 100.0}
        result = ask(pool(thousand), at=prices(marks, {"USDT": 1.0, "SHIB": 0.1}))
        assert at(result.coins["SHIB"].down) == pytest.approx(0.1 * 0.8 / 0.99)
        unnamed = ask(pool(thousand), at=prices(marks, {"USDT": 1.0}))
        assert unnamed.coins["SHIB"].down.state is State.AT
        assert unnamed.coins["SHIB"].down.price is None

    def test_without_an_index_the_mark_prices_the_coin(self) -> None:
        assert at(ask(pool(leg(1.0)), at=prices(assets={"USDT": 1.0})).coins["BTC"].down) == pytest.approx(80 / 0.99)

    def test_a_debt_in_the_coin_rises_with_it(self) -> None:
        result = ask(pool(debts=(Debt(asset="BTC", amount=0.1, requirement=flat(0.1)),)))
        assert at(result.coins["BTC"].up) == pytest.approx(20 / 0.11)

    def test_a_grid_is_walked_from_kink_to_kink(self) -> None:
        grid = ScenarioGrid(
            asset="BTC", reference_price=100.0, moves=(-0.1, 0.0, 0.1), profits=((-10.0, 0.0, 10.0),), in_equity=True
        )
        # a long of one coin with 10 % of its value required: 20 + P - 100 = 0.1 P
        assert at(ask(pool(grids=(grid,))).coins["BTC"].down) == pytest.approx(80 / 0.9)
        still = ask(pool(leg(1.0, "ETHUSDT"), grids=(grid,), cash=40.0)).positions[0]
        assert still.down == NEVER

    def test_a_requirement_given_by_moves_is_walked_from_move_to_move(self) -> None:
        told = ScenarioGrid(
            asset="BTC",
            reference_price=100.0,
            moves=(-1.0, -0.5, 0.0, 0.5),
            profits=(),
            requirements=(0.0, 60.0, 10.0, 15.0),
        )
        result = ask(pool(grids=(told,), cash=20.0))
        # 10 at 100 and 60 at 50: 20 at 90, though nothing is required any more at price zero
        assert at(result.coins["BTC"].down) == pytest.approx(90.0)
        assert result.coins["BTC"].up == NEVER  # held at 15

    def test_a_dip_at_a_strike_is_not_stepped_over_however_narrow_it_is(self) -> None:
        """On their last day: two calls of 90.3 bought, one of 90.1 and one of 90.5 sold. At 90.3 that has lost 0.2, a
        little further on either side nothing.
        """

        def expiring(strike: float, quantity: float) -> Leg:
            terms = Option(strike=strike, call=True, volatility=0.0, years=0.0, underlying=100.0)
            return replace(option(quantity, terms=terms, entry=100.0 - strike), symbol=f"CALL {strike}")

        legs = [expiring(90.1, -1.0), expiring(90.3, 2.0), expiring(90.5, -1.0)]
        marks = prices(marks={one.symbol: one.entry for one in legs})
        assert at(ask(pool(*legs, cash=0.15), at=marks).coins["BTC"].down) == pytest.approx(90.35)
        assert ask(pool(*legs, cash=0.25), at=marks).coins["BTC"].down == NEVER

    def test_a_short_call_is_sought_in_steps(self) -> None:
        result = ask(pool(option(-1.0), cash=30.0))
        line = at(result.coins["BTC"].up)
        assert 115.0 < line < 125.0
        assert result.coins["BTC"].down == NEVER
        beyond = ask(pool(option(-1.0), cash=5.0))
        assert beyond.coins["BTC"].up == LIQUIDATABLE

    def test_a_quanto_short_settled_in_a_coin_that_rises_too(self) -> None:
        quanto = leg(-1.0, "ETHUSDT", payoff=Payoff.QUANTO, settle="BTC", multiplier=0.01, tiers=flat(0.0))
        result = ask(pool(quanto))
        # all coins by f: 20 - 0.01 * 10 (f - 1) * 100 f = 0
        f = (1 + (1 + 8.0) ** 0.5) / 2
        assert result.market.up.distance_ratio == pytest.approx(f - 1)


class TestMarketAndDepegs:
    def test_the_market_moves_everything_but_stablecoins(self) -> None:
        result = ask(pool(leg(1.0), leg(-4.0, "ETHUSDT")))
        # 20 + 60 x = 0.01 * 140 (1 + x)
        assert result.market.down.distance_ratio == pytest.approx((20 - 1.4) / (60 - 1.4))
        assert result.market.down.price is None

    def test_betas_are_the_users(self) -> None:
        legs = (leg(1.0), leg(4.0, "ETHUSDT"))
        calm = ask(pool(*legs), betas={"ETH": 0.5}).market.down
        assert calm.distance_ratio == pytest.approx((20 - 1.4) / (120 - 1.2))
        wild = ask(pool(*legs, cash=70.0), betas={"ETH": 3.0}).market.down
        # 70 + 100 x + 120 x = 1 + x + 0.4 (1 + 3 x)
        assert wild.distance_ratio == pytest.approx(68.6 / 217.8)
        later = ask(pool(*legs, cash=80.0), betas={"ETH": 3.0}).market.down
        # from -1/3 on ETH is gone: 80 - 40 + 100 x = 1 + x
        assert later.distance_ratio == pytest.approx(39 / 99)

    def test_a_coin_that_does_not_move_leaves_no_market_line(self) -> None:
        assert ask(pool(leg(1.0)), betas={"BTC": 0.0}).market.down == NEVER

    @pytest.mark.parametrize(("cash", "line"), [(5.11, NEVER), (5.1, LIQUIDATABLE), (5.0, LIQUIDATABLE)])
    @pytest.mark.parametrize("numeraire", ["USD", "USDT"])
    def test_what_no_price_moves_is_liquidatable_once_its_health_is_gone(
        self, numeraire: str, cash: float, line: Line
    ) -> None:
        """A loan of 5 that asks for 2 %: there is no price to wait for."""
        debt = Debt(asset=numeraire, amount=5.0, requirement=flat(0.02))
        built = pool(debts=(debt,), cash=cash, numeraire=numeraire)
        result = ask(built)
        assert result.market == Sides(down=line, up=line)
        market = Market({}, {"USDT": 1.0})
        reference = Reference(built, market, market_ray(built), num=Fraction).at(Fraction(0)).health
        assert (reference <= 0) == (line == LIQUIDATABLE)
        assert (result.ratio.value or 0.0) >= 1.0 or line == NEVER

    def test_a_position_that_no_coin_moves_loses_to_the_market_too_when_nothing_is_left(self) -> None:
        stable = leg(1.0, "USDCUSDT", base="USDC", entry=1.0)
        built = pool(stable, cash=0.0)
        assert ask(built, at=prices({"USDCUSDT": 1.0})).market == Sides(down=LIQUIDATABLE, up=LIQUIDATABLE)

    def test_a_stablecoin_has_a_depeg_line(self) -> None:
        held = Holding(asset="USDC", amount=50.0)
        result = ask(pool(leg(1.0, entry=130.0), holdings=(held,), numeraire="USD"))
        assert at(result.depegs["USDC"].down) == pytest.approx(11 / 50)
        assert "USDC" not in result.coins
        assert set(result.depegs) == {"USDC", "USDT"}

    def test_when_the_quote_breaks_shorts_in_it_suffer(self) -> None:
        result = ask(pool(leg(-1.0)))
        # the mark is 100 / (1 + x)
        assert at(result.depegs["USDT"].down) == pytest.approx(100 * 1.01 / 120)

    def test_a_quote_that_is_not_settled_in(self) -> None:
        crossed = leg(-100.0, "ETHBTC", quote="BTC", settle="USDT", entry=0.1, tiers=flat(0.0))
        # profit -100 (0.1 / (1 + x) - 0.1): a product of two prices would be straight, a quotient is not
        assert at(ask(pool(crossed)).coins["BTC"].down) == pytest.approx(100 / 3)

    def test_a_curve_that_bends_the_wrong_way(self) -> None:
        odd = Holding(asset="BTC", amount=0.5, collateral=Curve((Step(0.0, 0.1), Step(20.0, 1.0)), by_value=True))
        result = ask(pool(leg(2.0), holdings=(odd,), cash=0.0))
        expected = next(p for p in (x / 1e4 for x in range(1_000_000, 1, -1)) if health_of_odd(p) <= 0.0)
        assert at(result.coins["BTC"].down) == pytest.approx(expected, abs=1e-3)


def health_of_odd(price: float) -> float:
    value = 0.5 * price
    return 2 * price - 200 + 0.1 * min(value, 20.0) + max(0.0, value - 20.0) - 0.02 * price


class TestBackstop:
    def test_the_line_is_shown_without_and_with_what_the_other_pool_can_add(self) -> None:
        isolated = pool(leg(1.0), backstop=key("cross"), isolated=True)
        behind = pool(leg(1.0, "ETHUSDT", initial_margin_rate=0.5), cash=15.0, key=key("cross"))
        [position] = ask(isolated, behind).positions
        assert at(position.down) == pytest.approx(80 / 0.99)
        assert position.with_backstop is not None
        assert at(position.with_backstop) == pytest.approx(70 / 0.99)

    def test_a_pool_that_would_be_liquidated_alone_may_still_be_topped_up(self) -> None:
        behind = pool(cash=50.0, key=key("cross"))
        [position] = ask(pool(leg(1.0), cash=0.5, backstop=behind.key), behind).positions
        assert position.line == LIQUIDATABLE
        assert position.with_backstop is not None
        assert position.with_backstop.state is State.AT

    def test_without_figures_of_the_pool_behind_the_line_with_it_is_unknown(self) -> None:
        [position] = ask(pool(leg(1.0), backstop=key("gone"))).positions
        assert position.with_backstop is not None
        assert position.with_backstop.reasons == ("no figures of the pool behind it",)


class TestEmptyPools:
    def test_where_empty_pools_are_liquidated_their_coins_have_lines(self) -> None:
        holdings = (Holding(asset="BTC", amount=1.0), Holding(asset="ETH", amount=-5.0))
        result = ask(pool(holdings=holdings, cash=0.0, empty_liquidates=True))
        assert at(result.coins["BTC"].down) == pytest.approx(50.0)
        assert ask(pool(cash=0.0, empty_liquidates=True, holdings=())).market.down == NEVER
        broke = ask(pool(cash=-100.0, empty_liquidates=True, holdings=holdings))
        assert broke.coins["BTC"].down == LIQUIDATABLE
        even = ask(pool(cash=-50.0, empty_liquidates=True, holdings=holdings))
        assert even.coins["BTC"].down == NEVER
        assert ask(pool(cash=-1.0, empty_liquidates=True)).market.down == LIQUIDATABLE

    def test_elsewhere_they_have_none(self) -> None:
        holdings = (Holding(asset="BTC", amount=1.0), Holding(asset="ETH", amount=-5.0))
        assert ask(pool(holdings=holdings, cash=0.0)).coins["BTC"].down == NEVER


def test_never_is_infinitely_far() -> None:
    assert ask(pool(leg(1.0))).positions[0].up.distance_ratio == inf
