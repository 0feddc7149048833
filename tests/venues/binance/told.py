"""Accounts of every product told by the venue's raw answers: through the readers, the description and the kernel."""

from __future__ import annotations

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
from monitor.domain.tables import Tables
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.margin.book import Book
from monitor.margin.evaluate import evaluate
from monitor.margin.pool import Description, Pool
from monitor.margin.prices import Prices
from monitor.margin.results import PoolResult
from monitor.venues import folder
from monitor.venues.binance import endpoints as usdm
from monitor.venues.binance import endpoints_coinm as coinm
from monitor.venues.binance import offline
from monitor.venues.binance.endpoint import Endpoint
from monitor.venues.binance.loans import endpoints as loans
from monitor.venues.binance.margin import describe
from monitor.venues.binance.portfolio import endpoints as portfolio
from tests.venues.binance.support import ACCOUNT, VENUE, raw

TIME = 1_790_000_000.0
STAMP = 1_790_000_000_000
Row = dict[str, Any]
Files = dict[str, bytes]


def named(endpoint: Endpoint, **params: str) -> str:
    return folder.name(endpoint.path, params)


@dataclass(frozen=True)
class Told:
    account: Account
    tables: Tables
    marks: Mapping[str, float]
    assets: Mapping[str, float]
    problems: tuple[str, ...]

    @property
    def description(self) -> Description:
        return describe(self.account, self.tables)

    @property
    def pools(self) -> dict[str, Pool]:
        assert self.description.unknown == ()
        return {pool.key.pool: pool for pool in self.description.pools}

    def with_parameters(self, **parameters: float) -> Told:
        return replace(self, tables=replace(self.tables, parameters=parameters))

    def results(self, **marks: float) -> dict[str, PoolResult]:
        """Each pool computed at the answers' own marks, or at others."""
        prices = Prices()
        for symbol, mark in {**self.marks, **marks}.items():
            prices.set_mark(VENUE, symbol, mark)
        for asset, price in self.assets.items():
            prices.set_asset(VENUE, asset, price)
        book = Book(prices)
        book.replace(self.account.key, self.description.pools)
        return {key.pool: result for key, result in evaluate(book).items()}


def told(files: Files, **assets: float) -> Told:
    """What the engine would know from these answers, put together without it."""
    read = offline.read(files, ACCOUNT, TIME)
    assert read.problems == ()
    tables, marks = Tables(), dict[str, float]()
    prices = {"USDT": 1.0, "USDC": 1.0, **assets}
    for event in read.events:
        match event:
            case InstrumentsLoaded():
                tables = replace(tables, instruments={one.symbol: one for one in event.instruments})
            case TiersLoaded():
                tables = replace(
                    tables, tiers={**tables.tiers, **dict(event.tiers)}, loans={**tables.loans, **dict(event.loans)}
                )
            case CollateralLoaded():
                tables = replace(tables, collateral=dict(event.terms))
            case Tick():
                marks[event.symbol] = event.mark
            case AssetTick():
                prices[event.asset] = event.price_usd
    config = next(event for event in read.events if isinstance(event, AccountConfig))
    snapshot = next(event for event in read.events if isinstance(event, AccountSnapshot))
    account = Account(
        key=ACCOUNT,
        mode=config.mode,
        positions={position.key: position for position in snapshot.positions},
        balances={balance.asset: balance for balance in snapshot.balances},
        symbols={setting.symbol: setting for setting in config.symbols},
        venue=snapshot.venue,
        wallets={wallet.name: wallet for wallet in snapshot.wallets},
    )
    return Told(account, tables, marks, prices, (*snapshot.problems, *config.problems))


def reported(files: Files) -> Any:
    """The engine's report on the folder: with quality, reasons and what reconciliation finds."""
    settings = EngineSettings(accounts=(ACCOUNT,), lines_every_seconds=0.0)
    engine = Engine({VENUE: describe}, settings)
    engine.step(offline.read(files, ACCOUNT, TIME).events, TIME)
    (report,) = engine.reports()
    return report


def index_of(**dollars: float) -> bytes:
    """The asset index of futures, which tells what stablecoins are worth."""
    rows = [
        {"symbol": f"{asset}USD", "index": repr(price), "time": STAMP, "bidBuffer": "0", "askBuffer": "0"}
        for asset, price in dollars.items()
    ]
    return raw(rows)


# COIN-M


def coin_contract(symbol: str, size: int = 100, **more: object) -> Row:
    pair, _, date = symbol.partition("_")
    return {
        "symbol": symbol,
        "pair": pair,
        "contractType": "PERPETUAL" if date == "PERP" else "CURRENT_QUARTER",
        "deliveryDate": 4133404800000 if date == "PERP" else 1798185600000,
        "contractStatus": "TRADING",
        "contractSize": size,
        "marginAsset": pair.removesuffix("USD"),
        "baseAsset": pair.removesuffix("USD"),
        "quoteAsset": "USD",
        "filters": [{"filterType": "PRICE_FILTER", "tickSize": "0.1"}],
        **more,
    }


