"""What to add or to close so that every line is far enough away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given

from monitor.domain.lines import State
from monitor.domain.names import PositionKey, Side
from monitor.domain.tiers import Tier, TierBy, TierTable, flat
from monitor.margin import advice as advice_module
from monitor.margin import stress as stress_module
from monitor.margin.advice import Advice, Close, advise, collateral_to_add, nearest, quantity_to_close
from monitor.margin.health import Health, health
from monitor.margin.pool import Debt, Holding, Pool
from monitor.margin.terms import Terms
from tests.properties.strategies import Drawn
from tests.properties.whole_accounts import any_pools
from tests.reference.kernel import ask, prices_of
from tests.reference.plain import Market
from tests.shapes.build import inverse, linear, pool, tiers

LONG = PositionKey("BTCUSDT", Side.LONG)
SHORT = PositionKey("BTCUSDT", Side.SHORT)
AT_100 = Market({"BTCUSDT": 100.0}, {"BTC": 100.0, "USDT": 1.0})


def long_ten(cash: float = 100.0, **more: object) -> Pool:
    """Ten at 100, 1 %: with 100 behind it the line is at 900 / 9.9, 9.1 % away."""
    return replace(pool(linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.01)), cash=cash), **more)  # type: ignore[arg-type]


def after_adding(built: Pool, amount: float, market: Market = AT_100) -> float | None:
    return nearest(ask(replace(built, cash=built.cash + amount), market)).distance_ratio


class TestCollateralToAdd:
    def test_is_what_the_loss_on_the_way_and_the_requirement_at_the_line_leave_open(self) -> None:
        """20 % away: 10 * 20 lost, 8 required: 208 needed, 108 more."""
        add = collateral_to_add(long_ten(), prices_of(AT_100), 0.2)
        assert add == pytest.approx(108.0, rel=1e-3)
        assert add is not None
        assert add >= 108.0

    def test_brings_the_line_there_and_hardly_farther(self) -> None:
        add = collateral_to_add(long_ten(), prices_of(AT_100), 0.2)
        assert add is not None
        distance = after_adding(long_ten(), add)
        assert distance is not None
        assert 0.2 <= distance < 0.2005

    def test_is_nothing_where_the_line_is_far_away_already(self) -> None:
        assert collateral_to_add(long_ten(cash=500.0), prices_of(AT_100), 0.2) == 0.0

    def test_looks_the_tier_up_at_the_wanted_line(self) -> None:
        """Short 10 at 100: at 120 it is worth 1200, in the tier 5 % less 44 from 1100: 200 + 16 needed, not 212."""
        built = pool(linear("BTCUSDT", -10.0, 100.0, tiers=tiers((0.0, 0.01), (1100.0, 0.05, 44.0))), cash=100.0)
        assert collateral_to_add(built, prices_of(AT_100), 0.2) == pytest.approx(116.0, rel=1e-3)

    def test_rescues_a_pool_that_is_liquidatable_now(self) -> None:
        assert collateral_to_add(long_ten(cash=-50.0), prices_of(AT_100), 0.2) == pytest.approx(258.0, rel=1e-3)

    def test_is_unknown_without_a_price(self) -> None:
        assert collateral_to_add(long_ten(), prices_of(Market({})), 0.2) is None

    def test_is_unknown_without_tiers(self) -> None:
        built = pool(linear("BTCUSDT", 10.0, 100.0), cash=100.0)
        assert collateral_to_add(built, prices_of(AT_100), 0.2) is None

    def test_is_none_where_no_amount_of_its_size_helps(self) -> None:
        """A short with a line 500 times as far away as its size could pay for."""
        built = pool(linear("BTCUSDT", -10.0, 100.0, tiers=flat(0.01)), cash=100.0)
        assert collateral_to_add(built, prices_of(AT_100), 500.0) is None

    def test_of_a_flat_pool_is_nothing(self) -> None:
        assert collateral_to_add(pool(cash=-5.0), prices_of(AT_100), 0.2) == 0.0

    def test_of_a_loan_just_covered_is_next_to_nothing(self) -> None:
        built = pool(
            holdings=(Holding(asset="USDT", amount=90.0),), debts=(Debt(asset="USDT", amount=90.0),), numeraire="USDT"
        )
        add = collateral_to_add(built, prices_of(AT_100), 0.2)
        assert add is not None
        assert 0.0 < add < 1e-3


class TestQuantityToClose:
    def test_is_the_least_that_moves_the_line_there(self) -> None:
        """100 of equity carry q * 20.8 at 20 %: 4.8077 may stay of ten."""
        quantity = quantity_to_close(long_ten(), LONG, prices_of(AT_100), 0.2)
        assert quantity == pytest.approx(10 - 100 / 20.8, rel=1e-3)

    def test_realises_the_profit_of_what_is_closed(self) -> None:
        """Entered at 90 with nothing behind it, the same 100 of equity are profit."""
        built = pool(linear("BTCUSDT", 10.0, 90.0, tiers=flat(0.01)))
        assert quantity_to_close(built, LONG, prices_of(AT_100), 0.2) == pytest.approx(10 - 100 / 20.8, rel=1e-3)

    def test_pays_the_profit_into_the_holding_of_its_asset(self) -> None:
        built = pool(
            linear("BTCUSDT", 10.0, 90.0, tiers=flat(0.01)), numeraire="USD", holdings=(Holding(asset="USDT"),)
        )
        assert quantity_to_close(built, LONG, prices_of(AT_100), 0.2) == pytest.approx(10 - 100 / 20.8, rel=1e-3)

    def test_converts_a_profit_that_no_holding_takes(self) -> None:
        built = pool(linear("BTCUSDT", 10.0, 90.0, tiers=flat(0.01)), numeraire="USD")
        assert quantity_to_close(built, LONG, prices_of(AT_100), 0.2) == pytest.approx(10 - 100 / 20.8, rel=1e-3)

    def test_of_an_inverse_position_is_in_its_own_unit(self) -> None:
        """1000 USD long at 100 with 1 coin: at 80 it has lost 2.5 and needs 0.125: 1 / 2.625 of it may stay."""
        built = pool(inverse("BTCUSD", 1000.0, 100.0, tiers=flat(0.01)), numeraire="BTC", cash=1.0)
        market = Market({"BTCUSD": 100.0}, {"BTC": 100.0})
        quantity = quantity_to_close(built, PositionKey("BTCUSD", Side.LONG), prices_of(market), 0.2)
        assert quantity == pytest.approx(1000 * (1 - 1 / 2.625), rel=1e-3)

    def test_counts_the_cash_leg_of_a_position_without_an_entry(self) -> None:
        """The same two pools with the entry value in the cash instead."""
        coin = pool(inverse("BTCUSD", 1000.0, 0.0, tiers=flat(0.01)), numeraire="BTC", cash=1.0 + 10.0)
        market = Market({"BTCUSD": 100.0}, {"BTC": 100.0})
        quantity = quantity_to_close(coin, PositionKey("BTCUSD", Side.LONG), prices_of(market), 0.2)
        assert quantity == pytest.approx(1000 * (1 - 1 / 2.625), rel=1e-3)
        usdt = pool(linear("BTCUSDT", 10.0, 0.0, tiers=flat(0.01)), cash=100.0 - 1000.0)
        assert quantity_to_close(usdt, LONG, prices_of(AT_100), 0.2) == pytest.approx(10 - 100 / 20.8, rel=1e-3)

    def test_scales_what_is_fixed_for_the_whole_position(self) -> None:
        """A fixed requirement of 50 and contracts go with it: 100 of equity carry q * (20 + 5)."""
        leg = linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.0), constant_requirement=50.0, contracts=1000.0)
        assert quantity_to_close(pool(leg, cash=100.0), LONG, prices_of(AT_100), 0.2) == pytest.approx(6.0, rel=1e-3)

    def test_of_an_isolated_position_is_all_of_it_because_its_margin_leaves_with_it(self) -> None:
        assert quantity_to_close(long_ten(isolated=True), LONG, prices_of(AT_100), 0.2) == 10.0

    def test_is_nothing_where_the_line_is_far_away_already(self) -> None:
        assert quantity_to_close(long_ten(cash=500.0), LONG, prices_of(AT_100), 0.2) == 0.0

    def test_is_none_for_a_position_that_the_pool_does_not_hold(self) -> None:
        assert quantity_to_close(long_ten(), SHORT, prices_of(AT_100), 0.2) is None

    def test_is_none_where_closing_it_does_not_help(self) -> None:
        """Closing the short half of a hedge leaves the long, which is nearer to its line."""
        built = pool(
            linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.01)),
            linear("BTCUSDT", -5.0, 100.0, tiers=flat(0.01)),
            cash=80.0,
        )
        assert quantity_to_close(built, SHORT, prices_of(AT_100), 0.2) is None

    def test_is_unknown_without_a_price(self) -> None:
        assert quantity_to_close(long_ten(), LONG, prices_of(Market({})), 0.2) is None

    def test_is_unknown_without_a_price_for_what_its_profit_would_be_paid_in(self) -> None:
        built = pool(
            linear("BTCUSDT", 10.0, 90.0, tiers=flat(0.01)), numeraire="USD", holdings=(Holding(asset="USDT"),)
        )
        assert quantity_to_close(built, LONG, prices_of(Market({}, {"USDT": 1.0})), 0.2) is None
        assert quantity_to_close(built, LONG, prices_of(Market({"BTCUSDT": 100.0}, {"BTC": 100.0})), 0.2) is None

    def test_leaves_resting_orders_alone(self) -> None:
        built = pool(
            linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.01)),
            linear("BTCUSDT", 3.0, 90.0, tiers=flat(0.01), order=True),
            cash=100.0,
        )
        assert quantity_to_close(built, LONG, prices_of(AT_100), 0.2) == pytest.approx(10 - 100 / 20.8, rel=1e-3)


class TestTheSearch:
    @pytest.fixture
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many problems each evaluation of the formula at the wanted distance took."""
        found: list[int] = []

        def counted(terms: Terms, *others: Any) -> Health:
            found.append(terms.count)
            return health(terms, *others)

        monkeypatch.setattr(stress_module, "health", counted)
        return found

    def test_of_both_ways_out_takes_few_evaluations(self, calls: list[int]) -> None:
        advise(long_ten(), prices_of(AT_100), 0.2)
        assert len(calls) <= 5

    def test_of_a_pool_that_needs_nothing_is_where_it_stands_and_the_wanted_distance(self, calls: list[int]) -> None:
        advise(long_ten(cash=500.0), prices_of(AT_100), 0.2)
        assert len(calls) == 2

    def test_of_a_position_that_only_goes_whole_ends_soon(self, calls: list[int]) -> None:
        assert quantity_to_close(long_ten(isolated=True), LONG, prices_of(AT_100), 0.2) == 10.0
        assert len(calls) <= 4

    def test_looks_only_at_lines_that_are_too_near_or_that_the_position_moves(self, calls: list[int]) -> None:
        """Of eleven small longs only the market's lines, and those of the four largest, are looked at again."""
        legs = [linear(f"C{n}USDT", 10.0 + n, 1.0, tiers=flat(0.01)) for n in range(11)]
        names = [f"C{n}" for n in range(11)]
        market = Market({f"{name}USDT": 1.0 for name in names}, dict.fromkeys((*names, "USDT"), 1.0))
        assert advise(pool(*legs, cash=33.0), prices_of(market), 0.2).close is not None
        lines = 2 * (11 + 11 + 1 + 1)
        assert calls[:2] == [lines, lines]
        assert calls[2] == 4 * 5 * 2 * (4 + 4 + 1)

    @pytest.mark.parametrize("cash", [60.0, 100.0, 150.0])
    def test_ends_where_more_collateral_leaves_the_line_standing_for_a_while(self, cash: float) -> None:
        """Short 10 at 100, from 1150 on 5 % without a deduction: with 161.5 to 207.5 behind it the line stands at 115.

        At 120 it has lost 200 and requires 60.
        """
        jumping = pool(linear("BTCUSDT", -10.0, 100.0, tiers=tiers((0.0, 0.01), (1150.0, 0.05))), cash=cash)
        assert collateral_to_add(jumping, prices_of(AT_100), 0.2) == pytest.approx(260 - cash, rel=1e-3)
        assert collateral_to_add(jumping, prices_of(AT_100), 0.1501) == pytest.approx(207.605 - cash, rel=1e-3)

    def test_of_several_positions_compares_what_each_would_need_and_not_what_was_tried_first(self) -> None:
        """5 % of 1900 and 95 % of 50 + 9 are needed, 20.475 more than there is. A dollar closed of BTC frees 0.0975,
        one of ETH 0.0595: 210 of the 1000, or 344 of the 900, though two fifths of these are less.
        """
        built = pool(
            linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.05)),
            linear("ETHUSDT", 9.0, 100.0, tiers=flat(0.01)),
            cash=95 + 56.05 - 20.475,
        )
        market = Market({"BTCUSDT": 100.0, "ETHUSDT": 100.0}, {"BTC": 100.0, "ETH": 100.0, "USDT": 1.0})
        close = advise(built, prices_of(market), 0.05).close
        assert close is not None
        assert close.position == LONG
        assert close.quantity == pytest.approx(2.1, rel=1e-3)


