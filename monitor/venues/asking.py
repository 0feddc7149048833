"""What the clients of all rooms have in common: the venue's clock, bans of our address, and what could not be read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from monitor.domain.clock import Clock
from monitor.domain.errors import MalformedAnswer, RateLimited
from monitor.domain.events import Banned, ClockRead
from monitor.domain.names import Venue
from monitor.domain.view import Budget
from monitor.venues.budget import Gate
from monitor.venues.ledger import KEPT_FRAMES, shortened
from monitor.venues.rest import Answer, Rest
from monitor.venues.session import Emit

CLOCK_SAMPLES = 3


class VenueClient(ABC):
    """A room's client adds how it asks. Its gates share one address: a ban closes all of them."""

    def __init__(self, venue: Venue, rest: Rest, gates: Sequence[Gate], emit: Emit, clock: Clock) -> None:
        """The first of `gates` is the one that is shown."""
        self.budget = gates[0].budget
        self.offset_seconds: float | None = None
        self.malformed: deque[str] = deque(maxlen=KEPT_FRAMES)  #: answers that were no data at all, shortened
        self._venue, self._rest, self._all_gates = venue, rest, tuple(gates)
        self._emit, self._clock = emit, clock

    @abstractmethod
    async def _ask_time(self) -> Answer:
        """Ask the venue what time it is; a skewed clock does not matter here."""

    @abstractmethod
    def _time_in(self, answer: Answer) -> float:
        """The venue's time in that answer, seconds since 1970. Raises `MalformedAnswer`."""

    def venue_now(self) -> float:
        """The venue's time as far as we know it."""
        return self._all_gates[0].now()

    async def measure_clock(self) -> tuple[Answer, ...]:
        """Measure the venue's clock and use it: the sample with the shortest way there and back counts."""
        said = [await self._ask_time() for _ in range(CLOCK_SAMPLES)]
        samples = []
        for answer in said:
            middle = (answer.asked + answer.received) / 2
            samples.append((answer.received - answer.asked, self._time(answer) - middle))
        round_trip, offset = min(samples)
        self.offset_seconds = offset
        self._rest.apply_offset(offset)
        for gate in self._all_gates:
            gate.offset_seconds = offset
        self._emit(ClockRead(self._venue, offset, round_trip, self._clock.now()))
        return tuple(said)

    def _time(self, answer: Answer) -> float:
        try:
            return self._time_in(answer)
        except MalformedAnswer as exc:
            self.keep(exc, answer)
            raise

    def hold(self, error: RateLimited, *, banned: bool, apart_seconds: float = 1.0) -> None:
        """Let nothing pass before the time that the venue named. Bans that end within `apart_seconds` are one: requests
        that were under way are refused too.
        """
        known = self.budget.banned_until or 0.0
        for gate in self._all_gates:
            gate.budget.hold(error.until + gate.offset_seconds, banned=banned)
        if banned and (self.budget.banned_until or 0.0) > known + apart_seconds:
            self._emit(Banned(self._venue, error.until, self._clock.now()))

    def keep(self, exc: MalformedAnswer, answer: Answer) -> None:
        """Keep what could not be read, for diagnosis."""
        self.malformed.append(shortened(f"{exc.what}: {exc.why}", answer.body))

    def view(self) -> Budget:
        """What we use of what our address may ask, with times by our own clock."""
        budget = self.budget.view(self.venue_now())
        if budget.banned_until is None:
            return budget
        return replace(budget, banned_until=budget.banned_until - (self.offset_seconds or 0.0))

    async def close(self) -> None:
        """Let go of connections."""
        await self._rest.close()
