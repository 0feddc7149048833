"""Sockets that are cut, replaced, not there or flooded: nothing is lost, nothing is told twice."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from monitor.domain.events import FeedDown, FeedUp, PollFailed, Ticks
from tests.wire.harness import SHORT, simulator, truth, until, wired

# Complaint 14: the socket is cut again and again.


async def test_after_a_hundred_cuts_at_random_points_the_state_is_the_servers() -> None:
    chance = random.Random(14)
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 1_000_000.0}, hedge=True)
        quick = replace(SHORT, backoff_first_seconds=0.01, backoff_cap_seconds=0.03)
        async with wired(sim, timings=quick) as wire:
            await wire.all_up()
            cuts = 0
            while cuts < 100:
                symbol, side = chance.choice(["BTCUSDT", "ETHUSDT", "SOLUSDT"]), chance.choice(["LONG", "SHORT"])
                sign = 1 if side == "LONG" else -1
                account.trade(symbol, sign * chance.choice([0.1, 0.2]), side=side)
                cuts += sim.drop(chance.choice([None, "market", "private"]))
                await asyncio.sleep(chance.uniform(0.0, 0.05))
            await wire.all_up()
            await until(lambda: wire.held() == truth(account), what="our positions are the venue's")
            symbols = ("BTCUSDT", "ETHUSDT")
            await until(lambda: all(wire.marks()[one] == pytest.approx(sim.market.mark(one)) for one in symbols))
            assert sum(one.reconnects for one in wire.session.feeds()) >= 20
            ups, downs = wire.all(FeedUp), wire.all(FeedDown)
            for stream in ("marks", "user"):
                edges = [one for one in wire.events if isinstance(one, FeedUp | FeedDown) and one.stream == stream]
                assert all(type(a) is not type(b) for a, b in pairwise(edges)), "an edge told twice"
            assert len(ups) - len(downs) in range(4)
        assert not wire.ended


async def test_a_venue_that_is_not_there_is_waited_for() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1)
        await sim.close_port()
        async with wired(sim) as wire:
            await until(lambda: {one.stream for one in wire.all(FeedDown)} == {"marks", "assets", "user"})
            await until(lambda: {one.what for one in wire.all(PollFailed)} >= {"account", "config", "clock"})
            await sim.open_port()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


# The end of a day


async def test_sockets_are_replaced_without_a_gap() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        timings = replace(SHORT, rollover_seconds=0.8, rollover_jitter_seconds=0.2)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            await until(lambda: all(one.reconnects >= 2 for one in wire.streams()))
            account.trade("BTCUSDT", 0.1)
            await until(lambda: wire.held() == truth(account))
            assert not wire.all(FeedDown)
            assert len(wire.all(FeedUp)) == 3


# Complaint 18: bursts.


async def test_ten_thousand_arrays_in_one_burst_are_all_counted_and_the_last_one_wins() -> None:
    # A pong has to wait behind what was sent before it, on a machine that is busy with other things for many seconds:
    # neither the heartbeat nor the ledger may end the connection meanwhile, for then frames would be lost with it.
    patient = replace(
        SHORT,
        marks_silent_seconds=300.0,
        assets_silent_seconds=300.0,
        acknowledge_seconds=60.0,
        reconnect_seconds=120.0,
        ping_every_seconds=60.0,
        ping_timeout_seconds=120.0,
        request_seconds=60.0,
    )
    async with simulator(paced=False) as sim, wired(sim, timings=patient) as wire:
        await until(lambda: wire.status("marks").phase in ("acknowledged", "live"), 30.0)
        before = wire.status("marks").messages
        sim.mark_burst("BTCUSDT", [50_000.0 + number for number in range(10_000)])
        await until(lambda: wire.status("marks").messages >= before + 10_000, 60.0)
        assert wire.status("marks").messages == before + 10_000
        ticks = [mark for ticks in wire.all(Ticks) for mark in ticks.marks]
        assert ticks[-1] == 59_999.0
        assert len([mark for mark in ticks if 50_000.0 <= mark < 60_000.0]) >= 10_000
        assert wire.status("marks").reconnects == 0
