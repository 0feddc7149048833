"""Legs along a ray: profit and requirement in the settlement asset. See docs/kernel.md, "Legs" and "Requirement"."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from monitor.margin.arrays import Floats, Ints
from monitor.margin.columns import Block
from monitor.margin.dual import Dual, negative
from monitor.margin.options import premium, short_requirement
from monitor.margin.terms import FLOOR, Terms
from monitor.margin.tiers import Shelf


@dataclass(slots=True)
class Legs:
    """By leg: profit and requirement in the settlement asset."""

    profit: Dual
    requirement: Dual


def at_speed(speed: Floats, x: Floats, *, slopes: bool) -> Dual:
    """1 + speed * x, never below FLOOR. Without `slopes` nobody asks how it changes, which halves the work."""
    value = 1.0 + speed * x
    if not slopes:
        return Dual(np.maximum(value, FLOOR))
    low = value < FLOOR
    if low.any():
        return Dual(np.where(low, FLOOR, value), np.where(low, 0.0, speed))
    return Dual(value, speed)


def legs_at(
    terms: Terms,
    u_now: Floats,
    notional_now: Floats,
    fee_now: Floats,
    shelf: Shelf,
    block: Block,
    x: Floats,
    *,
    slopes: bool,
) -> Legs:
    """profit = c * (u - u0); requirement = tiers(notional at the basis) + fee + constant."""
    legs = terms.legs
    u, notional, fee = Dual(u_now), Dual(notional_now), Dual(fee_now)
    moved = Dual(np.ones(len(legs.leg)))
    if terms.moving:
        at = x[legs.problem]
        moved = at_speed(legs.rise, at, slopes=slopes) / at_speed(legs.sink, at, slopes=slopes)
        u = u * moved
        notional = (notional * moved).where(legs.requirement_moves, notional) if terms.any_held else notional * moved
        if terms.any_fee:
            fee = (fee * moved).where(legs.fee_moves, fee)
    extra: Dual | None = None
    if terms.any_option:
        u, notional, fee, extra = _options(terms, u_now, u, notional, fee, moved, block)

    profit = (u - legs.u0) * legs.c
    if terms.any_order:
        filled = negative(profit) - legs.opening_fee
        profit = filled.where(legs.order, profit)
    requirement = _tiers(terms, shelf, notional) + legs.constant
    if terms.any_fee:
        requirement += fee
    return Legs(profit, requirement if extra is None else requirement + extra)


def _tiers(terms: Terms, shelf: Shelf, notional: Dual) -> Dual:
    """n * rate - deduction + n * size * growth, in the tier that holds the size: the leg's own or its group's."""
    legs = terms.legs
    size, share = notional, Dual(legs.share)
    if len(terms.groups.problem):
        size, share = _of_groups(terms, notional)
    tier = legs.fixed
    if not terms.all_fixed:
        tier = legs.fixed.copy()
        free = np.flatnonzero(tier < 0)
        tier[free] = shelf.rows(legs.table[free], size.v[free])
    result = notional * shelf.rate[tier] - share * shelf.deduction[tier]
    if shelf.grows:
        result += notional * size.where(np.isnan(legs.size), Dual(legs.size)) * shelf.growth[tier]
    unknown = legs.table < 0
    return Dual(np.where(unknown, np.nan, result.v), result.d) if unknown.any() else result


def _of_groups(terms: Terms, notional: Dual) -> tuple[Dual, Dual]:
    """Sizes looked up, and shares of the deduction, where legs are grouped by notional."""
    legs, count = terms.legs, len(terms.groups.problem)
    grouped = legs.group >= 0
    members, group = np.flatnonzero(grouped), np.where(grouped, legs.group, 0)
    together = grouped & ~legs.alone
    size = notional.at(members).total(legs.group[members], count).at(group).where(together, notional)
    whole = Dual(np.where(size.v > 0.0, size.v, 1.0), size.d)
    return size, (notional / whole * legs.share).where(together, Dual(legs.share))


def _options(
    terms: Terms, mark: Floats, u: Dual, notional: Dual, fee: Dual, moved: Dual, block: Block
) -> tuple[Dual, Dual, Dual, Dual]:
    """Premiums in place of u, notionals and fees with them, and what short options require besides."""
    legs = terms.legs
    places: Ints = np.flatnonzero(legs.option >= 0)
    which, follows = legs.option[places], legs.by_asset[places]
    underlying = moved.at(places).where(follows, Dual(np.ones(len(places))))
    value = premium(block.options, which, Dual(mark[places]), underlying).where(follows, u.at(places))
    short = np.maximum(-legs.c[places], 0.0)
    needed = short_requirement(block.options, which, value, underlying) * short
    size = np.abs(legs.c[places])
    at_mark = value * size
    charged = at_mark * block.legs.fee_rate[legs.leg[places]]
    return (
        _put(u, places, value.where(block.options.in_equity[which], Dual(legs.u0[places]))),
        _put(notional, places, at_mark.where(legs.requirement_moves[places], notional.at(places))),
        _put(fee, places, charged.where(legs.fee_moves[places], fee.at(places))),
        _put(Dual(np.zeros(len(legs.leg))), places, needed),
    )


def _put(column: Dual, places: Ints, new: Dual) -> Dual:
    """The column with new values at some places."""
    values = column.v.copy()
    values[places] = new.v
    if column.d is None and new.d is None:
        return Dual(values)
    change = np.zeros(len(values)) if column.d is None else column.d.copy()
    change[places] = 0.0 if new.d is None else new.d
    return Dual(values, change)
