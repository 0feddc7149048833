"""Lines and prices: each speaks of its own, and one danger is one page."""

from __future__ import annotations

import random
from typing import Any

import pytest

from monitor.alerts.rule import RuleSettings
from monitor.domain.alerts import Change
from monitor.domain.lines import NEVER, Direction, Line
from monitor.domain.names import Side
from monitor.domain.reports import AccountReport
from tests.sample_reports import account, pool, position, together
from tests.unit.alerts.desk import CRITICAL, WARNING, Desk


def test_each_distance_rule_speaks_of_its_own_line() -> None:
    near = Line.at(57_600.0, 0.04)
    desk = Desk()
    desk.hold(account(pool(market={Direction.UP: near}, positions=(position(line=NEVER),), coins={})), seconds=6)
    assert desk.firing == [("market_distance", CRITICAL)]

    desk = Desk()
    desk.hold(account(pool(coins={"BTC": {Direction.UP: near}}, positions=(position(line=NEVER),))), seconds=6)
    assert desk.firing == [("coin_distance", CRITICAL)]
    assert dict(desk.alert("coin_distance").labels)["direction"] == "up"

    desk = Desk()
    desk.hold(account(pool(positions=(position("ETHUSDT", Side.SHORT, line=near), position()))), seconds=6)
    assert desk.firing == [("position_distance", CRITICAL)]
    assert dict(desk.alert("position_distance").labels)["symbol"] == "ETHUSDT"


def single(value: float) -> AccountReport:
    """A pool with one position: its three lines lie in one place."""
    line = Line.at(60_000 * (1 - value), value)
    sides = {Direction.DOWN: line, Direction.UP: NEVER}
    return account(
        pool(positions=(position(line=line),), coins={"BTC": sides}, market={Direction.DOWN: together(value)})
    )


def test_one_danger_is_one_page_though_three_lines_show_it() -> None:
    desk = Desk()

    assert desk.hold(single(0.09), seconds=10) == [("position_distance", Change.FIRED)]
    assert desk.hold(single(0.03), seconds=10) == [("position_distance", Change.ESCALATED)]


def three(market: float, coin: float, own: float) -> AccountReport:
    """A pool with one position whose three lines lie beside each other."""
    return account(
        pool(
            positions=(position(line=Line.at(60_000 * (1 - own), own)),),
            coins={"BTC": {Direction.DOWN: Line.at(60_000 * (1 - coin), coin)}},
            market={Direction.DOWN: together(market)},
        )
    )


JUST_BELOW, AT, JUST_ABOVE = 0.0995, 0.1, 0.1004
FIRED = [("position_distance", Change.FIRED)]
PLACES = (JUST_BELOW, AT, JUST_ABOVE)


@pytest.mark.parametrize("market", PLACES)
@pytest.mark.parametrize("coin", PLACES)
@pytest.mark.parametrize("own", PLACES)
def test_lines_that_say_the_same_are_one_page_as_soon_as_one_of_them_reaches_the_threshold(
    market: float, coin: float, own: float
) -> None:
    desk = Desk()

    told = desk.hold(three(market, coin, own), seconds=10)
    nearest = min(market, coin, own)
    assert told == (FIRED if nearest <= AT else [])
    if told:
        assert desk.alert("position_distance").value == nearest
    assert desk.hold(three(JUST_BELOW, JUST_BELOW, JUST_BELOW), seconds=10) == ([] if told else FIRED)
    assert desk.hold(three(0.0499, 0.0499, 0.0502), seconds=10) == [("position_distance", Change.ESCALATED)]


def test_of_several_positions_the_nearest_speaks_for_their_coin() -> None:
    desk = Desk()
    near, far = Line.at(53_976.0, 0.1004), Line.at(53_964.0, 0.1006)
    beside = (position("BTCUSDC", coin="BTC", line=far), position(line=near))
    desk.hold(account(pool(positions=beside, coins={"BTC": {Direction.DOWN: Line.at(54_030.0, 0.0995)}})), seconds=10)
    assert desk.firing == [("position_distance", WARNING)]
    assert dict(desk.alert("position_distance").labels)["symbol"] == "BTCUSDT"


def test_a_walk_of_three_lines_around_a_threshold_is_one_page() -> None:
    """Each of the three is now the nearest, now the farthest, all within a hundredth."""
    desk, dice, away, told = Desk(), random.Random(22), 0.0, []
    for _ in range(3600):
        away = 0.98 * away + dice.gauss(0.0, 0.0008)
        told += desk.see(three(*(max(0.0, 0.1 + away) * (1 + dice.uniform(0.0, 0.0099)) for _ in range(3))))
    assert told == [("position_distance", Change.FIRED)]


def test_a_coin_line_that_is_nearer_than_its_positions_is_a_page_of_its_own() -> None:
    """Collateral in the coin falls with it: the position line does not see that."""
    desk = Desk()
    far = position(line=Line.at(54_000.0, 0.0910))
    near = {Direction.DOWN: Line.at(54_600.0, 0.0900)}

    desk.hold(account(pool(positions=(far,), coins={"BTC": near}, market={Direction.DOWN: together(0.09)})), seconds=6)
    assert sorted(desk.firing) == [("coin_distance", WARNING), ("position_distance", WARNING)]


@pytest.mark.parametrize(
    "positions",
    [
        RuleSettings(enabled=False),
        RuleSettings(thresholds={WARNING: 0.08}),
    ],
    ids=["switched off", "with another threshold"],
)
def test_a_line_is_not_left_to_a_rule_that_would_not_tell_it(positions: RuleSettings) -> None:
    desk = Desk(position_distance=positions)

    assert desk.hold(single(0.09), seconds=10) == [("coin_distance", Change.FIRED)]


def test_what_stands_goes_on_also_when_another_rule_begins_to_say_the_same() -> None:
    desk = Desk()
    alone = account(pool(positions=(position(line=NEVER),), coins={"BTC": {Direction.DOWN: Line.at(1.0, 0.09)}}))
    desk.hold(alone, seconds=6)
    assert desk.firing == [("coin_distance", WARNING)]

    told = desk.hold(single(0.03), seconds=6)
    assert ("coin_distance", Change.ESCALATED) in told


@pytest.mark.parametrize("drift_ratio", [None, 0.015], ids=["no price on either side", "a gap within the tolerance"])
def test_a_price_on_one_side_only_is_told_until_both_agree(drift_ratio: float | None) -> None:
    def against_the_venue(**changed: Any) -> AccountReport:
        return account(pool(positions=(position(**changed),), drift={}))

    desk = Desk()
    contradicting = against_the_venue(
        drift_ratio=None, disagreement="the venue says no liquidation price, we say 45000"
    )
    assert desk.hold(contradicting, seconds=60) == []
    assert desk.see(contradicting) == [("drift", Change.FIRED)]
    assert desk.firing == [("drift", CRITICAL)]
    assert desk.hold(contradicting, seconds=1800) == [], "it is as bad as it was, and no worse"
    not_compared = against_the_venue(drift_ratio=None, disagreement=None)
    assert desk.hold(not_compared, seconds=600) == [], "what cannot be compared ends nothing"
    agreed = against_the_venue(drift_ratio=drift_ratio, disagreement="", drift_tolerance_ratio=0.02)
    assert desk.hold(agreed, seconds=302) == [("drift", Change.RESOLVED)]
