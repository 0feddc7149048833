"""`/metrics`: a view as Prometheus text, rendered in blocks so that the event loop never waits for a scrape.

A block covers about 500 rows (0.3 ms); between two of them the web handler lets the engine run. The view is immutable,
so one scrape is one instant however long it takes. Label sets are rendered when a pool or position appears and kept
while it stays; a series vanishes with its position because only what the view holds is written. No timestamps are
exposed: they would defeat Prometheus' own staleness.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from math import inf, isnan

import msgspec
from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector, generate_latest

from monitor.domain.alerts import AlertChange, AlertState, Change, Severity
from monitor.domain.names import PoolKey
from monitor.domain.reports import PoolReport
from monitor.domain.view import View
from monitor.outputs.samples import (
    PREFIX,
    Family,
    PoolLabels,
    Rows,
    Series,
    account_series,
    feed_series,
    label_set,
    pool_series,
    position_series,
    quality_series,
)
from monitor.outputs.samples_groups import group_series
from monitor.outputs.samples_own import delivery_series, own_series

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BLOCK_ROWS = 500
LATENCY_BUCKETS_SECONDS = (
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
)  # fmt: skip


#: From milliseconds on a machine of our own to minutes of a service that is down.
DELIVERY_BUCKETS_SECONDS = (
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0,
)  # fmt: skip


class Histogram:
    """A classic histogram: cumulative buckets by upper bound, a sum and a count; `labels` lack their closing brace."""

    def __init__(self, name: str, text: str, bounds: Sequence[float], labels: str = "") -> None:
        self._family = Family(name, "histogram", text)
        self._bounds = tuple(bounds)
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        opening = f"{labels}," if labels else "{"
        edges = (*self._bounds, inf)
        self._buckets = [f'{self._family.name}_bucket{opening}le="{number(bound)}"}} ' for bound in edges]
        self._totals = f"{labels}}} " if labels else " "

    def observe(self, value: float) -> None:
        """Count one value; NaN is not one."""
        if not isnan(value):
            self._counts[bisect_left(self._bounds, value)] += 1
            self._sum += value

    @property
    def header(self) -> str:
        """HELP and TYPE."""
        return self._family.header

    def lines(self) -> str:
        """All lines but those."""
        name, total, lines = self._family.name, 0, []
        for bucket, count in zip(self._buckets, self._counts, strict=True):
            total += count
            lines.append(f"{bucket}{total}\n")
        return f"{''.join(lines)}{name}_sum{self._totals}{number(self._sum)}\n{name}_count{self._totals}{total}\n"

    def text(self) -> str:
        """HELP, TYPE and all lines."""
        return self.header + self.lines()


class Exposition:
    """Renders views. `rules` are the names of the alert rules, so that a quiet one shows 0 and not nothing."""

    def __init__(self, rules: Collection[str] = ()) -> None:
        self._latency = Histogram(
            "event_to_report_seconds",
            "From the receipt of an event to the report that holds it.",
            LATENCY_BUCKETS_SECONDS,
        )
        self._labels: dict[PoolKey, PoolLabels] = {}
        self._deliveries: dict[str, Histogram] = {}
        self._channels: dict[tuple[str, str], str] = {}
        self._firing = {_firing(rule, severity, AlertState.FIRING): 0 for rule in rules for severity in Severity}
        self._transitions = {
            _transition(rule, change): 0 for rule in rules for change in (Change.FIRED, Change.RESOLVED)
        }
        self._process = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=self._process)
        GCCollector(registry=self._process)

    def observe_latency(self, seconds: float) -> None:
        """One event became part of a report `seconds` after its bytes were received."""
        self._latency.observe(seconds)

    def observe_delivery(self, channel: str, seconds: float) -> None:
        """A channel took a message `seconds` after the event that it tells of."""
        histogram = self._deliveries.get(channel)
        if histogram is None:
            text, labels = "From the event that a message tells of to its delivery.", label_set(channel=channel)
            histogram = Histogram("delivery_seconds", text, DELIVERY_BUCKETS_SECONDS, labels)
            self._deliveries[channel] = histogram
        histogram.observe(seconds)

    def count_changes(self, changes: Iterable[AlertChange]) -> None:
        """These changes were decided."""
        for each in changes:
            labels = _transition(each.alert.rule, each.change)
            self._transitions[labels] = self._transitions.get(labels, 0) + 1

    def blocks(self, view: View) -> Iterator[bytes]:
        """The text in pieces to be joined; an empty one only says that time passed."""
        labels: list[PoolLabels] = []
        pools: list[PoolReport] = []
        rows = Rows()
        yield from self._collected(view, labels, pools, rows)
        yield from _written(
            chain(
                pool_series(rows),
                [quality_series(labels, pools)],
                position_series(rows),
                account_series(view.accounts),
                group_series(view.groups),
                feed_series(view),
                delivery_series(view, self._channel_labels(view)),
                own_series(view, self._count_firing(view), dict(self._transitions)),
            )
        )
        yield self._latency.text().encode()
        yield self._delivered().encode()
        yield generate_latest(self._process)

    def _collected(self, view: View, labels: list[PoolLabels], pools: list[PoolReport], rows: Rows) -> Iterator[bytes]:
        """Fill the lists with all pools of the view and their labels, and `rows` with those whose figures are shown;
        forget the labels of all else. Yields when time has passed.
        """
        kept: dict[PoolKey, PoolLabels] = {}
        seen = 0
        for pool in (pool for account in view.accounts for pool in account.pools):
            known = kept[pool.key] = self._labels.get(pool.key) or PoolLabels(pool.key)
            labels.append(known)
            pools.append(pool)
            if pool.quality.figures_shown:
                known.follow(pool.positions)
                rows.pool_labels.append(known)
                rows.pools.append(pool)
                rows.position_labels += known.of_positions
                rows.positions += pool.positions
            seen += 1 + len(pool.positions)
            if seen >= BLOCK_ROWS:
                seen = 0
                yield b""
        self._labels = kept

    def _delivered(self) -> str:
        """The histograms of all channels under one heading; nothing before the first delivery."""
        histograms = tuple(self._deliveries.values())
        return histograms[0].header + "".join(each.lines() for each in histograms) if histograms else ""

    def _channel_labels(self, view: View) -> Mapping[tuple[str, str], str]:
        """The rendered labels of the view's channels, kept: channels do not come and go."""
        for each in view.channels:
            key = (each.name, each.kind)
            if key not in self._channels:
                self._channels[key] = label_set(channel=each.name, kind=each.kind) + "} "
        return self._channels

    def _count_firing(self, view: View) -> dict[str, int]:
        """Firing alerts by their rendered labels; what once fired stays, at 0."""
        self._firing = dict.fromkeys(self._firing, 0)
        for alert in view.alerts:
            labels = _firing(alert.rule, alert.severity, alert.state)
            self._firing[labels] = self._firing.get(labels, 0) + 1
        return self._firing


