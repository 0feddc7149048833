"""A simulated account at Bybit: what its owner can do, and which pushes the venue would send for it.

Amounts move first, pushes follow; prices moving pushes nothing. `holdings` may also be written directly: nothing tells
of that.
"""

from __future__ import annotations

from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit.holdings import MarginMode, SimOrder, SimPosition
from monitor.sim.bybit.ledger import LEGS, Ledger
from monitor.sim.bybit.listing import SPOT, SPOT_PAIRS

SPOT_FEE_RATE = 0.001


@dataclass(slots=True, kw_only=True)
class SimAccount(Ledger):
    """One account, in the hands of its owner."""

    # trading

    def trade(
        self,
        symbol: Symbol,
        quantity: float,
        *,
        price: float | None = None,
        side: str | None = None,
        leverage: float | None = None,
        fee_rate: float | None = None,
    ) -> SimPosition:
        """Buy (> 0) or sell (< 0) a contract or an option at `price` (default: the mark). In hedge mode `side` is LONG
        or SHORT. `leverage` sets the position first, without a push."""
        position = self.position(symbol, side)
        if leverage is not None:
            position.leverage = leverage
        self.fill(position, quantity, price, fee_rate, kind="Trade")
        return position

    def buy(self, symbol: Symbol, size: float, *, price: float | None = None, side: str | None = None) -> SimPosition:
        """Buy `size` (> 0)."""
        return self.trade(symbol, size, price=price, side=side)

    def sell(self, symbol: Symbol, size: float, *, price: float | None = None, side: str | None = None) -> SimPosition:
        """Sell `size` (> 0)."""
        return self.trade(symbol, -size, price=price, side=side)

    def close(self, symbol: Symbol, *, side: str | None = None, price: float | None = None) -> None:
        """Close a position whole, if there is one."""
        position = self.holdings.positions.get((symbol, LEGS[side]))
        if position is not None and position.size:
            self.fill(position, -position.sign * position.size, price, None, kind="Trade")

    def trade_spot(self, pair: Symbol, quantity: float, *, price: float | None = None) -> None:
        """Buy (> 0) or sell (< 0) a coin for another; what is not there is borrowed."""
        listed, prices = SPOT_PAIRS[pair], self.prices()
        paid = price or prices.usd_index(listed.coin) / prices.usd_index(listed.quote)
        fee = abs(quantity) * (paid if quantity < 0.0 else 1.0) * SPOT_FEE_RATE
        fee_coin = listed.coin if quantity > 0.0 else listed.quote
        for coin, amount in ((listed.coin, quantity), (listed.quote, -quantity * paid)):
            net = amount - (fee if coin == fee_coin else 0.0)
            self._change(coin, net)
            self._borrow_what_lacks(coin)
            self._write("TRADE", coin, net, symbol=pair, category=SPOT, size=abs(quantity), price=paid, fee=0.0)
        self._push_fill(SPOT, pair, quantity, paid, fee, SPOT_FEE_RATE, fee_coin, 0.0, "Trade")
        self.push_wallet()

    def place_order(
        self,
        symbol: Symbol,
        quantity: float,
        price: float,
        *,
        side: str | None = None,
        reduce_only: bool = False,
        spot: bool = False,
    ) -> SimOrder:
        """A resting limit order; it is filled when the mark reaches its price."""
        index = LEGS[side]
        if not spot:
            self.position(symbol, side)
        now = self.time_ms()
        order = SimOrder(
            id=self._id("order"),
            symbol=symbol,
            sign=1.0 if quantity > 0.0 else -1.0,
            size=abs(quantity),
            price=price,
            spot=spot,
            index=index,
            reduce_only=reduce_only,
            created_ms=now,
            updated_ms=now,
        )
        self.holdings.orders[order.id] = order
        self._push_order(order)
        return order

    def cancel(self, order_id: str) -> None:
        """Take a resting order back. KeyError if there is none."""
        order = self.holdings.orders.pop(order_id)
        order.status = "Cancelled"
        self._push_order(order)

    def fill_order(self, order: SimOrder) -> None:
        """The venue fills a resting order whole at its price."""
        self.holdings.orders.pop(order.id, None)
        order.status = "Filled"
        self._push_order(order)
        signed = order.sign * order.size
        if order.spot:
            self.trade_spot(order.symbol, signed, price=order.price)
            return
        position = self.holdings.positions[order.symbol, order.index]
        if order.reduce_only:
            signed = order.sign * min(order.size, position.size if position.sign != order.sign else 0.0)
        if signed:
            self.fill(position, signed, order.price, None, kind="Trade")

    # money and settings

    def transfer(self, coin: Asset, amount: float) -> None:
        """Deposit (> 0) or withdraw (< 0): the wallet is pushed."""
        self._change(coin, amount)
        self._write("TRANSFER_IN" if amount > 0.0 else "TRANSFER_OUT", coin, amount)
        self.push_wallet()

    def steal(self, coin: Asset, amount: float) -> None:
        """Take `amount` out of the wallet, and neither push anything nor write it into the log."""
        self._change(coin, -amount)

    def borrow(self, coin: Asset, amount: float) -> None:
        """Borrow a coin and keep it."""
        row = self.holdings.coin(coin)
        row.wallet, row.borrowed = round(row.wallet + amount, 8), round(row.borrowed + amount, 8)
        self.push_wallet()

    def repay(self, coin: Asset, amount: float | None = None) -> None:
        """Pay a loan back, as far as the wallet has it."""
        row = self.holdings.coin(coin)
        paid = min(row.borrowed, max(0.0, row.wallet), row.borrowed if amount is None else amount)
        row.wallet, row.borrowed = round(row.wallet - paid, 8), round(row.borrowed - paid, 8)
        self.push_wallet()

    def add_margin(self, symbol: Symbol, amount: float, *, side: str | None = None) -> None:
        """Add margin to an isolated position (negative: take some back)."""
        position = self.position(symbol, side)
        if self.mode is not MarginMode.ISOLATED:
            raise ValueError(f"{self.name} is not in isolated mode: no margin can be added to {symbol}")
        position.extra = round(position.extra + amount, 8)
        self._touch(position)
        self.push_position(position)
        self.push_wallet()

    def set_leverage(self, symbol: Symbol, leverage: float, *, side: str | None = None) -> None:
        """Change the leverage of a symbol (in hedge mode: of a leg): the position is pushed."""
        position = self.position(symbol, side)
        position.leverage = leverage
        self._touch(position)
        self.push_position(position)
        self.push_wallet()

    def set_mode(self, mode: MarginMode) -> None:
        """Change the margin mode of the whole account, which tells by no frame of its own. Margin added to isolated
        positions returns to the wallet. ValueError for portfolio margin while a leg of a hedged symbol is open, and for
        isolated margin while options or loans are."""
        if mode is MarginMode.PORTFOLIO and any(position.index for position in self.open_positions()):
            raise ValueError("portfolio margin has no hedge mode")
        if mode is MarginMode.ISOLATED:
            prices = self.prices()
            if any(position.symbol in prices.options for position in self.open_positions()):
                raise ValueError("isolated margin has no options")
            if any(coin.borrow_amount for coin in self.book(prices).coins.values()):
                raise ValueError("isolated margin has no loans")
        self.holdings.mode = mode
        for position in self.holdings.positions.values():
            position.extra = 0.0
            self._touch(position)
        for position in self.open_positions():
            self.push_position(position)
        self.push_wallet()

    def set_hedge(self, symbol: Symbol, on: bool) -> None:
        """Change the position mode of a linear symbol in USDT. ValueError while it is held, or for any other."""
        if any(position.symbol == symbol for position in self.open_positions()):
            raise ValueError(f"{symbol} is held: its position mode cannot change")
        prices = self.prices()
        if not prices.linear(symbol) or prices.settle(symbol) != "USDT":
            raise ValueError(f"{symbol} is one-way only")
        self.holdings.positions = {k: p for k, p in self.holdings.positions.items() if k[0] != symbol}
        self.hedged = self.hedged | {symbol} if on else self.hedged - {symbol}

    def set_collateral(self, coin: Asset, on: bool) -> None:
        """Let a coin count as collateral, or not."""
        self.holdings.coin(coin).backs = on
        self.push_wallet()
