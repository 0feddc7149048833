"""Days of a simulated venue that never rests: people trade, markets crash and recover, connections fail, contracts come
and go.

At Binance; what is the same at every venue stands in `monitor.sim.days`.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from monitor.domain.names import Asset, Symbol
from monitor.sim import days
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.mishaps import MISHAPS, MISHAPS_OF_OTHERS
from monitor.sim.binance.others import Others
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.traders import SYMBOLS, RandomTrader
from monitor.sim.market import Contract
from monitor.sim.rounds import USUAL, Act, Pace, Say, unsaid

LEVERAGES = (3, 5, 10, 20)
RICH_RATIO = 2.5  #: of what an account began with: above it is drawn off


class Days(days.Days[SimBinance, SimAccount, RandomTrader]):
    """One venue's life. There must be a USDⓈ-M account at least."""

    symbols = SYMBOLS
    daring = 0.6

    def __init__(self, sim: SimBinance, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        dice = random.Random(seed)
        self._others = Others(sim, seed=seed, dice=dice, say=say)
        self._wallets = {account.name: dict(account.wallets) for account in sim.accounts.values()}
        mishaps = (*MISHAPS, *MISHAPS_OF_OTHERS) if self._others else MISHAPS
        super().__init__(sim, sim.faults, sim.accounts, mishaps, seed=seed, pace=pace, say=say, dice=dice)

    def _acts(self) -> list[tuple[Act, Callable[[], float]]]:
        acts, pace = super()._acts(), self._pace
        if self._others:
            acts.append((self._others.act, lambda: pace.trade_seconds))
            acts.append((self._others.look_after, lambda: pace.deed_seconds))
        return acts

    def _worth_usd(self, account: SimAccount) -> float:
        return worth_usd(account)

    def _trader(self, account: SimAccount, seed: int, most_usd: float) -> RandomTrader:
        return RandomTrader(account, seed=seed, eagerness=1.0, most_notional=most_usd)

    def _deposit(self, account: SimAccount, asset: Asset, amount: float) -> None:
        account.transfer(asset, amount)

    def _do(self, account: SimAccount) -> None:
        """Somebody moves money, leverage, margin, or changes a mode."""
        match self._dice.randrange(5):
            case 0:
                self._change_mode(account)
            case 1:
                self._margin(account)
            case 2:
                position = self._dice.choice(account.open_positions() or [None])
                if position is not None:
                    side = None if position.side == "BOTH" else position.side
                    account.close(position.symbol, side=side)
            case 3:
                asset = self._dice.choice(sorted(account.wallets))
                account.transfer(asset, self._dice.uniform(0.01, 0.05) * self._wallets[account.name].get(asset, 0.0))
            case _:
                symbol = self._dice.choice(SYMBOLS)
                if account.setting(symbol).isolated is False:
                    account.set_leverage(symbol, self._dice.choice(LEVERAGES))

    def _look_after(self, account: SimAccount) -> bool:
        """Fill up who was liquidated, draw off who won: after a week nobody is out of the game."""
        for asset, began in self._wallets[account.name].items():
            held = account.wallets.get(asset, 0.0)
            if held < days.POOR_RATIO * began:
                self._deposit(account, asset, began - held)
                self._say(f"{account.name} deposits {began - held:,.2f} {asset}.")
                return True
            if held > RICH_RATIO * began and not account.open_positions():
                account.transfer(asset, began - held)
                return True
        return False

    def _margin(self, account: SimAccount) -> None:
        isolated = [position for position in account.open_positions() if position.isolated_wallet]
        if isolated:
            position = self._dice.choice(isolated)
            side = None if position.side == "BOTH" else position.side
            account.add_margin(position.symbol, round(0.1 * (position.isolated_wallet or 0.0), 2), side=side)

    def _change_mode(self, account: SimAccount) -> None:
        """Close everything, then change the position mode or the collateral mode."""
        for position in account.open_positions():
            account.close(position.symbol, side=None if position.side == "BOTH" else position.side)
        for setting in account.settings.values():
            setting.isolated = False
        if self._dice.random() < 0.5:
            account.set_hedge(not account.hedge)
            words = f"{account.name} goes to {'hedge' if account.hedge else 'one-way'} mode."
        else:
            account.set_multi_assets(not account.multi_assets)
            words = f"{account.name} goes to {'multi' if account.multi_assets else 'single'}-assets mode."
        for trader in self._traders:
            if trader.account is account:
                trader.settle_anew()
        self._say(words)

    def _enlist(self, number: int, usd: float) -> Symbol:
        coin: Asset = f"X{number}"
        contract = Contract(symbol=f"{coin}USDT", coin=coin, quote="USDT", step_size="1")
        self._sim.enlist(contract, usd)
        return contract.symbol

    def _delist(self, symbol: Symbol) -> None:
        self._sim.delist(symbol)
        for trader in self._traders:
            trader.settle_anew()


def worth_usd(account: SimAccount) -> float:
    """What the wallets of an account are worth."""
    return sum(amount * account.market.asset_usd(asset) for asset, amount in account.wallets.items())
