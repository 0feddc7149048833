"""Names: which coin a contract is about, in what it settles, and what an option's symbol says of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from monitor.domain.names import Asset, Symbol

# A one, at least three zeros, and then something that is not a digit: 1000PEPE, 10000SATS, 1000000BABYDOGE. «1INCH»
# and «0G» are coins of their own. One contract has the number behind: SHIB1000.
_BEFORE = re.compile(r"1(0{3,7})(\D.*)", re.DOTALL)
_BEHIND = re.compile(r"(\D+)1(0{3,7})", re.DOTALL)
_OPTION = re.compile(r"([A-Z0-9]+)-(\d{1,2}[A-Z]{3}\d{2})-(\d+(?:\.\d+)?)-([CP])(?:-([A-Z]+))?")
_QUOTES = ("USDT", "USDC")
_INVERSE = re.compile(r"(.+?)USD(?:[A-Z]\d{2})?")  #: BTCUSD, and with a delivery BTCUSDU23


class OptionName(NamedTuple):
    """What `BTC-25SEP26-80000-C-USDT` says; without a coin at its end it settles in USDC."""

    base: Asset
    strike: float
    call: bool
    settle: Asset


def coin_of(base: Asset) -> tuple[Asset, float]:
    """The coin behind a base asset, and how many of it one base unit holds: ("1000PEPE") -> ("PEPE", 1000.0)."""
    if match := _BEFORE.fullmatch(base):
        return match[2], float(10 ** len(match[1]))
    if match := _BEHIND.fullmatch(base):
        return match[1], float(10 ** len(match[2]))
    return base, 1.0


def option_of(symbol: Symbol) -> OptionName | None:
    """What an option's symbol says; None for anything that is no option's."""
    match = _OPTION.fullmatch(symbol)
    if match is None:
        return None
    return OptionName(match[1], float(match[3]), match[4] == "C", match[5] or "USDC")


def pair_of(symbol: Symbol) -> tuple[Asset, Asset] | None:
    """Base and quote of a pair that ends with a stablecoin: USDCUSDT -> (USDC, USDT); None for another name."""
    for quote in _QUOTES:
        base = symbol.removesuffix(quote)
        if base and base != symbol:
            return base, quote
    return None


def contract_of(symbol: Symbol, category: str) -> tuple[Asset, Asset, Asset] | None:
    """Base, quote and settlement as far as the name tells: BTCUSDT, BTCPERP (USDC), BTC-26SEP25 (USDC), BTCUSD."""
    if category == "option":
        option = option_of(symbol)
        return None if option is None else (option.base, option.settle, option.settle)
    if category == "inverse":
        match = _INVERSE.fullmatch(symbol)
        return None if match is None else (match[1], "USD", match[1])
    head, dash, _ = symbol.partition("-")
    if pair := pair_of(head):
        return *pair, pair[1]
    base = head if dash else symbol.removesuffix("PERP")
    return (base, "USDC", "USDC") if base and (dash or base != symbol) else None
