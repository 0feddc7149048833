"""Days of a simulated KuCoin that never rests: people trade, markets crash and recover, connections fail, contracts
come and go, modes and levels change. What is the same at every venue stands in `monitor.sim.days`.
"""

from __future__ import annotations

import contextlib

from monitor.domain.names import Asset, Symbol
from monitor.sim import days
from monitor.sim.kucoin.accounts import SimAccount
from monitor.sim.kucoin.holdings import Position
from monitor.sim.kucoin.mishaps import MISHAPS
from monitor.sim.kucoin.server import SimKucoin
from monitor.sim.kucoin.traders import LEVERAGES, SYMBOLS, RandomTrader
from monitor.sim.rounds import USUAL, Pace, Say, unsaid

ADDED_SHARE = 0.1  #: of an isolated position's margin, when some is added


class Days(days.Days[SimKucoin, SimAccount, RandomTrader]):
    """One venue's life."""

    symbols = (*SYMBOLS, "XBTUSDM")

    def __init__(self, sim: SimKucoin, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        super().__init__(sim, sim.faults, sim.accounts, MISHAPS, seed=seed, pace=pace, say=say)
        self._lent = {account.name: lent_usd(account) for account in self._people()}

    def _worth_usd(self, account: SimAccount) -> float:
        return worth_usd(account)

    def _trader(self, account: SimAccount, seed: int, most_usd: float) -> RandomTrader:
        return RandomTrader(account=account, seed=seed, eagerness=1.0, most_usd=most_usd)

    def _do(self, account: SimAccount) -> None:
        """Somebody moves money, leverage or margin, or changes a mode."""
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

    def _deposit(self, account: SimAccount, asset: Asset, amount: float) -> None:
        account.deposit(asset, amount)

    def _look_after(self, account: SimAccount) -> bool:
        """Fill up the margin account too, or the purse of a pair."""
        if super()._look_after(account):
            return True
        lent, has = self._lent[account.name], lent_usd(account)
        if has >= days.POOR_RATIO * lent:
            return False
        pair = None if account.margin.coins else next(iter(account.isolated))
        account.move_margin("USDT", round(lent - has, 2), pair)
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

    def _enlist(self, number: int, usd: float) -> Symbol:
        return self._sim.enlist(f"K{number}", usd)

    def _delist(self, symbol: Symbol) -> None:
        self._sim.delist(symbol)


def worth_usd(account: SimAccount) -> float:
    """Futures or the unified account, with profit, at USD prices."""
    return account.unified().equity


def lent_usd(account: SimAccount) -> float:
    """Margin accounts, without what is owed."""
    prices = account.board.prices
    purses = (account.margin, *account.isolated.values())
    return sum((coin.total - coin.owed) * prices.usd(name) for purse in purses for name, coin in purse.coins.items())
