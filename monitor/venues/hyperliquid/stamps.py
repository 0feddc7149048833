"""Times of prices by the venue's clock. Neither frames nor answers of prices hold a time: they are as old as their
receipt, which is by our own clock, and that may be wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from monitor.domain.events import AssetTick, Event, FundingRates, Tick, Ticks

HOUR_SECONDS = 3600.0


def by_venue_clock(events: Iterable[Event], offset: float) -> tuple[Event, ...]:
    """These events, with `offset` (venue clock minus ours, seconds) put on what was stamped by our clock."""
    return tuple(_moved(event, offset) for event in events) if offset else tuple(events)


def _moved(event: Event, offset: float) -> Event:
    match event:
        case Ticks():
            return replace(event, venue_times=tuple(at + offset for at in event.venue_times))
        case Tick() | AssetTick():
            return replace(event, venue_time=event.venue_time + offset)
        case FundingRates():
            due = ((event.received + offset) // HOUR_SECONDS + 1.0) * HOUR_SECONDS
            return replace(event, next_times=(due,) * len(event.next_times))
    return event
