"""Complaint 21: clocks that differ, theirs or ours."""

from __future__ import annotations

import pytest

from monitor.domain.events import AccountSnapshot, ClockRead, PollFailed
from tests.wire.harness import simulator, until, wired


@pytest.mark.parametrize("shift", [2.0, -2.0, 30.0, -30.0])
async def test_a_clock_that_jumps_is_measured_again_and_calls_go_on(shift: float) -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            sim.faults.clock_shift_seconds = shift
            await until(lambda: abs((wire.session.clock_offset() or 0.0) - shift) < 0.2)
            mark = len(wire.events)
            await until(lambda: len(wire.since(mark, AccountSnapshot)) >= 2)
            assert not [one for one in wire.since(mark, PollFailed) if one.what == "account"]
            # The venue refuses stamps that are a second early or ten late; one that is off by less shows in the lag.
            assert wire.all(ClockRead)[-1].offset_seconds == pytest.approx(shift, abs=0.2)


async def test_a_refused_timestamp_is_answered_by_measuring_and_asking_again() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            await wire.all_up()
            clocks = len(wire.all(ClockRead))
            sim.faults.reject_timestamp = 1
            await until(lambda: len(wire.all(ClockRead)) > clocks)
            assert not wire.all(PollFailed)


async def test_our_own_clock_may_be_wrong_from_the_start() -> None:
    async with simulator() as sim:
        sim.add_account("main")
        async with wired(sim) as wire:
            wire.clock.shift = -3600.0
            await wire.all_up()
            assert wire.session.clock_offset() == pytest.approx(3600.0, abs=0.2)
            await until(lambda: abs(wire.status("marks").lag_seconds or 9.0) < 1.0, what="lag by the venue's clock")
