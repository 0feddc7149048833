"""Where KuCoin is asked and what its streams are called, as tables: a move of theirs is a line of ours.

Sources: README.md beside this file. There are two hosts; what is asked of either costs weight out of one of five pools,
each of which begins anew 30 s after its first request: of one user for what is signed, of one address for the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from monitor.venues import folder
from monitor.venues.kucoin.settings import FUTURES, ISOLATED_MARGIN, MARGIN

WINDOW_SECONDS = 30.0  #: after which a pool of weight is full again


_PREFIXES = frozenset({"", "api", "ua", "v1", "v2", "v3"})


class Host(StrEnum):
    """Which of the two hosts knows a path; the library's name for a request says the same."""

    FUTURES = "futures"
    SPOT = "spot"  #: also margin, keys, and the unified account


class Pool(StrEnum):
    """What a request's weight is taken out of."""

    FUTURES = "futures"
    SPOT = "spot"
    MANAGEMENT = "management"
    UNIFIED = "unified"
    PUBLIC = "public"  #: of one address; the others are of one user


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One REST call. `ccxt` is the raw method of ccxt 4.5.90 for it; words in braces in `path` are filled in.

    `what` names the reading in reports. `paged`: an answer tells how many pages there are, and is asked for by
    `currentPage`. `fixed` are the parameters that only the library needs to find the path.
    """

    method: str
    path: str
    host: Host
    pool: Pool
    weight: int
    ccxt: str
    what: str
    paged: bool = False
    fixed: tuple[tuple[str, str], ...] = ()

    @property
    def signed(self) -> bool:
        """Whether only a key's owner may ask."""
        return self.pool is not Pool.PUBLIC

    @property
    def name(self) -> str:
        """What an answer is called where answers are kept: the words of the path that say what is asked."""
        return "_".join(word for word in self.path.split("/") if word not in _PREFIXES and not word.startswith("{"))


def _futures(
    path: str, weight: int, ccxt: str, what: str, pool: Pool = Pool.FUTURES, *, paged: bool = False
) -> Endpoint:
    prefix = "futuresPublicGet" if pool is Pool.PUBLIC else "futuresPrivateGet"
    return Endpoint("GET", path, Host.FUTURES, pool, weight, prefix + ccxt, what, paged)


def _spot(path: str, weight: int, ccxt: str, what: str, pool: Pool = Pool.SPOT) -> Endpoint:
    return Endpoint(
        "GET", path, Host.SPOT, pool, weight, ("publicGet" if pool is Pool.PUBLIC else "privateGet") + ccxt, what
    )


def _unified(path: str, weight: int, ccxt: str, what: str, *, moded: bool = True) -> Endpoint:
    fixed = (("accountMode", "unified"),) if moded else ()
    return Endpoint("GET", path, Host.SPOT, Pool.UNIFIED, weight, "utaPrivateGet" + ccxt, what, fixed=fixed)


# What a user of futures is asked about.
ACCOUNT_MODE = _unified("/api/ua/v1/account/mode", 30, "AccountMode", "config", moded=False)
POSITION_MODE = _futures("/api/v2/position/getPositionMode", 2, "PositionGetPositionMode", "config")
TRADE_FEES = _futures("/api/v1/trade-fees", 3, "TradeFees", "config")  #: ?symbol=
POSITIONS = _futures("/api/v1/positions", 2, "Positions", "account")
OVERVIEW = _futures("/api/v1/account-overview", 5, "AccountOverview", "account")  #: ?currency=
ORDERS = _futures("/api/v1/orders", 2, "Orders", "account", paged=True)  #: ?status=active
TRANSACTIONS = _futures("/api/v1/transaction-history", 2, "TransactionHistory", "income", Pool.MANAGEMENT)

# What a user of the unified account is asked about.
UNIFIED_OVERVIEW = _unified("/api/ua/v1/unified/account/overview", 5, "AccountModeAccountOverview", "account")
UNIFIED_BALANCE = _unified("/api/ua/v1/unified/account/balance", 5, "AccountModeAccountBalance", "account")
UNIFIED_POSITIONS = _unified("/api/ua/v1/unified/position/open-list", 3, "AccountModePositionOpenList", "account")
UNIFIED_ORDERS = _unified("/api/ua/v1/unified/order/open-list", 4, "AccountModeOrderOpenList", "account")

