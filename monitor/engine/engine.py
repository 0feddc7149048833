"""One synchronous step: events in, decisions and reports out. Time is an argument, and nothing waits.

What moved is looked at in columns, in each step: an account on which a figure crosses a level at which some rule
changes its mind is reported in that very step, as are those that were described anew or may be believed less or more
than before; where one moment concerns more of them than a step can bear, the others follow in the very next steps. All
others are due `lines_every_seconds` after their last report, and come a slice a step with a rest after each full one:
where more moves at once than the slices of that time hold, the figures which page and metrics show, and what only they
tell (drift, deficits, that a danger grew worse), come later, the oldest first. Once nothing is owed the reports are
those of a new engine that is told the final state, and equal steps give equal reports, whoever looks at them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from monitor.domain.accounts import Account, VenueAccount
from monitor.domain.errors import MarginwatchError
from monitor.domain.events import Elapsed, Event
from monitor.domain.group_reports import GroupReport
from monitor.domain.memory import AccountFacts, VolatilityFact
from monitor.domain.names import AccountKey, Asset, PoolKey, Symbol, Venue
from monitor.domain.reports import AccountReport, Notice, Resync, StepResult
from monitor.domain.tables import Tables
from monitor.engine.accounts import AccountState
from monitor.engine.afters import Afters
from monitor.engine.condition import Condition, Sight, examined
from monitor.engine.effects import Effects, changed_collateral, changed_rates, changed_tiers, effect_words
from monitor.engine.groups import Groups
from monitor.engine.hedges import Recalled
from monitor.engine.intake import Intake, Touched
from monitor.engine.picture import Believed, Picture
from monitor.engine.recalled import recalled
from monitor.engine.reconcile import Reconciliation, prices_of, reconcile
from monitor.engine.report import PoolContext, account_report, pool_report
from monitor.engine.repricing import Repricing
from monitor.engine.settings import EngineSettings
from monitor.engine.stakes import Stakes, stakes_of
from monitor.engine.tempo import Tempo
from monitor.engine.terms import listed
from monitor.engine.unexplained import unexplained
from monitor.engine.valuation import Priced, Valuation, touching
from monitor.engine.withdrawable import withdrawable
from monitor.margin.pool import Describe, Description
from monitor.margin.prices import Prices

DESCRIBED = 5.0  #: describing an account, or reconciling it, costs as much as so many reports of it
ADVICE_PATIENCE_SECONDS = 2.0  #: advice waits so long for a step that brings nothing, then it is sought in any
UNRECONCILED = Reconciliation()
FLOWS_WANTED = "a wallet changed, and nothing that was told explains it"


class Engine:
    """State of all configured accounts and what follows from it.

    `describes` holds, for each venue, what turns an account into pools.
    """

    def __init__(self, describes: Mapping[Venue, Describe], settings: EngineSettings) -> None:
        self._describes = describes
        self._settings = settings
        self._prices = Prices()
        self._intake = Intake(self._prices, settings)
        self._market = self._intake.market
        self._valuation = Valuation(self._market, settings)
        self._afters = Afters(self._prices, settings, self._valuation.stablecoins)
        self._effects = Effects(self._prices, self._valuation.stablecoins, settings.betas)
        self._tempo = Tempo(settings.lines_every_seconds, settings.legs_per_step)
        self._tempo.urge(settings.accounts)
        self._repricing = Repricing(settings.options_every_seconds)
        self._to_describe: dict[AccountKey, None] = {}
        self._to_reconcile: dict[AccountKey, None] = {}
        self._undescribed: dict[AccountKey, tuple[str, ...]] = {}
        self._reconciled: dict[AccountKey, dict[PoolKey, Reconciliation]] = {}
        self._conditions: dict[AccountKey, Condition] = {}
        self._reports: dict[AccountKey, AccountReport] = {}
        self._places = {key: place for place, key in enumerate(settings.accounts)}
        self._shown: tuple[AccountReport, ...] | None = None
        self._changed_facts: tuple[AccountFacts, ...] = ()
        self._groups = Groups(settings, self._before)
        self._now = 0.0
        self._advised_at = 0.0  #: when advice was last sought, or the first step

    def step(self, batch: Iterable[Event], now: float) -> StepResult:
        """Take the events of a batch in their order, at `now` (our clock, seconds since 1970)."""
        if not self._now:
            self._advised_at = now
        self._now = now
        self._intake.begin(now)
        quiet = True  # nothing but time passed: nobody waits for this step
        for event in batch:
            quiet = quiet and isinstance(event, Elapsed)
            self._intake.apply(event)
        touched = self._intake.drain()
        for account in touched.closed:
            self._forget(account)
        described = self._some_of(self._to_describe, touched.describe | self._repricing.due(touched.options, now))
        for account in described:
            self._describe(account)
        reconciled = self._some_of(self._to_reconcile, touched.answered)
        for account in reconciled:
            self._reconcile(account)
        notices = [*touched.notices, *self._jump_notices(touched), *self._table_notices(touched), *self._known(touched)]
        self._tempo.urge(reconciled)
        booked, asked = self._intake.cash.judge(now)
        self._tempo.urge(booked)
        resyncs = [*touched.resyncs]
        resyncs += [Resync(account=ask.account, why=FLOWS_WANTED, flows_since=ask.since) for ask in asked]
        self._decide(touched, described)
        if quiet or not 0.0 <= now - self._advised_at < ADVICE_PATIENCE_SECONDS:
            self._advised_at = now
            self._tempo.urge(self._valuation.advise(now))
            self._tempo.urge(self._afters.seek(now))
        reports = self._report()
        return StepResult(
            at=now,
            reports=reports,
            groups=self._groups.update(reports, touched.closed, now),
            closed=tuple(touched.closed),
            notices=tuple(notice for notice in notices if notice.account in self._intake.accounts),
            resyncs=tuple(dict.fromkeys(ask for ask in resyncs if ask.account in self._intake.accounts)),
            due=self._due(),
        )

    def _due(self) -> float | None:
        """When the next step is wanted, though nothing happens; None: never."""
        if self._to_describe or self._to_reconcile:
            return self._now
        owed = self._tempo.due()
        due = min(math.inf if owed is None else owed, self._repricing.next(), self._groups.due())
        return None if due == math.inf else due

    def reports(self) -> tuple[AccountReport, ...]:
        """The latest report of every account, in the order of configuration; UNKNOWN before anything was read.

        The same tuple as long as there is no new report.
        """
        if self._shown is None:
            shown = tuple(self._reports.get(key) or self._built(state) for key, state in self._intake.accounts.items())
            if len(self._reports) < len(shown):
                return shown
            self._shown = shown
        return self._shown

    def groups(self) -> tuple[GroupReport, ...]:
        """The latest report of every group, by name; the same tuple as long as there is no new one."""
        return self._groups.reports()

    def picture(self) -> Picture:
        """All that suppositions are computed from, as it is between two steps; no later step changes it."""
        shown = {report.key: report for report in self.reports()}
        venues = {key.venue for key in shown}
        offsets = {venue: self._intake.connection(venue).offset for venue in venues}
        return Picture(
            at=self._now,
            accounts={key: self._believed(state, shown[key]) for key, state in self._intake.accounts.items()},
            prices=self._prices.copied(),
            settings=self._settings,
            describes=self._describes,
            sigmas=self._market.volatility.daily_sigmas(),
            funding=self._market.funding.copied(),
            quotes=self._market.marks.copied(),
            clock_offsets={venue: offset or 0.0 for venue, offset in offsets.items()},
            groups=self.groups(),
        )

    def _believed(self, state: AccountState, report: AccountReport) -> Believed:
        key = state.key
        condition = self._conditions.get(key) or self._examined(state)
        unreadable = () if (why := state.unreadable()) is None else (why,)
        unknown = (*unreadable, *self._undescribed.get(key, ())) if state.answer else ("no account reading yet",)
        tables = self._intake.tables(key.venue).of(key)
        disagreements = {pool: each.disagreements for pool, each in self._reconciled.get(key, {}).items()}
        return Believed(
            report=report,
            account=None if unknown else state.believed(),
            unknown=unknown,
            tables=replace(tables, options=dict(tables.options)) if tables.options else tables,
            pools=tuple(priced.pool for priced in self._valuation.of(key).values()),
            condition=condition,
            disagreements=disagreements,
        )

    def facts_changed(self) -> tuple[AccountFacts, ...]:
        """The facts of the accounts of which the last step knows another one than before."""
        return self._changed_facts

    def volatility_facts(self) -> tuple[VolatilityFact, ...]:
        """The state of all volatility estimates, for saving."""
        return self._market.volatility_facts()

    def holds(self, venue: Venue, symbol: Symbol) -> bool:
        """Whether any account depends on this mark: without, it is not worth a step of its own."""
        return bool(self._market.mark_holders.of(self._prices.mark_place(venue, symbol)))

    def force_resync(self, why: str) -> tuple[Resync, ...]:
        """Facts may have been lost: ask for everything anew, and doubt all accounts until it has come."""
        self._tempo.urge(self._intake.accounts, surely=False)
        return self._intake.lose(why, self._now)

    def _some_of(self, queue: dict[AccountKey, None], more: Iterable[AccountKey]) -> dict[AccountKey, None]:
        """Those of a queue that are dealt with in this step, oldest first: new tables may concern all accounts."""
        queue |= {account: None for account in more if account in self._intake.accounts}
        chosen: dict[AccountKey, None] = {}
        positions = 0
        for account in queue:
            positions += max(1, len(self._intake.accounts[account].positions))
            if self._settings.lines_every_seconds and chosen and positions > self._settings.legs_per_step / DESCRIBED:
                break
            chosen[account] = None
        for account in chosen:
            del queue[account]
        return chosen

    def _decide(self, touched: Touched, described: dict[AccountKey, None]) -> None:
        """Who is reported now, and who a little later."""
        marks, assets, tempo = touched.marks, touched.assets, self._tempo
        of_mark, of_asset = self._market.mark_holders.of_all, self._market.asset_holders.of_all
        moved = described | of_mark(marks.moved) | of_asset(assets.moved)
        crossed = self._valuation.decide(moved, self._now) if moved else ()
        tempo.urge(described)
        tempo.urge(key for key in touched.report if key in self._intake.accounts)
        tempo.urge(crossed)
        tempo.urge(of_mark(marks.startled) | of_asset(assets.startled))
        tempo.urge(of_mark(marks.aged) | of_asset(assets.aged), surely=False)
        tempo.urge((key for key in touched.health if key in self._intake.accounts), surely=False)
        if touched.elapsed:
            tempo.urge((key for key, each in self._conditions.items() if not each.holds(self._now)), surely=False)
        tempo.owe(moved, self._now)
        tempo.owe(of_mark(marks.seen) | of_asset(assets.seen), self._now)

    def _report(self) -> tuple[AccountReport, ...]:
        """The reports of this step, in the order of configuration."""
        now, wanted = self._now, []
        for key, surely in self._tempo.take(now, self._valuation.legs).items():
            condition = self._examined(self._intake.accounts[key])
            if surely or condition != self._conditions.get(key):
                wanted.append(key)
            self._conditions[key] = condition
        if not wanted:
            return ()
        self._valuation.revalue(wanted)
        for key in wanted:
            self._reports[key] = self._built(self._intake.accounts[key])
            self._tempo.reported(key, now)
        self._shown = None
        return tuple(self._reports[key] for key in sorted(wanted, key=self._places.__getitem__))

    def _examined(self, state: AccountState) -> Condition:
        key = state.key
        sight = Sight(
            state=state,
            market=self._market,
            connection=self._intake.connection(key.venue),
            tables=self._intake.tables(key.venue).of(key),
            limits=self._settings.limits_of(key.venue),
            undescribed=self._undescribed.get(key, ()),
        )
        return examined(sight, self._valuation.of(key).values(), self._now)

    def _built(self, state: AccountState) -> AccountReport:
        """The report of an account whose figures are those of now."""
        key = state.key
        condition = self._conditions.get(key) or self._examined(state)
        suspects = frozenset(state.positions.suspects)
        held = frozenset(each for each, _ in state.positions)
        reconciled, priced = self._reconciled.get(key, {}), self._valuation.of(key)
        pools = [
            pool_report(
                priced[pool],
                PoolContext(
                    findings=found.findings,
                    as_of=found.as_of,
                    suspects=suspects,
                    held=held,
                    reconciliation=reconciled.get(pool, UNRECONCILED),
                    sigma=self._market.volatility.daily_sigma,
                    sigmas_version=self._market.volatility.version,
                    stakes=self._stakes(key, priced[pool]),
                ),
            )
            for pool, found in condition.pools.items()
        ]
        report = account_report(state, pools, condition.findings, self._now, self._settings.groups.get(key, ""))
        usd, text = self._left_over(key)
        free, why = self._withdrawable(state)
        return replace(
            report, unexplained_usd=usd, unexplained_text=text, withdrawable_usd=free, withdrawable_reason=why
        )

    def _withdrawable(self, state: AccountState) -> tuple[float | None, str]:
        """What the venue says may leave the account, in USD, or why that is not known."""
        balances = (balance for _, balance in state.balances)
        mode = None if state.mode is None else state.mode.collateral
        venue = VenueAccount() if state.answer is None else state.answer.venue
        return withdrawable(venue, balances, mode, lambda asset: self._price_usd(state.key.venue, asset))

    def _price_usd(self, venue: Venue, asset: Asset) -> float:
        """The USD price, NaN where it is not known; a stablecoin without one counts 1."""
        price = self._prices.asset(venue, asset)
        return 1.0 if math.isnan(price) and asset in self._valuation.stablecoins else price

    def _before(self, account: AccountKey) -> tuple[Recalled, ...] | None:
        """What an account held when the monitor stopped; None while that is not compared with what it holds now."""
        held = self._intake.facts.held_before(account)
        if not held:
            return None if held is None else ()
        listed = self._intake.tables(account.venue).of(account).instruments
        return recalled(account, held, listed, lambda symbol: self._prices.mark(account.venue, symbol))

    def _left_over(self, account: AccountKey) -> tuple[float | None, str]:
        """What the account's wallets changed by that nothing explains, in USD, and in words."""
        cash = self._intake.cash
        if not cash.known(account):
            return None, ""
        return unexplained(cash.gaps(account, self._now), lambda asset: self._price_usd(account.venue, asset))

    def _stakes(self, account: AccountKey, priced: Priced) -> Stakes:
        return stakes_of(account, priced, self._market, self._afters, self._valuation.stablecoins, self._now)

    def _describe(self, account: AccountKey) -> None:
        """Describe the account anew. While its mode cannot be read, the mode of before still tells which pools there
        are: they are reported, without any figure.
        """
        state = self._intake.accounts[account]
        self._repricing.described(account, self._now)
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
            tables = self._intake.tables(account.venue).of(account)
            stable = self._valuation.stablecoins
            self._valuation.replace(account, description.pools, lambda pool: listed(believed, tables, pool, stable))
            self._afters.keep(account, self._valuation.of(account))

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
        # An answer tells marks of positions; what is only ordered stands at the mark of now.
        ordered = {leg.symbol for pool in description.pools for leg in pool.legs if leg.order}
        marks = {symbol: self._prices.mark(account.venue, symbol) for symbol in sorted(ordered)}
        self._reconciled[account] = reconcile(
            account,
            description.pools,
            marks | dict(state.answer.marks),
            prices_of(state.answer, {asset: self._prices.asset(account.venue, asset) for asset in sorted(assets)}),
            self._valuation.stablecoins,
            self._settings.drift,
        )

    def _jump_notices(self, touched: Touched) -> list[Notice]:
        """One notice a holder and price that jumped out of its band in this batch."""
        market = self._market
        jumps = [
            (what, quotes, holders, place, name, at)
            for what, quotes, holders, moves in (
                ("the mark", market.marks, market.mark_holders, touched.marks),
                ("the USD price", market.assets, market.asset_holders, touched.assets),
            )
            for place, (name, at) in moves.jumped.items()
        ]
        found = []
        for kind, quotes, holders, place, name, at in jumps:
            quote, what = quotes.get(place), f"{kind} of {name}"
            assert quote is not None  # only a price that was there can jump
            text = f"{what} jumped to {quote.price:g}, and was confirmed"
            if quote.doubted is not None:
                text = f"{what} jumped from {quote.price:g} to {quote.doubted:g}: waiting for a confirmation"
            found += [Notice(kind="price_jump", account=key, key=name, text=text, at=at) for key in holders.of(place)]
        return found

    def _table_notices(self, touched: Touched) -> Iterator[Notice]:
        """One notice an account of which positions got other tiers, or assets other rates, with what that does."""
        for kind, names, tables, changed_of in (
            ("tiers_changed", ("tiers", "isolated_tiers"), touched.tables_before, changed_tiers),
            ("collateral_changed", ("rates",), touched.rates_before, changed_rates),
            ("collateral_changed", ("collateral",), touched.collateral_before, changed_collateral),
        ):
            for account, before in tables.items():
                state = self._intake.accounts.get(account)
                if state is None or state.unreadable() is not None:
                    continue
                after = self._intake.tables(account.venue).of(account)
                changed = changed_of(state, before, after)
                if changed is not None:
                    old = replace(after, **{name: getattr(before, name) for name in names})
                    then, now = (
                        self._effects.standings(account, self._description(state.believed(), each).pools)
                        for each in (old, after)
                    )
                    text = "; ".join([changed[1], *effect_words(then, now)])
                    yield Notice(kind=kind, account=account, key=changed[0], text=text, at=self._now)

    def _known(self, touched: Touched) -> list[Notice]:
        """What is found to have changed while the monitor was not running; and note whose facts are others now."""
        facts, found, changed = self._intake.facts, [], []
        for account in touched.describe | touched.report:
            state = self._intake.accounts.get(account)
            if state is None:
                continue
            tables = self._intake.tables(account.venue).of(account)
            found += facts.compare(state, tables, self._now)
            other = facts.changed(state, tables, self._now)
            if other is not None:
                changed.append(other)
        self._changed_facts = tuple(changed)
        return found

    def _forget(self, account: AccountKey) -> None:
        self._valuation.remove(account)
        self._afters.forget(account)
        self._tempo.forget(account)
        self._repricing.forget(account)
        for queue in (self._to_describe, self._to_reconcile):
            queue.pop(account, None)
        for kept in (self._undescribed, self._reconciled, self._conditions, self._reports):
            kept.pop(account, None)
        self._shown = None
