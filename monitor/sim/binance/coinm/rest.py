"""The REST paths of the simulated COIN-M."""

from __future__ import annotations

from typing import Any

from monitor.domain.names import Symbol
from monitor.sim.binance import answers as linear
from monitor.sim.binance.coinm import answers
from monitor.sim.binance.coinm.accounts import CoinAccount
from monitor.sim.binance.paths import (
    COINM,
    LISTEN_KEY_METHODS,
    PORTFOLIO_PRO,
    SIGNED,
    Ask,
    Path,
    Security,
    dearer_for_all,
    flat,
    unasked,
)
from monitor.sim.binance.portfolio.accounts import PortfolioAccount
from monitor.sim.binance.refusals import Refusal
from monitor.sim.binance.rest import INTERVAL_SECONDS, Rest, booked, klines_weight, limit_of, renewed


def owner(ask: Ask) -> CoinAccount:
    """The COIN-M account that asks: also that inside a portfolio margin account."""
    return ask.account.cm if isinstance(ask.account, PortfolioAccount) else ask.of(CoinAccount)


def symbols(rest: Rest, ask: Ask) -> list[Symbol]:
    """Which contracts are asked for: one, those of a pair, or all."""
    found = answers.listed(rest.market)
    if "symbol" in ask.params:
        found = [symbol for symbol in found if symbol == ask.params["symbol"]]
    elif "pair" in ask.params:
        found = [symbol for symbol in found if symbol.partition("_")[0] == ask.params["pair"]]
    if not found:
        raise Refusal(400, -1121, "Invalid symbol.")
    return found


def exchange_info(rest: Rest, ask: Ask) -> Any:
    """Instruments and limits."""
    return answers.exchange_info(rest.market, ask.now_ms)


def premium_index(rest: Rest, ask: Ask) -> Any:
    """Marks: a list, also of one."""
    return [answers.premium_index(rest.market, s, ask.now_ms, ask.next_funding_ms) for s in symbols(rest, ask)]


def klines(rest: Rest, ask: Ask) -> Any:
    """Mark price candles."""
    ask.needed("symbol")
    seconds = INTERVAL_SECONDS.get(ask.params.get("interval", ""))
    if seconds is None:
        raise Refusal(400, -1120, "Invalid interval.")
    (symbol,) = symbols(rest, ask)
    return linear.mark_price_klines(rest.market, symbol, seconds, limit_of(ask.params), ask.now_ms)


def funding_info(_: Rest, __: Ask) -> Any:
    """Adjusted funding caps: none."""
    return []


def account(_: Rest, ask: Ask) -> Any:
    """Balances and positions."""
    return answers.account_v1(owner(ask))


def position_risk(rest: Rest, ask: Ask) -> Any:
    """Positions with the venue's own figures; `marginAsset` and `pair` narrow."""
    rows = answers.position_risk(owner(ask))
    asset, pair = ask.params.get("marginAsset"), ask.params.get("pair")
    contracts = rest.market.contracts
    return [
        row
        for row in rows
        if asset in (None, contracts[row["symbol"]].coin) and pair in (None, row["symbol"].partition("_")[0])
    ]


def dual_side(_: Rest, ask: Ask) -> Any:
    """The position mode, which is that of USDⓈ-M too."""
    return {"dualSidePosition": owner(ask).hedge}


def leverage_bracket(rest: Rest, ask: Ask) -> Any:
    """This user's brackets."""
    return answers.leverage_bracket(owner(ask), symbols(rest, ask))


def adl_quantile(_: Rest, ask: Ask) -> Any:
    """Places in the queue of auto-deleveraging."""
    return answers.adl_quantile(owner(ask))


def income(_: Rest, ask: Ask) -> Any:
    """The history of the account's cash flows, oldest first."""
    return booked(owner(ask), ask)


def listen_key(rest: Rest, ask: Ask) -> Any:
    """Create, keep alive or close the user stream."""
    return renewed(rest.keys.dapi, ask)


_OWN = (COINM, PORTFOLIO_PRO)
PATHS: dict[str, Path] = {
    "/dapi/v1/time": Path(Rest.time, products=(COINM,)),
    "/dapi/v1/exchangeInfo": Path(exchange_info, products=(COINM,)),
    "/dapi/v1/premiumIndex": Path(premium_index, flat(10), products=(COINM,)),
    "/dapi/v1/markPriceKlines": Path(klines, klines_weight, products=(COINM,), each=unasked),
    "/dapi/v1/fundingInfo": Path(funding_info, flat(0), products=(COINM,)),
    "/dapi/v1/account": Path(account, flat(5), SIGNED, products=_OWN),
    "/dapi/v1/positionRisk": Path(position_risk, flat(1), SIGNED, products=_OWN),
    "/dapi/v1/positionSide/dual": Path(dual_side, flat(30), SIGNED, products=_OWN),
    "/dapi/v2/leverageBracket": Path(leverage_bracket, dearer_for_all("symbol", 1, 2), SIGNED, products=_OWN),
    "/dapi/v1/adlQuantile": Path(adl_quantile, flat(5), SIGNED, products=_OWN, each=unasked),
    "/dapi/v1/income": Path(income, flat(20), SIGNED, products=_OWN, each=unasked),
    "/dapi/v1/listenKey": Path(listen_key, flat(1), Security.KEY, LISTEN_KEY_METHODS, products=_OWN, each=unasked),
}
