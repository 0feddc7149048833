"""Sockets at Bybit that are cut, replaced, not there or flooded: nothing is lost, nothing is told twice."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from monitor.domain.events import FeedDown, FeedUp, PollFailed, Tick
from monitor.sim.bybit import MarginMode
from tests.wire.bybit import SHORT, Watched, simulator, truth, wired
from tests.wire.harness import until

RICH = {"USDT": 1_000_000.0, "BTC": 5.0}
ROUTES = (None, "linear", "inverse", "spot", "private")


@pytest.mark.parametrize("mode", list(MarginMode))
async def test_the_monitor_reaches_the_venues_truth_in_each_mode(mode: MarginMode) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=mode, wallets={**RICH, "USDC": 10_000.0})
        account.set_hedge("ETHUSDT", True)
        account.trade("BTCUSDT", 0.1)
        account.trade("ETHUSDT", 1.0, side="LONG")
        account.trade("ETHUSDT", -0.5, side="SHORT")
        account.trade("BTCUSD", 100.0)
        account.trade("BTCPERP", -0.05)
        async with wired(sim) as wire:
            await wire.all_up()
            watched = Watched(wire)
            await until(lambda: watched.held() == truth(account), what="what is held")
            account.trade("ETHUSDT", 0.5, side="SHORT")
            account.trade("BTCUSDT", -0.3)
            await until(lambda: watched.held() == truth(account), what="after trades")
            assert truth(account).keys() == {place for place, size in watched.held().items() if size}


# Complaint 14: the socket is cut again and again.


async def test_after_a_hundred_cuts_at_random_points_the_state_is_the_servers() -> None:
    chance = random.Random(14)
    async with simulator() as sim:
        account = sim.add_account("main", wallets=RICH)
        for symbol in ("BTCUSDT", "ETHUSDT"):
            account.set_hedge(symbol, True)
        quick = replace(SHORT, backoff_first_seconds=0.01, backoff_cap_seconds=0.03)
        async with wired(sim, timings=quick) as wire:
            await wire.all_up()
            cuts = 0
            while cuts < 100:
                symbol, side = chance.choice(["BTCUSDT", "ETHUSDT"]), chance.choice(["LONG", "SHORT"])
                account.trade(symbol, (1 if side == "LONG" else -1) * chance.choice([0.1, 0.2]), side=side)
                account.trade("BTCUSD", chance.choice([100.0, -100.0]))
                cuts += sim.drop(chance.choice(ROUTES))
                await asyncio.sleep(chance.uniform(0.0, 0.05))
            await wire.all_up()
            watched = Watched(wire)
            await until(lambda: wire.held() == truth(account), what="our positions are the venue's")
            await until(lambda: watched.held() == truth(account), what="and the engine's too")
            await until(
                lambda: wire.marks()["BTCUSDT"][1] == pytest.approx(sim.market.mark("BTCUSDT"), rel=1e-3), what="marks"
            )
            assert sum(one.reconnects for one in wire.session.feeds()) >= 20
            for stream in ("marks", "assets", "user"):
                assert all(type(a) is not type(b) for a, b in pairwise(wire.edges(stream))), "an edge told twice"
        assert not wire.ended


async def test_a_venue_that_is_not_there_is_waited_for() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=RICH)
        account.trade("BTCUSDT", 0.1)
        await sim.close_port()
        async with wired(sim) as wire:
            await until(lambda: {one.stream for one in wire.all(FeedDown)} >= {"user"})
            await until(lambda: {one.what for one in wire.all(PollFailed)} >= {"account", "config", "clock"})
            await sim.open_port()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


async def test_sockets_are_replaced_without_a_gap() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets=RICH)
        account.trade("BTCUSDT", 0.1)
        timings = replace(SHORT, rollover_seconds=0.8, rollover_jitter_seconds=0.2)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            await until(
                lambda: all(one.reconnects >= 2 for one in wire.streams() if one.stream != "options"), what="replaced"
            )
            account.trade("BTCUSDT", 0.1)
            await until(lambda: wire.held() == truth(account))
            assert not wire.all(FeedDown)


# Complaint 18: bursts.


async def test_ten_thousand_deltas_in_one_burst_are_all_counted_and_the_last_one_wins() -> None:
    patient = replace(
        SHORT,
        marks_silent_seconds=300.0,
        assets_silent_seconds=300.0,
        acknowledge_seconds=60.0,
        reconnect_seconds=120.0,
        ping_every_seconds=60.0,
        ping_timeout_seconds=120.0,
        request_seconds=60.0,
        bridge_every_seconds=60.0,
    )
    async with simulator(paced=False) as sim:
        sim.add_account("main", wallets=RICH).trade("BTCUSDT", 0.1)
        async with wired(sim, timings=patient) as wire:
            await until(lambda: wire.status("marks").phase == "acknowledged")
            before = wire.status("marks").messages
            sim.mark_burst("BTCUSDT", [50_000.0 + number for number in range(10_000)])
            await until(lambda: wire.status("marks").messages >= before + 10_000)
            assert wire.status("marks").messages == before + 10_000
            ticks = [tick.mark for tick in wire.all(Tick) if tick.symbol == "BTCUSDT"]
            assert ticks[-1] == 59_999.0
            assert len([mark for mark in ticks if 50_000.0 <= mark < 60_000.0]) >= 10_000
            assert wire.status("marks").reconnects == 0
            assert wire.all(FeedUp)
