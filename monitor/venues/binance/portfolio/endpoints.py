"""Where portfolio margin is asked, that of retail (papi) and Pro (sapi), and what its streams are called.

Sources: README.md of this room. Weights count per address unless a call says otherwise.
"""

from __future__ import annotations

from monitor.venues.binance.endpoint import Endpoint, Host

# Portfolio margin
ACCOUNT = Endpoint("GET", "/papi/v1/account", 20, True, Host.PAPI, "papiGetAccount", "account")
BALANCE = Endpoint("GET", "/papi/v1/balance", 20, True, Host.PAPI, "papiGetBalance", "account")
UM_POSITION_RISK = Endpoint("GET", "/papi/v1/um/positionRisk", 5, True, Host.PAPI, "papiGetUmPositionRisk", "account")
CM_POSITION_RISK = Endpoint("GET", "/papi/v1/cm/positionRisk", 1, True, Host.PAPI, "papiGetCmPositionRisk", "account")
UM_ACCOUNT_CONFIG = Endpoint("GET", "/papi/v1/um/accountConfig", 5, True, Host.PAPI, "papiGetUmAccountConfig", "config")
UM_BRACKET = Endpoint("GET", "/papi/v1/um/leverageBracket", 1, True, Host.PAPI, "papiGetUmLeverageBracket", "tiers")
CM_BRACKET = Endpoint("GET", "/papi/v1/cm/leverageBracket", 1, True, Host.PAPI, "papiGetCmLeverageBracket", "tiers")
UM_INCOME = Endpoint("GET", "/papi/v1/um/income", 30, True, Host.PAPI, "papiGetUmIncome", "income")
CM_INCOME = Endpoint("GET", "/papi/v1/cm/income", 30, True, Host.PAPI, "papiGetCmIncome", "income")
LISTEN_KEY_CREATE = Endpoint("POST", "/papi/v1/listenKey", 1, False, Host.PAPI, "papiPostListenKey", "user")
LISTEN_KEY_EXTEND = Endpoint("PUT", "/papi/v1/listenKey", 1, False, Host.PAPI, "papiPutListenKey", "user")
LISTEN_KEY_CLOSE = Endpoint("DELETE", "/papi/v1/listenKey", 1, False, Host.PAPI, "papiDeleteListenKey", "user")

# Portfolio margin Pro; its user stream takes a key of USDⓈ-M futures, and its positions are those of both futures
PRO_ACCOUNT = Endpoint(
    "GET", "/sapi/v1/portfolio/account", 5, True, Host.SAPI, "sapiGetPortfolioAccount", "account", by_uid=True
)
PRO_ACCOUNT_SPAN = Endpoint(
    "GET", "/sapi/v2/portfolio/account", 5, True, Host.SAPI, "sapiV2GetPortfolioAccount", "account"
)
"""With the maintenance margin of each unit of risk; it answers accounts of the kind SPAN."""

PRO_BALANCE = Endpoint("GET", "/sapi/v1/portfolio/balance", 20, True, Host.SAPI, "sapiGetPortfolioBalance", "account")
PRO_COLLATERAL_RATE = Endpoint(
    "GET",
    "/sapi/v2/portfolio/collateralRate",
    50,
    True,
    Host.SAPI,
    "sapiV2GetPortfolioCollateralRate",
    "collateral",
    added=True,
)
"""By tiers of the amount."""

# Both
COLLATERAL_RATE = Endpoint(
    "GET", "/sapi/v1/portfolio/collateralRate", 50, True, Host.SAPI, "sapiGetPortfolioCollateralRate", "collateral"
)
"""One rate an asset."""

ASSET_INDEX = Endpoint(
    "GET", "/sapi/v1/portfolio/asset-index-price", 50, True, Host.SAPI, "sapiGetPortfolioAssetIndexPrice", "assets"
)
"""All assets; with `asset` one, for a weight of `ASSET_INDEX_ONE_WEIGHT`."""

ASSET_INDEX_ONE_WEIGHT = 1
ASSET_LEVERAGE = Endpoint(
    "GET",
    "/sapi/v1/portfolio/margin-asset-leverage",
    50,
    True,
    Host.SAPI,
    "sapiGetPortfolioMarginAssetLeverage",
    "tiers",
)
"""The leverage of each asset's loans, from which their maintenance rate follows."""

KEYED = frozenset({LISTEN_KEY_CREATE, LISTEN_KEY_EXTEND, LISTEN_KEY_CLOSE})
"""Calls whose answers may hold a listen key: they are never kept."""

ENDPOINTS = (
    ACCOUNT,
    BALANCE,
    UM_POSITION_RISK,
    CM_POSITION_RISK,
    UM_ACCOUNT_CONFIG,
    UM_BRACKET,
    CM_BRACKET,
    UM_INCOME,
    CM_INCOME,
    LISTEN_KEY_CREATE,
    LISTEN_KEY_EXTEND,
    LISTEN_KEY_CLOSE,
    PRO_ACCOUNT,
    PRO_ACCOUNT_SPAN,
    PRO_BALANCE,
    PRO_COLLATERAL_RATE,
    COLLATERAL_RATE,
    ASSET_INDEX,
    ASSET_LEVERAGE,
)

CAPTURED = (
    ACCOUNT,
    BALANCE,
    UM_POSITION_RISK,
    CM_POSITION_RISK,
    UM_ACCOUNT_CONFIG,
    UM_BRACKET,
    CM_BRACKET,
    COLLATERAL_RATE,
    ASSET_INDEX,
)
"""What `capture` writes and `assess` reads; lists of contracts and marks of both futures come beside it."""

PRO_CAPTURED = (PRO_ACCOUNT, PRO_BALANCE, PRO_COLLATERAL_RATE, ASSET_INDEX)
"""The same of Pro; modes, positions, tiers, contracts and marks of both futures come beside it, and the second version
of the account where it is one of the kind SPAN.
"""

REQUIRED = (ACCOUNT, BALANCE, UM_POSITION_RISK, CM_POSITION_RISK)
PRO_REQUIRED = (PRO_ACCOUNT, PRO_BALANCE)

ROUTE = "/pm/ws"  #: on the stream host: /pm/ws/<listenKey>; frames come bare
PRO_ROUTE = "/pm-classic/ws"  #: on the stream host: /pm-classic/ws/<listenKey of USDⓈ-M>; frames come bare

UNDERSTOOD: dict[str, str] = {
    "ACCOUNT_UPDATE": "futures balances and positions that changed; `fs` says which futures",
    "ACCOUNT_CONFIG_UPDATE": "a leverage changed",
    "ORDER_TRADE_UPDATE": "an order of the futures `fs`",
    "riskLevelChange": "the account's level of risk changed",
    "openOrderLoss": "what open margin orders would lose, by asset",
    "liabilityChange": "a debt changed: borrowed, repaid, or interest",
    "outboundAccountPosition": "cross margin balances that changed",
    "balanceUpdate": "a transfer into or out of cross margin",
    "RISK_LEVEL_CHANGE": "Pro: the account's level of risk changed",
    "PM_PRO_ACCOUNT_UPDATE": "Pro: ratio, equity and requirement, every 5 s",
    "listenKeyExpired": "the user stream's key is no longer valid",
}

IGNORED: dict[str, str] = {
    "executionReport": "an order of cross margin; what it does to balances is told with them",
    "listStatus": "a list of orders",
    "CONDITIONAL_ORDER_TRADE_UPDATE": "a conditional order",
    "TRADE_LITE": "a fill, in short",
    "ALGO_UPDATE": "a conditional order",
    "serverShutdown": "the connection will be closed; the feed reconnects when it is",
}
