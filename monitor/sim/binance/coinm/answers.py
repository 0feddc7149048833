"""What the simulated COIN-M answers over REST: one function an endpoint, the body as the venue lays it out.

Unlike USDⓈ-M of today, every contract has its rows here, also where nothing is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim.binance import answers
from monitor.sim.binance.accounts import ADL_RANK
from monitor.sim.binance.coinm import brackets
from monitor.sim.binance.coinm.accounts import CoinAccount
from monitor.sim.binance.listing import contract_usd, is_dated
from monitor.sim.binance.paths import LIMITS, Pool
from monitor.sim.binance.positions import BOTH, LONG, SHORT, SimPosition
from monitor.sim.market import Contract, Kind, Market
from monitor.sim.text import bare, cut, fixed, price, stepped

Row = dict[str, Any]


def listed(market: Market) -> list[Symbol]:
    """The inverse contracts."""
    return [symbol for symbol, contract in market.contracts.items() if contract.kind is Kind.INVERSE]


def exchange_info(market: Market, time_ms: int) -> Row:
    """GET /dapi/v1/exchangeInfo."""
    return {
        "timezone": "UTC",
        "serverTime": time_ms,
        "rateLimits": [
            {
                "rateLimitType": "REQUEST_WEIGHT",
                "interval": "MINUTE",
                "intervalNum": 1,
                "limit": LIMITS[Pool.FUTURES],
            },
            {"rateLimitType": "ORDERS", "interval": "MINUTE", "intervalNum": 1, "limit": 1200},
        ],
        "exchangeFilters": [],
        "symbols": [_symbol(market.contracts[symbol]) for symbol in listed(market)],
    }


def _symbol(contract: Contract) -> Row:
    end = contract.delivery_time
    decimals = len(contract.tick_size.rstrip("0").partition(".")[2])
    return {
        "symbol": contract.symbol,
        "pair": f"{contract.coin}USD",
        "contractType": "CURRENT_QUARTER" if is_dated(contract) else "PERPETUAL",
        "deliveryDate": answers.NEVER_DELIVERED_MS if end is None else round(end * 1000.0),
        "onboardDate": 1_597_042_800_000,
        "contractStatus": "TRADING",
        "contractSize": int(contract_usd(contract)),
        "marginAsset": contract.coin,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": contract.coin,
        "quoteAsset": "USD",
        "pricePrecision": decimals + 1,
        "quantityPrecision": 0,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "equalQtyPrecision": 4,
        "maxMoveOrderLimit": 10000,
        "triggerProtect": "0.0500",
        "liquidationFee": "0.015000",
        "marketTakeBound": "0.05",
        "underlyingType": "COIN",
        "underlyingSubType": [],
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": contract.tick_size,
                "maxPrice": "4520958",
                "tickSize": contract.tick_size,
            },
            {"filterType": "LOT_SIZE", "stepSize": contract.step_size, "maxQty": "1000000", "minQty": "1"},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def premium_index(market: Market, symbol: Symbol, time_ms: int, next_funding_ms: int) -> Row:
    """One row of GET /dapi/v1/premiumIndex: that of USDⓈ-M, with the pair."""
    row = answers.premium_index(market, symbol, time_ms, next_funding_ms)
    return {"symbol": row.pop("symbol"), "pair": f"{market.contracts[symbol].coin}USD", **row}


def leverage_bracket(account: CoinAccount, symbols: Iterable[Symbol]) -> list[Row]:
    """GET /dapi/v2/leverageBracket; `notionalCoef` only where this user's brackets were adjusted."""
    rows: list[Row] = []
    for symbol in symbols:
        row: Row = {"symbol": symbol}
        if symbol in account.bracket_coefficients:
            row["notionalCoef"] = account.bracket_coefficients[symbol]
        row["brackets"] = [
            {
                "bracket": bracket.number,
                "initialLeverage": bracket.leverage,
                "qtyCap": bracket.cap,
                "qtyFloor": bracket.floor,
                "maintMarginRatio": bracket.rate,
                "cum": round(bracket.cum, 10),
            }
            for bracket in brackets.of(account.market.contracts[symbol].coin)
        ]
        rows.append(row)
    return rows


