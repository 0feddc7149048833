"""What the simulated spot margin answers over REST: one function an endpoint, the body as the venue lays it out."""

from __future__ import annotations

from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance.loans.accounts import IsolatedMarginAccount, MarginAccount
from monitor.sim.binance.loans.arithmetic import index_btc, marginable, split
from monitor.sim.binance.loans.purse import Holding
from monitor.sim.binance.loans.tables import BRACKETS, COLLATERAL, pair_tiers
from monitor.sim.market import Market
from monitor.sim.text import bare, fixed

Row = dict[str, Any]
QUOTES = ("USDT", "USDC", "FDUSD", "BTC")


def margin_account(account: MarginAccount) -> Row:
    """GET /sapi/v1/margin/account. Every asset has its row; the capital T of one field is the venue's."""
    figures = account.figures()
    holdings = account.purse.holdings
    return {
        "created": True,
        "borrowEnabled": True,
        "marginLevel": bare(account.level()),
        "collateralMarginLevel": bare(figures.collateral_level),
        "totalAssetOfBtc": fixed(figures.assets_btc),
        "totalLiabilityOfBtc": fixed(figures.debts_btc),
        "totalNetAssetOfBtc": fixed(figures.assets_btc - figures.debts_btc),
        "TotalCollateralValueInUSDT": fixed(figures.collateral_usdt),
        "totalOpenOrderLossInUSDT": fixed(figures.order_loss_usdt),
        "tradeEnabled": True,
        "transferInEnabled": True,
        "transferOutEnabled": True,
        "accountType": "MARGIN_2" if account.pro else "MARGIN_1",
        "userAssets": [_asset(asset, holdings.get(asset, Holding())) for asset in marginable(account.market)],
    }


def _asset(asset: Asset, held: Holding) -> Row:
    amounts = {"borrowed": held.borrowed, "free": held.free, "interest": held.interest, "locked": held.locked}
    return {"asset": asset, **{name: bare(amount) for name, amount in amounts.items()}, "netAsset": bare(held.net)}


def isolated_account(account: IsolatedMarginAccount, pairs: list[Symbol] | None) -> Row:
    """GET /sapi/v1/margin/isolated/account; the totals are left out where pairs are named."""
    rows = [_pair(account, pair) for pair in account.purses if pairs is None or pair in pairs]
    if pairs is not None:
        return {"assets": rows}
    worth = owed = 0.0
    for purse in account.purses.values():
        for asset, held in purse.holdings.items():
            worth += held.total * index_btc(account.market, asset)
            owed += held.debt * index_btc(account.market, asset)
    return {
        "assets": rows,
        "totalAssetOfBtc": fixed(worth),
        "totalLiabilityOfBtc": fixed(owed),
        "totalNetAssetOfBtc": fixed(worth - owed),
    }


def _pair(account: IsolatedMarginAccount, pair: Symbol) -> Row:
    base, quote = account.assets(pair)
    index, line = account.index(pair), account.line(pair)
    return {
        "baseAsset": _pair_asset(account, pair, base),
        "quoteAsset": _pair_asset(account, pair, quote),
        "symbol": pair,
        "isolatedCreated": True,
        "enabled": True,
        "marginLevel": bare(account.level(pair)),
        "marginLevelStatus": account.standing(pair),
        "marginRatio": bare(account.tier(pair).multiple),
        "indexPrice": fixed(index),
        "liquidatePrice": bare(line),
        "liquidateRate": bare((line / index - 1.0) * 100.0) if line else "0",
        "tradeEnabled": True,
    }


def _pair_asset(account: IsolatedMarginAccount, pair: Symbol, asset: Asset) -> Row:
    held = account.purse(pair).of(asset)
    return {
        "asset": asset,
        "borrowEnabled": True,
        "borrowed": bare(held.borrowed),
        "free": bare(held.free),
        "interest": bare(held.interest),
        "locked": bare(held.locked),
        "netAsset": bare(held.net),
        "netAssetOfBtc": fixed(held.net * index_btc(account.market, asset)),
        "repayEnabled": True,
        "totalAsset": bare(held.total),
    }


def collateral_ratio() -> list[Row]:
    """GET /sapi/v1/margin/crossMarginCollateralRatio; the last tier has no upper end."""
    rows = []
    for assets, tiers in COLLATERAL:
        collaterals = []
        for tier in tiers:
            end = {} if tier.cap is None else {"maxUsdValue": bare(tier.cap)}
            collaterals.append({"minUsdValue": bare(tier.floor), **end, "discountRate": bare(tier.ratio)})
        rows.append({"collaterals": collaterals, "assetNames": list(assets)})
    return rows


def leverage_bracket() -> list[Row]:
    """GET /sapi/v1/margin/leverageBracket: debts of Cross Margin Pro."""
    return [
        {
            "assetNames": list(assets),
            "rank": rank,
            "brackets": [
                {
                    "leverage": row.leverage,
                    "maxDebt": row.cap,
                    "maintenanceMarginRate": row.rate,
                    "initialMarginRate": row.initial,
                    "fastNum": row.fast,
                }
                for row in rows
            ],
        }
        for rank, assets, rows in BRACKETS
    ]


def isolated_tier(pair: Symbol, tier: int | None) -> list[Row]:
    """GET /sapi/v1/margin/isolatedMarginTier of one pair."""
    return [
        {
            "symbol": pair,
            "tier": row.tier,
            "effectiveMultiple": bare(row.multiple),
            "initialRiskRatio": bare(row.initial),
            "liquidationRiskRatio": bare(row.liquidation),
            "baseAssetMaxBorrowable": bare(row.base_most),
            "quoteAssetMaxBorrowable": bare(row.quote_most),
        }
        for row in pair_tiers(pair)
        if tier in (None, row.tier)
    ]


def price_index(market: Market, pair: Symbol, time_ms: int) -> Row | None:
    """GET /sapi/v1/margin/priceIndex of one pair; None for no pair."""
    assets = split(market, pair)
    if assets is None:
        return None
    price = index_btc(market, assets[0]) / index_btc(market, assets[1])
    return {"calcTime": time_ms, "price": fixed(price), "symbol": pair}


def all_pairs(market: Market) -> list[Row]:
    """GET /sapi/v1/margin/allPairs."""
    assets = marginable(market)
    return [
        {
            "base": base,
            "id": 100 * place + at,
            "isBuyAllowed": True,
            "isMarginTrade": True,
            "isSellAllowed": True,
            "quote": quote,
            "symbol": f"{base}{quote}",
        }
        for place, base in enumerate(assets)
        for at, quote in enumerate(QUOTES)
        if base not in QUOTES or (base == "BTC" and quote != "BTC")
    ]
