"""Funding rates out of arrays of marks: a second, fuller look at one frame in many, because they change slowly.

A delivery contract has "" for a rate and 0 for its next payment, and so have some perpetuals at times. What they pay is
not known here: such a row is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from monitor.domain.events import Event, FundingIntervals, FundingRates, Ticks
from monitor.domain.names import Symbol, Venue
from monitor.venues.fields import Loose, optional, optional_positive, optional_seconds

HOUR_SECONDS = 3600.0
EVERY_SECONDS = 10.0  #: an array is looked at again
MOST_ARRAYS = 32  #: that are told apart; more would mean that their rows come in another order each time


class _Row(msgspec.Struct, gc=False):
    s: str = ""
    r: Loose = None
    T: Loose = None


class _Frame(msgspec.Struct, gc=False):
    data: list[_Row]


class _PremiumRow(msgspec.Struct, gc=False):
    symbol: str = ""
    lastFundingRate: Loose = None
    nextFundingTime: Loose = None


class _InfoRow(msgspec.Struct, gc=False):
    symbol: str = ""
    fundingIntervalHours: Loose = None


class _Said(NamedTuple):
    symbol: Symbol
    rate: float
    next_time: float | None


_frame = msgspec.json.Decoder(_Frame, strict=False)
_rows = msgspec.json.Decoder(list[_Row], strict=False)
_info_rows = msgspec.json.Decoder(list[_InfoRow], strict=False)
_premium_rows = msgspec.json.Decoder(list[_PremiumRow], strict=False)


def of_frame(raw: bytes, venue: Venue, received: float) -> FundingRates | None:
    """The funding in an array of marks, wrapped or bare; None where there is none, or it cannot be read."""
    try:
        rows = _rows.decode(raw) if raw.lstrip()[:1] == b"[" else _frame.decode(raw).data
    except (ValueError, RecursionError):
        return None
    return _rates((_said(row.s, row.r, row.T) for row in rows), venue, received)


def of_answer(raw: bytes, venue: Venue, received: float) -> FundingRates | None:
    """The same of an answer of `premiumIndex` for all contracts."""
    try:
        rows = _premium_rows.decode(raw)
    except (ValueError, RecursionError):
        return None
    return _rates((_said(row.symbol, row.lastFundingRate, row.nextFundingTime) for row in rows), venue, received)


def intervals(raw: bytes, venue: Venue, received: float) -> FundingIntervals | None:
    """How often contracts pay, out of an answer of `fundingInfo`, which lists those whose terms were ever adjusted."""
    try:
        rows = _info_rows.decode(raw)
    except (ValueError, RecursionError):
        return None
    said = [(row.symbol, optional_positive(row.fundingIntervalHours)) for row in rows if row.symbol]
    known = [(symbol, hours * HOUR_SECONDS) for symbol, hours in said if hours is not None]
    if not known:
        return None
    symbols, seconds = zip(*known, strict=True)
    return FundingIntervals(venue, symbols, seconds, received)


class Glances:
    """Which frames are looked at: of each array one in `EVERY_SECONDS`. Arrays differ in their first row."""

    def __init__(self) -> None:
        self._looked: dict[Symbol, float] = {}

    def at(self, raw: bytes, events: Sequence[Event], received: float) -> FundingRates | None:
        """The funding in a frame, if it is an array's turn. `events` are what its ordinary decoding gave."""
        if not events or not isinstance(events[0], Ticks):
            return None
        ticks = events[0]
        first = ticks.symbols[0]
        if 0.0 <= received - self._looked.get(first, -EVERY_SECONDS) < EVERY_SECONDS:
            return None
        if len(self._looked) >= MOST_ARRAYS:
            self._looked.clear()
        self._looked[first] = received
        return of_frame(raw, ticks.venue, received)


def _said(symbol: Symbol, rate: Loose, next_time: Loose) -> _Said | None:
    found = optional(rate)
    return _Said(symbol, found, optional_seconds(next_time)) if symbol and found is not None else None


def _rates(said: Iterable[_Said | None], venue: Venue, received: float) -> FundingRates | None:
    known = [one for one in said if one is not None]
    if not known:
        return None
    symbols, rates, next_times = zip(*known, strict=True)
    return FundingRates(venue, symbols, rates, next_times, received)
