"""Prices: the only state that pools share. Two growing columns, marks of instruments and USD prices of assets."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from monitor.domain.names import USD, Asset, Symbol, Venue
from monitor.margin.arrays import Bools, Floats, Ints

NAN = float("nan")


class _Column:
    """Floats by key that grow; the place of a key never changes, so that books may keep it."""

    def __init__(self) -> None:
        self.values: Floats = np.full(16, NAN)
        self._places: dict[tuple[Venue, str], int] = {}

    def place(self, key: tuple[Venue, str]) -> int:
        """Where `key` stands; a new key gets the next place and is NaN."""
        place = self._places.get(key)
        if place is None:
            place = self._places[key] = len(self._places)
            if place == len(self.values):
                self.values = np.concatenate([self.values, np.full(len(self.values), NAN)])
        return place

    def __len__(self) -> int:
        return len(self._places)

    def copied(self) -> _Column:
        """The same keys at the same places, with values of its own."""
        other = _Column()
        other.values, other._places = self.values.copy(), dict(self._places)
        return other

    @property
    def keys(self) -> tuple[tuple[Venue, str], ...]:
        """The keys by place."""
        return tuple(self._places)

    def get(self, key: tuple[Venue, str]) -> float:
        """The value, NaN where there is none."""
        place = self._places.get(key)
        return NAN if place is None else float(self.values[place])

    def set(self, key: tuple[Venue, str], value: float) -> bool:
        """Store a value; True if it is another one than before."""
        place = self.place(key)
        if self.values[place] == value:
            return False
        self.values[place] = value
        return True


class Prices:
    """Marks (quote a base unit) and asset prices (USD) of all venues; NaN is unknown. What comes in was validated.

    `version` counts the changes: what was computed at a version holds as long as it stands.
    """

    def __init__(self) -> None:
        self.version = 0
        self._names: tuple[Asset, ...] = ()
        self._coordinates: tuple[int, Floats] = (-1, np.zeros(0))
        self._marks = _Column()
        self._assets = _Column()
        self._assets.set(("", USD), 1.0)

    def copied(self) -> Prices:
        """The same prices at the same places; what is set in one of them does not change the other."""
        other = Prices()
        other.version, other._marks, other._assets = self.version, self._marks.copied(), self._assets.copied()
        return other

    def set_mark(self, venue: Venue, symbol: Symbol, price: float) -> bool:
        """Store a mark; True if it is not the one already there."""
        return self._counted(self._marks.set((venue, symbol), price))

    def set_asset(self, venue: Venue, asset: Asset, price_usd: float) -> bool:
        """Store an asset's USD price; True if it is not the one already there. USD itself stays 1."""
        return asset != USD and self._counted(self._assets.set((venue, asset), price_usd))

    def mark_places(self, venue: Venue, symbols: Iterable[Symbol]) -> Ints:
        """The places of many instruments in `marks`; they stay the same for good."""
        return np.array([self._marks.place((venue, symbol)) for symbol in symbols], np.intp)

    def set_marks(self, places: Ints, values: Floats) -> Bools:
        """Store the marks at these places (each at most once); says which are not the ones already there."""
        marks = self._marks.values
        before = marks[places]
        changed: Bools = (before != values) & ~(np.isnan(before) & np.isnan(values))
        marks[places] = values
        self._counted(bool(changed.any()))
        return changed

    def mark(self, venue: Venue, symbol: Symbol) -> float:
        """The mark, NaN if unknown."""
        return self._marks.get((venue, symbol))

    def asset(self, venue: Venue, asset: Asset) -> float:
        """The USD price, NaN if unknown; USD itself is always 1."""
        return 1.0 if asset == USD else self._assets.get((venue, asset))

    def forget_mark(self, venue: Venue, symbol: Symbol) -> None:
        """From now on this mark is unknown."""
        self._counted(self._marks.set((venue, symbol), NAN))

    def forget_asset(self, venue: Venue, asset: Asset) -> None:
        """From now on this asset's price is unknown; USD is never forgotten."""
        if asset != USD:
            self._counted(self._assets.set((venue, asset), NAN))

    def mark_place(self, venue: Venue, symbol: Symbol) -> int:
        """The place of an instrument in `marks`; it stays the same for good."""
        return self._marks.place((venue, symbol))

    def asset_place(self, venue: Venue, asset: Asset) -> int:
        """The place of an asset in `assets`; USD stands at place 0 for every venue."""
        return 0 if asset == USD else self._assets.place((venue, asset))

    @property
    def mark_keys(self) -> tuple[tuple[Venue, Symbol], ...]:
        """Venue and symbol of every mark by place."""
        return self._marks.keys

    @property
    def marks(self) -> Floats:
        """All marks by place (do not keep: the column moves when it grows)."""
        return self._marks.values

    @property
    def coordinates(self) -> Floats:
        """What profits are straight in: at 2 * place the mark, at 2 * place + 1 its reciprocal."""
        version, found = self._coordinates
        if version != self.version or len(found) != 2 * len(self.marks):
            marks = self.marks
            found = np.empty(2 * len(marks))
            found[::2] = marks
            np.divide(1.0, marks, out=found[1::2])
            self._coordinates = self.version, found
        return found

    @property
    def assets(self) -> Floats:
        """All USD prices by place."""
        return self._assets.values

    def asset_names(self) -> tuple[Asset, ...]:
        """The assets' names by place, whatever the venue."""
        count = len(self._assets)
        if len(self._names) != count:
            self._names = tuple(asset for _, asset in self._assets.keys)
        return self._names

    def _counted(self, changed: bool) -> bool:
        self.version += changed
        return changed