def coin_position(symbol: str, contracts: float, entry: float, mark: float, **more: object) -> Row:
    return {
        "symbol": symbol,
        "positionAmt": str(contracts),
        "entryPrice": repr(entry),
        "markPrice": repr(mark),
        "unRealizedProfit": "0",
        "liquidationPrice": "0",
        "leverage": "10",
        "marginType": "cross",
        "isolatedMargin": "0.00000000",
        "isAutoAddMargin": "false",
        "positionSide": "BOTH",
        "updateTime": STAMP,
        **more,
    }


def coin_brackets(symbol: str, *steps: tuple[float, float, float]) -> Row:
    """`steps` are floor, rate and cum; the floor in the coin."""
    caps = [floor for floor, _, _ in steps[1:]] + [1e6]
    return {
        "symbol": symbol,
        "brackets": [
            {"bracket": number + 1, "qtyFloor": floor, "qtyCap": cap, "maintMarginRatio": rate, "cum": cum}
            for number, ((floor, rate, cum), cap) in enumerate(zip(steps, caps, strict=True))
        ],
    }


def coin_folder(
    *positions: Row,
    wallets: Mapping[str, float],
    brackets: Sequence[Row],
    hedge: bool = False,
    listed: Sequence[Row] | None = None,
) -> Files:
    symbols = dict.fromkeys(str(row["symbol"]) for row in positions)
    assets = [
        {"asset": asset, "walletBalance": repr(amount), "crossWalletBalance": repr(amount), "crossUnPnl": "0"}
        for asset, amount in wallets.items()
    ]
    contracts = [coin_contract(one, 100 if one.startswith("BTC") else 10) for one in symbols]
    return {
        named(coinm.ACCOUNT): raw({"assets": assets}),
        named(coinm.POSITION_RISK): raw(list(positions)),
        named(coinm.DUAL_SIDE): raw({"dualSidePosition": hedge}),
        named(coinm.LEVERAGE_BRACKET): raw(list(brackets)),
        named(coinm.EXCHANGE_INFO): raw({"symbols": contracts if listed is None else list(listed)}),
        named(coinm.PREMIUM_INDEX): raw([]),
        named(usdm.API_RESTRICTIONS): raw({"enableReading": True}),
    }


# Spot margin


def owned(asset: str, free: float = 0.0, borrowed: float = 0.0, interest: float = 0.0, locked: float = 0.0) -> Row:
    return {
        "asset": asset,
        "free": repr(free),
        "locked": repr(locked),
        "borrowed": repr(borrowed),
        "interest": repr(interest),
        "netAsset": repr(free + locked - borrowed - interest),
    }


def cross_folder(
    *assets: Row,
    kind: str = "MARGIN_1",
    level: str = "999",
    prices: Mapping[str, float] | None = None,
    ratios: Sequence[Row] = (),
    brackets: Sequence[Row] = (),
    **more: object,
) -> Files:
    body = {"accountType": kind, "marginLevel": level, "totalAssetOfBtc": "0", "userAssets": list(assets), **more}
    files = {
        named(loans.CROSS_ACCOUNT): raw(body),
        named(loans.COLLATERAL_RATIO): raw(list(ratios)),
        named(loans.LEVERAGE_BRACKET): raw(list(brackets)),
        named(usdm.ASSET_INDEX): index_of(USDT=1.0),
        named(usdm.API_RESTRICTIONS): raw({"enableReading": True}),
    }
    for symbol, price in (prices or {}).items():
        body = {"calcTime": STAMP, "price": repr(price), "symbol": symbol}
        files[named(loans.PRICE_INDEX, symbol=symbol)] = raw(body)
    return files


def pair(symbol: str, base: Row, quote: Row, **more: object) -> Row:
    return {
        "symbol": symbol,
        "baseAsset": base,
        "quoteAsset": quote,
        "isolatedCreated": True,
        "marginLevel": "999",
        "marginLevelStatus": "EXCESSIVE",
        "marginRatio": "5",
        "indexPrice": "1",
        "liquidatePrice": "0",
        "liquidateRate": "0",
        **more,
    }


def pair_tier(symbol: str, tier: int, multiple: str, level: str, base: str = "9", quote: str = "70000") -> Row:
    return {
        "symbol": symbol,
        "tier": tier,
        "effectiveMultiple": multiple,
        "initialRiskRatio": "1.2",
        "liquidationRiskRatio": level,
        "baseAssetMaxBorrowable": base,
        "quoteAssetMaxBorrowable": quote,
    }


def isolated_folder(*pairs: Row, tiers: Mapping[str, Sequence[Row]] | None = None) -> Files:
    files = {
        named(loans.ISOLATED_ACCOUNT): raw({"assets": list(pairs)}),
        named(usdm.ASSET_INDEX): index_of(USDT=1.0),
        named(usdm.API_RESTRICTIONS): raw({"enableReading": True}),
    }
    for symbol, rows in (tiers or {}).items():
        files[named(loans.ISOLATED_TIER, symbol=symbol)] = raw(list(rows))
    return files


# Portfolio margin


