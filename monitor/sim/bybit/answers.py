"""What the simulated Bybit answers: one function a path, the `result` as a dict in the venue's words."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from monitor.domain.names import Asset, Symbol
from monitor.sim.bybit import frames
from monitor.sim.bybit.accounts import OPTION_FEE_RATE, SimAccount
from monitor.sim.bybit.book import Limits
from monitor.sim.bybit.frames import Row
from monitor.sim.bybit.listing import (
    CATEGORIES,
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
from monitor.sim.bybit.scenarios import portfolio_result
from monitor.sim.bybit.tiers import BORROW, DEFAULT_RISK_LIMITS, RISK_LIMITS, Bracket, RiskTier
from monitor.sim.market import Contract
from monitor.sim.text import bare

SYMBOLS_A_PAGE = 15  #: of risk-limit
CANDLE_NOISE = 0.0009  #: of one minute


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, checked."""

    params: Mapping[str, str]
    prices: Prices
    now_ms: int
    next_funding_ms: int
    limits: Limits
    collateral: Mapping[Asset, tuple[Bracket, ...]]
    inverse_rates_in_percent: bool
    account: SimAccount | None = None

    @property
    def owner(self) -> SimAccount:
        """The account of a request that needs one."""
        assert self.account is not None  # the gate has seen to it
        return self.account

    def category(self, *allowed: str) -> str:
        """The product that is asked for."""
        found = self.params.get("category", "")
        if found not in (allowed or CATEGORIES):
            raise Refusal(WRONG_PARAMETER, "params error: Illegal category")
        return found

    def page(self, rows: Sequence[Row], most: int, usual: int) -> Row:
        """A part of the rows, and the cursor for the rest. The cursor is where the next page begins."""
        try:
            limit = int(self.params.get("limit") or usual)
            start = int((self.params.get("cursor") or "0").removeprefix("page%3A").removeprefix("page:"))
        except ValueError:
            raise Refusal(WRONG_PARAMETER, "params error: limit or cursor") from None
        if not 1 <= limit <= most:
            raise Refusal(WRONG_PARAMETER, f"params error: limit must be in [1, {most}]")
        end = start + limit
        return {"list": list(rows[start:end]), "nextPageCursor": f"page:{end}" if end < len(rows) else ""}


# public


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
        return {"category": category, **ask.page(_of_symbol(ask, rows), 1000, 500)}
    if category == OPTION:
        rows = [_option_row(ask.prices, symbol) for symbol in _options_of(ask, "BTC")]
    else:
        rows = [_contract_row(contract, ask) for contract in _contracts(ask, category)]
    return {"category": category, **ask.page(rows, 1000, 500)}


def _contracts(ask: Ask, category: str) -> list[Contract]:
    symbol = ask.params.get("symbol")
    found = [c for c in ask.prices.market.contracts.values() if category_of(c) == category]
    if symbol is None:
        return found
    one = [contract for contract in found if contract.symbol == symbol]
    if not one:
        raise Refusal(WRONG_PARAMETER, "params error: symbol invalid")
    return one


def _of_symbol(ask: Ask, rows: list[Row]) -> list[Row]:
    symbol = ask.params.get("symbol")
    return [row for row in rows if symbol in (None, row["symbol"])]


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
    found = sorted(_contracts(ask, category), key=lambda contract: contract.symbol)
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
            for contract in _contracts(ask, category)
        ]
    return {"category": category, "list": found}


def kline(ask: Ask) -> Row:
    """GET /v5/market/mark-price-kline: candles that end at the present mark, invented backwards, the newest first."""
    category = ask.category(LINEAR, INVERSE)
    contract = _contracts(ask, category)[0]
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


# of an account


