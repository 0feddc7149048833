"""Where OKX is asked, how often it may be, and which channels exist, as tables: a move of theirs is a line of ours.

Sources: README.md beside this file. A limit is of one account for what is signed, and of one address for what is not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One REST call: at most `requests` in `seconds` are admitted. `ccxt` is the raw method of ccxt 4.5.90 for it.

    `what` names the reading in reports. `weight` counts against the address's own budget, which has one for each.
    """

    method: str
    path: str
    requests: int
    seconds: float
    signed: bool
    ccxt: str
    what: str
    weight: int = 1

    @property
    def name(self) -> str:
        """What an answer is called where answers are kept: the last word of the path."""
        return self.path.rpartition("/")[2]


BALANCE = Endpoint("GET", "/api/v5/account/balance", 10, 2.0, True, "privateGetAccountBalance", "account")
POSITIONS = Endpoint("GET", "/api/v5/account/positions", 10, 2.0, True, "privateGetAccountPositions", "account")
ORDERS = Endpoint("GET", "/api/v5/trade/orders-pending", 60, 2.0, True, "privateGetTradeOrdersPending", "account")
MAX_WITHDRAWAL = Endpoint(
    "GET", "/api/v5/account/max-withdrawal", 20, 2.0, True, "privateGetAccountMaxWithdrawal", "account"
)
ACCOUNT_CONFIG = Endpoint("GET", "/api/v5/account/config", 5, 2.0, True, "privateGetAccountConfig", "config")
TRADE_FEE = Endpoint("GET", "/api/v5/account/trade-fee", 5, 2.0, True, "privateGetAccountTradeFee", "config")
PERMISSIONS = Endpoint("GET", "/api/v5/account/config", 5, 2.0, True, "privateGetAccountConfig", "permissions")
"""The key's powers stand in the account's configuration; the two readings share that path's limit."""
BILLS = Endpoint("GET", "/api/v5/account/bills", 5, 1.0, True, "privateGetAccountBills", "income")
POSITION_BUILDER = Endpoint(
    "POST", "/api/v5/account/position-builder", 2, 2.0, True, "privatePostAccountPositionBuilder", "risk"
)
POSITION_BUILDER_GRAPH = Endpoint(
    "POST", "/api/v5/account/position-builder-graph", 1, 5.0, True, "privatePostAccountPositionBuilderGraph", "risk"
)

INSTRUMENTS = Endpoint("GET", "/api/v5/public/instruments", 20, 2.0, False, "publicGetPublicInstruments", "instruments")
POSITION_TIERS = Endpoint(
    "GET", "/api/v5/public/position-tiers", 10, 2.0, False, "publicGetPublicPositionTiers", "tiers"
)
DISCOUNT_RATES = Endpoint(
    "GET",
    "/api/v5/public/discount-rate-interest-free-quota",
    2,
    2.0,
    False,
    "publicGetPublicDiscountRateInterestFreeQuota",
    "collateral",
)
MARK_PRICE = Endpoint("GET", "/api/v5/public/mark-price", 10, 2.0, False, "publicGetPublicMarkPrice", "marks")
INDEX_TICKERS = Endpoint("GET", "/api/v5/market/index-tickers", 20, 2.0, False, "publicGetMarketIndexTickers", "assets")
OPT_SUMMARY = Endpoint("GET", "/api/v5/public/opt-summary", 20, 2.0, False, "publicGetPublicOptSummary", "options")
MARK_CANDLES = Endpoint(
    "GET", "/api/v5/market/mark-price-candles", 20, 2.0, False, "publicGetMarketMarkPriceCandles", "candles"
)
SERVER_TIME = Endpoint("GET", "/api/v5/public/time", 10, 2.0, False, "publicGetPublicTime", "clock")

ENDPOINTS = (
    BALANCE,
    POSITIONS,
    ORDERS,
    MAX_WITHDRAWAL,
    ACCOUNT_CONFIG,
    TRADE_FEE,
    PERMISSIONS,
    BILLS,
    POSITION_BUILDER,
    POSITION_BUILDER_GRAPH,
    INSTRUMENTS,
    POSITION_TIERS,
    DISCOUNT_RATES,
    MARK_PRICE,
    INDEX_TICKERS,
    OPT_SUMMARY,
    MARK_CANDLES,
    SERVER_TIME,
)

REQUIRED = (ACCOUNT_CONFIG, BALANCE, POSITIONS)
"""Without these there is nothing to assess; each other answer is optional, and named when it is missing."""

PAGE_ROWS = 100  #: the most that orders, bills and candles give at once

REAL_ACCOUNT: Mapping[str, bool | str] = {"inclRealPosAndEq": True, "acctLv": "4"}
"""What the position builder is asked: the account as it is, nothing simulated."""

REAL_ACCOUNT_GRAPH: Mapping[str, object] = {"inclRealPosAndEq": True, "type": "mmr", "mmrConfig": {"acctLv": "4"}}
"""What its graph is asked: requirement and ratio of the account as it is, over moves of all prices."""

DEMO_HEADER = ("x-simulated-trading", "1")
"""Tells the venue that a request is for demo trading, where keys, balances and tiers are others."""

DEMO_STREAMS: Mapping[str, str] = {
    "wss://ws.okx.com:8443": "wss://wspap.okx.com:8443",
    "wss://wsus.okx.com:8443": "wss://wsuspap.okx.com:8443",
    "wss://wseea.okx.com:8443": "wss://wseeapap.okx.com:8443",
}
"""Sockets take no such header: demo trading has hosts of its own, by those of the other."""


def stream_base(url: str, *, demo: bool) -> str:
    """Where the sockets are; an address that is none of the venue's stands as it is."""
    base = url.rstrip("/")
    return DEMO_STREAMS.get(base, base) if demo else base


