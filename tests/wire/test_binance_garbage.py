"""Complaint 19: frames and answers that are garbage, unknown, out of order or late are counted and survived."""

from __future__ import annotations

from dataclasses import replace

from monitor.domain.events import AccountSnapshot, PollFailed
from tests.wire.harness import SHORT, simulator, truth, until, wired


async def test_garbage_and_the_unknown_are_counted_kept_and_survived() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.garbage_frames["market"] += 2
            sim.faults.truncated_frames["market"] += 1
            await until(lambda: wire.status("marks").malformed >= 3)
            sim.unknown_event("private")
            await until(lambda: wire.status("user", "main").unrecognised == 1)
            assert any("not json" in text for text in wire.session.malformed())
            sim.faults.reordered_frames["private"] += 1
            sim.faults.duplicated_frames["private"] += 3
            account.trade("BTCUSDT", 0.1)
            account.trade("BTCUSDT", 0.1)
            await until(lambda: wire.held() == truth(account))
            assert all(one.up for one in wire.session.feeds())
        assert not wire.ended


async def test_a_web_page_instead_of_an_answer_is_a_failed_reading_and_no_more() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            mark = len(wire.events)
            sim.faults.garbage_answers["/fapi/v3/account"] = 1
            sim.faults.truncated_answers["/fapi/v3/positionRisk"] = 1
            await until(lambda: len(wire.since(mark, PollFailed)) >= 2)
            assert {one.what for one in wire.since(mark, PollFailed)} == {"account"}
            mark = len(wire.events)
            await until(lambda: wire.since(mark, AccountSnapshot))
        assert not wire.ended


async def test_answers_slower_than_the_deadline_are_failed_readings() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim, timings=replace(SHORT, request_seconds=0.3)) as wire:
            await wire.all_up()
            sim.faults.slow_answers["/fapi/v3/account"] = 1.0
            await until(lambda: wire.all(PollFailed))
            assert "no answer within 0.3 s" in wire.all(PollFailed)[0].reason
