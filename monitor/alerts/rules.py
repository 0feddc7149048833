"""What each rule reads of an account or a notice; what surrounds the accounts is in `outside`.

A subject is read only when somebody asks for it: when its number reaches a threshold, or while something stands.
"""

from __future__ import annotations

from collections.abc import Iterator

from monitor.alerts import words
from monitor.alerts.catalogue import RULES
from monitor.alerts.reading import Reading, Subject
from monitor.alerts.rules_account import account_wide, off_peg
from monitor.alerts.rules_asking import Asks, said
from monitor.alerts.rules_lines import percent_readings, sigma_readings
from monitor.alerts.rules_pool import pool_readings, position_readings, wants
from monitor.alerts.trend import Trends
from monitor.domain.reports import AccountReport, Notice, PoolReport

__all__ = ["Asks", "account_readings", "is_closed", "notice_reading", "said"]

NOTICES = {"permissions": "permissions_changed"}  #: the rules of notices that have another name than their rule


def account_readings(report: AccountReport, now: float, asks: Asks, trends: Trends) -> Iterator[Reading]:
    """All readings of one account that are asked for."""
    want = wants(asks)
    trends.keep_pools(report.key, [pool.key for pool in report.pools])
    for pool in report.pools:
        yield from pool_readings(pool, now, asks, want, trends)
        yield from percent_readings(pool, asks)
        if want.sigmas:
            yield from sigma_readings(pool, asks)
        yield from position_readings(pool, now, asks, want)
    yield from account_wide(report, now, asks)


def notice_reading(notice: Notice) -> Reading | None:
    """What happened, as a reading of its rule; None for a kind that has no rule."""
    rule = NOTICES.get(notice.kind, notice.kind)
    if rule not in RULES:
        return None
    detail: tuple[str, ...] = (notice.key,)
    state = notice.kind
    if notice.warning is not None:
        warning = notice.warning
        detail = (warning.kind.value, warning.symbol or "", "" if warning.side is None else warning.side.value)
        state = warning.kind.value
    return Reading(Subject(rule, notice.account, "", detail), None, state, True, said(words.event(notice)))


def is_closed(report: AccountReport, subject: Subject) -> bool:
    """Whether a subject that is missing from a report is certainly gone.

    The account must be fresh, and the pool gone, or believed and without this position, coin or asset. What speaks
    against the account speaks against all its pools: one that is believed shows that it is fresh, whatever ails
    another. A position that vanished from one answer of the venue is still reported until a second one confirms it.
    """
    fresh = report.up or any(pool.quality.figures_shown for pool in report.pools)
    if not fresh:
        return False
    if not subject.pool:
        return subject.rule == "collateral_depeg" and report.up and subject.detail[0] not in off_peg(report)
    pool = next((pool for pool in report.pools if pool.key.pool == subject.pool), None)
    if pool is None:
        return True
    return pool.quality.figures_shown and _is_missing(pool, subject)


def _is_missing(pool: PoolReport, subject: Subject) -> bool:
    """Whether a pool that is believed does not hold what the subject speaks of."""
    labels = subject.labels
    if "symbol" in labels:
        return all((each.symbol, each.side.value) != (labels["symbol"], labels["side"]) for each in pool.positions)
    if subject.rule == "depeg_distance":
        return labels["coin"] not in pool.depegs
    if subject.rule == "collateral_share":
        return all(each.asset != labels["coin"] for each in pool.collateral)
    if "coin" in labels:
        return labels["coin"] not in pool.coins
    return not pool.positions