class TestAdvise:
    def test_offers_the_amount_to_add_and_the_least_to_close(self) -> None:
        advice = advise(long_ten(), prices_of(Market({"BTCUSDT": 100.0}, {"BTC": 100.0, "USDT": 0.5})), 0.2)
        assert advice.add == pytest.approx(108.0, rel=1e-3)
        assert advice.add_usd == pytest.approx(54.0, rel=1e-3)
        assert advice.close is not None
        assert advice.close.position == LONG
        assert advice.close.quantity == pytest.approx(10 - 100 / 20.8, rel=1e-3)
        assert not advice.close.whole

    def test_says_it_in_words(self) -> None:
        advice = advise(long_ten(), prices_of(AT_100), 0.2)
        assert advice.text.startswith("add 108.1 USDT (108.0")
        assert advice.text.endswith(" or close 5.193 of BTCUSDT long to move every line 20% away")

    def test_a_pool_far_from_its_lines_needs_nothing(self) -> None:
        advice = advise(long_ten(cash=500.0), prices_of(AT_100), 0.2)
        assert advice == Advice(add=0.0, add_usd=0.0, close=None, text="every line is 20% away or farther")

    def test_a_pool_without_prices_gets_no_advice(self) -> None:
        advice = advise(long_ten(), prices_of(Market({})), 0.2)
        assert (advice.add, advice.add_usd, advice.close) == (None, None, None)
        assert advice.text == "nothing found that moves every line 20% away"

    def test_an_isolated_position_may_be_closed_whole(self) -> None:
        advice = advise(long_ten(isolated=True), prices_of(AT_100), 0.2)
        assert advice.close == Close(position=LONG, quantity=10.0, whole=True)
        assert " or close all of BTCUSDT long to move" in advice.text

    def test_a_stablecoin_without_a_price_counts_one_dollar(self) -> None:
        advice = advise(long_ten(), prices_of(Market({"BTCUSDT": 100.0}, {"BTC": 100.0})), 0.2)
        assert advice.add_usd == advice.add

    def test_a_coin_without_a_price_has_no_dollar_figure(self) -> None:
        built = pool(inverse("BTCUSD", 1000.0, 100.0, tiers=flat(0.01)), numeraire="BTC", cash=1.0)
        advice = advise(built, prices_of(Market({"BTCUSD": 100.0})), 0.2)
        assert advice.add == pytest.approx(1.625, rel=1e-3)
        assert advice.add_usd is None
        assert "USD)" not in advice.text

    def test_an_amount_in_dollars_is_not_converted(self) -> None:
        built = pool(linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.01)), numeraire="USD", cash=100.0)
        assert advise(built, prices_of(AT_100), 0.2).text.startswith("add 108.1 USD or close")

    def test_the_smaller_of_two_ways_out_is_taken(self) -> None:
        """Closing 5.2 of the long of ten does it; closing all of the long of one would not."""
        built = pool(
            linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.01)), linear("ETHUSDT", 1.0, 10.0, tiers=flat(0.01)), cash=100.0
        )
        market = Market({"BTCUSDT": 100.0, "ETHUSDT": 10.0}, {"BTC": 100.0, "ETH": 10.0, "USDT": 1.0})
        close = advise(built, prices_of(market), 0.2).close
        assert close is not None
        assert close.position == LONG

    def test_following_it_moves_the_line_to_where_it_says(self) -> None:
        built = long_ten()
        advice = advise(built, prices_of(AT_100), 0.3)
        assert advice.add is not None
        distance = after_adding(built, advice.add)
        assert distance == pytest.approx(0.3, abs=1e-3)

    def test_a_loan_that_only_collateral_can_save_is_told_so(self) -> None:
        built = pool(
            holdings=(Holding(asset="BTC", amount=1.0),),
            debts=(Debt(asset="USDT", amount=90.0, requirement=flat(0.1)),),
        )
        advice = advise(built, prices_of(AT_100), 0.2)
        assert advice.close is None
        assert advice.add == pytest.approx(99 - 80, rel=1e-3)
        assert advice.text == "add 19.01 USDT (19.00 USD) to move every line 20% away"


