"""Prices at the simulated OKX: indexes and marks of its instruments, over coin prices that other venues may share.

A contract's mark is its index with a small basis of this venue's own; an option's mark is Black's formula on the
forward. Both are rounded to what is printed, so that the number sent is the number computed with.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from monitor.domain.names import USD, Asset
from monitor.sim.market import Market
from monitor.sim.okx.listing import Instrument, Product
from monitor.sim.okx.text import decimals

YEAR_SECONDS = 365.0 * 86_400.0
CARRY_RATE = 0.04  #: a year, of dated contracts over the index
FUNDING_INTERVAL_SECONDS = 8 * 3600.0


def normal_cdf(x: float) -> float:
    """The standard normal distribution."""
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black(forward: float, strike: float, years: float, volatility: float, *, call: bool) -> float:
    """The undiscounted value of an option on a forward, in the unit of the prices."""
    sign = 1.0 if call else -1.0
    if years <= 0.0 or volatility <= 0.0 or forward <= 0.0:
        return max(0.0, sign * (forward - strike))
    width = volatility * math.sqrt(years)
    d1 = math.log(forward / strike) / width + 0.5 * width
    return sign * (forward * normal_cdf(sign * d1) - strike * normal_cdf(sign * (d1 - width)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """All prices of one moment, or of an imagined one: `moved` and `with_marks` make others.

    `volatility_shift` changes every option's volatility by that ratio.
    """

    usd_by_asset: Mapping[Asset, float]
    basis: Mapping[str, float]
    now: float
    marks: Mapping[str, float] = field(default_factory=dict)  #: of instruments whose mark is imagined alone
    volatility_shift: float = 0.0

    def usd(self, asset: Asset) -> float:
        """The USD price of a coin or stablecoin. KeyError names one that is not traded."""
        return 1.0 if asset == USD else self.usd_by_asset[asset]

    def index(self, instrument: Instrument) -> float:
        """The price of the underlying in the quote asset."""
        return round(self.usd(instrument.coin) / self.usd(instrument.quote), 8)

    def years(self, instrument: Instrument) -> float:
        """Time to expiry; 0 for what has none."""
        return 0.0 if instrument.expiry is None else max(0.0, instrument.expiry - self.now) / YEAR_SECONDS

    def forward(self, instrument: Instrument) -> float:
        """The price for delivery at expiry."""
        return self.index(instrument) * (1.0 + CARRY_RATE * self.years(instrument))

    def volatility(self, instrument: Instrument) -> float:
        """An option's implied volatility: it belongs to the strike, and does not follow the price."""
        spread = math.log((instrument.strike or 1.0) / 1000.0)
        base = round(0.5 + 0.1 * abs(math.sin(spread)), 4)
        return base * (1.0 + self.volatility_shift)

    def mark(self, instrument: Instrument) -> float:
        """The mark price: in the quote asset, of an option in its coin."""
        if instrument.name in self.marks:
            return self.marks[instrument.name]
        if instrument.product is Product.OPTION:
            forward = self.forward(instrument)
            value = black(
                forward,
                instrument.strike or 0.0,
                self.years(instrument),
                self.volatility(instrument),
                call=instrument.call,
            )
            return round(value if instrument.in_usd else value / self.index(instrument), 8)
        price = self.index(instrument)
        if instrument.product in (Product.SWAP, Product.FUTURES):
            price *= 1.0 + CARRY_RATE * self.years(instrument) + self.basis.get(instrument.name, 0.0)
        return round(price, decimals(instrument.tick) + 1)

    def moved(self, factors: Mapping[Asset, float], volatility_shift: float = 0.0) -> Prices:
        """The same with these assets at so many times their USD price; what depends on them follows."""
        usd = {asset: price * factors.get(asset, 1.0) for asset, price in self.usd_by_asset.items()}
        return replace(self, usd_by_asset=usd, volatility_shift=volatility_shift, marks={})

    def with_marks(self, marks: Mapping[str, float]) -> Prices:
        """The same with these marks, and everything else as it is."""
        return replace(self, marks=marks)


