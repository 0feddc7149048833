"""Stress: many moves of prices at once, and what each of them would do to pools, accounts and groups.

A move is a ratio of the price in USD: -0.2 is 20 % down, -1 to zero. Amounts are in USD; None is unknown, never zero.
What follows is worked out without any order book: a liquidation is told, and not what it does to prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from monitor.domain.lines import Ratio
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.domain.quality import Quality


class Family(StrEnum):
    """A kind of scenario."""

    GRID = "grid"  #: everything but stablecoins moves alike
    BETAS = "betas"  #: each coin by its beta times a move: correlated shocks
    TOGETHER = "together"  #: all correlations one: each coin by as many of its own daily standard deviations
    GAP = "gap"  #: one coin alone, at once
    DEPEG = "depeg"  #: one stablecoin alone
    NAMED = "named"  #: what the configuration names
    CRASH = "crash"  #: what happened once
    OWN = "own"  #: what a request brings


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Where prices go. `moves` by coin, `others` all other coins; stablecoins move only where they are named.

    `gap`: the prices are there at once, and nothing is liquidated on the way. `source` says where its numbers are from.
    """

    name: str
    family: Family
    moves: Mapping[Asset, float] = field(default_factory=dict)
    others: float = 0.0
    gap: bool = False
    text: str = ""
    source: str = ""


FAMILIES = tuple(family for family in Family if family is not Family.OWN)
GRID = (-0.5, -0.4, -0.3, -0.2, -0.1, -0.05, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
GAPS, DEPEGS, SIGMAS = (-0.3, 0.3), (-0.1,), (-5.0, -3.0, 3.0, 5.0)
MOST_COINS = 12  #: that have a gap of their own, those with the largest positions first


@dataclass(frozen=True, slots=True, kw_only=True)
class StressRequest:
    """Which scenarios, of which accounts (empty: all). Its defaults are those of `[stress]` in the configuration.

    `grid`, `gaps` and `depegs` are moves, `sigmas` counts of daily standard deviations. `betas` {}: no scenarios of
    that family. `coins` have a gap each; empty: the largest ones held. `named` are the configuration's scenarios,
    `crashes` those that are built in, `own` further ones. `names`: of the named ones and the crashes only these;
    empty: all.
    """

    accounts: tuple[AccountKey, ...] = ()
    families: tuple[Family, ...] = FAMILIES
    grid: tuple[float, ...] = GRID
    gaps: tuple[float, ...] = GAPS
    depegs: tuple[float, ...] = DEPEGS
    sigmas: tuple[float, ...] = SIGMAS
    betas: Mapping[Asset, float] = field(default_factory=dict)
    coins: tuple[Asset, ...] = ()
    named: tuple[Scenario, ...] = ()
    crashes: tuple[Scenario, ...] = ()
    own: tuple[Scenario, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolStress:
    """One pool after a scenario.

    `equity_usd` is what would be there if nothing had been liquidated on the way (negative: owed), `required_usd` what
    the liquidation stage requires there over its threshold. `begins` is the part
    of the way at which it is liquidated first: 0 now, 1 at the end, None not at all; `takes_usd` what it has left
    there, which the liquidation takes at most. `loss_usd` is what is gone of today's equity, all of it where the pool
    is liquidated (negative: won). `reasons` say in words why this scenario tells less of it than others.
    """

    key: PoolKey
    ratio: Ratio
    equity_usd: float | None = None
    required_usd: float | None = None
    begins: float | None = None
    takes_usd: float | None = None
    loss_usd: float | None = None
    reasons: tuple[str, ...] = ()

    @property
    def liquidated(self) -> bool | None:
        """None: not known."""
        return True if self.begins is not None else None if self.ratio.value is None else False


@dataclass(frozen=True, slots=True, kw_only=True)
class SumStress:
    """An account or a group after a scenario: `liquidated` counts its pools that are. Ratios as in its report: of an
    account that of its worst pool, of a group what is required of all over the equity of all.
    """

    ratio: Ratio
    equity_usd: float | None
    loss_usd: float | None
    liquidated: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioStress:
    """One scenario. `moves` are those of all assets that matter and that move. `order`: the pools that are liquidated,
    the first one first. `takes_usd` sums what their liquidations take. `notes` are what was assumed, in words.
    """

    scenario: Scenario
    moves: Mapping[Asset, float]
    pools: tuple[PoolStress, ...]
    accounts: Mapping[AccountKey, SumStress]
    groups: Mapping[str, SumStress]
    order: tuple[PoolKey, ...]
    takes_usd: float | None
    loss_usd: float | None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolNow:
    """One pool without any move, and how far to believe what is said of it."""

    key: PoolKey
    quality: Quality
    reasons: tuple[str, ...]
    ratio: Ratio
    equity_usd: float | None
    required_usd: float | None = None
    primary: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StressReport:
    """The answer. `pools` stand in the order of danger, and in the same order in each scenario. `accounts` and `groups`
    are those without any move; `members` the group of each account that is in one.
    """

    at: float
    quality: Quality
    pools: tuple[PoolNow, ...]
    accounts: Mapping[AccountKey, SumStress]
    groups: Mapping[str, SumStress]
    members: Mapping[AccountKey, str]
    scenarios: tuple[ScenarioStress, ...]
    notes: tuple[str, ...] = ()
