"""One account's pools turned into columns. This runs when an account is described, not when a price ticks."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, Side
from monitor.domain.tiers import TierBy, TierTable
from monitor.margin.arrays import columns_of
from monitor.margin.columns import (
    Block,
    CapColumns,
    DebtColumns,
    GridColumns,
    LegColumns,
    OptionColumns,
    PoolColumns,
    RowColumns,
    Valued,
)
from monitor.margin.options import modelled_now
from monitor.margin.pool import LIQUIDATION, Basis, Debt, Holding, Leg, Netting, Pool, Requirement, ScenarioGrid, Stage
from monitor.margin.prices import Prices
from monitor.margin.tiers import Shelf, is_concave, is_convex, of_curve

NAN = float("nan")


@dataclass(slots=True)
class _Records:
    """The columns' values, row by row."""

    pools: list[tuple[Any, ...]] = field(default_factory=list)
    legs: list[tuple[Any, ...]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    debts: list[tuple[Any, ...]] = field(default_factory=list)
    caps: list[tuple[Any, ...]] = field(default_factory=list)
    options: list[tuple[Any, ...]] = field(default_factory=list)
    grid: list[tuple[Any, ...]] = field(default_factory=list)
    grids: list[ScenarioGrid] = field(default_factory=list)
    groups: int = 0
    nettings: int = 0


def compiled(pools: Sequence[Pool], prices: Prices, shelf: Shelf, stablecoins: Collection[Asset]) -> Block:
    """The pools (checked before) as a block of columns; tables go to the shelf, names to places in the prices."""
    records = _Records()
    for number, pool in enumerate(pools):
        _Compiler(number, pool, prices, shelf, records).run(stablecoins)
    options = columns_of(OptionColumns, records.options)
    options.modelled = modelled_now(options)
    return Block(
        columns_of(PoolColumns, records.pools),
        columns_of(LegColumns, records.legs),
        columns_of(RowColumns, records.rows),
        columns_of(DebtColumns, records.debts),
        columns_of(CapColumns, records.caps),
        options,
        columns_of(GridColumns, records.grid),
        tuple(records.grids),
        records.groups,
        records.nettings,
        tuple(pools),
    )


def liquidation_stage(pool: Pool) -> Stage:
    """The stage that margin ratio and lines speak of."""
    return next(stage for stage in pool.stages if stage.name == LIQUIDATION)


def load(stage: Stage, threshold: float | None = None) -> float:
    """By what the requirement is multiplied before it is compared with equity."""
    if stage.requirement is Requirement.NONE:
        return 0.0
    return stage.scale / (stage.threshold if threshold is None else threshold)


class _Compiler:
    """One pool. Its places in the records begin where those of the pool before it end."""

    def __init__(self, number: int, pool: Pool, prices: Prices, shelf: Shelf, records: _Records) -> None:
        self._number, self._pool, self._prices, self._shelf, self._records = number, pool, prices, shelf, records
        self._groups = Groups(pool.legs)

    def run(self, stablecoins: Collection[Asset]) -> None:
        pool, records = self._pool, self._records
        stage = liquidation_stage(pool)
        records.pools.append(
            (
                self._asset(pool.numeraire),
                pool.numeraire in stablecoins,
                pool.cash,
                pool.constant_requirement,
                pool.constant_initial,
                load(stage),
                stage.orders,
            )
        )
        caps = {name: len(records.caps) + i for i, (name, _) in enumerate(pool.caps)}
        records.caps.extend((self._number, limit) for _, limit in pool.caps)
        rows = self._rows(caps)
        nettings = self._nettings()
        groups = {name: records.groups + i for i, name in enumerate(self._groups.by_notional)}
        records.groups += len(groups)
        records.legs.extend(self._leg(leg, rows, groups, nettings) for leg in pool.legs)
        records.debts.extend(self._debt(debt) for debt in pool.debts)
        records.grid.extend((self._number, self._asset(grid.asset)) for grid in pool.grids)
        records.grids.extend(pool.grids)

    def _asset(self, asset: Asset) -> int:
        return self._prices.asset_place(self._pool.key.venue, asset)

    def _rows(self, caps: dict[str, int]) -> dict[Asset, int]:
        """Holdings, and an empty one for each other asset that a leg settles in."""
        held = {holding.asset: holding for holding in self._pool.holdings}
        for leg in self._pool.legs:
            held.setdefault(leg.settle, Holding(asset=leg.settle))
        places: dict[Asset, int] = {}
        settled = {leg.settle for leg in self._pool.legs}
        for asset, holding in held.items():
            if holding.amount == 0.0 and asset not in settled:
                continue  # an empty holding needs no price
            places[asset] = len(self._records.rows)
            self._records.rows.append(self._row(holding, caps))
        return places

    def _row(self, holding: Holding, caps: dict[str, int]) -> tuple[Any, ...]:
        collateral, borrow = holding.collateral, holding.borrow
        full = len(collateral.steps) == 1 and collateral.steps[0].rate == holding.negative_rate
        return (
            self._number,
            self._asset(holding.asset),
            holding.amount,
            self._shelf.add(of_curve(collateral)),
            collateral.by_value,
            holding.negative_rate,
            holding.requirement_rate,
            -1 if borrow is None else self._shelf.add(borrow),
            holding.borrow_fee_rate,
            -1 if holding.cap_group is None else caps[holding.cap_group],
            full and holding.negative_rate == 1.0 and borrow is None and holding.cap_group is None,
            not is_concave(collateral)
            or holding.negative_rate < collateral.steps[0].rate
            or (borrow is not None and not is_convex(borrow))
            or (holding.cap_group is not None and len(collateral.steps) > 1),
        )

    def _nettings(self) -> dict[str, int]:
        """Groups whose larger side counts; summed groups need no place, the sum is what happens anyway."""
        larger = [name for name, rule in self._pool.netting_groups if rule is Netting.LARGER_SIDE]
        places = {name: self._records.nettings + i for i, name in enumerate(larger)}
        self._records.nettings += len(places)
        return places

    def _leg(
        self, leg: Leg, rows: dict[Asset, int], groups: dict[str, int], nettings: dict[str, int]
    ) -> tuple[Any, ...]:
        inverse = leg.payoff is Payoff.INVERSE
        c = leg.quantity * leg.multiplier * (-1.0 if inverse else 1.0)
        valued_at, held = valued(leg, leg.basis, inverse)
        fee_valued, fee_held = valued(leg, leg.fee_basis, inverse)
        initial_valued, initial_held = valued(leg, leg.initial_basis, inverse)
        option = -1
        if leg.option is not None:
            option = len(self._records.options)
            self._records.options.append(_option(leg))
        size, share = self._groups.size(leg, orders=False), self._groups.share(leg, orders=False)
        size_orders, share_orders = self._groups.size(leg, orders=True), self._groups.share(leg, orders=True)
        table = -1 if leg.tiers is None else self._shelf.add(leg.tiers)
        one_tier = leg.tiers is not None and len(leg.tiers.tiers) == 1

        def fixed(looked_up: float | None) -> int:
            if table < 0 or (looked_up is None and not one_tier):
                return -1
            return self._shelf.fixed_row(table, looked_up or 0.0)

        return (
            self._number,
            rows[leg.settle],
            self._prices.mark_place(self._pool.key.venue, leg.symbol),
            self._asset(leg.coin or leg.base),
            self._asset(leg.base),
            self._asset(leg.quote),
            self._asset(leg.settle),
            inverse,
            leg.quantity,
            c,
            _entry_u(leg),
            leg.order,
            leg.opening_fee,
            table,
            fixed(size),
            fixed(size_orders),
            NAN if size is None else size,
            NAN if size_orders is None else size_orders,
            share,
            share_orders,
            not leg.group_lookup,
            valued_at,
            held,
            leg.fee_rate,
            fee_valued,
            fee_held,
            leg.constant_requirement,
            NAN if leg.initial_margin_rate is None else leg.initial_margin_rate,
            initial_valued,
            initial_held,
            leg.constant_initial,
            -1 if leg.tier_group is None else groups.get(leg.tier_group, -1),
            -1 if leg.netting_group is None else nettings.get(leg.netting_group, -1),
            leg.side is Side.LONG,
            option,
            leg.tiers is not None and leg.tiers.by is TierBy.NOTIONAL and not is_convex(leg.tiers),
        )

    def _debt(self, debt: Debt) -> tuple[Any, ...]:
        return (
            self._number,
            self._asset(debt.asset),
            debt.amount,
            debt.counted,
            self._shelf.add(of_curve(debt.liability)),
            debt.liability.by_value,
            self._shelf.add(debt.requirement),
            debt.requirement_by_value,
            debt.fee_rate,
            NAN if debt.initial_margin_rate is None else debt.initial_margin_rate,
            (debt.requirement_by_value and not is_convex(debt.requirement))
            or (debt.liability.by_value and not is_convex(of_curve(debt.liability))),
        )


class Groups:
    """Sizes of tier groups that no price moves (by contracts or base), and who shares a group's deduction."""

    def __init__(self, legs: Sequence[Leg]) -> None:
        self._members: dict[str, list[Leg]] = {}
        for leg in legs:
            if leg.tier_group is not None:
                self._members.setdefault(leg.tier_group, []).append(leg)
        self.by_notional = [name for name, members in self._members.items() if _by(members) is TierBy.NOTIONAL]

    def size(self, leg: Leg, *, orders: bool) -> float | None:
        """The size that is looked up, None where it is a notional."""
        if leg.tiers is None or leg.tiers.by is TierBy.NOTIONAL:
            return None
        measure = _measure(leg.tiers)
        return sum(measure(member) for member in self._counted(leg, orders)) if leg.group_lookup else measure(leg)

    def share(self, leg: Leg, *, orders: bool) -> float:
        """The part of the deduction that this leg takes, by size; groups by notional share as prices move."""
        if leg.tier_group is None or not leg.group_lookup:
            return 1.0
        if not leg.group_deduction or leg.tiers is None:
            return 0.0
        if leg.tiers.by is TierBy.NOTIONAL:
            return 1.0
        measure = _measure(leg.tiers)
        whole = sum(measure(member) for member in self._counted(leg, orders))
        return measure(leg) / whole if whole else 0.0

    def _counted(self, leg: Leg, orders: bool) -> list[Leg]:
        members = [leg] if leg.tier_group is None else self._members[leg.tier_group]
        return [member for member in members if orders or not member.order]


def _by(members: list[Leg]) -> TierBy | None:
    return next((leg.tiers.by for leg in members if leg.tiers is not None), None)


def _measure(table: TierTable) -> Callable[[Leg], float]:
    if table.by is TierBy.CONTRACTS:
        return lambda leg: abs(leg.contracts or 0.0)
    return lambda leg: abs(leg.quantity)


def valued(leg: Leg, basis: Basis, inverse: bool) -> tuple[Valued, float]:
    """How the basis moves, and its u where it does not."""
    if basis is Basis.MARK:
        return Valued.MARK, NAN
    if basis is Basis.INDEX:
        return Valued.INDEX, NAN
    held = leg.entry if basis is Basis.ENTRY else leg.snapshot_mark
    return Valued.HELD, reciprocal(held) if inverse else held


def _entry_u(leg: Leg) -> float:
    """u of the entry; 0 where the option's value is no part of equity, whatever was paid for it."""
    if leg.option is not None and not leg.option.in_equity:
        return 0.0
    return reciprocal(leg.entry) if leg.payoff is Payoff.INVERSE else leg.entry


def reciprocal(price: float) -> float:
    """1 / price; 0 stays 0, which is an entry whose cash leg lies in a holding."""
    return 1.0 / price if price else 0.0


def _option(leg: Leg) -> tuple[Any, ...]:
    option = leg.option
    assert option is not None
    return (
        option.strike,
        option.call,
        option.volatility,
        option.years,
        option.underlying,
        leg.settle == leg.base,
        option.index_rate,
        option.mark_rate,
        option.mark_add,
        option.index_add,
        option.in_equity,
        NAN,  # what the model makes of it is worked out for all of them together
    )
