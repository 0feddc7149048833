"""The REST paths of the simulated spot margin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.domain.names import Symbol
from monitor.sim.binance.loans import answers
from monitor.sim.binance.loans.accounts import Borrower, IsolatedMarginAccount, MarginAccount
from monitor.sim.binance.loans.arithmetic import split
from monitor.sim.binance.loans.tables import HOURLY_OF_OTHERS
from monitor.sim.binance.loans.tokens import DAY_MS
from monitor.sim.binance.paths import (
    ISOLATED_MARGIN,
    LISTEN_KEY_METHODS,
    MARGIN,
    SIGNED,
    Ask,
    Member,
    Path,
    Pool,
    Security,
    flat,
    unasked,
)
from monitor.sim.binance.refusals import Refusal
from monitor.sim.binance.rest import Rest, renewed


def margin_account(_: Rest, ask: Ask) -> Any:
    """The cross margin account."""
    return answers.margin_account(ask.of(MarginAccount))


def isolated_account(_: Rest, ask: Ask) -> Any:
    """The pairs of isolated margin; `symbols` narrows, to five."""
    named = ask.params.get("symbols")
    return answers.isolated_account(ask.of(IsolatedMarginAccount), named.split(",")[:5] if named else None)


def collateral_ratio(_: Rest, __: Ask) -> Any:
    """How much of each asset counts as collateral."""
    return answers.collateral_ratio()


def leverage_bracket(_: Rest, __: Ask) -> Any:
    """What debts need in Cross Margin Pro."""
    return answers.leverage_bracket()


def isolated_tier(rest: Rest, ask: Ask) -> Any:
    """The tiers of one pair."""
    pair = ask.needed("symbol")
    if split(rest.market, pair) is None:
        raise Refusal(400, -11001, "Isolated margin account does not exist.")
    return answers.isolated_tier(pair, int(ask.params["tier"]) if "tier" in ask.params else None)


def price_index(rest: Rest, ask: Ask) -> Any:
    """The index price of one pair."""
    row = answers.price_index(rest.market, ask.needed("symbol"), ask.now_ms)
    if row is None:
        raise Refusal(400, -1121, "Invalid symbol.")
    return row


def all_pairs(rest: Rest, ask: Ask) -> Any:
    """Pairs that have an index price; `symbol` narrows."""
    return [row for row in answers.all_pairs(rest.market) if ask.params.get("symbol") in (None, row["symbol"])]


def capital_flow(_: Rest, ask: Ask) -> Any:
    """The history of the account's cash flows, newest first."""
    account = ask.of(Borrower)
    begins, ends = (int(ask.params.get(name, default)) for name, default in (("startTime", 0), ("endTime", 2**62)))
    rows = [row for row in account.flows if begins <= row["timestamp"] <= ends]
    rows = [row for row in rows if ask.params.get("symbol") in (None, row["symbol"])]
    return rows[::-1][: min(1000, int(ask.params.get("limit", "500")))]


def hourly_interest(_: Rest, ask: Ask) -> Any:
    """The rate of the next hour, for each asset asked for."""
    rates = ask.of(Borrower).hourly
    return [
        {"asset": asset, "nextHourlyInterestRate": f"{rates.get(asset, HOURLY_OF_OTHERS):.8f}"}
        for asset in ask.needed("assets").split(",")
    ]


def risk_key(rest: Rest, ask: Ask) -> Any:
    """Create, keep alive or close the risk stream."""
    return renewed(rest.keys.risk, ask)


def listen_token(rest: Rest, ask: Ask) -> Any:
    """A token for the balances of the account, or of one pair of isolated margin."""
    isolated = ask.params.get("isIsolated", "").lower() == "true"
    wanted = IsolatedMarginAccount if isolated else MarginAccount
    account = ask.of(wanted)
    pair: Symbol | None = ask.needed("symbol") if isolated else None
    validity = int(ask.params.get("validity", DAY_MS))
    if not 0 < validity <= DAY_MS:
        raise Refusal(400, -1130, "Data sent for parameter 'validity' is not valid.")
    token = rest.tokens.create(account.name, ask.now_ms, validity_ms=validity, symbol=pair)
    return {"token": token.text, "expirationTime": token.until_ms}


def _pairs_of(account: Member) -> tuple[Mapping[str, str], ...]:
    """Once for each pair that a purse is open for."""
    return tuple({"symbol": pair} for pair in account.purses) if isinstance(account, IsolatedMarginAccount) else ()


def _indexes_of(account: Member) -> tuple[Mapping[str, str], ...]:
    """Once for each asset held or owed, against USDT."""
    if not isinstance(account, MarginAccount):
        return ()
    held = [asset for asset, each in account.purse.holdings.items() if each.total or each.debt]
    return tuple({"symbol": f"{asset}USDT"} for asset in held if asset != "USDT")


_BOTH = (MARGIN, ISOLATED_MARGIN)
_TOKEN = Path(listen_token, flat(1), Security.KEY, ("POST",), products=_BOTH, pool=Pool.UID, each=unasked)
PATHS: dict[str, Path] = {
    "/sapi/v1/margin/account": Path(margin_account, flat(10), SIGNED, products=(MARGIN,), pool=Pool.SAPI),
    "/sapi/v1/margin/isolated/account": Path(
        isolated_account, flat(10), SIGNED, products=(ISOLATED_MARGIN,), pool=Pool.SAPI
    ),
    "/sapi/v1/margin/crossMarginCollateralRatio": Path(
        collateral_ratio, flat(100), Security.KEY, products=(MARGIN,), pool=Pool.SAPI
    ),
    "/sapi/v1/margin/leverageBracket": Path(
        leverage_bracket, flat(1), Security.KEY, products=(MARGIN,), pool=Pool.SAPI
    ),
    "/sapi/v1/margin/isolatedMarginTier": Path(
        isolated_tier, flat(1), SIGNED, products=(ISOLATED_MARGIN,), pool=Pool.SAPI, each=_pairs_of
    ),
    "/sapi/v1/margin/priceIndex": Path(
        price_index, flat(10), Security.KEY, products=_BOTH, pool=Pool.SAPI, each=_indexes_of
    ),
    "/sapi/v1/margin/allPairs": Path(all_pairs, flat(1), Security.KEY, products=_BOTH, pool=Pool.SAPI, each=unasked),
    "/sapi/v1/margin/capital-flow": Path(capital_flow, flat(100), SIGNED, products=_BOTH, pool=Pool.SAPI, each=unasked),
    "/sapi/v1/margin/next-hourly-interest-rate": Path(
        hourly_interest, flat(100), SIGNED, products=_BOTH, pool=Pool.SAPI, each=unasked
    ),
    "/sapi/v1/margin/listen-key": Path(
        risk_key, flat(1), Security.KEY, LISTEN_KEY_METHODS, products=(MARGIN,), pool=Pool.UID, each=unasked
    ),
    "/sapi/v1/userListenToken": _TOKEN,
}
