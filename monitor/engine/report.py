"""Reports from results: what the kernel computed, what health says of it, and what the venue said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from monitor.domain.accounts import AccountMode
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import PositionKey
from monitor.domain.quality import Quality, worst
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.engine.accounts import AccountState
from monitor.engine.health import Finding, judge
from monitor.engine.reconcile import Reconciliation
from monitor.engine.valuation import Held, Priced
from monitor.engine.volatility import distance_in_sigmas
from monitor.margin.pool import Leg, Pool
from monitor.margin.results import PositionResult, Sides

Sigma = Callable[[int], float | None]  #: of the instrument whose mark has this place
UNREADABLE = AccountMode(collateral=None, hedge=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolContext:
    """What a pool's report says beside the kernel's result. Equal ones say the same but for the age.

    `sigmas_version` counts the samples behind `sigma`.
    """

    findings: tuple[Finding, ...]
    as_of: float | None = field(compare=False)
    suspects: frozenset[PositionKey] = frozenset()
    held: frozenset[PositionKey] = frozenset()
    reconciliation: Reconciliation = field(default_factory=Reconciliation)
    sigma: Sigma = field(default=lambda _: None, compare=False)
    sigmas_version: int = 0


def pool_report(priced: Priced, context: PoolContext) -> PoolReport:
    """One pool. Where a finding says UNKNOWN, or there is no result, no figure is shown at all.

    The same object as before where nothing that it is made of has changed; where only its age has, the same figures.
    """
    made_of = (context, priced.result, priced.failure, priced.trouble, priced.advice)
    if priced.told is None or priced.told[0] != made_of:
        priced.told = made_of, _made(priced, context)
    report = priced.told[1]
    if report.as_of != context.as_of:
        report = replace(report, as_of=context.as_of)
        priced.told = made_of, report
    return report


def _made(priced: Priced, context: PoolContext) -> PoolReport:
    result, pool = priced.result, priced.pool
    quality, reasons = judge([*context.findings, *computed_findings(priced, context.reconciliation)])
    if result is None or worst(*(finding.quality for finding in context.findings)) is Quality.UNKNOWN:
        return _silent(pool, reasons, context)
    return PoolReport(
        key=pool.key,
        isolated=pool.isolated,
        primary=pool.primary,
        quality=quality,
        reasons=reasons,
        as_of=context.as_of,
        ratio=result.ratio,
        venue_ratio=pool.venue.ratio,
        equity_usd=result.equity_usd,
        maintenance_margin_usd=result.maintenance_margin_usd,
        initial_margin_usd=result.initial_margin_usd,
        funds_at_risk_usd=result.funds_at_risk_usd,
        gross_notional_usd=result.gross_notional_usd,
        net_notional_usd=result.net_notional_usd,
        effective_leverage_ratio=result.effective_leverage_ratio,
        deficit_usd=result.deficit_usd,
        stages=result.stages,
        market=_directions(result.market),
        coins={coin: _directions(sides) for coin, sides in result.coins.items()},
        depegs={asset: _directions(sides) for asset, sides in result.depegs.items()},
        positions=tuple(
            _position(position, held, context)
            for position, held in zip(result.positions, priced.needs.positions, strict=True)
        ),
        drift=context.reconciliation.drift,
        backstop=pool.backstop,
        advice_add_usd=priced.advice[0],
        advice_text=priced.advice[1],
        contradictions=context.reconciliation.contradictions,
    )


def computed_findings(priced: Priced, reconciliation: Reconciliation) -> list[Finding]:
    """What description, kernel and reconciliation say against a result."""
    pool, result = priced.pool, priced.result
    found = [Finding(Quality.PARTIAL, reason) for reason in pool.reasons]
    found += [Finding(Quality.UNKNOWN, reason) for reason in (*priced.failure, *priced.trouble)]
    found += [Finding(Quality.PARTIAL, words) for words in reconciliation.disagreements]
    if result is None:
        return found
    dark = result.ratio.state is State.UNKNOWN
    quality = Quality.UNKNOWN if dark else Quality.PARTIAL
    found += [Finding(quality, reason) for reason in dict.fromkeys((*result.unknown, *result.ratio.reasons))]
    if dark:
        found.append(Finding(Quality.UNKNOWN, "no margin ratio can be computed"))
    if result.usd_assumed:
        found.append(Finding(Quality.PARTIAL, f"{pool.numeraire} is counted as 1 USD: no index price of it"))
    return found


def account_report(
    state: AccountState, pools: Sequence[PoolReport], findings: Sequence[Finding], now: float
) -> AccountReport:
    """One account: its ratio is that of its worst primary pool, and unknown if any pool is, unless one is over 1."""
    own, reasons = judge(findings)
    seen = dict.fromkeys(reasons)
    for pool in pools:
        more = [reason for reason in pool.reasons if reason not in reasons]
        seen |= dict.fromkeys(f"{pool.key.pool}: {reason}" for reason in more)
    quality = worst(own, *(pool.quality for pool in pools))
    primary = [pool.equity_usd for pool in pools if pool.primary]
    known = None not in primary and quality is not Quality.UNKNOWN
    return AccountReport(
        key=state.key,
        at=now,
        quality=quality,
        reasons=tuple(seen),
        up=quality.figures_shown,
        last_update=state.last_update,
        ratio=account_ratio(pools, reasons if own is Quality.UNKNOWN else ()),
        equity_usd=sum(equity for equity in primary if equity is not None) if known else None,
        mode=state.mode or UNREADABLE,
        permissions=state.permissions,
        pools=tuple(pools),
    )


def account_ratio(pools: Sequence[PoolReport], unknown: Sequence[str] = ()) -> Ratio:
    """The worst ratio, with `unknown` the reasons why the account as a whole is unknown."""
    over = [pool.ratio.value for pool in pools if pool.ratio.state is State.LIQUIDATABLE and pool.ratio.value]
    if over:
        return Ratio.of(max(over))
    dark = [f"{pool.key.pool}: {reason}" for pool in pools for reason in pool.ratio.reasons]
    if unknown or any(pool.ratio.state is State.UNKNOWN for pool in pools):
        return Ratio.unknown(*dict.fromkeys((*unknown, *dark)))
    return Ratio.of(max((pool.ratio.value or 0.0 for pool in pools if pool.primary), default=0.0))


def _position(result: PositionResult, held: Held, context: PoolContext) -> PositionReport:
    key, reconciliation = held.key, context.reconciliation
    return PositionReport(
        symbol=result.symbol,
        side=result.side,
        coin=held.coin,
        quantity=result.quantity,
        entry_price=result.entry_price,
        mark_price=result.mark_price,
        notional_usd=result.notional_usd,
        unrealized_pnl_usd=result.unrealized_pnl_usd,
        line=result.line,
        bankruptcy=result.bankruptcy,
        line_with_backstop=result.with_backstop,
        loss_to_line_usd=result.loss_to_line_usd,
        distance_sigmas=distance_in_sigmas(result.line, result.mark_price, context.sigma(held.mark_place)),
        venue_line=held.printed,
        drift_ratio=reconciliation.lines.get(key),
        suspect=key in context.suspects,
        drift_tolerance_ratio=reconciliation.tolerances.get(key, 0.0),
        disagreement=reconciliation.verdicts.get(key),
    )


def _silent(pool: Pool, reasons: tuple[str, ...], context: PoolContext) -> PoolReport:
    """A pool that is there, and of which nothing may be said: not even what was true a moment ago."""
    dark = Line.unknown(*reasons)
    sides = {Direction.DOWN: dark, Direction.UP: dark}
    return PoolReport(
        key=pool.key,
        isolated=pool.isolated,
        primary=pool.primary,
        quality=Quality.UNKNOWN,
        reasons=reasons,
        as_of=context.as_of,
        ratio=Ratio.unknown(*reasons),
        venue_ratio=None,
        equity_usd=None,
        maintenance_margin_usd=None,
        initial_margin_usd=None,
        funds_at_risk_usd=None,
        gross_notional_usd=None,
        net_notional_usd=None,
        effective_leverage_ratio=None,
        deficit_usd=0.0,
        stages={stage.name: Ratio.unknown(*reasons) for stage in pool.stages},
        market=sides,
        coins={},
        depegs={},
        positions=tuple(
            _silent_position(leg, dark, context)
            for leg in pool.legs
            if not leg.order and PositionKey(leg.symbol, leg.side) in context.held
        ),
        drift={},
        backstop=pool.backstop,
    )


def _silent_position(leg: Leg, dark: Line, context: PoolContext) -> PositionReport:
    return PositionReport(
        symbol=leg.symbol,
        side=leg.side,
        coin=leg.coin or leg.base,
        quantity=leg.quantity,
        entry_price=leg.entry,
        mark_price=None,
        notional_usd=None,
        unrealized_pnl_usd=None,
        line=dark,
        bankruptcy=dark,
        line_with_backstop=None,
        loss_to_line_usd=None,
        distance_sigmas=None,
        venue_line=dark,
        drift_ratio=None,
        suspect=PositionKey(leg.symbol, leg.side) in context.suspects,
    )


def _directions(sides: Sides) -> dict[Direction, Line]:
    return {Direction.DOWN: sides.down, Direction.UP: sides.up}
