"""What the tests of Bybit share: answers in the venue's layout, folders of them, and what the kernel makes of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor.domain.accounts import Account
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    Event,
    InstrumentsLoaded,
    OptionMarks,
    Tick,
    TiersLoaded,
)
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey, PoolKey
from monitor.domain.tables import OptionMark, Tables
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Description
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.venues.bybit.codec import decode
from monitor.venues.bybit.margin import describer
from monitor.venues.bybit.offline import read
from monitor.venues.bybit.parameters import DEFAULTS, Parameters
from tests.programs import shared

VENUE = "bybit"
ACCOUNT = AccountKey(VENUE, "main")
T0 = 1_790_000_000.0  #: when the answers were made
NOW = T0 + 0.5  #: when our socket had a frame of that time

Files = dict[str, bytes]


def decoded(raw: bytes | str, account: AccountKey | None = ACCOUNT) -> Decoded:
    return decode(raw, venue=VENUE, account=account, received=NOW)


def frame(body: object) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def answer(result: object, at: float = T0) -> bytes:
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": at * 1000}).encode()


def listing(*rows: object, category: str | None = None, cursor: str = "") -> bytes:
    return answer({"category": category, "list": list(rows), "nextPageCursor": cursor})


def contract(symbol: str, base: str, quote: str = "USDT", **more: Any) -> dict[str, Any]:
    """An instrument's row."""
    kind = "InversePerpetual" if quote == "USD" else "LinearPerpetual"
    return {
        "symbol": symbol,
        "contractType": kind,
        "status": "Trading",
        "baseCoin": base,
        "quoteCoin": quote,
        "settleCoin": base if quote == "USD" else quote,
        "deliveryTime": "0",
        "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
        "fundingInterval": 480,
    } | more


def option_contract(symbol: str, base: str, settle: str, expiry: float) -> dict[str, Any]:
    return {
        "symbol": symbol,
        "optionsType": "Call" if symbol.split("-")[3] == "C" else "Put",
        "status": "Trading",
        "baseCoin": base,
        "quoteCoin": settle,
        "settleCoin": settle,
        "deliveryTime": str(int(expiry * 1000)),
        "priceFilter": {"minPrice": "5", "maxPrice": "1110000", "tickSize": "5"},
    }


def limits(symbol: str, *steps: tuple[float, float, str], inverse_percent: bool = False) -> list[dict[str, Any]]:
    """Rows of risk-limit: (upper bound, maintenance rate, deduction as text)."""
    scale = 100.0 if inverse_percent else 1.0
    return [
        {
            "id": number,
            "symbol": symbol,
            "riskLimitValue": f"{cap:.10g}",
            "maintenanceMargin": f"{rate * scale:.10g}",
            "initialMargin": f"{2.0 * rate * scale:.10g}",
            "maxLeverage": f"{0.5 / rate:.4f}",
            "mmDeduction": deduction,
        }
        for number, (cap, rate, deduction) in enumerate(steps, 1)
    ]


def position(
    symbol: str, quantity: float, entry: object, mark: object, leverage: object = "10", **more: Any
) -> dict[str, Any]:
    """A position's row as position/list has it."""
    side = "Buy" if quantity > 0 else "Sell" if quantity < 0 else ""
    return {
        "positionIdx": 0,
        "riskId": 1,
        "symbol": symbol,
        "side": side,
        "size": f"{abs(quantity):.10g}",
        "avgPrice": str(entry),
        "markPrice": str(mark),
        "leverage": str(leverage),
        "liqPrice": "",
        "positionIM": "",
        "positionMM": "",
        "unrealisedPnl": "",
        "sessionAvgPrice": "",
        "positionStatus": "Normal",
        "adlRankIndicator": 2,
        "autoAddMargin": 0,
        "updatedTime": str(int((T0 - 60) * 1000)),
    } | more


