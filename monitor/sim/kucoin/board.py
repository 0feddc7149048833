"""What is traded at the simulated KuCoin and at which prices; the prices as they would be if coins moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.domain.names import USD, Asset, Symbol
from monitor.sim.kucoin import listing
from monitor.sim.kucoin.listing import PAIRS, STABLECOINS_USD, Spec
from monitor.sim.kucoin.text import decimals
from monitor.sim.market import Market


@dataclass(frozen=True, slots=True)
class Prices:
    """All prices of one moment; `factors` multiply those of coins, and of whatever is on them."""

    market: Market
    specs: Mapping[Symbol, Spec]
    factors: Mapping[Asset, float] = field(default_factory=dict)

    def usd(self, coin: Asset) -> float:
        """The USD price of a coin, in the digits that are printed."""
        return round(self.market.asset_usd(coin), 8) * self.factors.get(coin, 1.0)

    def usdt(self, coin: Asset) -> float:
        """What a coin counts in a unified account: its price in USDT, which is one."""
        return self.usd(coin) / self.usd("USDT")

    def mark(self, symbol: Symbol) -> float:
        """A contract's mark, in the digits that are printed."""
        spec = self.specs[symbol]
        return round(self.market.mark(symbol) * self._factor(spec), decimals(spec.mark_tick))

    def index(self, symbol: Symbol) -> float:
        """The price of a contract's underlying."""
        spec = self.specs[symbol]
        return round(self.market.index(symbol) * self._factor(spec), decimals(spec.mark_tick))

    def in_btc(self, coin: Asset) -> float:
        """A coin's mark price of margin trading: in bitcoin, 15 decimals."""
        return round(self.usd(coin) / self.usd("BTC"), 15)

    def pair(self, symbol: Symbol) -> float:
        """What a spot pair trades at."""
        listed = PAIRS[symbol]
        return round(self.usd(listed.coin) / self.usd(listed.quote), 8)

    def moved(self, factors: Mapping[Asset, float]) -> Prices:
        """The same with coins at so many times their price."""
        both = {coin: self.factors.get(coin, 1.0) * factor for coin, factor in factors.items()}
        return replace(self, factors={**self.factors, **both})

    def all_moved(self, ratio: float) -> Prices:
        """The same with every coin, but stablecoins, up (> 0) or down by `ratio`."""
        return self.moved({coin: 1.0 + ratio for coin in self.market.assets if coin not in STABLECOINS_USD})

    def _factor(self, spec: Spec) -> float:
        return self.factors.get(spec.coin, 1.0) / (1.0 if spec.quote == USD else self.factors.get(spec.quote, 1.0))


class Board:
    """The contracts of a market."""

    def __init__(self, market: Market, specs: Mapping[Symbol, Spec]) -> None:
        self.market, self.specs = market, dict(specs)

    @property
    def prices(self) -> Prices:
        """Of now."""
        return Prices(self.market, self.specs)

    def enlist(self, coin: Asset, usd: float) -> Symbol:
        """List a contract on a new coin; returns its name."""
        spec = listing.new_spec(coin)
        self.market.enlist(listing.contract(spec), usd)
        self.specs[spec.symbol] = spec
        return spec.symbol

    def delist(self, symbol: Symbol) -> None:
        """Trade a contract no more."""
        del self.specs[symbol]
        self.market.delist(symbol)
