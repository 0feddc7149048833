"""How far prices are from where a script wants an account of the simulated Hyperliquid to stand."""

from __future__ import annotations

from monitor.sim.hyperliquid.accounts import SimAccount
from monitor.sim.hyperliquid.listing import FIRST
from monitor.sim.hyperliquid.reading import Reading

FARTHEST = 0.95  #: of all prices: beyond, nothing is looked for
STEPS = 200
HALVINGS = 60


def move_to_ratio(
    account: SimAccount, wanted_ratio: float, *, dex: str = FIRST, direction: float = -1.0
) -> float | None:
    """By how much (-0.15: a fall by 15 %) all coins must move for maintenance over what backs it to come up to
    `wanted_ratio` in the pool of `dex`. None if no move up to 95 % does it.
    """

    def ratio(move: float) -> float:
        marks = {coin: account.board.mark(coin) * (1.0 + move) for coin in account.positions}
        return Reading(account, marks).ratio(dex)

    before = 0.0
    for step in range(STEPS + 1):
        move = direction * FARTHEST * step / STEPS
        if ratio(move) >= wanted_ratio:
            break
        before = move
    else:
        return None
    for _ in range(HALVINGS):
        middle = (before + move) / 2.0
        if ratio(middle) >= wanted_ratio:
            move = middle
        else:
            before = middle
    return move
