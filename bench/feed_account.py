"""The account behind the feed rows: live and at peace, so that no alert stands and none has to be looked at."""

from __future__ import annotations

from dataclasses import replace

from bench.kernel_account import Held, opening
from monitor.domain.accounts import Permissions, VenuePosition
from monitor.domain.events import AccountSnapshot, Event, PermissionsRead

READS = Permissions(can_read=True, can_trade=False, can_withdraw=False, can_transfer=False)


def calm(held: Held, at: float) -> list[Event]:
    """What makes the account live; the venue's own figures, which are made up there, are left out."""
    return [_calmed(event) for event in opening(held, at)]


def _calmed(event: Event) -> Event:
    if isinstance(event, AccountSnapshot):
        return replace(event, positions=tuple(replace(one, venue=VenuePosition()) for one in event.positions))
    return replace(event, permissions=READS) if isinstance(event, PermissionsRead) else event