# What a user of margin is asked about.
MARGIN_ACCOUNTS = _spot("/api/v3/margin/accounts", 15, "MarginAccounts", "account")
ISOLATED_ACCOUNTS = _spot("/api/v3/isolated/accounts", 15, "IsolatedAccounts", "account")
ISOLATED_SYMBOLS = _spot("/api/v1/isolated/symbols", 3, "IsolatedSymbols", "tiers")
MARGIN_CURRENCIES = _spot("/api/v3/margin/currencies", 20, "MarginCurrencies", "collateral")
MARGIN_LEDGER = _spot("/api/v3/hf/margin/account/ledgers", 2, "HfMarginAccountLedgers", "income")

API_KEY = _spot("/api/v1/user/api-key", 20, "UserApiKey", "permissions", Pool.MANAGEMENT)

# What everybody may ask.
CONTRACTS = _futures("/api/v1/contracts/active", 3, "ContractsActive", "instruments", Pool.PUBLIC)
RISK_LIMIT = _futures("/api/v1/contracts/risk-limit/{symbol}", 5, "ContractsRiskLimitSymbol", "tiers", Pool.PUBLIC)
MARK_PRICE = _futures("/api/v1/mark-price/{symbol}/current", 3, "MarkPriceSymbolCurrent", "marks", Pool.PUBLIC)
KLINES = _futures("/api/v1/kline/query", 3, "KlineQuery", "candles", Pool.PUBLIC)
SERVER_TIME = _futures("/api/v1/timestamp", 2, "Timestamp", "clock", Pool.PUBLIC)
MARGIN_CONFIG = _spot("/api/v1/margin/config", 25, "MarginConfig", "tiers", Pool.PUBLIC)
MARGIN_MARKS = _spot("/api/v3/mark-price/all-symbols", 10, "MarkPriceAllSymbols", "assets", Pool.PUBLIC)
POSITION_TIERS = Endpoint(
    "GET", "/api/ua/v1/market/position-tiers", Host.SPOT, Pool.PUBLIC, 20, "utaGetMarketPositionTiers", "tiers"
)
DISCOUNTS = Endpoint(
    "GET",
    "/api/ua/v1/market/collateral-discount-ratio",
    Host.SPOT,
    Pool.PUBLIC,
    10,
    "utaGetMarketCollateralDiscountRatio",
    "collateral",
)

# Leave to open a socket: a token of 24 hours, and where the socket is. Each host gives its own.
BULLETS: Mapping[tuple[Host, bool], Endpoint] = {
    (Host.FUTURES, False): Endpoint(
        "POST", "/api/v1/bullet-public", Host.FUTURES, Pool.PUBLIC, 10, "futuresPublicPostBulletPublic", "bullet"
    ),
    (Host.FUTURES, True): Endpoint(
        "POST", "/api/v1/bullet-private", Host.FUTURES, Pool.FUTURES, 10, "futuresPrivatePostBulletPrivate", "bullet"
    ),
    (Host.SPOT, False): Endpoint(
        "POST", "/api/v1/bullet-public", Host.SPOT, Pool.PUBLIC, 10, "publicPostBulletPublic", "bullet"
    ),
    (Host.SPOT, True): Endpoint(
        "POST", "/api/v1/bullet-private", Host.SPOT, Pool.SPOT, 10, "privatePostBulletPrivate", "bullet"
    ),
}
"""By host, and whether for a user's own topics. What they answer is a secret, and no part of any folder."""

UNIFIED_BULLET = Endpoint(
    "POST",
    "/api/v2/bullet-private",
    Host.SPOT,
    Pool.UNIFIED,
    10,
    "privatePostBulletPrivate",
    "bullet",
    fixed=(("version", "v2"),),
)
"""The same for the push of a unified account, whose address the answer does not say."""

UNIFIED_STREAM = "wss://wsapi-push.kucoin.com"

