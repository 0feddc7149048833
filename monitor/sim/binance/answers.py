"""What the simulated Binance answers over REST: one function an endpoint, the body as the venue lays it out."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

from monitor.domain.names import Asset, Symbol
from monitor.sim.binance import brackets, frames
from monitor.sim.binance.accounts import ADL_RANK, SimAccount
from monitor.sim.binance.listing import is_dated
from monitor.sim.binance.paths import LIMITS, Pool
from monitor.sim.binance.positions import SimPosition, multi_assets_equity_and_maintenance
from monitor.sim.market import Contract, Kind, Market
from monitor.sim.text import bare, cut, fixed, price, stepped

Row = dict[str, Any]

NEVER_DELIVERED_MS = 4_133_404_800_000  #: what Binance prints as the delivery date of a perpetual


def exchange_info(market: Market, time_ms: int) -> Row:
    """GET /fapi/v1/exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": time_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": [
            {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": LIMITS[Pool.FUTURES]},
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
            {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 300},
        ],
        "exchangeFilters": [],
        "assets": [
            {"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"}
            for asset in frames.collateral(market)
        ],
        "symbols": [_symbol(c) for c in market.contracts.values() if c.kind is not Kind.INVERSE],
    }


def _symbol(contract: Contract) -> Row:
    types = {Kind.DELIVERY: "CURRENT_QUARTER", Kind.STOCK: "TRADIFI_PERPETUAL"}
    base = contract.symbol.partition("_")[0].removesuffix(contract.quote)
    delivery = NEVER_DELIVERED_MS if contract.delivery_time is None else round(contract.delivery_time * 1000.0)
    decimals = len(contract.tick_size.rstrip("0").partition(".")[2])
    return {
        "symbol": contract.symbol,
        "pair": base + contract.quote,
        "contractType": types.get(contract.kind, "PERPETUAL"),
        "deliveryDate": delivery,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": base,
        "quoteAsset": contract.quote,
        "marginAsset": contract.quote,
        "pricePrecision": decimals + 1,
        "quantityPrecision": len(contract.step_size.partition(".")[2]),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "EQUITY" if contract.kind is Kind.STOCK else "COIN",
        "underlyingSubType": [],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": contract.tick_size,
                "maxPrice": "4529764",
                "tickSize": contract.tick_size,
            },
            {
                "filterType": "LOT_SIZE",
                "minQty": contract.step_size,
                "maxQty": "1000000",
                "stepSize": contract.step_size,
            },
            {"filterType": "MIN_NOTIONAL", "notional": "5"},
        ],
        "orderTypes": [
            "LIMIT",
            "MARKET",
            "STOP",
            "STOP_MARKET",
            "TAKE_PROFIT",
            "TAKE_PROFIT_MARKET",
            "TRAILING_STOP_MARKET",
        ],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
        "permissionSets": ["GRID", "COPY"],
    }


def premium_index(market: Market, symbol: Symbol, time_ms: int, next_funding_ms: int) -> Row:
    """One row of GET /fapi/v1/premiumIndex; a delivery contract has no funding, printed as empty texts."""
    delivery = is_dated(market.contracts[symbol])
    return {
        "symbol": symbol,
        "markPrice": fixed(market.mark(symbol)),
        "indexPrice": fixed(market.index(symbol)),
        "estimatedSettlePrice": fixed(market.index(symbol)),
        "lastFundingRate": "" if delivery else fixed(market.funding_rate(symbol)),
        "interestRate": "" if delivery else "0.00010000",
        "nextFundingTime": 0 if delivery else next_funding_ms,
        "time": time_ms,
    }


def asset_index(market: Market, asset: Asset, time_ms: int) -> Row:
    """One row of GET /fapi/v1/assetIndex."""
    row = frames.asset_index_row(market, asset, time_ms)
    names = {
        "s": "symbol",
        "E": "time",
        "i": "index",
        "b": "bidBuffer",
        "a": "askBuffer",
        "B": "bidRate",
        "A": "askRate",
    }
    names |= {"q": "autoExchangeBidBuffer", "g": "autoExchangeAskBuffer"}
    names |= {"Q": "autoExchangeBidRate", "G": "autoExchangeAskRate"}
    return {long: row[short] for short, long in names.items()}


