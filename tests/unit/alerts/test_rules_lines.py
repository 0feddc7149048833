"""Lines that say the same are one danger and one page, whichever rule they belong to and in whichever unit."""

from __future__ import annotations

from math import exp, inf, log
from typing import Any

import pytest

from monitor.alerts.reading import Reading
from monitor.alerts.rules_lines import log_distance, percent_readings, sigma_readings, sigmas
from monitor.domain.alerts import Change
from monitor.domain.lines import LIQUIDATABLE, NEVER, Direction, Line
from monitor.domain.names import Side
from monitor.domain.reports import PoolReport
from tests.sample_reports import account, pool, position, together
from tests.unit.alerts.desk import Desk

DOWN, UP = Direction.DOWN, Direction.UP


def all_of(found: PoolReport, *, in_sigmas: bool = False) -> dict[str, Reading]:
    """The readings of a pool whose rules have one each."""
    readings = (sigma_readings if in_sigmas else percent_readings)(found, lambda rule, value, state: value != inf)
    return {reading.subject.rule: reading for reading in readings}


def one_position(percent: float = 0.08, **changed: Any) -> PoolReport:
    """A pool of one long: its position, coin and market lines are one line."""
    line = Line.at(60_000.0 * (1 - percent), percent)
    calm: dict[str, Any] = {
        "positions": (position(line=line, distance_sigmas=-log(1 - percent) / 0.025),),
        "coins": {"BTC": {DOWN: line, UP: NEVER}},
        "market": {DOWN: together(percent), UP: NEVER},
        "coin_sigmas": {"BTC": 0.025},
        "market_sigma": 0.025,
    }
    return pool(**(calm | changed))


def test_three_lines_in_one_place_are_told_by_the_position() -> None:
    readings = all_of(one_position())

    assert readings["market_distance"].like == "coin_distance"
    assert readings["coin_distance"].like == "position_distance"
    assert readings["position_distance"].like == ""


def test_three_lines_in_one_place_are_told_by_the_position_in_sigmas_too() -> None:
    readings = all_of(one_position(), in_sigmas=True)

    assert readings["market_sigmas"].like == "coin_sigmas"
    assert readings["coin_sigmas"].like == "position_sigmas"
    assert [reading.value for reading in readings.values()] == [pytest.approx(-log(1 - 0.08) / 0.025)] * 3


def test_the_position_is_told_at_the_nearest_of_what_it_speaks_for() -> None:
    nearly = one_position(market={DOWN: together(0.0795)}, coins={"BTC": {DOWN: Line.at(1.0, 0.0797)}})
    assert all_of(nearly)["position_distance"].value == 0.0795
    assert all_of(nearly, in_sigmas=True)["position_sigmas"].value == pytest.approx(-log(1 - 0.0795) / 0.025)


def test_lines_in_different_places_speak_for_themselves() -> None:
    apart = one_position(
        market={DOWN: together(0.02)}, coins={"BTC": {DOWN: Line.at(1.0, 0.05)}, "ETH": {UP: Line.at(1.0, 0.01)}}
    )
    for in_sigmas in (False, True):
        assert {reading.like for reading in all_of(apart, in_sigmas=in_sigmas).values()} == {""}


def test_where_no_sigma_is_known_nothing_is_told_in_sigmas() -> None:
    unknown = one_position(coin_sigmas={}, market_sigma=None, positions=(position(distance_sigmas=None),))
    assert {reading.value for reading in all_of(unknown, in_sigmas=True).values()} == {None}


def test_a_position_without_sigmas_is_told_at_those_of_its_coin() -> None:
    beside = one_position(positions=(position(line=Line.at(55_200.0, 0.08), distance_sigmas=None),))
    assert all_of(beside, in_sigmas=True)["position_sigmas"].value == pytest.approx(-log(1 - 0.08) / 0.025)


@pytest.mark.parametrize(
    ("line", "direction", "sigma", "expected"),
    [
        (LIQUIDATABLE, DOWN, None, 0.0),
        (NEVER, UP, 0.02, inf),
        (NEVER, DOWN, 0.02, inf),
        (Line.at(1.0, 1.0), DOWN, 0.02, inf),
        (Line.at(1.0, exp(0.04) - 1.0), UP, 0.02, 2.0),
        (Line.at(1.0, 1.0 - exp(-0.04)), DOWN, 0.02, 2.0),
        (Line.at(1.0, 0.1), DOWN, None, None),
        (Line.at(1.0, 0.1), DOWN, 0.0, None),
        (Line.unknown("no mark"), UP, 0.02, None),
        (Line.unknown("no mark"), DOWN, 0.02, None),
    ],
)
def test_a_distance_in_sigmas(line: Line, direction: Direction, sigma: float | None, expected: float | None) -> None:
    found = sigmas(line, direction, sigma)
    assert found is None if expected is None else found == pytest.approx(expected)


def short(percent_up: float, depeg_down: float, **changed: Any) -> PoolReport:
    """A pool of one short in USDT: when USDT falls, all prices in it rise."""
    line = Line.at(60_000.0 * (1 + percent_up), percent_up)
    calm: dict[str, Any] = {
        "positions": (position(side=Side.SHORT, line=line),),
        "coins": {"BTC": {UP: line, DOWN: NEVER}},
        "market": {UP: together(percent_up), DOWN: NEVER},
        "depegs": {"USDT": {DOWN: Line.at(1 - depeg_down, depeg_down), UP: NEVER}},
    }
    return pool(**(calm | changed))


def test_a_currency_that_falls_is_a_market_that_rises() -> None:
    same = short(0.25, 0.2)  # 1 / (1 - 0.2) is 1.25
    assert log_distance(same.market[UP], UP) == pytest.approx(log_distance(same.depegs["USDT"][DOWN], DOWN))
    readings = all_of(same)

    assert readings["depeg_distance"].like == "market_distance"
    assert readings["position_distance"].value == 0.2, "the nearer of the two numbers"


def test_a_depeg_that_only_hits_the_collateral_speaks_for_itself() -> None:
    apart = short(0.5, 0.06)
    assert all_of(apart)["depeg_distance"].like == ""
    assert all_of(short(0.5, 0.06, market={}))["depeg_distance"].like == ""
    assert all_of(short(0.5, 0.06, market={UP: Line.unknown("no mark")}))["depeg_distance"].like == ""


def test_one_short_near_its_end_is_one_page() -> None:
    desk = Desk()
    desk.hold(account(short(0.25, 0.2)), seconds=5)

    told = desk.hold(account(short(0.09, 0.0826)), seconds=60)

    assert told == [("position_distance", Change.FIRED)]


def test_a_depeg_that_hits_the_collateral_is_a_page_of_its_own() -> None:
    desk = Desk()
    told = desk.hold(account(short(0.5, 0.04)), seconds=60)
    assert [rule for rule, _ in told] == ["depeg_distance"]
    assert desk.alert("depeg_distance").labels["coin"] == "USDT"


def test_a_depeg_alert_ends_when_the_pool_has_no_such_line_any_more() -> None:
    desk = Desk()
    desk.hold(account(short(0.5, 0.04)), seconds=60)

    told = desk.hold(account(short(0.5, 0.04, depegs={})), seconds=2)

    assert told == [("depeg_distance", Change.RESOLVED)]
