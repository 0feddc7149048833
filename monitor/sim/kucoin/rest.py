"""The REST paths of the simulated KuCoin: at which host, who may ask, what it weighs, and which answer is given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from monitor.sim.kucoin import answers, public
from monitor.sim.kucoin.answers import Ask
from monitor.sim.kucoin.tokens import FUTURES, SPOT

MANAGEMENT, PUBLIC, UNIFIED = "management", "public", "unified"
POOLS = {FUTURES: 2_000, SPOT: 4_000, MANAGEMENT: 2_000, PUBLIC: 2_000, UNIFIED: 2_000}  #: weight in a window
WINDOW_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Path:
    """How one path behaves. `hosts` that have it; `permission` that a key needs, where the venue insists."""

    answer: Callable[[Ask], Any]
    weight: int
    pool: str = PUBLIC
    hosts: tuple[str, ...] = (FUTURES,)
    signed: bool = False
    permission: str = "General"
    method: str = "GET"


def _futures(answer: Callable[[Ask], Any], weight: int) -> Path:
    return Path(answer, weight, FUTURES, signed=True, permission="Futures")


def _margin(answer: Callable[[Ask], Any], weight: int) -> Path:
    return Path(answer, weight, SPOT, (SPOT,), signed=True)


def _unified(answer: Callable[[Ask], Any], weight: int) -> Path:
    return Path(answer, weight, UNIFIED, (SPOT,), signed=True, permission="Unified")


BOTH_HOSTS = (FUTURES, SPOT)
EXACT: dict[str, Path] = {
    "/api/v1/timestamp": Path(public.server_time, 2, hosts=BOTH_HOSTS),
    "/api/v1/status": Path(public.service_status, 4, hosts=BOTH_HOSTS),
    "/api/v1/bullet-public": Path(answers.bullet_public, 10, hosts=BOTH_HOSTS, method="POST"),
    "/api/v1/bullet-private": Path(answers.bullet_private, 10, FUTURES, BOTH_HOSTS, signed=True, method="POST"),
    "/api/v2/bullet-private": Path(answers.bullet_unified, 10, UNIFIED, (SPOT,), signed=True, method="POST"),
    "/api/v1/user/api-key": Path(answers.api_key, 20, MANAGEMENT, (SPOT,), signed=True),
    # futures
    "/api/v1/contracts/active": Path(public.contracts, 3),
    "/api/v1/kline/query": Path(public.candles, 3),
    "/api/v1/positions": _futures(answers.positions, 2),
    "/api/v1/position": _futures(answers.position, 2),
    "/api/v2/position": _futures(answers.position, 2),
    "/api/v1/account-overview": _futures(answers.overview, 5),
    "/api/v1/trade-fees": _futures(answers.trade_fees, 3),
    "/api/v1/orders": _futures(answers.active_orders, 2),
    "/api/v2/position/getMarginMode": _futures(answers.margin_mode, 2),
    "/api/v2/position/getPositionMode": _futures(answers.position_mode, 2),
    "/api/v2/getCrossUserLeverage": _futures(answers.cross_leverage, 2),
    "/api/v2/batchGetCrossOrderLimit": _futures(answers.cross_limit, 2),
    "/api/v1/transaction-history": Path(answers.transactions, 2, MANAGEMENT, signed=True, permission="General"),
    "/api/v1/funding-history": _futures(answers.funding_history, 5),
    # spot margin
    "/api/v3/mark-price/all-symbols": Path(public.margin_marks, 10, hosts=(SPOT,)),
    "/api/v1/prices": Path(public.fiat_prices, 3, hosts=(SPOT,)),
    "/api/v1/margin/config": Path(public.margin_config, 25, hosts=(SPOT,)),
    "/api/v3/margin/currencies": _margin(public.margin_currencies, 20),
    "/api/v1/isolated/symbols": _margin(public.isolated_symbols, 3),
    "/api/v3/margin/accounts": _margin(answers.margin_accounts, 15),
    "/api/v3/isolated/accounts": _margin(answers.isolated_accounts, 15),
    "/api/v3/hf/margin/account/ledgers": _margin(answers.margin_ledger, 2),
    # the unified account
    "/api/ua/v1/account/mode": Path(answers.account_mode, 30, UNIFIED, (SPOT,), signed=True),
    "/api/ua/v1/unified/account/overview": _unified(answers.unified_overview, 5),
    "/api/ua/v1/unified/account/balance": _unified(answers.unified_balance, 5),
    "/api/ua/v1/unified/position/open-list": _unified(answers.unified_positions, 3),
    "/api/ua/v1/unified/order/open-list": _unified(answers.unified_orders, 4),
    "/api/ua/v1/account/ledger": _unified(answers.unified_ledger, 2),
    "/api/ua/v1/market/collateral-discount-ratio": Path(public.discount_ratios, 10, hosts=(SPOT,)),
    "/api/ua/v1/market/position-tiers": Path(public.position_tiers, 20, hosts=(SPOT,)),
    "/api/ua/v1/market/instrument": Path(public.instruments, 4, hosts=(SPOT,)),
    "/api/ua/v1/market/index-price": Path(public.index_prices, 10, hosts=(SPOT,)),
}
BY_NAME: dict[tuple[str, str], Path] = {
    ("/api/v1/contracts/risk-limit/", ""): Path(public.risk_limits, 5),
    ("/api/v1/contracts/", ""): Path(public.one_contract, 3),
    ("/api/v1/mark-price/", "/current"): Path(public.mark_price, 3, hosts=BOTH_HOSTS),
    ("/api/v1/funding-rate/", "/current"): Path(public.funding_rate, 2),
}


def found(path: str) -> tuple[Path, str] | None:
    """A path and what its end names: a contract, or the version where one answer serves two."""
    if path in EXACT:
        return EXACT[path], "v2" if path.startswith("/api/v2/") else ""
    for (head, tail), each in BY_NAME.items():
        name = path.removeprefix(head).removesuffix(tail)
        if path.startswith(head) and path.endswith(tail) and name and "/" not in name:
            return each, name
    return None