def mark_price_klines(
    market: Market, symbol: Symbol, interval_seconds: int, limit: int, time_ms: int
) -> list[list[Any]]:
    """GET /fapi/v1/markPriceKlines: candles that end at the present mark, invented backwards, the same each time."""
    step_ms = interval_seconds * 1000
    last = time_ms // step_ms
    rows: list[list[Any]] = []
    close = market.mark(symbol)
    for back in range(limit):
        start = last - back
        noise = random.Random(f"{symbol} {start}").gauss(0.0, 0.0009)
        opened = close / (1.0 + noise * (interval_seconds / 60.0) ** 0.5)
        high, low = max(opened, close) * 1.0002, min(opened, close) * 0.9998
        texts = [fixed(value) for value in (opened, high, low, close)]
        rows.append([start * step_ms, *texts, "0", (start + 1) * step_ms - 1, "0", 60, "0", "0", "0"])
        close = opened
    return rows[::-1]


def funding_info(market: Market) -> list[Row]:
    """GET /fapi/v1/fundingInfo: symbols whose cap, floor or interval was adjusted."""
    return [
        {
            "symbol": symbol,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": 8,
            "disclaimer": False,
            "updateTime": 1_752_854_309_429,
        }
        for symbol in ("ADAUSDT", "1000SHIBUSDT")
        if symbol in market.contracts
    ]


def leverage_bracket(account: SimAccount, symbols: Iterable[Symbol]) -> list[Row]:
    """GET /fapi/v1/leverageBracket; `notionalCoef` only where this user's brackets were adjusted."""
    rows: list[Row] = []
    for symbol in symbols:
        row: Row = {"symbol": symbol}
        if symbol in account.bracket_coefficients:
            row["notionalCoef"] = account.bracket_coefficients[symbol]
        row["brackets"] = [
            {
                "bracket": b.number,
                "initialLeverage": b.leverage,
                "notionalCap": b.cap,
                "notionalFloor": b.floor,
                "maintMarginRatio": b.rate,
                "cum": b.cum,
            }
            for b in brackets.of(symbol)
        ]
        rows.append(row)
    return rows


def symbol_config(account: SimAccount, symbols: Iterable[Symbol]) -> list[Row]:
    """GET /fapi/v1/symbolConfig."""
    rows = []
    for symbol in symbols:
        setting = account.setting(symbol)
        held = [p for p in account.open_positions() if p.symbol == symbol]
        isolated = held[0].isolated_wallet is not None if held else setting.isolated
        caps = [b.cap for b in account.brackets(symbol) if b.leverage >= setting.leverage]
        rows.append(
            {
                "symbol": symbol,
                "marginType": "ISOLATED" if isolated else "CROSSED",
                "isAutoAddMargin": setting.auto_add,
                "leverage": setting.leverage,
                "maxNotionalValue": bare(max(caps, default=account.brackets(symbol)[0].cap)),
            }
        )
    return rows


def account_config(account: SimAccount) -> Row:
    """GET /fapi/v1/accountConfig."""
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "dualSidePosition": account.hedge,
        "updateTime": 0,
        "multiAssetsMargin": account.multi_assets,
        "tradeGroupId": -1,
    }


def initial_margin(account: SimAccount, position: SimPosition, mark: float) -> float:
    """At the leverage that is set, in the margin asset."""
    return position.notional(mark) / account.setting(position.symbol).leverage


def position_risk(account: SimAccount, time_ms: int) -> list[Row]:
    """GET /fapi/v3/positionRisk: only what has a quantity; the liquidation price raw, "0" for none."""
    rows = []
    for position in account.open_positions():
        mark = account.market.mark(position.symbol)
        isolated = position.isolated_wallet is not None
        initial = cut(initial_margin(account, position, mark))
        rows.append(
            {
                "symbol": position.symbol,
                "positionSide": position.side,
                "positionAmt": stepped(position.quantity, account.market.contracts[position.symbol].step_size),
                "entryPrice": price(position.entry),
                "breakEvenPrice": price(position.entry),
                "markPrice": fixed(mark),
                "unRealizedProfit": fixed(position.profit(mark)),
                "liquidationPrice": bare(account.liquidation_price(position)),
                "isolatedMargin": bare((position.isolated_wallet or 0.0) + position.profit(mark)) if isolated else "0",
                "notional": fixed(position.quantity * mark),
                "marginAsset": account.market.contracts[position.symbol].quote,
                "isolatedWallet": bare(position.isolated_wallet or 0.0),
                "initialMargin": initial,
                "maintMargin": cut(position.maintenance(mark)),
                "positionInitialMargin": initial,
                "openOrderInitialMargin": "0",
                "adl": account.adl_ranks.get(position.symbol, ADL_RANK),
                "bidNotional": "0",
                "askNotional": "0",
                "updateTime": position.update_ms or time_ms,
            }
        )
    return rows


