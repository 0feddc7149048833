"""The two assets of a spot pair, which the venue writes as one word."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from monitor.domain.names import Asset, Symbol

STABLES = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "USD1")  #: quotes that count 1 USD where nothing tells more
_QUOTES = (*STABLES, "BTC", "ETH", "BNB", "EUR", "TRY", "BRL", "JPY")


def split(symbol: Symbol, assets: Collection[Asset] = ()) -> tuple[Asset, Asset] | None:
    """Base and quote of a pair: two of `assets` where they spell it, else by the quotes that exist; None if neither."""
    for base in assets:
        if symbol.startswith(base) and symbol[len(base) :] in assets:
            return base, symbol[len(base) :]
    for quote in _QUOTES:
        if symbol.endswith(quote) and len(symbol) > len(quote):
            return symbol[: -len(quote)], quote
    return None


def dollar_price(symbol: Symbol, price: float, dollars: Mapping[Asset, float]) -> tuple[Asset, float] | None:
    """The base of a pair, and its price in USD at this price of the pair; None where that of the quote is not known."""
    names = split(symbol)
    if names is None:
        return None
    base, quote = names
    of_quote = dollars.get(quote, 1.0 if quote in STABLES else None)
    return None if of_quote is None else (base, price * of_quote)


def price_pair(asset: Asset) -> Symbol:
    """The pair whose index price tells what an asset is worth; "" for the one in which all others are told."""
    return "" if asset == STABLES[0] else f"{asset}{STABLES[0]}"
