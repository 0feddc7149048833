"""One socket, many rows: the ledger of all topics on it, and the part of it that is one account's. Pure.

The venue lets one address of ours open ten sockets and follow ten users on them together; one socket is enough for all
of it. So the topics of every account are on the market's, and each account still has a row of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from monitor.domain.events import FeedDown, FeedUp
from monitor.domain.frames import Decoded, FrameKind
from monitor.domain.names import Venue
from monitor.domain.view import FeedStatus
from monitor.venues.ledger import KEPT_CHARACTERS, Counters, Ledger, Row
from monitor.venues.private import STREAM
from monitor.venues.subscriptions import LedgerLimits

_ADDRESS = re.compile(r"\|0x[0-9a-zA-Z]*")
_BARE_ADDRESS = re.compile(rb"0x[0-9a-fA-F]{4,}")
SHOWN_BYTES = 4 * KEPT_CHARACTERS  #: of a frame that cannot be read: more than is kept of it
POLLED = "polled"  #: the phase of an account that is not streamed, as it should be


def row_of(account: str) -> str:
    """The row of an account among those of the socket."""
    return f"{STREAM} {account}"


class SharedLedger(Ledger):
    """All topics of the socket. What it shows and tells of itself are the market's rows; accounts show their own."""

    def __init__(self, venue: Venue, market_rows: tuple[str, ...], accounts: Iterable[str], limits: LedgerLimits):
        names = tuple(accounts)
        super().__init__(venue, None, (), limits, rows=(*market_rows, *map(row_of, names)))
        self._market_rows = market_rows
        self.of = {name: AccountLedger(venue, name, self) for name in names}
        self._told = dict.fromkeys(market_rows)

    def count(self, decoded: Decoded, raw: bytes, received: float, offset_seconds: float, route: str = "") -> Counters:
        """Count a frame, and return where. What is kept of one that cannot be read names no address."""
        bad = decoded.problems or decoded.kind is FrameKind.MALFORMED
        shown = _BARE_ADDRESS.sub(b"0x...", raw[:SHOWN_BYTES]) if bad else raw
        return super().count(decoded, shown, received, offset_seconds, route)

    def edges(self, now: float) -> tuple[FeedUp | FeedDown, ...]:
        """What changed, in the market's rows and in those of accounts."""
        return (*super().edges(now), *(edge for one in self.of.values() for edge in one.edges(now)))

    def statuses(self) -> tuple[FeedStatus, ...]:
        """The market's rows."""
        return tuple(one for one in super().statuses() if one.stream in self._market_rows)

    def row(self, stream: str) -> Row:
        """What is shown of a row. Its topics hold addresses: reasons go by the name of the stream alone."""
        row = super().row(stream)
        return Row(row.phase, row.up, _without_addresses(row.reason), row.down)


class AccountLedger(Ledger):
    """One account's row on the shared socket. `polled` says, in words, why it has none; "" where it is streamed."""

    def __init__(self, venue: Venue, account: str, shared: SharedLedger) -> None:
        super().__init__(venue, account, (), shared.limits, rows=(STREAM,))
        self._shared, self._key = shared, row_of(account)
        self.counters = {STREAM: shared.counters[self._key]}
        self.polled = ""

    def row(self, stream: str) -> Row:
        """What is shown of it."""
        if self._stopped:
            return super().row(stream)
        return Row(POLLED, True, self.polled) if self.polled else self._shared.row(self._key)

    def follow(self, topics: Iterable[str], *, first_seconds: float | None, quiet: Iterable[str]) -> None:
        """From now on these topics are wanted of the account; none: nothing is."""
        self._stopped = ""
        self._shared.want(self._key, topics, first_seconds=first_seconds, quiet=tuple(quiet))

    def doubt(self, topic: str, why: str, now: float) -> None:
        """Something else shows what this topic does not tell."""
        attempt = self._shared.attempts.get("")
        if attempt is not None:
            attempt.doubt(topic, why, now)

    def statuses(self) -> tuple[FeedStatus, ...]:
        """The row."""
        self.missed = {STREAM: self._shared.missed.get(self._key, 0)}
        return super().statuses()


def _without_addresses(reason: str) -> str:
    """Topics in a reason by their type: «spotState|0x…» is «spotState»."""
    return _ADDRESS.sub("", reason)
