"""Where Bybit is asked and what its streams are called, as tables: a move of theirs is a line of ours.

Sources: README.md beside this file. Each request costs one of its address's 600 in 5 seconds; an account has limits of
its own beside that, told in headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from monitor.domain.names import Asset
from monitor.venues import folder


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One REST call. `ccxt` is the raw method of ccxt 4.5.90 for it; `paged`: an answer may be continued, and
    `page_rows` is the most that one page holds, 0 where the venue does not let us say.

    `what` names the reading in reports ("account", "config", "tiers", "collateral", "instruments", "risk", …).
    """

    method: str
    path: str
    signed: bool
    ccxt: str
    what: str
    paged: bool = False
    page_rows: int = 0

    @property
    def name(self) -> str:
        """What an answer is called where answers are kept: the last word of the path."""
        return self.path.rpartition("/")[2]


ACCOUNT_INFO = Endpoint("GET", "/v5/account/info", True, "privateGetV5AccountInfo", "config")
WALLET = Endpoint("GET", "/v5/account/wallet-balance", True, "privateGetV5AccountWalletBalance", "account")
POSITIONS = Endpoint("GET", "/v5/position/list", True, "privateGetV5PositionList", "account", True, 200)
ORDERS = Endpoint("GET", "/v5/order/realtime", True, "privateGetV5OrderRealtime", "account", True, 50)
FEE_RATE = Endpoint("GET", "/v5/account/fee-rate", True, "privateGetV5AccountFeeRate", "config")
WITHDRAWAL = Endpoint("GET", "/v5/account/withdrawal", True, "privateGetV5AccountWithdrawal", "account")
PORTFOLIO_MARGIN = Endpoint("GET", "/v5/asset/portfolio-margin", True, "privateGetV5AssetPortfolioMargin", "risk")
QUERY_API = Endpoint("GET", "/v5/user/query-api", True, "privateGetV5UserQueryApi", "permissions")
TRANSACTION_LOG = Endpoint(
    "GET", "/v5/account/transaction-log", True, "privateGetV5AccountTransactionLog", "income", True, 50
)
BORROW_TIERS = Endpoint(
    "GET", "/v5/spot-margin-trade/position-tiers", True, "privateGetV5SpotMarginTradePositionTiers", "collateral"
)
COLLATERAL = Endpoint(
    "GET", "/v5/spot-margin-trade/collateral", False, "publicGetV5SpotMarginTradeCollateral", "collateral"
)
RISK_LIMIT = Endpoint("GET", "/v5/market/risk-limit", False, "publicGetV5MarketRiskLimit", "tiers", True)
INSTRUMENTS = Endpoint(
    "GET", "/v5/market/instruments-info", False, "publicGetV5MarketInstrumentsInfo", "instruments", True, 1000
)
TICKERS = Endpoint("GET", "/v5/market/tickers", False, "publicGetV5MarketTickers", "marks")
MARK_KLINE = Endpoint("GET", "/v5/market/mark-price-kline", False, "publicGetV5MarketMarkPriceKline", "candles")
SERVER_TIME = Endpoint("GET", "/v5/market/time", False, "publicGetV5MarketTime", "clock")

ENDPOINTS = (
    ACCOUNT_INFO,
    WALLET,
    POSITIONS,
    ORDERS,
    FEE_RATE,
    WITHDRAWAL,
    PORTFOLIO_MARGIN,
    QUERY_API,
    TRANSACTION_LOG,
    BORROW_TIERS,
    COLLATERAL,
    RISK_LIMIT,
    INSTRUMENTS,
    TICKERS,
    MARK_KLINE,
    SERVER_TIME,
)

UNIFIED: Mapping[str, str] = {"accountType": "UNIFIED"}

HELD_IN: tuple[Mapping[str, str], ...] = (
    {"category": "linear", "settleCoin": "USDT"},
    {"category": "linear", "settleCoin": "USDC"},
    {"category": "inverse"},
    {"category": "option"},
)
"""The questions that together show all positions, and all derivative orders: a linear one without a coin is refused."""

FEES_OF: tuple[Mapping[str, str], ...] = ({"category": "linear"}, {"category": "inverse"}, {"category": "option"})

COINS_PER_WITHDRAWAL = 20  #: that one question about what may leave can name


def leaving(coins: Iterable[Asset]) -> tuple[Mapping[str, str], ...]:
    """The questions for what may leave of these coins."""
    names = sorted(set(coins))
    return tuple(
        {"coinName": ",".join(names[start : start + COINS_PER_WITHDRAWAL])}
        for start in range(0, len(names), COINS_PER_WITHDRAWAL)
    )


PAGING = frozenset({"limit", "cursor"})
"""Parameters that say how much of an answer, not of what: no file is named by them."""

REQUIRED = (WALLET, POSITIONS, ACCOUNT_INFO)
"""Without these there is nothing to assess; each other one is optional, and named when it is missing."""


def file_name(endpoint: Endpoint, params: Mapping[str, str | int] | None = None, page: int = 1) -> str:
    """The name of an answer in a folder: `v5_position_list__category=linear__settleCoin=USDT.json`."""
    needed = {name: str(value) for name, value in (params or {}).items() if name not in PAGING}
    return folder.name(endpoint.path, needed, page)


CALLS_LEFT_HEADER = "x-bapi-limit-status"  #: of the account, at this endpoint, in this second
CALLS_LIMIT_HEADER = "x-bapi-limit"
CALLS_RESET_HEADER = "x-bapi-limit-reset-timestamp"  #: milliseconds of the venue's clock: when there are calls again

# Sockets. A category has its own; each topic is subscribed for itself, and acknowledged by the number of its request.
PUBLIC_ROUTE = "/v5/public/"  #: + linear, inverse, option or spot
PRIVATE_ROUTE = "/v5/private"
CATEGORIES = ("linear", "inverse", "option", "spot")
TICKER_TOPIC = "tickers."  #: + symbol
PRIVATE_TOPICS = ("position", "wallet", "order", "execution", "greeks")
TOPICS_PER_REQUEST = 10  #: on the spot socket; the others take more, and need not
PING_EVERY_SECONDS = 20.0  #: a text of ours; the venue drops who is silent

UNDERSTOOD: Mapping[str, str] = {
    "tickers": "mark and index price of one instrument, and what an option is priced with",
    "position": "positions that changed by an order, a fill or a setting; never by the mark",
    "wallet": "the account's totals and coins, after a change; never by the mark",
    "order": "resting orders that changed",
    "execution": "fills: what they did to wallets, and whether the venue's own hand was in it",
    "greeks": "the option greeks of a coin",
}
IGNORED: Mapping[str, str] = {
    "orderbook": "the order book",
    "publicTrade": "public trades",
    "kline": "a candle",
    "liquidation": "somebody's liquidation",
    "allLiquidation": "liquidations of everybody",
    "adlAlert": "how near auto-deleveraging is",
    "insurance": "the insurance pool",
    "priceLimit": "within which prices orders are taken",
    "dcp": "orders are cancelled when a connection is lost",
}
