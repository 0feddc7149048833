"""The newest price of each instrument, and what is done about one that jumps."""

from __future__ import annotations

import math

import pytest

from monitor.engine.marks import Offer, Quotes


@pytest.fixture
def quotes() -> Quotes[str]:
    found: Quotes[str] = Quotes(jump_ratio=0.5)
    assert found.offer("BTC", 100.0, 10.0, 10.1) is Offer.MOVED
    return found


def test_a_first_price_is_believed_with_its_times(quotes: Quotes[str]) -> None:
    quote = quotes.get("BTC")
    assert quote is not None
    assert (quote.price, quote.venue_time, quote.received, quote.doubted) == (100.0, 10.0, 10.1, None)
    assert quotes.get("ETH") is None


@pytest.mark.parametrize("price", [math.nan, math.inf, -math.inf, 0.0, -1.0])
def test_what_is_not_a_price_changes_nothing(quotes: Quotes[str], price: float) -> None:
    assert quotes.offer("BTC", price, 11.0, 11.1) is Offer.REFUSED
    assert quotes.offer("NEW", price, 11.0, 11.1) is Offer.REFUSED
    quote = quotes.get("BTC")
    assert quote is not None
    assert (quote.price, quote.venue_time) == (100.0, 10.0)
    assert quotes.get("NEW") is None


def test_an_older_frame_never_replaces_a_newer_one(quotes: Quotes[str]) -> None:
    assert quotes.offer("BTC", 99.0, 9.9, 12.0) is Offer.OLDER
    quote = quotes.get("BTC")
    assert quote is not None
    assert quote.price == 100.0


def test_the_same_price_again_is_younger_but_not_moved(quotes: Quotes[str]) -> None:
    assert quotes.offer("BTC", 100.0, 11.0, 11.1) is Offer.KEPT
    quote = quotes.get("BTC")
    assert quote is not None
    assert (quote.venue_time, quote.received) == (11.0, 11.1)


def test_a_price_of_the_same_time_is_taken(quotes: Quotes[str]) -> None:
    assert quotes.offer("BTC", 101.0, 10.0, 10.2) is Offer.MOVED


@pytest.mark.parametrize(("price", "offer"), [(50.0, Offer.MOVED), (49.9, Offer.JUMPED), (150.0, Offer.MOVED)])
def test_the_band_is_half_of_the_last_price(quotes: Quotes[str], price: float, offer: Offer) -> None:
    assert quotes.offer("BTC", price, 11.0, 11.1) is offer


def test_a_crash_is_doubted_once_and_believed_with_the_next_frame(quotes: Quotes[str]) -> None:
    assert quotes.offer("BTC", 30.0, 11.0, 11.1) is Offer.JUMPED
    quote = quotes.get("BTC")
    assert quote is not None
    assert (quote.price, quote.doubted, quote.venue_time) == (100.0, 30.0, 10.0)
    assert quotes.offer("BTC", 29.0, 12.0, 12.1) is Offer.MOVED
    assert (quote.price, quote.doubted, quote.venue_time) == (29.0, None, 12.0)


def test_the_doubted_frame_repeated_does_not_confirm_itself(quotes: Quotes[str]) -> None:
    quotes.offer("BTC", 30.0, 11.0, 11.1)
    assert quotes.offer("BTC", 30.0, 11.0, 11.3) is Offer.OLDER


def test_a_garbled_figure_is_forgotten_when_the_next_frame_is_as_before(quotes: Quotes[str]) -> None:
    quotes.offer("BTC", 1e-5, 11.0, 11.1)
    assert quotes.offer("BTC", 100.0, 12.0, 12.1) is Offer.MOVED  # what was unknown is known again
    quote = quotes.get("BTC")
    assert quote is not None
    assert (quote.price, quote.doubted) == (100.0, None)


def test_two_garbled_figures_that_differ_confirm_nothing(quotes: Quotes[str]) -> None:
    assert quotes.offer("BTC", 1e-5, 11.0, 11.1) is Offer.JUMPED
    assert quotes.offer("BTC", 1e9, 12.0, 12.1) is Offer.JUMPED
    quote = quotes.get("BTC")
    assert quote is not None
    assert quote.doubted == 1e9


def test_a_second_source_confirms_a_jump(quotes: Quotes[str]) -> None:
    quotes.offer("BTC", 30.0, 11.0, 11.1)
    assert not quotes.confirm("BTC", 90.0, 11.2)
    assert quotes.confirm("BTC", 31.0, 11.2)
    quote = quotes.get("BTC")
    assert quote is not None
    assert (quote.price, quote.doubted, quote.venue_time, quote.received) == (30.0, None, 11.0, 11.2)


def test_a_second_source_says_nothing_about_a_price_that_is_not_doubted(quotes: Quotes[str]) -> None:
    assert not quotes.confirm("BTC", 30.0, 11.2)
    assert not quotes.confirm("ETH", 30.0, 11.2)
