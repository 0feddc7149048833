"""One account's plain pools turned into columns: what no price changes; the first tick finds the tiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf, nan
from typing import Any

from monitor.domain.instruments import Payoff
from monitor.domain.names import Asset, PoolKey
from monitor.domain.tiers import TierTable
from monitor.margin.arrays import columns_of
from monitor.margin.compile import Groups, liquidation_stage, load, reciprocal, valued
from monitor.margin.plain import Reading, StraightRays, follows_mark
from monitor.margin.plain_columns import Plain, PlainLegs, PlainLines, PlainMoves, PlainPaths, PlainPools
from monitor.margin.pool import Basis, Leg, Pool
from monitor.margin.prices import Prices
from monitor.margin.roots import NOWHERE, TOP
from monitor.margin.speeds import Kind
from monitor.margin.tiers import Shelf, tier_at

Record = tuple[Any, ...]
C = 2  #: where c stands in a leg's record

#: Tiers that the first tick looks up: no u lies between these bounds.
UNSEEN = (inf, -inf)


def compiled_plain(pools: Sequence[Pool], rays: Mapping[PoolKey, StraightRays], prices: Prices, shelf: Shelf) -> Plain:
    """The pools (checked, and plain) with their rays as columns."""
    records = _Records()
    for number, pool in enumerate(pools):
        _OnePool(number, pool, prices, shelf, records).run(rays[pool.key])
    return Plain(
        columns_of(PlainPools, records.pools),
        columns_of(PlainLegs, records.legs),
        columns_of(PlainPaths, records.paths),
        columns_of(PlainMoves, records.moves),
        columns_of(PlainLines, records.lines),
    )


@dataclass(slots=True)
class _Records:
    pools: list[Record] = field(default_factory=list)
    legs: list[Record] = field(default_factory=list)
    paths: list[Record] = field(default_factory=list)
    moves: list[Record] = field(default_factory=list)
    lines: list[Record] = field(default_factory=list)


class _OnePool:
    """One pool. Its rows begin where those of the pool before it end."""

    def __init__(self, number: int, pool: Pool, prices: Prices, shelf: Shelf, records: _Records) -> None:
        self._number, self._pool, self._prices, self._shelf, self._records = number, pool, prices, shelf, records
        self._begin = len(records.legs)
        self._load = load(liquidation_stage(pool))
        self._groups = Groups(pool.legs)
        self._own: list[bool] = []  # whether each leg alone is a path that loses in one direction
        self._paths: dict[tuple[tuple[int, float], ...], int] = {}
        self._shown: set[tuple[int, int, bool, float]] = set()

    def run(self, rays: StraightRays) -> None:
        pool = self._pool
        held = sum(holding.amount for holding in pool.holdings if holding.asset == pool.numeraire)
        self._records.pools.append(
            (
                len(pool.legs),
                pool.cash + held,
                pool.constant_requirement,
                self._load,
                bool(pool.unknown),
                pool.empty_liquidates,
            )
        )
        members: dict[str, list[int]] = {}
        for number, leg in enumerate(pool.legs):
            members.setdefault(leg.symbol, []).append(number)
        for leg in pool.legs:
            self._leg(leg, alone=len(members[leg.symbol]) == 1)
        for symbol, numbers in members.items():
            if len(numbers) > 1 or not self._own[numbers[0]]:
                divides = pool.legs[numbers[0]].payoff is Payoff.INVERSE
                moving = tuple((number, 1.0) for number in numbers)
                place = self._prices.mark_place(pool.key.venue, symbol)
                self._line(Kind.POSITION, place, Reading(divides, 1.0, moving))
        for asset, reading in rays.assets.items():
            self._line(Kind.ASSET, self._asset(asset), reading)
        if rays.market is not None:
            self._line(Kind.MARKET, 0, rays.market)

    def _asset(self, asset: Asset) -> int:
        return self._prices.asset_place(self._pool.key.venue, asset)

    def _leg(self, leg: Leg, *, alone: bool) -> None:
        """A leg's row. Requirement = charge * u - relief, by its tier at the mark or for good."""
        weight, divides = self._load, leg.payoff is Payoff.INVERSE
        c = leg.quantity * leg.multiplier * (-1.0 if divides else 1.0)
        size = abs(c)
        fee, constant = _fees(leg, size, divides)
        table, charge, relief = -1, nan, -constant
        least = top = nan
        if leg.tiers is not None and follows_mark(leg) and c != 0.0:
            facts = self._shelf.facts(leg.tiers)
            table, least, top = facts.number, facts.least_rate + fee, facts.top_rate + fee
        elif leg.tiers is not None:
            rate, relief = self._for_good(leg, leg.tiers, size, divides)
            charge, relief = (rate + fee) * size, relief - constant
            least = top = rate + fee
        # Health loses in one direction of u only, whatever the tier, where less requirement never outweighs the loss.
        one_way = not weight * top >= 1.0 if c > 0.0 else c < 0.0 and not weight * least <= -1.0
        own = alone and one_way
        known = weight != 0.0
        k, lift = (c - weight * charge, weight * relief) if known else (c, 0.0)
        low, high = (-inf, inf) if table < 0 else UNSEEN
        root_low, root_high = (low, high) if own else (-inf, inf)
        if table >= 0:
            k, lift = c, 0.0
        self._own.append(own)
        self._records.legs.append(
            (
                self._number,
                2 * self._prices.mark_place(self._pool.key.venue, leg.symbol) + divides,
                c,
                reciprocal(leg.entry) if divides else leg.entry,
                table,
                fee,
                constant,
                weight,
                _reach(c, divides=divides) if own else -1.0,
                divides,
                leg.tiers is not None and leg.basis is not Basis.MARK and fee == 0.0,
                charge,
                relief,
                k,
                lift,
                low,
                high,
                k,
                lift,
                -1.0 / k if own else 0.0,
                0.0,
                0.0,
                root_low,
                root_high,
            )
        )

    def _for_good(self, leg: Leg, table: TierTable, size: float, divides: bool) -> tuple[float, float]:
        """Rate and relief of a leg whose tier no price changes: looked up by size, or by a notional that is held."""
        looked_up, share = self._groups.size(leg, orders=False), self._groups.share(leg, orders=False)
        if leg.basis is Basis.MARK:
            of_size = looked_up or 0.0
            tier = tier_at(table, of_size)
            return tier.rate + of_size * tier.growth, share * tier.deduction
        notional = size * valued(leg, leg.basis, divides)[1]
        tier = tier_at(table, notional if looked_up is None else looked_up)
        grown = tier.growth * (notional if looked_up is None else looked_up)
        return 0.0, share * tier.deduction - notional * (tier.rate + grown)

    def _line(self, kind: Kind, key: int, reading: Reading) -> None:
        """A line's row, and its path's where no other line has had it before."""
        divides, beta, moving = reading
        moving = tuple((number, weight) for number, weight in moving if self._records.legs[self._begin + number][C])
        leg = path = -1
        natural = False
        if len(moving) == 1 and self._own[moving[0][0]]:
            number, weight = moving[0]
            leg, beta = self._begin + number, beta * weight
            natural = beta == 1.0 and divides == (self._pool.legs[number].payoff is Payoff.INVERSE)
        elif moving:
            path = self._path(moving)
        answer = leg, path, divides, beta
        shown = answer not in self._shown and not natural and max(leg, path) >= 0
        self._shown.add(answer)
        self._records.lines.append((self._number, kind, key, leg, path, divides, beta, shown))

    def _path(self, moving: tuple[tuple[int, float], ...]) -> int:
        path = self._paths.get(moving)
        if path is None:
            path = self._paths[moving] = len(self._records.paths)
            self._records.paths.append((self._number, len(moving), 0.0, False, 0.0, False))
            for number, weight in moving:
                # The first root is looked for from where nothing is required.
                side = self._records.legs[self._begin + number][C], *UNSEEN
                self._records.moves.append((path, self._begin + number, weight, *side, *side))
        return path


def _fees(leg: Leg, size: float, divides: bool) -> tuple[float, float]:
    """The fee's rate at the mark, and what no price changes: the fee at a held basis, and the leg's constant."""
    if leg.fee_rate == 0.0:
        return 0.0, leg.constant_requirement
    if leg.fee_basis is Basis.MARK:
        return leg.fee_rate, leg.constant_requirement
    return 0.0, leg.constant_requirement + leg.fee_rate * size * valued(leg, leg.fee_basis, divides)[1]


def _reach(c: float, *, divides: bool) -> float:
    """How far y may go: to a price of TOP times today's, or near to price zero."""
    if divides:
        return TOP / (1.0 + TOP) if c > 0.0 else -NOWHERE / (1.0 + NOWHERE)
    return -NOWHERE if c > 0.0 else TOP
