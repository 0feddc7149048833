"""Every product against the simulator's own arithmetic: two programs that share no formula agree on every figure.

An account that trades, borrows and pays interest is read through the venue's words (its raw answers) and computed by
the engine; the drift of each figure is no more than the venue's rounding to 8 decimals.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from monitor.domain.lines import State
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.binance import SimBinance
from monitor.sim.clock import ManualClock
from monitor.venues import folder
from monitor.venues.binance import offline
from monitor.venues.binance.margin import describe

NOW = 1_795_000_000.0
KEY = AccountKey("binance", "main")
FIGURES = ("equity", "maintenance_margin", "ratio")


def report(make: Callable[[SimBinance], None], seed: int) -> AccountReport:
    """What the engine says of the account that `make` opens and trades on, three hours later."""
    sim = SimBinance(clock=ManualClock(NOW), seed=seed, paced=False)
    make(sim)
    for _ in range(3):
        sim.tick(3600.0)
    raw = {}
    for address, body in sim.answers_of("main").items():
        parts = urlsplit(address)
        raw[folder.name(parts.path, dict(parse_qsl(parts.query)))] = json.dumps(body).encode()
    read = offline.read(raw, KEY, NOW)
    assert read.problems == ()
    engine = Engine({"binance": describe}, EngineSettings(accounts=(KEY,), lines_every_seconds=0.0))
    engine.step(read.events, NOW)
    return engine.reports()[0]


def coinm(sim: SimBinance) -> None:
    account = sim.add_account("main", product="coinm", wallets={"BTC": 0.5, "ETH": 3.0})
    account.trade("BTCUSD_PERP", 400)
    account.trade("ETHUSD_PERP", -600)


def coinm_hedge(sim: SimBinance) -> None:
    account = sim.add_account("main", product="coinm", wallets={"ETH": 3.0}, hedge=True)
    account.trade("ETHUSD_PERP", 900, side="LONG")
    account.trade("ETHUSD_PERP", -300, side="SHORT")


def classic(sim: SimBinance) -> None:
    account = sim.add_account("main", product="margin", wallets={"USDT": 10_000.0})
    account.trade("BTCUSDT", 0.3, borrow=True)


def pro(sim: SimBinance) -> None:
    account = sim.add_account("main", product="margin", wallets={"USDT": 10_000.0, "BTC": 0.1}, pro=True)
    account.trade("BTCUSDT", 0.3, borrow=True)
    account.order("BTC", 0.01, loss_usdt=20.0)


def isolated(sim: SimBinance) -> None:
    account = sim.add_account("main", product="isolated-margin", wallets={"SOLUSDT": {"USDT": 4000.0}})
    account.trade("SOLUSDT", 60.0, borrow=True)


def isolated_short(sim: SimBinance) -> None:
    account = sim.add_account("main", product="isolated-margin", wallets={"SOLUSDT": {"USDT": 4000.0}})
    account.trade("SOLUSDT", -40.0, borrow=True)


def _portfolio(sim: SimBinance, **more: Any) -> Any:
    account = sim.add_account(
        "main",
        wallets={"BTC": 0.05, "USDT": 500.0},
        um_wallets={"USDT": 3000.0},
        cm_wallets={"BTC": 0.02},
        **more,
    )
    account.trade("ETHUSDT", 6.0)
    account.trade("BTCUSD_PERP", 80)
    return account


def retail(sim: SimBinance) -> None:
    _portfolio(sim, product="portfolio-margin").set_open_loss("USDT", 10.0)


def retail_with_a_loan(sim: SimBinance) -> None:
    _portfolio(sim, product="portfolio-margin").borrow("USDT", 800.0)


def portfolio_pro(sim: SimBinance) -> None:
    _portfolio(sim, product="portfolio-margin-pro")


def span(sim: SimBinance) -> None:
    _portfolio(sim, product="portfolio-margin-pro", span=True)


LIVE: dict[str, Callable[[SimBinance], None]] = {
    one.__name__: one for one in (coinm, coinm_hedge, classic, pro, isolated, isolated_short, retail, portfolio_pro)
}
PARTIAL: dict[str, Callable[[SimBinance], None]] = {one.__name__: one for one in (retail_with_a_loan, span)}


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("name", [*LIVE, *PARTIAL])
def test_every_figure_agrees_with_the_venues(name: str, seed: int) -> None:
    found = report({**LIVE, **PARTIAL}[name], seed)
    assert found.quality is (Quality.PARTIAL if name in PARTIAL else Quality.LIVE), found.reasons
    assert found.pools
    for pool in found.pools:
        assert "ratio" in pool.drift, pool.key.pool
        for figure in FIGURES:
            # A maintenance of 0.001 BTC is printed to one part in 10⁵.
            tolerance = 1e-4 if pool.key.pool.startswith("cross:") else 1e-6
            assert abs(pool.drift.get(figure, 0.0)) < tolerance, (pool.key.pool, figure, pool.drift)
        # What SPAN requires at another price only the venue knows: its lines are compared within their own tolerance.
        assert abs(pool.drift.get("line", 0.0)) < (0.05 if name == "span" else 1e-7), (pool.key.pool, pool.drift)
        for position in pool.positions:
            assert position.line.state is position.venue_line.state or position.venue_line.state is State.UNKNOWN


def test_a_partial_account_says_why_in_words() -> None:
    reasons = [report(make, 1).reasons for make in PARTIAL.values()]
    assert [len(one) for one in reasons] == [1, 1]
    assert "not published" in reasons[0][0]
    assert "SPAN" in reasons[1][0]
