"""Shards of general pools: those of some accounts, computed by the general machinery of terms and roots."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from monitor.domain.names import AccountKey, Asset
from monitor.margin.arrays import Bools, Ints
from monitor.margin.columns import Block, stacked
from monitor.margin.plan import Lines, Plan, planned
from monitor.margin.prices import Prices
from monitor.margin.solve import Solved, Tick, solve_lines, stand
from monitor.margin.tiers import Shelf

#: A shard takes accounts until it holds so many legs: their rays are many, and the whole shard is solved at once.
GENERAL_LEGS = 200


@dataclass(slots=True)
class State:
    """Where a shard's pools stand, and the lines as they were solved last (None: not yet, or not asked for); `searched`
    tells of which pools they ever were.
    """

    plan: Plan
    tick: Tick
    found: tuple[Lines, Solved | None] | None
    searched: Bools


def width(block: Block) -> int:
    """For how many legs a block counts: a holding or a debt has a line too, and stands even where no leg does."""
    return max(len(block.legs.pool), len(block.rows.pool) + len(block.debts.pool), 1)


class GeneralShard:
    """The general pools of some accounts."""

    def __init__(self, prices: Prices, shelf: Shelf, stablecoins: frozenset[Asset]) -> None:
        self._prices, self._shelf, self._stablecoins = prices, shelf, stablecoins
        self._blocks: dict[AccountKey, Block] = {}
        self._legs = 0
        self._plan: Plan | None = None
        self._lines: Lines | None = None
        self._tick: Tick | None = None
        self._solved: Solved | None = None
        self._stood = -1  # a version of the prices
        self._searched: Ints = np.zeros(0, np.intp)  # by pool; -1 never

    @property
    def legs(self) -> int:
        """How many legs it holds, or as many as its accounts' holdings count for."""
        return self._legs

    def legs_of(self, account: AccountKey) -> int:
        """How many of them are the account's, which must be here."""
        return width(self._blocks[account])

    @property
    def accounts(self) -> int:
        """How many accounts it holds."""
        return len(self._blocks)

    def put(self, account: AccountKey, block: Block) -> None:
        """The account's pools are these."""
        self.drop(account)
        self._blocks[account] = block
        self._legs += width(block)

    def drop(self, account: AccountKey) -> None:
        """The account is gone."""
        if account in self._blocks:
            self._legs -= width(self._blocks.pop(account))
        self._plan = self._solved = None
        self._stood = -1

    def numbers(self) -> dict[AccountKey, range]:
        """By account: its pools."""
        found, at = {}, 0
        for account, block in self._blocks.items():
            found[account] = range(at, at + block.count)
            at += block.count
        return found

    def solved(self, betas: Mapping[Asset, float] | None, *, search: Collection[AccountKey] | bool = True) -> State:
        """Where the pools stand, and their lines (none where `betas` is None). Those of the accounts in `search` (True:
        of all) are searched anew where prices have moved; the others are as they were found last.
        """
        if self._plan is None:
            block = stacked(list(self._blocks.values()))
            self._plan = planned(block, self._prices, self._shelf, self._stablecoins)
        version = self._prices.version
        if self._tick is None or self._stood != version:
            self._tick, self._stood = stand(self._prices, self._shelf, self._plan), version
        if betas is None:
            return State(self._plan, self._tick, None, np.zeros(self._plan.block.count, np.bool_))
        lines = self._plan.lines(betas)
        if lines is not self._lines:
            self._lines, self._solved = lines, None
            self._searched = np.full(self._plan.block.count, -1, np.intp)
        asked = self._asked(search) & (self._searched != version)
        if asked.any():
            self._solved = solve_lines(self._shelf, self._plan, self._tick, lines, asked, self._solved)
            self._searched[asked] = version
        return State(self._plan, self._tick, (lines, self._solved), self._searched >= 0)

    def _asked(self, search: Collection[AccountKey] | bool) -> Bools:
        """By pool: whether it is to be searched."""
        if isinstance(search, bool):
            return np.full(len(self._searched), search, np.bool_)
        asked = np.zeros(len(self._searched), np.bool_)
        for account, numbers in self.numbers().items():
            asked[numbers.start : numbers.stop] = account in search
        return asked
