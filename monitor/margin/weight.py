"""What a pool's lines cost, told from its shape alone: so that a pool that is hard to search is searched less often."""

from __future__ import annotations

from monitor.margin.pool import Holding, Pool

#: Each weighs as much as so many plain legs (measured: some 15 µs of a core for each leg of a report).
BENT, OPTION, GRID = 40, 25, 60


def weight(pool: Pool) -> int:
    """In plain legs; each holding whose curve bends or that may be borrowed, loan, option and grid weighs many."""
    bent = sum(_bends(holding) for holding in pool.holdings) + len(pool.debts)
    options = sum(leg.option is not None for leg in pool.legs)
    return len(pool.legs) + BENT * bent + OPTION * options + GRID * len(pool.grids)


def _bends(holding: Holding) -> bool:
    return len(holding.collateral.steps) > 1 or holding.borrow is not None
