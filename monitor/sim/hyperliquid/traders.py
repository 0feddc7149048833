"""Somebody who trades at random: positions open, grow, shrink, flip and close, on every dex that there is cash for."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import floor

from monitor.sim.hyperliquid.accounts import TAKER_RATE, SimAccount
from monitor.sim.hyperliquid.listing import Perp
from monitor.sim.hyperliquid.reading import Reading

COINS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "HYPE", "kPEPE", "xyz:GOLD", "xyz:TSLA", "flx:OIL")
LEVERAGES = (2, 3, 5, 10)


@dataclass(slots=True, kw_only=True)
class RandomTrader:
    """Trades one account, seeded; append it to `SimHyperliquid.traders`, or call it.

    Nothing is opened that the venue would refuse for want of margin. Each call trades with a chance of `eagerness`, by
    up to `most_usd` a trade; a position that has grown past three times that is reduced. New positions are isolated
    with a chance of `isolated_share`.
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
        board = self.account.board
        found = [coin for coin in self.symbols if coin in board.perps and not board.perps[coin].delisted]
        reading = Reading(self.account)
        return [coin for coin in found if reading.free(board.perps[coin].dex) > 0.0]

    def _granted(self, perp: Perp, size: float, leverage: int) -> float:
        """As much of a size as there is margin for, with its fee."""
        most = Reading(self.account).free(perp.dex) / (
            self.account.board.mark(perp.name) * (1.0 / leverage + TAKER_RATE)
        )
        step = 10.0**-perp.size_decimals
        return size if size <= most else round(floor(most / step) * step, perp.size_decimals)

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
            if held is None or held.size * direction > 0.0 or size > abs(held.size):
                # The leverage of a cross position may be put up to the greatest; an isolated one's is what it gets.
                isolated = alone or perp.mode != "" or (held is not None and held.leg is not None)
                own = times if held is None else held.leverage
                size = self._granted(perp, size, own if isolated and own is not None else perp.tiers[0][1])
        if size:
            account.trade(coin, direction * size, isolated=alone, leverage=times)