@lru_cache(maxsize=4096)
def _firing(rule: str, severity: str, state: str) -> str:
    return label_set(rule=rule, severity=severity, state=state) + "} "


@lru_cache(maxsize=4096)
def _transition(rule: str, change: str) -> str:
    return label_set(rule=rule, change=change) + "} "


def _written(all_series: Iterable[Series]) -> Iterator[bytes]:
    """The text of series in blocks; a family of which no value is known is not named at all."""
    block: list[str] = []
    room = BLOCK_ROWS
    for family, samples in all_series:
        header = family.header
        while chunk := tuple(islice(samples, room)):
            if lines := _lines(family.name, chunk):
                block.append(header)
                block += lines
                header = ""
            room -= len(chunk)
            if not room:
                yield "".join(block).encode()
                block, room = [], BLOCK_ROWS
    yield "".join(block).encode()


def _lines(name: str, samples: Sequence[tuple[str, float | None]]) -> list[str]:
    """A line for each value that is known."""
    # The fastest way to many shortest forms. JSON has no NaN and no infinity: the encoder writes null for them.
    texts = msgspec.json.encode([value for _, value in samples])[1:-1].decode().split(",")
    if "null" not in texts:
        return [f"{name}{labels}{text}\n" for (labels, _), text in zip(samples, texts, strict=True)]
    return [
        f"{name}{labels}{text if value not in _INFINITE else number(value)}\n"
        for (labels, value), text in zip(samples, texts, strict=True)
        if text != "null" or value in _INFINITE
    ]


_INFINITE = (inf, -inf)


def number(value: float) -> str:
    """A value as the text format wants it."""
    if value in _INFINITE:
        return "+Inf" if value > 0 else "-Inf"
    return repr(value)


__all__ = ["CONTENT_TYPE", "PREFIX", "Exposition", "Histogram"]
