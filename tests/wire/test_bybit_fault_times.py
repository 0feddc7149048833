"""How long it takes, with the waits of earnest, from each fault at Bybit until its stream is told to be down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from monitor.domain.events import FeedDown
from monitor.sim.bybit import SimBybit
from monitor.sim.bybit.accounts import SimAccount
from monitor.venues.settings import Timings
from tests.wire.bybit import simulator, wired
from tests.wire.harness import until

EARNEST = Timings()
LIMIT_SECONDS = 25.0
Fault = Callable[[SimBybit, SimAccount], object]

#: what happens, to which row, from the start or while all is well, and how it is made
FAULTS: tuple[tuple[str, str, bool, Fault], ...] = (
    ("market socket cut", "marks", False, lambda sim, _: sim.drop("linear")),
    ("private socket cut", "user", False, lambda sim, _: sim.drop("private")),
    ("market socket stalled, sockets' pings answered", "marks", False, lambda sim, _: sim.faults.stall.add("linear")),
    ("private socket stalled, sockets' pings answered", "user", False, lambda sim, _: sim.faults.stall.add("private")),
    ("market socket deaf to pings, data comes", "marks", False, lambda sim, _: sim.faults.deaf.add("linear")),
    ("private socket deaf to pings", "user", False, lambda sim, _: sim.faults.deaf.add("private")),
    ("one of two marks falls silent", "marks", False, lambda sim, _: sim.faults.silent_symbol.add("ETHUSDT")),
    ("private topics fall silent while trades happen", "user", False, lambda sim, one: starve(sim, one)),
    ("market acknowledged, never a frame", "marks", True, lambda sim, _: sim.faults.starve.add("linear")),
    ("market not acknowledged", "marks", True, lambda sim, _: sim.faults.no_acknowledgement.add("linear")),
    ("one of two marks never comes", "marks", True, lambda sim, _: sim.faults.silent_symbol.add("ETHUSDT")),
    ("market refuses the subscription", "marks", True, lambda sim, _: sim.faults.subscription_error.add("linear")),
    ("private not acknowledged", "user", True, lambda sim, _: sim.faults.no_acknowledgement.add("private")),
    ("login not answered", "user", True, lambda sim, _: setattr(sim.faults, "no_auth_answer", True)),
    ("login refused", "user", True, lambda sim, _: setattr(sim.faults, "dead_auth", True)),
)


def starve(sim: SimBybit, account: SimAccount) -> None:
    sim.faults.starve.add("private")
    account.trade("BTCUSDT", 0.1)


async def seconds_until_down(row: str, from_the_start: bool, fault: Fault) -> float:
    async with simulator() as sim:
        account = sim.add_account("main", wallets={"USDT": 100_000.0})
        account.trade("BTCUSDT", 0.1)
        account.trade("ETHUSDT", 1.0)
        if from_the_start:
            fault(sim, account)
        async with wired(sim, timings=EARNEST) as wire:
            if not from_the_start:
                await wire.all_up()
                await asyncio.sleep(2.0)
                begun, mark = wire.clock.now(), len(wire.events)
                fault(sim, account)
            else:
                route = "linear" if row == "marks" else "private"
                await until(lambda: sim.hub.opened_by_route[route], what="the socket that it happens on")
                begun, mark = wire.clock.now(), 0
            down = await wire.down(row, mark, 60.0)
            assert isinstance(down, FeedDown)
            return down.at - begun


@pytest.mark.soak
async def test_every_fault_is_told_in_time(record_property: Callable[[str, object], None]) -> None:
    took = await asyncio.gather(*(seconds_until_down(row, start, fault) for _, row, start, fault in FAULTS))
    rows = [f"{seconds:6.1f} s  {row:5}  {what}" for (what, row, *_), seconds in zip(FAULTS, took, strict=True)]
    record_property("table", "Bybit: from a fault to «down»\n" + "\n".join(rows))
    assert max(took) < LIMIT_SECONDS
