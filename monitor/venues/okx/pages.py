"""Snapshots of an account's channels, put together from their pages: what they no longer show is gone. Pure.

`account` and `positions` send everything when subscribed to and then now and again, split over frames where it is
much; in between they send what changed. A complete snapshot leaves out what is zero, so that absence says «gone». An
empty one is not believed: it is a reason to ask over REST.

An instrument may be held cross and isolated at once, which symbol and side do not tell apart: then a row of the one
says nothing of the other, and REST is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from monitor.domain.accounts import Balance, MarginMode
from monitor.domain.events import BalanceChanged, Event, PositionChanged
from monitor.domain.frames import Decoded
from monitor.domain.names import Asset, Side, Symbol
from monitor.venues.okx.codec import Paged
from monitor.venues.okx.endpoints import ACCOUNT_CHANNEL, FAST_CHANNEL, POSITIONS_CHANNEL

_Row = BalanceChanged | PositionChanged
_Key = tuple[Symbol, Side | None, MarginMode | None] | Asset


@dataclass(slots=True)
class _Channel:
    shown: dict[_Key, _Row] = field(default_factory=dict)  #: what was last told to be held
    seen: dict[_Key, _Row] = field(default_factory=dict)  #: what the snapshot under way has shown so far
    pages: int = 0  #: how many of its pages have come, in order; 0: no snapshot is under way


class Pages:
    """The channels of one account's connection. A new connection needs a new one."""

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {ACCOUNT_CHANNEL: _Channel(), POSITIONS_CHANNEL: _Channel()}
        self._open: dict[tuple[Symbol, Side | None], set[MarginMode | None]] = {}  # in which modes it is held

    def put(self, decoded: Decoded) -> Decoded:
        """A frame as it is to be taken: rows when they come, and with the last page of a snapshot what is gone.

        Pages out of order, or a snapshot with a row that could not be read, close nothing and leave a doubt. So do rows
        of a position that is held in the other margin mode, too.
        """
        if not isinstance(decoded, Paged):
            return decoded
        return self._told_apart(self._put_together(decoded))

    def _told_apart(self, decoded: Paged) -> Paged:
        if decoded.name not in (POSITIONS_CHANNEL, FAST_CHANNEL):
            return decoded
        self._note(decoded.events)
        mixed = [event for event in decoded.events if isinstance(event, PositionChanged) and self._elsewhere(event)]
        if not mixed:
            return decoded
        names = ", ".join(sorted({event.symbol for event in mixed}))
        events = tuple(event for event in decoded.events if event not in mixed)
        return replace(decoded, events=events, doubt=f"held cross and isolated at once: {names}")

    def _note(self, events: Iterable[Event]) -> None:
        for event in events:
            if isinstance(event, PositionChanged):
                modes = self._open.setdefault((event.symbol, event.side), set())
                (modes.add if event.quantity else modes.discard)(event.margin_mode)

    def _elsewhere(self, event: PositionChanged) -> bool:
        """Whether the position is held in another margin mode than this row's."""
        return bool(self._open[event.symbol, event.side] - {event.margin_mode})

    def _put_together(self, decoded: Paged) -> Paged:
        channel = self._channels.get(decoded.name)
        if channel is None:
            return decoded
        rows = {_key(event): event for event in decoded.events if isinstance(event, _Row)}
        if not decoded.whole:
            _remember(channel.shown, rows)
            return decoded
        if decoded.page == 1:
            channel.seen, channel.pages = {}, 0
        in_order = decoded.page == channel.pages + 1 and not decoded.problems
        channel.pages = decoded.page if in_order else -1
        channel.seen |= rows
        if not decoded.last:
            return decoded
        return self._complete(channel, decoded, in_order=in_order)

    def _complete(self, channel: _Channel, decoded: Paged, *, in_order: bool) -> Paged:
        seen, channel.seen, channel.pages = channel.seen, {}, 0
        gone = [event for key, event in channel.shown.items() if key not in seen]
        if not in_order:
            _remember(channel.shown, seen)
            return replace(decoded, doubt=f"a snapshot of {decoded.name} did not come whole")
        if gone and not seen:
            return replace(decoded, doubt=f"an empty snapshot of {decoded.name}")
        channel.shown = {}
        _remember(channel.shown, seen)
        if decoded.name == POSITIONS_CHANNEL:
            self._open.clear()  # what it shows is all there is
            self._note(channel.shown.values())
        at = decoded.venue_time
        if not gone or at is None:
            return decoded
        received = max(event.received for event in seen.values())
        closed = tuple(_closed(event, at, received) for event in gone)
        return replace(decoded, events=(*decoded.events, *closed))


def _key(event: _Row) -> _Key:
    return event.asset if isinstance(event, BalanceChanged) else (event.symbol, event.side, event.margin_mode)


def _remember(shown: dict[_Key, _Row], rows: Mapping[_Key, _Row]) -> None:
    for key, event in rows.items():
        held = event.wallet if isinstance(event, BalanceChanged) else event.quantity
        if held:
            shown[key] = event
        else:
            shown.pop(key, None)


def _closed(event: _Row, at: float, received: float) -> Event:
    if isinstance(event, BalanceChanged):
        # All of it is gone: what was owed and held back with it.
        nothing = Balance(asset=event.asset, wallet=0.0, cross_wallet=0.0, withdrawable=0.0)
        return replace(event, wallet=0.0, cross_wallet=0.0, venue_time=at, received=received, row=nothing)
    return replace(
        event, quantity=0.0, entry_price=None, isolated_wallet=None, venue_time=at, received=received, row=None
    )
