"""A contract that was listed after its tables were read is known within seconds of being held."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from monitor.domain.events import CandlesLoaded, InstrumentsLoaded, TiersLoaded
from monitor.domain.names import AccountKey
from monitor.domain.quality import Quality
from monitor.domain.reports import AccountReport
from monitor.engine.engine import Engine
from monitor.engine.settings import EngineSettings
from monitor.sim.market import Contract
from monitor.venues.binance.margin import describe
from tests.wire.harness import SHORT, Wired, simulator, until, wired

MAIN = AccountKey("binance", "main")
NEW = Contract(symbol="X777USDT", coin="X777", quote="USDT", step_size="1")
HOURS = replace(SHORT, config_every_seconds=600.0)  #: tables of hours, as in earnest
INSTRUMENTS, TIERS = "/fapi/v1/exchangeInfo", "/fapi/v1/leverageBracket"


class Watched:
    """The engine at the end of a session's events."""

    def __init__(self, wire: Wired) -> None:
        self._engine = Engine({"binance": describe}, EngineSettings(accounts=(MAIN,), lines_every_seconds=0.0))
        self._wire, self._taken = wire, 0

    def report(self) -> AccountReport:
        events, self._taken = self._wire.events[self._taken :], len(self._wire.events)
        self._engine.step(events, self._wire.clock.now())
        return self._engine.reports()[0]

    def live(self, *symbols: str) -> bool:
        """Whether all these are held, and everything is known of them."""
        report = self.report()
        held = {position.symbol for pool in report.pools for position in pool.positions}
        return held >= set(symbols) and report.quality is Quality.LIVE


async def test_a_contract_listed_since_is_live_within_seconds_of_being_held() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.01)
        async with wired(sim, timings=HOURS) as wire:
            watched = Watched(wire)
            await until(lambda: watched.live("BTCUSDT"))
            sim.enlist(NEW, 2.0)
            await asyncio.sleep(0.3)
            assert len(wire.all(InstrumentsLoaded)) == len(wire.all(TiersLoaded)) == 1, "nobody holds it"
            account.trade("X777USDT", 100.0)
            await until(lambda: watched.live("BTCUSDT", "X777USDT"), what="LIVE")


async def test_it_is_known_too_where_no_push_told_of_it() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.01)
        sim.faults.refuse.add("private")
        async with wired(sim, timings=HOURS) as wire:
            watched = Watched(wire)
            await until(lambda: len(wire.all(TiersLoaded)) == 1 and watched.report().pools)
            sim.enlist(NEW, 2.0)
            account.trade("X777USDT", 100.0)
            await until(lambda: len(wire.all(InstrumentsLoaded)) == len(wire.all(TiersLoaded)) == 2)


async def test_a_contract_that_the_venue_never_tells_of_is_asked_for_a_few_times_and_no_more() -> None:
    def without(rows: Any) -> Any:
        if isinstance(rows, dict):
            return {**rows, "rateLimits": [], "symbols": without(rows["symbols"])}
        return [row for row in rows if row["symbol"] != "X777USDT"]

    async with simulator() as sim:
        account = sim.add_account("main")
        sim.enlist(NEW, 2.0)
        async with wired(sim, timings=replace(HOURS, missing_spacing_seconds=0.4)) as wire:
            sim.faults.edit_answer |= {INSTRUMENTS: without, TIERS: without}
            account.trade("X777USDT", 100.0)
            await wire.all_up()
            await until(lambda: sim.requests.count(TIERS) >= 3 and sim.requests.count(INSTRUMENTS) >= 3)
            before = sim.requests.count(TIERS) + sim.requests.count(INSTRUMENTS)
            await asyncio.sleep(1.0)  # two account readings a second at least
            assert sim.requests.count(TIERS) + sim.requests.count(INSTRUMENTS) <= before + 2
            assert sim.requests.count(TIERS) <= 6


async def test_what_is_neither_listed_nor_held_any_more_is_forgotten() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.01)
        sim.enlist(NEW, 2.0)
        account.trade("X777USDT", 100.0)
        async with wired(sim, timings=replace(HOURS, instruments_every_seconds=0.2)) as wire:
            await until(lambda: len(wire.all(CandlesLoaded)) == 2)
            account.trade("BTCUSDT", -0.01)
            sim.delist("X777USDT")
            await until(lambda: wire.session._seeds._seen == {"BTCUSDT"}, what="listed, though held no more")
            read = len(wire.all(InstrumentsLoaded))
            account.trade("BTCUSDT", 0.01)
            await until(lambda: len(wire.all(InstrumentsLoaded)) > read + 2)
            assert len(wire.all(CandlesLoaded)) == 2, "nothing is read twice"
