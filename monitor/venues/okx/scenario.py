"""Portfolio margin at OKX: its own scenarios as the pool's requirement, and its own curve as the market's lines.

The position builder simulates the real account: for each coin a grid of profits over moves and volatilities, whose
worst loss is the heart of the requirement. Between two readings the kernel takes the grid from where the coin has moved
to; what else the venue adds (basis, extreme moves, minimum charges) holds still.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from monitor.domain.accounts import Account, Position, RiskUnit
from monitor.margin.pool import ScenarioGrid
from monitor.venues.okx.endpoints import InstType, inst_type
from monitor.venues.okx.margin_words import Words

CARRIED = 0.25  #: of what the units require: how much may stand still beside their worst losses without a word
WHOLE_MOVE = 0.99  #: a curve that goes this far down has said all there is to say


def grids(account: Account, cross: Sequence[Position], words: Words) -> tuple[ScenarioGrid, ...] | None:
    """A grid for each risk unit; None where the venue has not told any, or not of all that is held."""
    venue = account.venue
    coins = {one.symbol.partition("-")[0] for one in cross if inst_type(one.symbol) != InstType.MARGIN}
    missing = sorted(coins - {unit.asset for unit in venue.risk_units})
    if missing or not venue.risk_units:
        return None
    newest = max((position.update_time or 0.0 for position in cross), default=0.0)
    if venue.risk_asked is not None and newest > venue.risk_asked:
        words.assume("a position changed after the venue's scenarios were read: the requirement is of before")
    left = sorted(unit.asset for unit in venue.risk_units if unit.asset not in coins and unit.maintenance_margin)
    if left:
        words.assume(f"nothing is held on {', '.join(left)} any more: the requirement is of before")
    found = [_grid(unit, _reference(unit, account, cross), words) for unit in venue.risk_units]
    if _held_still(venue.risk_units) > CARRIED:
        words.assume(
            "much of the requirement stands beside the scenarios (basis, extreme moves, least charges): how it moves "
            "is not public, and it is held as it was read"
        )
    return tuple(grid for grid in found if grid is not None)


def _held_still(units: Sequence[RiskUnit]) -> float:
    """What share of the requirement no scenario moves; that of units without any is told for each by itself."""
    moved = [unit for unit in units if unit.moves and unit.contingency is not None]
    whole = sum(unit.maintenance_margin or 0.0 for unit in moved)
    return sum(abs(unit.contingency or 0.0) for unit in moved) / whole if whole > 0.0 else 0.0


def _grid(unit: RiskUnit, reference: float | None, words: Words) -> ScenarioGrid | None:
    if unit.maintenance_margin is None:
        words.refuse(f"no requirement of the risk unit {unit.asset}")
        return None
    if not unit.moves or unit.contingency is None or reference is None:
        words.assume(f"the requirement of the risk unit {unit.asset} is held as it was read: it has no scenarios")
        flat = (0.0, 0.0)
        return ScenarioGrid(
            asset=unit.asset,
            reference_price=reference or 1.0,
            moves=(0.0, 1.0),
            profits=(flat,),
            contingency=unit.maintenance_margin,
        )
    return ScenarioGrid(
        asset=unit.asset,
        reference_price=reference,
        moves=unit.moves,
        profits=unit.profits,
        contingency=unit.contingency,
    )


def _reference(unit: RiskUnit, account: Account, cross: Sequence[Position]) -> float | None:
    """Where the coin stood: as the venue said with the grid, else the index beside a position, else its balance."""
    if unit.reference_price is not None:
        return unit.reference_price
    seen = (position.venue.index_price for position in cross if position.symbol.partition("-")[0] == unit.asset)
    balance = account.balances.get(unit.asset)
    return next((price for price in seen if price), None if balance is None else balance.price_usd)


def without_scenarios(account: Account, words: Words) -> float:
    """The account's own maintenance as a constant, where there are no scenarios to move it with."""
    maintenance = account.venue.maintenance_margin
    if maintenance is None:
        words.refuse("neither scenarios nor a requirement of the portfolio in the venue's answers")
        return 0.0
    words.assume("the venue's scenarios were not read: its requirement is held as it last said, lines are approximate")
    return maintenance


def crossings(curve: Sequence[tuple[float, float]]) -> tuple[float | None, float | None]:
    """Where the venue's own curve comes to 1, down and up, as distances: +inf where it never does on the way down to
    nothing, None where the curve does not say. Between two points the straight line of equity over requirement.
    """
    points = [(move, 1.0 / ratio if ratio > 0.0 else float("inf")) for move, ratio in curve]
    down = [(-move, safety) for move, safety in reversed(points) if move <= 0.0]
    up = [(move, safety) for move, safety in points if move >= 0.0]
    return _first(down, ends=True), _first(up, ends=False)


def _first(way: Sequence[tuple[float, float]], *, ends: bool) -> float | None:
    """The distance of the first point at or below 1 on the way out from 0."""
    if not way or way[0][0] != 0.0:
        return None
    if way[0][1] <= 1.0:
        return 0.0
    for (near, safe), (far, low) in pairwise(way):
        if low <= 1.0:
            return near + (far - near) * ((safe - 1.0) / (safe - low) if safe != float("inf") else 1.0)
    return float("inf") if ends and way[-1][0] >= WHOLE_MOVE else None
