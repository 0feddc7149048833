"""Days of a simulated KuCoin that never rests: people trade, markets crash and recover, connections fail, contracts
come and go, modes and levels change. What is the same at every venue stands in `monitor.sim.rounds`.
"""

from __future__ import annotations

import contextlib
import random

from monitor.domain.names import Symbol
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.holdings import Position
from monitor.sim.kucoin.mishaps import MISHAPS
from monitor.sim.kucoin.server import SimKucoin
from monitor.sim.kucoin.traders import LEVERAGES, SYMBOLS, RandomTrader
from monitor.sim.rounds import USUAL, Pace, Rounds, Say, unsaid

POOR_RATIO = 0.4  #: of what an account began with: below it is filled up
DARING = 1.5  #: the largest trade, of what an account is worth: enough that crashes liquidate somebody
FIRST_LISTED = 100  #: number of the first new coin, K100
ADDED_SHARE = 0.1  #: of an isolated position's margin, when some is added


class Days(Rounds[SimKucoin]):
    """One venue's life."""

    def __init__(self, sim: SimKucoin, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        super().__init__(sim, sim.faults, MISHAPS, random.Random(seed), pace, say)
        self._began = {account.name: worth_usd(account) for account in self._people()}
        self._lent = {account.name: lent_usd(account) for account in self._people()}
        self._traders = [
            RandomTrader(account=account, seed=seed + place, eagerness=1.0, most_usd=DARING * self._began[account.name])
            for place, account in enumerate(self._people())
        ]
        self._listed: list[Symbol] = []
        self._numbered = FIRST_LISTED
        self.begin(
            (
                (self._trade, lambda: pace.trade_seconds),
                (self._deed, lambda: pace.deed_seconds),
                (self._mishap, lambda: pace.mishap_seconds),
                (self._crash, lambda: pace.crash_market_seconds / sim.speed),
                (self._listing, lambda: pace.listing_seconds),
            )
        )

    def _people(self) -> list[SimAccount]:
        return [self._sim.accounts[name] for name in sorted(self._sim.accounts)]

    def _trade(self) -> None:
        trader = self._dice.choice(self._traders)
        trader.symbols = (*SYMBOLS, "XBTUSDM", *self._listed)
        trader.trade()

    def _deed(self) -> None:
        """Somebody moves money, leverage or margin, or changes a mode."""
        account = self._dice.choice(self._people())
        if self._look_after(account):
            return
        held = account.open_positions()
        match self._dice.randrange(5):
            case 0:
                self._change_hedge(account)
            case 1 if held:
                account.close(self._dice.choice(held).symbol)
            case 2 | 3 if held:
                self._settings(account, self._dice.choice(held))
            case _:
                coin = self._dice.choice(sorted(account.cash))
                account.transfer(coin, 0.01 * max(0.0, account.cash[coin]))

    def _look_after(self, account: SimAccount) -> bool:
        """Fill up who was liquidated: after a week nobody is out of the game."""
        began, lent = self._began[account.name], self._lent[account.name]
        lacks, lacks_lent = began - worth_usd(account), lent - lent_usd(account)
        if lacks > (1.0 - POOR_RATIO) * began:
            account.deposit("USDT", round(lacks, 2))
            self._say(f"{account.name} deposits {lacks:,.2f} USDT.")
        elif lacks_lent > (1.0 - POOR_RATIO) * lent:
            pair = None if account.margin.coins else next(iter(account.isolated))
            account.move_margin("USDT", round(lacks_lent, 2), pair)
        else:
            return False
        return True

    def _settings(self, account: SimAccount, position: Position) -> None:
        """Margin, top-up and level of an isolated position, leverage of any other."""
        if not position.isolated:
            account.set_leverage(position.symbol, self._dice.choice(LEVERAGES))
            return
        match self._dice.randrange(3):
            case 0:
                account.add_margin(position.symbol, ADDED_SHARE * position.initial, side=position.side)
            case 1:
                account.set_auto_deposit(position.symbol, not position.auto_deposit)
            case _:
                with contextlib.suppress(ValueError):  # too much is held for that level, or there is none such
                    account.set_risk_level(position.symbol, position.level + self._dice.choice((-1, 1)))

    def _change_hedge(self, account: SimAccount) -> None:
        """Close everything, then change the position mode."""
        for number in list(account.orders):
            account.cancel(number)
        for position in account.open_positions():
            account.close(position.symbol)
        account.set_hedge(not account.hedge)
        self._say(f"{account.name} goes to {'hedge' if account.hedge else 'one-way'} mode.")

    def _listing(self) -> None:
        """A new contract, with a coin of its own; when too many are listed the oldest goes."""
        symbol = self._sim.enlist(f"K{self._numbered}", self._dice.uniform(0.5, 5.0))
        self._numbered += 1
        self._listed.append(symbol)
        self._say(f"{symbol} is listed.")
        if len(self._listed) > self._pace.listed:
            gone = self._listed.pop(0)
            self._sim.delist(gone)
            self._say(f"{gone} is delisted.")


def worth_usd(account: SimAccount) -> float:
    """Futures or the unified account, with profit, at USD prices."""
    return account.unified().equity


def lent_usd(account: SimAccount) -> float:
    """Margin accounts, without what is owed."""
    prices = account.board.prices
    purses = (account.margin, *account.isolated.values())
    return sum((coin.total - coin.owed) * prices.usd(name) for purse in purses for name, coin in purse.coins.items())
