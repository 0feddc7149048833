"""What resting orders would open. One against a one-way position closes it first, the nearest before the others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from monitor.sim.kucoin.arithmetic import value
from monitor.sim.kucoin.holdings import BOTH, LONG, Order, Position


class Opening(NamedTuple):
    """An order and how many lots (positive) of it open something."""

    order: Order
    lots: float

    def worth(self, price: float) -> float:
        """What these lots are worth in the settlement coin; positive."""
        return abs(value(self.lots, self.order.spec.multiplier, price))


def opening(orders: Iterable[Order], positions: Sequence[Position]) -> list[Opening]:
    """The orders that are no mere exits, nearest to the mark first, each with what it opens."""
    left = {each.symbol: each.lots for each in positions if each.side == BOTH}
    found = []
    for order in sorted(orders, key=lambda one: -one.price if one.lots > 0.0 else one.price):
        lots, held = abs(order.lots), left.get(order.symbol, 0.0)
        if order.side != BOTH:
            if order.reduce_only or (order.side == LONG) is not (order.lots > 0.0):
                continue
        elif order.reduce_only:
            continue
        elif held * order.lots < 0.0:
            closed = min(lots, abs(held))
            left[order.symbol] = held + (closed if order.lots > 0.0 else -closed)
            lots -= closed
        if lots > 0.0:
            found.append(Opening(order, lots))
    return found
