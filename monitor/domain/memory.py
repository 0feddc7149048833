"""What is known of accounts and prices when the monitor stops, so that it can tell what happened while it was down."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.accounts import AccountMode, Permissions
from monitor.domain.names import AccountKey, Side, Symbol, Venue


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionFact:
    """One open position; `quantity` is signed."""

    symbol: Symbol
    side: Side
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFacts:
    """What was last believed of an account at `at`; None is what could not be read.

    `tables` maps what applied to what was held to a digest (hex): tiers by symbol (by "isolated:" and symbol where they
    hold for isolated positions alone), contracts by "contract:" and symbol, rates or terms by "collateral:" and asset.
    """

    account: AccountKey
    at: float
    mode: AccountMode | None
    positions: tuple[PositionFact, ...]
    permissions: Permissions | None
    tables: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class VolatilityFact:
    """The state of one instrument's volatility estimate: variance of log returns a second, its weight, its samples,
    and the last sampled price with its time.
    """

    venue: Venue
    symbol: Symbol
    variance: float
    weight: float
    samples: int
    price: float
    at: float
