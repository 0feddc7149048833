"""What has to be asked and streamed for what an account holds: instruments, families, indices. Pure.

OKX has no stream of all marks and no table of all tiers: each is asked for by what is held or ordered.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from monitor.domain.accounts import MarginMode, Order, Position
from monitor.domain.events import AccountSnapshot, Event, OrderChanged, PositionChanged
from monitor.domain.names import USD, Asset, Symbol
from monitor.venues.okx.endpoints import (
    FUNDING_RATE,
    INDEX_PRICES,
    MARK_PRICES,
    OPTION_SUMMARIES,
    InstType,
    Topic,
    family,
    index_of,
    inst_type,
)

CROSS, ISOLATED = "cross", "isolated"


class TierKey(NamedTuple):
    """One table of maintenance tiers, as the venue is asked for it."""

    kind: str
    family: str
    mode: str

    def params(self) -> dict[str, str]:
        """The question. Pairs are asked by their own name."""
        name = "instId" if self.kind == InstType.MARGIN else "instFamily"
        return {"instType": self.kind, "tdMode": self.mode, name: self.family}


@dataclass(frozen=True, slots=True)
class Needs:
    """What one account, or all of them, need of the venue's tables and streams."""

    symbols: frozenset[Symbol] = frozenset()  #: of positions and of resting orders
    tiers: frozenset[TierKey] = frozenset()
    assets: frozenset[Asset] = frozenset()  #: whose USD price matters
    lent: frozenset[Asset] = frozenset()  #: that are owed, or would be where a loss exceeds what there is

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.symbols | other.symbols, self.tiers | other.tiers, self.assets | other.assets, self.lent | other.lent
        )

    def __le__(self, other: Needs) -> bool:
        """Whether the other needs all of this, too."""
        return self | other == other

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of instruments among them."""
        return frozenset(inst_type(symbol) for symbol in self.symbols)

    @property
    def option_families(self) -> frozenset[str]:
        """Families of options among them."""
        return frozenset(family(symbol) for symbol in self.symbols if inst_type(symbol) == InstType.OPTION)

    def mark_topics(self) -> frozenset[Topic]:
        """One for each instrument."""
        return frozenset(Topic(MARK_PRICES, inst=symbol) for symbol in self.symbols)

    def index_topics(self) -> frozenset[Topic]:
        """One for each asset that has a price in USD other than one."""
        return frozenset(Topic(INDEX_PRICES, inst=index_of(asset)) for asset in self.assets)

    def option_topics(self) -> frozenset[Topic]:
        """One for each family of options."""
        return frozenset(Topic(OPTION_SUMMARIES, family=one) for one in self.option_families)

    def funding_topics(self) -> frozenset[Topic]:
        """One for each perpetual."""
        return frozenset(
            Topic(FUNDING_RATE, inst=symbol) for symbol in self.symbols if inst_type(symbol) == InstType.SWAP
        )


def together(needs: Iterable[Needs]) -> Needs:
    """What all of them need."""
    every = Needs()
    for one in needs:
        every |= one
    return every


def of_snapshot(snapshot: AccountSnapshot) -> Needs:
    """What an account that was read needs."""
    rows: tuple[Position | Order, ...] = (*snapshot.positions, *snapshot.orders)
    needs = together(
        (*(_of(one.symbol, one.margin_mode) for one in snapshot.positions), *map(_of_order, snapshot.orders))
    )
    held = {one.asset for one in snapshot.balances if one.wallet or one.borrowed or one.venue_equity}
    margins = {one.margin_asset for one in rows if one.margin_asset}
    lent = {one.asset for one in snapshot.balances if _owes(one.borrowed, one.venue_equity)}
    lent |= {one.liability_asset for one in snapshot.positions if one.liability_asset and one.liability}
    lent |= {one.margin_asset for one in snapshot.positions if one.margin_asset}
    return needs | Needs(assets=_priced(held | margins | lent), lent=frozenset(lent))


def of_events(events: Iterable[Event]) -> Needs:
    """What pushes show that was perhaps not there before."""
    return together(
        _of(one.symbol, one.margin_mode) if isinstance(one, PositionChanged) else _of_order(one.order)
        for one in events
        if (isinstance(one, PositionChanged) and one.quantity) or (isinstance(one, OrderChanged) and one.order.quantity)
    )


def _of(symbol: Symbol, mode: MarginMode | None) -> Needs:
    kind, name = inst_type(symbol), family(symbol)
    # An isolated position may be joined by a cross one at any time, and a table of tiers is never empty.
    modes = (CROSS,) if mode is MarginMode.CROSS else (CROSS, ISOLATED)
    base, _, quote = name.partition("-")
    return Needs(
        symbols=frozenset({symbol}),
        tiers=frozenset(TierKey(kind, name, one) for one in modes),
        assets=_priced({base, quote}),
    )


def _of_order(order: Order) -> Needs:
    """An order for cash has a pair and no tiers: not every pair can be held with a loan."""
    needs = _of(order.symbol, order.margin_mode)
    for_cash = inst_type(order.symbol) == InstType.MARGIN and order.margin_mode is None
    return replace(needs, tiers=frozenset()) if for_cash else needs


def _priced(assets: Iterable[Asset]) -> frozenset[Asset]:
    """Those that have an index in USD: the units of account («USD», «USD_UM», «USDⓈ») are worth one by definition."""
    return frozenset(asset for asset in assets if asset.isascii() and asset.isalnum() and asset != USD)


def _owes(borrowed: float, equity: float | None) -> bool:
    return borrowed > 0 or (equity is not None and equity < 0)
