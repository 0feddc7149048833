"""Spot margin in numbers: what is owed over what is there, both at margin marks, which are in bitcoin."""

from __future__ import annotations

from monitor.domain.names import Asset
from monitor.sim.kucoin.arithmetic import over
from monitor.sim.kucoin.board import Prices
from monitor.sim.kucoin.holdings import Purse

WARNING_RATIO, LIQUIDATION_RATIO = 0.95, 0.97


def assets_in_btc(purse: Purse, prices: Prices) -> float:
    """All coins of a margin account."""
    return sum(coin.total * prices.in_btc(name) for name, coin in purse.coins.items())


def debts_in_btc(purse: Purse, prices: Prices) -> float:
    """All that it owes, with interest."""
    return sum(coin.owed * prices.in_btc(name) for name, coin in purse.coins.items())


def debt_ratio(purse: Purse, prices: Prices) -> float:
    """0.97 is liquidation; infinite for debts without assets."""
    return over(debts_in_btc(purse, prices), assets_in_btc(purse, prices))


def quoted(btc: float, quote: Asset, prices: Prices) -> float:
    """An amount in bitcoin, in another coin."""
    return btc / prices.in_btc(quote)
