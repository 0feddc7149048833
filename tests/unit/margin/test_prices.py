"""Prices: growing columns in which unknown is NaN."""

from __future__ import annotations

from math import isnan, nan

import numpy as np

from monitor.margin.prices import Prices


def test_a_price_that_was_never_set_is_unknown() -> None:
    prices = Prices()
    assert isnan(prices.mark("v", "BTCUSDT"))
    assert isnan(prices.asset("v", "BTC"))


def test_setting_says_whether_anything_changed() -> None:
    prices = Prices()
    assert prices.set_mark("v", "BTCUSDT", 1.0)
    assert not prices.set_mark("v", "BTCUSDT", 1.0)
    assert prices.set_mark("v", "BTCUSDT", 2.0)
    assert prices.mark("v", "BTCUSDT") == 2.0
    assert prices.set_asset("v", "BTC", 3.0)
    assert not prices.set_asset("v", "BTC", 3.0)


def test_two_venues_do_not_share_a_price() -> None:
    prices = Prices()
    prices.set_mark("a", "BTCUSDT", 1.0)
    assert isnan(prices.mark("b", "BTCUSDT"))


def test_the_dollar_is_one_and_stays_so() -> None:
    prices = Prices()
    assert not prices.set_asset("v", "USD", 2.0)
    prices.forget_asset("v", "USD")
    assert prices.asset("v", "USD") == 1.0
    assert prices.asset_place("v", "USD") == 0


def test_a_forgotten_price_is_unknown_again() -> None:
    prices = Prices()
    prices.set_mark("v", "BTCUSDT", 1.0)
    prices.set_asset("v", "BTC", 1.0)
    prices.forget_mark("v", "BTCUSDT")
    prices.forget_asset("v", "BTC")
    assert isnan(prices.mark("v", "BTCUSDT"))
    assert isnan(prices.asset("v", "BTC"))


def test_places_stay_while_the_columns_grow() -> None:
    prices = Prices()
    places = [prices.mark_place("v", f"C{i}") for i in range(100)]
    assert places == [prices.mark_place("v", f"C{i}") for i in range(100)]
    prices.set_mark("v", "C99", 5.0)
    assert prices.marks[places[99]] == 5.0
    assert prices.assets[0] == 1.0
    prices.set_asset("v", "BTC", 7.0)
    assert prices.asset_names() == ("USD", "BTC")


def test_many_marks_are_set_at_once() -> None:
    prices = Prices()
    prices.set_mark("v", "B", 2.0)
    places = prices.mark_places("v", ["A", "B", "C"])
    assert places.tolist() == prices.mark_places("v", ["A", "B", "C"]).tolist()
    before = prices.version
    assert prices.set_marks(places, np.array([1.0, 2.0, nan])).tolist() == [True, False, False]
    assert prices.version == before + 1
    assert (prices.mark("v", "A"), prices.mark("v", "B")) == (1.0, 2.0)
    assert prices.set_marks(places, np.array([1.0, nan, nan])).tolist() == [False, True, False]
    assert not prices.set_marks(places, np.array([1.0, nan, nan])).any()
    assert prices.version == before + 2


def test_the_version_counts_changes_and_nothing_else() -> None:
    prices = Prices()
    versions = [prices.version]
    for change in (
        lambda: prices.set_mark("v", "A", 1.0),
        lambda: prices.set_asset("v", "B", 1.0),
        lambda: prices.forget_mark("v", "A"),
        lambda: prices.forget_asset("v", "B"),
    ):
        change()
        versions.append(prices.version)
    assert versions == sorted(set(versions))
    prices.set_mark("v", "C", 1.0)
    version = prices.version
    prices.set_mark("v", "C", 1.0)
    prices.set_asset("v", "USD", 5.0)
    assert prices.version == version


def test_coordinates_are_marks_and_their_reciprocals() -> None:
    prices = Prices()
    prices.set_mark("v", "A", 4.0)
    assert prices.coordinates[:2].tolist() == [4.0, 0.25]
    prices.set_mark("v", "A", 5.0)
    assert prices.coordinates[:2].tolist() == [5.0, 0.2]
    many = [prices.mark_place("v", f"C{i}") for i in range(40)]
    assert len(prices.coordinates) > 2 * max(many)