def account_info(ask: Ask) -> Row:
    """GET /v5/account/info."""
    return {
        "marginMode": ask.owner.mode.value,
        "updatedTime": str(ask.now_ms - 1000),
        "unifiedMarginStatus": 6,
        "dcpStatus": "OFF",
        "timeWindow": 10,
        "smpGroup": 0,
        "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    }


def wallet_balance(ask: Ask) -> Row:
    """GET /v5/account/wallet-balance: coins with something in them, unless named."""
    if ask.params.get("accountType") != "UNIFIED":
        raise Refusal(WRONG_PARAMETER, "accountType only support UNIFIED.")
    row = frames.wallet_row(ask.owner.book(ask.prices))
    named = ask.params.get("coin")
    kept = [coin for coin in row["coin"] if (coin["coin"] in named.split(",") if named else _anything(coin))]
    return {"list": [{**row, "coin": kept}]}


def _anything(coin: Row) -> bool:
    told = ("equity", "walletBalance", "spotBorrow", "borrowAmount", "totalPositionIM", "totalOrderIM")
    return any(coin[name] not in ("", "0", "0.00000000") for name in told)


def positions(ask: Ask) -> Row:
    """GET /v5/position/list: open ones, and the empty leg beside an open one; a linear question needs a symbol or a
    settlement coin."""
    category, owner = ask.category(LINEAR, INVERSE, OPTION), ask.owner
    symbol, settle, coin = (ask.params.get(name) for name in ("symbol", "settleCoin", "baseCoin"))
    if category == LINEAR and not symbol and not settle:
        raise Refusal(WRONG_PARAMETER, "Missing some parameters that must be filled in, symbol or settleCoin")
    book, prices = owner.book(ask.prices), ask.prices
    held = {position.symbol for position in owner.open_positions()}
    rows = [
        frames.position_row(book, position, pushed=False)
        for position in owner.holdings.positions.values()
        if prices.category(position.symbol) == category
        and (position.symbol == symbol if symbol else position.symbol in held)
        and (symbol or settle in (None, "", prices.settle(position.symbol)))
        and coin in (None, "", prices.coin(position.symbol))
        and (position.size or position.index or symbol)
    ]
    return {"category": category, **ask.page(rows, 200, 20)}


def orders(ask: Ask) -> Row:
    """GET /v5/order/realtime: resting ones; a linear question needs a symbol, a base coin or a settlement coin."""
    category, owner = ask.category(), ask.owner
    symbol, settle, coin = (ask.params.get(name) for name in ("symbol", "settleCoin", "baseCoin"))
    if category == LINEAR and not (symbol or settle or coin):
        raise Refusal(
            WRONG_PARAMETER, "Missing some parameters that must be filled in, symbol or baseCoin or settleCoin"
        )
    prices = ask.prices
    rows = []
    for order in owner.holdings.orders.values():
        if (SPOT if order.spot else prices.category(order.symbol)) != category:
            continue
        if symbol not in (None, "", order.symbol):
            continue
        if not order.spot and settle not in (None, "", prices.settle(order.symbol)):
            continue
        rows.append(frames.order_row(order, category))
    return {"category": category, **ask.page(rows, 50, 20)}


def fee_rate(ask: Ask) -> Row:
    """GET /v5/account/fee-rate: by symbol, options by base coin."""
    category, holdings = ask.category(), ask.owner.holdings
    if category == OPTION:
        coins = sorted({option.coin for option in ask.prices.options.values()})
        taker = bare(OPTION_FEE_RATE)
        rows = [{"baseCoin": coin, "symbol": "", "takerFeeRate": taker, "makerFeeRate": "0.0002"} for coin in coins]
        return {"category": category, "list": rows}
    if category == SPOT:
        rows = [{"symbol": pair, "takerFeeRate": "0.001", "makerFeeRate": "0.001"} for pair in SPOT_PAIRS]
        return {"list": _of_symbol(ask, rows)}
    return {
        "list": [
            {
                "symbol": contract.symbol,
                "takerFeeRate": bare(holdings.fee(contract.symbol)),
                "makerFeeRate": "0.0002",
            }
            for contract in _contracts(ask, category)
        ]
    }


def transaction_log(ask: Ask) -> Row:
    """GET /v5/account/transaction-log: the newest first, of the last day unless told; fifty a page."""
    kind, coin, category = (ask.params.get(name) for name in ("type", "currency", "category"))
    try:
        end = int(ask.params.get("endTime") or ask.now_ms)
        start = int(ask.params.get("startTime") or end - 86_400_000)
    except ValueError:
        raise Refusal(WRONG_PARAMETER, "params error: startTime or endTime") from None
    if end - start > 7 * 86_400_000:
        raise Refusal(WRONG_PARAMETER, "The time range between startTime and endTime cannot exceed 7 days.")
    rows = [
        row
        for row in reversed(ask.owner.log)
        if start <= int(row["transactionTime"]) <= end
        and kind in (None, "", row["type"])
        and coin in (None, "", row["currency"])
        and category in (None, "", row["category"])
    ]
    return ask.page(rows, 50, 20)


def option_assets(ask: Ask) -> Row:
    """GET /v5/account/option-asset-info: what the options of a coin need, orders for them included."""
    owner, prices = ask.owner, ask.prices
    book = owner.book(prices)
    held = [position for position in owner.open_positions() if position.symbol in prices.options]
    ordered = [o for o in owner.holdings.orders.values() if not o.spot and o.symbol in prices.options]
    rows = []
    symbols = [position.symbol for position in held] + [order.symbol for order in ordered]
    for coin in sorted({prices.coin(symbol) for symbol in symbols}):
        mine = [position for position in held if prices.coin(position.symbol) == coin]
        orders_initial = sum(book.order_initial(o) for o in ordered if prices.coin(o.symbol) == coin)
        rows.append(
            {
                "totalDelta": frames.greeks_row(coin, mine, prices)["totalDelta"],
                "assetIM": f"{sum(book.initial(position) for position in mine) + orders_initial:.4f}",
                "totalUPL": f"{sum(book.profit(position) for position in mine):.4f}",
                "totalRPL": f"{sum(position.realised for position in mine):.4f}",
                "assetMM": f"{sum(book.maintenance(position) for position in mine):.4f}",
                "coin": coin,
                "sendTime": ask.now_ms,
            }
        )
    return {"result": rows}


def coin_greeks(ask: Ask) -> Row:
    """GET /v5/asset/coin-greeks."""
    prices = ask.prices
    held = [position for position in ask.owner.open_positions() if position.symbol in prices.options]
    coins = sorted({prices.coin(position.symbol) for position in held})
    wanted = ask.params.get("baseCoin")
    return {
        "list": [
            frames.greeks_row(coin, [p for p in held if prices.coin(p.symbol) == coin], prices)
            for coin in coins
            if wanted in (None, coin)
        ]
    }


def portfolio_margin(ask: Ask) -> Row:
    """GET /v5/asset/portfolio-margin: scenarios of each base coin."""
    return portfolio_result(ask.owner.book(ask.prices), ask.params.get("baseCoin"))


def key_info(ask: Ask) -> Row:
    """GET /v5/user/query-api."""
    api = ask.owner.api
    bound = api.expires is None
    expires = "1970-01-01T00:00:00Z" if api.expires is None else _iso(api.expires)
    return {
        "id": "16651472",
        "note": ask.owner.name,
        "apiKey": api.key,
        "readOnly": 1 if api.read_only else 0,
        "secret": "",
        "permissions": api.permissions,
        "ips": api.ips if bound else ["*"],
        "type": 1,
        "deadlineDay": 0 if api.expires is None else max(0, round((api.expires - ask.now_ms / 1000.0) / 86_400.0)),
        "expiredAt": expires,
        "createdAt": _iso(ask.now_ms / 1000.0 - 30.0 * 86_400.0),
        "unified": 0,
        "uta": 1,
        "userID": 53888001,
        "inviterID": 0,
        "vipLevel": "No VIP",
        "mktMakerLevel": "0",
        "affiliateID": 0,
        "rsaPublicKey": "",
        "isMaster": True,
        "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