def test_the_nearest_line_of_a_liquidatable_pool_is_here() -> None:
    assert nearest(ask(long_ten(cash=5.0), AT_100)).state is State.LIQUIDATABLE


class TestFollowingIt:
    """Whatever the shape of the pool: the edited pool is assessed anew, line by line."""

    @given(any_pools())
    def test_adding_it_moves_the_nearest_line_as_far_as_wanted_and_a_little_less_does_not(self, drawn: Drawn) -> None:
        add = collateral_to_add(drawn.pool, prices_of(drawn.market), 0.2)
        if not add:
            return
        enough, less = (after_adding(drawn.pool, add * part, drawn.market) for part in (1.0, 1 - 1e-6))
        assert enough is not None
        assert enough >= 0.2
        assert less is not None
        assert less < 0.2

    @given(any_pools())
    def test_closing_it_moves_the_nearest_line_as_far_as_wanted(self, drawn: Drawn) -> None:
        close = advise(drawn.pool, prices_of(drawn.market), 0.2).close
        if close is None:
            return
        held = [leg for leg in drawn.pool.legs if not leg.order and (leg.symbol, leg.side) == close.position]
        assume(len(held) == 1)  # else it is not said which of them
        part = 1.0 if close.whole else close.quantity / abs(held[0].quantity)
        rest = advice_module._closed(drawn.pool, held[0], part, prices_of(drawn.market))
        distance = nearest(ask(rest, drawn.market)).distance_ratio
        assert distance is not None
        assert distance >= 0.2


