"""Reports from results: what the kernel computed, what health says of it, and what the venue said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter

from monitor.domain.accounts import AccountMode
from monitor.domain.lines import Direction, Line, Ratio, State
from monitor.domain.names import Asset, PositionKey
from monitor.domain.quality import Quality, worst
from monitor.domain.reports import AccountReport, PoolReport, PositionReport
from monitor.engine.accounts import AccountState
from monitor.engine.funding import Due
from monitor.engine.health import Finding, judge
from monitor.engine.reconcile import Reconciliation
from monitor.engine.stakes import UNSTAKED, Stakes
from monitor.engine.valuation import Held, Needs, Priced
from monitor.engine.volatility import distance_in_sigmas
from monitor.margin.pool import LIQUIDATION, Leg, Pool
from monitor.margin.results import PoolResult, PositionResult, Sides

Sigma = Callable[[int], float | None]  #: of the instrument whose mark has this place
UNREADABLE = AccountMode(collateral=None, hedge=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolContext:
    """What a pool's report says beside the kernel's result. Equal ones say the same but for the age.

    `sigmas_version` counts the samples behind `sigma`. What `stakes` say of burning changes by time alone.
    """

    findings: tuple[Finding, ...]
    as_of: float | None = field(compare=False)
    suspects: frozenset[PositionKey] = frozenset()
    held: frozenset[PositionKey] = frozenset()
    reconciliation: Reconciliation = field(default_factory=Reconciliation)
    sigma: Sigma = field(default=lambda _: None, compare=False)
    sigmas_version: int = 0
    stakes: Stakes = field(default=UNSTAKED, compare=False)


def pool_report(priced: Priced, context: PoolContext) -> PoolReport:
    """One pool. Where a finding says UNKNOWN, or there is no result, no figure is shown at all.

    The same object as before where nothing that it is made of has changed; where only its age has, the same figures.
    """
    stakes = context.stakes
    made_of = (context, priced.result, priced.failure, priced.trouble, priced.advice, stakes.dues, stakes.collateral)
    if priced.told is None or priced.told[0] != made_of:
        priced.told = made_of, _made(priced, context)
    report = priced.told[1]
    burn = None if report.burn is None else context.stakes.burn
    if report.as_of != context.as_of or report.burn != burn:
        report = replace(report, as_of=context.as_of, burn=burn)
        priced.told = made_of, report
    return report


def _made(priced: Priced, context: PoolContext) -> PoolReport:
    result, pool = priced.result, priced.pool
    quality, reasons = judge([*context.findings, *computed_findings(priced, context.reconciliation)])
    if result is None or worst(*(finding.quality for finding in context.findings)) is Quality.UNKNOWN:
        return _silent(pool, reasons, context)
    stakes, positions = context.stakes, priced.needs.positions
    sigmas = [context.sigma(held.mark_place) for held in positions]
    nothing = (None,) * len(positions)
    dues, fundings = stakes.dues or nothing, stakes.fundings or nothing
    return PoolReport(
        key=pool.key,
        isolated=pool.isolated,
        primary=pool.primary,
        quality=quality,
        reasons=reasons,
        as_of=context.as_of,
        ratio=result.ratio,
        venue_ratio=pool.venue.ratio,
        venue_ratio_name=pool.venue.ratio_name,
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
            _position(position, held, due, funding, sigma, context)
            for position, held, due, funding, sigma in zip(
                result.positions, positions, dues, fundings, sigmas, strict=True
            )
        ),
        drift=context.reconciliation.drift,
        backstop=pool.backstop,
        advice_add_usd=priced.advice[0],
        advice_text=priced.advice[1],
        contradictions=context.reconciliation.contradictions,
        collateral=stakes.collateral,
        burn=stakes.burn,
        one_sided=priced.one_sided,
        coin_sigmas=_coin_sigmas(result, priced.needs, sigmas, context.sigma),
        market_sigma=_market_sigma(result, positions, sigmas),
        required_usd=_required(pool, result),
    )


def _required(pool: Pool, result: PoolResult) -> float | None:
    """What the liquidation stage requires, over its threshold, in USD: with that as its equity the pool is liquidated.

    The ratio knows all that counts at that stage; where there is no equity to measure it by, maintenance stands for it.
    """
    ratio, equity = result.ratio.value, result.equity_usd
    if ratio is None or equity is None:
        return None
    if ratio < math.inf:
        return ratio * equity if ratio else 0.0
    if result.maintenance_margin_usd is None:
        return None
    stage = next(stage for stage in pool.stages if stage.name == LIQUIDATION)
    return result.maintenance_margin_usd * stage.scale / stage.threshold


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
    state: AccountState, pools: Sequence[PoolReport], findings: Sequence[Finding], now: float, group: str = ""
) -> AccountReport:
    """One account: its ratio is that of its worst primary pool, and unknown if any pool is, unless one is over 1."""
    own, reasons = judge(findings)
    seen = dict.fromkeys(reasons)
    for pool in pools:
        more = [reason for reason in pool.reasons if reason not in reasons]
        seen |= dict.fromkeys(f"{pool.key.pool}: {reason}" for reason in more)
    quality = worst(own, *(pool.quality for pool in pools))
    primary = [pool for pool in pools if pool.primary] if quality is not Quality.UNKNOWN else None
    equity = _sum(primary, attrgetter("equity_usd"))
    gross = _sum(primary, attrgetter("gross_notional_usd"))
    return AccountReport(
        key=state.key,
        at=now,
        quality=quality,
        reasons=tuple(seen),
        up=quality.figures_shown,
        last_update=state.last_update,
        ratio=account_ratio(pools, reasons if own is Quality.UNKNOWN else ()),
        equity_usd=equity,
        mode=state.mode or UNREADABLE,
        permissions=state.permissions,
        pools=tuple(pools),
        group=group,
        gross_notional_usd=gross,
        net_notional_usd=_sum(primary, attrgetter("net_notional_usd")),
        effective_leverage_ratio=_leverage(gross, equity),
        funds_at_risk_usd=_sum(primary, attrgetter("funds_at_risk_usd")),
    )


def _sum(pools: Sequence[PoolReport] | None, figure: Callable[[PoolReport], float | None]) -> float | None:
    """Over some pools; None where they, or the figure of one of them, are not known."""
    if pools is None:
        return None
    total = 0.0
    for pool in pools:
        value = figure(pool)
        if value is None:
            return None
        total += value
    return total


def _leverage(gross: float | None, equity: float | None) -> float | None:
    """Gross notional over equity; +inf where nothing backs it."""
    if gross is None or equity is None:
        return None
    return gross / equity if equity > 0.0 else math.inf if gross else 0.0


def account_ratio(pools: Sequence[PoolReport], unknown: Sequence[str] = ()) -> Ratio:
    """The worst ratio, with `unknown` the reasons why the account as a whole is unknown."""
    over = [pool.ratio.value for pool in pools if pool.ratio.state is State.LIQUIDATABLE and pool.ratio.value]
    if over:
        return Ratio.of(max(over))
    dark = [f"{pool.key.pool}: {reason}" for pool in pools for reason in pool.ratio.reasons]
    if unknown or any(pool.ratio.state is State.UNKNOWN for pool in pools):
        return Ratio.unknown(*dict.fromkeys((*unknown, *dark)))
    return Ratio.of(max((pool.ratio.value or 0.0 for pool in pools if pool.primary), default=0.0))


def _coin_sigmas(
    result: PoolResult, needs: Needs, sigmas: Sequence[float | None], sigma: Sigma
) -> Mapping[Asset, float]:
    """Of each coin that has a line; absent where unknown."""
    known = {held.coin: own for held, own in zip(needs.positions, sigmas, strict=True)}
    found = {}
    for coin in result.coins:
        own = known.get(coin)
        if own is None and (place := needs.coin_places.get(coin)) is not None:
            own = sigma(place)
        if own is not None:
            found[coin] = own
    return found


def _market_sigma(result: PoolResult, held: Sequence[Held], sigmas: Sequence[float | None]) -> float | None:
    """The mean of what the market line moves, weighted by notional; None without any, or where one is unknown."""
    whole = weighed = 0.0
    for position, its, sigma in zip(result.positions, held, sigmas, strict=True):
        if its.coin in result.depegs:
            continue
        if sigma is None or position.notional_usd is None:
            return None
        whole += position.notional_usd
        weighed += position.notional_usd * sigma
    return weighed / whole if whole else None


def _position(
    result: PositionResult,
    held: Held,
    due: Due | None,
    funding: float | None,
    sigma: float | None,
    context: PoolContext,
) -> PositionReport:
    key, reconciliation, terms = held.key, context.reconciliation, held.terms
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
        distance_sigmas=distance_in_sigmas(result.line, result.mark_price, sigma),
        venue_line=held.printed,
        drift_ratio=reconciliation.lines.get(key),
        suspect=key in context.suspects,
        drift_tolerance_ratio=reconciliation.tolerances.get(key, 0.0),
        disagreement=reconciliation.verdicts.get(key),
        adl_rank=terms.adl_rank,
        cap_usd=terms.cap_usd(result),
        leverage=terms.leverage,
        auto_add_margin=terms.auto_add_margin,
        funding_rate=None if due is None else due.rate,
        next_funding_time=None if due is None else due.next_time,
        funding_usd=funding,
        delivery_time=terms.delivery_time,
        exposure_base=terms.exposure_base(result),
        exposure_usd=terms.exposure_usd(result),
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
