"""How far prices are from where a script wants an account of the simulated Bybit to stand."""

from __future__ import annotations

from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.scripts import move_until


def move_to_rate(account: SimAccount, wanted_rate: float, direction: float = -1.0) -> float | None:
    """By how much (-0.15: a fall by 15 %) all coins must move for `accountMMRate` to reach `wanted_rate`.

    `direction` -1: a fall, +1: a rise. None where no move up to 95 % (a rise: to twenty times) does it, and in isolated
    mode, which has no rate.
    """
    if account.mode is account.mode.ISOLATED:
        return None
    prices = account.prices()

    def near(move: float) -> bool:
        return account.book(prices.all_moved(move)).rate >= wanted_rate

    return move_until(near, direction=direction)
