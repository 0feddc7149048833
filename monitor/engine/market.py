"""Prices as they come in: believed, refused or doubted, which of them moved, and whom that touches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from monitor.domain.events import AssetTick, CandlesLoaded, FundingIntervals, FundingRates, Tick, Ticks
from monitor.domain.memory import VolatilityFact
from monitor.domain.names import Symbol, Venue
from monitor.engine.funding import Funding
from monitor.engine.holders import Holders
from monitor.engine.marks import Offer, Quotes
from monitor.engine.settings import EngineSettings
from monitor.engine.volatility import Volatility
from monitor.margin.arrays import Bools, Ints
from monitor.margin.prices import Prices

FEW_ROWS = 12  #: below it rows one by one cost less than columns do
REMEMBERED = 32  #: how many sets of instruments keep their places: a venue's frames repeat them


@dataclass(slots=True)
class Moves:
    """What a batch did to the prices of one kind, by place, in order (dicts for their order)."""

    moved: dict[int, None] = field(default_factory=dict)
    seen: dict[int, None] = field(default_factory=dict)  #: same price, younger
    startled: dict[int, None] = field(default_factory=dict)  #: unknown before, or from now on
    aged: dict[int, None] = field(default_factory=dict)  #: too old until this frame, and perhaps with it too
    jumped: dict[int, tuple[str, float]] = field(default_factory=dict)  #: name, and when the frame was received


class Clocked(NamedTuple):
    """The bounds of a frame's stamps, by its venue's clock: none lies after `latest`; before `oldest` it is too old."""

    latest: float
    oldest: float


class _Rows(NamedTuple):
    places: Ints
    distinct: bool


class Market:
    """All prices of all venues with their times. `marks` and `assets` have the places of `Prices`."""

    def __init__(self, prices: Prices, settings: EngineSettings) -> None:
        self.prices = prices
        self.marks, self.assets = Quotes(settings.jump_ratio), Quotes(settings.jump_ratio)
        self.mark_holders, self.asset_holders = Holders(), Holders()
        self.volatility = Volatility(settings.volatility)
        self.funding = Funding()
        self._mark_moves, self._asset_moves = Moves(), Moves()
        self._rows: dict[tuple[Venue, tuple[Symbol, ...]], _Rows] = {}

    def note_in(self, marks: Moves, assets: Moves) -> None:
        """From now on what becomes of marks and asset prices is noted in these."""
        self._mark_moves, self._asset_moves = marks, assets

    def tick(self, event: Tick, clocked: Clocked) -> None:
        """Take a mark."""
        place = self.prices.mark_place(event.venue, event.symbol)
        self._mark(place, event, event.symbol, event.mark, event.venue_time, clocked)
        if event.funding_rate is not None:
            venue_now, announced = clocked.latest, event.next_funding_time
            if self.funding.observe(place, event.funding_rate, announced, event.received, venue_now):
                self._mark_moves.seen[place] = None

    def ticks(self, event: Ticks, clocked: Clocked) -> None:
        """Take a frame of many marks: the same as one tick a row. Rows that nobody holds cost no Python."""
        rows = self._rows_of(event.venue, event.symbols) if len(event.symbols) >= FEW_ROWS else None
        if rows is None or not rows.distinct:
            for symbol, mark, stamp in zip(event.symbols, event.marks, event.venue_times, strict=True):
                place = self.prices.mark_place(event.venue, symbol)
                self._mark(place, event, symbol, mark, stamp, clocked)
            return
        places, marks = rows.places, np.array(event.marks, np.float64)
        stamps = np.minimum(np.array(event.venue_times, np.float64), clocked.latest)
        self.marks.make_room(int(places.max(initial=-1)) + 1)
        before = self.marks.venue_time[places]
        offers = self.marks.offer_all(places, marks, stamps)
        moved, seen = offers.moved | offers.cleared, offers.kept | offers.jumped
        self.prices.set_marks(places[moved], marks[moved])
        believed = moved | offers.kept
        self.volatility.observe_all(places[believed], marks[believed], stamps[believed])
        held, moves = self.mark_holders.held(places), self._mark_moves

        def which(chosen: Bools) -> dict[int, None]:
            return dict.fromkeys(places[chosen & held].tolist())

        moves.moved |= which(moved)
        moves.seen |= which(seen)
        moves.startled |= which(offers.cleared | offers.jumped)
        moves.aged |= which((believed | offers.jumped) & (before < clocked.oldest))
        for row in np.flatnonzero(offers.jumped).tolist():
            moves.jumped.setdefault(places.item(row), (event.symbols[row], event.received))

    def asset_tick(self, event: AssetTick, clocked: Clocked) -> bool:
        """Take an asset's USD price; whether the frame is believed."""
        place, stamp = self.prices.asset_place(event.venue, event.asset), min(event.venue_time, clocked.latest)
        self.assets.make_room(place + 1)
        before = self.assets.venue_time.item(place)
        offer = self.assets.offer(place, event.price_usd, stamp)
        if offer in (Offer.MOVED, Offer.CLEARED):
            self.prices.set_asset(event.venue, event.asset, event.price_usd)
        self._note(self._asset_moves, place, offer, event.asset, event.received, before < clocked.oldest)
        return offer in (Offer.MOVED, Offer.CLEARED, Offer.KEPT)

    def second_source(self, venue: Venue, symbol: Symbol, mark: float, venue_time: float, received: float) -> None:
        """A mark inside an answer confirms one that jumped, and serves until the first tick; it never overrules one."""
        place = self.prices.mark_place(venue, symbol)
        if self.marks.get(place) is None:
            offer = self.marks.offer(place, mark, venue_time)
            self._note(self._mark_moves, place, offer, symbol, received, aged=False)
            believed = offer is Offer.CLEARED
        else:
            believed = self.marks.confirm(place, mark)
            if believed:
                self._note(self._mark_moves, place, Offer.CLEARED, symbol, received, aged=False)
        if believed:
            self.prices.set_mark(venue, symbol, self.marks.price.item(place))

    def funding_rates(self, event: FundingRates, venue_now: float) -> None:
        """Take the announcements of many perpetuals, at `venue_now` by the venue's clock."""
        places, seen = self._rows_of(event.venue, event.symbols).places.tolist(), self._mark_moves.seen
        for place, rate, announced in zip(places, event.rates, event.next_times, strict=True):
            if self.funding.observe(place, rate, announced, event.received, venue_now):
                seen[place] = None

    def restore(self, fact: VolatilityFact, now: float) -> None:
        """Go on with an estimate as it was when the monitor stopped."""
        place = self.prices.mark_place(fact.venue, fact.symbol)
        self.volatility.restore(place, fact, now)

    def volatility_facts(self) -> tuple[VolatilityFact, ...]:
        """All volatility estimates, for saving."""
        keys = self.prices.mark_keys
        return tuple(self.volatility.fact(place, *keys[place]) for place in self.volatility.places())

    def funding_intervals(self, event: FundingIntervals) -> None:
        """Take how often perpetuals pay."""
        places = self.prices.mark_places(event.venue, event.symbols).tolist()
        for place, seconds in zip(places, event.intervals_seconds, strict=True):
            if self.funding.told(place, seconds):
                self._mark_moves.seen[place] = None

    def candles(self, event: CandlesLoaded) -> None:
        """Take past closes."""
        place = self.prices.mark_place(event.venue, event.symbol)
        self.volatility.seed(place, event)
        self._mark_moves.seen[place] = None

    def _mark(
        self, place: int, event: Tick | Ticks, symbol: Symbol, mark: float, venue_time: float, clocked: Clocked
    ) -> None:
        stamp = min(venue_time, clocked.latest)
        self.marks.make_room(place + 1)
        before = self.marks.venue_time.item(place)
        offer = self.marks.offer(place, mark, stamp)
        if offer in (Offer.MOVED, Offer.CLEARED):
            self.prices.set_mark(event.venue, symbol, mark)
        if offer in (Offer.MOVED, Offer.CLEARED, Offer.KEPT):
            self.volatility.observe(place, mark, stamp)
        self._note(self._mark_moves, place, offer, symbol, event.received, before < clocked.oldest)

    def _note(self, moves: Moves, place: int, offer: Offer, name: str, received: float, aged: bool) -> None:
        if offer in (Offer.REFUSED, Offer.OLDER):
            return
        if offer in (Offer.CLEARED, Offer.JUMPED):
            moves.startled[place] = None
        if offer is Offer.JUMPED:
            moves.jumped.setdefault(place, (name, received))
        if aged:
            moves.aged[place] = None
        (moves.moved if offer in (Offer.MOVED, Offer.CLEARED) else moves.seen)[place] = None

    def _rows_of(self, venue: Venue, symbols: tuple[Symbol, ...]) -> _Rows:
        key = venue, symbols
        rows = self._rows.get(key)
        if rows is None:
            if len(self._rows) >= REMEMBERED:
                self._rows.pop(next(iter(self._rows)))
            places = self.prices.mark_places(venue, symbols)
            rows = self._rows[key] = _Rows(places, len(set(symbols)) == len(symbols))
        return rows
