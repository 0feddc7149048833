"""Every further product from the simulated venue through session and engine: our figures are those of the venue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from monitor.domain.events import Elapsed
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.binance import SimBinance
from monitor.venues.binance.margin import describe
from tests.wire.binance import KINDS, NAME
from tests.wire.harness import Wired, simulator, until, wired

KEY = AccountKey("binance", NAME)
OF = {kind.product: kind for kind in KINDS}


def _cross_pro(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="margin", wallets={"USDT": 100_000.0}, pro=True)
    account.borrow("ETH", 5.0)
    return account


def _pairs(sim: SimBinance) -> Any:
    account = OF["isolated-margin"].make(sim)
    account.borrow("SOLUSDT", "USDT", 5_000.0)
    return account


def _span(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="portfolio-margin-pro", um_wallets={"USDT": 100_000.0}, span=True)
    account.trade("BTCUSDT", 0.5)
    return account


ACCOUNTS: dict[str, tuple[Callable[[SimBinance], Any], str]] = {
    "coinm": (OF["coinm"].make, "cross:BTC"),
    "cross": (OF["margin"].make, "margin"),
    "cross pro": (_cross_pro, "margin"),
    "isolated": (_pairs, "margin:SOLUSDT"),
    "portfolio": (OF["portfolio-margin"].make, "portfolio-margin"),
    "pro": (OF["portfolio-margin-pro"].make, "portfolio-margin"),
    "span": (_span, "portfolio-margin"),
}


def _report(wire: Wired) -> AccountReport:
    engine = Engine({"binance": describe}, EngineSettings(accounts=(KEY,)))
    now = wire.clock.now()
    engine.step([*wire.events, Elapsed(now)], now)
    return engine.reports()[0]


@pytest.mark.parametrize("name", ACCOUNTS)
async def test_figures_of_a_running_session_are_the_venues(name: str) -> None:
    make, pool_name = ACCOUNTS[name]
    async with simulator() as sim:
        make(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: _report(wire).pools and _report(wire).quality is not Quality.UNKNOWN)
            await asyncio.sleep(0.2)
            report = _report(wire)
            (pool,) = [one for one in report.pools if one.key.pool == pool_name]
            assert pool.quality in (Quality.LIVE, Quality.PARTIAL), pool.reasons
            if name != "span":
                assert report.quality is Quality.LIVE, report.reasons
            assert pool.venue_ratio is not None
            assert pool.drift
            # The venue prints eight digits, which is little of a small requirement in coins.
            assert all(abs(drift) < 1e-3 for drift in pool.drift.values()), pool.drift
            assert not pool.contradictions
            assert report.equity_usd is not None
            assert not report.unexplained_usd
