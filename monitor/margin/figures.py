"""The figures of one pool, read out of whatever columns it was computed in: what `answers` puts into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from monitor.domain.names import Asset
from monitor.margin.arrays import Floats, Ints
from monitor.margin.general import State
from monitor.margin.plan import Lines
from monitor.margin.pool import Pool
from monitor.margin.solve import Solved
from monitor.margin.speeds import Kind


@dataclass(slots=True)
class Ray:
    """One ray's answer: the moves to its roots (NaN: never), the pool's equity there, and health now (NaN: unknown)."""

    down: float
    up: float
    equity_down: float
    equity_up: float
    now: float


#: Rays of a pool, by (kind, key).
Rays = dict[tuple[int, int], Ray]


@dataclass(slots=True)
class Amounts:
    """A pool's figures in its numeraire; NaN unknown."""

    equity: float
    maintenance: float
    initial: float


@dataclass(slots=True, kw_only=True)
class Figures:
    """One pool, NaN is unknown. Columns go by leg; `rays` is None where lines were not asked for."""

    pool: Pool
    usd: float  # of the numeraire
    assumed: bool
    exposed: bool
    out: Amounts  # resting orders left out
    counted: Amounts
    mark_place: Sequence[int]
    mark: Sequence[float]
    notional: Sequence[float]  # at the mark
    settle_usd: Sequence[float]
    profit: Sequence[float]
    needed: Sequence[float]
    rays: Rays | None
    assets: Sequence[tuple[Asset, int]]  # that have a line, with their keys


class GeneralFigures:
    """Reads the columns of one tick of a shard of general pools."""

    def __init__(self, state: State) -> None:
        plan, tick = state.plan, state.tick
        self._plan = plan
        self._found: tuple[Lines, Solved] | None = None
        block, now = plan.block, tick.marked
        self._usd, self._assumed, self._exposed = now.numeraire_usd.tolist(), now.assumed.tolist(), tick.exposed
        self._amounts = [
            [one.equity.tolist(), one.maintenance.tolist(), one.initial.tolist()] for one in (tick.out, tick.counted)
        ]
        legs = np.array([len(pool.legs) for pool in block.described], np.intp)
        self._legs_begin: Ints = np.append(0, np.cumsum(legs))
        settled_usd = now.price[block.legs.row] * now.numeraire_usd[block.legs.pool]
        health = tick.out.health
        notional: Floats = abs(block.legs.c * now.u)
        self._by_leg = (block.legs.mark, now.mark, notional, settled_usd, health.profit, health.leg_requirement)
        if state.found is not None and state.found[1] is not None:
            self._found = state.found[0], state.found[1]
            pool = state.found[0].pool
            self._order: Ints = np.argsort(pool, kind="stable")
            self._rays_begin: Ints = np.searchsorted(pool[self._order], np.arange(block.count + 1))

    def of(self, number: int) -> Figures:
        """One pool."""
        begin, end = self._legs_begin[number : number + 2]
        out, counted = (Amounts(*(column[number] for column in columns)) for columns in self._amounts)
        rays, assets = self._rays(number)
        by_leg = (column[begin:end].tolist() for column in self._by_leg)
        place, mark, notional, settle_usd, profit, needed = by_leg
        return Figures(
            pool=self._plan.block.described[number],
            usd=self._usd[number],
            assumed=self._assumed[number],
            exposed=bool(self._exposed[number]),
            out=out,
            counted=counted,
            mark_place=place,
            mark=mark,
            notional=notional,
            settle_usd=settle_usd,
            profit=profit,
            needed=needed,
            rays=rays,
            assets=assets,
        )

    def _rays(self, number: int) -> tuple[Rays | None, list[tuple[Asset, int]]]:
        if self._found is None:
            return None, []
        lines, solved = self._found
        which = self._order[self._rays_begin[number] : self._rays_begin[number + 1]]
        columns = (solved.down, solved.up, solved.equity_down, solved.equity_up, solved.now)
        keys = list(zip(lines.kind[which].tolist(), lines.key[which].tolist(), strict=True))
        answers = zip(*(column[which].tolist() for column in columns), strict=True)
        rays = {key: Ray(*answer) for key, answer in zip(keys, answers, strict=True)}
        return rays, [(lines.names[key], key) for kind, key in keys if kind == Kind.ASSET]
