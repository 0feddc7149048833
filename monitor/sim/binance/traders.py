"""Somebody who trades at random: positions open, grow, shrink, flip and close, cross and isolated, in any mode."""

from __future__ import annotations

import random

from monitor.domain.names import Symbol
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.positions import BOTH, LONG, SHORT

SYMBOLS: tuple[Symbol, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT", "1000SHIBUSDT", "BTCUSDC")


class RandomTrader:
    """Trades one account, seeded; append it to `SimBinance.traders`, or call it.

    Each call trades with a chance of `eagerness`, by up to `most_notional` (in the quote asset) a trade; a position
    that has grown past three times that is reduced. New symbols are isolated with a chance of `isolated_share`, which
    an account in multi-assets mode never does.
    """

    def __init__(
        self,
        account: SimAccount,
        *,
        seed: int = 1,
        eagerness: float = 0.2,
        most_notional: float = 5_000.0,
        isolated_share: float = 0.4,
        symbols: tuple[Symbol, ...] = SYMBOLS,
    ) -> None:
        self.account, self.symbols = account, symbols
        self.eagerness, self.most_notional, self.isolated_share = eagerness, most_notional, isolated_share
        self._random = random.Random(seed)
        self._settled: set[Symbol] = set()

    def settle_anew(self) -> None:
        """Choose margin types and leverages again: the account's mode has changed, or symbols have."""
        self._settled.clear()

    def __call__(self) -> None:
        """Perhaps trade."""
        if self._random.random() < self.eagerness:
            self.trade()

    def trade(self) -> None:
        """Trade once, unless the step size of the symbol makes it nothing."""
        dice, account = self._random, self.account
        symbol = dice.choice(self.symbols)
        self._settle(symbol)
        side = dice.choice((LONG, SHORT)) if account.hedge else BOTH
        position = account.positions.get((symbol, side))
        held = position.quantity if position is not None else 0.0
        mark = account.market.mark(symbol)
        decimals = len(account.market.contracts[symbol].step_size.partition(".")[2])
        quantity = round(dice.uniform(0.1, 1.0) * self.most_notional / mark, decimals)
        direction = {LONG: 1.0, SHORT: -1.0, BOTH: dice.choice((1.0, -1.0))}[side]
        if abs(held) * mark > 3.0 * self.most_notional or (held and dice.random() < 0.3):
            direction = -1.0 if held > 0.0 else 1.0
            quantity = abs(held) if dice.random() < 0.3 else min(quantity, abs(held))
        if quantity:
            account.trade(symbol, direction * quantity, side=side)

    def _settle(self, symbol: Symbol) -> None:
        """Choose margin type and leverage of a symbol, once, before its first trade: never while it is held."""
        if symbol in self._settled:
            return
        self._settled.add(symbol)
        if any(position.symbol == symbol for position in self.account.open_positions()):
            return
        setting = self.account.setting(symbol)
        setting.leverage = self._random.choice((3, 5, 10, 20))
        setting.isolated = not self.account.multi_assets and self._random.random() < self.isolated_share
