"""Who holds what: the accounts that a price touches, by the price's place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from monitor.domain.names import AccountKey
from monitor.margin.arrays import Bools, Ints

_NOBODY: Mapping[AccountKey, None] = {}


class Holders:
    """The accounts that depend on each price of one kind, in the order in which they came to."""

    def __init__(self) -> None:
        self._by_place: dict[int, dict[AccountKey, None]] = {}
        self._held: Bools = np.zeros(0, np.bool_)  #: by place

    def add(self, account: AccountKey, places: Iterable[int]) -> None:
        """The account depends on these prices too."""
        for place in places:
            self._by_place.setdefault(place, {})[account] = None
            if place >= len(self._held):
                more = np.zeros(max(place + 1, 2 * len(self._held)) - len(self._held), np.bool_)
                self._held = np.concatenate([self._held, more])
            self._held[place] = True

    def remove(self, account: AccountKey, places: Iterable[int]) -> None:
        """The account depends on these prices no longer."""
        for place in places:
            holders = self._by_place[place]
            holders.pop(account, None)
            self._held[place] = bool(holders)

    def of(self, place: int) -> Mapping[AccountKey, None]:
        """Who depends on a price (do not keep)."""
        return self._by_place.get(place, _NOBODY)

    def of_all(self, places: Iterable[int]) -> dict[AccountKey, None]:
        """Who depends on any of these prices, each once."""
        found: dict[AccountKey, None] = {}
        for place in places:
            found |= self.of(place)
        return found

    def held(self, places: Ints) -> Bools:
        """On which of these prices anybody depends."""
        known = places < len(self._held)
        return known if not known.any() else known & self._held[np.where(known, places, 0)]
