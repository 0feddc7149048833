"""Lines are solved less often than ratios: in between, the solved prices stand and their distances follow the mark."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace

from monitor.domain.lines import Direction, Line, State, nearer
from monitor.domain.names import Asset
from monitor.margin.results import PoolResult, PositionResult, Sides


def with_solved_lines(now: PoolResult, solved: PoolResult, asset_price: Callable[[Asset], float]) -> PoolResult | None:
    """`now`, a result without lines, with those of `solved`; None where they contradict and must be solved anew.

    `asset_price` gives an asset's USD price now, NaN if unknown. The distance on the market line moves everything at
    once and stays as it was solved.
    """
    if now.ratio.state is not solved.ratio.state or len(now.positions) != len(solved.positions):
        return None
    positions = [_position(mine, theirs) for mine, theirs in zip(now.positions, solved.positions, strict=True)]
    coins, depegs = _by_asset(solved.coins, asset_price), _by_asset(solved.depegs, asset_price)
    if None in positions or None in coins.values() or None in depegs.values():
        return None
    return replace(
        now,
        positions=tuple(position for position in positions if position is not None),
        coins={asset: sides for asset, sides in coins.items() if sides is not None},
        depegs={asset: sides for asset, sides in depegs.items() if sides is not None},
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


def _by_asset(solved: Mapping[Asset, Sides], asset_price: Callable[[Asset], float]) -> dict[Asset, Sides | None]:
    prices = {asset: asset_price(asset) for asset in solved}
    return {
        asset: sides if math.isnan(prices[asset]) else _sides(sides, prices[asset]) for asset, sides in solved.items()
    }
