"""What the simulated Bybit lists: contracts of four categories, first prices, bounds of prices, spot pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit.options import Option, friday_after, name
from monitor.sim.market import Contract, Kind, Market

LINEAR, INVERSE, OPTION, SPOT = "linear", "inverse", "option", "spot"
CATEGORIES = (LINEAR, INVERSE, SPOT, OPTION)

COINS_USD: dict[Asset, float] = {
    "BTC": 98_000.0,
    "ETH": 3_400.0,
    "SOL": 190.0,
    "XRP": 2.40,
    "DOGE": 0.21,
    "ADA": 0.62,
    "MNT": 1.10,
}
STABLECOINS_USD: dict[Asset, float] = {"USDT": 0.9996, "USDC": 0.9999}

_LINEAR: Mapping[Symbol, tuple[Asset, Asset, str, str]] = {
    "BTCUSDT": ("BTC", "USDT", "0.10", "0.001"),
    "ETHUSDT": ("ETH", "USDT", "0.01", "0.01"),
    "SOLUSDT": ("SOL", "USDT", "0.010", "0.1"),
    "XRPUSDT": ("XRP", "USDT", "0.0001", "0.1"),
    "DOGEUSDT": ("DOGE", "USDT", "0.00001", "1"),
    "ADAUSDT": ("ADA", "USDT", "0.0001", "1"),
    "BTCPERP": ("BTC", "USDC", "0.10", "0.001"),
    "ETHPERP": ("ETH", "USDC", "0.01", "0.01"),
}
_INVERSE: Mapping[Symbol, tuple[Asset, str]] = {"BTCUSD": ("BTC", "0.10"), "ETHUSD": ("ETH", "0.01")}
_SPOT_COINS: tuple[Asset, ...] = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "MNT")

OPTION_COINS: Mapping[Asset, float] = {"BTC": 5_000.0, "ETH": 200.0}  #: with the distance between strikes
_STRIKE_STEPS = (-2, -1, 0, 1, 2)
_EXPIRY_DAYS = ((14, "USDT"), (60, "USDT"), (30, "USDC"))


@dataclass(frozen=True, slots=True)
class Pair:
    """A spot pair."""

    symbol: Symbol
    coin: Asset
    quote: Asset


SPOT_PAIRS: Mapping[Symbol, Pair] = {
    pair.symbol: pair
    for pair in (
        *(Pair(f"{coin}USDT", coin, "USDT") for coin in _SPOT_COINS),
        Pair("BTCUSDC", "BTC", "USDC"),
        Pair("USDCUSDT", "USDC", "USDT"),
        Pair("ETHBTC", "ETH", "BTC"),
    )
}


def contracts() -> tuple[Contract, ...]:
    """Perpetuals in USDT and USDC, inverse ones."""
    linear = tuple(
        Contract(symbol=symbol, coin=coin, quote=quote, tick_size=tick, step_size=step)
        for symbol, (coin, quote, tick, step) in _LINEAR.items()
    )
    inverse = tuple(
        Contract(symbol=symbol, coin=coin, quote="USD", kind=Kind.INVERSE, tick_size=tick, step_size="1")
        for symbol, (coin, tick) in _INVERSE.items()
    )
    return (*linear, *inverse)


def market(*, seed: int = 1, quiet: bool = False) -> Market:
    """A market of its own."""
    return Market(contracts(), COINS_USD, STABLECOINS_USD, seed=seed, quiet=quiet)


def options(market: Market, now: float) -> dict[Symbol, Option]:
    """Calls and puts around the present price, for a few Fridays."""
    found = {}
    for coin, step in OPTION_COINS.items():
        middle = round(market.asset_usd(coin) / step)
        for days, settle in _EXPIRY_DAYS:
            expiry = friday_after(now, days)
            for away in _STRIKE_STEPS:
                for call in (True, False):
                    strike = (middle + away) * step
                    symbol = name(coin, expiry, strike, call, settle)
                    found[symbol] = Option(
                        symbol=symbol, coin=coin, settle=settle, strike=strike, call=call, expiry=expiry
                    )
    return found


def category_of(contract: Contract) -> str:
    """linear or inverse."""
    return INVERSE if contract.kind is Kind.INVERSE else LINEAR


def settle_coin(contract: Contract) -> Asset:
    """The coin that profit and margin are in."""
    return contract.coin if contract.kind is Kind.INVERSE else contract.quote


def price_bounds(contract: Contract) -> tuple[float, float]:
    """The lowest and the highest price of an instrument: nothing is printed outside of them."""
    tick = float(contract.tick_size)
    return tick, tick * 19_999_990.0 if contract.kind is not Kind.INVERSE else tick * 9_999_990.0
