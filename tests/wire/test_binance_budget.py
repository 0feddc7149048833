"""Complaint 20: one address, many accounts: the weight used, rate limits and bans."""

from __future__ import annotations

import asyncio

from monitor.domain.events import AccountSnapshot, PollFailed
from monitor.sim.binance import SimBinance
from tests.wire.harness import simulator, until, wired


async def test_fifty_accounts_on_one_address_use_less_than_their_share() -> None:
    """In earnest intervals: what is asked in the first minute fits, and what is planned after it too."""
    async with SimBinance(quiet=True) as sim:
        for number in range(50):
            sim.add_account(f"a{number:02d}").trade("BTCUSDT", 0.1)
        async with wired(sim, roomy=False) as wire:
            # Half a second between polls of 50 accounts would be 60,000 a minute: intervals stretch, the gate holds.
            await until(
                lambda: len({one.account for one in wire.all(AccountSnapshot)}) == 50, 130.0
            )  # a minute may end first
            await asyncio.sleep(2.0)
            assert sim.requests.most_weight_a_minute <= 0.6 * 2400
            assert wire.session.stretch() > 10
            assert wire.session.budgets()[0].used_ratio <= 0.6
            waits = wire.all(PollFailed)
            assert waits, "and who waits says so"
            assert all(one.waiting and " of 1440 this minute" in one.reason for one in waits)


async def test_weight_that_others_use_on_our_address_is_left_to_them() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.faults.foreign_weight = 1300
        async with wired(sim, roomy=False) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            await asyncio.sleep(1.5)
            assert sim.requests.most_weight_a_minute + 1300 <= 0.6 * 2400 + 20, "all but what was under way unknowing"


async def test_after_418_there_is_not_one_call_until_the_venue_said() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        sim.add_account("second")
        async with wired(sim) as wire:
            await wire.all_up()
            sim.ban(2)
            await until(lambda: [one for one in wire.events if type(one).__name__ == "Banned"])
            refused = len(sim.requests.requests)
            assert wire.session.budgets()[0].banned_until is not None
            await asyncio.sleep(0.05)  # what was on its way
            refused = len(sim.requests.requests)
            await asyncio.sleep(1.2)
            assert len(sim.requests.requests) == refused, "not one call"
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot), what="polls go on after the release")
            assert wire.session.budgets()[0].banned_until is None
            assert len([one for one in wire.events if type(one).__name__ == "Banned"]) == 1
        assert not wire.ended


async def test_a_429_is_waited_out() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.retry_after_seconds = 1
            sim.faults.rate_limited = 1
            await until(lambda: wire.all(PollFailed) and sim.faults.rate_limited == 0)
            await asyncio.sleep(0.05)
            asked = len(sim.requests.requests)
            await asyncio.sleep(0.6)
            assert len(sim.requests.requests) == asked
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot))
