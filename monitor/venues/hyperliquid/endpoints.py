"""What Hyperliquid is asked, what a question costs, and which streams exist, as tables: a move of theirs is a line of
ours.

Everything is asked of one path, `POST /info`, and told apart by the `type` in its body; there is no key. Sources:
README.md beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Info:
    """One question. `weight` counts against the address's 1200 a minute, and each `rows_a_weight` rows of the answer
    cost one more (0: rows cost nothing).

    `what` names the reading in reports. A question with `of_user` has `user` in its body, one with `of_dex` has `dex`,
    which is "" for the first dex and may be left out for it.
    """

    type: str
    weight: int
    what: str
    of_user: bool = False
    of_dex: bool = False
    rows_a_weight: int = 0

    @property
    def name(self) -> str:
        """What an answer is called where answers are kept."""
        return self.type


PATH = "/info"
CCXT = "publicPostInfo"  #: the raw method of ccxt 4.5.90
LIMIT_PER_MINUTE = 1200  #: weight that the venue allows one of our addresses

# An account, whichever mode it is in. The first is asked of each dex by itself.
CLEARINGHOUSE = Info("clearinghouseState", 2, "account", of_user=True, of_dex=True)
SPOT = Info("spotClearinghouseState", 2, "account", of_user=True)
BORROW_LEND_USER = Info("borrowLendUserState", 20, "risk", of_user=True)
ABSTRACTION = Info("userAbstraction", 20, "config", of_user=True)
ROLE = Info("userRole", 60, "permissions", of_user=True)
FUNDING_HISTORY = Info("userFunding", 20, "income", of_user=True, rows_a_weight=20)
FILL_HISTORY = Info("userFillsByTime", 20, "income", of_user=True, rows_a_weight=20)
LEDGER_HISTORY = Info("userNonFundingLedgerUpdates", 20, "income", of_user=True, rows_a_weight=20)

# What holds for everybody.
DEXS = Info("perpDexs", 20, "instruments")
ALL_METAS = Info("allPerpMetas", 20, "instruments")  #: `meta` of every dex, in the order of `perpDexs`
META = Info("meta", 20, "instruments", of_dex=True)
SPOT_META = Info("spotMeta", 20, "instruments")
BORROW_LEND_ALL = Info("allBorrowLendReserveStates", 20, "collateral")
META_AND_CTXS = Info("metaAndAssetCtxs", 20, "marks", of_dex=True)
SPOT_META_AND_CTXS = Info("spotMetaAndAssetCtxs", 20, "assets")
CANDLES = Info("candleSnapshot", 20, "candles", rows_a_weight=60)
STATUS = Info("exchangeStatus", 2, "clock")  #: its `time` is the venue's clock

INFOS = (
    CLEARINGHOUSE,
    SPOT,
    BORROW_LEND_USER,
    ABSTRACTION,
    ROLE,
    FUNDING_HISTORY,
    FILL_HISTORY,
    LEDGER_HISTORY,
    DEXS,
    ALL_METAS,
    META,
    SPOT_META,
    BORROW_LEND_ALL,
    META_AND_CTXS,
    SPOT_META_AND_CTXS,
    CANDLES,
    STATUS,
)
BY_TYPE: Mapping[str, Info] = {info.type: info for info in INFOS}

REQUIRED = (CLEARINGHOUSE, SPOT, ABSTRACTION)
"""Without these there is nothing to assess; each other answer is optional, and named when it is missing."""

HISTORY_ROWS = 500  #: the most that a history gives at once, the oldest first
FILL_ROWS = 2000  #: the same of fills
CANDLE_ROWS = 5000  #: the most candles that the venue keeps


def weight_of(info: Info, rows: int = 0) -> int:
    """What an answer of so many rows costs."""
    return info.weight + (rows // info.rows_a_weight if info.rows_a_weight else 0)


# The one socket
STREAM_PATH = "/ws"
PING = '{"method":"ping"}'
PONG = "pong"
IDLE_SECONDS = 60.0  #: after which the venue closes a connection on which nothing happened
STREAMED_USERS = 10  #: addresses that one of ours may follow, over all its connections
ANSWER = "subscriptionResponse"
ERROR = "error"
GREETING = "Websocket connection established."  #: a text of its own, sent as soon as the socket is open

ALL_STATES, SPOT_STATE = "allDexsClearinghouseState", "spotState"
LEDGER, FUNDINGS, FILLS = "userNonFundingLedgerUpdates", "userFundings", "userFills"
EVENTS = "userEvents"
EVENTS_CHANNEL = "user"  #: what the frames of `userEvents` are called; they do not say whose they are
ALL_CTXS, COIN_CTX = "allDexsAssetCtxs", "activeAssetCtx"

USER_STREAMS = (ALL_STATES, SPOT_STATE, LEDGER, FUNDINGS, FILLS)
"""What is asked for of each address. `userEvents` is not: its frames do not name the address, and there is one socket
for all of them; what it tells stands in fills (liquidations by whom) and in the ledger.
"""

UNDERSTOOD: Mapping[str, str] = {
    ALL_STATES: "positions and margin of an address on every dex",
    SPOT_STATE: "spot balances of an address, and what is available after maintenance",
    LEDGER: "deposits, withdrawals, transfers and liquidations of an address",
    FUNDINGS: "funding that an address paid or was paid",
    FILLS: "fills of an address, and which of them liquidate",
    EVENTS_CHANNEL: "fills, funding and liquidation of an address that is not named",
    "clearinghouseState": "positions and margin of an address on one dex",
    ALL_CTXS: "mark, oracle and funding of every perpetual",
    COIN_CTX: "mark, oracle and funding of one perpetual",
    "activeSpotAssetCtx": "the price of one spot pair",
}
"""Channels that give events."""

IGNORED: Mapping[str, str] = {
    "allMids": "mid prices",
    "bbo": "best bid and ask",
    "l2Book": "the order book",
    "trades": "public trades",
    "candle": "a candle",
    "fastAssetCtxs": "mark and mid prices, packed",
    "notification": "words for a person",
    "orderUpdates": "orders, which bear no margin of maintenance here",
    "openOrders": "orders, which bear no margin of maintenance here",
    "activeAssetData": "what an address may still trade",
    "userTwapSliceFills": "fills of a slow order",
    "userTwapHistory": "slow orders",
    "twapStates": "slow orders",
    "webData2": "what the venue's own page shows, retired",
    "webData3": "what the venue's own page shows",
    "userHistoricalOrders": "orders that are over",
}
"""Channels that are known and say nothing about risk, or what another one says."""


class Topic(NamedTuple):
    """What is subscribed to: a stream and what narrows it, "" where nothing does. Addresses are in small letters."""

    type: str
    user: str = ""
    coin: str = ""
    dex: str = ""

    @property
    def text(self) -> str:
        """How the topic is called everywhere here: its parts with «|» between them, without empty ones at the end. It
        holds an address, which is not shown.
        """
        return "|".join(self).rstrip("|")

    def subscription(self) -> dict[str, str]:
        """The topic as the venue writes it."""
        said = (("type", self.type), ("user", self.user), ("coin", self.coin), ("dex", self.dex))
        return {name: text for name, text in said if text}

    @staticmethod
    def parse(text: str) -> Topic:
        """The topic of a text as `text` gives it."""
        return Topic(*text.split("|"))

    @staticmethod
    def of(subscription: Mapping[str, object]) -> Topic:
        """The topic of a subscription as the venue echoes it, with fields added that we did not name."""
        kind, user, coin, dex = (str(subscription.get(name) or "") for name in ("type", "user", "coin", "dex"))
        return Topic(kind, user.lower(), coin, dex)
