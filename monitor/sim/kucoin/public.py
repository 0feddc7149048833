"""What the paths without a key answer: contracts, tiers, marks, candles, and the rules of loans."""

from __future__ import annotations

from typing import Any

from monitor.sim.kucoin.answers import Ask, Row
from monitor.sim.kucoin.listing import BANDS, MAKER_FEE, PAIRS, TAKER_FEE, TOP_PRICE, Spec
from monitor.sim.kucoin.loans import LIQUIDATION_RATIO, WARNING_RATIO
from monitor.sim.kucoin.refusals import Refusal
from monitor.sim.kucoin.text import CDR_END, currency, plain

MOST_CANDLES = 500
FIRST_OPEN_MS = 1_585_555_200_000


def server_time(ask: Ask) -> int:
    """Milliseconds, as the whole answer."""
    return ask.time_ms


def service_status(_: Ask) -> Row:
    """Open."""
    return {"msg": "", "status": "open"}


# futures


def contract_row(ask: Ask, spec: Spec) -> Row:
    """One contract of contracts/active."""
    mark, base, first = ask.prices.mark(spec.symbol), currency(spec.coin), spec.levels[0]
    market = ask.board.market
    return {
        "symbol": spec.symbol,
        "rootSymbol": currency(spec.settle) if spec.inverse else spec.quote,
        "type": "FFWCSX",
        "firstOpenDate": FIRST_OPEN_MS,
        "expireDate": None,
        "settleDate": None,
        "baseCurrency": base,
        "quoteCurrency": spec.quote,
        "settleCurrency": currency(spec.settle),
        "maxOrderQty": 1_000_000,
        "maxPrice": TOP_PRICE,
        "lotSize": 1,
        "tickSize": float(spec.tick),
        "indexPriceTickSize": float(spec.mark_tick),
        "multiplier": spec.multiplier,
        "initialMargin": first.initial,
        "maintainMargin": first.maintenance,
        "maxRiskLimit": first.most,
        "minRiskLimit": first.most,
        "riskStep": first.most / 2.0,
        "makerFeeRate": MAKER_FEE,
        "takerFeeRate": TAKER_FEE,
        "takerFixFee": 0.0,
        "makerFixFee": 0.0,
        "settlementFee": None,
        "isDeleverage": True,
        "isQuanto": not spec.inverse,
        "isInverse": spec.inverse,
        "markMethod": "FairPrice",
        "fairMethod": "FundingRate",
        "fundingRateSymbol": f".{spec.symbol}FPI8H",
        "indexSymbol": f".K{base}{spec.quote}",
        "settlementSymbol": "",
        "status": "Open",
        "fundingFeeRate": market.funding_rate(spec.symbol),
        "predictedFundingFeeRate": market.funding_rate(spec.symbol),
        "fundingRateGranularity": round(market.funding_interval_seconds * 1000.0),
        "openInterest": "6748176",
        "turnoverOf24h": 1_034_643_198.33,
        "volumeOf24h": 12_069.225,
        "markPrice": mark,
        "indexPrice": ask.prices.index(spec.symbol),
        "lastTradePrice": mark,
        "nextFundingRateTime": ask.next_funding_ms - ask.time_ms,
        "nextFundingRateDateTime": ask.next_funding_ms,
        "maxLeverage": first.most_leverage,
        "k": spec.k,
        "m": spec.m,
        "f": spec.f,
        "mmrLimit": spec.rate_limit,
        "mmrLevConstant": spec.lev_constant,
        "supportCross": True,
    }


def contracts(ask: Ask) -> list[Row]:
    """All of them."""
    return [contract_row(ask, spec) for spec in ask.board.specs.values()]


def one_contract(ask: Ask) -> Row:
    """One of them."""
    return contract_row(ask, ask.spec(ask.last))


def risk_limits(ask: Ask) -> list[Row]:
    """Levels of isolated margin."""
    spec, below, found = ask.spec(ask.last), 0.0, []
    for level in spec.levels:
        found.append(
            {
                "symbol": spec.symbol,
                "level": level.level,
                "maxRiskLimit": level.most,
                "minRiskLimit": below,
                "maxLeverage": level.most_leverage,
                "initialMargin": level.initial,
                "maintainMargin": level.maintenance,
            }
        )
        below = level.most
    return found


