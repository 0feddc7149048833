"""Ours against the venue's: one answer of the venue, computed again by our kernel on that very answer's marks.

A ratio that the venue cuts off after some decimals may be anything up to the next of them: ours is held against the
nearest of these. Drift is signed, (ours - venue) / venue for a figure; for a price it is (ours - venue) over the mark,
or over the venue's price where that is greater. It is only a number where both sides have one; that one side says
«none» and the other a price, or that the venue's figure is zero and ours is not, is a contradiction: no number says how
far off it is, so that words have to.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from monitor.domain.errors import MarginwatchError
from monitor.domain.events import AccountSnapshot
from monitor.domain.lines import Line, State
from monitor.domain.names import AccountKey, Asset, PoolKey, PositionKey, Side, Symbol
from monitor.engine.pushes import words
from monitor.engine.settings import DriftTolerances
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import LIQUIDATION, Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult, Sides, VenueLineResult

TINY = 1e-9  #: a venue's figure nearer to zero than this is zero: no ratio is formed with it
ODD_RATIO = 0.02  #: by which an answer's own price of an asset may differ from ours of now
MARKET_LINE = "market_line"


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """One pool against its venue. `drift` by figure, `lines` by position, `disagreements` all that differs, in words.

    The drift of the market line is the difference of two distances, 0 up to what the venue's own may be off by.

    `contradictions` by figure: both sides' words where the venue's zero leaves no ratio. `verdicts` by position: how
    our price and the venue's disagree, "" where they agree; a position whose prices cannot be compared has none.
    `tolerances` by position: how far off its line may lie, as a ratio like its drift.
    """

    drift: Mapping[str, float] = field(default_factory=dict)
    lines: Mapping[PositionKey, float] = field(default_factory=dict)
    disagreements: tuple[str, ...] = ()
    contradictions: Mapping[str, str] = field(default_factory=dict)
    verdicts: Mapping[PositionKey, str] = field(default_factory=dict)
    tolerances: Mapping[PositionKey, float] = field(default_factory=dict)


def reconcile(
    account: AccountKey,
    pools: Sequence[Pool],
    marks: Mapping[Symbol, float],
    assets: Mapping[Asset, float],
    stablecoins: Collection[Asset],
    tolerances: DriftTolerances,
) -> dict[PoolKey, Reconciliation]:
    """Compare the pools of one answer with what the venue printed in it; {} where they cannot be computed."""
    prices = Prices()
    for symbol, mark in marks.items():
        prices.set_mark(account.venue, symbol, mark)
    for asset, price in assets.items():
        prices.set_asset(account.venue, asset, price)
    book = Book(prices, stablecoins)
    try:
        book.replace(account, pools)
        results = evaluate(book)
    except MarginwatchError:
        return {}  # the same failure shows in the live pools, with its words
    return {pool.key: compare(pool, results[pool.key], tolerances) for pool in pools if pool.key in results}


def prices_of(answer: AccountSnapshot, now: Mapping[Asset, float]) -> dict[Asset, float]:
    """USD prices to compute an answer with: the answer's own where it tells them, else those of now (NaN unknown).

    One far from the price of now is not believed: a venue may tell it only as a value and an amount, and of a little
    dust too few digits are left to divide.
    """
    found = dict(now)
    for row in answer.balances:
        live = found.get(row.asset, math.nan)
        if row.price_usd and not abs(row.price_usd / live - 1.0) > ODD_RATIO:
            found[row.asset] = row.price_usd
    return found


def compare(pool: Pool, result: PoolResult, tolerances: DriftTolerances) -> Reconciliation:
    """One pool's figures and lines against the venue's."""
    drift: dict[str, float] = {}
    contradictions: dict[str, str] = {}
    words_found: list[str] = []
    for figure, ours, venue in _figures(pool, result):
        if ours is None or venue is None:
            continue
        name = figure.replace("_", " ")
        if abs(venue) <= TINY:
            if abs(ours) > TINY:
                contradictions[figure] = f"the venue's {name} is 0, ours is {ours:g}"
                words_found.append(contradictions[figure])
            else:
                drift[figure] = 0.0  # both say nothing, which is agreement
            continue
        drift[figure] = (ours - venue) / abs(venue)
        if abs(drift[figure]) > tolerances.figure_ratio:
            words_found.append(f"our {name} of {ours:g} differs from the venue's {venue:g}")
    _market(pool, result.market, drift, contradictions, words_found)
    lines: dict[PositionKey, float] = {}
    verdicts: dict[PositionKey, str] = {}
    tolerated: dict[PositionKey, float] = {}
    declared = {PositionKey(line.symbol, line.side): line.tolerance for line in pool.venue.lines}
    for line in result.venue_lines:
        key = PositionKey(line.symbol, line.side)
        # Where the venue keeps its rule to itself, the room declares how far off its price may honestly lie.
        tolerated[key] = max(tolerances.line_ratio, declared.get(key, 0.0))
        verdict = line_disagreement(line, tolerated[key])
        if verdict is not None:
            verdicts[key] = verdict
        if verdict:
            words_found.append(f"{words(key)}: {verdict}")
        if line.drift_ratio is not None:
            lines[key] = drift_of(line, line.drift_ratio)
    if lines:
        drift["line"] = max(lines.values(), key=abs)
    return Reconciliation(drift, lines, tuple(words_found), contradictions, verdicts, tolerated)


def _market(
    pool: Pool, ours: Sides, drift: dict[str, float], contradictions: dict[str, str], words_found: list[str]
) -> None:
    """How far all prices may move together, by our line and by the venue's own."""
    apart: list[float] = []
    for way, line, venue in zip(("down", "up"), (ours.down, ours.up), pool.venue.market, strict=True):
        distance, tolerance = line.distance_ratio, pool.venue.market_tolerance
        if venue is None or distance is None:
            continue
        if distance == venue or (way == "down" and min(distance, venue) >= 1.0 - tolerance):
            apart.append(0.0)  # neither is ever reached
            continue
        said = f"the venue's market line {way} is {_far(venue)}, ours {_far(distance)}"
        off = distance - venue
        if math.isinf(off):
            contradictions[MARKET_LINE] = said
        apart.append(0.0 if abs(off) <= tolerance else off)
        words_found += [said] if apart[-1] else []
    if apart and MARKET_LINE not in contradictions:
        drift[MARKET_LINE] = max(apart, key=abs)


