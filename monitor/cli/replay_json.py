"""A replay as JSON lines: one object a line, told apart by `type`. Their shape is public: docs/replay.md describes it.

As everywhere, null says «unknown», and infinity and NaN never appear: what is no number is a word.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import isfinite
from typing import Any

from monitor.app.replay import Began, Ended, Missing, ReplayedStep
from monitor.app.replay_episodes import Episode, Pairing
from monitor.app.replay_figures import Figure, FigureDifference, Pair
from monitor.app.replay_findings import Extremes, Findings, OneSided
from monitor.domain.alerts import AlertChange
from monitor.domain.names import PoolKey
from monitor.domain.schema import alert_json, number, report_json

Json = dict[str, Any]


def began(item: Began) -> Json:
    """A run begins, or what is left of it."""
    run = item.run
    return {
        "type": "run",
        "run": run.run,
        "instance": run.instance,
        "version": run.version,
        "started": run.started,
        "at": item.at,
        "accounts": [{"venue": key.venue, "account": key.account} for key in run.accounts],
        "whole": item.whole,
        "exact": item.exact,
        "strangers": list(item.strangers),
        "other_rules": item.other_rules,
    }


def missing(item: Missing) -> Json:
    """Steps that are not replayed."""
    return {
        "type": "missing",
        "run": item.run,
        "why": item.why,
        "steps": item.steps,
        "first": item.first,
        "last": item.last,
        "goes_on": item.goes_on,
    }


def ended(item: Ended) -> Json:
    """A run ends."""
    return {
        "type": "end",
        "run": item.run,
        "cleanly": item.cleanly,
        "replayed": item.replayed,
        "why": item.why,
    }


def step(replayed: ReplayedStep, one_sided: Collection[OneSided], *, reports: bool) -> Iterator[Json]:
    """The changes of alerts in one step and, if they are wanted, its reports."""
    if reports:
        for report in replayed.decision.result.reports:
            digest = replayed.ours.digest.hex()
            yield {"type": "report", "step": replayed.number, "digest": digest, "report": report_json(report)}
    excuses = {id(each.change): each.excused for each in one_sided}
    for change in replayed.ours.changes:
        side = "replayed" if id(change) in excuses or replayed.recorded is None else "both"
        yield _change(replayed.number, change, side, excuses.get(id(change), ""))
    for each in one_sided:
        if not each.ours:
            yield _change(replayed.number, each.change, "recorded", each.excused)


def _change(number_: int, change: AlertChange, side: str, excused: str) -> Json:
    return {
        "type": "alert",
        "step": number_,
        "at": change.at,
        "side": side,
        "excused": excused,
        "change": change.change.value,
        "previous": None if change.previous is None else str(change.previous),
        "reason": change.reason,
        "number": change.number,
        "state": change.alert.state.value,
        "by": change.alert.by,
        "incident": change.alert.incident,
        "alert": alert_json(change.alert),
    }


def summary(findings: Findings, took_seconds: float) -> Json:
    """The last line: counts, and everything that differs."""
    first = findings.first_difference
    compared = findings.steps - findings.without_outcome
    return {
        "type": "summary",
        "same": findings.same,
        "identical": findings.same and compared > 0 and findings.compared_exactly == compared,
        "first": findings.first,
        "last": findings.last,
        "took_seconds": took_seconds,
        "steps": findings.steps,
        "events": findings.events,
        "reports": findings.reports,
        "alert_changes": findings.changes,
        "recorded_alert_changes": findings.recorded_changes,
        "without_outcome": findings.without_outcome,
        "missing_steps": sum(each.steps for each in findings.missing),
        "identical_steps": findings.identical_steps,
        "compared_exactly": findings.compared_exactly,
        "differing_steps": findings.differing_steps,
        "first_difference": None if first is None else dict(zip(("at", "step", "what"), first, strict=True)),
        "figures": {
            "compared": findings.figures.compared,
            "within_bound": findings.figures.within,
            "settling_reports": findings.figures.settling,
            "largest_within_bound_ratio": findings.figures.largest_within,
            "differences": [_difference(key, name, each) for (key, name), each in findings.figures.differences.items()],
        },
        "alert_differences": len(findings.differences),
        "alerts": [_pairing(pair) for pair in findings.pairings()],
        "pools": [_pool(key, each) for key, each in sorted(findings.pools.items())],
    }


def _difference(key: PoolKey, name: str, each: FigureDifference) -> Json:
    figure = {"figure": name, "count": each.count, "first": _pair(each.first), "largest": _pair(each.largest)}
    return _named(key) | figure


def _named(key: PoolKey) -> Json:
    return {"venue": key.venue, "account": key.account, "pool": key.pool}


def _pair(pair: Pair) -> Json:
    return {"at": pair.at, "replayed": _figure(pair.ours), "recorded": _figure(pair.recorded)}


def _figure(value: Figure) -> Figure:
    return "infinite" if isinstance(value, float) and not isfinite(value) else value


def _pairing(pair: Pairing) -> Json:
    episode = pair.ours or pair.recorded
    assert episode is not None  # a pairing has one side at least
    labels: Mapping[str, str] = episode.alert.labels
    return {
        "rule": episode.alert.rule,
        "labels": dict(labels),
        "replayed": _episode(pair.ours),
        "recorded": _episode(pair.recorded),
    }


def _episode(episode: Episode | None) -> Json | None:
    if episode is None:
        return None
    return {
        "severity": str(episode.severity),
        "fired": episode.fired,
        "before": episode.before,
        "ended": episode.ended,
        "told": episode.told,
    }


def _pool(key: PoolKey, each: Extremes) -> Json:
    ratio, distance = each.highest_ratio, each.nearest_distance
    return _named(key) | {
        "reports": each.reports,
        "highest_ratio": None if ratio is None else {"value": _figure(ratio[0]), "at": ratio[1]},
        "nearest_distance_ratio": None if distance is None else {"value": _figure(distance[0]), "at": distance[1]},
        "qualities": {quality.value: count for quality, count in sorted(each.qualities.items())},
        "last": None
        if each.last is None
        else {
            "quality": each.last.quality.value,
            "ratio": None if each.last.ratio.value is None else _figure(each.last.ratio.value),
            "equity_usd": number(each.last.equity_usd),
            "maintenance_margin_usd": number(each.last.maintenance_margin_usd),
        },
    }
