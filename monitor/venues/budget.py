"""The request weight of one venue and address: a pure account of it, and a gate that makes callers wait.

The venue counts weight in whole minutes of its own clock and says its count with each answer; others may use the same
address, so its count is the truth and ours only bridges what is under way. We use at most a share of the limit.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import IntEnum

from monitor.domain.clock import Clock
from monitor.domain.errors import RateLimited
from monitor.domain.names import Venue
from monitor.domain.view import Budget

WINDOW_SECONDS = 60.0  #: in which most venues count
TOLD_WAIT_SECONDS = 3.0  #: a request that must wait for longer says so
PLANNED_SHARE = 0.85  #: of what we may use; the rest is for readings that events ask for
EDGE_SECONDS = 2.0  #: so long after a minute began by our reckoning, the venue may still be counting the one before


class Priority(IntEnum):
    """Who goes first. The share of our budget that a priority may fill is `SHARES`."""

    NEEDED = 0  #: account truth, keys, clock
    USEFUL = 1  #: nice to have: seeds of statistics


SHARES = {Priority.NEEDED: 1.0, Priority.USEFUL: 0.5}


class WeightBudget:
    """What may be asked, and when. Times are seconds since 1970 by the venue's clock; it reads no clock itself."""

    def __init__(
        self, venue: Venue, limit_per_minute: int, share: float = 0.6, window_seconds: float = WINDOW_SECONDS
    ) -> None:
        """`window_seconds`: where a venue counts in shorter windows than minutes, all that is said of a minute here is
        meant of one of them.
        """
        self.venue = venue
        self.limit_per_minute = limit_per_minute
        self._window = window_seconds
        self.share = share
        self._sent: deque[tuple[float, int]] = deque()
        self._sent_weight = 0
        self._in_flight = 0
        self._measured = 0
        self._measured_minute = -1
        self._measured_at = float("-inf")
        self._hold_until = 0.0
        self.banned_until: float | None = None

    @property
    def allowed(self) -> float:
        """Weight a minute that we let the address reach."""
        return self.share * self.limit_per_minute

    def used(self, now: float) -> float:
        """Weight used, the larger of ours over the last minute and the venue's count with what is under way."""
        self._forget(now)
        measured = self._measured if self._minute(now) == self._measured_minute else 0
        return max(float(self._sent_weight), float(measured + self._in_flight))

    def wait(self, weight: int, now: float, priority: Priority = Priority.NEEDED) -> float:
        """Seconds until a request of this weight may be sent; 0: now. Asking does not take it, `take` does.

        A request heavier than the whole allowance goes once nothing else was used: it could never go otherwise.
        """
        if now < self._hold_until:
            return self._hold_until - now
        room = self.allowed * SHARES[priority]
        used = self.used(now)
        if used + weight <= room or used == 0:
            return 0.0
        waits = []
        if self._measured_minute == self._minute(now) and self._measured + self._in_flight + weight > room:
            waits.append((self._measured_minute + 1) * self._window - now)
        over = self._sent_weight + weight - room
        for at, sent in self._sent:
            if over <= 0:
                break
            over -= sent
            if over <= 0:
                waits.append(at + self._window - now)
        return max([0.001, *waits])

    def words(self, now: float, priority: Priority = Priority.NEEDED) -> str:
        """Why a request waits."""
        used, room = self.used(now), self.allowed * SHARES[priority]
        window = "this minute" if self._window == WINDOW_SECONDS else f"in {self._window:g} s"
        return f"the readings wait for the request budget: used {used:.0f} of {room:.0f} {window}"

    def take(self, weight: int, now: float) -> None:
        """A request of this weight is sent."""
        self._sent.append((now, weight))
        self._sent_weight += weight
        self._in_flight += weight

    def settle(self, weight: int, measured: int | None, now: float, asked: float | None = None) -> None:
        """It was answered, or lost. `measured` is the venue's own count in the answer, None where it said none; `asked`
        is when it was sent (None: just now).

        The count is of the minute in which the venue answered, which is somewhere between `asked` and `now`, by a clock
        that we know only roughly. A count of the minute before, taken for the new one's, would have us stand still, or
        creep, for a whole minute; so what goes on where the minute before stopped belongs to that one, and a count that
        fell between two requests that did not overlap is a new minute's, whatever our clock says.
        """
        asked = now if asked is None else asked
        self._in_flight -= weight
        minute = self._minute(now)
        if measured is None:
            # Nothing was said: what we sent counts as used, the venue's next word corrects it.
            if minute == self._measured_minute:
                self._measured += weight
            return
        if self._of_the_minute_before(measured, now, asked):
            minute -= 1
        anew = minute > self._measured_minute or asked > self._measured_at
        if anew or (minute == self._measured_minute and measured > self._measured):
            self._measured, self._measured_minute, self._measured_at = measured, minute, now

    def _of_the_minute_before(self, measured: int, now: float, asked: float) -> bool:
        minute = self._minute(now)
        if self._measured_minute >= minute or now - minute * self._window >= EDGE_SECONDS + (now - asked):
            return False
        if self._measured_minute == minute - 1:
            return measured >= self._measured
        return self._minute(asked) < minute

    def hold(self, until: float, *, banned: bool = False) -> None:
        """No request before `until`: the venue said so."""
        self._hold_until = max(self._hold_until, until)
        if banned:
            self.banned_until = max(self.banned_until or 0.0, until)

    def held_until(self, now: float) -> float | None:
        """Until when no request may be sent, None if they may."""
        return self._hold_until if now < self._hold_until else None

    def stretch(self, planned_per_minute: float, now: float) -> float:
        """By which factor (≥ 1) all intervals must grow so that the planned weight fits beside what others use."""
        self._forget(now)
        in_minute = self._minute(now) == self._measured_minute
        others = max(0.0, self._measured - self._sent_weight) if in_minute else 0.0
        room = max(0.05 * self.allowed, PLANNED_SHARE * self.allowed - others)
        return max(1.0, planned_per_minute * self._window / 60.0 / room)

    def view(self, now: float) -> Budget:
        """What the outputs show."""
        banned = self.banned_until if self.banned_until is not None and now < self.banned_until else None
        return Budget(venue=self.venue, used_ratio=self.used(now) / self.limit_per_minute, banned_until=banned)

    def _forget(self, now: float) -> None:
        while self._sent and self._sent[0][0] <= now - self._window:
            self._sent_weight -= self._sent.popleft()[1]

    def _minute(self, now: float) -> int:
        return int(now // self._window)


class Gate:
    """Callers pass one after the other, each when the budget has room. While the venue holds us off, none passes."""

    def __init__(self, budget: WeightBudget, clock: Clock) -> None:
        self.budget, self._clock = budget, clock
        self.offset_seconds = 0.0  #: venue clock minus ours: the venue counts in minutes of its own
        self._turn = {priority: asyncio.Lock() for priority in Priority}

    def now(self) -> float:
        """The venue's time."""
        return self._clock.now() + self.offset_seconds

    def check(self, what: str) -> None:
        """Raise `RateLimited` while the venue holds us off; its `until` is by our own clock."""
        until = self.budget.held_until(self.now())
        if until is not None:
            raise RateLimited(self.budget.venue, what, "the venue told us to stop", until - self.offset_seconds)

    @asynccontextmanager
    async def request(
        self, what: str, weight: int, priority: Priority = Priority.NEEDED, waits: Callable[[str], None] | None = None
    ) -> AsyncIterator[MeasuredRequest]:
        """Wait for room, then hold it while the request runs; raises `RateLimited` instead of waiting out a ban.

        `waits` is told once, in words, where that takes long.
        """
        told = self._tell(weight, priority, waits)  # before its turn: who waits behind another waits for the budget too
        async with self._turn[priority]:
            while True:
                self.check(what)
                wait = self.budget.wait(weight, self.now(), priority)
                if wait <= 0:
                    break
                told = told or self._tell(weight, priority, waits)
                await self._clock.sleep(wait)
            asked = self.now()
            self.budget.take(weight, asked)
        request = MeasuredRequest()
        try:
            yield request
        finally:
            self.budget.settle(weight, request.measured, self.now(), asked)

    def _tell(self, weight: int, priority: Priority, waits: Callable[[str], None] | None) -> bool:
        now = self.now()
        long = self.budget.wait(weight, now, priority) >= TOLD_WAIT_SECONDS and self.budget.held_until(now) is None
        if long and waits is not None:
            waits(self.budget.words(now, priority))
        return long


class MeasuredRequest:
    """A request under way; whoever has the answer notes the venue's count here."""

    __slots__ = ("measured",)

    def __init__(self) -> None:
        self.measured: int | None = None
