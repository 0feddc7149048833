"""The real session against the simulated venue, with waits some twenty times shorter than in earnest."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from monitor.domain.events import (
    AccountConfig,
    AccountSnapshot,
    AssetTick,
    CandlesLoaded,
    ClockRead,
    ConfigChanged,
    InstrumentsLoaded,
    PermissionsRead,
    PollFailed,
    Ticks,
    TiersLoaded,
)
from monitor.sim.binance import SimBinance
from tests.wire.harness import SHORT, session_of, simulator, truth, until, wired


async def test_everything_is_read_once_at_the_start_and_then_streams() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", hedge=True)
        account.trade("BTCUSDT", 0.1, side="LONG", price=100_000.0)
        async with wired(sim) as wire:
            await wire.all_up()
            await until(lambda: wire.all(CandlesLoaded), what="seeds of the symbol held")
            kinds = Counter(type(event) for event in wire.events)
            for kind in (InstrumentsLoaded, TiersLoaded, PermissionsRead, ClockRead, AccountConfig, AccountSnapshot):
                assert kinds[kind] >= 1, kind
            assert kinds[Ticks] > 0
            assert kinds[AssetTick] > 0
            assert not wire.all(PollFailed)
            assert [event.symbol for event in wire.all(CandlesLoaded)] == ["BTCUSDT"]
            assert wire.held() == truth(account)
            await until(lambda: wire.marks().get("BTCUSDT") == pytest.approx(sim.market.mark("BTCUSDT")))
            first = [type(event) for event in wire.events if isinstance(event, AccountConfig | AccountSnapshot)]
            assert first[0] is AccountConfig, "positions are read with the modes already known"
            assert abs(wire.session.clock_offset() or 9.0) < 0.5
        assert not wire.ended


async def test_nothing_of_an_account_is_asked_before_its_permissions() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
        asked = [request.path for request in sim.requests.requests if request.account == "main"]
        assert asked[0] == "/sapi/v1/account/apiRestrictions"


async def test_a_trade_is_pushed_and_then_read_again() -> None:
    async with simulator() as sim:
        account = sim.add_account("main", hedge=True)
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.4)
            mark = len(wire.events)
            account.trade("ETHUSDT", -2.0, side="SHORT", price=3_500.0)
            await until(lambda: wire.held() == truth(account))
            took = await until(lambda: wire.since(mark, AccountSnapshot))
            assert took < 1.0


async def test_a_leverage_change_causes_the_configuration_to_be_read() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        async with wired(sim, timings=replace(SHORT, config_every_seconds=30.0)) as wire:
            await wire.all_up()
            await asyncio.sleep(0.4)
            mark = len(wire.events)
            account.set_leverage("BTCUSDT", 7)
            await until(lambda: wire.since(mark, ConfigChanged))
            await until(lambda: wire.since(mark, AccountConfig))
            (symbol,) = [one for one in wire.since(mark, AccountConfig)[-1].symbols if one.symbol == "BTCUSDT"]
            assert symbol.leverage == 7


# Complaint 13: a position that vanishes from one answer is not silently taken for closed.


async def test_half_a_snapshot_is_read_again() -> None:
    """The two answers contradict each other: whatever is emitted in the end is whole, or says that it is not."""
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1, price=100_000.0)
        account.trade("ETHUSDT", 1.0, price=3_500.0)
        sim.faults.half_snapshot = 1
        async with wired(sim) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            first = wire.all(AccountSnapshot)[0]
            assert {position.symbol for position in first.positions} == {"BTCUSDT", "ETHUSDT"}
            assert first.problems == ()


async def test_answers_that_never_agree_go_out_with_the_problem_named_after_bounded_tries() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1, price=100_000.0)
        stamp = iter(range(1, 1_000_000))

        def restless(rows: list[dict[str, object]]) -> list[dict[str, object]]:
            return [{**row, "updateTime": next(stamp)} for row in rows]

        sim.faults.edit_answer["/fapi/v3/positionRisk"] = restless
        async with wired(sim, timings=replace(SHORT, account_every_seconds=30.0)) as wire:
            await until(lambda: wire.all(AccountSnapshot))
            assert "different moments, after 3 readings: BTCUSDT" in wire.all(AccountSnapshot)[0].problems[-1]


async def test_a_difference_that_stays_the_same_is_the_venues_way_of_writing() -> None:
    async with simulator() as sim:
        account = sim.add_account("main")
        account.trade("BTCUSDT", 0.1, price=100_000.0)
        sim.faults.edit_answer["/fapi/v3/positionRisk"] = lambda rows: [{**row, "updateTime": 7} for row in rows]
        async with wired(sim) as wire:
            await until(lambda: len(wire.all(AccountSnapshot)) >= 4)
            assert all(not one.problems for one in wire.all(AccountSnapshot))
            snapshots = len(wire.all(AccountSnapshot))
            assert sim.requests.count("/fapi/v3/positionRisk") <= snapshots + 2


async def test_closing_leaves_nothing_behind() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        before = asyncio.all_tasks()
        async with wired(sim) as wire:
            await wire.all_up()
        await until(lambda: not sim.hub.on(), what="no socket is left")
        await until(lambda: asyncio.all_tasks() <= before, what="no task is left")


def test_jobs_are_named_once_and_not_like_streams() -> None:
    sim = SimBinance()
    for name in ("main", "second"):
        sim.add_account(name)
    session = session_of(sim)
    names = [(job.account, job.name) for job in session.jobs()]
    assert len(set(names)) == len(names)
    streams = {("marks", ""), ("assets", ""), ("user", "main"), ("user", "second")}
    readings = {("clock", ""), ("instruments", ""), ("candles", "")}
    asked = ("account", "config", "tiers", "permissions", "income")
    readings |= {(what, name) for what in asked for name in ("main", "second")}
    assert {(one.stream, one.account) for one in session.feeds()} == streams | readings
    assert {(name, account or "") for account, name in names} & (streams | readings) == readings
    assert {one.phase for one in session.feeds()} == {"waiting"}