def account_v3(account: SimAccount) -> Row:
    """GET /fapi/v3/account. In single-asset mode the totals speak of USDT only and include isolated positions."""
    assets = [
        asset_row(account, name) for name in sorted(set(account.wallets) | {p.asset for p in account.open_positions()})
    ]
    fields = {
        "totalInitialMargin": "initialMargin",
        "totalMaintMargin": "maintMargin",
        "totalWalletBalance": "walletBalance",
        "totalUnrealizedProfit": "unrealizedProfit",
        "totalMarginBalance": "marginBalance",
        "totalPositionInitialMargin": "positionInitialMargin",
        "totalOpenOrderInitialMargin": "openOrderInitialMargin",
        "totalCrossWalletBalance": "crossWalletBalance",
        "totalCrossUnPnl": "crossUnPnl",
        "availableBalance": "availableBalance",
        "maxWithdrawAmount": "maxWithdrawAmount",
    }
    if account.multi_assets:
        rates = account.rates()
        totals = {}
        for name, column in fields.items():
            total = 0.0
            for row in assets:
                amount, rate = float(row[column]), rates[row["asset"]]
                needs = "InitialMargin" in name or "MaintMargin" in name
                total += amount * (rate.ask if needs or amount < 0.0 else rate.bid)
            totals[name] = fixed(total)
        equity, _ = multi_assets_equity_and_maintenance(
            account.cross_cash(), account.cross_positions(), account.marks(), rates
        )
        totals["totalMarginBalance"] = fixed(equity)
        totals["availableBalance"] = fixed(max(0.0, equity - float(totals["totalInitialMargin"])))
    else:
        usdt = next((row for row in assets if row["asset"] == "USDT"), None)
        totals = {name: usdt[column] if usdt else "0.00000000" for name, column in fields.items()}
    return {**totals, "assets": assets, "positions": [_account_position(account, p) for p in account.open_positions()]}


def asset_row(account: SimAccount, asset: Asset) -> Row:
    """One asset of an account answer, isolated positions included where the venue includes them."""
    marks = account.marks()
    positions = [p for p in account.open_positions() if p.asset == asset]
    cross = [p for p in positions if p.isolated_wallet is None]
    wallet, cross_wallet = account.wallets.get(asset, 0.0), account.cross_wallet(asset)
    profit = sum(p.profit(marks[p.symbol]) for p in positions)
    cross_profit = sum(p.profit(marks[p.symbol]) for p in cross)
    required = sum(p.maintenance(marks[p.symbol]) for p in positions)
    initial = sum(initial_margin(account, p, marks[p.symbol]) for p in positions)
    cross_initial = sum(initial_margin(account, p, marks[p.symbol]) for p in cross)
    available = max(0.0, cross_wallet + cross_profit - cross_initial)
    return {
        "asset": asset,
        "walletBalance": fixed(wallet),
        "unrealizedProfit": fixed(profit),
        "marginBalance": fixed(wallet + profit),
        "maintMargin": cut(required),
        "initialMargin": cut(initial),
        "positionInitialMargin": cut(initial),
        "openOrderInitialMargin": "0.00000000",
        "crossWalletBalance": fixed(cross_wallet),
        "crossUnPnl": fixed(cross_profit),
        "availableBalance": fixed(available),
        "maxWithdrawAmount": fixed(max(0.0, min(available, cross_wallet))),
        "updateTime": account.wallet_update_ms.get(asset, 0),
    }


def _account_position(account: SimAccount, position: SimPosition) -> Row:
    mark = account.market.mark(position.symbol)
    isolated = position.isolated_wallet is not None
    return {
        "symbol": position.symbol,
        "positionSide": position.side,
        "positionAmt": stepped(position.quantity, account.market.contracts[position.symbol].step_size),
        "unrealizedProfit": fixed(position.profit(mark)),
        "isolatedMargin": fixed((position.isolated_wallet or 0.0) + position.profit(mark))
        if isolated
        else "0.00000000",
        "notional": bare(position.quantity * mark),
        "isolatedWallet": bare(position.isolated_wallet or 0.0),
        "initialMargin": cut(initial_margin(account, position, mark)),
        "maintMargin": cut(position.maintenance(mark)),
        "updateTime": position.update_ms,
    }


def api_restrictions(permissions: Mapping[str, bool]) -> Row:
    """GET /sapi/v1/account/apiRestrictions."""
    return {**permissions, "createTime": 1_698_645_219_000}
