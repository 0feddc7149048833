"""The tables of the simulated spot margin: collateral ratios, debt brackets, tiers of pairs, rates of interest.

Shapes are the venue's; the numbers are of the size that the venue's are, unless a source stands beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol


@dataclass(frozen=True, slots=True)
class CollateralTier:
    """From `floor` up to `cap` dollars of an asset's value (None: without end), a dollar counts for `ratio`."""

    floor: float
    cap: float | None
    ratio: float


@dataclass(frozen=True, slots=True)
class DebtBracket:
    """Pro: a debt up to `cap` dollars needs debt * rate - fast."""

    leverage: int
    cap: float
    rate: float
    initial: float
    fast: float


@dataclass(frozen=True, slots=True)
class PairTier:
    """One tier of a pair of isolated margin: liquidated at assets / debts of `liquidation`."""

    tier: int
    multiple: float
    initial: float
    liquidation: float
    base_most: float
    quote_most: float


COLLATERAL: tuple[tuple[tuple[Asset, ...], tuple[CollateralTier, ...]], ...] = (
    (("USDT", "USDC", "FDUSD"), (CollateralTier(0.0, None, 1.0),)),
    (
        ("BTC", "ETH"),
        (
            CollateralTier(0.0, 500_000.0, 0.98),
            CollateralTier(500_000.0, 5_000_000.0, 0.95),
            CollateralTier(5_000_000.0, None, 0.9),
        ),
    ),
    (
        ("BNB", "SOL", "XRP", "ADA", "LINK", "AVAX"),
        (
            CollateralTier(0.0, 200_000.0, 0.95),
            CollateralTier(200_000.0, 1_000_000.0, 0.85),
            CollateralTier(1_000_000.0, None, 0.0),
        ),
    ),
    (("DOGE", "SHIB"), (CollateralTier(0.0, 100_000.0, 0.9), CollateralTier(100_000.0, None, 0.0))),
)

# BTC, ETH: the rates and quick amounts with which Binance's own example comes to 31,330 (margin/binance, section 2.4).
BRACKETS: tuple[tuple[int, tuple[Asset, ...], tuple[DebtBracket, ...]], ...] = (
    (
        1,
        ("BTC", "USDT", "USDC", "FDUSD"),
        (
            DebtBracket(10, 200_000.0, 0.07, 0.1111, 0.0),
            DebtBracket(5, 500_000.0, 0.08, 0.25, 2_000.0),
            DebtBracket(3, 10_000_000.0, 0.1, 0.5, 12_000.0),
        ),
    ),
    (
        2,
        ("ETH", "BNB", "SOL", "XRP", "ADA", "LINK", "AVAX"),
        (
            DebtBracket(10, 30_000.0, 0.05, 0.1111, 0.0),
            DebtBracket(5, 100_000.0, 0.07, 0.25, 600.0),
            DebtBracket(3, 5_000_000.0, 0.1, 0.5, 3_600.0),
        ),
    ),
    (3, ("DOGE", "SHIB"), (DebtBracket(3, 1_000_000.0, 0.1, 0.5, 0.0),)),
)

_MAJOR = (
    PairTier(1, 10.0, 1.111, 1.05, 9.0, 700_000.0),
    PairTier(2, 8.0, 1.1428, 1.07, 20.0, 1_500_000.0),
    PairTier(3, 5.0, 1.25, 1.15, 60.0, 5_000_000.0),
)
_MINOR = (
    PairTier(1, 5.0, 1.25, 1.15, 20_000.0, 50_000.0),
    PairTier(2, 4.2, 1.3125, 1.1575, 60_000.0, 150_000.0),
    PairTier(3, 3.0, 1.5, 1.18, 200_000.0, 500_000.0),
)


def pair_tiers(pair: Symbol) -> tuple[PairTier, ...]:
    """The tiers of a pair of isolated margin."""
    return _MAJOR if pair.startswith(("BTC", "ETH")) else _MINOR


HOURLY: dict[Asset, float] = {"BTC": 0.000_000_2, "ETH": 0.000_000_35, "USDT": 0.000_007, "USDC": 0.000_006_5}
HOURLY_OF_OTHERS = 0.000_004
