"""A simulated account: what its owner can do at the simulated OKX. Every deed moves amounts first and tells afterwards.

Holdings are plain attributes: a test may also write them. Prices moving tells nothing; the venue repeats its figures
by itself.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from monitor.domain.names import Asset
from monitor.sim.okx.bills import Kind, forced
from monitor.sim.okx.books import CASH, DEFAULT_LEVER, Books, Change
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.listing import Product
from monitor.sim.okx.positions import CROSS, ISOLATED, LONG, NET, Loan, Position, Resting


@dataclass(slots=True, kw_only=True)
class SimAccount(Books):
    """One account, with what its owner can do, and what the venue does to it."""

    # what the owner does: derivatives

    def trade(
        self,
        name: str,
        contracts: float,
        *,
        price: float | None = None,
        mode: str = CROSS,
        side: str | None = None,
        lever: float | None = None,
        fee_rate: float | None = None,
    ) -> Position:
        """Buy (> 0) or sell (< 0) contracts at `price` (default: the mark). In long_short mode `side` is long or short.

        ValueError for a side, margin mode or product that the account's modes have not.
        """
        position = self._position(name, mode, side)
        if lever is not None:
            position.lever = self.levers[name, mode, position.side] = lever
        paid = self.board.mark(name) if price is None else price
        self._fill(position, contracts, paid, self.taker_rate if fee_rate is None else fee_rate)
        self._tell(Change(event="filled", assets=(position.settle,), positions=(position,)))
        return position

    def buy(self, name: str, contracts: float, **how: Any) -> Position:
        """`trade` upwards."""
        return self.trade(name, contracts, **how)

    def sell(self, name: str, contracts: float, **how: Any) -> Position:
        """`trade` downwards."""
        return self.trade(name, -contracts, **how)

    def close(self, name: str, *, mode: str | None = None, side: str | None = None, price: float | None = None) -> None:
        """Close the positions of an instrument (default: in any mode, on any side), if there are any."""
        for (symbol, held_mode, held_side), position in list(self.positions.items()):
            if symbol == name and mode in (None, held_mode) and side in (None, held_side):
                self.trade(name, -position.contracts, mode=held_mode, side=held_side, price=price)
        if name in self.loans:
            self.repay(name)

    def add_margin(self, name: str, amount: float, *, side: str | None = None) -> None:
        """Move `amount` of cash into an isolated position (negative: back). KeyError if there is none."""
        position = self.positions[name, ISOLATED, side or NET]
        position.margin = (position.margin or 0.0) + amount
        self._credit(position.settle, -amount, Kind.MARGIN_IN if amount > 0.0 else Kind.MARGIN_OUT, position)
        self._tell(Change(event="adjust_margin", assets=(position.settle,), positions=(position,)))

    def set_leverage(self, name: str, lever: float, *, mode: str = CROSS, side: str | None = None) -> None:
        """For orders to come and for the position that is there; the margin of an isolated one stays."""
        wanted = side or (LONG if self.hedge and mode == ISOLATED else NET)
        self.levers[name, mode, wanted] = lever
        found = [p for (n, m, s), p in self.positions.items() if (n, m) == (name, mode) and side in (None, s)]
        for position in found:
            position.lever = self.levers[name, mode, position.side] = lever
        if found:
            self._tell(Change(event="set_leverage", positions=tuple(found)))

    def place(
        self,
        name: str,
        size: float,
        price: float,
        *,
        mode: str = CROSS,
        side: str | None = None,
        reduce_only: bool = False,
        lever: float | None = None,
    ) -> str:
        """Rest an order to buy (> 0) or sell (< 0); returns its number. Spot orders have the mode "cash"."""
        product = Product.SPOT if mode == CASH else None
        instrument = self.board.find(name, product)
        wanted = NET if instrument.product in (Product.SPOT, Product.OPTION) else self._side(side)
        order = Resting(
            number=self._number(),
            instrument=instrument,
            settle=self.settles(instrument),
            mode=mode,
            buy=size > 0.0,
            side=wanted,
            size=abs(size),
            price=price,
            lever=lever or self.levers.get((name, mode, wanted), DEFAULT_LEVER),
            reduce_only=reduce_only,
            created_ms=self.time_ms(),
        )
        self.orders[order.number] = order
        self._tell(Change(event="", assets=self._order_assets(order), orders=((order, "live"),)))
        return order.number

    def cancel(self, number: str) -> None:
        """Take an order back. KeyError if it does not rest."""
        order = self.orders.pop(number)
        self._tell(Change(event="", assets=self._order_assets(order), orders=((order, "canceled"),)))

    def fill(self, number: str) -> None:
        """An order is filled at its price. KeyError if it does not rest."""
        order = self.orders.pop(number)
        signed = order.size if order.buy else -order.size
        if order.instrument.product is Product.SPOT:
            self._exchange(order.instrument, signed, order.price)
            self._tell(Change(event="filled", assets=self._order_assets(order), orders=((order, "filled"),)))
            return
        position = self._position(order.instrument.name, order.mode, order.side)
        position.lever = order.lever
        self._fill(position, signed, order.price, self.taker_rate)
        touched = Change(event="filled", assets=(order.settle,), positions=(position,), orders=((order, "filled"),))
        self._tell(touched)

    # what the owner does: cash and spot

    def transfer(self, asset: Asset, amount: float) -> None:
        """Deposit (> 0) or withdraw (< 0)."""
        self._credit(asset, amount, Kind.TRANSFER_IN if amount > 0.0 else Kind.TRANSFER_OUT)
        self._tell(Change(event="transferred", assets=(asset,)))

    def deposit(self, asset: Asset, amount: float) -> None:
        """`transfer` in."""
        self.transfer(asset, amount)

    def withdraw(self, asset: Asset, amount: float) -> None:
        """`transfer` out."""
        self.transfer(asset, -amount)

    def steal(self, asset: Asset, amount: float) -> None:
        """Take `amount` away, and neither tell anything nor write it into the history."""
        self.cash[asset] = self.cash.get(asset, 0.0) - amount

    def trade_spot(self, pair: str, coins: float, *, price: float | None = None) -> None:
        """Buy (> 0) or sell (< 0) coins of a pair; what is missing is borrowed where the mode can.

        ValueError where it cannot.
        """
        instrument = self.board.find(pair, Product.SPOT)
        self._exchange(instrument, coins, self.board.mark(pair) if price is None else price)
        self._tell(Change(event="filled", assets=(instrument.coin, instrument.quote)))

    def borrow(self, pair: str, margin: float, *, long: bool = True, lever: float = 5.0) -> Loan:
        """Open an isolated margin position: `margin` of the currency held, times `lever` bought with what is owed."""
        if self.level is not Level.FUTURES:
            raise ValueError(f"{self.name}: isolated margin positions are for the futures mode")
        if pair in self.loans:
            raise ValueError(f"{self.name}: {pair} is held already")
        instrument = self.board.find(pair, Product.MARGIN)
        price = self.board.prices.mark(instrument)
        bought = margin * lever
        loan = Loan(
            instrument=instrument,
            long=long,
            number=self._number(),
            lever=lever,
            held=margin + bought * (1.0 - self.margin_taker_rate),
            owed=bought * price if long else bought / price,
            margin=margin,
            average=price,
            created_ms=self.time_ms(),
            updated_ms=self.time_ms(),
        )
        self.loans[pair] = loan
        self._credit(loan.held_asset, -margin, Kind.MARGIN_IN)
        self._tell(Change(event="filled", assets=(loan.held_asset,), positions=(loan,)))
        return loan

    def repay(self, pair: str) -> None:
        """Close an isolated margin position: its debt is bought back at the mark. KeyError if there is none."""
        loan = self.loans.pop(pair)
        left = loan.margin + loan.profit(self.board.prices)
        loan.held = loan.owed = loan.interest = 0.0
        loan.updated_ms = self.time_ms()
        self._credit(loan.held_asset, max(0.0, left), Kind.MARGIN_OUT)
        self._tell(Change(event="filled", assets=(loan.held_asset,), positions=(loan,)))

    # what the owner does: modes

    def switch_level(self, level: Level) -> None:
        """Change the account level, which tells nothing. ValueError while something is held that the level has not."""
        if level is not Level.FUTURES and (self.loans or self.isolated()):
            raise ValueError(f"{self.name}: level {level} has no isolated positions")
        if level is Level.SPOT and self.positions:
            raise ValueError(f"{self.name}: spot mode has no positions")
        self.level = level

    def set_hedge(self, on: bool) -> None:
        """Change the position mode, which tells nothing. ValueError while positions or orders are open."""
        if self.positions or self.orders:
            raise ValueError(f"{self.name}: the position mode cannot change while positions or orders are open")
        self.hedge = on

    def set_collateral(self, asset: Asset, on: bool) -> None:
        """Whether an asset backs the account (levels 3 and 4)."""
        (self.not_collateral.discard if on else self.not_collateral.add)(asset)
        self._tell(Change(event="", assets=(asset,)))

    # used by the venue

    def pay_funding(self, name: str, rate: float) -> None:
        """Longs pay `rate` of the notional to shorts: from cash, or from an isolated position's margin."""
        for position in [p for p in self.positions.values() if p.instrument.name == name]:
            paid = position.value(self.board.prices) * rate * (1.0 if position.long else -1.0)
            position.funding -= paid
            position.realized -= paid
            kind = Kind.FUNDING_PAID if paid > 0.0 else Kind.FUNDING_RECEIVED
            if position.margin is not None:
                position.margin -= paid
                self._credit(position.settle, 0.0, kind, position, change=-paid)
            else:
                self._credit(position.settle, -paid, kind, position)
            position.updated_ms = self.time_ms()
            self._tell(Change(event="funding_fee", assets=(position.settle,), positions=(position,)))

    def settle_daily(self, name: str) -> None:
        """Pay the profit of an expiry future out: its average becomes the mark (cross only)."""
        for position in [p for p in self.cross() if p.instrument.name == name]:
            mark, gained = self.board.mark(name), position.profit(self.board.prices)
            position.settled += gained
            position.realized += gained
            position.average = mark
            position.updated_ms = self.time_ms()
            kind = Kind.DELIVERY_LONG if position.long else Kind.DELIVERY_SHORT
            self._credit(position.settle, gained, kind, position)
            self._tell(Change(event="settlement", assets=(position.settle,), positions=(position,)))

    def charge_interest(self, asset: Asset, amount: float) -> None:
        """Interest accrues on what is borrowed; it lowers equity until it is paid."""
        self.interest[asset] = self.interest.get(asset, 0.0) + amount
        self._tell(Change(event="interest_deduction", assets=(asset,)))

    def forced_close(self, position: Position, contracts: float, paid: float, penalty: float, event: str) -> None:
        """The venue closes `contracts` (unsigned) at `paid` and keeps `penalty`; an isolated loss ends there."""
        cash = self.cash.get(position.settle, 0.0)
        signed = -contracts if position.long else contracts
        kind = forced(event, long=position.long, whole=contracts >= abs(position.contracts))
        self._fill(position, signed, paid, self.taker_rate if penalty else 0.0, kind)
        position.penalty -= penalty
        if penalty:
            self._credit(position.settle, -penalty, kind, position)
        if position.margin is not None and self.cash[position.settle] < cash:
            self._credit(position.settle, cash - self.cash[position.settle], Kind.CLAWBACK, position)
        position.trade = f"-{position.trade.lstrip('-')}"  # as the venue numbers its own trades
        whole = "full_liquidation" if not position.contracts else "partial_liquidation"
        category = "adl" if event == "adl" else whole
        order = self._forced_order(position, contracts, paid)
        self._tell(
            Change(
                event=event,
                assets=(position.settle,),
                positions=(position,),
                orders=((order, "filled"),),
                category=category,
            )
        )

    def absorb_deficit(self, asset: Asset) -> float:
        """Negative cash that liquidation left is refilled to 0; returns how much was missing."""
        missing = max(0.0, -self.cash.get(asset, 0.0))
        if missing:
            self._credit(asset, missing, Kind.CLAWBACK)
            self._tell(Change(event="liquidation", assets=(asset,)))
        return missing

    def forget(self, name: str) -> None:
        """Drop what is kept for an instrument that is no more."""
        self.positions = {key: position for key, position in self.positions.items() if key[0] != name}
        self.orders = {number: order for number, order in self.orders.items() if order.instrument.name != name}
        self.levers = {key: lever for key, lever in self.levers.items() if key[0] != name}


def credentials(name: str) -> tuple[str, str, str]:
    """A made-up key, secret and passphrase of the real lengths, the same for the same name."""
    key, secret, phrase = (hashlib.sha256(f"okx {name} {what}".encode()).hexdigest() for what in "ksp")
    uuid = f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:32]}"
    return uuid, secret[:32].upper(), f"Sim-{phrase[:12]}"
