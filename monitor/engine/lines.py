"""Lines are solved less often than ratios: in between, the solved prices stand and their distances follow the mark."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.domain.lines import Direction, Line, State, nearer
from monitor.domain.names import Asset
from monitor.margin.results import PoolResult, PositionResult, Sides

SAME_PRICE = 1e-9  #: relative difference below which two prices of an asset are one


def with_solved_lines(now: PoolResult, solved: PoolResult, asset_price: Callable[[Asset], float]) -> PoolResult | None:
    """`now`, a result without lines, with those of `solved`; None where they contradict and must be solved anew.

    `asset_price` gives an asset's USD price now, NaN if unknown. A coin line moves its instruments with the coin, and
    the market line everything: their distances stay as they were solved. Where such a coin's own price has moved since,
    all is solved anew: marks and asset prices come in frames of their own, so neither tells how far the other went.
    """
    if now.ratio.state is not solved.ratio.state or len(now.positions) != len(solved.positions):
        return None
    positions = [_position(mine, theirs) for mine, theirs in zip(now.positions, solved.positions, strict=True)]
    if None in positions or _moved(solved.coins, asset_price) or _moved(solved.depegs, asset_price):
        return None
    return replace(
        now,
        positions=tuple(position for position in positions if position is not None),
        coins=solved.coins,
        depegs=solved.depegs,
        market=solved.market,
        venue_lines=solved.venue_lines,
    )


def seen_from(line: Line, price: float, direction: Direction | None) -> Line | None:
    """The same line seen from `price`; None where it lies beyond it (never, if no direction is given)."""
    if line.state is not State.AT or line.price is None:
        return line
    rise = line.price / price - 1.0
    distance = abs(rise) if direction is None else rise if direction is Direction.UP else -rise
    return None if distance < 0.0 else Line.at(line.price, distance)


def _sides(solved: Sides, price: float) -> Sides | None:
    down, up = seen_from(solved.down, price, Direction.DOWN), seen_from(solved.up, price, Direction.UP)
    return None if down is None or up is None else Sides(down=down, up=up)


def _position(now: PositionResult, solved: PositionResult) -> PositionResult | None:
    mark = math.nan if now.mark_price is None else now.mark_price
    sides = _sides(Sides(down=solved.down, up=solved.up), mark)
    if sides is None:
        return None
    backstop = solved.with_backstop
    return replace(
        now,
        line=nearer(sides.down, sides.up),
        down=sides.down,
        up=sides.up,
        bankruptcy=seen_from(solved.bankruptcy, mark, None) or solved.bankruptcy,
        with_backstop=None if backstop is None else seen_from(backstop, mark, None),
        loss_to_line_usd=solved.loss_to_line_usd,
    )


def _moved(solved: Mapping[Asset, Sides], asset_price: Callable[[Asset], float]) -> bool:
    """Whether any of these assets has another price than when its lines were solved."""
    for asset, sides in solved.items():
        price = asset_price(asset)
        for line, direction in ((sides.down, Direction.DOWN), (sides.up, Direction.UP)):
            if line.state is not State.AT or line.price is None or line.distance_ratio is None or math.isnan(price):
                continue
            rise = line.distance_ratio if direction is Direction.UP else -line.distance_ratio
            if not math.isclose(line.price, price * (1.0 + rise), rel_tol=SAME_PRICE, abs_tol=SAME_PRICE * price):
                return True
    return False
