"""The first crossing along a ray, found the slow way: every breakpoint, many points between them, then bisection."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from monitor.domain.instruments import Payoff
from monitor.domain.lines import Direction
from monitor.domain.tiers import TierBy
from monitor.margin.pool import LIQUIDATION, Basis, Pool
from tests.reference.plain import Market, Ray, Reference

FAR_UP = 1e4
"""Scans upwards end where prices stand at ten thousand times today's."""


def breakpoints(pool: Pool, market: Market) -> Iterator[float]:
    """Where a leg that moves at speed 1 alone enters another tier (notional tables at the mark)."""
    for leg in pool.legs:
        if leg.tiers is None or leg.tiers.by is not TierBy.NOTIONAL or leg.basis is not Basis.MARK:
            continue
        mark, size = market.marks[leg.symbol], abs(leg.quantity) * leg.multiplier
        if size == 0.0 or leg.option is not None:
            continue
        for tier in leg.tiers.tiers[1:]:
            inverse = leg.payoff is Payoff.INVERSE
            yield (size / tier.floor if inverse else tier.floor / size) / mark - 1.0


def scan_points(direction: Direction, steps: int = 200) -> list[float]:
    """Even steps to the floor at -1 (or to +1), then ever closer to -1 (or geometric up to FAR_UP)."""
    even = [(i + 1) / steps for i in range(steps - 1)]
    if direction is Direction.DOWN:
        return [-x for x in even] + [-1.0 + 0.5**k / steps for k in range(1, 34)]
    far = []
    x = 1.0
    while x < FAR_UP:
        far.append(x)
        x *= 1.0 + 4.0 / steps
    return [*even, *far, FAR_UP]


def first_crossing(
    pool: Pool, market: Market, ray: Ray, direction: Direction, stage: str = LIQUIDATION, steps: int = 200
) -> float | None:
    """The x nearest to 0 in the direction with health <= 0 just past it; 0.0 if that holds now; None if never."""
    reference = Reference(pool, market, ray, stage)
    if reference.health(0.0) <= 0.0:
        return 0.0
    sign = -1.0 if direction is Direction.DOWN else 1.0
    points = scan_points(direction, steps)
    for x in breakpoints(pool, market):
        points += [x - 1e-12, x, x + 1e-12]
    inside = sorted({x for x in points if sign * x > 0.0 and x > -1.0}, key=abs)
    before = 0.0
    for x in inside:
        if reference.health(x) <= 0.0:
            return bisected(reference.health, before, x)
        before = x
    return None


def bisected(health: Callable[[float], float], safe: float, unsafe: float) -> float:
    """The last float on the unsafe side between a safe and an unsafe x."""
    for _ in range(200):
        middle = 0.5 * (safe + unsafe)
        if middle in (safe, unsafe):
            break
        if health(middle) <= 0.0:
            unsafe = middle
        else:
            safe = middle
    return unsafe
