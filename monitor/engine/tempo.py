"""When each account is reported: at once where something was decided, else a little later, and a slice in each step."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable

from monitor.domain.names import AccountKey

REST_SECONDS = 0.005  #: after a full slice of what merely grew old, so that reports never take all the time there is
LEG_REST_SECONDS = 1e-4  #: the same for each leg that the slice weighs, where that is longer


class Tempo:
    """What is to be reported, in order. Urgent accounts come first, those asked for longest before the others.

    What is owed is due `every_seconds` after the account's last report (0: in the same step, without slices). A step
    takes accounts until they weigh `legs_per_step` legs; at least one of the urgent, and of the due at least one.
    """

    def __init__(self, every_seconds: float, legs_per_step: int) -> None:
        self._every, self._legs_per_step = every_seconds, legs_per_step
        self._urgent: dict[AccountKey, bool] = {}  #: whether a report is made though nothing seems to have changed
        self._owed: dict[AccountKey, float] = {}  #: when it is due
        self._queue: list[tuple[float, int, AccountKey]] = []  #: what is owed, and what was, by the time it is due
        self._asked = 0
        self._reported: dict[AccountKey, float] = {}
        self._rest_until = 0.0
        self._now = 0.0

    def urge(self, accounts: Iterable[AccountKey], *, surely: bool = True) -> None:
        """Report these accounts now; with `surely` False only where their state is found to be another."""
        for account in accounts:
            self._urgent[account] = self._urgent.get(account, False) or surely

    def owe(self, accounts: Iterable[AccountKey], now: float) -> None:
        """These accounts moved, and nothing was decided: report them when they are due."""
        for account in accounts:
            if account not in self._owed:
                self._owe(account, max(now, self._reported.get(account, -math.inf) + self._every))

    def forget(self, account: AccountKey) -> None:
        """The account is gone."""
        for kept in (self._urgent, self._owed, self._reported):
            kept.pop(account, None)

    def take(self, now: float, legs_of: Callable[[AccountKey], int]) -> dict[AccountKey, bool]:
        """What is reported in this step, and whether surely so; it is forgotten here. `legs_of` tells what it costs."""
        if now < self._now:
            self._set_back(now)
        self._now = now
        if not self._every:
            found = self._urgent | dict.fromkeys(self._owed, True)
            self._urgent, self._owed, self._queue = {}, {}, []
            return found
        found = {}
        legs = 0
        while self._urgent and (not found or legs < self._legs_per_step):
            account = next(iter(self._urgent))
            found[account] = self._urgent.pop(account)
            legs += max(1, legs_of(account))
        taken = False
        while now >= self._rest_until and self._next_due() <= now:
            if taken and legs >= self._legs_per_step:
                self._rest_until = now + max(REST_SECONDS, LEG_REST_SECONDS * legs)
                break
            account, taken = heapq.heappop(self._queue)[2], True
            found[account] = True
            del self._owed[account]
            legs += max(1, legs_of(account))
        return found

    def reported(self, account: AccountKey, now: float) -> None:
        """A report of the account was made: nothing is owed of it."""
        self._reported[account] = now
        self._owed.pop(account, None)

    def due(self) -> float | None:
        """When the next step is wanted, though nothing happens; None: never."""
        if self._urgent:
            return self._now
        return max(self._next_due(), self._rest_until) if self._owed else None

    def _owe(self, account: AccountKey, due: float) -> None:
        self._owed[account] = due
        self._asked += 1
        heapq.heappush(self._queue, (due, self._asked, account))

    def _next_due(self) -> float:
        """When the first of what is owed is due; entries of what is no longer owed are dropped on the way."""
        while self._queue:
            due, _, account = self._queue[0]
            if self._owed.get(account) == due:
                return due
            heapq.heappop(self._queue)
        return math.inf

    def _set_back(self, now: float) -> None:
        """The clock was set back: what is owed is due, so that nothing waits for a time that is long to come."""
        owed, self._owed, self._queue, self._rest_until = self._owed, {}, [], now
        self._reported.clear()
        self.owe(owed, now)
