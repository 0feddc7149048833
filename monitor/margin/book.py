"""The book: all accounts' pools as columns, brought up to date one account at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from monitor.domain.names import AccountKey, Asset
from monitor.margin.checks import check_account
from monitor.margin.columns import Block, stacked
from monitor.margin.compile import compiled
from monitor.margin.plan import Plan, planned
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.tiers import Shelf

#: Assets that the market line holds still and that have a depeg line instead.
STABLECOINS: frozenset[Asset] = frozenset(
    {"USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USDP", "DAI", "USDE", "USDH", "USDT0", "USDS", "PYUSD", "BNFCR", "BFUSD"}
)

#: Tables may pile up to twice those in use and this many more before unused ones are forgotten.
SPARE_TABLES = 1000

#: How many selections of accounts keep their joined columns; touched accounts repeat from tick to tick.
REMEMBERED = 8


class Book:
    """Who holds what. A replaced account is compiled anew and the others stay: the result equals a new book's."""

    def __init__(self, prices: Prices, stablecoins: Collection[Asset] = STABLECOINS) -> None:
        self.prices = prices
        self.stablecoins = frozenset(stablecoins)
        self.shelf = Shelf()
        self._blocks: dict[AccountKey, Block] = {}
        self._most_tables = SPARE_TABLES
        self._plans: dict[tuple[AccountKey, ...], Plan] = {}

    def replace(self, account: AccountKey, pools: Sequence[Pool]) -> None:
        """The account's pools are these. Raises BadPool (naming pool, field and value) and then changes nothing."""
        check_account(account, pools)
        self._plans.clear()
        self._blocks.pop(account, None)
        self._blocks[account] = compiled(pools, self.prices, self.shelf, self.stablecoins)
        if len(self.shelf) > self._most_tables:
            self._forget_unused_tables()

    def remove(self, account: AccountKey) -> None:
        """The account is gone; unknown accounts are none."""
        self._plans.clear()
        self._blocks.pop(account, None)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """All pools, by account in the order of their last replacement."""
        return tuple(pool for block in self._blocks.values() for pool in block.described)

    @property
    def accounts(self) -> tuple[AccountKey, ...]:
        """All accounts."""
        return tuple(self._blocks)

    def plan(self, accounts: Collection[AccountKey] | None = None) -> Plan | None:
        """The columns and problems of some accounts (all where None), None if the book holds none of them."""
        wanted = tuple(a for a in self._blocks if accounts is None or a in accounts)
        if not wanted:
            return None
        plan = self._plans.get(wanted)
        if plan is None:
            if len(self._plans) >= REMEMBERED:
                self._plans.pop(next(iter(self._plans)))
            block = stacked([self._blocks[account] for account in wanted])
            plan = self._plans[wanted] = planned(block, self.prices, self.shelf, self.stablecoins)
        return plan

    def _forget_unused_tables(self) -> None:
        """Compile all accounts on a new shelf: rates that follow a position's size leave many tables behind."""
        self.shelf = Shelf()
        for account, block in self._blocks.items():
            self._blocks[account] = compiled(block.described, self.prices, self.shelf, self.stablecoins)
        self._most_tables = 2 * len(self.shelf) + SPARE_TABLES
