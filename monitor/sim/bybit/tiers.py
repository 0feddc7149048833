"""Risk-limit tiers, collateral ratios and borrow tiers of the simulated Bybit.

BTCUSDT's first eleven tiers and ADAUSDT's are Bybit's (August 2026), the others are made up in their likeness.
Deductions of made-up tables follow from the edges, so that the requirement has no jump.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol

RISK_ID_START = 1


@dataclass(frozen=True, slots=True)
class RiskTier:
    """One tier: `cap` (inclusive, in the quote coin, or in the coin for inverse), rates as fractions."""

    id: int
    cap: float
    maintenance_rate: float
    initial_rate: float
    deduction: float

    @property
    def most_leverage(self) -> float:
        """The leverage that the initial rate admits."""
        return 1.0 / self.initial_rate


@dataclass(frozen=True, slots=True)
class Bracket:
    """A part of a coin's amount and what it counts as collateral; `to` None: without end."""

    start: float
    to: float | None
    ratio: float


@dataclass(frozen=True, slots=True)
class BorrowTier:
    """What a loan needs, up to `limit` of the coin in all."""

    limit: float
    maintenance_rate: float
    initial_rate: float


def risk_tiers(edges: Sequence[tuple[float, float]], first_id: int = RISK_ID_START) -> tuple[RiskTier, ...]:
    """Tiers from (cap, maintenance rate), each deduction such that the requirement is continuous."""
    found: list[RiskTier] = []
    for place, (cap, rate) in enumerate(edges):
        below = found[-1] if found else None
        deduction = below.deduction + below.cap * (rate - below.maintenance_rate) if below else 0.0
        found.append(RiskTier(first_id + place, cap, rate, round(2.0 * rate, 6), round(deduction, 8)))
    return tuple(found)


_MAJOR = (
    (2e6, 0.005),
    (2.6e6, 0.0056),
    (3.2e6, 0.0063),
    (3.8e6, 0.0067),
    (4.4e6, 0.0071),
    (5e6, 0.0077),
    (5.6e6, 0.0091),
    (8.5e6, 0.01),
    (10e6, 0.013),
    (14e6, 0.015),
    (20e6, 0.016),
)
_MINOR = ((200e3, 0.0075), (300e3, 0.01), (500e3, 0.015), (900e3, 0.02), (2e6, 0.03), (5e6, 0.05))
_INVERSE_BTC = ((150.0, 0.005), (300.0, 0.01), (450.0, 0.015), (600.0, 0.02))
_INVERSE_ETH = ((3_000.0, 0.01), (6_000.0, 0.015), (9_000.0, 0.02))

RISK_LIMITS: Mapping[Symbol, tuple[RiskTier, ...]] = {
    "BTCUSDT": risk_tiers(_MAJOR, 1),
    "ETHUSDT": risk_tiers(_MAJOR, 51),
    "SOLUSDT": risk_tiers(_MINOR, 101),
    "XRPUSDT": risk_tiers(_MINOR, 151),
    "DOGEUSDT": risk_tiers(_MINOR, 201),
    "ADAUSDT": risk_tiers(_MINOR, 251),
    "BTCPERP": risk_tiers(_MAJOR, 301),
    "ETHPERP": risk_tiers(_MINOR, 351),
    "BTCUSD": risk_tiers(_INVERSE_BTC, 401),
    "ETHUSD": risk_tiers(_INVERSE_ETH, 451),
}
DEFAULT_RISK_LIMITS = risk_tiers(_MINOR, 501)

COLLATERAL: Mapping[Asset, tuple[Bracket, ...]] = {
    "USDT": (Bracket(0.0, None, 1.0),),
    "USDC": (Bracket(0.0, None, 1.0),),
    "BTC": (Bracket(0.0, 10.0, 0.95), Bracket(10.0, 100.0, 0.90), Bracket(100.0, None, 0.5)),
    "ETH": (Bracket(0.0, 100.0, 0.95), Bracket(100.0, 1_000.0, 0.90), Bracket(1_000.0, None, 0.5)),
    "SOL": (Bracket(0.0, 1_000.0, 0.90), Bracket(1_000.0, None, 0.8)),
    "XRP": (Bracket(0.0, 100_000.0, 0.85), Bracket(100_000.0, None, 0.6)),
    "DOGE": (Bracket(0.0, 500_000.0, 0.80), Bracket(500_000.0, None, 0.0)),
    "ADA": (Bracket(0.0, 200_000.0, 0.80), Bracket(200_000.0, None, 0.0)),
}
"""MNT is in no row: it backs nothing."""

BORROW: Mapping[Asset, tuple[BorrowTier, ...]] = {
    "USDT": (BorrowTier(2e6, 0.04, 0.1), BorrowTier(4e6, 0.04, 0.2)),
    "USDC": (BorrowTier(1e6, 0.04, 0.1), BorrowTier(2e6, 0.04, 0.2)),
    "BTC": (BorrowTier(390.0, 0.04, 0.2), BorrowTier(391.0, 0.04, 0.25), BorrowTier(393.0, 0.04, 0.5)),
    "ETH": (BorrowTier(4_000.0, 0.04, 0.2), BorrowTier(5_000.0, 0.04, 0.5)),
    "SOL": (BorrowTier(20_000.0, 0.05, 0.25),),
    "XRP": (BorrowTier(500_000.0, 0.06, 0.25),),
}
DEFAULT_BORROW = (BorrowTier(1e12, 0.08, 0.33333333),)


def tier_at(tiers: Sequence[RiskTier], value: float) -> RiskTier:
    """The tier of a position worth `value`: upper bounds belong to their tier, beyond the last the last holds."""
    return next((tier for tier in tiers if value <= tier.cap), tiers[-1])


def collateral_value(brackets: Sequence[Bracket], amount: float) -> float:
    """What an amount (> 0) of a coin counts, in the coin: each part of it by its bracket."""
    return sum(
        bracket.ratio * max(0.0, min(amount, bracket.to if bracket.to is not None else amount) - bracket.start)
        for bracket in brackets
    )


def borrow_tier(coin: Asset, amount: float) -> BorrowTier:
    """The tier of a loan."""
    tiers = BORROW.get(coin, DEFAULT_BORROW)
    return next((tier for tier in tiers if amount <= tier.limit), tiers[-1])
