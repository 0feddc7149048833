"""The newest price of each instrument and asset, with its times, and the doubt about one that jumped.

A price that jumps out of a wide band against the last is not believed at once, and what depends on it is unknown until
the next frame, or a second source, shows the same: a real crash passes one frame later, a garbled figure never does.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class Offer(Enum):
    """What became of an offered price."""

    REFUSED = auto()  #: not a price at all: not finite, or not above zero
    OLDER = auto()  #: a newer frame was here before
    KEPT = auto()  #: the same price, seen again
    MOVED = auto()  #: a new price, believed
    JUMPED = auto()  #: out of the band: waits for a confirmation


@dataclass(slots=True)
class Quote:
    """A price that is believed. `venue_time` is its venue's stamp, `received` ours, both in seconds since 1970.

    `doubted` is a later price that jumped and waits for a confirmation; `newest` the venue's stamp of the last frame,
    believed or doubted.
    """

    price: float
    venue_time: float
    received: float
    newest: float
    doubted: float | None = None


class Quotes(Generic[K]):
    """All prices of one kind. `jump_ratio` is the band: 0.5 doubts a price below half or above one and a half."""

    def __init__(self, jump_ratio: float) -> None:
        self._band = jump_ratio
        self._quotes: dict[K, Quote] = {}

    def get(self, key: K) -> Quote | None:
        """The price and what is known about it; None if there never was one."""
        return self._quotes.get(key)

    def offer(self, key: K, price: float, venue_time: float, received: float) -> Offer:
        """Take a frame's price. Each frame counts: an older one changes nothing, an equal price refreshes the age."""
        if not (math.isfinite(price) and price > 0.0):
            return Offer.REFUSED
        quote = self._quotes.get(key)
        if quote is None:
            self._quotes[key] = Quote(price, venue_time, received, venue_time)
            return Offer.MOVED
        if venue_time < quote.newest or (quote.doubted is not None and venue_time == quote.newest):
            return Offer.OLDER  # the very frame that is doubted cannot confirm itself
        if not self._near(price, quote.price) and (quote.doubted is None or not self._near(price, quote.doubted)):
            quote.doubted, quote.newest = price, venue_time
            return Offer.JUMPED
        moved = price != quote.price or quote.doubted is not None
        quote.price, quote.venue_time, quote.received = price, venue_time, received
        quote.newest, quote.doubted = venue_time, None
        return Offer.MOVED if moved else Offer.KEPT

    def confirm(self, key: K, price: float, received: float) -> bool:
        """A second source says `price`: whether that makes a doubted price believed."""
        quote = self._quotes.get(key)
        if quote is None or quote.doubted is None or not self._near(price, quote.doubted):
            return False
        quote.price, quote.venue_time, quote.received = quote.doubted, quote.newest, received
        quote.doubted = None
        return True

    def _near(self, price: float, other: float) -> bool:
        return abs(price / other - 1.0) <= self._band
