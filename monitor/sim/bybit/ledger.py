"""The books of a simulated account at Bybit: what fills, funding and settlements do to it, and what is pushed of that.

Amounts move first, pushes follow; prices moving pushes nothing.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable
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
from monitor.sim.bybit.keys import Key
from monitor.sim.bybit.listing import INVERSE, LINEAR, OPTION, SPOT
from monitor.sim.bybit.prices import Prices
from monitor.sim.text import bare

KEPT_LOG = 1_000  #: rows of the transaction log
OPTION_FEE_RATE = 0.0003
LEGS = {None: ONE_WAY, "LONG": BUY_LEG, "SHORT": SELL_LEG}


@dataclass(slots=True, kw_only=True)
class Ledger:
    """One account as the venue keeps it. `pushes` are called with (topic, rows) of the private socket."""

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

    def pay_interest(self, coin: Asset, amount: float) -> None:
        """The hour's interest on what is owed of a coin."""
        paid = round(amount, 8)
        if paid:
            self._change(coin, -paid)
            self._write("INTEREST", coin, -paid)
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
