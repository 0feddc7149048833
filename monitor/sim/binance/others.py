"""Who trades and borrows in the accounts of the other products while days go by, and keeps them in the game."""

from __future__ import annotations

import random
from collections.abc import Callable

from monitor.sim.binance.coinm.accounts import CoinAccount
from monitor.sim.binance.loans.accounts import IsolatedMarginAccount, MarginAccount
from monitor.sim.binance.loans.purse import Purse
from monitor.sim.binance.portfolio.accounts import UM, PortfolioAccount
from monitor.sim.binance.server import SimBinance
from monitor.sim.binance.traders import COIN_SYMBOLS, SYMBOLS, RandomBorrower, RandomTrader
from monitor.sim.market import Market
from monitor.sim.rounds import Say

DARING = 0.4  #: the largest trade, of what an account is worth
POOR_RATIO = 0.4  #: of what an account was worth at first: below it is filled up
MOST_DEBT_RATIO = 0.85  #: nothing more is borrowed above it: so much that crashes liquidate somebody

Account = CoinAccount | MarginAccount | IsolatedMarginAccount | PortfolioAccount


class Others:
    """The owners of all accounts that are not USDⓈ-M; falsy where there are none."""

    def __init__(self, sim: SimBinance, *, seed: int, dice: random.Random, say: Say) -> None:
        registry = sim.registry
        self._accounts: list[Account] = [
            *registry.coinm.values(),
            *registry.loans.values(),
            *registry.portfolio.values(),
        ]
        self._dice, self._say = dice, say
        self._began = {account.name: worth_usd(account) for account in self._accounts}
        self._acts = [act for account in self._accounts for act in self._acts_of(account, seed)]

    def __bool__(self) -> bool:
        return bool(self._acts)

    def act(self) -> None:
        """Somebody trades or borrows."""
        self._dice.choice(self._acts)()

    def look_after(self) -> None:
        """Fill up who was liquidated: after a week nobody is out of the game."""
        for account in self._accounts:
            missing = self._began[account.name] - worth_usd(account)
            if missing > (1.0 - POOR_RATIO) * self._began[account.name]:
                fill_up(account, missing)
                self._say(f"{account.name} deposits what is worth {missing:,.2f} USD.")
                return

    def _acts_of(self, account: Account, seed: int) -> list[Callable[[], None]]:
        most = DARING * self._began[account.name]
        if isinstance(account, CoinAccount):
            return [RandomTrader(account, seed=seed, most_notional=most, symbols=COIN_SYMBOLS).trade]
        borrower = RandomBorrower(account, seed=seed, most_usdt=most, most_debt_ratio=MOST_DEBT_RATIO).act
        if not isinstance(account, PortfolioAccount):
            return [borrower] if not isinstance(account, IsolatedMarginAccount) or account.purses else []
        traders = [
            RandomTrader(part, seed=seed, most_notional=4.0 * most, isolated_share=0.0, symbols=symbols)
            for part, symbols in ((account.um, SYMBOLS), (account.cm, COIN_SYMBOLS))
        ]
        return [borrower, *(trader.trade for trader in traders)]


def worth_usd(account: Account) -> float:
    """What is held less what is owed, in USD."""
    market = account.market
    if isinstance(account, CoinAccount):
        return sum(amount * market.asset_usd(asset) for asset, amount in account.wallets.items())
    if isinstance(account, IsolatedMarginAccount):
        return sum(_net_usd(purse, market) for purse in account.purses.values())
    return _net_usd(account.purse, market) if isinstance(account, MarginAccount) else account.totals().plain_equity


def _net_usd(purse: Purse, market: Market) -> float:
    return sum(held.net * market.asset_usd(asset) for asset, held in purse.holdings.items())


def fill_up(account: Account, usd: float) -> None:
    """Deposit what is worth so much, where the account can use it."""
    market = account.market
    if isinstance(account, CoinAccount):
        coin = next(iter(account.wallets))
        account.transfer(coin, round(usd / market.asset_usd(coin), 8))
    elif isinstance(account, IsolatedMarginAccount):
        for pair in account.purses:
            quote = account.assets(pair)[1]
            account.transfer(pair, quote, round(usd / len(account.purses) / market.asset_usd(quote), 8))
    elif isinstance(account, MarginAccount):
        account.transfer("USDT", round(usd / market.asset_usd("USDT"), 8))
    else:
        account.transfer("USDT", round(usd / market.asset_usd("USDT"), 8), to=UM)
