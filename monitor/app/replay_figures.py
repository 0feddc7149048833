"""Figures of pools, ours against the recorded: which differ by more than they may, since when, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from monitor.app.replay_bounds import Bounds, bounds
from monitor.domain.alerts import Alert
from monitor.domain.lines import Line, Ratio
from monitor.domain.names import PoolKey
from monitor.domain.reports import PoolReport
from monitor.domain.view import View
from monitor.outputs.journal.records import Outcome, PoolOutcome

Figure = float | str | None  #: a number, a word (a quality, a state), or unknown


@dataclass(frozen=True, slots=True)
class Pair:
    """One figure on both sides at a time; None: unknown there."""

    at: float
    ours: Figure
    recorded: Figure

    @property
    def apart(self) -> float:
        """How far they lie apart; +inf between words, and between a number and none."""
        if self.ours == self.recorded:
            return 0.0
        if not (isinstance(self.ours, float) and isinstance(self.recorded, float)):
            return math.inf
        return abs(self.ours - self.recorded)

    @property
    def size(self) -> float:
        """The same as a ratio of the greater of the two."""
        if not (isinstance(self.ours, float) and isinstance(self.recorded, float)) or not math.isfinite(self.apart):
            return self.apart
        return self.apart / max(abs(self.ours), abs(self.recorded)) if self.apart else 0.0


@dataclass(slots=True)
class FigureDifference:
    """All differences of one figure of one pool: the first, the largest, and how many."""

    first: Pair
    largest: Pair
    count: int = 1

    def take(self, pair: Pair) -> None:
        """One more."""
        self.count += 1
        if pair.size > self.largest.size:
            self.largest = pair


@dataclass(slots=True)
class Figures:
    """All comparisons of figures. `largest_within` is the largest difference that the bound allowed, as a ratio."""

    compared: int = 0
    within: int = 0  #: not equal, but within the bound
    largest_within: float = 0.0
    settling: int = 0  #: of reports that a beginning in the middle doubts, or does not doubt, as the live one did
    differences: dict[tuple[PoolKey, str], FigureDifference] = field(default_factory=dict)

    def compare(
        self, ours: Outcome, recorded: Outcome, now: float, view: View | None, *, settling: bool = False
    ) -> None:
        """Compare what both sides reported in one step; without a `view` to take the bounds from, to the last bit.

        `settling`: the replay began in the middle a moment ago. Which readings were doubted then is not known, so what
        is doubted on one side only is not compared.
        """
        here = {pool.key: pool for pool in ours.pools}
        there = {pool.key: pool for pool in recorded.pools}
        limits = {} if view is None else _bounds(view, here)
        for key, pool in here.items():
            if settling and key in there and pool.quality is not there[key].quality:
                self.settling += 1
            elif key in there:
                for name, pair, allowed in _figures(pool, there[key], now, limits.get(key)):
                    self._take(key, name, pair, allowed)

    def _take(self, key: PoolKey, name: str, pair: Pair, allowed: float) -> None:
        self.compared += 1
        if pair.ours == pair.recorded:
            return
        if pair.apart <= allowed:
            self.within += 1
            self.largest_within = max(self.largest_within, pair.size)
            return
        known = self.differences.get((key, name))
        if known is None:
            self.differences[key, name] = FigureDifference(pair, pair)
        else:
            known.take(pair)


def _figures(
    ours: PoolOutcome, recorded: PoolOutcome, at: float, limits: Bounds | None
) -> Iterator[tuple[str, Pair, float]]:
    """Each figure with its name and by how much it may differ."""
    usd = ratio = 0.0
    if limits is not None:
        usd, ratio = limits.usd, limits.ratio
    yield "quality", Pair(at, ours.quality.value, recorded.quality.value), 0.0
    yield "ratio", Pair(at, _ratio(ours.ratio), _ratio(recorded.ratio)), ratio
    yield "equity_usd", Pair(at, ours.equity_usd, recorded.equity_usd), usd
    maintenance = Pair(at, ours.maintenance_margin_usd, recorded.maintenance_margin_usd)
    yield "maintenance_margin_usd", maintenance, usd
    distance = _distance(ours.nearest)
    far = limits.distance(distance) if limits is not None and isinstance(distance, float) else 0.0
    yield "nearest line", Pair(at, distance, _distance(recorded.nearest)), far


def _ratio(ratio: Ratio) -> Figure:
    return ratio.state.value if ratio.value is None else ratio.value


def _distance(line: Line) -> Figure:
    known = line.distance_ratio
    return line.state.value if known is None or not math.isfinite(known) else known


def _bounds(view: View, wanted: Mapping[PoolKey, object]) -> dict[PoolKey, Bounds]:
    return {pool.key: bounds(pool) for report in view.accounts for pool in report.pools if pool.key in wanted}


def near_threshold(alert: Alert, view: View) -> bool:
    """Whether an alert's number is so near to its threshold that another processor may see it on the other side."""
    if alert.value is None or alert.threshold is None or not math.isfinite(alert.value):
        return False
    pool = _pool_of(alert, view)
    if pool is None:
        return False
    limits = bounds(pool)
    allowed = limits.ratio if alert.rule == "margin_ratio" else limits.distance(alert.threshold)
    return abs(alert.value - alert.threshold) <= (allowed if math.isfinite(allowed) else 0.0)


def _pool_of(alert: Alert, view: View) -> PoolReport | None:
    owner = (alert.labels.get("venue"), alert.labels.get("account"))
    pools = (pool for report in view.accounts if tuple(report.key) == owner for pool in report.pools)
    return next((pool for pool in pools if pool.key.pool == alert.labels.get("pool")), None)
