"""How Hyperliquid names things: its dexs, the tokens that back them, and coins by their spot and perp names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.domain.names import Asset, Symbol

FIRST_DEX = ""  #: as the venue calls the dex that is its own
FIRST_WALLET = "first dex"  #: as we call its wallet; a builder's dex has at most six letters and no space
USDC: Asset = "USDC"
USDC_TOKEN = 0

TOKENS: Mapping[Asset, Asset] = {
    "UBTC": "BTC",
    "UETH": "ETH",
    "USOL": "SOL",
    "UFART": "FARTCOIN",
    "UPUMP": "PUMP",
    "UBONK": "BONK",
    "UXPL": "XPL",
    "UZEC": "ZEC",
    "UENA": "ENA",
    "UMON": "MON",
    "HYPE": "HYPE",
    "WHYPE": "HYPE",
}
"""Spot tokens that are a perpetual's coin under another name. A «U» in front alone says nothing (USDC, UNI)."""

SHARED_COINS = frozenset({"BTC", "ETH", "SOL", "HYPE", "XRP", "BNB", "DOGE", "LTC", "ADA", "AVAX", "LINK", "SUI"})
"""Names of the same coin on every dex. Others may not be: a builder's META is a share, the first dex's is a token."""


def wallet_name(dex: str) -> str:
    """What the wallet of a dex is called here."""
    return dex or FIRST_WALLET


def dex_of(symbol: Symbol) -> str:
    """The dex of a perpetual: «xyz» of «xyz:TSLA», "" of «BTC»."""
    dex, colon, _ = symbol.partition(":")
    return dex if colon else FIRST_DEX


def base_of(symbol: Symbol) -> Asset:
    """What a perpetual is on, as its dex calls it: «TSLA» of «xyz:TSLA»."""
    return symbol.rpartition(":")[2]


def coin_of_token(token: Asset) -> Asset:
    """The coin that a spot token is: «BTC» of «UBTC»; the token itself where there is no other name."""
    return TOKENS.get(token, token)


class Coin(NamedTuple):
    """A coin and how many of it one base unit holds."""

    name: Asset
    multiplier: float = 1.0


def coin_of(symbol: Symbol, first: frozenset[Asset]) -> Coin:
    """The coin of a perpetual. `first` are the bases of the first dex: a builder's namesake of one of them is a coin of
    its own, unless the name is one that everybody knows.
    """
    base = base_of(symbol)
    if dex_of(symbol) == FIRST_DEX:
        thousands = len(base) > 1 and base[0] == "k" and base[1:].isupper()
        return Coin(base[1:], 1000.0) if thousands else Coin(base)
    if base in SHARED_COINS or base not in first:
        return Coin(base)
    return Coin(symbol)


@dataclass(frozen=True, slots=True)
class Dex:
    """One dex: its perpetuals in the venue's order, delisted ones too, and the token that backs them; None: unknown."""

    name: str
    symbols: tuple[Symbol, ...] = ()
    collateral: Asset | None = None


@dataclass(frozen=True, slots=True)
class Universe:
    """All dexs in the venue's order, and the spot tokens by their number."""

    dexs: tuple[Dex, ...] = ()
    tokens: Mapping[int, Asset] = field(default_factory=dict)

    def collateral(self, dex: str) -> Asset | None:
        """The token that backs a dex. The first one's is USDC whatever was read."""
        for one in self.dexs:
            if one.name == dex:
                return one.collateral
        return USDC if dex == FIRST_DEX else None


NO_UNIVERSE = Universe()
