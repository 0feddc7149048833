"""Somebody who trades by a script at any simulated venue, and how far prices are from where a script wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

A = TypeVar("A")

FARTHEST = 0.95  #: of all prices: beyond, nothing is looked for
STEPS, HALVINGS = 200, 50


@dataclass(frozen=True, slots=True)
class Deed(Generic[A]):
    """At `at_seconds` after the start: do `act` with the account."""

    at_seconds: float
    act: Callable[[A], object]


class ScriptedTrader(Generic[A]):
    """Does one deed after the other, each at its time; append it to the venue's `traders`.

    The script begins when the venue first calls, and again from the start after `again_seconds` (None: never).
    """

    def __init__(
        self,
        account: A,
        now: Callable[[], float],
        deeds: Sequence[Deed[A]],
        *,
        again_seconds: float | None = None,
    ) -> None:
        if again_seconds is not None and deeds and again_seconds <= max(deed.at_seconds for deed in deeds):
            raise ValueError(f"the script is longer than the {again_seconds} s after which it begins again")
        self._account, self._now, self._again = account, now, again_seconds
        self._deeds = sorted(deeds, key=lambda deed: deed.at_seconds)
        self._began: float | None = None
        self._done = 0

    def __call__(self) -> None:
        """Do all that is due."""
        now = self._now()
        if self._began is None or (self._again is not None and now - self._began >= self._again):
            self._began, self._done = now, 0
        while self._done < len(self._deeds) and self._deeds[self._done].at_seconds <= now - self._began:
            self._done += 1
            self._deeds[self._done - 1].act(self._account)


def move_until(there: Callable[[float], bool], *, direction: float = -1.0) -> float | None:
    """The smallest move of all prices (-0.15: a fall by 15 %) at which it is so; 0.0 where it is so already.

    `direction` -1: a fall, +1: a rise. None where no move up to 95 % (a rise: to twenty times) does it.
    """
    if there(0.0):
        return 0.0
    farthest = -FARTHEST if direction < 0.0 else 1.0 / (1.0 - FARTHEST) - 1.0
    before = 0.0
    for step in range(1, STEPS + 1):
        after = farthest * step / STEPS
        if there(after):
            for _ in range(HALVINGS):
                middle = (before + after) / 2.0
                before, after = (before, middle) if there(middle) else (middle, after)
            return after
        before = after
    return None
