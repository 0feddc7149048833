"""The JSON form of reports: one document for `assess --json`, `status --json` and the API.

Each ratio, leverage and line is an object whose `state` is `at`, `never`, `unknown` or `liquidatable`; a bare number or
null never carries that meaning. Elsewhere null says «unknown»; infinity and NaN never appear. The committed description
is `monitor/web/schema.json`, and `SCHEMA_VERSION` rises when a document of the old form would no longer fit it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import isfinite, isnan
from typing import Any

from monitor.domain.accounts import AccountMode, Permissions
from monitor.domain.alerts import Alert
from monitor.domain.group_reports import AccountExposure, CoinExposure, GroupLine, GroupReport, HedgeReport
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import AccountKey, Asset, PoolKey
from monitor.domain.reports import AccountReport, BurnReport, CollateralReport, PoolReport, PositionReport
from monitor.domain.view import OUTCOMES, Budget, FeedStatus, JournalStatus, View

SCHEMA_VERSION = 1

Json = dict[str, Any]


def number(value: float | None) -> float | None:
    """The value, or None where it is unknown or not a finite number."""
    return value if value is not None and isfinite(value) else None


def ratio_json(ratio: Ratio) -> Json:
    """A margin ratio. LIQUIDATABLE without a `value`: there is no equity left."""
    if ratio.state is State.UNKNOWN:
        return {"state": ratio.state.value, "reasons": list(ratio.reasons)}
    value = number(ratio.value)
    return {"state": ratio.state.value} if value is None else {"state": ratio.state.value, "value": value}


def leverage_json(pool: PoolReport | AccountReport) -> Json:
    """The effective leverage, any number from 0 on. LIQUIDATABLE without a `value`: there is no equity left."""
    leverage = pool.effective_leverage_ratio
    if leverage is None or isnan(leverage):
        return {"state": State.UNKNOWN.value, "reasons": list(pool.ratio.reasons or pool.reasons)}
    known = number(leverage)
    return {"state": State.LIQUIDATABLE.value} if known is None else {"state": State.AT.value, "value": known}


def line_json(line: Line, sigmas: float | None = None) -> Json:
    """A line. Only AT has a price, unless no single price moves (the market line has none).

    `sigmas` is the same distance in daily standard deviations, if that is known.
    """
    match line.state:
        case State.AT:
            price = {} if line.price is None else {"price": number(line.price)}
            at: Json = {"state": "at"} | price | {"distance_ratio": number(line.distance_ratio)}
            return at if number(sigmas) is None else at | {"distance_sigmas": sigmas}
        case State.LIQUIDATABLE:
            return {"state": "liquidatable", "distance_ratio": 0.0}
        case State.NEVER:
            return {"state": "never"}
        case _:
            return {"state": "unknown", "reasons": list(line.reasons)}


def _sides(lines: Mapping[Direction, Line]) -> Json:
    return {direction.value: line_json(line) for direction, line in lines.items()}


def _by_asset(lines: Mapping[Asset, Mapping[Direction, Line]]) -> Json:
    return {asset: _sides(sides) for asset, sides in lines.items()}


def position_json(position: PositionReport) -> Json:
    """One position; `quantity` is signed, short < 0."""
    backstop = position.line_with_backstop
    return {
        "symbol": position.symbol,
        "side": position.side.value,
        "coin": position.coin,
        "quantity": number(position.quantity),
        "entry_price": number(position.entry_price),
        "mark_price": number(position.mark_price),
        "notional_usd": number(position.notional_usd),
        "unrealized_pnl_usd": number(position.unrealized_pnl_usd),
        "liquidation": line_json(position.line, position.distance_sigmas),
        "bankruptcy": line_json(position.bankruptcy),
        "loss_to_liquidation_usd": number(position.loss_to_line_usd),
        "venue_liquidation": line_json(position.venue_line),
        "drift_ratio": number(position.drift_ratio),
        "drift_tolerance_ratio": number(position.drift_tolerance_ratio),
        "disagreement": position.disagreement,
        "suspect": position.suspect,
        "adl_rank": position.adl_rank,
        "cap_usd": number(position.cap_usd),
        "leverage": number(position.leverage),
        "auto_add_margin": position.auto_add_margin,
        "funding": {
            "rate": number(position.funding_rate),
            "next_time": number(position.next_funding_time),
            "usd": number(position.funding_usd),
        },
        "delivery_time": number(position.delivery_time),
        "exposure": {"base": number(position.exposure_base), "usd": number(position.exposure_usd)},
    } | ({} if backstop is None else {"liquidation_with_backstop": line_json(backstop)})


def collateral_json(part: CollateralReport) -> Json:
    """One asset of a pool's equity."""
    return {
        "asset": part.asset,
        "amount": number(part.amount),
        "value_usd": number(part.value_usd),
        "share_ratio": number(part.share_ratio),
        "price_usd": number(part.price_usd),
        "stable": part.stable,
    }


