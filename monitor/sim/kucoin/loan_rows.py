"""Rows of spot margin accounts and of what they are lent on."""

from __future__ import annotations

from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.kucoin import loans
from monitor.sim.kucoin.board import Prices
from monitor.sim.kucoin.holdings import Coin, Purse
from monitor.sim.kucoin.listing import PAIRS
from monitor.sim.kucoin.text import plain, ratio

Row = dict[str, Any]


def coin_row(name: Asset, coin: Coin) -> Row:
    """A coin of a margin account."""
    return {
        "currency": name,
        "total": plain(coin.total, 8),
        "available": plain(max(0.0, coin.total - coin.hold), 8),
        "hold": plain(coin.hold, 8),
        "liability": plain(coin.owed, 8),
        "liabilityPrincipal": plain(coin.principal, 8),
        "liabilityInterest": plain(coin.interest, 8),
        "maxBorrowSize": "1000000",
        "borrowEnabled": True,
        "transferInEnabled": True,
    }


def printed_ratio(purse: Purse, prices: Prices) -> str:
    """As the account's answers say it."""
    return ratio(min(loans.debt_ratio(purse, prices), 9_999.0))


def cross_row(purse: Purse, quote: Asset, prices: Prices) -> Row:
    """The cross margin account; totals in `quote`."""
    return {
        "totalAssetOfQuoteCurrency": plain(loans.quoted(loans.assets_in_btc(purse, prices), quote, prices), 8),
        "totalLiabilityOfQuoteCurrency": plain(loans.quoted(loans.debts_in_btc(purse, prices), quote, prices), 8),
        "debtRatio": printed_ratio(purse, prices),
        "status": purse.status,
        "accounts": [coin_row(name, coin) for name, coin in purse.coins.items()],
    }


def isolated_row(pair: Symbol, purse: Purse, prices: Prices) -> Row:
    """One pair of the isolated margin accounts."""
    listed = PAIRS[pair]
    return {
        "symbol": pair,
        "status": purse.status,
        "debtRatio": printed_ratio(purse, prices),
        "baseAsset": coin_row(listed.coin, purse.coin(listed.coin)),
        "quoteAsset": coin_row(listed.quote, purse.coin(listed.quote)),
    }


def debt_push(purse: Purse, prices: Prices, now_ms: int) -> Row:
    """A `debt.ratio`: totals in bitcoin."""
    assets = loans.assets_in_btc(purse, prices)
    return {
        "debtRatio": round(min(loans.debt_ratio(purse, prices), 9_999.0), 4),
        "totalAsset": assets,
        "marginCoefficientTotalAsset": plain(assets, 16),
        "totalDebt": plain(loans.debts_in_btc(purse, prices), 16),
        "assetList": {
            name: {
                "total": plain(coin.total, 8),
                "available": plain(max(0.0, coin.total - coin.hold), 8),
                "hold": plain(coin.hold, 8),
            }
            for name, coin in purse.coins.items()
        },
        "debtList": {name: plain(coin.owed, 8) for name, coin in purse.coins.items()},
        "timestamp": now_ms,
    }


def isolated_push(pair: Symbol, purse: Purse, coins: list[Asset], now_ms: int) -> Row:
    """A `positionChange` of an isolated margin account."""
    owed = sum(coin.principal for coin in purse.coins.values())
    return {
        "tag": pair,
        "status": "DEBT" if owed else "CLEAR",
        "statusBizType": "DEFAULT_DEBT" if owed else "",
        "accumulatedPrincipal": plain(owed, 8),
        "changeAssets": {
            name: {
                "total": plain(purse.coin(name).total, 8),
                "hold": plain(purse.coin(name).hold, 8),
                "liabilityPrincipal": plain(purse.coin(name).principal, 8),
                "liabilityInterest": plain(purse.coin(name).interest, 8),
            }
            for name in coins
        },
        "timestamp": now_ms,
    }