def coin(name: str, wallet: object, **more: Any) -> dict[str, Any]:
    """A coin of the wallet; a stablecoin is worth a dollar, and of others the venue says nothing."""
    worth = str(wallet) if name in ("USDT", "USDC") else ""
    return {
        "coin": name,
        "walletBalance": str(wallet),
        "equity": worth,
        "usdValue": worth,
        "unrealisedPnl": "0",
        "spotBorrow": "0",
        "borrowAmount": "0",
        "locked": "0",
        "accruedInterest": "0",
        "availableToWithdraw": "",
        "totalPositionMM": "0",
        "totalPositionIM": "0",
        "marginCollateral": True,
        "collateralSwitch": True,
    } | more


def wallet(*coins: object, **totals: object) -> bytes:
    said = {"accountType": "UNIFIED", **{name: str(value) for name, value in totals.items()}, "coin": list(coins)}
    return answer({"list": [said]})


def order(number: str, symbol: str, quantity: float, price: object, **more: Any) -> dict[str, Any]:
    return {
        "orderId": number,
        "symbol": symbol,
        "side": "Buy" if quantity > 0 else "Sell",
        "orderStatus": "New",
        "price": str(price),
        "qty": f"{abs(quantity):.10g}",
        "leavesQty": f"{abs(quantity):.10g}",
        "positionIdx": 0,
        "reduceOnly": False,
        "updatedTime": str(int((T0 - 30) * 1000)),
    } | more


def ratios(name: str, *steps: tuple[str, str, str]) -> dict[str, Any]:
    """A coin's collateral ratios: (from, up to, ratio) as text."""
    return {
        "currency": name,
        "collateralRatioList": [
            {"minQty": low, "maxQty": high, "collateralRatio": ratio} for low, high, ratio in steps
        ],
    }


def loans(name: str, *steps: tuple[str, str]) -> dict[str, Any]:
    """A coin's loan tiers: (cumulative limit, maintenance rate)."""
    return {
        "currency": name,
        "positionTiersRatioList": [
            {"tier": str(number), "borrowLimit": limit, "positionMMR": rate, "positionIMR": "0.2", "maxLeverage": "5"}
            for number, (limit, rate) in enumerate(steps, 1)
        ],
    }


def fees(**rates: str) -> bytes:
    """A fee-rate answer; `option_BTC` is the rate of options on BTC."""
    rows = [
        {"symbol": "", "baseCoin": name[7:], "takerFeeRate": rate, "makerFeeRate": "0.0001"}
        if name.startswith("option_")
        else {"symbol": name, "baseCoin": "", "takerFeeRate": rate, "makerFeeRate": "0.0001"}
        for name, rate in rates.items()
    ]
    return listing(*rows)


CATEGORIES = {
    "USDT": "category=linear__settleCoin=USDT",
    "USDC": "category=linear__settleCoin=USDC",
    "inverse": "category=inverse",
    "option": "category=option",
}
FULL_RATIOS = (ratios("USDT", ("0", "", "1")), ratios("USDC", ("0", "", "1")))
FULL_LOANS = (loans("USDT", ("5000000", "0.04")), loans("USDC", ("5000000", "0.04")))


def account_folder(
    mode: str,
    wallet_answer: bytes,
    *,
    positions: Mapping[str, Sequence[Any]] | None = None,
    orders: Mapping[str, Sequence[Any]] | None = None,
    contracts: Sequence[Any] = (),
    tiers: Sequence[Any] = (),
    collateral: Sequence[Any] = FULL_RATIOS,
    borrow: Sequence[Any] = FULL_LOANS,
    fee_rates: bytes | None = None,
    status: int = 5,
    more: Files | None = None,
) -> Files:
    """A whole folder of answers, as `capture` would write it."""
    held, resting = positions or {}, orders or {}
    files = {
        "v5_account_info.json": answer({"marginMode": mode, "unifiedMarginStatus": status}),
        "v5_account_wallet-balance__accountType=UNIFIED.json": wallet_answer,
        "v5_account_fee-rate__category=linear.json": fee_rates or fees(BTCUSDT="0.00055"),
        "v5_spot-margin-trade_collateral.json": listing(*collateral),
        "v5_spot-margin-trade_position-tiers.json": listing(*borrow),
        "v5_market_instruments-info__category=linear.json": listing(*contracts),
        "v5_market_risk-limit__category=linear.json": listing(*tiers),
        "v5_market_tickers__category=spot.json": listing(category="spot"),
        "v5_user_query-api.json": answer({"readOnly": 1, "permissions": {}, "ips": ["*"]}),
    }
    for name, words in CATEGORIES.items():
        category = "linear" if name in ("USDT", "USDC") else name
        files[f"v5_position_list__{words}.json"] = listing(*held.get(name, ()), category=category)
        files[f"v5_order_realtime__{words}.json"] = listing(*resting.get(name, ()), category=category)
    return files | (more or {})


