"""Daily sigmas of marks."""

from __future__ import annotations

import dataclasses
import math
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.domain.events import CandlesLoaded
from monitor.domain.lines import LIQUIDATABLE, NEVER, Line
from monitor.domain.memory import VolatilityFact
from monitor.engine.settings import VolatilitySettings
from monitor.engine.volatility import Volatility, distance_in_sigmas

BTC = 3  #: its place
MINUTE_SIGMA = 0.001
DAILY = MINUTE_SIGMA * math.sqrt(1440)


def fed(returns: int, settings: VolatilitySettings | None = None, size: float = MINUTE_SIGMA) -> Volatility:
    """A mark that goes up and down by one log return of `size` a minute."""
    found = Volatility(settings or VolatilitySettings())
    for i in range(returns + 1):
        found.observe(BTC, 100.0 * math.exp(size * (i % 2)), 60.0 * i)
    return found


def test_there_is_no_sigma_before_thirty_samples() -> None:
    assert fed(29).daily_sigma(BTC) is None
    assert fed(30).daily_sigma(BTC) == pytest.approx(DAILY)
    assert Volatility(VolatilitySettings()).daily_sigma(BTC) is None


def test_a_mark_that_never_moves_has_no_sigma() -> None:
    assert fed(100, size=0.0).daily_sigma(BTC) is None


def test_marks_between_two_samples_do_not_count() -> None:
    volatility = Volatility(VolatilitySettings(minimum_samples=1))
    volatility.observe(BTC, 100.0, 0.0)
    volatility.observe(BTC, 500.0, 30.0)
    volatility.observe(BTC, 100.0 * math.exp(MINUTE_SIGMA), 60.0)
    assert volatility.daily_sigma(BTC) == pytest.approx(DAILY)


def test_a_random_walk_of_known_volatility_is_estimated_within_ten_percent() -> None:
    chance = random.Random(7)
    volatility, price = Volatility(VolatilitySettings()), 100.0
    for i in range(3000):
        volatility.observe(BTC, price, 60.0 * i)
        price *= math.exp(chance.gauss(0.0, MINUTE_SIGMA))
    assert volatility.daily_sigma(BTC) == pytest.approx(DAILY, rel=0.1)


def test_after_a_half_life_the_old_weighs_half_as_much() -> None:
    settings = VolatilitySettings(half_life_seconds=600.0, minimum_samples=1)
    volatility = fed(1000, settings)
    for i in range(10):  # ten minutes, one half-life, without any movement
        volatility.observe(BTC, 100.0, 60_000.0 + 60.0 * (i + 1))
    assert volatility.daily_sigma(BTC) == pytest.approx(DAILY * math.sqrt(0.5), rel=1e-3)


def test_a_move_over_a_gap_counts_as_spread_over_it() -> None:
    settings = VolatilitySettings(minimum_samples=1)
    volatility = Volatility(settings)
    volatility.observe(BTC, 100.0, 0.0)
    volatility.observe(BTC, 100.0 * math.exp(2 * MINUTE_SIGMA), 240.0)  # sigma * sqrt(4) in four minutes
    assert volatility.daily_sigma(BTC) == pytest.approx(DAILY)


def test_candles_seed_it_whatever_their_interval() -> None:
    volatility = Volatility(VolatilitySettings())
    closes = tuple(100.0 * math.exp(2 * MINUTE_SIGMA * (i % 2)) for i in range(40))
    volatility.seed(BTC, CandlesLoaded("paper", "BTCUSDT", closes, 240.0, at=1000.0))
    assert volatility.daily_sigma(BTC) == pytest.approx(DAILY)
    volatility.observe(BTC, closes[-1] * math.exp(MINUTE_SIGMA), 1060.0)  # goes on from the last close
    assert volatility.daily_sigma(BTC) == pytest.approx(DAILY)


def test_candles_do_not_replace_enough_samples_of_our_own() -> None:
    volatility = fed(30)
    volatility.seed(BTC, CandlesLoaded("paper", "BTCUSDT", tuple(100.0 + i % 2 for i in range(40)), 60.0, at=5000.0))
    assert volatility.daily_sigma(BTC) == pytest.approx(DAILY)
    fresh = fed(5)
    fresh.seed(BTC, CandlesLoaded("paper", "BTCUSDT", (), 60.0, at=5000.0))
    assert fresh.daily_sigma(BTC) is None


