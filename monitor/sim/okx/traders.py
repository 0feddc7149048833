"""Somebody who trades at random: positions open, grow, shrink, flip and close, in whatever the account's level has."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.books import CASH
from monitor.sim.okx.holdings import Level
from monitor.sim.okx.positions import CROSS, ISOLATED, LONG, NET, SHORT
from monitor.sim.okx.text import decimals

SWAPS = ("BTC-USDT-SWAP", "ETH-USDT-SWAP", "SOL-USDT-SWAP", "XRP-USDT-SWAP", "DOGE-USDT-SWAP")
PAIRS = ("BTC-USDT", "ETH-USDT", "SOL-USDT")
LEVERS = (3.0, 5.0, 10.0, 20.0)


@dataclass(slots=True, kw_only=True)
class RandomTrader:
    """Trades one account, seeded; append it to `SimOkx.traders`, or call it.

    Each call trades with a chance of `eagerness`, by up to `most_usd` a trade; a position that has grown past three
    times that is reduced. New positions are isolated with a chance of `isolated_share` where the level has such; an
    order is left resting, or taken back, with a chance of `resting_share`. In spot mode coins are bought and sold.
    """

    account: SimAccount
    seed: int = 1
    eagerness: float = 0.2
    most_usd: float = 5_000.0
    isolated_share: float = 0.3
    resting_share: float = 0.15
    symbols: tuple[str, ...] = SWAPS
    pairs: tuple[str, ...] = PAIRS
    most_orders: int = 5
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def __call__(self) -> None:
        """Perhaps trade."""
        if self._dice.random() < self.eagerness:
            self.trade()

    def trade(self) -> None:
        """Do one thing, unless the lot of the instrument makes it nothing."""
        if self.account.level is Level.SPOT:
            self._trade_spot()
        elif not self._affordable():
            return  # ruined
        elif self._dice.random() < self.resting_share:
            self._rest()
        else:
            self._trade_contracts()

    def _size(self, name: str, usd: float) -> float:
        """How many contracts, or coins of a pair, an amount buys."""
        instrument, prices = self.account.board.find(name), self.account.board.prices
        worth = prices.usd(instrument.coin) * (instrument.face if instrument.ct_val else 1.0)
        each = instrument.face if instrument.inverse else worth
        return round(usd / each, min(8, decimals(instrument.lot)))

    def _affordable(self) -> tuple[str, ...]:
        """The instruments that the account has a margin for: in futures mode something of their own currency."""
        account = self.account
        if account.level is not Level.FUTURES:
            return self.symbols
        found = (account.board.find(name) for name in self.symbols)
        return tuple(each.name for each in found if account.cash.get(account.settles(each), 0.0) > 0.0)

    def _mode_of(self, name: str, side: str) -> str:
        """The margin mode that is held already; else one by chance."""
        for mode in (CROSS, ISOLATED):
            if (name, mode, side) in self.account.positions:
                return mode
        isolated = self.account.level is Level.FUTURES and self._dice.random() < self.isolated_share
        return ISOLATED if isolated else CROSS

    def _trade_contracts(self) -> None:
        dice, account = self._dice, self.account
        name = dice.choice(self._affordable())
        side = dice.choice((LONG, SHORT)) if account.hedge else NET
        mode = self._mode_of(name, side)
        position = account.positions.get((name, mode, side))
        held = position.contracts if position is not None else 0.0
        size, most = self._size(name, dice.uniform(0.1, 1.0) * self.most_usd), self._size(name, 3.0 * self.most_usd)
        direction = {LONG: 1.0, SHORT: -1.0, NET: dice.choice((1.0, -1.0))}[side]
        if abs(held) > most or (held and dice.random() < 0.3):
            direction = -1.0 if held > 0.0 else 1.0
            size = abs(held) if dice.random() < 0.3 else min(size, abs(held))
        if size:
            lever = dice.choice(LEVERS) if not held else None
            account.trade(name, direction * size, mode=mode, side=None if side == NET else side, lever=lever)

    def _rest(self) -> None:
        """Leave an order a little away from the mark, or take the oldest one back."""
        dice, account = self._dice, self.account
        if len(account.orders) >= self.most_orders or (account.orders and dice.random() < 0.4):
            account.cancel(next(iter(account.orders)))
            return
        name, direction = dice.choice(self._affordable()), dice.choice((1.0, -1.0))
        away = 1.0 - direction * dice.uniform(0.005, 0.05)
        price = round(account.board.mark(name) * away, decimals(account.board.find(name).tick))
        size = self._size(name, dice.uniform(0.1, 1.0) * self.most_usd)
        if size:
            side = (LONG if direction > 0.0 else SHORT) if account.hedge else None
            account.place(name, direction * size, price, mode=self._mode_of(name, side or NET), side=side)

    def _trade_spot(self) -> None:
        dice, account = self._dice, self.account
        pair = dice.choice(self.pairs)
        coin = account.board.find(pair).coin
        size = self._size(pair, dice.uniform(0.1, 1.0) * self.most_usd)
        if dice.random() < 0.5:
            size = -size
        owned = account.cash.get(coin, 0.0) if size < 0.0 else account.cash.get("USDT", 0.0) / account.board.mark(pair)
        if not account.borrows and abs(size) > owned:
            return
        if size and dice.random() < self.resting_share and len(account.orders) < self.most_orders:
            away = 1.0 + (0.02 if size < 0.0 else -0.02)
            account.place(pair, size, account.board.mark(pair) * away, mode=CASH)
        elif size:
            account.trade_spot(pair, size)
