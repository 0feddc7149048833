"""`/metrics`: a view as Prometheus text, rendered in blocks so that the event loop never waits for a scrape.

A block covers about 500 rows (0.3 ms); between two of them the web handler lets the engine run. The view is immutable,
so one scrape is one instant however long it takes. Label sets are rendered when a pool or position appears and kept
while it stays; a series vanishes with its position because only what the view holds is written. No timestamps are
exposed: they would defeat Prometheus' own staleness.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from itertools import chain
from math import inf, isnan

import msgspec
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest

from monitor.domain.alerts import Severity
from monitor.domain.names import PoolKey, Side, Symbol
from monitor.domain.reports import PoolReport
from monitor.domain.view import View
from monitor.outputs.samples import (
    PREFIX,
    Family,
    PoolRow,
    PositionRow,
    Sample,
    account_samples,
    feed_samples,
    label_set,
    own_samples,
    pool_samples,
    position_samples,
)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BLOCK_ROWS = 500
LATENCY_BUCKETS_SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip

_PositionId = tuple[PoolKey, Symbol, Side]


class Histogram:
    """A classic histogram: cumulative buckets by upper bound, a sum and a count."""

    def __init__(self, name: str, text: str, bounds: Sequence[float]) -> None:
        self._family = Family(name, "histogram", text)
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value; NaN is not one."""
        if not isnan(value):
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    def text(self) -> str:
        """HELP, TYPE and all lines."""
        name, total, lines = self._family.name, 0, []
        for bound, count in zip((*self._bounds, inf), self._counts, strict=True):
            total += count
            lines.append(f'{name}_bucket{{le="{number(bound)}"}} {total}\n')
        return f"{self._family.header}{''.join(lines)}{name}_sum {number(self._sum)}\n{name}_count {total}\n"


class Exposition:
    """Renders views. `rules` are the names of the alert rules, so that a quiet one shows 0 and not nothing."""

    def __init__(self, rules: Collection[str] = ()) -> None:
        self._latency = Histogram(
            "event_to_report_seconds",
            "From the receipt of an event to the report that holds it.",
            LATENCY_BUCKETS_SECONDS,
        )
        self._pool_labels: dict[PoolKey, str] = {}
        self._position_labels: dict[_PositionId, str] = {}
        self._firing = {(rule, severity.value): 0 for rule in rules for severity in Severity}
        self._process = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._process)
        GCCollector(registry=self._process)

    def observe_latency(self, seconds: float) -> None:
        """One event became part of a report `seconds` after its bytes were received."""
        self._latency.observe(seconds)

    def blocks(self, view: View) -> Iterator[bytes]:
        """The text in pieces to be joined; an empty one only says that time passed."""
        pools: list[PoolRow] = []
        positions: list[PositionRow] = []
        yield from self._rows(view, pools, positions)
        samples = chain(
            pool_samples(pools),
            position_samples(positions),
            account_samples(view.accounts),
            feed_samples(view),
            own_samples(view, self._count_firing(view)),
        )
        yield from _written(samples)
        yield self._latency.text().encode()
        yield generate_latest(self._process)

    def _rows(self, view: View, pools: list[PoolRow], positions: list[PositionRow]) -> Iterator[bytes]:
        """Fill `pools` and `positions` with what the view holds and its labels; forget the labels of all else."""
        pool_labels: dict[PoolKey, str] = {}
        position_labels: dict[_PositionId, str] = {}
        seen = 0
        for pool in (pool for account in view.accounts for pool in account.pools):
            opened = pool_labels[pool.key] = self._pool_labels.get(pool.key) or _pool_labels(pool.key)
            shown = pool.quality.figures_shown
            pools.append(PoolRow(opened, opened + "} ", pool, shown))
            if shown:
                self._position_rows(opened, pool, positions, position_labels)
            else:
                self._keep_labels(pool, position_labels)
            seen += 1 + len(pool.positions)
            if seen >= BLOCK_ROWS:
                seen = 0
                yield b""
        self._pool_labels, self._position_labels = pool_labels, position_labels

    def _position_rows(
        self, opened: str, pool: PoolReport, rows: list[PositionRow], labels: dict[_PositionId, str]
    ) -> None:
        for position in pool.positions:
            key = (pool.key, position.symbol, position.side)
            closed = self._position_labels.get(key)
            if closed is None:
                closed = f"{opened},{label_set(symbol=position.symbol, side=position.side)[1:]}}} "
            labels[key] = closed
            rows.append(PositionRow(closed, position))

    def _keep_labels(self, pool: PoolReport, labels: dict[_PositionId, str]) -> None:
        for position in pool.positions:
            key = (pool.key, position.symbol, position.side)
            if key in self._position_labels:
                labels[key] = self._position_labels[key]

    def _count_firing(self, view: View) -> dict[tuple[str, str], int]:
        """Firing alerts by rule and severity; a pair that once fired stays, at 0."""
        self._firing = dict.fromkeys(self._firing, 0)
        for alert in view.alerts:
            key = (alert.rule, alert.severity.value)
            self._firing[key] = self._firing.get(key, 0) + 1
        return self._firing


def _pool_labels(key: PoolKey) -> str:
    return label_set(venue=key.venue, account=key.account, pool=key.pool)


def _written(samples: Iterator[Sample]) -> Iterator[bytes]:
    family: Family | None = None
    heads: list[str] = []
    values: list[float] = []
    rows = 0
    for sample in samples:
        value = sample.value
        if value is not None and not isnan(value):
            head = sample.family.name + sample.labels
            if sample.family is not family:
                family = sample.family
                head = family.header + head
            heads.append(head)
            values.append(value)
        rows += 1
        if rows >= BLOCK_ROWS:
            yield _block(heads, values)
            heads, values, rows = [], [], 0
    yield _block(heads, values)


def _block(heads: list[str], values: list[float]) -> bytes:
    if not values:
        return b""
    texts = msgspec.json.encode(values)[1:-1].decode().split(",")  # the fastest way to many shortest forms
    # JSON has no infinity: the encoder writes null, and we write what Prometheus reads.
    written = (number(value) if text == "null" else text for text, value in zip(texts, values, strict=True))
    return "".join(f"{head}{text}\n" for head, text in zip(heads, written, strict=True)).encode()


def number(value: float) -> str:
    """A value as the text format wants it."""
    if value in (inf, -inf):
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


__all__ = ["CONTENT_TYPE", "PREFIX", "Exposition", "Histogram"]
