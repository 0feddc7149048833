"""What a fill does to a position: what it is worth, what it realizes, the entry price after it, and the venue's own
scenarios with it in them. docs/kernel.md, «Fills».

Sizes are signed and in what one price multiplies: coins for a linear contract, units of the quote for an inverse one.
Results are in the settlement asset.
"""

from __future__ import annotations

from collections.abc import Sequence

Columns = tuple[tuple[float, ...], ...]


def value_of(size: float, price: float, *, inverse: bool) -> float:
    """What a size is worth at a price; >= 0."""
    return abs(size) / price if inverse else abs(size) * price


def realized(size: float, entry: float, price: float, *, inverse: bool) -> float:
    """What a size opened at `entry` has won when it is closed at `price`."""
    return size * (1.0 / entry - 1.0 / price) if inverse else size * (price - entry)


def entry_after(held: float, entry: float, more: float, price: float, *, inverse: bool) -> float:
    """The entry price of what is held and what is added to it at `price`, on the same side."""
    if inverse:
        return (held + more) / (held / entry + more / price)
    return (held * entry + more * price) / (held + more)


def with_exposure(columns: Columns, moves: Sequence[float], exposure_usd: float) -> Columns:
    """Profits by move (columns of scenarios) with an exposure more, which wins or loses as its coin moves."""
    return tuple(
        tuple(profit + exposure_usd * move for profit, move in zip(column, moves, strict=True)) for column in columns
    )


def worst_loss(columns: Columns, moves: Sequence[float]) -> float:
    """The worst loss of the scenarios, from where the coin stands. `moves` must hold 0."""
    return columns[len(columns) // 2][moves.index(0.0)] - min(min(column) for column in columns)
