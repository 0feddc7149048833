"""Which coin a contract is about: «1000SHIB» is a thousand SHIB, but «1INCH» is a coin of its own."""

from __future__ import annotations

import re

from monitor.domain.names import USD, Asset, Symbol

# A one, at least three zeros, and then something that is not a digit. «1INCH», «0G», «2Z», «4» and «42» do not fit.
_THOUSANDS = re.compile(r"1(0{3,6})(\D.*)", re.DOTALL)
# «1M» stands for a million in 1MBABYDOGE. Four characters must follow, so that a name such as 1MIL is left alone.
_MILLION = re.compile(r"1M(\D.{3,})", re.DOTALL)


def coin_of(base: Asset) -> tuple[Asset, float]:
    """The coin behind a base asset, and how many of it one base unit holds: ("1000SHIB") -> ("SHIB", 1000.0)."""
    if match := _THOUSANDS.fullmatch(base):
        return match[2], float(10 ** len(match[1]))
    if match := _MILLION.fullmatch(base):
        return match[1], 1e6
    return base, 1.0


def settled_in_coin(symbol: Symbol) -> Asset | None:
    """The coin in which a COIN-M contract settles, as its name tells: BTCUSD_PERP in BTC; None for other contracts."""
    pair, dated, _ = symbol.partition("_")
    coin = pair.removesuffix(USD)
    return coin if dated and coin and coin != pair else None
