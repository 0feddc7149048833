"""A simulated account at Bybit: what its owner can do, and which pushes the venue would send for it.

Amounts move first, pushes follow; prices moving pushes nothing. `holdings` may also be written directly: nothing tells
of that.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit import arithmetic, frames
from monitor.sim.bybit.book import Book, Limits
from monitor.sim.bybit.frames import Row
from monitor.sim.bybit.holdings import (
    BUY_LEG,
    ONE_WAY,
    SELL_LEG,
    Coin,
    Holdings,
    MarginMode,
    SimOrder,
    SimPosition,
)
from monitor.sim.bybit.listing import INVERSE, LINEAR, OPTION, SPOT, SPOT_PAIRS
from monitor.sim.bybit.prices import Prices
from monitor.sim.text import bare

KEPT_LOG = 20_000  #: rows of the transaction log
SPOT_FEE_RATE, OPTION_FEE_RATE = 0.001, 0.0003
LEGS = {None: ONE_WAY, "LONG": BUY_LEG, "SHORT": SELL_LEG}

READ_ONLY: Mapping[str, list[str]] = {
    "ContractTrade": [],
    "Spot": [],
    "Wallet": [],
    "Options": [],
    "Derivatives": [],
    "CopyTrading": [],
    "BlockTrade": [],
    "Exchange": [],
    "NFT": [],
    "Affiliate": [],
    "Earn": [],
}


@dataclass(slots=True)
class Key:
    """An API key. `expires` in seconds since 1970, None: never, as keys bound to an address are."""

    key: str
    secret: str
    read_only: bool = True
    permissions: dict[str, list[str]] = field(default_factory=lambda: {k: list(v) for k, v in READ_ONLY.items()})
    ips: list[str] = field(default_factory=lambda: ["203.0.113.7"])
    expires: float | None = None
    dead: bool = False


@dataclass(slots=True, kw_only=True)
class SimAccount:
    """One account. `pushes` are called with (topic, rows) of the private socket."""

    name: str
    api: Key
    prices: Callable[[], Prices]
    time_ms: Callable[[], int]
    holdings: Holdings = field(default_factory=Holdings)
    hedged: set[Symbol] = field(default_factory=set)  #: symbols in hedge mode
    limits: Limits = field(default_factory=dict)  #: shared with the venue: risk-limit tables that were changed
    pushes: list[Callable[[str, list[Row]], None]] = field(default_factory=list)
    heard: Callable[[], bool] = lambda: True  #: whether anybody listens: rows that nobody gets are not worked out
    log: deque[Row] = field(default_factory=lambda: deque(maxlen=KEPT_LOG))  #: transaction log, oldest first
    numbers: int = 0

    @property
    def key(self) -> str:
        """The API key."""
        return self.api.key

    @property
    def secret(self) -> str:
        """Its secret."""
        return self.api.secret

    @property
    def mode(self) -> MarginMode:
        """The margin mode."""
        return self.holdings.mode

    def book(self, prices: Prices | None = None) -> Book:
        """All figures, at the prices of now."""
        return Book(self.holdings, prices or self.prices(), self.limits)

    def wallet(self, coin: Asset) -> float:
        """The wallet balance of a coin."""
        return self.holdings.coin(coin).wallet

    def open_positions(self) -> list[SimPosition]:
        """All with a size."""
        return self.holdings.open_positions()

    def position(self, symbol: Symbol, side: str | None = None) -> SimPosition:
        """A position, made flat when it is new. ValueError for a leg that the symbol's mode has not."""
        leg = LEGS[side]
        if (leg == ONE_WAY) == (symbol in self.hedged):
            raise ValueError(f"{symbol} is{'' if symbol in self.hedged else ' not'} in hedge mode: side {side}")
        legs = (leg,) if leg == ONE_WAY else (BUY_LEG, SELL_LEG)
        for each in legs:  # the venue tells of both legs as soon as there is one
            if (symbol, each) not in self.holdings.positions:
                sign = -1.0 if each == SELL_LEG else 1.0
                made = SimPosition(symbol=symbol, index=each, sign=sign, created_ms=self.time_ms())
                self.holdings.positions[symbol, each] = made
        return self.holdings.positions[symbol, leg]

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
        positions returns to the wallet. ValueError where a leg of a hedged symbol is open and portfolio margin is
        wanted."""
        if mode is MarginMode.PORTFOLIO and any(position.index for position in self.open_positions()):
            raise ValueError("portfolio margin has no hedge mode")
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

    # used by the venue

    def fill(
        self, position: SimPosition, quantity: float, price: float | None, fee_rate: float | None, *, kind: str
    ) -> float:
        """Change a position by `quantity` (signed) at `price` (default: the mark); returns the realised profit."""
        prices, symbol = self.prices(), position.symbol
        category, mark, settle = prices.category(symbol), prices.mark(symbol), prices.settle(symbol)
        paid = round(mark if price is None else price, 8)
        size, sign = abs(quantity), 1.0 if quantity > 0.0 else -1.0
        rate = self._fee_rate(prices, symbol) if fee_rate is None else fee_rate
        worth = arithmetic.value(category == INVERSE, size, paid)
        fee = worth * rate if category != OPTION else size * min(rate * prices.index(symbol), 0.07 * paid)
        closed = min(size, position.size) if position.size and position.sign != sign else 0.0
        profit = self._realise(position, closed, paid, sign, category) if closed else 0.0
        self._open(position, size - closed, paid, sign, category)
        cash = profit - (sign * size * paid + profit if category == OPTION else 0.0)
        self._change(settle, cash - fee)
        self.holdings.coin(settle).realised += profit - fee
        position.realised += profit - fee
        self._touch(position)
        words = {"Trade": "TRADE", "AdlTrade": "ADL", "BustTrade": "LIQUIDATION", "Delivery": "DELIVERY"}
        self._write(words[kind], settle, cash - fee, symbol=symbol, category=category, size=size, price=paid, fee=fee)
        self._push_fill(category, symbol, quantity, paid, fee, rate, settle, closed, kind)
        self.push_position(position)
        self.push_wallet()
        if category == OPTION:
            self.push_greeks(prices.coin(symbol))
        return profit

    def pay_funding(self, symbol: Symbol, rate: float) -> None:
        """Longs pay `rate` of the value at the mark to shorts."""
        prices = self.prices()
        for position in self.open_positions():
            if position.symbol != symbol:
                continue
            worth = arithmetic.value(prices.inverse(symbol), position.size, prices.mark(symbol))
            amount = round(-position.sign * worth * rate, 8)
            settle = prices.settle(symbol)
            self._change(settle, amount)
            self._write(
                "SETTLEMENT",
                settle,
                amount,
                symbol=symbol,
                category=prices.category(symbol),
                size=position.size,
                price=prices.mark(symbol),
                funding=amount,
            )
            self._push_fill(
                prices.category(symbol),
                symbol,
                position.sign * position.size,
                prices.mark(symbol),
                -amount,
                rate,
                settle,
                0.0,
                "Funding",
            )
            self.push_wallet()

    def settle_session(self, symbol: Symbol) -> None:
        """Profit of a contract in USDC is paid out; it counts from the mark of now on."""
        prices = self.prices()
        for position in self.open_positions():
            if position.symbol != symbol:
                continue
            mark, settle = prices.mark(symbol), prices.settle(symbol)
            amount = round(self.book(prices).profit(position), 8)
            position.session_entry = mark
            self._change(settle, amount)
            self._write("SETTLEMENT", settle, amount, symbol=symbol, category=LINEAR, size=position.size, price=mark)
            self._touch(position)
            self.push_position(position)
            self.push_wallet()

    def convert(self, sold: Asset, amount: float, bought: Asset, gained: float) -> None:
        """The venue exchanges coins to pay a debt: the wallet is pushed."""
        for coin, change in ((sold, -amount), (bought, gained)):
            self._change(coin, change)
            self._write("CURRENCY_BUY" if change > 0.0 else "CURRENCY_SELL", coin, change)
        self.push_wallet()

    def absorb_deficit(self, coin: Asset) -> float:
        """The insurance fund fills a wallet that is below zero; returns what it paid."""
        lacking = max(0.0, -self.wallet(coin))
        if lacking:
            self._change(coin, lacking)
            self._write("BONUS", coin, lacking)
            self.push_wallet()
        return lacking

    def forget(self, symbol: Symbol) -> None:
        """Drop closed positions and orders of a contract that is no more."""
        self.holdings.positions = {k: p for k, p in self.holdings.positions.items() if k[0] != symbol}
        self.holdings.orders = {k: o for k, o in self.holdings.orders.items() if o.symbol != symbol}
        self.hedged.discard(symbol)

    # pushes

    def push(self, topic: str, rows: list[Row]) -> None:
        """Send rows of a topic."""
        for each in self.pushes:
            each(topic, rows)

    def push_wallet(self) -> None:
        """The wallet as it is now: the venue sends it when a balance changes, never when a price does."""
        if self.heard():
            self.push("wallet", [frames.wallet_row(self.book())])

    def push_position(self, position: SimPosition) -> None:
        """A position as it is now."""
        if self.heard():
            self.push("position", [frames.position_row(self.book(), position, pushed=True)])

    def push_greeks(self, coin: Asset) -> None:
        """The greeks of all options of a coin."""
        if not self.heard():
            return
        prices = self.prices()
        held = [p for p in self.open_positions() if p.symbol in prices.options and prices.coin(p.symbol) == coin]
        self.push("greeks", [frames.greeks_row(coin, held, prices)])

    # inside

    def _fee_rate(self, prices: Prices, symbol: Symbol) -> float:
        return OPTION_FEE_RATE if symbol in prices.options else self.holdings.fee(symbol)

    def _realise(self, position: SimPosition, closed: float, paid: float, sign: float, category: str) -> float:
        since = position.session_entry or position.entry
        profit = arithmetic.profit(category == INVERSE, closed, since, paid, -sign)
        position.extra = round(position.extra * (1.0 - closed / position.size), 8)
        position.size = round(position.size - closed, 8)
        if not position.size:
            position.entry = position.session_entry = position.extra = 0.0
        return profit

    def _open(self, position: SimPosition, size: float, paid: float, sign: float, category: str) -> None:
        if size <= 0.0:
            return
        if not position.size:
            position.sign, position.created_ms, position.realised = sign, self.time_ms(), 0.0
            position.session_entry = 0.0
        held, inverse = position.size, category == INVERSE
        position.entry = _averaged(inverse, held, position.entry, size, paid)
        if position.session_entry:
            position.session_entry = _averaged(inverse, held, position.session_entry, size, paid)
        position.size = round(held + size, 8)

    def _change(self, coin: Asset, amount: float) -> None:
        row = self.holdings.coin(coin)
        row.wallet = round(row.wallet + amount, 8)

    def _borrow_what_lacks(self, coin: Asset) -> None:
        row = self.holdings.coins.setdefault(coin, Coin())
        if row.wallet < 0.0:
            row.borrowed, row.wallet = round(row.borrowed - row.wallet, 8), 0.0

    def _touch(self, position: SimPosition) -> None:
        position.updated_ms = max(self.time_ms(), position.updated_ms + 1)

    def _id(self, what: str) -> str:
        self.numbers += 1
        digest = hashlib.sha256(f"{self.name} {what} {self.numbers}".encode()).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[12:15]}-8{digest[15:18]}-{digest[18:30]}"

    def _push_order(self, order: SimOrder) -> None:
        order.updated_ms = max(self.time_ms(), order.updated_ms)
        category = SPOT if order.spot else self.prices().category(order.symbol)
        self.push("order", [frames.order_row(order, category)])
        if not order.spot:
            self.push_position(self.holdings.positions[order.symbol, order.index])
        self.push_wallet()

    def _push_fill(
        self,
        category: str,
        symbol: Symbol,
        quantity: float,
        paid: float,
        fee: float,
        rate: float,
        coin: Asset,
        closed: float,
        kind: str,
    ) -> None:
        row = frames.execution_row(
            category=category,
            symbol=symbol,
            sign=1.0 if quantity > 0.0 else -1.0,
            size=abs(quantity),
            price=paid,
            mark=self.prices().mark(symbol) if category != SPOT else paid,
            fee=fee,
            fee_rate=rate,
            fee_coin=coin,
            closed=closed,
            kind=kind,
            order_id=self._id("fill"),
            number=self.numbers,
            time_ms=self.time_ms(),
        )
        self.push("execution", [row])

    def _write(
        self,
        kind: str,
        coin: Asset,
        change: float,
        *,
        symbol: Symbol = "",
        category: str = "",
        size: float = 0.0,
        price: float = 0.0,
        fee: float = 0.0,
        funding: float | None = None,
    ) -> None:
        row: dict[str, Any] = {
            "id": f"592324_{coin}_{len(self.log) + 1}_{self.numbers}",
            "symbol": symbol,
            "category": category,
            "side": "None",
            "transactionTime": str(self.time_ms()),
            "type": kind,
            "transSubType": "",
            "qty": bare(size),
            "size": bare(size),
            "currency": coin,
            "tradePrice": bare(price) if price else "",
            "funding": "" if funding is None else bare(funding),
            "fee": bare(fee),
            "cashFlow": bare(change - (funding or 0.0) + fee),
            "change": bare(change),
            "cashBalance": bare(self.wallet(coin)),
            "feeRate": "",
            "bonusChange": "",
            "tradeId": self._id("trade"),
            "orderId": "",
            "orderLinkId": "",
            "extraFees": "",
        }
        self.log.append(row)


def _averaged(inverse: bool, held: float, entry: float, size: float, paid: float) -> float:
    """The entry of two amounts together: by coins for inverse contracts."""
    if not held:
        return paid
    if inverse:
        return round((held + size) / (held / entry + size / paid), 8)
    return round((held * entry + size * paid) / (held + size), 8)


def credentials(name: str) -> tuple[str, str]:
    """A made-up API key (18 characters) and secret (36), the same for the same name."""
    key, secret = (hashlib.sha256(f"bybit {name} {what}".encode()).hexdigest() for what in ("key", "secret"))
    return key[:18], secret[:36]
