"""Every further product from the simulated venue through session and engine: our figures are those of the venue."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
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
from tests.wire.binance import KINDS, NAME, Kind, briefly, said
from tests.wire.harness import SHORT, Wired, session_of, simulator, until, wired

KEY = AccountKey("binance", NAME)
OF = {kind.product: kind for kind in KINDS}


def _cross(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="margin", wallets={"USDT": 20_000.0})
    account.borrow("ETH", 1.0)
    return account


def _cross_pro(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="margin", wallets={"USDT": 100_000.0}, pro=True)
    account.borrow("ETH", 5.0)
    return account


def _pairs(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="isolated-margin", wallets={"SOLUSDT": {"USDT": 20_000.0}})
    account.borrow("SOLUSDT", "USDT", 5_000.0)
    return account


def _span(sim: SimBinance) -> Any:
    account = sim.add_account(NAME, product="portfolio-margin-pro", um_wallets={"USDT": 100_000.0}, span=True)
    account.trade("BTCUSDT", 0.5)
    return account


ACCOUNTS: dict[str, tuple[Callable[[SimBinance], Any], str]] = {
    "coinm": (OF["coinm"].make, "cross:BTC"),
    "cross": (_cross, "margin"),
    "cross pro": (_cross_pro, "margin"),
    "isolated": (_pairs, "margin:SOLUSDT"),
    "portfolio": (OF["portfolio-margin"].make, "portfolio-margin"),
    "pro": (OF["portfolio-margin-pro"].make, "portfolio-margin"),
    "span": (_span, "portfolio-margin"),
}


@pytest.mark.parametrize("kind", briefly(KINDS, "isolated-margin", "portfolio-margin"), ids=str)
async def test_one_empty_answer_closes_nothing(kind: Kind) -> None:
    """Complaint 13: what is gone from one reading is kept, and said to be doubtful, until a second one agrees."""
    async with simulator() as sim:
        account = kind.make(sim)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=0.6, config_every_seconds=30.0)) as wire:
            await wire.all_up()
            await until(lambda: said(wire, kind) == kind.truth(account))
            engine, taken = Engine({"binance": describe}, EngineSettings(accounts=(KEY,))), 0

            def ratios() -> dict[str, tuple[float | None, Quality]]:
                nonlocal taken
                events, taken = wire.events[taken:], len(wire.events)
                now = wire.clock.now()
                engine.step([*events, Elapsed(now)], now)
                return {one.key.pool: (one.ratio.value, one.quality) for one in engine.reports()[0].pools}

            await until(lambda: all(quality is Quality.LIVE for _, quality in ratios().values()))
            await asyncio.sleep(0.4)  # the opened streams have modes read too, out of the same answer
            before = ratios()
            sim.faults.empty(1)
            await until(lambda: not said(wire, kind))
            doubtful = ratios()
            assert {pool: ratio for pool, (ratio, _) in doubtful.items()} == pytest.approx(
                {pool: ratio for pool, (ratio, _) in before.items()}
            )
            assert {quality for _, quality in doubtful.values()} == {Quality.PARTIAL}
            await until(lambda: all(quality is Quality.LIVE for _, quality in ratios().values()))


def test_jobs_of_every_product_are_named_once_and_not_like_streams() -> None:
    sim = SimBinance()
    for kind in KINDS:
        sim.add_account(kind.product, product=kind.product)  # type: ignore[call-overload]  # one of its products
    session = session_of(sim)
    names = [(job.account, job.name) for job in session.jobs()]
    assert len(set(names)) == len(names)
    streams = {(row.account or None, row.stream) for row in session.feeds() if not row.polled}
    assert not streams & set(names)


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
