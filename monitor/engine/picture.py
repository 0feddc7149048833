"""Everything that a supposition is computed from, as it was at one moment: a copy that no later step changes.

It is taken between two steps, and read elsewhere. What is frozen is shared; what moves (prices, ages, announcements of
funding, estimates of volatility) is copied.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from monitor.domain.accounts import Account
from monitor.domain.errors import MarginwatchError
from monitor.domain.group_reports import GroupReport
from monitor.domain.names import AccountKey, PoolKey, Venue
from monitor.domain.reports import AccountReport
from monitor.domain.tables import Tables
from monitor.engine.condition import Condition
from monitor.engine.funding import Funding
from monitor.engine.marks import Quotes
from monitor.engine.settings import EngineSettings
from monitor.margin.book import STABLECOINS
from monitor.margin.pool import Describe, Description, Pool
from monitor.margin.prices import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """One account. `unknown` says in words why nothing can be supposed of it, and then `account` is None.

    `pools` are those that are reported, as they were described last. `condition` is what speaks against the account and
    its pools, `disagreements` what reconciliation says of them, and `report` the latest one.
    """

    report: AccountReport
    account: Account | None = None
    unknown: tuple[str, ...] = ()
    tables: Tables = Tables()
    pools: tuple[Pool, ...] = ()
    condition: Condition = field(default_factory=lambda: Condition((), {}, 0.0, 0.0))
    disagreements: Mapping[PoolKey, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """All accounts at `at` (seconds since 1970). `sigmas` are daily standard deviations by the place of a mark in
    `prices`; `quotes` are the marks with their ages by the venues' clocks, which are `clock_offsets` ahead of ours.
    """

    at: float
    accounts: Mapping[AccountKey, Believed]
    prices: Prices
    settings: EngineSettings = EngineSettings()
    describes: Mapping[Venue, Describe] = field(default_factory=dict)
    sigmas: Mapping[int, float] = field(default_factory=dict)
    funding: Funding = field(default_factory=Funding)
    quotes: Quotes = field(default_factory=lambda: Quotes(0.5))
    clock_offsets: Mapping[Venue, float] = field(default_factory=dict)
    groups: tuple[GroupReport, ...] = ()

    @property
    def stablecoins(self) -> Collection[str]:
        """The assets that the market line holds still."""
        return STABLECOINS if self.settings.stablecoins is None else self.settings.stablecoins


def pools_of(picture: Picture, account: Account, tables: Tables | None = None) -> Description:
    """The pools of an account, maybe an edited one, by its venue's own rules. `tables` None: those of the picture."""
    if tables is None:
        tables = picture.accounts[account.key].tables
    try:
        return picture.describes[account.key.venue](account, tables)
    except MarginwatchError as error:
        return Description((), (str(error),))
