"""Days of a simulated Bybit that never rests: people trade, markets crash and recover, connections fail, contracts come
and go, tiers and modes change. What is the same at every venue stands in `monitor.sim.days`.
"""

from __future__ import annotations

from monitor.domain.names import Asset, Symbol
from monitor.sim import days
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.holdings import MarginMode
from monitor.sim.bybit.mishaps import MISHAPS
from monitor.sim.bybit.server import SimBybit
from monitor.sim.bybit.traders import LEVERAGES, SIDES, SYMBOLS, RandomTrader
from monitor.sim.market import Contract
from monitor.sim.rounds import USUAL, Pace, Say, unsaid

STRICTER = ((400e3, 0.01), (1e6, 0.02), (5e6, 0.05))
MILDER = ((2e6, 0.005), (5e6, 0.01), (20e6, 0.02))


class Days(days.Days[SimBybit, SimAccount, RandomTrader]):
    """One venue's life."""

    symbols = SYMBOLS
    daring = 0.6

    def __init__(self, sim: SimBybit, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        super().__init__(sim, sim.faults, sim.accounts, MISHAPS, seed=seed, pace=pace, say=say)

    def _worth_usd(self, account: SimAccount) -> float:
        return account.book().totals.equity

    def _trader(self, account: SimAccount, seed: int, most_usd: float) -> RandomTrader:
        return RandomTrader(account, seed=seed, eagerness=1.0, most_usd=most_usd)

    def _do(self, account: SimAccount) -> None:
        """Somebody moves money, leverage, margin, or changes a mode; or the venue changes its tiers."""
        match self._dice.randrange(6):
            case 0:
                self._change_mode(account)
            case 1:
                self._change_hedge(account)
            case 2:
                position = self._dice.choice(account.open_positions() or [None])
                if position is not None:
                    account.close(position.symbol, side=SIDES[position.index])
            case 3:
                coin = self._dice.choice(sorted(account.holdings.coins))
                account.transfer(coin, round(0.01 * max(0.0, account.wallet(coin)), 8))
            case 4:
                self._margin(account)
            case _:
                symbol = self._dice.choice(("SOLUSDT", "XRPUSDT"))
                self._sim.change_risk_limits(symbol, self._dice.choice((STRICTER, MILDER)))
                self._say(f"The tiers of {symbol} change.")

    def _deposit(self, account: SimAccount, asset: Asset, amount: float) -> None:
        account.transfer(asset, amount)

    def _margin(self, account: SimAccount) -> None:
        """Margin for an isolated position, leverage for any other."""
        prices = account.prices()
        held = [position for position in account.open_positions() if position.symbol not in prices.options]
        if not held:
            return
        position = self._dice.choice(held)
        side = SIDES[position.index]
        if account.mode is MarginMode.ISOLATED:
            account.add_margin(position.symbol, round(0.1 * account.book().initial(position), 8), side=side)
        else:
            account.set_leverage(position.symbol, self._dice.choice(LEVERAGES), side=side)

    def _close_all(self, account: SimAccount) -> None:
        for order in list(account.holdings.orders):
            account.cancel(order)
        for position in account.open_positions():
            account.close(position.symbol, side=SIDES[position.index])

    def _change_mode(self, account: SimAccount) -> None:
        """Close everything, pay what is owed, then change the margin mode."""
        self._close_all(account)
        for coin in list(account.holdings.coins):
            lacking = account.book().coins[coin].borrow_amount
            if lacking:
                account.transfer(coin, round(lacking, 8))
                account.repay(coin)
        mode = self._dice.choice([mode for mode in MarginMode if mode is not account.mode])
        account.set_mode(mode)
        self._say(f"{account.name} goes to another margin mode: {mode.value}.")

    def _change_hedge(self, account: SimAccount) -> None:
        """Close a symbol, then change its position mode; portfolio margin has none but one."""
        if account.mode is MarginMode.PORTFOLIO:
            return
        symbol: Symbol = self._dice.choice(("BTCUSDT", "ETHUSDT"))
        for order in [one for one in account.holdings.orders.values() if one.symbol == symbol and not one.spot]:
            account.cancel(order.id)
        for position in account.open_positions():
            if position.symbol == symbol:
                account.close(symbol, side=SIDES[position.index])
        account.set_hedge(symbol, symbol not in account.hedged)
        self._say(f"{account.name} goes {'to' if symbol in account.hedged else 'out of'} hedge mode on {symbol}.")

    def _enlist(self, number: int, usd: float) -> Symbol:
        coin: Asset = f"Y{number}"
        contract = Contract(symbol=f"{coin}USDT", coin=coin, quote="USDT", step_size="1")
        self._sim.enlist(contract, usd)
        return contract.symbol

    def _delist(self, symbol: Symbol) -> None:
        self._sim.delist(symbol)
