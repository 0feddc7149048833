"""Lines as venues print them: on their own terms, on the side on which the position loses, rounded as they round."""

from __future__ import annotations

from typing import Any

import pytest

from monitor.domain.lines import LIQUIDATABLE, NEVER, Line, State
from monitor.domain.names import Side
from monitor.domain.tiers import flat
from monitor.margin.pool import (
    Debt,
    Holding,
    Pool,
    Rounding,
    VenueFigures,
    VenueLine,
)
from monitor.margin.tiers import from_rates
from tests.unit.margin.build import ask, inverse, leg, pool


def at(line: Line) -> float:
    """The price of a line that must have one."""
    assert line.state is State.AT, line
    assert line.price is not None
    return line.price


def printed(line: Line, side: Side = Side.LONG, **facts: Any) -> VenueFigures:
    return VenueFigures(lines=(VenueLine(symbol=facts.pop("symbol", "BTCUSDT"), side=side, printed=line, **facts),))


def venue_line(one: Pool, **how: Any) -> Any:
    [found] = ask(one, **how).venue_lines
    return found


class TestVenueLines:
    def test_drift_is_ours_less_the_venues_by_the_mark(self) -> None:
        found = venue_line(pool(leg(1.0), venue=printed(Line.at(81.0, 0.19))))
        assert at(found.ours) == pytest.approx(80 / 0.99)
        assert found.drift_ratio == pytest.approx((80 / 0.99 - 81.0) / 100.0)
        assert found.disagree

    def test_within_the_tolerance_there_is_no_disagreement(self) -> None:
        found = venue_line(pool(leg(1.0), venue=printed(Line.at(80.81, 0.19), mark=200.0)))
        assert found.drift_ratio == pytest.approx((80 / 0.99 - 80.81) / 200.0)
        assert not found.disagree

    def test_a_price_here_and_none_there_disagree_without_a_drift(self) -> None:
        found = venue_line(pool(leg(1.0), venue=printed(NEVER)))
        assert (found.drift_ratio, found.disagree) == (None, True)
        both = venue_line(pool(leg(1.0), cash=500.0, venue=printed(NEVER)))
        assert (both.drift_ratio, both.disagree) == (None, False)

    @pytest.mark.parametrize(("bounds", "inside"), [((80.0, 90.0), True), ((81.0, 90.0), False), ((0.0, 80.0), False)])
    def test_a_venue_that_prints_between_bounds_says_none_outside_of_them(
        self, bounds: tuple[float, float], inside: bool
    ) -> None:
        # Ours is at 80 / 0.99.
        found = venue_line(pool(leg(1.0), venue=printed(NEVER, bounds=bounds)))
        assert (found.ours.state is State.AT, found.disagree) == (inside, inside)

    def test_an_absent_field_says_nothing(self) -> None:
        found = venue_line(pool(leg(1.0), venue=printed(Line.unknown("absent"))))
        assert not found.disagree

    def test_a_venue_may_move_several_instruments_and_some_the_other_way(self) -> None:
        legs = (leg(1.0), leg(-1.0, "ETHUSDT"))
        moves = (("BTCUSDT", 1.0), ("ETHUSDT", -1.0))
        found = venue_line(pool(*legs, venue=printed(NEVER, moves=moves)))
        # 20 + 110 x = 0.01 (100 (1 + x) + 10 (1 - x))
        assert at(found.ours) == pytest.approx(100 * (1 - 18.9 / 109.1))

    def test_a_venue_may_move_assets_with_it_and_its_debts(self) -> None:
        holding, debt = Holding(asset="BTC", amount=0.1), Debt(asset="BTC", amount=0.05)
        moved = pool(leg(1.0), holdings=(holding,), debts=(debt,), venue=printed(NEVER, asset_moves=(("BTC", 1.0),)))
        assert at(venue_line(moved).ours) == pytest.approx(80 / (1.05 - 0.01))
        held = pool(leg(1.0), holdings=(holding,), debts=(debt,), venue=printed(NEVER))
        assert at(venue_line(held).ours) == pytest.approx(75 / 0.99)

    def test_an_inverse_line_with_its_coin_moving(self) -> None:
        both = printed(NEVER, symbol="BTCUSD", asset_moves=(("BTC", 1.0),))
        found = venue_line(pool(inverse(60.0), numeraire="BTC", cash=0.2, venue=both))
        assert at(found.ours) == pytest.approx(60.6 / 0.8)
        alone = venue_line(pool(inverse(60.0), numeraire="BTC", cash=0.2, venue=printed(NEVER, symbol="BTCUSD")))
        assert at(alone.ours) == pytest.approx(60.6 / 0.8)

    def test_threshold_and_orders_are_the_venues(self) -> None:
        order = leg(1.0, order=True, entry=100.0, tiers=flat(0.0))
        strict = venue_line(pool(leg(1.0), order, venue=printed(NEVER, threshold=0.5)))
        assert at(strict.ours) == pytest.approx(80 / 0.98)
        counted = venue_line(pool(leg(1.0), order, venue=printed(NEVER, orders=True)))
        assert at(counted.ours) == pytest.approx(180 / 1.99)

    @pytest.mark.parametrize(
        ("rounding", "tick", "expected"),
        [
            (Rounding.NONE, 1.0, 80 / 0.99 + 0.5),
            (Rounding.UP, 1.0, 82.0),
            (Rounding.DOWN, 1.0, 81.0),
            (Rounding.NEAREST, 1.0, 81.0),
            (Rounding.UP, None, 80 / 0.99 + 0.5),
        ],
    )
    def test_offset_and_rounding_come_last(self, rounding: Rounding, tick: float | None, expected: float) -> None:
        found = venue_line(pool(leg(1.0), venue=printed(NEVER, offset=0.5, rounding=rounding, tick=tick)))
        assert at(found.ours) == pytest.approx(expected)

    def test_a_whole_number_of_ticks_is_not_rounded_away(self) -> None:
        one = pool(leg(1.0, tiers=flat(0.0)), cash=19.9, venue=printed(NEVER, rounding=Rounding.UP, tick=0.1))
        assert at(venue_line(one).ours) == pytest.approx(80.1)

    def test_an_offset_below_zero_leaves_no_price(self) -> None:
        assert venue_line(pool(leg(1.0), venue=printed(NEVER, offset=-90.0))).ours == NEVER

    def test_a_side_that_wins_prints_the_line_of_the_whole(self) -> None:
        found = venue_line(pool(leg(2.0), leg(-1.0), venue=printed(NEVER, side=Side.SHORT)))
        assert at(found.ours) == pytest.approx(80 / 0.97)

    @pytest.mark.parametrize("side", list(Side))
    def test_both_sides_of_a_hedge_have_the_line_where_the_net_position_loses(self, side: Side) -> None:
        """There is a crossing far above as well, where both sides together require more than the net long wins."""
        table = from_rates(((0.0, 0.01), (1_000.0, 0.5)))
        long = pool(leg(2.0, tiers=table), leg(-1.4, tiers=table), cash=30.0, venue=printed(NEVER, side=side))
        assert at(ask(long).positions[0].up) == pytest.approx(950 / 1.1)
        assert at(venue_line(long).ours) == pytest.approx((60 - 30) / (0.6 - 0.034))
        short = pool(leg(1.4, tiers=table), leg(-2.0, tiers=table), cash=30.0, venue=printed(NEVER, side=side))
        assert at(venue_line(short).ours) == pytest.approx((60 + 30) / (0.6 + 0.034))

    @pytest.mark.parametrize("side", list(Side))
    def test_the_net_of_inverse_legs_loses_where_the_mark_goes_and_not_its_reciprocal(self, side: Side) -> None:
        legs = (inverse(200.0), inverse(-140.0))
        found = venue_line(pool(*legs, numeraire="BTC", cash=0.2, venue=printed(NEVER, side=side, symbol="BTCUSD")))
        # 0.2 + 60 (1/100 - 1/P) = 3.4 / P
        assert at(found.ours) == pytest.approx(63.4 / 0.8)

    @pytest.mark.parametrize(("side", "price"), [(Side.LONG, 90.0), (Side.SHORT, 110.0)])
    def test_a_net_of_zero_leaves_the_direction_to_the_side(self, side: Side, price: float) -> None:
        """Two hedges, one moved against the other: requirements rise both ways, by 20 from 4 at a move of 1."""
        table = from_rates(((0.0, 0.01), (100.0, 0.11)))
        legs = [leg(one, symbol, tiers=table) for symbol, one in (("BTCUSDT", 1.0), ("ETHUSDT", 10.0))]
        hedged = [leg(-one.quantity, one.symbol, tiers=table) for one in legs]
        venue = printed(NEVER, side=side, moves=(("BTCUSDT", 1.0), ("ETHUSDT", -1.0)))
        assert at(venue_line(pool(*legs, *hedged, cash=6.0, venue=venue)).ours) == pytest.approx(price)

    def test_a_resting_order_has_no_say_in_where_the_position_loses(self) -> None:
        table = from_rates(((0.0, 0.01), (1_000.0, 2.0)))
        order = leg(-5.0, order=True, entry=100.0, tiers=flat(0.0))
        built = pool(leg(1.0, tiers=table), order, venue=printed(NEVER, orders=True))
        assert at(venue_line(built).ours) == pytest.approx(80 / 0.99)

    def test_beyond_the_line_or_without_inputs_there_is_no_price(self) -> None:
        assert venue_line(pool(leg(1.0), cash=0.0, venue=printed(Line.at(90.0, 0.1)))).ours == LIQUIDATABLE
        unknown = venue_line(pool(leg(1.0, tiers=None), venue=printed(Line.at(90.0, 0.1))))
        assert unknown.ours.reasons == ("no maintenance tiers for BTCUSDT",)
        order = leg(1.0, "SOLUSDT", order=True)
        lacking = venue_line(pool(leg(1.0), order, venue=printed(NEVER, orders=True)))
        assert lacking.ours.state is State.UNKNOWN


def test_ratios_can_be_had_without_lines() -> None:
    result = ask(pool(leg(1.0), venue=printed(Line.at(81.0, 0.19))), lines=False)
    assert result.ratio.value == pytest.approx(1 / 20)
    assert result.positions[0].line.reasons == ("lines were not asked for",)
    assert result.market.down.state is State.UNKNOWN
    assert (result.coins, result.depegs, result.venue_lines) == ({}, {}, ())
