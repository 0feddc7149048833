"""When accounts that hold options are described anew for what these are priced with: now and then, not at each push."""

from __future__ import annotations

import math
from collections.abc import Iterable

from monitor.domain.names import AccountKey


class Repricing:
    """Whose options are priced otherwise since the account was described last, at most once in `every_seconds` each."""

    def __init__(self, every_seconds: float) -> None:
        self._every = every_seconds
        self._waiting: dict[AccountKey, None] = {}
        self._described: dict[AccountKey, float] = {}

    def due(self, more: Iterable[AccountKey], now: float) -> dict[AccountKey, None]:
        """Who is to be described now: of those that waited, and of `more`."""
        self._waiting |= dict.fromkeys(more)
        found = {account: None for account in self._waiting if self._ripe(account, now)}
        for account in found:
            del self._waiting[account]
        return found

    def described(self, account: AccountKey, now: float) -> None:
        """The account was described, with whatever its options are priced with."""
        self._described[account] = now
        self._waiting.pop(account, None)

    def forget(self, account: AccountKey) -> None:
        """The account is gone."""
        self._waiting.pop(account, None)
        self._described.pop(account, None)

    def next(self) -> float:
        """When the next step is wanted for those that wait; +inf: nobody does."""
        return min((self._described[account] + self._every for account in self._waiting), default=math.inf)

    def _ripe(self, account: AccountKey, now: float) -> bool:
        # A clock that was set back must not make anybody wait for a time that is long to come.
        return not 0.0 <= now - self._described.get(account, -math.inf) < self._every