def mark_price(ask: Ask) -> Row:
    """The mark of a contract, or (a symbol with a dash) of margin trading, in bitcoin."""
    if "-" in ask.last:
        return margin_mark_row(ask, ask.last) | {"granularity": 5_000}
    spec = ask.spec(ask.last)
    return {
        "symbol": spec.symbol,
        "granularity": 1_000,
        "timePoint": ask.time_ms // 1000 * 1000,
        "value": ask.prices.mark(spec.symbol),
        "indexPrice": ask.prices.index(spec.symbol),
    }


def funding_rate(ask: Ask) -> Row:
    """The coming one."""
    spec, market = ask.spec(ask.last), ask.board.market
    return {
        "symbol": f".{spec.symbol}FPI8H",
        "granularity": round(market.funding_interval_seconds * 1000.0),
        "timePoint": ask.time_ms // 1000 * 1000,
        "value": market.funding_rate(spec.symbol),
        "predictedValue": market.funding_rate(spec.symbol),
        "fundingRateCap": 0.003,
        "fundingRateFloor": -0.003,
        "period": 0,
        "fundingTime": ask.next_funding_ms,
    }


def candles(ask: Ask) -> list[list[float]]:
    """Made up around the present mark or index: [time, open, high, low, close, volume]."""
    symbol, step_ms = ask.params.get("symbol", ""), int(ask.params.get("granularity", "1")) * 60_000
    contract = next((s for s in ask.board.specs.values() if f".K{currency(s.coin)}{s.quote}" == symbol), None)
    price = ask.prices.index(contract.symbol) if contract else ask.prices.mark(ask.spec(symbol).symbol)
    end = min(int(ask.params.get("to", ask.time_ms)), ask.time_ms)
    begin = int(ask.params.get("from", end - 200 * step_ms))
    times = range(-(-begin // step_ms) * step_ms, end + 1, step_ms)[:MOST_CANDLES]
    return [[at, *(round(price * (1.0 + _wave(at, step_ms) + d), 8) for d in (0, 2e-4, -2e-4, 0)), 100] for at in times]


def _wave(at: int, step_ms: int) -> float:
    """A small zigzag, the same for the same time."""
    return 0.0005 * ((at // step_ms * 7) % 11 - 5) / 5.0


# spot margin


def margin_mark_row(ask: Ask, symbol: str) -> Row:
    """A coin's mark in bitcoin."""
    coin, _, quote = symbol.partition("-")
    if quote != "BTC" or coin not in ask.board.market.assets:
        raise Refusal(200, "400100", "symbol not exists")
    return {"symbol": symbol, "timePoint": ask.time_ms // 1000 * 1000, "value": ask.prices.in_btc(coin)}


def margin_marks(ask: Ask) -> list[Row]:
    """All coins but bitcoin itself."""
    return [margin_mark_row(ask, f"{coin}-BTC") for coin in ask.board.market.assets if coin != "BTC"]


def fiat_prices(ask: Ask) -> Row:
    """Prices of coins in USD, of those that are named."""
    wanted = ask.params.get("currencies", "")
    return {coin: plain(ask.prices.usd(coin), 8) for coin in ask.board.market.assets if coin in wanted.split(",")}


def margin_config(ask: Ask) -> Row:
    """When a loan is warned of and when it is liquidated."""
    return {
        "currencyList": list(ask.board.market.assets),
        "maxLeverage": 5,
        "warningDebtRatio": plain(WARNING_RATIO),
        "liqDebtRatio": plain(LIQUIDATION_RATIO),
    }


def margin_currencies(ask: Ask) -> list[Row]:
    """What may be borrowed, and at which share coins count (all of it)."""
    if ask.params.get("isIsolated") == "true":
        sides = ("base", "quote")
        return [
            {
                "timestamp": ask.time_ms,
                "symbol": pair,
                **{f"{side}MaxBorrowAmount": "1000000" for side in sides},
                **{f"{side}MaxHoldAmount": "10000000" for side in sides},
                **{f"{side}BorrowEnabled": True for side in sides},
                **{f"{side}BorrowCoefficient": "1" for side in sides},
                **{f"{side}MarginCoefficient": "1" for side in sides},
            }
            for pair in PAIRS
        ]
    return [
        {
            "timestamp": ask.time_ms,
            "currency": coin,
            "borrowMaxAmount": "1000000",
            "buyMaxAmount": "10000000",
            "holdMaxAmount": "10000000",
            "borrowCoefficient": "1",
            "marginCoefficient": "1",
            "precision": 8,
            "borrowMinAmount": "0.001",
            "borrowMinUnit": "0.0001",
            "borrowEnabled": True,
        }
        for coin in ask.board.market.assets
    ]


def isolated_symbols(_: Ask) -> list[Row]:
    """Pairs with isolated margin."""
    return [
        {
            "symbol": pair.symbol,
            "symbolName": pair.symbol,
            "baseCurrency": pair.coin,
            "quoteCurrency": pair.quote,
            "maxLeverage": 10,
            "flDebtRatio": plain(LIQUIDATION_RATIO),
            "tradeEnable": True,
            "autoRenewMaxDebtRatio": "0.96",
            "baseBorrowEnable": True,
            "quoteBorrowEnable": True,
            "baseTransferInEnable": True,
            "quoteTransferInEnable": True,
            "baseBorrowCoefficient": "1",
            "quoteBorrowCoefficient": "1",
        }
        for pair in PAIRS.values()
    ]


# the unified account


def discount_ratios(ask: Ask) -> list[Row]:
    """Haircuts by number of coins."""
    wanted = ask.params.get("currency")
    return [
        {"currency": coin, "cdrConfigs": _bands(coin)} for coin in BANDS if wanted is None or coin in wanted.split(",")
    ]


def _bands(coin: str) -> list[Row]:
    found: list[Row] = []
    below, counted = 0.0, 0.0
    for place, band in enumerate(BANDS[coin], 1):
        most = float(CDR_END) if band.most == float("inf") else band.most
        counted += (most - below) * band.share
        found.append(
            {
                "tier": place,
                "min": plain(below),
                "max": str(CDR_END) if most == float(CDR_END) else plain(most),
                "cdr": plain(band.share),
                "cdrEquity": plain(counted),
            }
        )
        below = most
    return found


def position_tiers(ask: Ask) -> list[Row]:
    """Tiers of unified accounts, of the contracts that are named."""
    found: list[Row] = []
    for symbol in ask.params.get("symbol", "").split(","):
        spec, below = ask.spec(symbol), 0.0
        for place, tier in enumerate(spec.tiers, 1):
            found.append(
                {
                    "symbol": symbol,
                    "tier": place,
                    "minSize": plain(below),
                    "maxSize": plain(tier.most),
                    "maxLeverage": plain(tier.most_leverage),
                    "initialMarginRate": plain(1.0 / tier.most_leverage),
                    "maintainMarginRate": plain(tier.maintenance),
                }
            )
            below = tier.most
    return found


def instruments(ask: Ask) -> Any:
    """Contracts as the unified account's paths name them."""
    wanted = ask.params.get("symbol")
    found = [
        {
            "symbol": spec.symbol,
            "baseCurrency": currency(spec.coin),
            "quoteCurrency": spec.quote,
            "tickSize": float(spec.tick),
            "tradingStatus": "1",
            "settlementCurrency": currency(spec.settle),
            "contractType": "0",
            "isInverse": spec.inverse,
            "launchTime": FIRST_OPEN_MS,
            "expiryTime": None,
            "settlementTime": None,
            "maxPrice": TOP_PRICE,
            "lotSize": 1,
            "unitSize": spec.multiplier,
            "makerFeeRate": MAKER_FEE,
            "takerFeeRate": TAKER_FEE,
            "maxLeverage": spec.levels[0].most_leverage,
            "k": spec.k,
            "m": spec.m,
            "f": spec.f,
            "mmrLimit": spec.rate_limit,
            "mmrLevConstant": spec.lev_constant,
        }
        for spec in ask.board.specs.values()
        if wanted in (None, spec.symbol)
    ]
    return {"tradeType": "FUTURES", "list": found}


def index_prices(ask: Ask) -> Any:
    """Indexes of coins in USD."""
    wanted = ask.params.get("currency")
    coins = [coin for coin in ask.board.market.assets if wanted is None or coin in wanted.split(",")]
    return [{"symbol": f"{coin}-USD", "price": plain(ask.prices.usd(coin)), "ts": ask.time_ms} for coin in coins]
