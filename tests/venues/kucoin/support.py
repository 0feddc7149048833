"""What the tests of KuCoin's words share: short ways to write rows, and an account told by its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from monitor.domain.accounts import Account
from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CollateralLoaded,
    InstrumentsLoaded,
    Tick,
    TiersLoaded,
)
from monitor.domain.frames import Decoded
from monitor.domain.names import AccountKey
from monitor.domain.tables import Tables
from monitor.engine.reconcile import Reconciliation, compare
from monitor.engine.settings import DriftTolerances
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Description, Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.venues.kucoin import endpoints
from monitor.venues.kucoin.codec import decode
from monitor.venues.kucoin.endpoints import file_name
from monitor.venues.kucoin.margin import describe
from monitor.venues.kucoin.offline import read
from tests.programs import shared

VENUE = "kucoin"
ACCOUNT = AccountKey(VENUE, "main")
T0 = 1_790_000_000.0  # what our own rows are stamped with, in seconds
MS = int(T0 * 1000)
NOW = T0 + 1.5

Row = dict[str, Any]
Files = dict[str, bytes]


def raw(value: object) -> bytes:
    return json.dumps(value).encode()


def answer(data: object) -> bytes:
    """An answer as the venue wraps it."""
    return raw({"code": "200000", "data": data})


def page(*items: object) -> bytes:
    return answer({"currentPage": 1, "pageSize": 100, "totalNum": len(items), "totalPage": 1, "items": list(items)})


def decoded(text: object, account: AccountKey | None = ACCOUNT) -> Decoded:
    said = text if isinstance(text, bytes | str) else json.dumps(text)
    return decode(said, venue=VENUE, account=account, received=NOW)


def frame(topic: str, subject: str, data: object) -> Row:
    return {"topic": topic, "type": "message", "subject": subject, "data": data}


# Rows


def contract(symbol: str, multiplier: float = 0.001, **more: object) -> Row:
    """A perpetual, linear unless its multiplier is -1, with the curve of XBTUSDTM."""
    inverse = multiplier < 0
    quote = "USD" if inverse else "USDC" if symbol.endswith("USDCM") else "USDT"
    base = symbol.removesuffix(quote + "M")
    return {
        "symbol": symbol,
        "baseCurrency": base,
        "quoteCurrency": quote,
        "settleCurrency": base if inverse else quote,
        "multiplier": multiplier,
        "isInverse": inverse,
        "isQuanto": True,
        "tickSize": 0.1,
        "indexPriceTickSize": 0.01,
        "maxPrice": 1_000_000.0,
        "expireDate": None,
        "takerFeeRate": 0.0006,
        "status": "Open",
        "m": 300.0,
        "mmrLevConstant": 125.0,
        "mmrLimit": 0.3,
        "fundingRateGranularity": 28_800_000,
        "fundingFeeRate": 0.0001,
        **more,
    }


def position(symbol: str, lots: float, entry: float, mark: float, **more: object) -> Row:
    """A position in cross margin unless `marginMode` says otherwise."""
    mode = more.get("marginMode", "CROSS")
    return {
        "symbol": symbol,
        "crossMode": mode == "CROSS",
        "marginMode": mode,
        "positionSide": "BOTH",
        "currentQty": lots,
        "avgEntryPrice": entry,
        "markPrice": mark,
        "settleCurrency": "USDT",
        "currentTimestamp": MS,
        "isOpen": True,
        **more,
    }


def overview(currency: str, wallet: float, **more: object) -> Row:
    return {
        "currency": currency,
        "accountEquity": wallet,
        "unrealisedPNL": 0,
        "marginBalance": wallet,
        "positionMargin": 0,
        "orderMargin": 0,
        "frozenFunds": 0,
        "availableBalance": wallet,
        "maxWithdrawAmount": wallet,
        **more,
    }


def order(symbol: str, side: str, lots: float, price: float, **more: object) -> Row:
    return {
        "id": f"{symbol}-{side}-{price}",
        "symbol": symbol,
        "type": "limit",
        "side": side,
        "price": str(price),
        "size": lots,
        "value": str(abs(lots) * price * (0.001 if symbol.startswith("XBT") else 0.01)),
        "filledSize": 0,
        "leverage": "10",
        "marginMode": "CROSS",
        "positionSide": "BOTH",
        "reduceOnly": False,
        "closeOrder": False,
        "stop": "",
        "stopTriggered": False,
        "settleCurrency": "USDT",
        "isActive": True,
        "updatedAt": MS,
        **more,
    }


def held(currency: str, total: object, owed: object = "0", interest: object = "0") -> Row:
    """A coin of a margin account: `owed` with the interest in it."""
    principal = float(str(owed)) - float(str(interest))
    return {
        "currency": currency,
        "total": str(total),
        "available": str(total),
        "hold": "0",
        "liability": str(owed),
        "liabilityPrincipal": repr(principal),
        "liabilityInterest": str(interest),
    }


# Folders of answers


def classic(
    positions: Sequence[Row] = (),
    overviews: Sequence[Row] = (),
    contracts: Sequence[Row] = (),
    orders: Sequence[Row] = (),
    *,
    hedge: bool = False,
    fees: Mapping[str, float] | None = None,
    more: Mapping[str, bytes] | None = None,
) -> Files:
    """The files of a classic futures account."""
    files = {
        file_name(endpoints.ACCOUNT_MODE): answer({"selfAccountMode": "CLASSIC"}),
        file_name(endpoints.POSITION_MODE): answer({"positionMode": int(hedge)}),
        file_name(endpoints.POSITIONS): answer(list(positions)),
        file_name(endpoints.ORDERS, endpoints.ACTIVE): page(*orders),
        file_name(endpoints.CONTRACTS): answer(list(contracts)),
    }
    for row in overviews:
        files[file_name(endpoints.OVERVIEW, {"currency": row["currency"]})] = answer(row)
    held_symbols = {row["symbol"] for row in (*positions, *orders)}
    rates = dict.fromkeys(held_symbols, 0.0006) if fees is None else fees
    for symbol, rate in rates.items():
        told = answer({"symbol": symbol, "takerFeeRate": str(rate), "makerFeeRate": "0.0002"})
        files[file_name(endpoints.TRADE_FEES, {"symbol": symbol})] = told
    return {**files, **(more or {})}


def unified(
    account: Row,
    positions: Sequence[Row] = (),
    coins: Sequence[Row] | None = None,
    contracts: Sequence[Row] = (),
    orders: Sequence[Row] = (),
    tiers: Sequence[Row] = (),
    discounts: Sequence[Row] = (),
) -> Files:
    """The files of a unified account."""
    files = {
        file_name(endpoints.ACCOUNT_MODE): answer({"selfAccountMode": "UNIFIED"}),
        file_name(endpoints.UNIFIED_OVERVIEW): answer({"accountType": "UNIFIED", **account}),
        file_name(endpoints.UNIFIED_POSITIONS): answer(list(positions)),
        file_name(endpoints.UNIFIED_ORDERS, endpoints.UNIFIED_CONTRACTS): page(*orders),
        file_name(endpoints.CONTRACTS): answer(list(contracts)),
        file_name(endpoints.DISCOUNTS): answer(list(discounts)),
    }
    if tiers:
        name = file_name(endpoints.POSITION_TIERS, {**endpoints.UNIFIED_TIERS, "symbol": "XBTUSDTM"})
        files[name] = answer(list(tiers))
    if coins is not None:
        purse = {"accountType": "UNIFIED", "ts": MS, "accounts": [{"currencies": list(coins)}]}
        files[file_name(endpoints.UNIFIED_BALANCE)] = answer(purse)
    return files


def margin_marks(**in_usdt: float) -> bytes:
    """mark-price/all-symbols with BTC at 60 000 USDT: every coin in BTC, as the venue marks them."""
    bitcoin = in_usdt.pop("BTC", 60_000.0)
    rows = [{"symbol": "USDT-BTC", "timePoint": MS, "value": 1.0 / bitcoin}]
    rows += [{"symbol": f"{coin}-BTC", "timePoint": MS, "value": price / bitcoin} for coin, price in in_usdt.items()]
    return answer(rows)


CONFIG = answer({"currencyList": ["BTC"], "maxLeverage": 5, "warningDebtRatio": "0.95", "liqDebtRatio": "0.97"})


def cross_loans(ratio: str, *coins: Row, marks: bytes, **more: bytes) -> Files:
    account = {"debtRatio": ratio, "status": "EFFECTIVE", "accounts": list(coins)}
    return {
        file_name(endpoints.MARGIN_ACCOUNTS, endpoints.ALL_ACCOUNTS): answer(account),
        file_name(endpoints.MARGIN_CONFIG): CONFIG,
        file_name(endpoints.MARGIN_CURRENCIES): more.get("currencies", answer([])),
        file_name(endpoints.MARGIN_MARKS): marks,
    }


def isolated_loans(*pairs: Row, marks: bytes, symbols: bytes | None = None) -> Files:
    return {
        file_name(endpoints.ISOLATED_ACCOUNTS, endpoints.ALL_ACCOUNTS): answer(
            {"timestamp": MS, "assets": list(pairs)}
        ),
        file_name(endpoints.ISOLATED_SYMBOLS): symbols or answer([]),
        file_name(endpoints.MARGIN_MARKS): marks,
    }


def pair(symbol: str, ratio: str, base: Row, quote: Row) -> Row:
    return {"symbol": symbol, "status": "EFFECTIVE", "debtRatio": ratio, "baseAsset": base, "quoteAsset": quote}


# What becomes of a folder


@dataclass
class Told:
    """An account told by its venue's answers: through the readers, the description and the kernel."""

    account: Account
    tables: Tables
    marks: Mapping[str, float]
    assets: Mapping[str, float]

    @property
    def description(self) -> Description:
        return describe(self.account, self.tables)

    def pool(self, name: str) -> Pool:
        return next(pool for pool in self.description.pools if pool.key.pool == name)

    def results(self, **marks: float) -> dict[str, PoolResult]:
        """Each pool computed, at the answers' own marks or at others given."""
        prices = Prices()
        for symbol, mark in {**self.marks, **marks}.items():
            prices.set_mark(VENUE, symbol, mark)
        for asset, price in self.assets.items():
            prices.set_asset(VENUE, asset, price)
        book = Book(prices)
        book.replace(self.account.key, self.description.pools)
        return {key.pool: result for key, result in evaluate(book).items()}

    def result(self, name: str, **marks: float) -> PoolResult:
        return self.results(**marks)[name]

    def compared(self, name: str) -> Reconciliation:
        """What the venue printed for a pool against ours."""
        return compare(self.pool(name), self.result(name), DriftTolerances())

    def having(self, **parameters: float) -> Told:
        """The same with parameters set."""
        return replace(self, tables=replace(self.tables, parameters=parameters))


