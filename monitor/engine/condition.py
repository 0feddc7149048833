"""How far an account may be believed, apart from what is computed of it, and until when that holds by itself."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.domain.instruments import Payoff
from monitor.domain.names import PoolKey
from monitor.domain.quality import Quality
from monitor.domain.tables import Tables
from monitor.engine.accounts import AccountState, counts_collateral
from monitor.engine.health import (
    Connection,
    Finding,
    account_findings,
    option_findings,
    position_findings,
    price_findings,
    risk_findings,
    table_findings,
)
from monitor.engine.market import Market
from monitor.engine.marks import Quotes
from monitor.engine.settings import Limits
from monitor.engine.valuation import Needs, Priced
from monitor.margin.arrays import Ints

EARLY_SECONDS = 1.0  #: a limit passed by no more than this still counts as one to come: it costs a look


@dataclass(frozen=True, slots=True)
class PoolCondition:
    """What speaks against a pool, the account's own findings among it; `as_of` is the time of its oldest input."""

    findings: tuple[Finding, ...]
    as_of: float | None = field(compare=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """What speaks against an account and its pools. Equal ones say the same, whatever the ages behind them.

    From `at` to `until` (our clock) time alone changes nothing in it.
    """

    findings: tuple[Finding, ...]
    pools: Mapping[PoolKey, PoolCondition]
    at: float = field(compare=False)
    until: float = field(compare=False)

    def holds(self, now: float) -> bool:
        """Whether time has changed nothing since."""
        return self.at <= now < self.until


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """All that is looked at. `undescribed` says why the account could not be described as it is."""

    state: AccountState
    market: Market
    connection: Connection
    tables: Tables
    limits: Limits
    undescribed: Sequence[str] = ()


def examined(sight: Sight, pools: Iterable[Priced], now: float) -> Condition:
    """How the account is now. A pool that is no longer described, and not held any more, has no condition."""
    state, limits, pools = sight.state, sight.limits, list(pools)
    findings = account_findings(state, sight.connection, now, limits, options=_holds_options(sight, pools))
    findings += [Finding(Quality.UNKNOWN, reason) for reason in sight.undescribed]
    findings += risk_findings(state, sight.connection, now, limits)
    findings += table_findings(sight.tables, now, limits, collateral=counts_collateral(state.readable))
    silenced = any(finding.quality is Quality.UNKNOWN for finding in findings)
    ends = _account_ends(sight)
    found = {
        priced.pool.key: _pool(sight, priced, findings, ends, now)
        for priced in pools
        if not silenced or _still_held(priced, state)
    }
    until = min((end for end in ends if end >= now - EARLY_SECONDS), default=math.inf)
    return Condition(tuple(findings), found, now, until)


def _holds_options(sight: Sight, pools: Iterable[Priced]) -> bool:
    """Whether the account holds options or has orders for some, be they priced by the model or not."""
    listed = (sight.tables.instruments.get(key.symbol) for key, _ in sight.state.positions)
    return any(priced.needs.options for priced in pools) or any(
        each is not None and each.payoff is Payoff.OPTION for each in listed
    )


def _account_ends(sight: Sight) -> list[float]:
    """When the account's own inputs pass their limits, and a ban ends."""
    limits = sight.limits
    reads = (
        (None if sight.state.answer is None else sight.state.answer.asked, limits.account_seconds),
        (sight.state.config_asked, limits.config_seconds),
        (sight.tables.tiers_time, limits.tiers_seconds),
        (sight.tables.instruments_time, limits.instruments_seconds),
        (sight.tables.collateral_time, limits.collateral_seconds),
        (sight.state.risk_asked, limits.risk_seconds),
        (sight.connection.banned_until, 0.0),
    )
    return [read + limit for read, limit in reads if read is not None]


def _pool(sight: Sight, priced: Priced, common: Sequence[Finding], ends: list[float], now: float) -> PoolCondition:
    """One pool's condition; the limits of its own inputs are added to `ends`."""
    needs, answer = priced.needs, sight.state.answer
    oldest_mark = _old_prices(sight, sight.market.marks, needs.mark_places, sight.limits.mark_seconds, ends, now)
    oldest_asset = _old_prices(sight, sight.market.assets, needs.asset_places, sight.limits.asset_seconds, ends, now)
    found = list(common)
    if oldest_mark.doubtful:
        for symbol, quote in zip(needs.symbols, map(sight.market.marks.get, needs.mark_places.tolist()), strict=True):
            found += price_findings(f"the mark of {symbol}", quote, oldest_mark.venue_now, sight.limits.mark_seconds)
    if oldest_asset.doubtful:
        # Where the numeraire's own price decides nothing but the figures in USD, an old one spoils only these.
        if_stale = Quality.STALE if needs.assets else Quality.PARTIAL
        for asset, quote in zip(
            needs.priced_assets, map(sight.market.assets.get, needs.asset_places.tolist()), strict=True
        ):
            what = f"the USD price of {asset}"
            found += price_findings(what, quote, oldest_asset.venue_now, sight.limits.asset_seconds, if_stale)
    found += _old_positions(sight, needs, ends, now)
    oldest_option = _old_options(sight, needs, found, ends, now) if needs.options else math.inf
    risk_asked = sight.state.risk_asked if needs.scenarios else None
    read = (math.inf if answer is None else answer.asked, math.inf if risk_asked is None else risk_asked)
    as_of = min(oldest_mark.at, oldest_asset.at, oldest_option, *read)
    return PoolCondition(tuple(found), None if as_of == math.inf else as_of)


class _Oldest(NamedTuple):
    """The oldest of some prices: when it was, by our clock (+inf: there is none), and whether any is too old."""

    at: float
    doubtful: bool
    venue_now: float


def _old_prices(
    sight: Sight, quotes: Quotes, places: Ints, limit_seconds: float, ends: list[float], now: float
) -> _Oldest:
    venue_now = sight.connection.venue_now(now)
    stamp, doubted = quotes.oldest(places)
    at = sight.connection.ours(stamp)
    ends.append(at + limit_seconds)
    old = venue_now - stamp > limit_seconds
    if old:  # the next to grow old is another one
        later = [quote.venue_time for place in places.tolist() if (quote := quotes.get(place)) is not None]
        ends += [sight.connection.ours(each) + limit_seconds for each in later]
    return _Oldest(at, doubted or old, venue_now)


def _old_positions(sight: Sight, needs: Needs, ends: list[float], now: float) -> list[Finding]:
    """What speaks against the pool's positions: missing from the last readings, or not seen for long."""
    positions, limit_seconds = sight.state.positions, sight.limits.account_seconds
    seen = [positions.seen(held.key) + limit_seconds for held in needs.positions if held.key in positions]
    ends += seen
    if not positions.suspects and now <= min(seen, default=math.inf):
        return []
    keys = (held.key for held in needs.positions)
    return [finding for key in keys for finding in position_findings(sight.state, key, now, sight.limits)]


def _old_options(sight: Sight, needs: Needs, found: list[Finding], ends: list[float], now: float) -> float:
    """When the oldest of what the pool's options are priced with was received (+inf: none was)."""
    told = [mark for symbol in needs.options if (mark := sight.tables.options.get(symbol)) is not None]
    received = [mark.received for mark in told if mark.received is not None]
    ends += [each + sight.limits.option_seconds for each in received]
    found += option_findings(needs.options, sight.tables, now, sight.limits)
    return min(received, default=math.inf)


def _still_held(priced: Priced, state: AccountState) -> bool:
    """Whether the pool of an account that cannot be described any more is still there, as far as we know."""
    return not priced.pool.isolated or any(held.key in state.positions for held in priced.needs.positions)
