"""The newest price of each instrument and asset, with its times, and the doubt about one that jumped.

A price that jumps out of a wide band against the last is not believed at once, and what depends on it is unknown until
the next frame, or a second source, shows the same: a real crash passes one frame later, a garbled figure never does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

import numpy as np

from monitor.margin.arrays import Bools, Floats, Ints

NAN = math.nan


class Offer(Enum):
    """What became of an offered price."""

    REFUSED = auto()  #: not a price at all: not finite, or not above zero
    OLDER = auto()  #: a newer frame was here before
    KEPT = auto()  #: the same price, seen again
    MOVED = auto()  #: a new price, believed
    CLEARED = auto()  #: the first price, or one that ends a doubt: believed, and what was unknown is known
    JUMPED = auto()  #: out of the band: waits for a confirmation


class Offers(NamedTuple):
    """What became of many offered prices, row by row; in none of them: refused or older."""

    kept: Bools
    moved: Bools
    cleared: Bools
    jumped: Bools


@dataclass(frozen=True, slots=True)
class Quote:
    """A price that is believed. `venue_time` is its venue's stamp in seconds since 1970.

    `doubted` is a later price that jumped and waits for a confirmation.
    """

    price: float
    venue_time: float
    doubted: float | None = None


class Quotes:
    """All prices of one kind as columns, by their places in `Prices`; NaN is none.

    `jump_ratio` is the band: 0.5 doubts a price below half or above one and a half. `newest` is the venue's stamp of
    the last frame, believed or doubted.
    """

    def __init__(self, jump_ratio: float) -> None:
        self._band = jump_ratio
        self.price: Floats = np.zeros(0)
        self.venue_time: Floats = np.zeros(0)
        self.newest: Floats = np.zeros(0)
        self.doubted: Floats = np.zeros(0)

    def make_room(self, count: int) -> None:
        """See to it that all places below `count` are there."""
        have = len(self.price)
        if count > have:
            more = np.full(max(count, 2 * have) - have, NAN)
            self.price = np.concatenate([self.price, more])
            self.venue_time = np.concatenate([self.venue_time, more])
            self.newest = np.concatenate([self.newest, more])
            self.doubted = np.concatenate([self.doubted, more])

    def copied(self) -> Quotes:
        """The same, which no later frame changes."""
        other = Quotes(self._band)
        other.price, other.venue_time = self.price.copy(), self.venue_time.copy()
        other.newest, other.doubted = self.newest.copy(), self.doubted.copy()
        return other

    def get(self, place: int) -> Quote | None:
        """The price and what is known about it; None if there never was one."""
        if place >= len(self.price) or math.isnan(self.price[place]):
            return None
        doubted = self.doubted.item(place)
        return Quote(self.price.item(place), self.venue_time.item(place), None if math.isnan(doubted) else doubted)

    def oldest(self, places: Ints) -> tuple[float, bool]:
        """The stamp of the oldest of these prices (+inf if there is none), and whether one of them is doubted."""
        if not len(places):
            return math.inf, False
        self.make_room(int(places.max()) + 1)
        doubted = ~np.isnan(self.doubted[places])
        return float(np.fmin.reduce(self.venue_time[places], initial=math.inf)), bool(doubted.any())

    def offer(self, place: int, price: float, venue_time: float) -> Offer:
        """Take a frame's price. Each frame counts: an older one changes nothing, an equal price refreshes the age."""
        if not (math.isfinite(price) and price > 0.0):
            return Offer.REFUSED
        self.make_room(place + 1)
        known, newest, doubted = self.price.item(place), self.newest.item(place), self.doubted.item(place)
        first, waits = math.isnan(known), not math.isnan(doubted)
        if venue_time < newest or (waits and venue_time == newest):
            return Offer.OLDER  # the very frame that is doubted cannot confirm itself
        if not (first or self._near(price, known) or (waits and self._near(price, doubted))):
            self.doubted[place], self.newest[place] = price, venue_time
            return Offer.JUMPED
        self.price[place], self.doubted[place] = price, NAN
        self.venue_time[place] = self.newest[place] = venue_time
        if first or waits:
            return Offer.CLEARED
        return Offer.KEPT if price == known else Offer.MOVED

    def offer_all(self, places: Ints, prices: Floats, venue_times: Floats) -> Offers:
        """Take a frame of many prices, whose places must all differ: the same as `offer`, row by row."""
        self.make_room(int(places.max(initial=-1)) + 1)
        known, newest, doubted = self.price[places], self.newest[places], self.doubted[places]
        first, waits = np.isnan(known), ~np.isnan(doubted)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            good = np.isfinite(prices) & (prices > 0.0)
            good &= ~((venue_times < newest) | (waits & (venue_times == newest)))
            near = np.abs(prices / known - 1.0) <= self._band
            again = np.abs(prices / doubted - 1.0) <= self._band
        believed = first | near | again
        jumped, taken = good & ~believed, good & believed
        self.newest[places[good]] = venue_times[good]
        self.doubted[places[jumped]] = prices[jumped]
        at = places[taken]
        self.price[at], self.venue_time[at], self.doubted[at] = prices[taken], venue_times[taken], NAN
        settled, same = first | waits, prices == known
        return Offers(taken & ~settled & same, taken & ~settled & ~same, taken & settled, jumped)

    def confirm(self, place: int, price: float) -> bool:
        """A second source says `price`: whether that makes a doubted price believed."""
        quote = self.get(place)
        if quote is None or quote.doubted is None or not self._near(price, quote.doubted):
            return False
        self.price[place], self.venue_time[place], self.doubted[place] = quote.doubted, self.newest[place], NAN
        return True

    def _near(self, price: float, other: float) -> bool:
        return abs(price / other - 1.0) <= self._band
