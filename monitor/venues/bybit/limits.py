"""Where the tiers of what is held end, as positions tell it: the venue changes tiers without a word to others. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from monitor.domain.events import TiersLoaded
from monitor.domain.names import Symbol, Venue
from monitor.venues.bybit.reading import pages
from monitor.venues.contents import Contents
from monitor.venues.fields import Loose, optional, optional_positive, word
from monitor.venues.rows import each

End = tuple[Symbol, float]  #: up to which value a position's tier reaches


class _Row(msgspec.Struct, gc=False):
    symbol: str
    size: Loose = None
    riskLimitValue: Loose = None


def tier_ends(position_raws: Iterable[bytes | str], venue: Venue) -> frozenset[End]:
    """position/list: the end of the tier of each position. In portfolio margin, and of options, there is none: ""."""
    found = each(pages(position_raws, venue, "position"), _Row, _end, "position", None)
    return frozenset(end for end in found if end is not None)


def _end(row: _Row) -> End | None:
    end = optional_positive(row.riskLimitValue)
    return (word("symbol", row.symbol), end) if end is not None and optional(row.size) else None


class Ends:
    """The ends of all tiers that were read, and whether a position tells of another one."""

    def __init__(self, spacing_seconds: float, cap_seconds: float) -> None:
        self._there = Contents(spacing_seconds, cap_seconds)

    def read(self, loaded: TiersLoaded, now: float) -> None:
        """Tiers were read."""
        ends = [(symbol, tier.floor) for symbol, table in loaded.tiers for tier in table.tiers[1:]]
        ends += [(symbol, table.cap) for symbol, table in loaded.tiers if table.cap is not None]
        self._there.read(map(_name, ends), now)

    def strange(self, ends: Iterable[End], now: float) -> frozenset[Symbol]:
        """Contracts whose tiers are worth reading again; who is told of them does so. What stays strange is named ever
        more rarely.
        """
        return frozenset(end[0] for end in sorted(ends) if self._there.worth_reading([_name(end)], now))


def _name(end: End) -> str:
    symbol, value = end
    return f"{symbol} to {value!r}"
