"""Somebody who trades at random: positions open, grow, shrink, flip and close, orders rest, coins are borrowed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.holdings import CROSS, ISOLATED, LONG, SHORT
from monitor.sim.kucoin.text import decimals

SYMBOLS = ("XBTUSDTM", "ETHUSDTM", "SOLUSDTM", "DOGEUSDTM")
LOANS: tuple[tuple[Asset, Symbol], ...] = (("BTC", "BTC-USDT"), ("ETH", "ETH-USDT"), ("DOGE", "DOGE-USDT"))
LEVERAGES = (3.0, 5.0, 10.0, 20.0)
MOST_DEBT_RATIO = 0.7  #: nobody borrows beyond


@dataclass(slots=True, kw_only=True)
class RandomTrader:
    """Trades one account, seeded; append it to `SimKucoin.traders`, or call it.

    Each call trades with a chance of `eagerness`, by up to `most_usd` a trade; a position that has grown past three
    times that is reduced. New positions of a classic account are isolated with a chance of `isolated_share`; an order
    is left resting, or taken back, with a chance of `resting_share`. Who has margin accounts trades there with a chance
    of `loan_share`.
    """

    account: SimAccount
    seed: int = 1
    eagerness: float = 0.2
    most_usd: float = 5_000.0
    isolated_share: float = 0.3
    resting_share: float = 0.15
    loan_share: float = 0.3
    symbols: tuple[Symbol, ...] = SYMBOLS
    most_orders: int = 5
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def __call__(self) -> None:
        """Perhaps trade."""
        if self._dice.random() < self.eagerness:
            self.trade()

    def trade(self) -> None:
        """Do one thing, unless the lot of the contract makes it nothing."""
        if self._dice.random() < self.loan_share and (self.account.margin.coins or self.account.isolated):
            self._trade_loans()
        elif not self._affordable():
            return  # ruined
        elif self._dice.random() < self.resting_share:
            self._rest()
        else:
            self._trade_contracts()

    def _affordable(self) -> tuple[Symbol, ...]:
        """Contracts that the account has a margin for."""
        specs, account = self.account.board.specs, self.account
        listed = [symbol for symbol in self.symbols if symbol in specs]
        if account.is_unified:
            return tuple(listed) if account.unified().adjusted > 0.0 else ()
        return tuple(symbol for symbol in listed if account.cash.get(specs[symbol].settle, 0.0) > 0.0)

    def _lots(self, symbol: Symbol, usd: float) -> float:
        spec, prices = self.account.board.specs[symbol], self.account.board.prices
        each = 1.0 if spec.inverse else spec.multiplier * prices.usd(spec.coin)
        return float(round(usd / each))

    def _trade_contracts(self) -> None:
        dice, account = self._dice, self.account
        symbol = dice.choice(self._affordable())
        side = dice.choice((LONG, SHORT)) if account.hedge else None
        position = account.positions.get((symbol, side or "BOTH"))
        held = position.lots if position is not None else 0.0
        lots, most = self._lots(symbol, dice.uniform(0.1, 1.0) * self.most_usd), self._lots(symbol, 3.0 * self.most_usd)
        direction = {LONG: 1.0, SHORT: -1.0, None: dice.choice((1.0, -1.0))}[side]
        if abs(held) > most or (held and dice.random() < 0.3):
            direction = -1.0 if held > 0.0 else 1.0
            lots = abs(held) if dice.random() < 0.3 else min(lots, abs(held))
        if lots:
            fresh = not any(each.symbol == symbol for each in account.open_positions())
            mode = None
            if fresh and not account.is_unified:
                mode = ISOLATED if dice.random() < self.isolated_share else CROSS
            account.trade(symbol, direction * lots, side=side, mode=mode, leverage=dice.choice(LEVERAGES))

    def _rest(self) -> None:
        """Leave an order a little away from the mark, or take the oldest one back."""
        dice, account = self._dice, self.account
        if len(account.orders) >= self.most_orders or (account.orders and dice.random() < 0.4):
            account.cancel(next(iter(account.orders)))
            return
        symbol, direction = dice.choice(self._affordable()), dice.choice((1.0, -1.0))
        away = 1.0 - direction * dice.uniform(0.005, 0.05)
        price = round(account.board.prices.mark(symbol) * away, decimals(account.board.specs[symbol].tick))
        lots = self._lots(symbol, dice.uniform(0.1, 1.0) * self.most_usd)
        if lots:
            side = (LONG if direction > 0.0 else SHORT) if account.hedge else None
            account.place(symbol, direction * lots, price, side=side)

    def _trade_loans(self) -> None:
        """Buy or sell a coin with borrowed ones, or pay some of it back."""
        dice, account = self._dice, self.account
        coin, pair = dice.choice(LOANS)
        where = pair if pair in account.isolated and (dice.random() < 0.5 or not account.margin.coins) else None
        if where is None and not account.margin.coins:
            return
        purse = account.purse(where)
        if account.debt_ratio(where) > MOST_DEBT_RATIO or dice.random() < 0.3:
            for name in [name for name, held in purse.coins.items() if held.owed and held.total]:
                account.repay(name, pair=where)
            return
        amount = round(dice.uniform(-1.0, 1.0) * 0.2 * self.most_usd / account.board.prices.usd(coin), 6)
        if amount:
            account.trade_margin(pair, amount, isolated=where is not None)
