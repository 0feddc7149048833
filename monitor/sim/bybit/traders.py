"""Somebody who trades at Bybit at random: contracts, options and coins, orders that rest, in any mode."""

from __future__ import annotations

import random

from monitor.domain.names import Symbol
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.holdings import BUY_LEG, ONE_WAY, SELL_LEG, MarginMode

SYMBOLS: tuple[Symbol, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "BTCPERP", "ETHPERP", "BTCUSD", "ETHUSD")
LEVERAGES = (3.0, 5.0, 10.0, 20.0)
MOST_ORDERS = 6
SIDES = {ONE_WAY: None, BUY_LEG: "LONG", SELL_LEG: "SHORT"}


class RandomTrader:
    """Trades one account, seeded; append it to `SimBybit.traders`, or call it.

    Each call trades with a chance of `eagerness`, by up to `most_usd` a trade; a position that has grown past three
    times that is reduced. `options_share`, `orders_share` and `spot_share` of its deeds are of that kind; isolated
    accounts get neither options nor spot trades.
    """

    def __init__(
        self,
        account: SimAccount,
        *,
        seed: int = 1,
        eagerness: float = 0.2,
        most_usd: float = 5_000.0,
        options_share: float = 0.1,
        orders_share: float = 0.2,
        spot_share: float = 0.1,
        symbols: tuple[Symbol, ...] = SYMBOLS,
    ) -> None:
        self.account, self.symbols = account, symbols
        self.eagerness, self.most_usd = eagerness, most_usd
        self._shares = (options_share, orders_share, spot_share)
        self._random = random.Random(seed)

    def __call__(self) -> None:
        """Perhaps trade."""
        if self._random.random() < self.eagerness:
            self.trade()

    def trade(self) -> None:
        """Do one deed."""
        options, orders, spot = self._shares
        chosen, isolated = self._random.random(), self.account.mode is MarginMode.ISOLATED
        if chosen < orders:
            self._order()
        elif chosen < orders + options and not isolated:
            self._option()
        elif chosen < orders + options + spot and not isolated:
            self._spot()
        else:
            self._contract()

    def _size(self, symbol: Symbol) -> float:
        """A random size, in the contract's steps; 0 where the steps are too coarse."""
        prices = self.account.prices()
        usd = self._random.uniform(0.1, 1.0) * self.most_usd
        if prices.inverse(symbol):
            return float(round(usd))
        decimals = len(prices.contract(symbol).step_size.partition(".")[2])
        return round(usd / prices.mark(symbol), decimals)

    def _contract(self) -> None:
        symbol = self._random.choice(self.symbols)
        leg = self._random.choice((BUY_LEG, SELL_LEG)) if symbol in self.account.hedged else ONE_WAY
        position = self.account.position(symbol, SIDES[leg])
        if not position.size:
            position.leverage = self._random.choice(LEVERAGES)
        size = self._size(symbol)
        sign = {BUY_LEG: 1.0, SELL_LEG: -1.0}.get(leg, self._random.choice((1.0, -1.0)))
        prices = self.account.prices()
        worth = self.account.book(prices).worth(position) * prices.usd_index(prices.settle(symbol))
        if worth > 3.0 * self.most_usd or (position.size and self._random.random() < 0.3):
            sign = -position.sign
            size = position.size if self._random.random() < 0.3 else min(size, position.size)
        if size:
            self.account.trade(symbol, sign * size, side=SIDES[leg])

    def _option(self) -> None:
        prices = self.account.prices()
        symbol = self._random.choice(sorted(prices.options))
        size = round(self._random.uniform(0.05, 0.3) * self.most_usd / prices.index(symbol), 2)
        held = self.account.position(symbol)
        sign = -held.sign if held.size else self._random.choice((1.0, -1.0))
        if held.size:
            size = held.size
        if size:
            self.account.trade(symbol, sign * size)

    def _spot(self) -> None:
        """Sell for dollars a part of a coin that is there, or buy some."""
        coin = self._random.choice(("BTC", "ETH", "SOL"))
        prices, have = self.account.prices(), max(0.0, self.account.wallet(coin))
        amount = 0.1 * self.most_usd / prices.usd_index(coin)
        quantity = -0.2 * have if have and self._random.random() < 0.5 else amount
        self.account.trade_spot(f"{coin}USDT", round(quantity, 6))

    def _order(self) -> None:
        """Place an order a little away from the mark, or take one back."""
        resting = self.account.holdings.orders
        if len(resting) >= MOST_ORDERS or (resting and self._random.random() < 0.4):
            self.account.cancel(self._random.choice(sorted(resting)))
            return
        symbol = self._random.choice(self.symbols)
        sign, size = self._random.choice((1.0, -1.0)), self._size(symbol)
        mark = self.account.prices().mark(symbol)
        price = round(mark * (1.0 - sign * self._random.uniform(0.002, 0.03)), 4)
        leg = {1.0: BUY_LEG, -1.0: SELL_LEG}[sign] if symbol in self.account.hedged else ONE_WAY
        if size:
            self.account.place_order(symbol, sign * size, price, side=SIDES[leg])
