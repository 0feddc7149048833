"""A simulated account at KuCoin in the hands of its owner: futures deeds. Those of spot margin stand in `borrowing`."""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin import arithmetic
from monitor.sim.kucoin.borrowing import Borrower
from monitor.sim.kucoin.holdings import CROSS, ISOLATED, Order, Position
from monitor.sim.kucoin.ledger import KEPT_BILLS, Change, Happened, Payment
from monitor.sim.kucoin.listing import MAKER_FEE, PAIRS, SPOT_FEE, TAKER_FEE


@dataclass(slots=True, kw_only=True)
class SimAccount(Borrower):
    """One account. Amounts move first, then the sockets are told; prices moving is told by the venue's beat."""

    # trading

    def trade(
        self,
        symbol: Symbol,
        lots: float,
        *,
        price: float | None = None,
        side: str | None = None,
        mode: str | None = None,
        leverage: float | None = None,
        fee_rate: float = TAKER_FEE,
    ) -> Position:
        """Buy (> 0) or sell lots at `price` (default: the mark). In hedge mode `side` is LONG or SHORT.

        `mode` (CROSS or ISOLATED) and `leverage` are settings of the contract, which an open position keeps.
        """
        if mode is not None and not any(each.symbol == symbol for each in self.open_positions()):
            self.modes[symbol] = mode
        position = self.record(symbol, self.side_of(lots, side))
        if leverage is not None and not position.lots:
            position.leverage = leverage
            self.leverages[symbol] = leverage
        self.fill(position, lots, price, fee_rate)
        return position

    def buy(self, symbol: Symbol, lots: float, *, price: float | None = None, side: str | None = None) -> Position:
        """Buy lots (> 0)."""
        return self.trade(symbol, lots, price=price, side=side)

    def sell(self, symbol: Symbol, lots: float, *, price: float | None = None, side: str | None = None) -> Position:
        """Sell lots (> 0)."""
        return self.trade(symbol, -lots, price=price, side=side)

    def close(self, symbol: Symbol, *, side: str | None = None, price: float | None = None) -> None:
        """Close what is held of a contract, or one side of it."""
        for position in self.open_positions():
            if position.symbol == symbol and side in (None, position.side):
                self.fill(position, -position.lots, price)

    def place(
        self,
        symbol: Symbol,
        lots: float,
        price: float,
        *,
        side: str | None = None,
        leverage: float | None = None,
        reduce_only: bool = False,
    ) -> Order:
        """Leave a limit order resting; it is filled when the mark reaches its price."""
        order = Order(
            id=self.new_id("order"),
            spec=self.board.specs[symbol],
            lots=lots,
            price=price,
            side=self.side_of(lots, side),
            mode=self.mode_of(symbol),
            leverage=leverage if leverage is not None else self.leverages.get(symbol, 10.0),
            reduce_only=reduce_only,
            created_ms=self.time_ms(),
        )
        self.orders[order.id] = order
        self.tell(Change(what=Happened.ORDER, order=order, symbol=symbol, words="open"))
        self.tell_wallet(order.spec.settle)
        return order

    def cancel(self, order_id: str) -> None:
        """Take an order back. KeyError if there is none."""
        order = self.orders.pop(order_id)
        self.tell(Change(what=Happened.ORDER, order=order, symbol=order.symbol, words="canceled"))
        self.tell_wallet(order.spec.settle)

    def fill_order(self, order: Order) -> None:
        """The venue fills an order whole, at its price."""
        self.orders.pop(order.id, None)
        self.tell(Change(what=Happened.ORDER, order=order, symbol=order.symbol, words="filled"))
        position, lots = self.record(order.symbol, order.side), order.lots
        if order.reduce_only:
            against = position.lots * lots < 0.0
            lots = (1.0 if lots > 0.0 else -1.0) * min(abs(lots), abs(position.lots)) if against else 0.0
        if lots:
            if not position.lots:
                position.mode, position.leverage = order.mode, order.leverage
            self.fill(position, lots, order.price, MAKER_FEE)
        else:
            self.tell_wallet(order.spec.settle)
            if not position.lots:
                del self.positions[order.symbol, order.side]

    def trade_spot(self, pair: Symbol, quantity: float) -> None:
        """Buy (> 0) or sell a coin in a unified account; what is not there is borrowed."""
        listed, price = PAIRS[pair], self.board.prices.pair(pair)
        self.credit(listed.coin, quantity)
        self.credit(listed.quote, -quantity * price - abs(quantity) * price * SPOT_FEE)
        for coin in (listed.coin, listed.quote):
            self.tell_wallet(coin)

    # money

    def transfer(self, coin: Asset, amount: float) -> None:
        """Move money into the futures (or unified) account, or out of it (< 0)."""
        self.credit(coin, amount)
        self.write("TransferIn" if amount > 0.0 else "TransferOut", coin, amount, remark="Transferred")
        self.tell_wallet(coin)

    def deposit(self, coin: Asset, amount: float) -> None:
        """Put money in (> 0)."""
        self.transfer(coin, amount)

    def withdraw(self, coin: Asset, amount: float) -> None:
        """Take money out (> 0)."""
        self.transfer(coin, -amount)

    def steal(self, coin: Asset, amount: float) -> None:
        """Money is gone, and nothing tells of it."""
        self.credit(coin, -amount)

    def freeze(self, coin: Asset, amount: float) -> None:
        """Hold so much back, as for a transfer on its way."""
        self.hold[coin] = amount
        self.tell_wallet(coin)

    # settings

    def add_margin(self, symbol: Symbol, amount: float, *, side: str | None = None) -> None:
        """Move margin into an isolated position, or out of it (< 0). KeyError if there is none."""
        position = next(
            (p for p in self.open_positions() if p.symbol == symbol and p.isolated and side in (None, p.side)), None
        )
        if position is None:
            raise KeyError(symbol)
        if amount > 0.0:
            position.added = round(position.added + amount, 10)
        else:
            position.initial = round(position.initial + amount, 10)  # as the venue does: taken out of the first margin
        self.tell_position(position, Happened.MARGIN)
        self.tell_wallet(position.spec.settle)

    def set_margin_mode(self, symbol: Symbol, mode: str) -> None:
        """CROSS or ISOLATED; ValueError while something is held or rests."""
        busy = any(p.symbol == symbol for p in self.open_positions())
        if busy or any(o.symbol == symbol for o in self.orders.values()):
            raise ValueError(f"{symbol} has a position or an order: its margin mode stays")
        self.modes[symbol] = mode
        self.tell(Change(what=Happened.MODE, symbol=symbol, words=mode))

    def set_leverage(self, symbol: Symbol, leverage: float) -> None:
        """The leverage of cross margin: of what is held and what will be."""
        self.leverages[symbol] = leverage
        for position in self.open_positions():
            if position.symbol == symbol and not position.isolated:
                position.leverage = leverage
        self.tell(Change(what=Happened.LEVERAGE, symbol=symbol, numbers={"leverage": leverage}))
        self.tell_wallet(self.board.specs[symbol].settle)

    def set_hedge(self, on: bool) -> None:
        """Two records a contract, or one; ValueError while something is held or rests."""
        if self.open_positions() or self.orders:
            raise ValueError("the position mode stays while positions are open or orders rest")
        self.hedge = on

    def set_auto_deposit(self, symbol: Symbol, on: bool) -> None:
        """Whether an isolated position is topped up instead of liquidated."""
        for position in self.open_positions():
            if position.symbol == symbol and position.isolated:
                position.auto_deposit = on
                self.tell_position(position, Happened.AUTO_DEPOSIT)

    def set_risk_level(self, symbol: Symbol, level: int) -> None:
        """The risk-limit level of a contract; ValueError if there is none such or too much is held for it."""
        wanted = self.board.specs[symbol].level(level)
        held = [p for p in self.open_positions() if p.symbol == symbol and p.isolated]
        refused = any(abs(each.cost) > wanted.most for each in held)
        if not refused:
            self.levels[symbol] = level
            for each in held:
                each.level = level
        words = "Adjusted failed, position risk limit exceeded" if refused else ""
        numbers = {"level": float(level), "success": 0.0 if refused else 1.0}
        self.tell(Change(what=Happened.RISK_LEVEL, symbol=symbol, words=words, numbers=numbers))
        if refused:
            raise ValueError(f"{symbol}: level {level} allows {wanted.most:g}")
        for each in held:
            self.tell_position(each, Happened.MARGIN)

    def switch_kind(self, kind: str) -> None:
        """Go to the unified account, or back; ValueError while something is held or rests."""
        if self.open_positions() or self.orders:
            raise ValueError("the account mode stays while positions are open or orders rest")
        self.kind = kind
        self.modes.clear()

    # what the venue does

    def pay_funding(self, symbol: Symbol, rate: float) -> None:
        """Every position in a contract pays or gets its funding."""
        mark = self.board.prices.mark(symbol)
        for position in self.open_positions():
            if position.symbol != symbol:
                continue
            coin, now = position.spec.settle, self.time_ms()
            paid = round(position.sign * abs(position.worth(mark)) * rate, 10)
            self.credit(coin, -paid)
            if position.isolated:
                position.funding_paid = round(position.funding_paid + paid, 10)
            position.realised -= paid
            self.write("FundingFee" if self.is_unified else "RealisedPNL", coin, -paid, remark=symbol)
            self.payments.append(
                Payment(
                    int(self.new_id("funding")),
                    now,
                    symbol,
                    rate,
                    mark,
                    position.lots,
                    arithmetic.value(position.lots, position.spec.multiplier, mark),
                    -paid,
                    coin,
                    position.mode,
                    position.side,
                )
            )
            del self.payments[:-KEPT_BILLS]
            numbers = {"rate": rate, "mark": mark, "fee": -paid}
            self.tell(Change(what=Happened.FUNDING, position=position, symbol=symbol, numbers=numbers))
            self.tell_position(position, Happened.MARGIN)
            self.tell_wallet(coin)

    def lower_level(self, position: Position) -> float:
        """The venue lowers the risk limit of a position by one level; how many lots that level allows."""
        position.level -= 1
        self.levels[position.symbol] = position.level
        numbers = {"level": float(position.level), "success": 1.0}
        self.tell(Change(what=Happened.RISK_LEVEL, symbol=position.symbol, numbers=numbers))
        each = abs(position.cost / position.lots)
        return float(position.spec.level(position.level).most // each)

    def top_up(self, position: Position) -> float:
        """Pull what is free into an isolated position, once its first margin at most; how much that was."""
        coin = position.spec.settle
        free = self.futures(coin).available
        moved = round(min(free, abs(position.cost) / position.leverage), 10)
        if moved > 0.0:
            position.added = round(position.added + moved, 10)
            self.tell_position(position, Happened.MARGIN)
            self.tell_wallet(coin)
        return moved

    def absorb(self, coin: Asset) -> float:
        """The fund pays what a wallet lacks; how much that was."""
        lacks = max(0.0, -self.cash.get(coin, 0.0))
        if lacks:
            self.credit(coin, lacks)
            self.tell_wallet(coin)
        return lacks


__all__ = ["CROSS", "ISOLATED", "SimAccount"]
