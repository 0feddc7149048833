"""Complaint 15: a listen key dies in three ways. In earnest data has to be back in 15 s, here in 15 s / 20."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor.domain.events import FeedDown
from monitor.sim.binance.refusals import Refusal
from tests.wire.harness import SHORT, simulator, truth, until, wired


async def _back_after(kill: str) -> None:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 1_000_000.0})
        blind = replace(SHORT, keep_alive_every_seconds=0.5 if kill == "refused" else 1500.0)
        async with wired(sim, timings=blind) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            old, mark = sim.keys.key_of("main"), len(wire.events)
            sim.expire_listen_key("main", event=kill == "event")
            account.trade("BTCUSDT", 0.1)
            bridged = await until(lambda: wire.held() == truth(account), 2.0, "the position over REST")
            assert bridged < 1.0
            await until(lambda: wire.since(mark, FeedDown), what="the stream is down")
            await until(lambda: wire.up("user", "main"), what="the stream is back")
            assert sim.keys.key_of("main") not in (None, old)
            count = wire.status("user", "main").messages
            account.trade("ETHUSDT", 1.0)
            await until(lambda: wire.status("user", "main").messages > count, what="pushes arrive again")
            await until(lambda: wire.held() == truth(account))
        assert not wire.ended
        assert old is not None
        assert old not in "".join(repr(event) for event in wire.events)


@pytest.mark.parametrize("kill", ["event", "refused", "silence"])
async def test_a_dead_listen_key_is_replaced_and_rest_bridges(kill: str) -> None:
    """By its event, by a keep-alive refused with -1125, in silence (found by what REST shows)."""
    await _back_after(kill)


async def test_a_quiet_account_is_never_suspected() -> None:
    """No position changes, nothing is pushed, hours of silence (here 3 s): no key is asked for again."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1)
        async with wired(sim) as wire:
            await wire.all_up()
            mark, keys = len(wire.events), sim.requests.count("/fapi/v1/listenKey")
            await asyncio.sleep(3.0)
            assert sim.requests.count("/fapi/v1/listenKey") == keys
            assert not wire.since(mark, FeedDown), "complaint 17: no stall is seen on a quiet night"


async def test_a_keep_alive_without_an_answer_costs_no_connection() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        timings = replace(SHORT, keep_alive_every_seconds=0.3, keep_alive_retry_seconds=0.2)
        async with wired(sim, timings=timings) as wire:
            await wire.all_up()
            sim.faults.refused_answers["/fapi/v1/listenKey"] = Refusal(503, -1001, "internal")
            asked = sim.requests.count("/fapi/v1/listenKey", "PUT")
            await until(lambda: sim.requests.count("/fapi/v1/listenKey", "PUT") >= asked + 3)
            assert wire.up("user", "main")
            sim.faults.refused_answers.clear()
            await asyncio.sleep(0.5)
            assert not wire.all(FeedDown)
            assert wire.status("user", "main").reconnects == 0


async def test_a_stream_that_is_deaf_with_a_living_key_is_opened_anew() -> None:
    """The venue stopped serving this connection: no event, no refusal, the same key. Only REST shows it."""
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 1_000_000.0})
        async with wired(sim) as wire:
            await wire.all_up()
            await asyncio.sleep(0.3)
            for connection in sim.hub.on("private", "main"):
                connection.speech.account = None
            for _ in range(40):
                account.trade("BTCUSDT", 0.01)
                await asyncio.sleep(0.1)
                if wire.status("user", "main").reconnects:
                    break
            await until(lambda: wire.status("user", "main").reconnects == 1 and wire.up("user", "main"))
            messages = wire.status("user", "main").messages
            account.trade("BTCUSDT", 0.01)
            await until(lambda: wire.status("user", "main").messages > messages)
