"""Sockets that are cut, replaced, not there, flooded or full of garbage; tokens that end; a clock that is wrong."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from itertools import pairwise

import pytest

from monitor.domain.events import AccountSnapshot, ClockRead, FeedDown, FeedUp, PollFailed, Tick
from tests.wire.harness import until
from tests.wire.kucoin import COIN, ETHER, QUICK, SHORT, STREAMS, simulator, truth, wired

# Complaint 14: the socket is cut again and again.


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=pytest.mark.soak)])
async def test_after_many_cuts_at_random_points_the_state_is_the_servers(times: int) -> None:
    chance = random.Random(14)
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 1_000_000.0}, hedge=True)
        account.trade(COIN, 1.0, side="LONG")
        quick = replace(SHORT, backoff_first_seconds=0.01, backoff_cap_seconds=0.03)
        async with wired(sim, timings=quick) as wire:
            await wire.all_up()
            cuts = 0
            while cuts < times:
                symbol, side = chance.choice([COIN, ETHER, "SOLUSDTM"]), chance.choice(["LONG", "SHORT"])
                account.trade(symbol, chance.choice([1.0, 2.0]) * (1 if side == "LONG" else -1), side=side)
                cuts += sim.drop(chance.choice([None, "public", "private"]))
                await asyncio.sleep(chance.uniform(0.0, 0.4))
            await wire.all_up()
            await until(lambda: wire.held() == truth(account), what="our positions are the venue's")
            held = {place.symbol for place in truth(account)}
            await until(lambda: held <= wire.marks().keys())
            await until(lambda: all(wire.marks()[one] == pytest.approx(sim.board.prices.mark(one)) for one in held))
            assert sum(one.reconnects for one in wire.session.feeds()) >= times // 2
            for stream in STREAMS:
                edges = wire.edges(stream)
                assert all(type(a) is not type(b) for a, b in pairwise(edges)), "an edge told twice"
        assert not wire.ended


async def test_a_venue_that_is_not_there_is_waited_for() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        await sim.close_port()
        async with wired(sim) as wire:
            await until(lambda: {one.what for one in wire.all(PollFailed)} >= {"account", "config", "clock"})
            await sim.open_port()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


# Tokens


async def test_sockets_are_replaced_with_new_tokens_and_without_a_gap() -> None:
    """A token is good for a day, and so is a connection: each one has a token of its own."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        timings = replace(SHORT, rollover_seconds=0.8, rollover_jitter_seconds=0.1)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            await until(lambda: all(wire.status(*one).reconnects >= 1 for one in (("marks",), ("user", "main"))))
            account.trade(COIN, 2.0)
            await until(lambda: wire.held() == truth(account))
            assert not wire.all(FeedDown)


async def test_tokens_that_ended_are_replaced_when_the_connection_is() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            assert sim.expire_tokens() >= 2
            sim.faults.refused_tokens = 2
            sim.drop()
            await until(lambda: {one.stream for one in wire.all(FeedDown)} >= {"user", "marks"})
            account.trade(COIN, 1.0)
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


# Garbage and the unknown


async def test_frames_that_cannot_be_read_are_counted_and_the_account_is_read_again() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            before = len(wire.all(AccountSnapshot))
            sim.faults.garbage_frames["private"] = 1
            sim.faults.truncated_frames["public"] = 3
            account.trade(COIN, 1.0)
            await until(lambda: wire.status("marks").malformed + wire.status("assets").malformed >= 3)
            await until(lambda: wire.status("user", "main").malformed >= 1)
            await until(lambda: len(wire.all(AccountSnapshot)) > before)
            await until(lambda: wire.held() == truth(account))
            assert wire.session.malformed()
            assert not any("token=" in text for text in wire.session.malformed())
            await wire.all_up()


async def test_unknown_events_are_counted_and_break_nothing() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            for _ in range(3):
                sim.unknown_event()
            await until(lambda: wire.status("user", "main").unrecognised == 3)
            account.trade(COIN, 1.0)
            await until(lambda: wire.held() == truth(account))
            assert wire.up("user", "main")


@pytest.mark.parametrize("price", ["NaN", pytest.param("", marks=pytest.mark.soak)])
async def test_a_mark_that_is_no_price_is_no_mark(price: object) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        account.trade(ETHER, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            seen = len(wire.events)
            sim.faults.bad_price[COIN] = price
            await until(lambda: not wire.up("marks"), what="a topic of bad rows tells nothing")
            assert COIN in wire.status("marks").reason
            marks = {one.symbol: one.mark for one in wire.since(seen, Tick)}
            assert all(0 < mark < 1e9 for mark in marks.values())
            sim.faults.clear()
            await wire.all_up()


@pytest.mark.parametrize("marks", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
async def test_marks_in_one_burst_are_all_counted_and_the_last_one_wins(marks: int) -> None:
    """Complaint 18."""
    patient = replace(
        SHORT,
        marks_silent_seconds=300.0,
        assets_silent_seconds=300.0,
        acknowledge_seconds=60.0,
        reconnect_seconds=120.0,
        ping_every_seconds=60.0,
        ping_timeout_seconds=120.0,
    )
    async with simulator(paced=False, cadence=replace(QUICK, silence_seconds=600.0)) as sim:
        sim.add_account("main").trade(COIN, 1.0)
        async with wired(sim, timings=patient) as wire:
            await until(lambda: sim.hub.wanted("public"))
            await until(lambda: COIN in wire.marks())
            await asyncio.sleep(0.3)
            before = wire.status("marks").messages
            sim.mark_burst(COIN, [50_000.0 + number for number in range(marks)])
            await until(lambda: wire.status("marks").messages >= before + marks, 30.0)
            assert wire.marks()[COIN] == pytest.approx(49_999.0 + marks, rel=1e-6)
            assert wire.status("marks").reconnects == 0


# Complaint 21: the clock.


@pytest.mark.soak  # while we run is the harder case, and stands below
@pytest.mark.parametrize("shift", [45.0, -2.0])
async def test_a_clock_that_is_off_is_measured_and_everything_works(shift: float) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim, shift=shift) as wire:
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            await until(lambda: wire.session.clock_offset() is not None)
            assert wire.session.clock_offset() == pytest.approx(-shift, abs=0.3)
        assert not wire.ended


async def test_a_clock_that_jumps_while_we_run_is_found() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade(COIN, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            wire.clock.shift = 60.0
            await until(lambda: wire.all(ClockRead)[-1].offset_seconds < -59.0, what="measured anew")
            sim.drop("private")
            await until(lambda: wire.status("user", "main").reconnects >= 1)
            await wire.all_up()
            account.trade(COIN, 1.0)
            await until(lambda: wire.held() == truth(account))
            assert isinstance(wire.edges("user")[-1], FeedUp)
        assert not wire.ended


async def test_a_refused_timestamp_has_the_clock_measured_and_the_question_asked_again() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade(COIN, 1.0)
        async with wired(sim) as wire:
            await wire.all_up()
            measured = len(wire.all(ClockRead))
            sim.faults.reject_timestamp = 1
            await until(lambda: len(wire.all(ClockRead)) > measured)
            await asyncio.sleep(0.2)
            assert not wire.all(PollFailed)
