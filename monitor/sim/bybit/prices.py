"""All prices of the simulated Bybit at one moment, and what they would be if one of them moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit.listing import INVERSE, LINEAR, OPTION, STABLECOINS_USD, category_of, settle_coin
from monitor.sim.bybit.options import BASE_VOLATILITY, YEAR_SECONDS, Option, price, volatility_of
from monitor.sim.market import Contract, Market

CARRY_A_YEAR = 0.04  #: by how much the forward of an option lies above the index


@dataclass(frozen=True, slots=True)
class Prices:
    """Marks, indexes and volatilities. `volatility` is the level at the money; `marks` and `usd` override."""

    market: Market
    options: Mapping[Symbol, Option]
    now: float
    volatility: float = BASE_VOLATILITY
    marks: Mapping[Symbol, float] = field(default_factory=dict)
    usd: Mapping[Asset, float] = field(default_factory=dict)

    def usd_index(self, coin: Asset) -> float:
        """The USD price of a coin, in the digits that are printed."""
        return self.usd[coin] if coin in self.usd else round(self.market.asset_usd(coin), 8)

    def contract(self, symbol: Symbol) -> Contract:
        """A linear or inverse contract. KeyError for anything else."""
        return self.market.contracts[symbol]

    def category(self, symbol: Symbol) -> str:
        """linear, inverse or option."""
        return OPTION if symbol in self.options else category_of(self.contract(symbol))

    def inverse(self, symbol: Symbol) -> bool:
        """Whether sizes are in USD and profit is in the coin."""
        return symbol not in self.options and category_of(self.contract(symbol)) == INVERSE

    def linear(self, symbol: Symbol) -> bool:
        """Whether it is a linear contract."""
        return symbol not in self.options and category_of(self.contract(symbol)) == LINEAR

    def coin(self, symbol: Symbol) -> Asset:
        """The base coin."""
        return self.options[symbol].coin if symbol in self.options else self.contract(symbol).coin

    def settle(self, symbol: Symbol) -> Asset:
        """The coin of profit and margin."""
        return self.options[symbol].settle if symbol in self.options else settle_coin(self.contract(symbol))

    def index(self, symbol: Symbol) -> float:
        """The price of the underlying in the quote coin; of an option's in USD."""
        return self.usd_index(self.coin(symbol)) if symbol in self.options else self.market.index(symbol)

    def forward(self, symbol: Symbol) -> float:
        """What an option is priced on."""
        years = max(0.0, (self.options[symbol].expiry - self.now) / YEAR_SECONDS)
        return round(self.index(symbol) * (1.0 + CARRY_A_YEAR * years), 8)

    def option_volatility(self, symbol: Symbol) -> float:
        """The mark volatility of an option."""
        return volatility_of(self.options[symbol], self.forward(symbol), self.volatility)

    def mark(self, symbol: Symbol) -> float:
        """The mark price."""
        if symbol in self.marks:
            return self.marks[symbol]
        if symbol in self.options:
            worth = price(self.options[symbol], self.forward(symbol), self.option_volatility(symbol), self.now)
            return round(worth, 8)
        return round(self.market.mark(symbol), _decimals(self.contract(symbol).tick_size))

    def moved(self, symbol: Symbol, mark: float) -> Prices:
        """The same with one contract at another price; an inverse one takes its coin with it, for it has no other."""
        usd = dict(self.usd)
        if self.inverse(symbol):
            coin = self.coin(symbol)
            usd[coin] = self.usd_index(coin) * mark / self.mark(symbol)
        return replace(self, marks={**self.marks, symbol: mark}, usd=usd)

    def all_moved(self, ratio: float) -> Prices:
        """The same with every coin, and all that is priced in it, up (> 0) or down by `ratio`; stablecoins stay."""
        factor = 1.0 + ratio
        coins = [coin for coin in self.market.assets if coin not in STABLECOINS_USD]
        usd = {**self.usd, **{coin: self.usd_index(coin) * factor for coin in coins}}
        marks = {symbol: self.mark(symbol) * factor for symbol in self.market.contracts}
        return replace(self, marks={**self.marks, **marks}, usd=usd)


def _decimals(tick: str) -> int:
    return len(tick.rstrip("0").partition(".")[2]) + 2
