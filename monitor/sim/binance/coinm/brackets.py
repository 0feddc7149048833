"""Brackets of the simulated COIN-M contracts: floors and caps in the coin, as the venue prints them.

The numbers are the simulator's own, of the size that the venue's are; `cum` is worked out so that nothing jumps.
"""

from __future__ import annotations

from monitor.domain.names import Asset
from monitor.sim.binance.brackets import Bracket

_ROWS: dict[Asset, tuple[tuple[int, float, float], ...]] = {
    "BTC": (
        (125, 5.0, 0.004),
        (100, 10.0, 0.005),
        (50, 20.0, 0.01),
        (20, 50.0, 0.025),
        (10, 100.0, 0.05),
        (5, 200.0, 0.10),
        (4, 400.0, 0.125),
        (3, 1_000.0, 0.15),
        (2, 1_500.0, 0.25),
        (1, 1_000_000.0, 0.5),
    ),
    "ETH": (
        (100, 15.0, 0.005),
        (75, 100.0, 0.0065),
        (50, 500.0, 0.01),
        (25, 1_500.0, 0.02),
        (10, 2_500.0, 0.05),
        (5, 5_000.0, 0.10),
        (4, 10_000.0, 0.125),
        (2, 20_000.0, 0.25),
        (1, 10_000_000.0, 0.5),
    ),
}
_OTHERS: tuple[tuple[int, float, float], ...] = ((20, 5_000.0, 0.02), (10, 20_000.0, 0.05), (2, 1e9, 0.25))


def of(coin: Asset) -> tuple[Bracket, ...]:
    """The brackets of every contract on a coin."""
    rows: list[Bracket] = []
    floor = cum = rate = 0.0
    for number, (leverage, cap, next_rate) in enumerate(_ROWS.get(coin, _OTHERS), start=1):
        cum += floor * (next_rate - rate) if rows else 0.0
        rate = next_rate
        rows.append(Bracket(number, leverage, cap, floor, rate, cum))
        floor = cap
    return tuple(rows)
