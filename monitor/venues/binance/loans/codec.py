"""Frames of spot margin's account streams to events: the risk stream, and balances over the socket API. Pure.

What a frame tells of balances or debts it tells only in part (assets without debts, or a debt without its assets),
and of a pair's wallet not even whose it is. So none of it changes what is believed: it says that there is something to
read.
"""

from __future__ import annotations

import msgspec

from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey, Venue
from monitor.venues.binance import codec
from monitor.venues.binance.loans.endpoints import IGNORED
from monitor.venues.binance.loans.isolated import level_warning
from monitor.venues.binance.user_events import Found, Handler, something_changed
from monitor.venues.fields import Loose, seconds

HINTS = frozenset({"USER_LIABILITY_CHANGE", "outboundAccountPosition", "balanceUpdate", "MARGIN_LEVEL_STATUS_CHANGE"})
"""Events after which the account is read again, whether or not they say anything else."""


class _Level(msgspec.Struct, gc=False):
    E: float
    s: str = ""
    l: Loose = None  # noqa: E741 - the venue's own name


def _level_changed(payload: bytes, account: AccountKey, received: float) -> Found:
    """A state of theirs that is not one of the calm ones warns; so does one that we do not know."""
    said = msgspec.json.decode(payload, type=_Level, strict=False)
    warning = level_warning(said.s, said.l, None, account, seconds("E", said.E), received)
    return Found() if warning is None else Found((warning,))


KINDS: dict[str, Handler] = {
    "MARGIN_LEVEL_STATUS_CHANGE": _level_changed,
    "USER_LIABILITY_CHANGE": something_changed,
    "outboundAccountPosition": something_changed,
    "balanceUpdate": something_changed,
}

SPEECH = codec.Speech(KINDS, frozenset(IGNORED), frozenset({"listenKeyExpired", "eventStreamTerminated"}))


def decode(raw: bytes | str, *, venue: Venue, account: AccountKey | None, received: float) -> Decoded:
    """One frame of either socket, as `codec.decode`."""
    return codec.decode(raw, venue=venue, account=account, received=received, speech=SPEECH)