ENDPOINTS = (
    ACCOUNT_MODE,
    POSITION_MODE,
    TRADE_FEES,
    POSITIONS,
    OVERVIEW,
    ORDERS,
    TRANSACTIONS,
    UNIFIED_OVERVIEW,
    UNIFIED_BALANCE,
    UNIFIED_POSITIONS,
    UNIFIED_ORDERS,
    MARGIN_ACCOUNTS,
    ISOLATED_ACCOUNTS,
    ISOLATED_SYMBOLS,
    MARGIN_CURRENCIES,
    MARGIN_LEDGER,
    API_KEY,
    CONTRACTS,
    RISK_LIMIT,
    MARK_PRICE,
    KLINES,
    SERVER_TIME,
    MARGIN_CONFIG,
    MARGIN_MARKS,
    POSITION_TIERS,
    DISCOUNTS,
)

REQUIRED: Mapping[str, tuple[Endpoint, ...]] = {
    "classic": (POSITIONS, OVERVIEW),
    "unified": (UNIFIED_OVERVIEW, UNIFIED_POSITIONS),
    MARGIN: (MARGIN_ACCOUNTS,),
    ISOLATED_MARGIN: (ISOLATED_ACCOUNTS,),
}
"""Without these there is nothing to assess, by kind of a futures account or by product; each other answer is optional,
and named when it is missing."""

ACTIVE: Mapping[str, str] = {"status": "active"}  #: resting orders, not those that are done
ALL_ACCOUNTS: Mapping[str, str] = {"queryType": "ALL"}
"""The default shows accounts of low frequency only, and misses what was moved in 2025."""
UNIFIED_CONTRACTS: Mapping[str, str] = {"tradeType": FUTURES.upper()}
UNIFIED_TIERS: Mapping[str, str] = {
    **UNIFIED_CONTRACTS, "marginMode": "CROSS", "data": "RISK_LIMIT", "accountType": "UNIFIED"
}  # fmt: skip
"""What the tiers of the unified account are asked with, beside `symbol`."""

PAGING = frozenset({"currentPage", "pageNumber", "pageSize", "limit"})
"""Parameters that say how much of an answer, not of what: no file is named by them."""

PAGE_ROWS = 100  #: asked for at once, of what comes in pages


def path_of(endpoint: Endpoint, params: Mapping[str, str | int] | None = None) -> str:
    """The path with its words in braces filled in."""
    return endpoint.path.format_map({name: str(value) for name, value in (params or {}).items()})


def file_name(endpoint: Endpoint, params: Mapping[str, str | int] | None = None, page: int = 1) -> str:
    """The name of an answer in a folder: `api_v1_account-overview__currency=USDT.json`,
    `api_v1_contracts_risk-limit_XBTUSDTM.json`.
    """
    asked = params or {}
    named = {
        name: str(value)
        for name, value in asked.items()
        if name not in PAGING and "{" + name + "}" not in endpoint.path
    }
    return folder.name(path_of(endpoint, asked), named, page)


# Sockets. Each host has its own, and a token opens either its public topics or, beside them, a user's own.
WALLET_TOPIC = "/contractAccount/wallet"
POSITIONS_TOPIC = "/contract/positionAll"
MARGIN_MODE_TOPIC = "/contract/marginMode"
CROSS_LEVERAGE_TOPIC = "/contract/crossLeverage"
ORDERS_TOPIC = "/contractMarket/tradeOrders"
INSTRUMENT_TOPIC = "/contract/instrument:"  #: + symbol
DEBT_TOPIC = "/margin/position"
ISOLATED_TOPIC = "/margin/isolatedPosition:"  #: + pair
MARGIN_MARK_TOPIC = "/indicator/markPrice:"  #: + pair, quoted in BTC or USDT

FUTURES_TOPICS = (POSITIONS_TOPIC, WALLET_TOPIC, MARGIN_MODE_TOPIC, CROSS_LEVERAGE_TOPIC, ORDERS_TOPIC)
"""What the socket of a futures account is asked for."""

UNIFIED_POSITIONS_TOPIC = "positionAll.UNIFIED"
UNIFIED_TOPICS = (UNIFIED_POSITIONS_TOPIC, "balance.UNIFIED", "orderAll.UNIFIED", "lw.UNIFIED")
"""What the push of a unified account is asked for: a channel, and of which trades or account, as its frames name it."""
OF_ACCOUNTS = frozenset({"balance"})  #: channels that are asked for by account, not by trades

TOPICS_PER_SOCKET: Mapping[Host, int] = {Host.FUTURES: 100, Host.SPOT: 300}
"""What one connection takes; another one is opened for more."""

TOKEN_SECONDS = 24 * 3600.0  #: how long a token opens sockets
