"""The tables of one venue as they were loaded, and which of them hold for which account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.events import InstrumentsLoaded, TiersLoaded
from monitor.domain.instruments import Instrument
from monitor.domain.names import AccountKey, Asset, Symbol
from monitor.domain.tables import AssetRates, Tables
from monitor.domain.tiers import TierTable


@dataclass(slots=True)
class _Tiers:
    table: Mapping[Symbol, TierTable]
    received: float


@dataclass(slots=True)
class VenueTables:
    """Instruments, tiers (for all accounts, and an account's own) and asset rates of one venue.

    An empty table never takes the place of one that holds something: no venue lists nothing, so it is a bad answer,
    and the old one goes on ageing.
    """

    _instruments: Mapping[Symbol, Instrument] = field(default_factory=dict)
    _instruments_time: float | None = None
    _tiers: dict[AccountKey | None, _Tiers] = field(default_factory=dict)
    _rates: Mapping[Asset, AssetRates] = field(default_factory=dict)
    _made: dict[AccountKey, Tables] = field(default_factory=dict)

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
        return first or self._instruments != before

    def load_tiers(self, event: TiersLoaded) -> bool:
        """Take the tiers, whole, for all accounts or for one; True if they are the first, or others than before."""
        self._made.clear()
        before = self._tiers.get(event.account)
        if before is not None and not event.tiers:
            return False
        self._tiers[event.account] = _Tiers(dict(event.tiers), event.received)
        return before is None or self._tiers[event.account].table != before.table

    def set_rates(self, asset: Asset, rates: AssetRates) -> bool:
        """Take the rates at which an asset counts; True if they are new."""
        if self._rates.get(asset) == rates:
            return False
        self._rates = {**self._rates, asset: rates}
        self._made.clear()
        return True

    def forget(self, account: AccountKey) -> None:
        """Forget an account's own tiers."""
        self._tiers.pop(account, None)
        self._made.pop(account, None)

    def of(self, account: AccountKey) -> Tables:
        """The tables that hold for `account`: its own tiers stand before the common ones, symbol by symbol."""
        if account not in self._made:
            self._made[account] = self._merged(account)
        return self._made[account]

    def _merged(self, account: AccountKey) -> Tables:
        common, own = self._tiers.get(None), self._tiers.get(account)
        tiers = {**(common.table if common else {}), **(own.table if own else {})}
        newest = own or common
        return Tables(
            instruments=self._instruments,
            tiers=tiers,
            rates=self._rates,
            instruments_time=self._instruments_time,
            tiers_time=newest.received if newest else None,
        )
