"""What the kernel answers, one object a pool and a position: the columns of `assess` and `rays` made readable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.domain.lines import Line, Ratio
from monitor.domain.names import Asset, PoolKey, Side, Symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionResult:
    """One leg (not an order). Amounts in the settlement asset unless the name says otherwise; None: unknown.

    `line` is the nearer of `down` and `up`: the instrument alone moves. `with_backstop`: the same line if the pool's
    backstop tops it up whole (None without a backstop). `bankruptcy` is where the pool's equity is gone.
    """

    symbol: Symbol
    side: Side
    quantity: float
    mark_price: float | None
    entry_price: float | None
    notional: float | None
    notional_usd: float | None
    unrealized_pnl: float | None
    unrealized_pnl_usd: float | None
    maintenance_margin: float | None
    line: Line
    down: Line
    up: Line
    bankruptcy: Line
    with_backstop: Line | None = None
    loss_to_line_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """A line in both directions."""

    down: Line
    up: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueLineResult:
    """Our own figure for a price that the venue prints, on the venue's own assumptions, and the signed drift.

    `drift_ratio` = (ours - venue) / mark, None where one of the two is not a price. `disagree` says that one side has a
    price and the other says «none», or that the drift passes the tolerance.
    """

    symbol: Symbol
    side: Side
    ours: Line
    venue: Line
    drift_ratio: float | None
    disagree: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolResult:
    """One pool. Amounts in its numeraire, `_usd` ones in USD; None: unknown, with `unknown` saying why in words.

    `coins` and `depegs` hold a line for each coin and each stablecoin that moves the pool; `market` moves everything
    but stablecoins. `stages` holds the ratio of each stage. `deficit` is a negative balance without any leg or debt.
    """

    key: PoolKey
    ratio: Ratio
    equity: float | None
    maintenance_margin: float | None
    initial_margin: float | None
    equity_usd: float | None
    maintenance_margin_usd: float | None
    initial_margin_usd: float | None
    funds_at_risk_usd: float | None
    gross_notional_usd: float | None
    net_notional_usd: float | None
    effective_leverage_ratio: float | None
    deficit_usd: float
    usd_assumed: bool
    stages: Mapping[str, Ratio]
    market: Sides
    coins: Mapping[Asset, Sides]
    depegs: Mapping[Asset, Sides]
    positions: tuple[PositionResult, ...]
    venue_lines: tuple[VenueLineResult, ...]
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
