"""Events into state: what each one changes, and whom that touches. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from monitor.domain.accounts import Permissions
from monitor.domain.commands import AcknowledgeAlert, AlertsRestored, EndSilence, FactsRestored, SilenceAlerts
from monitor.domain.events import (
    AccountClosed,
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    BalanceChanged,
    Banned,
    CandlesLoaded,
    CashFlow,
    CashFlowsRead,
    ClockRead,
    CollateralLoaded,
    ConfigChanged,
    Elapsed,
    Event,
    FeedDown,
    FeedUp,
    FundingIntervals,
    FundingRates,
    InstrumentsLoaded,
    OptionMarks,
    OrderChanged,
    ParametersSet,
    PermissionsRead,
    PollFailed,
    PositionChanged,
    Tick,
    Ticks,
    TiersLoaded,
    VenueWarning,
    WalletChanged,
    WarningKind,
)
from monitor.domain.instruments import Instrument
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.domain.reports import Notice, Resync
from monitor.domain.tables import AssetRates, Tables
from monitor.engine.accounts import AccountState, Changes
from monitor.engine.cash import Cash
from monitor.engine.contracts import contract_changes
from monitor.engine.facts import Facts
from monitor.engine.health import Connection
from monitor.engine.market import Clocked, Market, Moves
from monitor.engine.notices import permission_words, warning_words
from monitor.engine.rows import LONG_AGO
from monitor.engine.settings import EngineSettings
from monitor.engine.tables import VenueTables
from monitor.margin.prices import Prices

CLOCKS_DIFFER_SECONDS = 1.0  #: by which a stamp may lie after its receipt: the measured offset is not exact
USER_STREAM = "user"  #: the stream that tells of an account's flows
_FORCED = (WarningKind.LIQUIDATION, WarningKind.ADL, WarningKind.SETTLEMENT)


@dataclass(slots=True)
class Touched:
    """What one batch did, in the order in which it happened (dicts for their order)."""

    describe: dict[AccountKey, None] = field(default_factory=dict)  #: to be described anew
    answered: dict[AccountKey, None] = field(default_factory=dict)  #: to be reconciled anew
    report: dict[AccountKey, None] = field(default_factory=dict)  #: to be reported
    health: dict[AccountKey, None] = field(default_factory=dict)  #: of another quality, perhaps
    marks: Moves = field(default_factory=Moves)
    assets: Moves = field(default_factory=Moves)
    tables_before: dict[AccountKey, Tables] = field(default_factory=dict)  #: tiers changed: those of before
    rates_before: dict[AccountKey, Tables] = field(default_factory=dict)  #: rates changed: the tables of before
    collateral_before: dict[AccountKey, Tables] = field(default_factory=dict)  #: terms of collateral changed: likewise
    options: dict[AccountKey, None] = field(default_factory=dict)  #: options that it holds are priced otherwise
    elapsed: bool = False  #: time passed, which alone changes qualities
    closed: list[AccountKey] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    resyncs: list[Resync] = field(default_factory=list)


class Intake:
    """All state that events write: prices with their times, tables, connections, accounts, volatilities."""

    def __init__(self, prices: Prices, settings: EngineSettings) -> None:
        self.market = Market(prices, settings)
        self.cash, self.facts = Cash(), Facts()
        self._settings = settings
        self._now = 0.0
        self.accounts = {key: AccountState(key) for key in settings.accounts}
        self._tables: dict[Venue, VenueTables] = {}
        self._connections: dict[Venue, Connection] = {}
        self._touched = Touched()
        self.market.note_in(self._touched.marks, self._touched.assets)
        self._handlers: dict[type, Callable[[Any], None]] = {  # Any: each takes the type that leads to it
            Tick: self._tick,
            Ticks: self._ticks,
            AssetTick: self._asset_tick,
            InstrumentsLoaded: self._instruments,
            TiersLoaded: self._tiers,
            CollateralLoaded: self._collateral,
            ParametersSet: self._parameters,
            OptionMarks: self._option_marks,
            AccountSnapshot: self._snapshot,
            AccountConfig: self._config,
            PositionChanged: lambda event: self._push(event, AccountState.position),
            OrderChanged: lambda event: self._push(event, AccountState.order),
            WalletChanged: lambda event: self._push(event, AccountState.wallet),
            BalanceChanged: lambda event: self._push(event, AccountState.balance),
            ConfigChanged: lambda event: self._push(event, AccountState.config_changed),
            VenueWarning: self._warning,
            PermissionsRead: self._permissions,
            FeedUp: self._feed,
            FeedDown: self._feed,
            PollFailed: self._poll_failed,
            ClockRead: self._clock,
            Banned: self._banned,
            CandlesLoaded: self.market.candles,
            FundingRates: self._funding,
            FundingIntervals: self.market.funding_intervals,
            FactsRestored: self._restored,
            CashFlow: self._flow,
            CashFlowsRead: self._flows,
            AccountClosed: self._closed,
            Elapsed: self._elapsed,
            **dict.fromkeys((AcknowledgeAlert, SilenceAlerts, EndSilence, AlertsRestored), lambda _: None),
        }

    def begin(self, now: float) -> None:
        """A step begins at `now`."""
        self._now = now

    def apply(self, event: Event) -> None:
        """Take one event; accounts that are not configured are passed over."""
        self._handlers[type(event)](event)

    def drain(self) -> Touched:
        """What the events since the last call touched."""
        touched, self._touched = self._touched, Touched()
        self.market.note_in(self._touched.marks, self._touched.assets)
        return touched

    def tables(self, venue: Venue) -> VenueTables:
        """The tables of a venue; empty ones at first."""
        return self._tables.setdefault(venue, VenueTables())

    def connection(self, venue: Venue) -> Connection:
        """What is known of the way to a venue."""
        return self._connections.setdefault(venue, Connection())

    def lose(self, why: str, at: float) -> tuple[Resync, ...]:
        """Facts may have been lost: all accounts are doubtful until they are read again."""
        for state in self.accounts.values():
            state.lose(why, at)
            self.cash.missed(state.key, at)
        return tuple(Resync(account=key, why=why, config=config) for key in self.accounts for config in (False, True))

    def _clocked(self, venue: Venue, received: float, limit_seconds: float) -> Clocked:
        """A stamp cannot lie after its receipt: one garbled stamp from the future would make every later frame an
        older one, and the price look fresh for ever.
        """
        connection = self.connection(venue)
        return Clocked(
            latest=connection.venue_now(received) + CLOCKS_DIFFER_SECONDS,
            oldest=connection.venue_now(self._now) - limit_seconds,
        )

    def _tick(self, event: Tick) -> None:
        limits = self._settings.limits_of(event.venue)
        self.market.tick(event, self._clocked(event.venue, event.received, limits.mark_seconds))

    def _ticks(self, event: Ticks) -> None:
        limits = self._settings.limits_of(event.venue)
        self.market.ticks(event, self._clocked(event.venue, event.received, limits.mark_seconds))

    def _asset_tick(self, event: AssetTick) -> None:
        limits = self._settings.limits_of(event.venue)
        clocked = self._clocked(event.venue, event.received, limits.asset_seconds)
        believed = self.market.asset_tick(event, clocked)
        if believed and event.rates is not None:
            self._rates(event.venue, event.asset, event.rates)

    def _rates(self, venue: Venue, asset: Asset, rates: AssetRates) -> None:
        tables = self.tables(venue)
        if tables.rates.get(asset) not in (None, rates):
            before = {key: tables.of(key) for key in self.accounts if key.venue == venue}
            self._touched.rates_before = before | self._touched.rates_before
        if tables.set_rates(asset, rates):
            self._describe_all(venue)

    def _funding(self, event: FundingRates) -> None:
        self.market.funding_rates(event, self.connection(event.venue).venue_now(event.received))

    def _instruments(self, event: InstrumentsLoaded) -> None:
        before = self.tables(event.venue).instruments
        other = self.tables(event.venue).load_instruments(event)
        self.connection(event.venue).poll_succeeded(None, "instruments")
        self._doubt(event.venue, None)
        if other:
            self._describe_all(event.venue)
            self._tell_contracts(event, before)

    def _tell_contracts(self, event: InstrumentsLoaded, before: Mapping[Symbol, Instrument]) -> None:
        """Tell each account of the contracts that it holds and that are others now."""
        for symbol, text in contract_changes(before, self.tables(event.venue).instruments):
            for key, state in self.accounts.items():
                if key.venue == event.venue and any(held.symbol == symbol for held, _ in state.positions):
                    self._notice("contract_changed", key, symbol, text, event.received)

    def _tiers(self, event: TiersLoaded) -> None:
        before = self._concerned(event)
        other = self.tables(event.venue).load_tiers(event)
        self.connection(event.venue).poll_succeeded(event.account and event.account.account, "tiers")
        for key, tables in before.items() if other else ():
            if tables.tiers_time is not None:
                self._touched.tables_before.setdefault(key, tables)
            self._describe(key)

    def _collateral(self, event: CollateralLoaded) -> None:
        before = self._concerned(event)
        other = self.tables(event.venue).load_collateral(event)
        self.connection(event.venue).poll_succeeded(event.account and event.account.account, "collateral")
        for key, tables in before.items() if other else ():
            if tables.collateral_time is not None:
                self._touched.collateral_before.setdefault(key, tables)
            self._describe(key)

    def _parameters(self, event: ParametersSet) -> None:
        if self.tables(event.venue).set_parameters(event):
            for key in self.accounts:
                if key.venue == event.venue:
                    self._describe(key)

    def _concerned(self, event: TiersLoaded | CollateralLoaded) -> dict[AccountKey, Tables]:
        """Whom a table concerns, each with its tables of now; their tables are younger from now on."""
        tables = self.tables(event.venue)
        found = [key for key in self.accounts if key.venue == event.venue and event.account in (None, key)]
        self._touched.health |= dict.fromkeys(found)
        return {key: tables.of(key) for key in found}

    def _option_marks(self, event: OptionMarks) -> None:
        held = {
            key: {position.symbol for position, _ in state.positions}
            for key, state in self.accounts.items()
            if key.venue == event.venue
        }
        changed = self.tables(event.venue).set_options(event, frozenset().union(*held.values()))
        told = set(event.symbols)
        for key, symbols in held.items():
            if changed & symbols:
                self._touched.options[key] = None
            elif told & symbols:
                self._touched.health[key] = None

    def _snapshot(self, event: AccountSnapshot) -> None:
        state = self.accounts.get(event.account)
        if state is None:
            return
        connection = self.connection(event.account.venue)
        connection.poll_succeeded(event.account.account, "account")
        if event.venue.risk_asked not in (None, state.risk_asked):
            connection.poll_succeeded(event.account.account, "risk")
        changes = state.snapshot(event, connection.offset)
        self._apply_changes(event.account, changes, event.received, answer=True)
        asked = connection.venue_now(event.asked)
        if state.answer is event:
            self._wallets(state, event, asked)
        for symbol, mark in event.marks:
            self.market.second_source(event.account.venue, symbol, mark, asked, event.received)

    def _config(self, event: AccountConfig) -> None:
        state = self.accounts.get(event.account)
        if state is None:
            return
        self.connection(event.account.venue).poll_succeeded(event.account.account, "config")
        self._apply_changes(event.account, state.configuration(event), event.received, answer=True)
        self._touched.report[event.account] = None

    def _wallets(self, state: AccountState, event: AccountSnapshot, asked: float) -> None:
        """Book what is believed of the wallets now, and in which assets the contracts held settle."""
        times = state.balances.time
        rows = [
            (asset, row.wallet, asked if times(asset) == LONG_AGO else times(asset)) for asset, row in state.balances
        ]
        self.cash.wallets(state.key, rows, event.received, None if event.problems else asked)
        for key, position in state.positions:
            if position.margin_asset is not None:
                self.cash.settles(state.key, key.symbol, position.margin_asset)

    def _restored(self, event: FactsRestored) -> None:
        self.facts.restore(event.accounts, self.accounts)
        for fact in event.volatility:
            self.market.restore(fact, self._now)

    def _flow(self, event: CashFlow) -> None:
        if event.account not in self.accounts:
            return
        if not event.asset and event.symbol is not None:
            listed = self.tables(event.account.venue).of(event.account).instruments.get(event.symbol)
            asset = self.cash.settled_in(event.account, event.symbol) or (listed and listed.settle)
            event = replace(event, asset=asset or "")
        if event.asset:
            self.cash.flow(event)

    def _flows(self, event: CashFlowsRead) -> None:
        if event.account in self.accounts:
            self.connection(event.account.venue).poll_succeeded(event.account.account, "income")
            self.cash.history(event)

    def _push(
        self,
        event: PositionChanged | OrderChanged | BalanceChanged | ConfigChanged,
        method: Callable[[AccountState, Any], Changes],
    ) -> None:
        state = self.accounts.get(event.account)
        if state is not None:
            changes = method(state, event)
            if isinstance(event, BalanceChanged) and changes.redescribe:
                wallet = event.wallet if event.row is None else event.row.wallet
                if wallet is not None:
                    self.cash.wallets(event.account, [(event.asset, wallet, event.venue_time)], event.received)
            self._apply_changes(event.account, changes, event.received, answer=isinstance(event, ConfigChanged))

    def _warning(self, event: VenueWarning) -> None:
        if event.account not in self.accounts:
            return
        key = ":".join(part for part in (event.kind.value, event.symbol, event.side and event.side.value) if part)
        self._notice("venue_warning", event.account, key, warning_words(event), event.received, event)
        if event.kind in _FORCED:
            self._touched.resyncs.append(Resync(account=event.account, why=f"the venue reports: {event.kind.value}"))

    def _permissions(self, event: PermissionsRead) -> None:
        state = self.accounts.get(event.account)
        if state is None:
            return
        self.connection(event.account.venue).poll_succeeded(event.account.account, "permissions")
        before: Permissions | None = state.permissions
        state.permissions = event.permissions
        self._touched.report[event.account] = None
        remembered = before is None and self.facts.permissions(event.account) is not None  # then these are compared
        if event.permissions != before and not remembered:
            text = permission_words(event.permissions)
            if text is not None:
                self._notice("permissions", event.account, "key", text, event.received)

    def _feed(self, event: FeedUp | FeedDown) -> None:
        self.connection(event.venue).feed(event)
        if event.stream == USER_STREAM and event.account is not None:
            key = AccountKey(event.venue, event.account)
            (self.cash.hears if isinstance(event, FeedUp) else self.cash.deaf)(key, event.at)
        self._doubt(event.venue, event.account)

    def _poll_failed(self, event: PollFailed) -> None:
        self.connection(event.venue).poll_failed(event)
        self._doubt(event.venue, event.account)

    def _clock(self, event: ClockRead) -> None:
        self.connection(event.venue).offset = event.offset_seconds
        self._touched.report |= {key: None for key in self.accounts if key.venue == event.venue}

    def _banned(self, event: Banned) -> None:
        self.connection(event.venue).banned(event)
        self._doubt(event.venue, None)

    def _elapsed(self, _: Elapsed) -> None:
        self._touched.elapsed = True

    def _closed(self, event: AccountClosed) -> None:
        if self.accounts.pop(event.account, None) is None:
            return
        self.cash.forget(event.account)
        self.facts.forget(event.account)
        self.tables(event.account.venue).forget(event.account)
        self.connection(event.account.venue).forget(event.account.account)
        self._touched.closed.append(event.account)

    def _apply_changes(self, account: AccountKey, changes: Changes, at: float, *, answer: bool = False) -> None:
        """Pass on what an event did; `answer`: the last answer, too, is to be read in the light of it."""
        if changes.redescribe:
            self._touched.describe[account] = None
            if answer:
                self._touched.answered[account] = None
        for kind, key, text in changes.told:
            if kind == "position_appeared" and self.facts.knew(account, key):
                continue  # the first reading after the start had left it out
            self._notice(kind, account, key, text, at)
        self._touched.resyncs += [Resync(account=account, why=why) for why in changes.ask]
        self._touched.resyncs += [Resync(account=account, why=why, config=True) for why in changes.ask_config]

    def _notice(
        self, kind: str, account: AccountKey, key: str, text: str, at: float, warning: VenueWarning | None = None
    ) -> None:
        self._touched.notices.append(Notice(kind=kind, account=account, key=key, text=text, at=at, warning=warning))

    def _doubt(self, venue: Venue, account: str | None) -> None:
        """The way to an account, or to a whole venue, changed: its reports may be of another quality."""
        self._touched.health |= {
            key: None for key in self.accounts if key.venue == venue and account in (None, key.account)
        }

    def _describe(self, account: AccountKey) -> None:
        self._touched.describe[account] = None
        self._touched.answered[account] = None

    def _describe_all(self, venue: Venue) -> None:
        for key in self.accounts:
            if key.venue == venue:
                self._describe(key)
