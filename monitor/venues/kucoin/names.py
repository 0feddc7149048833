"""What KuCoin calls coins, contracts and pairs, and what we call them. Pure.

Futures say XBT where the rest of the venue says BTC; a contract's base may be a thousand coins («1000PEPE»).
"""

from __future__ import annotations

import re

from monitor.domain.names import Asset, Symbol

_OURS = {"XBT": "BTC"}
_THEIRS = {ours: theirs for theirs, ours in _OURS.items()}
_PACKED = re.compile(r"(1000000|100000|10000|1000)([A-Z][A-Z0-9]*)")
DOLLARS = frozenset({"USDT", "USDC", "USD"})


def asset_of(currency: str) -> Asset:
    """A currency of the venue's as we call it: «XBT» is BTC."""
    return _OURS.get(currency, currency)


def venue_name(asset: Asset) -> str:
    """How the futures side of the venue calls an asset: BTC is «XBT»."""
    return _THEIRS.get(asset, asset)


def coin_of(base: Asset) -> tuple[Asset, float]:
    """The coin that a base asset holds, and how many of it: 1000PEPE holds 1000 PEPE."""
    packed = _PACKED.fullmatch(base)
    return (packed[2], float(packed[1])) if packed else (base, 1.0)


def contract_of(symbol: Symbol, settle: Asset | None = None) -> tuple[Asset, Asset, Asset, bool] | None:
    """Base, quote and settlement of a perpetual as its name tells, and whether it is inverse; None if it does not.

    «XBTUSDTM» is settled in its quote, «XBTUSDM» in its base. Delivery contracts («XBTMZ26») are not told by name.
    """
    for quote in ("USDT", "USDC", "USD"):
        base = symbol.removesuffix(quote + "M")
        if base and base != symbol:
            ours = asset_of(base)
            paid = ours if quote == "USD" else quote
            return None if settle not in (None, paid) else (ours, quote, paid, quote == "USD")
    return None


def pair_of(symbol: Symbol) -> tuple[Asset, Asset] | None:
    """Base and quote of a spot pair («DOGE-USDT»); None if it is none."""
    base, dash, quote = symbol.partition("-")
    return (base, quote) if dash and base and quote else None


def asset_of_index(symbol: Symbol) -> Asset | None:
    """The coin whose price in dollars is the index of this contract; None for a packed base or another quote."""
    told = contract_of(symbol)
    return told[0] if told is not None and coin_of(told[0])[1] == 1.0 else None
