"""What the position builder says of a portfolio-margin account: scenarios by risk unit, a curve over all moves. Pure.

The simulation runs on the real positions and balances. It is asked for rarely (its limits are low), and stands as it
was read until then; between readings the kernel revalues the scenarios.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from monitor.domain.accounts import RiskUnit, VenueAccount
from monitor.domain.frames import RowProblem
from monitor.domain.names import Venue
from monitor.venues.fields import BadField, Loose, finite, optional, optional_positive, word
from monitor.venues.okx.endpoints import InstType
from monitor.venues.okx.reading import only, rows
from monitor.venues.rows import each

UNCHANGED = "volSame"
VOLATILITIES = ("volShockDown", UNCHANGED, "volShockUp")
"""The columns of the scenarios; the middle one leaves volatility as it is."""


class _Builder(msgspec.Struct, gc=False):
    riskUnitData: list[msgspec.Raw] = []


class _Portfolio(msgspec.Struct, gc=False):
    instId: str = ""
    instType: str = ""
    markPx: Loose = None


class _UnitRow(msgspec.Struct, gc=False):
    riskUnit: str
    mmr: Loose = None
    imr: Loose = None
    mr1: Loose = None
    mr1Scenarios: dict[str, dict[str, Loose]] | None = None
    indexUsd: Loose = None
    portfolios: list[_Portfolio] = []


class _PointRow(msgspec.Struct, gc=False):
    shockFactor: Loose = None
    mmrRatio: Loose = None


class _Graph(msgspec.Struct, gc=False):
    mmrData: list[msgspec.Raw] = []


def risk(
    builder_raw: bytes | str,
    graph_raw: bytes | str,
    venue: Venue,
    asked: float,
    problems: list[RowProblem] | None = None,
) -> VenueAccount:
    """position-builder and position-builder-graph, asked for at `asked` (our clock)."""
    return VenueAccount(
        risk_units=risk_units(builder_raw, venue, problems),
        market_curve=market_curve(graph_raw, venue, problems),
        risk_asked=asked,
    )


def risk_units(raw: bytes | str, venue: Venue, problems: list[RowProblem] | None = None) -> tuple[RiskUnit, ...]:
    """position-builder: the risk units, in USD.

    MMR of a unit is the worst loss of its grid (MR1) and what comes to it (MR2 to MR5, MR9), or a floor (MR6, MR7).
    What it exceeds the worst loss by is the contingency, which holds still.
    """
    body = only(raw, _Builder, venue, "position-builder")
    return tuple(each(body.riskUnitData, _UnitRow, _unit, "risk unit", problems))


def _unit(row: _UnitRow) -> RiskUnit:
    asset = word("riskUnit", row.riskUnit).partition("-")[0]
    maintenance = finite("mmr", row.mmr)
    moves, profits = _grid(row.mr1Scenarios or {})
    worst = None
    if profits:
        here = profits[len(profits) // 2][moves.index(0.0)]
        worst = max(here - profit for column in profits for profit in column)
    return RiskUnit(
        asset=asset,
        maintenance_margin=maintenance,
        initial_margin=optional(row.imr),
        reference_price=optional_positive(row.indexUsd) or _seen(row.portfolios),
        moves=moves,
        profits=profits,
        contingency=None if worst is None else maintenance - worst,
    )


def _seen(portfolios: Sequence[_Portfolio]) -> float | None:
    """The mark of the unit's first swap, where the venue leaves the index out: it was read in the same moment."""
    swaps = (one.markPx for one in portfolios if one.instType == InstType.SWAP)
    return next((mark for mark in map(optional_positive, swaps) if mark is not None), None)


def _grid(scenarios: Mapping[str, Mapping[str, Loose]]) -> tuple[tuple[float, ...], tuple[tuple[float, ...], ...]]:
    """Moves in rising order and a column of profits for each volatility; nothing where the venue gave none.

    All three columns, or that of volatility as it is: the middle one must be that.
    """
    said = [scenarios[name] for name in VOLATILITIES if scenarios.get(name)]
    if not said:
        return (), ()
    if len(said) < len(VOLATILITIES):
        said = [scenarios[name] for name in (UNCHANGED,) if scenarios.get(name)]
    if not said:
        raise BadField("the scenarios lack the one of unchanged volatility")
    columns = [{finite("a move", move): finite("a profit", got) for move, got in one.items()} for one in said]
    moves = tuple(sorted(columns[0]))
    if any(column.keys() != columns[0].keys() for column in columns):
        raise BadField("the columns of the scenarios have different moves")
    if 0.0 not in moves or len(moves) < 2 or moves[0] <= -1.0:
        raise BadField("the scenarios have no move of 0, or one to below nothing")
    return moves, tuple(tuple(column[move] for move in moves) for column in columns)


def market_curve(
    raw: bytes | str, venue: Venue, problems: list[RowProblem] | None = None
) -> tuple[tuple[float, float], ...]:
    """position-builder-graph: (move of all prices, our kind of margin ratio), in rising order of move.

    The venue's ratio is equity over requirement. Not above zero means that equity is gone: an infinite ratio of ours. A
    point without a ratio is left out.
    """

    def made(row: _PointRow) -> tuple[float, float] | None:
        move, ratio = finite("shockFactor", row.shockFactor), optional(row.mmrRatio)
        if ratio is None:
            return None
        return move, 1.0 / ratio if ratio > 0.0 else float("inf")

    points: dict[float, float] = {}
    for body in rows(raw, venue, "position-builder-graph"):
        for graph in each([body], _Graph, lambda one: one, "graph", problems):
            found = each(graph.mmrData, _PointRow, made, "point", problems)
            points |= dict(one for one in found if one is not None)
    return tuple(sorted(points.items()))