def pm_account(**more: object) -> Row:
    return {
        "uniMMR": "99999999",
        "accountEquity": "0",
        "actualEquity": "0",
        "accountInitialMargin": "0",
        "accountMaintMargin": "0",
        "accountStatus": "NORMAL",
        "virtualMaxWithdrawAmount": "0",
        "totalAvailableBalance": "",
        "totalMarginOpenLoss": "0",
        "updateTime": STAMP,
        **more,
    }


def pm_balance(asset: str, free: float = 0.0, um: float = 0.0, cm: float = 0.0, **more: object) -> Row:
    return {
        "asset": asset,
        "totalWalletBalance": repr(free + um + cm),
        "crossMarginAsset": repr(free),
        "crossMarginBorrowed": "0",
        "crossMarginFree": repr(free),
        "crossMarginInterest": "0",
        "crossMarginLocked": "0",
        "umWalletBalance": repr(um),
        "umUnrealizedPNL": "0",
        "cmWalletBalance": repr(cm),
        "cmUnrealizedPNL": "",
        "negativeBalance": "0",
        "updateTime": STAMP,
        **more,
    }


def pm_position(symbol: str, amount: float, entry: float, mark: float, **more: object) -> Row:
    return {
        "symbol": symbol,
        "positionAmt": repr(amount),
        "entryPrice": repr(entry),
        "markPrice": repr(mark),
        "unRealizedProfit": "0",
        "liquidationPrice": "0",
        "leverage": "10",
        "positionSide": "BOTH",
        "updateTime": STAMP,
        **more,
    }


def linear_contract(symbol: str, quote: str = "USDT") -> Row:
    return {
        "symbol": symbol,
        "baseAsset": symbol.removesuffix(quote),
        "quoteAsset": quote,
        "marginAsset": quote,
        "status": "TRADING",
    }


def brackets(symbol: str, rate: float, cum: float = 0.0) -> Row:
    step = {"bracket": 1, "notionalFloor": 0, "notionalCap": 1e9, "maintMarginRatio": rate, "cum": cum}
    return {"symbol": symbol, "brackets": [step]}


@dataclass(frozen=True)
class PortfolioRows:
    """What a portfolio margin account holds, and the tables that it is computed with."""

    balances: Sequence[Row]
    um: Sequence[Row] = ()
    cm: Sequence[Row] = ()
    rates: Sequence[Row] = ()
    prices: Mapping[str, float] | None = None
    um_brackets: Sequence[Row] = ()
    cm_brackets: Sequence[Row] = ()
    hedge: bool = False


def portfolio_folder(rows: PortfolioRows, **account: object) -> Files:
    return {
        named(portfolio.ACCOUNT): raw(pm_account(**account)),
        named(portfolio.BALANCE): raw(list(rows.balances)),
        named(portfolio.UM_POSITION_RISK): raw(list(rows.um)),
        named(portfolio.CM_POSITION_RISK): raw(list(rows.cm)),
        named(portfolio.UM_ACCOUNT_CONFIG): raw({"dualSidePosition": rows.hedge}),
        named(portfolio.UM_BRACKET): raw(list(rows.um_brackets)),
        named(portfolio.CM_BRACKET): raw(list(rows.cm_brackets)),
        named(portfolio.COLLATERAL_RATE): raw(list(rows.rates)),
        **_beside(rows),
    }


def pro_folder(rows: PortfolioRows, *, span: bool = False, **account: object) -> Files:
    kind = "PM_3" if span else "PM_1"
    endpoint = portfolio.PRO_ACCOUNT_SPAN if span else portfolio.PRO_ACCOUNT
    return {
        named(endpoint): raw({"accountType": kind, **pm_account(**account)}),
        named(portfolio.PRO_BALANCE): raw(list(rows.balances)),
        named(usdm.POSITION_RISK): raw(list(rows.um)),
        named(coinm.POSITION_RISK): raw(list(rows.cm)),
        named(usdm.ACCOUNT_CONFIG): raw({"dualSidePosition": rows.hedge}),
        named(usdm.LEVERAGE_BRACKET): raw(list(rows.um_brackets)),
        named(coinm.LEVERAGE_BRACKET): raw(list(rows.cm_brackets)),
        named(portfolio.PRO_COLLATERAL_RATE): raw(list(rows.rates)),
        **_beside(rows),
    }


def _beside(rows: PortfolioRows) -> Files:
    um = [linear_contract(str(row["symbol"])) for row in rows.um]
    cm = [coin_contract(str(row["symbol"]), 100 if str(row["symbol"]).startswith("BTC") else 10) for row in rows.cm]
    prices = [
        {"asset": asset, "assetIndexPrice": repr(price), "time": STAMP} for asset, price in (rows.prices or {}).items()
    ]
    return {
        named(usdm.EXCHANGE_INFO): raw({"symbols": um}),
        named(coinm.EXCHANGE_INFO): raw({"symbols": cm}),
        named(usdm.PREMIUM_INDEX): raw([]),
        named(coinm.PREMIUM_INDEX): raw([]),
        named(portfolio.ASSET_INDEX): raw(prices),
        named(usdm.API_RESTRICTIONS): raw({"enableReading": True}),
    }
