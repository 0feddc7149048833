"""Identifiers. Keys carry everything that tells two things apart, so that no lookup depends on context."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

Venue = str  #: lower case, as in the configuration: the room that speaks the venue's protocol
Asset = str  #: as the venue writes it, upper case ("USDT", "BTC"); "USD" is the unit of account
Symbol = str  #: an instrument as its venue names it ("BTCUSDT")

USD: Asset = "USD"


class Side(StrEnum):
    """The side of a position; the sign of its quantity says the same."""

    LONG = "long"
    SHORT = "short"


class AccountKey(NamedTuple):
    """One account at one venue; `account` is the name that the user gave it, never an API key or an address."""

    venue: Venue
    account: str


class PoolKey(NamedTuple):
    """One pool of an account: `cross:USDT`, `multi-assets`, `isolated:BTCUSDT:long`."""

    venue: Venue
    account: str
    pool: str

    @property
    def owner(self) -> AccountKey:
        """The account that this pool belongs to."""
        return AccountKey(self.venue, self.account)


class PositionKey(NamedTuple):
    """One position of an account. In hedge mode the two sides of a symbol are two positions."""

    symbol: Symbol
    side: Side
