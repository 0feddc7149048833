"""Tickers into prices: one frame is one instrument's. Part of the codec, and pure.

Contracts, options and spot pairs share one topic, and linear and spot ones their names: what a ticker holds tells which
it is of. A delta holds what changed and nothing else: without a mark there is nothing to tell.
"""

from __future__ import annotations

from math import inf

import msgspec

from monitor.domain.events import AssetTick, Event, OptionMarks, Tick
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import Symbol, Venue
from monitor.venues.bybit.coins import pair_of
from monitor.venues.fields import BadField, Loose, optional, optional_positive, optional_seconds, positive


class Cell(msgspec.Struct, gc=False):
    """What is read of a ticker; None: not in the frame."""

    symbol: str
    markPrice: Loose = None
    indexPrice: Loose = None
    fundingRate: Loose = None
    nextFundingTime: Loose = None
    markPriceIv: Loose = None
    underlyingPrice: Loose = None
    usdIndexPrice: Loose = None


class _Frame(msgspec.Struct, gc=False):
    topic: str
    ts: float
    data: Cell


class Memory:
    """What one connection told of funding and index, by contract: a delta leaves out what did not change.

    Marks are not remembered: a frame without one does not make it any newer.
    """

    def __init__(self) -> None:
        self._told: dict[Symbol, tuple[Loose, Loose, Loose]] = {}

    def complete(self, row: Cell) -> None:
        """Fill in what the row leaves out, and note what it says."""
        rate, due, index = self._told.get(row.symbol, (None, None, None))
        row.fundingRate = rate if row.fundingRate is None else row.fundingRate
        row.nextFundingTime = due if row.nextFundingTime is None else row.nextFundingTime
        row.indexPrice = index if row.indexPrice is None else row.indexPrice
        self._told[row.symbol] = row.fundingRate, row.nextFundingTime, row.indexPrice


_cell = msgspec.json.Decoder(Cell, strict=False)
_frame = msgspec.json.Decoder(_Frame, strict=False)


def cell(raw: bytes) -> Cell:
    """The data of a ticker; ValueError if it is none."""
    return _cell.decode(raw)


def frame(raw: bytes, venue: Venue, received: float, memory: Memory | None = None) -> Decoded | None:
    """A whole frame; None if it is anything but a good one."""
    try:
        read = _frame.decode(raw)
        at = read.ts / 1000.0
        if not 0.0 <= at < inf:
            return None
        if memory is not None:
            memory.complete(read.data)
        found = events(read.data, venue, at, received)
    except (ValueError, OverflowError, RecursionError):
        return None
    return Decoded(FrameKind.DATA, "tickers", read.topic, found, venue_time=at)


def events(row: Cell, venue: Venue, at: float, received: float) -> tuple[Event, ...]:
    """The prices of a ticker made at `at` (the venue's clock). BadField for a price that cannot be one."""
    if not row.symbol:
        raise BadField("symbol is empty")
    if row.usdIndexPrice is not None:
        pair, price = pair_of(row.symbol), optional_positive(row.usdIndexPrice)
        return () if pair is None or price is None else (AssetTick(venue, pair[0], price, at, received),)
    if row.markPrice is None:
        return ()
    due = optional_seconds(row.nextFundingTime)
    tick = Tick(
        venue,
        row.symbol,
        positive("markPrice", row.markPrice),
        at,
        received,
        optional_positive(row.indexPrice),
        # A rate without its time is one whose time a delta leaves out: it says nothing by itself.
        None if due is None else optional(row.fundingRate),
        due,
    )
    volatility, underlying = optional_positive(row.markPriceIv), optional_positive(row.underlyingPrice)
    if volatility is None or underlying is None:
        return (tick,)
    return tick, OptionMarks(venue, (row.symbol,), (volatility,), (underlying,), received, (tick.index,))
