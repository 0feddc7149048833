"""What the monitor says about groups: accounts of one owner, over venues, that capital can be moved between by hand.

Ratios are 0-1 with 1 at liquidation, amounts in USD or in coins, signed where a direction matters (short < 0); None is
unknown, never zero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.lines import Direction, Line, Ratio
from monitor.domain.names import AccountKey, Asset, PoolKey, Side, Symbol
from monitor.domain.quality import Quality


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountExposure:
    """What one account of a group holds of one coin, in positions."""

    account: AccountKey
    net_usd: float | None
    gross_usd: float | None
    net_base: float | None
    gross_base: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CoinExposure:
    """What a group holds of one coin in positions, over all its accounts: longs less shorts, and both together.

    `_base` are coins (a contract on 1000 of them counts for 1000), `_usd` the same at the marks; None where a position
    of the coin, or an account, is not known, with `reasons`. `held_base` and `held_usd` are coins that back a pool or
    are owed (< 0): they move in price too, and are not among the positions.
    """

    coin: Asset
    net_usd: float | None
    gross_usd: float | None
    net_base: float | None
    gross_base: float | None
    by_account: tuple[AccountExposure, ...] = ()
    held_base: float | None = 0.0
    held_usd: float | None = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLine:
    """The nearest line of its kind in a group, and the pool that it liquidates. `coin` "": of all coins together."""

    pool: PoolKey
    coin: Asset
    direction: Direction
    line: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class WorstPool:
    """The pool of a group to look at first, with the nearest of all its lines."""

    key: PoolKey
    ratio: Ratio
    nearest: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeCollateral:
    """What the venue says may leave an account, in USD; None with the reason where it does not say."""

    account: AccountKey
    usd: float | None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A pool with a line nearer than wanted, and the collateral that would bring it there (None: not known yet)."""

    pool: PoolKey
    nearest: Line
    add_usd: float | None


class HedgeState(StrEnum):
    """How a hedge stands, the gravest that is known. UNKNOWN says nothing about any of the others."""

    HELD = "held"
    NEAR = "near"  #: held, and the pool of a leg is near liquidation
    SHRANK = "shrank"  #: one side is smaller than the other
    BROKEN = "broken"  #: one side is smaller than the other, and a leg is gone
    FLAT = "flat"  #: no leg is open
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeLegReport:
    """One leg. `base` and `usd` are signed, 0 where the leg is not open, None where unknown; `whole_base` is what it
    was when the hedge was whole last (None: nobody saw it). `near` says in words why its pool is near liquidation, and
    `naked_usd` what the other legs would then be without it (signed).
    """

    account: AccountKey
    symbol: Symbol
    side: Side | None
    base: float | None
    usd: float | None
    pool: PoolKey | None = None
    whole_base: float | None = None
    near: str = ""
    naked_usd: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeReport:
    """Legs that hold each other, declared or found. `net` is longs less shorts: what moves with the price.

    `hedged_ratio` is the smaller side over the larger (1: whole), None where unknown or nothing is open. `text` says in
    words how it stands, and what is unhedged.
    """

    name: str
    coin: Asset
    declared: bool
    state: HedgeState
    legs: tuple[HedgeLegReport, ...]
    net_usd: float | None
    net_base: float | None
    hedged_ratio: float | None
    text: str
    reasons: tuple[str, ...] = ()

    @property
    def near(self) -> tuple[HedgeLegReport, ...]:
        """The legs whose pools are near liquidation."""
        return tuple(leg for leg in self.legs if leg.near)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupReport:
    """One group of accounts.

    `ratio` is the sum of what the liquidation stages of its primary pools require over the sum of their equities: an
    indicator, for capital does not move by itself; `worst` always stands beside it. UNKNOWN, with its name, if one
    member is. `required_usd` is that requirement, each over its threshold. `coins` and `market` are the nearest lines
    by coin and direction over all primary pools. `free` is what may leave each account, `needs` where it is needed, the
    nearest line first.
    """

    name: str
    at: float
    members: tuple[AccountKey, ...]
    quality: Quality
    reasons: tuple[str, ...]
    ratio: Ratio
    equity_usd: float | None
    maintenance_margin_usd: float | None
    required_usd: float | None
    worst: WorstPool | None
    market: Mapping[Direction, GroupLine] = field(default_factory=dict)
    coins: Mapping[Asset, Mapping[Direction, GroupLine]] = field(default_factory=dict)
    exposures: tuple[CoinExposure, ...] = ()
    free: tuple[FreeCollateral, ...] = ()
    needs: tuple[Need, ...] = ()
    hedges: tuple[HedgeReport, ...] = ()

    @property
    def free_usd(self) -> float | None:
        """What may leave all accounts together; None where one of them does not say."""
        known = [each.usd for each in self.free if each.usd is not None]
        return sum(known) if len(known) == len(self.free) else None

    @property
    def nearest_coin(self) -> GroupLine | None:
        """The nearest of all coin lines; None where there is none."""
        return _nearest([line for sides in self.coins.values() for line in sides.values()])

    @property
    def nearest_market(self) -> GroupLine | None:
        """The nearer of both market lines; None where there is none."""
        return _nearest(list(self.market.values()))


def _nearest(lines: list[GroupLine]) -> GroupLine | None:
    known = [each for each in lines if each.line.distance_ratio is not None]
    return min(known, key=lambda each: (each.line.distance_ratio, each.coin, each.direction), default=None)
