"""Reports of accounts as they are supposed to be: by the same way as those of the engine, at once and for good."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from monitor.domain.accounts import Account
from monitor.domain.group_reports import GroupReport
from monitor.domain.names import AccountKey, PoolKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, PoolReport
from monitor.domain.tables import Tables
from monitor.engine.accounts import AccountState
from monitor.engine.afters import Afters
from monitor.engine.groups import Groups
from monitor.engine.health import Finding, price_findings
from monitor.engine.market import Market
from monitor.engine.picture import Believed, Picture
from monitor.engine.reconcile import Reconciliation
from monitor.engine.report import PoolContext, account_report, pool_report
from monitor.engine.stakes import stakes_of
from monitor.engine.terms import Listed, listed
from monitor.engine.valuation import Priced, Valuation
from monitor.margin.pool import Pool
from monitor.margin.prices import Prices

MOST_ADVISED = 100  #: pools that advice is sought for: it costs a hundred times as much as a ratio
NOT_ASKED = "what may leave is the venue's word, and it was not asked about what is supposed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One account to be reported. By pool, in words, `dark` says why it cannot be computed as supposed, and `partly`
    what its figures leave out; `supposed`: something of it is.
    """

    believed: Believed
    account: Account
    tables: Tables
    pools: tuple[Pool, ...]
    dark: Mapping[PoolKey, Sequence[str]]
    partly: Mapping[PoolKey, Sequence[str]] = field(default_factory=dict)
    supposed: bool = True


def reports_of(picture: Picture, stands: Iterable[Stand], prices: Prices) -> dict[AccountKey, AccountReport]:
    """The report of each, with all lines, advice, and where it stands after its next payment."""
    settings = replace(picture.settings, advices_per_step=MOST_ADVISED, advice_every_seconds=0.0)
    market = Market(prices, settings)
    market.funding, market.marks = picture.funding, picture.quotes
    valuation = Valuation(market, settings)
    afters = Afters(prices, settings, valuation.stablecoins)
    stands = list(stands)
    for stand in stands:
        valuation.replace(stand.account.key, stand.pools, partial(_listed, stand, valuation.stablecoins))
    keys = [stand.account.key for stand in stands]
    valuation.revalue(_by_danger(stands))
    valuation.advise(picture.at)
    for key in keys:
        for priced in valuation.of(key).values():
            stakes_of(key, priced, market, afters, valuation.stablecoins, picture.at)
    afters.seek(picture.at)
    return {
        stand.account.key: _report(
            picture,
            stand,
            [_pool(picture, stand, priced, market, afters, valuation) for priced in valuation.of(key).values()],
        )
        for key, stand in zip(keys, stands, strict=True)
    }


def _by_danger(stands: Sequence[Stand]) -> list[AccountKey]:
    """The accounts, the most dangerous as they are first: those are the first to be advised."""

    def ratio(stand: Stand) -> float:
        return max((pool.ratio.value or 0.0 for pool in stand.believed.report.pools), default=0.0)

    return [stand.account.key for stand in sorted(stands, key=ratio, reverse=True)]


def _listed(stand: Stand, stablecoins: Collection[str], pool: Pool) -> Listed:
    return listed(stand.account, stand.tables, pool, stablecoins)


def _pool(
    picture: Picture, stand: Stand, priced: Priced, market: Market, afters: Afters, valuation: Valuation
) -> PoolReport:
    key, account = priced.pool.key, stand.account
    known = stand.believed.condition.pools.get(key)
    findings = list(stand.believed.condition.findings if known is None else known.findings)
    if stand.supposed:
        findings += _new_marks(picture, stand, priced)
    findings += [Finding(Quality.UNKNOWN, why) for why in stand.dark.get(key, ())]
    findings += [Finding(Quality.PARTIAL, why) for why in stand.partly.get(key, ())]
    context = PoolContext(
        findings=tuple(dict.fromkeys(findings)),
        as_of=picture.at if known is None else known.as_of,
        suspects=account.suspects,
        held=frozenset(account.positions),
        reconciliation=Reconciliation(disagreements=stand.believed.disagreements.get(key, ())),
        sigma=picture.sigmas.get,
        stakes=stakes_of(account.key, priced, market, afters, valuation.stablecoins, picture.at),
    )
    return pool_report(priced, context)


def _new_marks(picture: Picture, stand: Stand, priced: Priced) -> list[Finding]:
    """What speaks against the marks of what was not held before."""
    venue = stand.account.key.venue
    before = {leg.symbol for pool in stand.believed.pools for leg in pool.legs}
    venue_now = picture.at + picture.clock_offsets.get(venue, 0.0)
    limit = picture.settings.limits_of(venue).mark_seconds
    found: list[Finding] = []
    for symbol, place in zip(priced.needs.symbols, priced.needs.mark_places.tolist(), strict=True):
        if symbol not in before:
            found += price_findings(f"the mark of {symbol}", picture.quotes.get(place), venue_now, limit)
    return found


def _report(picture: Picture, stand: Stand, pools: Sequence[PoolReport]) -> AccountReport:
    before = stand.believed.report
    state = AccountState(stand.account.key)
    state.mode, state.permissions, state.last_update = stand.account.mode, before.permissions, before.last_update
    findings = stand.believed.condition.findings
    report = account_report(state, pools, findings, picture.at, before.group)
    report = replace(report, unexplained_usd=before.unexplained_usd, unexplained_text=before.unexplained_text)
    if stand.supposed:
        return replace(report, withdrawable_reason=NOT_ASKED)
    return replace(report, withdrawable_usd=before.withdrawable_usd, withdrawable_reason=before.withdrawable_reason)


def left_unadvised(reports: Iterable[AccountReport]) -> tuple[str, ...]:
    """In words, that there are more pools than advice was sought for; () where there are not."""
    if sum(bool(pool.advice_text) for report in reports for pool in report.pools) < MOST_ADVISED:
        return ()
    return (
        f"advice, and where a pool stands after its next payment, are sought for {MOST_ADVISED} pools, those of the "
        "most dangerous accounts first: name fewer accounts to have those of others",
    )


def groups_of(
    picture: Picture, before: Mapping[AccountKey, AccountReport], after: Mapping[AccountKey, AccountReport]
) -> list[tuple[GroupReport, GroupReport]]:
    """The groups of which a member is reported anew: before and after. Accounts that are not named stay."""
    touched = {picture.settings.groups.get(key, "") for key in after} - {""}
    if not touched:
        return []
    settings = replace(picture.settings, lines_every_seconds=0.0)
    groups = Groups(settings, lambda _: ())
    then = {key: before.get(key, each.report) for key, each in picture.accounts.items()}
    watched = max((each.detect_after_seconds for each in settings.group_settings.values()), default=300.0) + 1.0
    groups.update(then.values(), (), picture.at - watched)  # hedges that nobody declared are found after a while
    groups.update(then.values(), (), picture.at)
    was = {group.name: group for group in groups.reports()}
    groups.update(after.values(), (), picture.at)
    return [(was[group.name], group) for group in groups.reports() if group.name in touched]
