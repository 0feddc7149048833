"""The REST paths of the simulated OKX: how often each may be asked, by whom, and which answer belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from monitor.sim.okx import builder, public, tables
from monitor.sim.okx.accounts import SimAccount
from monitor.sim.okx.answers import Reading, config, order_row
from monitor.sim.okx.board import FUNDING_INTERVAL_SECONDS, Board
from monitor.sim.okx.holdings import Level, assets
from monitor.sim.okx.listing import (
    DERIVATIVES_FEE_GROUP,
    MARGIN_FEE_GROUP,
    OPTIONS_FEE_GROUP,
    Instrument,
    Product,
)
from monitor.sim.okx.positions import CROSS, ISOLATED
from monitor.sim.okx.refusals import Refusal
from monitor.sim.okx.text import number

Rows = list[Any]
PAGE_ROWS = 100
BAR_SECONDS = {"1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1800, "1H": 3600, "4H": 14_400, "1D": 86_400}
FAMILIES_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, checked. `body` is that of a POST."""

    params: Mapping[str, str]
    now_ms: int
    next_funding_ms: int
    account: SimAccount | None = None
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def owner(self) -> SimAccount:
        """The account of a request that needs one."""
        if self.account is None:
            raise Refusal(401, "50103", 'Request header "OK-ACCESS-KEY" can\'t be empty.')
        return self.account

    def said(self, name: str) -> str | None:
        """A parameter, or None where it is absent or empty."""
        return self.params.get(name) or None

    def needed(self, name: str) -> str:
        """A parameter that must be there."""
        if not self.params.get(name):
            raise Refusal(400, "50014", f"Parameter {name} cannot be empty.")
        return self.params[name]

    def limit(self, most: int = PAGE_ROWS) -> int:
        """How many rows are wanted."""
        try:
            return max(1, min(most, int(self.params.get("limit") or most)))
        except ValueError:
            raise Refusal(400, "51000", "Parameter limit error") from None


@dataclass(frozen=True, slots=True)
class Path:
    """How one path behaves: `requests` in `seconds` for one user where it is signed, else for one address."""

    answer: Callable[[Rest, Ask], Rows]
    requests: int
    seconds: float
    signed: bool = False
    method: str = "GET"


