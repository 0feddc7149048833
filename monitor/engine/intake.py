"""Events into state: what each one changes, and whom that touches. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.accounts import Permissions
from monitor.domain.events import (
    AccountClosed,
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    BalanceChanged,
    Banned,
    CandlesLoaded,
    ClockRead,
    ConfigChanged,
    Elapsed,
    Event,
    FeedDown,
    FeedUp,
    InstrumentsLoaded,
    PermissionsRead,
    PollFailed,
    PositionChanged,
    Tick,
    TiersLoaded,
    VenueWarning,
    WarningKind,
)
from monitor.domain.names import AccountKey, Asset, Symbol, Venue
from monitor.domain.reports import Notice, Resync
from monitor.domain.tables import Tables
from monitor.engine.accounts import AccountState, Changes
from monitor.engine.health import Connection
from monitor.engine.marks import Offer, Quotes
from monitor.engine.notices import permission_words, warning_words
from monitor.engine.settings import EngineSettings
from monitor.engine.tables import VenueTables
from monitor.engine.volatility import Volatility
from monitor.margin.prices import Prices

_BELIEVED = (Offer.MOVED, Offer.KEPT)
_SEEN = (*_BELIEVED, Offer.JUMPED)
CLOCKS_DIFFER_SECONDS = 1.0  #: by which a stamp may lie after its receipt: the measured offset is not exact
_FORCED = (WarningKind.LIQUIDATION, WarningKind.ADL, WarningKind.SETTLEMENT)


@dataclass(slots=True)
class Touched:
    """What one batch did, in the order in which it happened (dicts for their order)."""

    describe: dict[AccountKey, None] = field(default_factory=dict)  #: to be described anew
    answered: dict[AccountKey, None] = field(default_factory=dict)  #: to be reconciled anew
    report: dict[AccountKey, None] = field(default_factory=dict)  #: to be reported
    moved_marks: dict[tuple[Venue, Symbol], None] = field(default_factory=dict)
    moved_assets: dict[tuple[Venue, Asset], None] = field(default_factory=dict)
    seen_marks: dict[tuple[Venue, Symbol], None] = field(default_factory=dict)  #: same price, younger
    seen_assets: dict[tuple[Venue, Asset], None] = field(default_factory=dict)
    jumped: dict[tuple[Venue, str, str], float] = field(default_factory=dict)  #: venue, what, name: when
    tables_before: dict[AccountKey, Tables] = field(default_factory=dict)  #: tiers changed: those of before
    health: bool = False  #: time passed or a connection changed: any account's quality may have
    closed: list[AccountKey] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    resyncs: list[Resync] = field(default_factory=list)


class Intake:
    """All state that events write: prices with their times, tables, connections, accounts, volatilities."""

    def __init__(self, prices: Prices, settings: EngineSettings) -> None:
        self._prices = prices
        self.marks: Quotes[tuple[Venue, Symbol]] = Quotes(settings.jump_ratio)
        self.assets: Quotes[tuple[Venue, Asset]] = Quotes(settings.jump_ratio)
        self.volatility = Volatility(settings.volatility)
        self.accounts = {key: AccountState(key) for key in settings.accounts}
        self._tables: dict[Venue, VenueTables] = {}
        self._connections: dict[Venue, Connection] = {}
        self._touched = Touched()
        self._handlers: dict[type, Callable[[Any], None]] = {  # Any: each takes the type that leads to it
            Tick: self._tick,
            AssetTick: self._asset_tick,
            InstrumentsLoaded: self._instruments,
            TiersLoaded: self._tiers,
            AccountSnapshot: self._snapshot,
            AccountConfig: self._config,
            PositionChanged: lambda event: self._push(event, AccountState.position),
            BalanceChanged: lambda event: self._push(event, AccountState.balance),
            ConfigChanged: lambda event: self._push(event, AccountState.config_changed),
            VenueWarning: self._warning,
            PermissionsRead: self._permissions,
            FeedUp: self._feed,
            FeedDown: self._feed,
            PollFailed: self._poll_failed,
            ClockRead: self._clock,
            Banned: self._banned,
            CandlesLoaded: self._candles,
            AccountClosed: self._closed,
            Elapsed: self._elapsed,
        }

    def apply(self, event: Event) -> None:
        """Take one event; accounts that are not configured are passed over."""
        self._handlers[type(event)](event)

    def drain(self) -> Touched:
        """What the events since the last call touched."""
        touched, self._touched = self._touched, Touched()
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
        return tuple(Resync(account=key, why=why, config=config) for key in self.accounts for config in (False, True))

    def _stamp(self, event: Tick | AssetTick) -> float:
        """The venue's time of a price, which cannot lie after its receipt: one garbled stamp from the future would
        make every later frame an older one, and the price look fresh for ever.
        """
        return min(event.venue_time, self.connection(event.venue).venue_now(event.received) + CLOCKS_DIFFER_SECONDS)

    def _tick(self, event: Tick) -> None:
        key, stamp = (event.venue, event.symbol), self._stamp(event)
        offer = self.marks.offer(key, event.mark, stamp, event.received)
        if offer is Offer.MOVED:
            self._prices.set_mark(event.venue, event.symbol, event.mark)
        if offer is Offer.JUMPED:
            self._touched.jumped.setdefault((event.venue, "mark", event.symbol), event.received)
        if offer in _BELIEVED:
            self.volatility.observe(event.venue, event.symbol, event.mark, stamp)
        if offer in _SEEN:
            (self._touched.moved_marks if offer is Offer.MOVED else self._touched.seen_marks)[key] = None

    def _asset_tick(self, event: AssetTick) -> None:
        key = (event.venue, event.asset)
        offer = self.assets.offer(key, event.price_usd, self._stamp(event), event.received)
        if offer is Offer.MOVED:
            self._prices.set_asset(event.venue, event.asset, event.price_usd)
        if offer is Offer.JUMPED:
            self._touched.jumped.setdefault((event.venue, "asset", event.asset), event.received)
        if offer in _SEEN:
            (self._touched.moved_assets if offer is Offer.MOVED else self._touched.seen_assets)[key] = None
        believed = event.rates if offer in _BELIEVED else None
        if believed is not None and self.tables(event.venue).set_rates(event.asset, believed):
            self._describe_all(event.venue)

    def _instruments(self, event: InstrumentsLoaded) -> None:
        self.tables(event.venue).load_instruments(event)
        self.connection(event.venue).poll_succeeded(None, "instruments")
        self._describe_all(event.venue)

    def _tiers(self, event: TiersLoaded) -> None:
        tables = self.tables(event.venue)
        concerned = [key for key in self.accounts if key.venue == event.venue and event.account in (None, key)]
        before = {key: tables.of(key) for key in concerned}
        tables.load_tiers(event)
        self.connection(event.venue).poll_succeeded(event.account and event.account.account, "tiers")
        for key in concerned:
            if before[key].tiers_time is not None:
                self._touched.tables_before.setdefault(key, before[key])
            self._describe(key)

    def _snapshot(self, event: AccountSnapshot) -> None:
        state = self.accounts.get(event.account)
        if state is None:
            return
        connection = self.connection(event.account.venue)
        connection.poll_succeeded(event.account.account, "account")
        changes = state.snapshot(event, connection.offset)
        self._apply_changes(event.account, changes, event.received, answer=True)
        for symbol, mark in event.marks:
            self._second_source(event.account.venue, symbol, mark, event)

    def _second_source(self, venue: Venue, symbol: Symbol, mark: float, event: AccountSnapshot) -> None:
        """A mark inside an answer confirms one that jumped, and serves until the first tick; it never overrules one."""
        key = (venue, symbol)
        quote = self.marks.get(key)
        if quote is None:
            asked = self.connection(venue).venue_now(event.asked)
            if self.marks.offer(key, mark, asked, event.received) is Offer.MOVED:
                self._prices.set_mark(venue, symbol, mark)
                self._touched.moved_marks[key] = None
        elif self.marks.confirm(key, mark, event.received):
            self._prices.set_mark(venue, symbol, quote.price)
            self._touched.moved_marks[key] = None

    def _config(self, event: AccountConfig) -> None:
        state = self.accounts.get(event.account)
        if state is None:
            return
        self.connection(event.account.venue).poll_succeeded(event.account.account, "config")
        self._apply_changes(event.account, state.configuration(event), event.received, answer=True)
        self._touched.report[event.account] = None

    def _push(
        self,
        event: PositionChanged | BalanceChanged | ConfigChanged,
        method: Callable[[AccountState, Any], Changes],
    ) -> None:
        state = self.accounts.get(event.account)
        if state is not None:
            changes = method(state, event)
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
        if event.permissions != before:
            text = permission_words(event.permissions)
            if text is not None:
                self._notice("permissions", event.account, "key", text, event.received)

    def _feed(self, event: FeedUp | FeedDown) -> None:
        self.connection(event.venue).feed(event)
        self._touched.health = True

    def _poll_failed(self, event: PollFailed) -> None:
        self.connection(event.venue).poll_failed(event)
        self._touched.health = True

    def _clock(self, event: ClockRead) -> None:
        self.connection(event.venue).offset = event.offset_seconds
        self._touched.report |= {key: None for key in self.accounts if key.venue == event.venue}

    def _banned(self, event: Banned) -> None:
        self.connection(event.venue).banned(event)
        self._touched.health = True

    def _candles(self, event: CandlesLoaded) -> None:
        self.volatility.seed(event)
        self._touched.seen_marks[event.venue, event.symbol] = None

    def _elapsed(self, _: Elapsed) -> None:
        self._touched.health = True

    def _closed(self, event: AccountClosed) -> None:
        if self.accounts.pop(event.account, None) is None:
            return
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
            self._notice(kind, account, key, text, at)
        self._touched.resyncs += [Resync(account=account, why=why) for why in changes.ask]
        self._touched.resyncs += [Resync(account=account, why=why, config=True) for why in changes.ask_config]

    def _notice(
        self, kind: str, account: AccountKey, key: str, text: str, at: float, warning: VenueWarning | None = None
    ) -> None:
        self._touched.notices.append(Notice(kind=kind, account=account, key=key, text=text, at=at, warning=warning))

    def _describe(self, account: AccountKey) -> None:
        self._touched.describe[account] = None
        self._touched.answered[account] = None

    def _describe_all(self, venue: Venue) -> None:
        for key in self.accounts:
            if key.venue == venue:
                self._describe(key)
