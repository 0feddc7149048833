"""Where spot margin is asked, cross and isolated, and what its streams are called.

Sources: README.md of this room. Weights count per address unless a call says otherwise.
"""

from __future__ import annotations

from monitor.venues.binance.endpoint import Endpoint, Host

CROSS_ACCOUNT = Endpoint("GET", "/sapi/v1/margin/account", 10, True, Host.SAPI, "sapiGetMarginAccount", "account")
ISOLATED_ACCOUNT = Endpoint(
    "GET", "/sapi/v1/margin/isolated/account", 10, True, Host.SAPI, "sapiGetMarginIsolatedAccount", "account"
)
COLLATERAL_RATIO = Endpoint(
    "GET",
    "/sapi/v1/margin/crossMarginCollateralRatio",
    100,
    True,
    Host.SAPI,
    "sapiGetMarginCrossMarginCollateralRatio",
    "collateral",
)
LEVERAGE_BRACKET = Endpoint(
    "GET", "/sapi/v1/margin/leverageBracket", 1, True, Host.SAPI, "sapiGetMarginLeverageBracket", "tiers"
)
ISOLATED_TIER = Endpoint(
    "GET", "/sapi/v1/margin/isolatedMarginTier", 1, True, Host.SAPI, "sapiGetMarginIsolatedMarginTier", "tiers"
)
"""Asked for each pair: `symbol` is needed."""

PRICE_INDEX = Endpoint("GET", "/sapi/v1/margin/priceIndex", 10, True, Host.SAPI, "sapiGetMarginPriceIndex", "assets")
"""Asked for each pair: `symbol` is needed."""

CROSS_PAIRS = Endpoint("GET", "/sapi/v1/margin/allPairs", 1, True, Host.SAPI, "sapiGetMarginAllPairs", "instruments")
"""The pairs of cross margin: which symbols have an index price at all."""

CAPITAL_FLOW = Endpoint(
    "GET", "/sapi/v1/margin/capital-flow", 100, True, Host.SAPI, "sapiGetMarginCapitalFlow", "income"
)
# The calls of the risk stream's key carry the key in the header and no signature [doc]; the last two name the key.
RISK_KEY_CREATE = Endpoint(
    "POST",
    "/sapi/v1/margin/listen-key",
    1,
    False,
    Host.SAPI,
    "sapiPostMarginListenKey",
    "warnings",
    by_uid=True,
    added=True,
)
RISK_KEY_EXTEND = Endpoint(
    "PUT",
    "/sapi/v1/margin/listen-key",
    1,
    False,
    Host.SAPI,
    "sapiPutMarginListenKey",
    "warnings",
    by_uid=True,
    added=True,
)
RISK_KEY_CLOSE = Endpoint(
    "DELETE",
    "/sapi/v1/margin/listen-key",
    1,
    False,
    Host.SAPI,
    "sapiDeleteMarginListenKey",
    "warnings",
    by_uid=True,
    added=True,
)
LISTEN_TOKEN = Endpoint(
    "POST", "/sapi/v1/userListenToken", 1, False, Host.SAPI, "sapiPostUserListenToken", "user", by_uid=True
)
"""A token for at most 24 h: {"token", "expirationTime"}. Isolated: `symbol` and `isIsolated=true`."""

KEYED = frozenset({RISK_KEY_CREATE, RISK_KEY_EXTEND, RISK_KEY_CLOSE, LISTEN_TOKEN})
"""Calls whose answers may hold a listen key or token: they are never kept."""

ENDPOINTS = (
    CROSS_ACCOUNT,
    ISOLATED_ACCOUNT,
    COLLATERAL_RATIO,
    LEVERAGE_BRACKET,
    ISOLATED_TIER,
    PRICE_INDEX,
    CROSS_PAIRS,
    CAPITAL_FLOW,
    RISK_KEY_CREATE,
    RISK_KEY_EXTEND,
    RISK_KEY_CLOSE,
    LISTEN_TOKEN,
)

CROSS_CAPTURED = (CROSS_ACCOUNT, COLLATERAL_RATIO, LEVERAGE_BRACKET)
"""`PRICE_INDEX` follows for each asset held: `sapi_v1_margin_priceIndex__symbol=BTCUSDT.json`."""

ISOLATED_CAPTURED = (ISOLATED_ACCOUNT,)
"""`ISOLATED_TIER` follows for each pair held: `sapi_v1_margin_isolatedMarginTier__symbol=BTCUSDT.json`."""

CROSS_REQUIRED, ISOLATED_REQUIRED = (CROSS_ACCOUNT,), (ISOLATED_ACCOUNT,)

RISK_ROUTE = "/ws"  #: on the margin stream host: /ws/<listenKey>; frames come bare; cross margin only
SOCKET_API_ROUTE = "/ws-api/v3"
"""Balances: a request subscribes with a token; frames come as {"subscriptionId", "event": {"e", …}}, and answers as
{"id", "status", "result": {"subscriptionId", "expirationTime"}}, or {"id", "status", "error": {"code", "msg"}}."""

SUBSCRIBE_METHOD = "userDataStream.subscribe.listenToken"
TOKEN_INVALID = -1209  #: the code that answers a token that is not, or no longer, valid

UNDERSTOOD: dict[str, str] = {
    "MARGIN_LEVEL_STATUS_CHANGE": "the margin level entered another of the venue's states",
    "USER_LIABILITY_CHANGE": "a debt changed: borrowed, repaid, or interest",
    "outboundAccountPosition": "balances that changed, free and locked",
    "balanceUpdate": "a deposit, a withdrawal or a transfer",
    "listenKeyExpired": "the risk stream's key is no longer valid",
    "eventStreamTerminated": "the subscription's token is over",
}

IGNORED: dict[str, str] = {
    "executionReport": "an order; what it does to balances is told with them",
    "listStatus": "a list of orders",
    "externalLockUpdate": "part of a spot balance was locked by another system",
    "serverShutdown": "the connection will be closed; the feed reconnects when it is",
}
