"""Somebody who trades at random: positions open, grow, shrink, flip and close, cross and isolated, in any mode; and
somebody who borrows at random: debts grow, shrink and are spent."""

from __future__ import annotations

import math
import random

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.listing import contract_usd
from monitor.sim.binance.loans.accounts import IsolatedMarginAccount, MarginAccount
from monitor.sim.binance.loans.arithmetic import index_usdt, split
from monitor.sim.binance.loans.purse import Purse
from monitor.sim.binance.portfolio.accounts import PortfolioAccount
from monitor.sim.binance.positions import BOTH, LONG, SHORT
from monitor.sim.market import Kind

SYMBOLS: tuple[Symbol, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT", "XRPUSDT", "DOGEUSDT", "1000SHIBUSDT", "BTCUSDC")


COIN_SYMBOLS: tuple[Symbol, ...] = ("BTCUSD_PERP", "ETHUSD_PERP")


class RandomTrader:
    """Trades one account of either futures, seeded; append it to `SimBinance.traders`, or call it.

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
        contract = account.market.contracts[symbol]
        one = contract_usd(contract) if contract.kind is Kind.INVERSE else account.market.mark(symbol)
        decimals = len(contract.step_size.partition(".")[2])
        quantity = round(dice.uniform(0.1, 1.0) * self.most_notional / one, decimals)
        direction = {LONG: 1.0, SHORT: -1.0, BOTH: dice.choice((1.0, -1.0))}[side]
        if abs(held) * one > 3.0 * self.most_notional or (held and dice.random() < 0.3):
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


class RandomBorrower:
    """Borrows, spends and repays in one account, seeded; append it to `SimBinance.traders`, or call it.

    Each call does one thing with a chance of `eagerness`: borrow up to `most_usdt` worth of an asset, buy or sell
    another with what is free, or repay. Above `most_debt_ratio` of the assets nothing more is borrowed.
    """

    def __init__(
        self,
        account: MarginAccount | IsolatedMarginAccount | PortfolioAccount,
        *,
        seed: int = 1,
        eagerness: float = 0.2,
        most_usdt: float = 2_000.0,
        most_debt_ratio: float = 0.6,
        assets: tuple[Asset, ...] = ("USDT", "BTC", "ETH", "SOL"),
        pairs: tuple[Symbol, ...] = ("BTCUSDT", "ETHUSDT", "SOLUSDT"),
    ) -> None:
        self.account, self.assets, self.pairs = account, assets, pairs
        self.eagerness, self.most_usdt, self.most_debt_ratio = eagerness, most_usdt, most_debt_ratio
        self._random = random.Random(seed)

    def __call__(self) -> None:
        """Perhaps do something."""
        if self._random.random() < self.eagerness:
            self.act()

    def act(self) -> None:
        """Do one thing; in isolated margin within one of the pairs that have a purse."""
        dice, account = self._random, self.account
        pair, assets = dice.choice(self.pairs), self.assets
        if isinstance(account, IsolatedMarginAccount):
            pair = dice.choice(sorted(account.purses))
            assets = account.assets(pair)
            purse = account.purse(pair)
        else:
            purse = account.purse
        match dice.randrange(5):
            case 0 | 1:
                self._spend(pair, purse)
            case 2 | 3:
                asset = dice.choice(assets)
                if self._debt_ratio(purse) < self.most_debt_ratio:
                    self._owe(pair, asset, self._amount(asset))
            case _:
                asset = dice.choice(assets)
                owed = round(dice.choice((0.5, 1.0)) * purse.of(asset).debt, 8)
                amount = min(purse.of(asset).free, owed)
                if amount > 0.0:
                    self._owe(pair, asset, -amount)

    def _spend(self, pair: Symbol, purse: Purse) -> None:
        """Buy or sell what is free."""
        assets = split(self.account.market, pair)
        if assets is None:
            return
        base, quote = assets
        buys = self._random.random() < 0.5
        asset = quote if buys else base
        amount = min(self._amount(asset), purse.of(asset).free)
        price = index_usdt(self.account.market, base) / index_usdt(self.account.market, quote)
        quantity = math.floor((amount / price if buys else amount) * 1e5) / 1e5
        if quantity <= 0.0:
            return
        trade = self.account.trade_spot if isinstance(self.account, PortfolioAccount) else self.account.trade
        trade(pair, quantity if buys else -quantity)

    def _owe(self, pair: Symbol, asset: Asset, amount: float) -> None:
        account = self.account
        if isinstance(account, IsolatedMarginAccount):
            account.borrow(pair, asset, amount) if amount > 0.0 else account.repay(pair, asset, -amount)
        else:
            account.borrow(asset, amount) if amount > 0.0 else account.repay(asset, -amount)

    def _amount(self, asset: Asset) -> float:
        worth = self._random.uniform(0.1, 1.0) * self.most_usdt
        return round(worth / index_usdt(self.account.market, asset), 6)

    def _debt_ratio(self, purse: Purse) -> float:
        worth = sum(held.total * index_usdt(self.account.market, a) for a, held in purse.holdings.items())
        owed = sum(held.debt * index_usdt(self.account.market, a) for a, held in purse.holdings.items())
        return owed / worth if worth > 0.0 else 1.0
