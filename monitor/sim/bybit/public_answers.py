"""What the simulated Bybit answers to anybody: one function a path, the `result` in the venue's words."""

from __future__ import annotations

import math
import random

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit import frames
from monitor.sim.bybit.asks import Ask, contracts_of, of_symbol
from monitor.sim.bybit.frames import Row
from monitor.sim.bybit.listing import (
    INVERSE,
    LINEAR,
    OPTION,
    SPOT,
    SPOT_PAIRS,
    category_of,
    price_bounds,
    settle_coin,
)
from monitor.sim.bybit.prices import Prices
from monitor.sim.bybit.refusals import WRONG_PARAMETER, Refusal
from monitor.sim.bybit.tiers import BORROW, DEFAULT_RISK_LIMITS, RISK_LIMITS, RiskTier
from monitor.sim.market import Contract
from monitor.sim.text import bare

SYMBOLS_A_PAGE = 15  #: of risk-limit
CANDLE_NOISE = 0.0009  #: of one minute


def server_time(ask: Ask) -> Row:
    """GET /v5/market/time."""
    return {"timeSecond": str(ask.now_ms // 1000), "timeNano": str(ask.now_ms * 1_000_000)}


def instruments(ask: Ask) -> Row:
    """GET /v5/market/instruments-info: up to 1000 a page, 500 unless told."""
    category = ask.category()
    if category == SPOT:
        rows = [
            {
                "symbol": pair.symbol,
                "baseCoin": pair.coin,
                "quoteCoin": pair.quote,
                "innovation": "0",
                "status": "Trading",
                "marginTrading": "utaOnly",
                "lotSizeFilter": {"basePrecision": "0.000001", "quotePrecision": "0.00000001", "minOrderQty": "0.001"},
                "priceFilter": {"tickSize": "0.01"},
            }
            for pair in SPOT_PAIRS.values()
        ]
        return {"category": category, **ask.page(of_symbol(ask, rows), 1000, 500)}
    if category == OPTION:
        rows = [_option_row(ask.prices, symbol) for symbol in _options_of(ask, "BTC")]
    else:
        rows = [_contract_row(contract, ask) for contract in contracts_of(ask, category)]
    return {"category": category, **ask.page(rows, 1000, 500)}


def _options_of(ask: Ask, usual: Asset | None) -> list[Symbol]:
    symbol, coin = ask.params.get("symbol"), ask.params.get("baseCoin") or usual
    return [
        option.symbol
        for option in ask.prices.options.values()
        if (option.symbol == symbol if symbol else coin in (None, option.coin))
    ]


def _contract_row(contract: Contract, ask: Ask) -> Row:
    inverse, (low, high) = category_of(contract) == INVERSE, price_bounds(contract)
    top = _tiers(ask, contract.symbol)[0].most_leverage
    return {
        "symbol": contract.symbol,
        "contractType": "InversePerpetual" if inverse else "LinearPerpetual",
        "status": "Trading",
        "baseCoin": contract.coin,
        "quoteCoin": contract.quote,
        "launchTime": "1584230400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(len(contract.tick_size.rstrip("0").partition(".")[2])),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": f"{top:.2f}", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": bare(low), "maxPrice": bare(high), "tickSize": contract.tick_size},
        "lotSizeFilter": {
            "maxOrderQty": "1190.000",
            "minOrderQty": contract.step_size,
            "qtyStep": contract.step_size,
            "postOnlyMaxOrderQty": "1190.000",
            "maxMktOrderQty": "500.000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": round(ask.prices.market.funding_interval_seconds / 60.0),
        "settleCoin": settle_coin(contract),
        "copyTrading": "both",
        "upperFundingRate": "0.003",
        "lowerFundingRate": "-0.003",
        "isPreListing": False,
        "preListingInfo": None,
    }


def _option_row(prices: Prices, symbol: Symbol) -> Row:
    option = prices.options[symbol]
    return {
        "symbol": symbol,
        "status": "Trading",
        "baseCoin": option.coin,
        "quoteCoin": option.settle,
        "settleCoin": option.settle,
        "optionsType": "Call" if option.call else "Put",
        "launchTime": "1672560000000",
        "deliveryTime": str(round(option.expiry * 1000.0)),
        "deliveryFeeRate": "0.00015",
        "priceFilter": {"minPrice": "5", "maxPrice": "10000000", "tickSize": "5"},
        "lotSizeFilter": {"maxOrderQty": "500", "minOrderQty": "0.01", "qtyStep": "0.01"},
    }


def _tiers(ask: Ask, symbol: Symbol) -> tuple[RiskTier, ...]:
    return ask.limits.get(symbol) or RISK_LIMITS.get(symbol, DEFAULT_RISK_LIMITS)


def risk_limit(ask: Ask) -> Row:
    """GET /v5/market/risk-limit: all tiers of fifteen symbols a page. Rates of inverse contracts may be in percent."""
    category = ask.category(LINEAR, INVERSE)
    found = sorted(contracts_of(ask, category), key=lambda contract: contract.symbol)
    page = ask.page([{"symbol": contract.symbol} for contract in found], SYMBOLS_A_PAGE, SYMBOLS_A_PAGE)
    scale = 100.0 if category == INVERSE and ask.inverse_rates_in_percent else 1.0
    rows = [_tier_row(one["symbol"], tier, scale) for one in page["list"] for tier in _tiers(ask, one["symbol"])]
    return {"category": category, "list": rows, "nextPageCursor": page["nextPageCursor"]}


def _tier_row(symbol: Symbol, tier: RiskTier, scale: float) -> Row:
    return {
        "id": tier.id,
        "symbol": symbol,
        "riskLimitValue": bare(tier.cap),
        "maintenanceMargin": bare(tier.maintenance_rate * scale),
        "initialMargin": bare(tier.initial_rate * scale),
        "isLowestRisk": 0 if tier.deduction else 1,
        "maxLeverage": f"{tier.most_leverage:.2f}",
        "mmDeduction": bare(tier.deduction) if tier.deduction else "",
    }


def tickers(ask: Ask) -> Row:
    """GET /v5/market/tickers; options need a base coin or a symbol."""
    category = ask.category()
    if category == OPTION:
        if not ask.params.get("baseCoin") and not ask.params.get("symbol"):
            raise Refusal(WRONG_PARAMETER, "params error: baseCoin or symbol is required")
        found = [frames.option_ticker(ask.prices, symbol, pushed=False) for symbol in _options_of(ask, None)]
    elif category == SPOT:
        found = [frames.spot_ticker(ask.prices, s) for s in SPOT_PAIRS if ask.params.get("symbol") in (None, s)]
    else:
        found = [
            frames.contract_ticker(ask.prices, contract.symbol, ask.next_funding_ms)
            for contract in contracts_of(ask, category)
        ]
    return {"category": category, "list": found}


def kline(ask: Ask) -> Row:
    """GET /v5/market/mark-price-kline: candles that end at the present mark, invented backwards, the newest first."""
    category = ask.category(LINEAR, INVERSE)
    contract = contracts_of(ask, category)[0]
    try:
        minutes, limit = int(ask.params.get("interval", "1")), int(ask.params.get("limit") or 200)
    except ValueError:
        raise Refusal(WRONG_PARAMETER, "params error: interval or limit") from None
    step_ms, close = minutes * 60_000, ask.prices.mark(contract.symbol)
    rows = []
    for back in range(min(1000, limit)):
        start = ask.now_ms // step_ms - back
        noise = random.Random(f"{contract.symbol} {start}").gauss(0.0, CANDLE_NOISE)
        opened = close / (1.0 + noise * math.sqrt(minutes))
        high, low = max(opened, close) * 1.0002, min(opened, close) * 0.9998
        rows.append([str(start * step_ms), *(bare(value) for value in (opened, high, low, close))])
        close = opened
    return {"category": category, "symbol": contract.symbol, "list": rows}


def collateral(ask: Ask) -> Row:
    """GET /v5/spot-margin-trade/collateral."""
    wanted = ask.params.get("currency")
    return {
        "list": [
            {
                "currency": coin,
                "collateralRatioList": [
                    {
                        "minQty": bare(bracket.start),
                        "maxQty": "" if bracket.to is None else bare(bracket.to),
                        "collateralRatio": bare(bracket.ratio),
                    }
                    for bracket in brackets
                ],
            }
            for coin, brackets in ask.collateral.items()
            if wanted in (None, coin)
        ]
    }


def borrow_tiers(ask: Ask) -> Row:
    """GET /v5/spot-margin-trade/position-tiers."""
    wanted = ask.params.get("currency")
    return {
        "list": [
            {
                "currency": coin,
                "positionTiersRatioList": [
                    {
                        "tier": str(place + 1),
                        "borrowLimit": bare(tier.limit),
                        "positionMMR": bare(tier.maintenance_rate),
                        "positionIMR": bare(tier.initial_rate),
                        "maxLeverage": bare(math.floor(1.0 / tier.initial_rate + 1e-9)),
                    }
                    for place, tier in enumerate(tiers)
                ],
            }
            for coin, tiers in BORROW.items()
            if wanted in (None, coin)
        ]
    }
