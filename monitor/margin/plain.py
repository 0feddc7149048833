"""Which pools are plain: those whose health along every ray is one straight formula (docs/kernel.md, "Plain pools").

A plain pool counts in the asset in which all its legs settle, so that no other price enters. Its requirement bends
upwards only, and each of its rays multiplies everything that it moves by the same factor, or by factors 1 + weight * x.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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


def plain_pools(pools: Sequence[Pool], shelf: Shelf, stablecoins: frozenset[Asset], betas: Betas) -> set[PoolKey]:
    """The account's plain pools. A pool and its backstop are of one kind, because one's answer needs the other's."""
    plain = {pool.key for pool in pools if _is_plain(pool, shelf, stablecoins, betas)}
    described = {pool.key for pool in pools}
    apart = True
    while apart:
        apart = False
        for pool in pools:
            if pool.backstop in described and (pool.key in plain) != (pool.backstop in plain):
                plain -= {pool.key, pool.backstop}
                apart = True
    return plain


def _is_plain(pool: Pool, shelf: Shelf, stablecoins: frozenset[Asset], betas: Betas) -> bool:
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
        and all(reading_of(pool, {asset: 1.0}) is not None for asset in moving_assets(pool))
        and reading_of(pool, market_speeds(pool, stablecoins, betas)) is not None
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


def moving_assets(pool: Pool) -> list[Asset]:
    """The assets that have a coin line or a depeg line in a plain pool. USD never moves."""
    held = [pool.numeraire] if pool.legs or any(h.amount for h in pool.holdings if h.asset == pool.numeraire) else []
    names = [name for leg in pool.legs for name in (leg.coin or leg.base, leg.quote)] + held
    return [name for name in dict.fromkeys(names) if name != USD]


def market_speeds(pool: Pool, stablecoins: frozenset[Asset], betas: Betas) -> dict[Asset, float]:
    """The speeds of what moves along the market line."""
    speeds = {asset: speed_of(asset, stablecoins, betas) for asset in moving_assets(pool)}
    return {asset: speed for asset, speed in speeds.items() if speed != 0.0}


Reading = tuple[bool, float, tuple[tuple[int, float], ...]]
"""Whether a ray divides (by 1 + beta * x) what it moves, beta, and the legs that move with their weights."""


def reading_of(pool: Pool, speeds: Mapping[Asset, float]) -> Reading | None:
    """How a ray that moves assets at these speeds moves the legs' u; None where that is not straight.

    u moves by (1 + rise * x) / (1 + sink * x). Where all legs rise, with y = x by 1 + rise * y; where all sink alike,
    with 1 + y = 1 / (1 + sink * x) by 1 + y. Speeds outside 0...1 would take a price to zero before the ray ends.
    """
    rises: list[tuple[int, float]] = []
    sinks: list[tuple[int, float]] = []
    for number, leg in enumerate(pool.legs):
        rise, sink = speeds.get(leg.coin or leg.base, 0.0), speeds.get(leg.quote, 0.0)
        if leg.payoff is Payoff.INVERSE:
            rise, sink = sink, rise
        if not (0.0 <= rise <= 1.0 and 0.0 <= sink <= 1.0):
            return None
        if rise == sink:
            continue
        if rise and sink:
            return None
        (rises if rise else sinks).append((number, rise or sink))
    moving = rises or sinks
    betas = {speed for _, speed in moving}
    if (rises and sinks) or (sinks and len(betas) > 1):
        return None
    if len(betas) > 1:
        return False, 1.0, tuple(moving)
    beta = betas.pop() if betas else 1.0
    return bool(sinks), beta, tuple((number, 1.0) for number, _ in moving)
