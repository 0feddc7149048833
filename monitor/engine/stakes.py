"""What a pool's report says beside the kernel's figures: what its equity consists of, and what funding does to it."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from monitor.domain.instruments import Payoff
from monitor.domain.names import USD, AccountKey, Asset
from monitor.domain.reports import BurnReport, CollateralReport
from monitor.engine.afters import Afters
from monitor.engine.burn import burn_of, burn_report
from monitor.engine.funding import Due
from monitor.engine.market import Market
from monitor.engine.valuation import Priced
from monitor.margin.collateral import Counted, counted
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult


class Stakes(NamedTuple):
    """`dues` and `fundings` (USD) go by position. Without a result there are no fundings and `burn` is None."""

    dues: tuple[Due | None, ...] = ()
    fundings: tuple[float | None, ...] = ()
    burn: BurnReport | None = None
    collateral: tuple[CollateralReport, ...] = ()


UNSTAKED = Stakes()


def stakes_of(
    account: AccountKey, priced: Priced, market: Market, afters: Afters, stablecoins: Collection[Asset], now: float
) -> Stakes:
    """Everything of it at the prices of now; what the pool is going to pay is told to `afters`."""
    result, positions, pool = priced.result, priced.needs.positions, priced.pool
    due = market.funding.due
    dues = tuple([due(held.mark_place, now, dated=held.terms.delivery_time is not None) for held in positions])
    if result is None:
        afters.want(account, priced, None)
        return Stakes(dues)
    parts = _parts(pool, result, market.prices)
    burn = burn_of(pool, result, [held.settle for held in positions], dues, {part.asset: part.rate for part in parts})
    afters.want(account, priced, burn)
    collateral = _collateral(pool, result, parts, market.prices, stablecoins)
    return Stakes(dues, burn.fundings, burn_report(pool, result, burn, afters.of(priced), now), collateral)


def _parts(pool: Pool, result: PoolResult, prices: Prices) -> tuple[Counted, ...]:
    if not pool.holdings:  # all that backs it is in the numeraire: its equity, which the kernel knows already
        equity = math.nan if result.equity is None else result.equity
        return (Counted(pool.numeraire, equity, equity, 1.0),)
    return counted(pool, _profits(pool, result, prices), prices)


def _profits(pool: Pool, result: PoolResult, prices: Prices) -> Mapping[Asset, float]:
    """What the positions have won, by the asset that they settle in; NaN where unknown. Resting orders are left out."""
    found: dict[Asset, float] = {}
    legs = [leg for leg in pool.legs if not leg.order]
    for leg, position in zip(legs, result.positions, strict=True):
        if leg.option is not None and not leg.option.in_equity:
            continue
        profit = position.unrealized_pnl
        if profit is None:  # its mark is unknown, or its cash leg lies in a holding
            mark = prices.mark(pool.key.venue, leg.symbol)
            signed = leg.quantity * leg.multiplier
            whole = -signed / mark if leg.payoff is Payoff.INVERSE else signed * mark
            profit = math.nan if leg.entry or leg.option is not None else whole
        found[leg.settle] = found.get(leg.settle, 0.0) + profit
    return found


def _collateral(
    pool: Pool, result: PoolResult, parts: Sequence[Counted], prices: Prices, stablecoins: Collection[Asset]
) -> tuple[CollateralReport, ...]:
    """Empty where an amount is not known."""
    if any(math.isnan(part.net) for part in parts):
        return ()
    usd = prices.asset(pool.key.venue, pool.numeraire)
    if math.isnan(usd) and result.usd_assumed:
        usd = 1.0
    whole = sum(part.value for part in parts if not part.value <= 0.0)  # NaN where one is
    return tuple(_part(pool, part, usd, whole, prices, stablecoins) for part in parts)


def _part(
    pool: Pool, part: Counted, usd: float, whole: float, prices: Prices, stablecoins: Collection[Asset]
) -> CollateralReport:
    share = part.value / whole if whole else math.nan
    return CollateralReport(
        asset=part.asset,
        amount=part.net,
        value_usd=_known(part.value * usd),
        share_ratio=_known(share),
        price_usd=_known(prices.asset(pool.key.venue, part.asset)),
        stable=part.asset == USD or part.asset in stablecoins,
    )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value + 0.0
