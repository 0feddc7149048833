"""What has to be asked and streamed for what an account holds: contracts, pairs, coins whose price matters. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from monitor.domain.accounts import Balance, MarginMode
from monitor.domain.events import AccountSnapshot, Event, OrderChanged, PositionChanged
from monitor.domain.names import Asset, Symbol

UNIT = "USDT"  #: in which the venue counts loans and collateral: its price is 1
_OWN = MarginMode.ISOLATED


@dataclass(frozen=True, slots=True)
class Needs:
    """What one account, or all of them, need of the venue's tables and streams."""

    symbols: frozenset[Symbol] = frozenset()  #: contracts of positions and of resting orders
    pairs: frozenset[Symbol] = frozenset()  #: spot pairs with a wallet of their own
    assets: frozenset[Asset] = frozenset()  #: whose USD price matters
    isolated: frozenset[Symbol] = frozenset()  #: those of `symbols` of which a position has a margin of its own

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.symbols | other.symbols,
            self.pairs | other.pairs,
            self.assets | other.assets,
            self.isolated | other.isolated,
        )

    def __le__(self, other: Needs) -> bool:
        """Whether the other needs all of this, too."""
        return self | other == other


def together(needs: Iterable[Needs]) -> Needs:
    """What all of them need."""
    every = Needs()
    for one in needs:
        every |= one
    return every


def of_snapshot(snapshot: AccountSnapshot) -> Needs:
    """What an account that was read needs."""
    symbols = {one.symbol for one in snapshot.positions} | {one.symbol for one in snapshot.orders}
    margins = {one.margin_asset for one in snapshot.positions if one.margin_asset}
    purses = [balance for wallet in snapshot.wallets for balance in wallet.balances.values()]
    held = {one.asset for one in (*snapshot.balances, *purses) if _counts(one)}
    pairs = {one.symbol for one in snapshot.wallets if one.symbol and any(map(_counts, one.balances.values()))}
    isolated = {one.symbol for one in snapshot.positions if one.margin_mode is _OWN}
    return Needs(frozenset(symbols), frozenset(pairs), frozenset(held | margins), frozenset(isolated))


def of_events(events: Iterable[Event]) -> Needs:
    """What pushes show that was perhaps not there before."""
    every = list(events)
    held = [one for one in every if isinstance(one, PositionChanged) and one.quantity]
    symbols = {one.symbol for one in held}
    symbols |= {one.order.symbol for one in every if isinstance(one, OrderChanged) and one.order.quantity}
    margins = {one.margin_asset for one in held if one.margin_asset}
    isolated = {one.symbol for one in held if one.margin_mode is _OWN}
    return Needs(frozenset(symbols), assets=frozenset(margins), isolated=frozenset(isolated))


def _counts(balance: Balance) -> bool:
    return bool(balance.wallet or balance.borrowed or balance.interest or balance.venue_equity)
