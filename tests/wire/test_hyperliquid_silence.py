"""Connected, and nothing comes; acknowledgements that are lost; frames that cannot be read; sockets that are cut."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from monitor.domain.events import AccountSnapshot, FeedDown, PollFailed
from monitor.sim.hyperliquid import SimHyperliquid
from tests.wire.harness import until
from tests.wire.hyperliquid import QUICK, SHORT, STREAMS, Watched, Wired, simulator, truth, wired

ONE_LOOK = 1.5  #: what a busy machine may take until a limit that has passed is looked at
ROUTE = "ws"


def kill(sim: SimHyperliquid) -> None:
    sim.drop()


def stall(sim: SimHyperliquid) -> None:
    sim.faults.stall.add(ROUTE)


def deafen(sim: SimHyperliquid) -> None:
    sim.faults.deaf.add(ROUTE)


def starve(sim: SimHyperliquid) -> None:
    sim.faults.silent_topic.add("allDexsAssetCtxs")


FAULTS: list[Any] = [
    pytest.param(kill, "marks", 0.0, marks=pytest.mark.soak),
    (kill, "user", 0.0),
    pytest.param(stall, "marks", SHORT.marks_silent_seconds, marks=pytest.mark.soak),
    (stall, "user", SHORT.ping_every_seconds + SHORT.ping_timeout_seconds),
    pytest.param(deafen, "user", SHORT.ping_every_seconds + SHORT.ping_timeout_seconds, marks=pytest.mark.soak),
    (starve, "marks", SHORT.marks_silent_seconds),
]


@pytest.mark.parametrize(
    ("fault", "stream", "limit"), FAULTS, ids=lambda one: one.__name__ if callable(one) else str(one)
)
async def test_from_a_fault_to_feed_down_and_back_to_the_servers_truth(
    fault: Callable[[SimHyperliquid], None], stream: str, limit: float, record_property: Any
) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.2)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: "BTC" in wire.marks())
            mark = len(wire.events)
            fault(sim)
            took = await until(lambda: downs(wire, mark, stream), limit + 3.0, "feed down")
            assert took <= 1.2 * limit + ONE_LOOK
            record_property("table", f"{fault.__name__:<16} {stream:<7} limit {limit:.2f} s: down after {took:.2f} s")
            account.trade("ETH", -2.0)
            sim.set_mark("ETH", 3_100.0)
            sim.faults.clear()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            await until(lambda: wire.marks()["ETH"] == pytest.approx(3_100.0))
        assert not wire.ended


@pytest.mark.parametrize("times", [4, pytest.param(100, marks=pytest.mark.soak)])
async def test_after_many_cuts_at_random_points_the_state_is_the_servers(times: int) -> None:
    """Complaint 14."""
    chance = random.Random(14)
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDC": 1_000_000.0})
        account.trade("BTC", 1.0)
        quick = replace(SHORT, backoff_first_seconds=0.01, backoff_cap_seconds=0.03)
        async with wired(sim, timings=quick) as wire:
            await wire.all_up()
            cuts = 0
            while cuts < times:
                account.trade(chance.choice(["BTC", "ETH", "SOL"]), chance.choice([1.0, -1.0, 2.0]))
                cuts += sim.drop()
                await asyncio.sleep(chance.uniform(0.0, 0.4))
            await wire.all_up()
            await until(lambda: wire.held() == truth(account), what="our positions are the venue's")
            watched = Watched(wire)
            await until(lambda: watched.live(*truth(account)), what="LIVE")
            assert wire.status("marks").reconnects >= times // 2
            for stream in STREAMS:
                assert all(type(a) is not type(b) for a, b in pairwise(wire.edges(stream))), "an edge told twice"
        assert not wire.ended


@pytest.mark.soak
async def test_pings_in_words_keep_a_socket_on_which_nothing_else_happens() -> None:
    """The venue closes what it sent nothing to for so long; here marks come more rarely than that."""
    rare = replace(QUICK, prices_seconds=30.0, states_seconds=30.0, silence_seconds=0.7)
    patient = replace(SHORT, marks_silent_seconds=60.0, ping_timeout_seconds=1.0)
    async with simulator(cadence=rare) as sim:
        sim.add_account("main")
        async with wired(sim, timings=patient) as wire:
            await wire.all_up()
            await asyncio.sleep(1.5 * rare.silence_seconds)
            assert wire.status("marks").reconnects == 0
            assert not wire.all(FeedDown)


@pytest.mark.parametrize(
    "topic",
    [
        "allDexsAssetCtxs",
        "spotState",
        pytest.param("allDexsClearinghouseState", marks=pytest.mark.soak),
        pytest.param("userFills", marks=pytest.mark.soak),
    ],
)
async def test_a_lost_acknowledgement_or_request_is_asked_for_again(topic: str) -> None:
    """Complaint 16."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        sim.faults.lost_acknowledgement[topic] = 1
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.lost_argument[topic] = 1
            sim.drop()
            await until(lambda: not wire.up("marks"))
            await wire.all_up()
            account.trade("ETH", 1.0)
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


def unacknowledged(sim: SimHyperliquid) -> None:
    sim.faults.no_acknowledgement.add(ROUTE)


def never_served(sim: SimHyperliquid) -> None:
    sim.faults.wrong_route_silence.add(ROUTE)


def refused(sim: SimHyperliquid) -> None:
    sim.faults.subscription_error.add(ROUTE)