class Board:
    """The venue's instruments and their prices now. `now` gives seconds since 1970."""

    def __init__(self, market: Market, instruments: Iterable[Instrument], now: float, *, seed: int = 1) -> None:
        self.market, self.now = market, now
        self.instruments = {(each.product, each.name): each for each in instruments}
        self._basis: dict[str, float] = {}
        self._random = random.Random(f"basis {seed}")

    def find(self, name: str, product: Product | None = None) -> Instrument:
        """An instrument by its name; where spot and margin share it, `product` decides, and spot is meant without.

        KeyError names one that is not listed.
        """
        for kind in (product,) if product is not None else Product:
            if (kind, name) in self.instruments:
                return self.instruments[kind, name]
        raise KeyError(name)

    def of(self, product: Product, family: str | None = None) -> list[Instrument]:
        """All of a product, in order of listing; `family` narrows."""
        return [each for each in self.instruments.values() if each.product is product and family in (None, each.family)]

    @property
    def prices(self) -> Prices:
        """Prices at this moment."""
        usd = {asset: self.market.asset_usd(asset) for asset in self.market.assets}
        return Prices(usd_by_asset=usd, basis=dict(self._basis), now=self.now)

    def mark(self, name: str) -> float:
        """The mark of a contract, or the price of a pair."""
        return self.prices.mark(self.find(name))

    def indexes(self) -> dict[str, float]:
        """Every index by its pair, and every asset's in USD."""
        prices = self.prices
        found = {each.pair: prices.index(each) for each in self.instruments.values()}
        return {**found, **{f"{asset}-USD": round(prices.usd(asset), 8) for asset in prices.usd_by_asset}}

    def index_of(self, pair: str) -> float | None:
        """One index by its pair; None if there is none."""
        base, _, quote = pair.partition("-")
        traded = self.market.assets
        if base not in traded or quote not in (*traded, USD):
            return None
        return round(self.market.asset_usd(base) / self.market.asset_usd(quote), 8)

    def funding_rate(self, name: str) -> float:
        """The rate of the coming payment of a swap: longs pay shorts when positive."""
        return round(max(-0.00375, min(0.00375, 0.0001 + self._basis.get(name, 0.0))), 10)

    def set_mark(self, name: str, price: float) -> None:
        """Put a mark at `price`: its coin follows, and so do its index, its sisters, and other venues."""
        instrument = self.find(name)
        self._basis[name] = 0.0
        carried = 1.0 + CARRY_RATE * self.prices.years(instrument)
        self.market.set_asset(instrument.coin, price / carried * self.prices.usd(instrument.quote))

    def set_basis(self, name: str, ratio: float) -> None:
        """Put a contract's mark at its index and so much more."""
        self.find(name)
        self._basis[name] = ratio

    def step(self, now: float, seconds: float) -> None:
        """Let `seconds` of market time pass: basis wander, unless the market is quiet."""
        self.now = now
        if self.market.quiet or seconds <= 0.0:
            return
        scale = self.market.daily_volatility_ratio * math.sqrt(seconds / 86_400.0) * 0.02
        for instrument in self.instruments.values():
            if instrument.product in (Product.SWAP, Product.FUTURES):
                before = self._basis.get(instrument.name, 0.0)
                kept = before * (1.0 - min(1.0, seconds / 1800.0))
                self._basis[instrument.name] = kept + self._random.gauss(0.0, 1.0) * scale

    def enlist(self, instrument: Instrument) -> None:
        """Trade a new instrument."""
        self.instruments[instrument.product, instrument.name] = instrument

    def delist(self, name: str) -> None:
        """Trade an instrument no more."""
        instrument = self.find(name)
        del self.instruments[instrument.product, name]
        self._basis.pop(name, None)
