"""The tables of the simulated portfolio margin: how far assets count as collateral, flat and by tiers.

Shapes are the venue's; the numbers are of the size that the venue's are.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset

LOAN_LEVERAGE = 10  #: of every asset
LOAN_MAINTENANCE_RATIO = 0.1  #: as in the worked example of Pro; the venue's table by leverage is not public

RATES: dict[Asset, float] = {
    "USDT": 1.0,
    "USDC": 1.0,
    "FDUSD": 0.999,
    "BTC": 0.95,
    "ETH": 0.95,
    "BNB": 0.95,
    "SOL": 0.9,
    "XRP": 0.9,
    "ADA": 0.85,
    "LINK": 0.85,
    "AVAX": 0.85,
    "DOGE": 0.85,
    "SHIB": 0.8,
}


@dataclass(frozen=True, slots=True)
class RateTier:
    """A whole amount worth from `floor` up to `cap` dollars counts for worth * rate + cum."""

    floor: float
    cap: float
    rate: float
    cum: float


_STEPS: dict[Asset, tuple[tuple[float, float], ...]] = {
    "USDT": ((10_000_000_000.0, 1.0),),
    "USDC": ((50_000_000.0, 1.0), (10_000_000_000.0, 0.98)),
    "BTC": ((100_000.0, 0.97), (2_000_000.0, 0.95), (10_000_000_000.0, 0.9)),
    "ETH": ((100_000.0, 0.97), (1_000_000.0, 0.95), (10_000_000_000.0, 0.88)),
}


def tiers(asset: Asset) -> tuple[RateTier, ...]:
    """How an asset counts in Pro; where a tier ends, nothing jumps."""
    rows: list[RateTier] = []
    floor = cum = rate = 0.0
    for cap, next_rate in _STEPS.get(asset, ((10_000_000_000.0, RATES.get(asset, 0.0)),)):
        cum += floor * (rate - next_rate) if rows else 0.0
        rate = next_rate
        rows.append(RateTier(floor, cap, rate, cum))
        floor = cap
    return tuple(rows)


def counted(asset: Asset, worth: float, *, tiered: bool) -> float:
    """What an amount worth so many dollars counts for; a debt counts in full."""
    if worth <= 0.0:
        return worth
    if not tiered:
        return min(worth, worth * RATES.get(asset, 0.0))
    row = next((row for row in tiers(asset) if worth <= row.cap), tiers(asset)[-1])
    return worth * row.rate + row.cum
