"""Where Binance is asked, what a call costs, and which events exist, as tables: a move of theirs is a line of ours.

Sources: README.md beside this file. Weights are those of a call without a symbol.
"""

from __future__ import annotations

from monitor.venues.binance.endpoint import Endpoint, Host

ACCOUNT = Endpoint("GET", "/fapi/v3/account", 5, True, Host.FAPI, "fapiPrivateV3GetAccount", "account")
POSITION_RISK = Endpoint("GET", "/fapi/v3/positionRisk", 5, True, Host.FAPI, "fapiPrivateV3GetPositionRisk", "account")
ACCOUNT_CONFIG = Endpoint("GET", "/fapi/v1/accountConfig", 5, True, Host.FAPI, "fapiPrivateGetAccountConfig", "config")
SYMBOL_CONFIG = Endpoint("GET", "/fapi/v1/symbolConfig", 5, True, Host.FAPI, "fapiPrivateGetSymbolConfig", "config")
LEVERAGE_BRACKET = Endpoint(
    "GET", "/fapi/v1/leverageBracket", 1, True, Host.FAPI, "fapiPrivateGetLeverageBracket", "tiers"
)
ASSET_INDEX = Endpoint("GET", "/fapi/v1/assetIndex", 10, False, Host.FAPI, "fapiPublicGetAssetIndex", "assets")
PREMIUM_INDEX = Endpoint("GET", "/fapi/v1/premiumIndex", 10, False, Host.FAPI, "fapiPublicGetPremiumIndex", "marks")
EXCHANGE_INFO = Endpoint(
    "GET", "/fapi/v1/exchangeInfo", 1, False, Host.FAPI, "fapiPublicGetExchangeInfo", "instruments"
)
FUNDING_INFO = Endpoint("GET", "/fapi/v1/fundingInfo", 1, False, Host.FAPI, "fapiPublicGetFundingInfo", "instruments")
INCOME = Endpoint("GET", "/fapi/v1/income", 30, True, Host.FAPI, "fapiPrivateGetIncome", "income")
SERVER_TIME = Endpoint("GET", "/fapi/v1/time", 1, False, Host.FAPI, "fapiPublicGetTime", "clock")
MARK_KLINES = Endpoint(
    "GET", "/fapi/v1/markPriceKlines", 1, False, Host.FAPI, "fapiPublicGetMarkPriceKlines", "candles"
)
API_RESTRICTIONS = Endpoint(
    "GET", "/sapi/v1/account/apiRestrictions", 1, True, Host.SAPI, "sapiGetAccountApiRestrictions", "permissions"
)
# The three calls of a listen key carry the key in the header and no signature [doc].
LISTEN_KEY_CREATE = Endpoint("POST", "/fapi/v1/listenKey", 1, False, Host.FAPI, "fapiPrivatePostListenKey", "user")
LISTEN_KEY_EXTEND = Endpoint("PUT", "/fapi/v1/listenKey", 1, False, Host.FAPI, "fapiPrivatePutListenKey", "user")
LISTEN_KEY_CLOSE = Endpoint("DELETE", "/fapi/v1/listenKey", 1, False, Host.FAPI, "fapiPrivateDeleteListenKey", "user")

KEYED = frozenset({LISTEN_KEY_CREATE, LISTEN_KEY_EXTEND, LISTEN_KEY_CLOSE})
"""Calls whose answers may hold a listen key: they are never kept."""

ENDPOINTS = (
    ACCOUNT,
    POSITION_RISK,
    ACCOUNT_CONFIG,
    SYMBOL_CONFIG,
    LEVERAGE_BRACKET,
    ASSET_INDEX,
    PREMIUM_INDEX,
    EXCHANGE_INFO,
    FUNDING_INFO,
    INCOME,
    SERVER_TIME,
    MARK_KLINES,
    API_RESTRICTIONS,
    LISTEN_KEY_CREATE,
    LISTEN_KEY_EXTEND,
    LISTEN_KEY_CLOSE,
)

CAPTURED = (
    ACCOUNT,
    POSITION_RISK,
    ACCOUNT_CONFIG,
    SYMBOL_CONFIG,
    LEVERAGE_BRACKET,
    ASSET_INDEX,
    PREMIUM_INDEX,
    EXCHANGE_INFO,
    API_RESTRICTIONS,
)
"""What `capture` writes and `assess` reads, in the order in which they are asked."""

REQUIRED = (ACCOUNT, POSITION_RISK)
"""Without these there is nothing to assess; each other one is optional, and named when it is missing."""


def klines_weight(limit: int) -> int:
    """What `limit` candles cost."""
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


USED_WEIGHT_HEADER = "x-mbx-used-weight-1m"

# Streams, on the routes of 2026-04-23. A stream asked for on the wrong route is acknowledged and then silent for ever.
MARKET_ROUTE = "/market/stream"  #: SUBSCRIBE with an id; frames come as {"stream", "data"}
PRIVATE_ROUTE = "/private/ws"  #: ?listenKey=…; frames come bare
MARK_STREAM = "!markPrice@arr@1s"
ASSET_STREAM = "!assetIndex@arr"

UNDERSTOOD: dict[str, str] = {
    "markPriceUpdate": "a mark price, alone or in an array",
    "assetIndexUpdate": "an asset's USD index and the rates at which it counts in multi-assets mode",
    "ACCOUNT_UPDATE": "balances and positions that changed",
    "ACCOUNT_CONFIG_UPDATE": "a leverage or the multi-assets flag changed",
    "MARGIN_CALL": "the venue warns of liquidation",
    "ORDER_TRADE_UPDATE": "an order: what a fill did to wallets, and whether the venue's own hand was in it",
    "listenKeyExpired": "the user stream's key is no longer valid",
}

IGNORED: dict[str, str] = {
    "TRADE_LITE": "a fill, in short",
    "ALGO_UPDATE": "a conditional order",
    "CONDITIONAL_ORDER_TRIGGER_REJECT": "a conditional order that was refused",
    "STRATEGY_UPDATE": "a grid",
    "GRID_UPDATE": "a grid",
    "serverShutdown": "the connection will be closed; the feed reconnects when it is",
    "trade": "a public trade",
    "aggTrade": "public trades",
    "bookTicker": "best bid and ask",
    "depthUpdate": "the order book",
    "rpiDepthUpdate": "the order book",
    "kline": "a candle",
    "continuous_kline": "a candle",
    "indexPrice_kline": "a candle",
    "markPrice_kline": "a candle",
    "24hrTicker": "a day's statistics",
    "24hrMiniTicker": "a day's statistics",
    "ticker_all": "a day's statistics",
    "forceOrder": "somebody's liquidation",
    "compositeIndex": "the composition of an index",
    "contractInfo": "a listing or a bracket change; tables are read anew on their own schedule",
    "indexPriceUpdate": "a COIN-M index",
    "tradingSession": "opening hours of contracts on shares",
}

IGNORED_STREAMS = frozenset({"bookTicker", "openInterest", "depthSnapshot", "depth"})
"""Streams whose frames carry no `e`: by the part of the stream's name after the first «@», or after a leading «!»."""
