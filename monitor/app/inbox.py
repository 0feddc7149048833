"""The one queue between the feeds and the engine: bounded, and with a stated rule for being full.

Prices conflate: of one instrument or asset, and of one array's instruments, only the newest waits, at the end of the
queue, and so it is with their funding and with what options are priced with; what waits is in the order in which it
came. Facts (positions, balances, feeds up or down, timers) are never merged and never dropped: when `limit` of them
wait, the next one is refused with `Overrun`, its feed starts again from a snapshot, and the engine has all accounts
read anew.

Single prices are bounded by the number of instruments and assets; `MANY_TICKS` marks of a venue are taken as one array.
Arrays of different instruments do not replace each other: when more than `MOST_ARRAYS` of them wait, all waiting marks
are folded into one array a venue, which holds the newest mark of each instrument.

A fact wakes the reader at once, and takes along what waits. Prices are decided together that come within
`GATHER_SECONDS` of the last ones taken, for a step costs the same for one as for ten: in the busiest stream none waits
longer than that and `GRACE_SECONDS`, and one that comes after a pause waits for nothing. A single mark that is not
`wanted` wakes nobody: it is taken with the next event that does, or when the reader's patience ends.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain, count
from math import inf
from operator import attrgetter

from monitor.domain.errors import Overrun
from monitor.domain.events import AssetTick, Event, FundingRates, OptionMarks, Tick, Ticks
from monitor.domain.frames import Frame
from monitor.domain.names import Symbol, Venue

MOST_ARRAYS = 16
MANY_TICKS = 12  #: marks of one venue, each alone in its frame, from which an array of them costs less
GATHER_SECONDS = 0.005
GRACE_SECONDS = 0.002  #: the alarm rings so much later: a price that comes meanwhile wakes the reader for less


class Inbox:
    """Events on their way to the engine, in the order in which they were put; a renewed price counts as put anew.

    `conflated_total` counts prices, each row of an array as one. `waited_seconds` is how long what was worth the last
    step has waited for it: by when it was put, for what an event holds may have been known for hours.
    """

    def __init__(self, limit: int, steady: Callable[[], float] = time.monotonic) -> None:
        """`limit` is the number of facts that may wait; prices are bounded as said above. `steady` tells seconds."""
        self.limit = limit
        self.waited_seconds = 0.0
        self.wanted: Callable[[Venue, Symbol], bool] | None = None  #: whether a mark is held; None: all are
        self.conflated_total = 0
        self.overruns_total = 0
        self._pending: dict[Hashable, Event] = {}
        self._frames: dict[Hashable, tuple[Frame, ...]] = {}  #: that the waiting events came in, by the same key
        self._arrays = 0
        self._facts = 0
        self._steady = steady
        self._worth = False  #: a price waits that is worth a step
        self._since: float | None = None  #: steady time since which something waits that is worth one
        self._gathers_until = 0.0  #: by the loop's time
        self._serial = count()
        self._overrun = False
        self._reader: asyncio.Future[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at = 0.0

    @property
    def depth(self) -> int:
        """How many events wait."""
        return len(self._pending)

    def put(self, event: Event, frame: Frame | None = None, /) -> None:
        """Add an event; never blocks. Raises `Overrun` for a fact when too many wait.

        `frame` is told when the event is taken, or when a newer price takes its place before that.
        """
        if isinstance(event, (Tick, Ticks, AssetTick, FundingRates, OptionMarks)):
            key = event.conflation_key
            if key in self._pending:
                self._replaced(key)
            self._pending[key] = event
            if frame is not None:
                self._frames[key] = (frame,)
            if isinstance(event, Ticks):
                self._arrays += 1
                if self._arrays > MOST_ARRAYS:
                    self._fold()
            if not self._worth:
                self._worth = isinstance(event, (Ticks, AssetTick)) or self._is_wanted(event)
        else:
            if self._facts >= self.limit:
                self.overruns_total += 1
                self._overrun = True
                raise Overrun(self.limit)
            self._facts += 1
            key = next(self._serial)
            self._pending[key] = event
            if frame is not None:
                self._frames[key] = (frame,)
        if self._since is None and (self._worth or self._facts):
            self._since = self._steady()
        if self._reader is not None and not self._reader.done():
            self._call(self._reader)

    def overrun(self) -> bool:
        """Whether a fact was refused since this was last asked."""
        was, self._overrun = self._overrun, False
        return was

    async def batch(self, patience_seconds: float | None = None) -> tuple[Event, ...]:
        """Wait until something is there that is worth a step, then take all that waits at once.

        After `patience_seconds` it takes what waits then, if anything does.
        """
        loop = asyncio.get_running_loop()
        until = inf if patience_seconds is None else loop.time() + patience_seconds
        while (now := loop.time()) < (ripe := min(until, self._ripe_at())):
            if ripe < inf:
                self._ring_at(ripe if ripe == until else ripe + GRACE_SECONDS, loop)
            self._reader = loop.create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if self._worth:
            self._gathers_until = now + GATHER_SECONDS
            if self._alarm is not None:  # else it would ring too early for the next ones
                self._alarm.cancel()
                self._alarm = None
        waiting = in_columns(self._pending.values())
        for frame in chain.from_iterable(self._frames.values()):
            frame.seen()
        self._pending.clear()
        self._frames.clear()
        self._facts = self._arrays = 0
        self._worth = False
        self.waited_seconds = 0.0 if self._since is None else self._steady() - self._since
        self._since = None
        return waiting

    # Prices that nobody will see

    def _replaced(self, key: Hashable) -> None:
        event = self._pending.pop(key)
        if isinstance(event, Ticks):
            self._arrays -= 1
            self.conflated_total += len(event.symbols)
        else:
            self.conflated_total += 1
        for frame in self._frames.pop(key, ()):
            frame.replaced()

    def _fold(self) -> None:
        """One array a venue, of the newest mark of each instrument, takes the place of all waiting marks."""
        folded = {key: event for key, event in self._pending.items() if isinstance(event, (Tick, Ticks))}
        newest: dict[Venue, dict[Symbol, tuple[float, float, Hashable]]] = {}
        rows = 0
        for key, event in folded.items():
            for symbol, mark, venue_time in _rows(event):
                newest.setdefault(event.venue, {})[symbol] = (mark, venue_time, key)
                rows += 1
            del self._pending[key]
        frames = {key: self._frames.pop(key, ()) for key in folded}
        self._arrays = 0
        for venue, marks in newest.items():
            rows -= len(marks)
            kept = dict.fromkeys(key for _, _, key in marks.values())
            array = Ticks(
                venue,
                tuple(marks),
                tuple([mark for mark, _, _ in marks.values()]),
                tuple([venue_time for _, venue_time, _ in marks.values()]),
                min(folded[key].received for key in kept),  # no mark may look younger than it is
            )
            self._pending[array.conflation_key] = array
            self._frames[array.conflation_key] = tuple(chain.from_iterable(frames.pop(key) for key in kept))
            self._arrays += 1
        self.conflated_total += rows
        for frame in chain.from_iterable(frames.values()):
            frame.replaced()

    # Waiting

    def _is_wanted(self, event: Tick | FundingRates | OptionMarks) -> bool:
        if not isinstance(event, Tick):
            return False  # it comes with the prices of its frame, or goes with the next ones
        return self.wanted is None or self.wanted(event.venue, event.symbol)

    def _ripe_at(self) -> float:
        """When what waits is worth a step: at once, when enough was gathered, or never."""
        if self._facts:
            return -inf
        return self._gathers_until if self._worth else inf

    def _call(self, reader: asyncio.Future[None]) -> None:
        """Have the waiting reader look now, or when enough was gathered."""
        ripe, loop = self._ripe_at(), reader.get_loop()
        if ripe <= loop.time():
            reader.set_result(None)
        elif ripe < inf:
            self._ring_at(ripe + GRACE_SECONDS, loop)

    def _ring_at(self, when: float, loop: asyncio.AbstractEventLoop) -> None:
        """Have the reader look then, or before."""
        if self._alarm is None or self._alarm_at > when:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm, self._alarm_at = loop.call_at(when, self._ring), when

    def _ring(self) -> None:
        self._alarm = None
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


def in_columns(events: Iterable[Event]) -> tuple[Event, ...]:
    """The same events, with many marks that came alone in their frames as one array a venue, where the first stood.

    A venue that sends a frame a mark would cost the engine ten times what an array does.
    """
    waiting = tuple(events)
    alone: dict[Venue, list[Tick]] = {}
    for event in waiting:
        if type(event) is Tick:
            alone.setdefault(event.venue, []).append(event)
    many = {venue: ticks for venue, ticks in alone.items() if len(ticks) >= MANY_TICKS}
    if not many:
        return waiting
    found: list[Event] = []
    for event in waiting:
        if type(event) is not Tick or event.venue not in many:
            found.append(event)
        elif event is many[event.venue][0]:
            found += _columns(event.venue, many[event.venue])
    return tuple(found)


def _columns(venue: Venue, ticks: Iterable[Tick]) -> Iterator[Event]:
    """In the order of their names, so that the same instruments make the same array."""
    rows = sorted(ticks, key=attrgetter("symbol"))
    received = min(tick.received for tick in rows)  # no mark may look younger than it is
    yield Ticks(
        venue,
        tuple([tick.symbol for tick in rows]),
        tuple([tick.mark for tick in rows]),
        tuple([tick.venue_time for tick in rows]),
        received,
    )
    paying = [
        (tick.symbol, tick.funding_rate, tick.next_funding_time) for tick in rows if tick.funding_rate is not None
    ]
    if paying:
        symbols, rates, times = zip(*paying, strict=True)
        yield FundingRates(venue, symbols, rates, times, received)


def _rows(event: Tick | Ticks) -> Iterable[tuple[Symbol, float, float]]:
    if isinstance(event, Tick):
        return ((event.symbol, event.mark, event.venue_time),)
    return zip(event.symbols, event.marks, event.venue_times, strict=True)