@pytest.mark.parametrize(
    ("fault", "limit"),
    [
        (unacknowledged, SHORT.acknowledge_seconds),
        pytest.param(never_served, SHORT.reconnect_seconds, marks=pytest.mark.soak),
        (refused, 0.0),
    ],
    ids=lambda one: one.__name__ if callable(one) else str(one),
)
async def test_from_a_socket_that_opens_in_vain_to_feed_down(
    fault: Callable[[SimHyperliquid], None], limit: float
) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        fault(sim)
        async with wired(sim) as wire:
            await until(lambda: sim.hub.on(ROUTE), what="the socket is open")
            took = await until(lambda: downs(wire, 0, "user"), limit + 3.0, "feed down")
            assert took <= 1.2 * limit + ONE_LOOK
            await until(lambda: "BTC" in wire.marks(), what="marks over REST meanwhile")
            await until(lambda: wire.held() == truth(account), what="and the account")
            assert not any(account.address in one.reason for one in wire.session.feeds()), "no address is shown"
            sim.faults.clear()
            await wire.all_up()
        assert not wire.ended


async def test_a_stream_that_does_not_tell_what_rest_shows_is_replaced() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.silent_topic.add("allDexsClearinghouseState:main")
            await asyncio.sleep(0.3)
            mark = len(wire.events)
            account.trade("ETH", 1.0)
            await until(lambda: wire.held() == truth(account), what="REST shows it")
            await until(lambda: downs(wire, mark, "user"), what="the stream is doubted")
            sim.faults.clear()
            await wire.all_up()
        assert not wire.ended


@pytest.mark.parametrize("kind", ["garbage_frames", "truncated_frames", "lost_frames", "reordered_frames"])
async def test_frames_that_cannot_be_read_are_counted_and_made_good(kind: str) -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            getattr(sim.faults, kind)[ROUTE] += 4
            account.trade("BTC", 0.3)
            await until(lambda: wire.held() == truth(account))
            if kind in ("garbage_frames", "truncated_frames"):
                await until(lambda: sum(one.malformed for one in wire.streams()) >= 3)
                assert wire.session.malformed()
                assert account.address[:12] not in " ".join(wire.session.malformed()), "no address is kept"
            await wire.all_up()
        assert not wire.ended


async def test_what_nobody_knows_is_counted_and_harms_nothing() -> None:
    """Complaint 19."""
    async with simulator() as sim:
        sim.add_account("main").trade("BTC", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.unknown_event()
            await until(lambda: sum(one.unrecognised for one in wire.streams()) == 1)
            assert all(one.up for one in wire.streams())


async def test_a_bad_mark_costs_itself_and_a_row_that_is_none_its_frame() -> None:
    async with simulator() as sim:
        sim.add_account("main").trade("ETH", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.bad_price["BTC"] = "NaN"
            await until(lambda: wire.status("marks").malformed > 0)
            sim.set_mark("ETH", 3_333.0)
            await until(lambda: wire.marks()["ETH"] == 3_333.0)
            sim.faults.bad_row["BTC"] = 5
            await until(lambda: not wire.up("marks"), what="frames that cannot be read are no marks")
            sim.faults.clear()
            await wire.all_up()
        assert not wire.ended


async def test_a_venue_that_is_not_there_is_waited_for() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        await sim.close_port()
        async with wired(sim) as wire:
            await until(lambda: {one.what for one in wire.all(PollFailed)} >= {"instruments", "clock"})
            await sim.open_port()
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended


async def test_a_socket_is_replaced_without_a_gap() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        timings = replace(SHORT, rollover_seconds=0.5, rollover_jitter_seconds=0.1)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            await until(lambda: wire.status("marks").reconnects >= 2)
            account.trade("BTC", 0.1)
            await until(lambda: wire.held() == truth(account))
            assert not wire.all(FeedDown)


def downs(wire: Wired, mark: int, stream: str) -> list[FeedDown]:
    return [one for one in wire.since(mark, FeedDown) if one.stream == stream]


async def test_balances_that_are_pushed_only_when_they_change_are_taken_from_rest_until_then() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTC", 0.1)
        sim.faults.silent_topic.add("spotState")
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await wire.all_up()
            await until(lambda: sim.requests.count("spotClearinghouseState") >= 3)
            await asyncio.sleep(0.3)
            account.trade("ETH", 1.0)
            took = await until(lambda: wire.held() == truth(account))
            assert took < 1.0, "a push told"
            assert wire.up("user", "main")
        assert not wire.ended


@pytest.mark.parametrize("mode", [pytest.param("disabled", marks=pytest.mark.soak), "unifiedAccount"])
async def test_balances_that_are_no_longer_pushed_do_not_come_back_after_each_reading(mode: str) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", mode=mode)
        account.trade("BTC", 0.01)
        async with wired(sim) as wire:

            def hype() -> float:
                rows = wire.all(AccountSnapshot)[-1].balances
                return next((row.wallet for row in rows if row.asset == "HYPE"), 0.0)

            await wire.all_up()
            sim.faults.silent_topic.add("spotState")
            account.receive("HYPE", 500.0)
            await until(lambda: wire.status("user", "main").reconnects > 0, what="another connection")
            await wire.all_up()
            await until(lambda: hype() == 500.0)
            mark = len(wire.events)
            await until(lambda: len(wire.since(mark, AccountSnapshot)) > 4, what="pushes and readings")
            later = wire.since(mark, AccountSnapshot)
            assert hype() == 500.0
            assert len({len(one.balances) for one in later}) == 1, "it did not go and come"
        assert not wire.ended
