"""A simulated portfolio margin account: a purse of cross margin, and the wallets and positions of both futures.

Its figures are plain sums over the assets, each at its index; positions draw on all of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.coinm.accounts import CoinAccount
from monitor.sim.binance.loans import frames
from monitor.sim.binance.loans.accounts import BALANCES, RISK, Borrower
from monitor.sim.binance.loans.frames import Frame
from monitor.sim.binance.loans.purse import Purse
from monitor.sim.binance.paths import PORTFOLIO, PORTFOLIO_PRO
from monitor.sim.binance.portfolio.tables import LOAN_LEVERAGE, LOAN_MAINTENANCE_RATIO, counted
from monitor.sim.binance.positions import SimPosition, first_crossing
from monitor.sim.market import Kind, Market
from monitor.sim.text import fixed

NOTHING_NEEDED = 99_999_999.0  #: uniMMR without a requirement, as others have seen it printed
LIQUIDATION_RATIO, REDUCE_ONLY_RATIO, REMINDER_RATIO = 1.05, 1.2, 1.5
MARGIN, UM, CM = "margin", "um", "cm"  #: the parts of an account


@dataclass(frozen=True, slots=True)
class Totals:
    """What an account comes to, in USD. `equity` is after haircuts and after what open orders would lose."""

    equity: float
    plain_equity: float
    maintenance: float
    initial: float
    open_loss: float

    @property
    def ratio(self) -> float:
        """uniMMR: high is safe."""
        return self.equity / self.maintenance if self.maintenance else NOTHING_NEEDED


@dataclass(slots=True, kw_only=True)
class PortfolioAccount(Borrower):
    """One account. `pro`: that of Pro, and `span`: Pro's by units of risk. `open_loss`: by asset, of margin orders."""

    um: SimAccount
    cm: CoinAccount
    purse: Purse = field(default_factory=Purse)
    pro: bool = False
    span: bool = False
    open_loss: dict[Asset, float] = field(default_factory=dict)
    status: str = "NORMAL"

    @property
    def product(self) -> str:
        """Which of both it is."""
        return PORTFOLIO_PRO if self.pro else PORTFOLIO

    # figures

    def index(self, asset: Asset) -> float:
        """The asset's index price in USD, as printed."""
        return round(self.market.asset_usd(asset), 8)

    def assets(self) -> list[Asset]:
        """Every asset that is held or owed anywhere."""
        pools = {position.asset for part in (self.um, self.cm) for position in part.open_positions()}
        return sorted({*self.purse.holdings, *self.um.wallets, *self.cm.wallets, *pools})

    def amount(self, asset: Asset, marks: Mapping[Symbol, float] | None = None) -> float:
        """What is owned of an asset, less what is owed, with the profits that are settled in it."""
        held = self.purse.holdings.get(asset)
        total = held.net if held is not None else 0.0
        for part in (self.um, self.cm):
            total += part.wallets.get(asset, 0.0) + profit(part, asset, marks)
        return total

    def totals(self, marks: Mapping[Symbol, float] | None = None) -> Totals:
        """What it comes to at its marks, or at others, with the indexes held."""
        equity = plain = maintenance = initial = loss = 0.0
        for asset in self.assets():
            index, amount = self.index(asset), self.amount(asset, marks)
            plain += amount * index
            equity += counted(asset, amount * index, tiered=self.pro)
            held = self.purse.holdings.get(asset)
            if held is not None:
                maintenance += held.debt * LOAN_MAINTENANCE_RATIO * index
                initial += held.debt * index / LOAN_LEVERAGE
            for part in (self.um, self.cm):
                for position in part.cross_positions(asset):
                    mark = mark_of(part, position, marks)
                    maintenance += position.maintenance(mark) * index
                    initial += position.notional(mark) / part.setting(position.symbol).leverage * index
        for asset, amount in self.open_loss.items():
            loss += amount * self.index(asset)
        return Totals(equity - (0.0 if self.pro else loss), plain, maintenance, initial, loss)

    def line(self, position: SimPosition) -> float:
        """The mark at which it is liquidated, other marks and every index held; 0.0 for none."""
        part = self.cm if self.market.contracts[position.symbol].kind is Kind.INVERSE else self.um
        rows = [row for row in part.open_positions() if row.symbol == position.symbol]

        def health(price: float) -> float:
            totals = self.totals({position.symbol: price})
            return totals.equity - LIQUIDATION_RATIO * totals.maintenance

        return first_crossing(health, self.market.mark(position.symbol), sum(row.quantity for row in rows))

    def standing(self) -> str:
        """The venue's word for the ratio."""
        totals = self.totals()
        if totals.equity < 0.0 or totals.ratio <= 1.0:
            return "BANKRUPTED"
        if totals.ratio <= LIQUIDATION_RATIO:
            return "FORCE_LIQUIDATION" if self.pro else "ACTIVE_LIQUIDATION"
        if totals.ratio <= REDUCE_ONLY_RATIO:
            return "REDUCE_ONLY"
        return "MARGIN_CALL" if totals.ratio <= REMINDER_RATIO else "NORMAL"

    # what the owner does

    def part(self, symbol: Symbol) -> SimAccount:
        """The futures that a contract belongs to."""
        return self.cm if self.market.contracts[symbol].kind is Kind.INVERSE else self.um

    def trade(self, symbol: Symbol, quantity: float, **terms: Any) -> SimPosition:
        """Buy or sell a contract of either futures, as `SimAccount.trade`; nothing is isolated here."""
        if terms.get("isolated"):
            raise ValueError("portfolio margin has no isolated positions")
        return self.part(symbol).trade(symbol, quantity, **terms)

    def close(self, symbol: Symbol, *, side: str | None = None) -> None:
        """Close a position whole, if there is one."""
        self.part(symbol).close(symbol, side=side)

    def transfer(self, asset: Asset, amount: float, *, to: str = MARGIN) -> None:
        """Move into (> 0) or out of a part of the account: "margin", "um" or "cm"."""
        if to == MARGIN:
            self._moved(self.purse, asset, amount, None)
        else:
            (self.um if to == UM else self.cm).transfer(asset, amount)

    def borrow(self, asset: Asset, amount: float) -> None:
        """Owe more, and hold it in cross margin."""
        self._owed(self.purse, asset, amount, None)

    def repay(self, asset: Asset, amount: float) -> None:
        """Pay back what is free in cross margin, interest first."""
        self._owed(self.purse, asset, -amount, None)

    def trade_spot(self, pair: Symbol, quantity: float, *, price: float | None = None, borrow: bool = False) -> None:
        """Buy (> 0) or sell at the spot market with what is in cross margin."""
        self._traded(self.purse, pair, quantity, price, borrow=borrow, isolated=False)

    def order(self, asset: Asset, amount: float, loss: float = 0.0) -> None:
        """Lock an amount for an open margin order (negative: cancel) that would lose `loss` of the asset."""
        self.purse.lock(asset, amount)
        self.tell(self.purse, (asset,))
        self.set_open_loss(asset, self.open_loss.get(asset, 0.0) + loss)

    def set_open_loss(self, asset: Asset, loss: float) -> None:
        """What open margin orders would lose of an asset: pushes openOrderLoss."""
        self.open_loss[asset] = round(loss, 8)
        row = {"a": asset, "o": fixed(-self.open_loss[asset])}
        self.push(RISK, {"e": "openOrderLoss", "E": self.time_ms(), "O": [row]}, None)

    def accrue(self) -> None:
        """An hour's interest."""
        self.charge(self.purse)

    def liability(self, purse: Purse, asset: Asset, kind: str, principal: float, interest: float) -> Frame:
        """liabilityChange: with all that is owed of the asset."""
        total = purse.of(asset).debt
        return frames.portfolio_liability_change(self.time_ms(), asset, kind, principal, interest, total)


