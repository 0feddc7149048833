"""What the monitor says about pools, positions and accounts: the one truth that metrics, page, API and alerts show.

Ratios are 0-1 with 1 at liquidation, amounts in USD, times in seconds since 1970; None is unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.accounts import AccountMode, Permissions
from monitor.domain.events import VenueWarning
from monitor.domain.group_reports import GroupReport
from monitor.domain.lines import Direction, Line, Ratio
from monitor.domain.names import AccountKey, Asset, PoolKey, Side, Symbol
from monitor.domain.quality import Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReport:
    """One position. `line` is the nearer side of the position line; distances are ratios of the mark.

    `drift_ratio` is our line against the venue's, None where one of the two is no price; up to `drift_tolerance_ratio`
    it is none that anybody needs to know. `disagreement` says in words how the two contradict each other, also where
    one is a price and the other «none»; "" where they agree, None where they cannot be compared. `adl_rank` is the
    venue's place in the queue of auto-deleveraging (4 goes first). `cap_usd` is the greatest notional that the last
    tier, or the leverage that was set, allows. `funding_usd` is what the next funding, at `next_funding_time`, takes
    (negative: what it brings). `delivery_time` is None for perpetuals. `exposure_base` are the coins that move it as
    their own price does, `exposure_usd` the same in USD (both signed, short < 0); None where that is not known.
    """

    symbol: Symbol
    side: Side
    coin: Asset
    quantity: float
    entry_price: float | None
    mark_price: float | None
    notional_usd: float | None
    unrealized_pnl_usd: float | None
    line: Line
    bankruptcy: Line
    line_with_backstop: Line | None
    loss_to_line_usd: float | None
    distance_sigmas: float | None
    venue_line: Line
    drift_ratio: float | None
    suspect: bool = False
    drift_tolerance_ratio: float = 0.0
    disagreement: str | None = None
    adl_rank: int | None = None
    cap_usd: float | None = None
    leverage: float | None = None
    auto_add_margin: bool | None = None
    funding_rate: float | None = None
    next_funding_time: float | None = None
    funding_usd: float | None = None
    delivery_time: float | None = None
    exposure_base: float | None = None
    exposure_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CollateralReport:
    """One asset of a pool's equity. `value_usd` is what it counts for after its haircut, `share_ratio` that over the
    sum of all positive ones; `price_usd` is its index price, None where it is only assumed. `stable`: a stablecoin.
    """

    asset: Asset
    amount: float
    value_usd: float | None
    share_ratio: float | None
    price_usd: float | None
    stable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnReport:
    """What funding and interest do to a pool if prices stand still.

    `usd_per_day` (positive: paid) is the sum of both; `seconds` is how long until the pool is liquidated by it, +inf
    where it never is, None where unknown. `after_ratio` and `after_line` are margin ratio and nearest line once the
    payment of `next_time` has been made, as computed at `after_at`; None where nothing is paid or it is unknown.
    """

    usd_per_day: float | None
    seconds: float | None
    next_time: float | None = None
    next_usd: float | None = None
    after_ratio: Ratio | None = None
    after_line: Line | None = None
    after_at: float | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolReport:
    """One pool. `quality` and `reasons` say how far to believe it; `as_of` is the age-giving time of its oldest input.

    `coins` and `market` and `depegs` map a direction to a line. `drift` maps a figure ("equity", "maintenance_margin",
    "ratio", "line") to (ours - venue) / venue, and "market_line" to the difference of two distances; `contradictions`
    one of which the venue says zero and we do not, so that there is no such ratio, to both sides' words. `one_sided`:
    all legs lose in the same direction of the market.
    `coin_sigmas` are the daily standard deviations of the coins of its lines, `market_sigma` their mean weighted by
    notional, as the market line moves all alike. `advice_add_usd` is the collateral that would bring the nearest line
    to the wanted distance, None where no line is nearer than that or it is unknown. `required_usd` is the equity at
    which it is liquidated: its requirement over the threshold of that stage.
    """

    key: PoolKey
    isolated: bool
    primary: bool
    quality: Quality
    reasons: tuple[str, ...]
    as_of: float | None
    ratio: Ratio
    venue_ratio: float | None
    equity_usd: float | None
    maintenance_margin_usd: float | None
    initial_margin_usd: float | None
    funds_at_risk_usd: float | None
    gross_notional_usd: float | None
    net_notional_usd: float | None
    effective_leverage_ratio: float | None
    deficit_usd: float
    stages: Mapping[str, Ratio]
    market: Mapping[Direction, Line]
    coins: Mapping[Asset, Mapping[Direction, Line]]
    depegs: Mapping[Asset, Mapping[Direction, Line]]
    positions: tuple[PositionReport, ...]
    drift: Mapping[str, float]
    backstop: PoolKey | None = None
    advice_add_usd: float | None = None
    advice_text: str = ""
    contradictions: Mapping[str, str] = field(default_factory=dict)
    collateral: tuple[CollateralReport, ...] = ()
    burn: BurnReport | None = None
    one_sided: bool | None = None
    coin_sigmas: Mapping[Asset, float] = field(default_factory=dict)
    market_sigma: float | None = None
    required_usd: float | None = None
    venue_ratio_name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """One account. `ratio` is that of its worst primary pool; UNKNOWN if any pool is, unless a known one is >= 1. The
    sums are over primary pools, None where one of them is not known. `unexplained_usd` is what its wallets changed
    by within the last hour beyond marks, fills, funding, interest and fees (negative: it is gone), None where that
    cannot be told; `unexplained_text` says in words. `withdrawable_usd` is what may leave it, as the venue says,
    None with `withdrawable_reason` where it does not. `up`: the account's data is fresh and readable. `last_update`
    is the newest snapshot or push that was believed.
    """

    key: AccountKey
    at: float
    quality: Quality
    reasons: tuple[str, ...]
    up: bool
    last_update: float | None
    ratio: Ratio
    equity_usd: float | None
    mode: AccountMode
    permissions: Permissions | None
    pools: tuple[PoolReport, ...]
    group: str = ""
    gross_notional_usd: float | None = None
    net_notional_usd: float | None = None
    effective_leverage_ratio: float | None = None
    funds_at_risk_usd: float | None = None
    unexplained_usd: float | None = None
    unexplained_text: str = ""
    withdrawable_usd: float | None = None
    withdrawable_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that happened once and that a rule may speak of: a mode change, a position gone, a liquidation.

    `kind` is one of: "mode_changed", "position_appeared", "position_vanished", "venue_warning", "tiers_changed",
    "price_jump", "permissions", "contract_changed", "collateral_changed". `key` tells two notices of a kind apart (a
    symbol, a mode).
    """

    kind: str
    account: AccountKey
    key: str
    text: str
    at: float
    warning: VenueWarning | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resync:
    """The engine needs an account, or its configuration, read again; `why` is in words.

    `flows_since`: not these, but the venue's history of the account's cash flows from this time (the venue's) on.
    """

    account: AccountKey
    why: str
    config: bool = False
    flows_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What one engine step gives: fresh reports of the accounts touched and of their groups, notices, and readings that
    it asks for.

    `due` is when a step is wanted though nothing happens, for lines that are older than their ratios; None: never.
    """

    at: float
    reports: tuple[AccountReport, ...] = ()
    closed: tuple[AccountKey, ...] = ()
    notices: tuple[Notice, ...] = ()
    resyncs: tuple[Resync, ...] = field(default=())
    due: float | None = None
    groups: tuple[GroupReport, ...] = ()
