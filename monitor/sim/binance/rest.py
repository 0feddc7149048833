"""The REST paths of the simulated Binance: weights, security, and which answer belongs to which path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim.binance import answers, brackets, frames
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.listen_keys import KeyRing, ListenKeys
from monitor.sim.binance.loans.tokens import ListenTokens
from monitor.sim.binance.paths import (
    COINM,
    LISTEN_KEY_METHODS,
    PORTFOLIO_PRO,
    PRODUCTS,
    SIGNED,
    USDM,
    Ask,
    Path,
    Pool,
    Security,
    dearer_for_all,
    flat,
    unasked,
)
from monitor.sim.binance.portfolio.accounts import PortfolioAccount
from monitor.sim.binance.refusals import Refusal
from monitor.sim.market import Kind, Market

INTERVAL_SECONDS = {
    "1m": 60,
    "3m": 180,
    "5m": 300,
    "15m": 900,
    "30m": 1800,
    "1h": 3600,
    "4h": 14_400,
    "8h": 28_800,
    "1d": 86_400,
}


@dataclass(slots=True)
class Rest:
    """Answers of USDⓈ-M by path, and what the answers of all products are made from. Raises `Refusal` as the venue."""

    market: Market
    keys: KeyRing
    tokens: ListenTokens

    def _symbol(self, ask: Ask) -> Symbol | None:
        symbol = ask.params.get("symbol")
        if symbol is not None and (
            symbol not in self.market.contracts or self.market.contracts[symbol].kind is Kind.INVERSE
        ):
            raise Refusal(400, -1121, "Invalid symbol.")
        return symbol

    def _symbols(self, ask: Ask) -> list[Symbol]:
        symbol = self._symbol(ask)
        listed = [s for s, contract in self.market.contracts.items() if contract.kind is not Kind.INVERSE]
        return listed if symbol is None else [symbol]

    def time(self, ask: Ask) -> Any:
        """The venue's clock."""
        return {"serverTime": ask.now_ms}

    def exchange_info(self, ask: Ask) -> Any:
        """Instruments and limits."""
        return answers.exchange_info(self.market, ask.now_ms)

    def premium_index(self, ask: Ask) -> Any:
        """Marks: one as an object, all as a list."""
        rows = [answers.premium_index(self.market, s, ask.now_ms, ask.next_funding_ms) for s in self._symbols(ask)]
        return rows[0] if "symbol" in ask.params else rows

    def asset_index(self, ask: Ask) -> Any:
        """Collateral rates: one as an object, all as a list."""
        assets = frames.collateral(self.market)
        if "symbol" in ask.params:
            asset = ask.params["symbol"].removesuffix("USD")
            if asset not in assets:
                raise Refusal(400, -1121, "Invalid symbol.")
            return answers.asset_index(self.market, asset, ask.now_ms)
        return [answers.asset_index(self.market, asset, ask.now_ms) for asset in assets]

    def klines(self, ask: Ask) -> Any:
        """Mark price candles."""
        symbol = self._symbol(ask)
        if symbol is None:
            raise Refusal(400, -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        seconds = INTERVAL_SECONDS.get(ask.params.get("interval", ""))
        if seconds is None:
            raise Refusal(400, -1120, "Invalid interval.")
        return answers.mark_price_klines(self.market, symbol, seconds, limit_of(ask.params), ask.now_ms)

    def funding_info(self, _: Ask) -> Any:
        """Adjusted funding caps."""
        return answers.funding_info(self.market)

    def account(self, ask: Ask) -> Any:
        """Balances and positions."""
        return answers.account_v3(owner(ask))

    def position_risk(self, ask: Ask) -> Any:
        """Positions with the venue's own figures."""
        rows = answers.position_risk(owner(ask), ask.now_ms)
        symbol = self._symbol(ask)
        return [row for row in rows if symbol in (None, row["symbol"])]

    def symbol_config(self, ask: Ask) -> Any:
        """Leverage and margin type by symbol."""
        return answers.symbol_config(owner(ask), self._symbols(ask))

    def account_config(self, ask: Ask) -> Any:
        """Modes."""
        return answers.account_config(owner(ask))

    def multi_assets(self, ask: Ask) -> Any:
        """The collateral mode alone."""
        return {"multiAssetsMargin": owner(ask).multi_assets}

    def dual_side(self, ask: Ask) -> Any:
        """The position mode alone."""
        return {"dualSidePosition": owner(ask).hedge}

    def leverage_bracket(self, ask: Ask) -> Any:
        """This user's brackets."""
        return answers.leverage_bracket(owner(ask), [s for s in self._symbols(ask) if _has_brackets(s)])

    def listen_key(self, ask: Ask) -> Any:
        """Create, keep alive or close the user stream."""
        return renewed(self.keys.fapi, ask)

    def api_restrictions(self, ask: Ask) -> Any:
        """What the key may do."""
        return None if ask.account is None else answers.api_restrictions(ask.account.permissions)

    def income(self, ask: Ask) -> Any:
        """The history of the account's cash flows, oldest first."""
        return booked(owner(ask), ask)


def owner(ask: Ask) -> SimAccount:
    """The USDⓈ-M account that asks: also that inside a portfolio margin account."""
    return ask.account.um if isinstance(ask.account, PortfolioAccount) else ask.of(SimAccount)


def booked(account: SimAccount, ask: Ask) -> list[frames.Frame]:
    """Rows of an account's history within the times that are asked for."""
    begins, ends = (int(ask.params.get(name, default)) for name, default in (("startTime", 0), ("endTime", 2**62)))
    rows = [row for row in account.income if begins <= row["time"] <= ends]
    return rows[: min(1000, int(ask.params.get("limit", "100")))]


def renewed(keys: ListenKeys, ask: Ask) -> Any:
    """Create, keep alive or close a listen key of the account that asks."""
    name = "" if ask.account is None else ask.account.name
    if ask.method == "POST":
        return {"listenKey": keys.create(name, ask.now_ms)}
    alive = keys.keep_alive(name, ask.now_ms) if ask.method == "PUT" else keys.close(name)
    if not alive:
        raise Refusal(400, -1125, "This listenKey does not exist.")
    return {"listenKey": keys.key_of(name)} if ask.method == "PUT" else {}


def _has_brackets(symbol: Symbol) -> bool:
    try:
        return bool(brackets.of(symbol))
    except KeyError:
        return False


def limit_of(params: Mapping[str, str]) -> int:
    """How many candles are asked for."""
    try:
        limit = int(params.get("limit", "500"))
    except ValueError:
        raise Refusal(400, -1102, "Mandatory parameter 'limit' was not sent, was empty/null, or malformed.") from None
    return max(1, min(1500, limit))


def klines_weight(params: Mapping[str, str]) -> int:
    """Many candles weigh more."""
    limit = limit_of(params)
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


_all_or_one = dearer_for_all("symbol", 1, 10)
_FUTURES = (USDM, PORTFOLIO_PRO)
_EITHER = (USDM, COINM, PORTFOLIO_PRO)  #: both kinds of futures have one position mode
PATHS: dict[str, Path] = {
    "/fapi/v1/time": Path(Rest.time),
    "/fapi/v1/exchangeInfo": Path(Rest.exchange_info),
    "/fapi/v1/premiumIndex": Path(Rest.premium_index, _all_or_one),
    "/fapi/v1/assetIndex": Path(Rest.asset_index, _all_or_one),
    "/fapi/v1/markPriceKlines": Path(Rest.klines, klines_weight, each=unasked),
    "/fapi/v1/fundingInfo": Path(Rest.funding_info, flat(0)),
    "/fapi/v3/account": Path(Rest.account, flat(5), SIGNED, products=_FUTURES),
    "/fapi/v3/positionRisk": Path(Rest.position_risk, flat(5), SIGNED, products=_FUTURES),
    "/fapi/v1/symbolConfig": Path(Rest.symbol_config, flat(5), SIGNED, products=_FUTURES),
    "/fapi/v1/accountConfig": Path(Rest.account_config, flat(5), SIGNED, products=_EITHER),
    "/fapi/v1/multiAssetsMargin": Path(Rest.multi_assets, flat(30), SIGNED, products=_FUTURES),
    "/fapi/v1/positionSide/dual": Path(Rest.dual_side, flat(30), SIGNED, products=_EITHER),
    "/fapi/v1/leverageBracket": Path(Rest.leverage_bracket, flat(1), SIGNED, products=_FUTURES),
    "/fapi/v1/income": Path(Rest.income, flat(30), SIGNED, products=_FUTURES, each=unasked),
    "/fapi/v1/listenKey": Path(
        Rest.listen_key, flat(1), Security.KEY, LISTEN_KEY_METHODS, products=_FUTURES, each=unasked
    ),
    "/api/v3/time": Path(Rest.time, pool=Pool.SPOT),
    "/sapi/v1/account/apiRestrictions": Path(Rest.api_restrictions, flat(1), SIGNED, products=PRODUCTS, pool=Pool.SAPI),
}