def profit(part: SimAccount, asset: Asset, marks: Mapping[Symbol, float] | None = None) -> float:
    """The unrealised profit that one kind of futures settles in an asset."""
    return sum(position.profit(mark_of(part, position, marks)) for position in part.cross_positions(asset))


def mark_of(part: SimAccount, position: SimPosition, marks: Mapping[Symbol, float] | None) -> float:
    """The mark of a position, where no other is given."""
    if marks is not None and position.symbol in marks:
        return marks[position.symbol]
    return part.market.mark(position.symbol)


def opened(
    *,
    name: str,
    key: str,
    secret: str,
    market: Market,
    time_ms: Callable[[], int],
    permissions: dict[str, bool],
    um_wallets: Mapping[Asset, float],
    cm_wallets: Mapping[Asset, float],
    purse: Purse,
    hedge: bool,
    pro: bool,
    span: bool,
) -> PortfolioAccount:
    """A new account, its parts bound together."""
    shared: dict[str, Any] = {"name": name, "key": key, "secret": secret, "market": market, "time_ms": time_ms}
    um = SimAccount(wallets=dict(um_wallets), hedge=hedge, **shared)
    cm = CoinAccount(wallets=dict(cm_wallets), hedge=hedge, **shared)
    um.partners.append(cm)
    cm.partners.append(um)
    account = PortfolioAccount(um=um, cm=cm, purse=purse, pro=pro, span=span, permissions=permissions, **shared)
    um.line = cm.line = account.line
    return account


__all__ = ["BALANCES", "RISK", "PortfolioAccount", "Totals", "mark_of", "opened", "profit"]