@dataclass
class Seen:
    """What a folder comes to: the account, its tables, its pools, and what the kernel says of them."""

    events: tuple[Event, ...]
    account: Account
    tables: Tables
    description: Description
    results: dict[str, PoolResult] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def only(self) -> PoolResult:
        """The one pool that has positions."""
        held = [result for result in self.results.values() if result.positions]
        assert len(held) == 1, list(self.results)
        return held[0]


def seen(
    files: Files,
    *,
    marks: Mapping[str, float] | None = None,
    assets: Mapping[str, float] | None = None,
    parameters: Parameters = DEFAULTS,
) -> Seen:
    """Raw answers through the codec, the description and the kernel. `marks` and `assets` stand before the folder's."""
    offline = read(files, ACCOUNT, T0)
    account, tables = of_events(offline.events)
    description = describer(parameters)(account, tables)
    prices = Prices()
    for event in offline.events:
        if isinstance(event, Tick):
            prices.set_mark(VENUE, event.symbol, event.mark)
        if isinstance(event, AssetTick):
            prices.set_asset(VENUE, event.asset, event.price_usd)
    for symbol, mark in (marks or {}).items():
        prices.set_mark(VENUE, symbol, mark)
    for asset, price in (assets or {}).items():
        prices.set_asset(VENUE, asset, price)
    results: dict[str, PoolResult] = {}
    if description.pools:
        book = Book(prices)
        book.replace(ACCOUNT, description.pools)
        results = {key.pool: result for key, result in evaluate(book).items()}
    return Seen(offline.events, account, tables, description, results, offline.missing)


def of_events(events: Sequence[Event]) -> tuple[Account, Tables]:
    """The account and the tables that the events of a folder tell of."""
    config = next(event for event in events if isinstance(event, AccountConfig))
    snapshot = next(event for event in events if isinstance(event, AccountSnapshot))
    account = Account(
        key=ACCOUNT,
        mode=config.mode,
        positions={one.key: one for one in snapshot.positions},
        balances={one.asset: one for one in snapshot.balances},
        symbols={one.symbol: one for one in config.symbols},
        venue=snapshot.venue,
        problems=snapshot.problems,
        orders={one.id: one for one in snapshot.orders},
        fees=dict(config.fees),
    )
    options: dict[str, OptionMark] = {}
    instruments, tiers, terms = {}, {}, {}
    for event in events:
        if isinstance(event, OptionMarks):
            columns = zip(event.symbols, event.volatilities, event.underlyings, event.indexes, strict=True)
            options |= {
                name: OptionMark(volatility, forward, T0, index) for name, volatility, forward, index in columns
            }
        if isinstance(event, InstrumentsLoaded):
            instruments = {one.symbol: one for one in event.instruments}
        if isinstance(event, TiersLoaded):
            tiers = dict(event.tiers)
        if isinstance(event, CollateralLoaded):
            terms = dict(event.terms)
    tables = Tables(instruments=instruments, tiers=tiers, collateral=terms, options=options)
    return account, tables


def pool_key(name: str) -> PoolKey:
    return PoolKey(*ACCOUNT, name)


def recorded_frames(name: str) -> list[dict[str, Any]]:
    """Received frames of recordings beside the checkout; skips the test where they are not there."""
    with shared(f"fixtures/bybit/{name}").open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()]
    return [record for record in records if record["dir"] == "recv"]


def recorded_answers(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(shared(f"fixtures/bybit/{name}").read_text(encoding="utf-8"))
    return [one for one in found if "response" in one]
