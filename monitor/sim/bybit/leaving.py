"""What may leave an account of the simulated Bybit: of each coin, as if it alone left (API documents, 2026-07)."""

from __future__ import annotations

from monitor.domain.names import Asset
from monitor.sim.bybit.book import Book
from monitor.sim.bybit.holdings import MarginMode

_HALVINGS = 80


def may_leave(book: Book, coin: Asset) -> float:
    """How much of a coin may leave: what lies there and no order holds, and no more than the free balance allows after
    the coin's ratio."""
    row, figures = book.holdings.coin(coin), book.coin(coin)
    there = max(0.0, row.wallet - figures.locked)
    if book.holdings.mode is MarginMode.ISOLATED:
        added = sum(p.extra for p in book.holdings.open_positions() if book.prices.settle(p.symbol) == coin)
        return max(0.0, there - figures.position_initial - figures.order_initial - added)
    free = max(0.0, book.totals.available(book.holdings.mode)) / book.prices.usd_index(coin)
    backing = row.wallet - row.borrowed + figures.profit
    before = book.counted(coin, backing)
    if before - book.counted(coin, backing - there) <= free:
        return there
    low, high = 0.0, there
    for _ in range(_HALVINGS):
        middle = (low + high) / 2.0
        if before - book.counted(coin, backing - middle) <= free:
            low = middle
        else:
            high = middle
    return low
