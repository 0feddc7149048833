"""The REST paths of the simulated Binance: weights, security, and which answer belongs to which path."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim.binance import answers, brackets, frames
from monitor.sim.binance.accounts import SimAccount
from monitor.sim.binance.listen_keys import ListenKeys
from monitor.sim.binance.refusals import Refusal
from monitor.sim.market import Kind, Market


class Security(StrEnum):
    """What a path asks for."""

    NONE = "none"
    KEY = "key"  #: the API key, no signature: listen keys
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, checked."""

    method: str
    params: Mapping[str, str]
    now_ms: int
    next_funding_ms: int
    account: SimAccount | None = None

    @property
    def owner(self) -> SimAccount:
        """The account of a request that needs one."""
        if self.account is None:
            raise Refusal(401, -2014, "API-key format invalid.")
        return self.account


Answer = Callable[["Rest", Ask], Any]


def _flat(weight: int) -> Callable[[Mapping[str, str]], int]:
    def weigh(_: Mapping[str, str]) -> int:
        return weight

    return weigh


@dataclass(frozen=True, slots=True)
class Path:
    """How one path behaves. `weight` depends on the parameters: a symbol makes some requests cheaper."""

    answer: Answer
    weight: Callable[[Mapping[str, str]], int] = field(default=_flat(1))
    security: Security = Security.NONE
    methods: tuple[str, ...] = ("GET",)


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


class Rest:
    """Answers by path. Raises `Refusal` where the venue would."""

    def __init__(self, market: Market, keys: ListenKeys) -> None:
        self.market, self.keys = market, keys

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
        return answers.mark_price_klines(self.market, symbol, seconds, _limit(ask.params), ask.now_ms)

    def funding_info(self, _: Ask) -> Any:
        """Adjusted funding caps."""
        return answers.funding_info(self.market)

    def account(self, ask: Ask) -> Any:
        """Balances and positions."""
        return answers.account_v3(ask.owner)

    def position_risk(self, ask: Ask) -> Any:
        """Positions with the venue's own figures."""
        rows = answers.position_risk(ask.owner, ask.now_ms)
        symbol = self._symbol(ask)
        return [row for row in rows if symbol in (None, row["symbol"])]

    def symbol_config(self, ask: Ask) -> Any:
        """Leverage and margin type by symbol."""
        return answers.symbol_config(ask.owner, self._symbols(ask))

    def account_config(self, ask: Ask) -> Any:
        """Modes."""
        return answers.account_config(ask.owner)

    def multi_assets(self, ask: Ask) -> Any:
        """The collateral mode alone."""
        return {"multiAssetsMargin": ask.owner.multi_assets}

    def dual_side(self, ask: Ask) -> Any:
        """The position mode alone."""
        return {"dualSidePosition": ask.owner.hedge}

    def leverage_bracket(self, ask: Ask) -> Any:
        """This user's brackets."""
        return answers.leverage_bracket(ask.owner, [s for s in self._symbols(ask) if _has_brackets(s)])

    def listen_key(self, ask: Ask) -> Any:
        """Create, keep alive or close the user stream."""
        owner = ask.owner.name
        if ask.method == "POST":
            return {"listenKey": self.keys.create(owner, ask.now_ms)}
        alive = self.keys.keep_alive(owner, ask.now_ms) if ask.method == "PUT" else self.keys.close(owner)
        if not alive:
            raise Refusal(400, -1125, "This listenKey does not exist.")
        return {"listenKey": self.keys.key_of(owner)} if ask.method == "PUT" else {}

    def api_restrictions(self, ask: Ask) -> Any:
        """What the key may do."""
        return answers.api_restrictions(ask.owner)

    def income(self, ask: Ask) -> Any:
        """The history of the account's cash flows, oldest first."""
        begins, ends = (int(ask.params.get(name, default)) for name, default in (("startTime", 0), ("endTime", 2**62)))
        rows = [row for row in ask.owner.income if begins <= row["time"] <= ends]
        return rows[: min(1000, int(ask.params.get("limit", "100")))]

    def everything(self, ask: Ask) -> dict[str, Any]:
        """The answers to all GET requests that need no more than an account, by path: a raw folder's content."""
        left_out = ("/fapi/v1/markPriceKlines", "/fapi/v1/listenKey", "/fapi/v1/income")
        return {path: each.answer(self, ask) for path, each in PATHS.items() if path not in left_out}


def _has_brackets(symbol: Symbol) -> bool:
    try:
        return bool(brackets.of(symbol))
    except KeyError:
        return False


def _limit(params: Mapping[str, str]) -> int:
    try:
        limit = int(params.get("limit", "500"))
    except ValueError:
        raise Refusal(400, -1102, "Mandatory parameter 'limit' was not sent, was empty/null, or malformed.") from None
    return max(1, min(1500, limit))


def _klines_weight(params: Mapping[str, str]) -> int:
    limit = _limit(params)
    return 1 if limit < 100 else 2 if limit < 500 else 5 if limit <= 1000 else 10


def _all_or_one(params: Mapping[str, str]) -> int:
    return 1 if "symbol" in params else 10


SIGNED = Security.SIGNED
PATHS: dict[str, Path] = {
    "/fapi/v1/time": Path(Rest.time),
    "/fapi/v1/exchangeInfo": Path(Rest.exchange_info),
    "/fapi/v1/premiumIndex": Path(Rest.premium_index, _all_or_one),
    "/fapi/v1/assetIndex": Path(Rest.asset_index, _all_or_one),
    "/fapi/v1/markPriceKlines": Path(Rest.klines, _klines_weight),
    "/fapi/v1/fundingInfo": Path(Rest.funding_info, _flat(0)),
    "/fapi/v3/account": Path(Rest.account, _flat(5), SIGNED),
    "/fapi/v3/positionRisk": Path(Rest.position_risk, _flat(5), SIGNED),
    "/fapi/v1/symbolConfig": Path(Rest.symbol_config, _flat(5), SIGNED),
    "/fapi/v1/accountConfig": Path(Rest.account_config, _flat(5), SIGNED),
    "/fapi/v1/multiAssetsMargin": Path(Rest.multi_assets, _flat(30), SIGNED),
    "/fapi/v1/positionSide/dual": Path(Rest.dual_side, _flat(30), SIGNED),
    "/fapi/v1/leverageBracket": Path(Rest.leverage_bracket, _flat(1), SIGNED),
    "/fapi/v1/income": Path(Rest.income, _flat(30), SIGNED),
    "/fapi/v1/listenKey": Path(Rest.listen_key, _flat(1), Security.KEY, ("POST", "PUT", "DELETE")),
    "/sapi/v1/account/apiRestrictions": Path(Rest.api_restrictions, _flat(1), SIGNED),
}