def told(files: Mapping[str, bytes], *, problems: bool = False) -> Told:
    """What the engine would know from these answers, put together without it. `problems`: rows may be bad."""
    offline = read(files, ACCOUNT, T0)
    assert problems or offline.problems == ()
    tables = Tables()
    account: Account | None = None
    configuration: AccountConfig | None = None
    marks: dict[str, float] = {}
    assets: dict[str, float] = {"USDT": 1.0, "USDC": 1.0, "USD": 1.0}
    for event in offline.events:
        if isinstance(event, InstrumentsLoaded):
            tables = replace(tables, instruments={one.symbol: one for one in event.instruments})
        elif isinstance(event, TiersLoaded):
            tables = replace(
                tables,
                tiers={**tables.tiers, **dict(event.tiers)},
                isolated_tiers={**tables.isolated_tiers, **dict(event.isolated)},
                loans={**tables.loans, **dict(event.loans)},
            )
        elif isinstance(event, CollateralLoaded):
            tables = replace(tables, collateral=dict(event.terms))
        elif isinstance(event, AccountConfig):
            configuration = event
        elif isinstance(event, Tick):
            marks[event.symbol] = event.mark
        elif isinstance(event, AssetTick):
            assets[event.asset] = event.price_usd
        elif isinstance(event, AccountSnapshot):
            assert configuration is not None
            account = Account(
                key=ACCOUNT,
                mode=configuration.mode,
                positions={one.key: one for one in event.positions},
                balances={one.asset: one for one in event.balances},
                symbols={one.symbol: one for one in configuration.symbols},
                venue=event.venue,
                problems=event.problems,
                orders={one.id: one for one in event.orders},
                fees=dict(configuration.fees),
                wallets={one.name: one for one in event.wallets},
            )
    assert account is not None
    return Told(account, tables, marks, assets)


def recorded_frames(name: str) -> list[dict[str, Any]]:
    """Received frames of recordings beside the checkout; skips the test where they are not there."""
    with shared(f"fixtures/kucoin/{name}").open(encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines if line.strip()]
    return [record for record in records if record["dir"] == "recv"]


def recorded_answers(name: str) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = json.loads(shared(f"fixtures/kucoin/{name}").read_text(encoding="utf-8"))
    return answers
