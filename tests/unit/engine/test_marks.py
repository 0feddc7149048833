"""The newest price of each instrument, and what is done about one that jumps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.engine.marks import Offer, Quotes

BTC, ETH, NEW = 0, 5, 9  #: places


@pytest.fixture
def quotes() -> Quotes:
    found = Quotes(jump_ratio=0.5)
    assert found.offer(BTC, 100.0, 10.0) is Offer.CLEARED
    return found


def test_a_first_price_is_believed_with_its_times(quotes: Quotes) -> None:
    quote = quotes.get(BTC)
    assert quote is not None
    assert (quote.price, quote.venue_time, quote.doubted) == (100.0, 10.0, None)
    assert quotes.get(ETH) is None


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 0.0, -1.0])
def test_what_is_not_a_price_changes_nothing(quotes: Quotes, price: float) -> None:
    assert quotes.offer(BTC, price, 11.0) is Offer.REFUSED
    assert quotes.offer(NEW, price, 11.0) is Offer.REFUSED
    quote = quotes.get(BTC)
    assert quote is not None
    assert (quote.price, quote.venue_time) == (100.0, 10.0)
    assert quotes.get(NEW) is None


def test_an_older_frame_never_replaces_a_newer_one(quotes: Quotes) -> None:
    assert quotes.offer(BTC, 99.0, 9.9) is Offer.OLDER
    quote = quotes.get(BTC)
    assert quote is not None
    assert quote.price == 100.0


def test_the_same_price_again_is_younger_but_not_moved(quotes: Quotes) -> None:
    assert quotes.offer(BTC, 100.0, 11.0) is Offer.KEPT
    quote = quotes.get(BTC)
    assert quote is not None
    assert quote.venue_time == 11.0


def test_a_price_of_the_same_time_is_taken(quotes: Quotes) -> None:
    assert quotes.offer(BTC, 101.0, 10.0) is Offer.MOVED


@pytest.mark.parametrize(("price", "offer"), [(50.0, Offer.MOVED), (49.9, Offer.JUMPED), (150.0, Offer.MOVED)])
def test_the_band_is_half_of_the_last_price(quotes: Quotes, price: float, offer: Offer) -> None:
    assert quotes.offer(BTC, price, 11.0) is offer


def test_a_crash_is_doubted_once_and_believed_with_the_next_frame(quotes: Quotes) -> None:
    assert quotes.offer(BTC, 30.0, 11.0) is Offer.JUMPED
    quote = quotes.get(BTC)
    assert quote is not None
    assert (quote.price, quote.doubted, quote.venue_time) == (100.0, 30.0, 10.0)
    assert quotes.offer(BTC, 29.0, 12.0) is Offer.CLEARED
    quote = quotes.get(BTC)
    assert quote is not None
    assert (quote.price, quote.doubted, quote.venue_time) == (29.0, None, 12.0)


def test_the_doubted_frame_repeated_does_not_confirm_itself(quotes: Quotes) -> None:
    quotes.offer(BTC, 30.0, 11.0)
    assert quotes.offer(BTC, 30.0, 11.0) is Offer.OLDER


def test_a_garbled_figure_is_forgotten_when_the_next_frame_is_as_before(quotes: Quotes) -> None:
    quotes.offer(BTC, 1e-5, 11.0)
    assert quotes.offer(BTC, 100.0, 12.0) is Offer.CLEARED, "what was unknown is known again"
    quote = quotes.get(BTC)
    assert quote is not None
    assert (quote.price, quote.doubted) == (100.0, None)


def test_two_garbled_figures_that_differ_confirm_nothing(quotes: Quotes) -> None:
    assert quotes.offer(BTC, 1e-5, 11.0) is Offer.JUMPED
    assert quotes.offer(BTC, 1e9, 12.0) is Offer.JUMPED
    quote = quotes.get(BTC)
    assert quote is not None
    assert quote.doubted == 1e9


def test_a_second_source_confirms_a_jump(quotes: Quotes) -> None:
    quotes.offer(BTC, 30.0, 11.0)
    assert not quotes.confirm(BTC, 90.0)
    assert quotes.confirm(BTC, 31.0)
    quote = quotes.get(BTC)
    assert quote is not None
    assert (quote.price, quote.doubted, quote.venue_time) == (30.0, None, 11.0)


def test_a_second_source_says_nothing_about_a_price_that_is_not_doubted(quotes: Quotes) -> None:
    assert not quotes.confirm(BTC, 30.0)
    assert not quotes.confirm(ETH, 30.0)


ROWS = st.tuples(
    st.sampled_from([math.nan, math.inf, -1.0, 0.0, 30.0, 40.0, 100.0, 101.0, 150.0, 1e5]) | st.floats(20.0, 400.0),
    st.integers(0, 4).map(float),
)


@given(st.lists(st.tuples(st.lists(ROWS, min_size=4, max_size=4), st.permutations(range(6))), max_size=12))
def test_a_frame_of_prices_is_as_good_as_its_prices_one_by_one(
    frames: list[tuple[list[tuple[float, float]], list[int]]],
) -> None:
    together, alone = Quotes(jump_ratio=0.5), Quotes(jump_ratio=0.5)
    for number, (rows, order) in enumerate(frames):
        prices, times = [row[0] for row in rows], [number + row[1] - 2.0 for row in rows]
        places = order[:4]
        offers = together.offer_all(np.array(places, np.intp), np.array(prices), np.array(times))
        each = [alone.offer(*one) for one in zip(places, prices, times, strict=True)]
        assert offers.kept.tolist() == [one is Offer.KEPT for one in each]
        assert offers.moved.tolist() == [one is Offer.MOVED for one in each]
        assert offers.cleared.tolist() == [one is Offer.CLEARED for one in each]
        assert offers.jumped.tolist() == [one is Offer.JUMPED for one in each]
    for place in range(6):
        assert together.get(place) == alone.get(place)
        if together.get(place) is not None:
            assert together.newest[place] == alone.newest[place]


def test_the_oldest_of_some_prices_and_whether_one_is_doubted(quotes: Quotes) -> None:
    quotes.offer(ETH, 5.0, 8.0)
    assert quotes.oldest(np.array([BTC, ETH, NEW])) == (8.0, False)
    assert quotes.oldest(np.array([NEW])) == (math.inf, False)
    assert quotes.oldest(np.array([], np.intp)) == (math.inf, False)
    quotes.offer(BTC, 1.0, 11.0)
    assert quotes.oldest(np.array([BTC, ETH])) == (8.0, True)
