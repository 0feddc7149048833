"""What has to be asked and streamed for what an account holds: contracts by category, coins, option bases. Pure.

Bybit has no stream of all marks: each instrument is subscribed for itself, by what is held or ordered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from monitor.domain.events import AccountSnapshot, BalanceChanged, Event, OrderChanged, PositionChanged
from monitor.domain.names import USD, Asset, Symbol
from monitor.venues.bybit.coins import contract_of, option_of

LINEAR, INVERSE, OPTION, SPOT = "linear", "inverse", "option", "spot"
UNIT: Asset = "USDT"  #: has no pair that tells its USD price: it is read from the wallet's own figures


@dataclass(frozen=True, slots=True)
class Needs:
    """What one account, or all of them, need of the venue's tables and streams."""

    symbols: frozenset[Symbol] = frozenset()  #: of positions and of resting orders
    assets: frozenset[Asset] = frozenset()  #: whose USD price matters
    held: frozenset[Asset] = frozenset()  #: of which something lies in a wallet, and may leave it

    tiers_changed: frozenset[tuple[Symbol, float]] = frozenset()  #: and when, by the venue's clock

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.symbols | other.symbols,
            self.assets | other.assets,
            self.held | other.held,
            self.tiers_changed | other.tiers_changed,
        )

    def __le__(self, other: Needs) -> bool:
        return self.symbols <= other.symbols and self.assets <= other.assets

    def held_in(self, category: str) -> tuple[Symbol, ...]:
        """Those of one category, in order."""
        return tuple(sorted(symbol for symbol in self.symbols if category_of(symbol) == category))

    def marked_in(self, category: str) -> tuple[Symbol, ...]:
        """Those of one category whose marks are needed: beside what is held, the perpetual under each option."""
        held = set(self.held_in(category))
        if category == LINEAR:
            held |= {f"{base}USDT" for base in self.option_bases}
        return tuple(sorted(held))

    @property
    def option_bases(self) -> frozenset[Asset]:
        """The coins under the options among them."""
        return frozenset(option.base for symbol in self.symbols if (option := option_of(symbol)) is not None)


@lru_cache(maxsize=4096)
def category_of(symbol: Symbol) -> str:
    """Which category a contract is of: its name tells."""
    if option_of(symbol) is not None:
        return OPTION
    return LINEAR if contract_of(symbol, LINEAR) is not None else INVERSE


def pair_of(asset: Asset) -> Symbol:
    """The spot pair that tells an asset's USD price."""
    return f"{asset}{UNIT}"


def together(needs: Iterable[Needs]) -> Needs:
    """What all of them need."""
    every = Needs()
    for one in needs:
        every |= one
    return every


def of_snapshot(snapshot: AccountSnapshot) -> Needs:
    """What an account that was read needs."""
    symbols = {one.symbol for one in snapshot.positions} | {one.symbol for one in snapshot.orders}
    assets = {one.asset for one in snapshot.balances if one.wallet or one.borrowed or one.venue_equity}
    assets |= {unit.asset for unit in snapshot.venue.risk_units}  # scenarios move with their coin's price
    held = frozenset(one.asset for one in snapshot.balances if one.wallet > 0.0)
    return Needs(frozenset(symbols), _priced(assets | _settled(symbols)), held)


def of_events(events: Iterable[Event]) -> Needs:
    """What pushes show that was perhaps not there before."""
    symbols: set[Symbol] = set()
    assets: set[Asset] = set()
    for one in events:
        if isinstance(one, PositionChanged) and one.quantity:
            symbols.add(one.symbol)
        elif isinstance(one, OrderChanged) and one.order.quantity:
            symbols.add(one.order.symbol)
        elif isinstance(one, BalanceChanged) and one.wallet:
            assets.add(one.asset)
    return Needs(frozenset(symbols), _priced(assets | _settled(symbols)))


def _settled(symbols: Iterable[Symbol]) -> set[Asset]:
    """The assets that these settle in."""
    contracts = (contract_of(symbol, category_of(symbol)) for symbol in symbols)
    return {contract[2] for contract in contracts if contract is not None}


def _priced(assets: Iterable[Asset]) -> frozenset[Asset]:
    return frozenset(asset for asset in assets if asset and asset != USD)
