"""Somebody who trades by a script at any simulated venue."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

A = TypeVar("A")


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