def test_the_market_line_of_the_advice_follows_the_betas() -> None:
    """A long and a short of the same size: at speed 1 and 0 the market line is that of the long alone."""
    hedged = pool(
        linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.0)), linear("ETHUSDT", -10.0, 100.0, tiers=flat(0.0)), cash=300.0
    )
    market = prices_of(Market({"BTCUSDT": 100.0, "ETHUSDT": 100.0}, {"BTC": 100.0, "ETH": 100.0, "USDT": 1.0}))
    assert advise(hedged, market, 0.2).add == 0.0
    assert advise(hedged, market, 0.2, betas={"BTC": 2.0, "ETH": 0.0}).add == pytest.approx(100.0)


def test_a_stablecoin_is_what_the_caller_says() -> None:
    """Debt in a coin that moves with the market, unless it is named among the stablecoins."""
    built = pool(
        linear("BTCUSDT", 10.0, 100.0, tiers=flat(0.0)),
        holdings=(Holding(asset="XUSD", amount=1000.0),),
        numeraire="USD",
        cash=-790.0,
    )
    market = prices_of(Market({"BTCUSDT": 100.0}, {"BTC": 100.0, "USDT": 1.0, "XUSD": 1.0}))
    assert advise(built, market, 0.2).add == pytest.approx(190.0)
    assert advise(built, market, 0.2, stablecoins={"USDT", "XUSD"}).add == 0.0