def _far(distance: float) -> str:
    return "never reached" if math.isinf(distance) else f"{distance:.2%} away"


def drift_of(line: VenueLineResult, of_mark: float) -> float:
    """The signed drift against the mark, or against the venue's price where that is greater: a price a thousand times
    away is off by many marks through the venue's own rounding of its rates, and nobody is to be woken for that.
    """
    ours, venue = line.ours.price, line.venue.price
    of_venue = ours / venue - 1.0 if ours and venue else of_mark
    return min(of_mark, of_venue, key=abs)


def line_disagreement(line: VenueLineResult, tolerance: float) -> str | None:
    """In words, how our price and the venue's contradict each other; "" where they agree, None where one is unknown."""
    ours, venue = line.ours, line.venue
    if State.UNKNOWN in (ours.state, venue.state):
        return None
    if line.drift_ratio is not None:
        if abs(drift_of(line, line.drift_ratio)) <= tolerance:
            return ""
        return f"our liquidation price {_said(ours)} differs from the venue's {_said(venue)}"
    if ours.state is venue.state or (ours.state is State.LIQUIDATABLE and venue.state is State.AT):
        return ""  # a venue goes on printing a price while it liquidates
    if venue.state is State.NEVER and line.side is Side.LONG and (ours.distance_ratio or 0.0) >= 1.0 - tolerance:
        return ""  # a price so near zero is printed as none
    return f"the venue says {_said(venue)}, we say {_said(ours)}"


def _said(line: Line) -> str:
    if line.state is State.AT and line.price is not None:
        return f"{line.price:g}"
    return "liquidatable now" if line.state is State.LIQUIDATABLE else "no liquidation price"


def _figures(pool: Pool, result: PoolResult) -> list[tuple[str, float | None, float | None]]:
    """Each figure as (name, ours, the venue's); the ratio is requirement over equity, or debts over assets of a loan,
    turned round if need be.
    """
    venue = pool.venue
    ours_ratio = None
    if venue.ratio_stage != LIQUIDATION:
        ours_ratio = _of_stage(pool, result, venue.ratio_stage)
    elif result.equity is not None and result.maintenance_margin is not None and result.equity > 0.0:
        ours_ratio = result.maintenance_margin / result.equity
    if venue.loan_level is not None:
        ours_ratio = _debt_ratio(venue.loan_level, ours_ratio)
    venue_ratio = _whole_ratio(pool, ours_ratio)
    if venue_ratio is not None and venue.ratio_inverted:
        venue_ratio = 1.0 / venue_ratio if venue_ratio > 0.0 else None
    return [
        ("equity", result.equity, venue.equity),
        ("maintenance_margin", result.maintenance_margin, venue.maintenance_margin),
        ("ratio", ours_ratio, venue_ratio),
    ]


def _of_stage(pool: Pool, result: PoolResult, name: str) -> float | None:
    """Requirement over equity at a stage, without its threshold; None where it is unknown or equity is gone."""
    for stage in pool.stages:
        told = result.stages.get(name)
        if stage.name == name and told is not None and told.value is not None and math.isfinite(told.value):
            return told.value * stage.threshold / stage.scale if stage.scale else None
    return None


def _debt_ratio(level: float, ours: float | None) -> float | None:
    """Debts over assets of a loan whose requirement is (level - 1) times the debt, from requirement over equity; None
    without a debt: of such an account venues print a number that stands for none.
    """
    return ours / (ours + level - 1.0) if ours else None


def _whole_ratio(pool: Pool, ours: float | None) -> float | None:
    """The venue's ratio in its own direction: where it was cut off, the nearest to ours that it may have been."""
    printed, decimals, inverted = pool.venue.ratio, pool.venue.ratio_decimals, pool.venue.ratio_inverted
    if printed is None or decimals is None or ours is None or (inverted and not ours):
        return printed
    return min(max(1.0 / ours if inverted else ours, printed), printed + 10.0**-decimals)