def burn_json(burn: BurnReport | None, reasons: Iterable[str] = ()) -> Json:
    """What funding and interest do to a pool; `reasons` why nothing is known of it at all. Without `after` nothing is
    paid, or it is not known yet where the pool will stand.
    """
    burn = burn or BurnReport(usd_per_day=None, seconds=None, reasons=tuple(reasons))
    ratio, line = burn.after_ratio, burn.after_line
    after: Json = {}
    if ratio is not None and line is not None:
        after = {"at": number(burn.after_at), "margin_ratio": ratio_json(ratio), "nearest": line_json(_unpriced(line))}
    return {
        "usd_per_day": number(burn.usd_per_day),
        "until_liquidation": _until_json(burn),
        "next_time": number(burn.next_time),
        "next_usd": number(burn.next_usd),
        "reasons": list(burn.reasons),
    } | ({"after": after} if after else {})


def _until_json(burn: BurnReport) -> Json:
    seconds = burn.seconds
    if seconds is None or isnan(seconds):
        return {"state": State.UNKNOWN.value, "reasons": list(burn.reasons)}
    if not isfinite(seconds):
        return {"state": State.NEVER.value}
    return {"state": State.AT.value, "seconds": seconds} if seconds > 0.0 else {"state": State.LIQUIDATABLE.value}


def _unpriced(line: Line) -> Line:
    """The nearest of lines of different things: its price says nothing without their names."""
    return replace(line, price=None)


def pool_head_json(pool: PoolReport) -> Json:
    """One pool without its positions, which may be many."""
    venue_ratio = number(pool.venue_ratio)
    return {
        "pool": pool.key.pool,
        "isolated": pool.isolated,
        "primary": pool.primary,
        "quality": pool.quality.value,
        "reasons": list(pool.reasons),
        "as_of": number(pool.as_of),
        "margin_ratio": ratio_json(pool.ratio),
        # In the venue's own direction: it may not be read as a margin ratio, but it is known or it is not.
        "venue_ratio": {"state": "unknown", "reasons": []}
        if venue_ratio is None
        else {"state": "at", "value": venue_ratio, "name": pool.venue_ratio_name},
        "equity_usd": number(pool.equity_usd),
        "maintenance_margin_usd": number(pool.maintenance_margin_usd),
        "initial_margin_usd": number(pool.initial_margin_usd),
        "funds_at_risk_usd": number(pool.funds_at_risk_usd),
        "gross_notional_usd": number(pool.gross_notional_usd),
        "net_notional_usd": number(pool.net_notional_usd),
        "effective_leverage": leverage_json(pool),
        "deficit_usd": number(pool.deficit_usd),
        "stages": {name: ratio_json(ratio) for name, ratio in pool.stages.items()},
        "market": _sides(pool.market),
        "coins": _by_asset(pool.coins),
        "depegs": _by_asset(pool.depegs),
        "drift": {figure: number(drift) for figure, drift in pool.drift.items()},
        "contradictions": dict(pool.contradictions),
        "backstop": None if pool.backstop is None else pool.backstop.pool,
        "advice": {"add_usd": number(pool.advice_add_usd), "text": pool.advice_text},
        "collateral": [collateral_json(part) for part in pool.collateral],
        "burn": burn_json(pool.burn, pool.reasons),
        "one_sided": pool.one_sided,
        "coin_sigmas": {coin: sigma for coin, sigma in pool.coin_sigmas.items() if isfinite(sigma)},
        "market_sigma": number(pool.market_sigma),
        "required_usd": number(pool.required_usd),
    }


