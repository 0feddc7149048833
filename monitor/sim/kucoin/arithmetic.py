"""KuCoin's formulas, one function each, in plain numbers. `sign` is +1 for long, -1 for short; sizes are positive."""

from __future__ import annotations

import math
from collections.abc import Sequence

from monitor.sim.kucoin.listing import Band, Tier

HIGHEST = math.inf


def continuous_rate(size: float, m: float, lev_constant: float, limit: float) -> float:
    """The maintenance rate of cross margin, which grows with the size of the position."""
    return min(limit, (1.0 + size / m) / (2.0 * lev_constant))


def value(lots: float, multiplier: float, price: float) -> float:
    """What lots (signed) are worth in the settlement coin; an inverse long is worth less than nothing."""
    return lots * multiplier / price if multiplier < 0.0 else lots * multiplier * price


def isolated_bankruptcy(sign: float, size: float, entry: float, margin: float, *, inverse: bool) -> float:
    """Where an isolated position's margin is gone. Linear: `size` in coins; inverse: in USD."""
    if not inverse:
        return entry - sign * margin / size
    left = size / entry + sign * margin
    return size / left if left > 0.0 else HIGHEST


def isolated_liquidation(sign: float, size: float, entry: float, margin: float, rate: float, *, inverse: bool) -> float:
    """Where maintenance at `rate` (fee included) is all that an isolated position's margin still holds."""
    if not inverse:
        return (size * entry - sign * margin) / (size * (1.0 - sign * rate))
    left = size / entry + sign * margin
    return size * (1.0 + sign * rate) / left if left > 0.0 else HIGHEST


def cross_bankruptcy(sign: float, mark: float, buffer: float, *, inverse: bool) -> float:
    """Where the margin would be gone if every position went against its holder by the same fraction.

    `buffer`: the margin over what all positions are worth.
    """
    if not inverse:
        return mark * (1.0 - sign * buffer)
    left = 1.0 + sign * buffer
    return mark / left if left > 0.0 else HIGHEST


def cross_liquidation(sign: float, mark: float, buffer: float, rate: float, *, inverse: bool) -> float:
    """The price printed in cross margin; `rate` with the closing fee."""
    if not inverse:
        return mark * (1.0 - sign * buffer) / (1.0 - sign * rate)
    left = 1.0 + sign * buffer
    return mark * (1.0 + sign * rate) / left if left > 0.0 else HIGHEST


def tier_rate(notional: float, tiers: Sequence[Tier]) -> Tier:
    """The tier of the unified account that a notional falls into; beyond the last one, that."""
    return next((tier for tier in tiers if notional <= tier.most), tiers[-1])


def counted(coins: float, bands: Sequence[Band]) -> float:
    """How many coins count as collateral; what is owed counts whole."""
    if coins <= 0.0:
        return coins
    total, below = 0.0, 0.0
    for band in bands:
        total += max(0.0, min(coins, band.most) - below) * band.share
        below = band.most
    return total


def over(numerator: float, denominator: float) -> float:
    """A ratio of which 1 is the end: infinite where there is nothing to hold what is there."""
    if numerator <= 0.0:
        return 0.0
    return numerator / denominator if denominator > 0.0 else math.inf