# Sockets. Market channels are on the one, an account's on the other; «business» has nothing that we need.
PUBLIC_ROUTE = "/ws/v5/public"
PRIVATE_ROUTE = "/ws/v5/private"
PING, PONG = "ping", "pong"  #: texts of their own, not frames of the protocol
LOGIN_PATH = "/users/self/verify"  #: what a login signs, after its time (whole seconds) and "GET"
UPGRADE_NOTICE = "64008"  #: the connection will soon be closed for a service upgrade

MARK_PRICES, INDEX_PRICES, OPTION_SUMMARIES, FUNDING_RATE = "mark-price", "index-tickers", "opt-summary", "funding-rate"
ACCOUNT_CHANNEL, POSITIONS_CHANNEL, ORDERS_CHANNEL = "account", "positions", "orders"
FAST_CHANNEL, WARNING_CHANNEL = "balance_and_position", "liquidation-warning"

_BY_FAMILY = frozenset({OPTION_SUMMARIES})
_BY_TYPE = frozenset({POSITIONS_CHANNEL, ORDERS_CHANNEL, WARNING_CHANNEL})


class Topic(NamedTuple):
    """What is subscribed to: a channel and what narrows it, "" where nothing does."""

    channel: str
    inst_type: str = ""
    family: str = ""
    inst: str = ""

    @property
    def text(self) -> str:
        """How the topic is called everywhere here: its parts with «:» between them, empty ones left out."""
        return ":".join(part for part in self if part)

    def arg(self) -> dict[str, str]:
        """The topic as the venue writes it in `arg`."""
        said = (
            ("channel", self.channel),
            ("instType", self.inst_type),
            ("instFamily", self.family),
            ("instId", self.inst),
        )
        return {name: text for name, text in said if text}

    @staticmethod
    def parse(text: str) -> Topic:
        """The topic of a text as `text` gives it: which part the second one is depends on the channel."""
        channel, *rest = text.split(":")
        if not rest:
            return Topic(channel)
        if channel in _BY_FAMILY:
            return Topic(channel, family=rest[0])
        return Topic(channel, *rest) if channel in _BY_TYPE else Topic(channel, inst=rest[0])

    @staticmethod
    def of(arg: Mapping[str, object]) -> Topic:
        """The topic of an `arg` as the venue echoes it; what else it holds (`uid`, `extraParams`) is passed over."""
        return Topic(*(str(arg.get(name) or "") for name in ("channel", "instType", "instFamily", "instId")))


ANY = "ANY"
PRIVATE_TOPICS = (
    Topic(ACCOUNT_CHANNEL),
    Topic(POSITIONS_CHANNEL, ANY),
    Topic(FAST_CHANNEL),
    Topic(ORDERS_CHANNEL, ANY),
    Topic(WARNING_CHANNEL, ANY),
)
"""What an account's socket is asked for. All are quiet by nature, or as often as the venue likes."""

UNDERSTOOD: dict[str, str] = {
    MARK_PRICES: "a mark price",
    INDEX_PRICES: "an index price, the source of an asset's USD price",
    OPTION_SUMMARIES: "an option family's volatilities and forward prices",
    FUNDING_RATE: "a perpetual's next funding",
    ACCOUNT_CHANNEL: "balances and the venue's own figures of the account",
    POSITIONS_CHANNEL: "positions with the venue's own figures",
    FAST_CHANNEL: "cash and positions, as soon as something moved them, and why",
    ORDERS_CHANNEL: "an order: whether it rests, and whether the venue's own hand was in it",
    WARNING_CHANNEL: "the venue warns of liquidation",
}
"""Channels that give events."""

IGNORED: dict[str, str] = {
    "tickers": "last prices and volumes",
    "trades": "public trades",
    "books": "the order book",
    "books5": "the order book",
    "bbo-tbt": "the order book",
    "open-interest": "open interest",
    "price-limit": "limits of orders' prices",
    "estimated-price": "an estimate of a delivery price",
    "liquidation-orders": "somebody's liquidation",
    "instruments": "listings; tables are read anew on their own schedule",
    "status": "announced maintenance",
    "account-greeks": "an account's greeks, which are computed here",
}
"""Channels that are known and say nothing about risk."""


class InstType:
    """The venue's words for kinds of instruments."""

    SPOT = "SPOT"
    MARGIN = "MARGIN"
    SWAP = "SWAP"
    FUTURES = "FUTURES"
    OPTION = "OPTION"


LISTED = (InstType.SPOT, InstType.MARGIN, InstType.SWAP, InstType.FUTURES)
"""Kinds whose instruments are read whole. Options are read by family: there are thousands, and few are held."""


def inst_type(symbol: str) -> str:
    """The kind of an instrument, by how the venue names it: «BTC-USDT», «-SWAP», «-261225», «-261225-50000-C».

    A pair is both SPOT and MARGIN; the latter is said, for only there it is a position.
    """
    parts = symbol.split("-")
    if parts[-1] == InstType.SWAP:
        return InstType.SWAP
    if len(parts) >= 5 and parts[-1] in ("C", "P"):
        return InstType.OPTION
    return InstType.FUTURES if len(parts) == 3 and parts[-1].isdigit() else InstType.MARGIN


def family(symbol: str) -> str:
    """The family whose tiers an instrument has («BTC-USDT», «BTC-USD_UM»); a pair is its own."""
    dropped = {InstType.SWAP: 1, InstType.FUTURES: 1, InstType.OPTION: 3}.get(inst_type(symbol), 0)
    parts = symbol.split("-")
    return "-".join(parts[: len(parts) - dropped])


def index_of(asset: str) -> str:
    """The index that says what an asset is worth in USD."""
    return f"{asset}-USD"