def position_risk(account: CoinAccount) -> list[Row]:
    """GET /dapi/v1/positionRisk: one row a contract, in hedge mode three."""
    rows = []
    for symbol, side, position in _rows(account):
        setting = account.setting(symbol)
        mark = account.market.mark(symbol)
        isolated = position is not None and position.isolated_wallet is not None
        row: Row = {
            "symbol": symbol,
            "positionAmt": _amount(account, symbol, position),
            "entryPrice": "0.0" if position is None else price(position.entry),
            "breakEvenPrice": "0.0" if position is None else price(position.entry),
            "markPrice": fixed(mark) if position is not None else "0.00000000",
            "unRealizedProfit": fixed(0.0 if position is None else position.profit(mark)),
            "liquidationPrice": "0" if position is None else bare(account.liquidation_price(position)),
            "leverage": str(setting.leverage),
            "maxQty": str(int(_bracket_cap(account, symbol))),
            "marginType": "isolated" if isolated or (position is None and setting.isolated) else "cross",
            "isolatedMargin": fixed(_isolated_margin(position, mark)),
            "isAutoAddMargin": "true" if setting.auto_add else "false",
            "positionSide": side,
            "notionalValue": "0" if position is None else bare(position.worth(position.quantity, mark)),
            "isolatedWallet": bare((position.isolated_wallet or 0.0) if position is not None else 0.0),
            "updateTime": 0 if position is None else position.update_ms,
        }
        rows.append(row)
    return rows


def account_v1(account: CoinAccount) -> Row:
    """GET /dapi/v1/account. Assets are rows of their own; nothing is summed over coins."""
    coins = sorted({contract.coin for contract in account.market.contracts.values() if contract.kind is Kind.INVERSE})
    held = set(account.wallets) | {position.asset for position in account.open_positions()}
    assets = [answers.asset_row(account, asset) for asset in sorted({*coins, *held})]
    return {
        "feeTier": 0,
        "canTrade": True,
        "canDeposit": True,
        "canWithdraw": True,
        "updateTime": 0,
        "assets": assets,
        "positions": [_account_position(account, *row) for row in _rows(account)],
    }


def _account_position(account: CoinAccount, symbol: Symbol, side: str, position: SimPosition | None) -> Row:
    mark = account.market.mark(symbol)
    initial = "0" if position is None else cut(answers.initial_margin(account, position, mark))
    return {
        "symbol": symbol,
        "positionAmt": _amount(account, symbol, position),
        "initialMargin": initial,
        "maintMargin": "0" if position is None else cut(position.maintenance(mark)),
        "unrealizedProfit": fixed(0.0 if position is None else position.profit(mark)),
        "positionInitialMargin": initial,
        "openOrderInitialMargin": "0",
        "leverage": str(account.setting(symbol).leverage),
        "isolated": position.isolated_wallet is not None if position else account.setting(symbol).isolated,
        "positionSide": side,
        "entryPrice": "0.0" if position is None else price(position.entry),
        "breakEvenPrice": "0.0" if position is None else price(position.entry),
        "maxQty": str(int(_bracket_cap(account, symbol))),
        "notionalValue": "0" if position is None else bare(position.worth(position.quantity, mark)),
        "isolatedWallet": bare((position.isolated_wallet or 0.0) if position is not None else 0.0),
        "updateTime": 0 if position is None else position.update_ms,
    }


def _rows(account: CoinAccount) -> list[tuple[Symbol, str, SimPosition | None]]:
    """Every row there is: the position where one is open, else None."""
    sides = (BOTH, LONG, SHORT) if account.hedge else (BOTH,)
    rows: list[tuple[Symbol, str, SimPosition | None]] = []
    for symbol in listed(account.market):
        for side in sides:
            found = account.positions.get((symbol, side))
            rows.append((symbol, side, found if found is not None and found.quantity else None))
    return rows


def _amount(account: CoinAccount, symbol: Symbol, position: SimPosition | None) -> str:
    return "0" if position is None else stepped(position.quantity, account.market.contracts[symbol].step_size)


def _isolated_margin(position: SimPosition | None, mark: float) -> float:
    if position is None or position.isolated_wallet is None:
        return 0.0
    return position.isolated_wallet + position.profit(mark)


def _bracket_cap(account: CoinAccount, symbol: Symbol) -> float:
    leverage = account.setting(symbol).leverage
    rows = account.brackets(symbol)
    return max((bracket.cap for bracket in rows if bracket.leverage >= leverage), default=rows[0].cap)


def adl_quantile(account: CoinAccount) -> list[Row]:
    """GET /dapi/v1/adlQuantile."""
    rank = account.adl_ranks.get
    return [
        {"symbol": position.symbol, "adlQuantile": {position.side: rank(position.symbol, ADL_RANK)}}
        for position in account.open_positions()
    ]
