"""The REST paths of the simulated portfolio margin: papi for retail, sapi for Pro and for the tables of both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.sim.binance import answers as linear
from monitor.sim.binance.coinm import answers as inverse
from monitor.sim.binance.coinm import rest as coinm
from monitor.sim.binance.paths import (
    LISTEN_KEY_METHODS,
    PORTFOLIO,
    PORTFOLIO_PRO,
    SIGNED,
    Ask,
    Member,
    Path,
    Pool,
    Security,
    dearer_for_all,
    flat,
    unasked,
)
from monitor.sim.binance.portfolio import answers
from monitor.sim.binance.portfolio.accounts import PortfolioAccount
from monitor.sim.binance.refusals import Refusal
from monitor.sim.binance.rest import Rest, renewed


def account(_: Rest, ask: Ask) -> Any:
    """The account of retail."""
    return answers.account_row(ask.of(PortfolioAccount), ask.now_ms)


def balance(_: Rest, ask: Ask) -> Any:
    """Balances: all as a list, one as an object."""
    rows = answers.balances(ask.of(PortfolioAccount), ask.now_ms)
    if "asset" not in ask.params:
        return rows
    found = next((row for row in rows if row["asset"] == ask.params["asset"]), None)
    if found is None:
        raise Refusal(400, -1102, "Mandatory parameter 'asset' was not sent, was empty/null, or malformed.")
    return found


def um_position_risk(_: Rest, ask: Ask) -> Any:
    """Positions in USDⓈ-M."""
    rows = answers.um_position_risk(ask.of(PortfolioAccount), ask.now_ms)
    return [row for row in rows if ask.params.get("symbol") in (None, row["symbol"])]


def cm_position_risk(_: Rest, ask: Ask) -> Any:
    """Positions in COIN-M."""
    return answers.cm_position_risk(ask.of(PortfolioAccount))


def um_account_config(_: Rest, ask: Ask) -> Any:
    """Modes of USDⓈ-M."""
    return linear.account_config(ask.of(PortfolioAccount).um)


def pro_account(_: Rest, ask: Ask) -> Any:
    """The account of Pro."""
    return answers.pro_account(ask.of(PortfolioAccount))


def span_account(_: Rest, ask: Ask) -> Any:
    """The account of Pro with its units of risk."""
    found = ask.of(PortfolioAccount)
    if not found.span:
        raise Refusal(400, -21001, "User is not Portfolio Margin Pro Span.")
    return answers.span_account(found)


def collateral_rates(_: Rest, __: Ask) -> Any:
    """One rate an asset."""
    return answers.collateral_rates()


def tiered_collateral_rates(_: Rest, __: Ask) -> Any:
    """Rates by tiers."""
    return answers.tiered_collateral_rates()


def asset_indexes(rest: Rest, ask: Ask) -> Any:
    """Index prices in USD."""
    return answers.asset_indexes(rest.market, ask.params.get("asset"), ask.now_ms)


def asset_leverages(_: Rest, __: Ask) -> Any:
    """What each asset may be borrowed with."""
    return answers.asset_leverages()


def listen_key(rest: Rest, ask: Ask) -> Any:
    """Create, keep alive or close the user stream."""
    return renewed(rest.keys.papi, ask)


def cm_brackets(_: Rest, ask: Ask) -> Any:
    """This user's brackets of COIN-M."""
    part = ask.of(PortfolioAccount).cm
    return inverse.leverage_bracket(part, inverse.listed(part.market))


def _once_in_pro(account: Member) -> tuple[Mapping[str, str], ...]:
    """Retail may ask too, and does not need to."""
    return ({},) if account.product == PORTFOLIO_PRO else ()


def _once_in_span(account: Member) -> tuple[Mapping[str, str], ...]:
    return ({},) if isinstance(account, PortfolioAccount) and account.span else ()


_RETAIL, _PRO, _BOTH = (PORTFOLIO,), (PORTFOLIO_PRO,), (PORTFOLIO, PORTFOLIO_PRO)
_PAPI, _SAPI = Pool.PAPI, Pool.SAPI
PATHS: dict[str, Path] = {
    "/papi/v1/account": Path(account, flat(20), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/balance": Path(balance, flat(20), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/um/positionRisk": Path(um_position_risk, flat(5), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/cm/positionRisk": Path(cm_position_risk, flat(1), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/um/accountConfig": Path(um_account_config, flat(5), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/um/symbolConfig": Path(Rest.symbol_config, flat(5), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/um/positionSide/dual": Path(Rest.dual_side, flat(30), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/cm/positionSide/dual": Path(coinm.dual_side, flat(30), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/um/leverageBracket": Path(Rest.leverage_bracket, flat(1), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/cm/leverageBracket": Path(cm_brackets, flat(1), SIGNED, products=_RETAIL, pool=_PAPI),
    "/papi/v1/um/income": Path(Rest.income, flat(30), SIGNED, products=_RETAIL, pool=_PAPI, each=unasked),
    "/papi/v1/cm/income": Path(coinm.income, flat(30), SIGNED, products=_RETAIL, pool=_PAPI, each=unasked),
    "/papi/v1/listenKey": Path(
        listen_key, flat(1), Security.KEY, LISTEN_KEY_METHODS, products=_RETAIL, pool=_PAPI, each=unasked
    ),
    "/sapi/v1/portfolio/account": Path(pro_account, flat(5), SIGNED, products=_BOTH, pool=Pool.UID, each=_once_in_pro),
    "/sapi/v2/portfolio/account": Path(span_account, flat(2), SIGNED, products=_PRO, pool=Pool.UID, each=_once_in_span),
    "/sapi/v1/portfolio/balance": Path(balance, flat(20), SIGNED, products=_PRO, pool=_SAPI),
    "/sapi/v1/portfolio/collateralRate": Path(collateral_rates, flat(50), Security.KEY, products=_BOTH, pool=_SAPI),
    "/sapi/v2/portfolio/collateralRate": Path(tiered_collateral_rates, flat(50), SIGNED, products=_PRO, pool=_SAPI),
    "/sapi/v1/portfolio/asset-index-price": Path(
        asset_indexes, dearer_for_all("asset", 1, 50), products=_BOTH, pool=_SAPI
    ),
    "/sapi/v1/portfolio/margin-asset-leverage": Path(
        asset_leverages, flat(50), Security.KEY, products=_BOTH, pool=_SAPI
    ),
}
