"""Shards of general pools: those of some accounts, computed by the general machinery of terms and roots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.domain.names import AccountKey, Asset
from monitor.margin.columns import Block, stacked
from monitor.margin.plan import Lines, Plan, planned
from monitor.margin.prices import Prices
from monitor.margin.solve import Solved, Tick, solve_lines, stand
from monitor.margin.tiers import Shelf

#: A shard takes accounts until it holds so many legs: their rays are many, and the whole shard is solved at once.
GENERAL_LEGS = 200


@dataclass(slots=True)
class State:
    """Where a shard's pools stand, and the lines as they were solved last (None: not yet, or not asked for)."""

    plan: Plan
    tick: Tick
    found: tuple[Lines, Solved | None] | None


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
        self._stood = self._searched = -1  # versions of the prices

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
        self._stood = self._searched = -1

    def numbers(self) -> dict[AccountKey, range]:
        """By account: its pools."""
        found, at = {}, 0
        for account, block in self._blocks.items():
            found[account] = range(at, at + block.count)
            at += block.count
        return found

    def solved(self, betas: Mapping[Asset, float] | None, *, search: bool = True) -> State:
        """Where the pools stand, and their lines (none where `betas` is None), searched anew with `search`."""
        if self._plan is None:
            block = stacked(list(self._blocks.values()))
            self._plan = planned(block, self._prices, self._shelf, self._stablecoins)
        version = self._prices.version
        if self._tick is None or self._stood != version:
            self._tick, self._stood = stand(self._prices, self._shelf, self._plan), version
        if betas is None:
            return State(self._plan, self._tick, None)
        lines = self._plan.lines(betas)
        if lines is not self._lines:
            self._lines, self._solved, self._searched = lines, None, -1
        if search and self._searched != version:
            self._solved, self._searched = solve_lines(self._shelf, self._plan, self._tick, lines), version
        return State(self._plan, self._tick, (lines, self._solved))
