"""What a simulated venue that never rests has at every venue: things that happen again and again, each at its own
intervals; mishaps that end; crashes from which the market comes back.

Everything is rolled from one seed. What people do and what fails keeps real time; crashes keep the market's own time,
so they come more often in a quicker market.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from monitor.sim.faults import Faults
from monitor.sim.mishap import Mishap
from monitor.sim.venue import SimVenue

CRASHES = (0.06, 0.22)  #: how far a crash goes

Say = Callable[[str], None]
Act = Callable[[], None]
V = TypeVar("V", bound=SimVenue[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often things happen: seconds of our time between two of a kind, on average; crashes in the market's time."""

    trade_seconds: float = 2.0
    deed_seconds: float = 12.0
    mishap_seconds: float = 25.0
    mishap_lasts_seconds: tuple[float, float] = (2.0, 8.0)
    crash_market_seconds: float = 1200.0
    crash_lasts_market_seconds: float = 120.0
    listing_seconds: float = 45.0
    listed: int = 3  #: how many new contracts are listed at a time; the oldest goes when one more comes


USUAL = Pace()


class Rounds(Generic[V]):
    """One venue's life. `live` goes on until it is cancelled; `rest` and `resume` stop and go on."""

    def __init__(
        self, sim: V, faults: Faults, mishaps: Sequence[Mishap[V]], dice: random.Random, pace: Pace, say: Say
    ) -> None:
        """Nothing happens before `begin`."""
        self._sim, self._faults, self._mishaps, self._dice = sim, faults, mishaps, dice
        self._pace, self._say = pace, say
        self._resting = False
        self._speed = sim.speed
        self._every: dict[Act, Callable[[], float]] = {}
        self._due: dict[Act, float] = {}
        self._ends: float | None = None  #: when the present mishap is over
        self._recovers: tuple[float, float] | None = None  #: when the market turns, and by which ratio

    def begin(self, acts: Sequence[tuple[Act, Callable[[], float]]]) -> None:
        """From now on each act happens about every so many seconds."""
        self._every = dict(acts)
        now = self._sim.clock.now()
        self._due = {act: now + self._soon(every()) for act, every in acts}

    async def live(self) -> None:
        """Go on for ever."""
        while True:
            moments = [*self._due.values(), *([self._ends] if self._ends else [])]
            await self._sim.clock.sleep(max(0.001, min(moments) - self._sim.clock.now()))
            if not self._resting:
                self.step()

    def step(self) -> None:
        """Do all that is due."""
        now = self._sim.clock.now()
        if self._ends is not None and self._ends <= now:
            self._ends = None
            self._faults.clear()
        if self._recovers is not None and self._recovers[0] <= now:
            self._sim.market.move(self._recovers[1], self._pace.crash_lasts_market_seconds)
            self._recovers = None
        for act, due in self._due.items():
            if due <= now:
                self._due[act] = now + self._soon(self._every[act]())
                act()

    def rest(self, speed: float) -> None:
        """Nobody trades and nothing fails; the market goes on at `speed`."""
        self._resting, self._speed = True, self._sim.speed
        self._sim.speed = speed
        self._faults.clear()
        self._ends = None

    def resume(self) -> None:
        """Go on as before."""
        self._resting = False
        self._sim.speed = self._speed

    # what happens everywhere

    def _soon(self, seconds: float) -> float:
        return seconds * self._dice.uniform(0.5, 1.5)

    def _mishap(self) -> None:
        if self._ends is not None:
            return
        mishap = self._dice.choice(self._mishaps)
        self._ends = self._sim.clock.now() + self._dice.uniform(*self._pace.mishap_lasts_seconds)
        self._say(f"Something goes wrong: {mishap.words}.")
        mishap.strike(self._sim, self._dice)

    def _crash(self) -> None:
        """All coins fall (or jump: it is the shorts' turn), and come back some time later."""
        if self._recovers is not None:
            return
        ratio = self._dice.uniform(*CRASHES)
        lasts = self._pace.crash_lasts_market_seconds
        signed = -ratio if self._dice.random() < 0.6 else ratio
        self._sim.market.move(signed, lasts)
        back = self._sim.clock.now() + 2.0 * lasts / self._sim.speed
        self._recovers = (back, 1.0 / (1.0 + signed) - 1.0)
        self._say(f"The market {'falls' if signed < 0 else 'jumps'} by {ratio:.0%}.")


def unsaid(_: str) -> None:
    """Nobody listens."""
