"""What the rules on an account as a whole read: its data, its keys, its limits, and what nobody can explain."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from math import inf

from monitor.alerts import words_lines, words_risk
from monitor.alerts.reading import Reading, Subject, Words
from monitor.alerts.rules_asking import Asks, said
from monitor.alerts.rules_pool import DUST_RATIO
from monitor.domain.accounts import Permissions
from monitor.domain.lines import State
from monitor.domain.reports import AccountReport, CollateralReport


def account_wide(report: AccountReport, now: float, asks: Asks) -> Iterator[Reading]:
    """The numbers and states of one account."""
    yield from _data_and_keys(report, now, asks)
    sure = report.quality.figures_shown

    def number(rule: str, value: float | None, told: Callable[[float], Words], *detail: str) -> Iterator[Reading]:
        if asks(rule, value, ""):
            yield Reading(Subject(rule, report.key, "", detail), value, "", sure, told)

    ratio = None if report.ratio.state is State.UNKNOWN else report.ratio.value
    yield from number("account_ratio", ratio, partial(words_lines.account_ratio, report))
    net = None if report.net_notional_usd is None else abs(report.net_notional_usd)
    for rule, value, told in (
        ("account_funds_at_risk", report.funds_at_risk_usd, words_risk.account_funds_at_risk),
        ("account_gross", report.gross_notional_usd, words_risk.account_gross),
        ("account_net", net, words_risk.account_net),
        ("account_leverage", report.effective_leverage_ratio, words_risk.account_leverage),
    ):
        yield from number(rule, value, partial(told, report))
    share = unexplained_share(report)
    for rule, sign in (("unexplained_loss", -1.0), ("unexplained_gain", 1.0)):
        value = None if share is None else max(0.0, sign * share)
        yield from number(rule, value, partial(words_risk.unexplained, report, value))
    for coin, off in off_peg(report).items():
        yield from number("collateral_depeg", off, partial(words_risk.collateral_depeg, report, coin), coin)


def _data_and_keys(report: AccountReport, now: float, asks: Asks) -> Iterator[Reading]:
    # Where a pool's own alert tells that its data is not believed, one page is enough; but it ends nothing here.
    is_told = any(not pool.quality.figures_shown for pool in report.pools)
    down = "" if report.up or is_told else "down"
    if asks("account_down", None, down):
        speaks = report.up or not is_told
        told = partial(words_risk.account_down, report)
        yield Reading(Subject("account_down", report.key), None, down, speaks, told)
    may = permission_state(report.permissions)
    if asks("key_permission", None, may):
        words = said(words_risk.key_permission(report, may))
        yield Reading(Subject("key_permission", report.key), None, may, report.permissions is not None, words)
    expires = None if report.permissions is None else report.permissions.expires
    left = None if expires is None else expires - now
    if asks("key_expiry", left, ""):
        yield Reading(Subject("key_expiry", report.key), left, "", True, said(words_risk.key_expiry(report, left)))


def permission_state(permissions: Permissions | None) -> str:
    """The most dangerous thing that a key may do; what cannot be read is not harmless."""
    if permissions is None:
        return "unreadable"
    if permissions.can_withdraw or permissions.can_transfer:
        return "withdraw"
    if permissions.can_withdraw is None:
        return "unreadable"
    if permissions.can_trade:
        return "trade"
    return "unreadable" if permissions.can_trade is None else ""


def unexplained_share(report: AccountReport) -> float | None:
    """What changed without a known cause, over the greater of the equity now and before it; negative: it is gone.

    None where it cannot be told. Where no equity was there before or is now, any change is without bound.
    """
    usd, equity = report.unexplained_usd, report.equity_usd
    if usd is None or usd == 0.0 or equity is None:
        return usd if usd == 0.0 else None
    whole = max(equity, equity - usd)
    return usd / whole if whole > 0.0 else (inf if usd > 0.0 else -inf)


def off_peg(report: AccountReport) -> dict[str, float | None]:
    """How far from 1 USD each stablecoin is that an account holds, or owes, more than dust of; None: unknown."""
    found: dict[str, float | None] = {}
    for pool in report.pools:
        for held in pool.collateral:
            if held.stable and not _is_dust(held):
                off = None if held.price_usd is None else abs(held.price_usd - 1.0)
                found[held.asset] = found.get(held.asset) if off is None else off
    return found


def _is_dust(held: CollateralReport) -> bool:
    return held.share_ratio is not None and abs(held.share_ratio) < DUST_RATIO
