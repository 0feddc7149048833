"""What stands under the topics, as JSON. Public interface; docs/mqtt.md shows it.

A ratio or a distance that is not known is an object with state "unknown" and reasons, never a number and never null.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from monitor.domain.alerts import Alert, AlertChange
from monitor.domain.danger import nearest_line
from monitor.domain.delivery import Message
from monitor.domain.group_reports import GroupReport, WorstPool
from monitor.domain.lines import Line, Ratio, nearer
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport
from monitor.domain.schema import Json, line_json, number, ratio_json

_encode = msgspec.json.Encoder().encode


def pool_payload(pool: PoolReport, at: float) -> bytes:
    """One pool in short; figures that are not believed are not told."""
    return _encode(_pool(pool) | {"at": number(at)})


def account_payload(report: AccountReport, alerts: Iterable[Alert]) -> bytes:
    """One account in short: its worst ratio, the nearest of all its lines, and what fires, by severity."""
    shown = report.quality.figures_shown
    nearest = nearer(*(nearest_line(pool) for pool in report.pools if pool.primary))
    return _encode(
        {
            "venue": report.key.venue,
            "account": report.key.account,
            "at": number(report.at),
            "quality": str(report.quality),
            "reasons": list(report.reasons),
            "up": report.up,
            "ratio": _ratio(report.ratio, report.quality, report.reasons),
            "nearest": line_json(nearest if shown else Line.unknown(*report.reasons)),
            "equity_usd": number(report.equity_usd) if shown else None,
            "firing": _counted(alerts),
        }
    )


def group_payload(group: GroupReport, alerts: Iterable[Alert]) -> bytes:
    """One group in short; figures that are not believed are not told, how its hedges stand is."""
    shown, worst = group.quality.figures_shown, group.worst
    return _encode(
        {
            "group": group.name,
            "at": number(group.at),
            "members": [{"venue": key.venue, "account": key.account} for key in group.members],
            "quality": str(group.quality),
            "reasons": list(group.reasons),
            "ratio": _ratio(group.ratio, group.quality, group.reasons),
            "worst": None if worst is None else _worst(worst),
            "nearest": line_json(_nearest(group) if shown else Line.unknown(*group.reasons)),
            "equity_usd": number(group.equity_usd) if shown else None,
            "required_usd": number(group.required_usd) if shown else None,
            "free_usd": number(group.free_usd) if shown else None,
            "exposures": [
                {
                    "coin": each.coin,
                    "net_usd": number(each.net_usd) if shown else None,
                    "gross_usd": number(each.gross_usd) if shown else None,
                }
                for each in group.exposures
            ],
            "hedge": _hedge_word(group),
            "hedges": [
                {"name": each.name, "state": str(each.state), "net_usd": number(each.net_usd), "text": each.text}
                for each in group.hedges
            ],
            "firing": _counted(alerts),
        }
    )


def _nearest(group: GroupReport) -> Line:
    """The nearest of its coin and market lines; a price alone would not say of what."""
    lines = [each.line for each in (group.nearest_coin, group.nearest_market) if each is not None]
    return replace(nearer(*lines), price=None)


def _worst(worst: WorstPool) -> Json:
    key = worst.key
    return {
        "venue": key.venue,
        "account": key.account,
        "pool": key.pool,
        "ratio": ratio_json(worst.ratio),
        "nearest": line_json(replace(worst.nearest, price=None)),
    }


_GRAVEST = ("broken", "shrank", "unknown", "near", "held", "flat")


def _hedge_word(group: GroupReport) -> str:
    """How the worst of its hedges stands; "none" where it has none."""
    states = {str(each.state) for each in group.hedges}
    return next((word for word in _GRAVEST if word in states), "none")


def _counted(alerts: Iterable[Alert]) -> dict[str, int]:
    """How many fire, by severity."""
    firing: dict[str, int] = {}
    for alert in alerts:
        firing[str(alert.severity)] = firing.get(str(alert.severity), 0) + 1
    return firing


def alert_payload(alert: Alert, at: float) -> bytes:
    """The state of an alert that fires."""
    return _encode(_alert(alert) | {"at": number(at)})


def event_payload(message: Message) -> bytes:
    """One message. `key` tells a repetition; `repeated` says that it may be one."""
    return _encode(
        {
            "key": message.key,
            "thread": message.thread,
            "at": number(message.at),
            "title": message.title,
            "text": message.text,
            "link": message.link,
            "runbook": message.runbook,
            "repeated": message.repeated,
            "test": message.test,
            "changes": [_change(change) for change in message.changes],
        }
    )


def _pool(pool: PoolReport) -> Json:
    shown = pool.quality.figures_shown
    return {
        "venue": pool.key.venue,
        "account": pool.key.account,
        "pool": pool.key.pool,
        "quality": str(pool.quality),
        "reasons": list(pool.reasons),
        "as_of": number(pool.as_of),
        "ratio": _ratio(pool.ratio, pool.quality, pool.reasons),
        "nearest": line_json(nearest_line(pool) if shown else Line.unknown(*pool.reasons)),
        "equity_usd": number(pool.equity_usd) if shown else None,
        "maintenance_margin_usd": number(pool.maintenance_margin_usd) if shown else None,
        "positions": [
            {
                "symbol": each.symbol,
                "side": str(each.side),
                "quantity": number(each.quantity),
                "mark_price": number(each.mark_price) if shown else None,
                "line": line_json(each.line if shown else Line.unknown(*pool.reasons)),
            }
            for each in pool.positions
        ],
    }


def _ratio(ratio: Ratio, quality: Quality, reasons: tuple[str, ...]) -> Json:
    return ratio_json(ratio if quality.figures_shown else Ratio.unknown(*reasons))


def _alert(alert: Alert) -> Json:
    return {
        "fingerprint": alert.fingerprint,
        "incident": alert.incident,
        "rule": alert.rule,
        "severity": str(alert.severity),
        "state": str(alert.state),
        "labels": dict(alert.labels),
        "since": number(alert.since),
        "value": number(alert.value),
        "worst": number(alert.worst),
        "threshold": number(alert.threshold),
        "summary": alert.summary,
        "text": alert.text,
        "by": alert.by,
        "note": alert.note,
    }


def _change(change: AlertChange) -> Json:
    return {
        "key": change.key,
        "change": str(change.change),
        "previous": None if change.previous is None else str(change.previous),
        "reason": change.reason,
        "at": number(change.at),
        "alert": _alert(change.alert),
    }
