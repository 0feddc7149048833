"""How far prices are from where a script wants an account of the simulated Bybit to stand."""

from __future__ import annotations

from monitor.sim.bybit.accounts import SimAccount

FARTHEST = 0.95  #: of all prices: beyond, nothing is looked for


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
