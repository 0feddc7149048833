"""Somebody who trades at random: positions open, grow, shrink, flip and close, on every dex that there is cash for."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from monitor.sim.hyperliquid.accounts import SimAccount
from monitor.sim.hyperliquid.listing import COLLATERAL
from monitor.sim.hyperliquid.reading import Reading

COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "HYPE", "kPEPE", "xyz:GOLD", "xyz:TSLA", "flx:OIL")
LEVERAGES = (2, 3, 5, 10)


@dataclass(slots=True, kw_only=True)
class RandomTrader:
    """Trades one account, seeded; append it to `SimHyperliquid.traders`, or call it.

    Each call trades with a chance of `eagerness`, by up to `most_usd` a trade; a position that has grown past three
    times that is reduced. New positions are isolated with a chance of `isolated_share`.
    """

    account: SimAccount
    seed: int = 1
    eagerness: float = 0.2
    most_usd: float = 5_000.0
    isolated_share: float = 0.3
    symbols: tuple[str, ...] = COINS
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    def __call__(self) -> None:
        """Perhaps trade."""
        if self._dice.random() < self.eagerness:
            self.trade()

    def _affordable(self) -> list[str]:
        """The coins whose dex has some cash to trade with."""
        reading, board = Reading(self.account), self.account.board
        found = [coin for coin in self.symbols if coin in board.perps and not board.perps[coin].delisted]
        if self.account.pooled:
            return [c for c in found if reading.available(COLLATERAL[board.perps[c].dex]) > 0.0]
        return [c for c in found if reading.value(board.perps[c].dex) > 0.0]

    def trade(self) -> None:
        """Do one thing, unless the account is ruined."""
        dice, account = self._dice, self.account
        coins = self._affordable()
        if not coins:
            return
        coin = dice.choice(coins)
        perp, mark = account.board.perps[coin], account.board.mark(coin)
        held = account.positions.get(coin)
        size = round(dice.uniform(0.1, 1.0) * self.most_usd / mark, perp.size_decimals)
        direction = dice.choice((1.0, -1.0))
        if held is not None and (abs(held.size) * mark > 3.0 * self.most_usd or dice.random() < 0.3):
            direction = -1.0 if held.size > 0.0 else 1.0
            size = abs(held.size) if dice.random() < 0.3 else min(size, abs(held.size))
        if size:
            alone = held is None and dice.random() < self.isolated_share
            times = min(dice.choice(LEVERAGES), perp.tiers[0][1]) if held is None else None
            account.trade(coin, direction * size, isolated=alone, leverage=times)
