"""One synchronous step: events in, reports of the accounts touched out. Time is an argument, and nothing waits.

Ten ticks in a batch cost one computation an account, and what was not touched is remembered; the reports are the same
as those of a new engine that is told the final state.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from monitor.domain.accounts import Account
from monitor.domain.errors import MarginwatchError
from monitor.domain.events import Elapsed, Event
from monitor.domain.names import USD, AccountKey, PoolKey, Symbol, Venue
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport, Notice, PoolReport, Resync, StepResult
from monitor.domain.tables import Tables
from monitor.engine.accounts import AccountState
from monitor.engine.health import (
    Finding,
    account_findings,
    position_findings,
    price_findings,
    table_findings,
)
from monitor.engine.intake import Intake, Touched
from monitor.engine.notices import tiers_words
from monitor.engine.reconcile import Reconciliation, reconcile
from monitor.engine.report import PoolContext, account_report, pool_report
from monitor.engine.settings import EngineSettings
from monitor.engine.valuation import Priced, Valuation, touching
from monitor.margin.pool import Describe, Description
from monitor.margin.prices import Prices


class Engine:
    """State of all configured accounts and what follows from it.

    `describes` holds, for each venue, what turns an account into pools.
    """

    def __init__(self, describes: Mapping[Venue, Describe], settings: EngineSettings) -> None:
        self._describes = describes
        self._settings = settings
        self._prices = Prices()
        self._intake = Intake(self._prices, settings)
        self._valuation = Valuation(self._prices, settings)
        self._undescribed: dict[AccountKey, tuple[str, ...]] = {}
        self._reconciled: dict[AccountKey, dict[PoolKey, Reconciliation]] = {}
        self._reports: dict[AccountKey, AccountReport] = {}
        self._now = 0.0

    def step(self, batch: Iterable[Event], now: float) -> StepResult:
        """Take the events of a batch in their order, at `now` (our clock, seconds since 1970)."""
        self._now = now
        quiet = True  # nothing but time passed: nobody waits for this step
        for event in batch:
            quiet = quiet and isinstance(event, Elapsed)
            self._intake.apply(event)
        touched = self._intake.drain()
        for account in touched.closed:
            self._forget(account)
        for account in touched.describe:
            if account in self._intake.accounts:
                self._describe(account)
        for account in touched.answered:
            if account in self._intake.accounts:
                self._reconcile(account)
        notices = [*touched.notices, *self._jump_notices(touched), *self._tier_notices(touched)]
        moved = self._moved(touched)
        self._valuation.revalue(list(moved), now)
        if quiet:
            moved |= dict.fromkeys(self._valuation.advise(now))
        reports = self._report(touched, moved)
        return StepResult(
            at=now,
            reports=reports,
            closed=tuple(touched.closed),
            notices=tuple(notice for notice in notices if notice.account in self._intake.accounts),
            resyncs=tuple(dict.fromkeys(ask for ask in touched.resyncs if ask.account in self._intake.accounts)),
            due=self._valuation.due(),
        )

    def reports(self) -> tuple[AccountReport, ...]:
        """The latest report of every account, in the order of configuration; UNKNOWN before anything was read."""
        return tuple(self._reports.get(key) or self._fresh(state) for key, state in self._intake.accounts.items())

    def force_resync(self, why: str) -> tuple[Resync, ...]:
        """Facts may have been lost: ask for everything anew, and doubt all accounts until it has come."""
        return self._intake.lose(why, self._now)

    def _moved(self, touched: Touched) -> dict[AccountKey, None]:
        """The accounts to be computed anew, in order."""
        found = {key: None for key in touched.describe if key in self._intake.accounts}
        for venue, symbol in touched.moved_marks:
            found |= dict.fromkeys(self._valuation.holders_of_mark(venue, symbol))
        for venue, asset in touched.moved_assets:
            found |= dict.fromkeys(self._valuation.holders_of_asset(venue, asset))
        return found | dict.fromkeys(self._valuation.overdue(self._now))

    def _report(self, touched: Touched, moved: dict[AccountKey, None]) -> tuple[AccountReport, ...]:
        wanted = moved | touched.report | touched.answered
        for venue, symbol in touched.seen_marks:
            wanted |= dict.fromkeys(self._valuation.holders_of_mark(venue, symbol))
        for venue, asset in touched.seen_assets:
            wanted |= dict.fromkeys(self._valuation.holders_of_asset(venue, asset))
        found = []
        for key, state in self._intake.accounts.items():
            before = self._reports.get(key)
            if before is not None and key not in wanted and not touched.health:
                continue
            report = self._fresh(state)
            if before is None or key in wanted or _health(report) != _health(before):
                self._reports[key] = report
                found.append(report)
        return tuple(found)

    def _fresh(self, state: AccountState) -> AccountReport:
        now, key = self._now, state.key
        connection = self._intake.connection(key.venue)
        limits = self._settings.limits_of(key.venue)
        findings = account_findings(state, connection, now, limits)
        findings += [Finding(Quality.UNKNOWN, reason) for reason in self._undescribed.get(key, ())]
        findings += table_findings(self._intake.tables(key.venue).of(key), now, limits)
        silenced = any(finding.quality is Quality.UNKNOWN for finding in findings)
        pools = [
            self._pool(priced, state, findings)
            for priced in self._valuation.of(key).values()
            if not silenced or self._still_held(priced, state)
        ]
        return account_report(state, pools, findings, now)

    def _still_held(self, priced: Priced, state: AccountState) -> bool:
        """Whether the pool of an account that cannot be described any more is still there, as far as we know."""
        return not priced.pool.isolated or any(state.positions.get(key) is not None for key in priced.needs.positions)

    def _pool(self, priced: Priced, state: AccountState, common: list[Finding]) -> PoolReport:
        venue = state.key.venue
        limits = self._settings.limits_of(venue)
        connection = self._intake.connection(venue)
        venue_now = connection.venue_now(self._now)
        findings, times = list(common), []
        for symbol in priced.needs.symbols:
            quote = self._intake.marks.get((venue, symbol))
            findings += price_findings(f"the mark of {symbol}", quote, venue_now, limits.mark_seconds)
            times += [] if quote is None else [quote.venue_time]
        numeraire = priced.needs.numeraire
        for asset in (*priced.needs.assets, *([numeraire] if numeraire != USD else [])):
            quote = self._intake.assets.get((venue, asset))
            only_usd = asset == numeraire and not priced.needs.assets
            worst_case = Quality.PARTIAL if only_usd else Quality.STALE
            what = f"the USD price of {asset}"
            findings += price_findings(what, quote, venue_now, limits.asset_seconds, worst_case)
            times += [] if quote is None else [quote.venue_time]
        for key in priced.needs.positions:
            findings += position_findings(state, key, self._now, limits)
        ages = [connection.ours(time) for time in times] + ([state.answer.asked] if state.answer else [])
        context = PoolContext(
            findings=findings,
            as_of=min(ages, default=None),
            suspects=frozenset(state.positions.suspects),
            held=frozenset(key for key, _ in state.positions),
            reconciliation=self._reconciled.get(state.key, {}).get(priced.pool.key, Reconciliation()),
            sigma=lambda symbol: self._intake.volatility.daily_sigma(venue, symbol),
        )
        return pool_report(priced, context)

    def _describe(self, account: AccountKey) -> None:
        """Describe the account anew. While its mode cannot be read, the mode of before still tells which pools there
        are: they are reported, without any figure.
        """
        state = self._intake.accounts[account]
        self._undescribed.pop(account, None)
        if state.answer is None or state.readable is None:
            return  # its state says why
        believed = state.believed()
        dark = state.unreadable() is not None
        if dark:
            believed = replace(believed, mode=state.readable)
        description = self._description(believed, self._intake.tables(account.venue).of(account))
        if not dark:
            self._undescribed[account] = description.unknown
        if not description.unknown:
            self._valuation.replace(account, description.pools)

    def _description(self, account: Account, tables: Tables) -> Description:
        try:
            return self._describes[account.key.venue](account, tables)
        except MarginwatchError as error:
            return Description((), (str(error),))

    def _reconcile(self, account: AccountKey) -> None:
        state = self._intake.accounts[account]
        self._reconciled[account] = {}
        answered = state.answered()
        if state.answer is None or answered is None or state.unreadable() is not None:
            return
        description = self._description(answered, self._intake.tables(account.venue).of(account))
        assets = {asset for pool in description.pools for asset in touching(pool)}
        self._reconciled[account] = reconcile(
            account,
            description.pools,
            dict(state.answer.marks),
            {asset: self._prices.asset(account.venue, asset) for asset in sorted(assets)},
            self._valuation.stablecoins,
            self._settings.drift,
        )

    def _jump_notices(self, touched: Touched) -> list[Notice]:
        """One notice a holder and price that jumped out of its band in this batch."""
        found = []
        for (venue, kind, name), at in touched.jumped.items():
            if kind == "mark":
                quote, holders = self._intake.marks.get((venue, name)), self._valuation.holders_of_mark(venue, name)
            else:
                quote, holders = self._intake.assets.get((venue, name)), self._valuation.holders_of_asset(venue, name)
            assert quote is not None  # only a price that was there can jump
            what = f"the mark of {name}" if kind == "mark" else f"the USD price of {name}"
            text = f"{what} jumped to {quote.price:g}, and was confirmed"
            if quote.doubted is not None:
                text = f"{what} jumped from {quote.price:g} to {quote.doubted:g}: waiting for a confirmation"
            found += [Notice(kind="price_jump", account=key, key=name, text=text, at=at) for key in holders]
        return found

    def _tier_notices(self, touched: Touched) -> list[Notice]:
        """One notice an account whose positions got other tiers, with what that makes of its maintenance."""
        found = []
        for account, before in touched.tables_before.items():
            state = self._intake.accounts.get(account)
            if state is None or state.unreadable() is not None:
                continue
            after = self._intake.tables(account.venue).of(account)
            held = sorted({key.symbol for key, _ in state.positions})
            changed = [symbol for symbol in held if before.tiers.get(symbol) != after.tiers.get(symbol)]
            if changed:
                old = self._valuation.maintenance(account, self._description(state.believed(), before).pools)
                new = self._valuation.maintenance(account, self._description(state.believed(), after).pools)
                moved = {
                    key: (old.get(key, (None, ""))[0], figure, asset)
                    for key, (figure, asset) in new.items()
                    if old.get(key) != (figure, asset) or figure is None
                }
                text = tiers_words(changed, moved)
                found.append(
                    Notice(kind="tiers_changed", account=account, key=_named(changed), text=text, at=self._now)
                )
        return found

    def _forget(self, account: AccountKey) -> None:
        self._valuation.remove(account)
        for kept in (self._undescribed, self._reconciled, self._reports):
            kept.pop(account, None)


def _health(report: AccountReport) -> tuple[object, ...]:
    """What of a report changes by time alone."""
    return (report.quality, report.reasons, *((pool.key, pool.quality, pool.reasons) for pool in report.pools))


def _named(symbols: Sequence[Symbol]) -> str:
    """A short name for a set of symbols: an alert's label must not grow with the account."""
    return symbols[0] if len(symbols) == 1 else f"{symbols[0]} and {len(symbols) - 1} more"
