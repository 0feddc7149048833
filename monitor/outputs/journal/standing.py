"""The facts that stand, remembered as steps pass, so that a segment can begin with them and be replayed by itself.

What is kept is bounded by what there is: accounts, instruments, assets, streams. Of each the newest word, and of an
account the readings and pushes from which an engine believes the same again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, repeat
from typing import Any

from monitor.domain.alerts import AlertMemory, MemoryChange, Silence
from monitor.domain.commands import AlertsRestored
from monitor.domain.events import (
    AccountClosed,
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    BalanceChanged,
    Banned,
    CandlesLoaded,
    ClockRead,
    CollateralLoaded,
    ConfigChanged,
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
    WalletChanged,
)
from monitor.domain.names import AccountKey, Symbol, Venue

WHOLE_READINGS = 2  #: a position that the last reading misses is believed gone when the one before missed it too
DOUBTFUL_READINGS = 6  #: kept of those that could not be read whole

_Push = PositionChanged | BalanceChanged | OrderChanged | WalletChanged | ConfigChanged
_Row = tuple[Tick | Ticks, int]  #: an event and the row of it that is the newest mark of an instrument


@dataclass(slots=True)
class _Account:
    """One account: its last readings, oldest first, and the last push about each thing, however long ago: a reading
    that was answered later can still be older than it.
    """

    configs: list[AccountConfig] = field(default_factory=list)
    permissions: PermissionsRead | None = None
    readings: list[tuple[int, AccountSnapshot]] = field(default_factory=list)  #: each with its place in the order
    pushes: dict[Hashable, tuple[int, _Push]] = field(default_factory=dict)


class Standing:
    """Takes every event that the engine takes, and tells those that bring a new engine to the same state."""

    def __init__(self) -> None:
        self._marks: dict[tuple[Venue, Symbol], _Row] = {}
        self._assets: dict[Hashable, AssetTick] = {}
        self._rated: dict[Hashable, AssetTick] = {}  #: the last that told the rates too
        self._funding: dict[tuple[Venue, Symbol], tuple[FundingRates, int]] = {}  #: the newest, and its row
        self._options: dict[tuple[Venue, Symbol], tuple[OptionMarks, int]] = {}  #: likewise
        self._single: dict[Hashable, Event] = {}  #: the last of its kind and key, in order of first sight
        self._accounts: dict[AccountKey, _Account] = {}
        self._failed: dict[tuple[Venue, str | None, str], PollFailed] = {}
        self._alerts: dict[str, AlertMemory] = {}  #: what fires, by fingerprint
        self._silences: dict[str, Silence] = {}
        self._places = count()
        self._takes: dict[type, Callable[[Any], None]] = {  # Any: each takes the type that leads to it
            Tick: self._tick,
            Ticks: self._ticks,
            AssetTick: self._asset,
            FundingRates: self._rates,
            FundingIntervals: lambda event: self._keep((FundingIntervals, event.venue), event),
            InstrumentsLoaded: self._instruments,
            TiersLoaded: self._tiers,
            CollateralLoaded: self._collateral,
            ParametersSet: lambda event: self._keep((ParametersSet, event.venue), event),
            OptionMarks: self._option_marks,
            AccountSnapshot: self._reading,
            AccountConfig: self._config,
            PositionChanged: lambda event: self._push((event.symbol, event.side), event),
            BalanceChanged: lambda event: self._push(event.asset, event),
            WalletChanged: lambda event: self._push(("wallet", event.wallet.name), event),
            OrderChanged: lambda event: self._push(("order", event.order.id), event),
            ConfigChanged: lambda event: self._push(("config", event.symbol), event),
            PermissionsRead: self._permissions,
            FeedUp: lambda event: self._keep((FeedUp, event.venue, event.account, event.stream), event),
            FeedDown: lambda event: self._keep((FeedUp, event.venue, event.account, event.stream), event),
            PollFailed: self._poll_failed,
            ClockRead: lambda event: self._keep((ClockRead, event.venue), event),
            Banned: lambda event: self._keep((Banned, event.venue), event),
            CandlesLoaded: lambda event: self._keep((CandlesLoaded, event.venue, event.symbol), event),
            AccountClosed: self._closed,
            AlertsRestored: self._restored,
        }

    def see(self, events: Iterable[Event]) -> None:
        """Remember what these events say."""
        for event in events:
            take = self._takes.get(type(event))  # timers and the venue's warnings leave nothing that stands
            if take is not None:
                take(event)

    def remember(self, memory: MemoryChange) -> None:
        """What of the alerts' memory is another after a step."""
        if not memory:
            return
        for fingerprint in memory.forget:
            self._alerts.pop(fingerprint, None)
        for name in memory.ended_silences:
            self._silences.pop(name, None)
        self._alerts |= {alert.alert.fingerprint: alert for alert in memory.keep}
        self._silences |= {silence.id: silence for silence in memory.silences}

    def _restored(self, event: AlertsRestored) -> None:
        self.remember(MemoryChange(keep=event.alerts, silences=event.silences))

    def events(self, now: float = 0.0) -> tuple[Event, ...]:
        """What stands, in an order in which an engine can take it: alerts, clocks and tables, prices, accounts,
        failures. `now` is when the alerts are taken up again.
        """
        return tuple(self._ordered(now))

    def _ordered(self, now: float) -> Iterator[Event]:
        if self._alerts or self._silences:
            yield AlertsRestored(alerts=tuple(self._alerts.values()), silences=tuple(self._silences.values()), at=now)
        yield from self._single.values()
        yield from self._rated.values()
        yield from (event for key, event in self._assets.items() if self._rated.get(key) is not event)
        yield from self._newest_marks()
        yield from self._newest_rates()
        yield from self._newest_options()
        for account in self._accounts.values():
            if account.permissions is not None:
                yield account.permissions
            yield from account.configs
            told: list[tuple[int, AccountSnapshot | _Push]] = [*account.readings, *account.pushes.values()]
            yield from (event for _, event in sorted(told, key=lambda row: row[0]))
        yield from self._failed.values()

    def _newest_marks(self) -> Iterator[Event]:
        """Single ticks as they are, and of each array the rows that no later one replaced."""
        rows: dict[int, tuple[Ticks, list[int]]] = {}
        for event, row in self._marks.values():
            if isinstance(event, Tick):
                yield event
            else:
                rows.setdefault(id(event), (event, []))[1].append(row)
        for ticks, kept in rows.values():
            yield Ticks(
                ticks.venue,
                tuple(ticks.symbols[row] for row in kept),
                tuple(ticks.marks[row] for row in kept),
                tuple(ticks.venue_times[row] for row in kept),
                ticks.received,
            )

    def _newest_rates(self) -> Iterator[Event]:
        """Of each announcement of funding the rows that no later one replaced."""
        rows: dict[int, tuple[FundingRates, list[int]]] = {}
        for event, row in self._funding.values():
            rows.setdefault(id(event), (event, []))[1].append(row)
        for told, kept in rows.values():
            yield FundingRates(
                told.venue,
                tuple(told.symbols[row] for row in kept),
                tuple(told.rates[row] for row in kept),
                tuple(told.next_times[row] for row in kept),
                told.received,
            )

    def _newest_options(self) -> Iterator[Event]:
        """Of each telling of what options are priced with the rows that no later one replaced."""
        rows: dict[int, tuple[OptionMarks, list[int]]] = {}
        for event, row in self._options.values():
            rows.setdefault(id(event), (event, []))[1].append(row)
        for told, kept in rows.values():
            yield OptionMarks(
                told.venue,
                tuple(told.symbols[row] for row in kept),
                tuple(told.volatilities[row] for row in kept),
                tuple(told.underlyings[row] for row in kept),
                told.received,
                tuple(told.indexes[row] for row in kept) if told.indexes else (),
            )

    def _option_marks(self, event: OptionMarks) -> None:
        for row, symbol in enumerate(event.symbols):
            known = self._options.get((event.venue, symbol))
            if known is None or known[0].received <= event.received:
                self._options[event.venue, symbol] = (event, row)

    def _rates(self, event: FundingRates) -> None:
        keys = zip(repeat(event.venue), event.symbols, strict=False)
        self._funding.update(zip(keys, zip(repeat(event), range(len(event.symbols)), strict=False), strict=True))

    def _keep(self, key: Hashable, event: Event) -> None:
        self._single[key] = event

    def _tick(self, event: Tick) -> None:
        known, row = self._marks.get((event.venue, event.symbol), (None, 0))
        stamp = None if known is None else known.venue_time if isinstance(known, Tick) else known.venue_times[row]
        if stamp is None or stamp <= event.venue_time:
            self._marks[event.venue, event.symbol] = (event, 0)

    def _ticks(self, event: Ticks) -> None:
        keys = zip(repeat(event.venue), event.symbols, strict=False)
        self._marks.update(zip(keys, zip(repeat(event), range(len(event.symbols)), strict=False), strict=True))

    def _asset(self, event: AssetTick) -> None:
        key = (event.venue, event.asset)
        self._assets[key] = event
        if event.rates is not None:
            self._rated[key] = event

    def _instruments(self, event: InstrumentsLoaded) -> None:
        self._keep((InstrumentsLoaded, event.venue), event)
        listed = {row.symbol for row in event.instruments}
        for key in [key for key in self._options if key[0] == event.venue and key[1] not in listed]:
            del self._options[key]  # it expired
        self._failed.pop((event.venue, None, "instruments"), None)

    def _tiers(self, event: TiersLoaded) -> None:
        self._keep((TiersLoaded, event.venue, event.account), event)
        self._failed.pop((event.venue, event.account and event.account.account, "tiers"), None)

    def _collateral(self, event: CollateralLoaded) -> None:
        self._keep((CollateralLoaded, event.venue, event.account), event)
        self._failed.pop((event.venue, event.account and event.account.account, "collateral"), None)

    def _account(self, key: AccountKey, read: str = "") -> _Account:
        if read:
            self._failed.pop((key.venue, key.account, read), None)
        return self._accounts.setdefault(key, _Account())

    def _reading(self, event: AccountSnapshot) -> None:
        account = self._account(event.account, "account")
        if account.readings and event.asked < account.readings[-1][1].asked:
            return  # a later one is here already
        before = account.readings[-1][1].venue.risk_asked if account.readings else None
        if event.venue.risk_asked not in (None, before):
            self._failed.pop((event.account.venue, event.account.account, "risk"), None)
        account.readings = _needed([*account.readings, (next(self._places), event)])
        whole = [each.asked for _, each in account.readings if not each.problems]
        if len(whole) == WHOLE_READINGS:  # orders come by the thousand: what both readings saw later is settled
            for key, (_, push) in list(account.pushes.items()):
                if isinstance(push, OrderChanged) and push.received < whole[0]:
                    del account.pushes[key]

    def _config(self, event: AccountConfig) -> None:
        account = self._account(event.account, "config")
        if account.configs and event.asked < account.configs[-1].asked:
            return
        whole = [config for config in account.configs if not config.problems][-1:] if event.problems else []
        account.configs = [*whole, event]  # what a row that could not be read said before still holds
        for key, (_, push) in list(account.pushes.items()):
            if isinstance(push, ConfigChanged) and push.received < event.asked:
                del account.pushes[key]

    def _push(self, key: Hashable, event: _Push) -> None:
        pushes = self._account(event.account).pushes
        if key not in pushes or pushes[key][1].venue_time <= event.venue_time:
            pushes[key] = (next(self._places), event)

    def _permissions(self, event: PermissionsRead) -> None:
        self._account(event.account, "permissions").permissions = event

    def _poll_failed(self, event: PollFailed) -> None:
        self._failed[event.venue, event.account, event.what] = event

    def _closed(self, event: AccountClosed) -> None:
        """Nothing of it stands but that it is closed."""
        self._accounts.pop(event.account, None)
        self._single = {key: row for key, row in self._single.items() if not _is_of(row, event.account)}
        self._failed = {key: row for key, row in self._failed.items() if not _is_of(row, event.account)}
        self._keep((AccountClosed, event.account), event)


def _needed(readings: list[tuple[int, AccountSnapshot]]) -> list[tuple[int, AccountSnapshot]]:
    """The last whole readings, and those after them that have problems, of which some rows count: the newest few."""
    whole = [row for row in readings if not row[1].problems][-WHOLE_READINGS:]
    since = whole[0][0] if whole else 0
    doubtful = [row for row in readings if row[1].problems and row[0] >= since][-DOUBTFUL_READINGS:]
    return sorted([*whole, *doubtful], key=lambda row: row[0])


def _is_of(event: Event, account: AccountKey) -> bool:
    """Whether an event speaks of this account, by its key or by venue and name."""
    named = getattr(event, "account", None)
    return named == account or (named == account.account and getattr(event, "venue", None) == account.venue)