def pool_json(pool: PoolReport) -> Json:
    """One pool with its positions."""
    return pool_head_json(pool) | {"positions": [position_json(position) for position in pool.positions]}


def account_json(report: AccountReport) -> Json:
    """One account without its pools, which may be many."""
    return {
        "venue": report.key.venue,
        "account": report.key.account,
        "at": number(report.at),
        "quality": report.quality.value,
        "reasons": list(report.reasons),
        "up": report.up,
        "last_update": number(report.last_update),
        "margin_ratio": ratio_json(report.ratio),
        "equity_usd": number(report.equity_usd),
        "mode": _mode_json(report.mode),
        "permissions": None if report.permissions is None else _permissions_json(report.permissions),
        "group": report.group,
        "gross_notional_usd": number(report.gross_notional_usd),
        "net_notional_usd": number(report.net_notional_usd),
        "effective_leverage": leverage_json(report),
        "funds_at_risk_usd": number(report.funds_at_risk_usd),
        "unexplained": {"usd": number(report.unexplained_usd), "text": report.unexplained_text},
        "withdrawable": {"usd": number(report.withdrawable_usd), "reason": report.withdrawable_reason},
    }


def report_json(report: AccountReport) -> Json:
    """One account with its pools."""
    return account_json(report) | {"pools": [pool_json(pool) for pool in report.pools]}


def _mode_json(mode: AccountMode) -> Json:
    return {
        "collateral": None if mode.collateral is None else mode.collateral.value,
        "hedge": mode.hedge,
        "hedge_by_symbol": mode.hedge_by_symbol,
        "borrows": mode.borrows,
        "kind": mode.kind,
    }


def _permissions_json(permissions: Permissions) -> Json:
    return {
        "can_read": permissions.can_read,
        "can_trade": permissions.can_trade,
        "can_withdraw": permissions.can_withdraw,
        "can_transfer": permissions.can_transfer,
        "ip_restricted": permissions.ip_restricted,
        "expires": number(permissions.expires),
    }


def group_json(group: GroupReport) -> Json:
    """One group of accounts."""
    worst = group.worst
    return {
        "name": group.name,
        "at": number(group.at),
        "members": [_owner_json(key) for key in group.members],
        "quality": group.quality.value,
        "reasons": list(group.reasons),
        "margin_ratio": ratio_json(group.ratio),
        "equity_usd": number(group.equity_usd),
        "maintenance_margin_usd": number(group.maintenance_margin_usd),
        "required_usd": number(group.required_usd),
        "worst": None
        if worst is None
        else _pool_key_json(worst.key)
        | {"margin_ratio": ratio_json(worst.ratio), "nearest": line_json(_unpriced(worst.nearest))},
        "market": _group_lines_json(group.market),
        "coins": {coin: _group_lines_json(sides) for coin, sides in group.coins.items()},
        "exposures": [_exposure_json(exposure) for exposure in group.exposures],
        "free": [_owner_json(each.account) | {"usd": number(each.usd), "reason": each.reason} for each in group.free],
        "needs": [
            _pool_key_json(need.pool) | {"nearest": line_json(_unpriced(need.nearest)), "add_usd": number(need.add_usd)}
            for need in group.needs
        ],
        "hedges": [hedge_json(hedge) for hedge in group.hedges],
    }


def hedge_json(hedge: HedgeReport) -> Json:
    """One hedge; amounts are signed, short < 0."""
    return {
        "name": hedge.name,
        "coin": hedge.coin,
        "declared": hedge.declared,
        "state": hedge.state.value,
        "net_usd": number(hedge.net_usd),
        "net_base": number(hedge.net_base),
        "hedged_ratio": number(hedge.hedged_ratio),
        "text": hedge.text,
        "reasons": list(hedge.reasons),
        "legs": [
            _owner_json(leg.account)
            | {
                "pool": None if leg.pool is None else leg.pool.pool,
                "symbol": leg.symbol,
                "side": None if leg.side is None else leg.side.value,
                "base": number(leg.base),
                "usd": number(leg.usd),
                "whole_base": number(leg.whole_base),
                "near": leg.near,
                "naked_usd": number(leg.naked_usd),
            }
            for leg in hedge.legs
        ],
    }