@pytest.mark.parametrize(
    ("line", "mark", "sigma", "distance"),
    [
        (Line.at(math.exp(-0.1), 0.1), 1.0, 0.05, 2.0),
        (Line.at(math.exp(0.1), 0.1), 1.0, 0.05, 2.0),
        (NEVER, 1.0, 0.05, math.inf),
        (LIQUIDATABLE, 1.0, 0.05, 0.0),
        (Line.unknown("why"), 1.0, 0.05, None),
        (Line.at(1.0, 0.1), None, 0.05, None),
        (Line.at(1.0, 0.1), math.nan, 0.05, None),
        (Line.at(0.0, 1.0), 1.0, 0.05, math.inf),
        (NEVER, 1.0, None, None),
    ],
)
def test_a_distance_in_sigmas(line: Line, mark: float | None, sigma: float | None, distance: float | None) -> None:
    assert distance_in_sigmas(line, mark, sigma) == (None if distance is None else pytest.approx(distance))


SIGHTINGS = st.lists(
    st.tuples(st.floats(0.0, 200.0).map(round), st.lists(st.floats(50.0, 150.0), min_size=3, max_size=3)), max_size=20
)


@given(SIGHTINGS)
def test_a_frame_of_marks_is_as_good_as_its_marks_one_by_one(sightings: list[tuple[int, list[float]]]) -> None:
    settings = VolatilitySettings(minimum_samples=1)
    together, alone, at = Volatility(settings), Volatility(settings), 0.0
    places = np.array([7, 0, 3])
    for seconds, marks in sightings:
        at += seconds
        stamps = np.array([at, at + 30.0, at - 100.0])
        together.observe_all(places, np.array(marks), stamps)
        for place, mark, stamp in zip(places.tolist(), marks, stamps.tolist(), strict=True):
            alone.observe(place, mark, stamp)
    for place in range(8):
        assert together.daily_sigma(place) == alone.daily_sigma(place)


NOW = 60.0 * 60


def known(volatility: Volatility) -> VolatilityFact:
    """The one estimate, as it would be saved."""
    (place,) = volatility.places()
    return volatility.fact(place, "venue", "BTCUSDT")


def test_a_saved_estimate_goes_on_as_if_nothing_had_been() -> None:
    before, after = fed(100), Volatility(VolatilitySettings())
    after.restore(BTC, known(before), NOW)
    assert after.daily_sigma(BTC) == pytest.approx(DAILY)
    assert known(after) == known(before)
    for volatility in (before, after):
        volatility.observe(BTC, 103.0, 60.0 * 200)
    assert after.daily_sigma(BTC) == pytest.approx(before.daily_sigma(BTC))


def test_one_that_was_saved_long_ago_or_makes_no_sense_is_forgotten() -> None:
    fact = known(fed(100))
    half_life = VolatilitySettings().half_life_seconds
    for bad, now in (
        (fact, fact.at + 3.0 * half_life + 1.0),
        (dataclasses.replace(fact, price=0.0), NOW),
        (dataclasses.replace(fact, weight=0.0), NOW),
        (dataclasses.replace(fact, variance=math.nan), NOW),
    ):
        after = Volatility(VolatilitySettings())
        after.restore(BTC, bad, now)
        assert (after.places(), after.daily_sigma(BTC)) == ((), None)


def test_what_was_observed_since_stands_before_what_was_saved() -> None:
    alive = fed(2)
    alive.restore(BTC, known(fed(100, size=0.5)), NOW)
    assert alive.daily_sigma(BTC) is None


def test_candles_take_the_place_of_a_saved_estimate_only_where_they_know_more() -> None:
    closes = tuple(100.0 * math.exp(0.01 * (i % 2)) for i in range(200))
    candles = CandlesLoaded("venue", "BTCUSDT", closes, 60.0, NOW)
    for samples, sigma in ((100, 0.01), (300, MINUTE_SIGMA)):
        after = Volatility(VolatilitySettings())
        after.restore(BTC, known(fed(samples)), NOW)
        after.seed(BTC, candles)
        assert after.daily_sigma(BTC) == pytest.approx(sigma * math.sqrt(1440))