class Rest:
    """Answers by path. Raises `Refusal` where the venue would."""

    def __init__(self, board: Board) -> None:
        self.board = board

    # public

    def time(self, ask: Ask) -> Rows:
        """The venue's clock."""
        return [{"ts": str(ask.now_ms)}]

    def instruments(self, ask: Ask) -> Rows:
        """All of a product; options by family only."""
        product = self._product(ask)
        family = ask.said("instFamily") or ask.said("uly")
        if product is Product.OPTION and family is None:
            raise Refusal(400, "50015", "Either parameter uly or instFamily is required")
        found = self._narrowed(self.board.of(product, family), ask)
        return [public.instrument(each) for each in found]

    def mark_price(self, ask: Ask) -> Rows:
        """Marks of a product."""
        prices, found = (
            self.board.prices,
            self._narrowed(self.board.of(self._product(ask), ask.said("instFamily")), ask),
        )
        return [public.mark_price(each, prices, ask.now_ms) for each in found]

    def index_tickers(self, ask: Ask) -> Rows:
        """Indexes in a quote currency, or one."""
        quote, name = ask.said("quoteCcy"), ask.said("instId")
        if quote is None and name is None:
            raise Refusal(400, "50015", "Either parameter quoteCcy or instId is required")
        indexes = self.board.indexes()
        if name is not None and name not in indexes:
            raise Refusal(200, "51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return [
            public.index_ticker(pair, price, ask.now_ms)
            for pair, price in indexes.items()
            if name in (None, pair) and quote in (None, pair.partition("-")[2])
        ]

    def option_summary(self, ask: Ask) -> Rows:
        """Volatilities and forwards of a family."""
        family = ask.said("instFamily") or ask.said("uly")
        if family is None:
            raise Refusal(400, "50015", "Either parameter uly or instFamily is required")
        prices = self.board.prices
        return [public.option_summary(each, prices, ask.now_ms) for each in self.board.of(Product.OPTION, family)]

    def funding_rate(self, ask: Ask) -> Rows:
        """The coming payment of a swap, or of all with ANY."""
        name = ask.needed("instId")
        names = [each.name for each in self.board.of(Product.SWAP)]
        if name != "ANY" and name not in names:
            raise Refusal(200, "51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        interval = round(FUNDING_INTERVAL_SECONDS * 1000.0)
        return [
            public.funding_rate(self.board, each, ask.now_ms, ask.next_funding_ms, interval)
            for each in (names if name == "ANY" else [name])
        ]

    def position_tiers(self, ask: Ask) -> Rows:
        """Tiers by family; of margin by pair or, for cross, by currency."""
        product, mode = self._product(ask), ask.needed("tdMode")
        if mode not in (CROSS, ISOLATED):
            raise Refusal(400, "51000", "Parameter tdMode error")
        if product is Product.MARGIN:
            return self._margin_tiers(ask)
        named = ask.said("instFamily") or ask.said("uly")
        if named is None:
            raise Refusal(400, "50015", "Either parameter uly or instFamily is required")
        families = named.split(",")
        if len(families) > FAMILIES_AT_ONCE:
            raise Refusal(400, "51000", "Parameter instFamily error")
        rows: Rows = []
        for family in families:
            found = self.board.of(product, family)
            if found:
                listed = tables.derivative_tiers(product, family)
                rows += public.tiers(listed, float(found[0].lot), family=family, uly=found[0].pair)
        return rows

    def _margin_tiers(self, ask: Ask) -> Rows:
        asset, pair = ask.said("ccy"), ask.said("instId")
        if pair is not None:
            return [row for each in pair.split(",") for row in public.pair_tiers(each)]
        if asset is None:
            raise Refusal(400, "50015", "Either parameter instId or ccy is required")
        return public.tiers(tables.loan_tiers(asset), 0.0) if tables.can_be_borrowed(asset) else []

    def discounts(self, ask: Ask) -> Rows:
        """How currencies count as collateral."""
        named = ask.said("ccy")
        return [public.discount(asset) for asset in self.board.market.assets if named in (None, asset)]

    def candles(self, ask: Ask) -> Rows:
        """Mark candles, newest first."""
        name, bar = ask.needed("instId"), ask.said("bar") or "1m"
        if bar not in BAR_SECONDS:
            raise Refusal(400, "51000", "Parameter bar error")
        after = ask.said("after")
        before_ms = int(after) if after is not None else None
        mark = self.board.mark(self._instrument(name).name)
        return list(public.candles(name, mark, BAR_SECONDS[bar], ask.limit(), ask.now_ms, before_ms))

    # of an account

    def config(self, ask: Ask) -> Rows:
        """Level, modes and the key's permissions."""
        return [config(ask.owner)]

    def balance(self, ask: Ask) -> Rows:
        """Balances and the account's own figures."""
        named = ask.said("ccy")
        return [Reading(ask.owner).balance(tuple(named.split(",")) if named else ())]

    def positions(self, ask: Ask) -> Rows:
        """Positions with their own figures."""
        kind, name = ask.said("instType"), ask.said("instId")
        names = name.split(",") if name else None
        return [
            row
            for row in Reading(ask.owner).positions()
            if kind in (None, row["instType"]) and (names is None or row["instId"] in names)
        ]

    def orders(self, ask: Ask) -> Rows:
        """Resting orders, newest first, a page at a time: `after` an order's number come the older ones."""
        kind, after = ask.said("instType"), ask.said("after")
        newest = sorted(ask.owner.orders.values(), key=lambda order: int(order.number), reverse=True)
        older = [order for order in newest if after is None or int(order.number) < int(after)]
        chosen = [order for order in older if kind in (None, order.instrument.product.value)]
        return [order_row(ask.owner, order) for order in chosen[: ask.limit()]]

    def bills(self, ask: Ask) -> Rows:
        """Cash flows, newest first, a page at a time."""
        after, begins, ends = ask.said("after"), ask.said("begin"), ask.said("end")
        rows = [
            bill.row()
            for bill in reversed(ask.owner.bills)
            if (after is None or int(bill.number) < int(after))
            and (begins is None or bill.time_ms >= int(begins))
            and (ends is None or bill.time_ms <= int(ends))
        ]
        kind = ask.said("type")
        return [row for row in rows if kind in (None, row["type"])][: ask.limit()]

    def trade_fee(self, ask: Ask) -> Rows:
        """Fees by group, negative where they are paid."""
        product, account = self._product(ask), ask.owner
        group = {Product.OPTION: OPTIONS_FEE_GROUP, Product.SWAP: DERIVATIVES_FEE_GROUP}
        rate = account.margin_taker_rate if product in (Product.SPOT, Product.MARGIN) else account.taker_rate
        chosen = group.get(product, DERIVATIVES_FEE_GROUP if product is Product.FUTURES else MARGIN_FEE_GROUP)
        taker, maker = number(-rate), number(-rate * 0.4)
        return [
            {
                "category": "1",
                "delivery": "",
                "exercise": "",
                "feeGroup": [{"groupId": chosen, "maker": maker, "taker": taker}],
                "fiat": [],
                "instType": product.value,
                "level": "Lv1",
                "maker": maker,
                "makerU": maker,
                "makerUSDC": maker,
                "ruleType": "normal",
                "taker": taker,
                "takerU": taker,
                "takerUSDC": taker,
                "ts": str(ask.now_ms),
            }
        ]

    def max_withdrawal(self, ask: Ask) -> Rows:
        """What could leave, by currency."""
        reading, named = Reading(ask.owner), ask.said("ccy")
        return [reading.max_withdrawal(asset) for asset in (named.split(",") if named else assets(ask.owner))]

    def risk_state(self, ask: Ask) -> Rows:
        """Whether a portfolio-margin account is in the state in which it borrows too much: never here."""
        return [{"atRisk": False, "atRiskIdx": [], "atRiskMgn": [], "ts": str(ask.now_ms)}]

    def build(self, ask: Ask) -> Rows:
        """The position builder; of the real account only, nothing simulated."""
        self._real_only(ask)
        level = Level(int(ask.body.get("acctLv") or Level.PORTFOLIO))
        return [builder.build(Reading(ask.owner), level, float(ask.body.get("idxVol") or 0.0))]

    def graph(self, ask: Ask) -> Rows:
        """Its graph of requirements."""
        self._real_only(ask)
        if ask.body.get("type") != "mmr":
            raise Refusal(200, "51000", "Parameter type error")
        return [builder.graph(Reading(ask.owner))]

    # what several need

    def _real_only(self, ask: Ask) -> None:
        if ask.body.get("inclRealPosAndEq") is False or ask.body.get("simPos") or ask.body.get("simAsset"):
            raise Refusal(200, "51000", "Parameter simPos error: nothing is simulated here")

    def _product(self, ask: Ask) -> Product:
        said = ask.needed("instType")
        if said not in {product.value for product in Product}:
            raise Refusal(400, "51000", "Parameter instType error")
        return Product(said)

    def _instrument(self, name: str) -> Instrument:
        try:
            return self.board.find(name)
        except KeyError:
            message = "Instrument ID, Instrument ID code, or Spread ID doesn't exist."
            raise Refusal(200, "51001", message) from None

    def _narrowed(self, found: list[Instrument], ask: Ask) -> list[Instrument]:
        name = ask.said("instId")
        if name is not None and all(each.name != name for each in found):
            raise Refusal(200, "51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return [each for each in found if name in (None, each.name)]


PATHS: dict[str, Path] = {
    "/api/v5/public/time": Path(Rest.time, 10, 2.0),
    "/api/v5/public/instruments": Path(Rest.instruments, 20, 2.0),
    "/api/v5/public/mark-price": Path(Rest.mark_price, 10, 2.0),
    "/api/v5/public/opt-summary": Path(Rest.option_summary, 20, 2.0),
    "/api/v5/public/funding-rate": Path(Rest.funding_rate, 10, 2.0),
    "/api/v5/public/position-tiers": Path(Rest.position_tiers, 10, 2.0),
    "/api/v5/public/discount-rate-interest-free-quota": Path(Rest.discounts, 2, 2.0),
    "/api/v5/market/index-tickers": Path(Rest.index_tickers, 20, 2.0),
    "/api/v5/market/mark-price-candles": Path(Rest.candles, 20, 2.0),
    "/api/v5/account/config": Path(Rest.config, 5, 2.0, signed=True),
    "/api/v5/account/balance": Path(Rest.balance, 10, 2.0, signed=True),
    "/api/v5/account/positions": Path(Rest.positions, 10, 2.0, signed=True),
    "/api/v5/account/trade-fee": Path(Rest.trade_fee, 5, 2.0, signed=True),
    "/api/v5/account/max-withdrawal": Path(Rest.max_withdrawal, 20, 2.0, signed=True),
    "/api/v5/account/bills": Path(Rest.bills, 5, 1.0, signed=True),
    "/api/v5/account/risk-state": Path(Rest.risk_state, 10, 2.0, signed=True),
    "/api/v5/account/position-builder": Path(Rest.build, 2, 2.0, signed=True, method="POST"),
    "/api/v5/account/position-builder-graph": Path(Rest.graph, 1, 5.0, signed=True, method="POST"),
    "/api/v5/trade/orders-pending": Path(Rest.orders, 60, 2.0, signed=True),
}