def _owner_json(key: AccountKey) -> Json:
    return {"venue": key.venue, "account": key.account}


def _pool_key_json(key: PoolKey) -> Json:
    return _owner_json(key.owner) | {"pool": key.pool}


def _group_lines_json(lines: Mapping[Direction, GroupLine]) -> Json:
    return {
        direction.value: _pool_key_json(each.pool) | {"line": line_json(each.line)} for direction, each in lines.items()
    }


def _sizes_json(exposure: CoinExposure | AccountExposure) -> Json:
    return {name: number(getattr(exposure, name)) for name in ("net_usd", "gross_usd", "net_base", "gross_base")}


def _exposure_json(exposure: CoinExposure) -> Json:
    return {
        "coin": exposure.coin,
        **_sizes_json(exposure),
        "held_usd": number(exposure.held_usd),
        "held_base": number(exposure.held_base),
        "reasons": list(exposure.reasons),
        "accounts": [_owner_json(each.account) | _sizes_json(each) for each in exposure.by_account],
    }


def feed_json(feed: FeedStatus) -> Json:
    """One stream or poll."""
    return {
        "venue": feed.venue,
        "account": feed.account,
        "stream": feed.stream,
        "phase": feed.phase,
        "up": feed.up,
        "reason": feed.reason,
        "last_message": number(feed.last_message),
        "lag_seconds": number(feed.lag_seconds),
        "reconnects": feed.reconnects,
        "messages": feed.messages,
        "malformed": feed.malformed,
        "unrecognised": feed.unrecognised,
        "ignored": feed.ignored,
        "missed_acknowledgements": feed.missed_acknowledgements,
        "polled": feed.polled,
    } | ({} if feed.polled else {"frames": {outcome: getattr(feed, outcome) for outcome in OUTCOMES}})


def alert_json(alert: Alert) -> Json:
    """One firing alert."""
    return {
        "rule": alert.rule,
        "severity": str(alert.severity),
        "labels": dict(alert.labels),
        "since": number(alert.since),
        "value": number(alert.value),
        "threshold": number(alert.threshold),
        "summary": alert.summary,
        "text": alert.text,
    }


def _budget_json(budget: Budget) -> Json:
    return {
        "venue": budget.venue,
        "used_ratio": number(budget.used_ratio),
        "banned_until": number(budget.banned_until),
    }


def _journal_json(journal: JournalStatus) -> Json:
    return {
        "writing": journal.writing,
        "reason": journal.reason,
        "records_total": journal.records_total,
        "lost_total": journal.lost_total,
        "written_bytes_total": journal.written_bytes_total,
        "kept_bytes": journal.kept_bytes,
        "segments": journal.segments,
        "queue_depth": journal.queue_depth,
    }


def document(reports: Iterable[AccountReport], at: float, version: str) -> Json:
    """Reports of accounts at a moment, without a daemon around them."""
    return {
        "schema": SCHEMA_VERSION,
        "at": number(at),
        "version": version,
        "accounts": [report_json(report) for report in reports],
    }


def frame_json(view: View) -> Json:
    """A view without what may be long: accounts, feeds and alerts."""
    return {
        "schema": SCHEMA_VERSION,
        "at": number(view.at),
        "version": view.version,
        "instance": view.instance,
        "started": number(view.started),
        "ready": view.ready,
        "not_ready": list(view.not_ready),
        "budgets": [_budget_json(budget) for budget in view.budgets],
        "clock_offsets": {venue: number(offset) for venue, offset in view.clock_offsets.items()},
        "journal": None if view.journal is None else _journal_json(view.journal),
        "diagnosis": {venue: list(texts) for venue, texts in view.diagnosis.items()},
    }


def view_json(view: View) -> Json:
    """Everything that a running daemon shows."""
    return (
        frame_json(view)
        | {"feeds": [feed_json(feed) for feed in view.feeds], "alerts": [alert_json(alert) for alert in view.alerts]}
        | {"groups": [group_json(group) for group in view.groups]}
        | document(view.accounts, view.at, view.version)
    )
