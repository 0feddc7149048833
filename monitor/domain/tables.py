"""Tables that a venue publishes and that change rarely: instruments, tiers, collateral rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.instruments import Instrument
from monitor.domain.names import Asset, Symbol
from monitor.domain.tiers import TierTable


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRates:
    """How one asset counts beside its index price: value rate if positive, if negative, and for requirements."""

    positive_rate: float
    negative_rate: float
    requirement_rate: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables that apply to one account; `tiers` may be its own (user-specific brackets).

    The `_time` fields are when each table was received, seconds since 1970, None if never: tables age too.
    """

    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    tiers: Mapping[Symbol, TierTable] = field(default_factory=dict)
    rates: Mapping[Asset, AssetRates] = field(default_factory=dict)
    instruments_time: float | None = None
    tiers_time: float | None = None