def test_a_position_whose_tier_goes_by_contracts_is_looked_up_anew() -> None:
    """100 of equity carry q * (20 + the rate of its contracts): 1 % above 40 contracts, nothing up to there."""
    table = TierTable((Tier(0.0, 0.0), Tier(40.0, 0.01)), TierBy.CONTRACTS)
    built = pool(linear("BTCUSDT", 10.0, 100.0, tiers=table, contracts=100.0), cash=100.0)
    assert quantity_to_close(built, LONG, prices_of(AT_100), 0.2) == pytest.approx(10 - 100 / 20.8, rel=1e-3)
    assert quantity_to_close(built, LONG, prices_of(AT_100), 0.3) == pytest.approx(10 - 100 / 30.0, rel=1e-3)


def test_a_tier_by_contracts_that_never_changes_is_no_reason_to_describe_the_pool_anew() -> None:
    table = TierTable((Tier(0.0, 0.01),), TierBy.CONTRACTS)
    built = pool(linear("BTCUSDT", 10.0, 100.0, tiers=table, contracts=100.0), cash=100.0)
    assert quantity_to_close(built, LONG, prices_of(AT_100), 0.2) == pytest.approx(10 - 100 / 20.8, rel=1e-3)


def test_a_pool_that_is_unknown_as_a_whole_gets_no_advice() -> None:
    advice = advise(long_ten(unknown=("the mode could not be read",)), prices_of(AT_100), 0.2)
    assert (advice.add, advice.close) == (None, None)


def test_without_equity_s_price_a_closing_that_leaves_nothing_is_not_known_to_help() -> None:
    built = pool(linear("BTCUSDT", 10.0, 90.0, tiers=flat(0.01)), numeraire="USD", holdings=(Holding(asset="USDT"),))
    assert advise(built, prices_of(Market({"BTCUSDT": 100.0}, {"BTC": 100.0})), 0.2).close is None
