"""Which pools are plain: those whose health along every ray is one straight formula (docs/kernel.md, "Plain pools").

A plain pool counts in the asset in which all its legs settle, so that no other price enters. Its requirement bends
upwards only, and each of its rays multiplies everything that it moves by the same factor, or by factors 1 + weight * x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, Asset, PoolKey
from monitor.domain.tiers import TierBy
from monitor.margin.compile import liquidation_stage, load
from monitor.margin.pool import Basis, Holding, Leg, Netting, Pool, Requirement, VenueLine
from monitor.margin.tiers import Shelf

#: By asset: how fast it moves along the market line.
Betas = Mapping[Asset, float]


def speed_of(asset: Asset, stablecoins: frozenset[Asset], betas: Betas) -> float:
    """The market line's speed of an asset: stablecoins and USD stand still."""
    return 0.0 if asset == USD or asset in stablecoins else betas.get(asset, 1.0)


class Reading(NamedTuple):
    """How a ray moves u: by 1 + weight * y, y = beta * x, or where it `divides` 1 + y = 1 / (1 + beta * x)."""

    divides: bool
    beta: float
    moving: tuple[tuple[int, float], ...]  # legs with their weights


class StraightRays(NamedTuple):
    """The coin and depeg lines of a plain pool, and its market line (None: nothing moves along it)."""

    assets: dict[Asset, Reading]
    market: Reading | None


def plain_pools(
    pools: Sequence[Pool], shelf: Shelf, stablecoins: frozenset[Asset], betas: Betas
) -> dict[PoolKey, StraightRays]:
    """The account's plain pools. A pool and its backstop are of one kind, because one's answer needs the other's."""
    plain: dict[PoolKey, StraightRays] = {}
    for pool in pools:
        rays = straight_rays(pool, stablecoins, betas) if _is_plain(pool, shelf) else None
        if rays is not None:
            plain[pool.key] = rays
    described = {pool.key for pool in pools}
    apart = True
    while apart:
        apart = False
        for pool in pools:
            if pool.backstop in described and (pool.key in plain) != (pool.backstop in plain):
                plain.pop(pool.key, None)
                plain.pop(pool.backstop, None)
                apart = True
    return plain


def _is_plain(pool: Pool, shelf: Shelf) -> bool:
    stage = liquidation_stage(pool)
    larger = {name for name, rule in pool.netting_groups if rule is Netting.LARGER_SIDE}
    return (
        not (pool.debts or pool.grids)
        and (stage.scale > 0.0 or stage.requirement is Requirement.NONE)
        and all(_is_cash(pool, holding) for holding in pool.holdings)
        and all(_is_plain_leg(pool, leg, larger) for leg in pool.legs)
        and all(shelf.facts(leg.tiers).straight for leg in pool.legs if leg.tiers is not None and follows_mark(leg))
        and _one_payoff_a_symbol(pool)
        and (pool.backstop is None or len({leg.symbol for leg in pool.legs}) == len(pool.legs))
        and all(_is_position_line(pool, line) for line in pool.venue.lines)
    )


def _is_cash(pool: Pool, holding: Holding) -> bool:
    """Whether a holding is nothing but more of the pool's cash, or nothing at all."""
    if holding.asset != pool.numeraire:
        return holding.amount == 0.0
    steps = holding.collateral.steps
    full = len(steps) == 1 and steps[0].rate == holding.negative_rate == holding.requirement_rate == 1.0
    return full and holding.borrow is None and holding.cap_group is None


def _is_plain_leg(pool: Pool, leg: Leg, larger: set[str]) -> bool:
    return (
        leg.settle == pool.numeraire
        and not leg.order
        and leg.option is None
        and Basis.INDEX not in (leg.basis, leg.fee_basis, leg.initial_basis)
        and leg.netting_group not in larger
        and (leg.tier_group is None or leg.tiers is None or leg.tiers.by is not TierBy.NOTIONAL)
    )


def follows_mark(leg: Leg) -> bool:
    """Whether the leg's tier follows its mark."""
    return leg.tiers is not None and leg.tiers.by is TierBy.NOTIONAL and leg.basis is Basis.MARK


def _one_payoff_a_symbol(pool: Pool) -> bool:
    return len({(leg.symbol, leg.payoff) for leg in pool.legs}) == len({leg.symbol for leg in pool.legs})


def _is_position_line(pool: Pool, line: VenueLine) -> bool:
    """Whether what the venue prints is our own position line."""
    stage = liquidation_stage(pool)
    return (
        line.moves in ((), ((line.symbol, 1.0),))
        and not line.asset_moves
        and load(stage, line.threshold) == load(stage)
        and any(leg.symbol == line.symbol for leg in pool.legs)
    )


def straight_rays(pool: Pool, stablecoins: frozenset[Asset], betas: Betas) -> StraightRays | None:
    """How the pool's coin, depeg and market lines move its legs; None where one of them is not straight."""
    turned = [
        (leg.quote, leg.coin or leg.base) if leg.payoff is Payoff.INVERSE else (leg.coin or leg.base, leg.quote)
        for leg in pool.legs
    ]
    rises: dict[Asset, list[tuple[int, float]]] = {}
    sinks: dict[Asset, list[tuple[int, float]]] = {}
    for number, (above, below) in enumerate(turned):
        if above != below:
            rises.setdefault(above, []).append((number, 1.0))
            sinks.setdefault(below, []).append((number, 1.0))
    held = any(holding.amount for holding in pool.holdings if holding.asset == pool.numeraire)
    names = [name for pair in turned for name in pair] + ([pool.numeraire] if pool.legs or held else [])
    assets: dict[Asset, Reading] = {}
    for name in dict.fromkeys(names):
        if name in rises and name in sinks:
            return None
        if name != USD:
            moving = tuple(rises.get(name, sinks.get(name, ())))
            assets[name] = Reading(name in sinks, 1.0, moving)
    speeds = {name: speed_of(name, stablecoins, betas) for name in assets}
    if not any(speeds.values()):
        return StraightRays(assets, None)
    market = _market(turned, speeds)
    return None if market is None else StraightRays(assets, market)


def _market(turned: Sequence[tuple[Asset, Asset]], speeds: Mapping[Asset, float]) -> Reading | None:
    """How assets that move together move the legs' u; None where that is not straight.

    u moves by (1 + rise * x) / (1 + sink * x). Where all legs rise, with y = x by 1 + rise * y; where all sink alike,
    with 1 + y = 1 / (1 + sink * x) by 1 + y. Speeds outside 0...1 would take a price to zero before the ray ends.
    """
    rises: list[tuple[int, float]] = []
    sinks: list[tuple[int, float]] = []
    for number, (above, below) in enumerate(turned):
        rise, sink = speeds.get(above, 0.0), speeds.get(below, 0.0)
        if not (0.0 <= rise <= 1.0 and 0.0 <= sink <= 1.0):
            return None
        if rise == sink:
            continue
        if rise and sink:
            return None
        (rises if rise else sinks).append((number, rise or sink))
    moving = rises or sinks
    betas = {speed for _, speed in moving}
    if len(betas) > 1:
        return None if sinks else Reading(False, 1.0, tuple(moving))
    if rises and sinks:
        return None
    return Reading(bool(sinks), betas.pop() if betas else 1.0, tuple((number, 1.0) for number, _ in moving))
