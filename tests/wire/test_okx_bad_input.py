"""Garbage, half answers and pages that are lost: nothing is believed that is not whole, and nothing ends."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from monitor.domain.events import AccountConfig, AccountSnapshot, FeedDown, PollFailed, PositionChanged, TiersLoaded
from monitor.domain.quality import Quality
from monitor.sim.okx import SimOkx
from monitor.sim.okx.accounts import SimAccount
from tests.wire.harness import until
from tests.wire.okx import ETHER, QUICK, SHORT, SWAP, Watched, simulator, truth, wired

BALANCE, POSITIONS, CONFIG = "/api/v5/account/balance", "/api/v5/account/positions", "/api/v5/account/config"
MANY = [SWAP, ETHER, "SOL-USDT-SWAP", "XRP-USDT-SWAP", "DOGE-USDT-SWAP"]
SLOW = replace(SHORT, account_every_seconds=30.0, account_every_blind_seconds=30.0)


def holds_several(sim: SimOkx) -> SimAccount:
    account = sim.add_account("main", wallets={"USDT": 1_000_000.0})
    listed = {name for _, name in sim.board.instruments}
    for symbol in MANY:
        if symbol in listed:
            account.trade(symbol, 1.0)
    return account


@pytest.mark.parametrize("fault", ["garbage_frames", "truncated_frames"])
async def test_frames_that_cannot_be_read_are_counted_kept_and_cause_a_reading(fault: str) -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        async with wired(sim, timings=SLOW) as wire:
            await wire.all_up()
            await until(lambda: wire.all(AccountSnapshot))
            await asyncio.sleep(0.3)
            mark = len(wire.events)
            getattr(sim.faults, fault)["private"] = 2
            account.trade(SWAP, 1.0)
            await until(lambda: wire.status("user", "main").malformed >= 1)
            await until(lambda: wire.since(mark, AccountSnapshot), what="what it would have told is asked for")
            await until(lambda: wire.held() == truth(account))
            assert wire.session.malformed()
            assert not wire.all(FeedDown)
        assert not wire.ended


@pytest.mark.parametrize("fault", ["lost_frames", "duplicated_frames", "reordered_frames"])
async def test_pushes_that_are_lost_doubled_or_late_end_in_the_servers_truth(fault: str) -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            getattr(sim.faults, fault)["private"] = 6
            for step in range(6):
                account.trade(SWAP, 1.0 + step)
                account.trade(ETHER, -2.0)
                await asyncio.sleep(0.06)
            await until(lambda: wire.held() == truth(account))
            await asyncio.sleep(0.6)
            assert wire.held() == truth(account)
        assert not wire.ended


async def test_garbage_on_the_public_socket_costs_nothing_but_itself() -> None:
    async with simulator() as sim:
        holds_several(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.garbage_frames["public"] = 5
            await until(lambda: sum(wire.status(one).malformed for one in ("marks", "assets", "options")) >= 5)
            sim.set_mark(SWAP, 98_765.0)
            await until(lambda: wire.marks().get(SWAP) == pytest.approx(98_765.0))
            assert not wire.all(FeedDown)


@pytest.mark.parametrize("price", ["NaN", "-1", "", "0"])
async def test_a_price_that_is_none_is_never_told(price: str) -> None:
    async with simulator() as sim:
        holds_several(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.bad_price[SWAP] = price
            await until(lambda: wire.status("marks").malformed >= 2)
            assert all(mark > 0 for mark in wire.marks().values())
            await until(lambda: not wire.up("marks"), what="a price that cannot be read is silence")
            assert SWAP in wire.status("marks").reason
            sim.faults.clear()
            await wire.all_up()


# Pages


@pytest.mark.parametrize("fault", ["missing_page", "pages_out_of_order"])
async def test_a_snapshot_whose_pages_are_lost_or_out_of_order_closes_nothing_and_is_read_over_rest(fault: str) -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        sim.faults.page_rows = 2
        async with wired(sim, timings=SLOW) as wire:
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            await asyncio.sleep(0.5)
            mark = len(wire.events)
            getattr(sim.faults, fault)["positions"] = 1
            sim.drop("private")
            await until(lambda: wire.status("user", "main").reconnects >= 1)
            await wire.all_up()
            await until(lambda: wire.since(mark, AccountSnapshot), what="asked over REST")
            await asyncio.sleep(0.3)
            assert not [one for one in wire.since(mark, PositionChanged) if one.quantity == 0.0]
            assert wire.held() == truth(account)


async def test_a_snapshot_in_several_pages_is_taken_whole() -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        sim.faults.page_rows = 1
        async with wired(sim, timings=SLOW) as wire:
            await wire.all_up()
            await until(lambda: wire.held() == truth(account))
            assert not [one for one in wire.all(PositionChanged) if one.quantity == 0.0]


# Complaint 13: what vanishes from one answer is not silently taken for closed.


async def test_an_empty_answer_once_is_not_believed_and_the_account_is_live_again() -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        held = {place.symbol for place in truth(account)}
        patient = replace(SHORT, ping_every_seconds=5.0, ping_timeout_seconds=5.0)
        async with wired(sim, timings=patient) as wire:
            watched = Watched(wire)
            await until(lambda: watched.live(*held), what="LIVE")
            sim.faults.empty(1)
            emptied = len(wire.all(AccountSnapshot))
            await until(lambda: any(not one.positions for one in wire.all(AccountSnapshot)[emptied:]))
            report = watched.report()
            still = {position.symbol for pool in report.pools for position in pool.positions}
            assert still == held or report.quality is Quality.LIVE, "kept until a second reading"
            await until(lambda: watched.live(*held), what="LIVE again")
        assert not wire.ended


async def test_half_a_snapshot_is_corrected_by_the_next() -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.half_snapshot = 1
            await until(lambda: sim.faults.half_snapshot == 0)
            await until(lambda: wire.held() == truth(account))


# REST


@pytest.mark.parametrize("path", [BALANCE, POSITIONS, CONFIG])
async def test_an_answer_that_is_a_web_page_is_told_and_tried_again(path: str) -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.garbage_answers[path] = 1
            await until(lambda: wire.all(PollFailed))
            assert "no JSON" in wire.all(PollFailed)[0].reason
            mark = len(wire.events)
            kind: Any = AccountConfig if path == CONFIG else AccountSnapshot
            await until(lambda: wire.since(mark, kind))
            assert wire.held() == truth(account)
        assert not wire.ended


async def test_answers_that_take_too_long_are_told_while_streams_go_on() -> None:
    async with simulator() as sim:
        account = holds_several(sim)
        async with wired(sim, timings=replace(SHORT, request_seconds=0.4)) as wire:
            await wire.all_up()
            await until(lambda: wire.all(AccountSnapshot))
            sim.faults.slow_answers[POSITIONS] = 1.0
            await until(lambda: wire.all(PollFailed))
            assert wire.all(PollFailed)[0].reason == "no answer within 0.4 s"
            assert not wire.status("account", "main").up
            account.trade(SWAP, 1.0)
            await until(lambda: wire.held() == truth(account), what="pushes tell")
            sim.faults.clear()
            await until(lambda: wire.up("account", "main"))
        assert not wire.ended


async def test_a_mode_that_cannot_be_read_makes_the_account_unknown() -> None:
    async with simulator() as sim:
        holds_several(sim)
        sim.faults.unreadable_mode = True
        async with wired(sim) as wire:
            watched = Watched(wire)
            await until(lambda: wire.all(AccountSnapshot))
            report = watched.report()
            assert report.quality is Quality.UNKNOWN
            assert "mode" in " ".join(report.reasons)


async def test_a_family_without_tiers_costs_no_other() -> None:
    async with simulator() as sim:
        holds_several(sim)
        sim.faults.missing_brackets.add("ETH-USDT")
        async with wired(sim) as wire:
            await until(lambda: SWAP in dict(wire.all(TiersLoaded)[-1].tiers) if wire.all(TiersLoaded) else False)
            assert ETHER not in dict(wire.all(TiersLoaded)[-1].tiers)


async def test_a_row_of_a_position_that_cannot_be_read_is_named_and_closes_nothing() -> None:
    async with simulator(cadence=replace(QUICK)) as sim:
        holds_several(sim)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(AccountSnapshot))
            sim.faults.bad_position_row[ETHER] = {"pos": "much"}
            mark = len(wire.events)
            await until(lambda: [one for one in wire.since(mark, AccountSnapshot) if one.problems])
            told = next(one for one in wire.since(mark, AccountSnapshot) if one.problems)
            assert "cannot be read" in told.problems[0]
            assert wire.status("account", "main").malformed >= 1
