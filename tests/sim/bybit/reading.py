"""What the daemon's own room makes of the simulated venue's answers, without a network."""

from __future__ import annotations

import json

from monitor.domain.names import AccountKey
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.bybit import SimBybit
from monitor.venues.bybit import offline
from monitor.venues.bybit.endpoints import (
    ACCOUNT_INFO,
    BORROW_TIERS,
    COLLATERAL,
    FEE_RATE,
    FEES_OF,
    HELD_IN,
    INSTRUMENTS,
    ORDERS,
    PORTFOLIO_MARGIN,
    POSITIONS,
    QUERY_API,
    RISK_LIMIT,
    TICKERS,
    UNIFIED,
    WALLET,
    WITHDRAWAL,
    Endpoint,
    file_name,
)
from monitor.venues.bybit.margin import describe

CATEGORIES = ("linear", "inverse", "option", "spot")
COINS = ("BTC", "ETH")


def _questions() -> list[tuple[Endpoint, dict[str, str]]]:
    asked: list[tuple[Endpoint, dict[str, str]]] = [
        (ACCOUNT_INFO, {}),
        (WALLET, dict(UNIFIED)),
        (COLLATERAL, {}),
        (BORROW_TIERS, {}),
        (PORTFOLIO_MARGIN, {}),
        (QUERY_API, {}),
        (WITHDRAWAL, {"coinName": "BTC,ETH,USDC,USDT"}),
    ]
    asked += [(endpoint, dict(held)) for endpoint in (POSITIONS, ORDERS) for held in HELD_IN]
    asked += [(FEE_RATE, dict(category)) for category in FEES_OF]
    asked += [(RISK_LIMIT, {"category": category}) for category in ("linear", "inverse")]
    asked += [(TICKERS, {"category": category}) for category in ("linear", "inverse", "spot")]
    asked += [(INSTRUMENTS, {"category": category}) for category in ("linear", "inverse")]
    asked += [(e, {"category": "option", "baseCoin": coin}) for e in (TICKERS, INSTRUMENTS) for coin in COINS]
    return asked


def folder(sim: SimBybit, name: str) -> dict[str, bytes]:
    """Every answer of an account as files, by the rule of `capture`."""
    files = {}
    for endpoint, params in _questions():
        most = {"limit": str(endpoint.page_rows)} if endpoint.page_rows in (50, 200, 1000) else {}
        result = sim.answer_of(name, endpoint.path, **params, **most)
        whole = {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": sim.time_ms()}
        files[file_name(endpoint, params)] = json.dumps(whole).encode()
    return files


def assessed(sim: SimBybit, name: str = "main") -> AccountReport:
    """The engine's report on what the venue says."""
    key, now = AccountKey("bybit", name), sim.clock.now()
    engine = Engine({"bybit": describe}, EngineSettings(accounts=(key,), lines_every_seconds=0.0))
    engine.step(offline.read(folder(sim, name), key, now).events, now)
    return engine.reports()[0]
