"""Somebody who trades at Bybit by a script, and how far prices are from where a script wants them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from monitor.sim.bybit.accounts import SimAccount

FARTHEST = 0.95  #: of all prices: beyond, nothing is looked for


@dataclass(frozen=True, slots=True)
class Deed:
    """At `at_seconds` after the start: do `act`."""

    at_seconds: float
    act: Callable[[SimAccount], object]


class ScriptedTrader:
    """Does one deed after the other, each at its time; append it to `SimBybit.traders`.

    The script begins when the venue first calls, and again from the start after `again_seconds` (None: never).
    """

    def __init__(
        self,
        account: SimAccount,
        now: Callable[[], float],
        deeds: Sequence[Deed],
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
        if self._began is None:
            self._began = now
        if self._again is not None and now - self._began >= self._again:
            self._began, self._done = now, 0
        while self._done < len(self._deeds) and self._deeds[self._done].at_seconds <= now - self._began:
            self._done += 1
            self._deeds[self._done - 1].act(self._account)


def move_to_rate(account: SimAccount, wanted_rate: float, direction: float = -1.0) -> float | None:
    """By how much (-0.15: a fall by 15 %) all coins must move for `accountMMRate` to reach `wanted_rate`.

    `direction` -1: a fall, +1: a rise. None where no move up to 95 % (a rise: to twenty times) does it, and in isolated
    mode, which has no rate.
    """
    book, prices = account.book(), account.prices()
    if account.mode is account.mode.ISOLATED:
        return None

    def rate(ratio: float) -> float:
        return account.book(prices.all_moved(ratio)).rate

    if book.rate >= wanted_rate:
        return 0.0
    farthest = -FARTHEST if direction < 0.0 else 1.0 / (1.0 - FARTHEST) - 1.0
    steps = 200
    before = 0.0
    for step in range(1, steps + 1):
        after = farthest * step / steps
        if rate(after) >= wanted_rate:
            for _ in range(50):
                middle = (before + after) / 2.0
                before, after = (middle, after) if rate(middle) < wanted_rate else (before, middle)
            return after
        before = after
    return None
