"""What a margin account holds and owes, asset by asset: plain amounts, and the few ways in which they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.domain.names import Asset


@dataclass(slots=True)
class Holding:
    """Amounts of one asset."""

    free: float = 0.0
    locked: float = 0.0
    borrowed: float = 0.0
    interest: float = 0.0

    @property
    def total(self) -> float:
        """What is held."""
        return round(self.free + self.locked, 8)

    @property
    def debt(self) -> float:
        """What is owed, interest with it."""
        return round(self.borrowed + self.interest, 8)

    @property
    def net(self) -> float:
        """What is held less what is owed."""
        return round(self.total - self.debt, 8)


@dataclass(slots=True)
class Purse:
    """Holdings by asset. ValueError where something is not there to be taken."""

    holdings: dict[Asset, Holding] = field(default_factory=dict)

    def of(self, asset: Asset) -> Holding:
        """The holding of an asset."""
        return self.holdings.setdefault(asset, Holding())

    def credit(self, asset: Asset, amount: float) -> None:
        """Add to (or take from) what is free. A liquidation may take more than there is."""
        held = self.of(asset)
        held.free = round(held.free + amount, 8)

    def take(self, asset: Asset, amount: float) -> None:
        """Take from what is free."""
        if amount > self.of(asset).free + 1e-9:
            raise ValueError(f"only {self.of(asset).free:g} {asset} are free, not {amount:g}")
        self.credit(asset, -amount)

    def borrow(self, asset: Asset, amount: float) -> None:
        """Owe more, and hold it."""
        self.credit(asset, amount)
        held = self.of(asset)
        held.borrowed = round(held.borrowed + amount, 8)

    def repay(self, asset: Asset, amount: float) -> float:
        """Pay interest first, then the loan, with what is free; returns what was paid, at most the debt."""
        held = self.of(asset)
        paid = min(amount, held.debt)
        self.take(asset, paid)
        to_interest = min(held.interest, paid)
        held.interest = round(held.interest - to_interest, 8)
        held.borrowed = max(0.0, round(held.borrowed - (paid - to_interest), 8))
        return paid

    def accrue(self, hourly: Mapping[Asset, float], default: float) -> dict[Asset, float]:
        """An hour's interest on every loan, at each asset's rate; returns what was added."""
        added: dict[Asset, float] = {}
        for asset, held in self.holdings.items():
            amount = round(held.borrowed * hourly.get(asset, default), 8)
            if amount:
                held.interest = round(held.interest + amount, 8)
                added[asset] = amount
        return added

    def lock(self, asset: Asset, amount: float) -> None:
        """Set aside for an order (negative: give back)."""
        self.take(asset, amount)
        held = self.of(asset)
        held.locked = round(held.locked + amount, 8)

    def owes(self) -> bool:
        """Whether there is any debt."""
        return any(held.debt > 0.0 for held in self.holdings.values())
