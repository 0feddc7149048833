"""Pools as columns. What does not depend on a price is worked out once, when an account is described.

A column whose type is a place in a space (`RowPlace`) holds indices into that space, -1 for none; `joined` shifts them
when blocks of accounts are put under each other. Amounts and signs are those of `monitor.margin.pool`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from monitor.margin.arrays import (
    Bools,
    CapPlace,
    Floats,
    GroupPlace,
    Ints,
    NettingPlace,
    OptionPlace,
    PoolPlace,
    RowPlace,
    joined,
)
from monitor.margin.pool import Pool, ScenarioGrid
from monitor.margin.scenario import Grids


class Valued(IntEnum):
    """How the price of a requirement's or a fee's basis moves."""

    MARK = 0  #: with the instrument
    INDEX = 1  #: with the assets only
    HELD = 2  #: not at all


@dataclass(slots=True)
class PoolColumns:
    """One row a pool. `load` = scale / threshold of the liquidation stage, 0 where it compares equity with nothing."""

    numeraire: Ints  # an asset's place in Prices
    stable: Bools  # the numeraire is a stablecoin
    cash: Floats
    constant_requirement: Floats
    constant_initial: Floats
    load: Floats
    orders: Bools  # the liquidation stage counts resting orders


@dataclass(slots=True)
class LegColumns:
    """One row a leg. Profit = c * (u - u0), u the mark, or its reciprocal where `inverse`. Notional = |c| * u."""

    pool: PoolPlace
    row: RowPlace  # the holding into which it pays
    mark: Ints  # place in Prices
    coin: Ints  # place in Prices, as the next three
    base: Ints
    quote: Ints
    settle: Ints
    inverse: Bools
    quantity: Floats
    c: Floats
    u0: Floats
    order: Bools
    opening_fee: Floats
    table: Ints  # on the shelf; -1 unknown
    fixed_tier: Ints  # the tier's row on the shelf where no price moves it, orders left out; -1: by notional
    fixed_tier_orders: Ints  # the same, orders counted
    size: Floats  # that is looked up where no price moves it, orders left out; NaN: by notional
    size_orders: Floats
    share: Floats  # of the tier's deduction that this leg takes, orders left out
    share_orders: Floats
    alone: Bools  # looks up its own size, though it counts in its tier group's
    valued: Ints  # Valued
    held_u: Floats  # u of the basis where valued HELD
    fee_rate: Floats
    fee_valued: Ints
    fee_held_u: Floats
    constant_requirement: Floats
    initial_rate: Floats  # NaN unknown
    initial_valued: Ints
    initial_held_u: Floats
    constant_initial: Floats
    group: GroupPlace  # tier group by notional
    netting: NettingPlace  # netting group, larger side only
    long: Bools
    option: OptionPlace
    bent: Bools  # the tiers are looked up by notional and are not convex


@dataclass(slots=True)
class RowColumns:
    """One row a holding. `bent`: what it counts for is not concave in what is held."""

    pool: PoolPlace
    asset: Ints
    amount: Floats
    collateral: Ints  # on the shelf
    by_value: Bools
    negative_rate: Floats
    requirement_rate: Floats
    borrow: Ints  # on the shelf; -1 none
    borrow_fee_rate: Floats
    cap: CapPlace
    plain: Bools  # counts net * price, no borrow, no cap
    bent: Bools


@dataclass(slots=True)
class DebtColumns:
    """One row a loan."""

    pool: PoolPlace
    asset: Ints
    amount: Floats
    counted: Bools
    liability: Ints
    liability_by_value: Bools
    requirement: Ints
    requirement_by_value: Bools
    fee_rate: Floats
    initial_rate: Floats
    bent: Bools


@dataclass(slots=True)
class CapColumns:
    """One row a cap group: the most that its positive values count for, in the numeraire."""

    pool: PoolPlace
    limit: Floats


@dataclass(slots=True)
class OptionColumns:
    """One row an option leg; `in_coin`: priced and settled in the underlying itself. `modelled`: its value by the model
    with the underlying where it was read, in units of it where it is `in_coin`.
    """

    strike: Floats
    call: Bools
    volatility: Floats
    years: Floats
    underlying: Floats
    in_coin: Bools
    index_rate: Floats
    mark_rate: Floats
    mark_add: Floats
    index_add: Floats
    in_equity: Bools
    modelled: Floats


@dataclass(slots=True)
class GridColumns:
    """One row a scenario grid; the grids themselves are `Block.grids`, as straight pieces `Block.scenarios`."""

    pool: PoolPlace
    asset: Ints


@dataclass(slots=True)
class Block:
    """The pools of some accounts as columns, and beside them the objects in the same order."""

    pools: PoolColumns
    legs: LegColumns
    rows: RowColumns
    debts: DebtColumns
    caps: CapColumns
    options: OptionColumns
    grid: GridColumns
    grids: tuple[ScenarioGrid, ...]
    groups: int  # how many tier groups by notional there are
    nettings: int
    described: tuple[Pool, ...]
    scenarios: Grids = field(init=False)

    def __post_init__(self) -> None:
        self.scenarios = Grids(self.grids)

    @property
    def count(self) -> int:
        """The number of pools."""
        return len(self.described)


def stacked(blocks: list[Block]) -> Block:
    """Blocks under each other."""
    if len(blocks) == 1:
        return blocks[0]
    sizes = {
        "pools": [block.count for block in blocks],
        "rows": [len(block.rows.pool) for block in blocks],
        "caps": [len(block.caps.pool) for block in blocks],
        "options": [len(block.options.strike) for block in blocks],
        "groups": [block.groups for block in blocks],
        "nettings": [block.nettings for block in blocks],
    }
    shifts = {space: _beginnings(counts) for space, counts in sizes.items()}
    return Block(
        joined([block.pools for block in blocks], shifts),
        joined([block.legs for block in blocks], shifts),
        joined([block.rows for block in blocks], shifts),
        joined([block.debts for block in blocks], shifts),
        joined([block.caps for block in blocks], shifts),
        joined([block.options for block in blocks], shifts),
        joined([block.grid for block in blocks], shifts),
        tuple(grid for block in blocks for grid in block.grids),
        sum(sizes["groups"]),
        sum(sizes["nettings"]),
        tuple(pool for block in blocks for pool in block.described),
    )


def _beginnings(counts: list[int]) -> list[int]:
    beginnings, total = [], 0
    for count in counts:
        beginnings.append(total)
        total += count
    return beginnings
