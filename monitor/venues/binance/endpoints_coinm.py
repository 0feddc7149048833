"""Where COIN-M futures are asked. Same words as USDⓈ-M, other host, older versions; one weight pool for both.

Sources: README.md beside this file. Weights are those of a call without a symbol.
"""

from __future__ import annotations

from monitor.venues.binance.endpoint import Endpoint, Host

ACCOUNT = Endpoint("GET", "/dapi/v1/account", 5, True, Host.DAPI, "dapiPrivateGetAccount", "account")
POSITION_RISK = Endpoint("GET", "/dapi/v1/positionRisk", 1, True, Host.DAPI, "dapiPrivateGetPositionRisk", "account")
DUAL_SIDE = Endpoint(
    "GET", "/dapi/v1/positionSide/dual", 30, True, Host.DAPI, "dapiPrivateGetPositionSideDual", "config"
)
LEVERAGE_BRACKET = Endpoint(
    "GET", "/dapi/v2/leverageBracket", 2, True, Host.DAPI, "dapiPrivateV2GetLeverageBracket", "tiers"
)
PREMIUM_INDEX = Endpoint("GET", "/dapi/v1/premiumIndex", 10, False, Host.DAPI, "dapiPublicGetPremiumIndex", "marks")
EXCHANGE_INFO = Endpoint(
    "GET", "/dapi/v1/exchangeInfo", 1, False, Host.DAPI, "dapiPublicGetExchangeInfo", "instruments"
)
FUNDING_INFO = Endpoint("GET", "/dapi/v1/fundingInfo", 1, False, Host.DAPI, "dapiPublicGetFundingInfo", "instruments")
INCOME = Endpoint("GET", "/dapi/v1/income", 20, True, Host.DAPI, "dapiPrivateGetIncome", "income")
MARK_KLINES = Endpoint(
    "GET", "/dapi/v1/markPriceKlines", 1, False, Host.DAPI, "dapiPublicGetMarkPriceKlines", "candles"
)
LISTEN_KEY_CREATE = Endpoint("POST", "/dapi/v1/listenKey", 1, False, Host.DAPI, "dapiPrivatePostListenKey", "user")
LISTEN_KEY_EXTEND = Endpoint("PUT", "/dapi/v1/listenKey", 1, False, Host.DAPI, "dapiPrivatePutListenKey", "user")
LISTEN_KEY_CLOSE = Endpoint("DELETE", "/dapi/v1/listenKey", 1, False, Host.DAPI, "dapiPrivateDeleteListenKey", "user")

KEYED = frozenset({LISTEN_KEY_CREATE, LISTEN_KEY_EXTEND, LISTEN_KEY_CLOSE})
"""Calls whose answers may hold a listen key: they are never kept."""

ENDPOINTS = (
    ACCOUNT,
    POSITION_RISK,
    DUAL_SIDE,
    LEVERAGE_BRACKET,
    PREMIUM_INDEX,
    EXCHANGE_INFO,
    FUNDING_INFO,
    INCOME,
    MARK_KLINES,
    LISTEN_KEY_CREATE,
    LISTEN_KEY_EXTEND,
    LISTEN_KEY_CLOSE,
)

CAPTURED = (ACCOUNT, POSITION_RISK, DUAL_SIDE, LEVERAGE_BRACKET, PREMIUM_INDEX, EXCHANGE_INFO)
"""What `capture` writes and `assess` reads; the key's permissions come beside it."""

REQUIRED = (ACCOUNT, POSITION_RISK)

USER_ROUTE = "/ws"  #: on the COIN-M stream host: /ws/<listenKey>; frames come bare
