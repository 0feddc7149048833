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
class CollateralTerms:
    """How an asset counts where that depends on how much there is of it.

    `steps` are (floor, rate) in rising order of floor, the first with floor 0: each further unit counts `rate`; floors
    in the asset, or in USD where `by_value`. `borrow` is the requirement on what is owed of it, by amount of the asset,
    `borrow_initial_rate` its initial margin; None where unknown or where nothing can be borrowed.
    """

    steps: tuple[tuple[float, float], ...]
    by_value: bool = False
    borrow: TierTable | None = None
    borrow_initial_rate: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoanTier:
    """One tier of loans in a pair's wallet: up to which debts (of base, of quote) it holds, and at which level (assets
    over debts, > 1) it is liquidated, warned of, and lent on; None where the venue does not say. `multiple`: how many
    times what is owned may be held in it.
    """

    multiple: float
    liquidation_level: float
    base_cap: float | None = None
    quote_cap: float | None = None
    margin_call_level: float | None = None
    initial_level: float | None = None


@dataclass(frozen=True, slots=True)
class OptionMark:
    """What an option is priced with: its volatility (a ratio a year) and the forward price of what it is on.

    `received` is when our socket had it (seconds since 1970), from which the time to expiry counts; None if unknown.
    `index` is the index price beside the forward, None where the venue did not tell it.
    """

    volatility: float
    underlying: float
    received: float | None = None
    index: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables that apply to one account; `tiers` may be its own (user-specific brackets).

    `isolated_tiers` are those of isolated positions where the venue has others for them. `options` are the last marks
    of options. `loans` are the tiers of pairs' wallets in rising order of debt, under "" those of every pair that has
    none of its own. `parameters` are numbers of the venue's rules that it does not publish, by the room's names: the
    user's settings, over the room's defaults. The `_time` fields are when each table was received, seconds since 1970,
    None if never: tables age too.
    """

    instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    tiers: Mapping[Symbol, TierTable] = field(default_factory=dict)
    rates: Mapping[Asset, AssetRates] = field(default_factory=dict)
    isolated_tiers: Mapping[Symbol, TierTable] = field(default_factory=dict)
    collateral: Mapping[Asset, CollateralTerms] = field(default_factory=dict)
    options: Mapping[Symbol, OptionMark] = field(default_factory=dict)
    loans: Mapping[Symbol, tuple[LoanTier, ...]] = field(default_factory=dict)
    parameters: Mapping[str, float] = field(default_factory=dict)
    instruments_time: float | None = None
    tiers_time: float | None = None
    collateral_time: float | None = None
