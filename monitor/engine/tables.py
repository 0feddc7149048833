"""The tables of one venue as they were loaded, and which of them hold for which account."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Generic, TypeVar

from monitor.domain.accounts import MarginMode, Position
from monitor.domain.events import CollateralLoaded, InstrumentsLoaded, OptionMarks, ParametersSet, TiersLoaded
from monitor.domain.instruments import Instrument
from monitor.domain.names import AccountKey, Asset, Symbol
from monitor.domain.tables import AssetRates, CollateralTerms, LoanTier, OptionMark, Tables
from monitor.domain.tiers import TierTable

T = TypeVar("T")


@dataclass(slots=True)
class _Loaded(Generic[T]):
    """One kind of table: that for all accounts (None), and the accounts' own, each with the time of its receipt."""

    tables: dict[AccountKey | None, Mapping[str, T]] = field(default_factory=dict)
    times: dict[AccountKey | None, float] = field(default_factory=dict)

    def load(self, account: AccountKey | None, rows: Iterable[tuple[str, T]], received: float) -> bool:
        """Take a table, whole; True if it is the first, or another than before."""
        table, before = dict(rows), self.tables.get(account)
        if before is not None and not table:
            return False
        self.tables[account], self.times[account] = table, received
        return table != before

    def of(self, account: AccountKey) -> Mapping[str, T]:
        """What holds for `account`: its own rows stand before the common ones."""
        return {**self.tables.get(None, {}), **self.tables.get(account, {})}

    def time(self, account: AccountKey) -> float | None:
        """When what is the account's own was received, else what is common."""
        return self.times.get(account, self.times.get(None))

    def forget(self, account: AccountKey) -> None:
        """Forget an account's own table."""
        self.tables.pop(account, None)
        self.times.pop(account, None)


class VenueTables:
    """Instruments, asset rates and marks of options of one venue; tiers and terms of collateral for all its accounts,
    and an account's own.

    An empty table never takes the place of one that holds something: no venue lists nothing, so it is a bad answer,
    and the old one goes on ageing.
    """

    def __init__(self) -> None:
        self._instruments: Mapping[Symbol, Instrument] = {}
        self._instruments_time: float | None = None
        self._tiers: _Loaded[TierTable] = _Loaded()
        self._isolated_tiers: _Loaded[TierTable] = _Loaded()
        self._collateral: _Loaded[CollateralTerms] = _Loaded()
        self._loans: _Loaded[tuple[LoanTier, ...]] = _Loaded()
        self._parameters: Mapping[str, float] = {}
        self._rates: Mapping[Asset, AssetRates] = {}
        self._options: dict[Symbol, OptionMark] = {}
        self._made: dict[AccountKey, Tables] = {}

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        """The instruments as loaded last."""
        return self._instruments

    @property
    def rates(self) -> Mapping[Asset, AssetRates]:
        """The rates as told last."""
        return self._rates

    def load_instruments(self, event: InstrumentsLoaded) -> bool:
        """Take the instruments, whole; True if they are the first, or others than before."""
        self._made.clear()
        if not event.instruments and self._instruments:
            return False
        before, first = self._instruments, self._instruments_time is None
        self._instruments = {row.symbol: row for row in event.instruments}
        self._instruments_time = event.received
        for symbol in self._options.keys() - self._instruments.keys():
            del self._options[symbol]  # it expired
        return first or self._instruments != before

    def load_tiers(self, event: TiersLoaded) -> bool:
        """Take the tiers, whole, for all accounts or for one; True if they are the first, or others than before. Those
        of isolated positions and of loans are tables of their own: any may be empty, and does not spoil the others.
        """
        self._made.clear()
        others = [
            self._tiers.load(event.account, event.tiers, event.received),
            self._isolated_tiers.load(event.account, event.isolated, event.received),
            self._loans.load(event.account, event.loans, event.received),
        ]
        return any(others)

    def set_parameters(self, event: ParametersSet) -> bool:
        """Take the numbers that the user set, whole; True if they are others than before."""
        before, self._parameters = self._parameters, dict(event.parameters)
        self._made.clear()
        return before != self._parameters

    def load_collateral(self, event: CollateralLoaded) -> bool:
        """Take how assets count, whole, for all accounts or for one; True if it is the first, or other than before."""
        self._made.clear()
        return self._collateral.load(event.account, event.terms, event.received)

    def set_rates(self, asset: Asset, rates: AssetRates) -> bool:
        """Take the rates at which an asset counts; True if they are new."""
        if self._rates.get(asset) == rates:
            return False
        self._rates = {**self._rates, asset: rates}
        self._made.clear()
        return True

    def set_options(self, event: OptionMarks, held: Collection[Symbol]) -> set[Symbol]:
        """Take what options are priced with; those of `held` that are priced with something else now.

        The tables that were made show it at once: options are told of by the hundred each second.
        """
        changed = set()
        indexes = event.indexes or (None,) * len(event.symbols)
        rows = zip(event.symbols, event.volatilities, event.underlyings, indexes, strict=True)
        for symbol, volatility, underlying, index in rows:
            before = self._options.get(symbol)
            if not (0.0 < volatility < math.inf and 0.0 < underlying < math.inf):
                continue
            if before is not None and before.received is not None and event.received < before.received:
                continue
            mark = self._options[symbol] = OptionMark(volatility, underlying, event.received, index)
            if symbol in held and (before is None or replace(before, received=event.received) != mark):
                changed.add(symbol)
        return changed

    def forget(self, account: AccountKey) -> None:
        """Forget an account's own tables."""
        for loaded in (self._tiers, self._isolated_tiers, self._loans, self._collateral):
            loaded.forget(account)
        self._made.pop(account, None)

    def of(self, account: AccountKey) -> Tables:
        """The tables that hold for `account`: its own rows stand before the common ones, name by name."""
        if account not in self._made:
            self._made[account] = Tables(
                instruments=self._instruments,
                tiers=self._tiers.of(account),
                rates=self._rates,
                isolated_tiers=self._isolated_tiers.of(account),
                collateral=self._collateral.of(account),
                options=MappingProxyType(self._options),
                loans=self._loans.of(account),
                parameters=self._parameters,
                instruments_time=self._instruments_time,
                tiers_time=self._tiers.time(account),
                collateral_time=self._collateral.time(account),
            )
        return self._made[account]


def tiers_of(tables: Tables, position: Position) -> TierTable | None:
    """The tiers that hold for a position: those of its symbol, or of its family; isolated ones have their own where the
    venue has others for them. None where there are none.
    """
    listed = tables.instruments.get(position.symbol)
    names = (position.symbol,) if listed is None or not listed.family else (position.symbol, listed.family)
    isolated = position.margin_mode is MarginMode.ISOLATED
    for kind in (tables.isolated_tiers, tables.tiers) if isolated else (tables.tiers,):
        for name in names:
            if name in kind:
                return kind[name]
    return None
