"""Connected, and nothing comes: subscriptions without acknowledgement or data, prices that freeze."""

from __future__ import annotations

import asyncio

from monitor.domain.events import FeedDown, Ticks
from tests.wire.harness import SHORT, simulator, until, wired

# Complaint 16: connected, and the subscription is dead.


async def test_pongs_only_and_no_acknowledgement_is_dead_resubscribed_and_reconnected() -> None:
    async with simulator() as sim:
        sim.faults.no_acknowledgement.add("market")
        async with wired(sim) as wire:
            await until(lambda: wire.all(FeedDown))
            assert "no acknowledgement" in wire.all(FeedDown)[0].reason
            await until(lambda: wire.status("marks").reconnects >= 1)
            assert wire.status("marks").missed_acknowledgements >= 2
            assert not wire.up("marks")
            await until(lambda: wire.all(Ticks), what="marks over REST meanwhile")
            sim.faults.no_acknowledgement.clear()
            await wire.all_up()


async def test_acknowledged_on_a_route_that_never_sends_is_dead_too() -> None:
    async with simulator() as sim:
        sim.faults.wrong_route_silence.add("market")
        async with wired(sim) as wire:
            await until(lambda: wire.all(FeedDown))
            assert "never sent anything" in wire.all(FeedDown)[0].reason
            await until(lambda: wire.status("marks").reconnects >= 1)
            sim.faults.wrong_route_silence.clear()
            await wire.all_up()


async def test_a_refused_subscription_says_so() -> None:
    async with simulator() as sim:
        sim.faults.subscription_error.add("market")
        async with wired(sim) as wire:
            await until(lambda: wire.all(FeedDown))
            assert "refused the subscription" in wire.all(FeedDown)[0].reason
            sim.faults.subscription_error.clear()
            await wire.all_up()


# Complaint 17: prices freeze while connected.


async def test_marks_that_stop_are_found_bridged_and_found_again() -> None:
    async with simulator() as sim, wired(sim) as wire:
        await wire.all_up()
        mark = len(wire.events)
        sim.faults.stall.add("market")
        took = await until(lambda: not wire.up("marks"), 3.0)
        assert took < 2 * SHORT.marks_silent_seconds
        sim.market.set_mark("BTCUSDT", 123_456.0)
        await until(lambda: wire.marks()["BTCUSDT"] == 123_456.0, what="the bridge")
        assert {one.stream for one in wire.since(mark, FeedDown)} >= {"marks"}
        sim.faults.stall.clear()
        await wire.all_up()
        requests = sim.requests.count("/fapi/v1/premiumIndex")
        await asyncio.sleep(0.5)
        assert sim.requests.count("/fapi/v1/premiumIndex") == requests, "no bridge where a stream delivers"
