"""Days of a simulated Bybit that never rests: people trade, markets crash and recover, connections fail, contracts come
and go, tiers and modes change. What is the same at every venue stands in `monitor.sim.rounds`.
"""

from __future__ import annotations

import random

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit.accounts import SimAccount
from monitor.sim.bybit.holdings import MarginMode
from monitor.sim.bybit.mishaps import MISHAPS
from monitor.sim.bybit.server import SimBybit
from monitor.sim.bybit.traders import LEVERAGES, SIDES, SYMBOLS, RandomTrader
from monitor.sim.market import Contract
from monitor.sim.rounds import USUAL, Pace, Rounds, Say, unsaid

POOR_RATIO = 0.4  #: of what an account began with: below it is filled up
DARING = 0.6  #: the largest trade, of what an account is worth: enough that crashes liquidate somebody
FIRST_LISTED = 100  #: number of the first new symbol, Y100USDT
STRICTER = ((400e3, 0.01), (1e6, 0.02), (5e6, 0.05))
MILDER = ((2e6, 0.005), (5e6, 0.01), (20e6, 0.02))


class Days(Rounds[SimBybit]):
    """One venue's life."""

    def __init__(self, sim: SimBybit, *, seed: int = 1, pace: Pace = USUAL, say: Say = unsaid) -> None:
        super().__init__(sim, sim.faults, MISHAPS, random.Random(seed), pace, say)
        self._began = {name: account.book().totals.equity for name, account in sim.accounts.items()}
        self._traders = [
            RandomTrader(account, seed=seed + place, eagerness=1.0, most_usd=DARING * self._began[account.name])
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
        trader.symbols = (*SYMBOLS, *self._listed)
        trader.trade()

    def _deed(self) -> None:
        """Somebody moves money, leverage, margin, or changes a mode; or the venue changes its tiers."""
        account = self._dice.choice(self._people())
        if self._look_after(account):
            return
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

    def _look_after(self, account: SimAccount) -> bool:
        """Fill up who was liquidated: after a week nobody is out of the game."""
        began, has = self._began[account.name], account.book().totals.equity
        if has >= POOR_RATIO * began:
            return False
        account.transfer("USDT", round(began - has, 2))
        self._say(f"{account.name} deposits {began - has:,.2f} USDT.")
        return True

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

    def _listing(self) -> None:
        """A new contract, with a coin of its own; when too many are listed the oldest goes."""
        coin: Asset = f"Y{self._numbered}"
        self._numbered += 1
        contract = Contract(symbol=f"{coin}USDT", coin=coin, quote="USDT", step_size="1")
        self._sim.enlist(contract, self._dice.uniform(0.5, 5.0))
        self._listed.append(contract.symbol)
        self._say(f"{contract.symbol} is listed.")
        if len(self._listed) > self._pace.listed:
            gone = self._listed.pop(0)
            self._sim.delist(gone)
            self._say(f"{gone} is delisted.")
