"""How far two computations of the same pool may lie apart on other processors: the bound of our figures, in words.

Our kernel promises |health(line)| <= 1e-9 of the sum of its absolute terms, against exact arithmetic. So two processors
differ by at most twice that. What it means for each figure of a report, with E equity, M maintenance and N the notional
of all legs in USD (every profit is a difference of two numbers of that size):

* amounts: with P the absolute profits, what was paid for the legs is at most N + P and the wallet |E| + P, so that
  S = |E| + |M| + 2 N + 2 P bounds the terms, and an amount may differ by 2e-9 S;
* the ratio M / E: by (1 + ratio) 2e-9 S / |E|;
* the distance d of a line: there the notional is at most (1 + d) N, and health, E - M above zero now, falls to zero on
  the way; as it is concave, it is at its line at least as steep as on the whole way, so d may differ by
  d 2e-9 S (1 + d) / (E - M).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from monitor.domain.reports import PoolReport

BOUND_RATIO = 1e-9  #: of the sum of absolute terms; design of the kernel, checked there against exact arithmetic


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far a figure of one pool may differ: amounts in USD, its margin ratio, and the distance of a line in it."""

    usd: float
    ratio: float
    equity_usd: float
    maintenance_margin_usd: float

    def distance(self, distance_ratio: float) -> float:
        """By how much a line at this distance may lie elsewhere; +inf where nothing is left to fall."""
        left = self.equity_usd - self.maintenance_margin_usd
        if left <= 0.0 or not math.isfinite(distance_ratio):
            return math.inf
        return distance_ratio * self.usd * (1.0 + distance_ratio) / left


def bounds(pool: PoolReport) -> Bounds:
    """The bounds of a pool's figures; those of an unknown figure are infinite, for nothing is compared there."""
    equity, maintenance, notional = pool.equity_usd, pool.maintenance_margin_usd, pool.gross_notional_usd
    if equity is None or maintenance is None or notional is None:
        return Bounds(math.inf, math.inf, math.nan, math.nan)
    profits = sum(abs(position.unrealized_pnl_usd or 0.0) for position in pool.positions)
    usd = 2.0 * BOUND_RATIO * (abs(equity) + abs(maintenance) + 2.0 * (notional + profits))
    ratio = math.inf
    if equity > 0.0:
        ratio = (1.0 + maintenance / equity) * usd / equity
    return Bounds(usd, ratio, equity, maintenance)
