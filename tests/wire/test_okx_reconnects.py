"""Sockets that are cut, replaced, announced to close, not there or flooded: nothing is lost, nothing is told twice."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from monitor.domain.events import ClockRead, FeedDown, FeedUp, PollFailed, Tick
from tests.wire.harness import until
from tests.wire.okx import ETHER, QUICK, SHORT, STREAMS, SWAP, simulator, truth, wired

# Complaint 14: the socket is cut again and again.


@pytest.mark.parametrize("times", [6, pytest.param(100, marks=pytest.mark.soak)])
async def test_after_many_cuts_at_random_points_the_state_is_the_servers(times: int) -> None:
    chance = random.Random(14)
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 1_000_000.0}, hedge=True)
        account.trade(SWAP, 1.0, side="long")
        quick = replace(SHORT, backoff_first_seconds=0.01, backoff_cap_seconds=0.03)
        async with wired(sim, timings=quick) as wire:
            await wire.all_up()
            cuts = 0
            while cuts < times:
                symbol, side = chance.choice([SWAP, ETHER, "SOL-USDT-SWAP"]), chance.choice(["long", "short"])
                account.trade(symbol, chance.choice([1.0, 2.0]) * (1 if side == "long" else -1), side=side)
                cuts += sim.drop(chance.choice([None, "public", "private"]))
                await asyncio.sleep(chance.uniform(0.0, 0.4))
            await wire.all_up()
            await until(lambda: wire.held() == truth(account), what="our positions are the venue's")
            held = {place.symbol for place in truth(account)}
            await until(lambda: held <= wire.marks().keys())
            await until(lambda: all(wire.marks()[one] == pytest.approx(sim.board.mark(one)) for one in held))
            assert sum(one.reconnects for one in wire.session.feeds()) >= times // 2
            for stream in STREAMS:
                edges = wire.edges(stream)
                assert all(type(a) is not type(b) for a, b in pairwise(edges)), "an edge told twice"
        assert not wire.ended


async def test_a_venue_that_is_not_there_is_waited_for() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        await sim.close_port()
        async with wired(sim) as wire:
            await until(lambda: {one.stream for one in wire.all(FeedDown)} >= {"user"})
            await until(lambda: {one.what for one in wire.all(PollFailed)} >= {"account", "config", "clock"})
            await sim.open_port()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


# The end of a day, and the notice of an upgrade (complaint 19)


async def test_sockets_are_replaced_without_a_gap() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        timings = replace(SHORT, rollover_seconds=1.5, rollover_jitter_seconds=0.2)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            await until(lambda: all(wire.status(*one).reconnects >= 2 for one in (("marks",), ("user", "main"))))
            account.trade(SWAP, 2.0)
            await until(lambda: wire.held() == truth(account))
            assert not wire.all(FeedDown)


async def test_an_announced_upgrade_has_the_new_socket_deliver_before_the_old_one_closes() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            before = {connection.speech.identity for connection in sim.hub.on()}
            assert sim.upgrade(seconds=3.0) == 2
            overlapped = await until(lambda: len(sim.hub.on()) > len(before), 3.0, "a second socket beside the first")
            assert overlapped < 2.0
            await until(lambda: not before & {one.speech.identity for one in sim.hub.on()}, what="the old ones close")
            account.trade(SWAP, 2.0)
            await until(lambda: wire.held() == truth(account))
            await asyncio.sleep(0.5)
            assert not wire.all(FeedDown), "no gap"
            assert [type(one) for one in wire.edges("user")] == [FeedUp]
            assert wire.status("user", "main").ignored >= 1
        assert not wire.ended


async def test_marks_go_on_while_sockets_are_replaced() -> None:
    """Each tenth of a second a price is set; each arrives, whichever socket tells it."""
    async with simulator() as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            prices = [100_000.0 + step for step in range(15)]
            for number, price in enumerate(prices):
                if number == 3:
                    sim.upgrade("public", seconds=0.9)
                sim.set_mark(SWAP, price)
                await asyncio.sleep(0.1)
            await until(lambda: {tick.mark for tick in wire.all(Tick)} >= set(prices), what="every price")
            assert not wire.all(FeedDown)


async def test_unknown_events_are_counted_and_break_nothing() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            for _ in range(3):
                sim.unknown_event()
            await until(lambda: wire.status("user", "main").unrecognised == 3)
            account.trade(SWAP, 1.0)
            await until(lambda: wire.held() == truth(account))
            assert wire.up("user", "main")


# Complaint 18: bursts.


async def test_ten_thousand_frames_in_one_burst_are_all_counted_and_the_last_one_wins() -> None:
    # A pong has to wait behind what was sent before it: neither the heartbeat nor the ledger may end the connection.
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
    async with simulator(paced=False, cadence=replace(QUICK, silence_seconds=600.0)) as sim:
        sim.add_account("main").trade(SWAP, 1.0)
        async with wired(sim, timings=patient) as wire:
            await until(lambda: SWAP in wire.marks(), 30.0)
            await until(lambda: wire.up("marks"), 30.0)
            await asyncio.sleep(0.5)
            before, stamp = wire.status("marks").messages, round(sim.now() * 1000) + 1000
            texts = [
                json.dumps(
                    {
                        "arg": {"channel": "mark-price", "instId": SWAP},
                        "data": [
                            {
                                "instType": "SWAP",
                                "instId": SWAP,
                                "markPx": str(50_000 + number),
                                "ts": str(stamp + number),
                            }
                        ],
                    }
                )
                for number in range(10_000)
            ]
            sim.burst(texts, "public")
            await until(lambda: wire.status("marks").messages >= before + 10_000, 60.0)
            assert wire.status("marks").messages == before + 10_000
            assert wire.marks()[SWAP] == 59_999.0
            assert len([tick for tick in wire.all(Tick) if 50_000.0 <= tick.mark < 60_000.0]) == 10_000
            assert wire.status("marks").reconnects == 0


# Complaint 21: the clock.


@pytest.mark.parametrize("shift", [-2.0, 2.0, 45.0])
async def test_a_clock_that_is_off_is_measured_and_everything_works(shift: float) -> None:
    """45 s are more than the venue's window of 30: neither a request nor a login would be taken."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        async with wired(sim, shift=shift) as wire:
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            await until(lambda: wire.session.clock_offset() is not None)
            assert wire.session.clock_offset() == pytest.approx(-shift, abs=0.3)
        assert not wire.ended


async def test_a_clock_that_jumps_while_we_run_is_found() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(SWAP, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            wire.clock.shift = 60.0
            await until(lambda: wire.all(ClockRead)[-1].offset_seconds < -59.0, what="measured anew")
            sim.drop("private")
            await until(lambda: wire.status("user", "main").reconnects >= 1)
            await wire.all_up()
            account.trade(SWAP, 1.0)
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended
